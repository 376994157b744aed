// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// Reads addresses in numbers, the usual IPv4 form without a call of the C library.
enum AddressReader {
  /// The address; nil where the text is none.
  static func address(_ text: String) -> IPAddress? {
    if let usual = ipv4(text) { return usual }
    return text.utf8.contains(0) ? nil : SystemNames.address(text)
  }

  /// Four decimal numbers of up to three digits.
  private static func ipv4(_ text: String) -> IPAddress? {
    var value: UInt32 = 0
    var octet: UInt32 = 0
    var digits = 0
    var dots = 0
    for unit in text.utf8 {
      if unit == UInt8(ascii: ".") {
        guard digits > 0, dots < 3 else { return nil }
        value = value << 8 | octet
        dots += 1
        octet = 0
        digits = 0
      } else {
        guard FlowValueParser.isDigit(unit), digits < 3, digits == 0 || octet > 0 else { return nil }
        octet = octet * 10 + UInt32(unit - 0x30)
        digits += 1
        guard octet <= 255 else { return nil }
      }
    }
    guard dots == 3, digits > 0 else { return nil }
    return IPAddress(ipv4: value << 8 | octet)
  }
}
