// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// Reads addresses as people write them.
package enum AddressReader {
  /// An IPv4 or IPv6 address (RFC 4291 §2.2, without a zone).
  package static func address(_ text: some StringProtocol) -> (Address, IPFamily)? {
    if text.contains(":") { return ipv6(String(text)).map { ($0, .ipv6) } }
    return ipv4(text).map { (Address(ipv4: $0), .ipv4) }
  }

  /// `ADDRESS` or `ADDRESS/LENGTH`; without a length the prefix is the whole address. `default` is not read
  /// here.
  package static func prefix(_ text: some StringProtocol) -> (
    address: Address, length: Int, family: IPFamily
  )? {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let (address, family) = address(first) else { return nil }
    let bits = family.addressLength * 8
    guard parts.count == 2 else { return (address, bits, family) }
    guard let length = Int(parts[1]), (0...bits).contains(length) else { return nil }
    return (address, length, family)
  }

  /// Six octets in hexadecimal with colons.
  package static func mac(_ text: some StringProtocol) -> MACAddress? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    var bits: UInt64 = 0
    for part in parts {
      guard (1...2).contains(part.count), let octet = UInt8(part, radix: 16) else { return nil }
      bits = bits << 8 | UInt64(octet)
    }
    return MACAddress(bits)
  }

  private static func ipv4(_ text: some StringProtocol) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy(\.isNumber), let octet = UInt8(part) else {
        return nil
      }
      value = value << 8 | UInt32(octet)
    }
    return value
  }

  private static func ipv6(_ text: String) -> Address? {
    let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
    guard halves.count <= 2, let head = groups(halves[0]) else { return nil }
    var all = head
    if halves.count == 2 {
      guard let tail = groups(halves[1]), head.count + tail.count <= 7 else { return nil }
      all += [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }
    guard all.count == 8 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    for (index, group) in all.enumerated() {
      if index < 4 {
        words.0 = words.0 << 16 | UInt64(group)
      } else {
        words.1 = words.1 << 16 | UInt64(group)
      }
    }
    return Address(high: words.0, low: words.1)
  }

  private static func groups(_ text: Substring) -> [UInt16]? {
    if text.isEmpty { return [] }
    var result: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1, part.contains(".") {
        guard let value = ipv4(part) else { return nil }
        result += [UInt16(value >> 16), UInt16(truncatingIfNeeded: value)]
      } else {
        guard (1...4).contains(part.count), let group = UInt16(part, radix: 16) else { return nil }
        result.append(group)
      }
    }
    return result
  }
}
