// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient
import NetlinkWire

/// Values of options, read as conntrack(8) reads them.
enum ArgumentValues {
  // MARK: Numbers

  /// strtoul(3), cut to 32 bits: what is no number is 0. conntrack 1.4.7 and scripts written for it rely on that.
  static func unsigned(_ text: some StringProtocol, base: Int32) -> UInt32 {
    UInt32(truncatingIfNeeded: unsafe strtoul(String(text), nil, base))
  }

  /// atoi(3): what is no number is 0.
  static func decimal(_ text: String) -> UInt32 {
    UInt32(truncatingIfNeeded: unsafe strtol(text, nil, 10))
  }

  /// strtol(3) of the whole text; nil for one that is no number or has more than one.
  private static func number(_ text: String, base: Int32) -> Int? {
    // Safe: the text outlives the look at its end.
    unsafe text.withCString { start in
      var end: UnsafeMutablePointer<CChar>?
      let value = unsafe strtol(start, &end, base)
      guard let end = unsafe end, unsafe end != start else { return nil }
      return unsafe end.pointee == 0 ? value : nil
    }
  }

  /// A mark and the bits of it that count, all where none are named.
  static func mark(_ text: String) -> (value: UInt32, mask: UInt32) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    return (unsigned(parts[0], base: 0), parts.count > 1 ? unsigned(parts[1], base: 0) : .max)
  }

  // MARK: Addresses

  /// An address as inet_aton(3) or inet_pton(3) read it; nil for what is none.
  private static func address(_ text: String) -> IPAddress? {
    var number = in_addr()
    // Safe: it writes the structure it is given.
    if unsafe inet_aton(text, &number) != 0 { return IPAddress(ipv4: UInt32(bigEndian: number.s_addr)) }
    return SystemNames.address(text)
  }

  /// An address and the mask behind a slash; the mask is nil where all bits count.
  ///
  /// conntrack 1.4.7 takes `/` without a number for `/0`: `-D -s 192.0.2.1/` empties the table. Here that is an
  /// invalid netmask.
  static func network(
    _ text: String, _ family: inout AddressFamily
  ) throws(DropInFailure) -> (address: IPAddress, mask: IPAddress?) {
    let (address, digits) = try splitNetwork(text, &family)
    guard let digits else { return (address, nil) }
    guard let length = number(digits, base: 10) else { throw .usage("Invalid netmask") }
    guard length >= 0, length <= address.family.addressBits else { throw .usage("Invalid netmask") }
    guard length < address.family.addressBits else { return (address, nil) }
    return (address, IPAddress(high: .max, low: .max, family: address.family).prefix(length))
  }

  /// An address, on whose family the line's settles, and what stands behind a slash; a message about the address
  /// tells both.
  private static func splitNetwork(
    _ text: String, _ family: inout AddressFamily
  ) throws(DropInFailure) -> (IPAddress, String?) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = address(String(parts[0])) else { throw .usage("Invalid IP address `\(text)'") }
    try family.settle(on: address.family)
    return (address, parts.count > 1 ? String(parts[1]) : nil)
  }

  /// An address where a mask has no place, not even one of all bits.
  static func plainAddress(
    _ text: String, _ option: String, _ family: inout AddressFamily
  ) throws(DropInFailure) -> IPAddress {
    let (address, digits) = try splitNetwork(text, &family)
    guard digits == nil else { throw .usage("CIDR notation unavailable for `--\(option)'") }
    return address
  }

  /// What follows a NAT option: an address, `address:port` or `[address]:port`; nothing is any translation.
  static func translation(
    _ text: String?, _ option: String, _ family: inout AddressFamily
  ) throws(DropInFailure) -> FlowTemplate.Translation {
    guard let text else { return FlowTemplate.Translation() }
    var addressText = text
    var port: UInt16?
    let colons = text.filter { $0 == ":" }.count
    if text.hasPrefix("[]") { throw .usage("No IPv6 address specified") }
    if text.hasPrefix("["), text.contains("]:") || !text.contains("]") {
      guard let close = text.firstIndex(of: "]") else { throw .usage("No closing ']' around IPv6 address") }
      addressText = String(text[text.index(after: text.startIndex)..<close])
      port = try self.port(text[text.index(close, offsetBy: 2)...])
    } else if colons == 1, let colon = text.firstIndex(of: ":") {
      addressText = String(text[..<colon])
      port = try self.port(text[text.index(after: colon)...])
    }
    return FlowTemplate.Translation(address: try plainAddress(addressText, option, &family), port: port)
  }

  private static func port(_ text: Substring) throws(DropInFailure) -> UInt16 {
    guard !text.isEmpty else { throw .usage("No port specified after `:'") }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text) else {
      throw .usage("Invalid port `\(text)'")
    }
    return port
  }

  // MARK: Protocols

  /// A protocol's number by name, in any case, or as C writes numbers.
  static func layer4(_ text: String) throws(DropInFailure) -> UInt8 {
    let name = text.lowercased()
    if let known = Layer4Protocol.names.first(where: { "\($0.name)" == name }) { return known.number }
    if let number = SystemNames.protocolNumber(named: text) { return number }
    let value = number(text, base: 0)
    guard let value, let number = UInt8(exactly: value) else {
      throw .usage("`\(text)' unsupported protocol")
    }
    return number
  }

  /// What follows the family's name is passed over.
  static func family(_ text: String) throws(DropInFailure) -> AddressFamily {
    if text.hasPrefix("ipv4") { return .ipv4 }
    if text.hasPrefix("ipv6") { return .ipv6 }
    throw .usage("`\(text)' unsupported protocol")
  }

  /// The value of a protocol's option.
  static func number(
    _ text: String, of option: Layer4Option, _ layer4: UInt8
  ) throws(DropInFailure) -> UInt32 {
    switch option {
    case .state: return try state(text, layer4)
    case .role:
      // A beginning will do, in any case; of nothing at all the first is meant.
      let role = ["CLIENT", "SERVER"].firstIndex { $0.hasPrefix(text.uppercased()) }
      guard let role else { throw .usage("Unknown DCCP role `\(text)'") }
      return UInt32(role)
    default: return layer4 == Layer4Protocol.gre ? unsigned(text, base: 0) : decimal(text)
    }
  }

  private static func state(_ text: String, _ layer4: UInt8) throws(DropInFailure) -> UInt32 {
    let names = ConnectionState.names(of: layer4)
    if let index = names.firstIndex(where: { "\($0)" == text }) { return UInt32(index) }
    if layer4 == Layer4Protocol.tcp, text == "LISTEN" { return 9 }
    switch layer4 {
    case Layer4Protocol.tcp: throw .usage("unknown TCP state `\(text)'")
    // conntrack 1.4.7 crashes here, and for the two HEARTBEAT states, which are accepted above.
    case Layer4Protocol.sctp: throw .usage("unknown SCTP state `\(text)'")
    default: throw .usage("Unknown DCCP state `\(text)'")
    }
  }

  // MARK: Lists of words

  /// Calls `body` for each word between commas; where it knows the word not, the message tells the rest of the list.
  static func forEachWord(
    _ text: String, _ body: (Substring) throws(DropInFailure) -> Bool
  ) throws(DropInFailure) {
    var rest = text[...]
    while true {
      let word = rest.prefix { $0 != "," }
      guard !word.isEmpty else { throw .usage("Bad parameter `\(rest)'") }
      if try !body(word) { throw .usage("Bad parameter `\(rest)'") }
      guard word.endIndex < rest.endIndex else { return }
      rest = rest[word.endIndex...].dropFirst()
    }
  }

  /// The first of `names` that `word` begins, whatever the case. What begins SRC_NAT or DST_NAT is passed over with
  /// a warning in every list, as conntrack(8) does; `isIgnored` tells so.
  static func lookUp<Value>(
    _ word: Substring, _ names: [(String, Value)]
  ) -> (value: Value?, isIgnored: Bool) {
    let upper = word.uppercased()
    for (name, advice) in [("SRC_NAT", "--src-nat"), ("DST_NAT", "--dst-nat")] where name.hasPrefix(upper) {
      StandardError.line("WARNING: ignoring \(name), use \(advice) instead")
      return (nil, true)
    }
    return (names.first { $0.0.uppercased().hasPrefix(upper) }?.1, false)
  }
}

extension AddressFamily {
  /// Takes the family of one more address or option of a command line.
  ///
  /// - Throws: ``DropInFailure`` when the line has another already.
  mutating func settle(on other: AddressFamily) throws(DropInFailure) {
    guard self == .unspecified || self == other else { throw .usage("mismatched address family") }
    self = other
  }
}
