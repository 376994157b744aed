// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Reads the values that selections are made of: addresses, ports, protocols, marks, labels, zones.
package struct FlowValueParser: Sendable {
  /// The names that labels may be called by.
  package var labelNames: ConntrackLabelMap

  package init(labelNames: ConntrackLabelMap = ConntrackLabelMap()) { self.labelNames = labelNames }

  // MARK: Addresses

  /// An address family, `ipv4` or `ipv6`.
  ///
  /// - Throws: ``SelectionError`` for any other word.
  package func family(_ text: String) throws(SelectionError) -> AddressFamily {
    switch text.lowercased() {
    case "ipv4": return .ipv4
    case "ipv6": return .ipv6
    default:
      throw SelectionError("unknown address family \(SelectionError.quoted(text)): it is ipv4 or ipv6")
    }
  }

  /// The addresses of `ADDR`, `ADDR/LEN`, `ADDR/NETMASK` (IPv4) or `ADDR-ADDR`.
  ///
  /// Bits of a network behind its prefix are passed over: 10.1.2.3/8 is 10.0.0.0/8.
  /// - Throws: ``SelectionError`` for text of another form and for a range that ends before it begins.
  package func addresses(_ text: String) throws(SelectionError) -> ClosedRange<IPAddress> {
    if let slash = text.firstIndex(of: "/") {
      return try network(text, String(text[..<slash]), String(text[text.index(after: slash)...]))
    }
    if let dash = text.firstIndex(of: "-") {
      let first = try address(String(text[..<dash]))
      let last = try address(String(text[text.index(after: dash)...]))
      guard first.family == last.family else {
        throw SelectionError(
          "bad address range \(SelectionError.quoted(text)): its ends are of different families")
      }
      guard first <= last else {
        throw SelectionError(
          "bad address range \(SelectionError.quoted(text)): the first address is higher than the last")
      }
      return first...last
    }
    let single = try address(text)
    return single...single
  }

  /// One address, without prefix.
  ///
  /// - Throws: ``SelectionError`` for anything but an IPv4 or IPv6 address in numbers.
  package func address(_ text: String) throws(SelectionError) -> IPAddress {
    guard let address = SystemNames.address(text) else {
      throw SelectionError(
        "bad address \(SelectionError.quoted(text)): it is neither IPv4 nor IPv6 in numbers")
    }
    return address
  }

  private func network(
    _ text: String, _ base: String, _ suffix: String
  ) throws(SelectionError) -> ClosedRange<IPAddress> {
    let address = try address(base)
    let bits = address.family.addressBits
    let length: Int
    if let number = Self.decimal(suffix) {
      guard number <= UInt64(bits) else {
        throw SelectionError("bad prefix length in \(SelectionError.quoted(text)): 0 to \(bits) are allowed")
      }
      length = Int(number)
    } else if address.family == .ipv4, let mask = SystemNames.address(suffix), mask.family == .ipv4 {
      let ones = UInt32(truncatingIfNeeded: mask.low)
      guard ones.leadingZeroBitCount == 0 || ones == 0, (~ones & (~ones &+ 1)) == 0 else {
        throw SelectionError(
          "bad netmask in \(SelectionError.quoted(text)): its one bits must stand together in front")
      }
      length = ones.nonzeroBitCount
    } else {
      let allowed = address.family == .ipv4 ? "a length of 0 to 32 or a netmask" : "a length of 0 to 128"
      throw SelectionError("bad prefix in \(SelectionError.quoted(text)): behind the slash stands \(allowed)")
    }
    return address.network(length)
  }

  // MARK: Ports and protocols

  /// The ports of `N`, `N-M`, or the name of a service in either place.
  ///
  /// `layer4` is the protocol to look a service up for, where it is known.
  /// - Throws: ``SelectionError`` for an unknown name, a number above 65535 and a range that ends before it begins.
  package func ports(_ text: String, layer4: UInt8? = nil) throws(SelectionError) -> ClosedRange<UInt16> {
    if let single = port(text, layer4) { return single...single }
    for dash in text.indices where text[dash] == "-" {
      guard let first = port(String(text[..<dash]), layer4),
        let last = port(String(text[text.index(after: dash)...]), layer4)
      else { continue }
      guard first <= last else {
        throw SelectionError(
          "bad port range \(SelectionError.quoted(text)): the first port is higher than the last")
      }
      return first...last
    }
    let quoted = SelectionError.quoted(text)
    if Self.decimal(text) != nil || (!text.isEmpty && text.utf8.allSatisfy(Self.isDigit)) {
      throw SelectionError("bad port \(quoted): ports are 0 to 65535")
    }
    if text.utf8.contains(UInt8(ascii: "-")),
      text.utf8.allSatisfy({ Self.isDigit($0) || $0 == UInt8(ascii: "-") })
    {
      throw SelectionError("bad port range \(quoted): it is FIRST-LAST, each 0 to 65535")
    }
    throw SelectionError("unknown port \(quoted): neither 0 to 65535 nor a service that /etc/services names")
  }

  private func port(_ text: String, _ layer4: UInt8?) -> UInt16? {
    if let number = Self.decimal(text) { return UInt16(exactly: number) }
    guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return nil }
    if let layer4, let port = SystemNames.port(ofService: text, layer4: Self.name(ofLayer4: layer4)) {
      return port
    }
    return SystemNames.port(ofService: text, layer4: nil)
  }

  /// The number of a layer 4 protocol: a name, or 0 to 255.
  ///
  /// - Throws: ``SelectionError`` for a name that neither conntrack nor `/etc/protocols` has, and above 255.
  package func layer4(_ text: String) throws(SelectionError) -> UInt8 {
    if let number = Self.layer4(named: text) { return number }
    if !text.isEmpty, text.utf8.allSatisfy(Self.isDigit) {
      guard let number = Self.decimal(text).flatMap({ UInt8(exactly: $0) }) else {
        throw SelectionError("bad protocol \(SelectionError.quoted(text)): numbers are 0 to 255")
      }
      return number
    }
    let known = Layer4Protocol.names.map { "\($0.name)" }
    let near = SelectionError.suggestion(for: text, among: known)
    throw SelectionError(
      "unknown protocol \(SelectionError.quoted(text)): "
        + (near.isEmpty
          ? "\(known.joined(separator: ", ")), a name of /etc/protocols or 0 to 255"
          : String(near.dropFirst(2))))
  }

  /// The number of a protocol by name alone; nil where nobody knows it.
  package static func layer4(named text: String) -> UInt8? {
    let name = text.lowercased()
    if let known = Layer4Protocol.names.first(where: { "\($0.name)" == name }) { return known.number }
    guard let first = name.utf8.first, !isDigit(first) else { return nil }
    return SystemNames.protocolNumber(named: name) ?? SystemNames.protocolNumber(named: text)
  }

  /// conntrack's name of a protocol, or its number.
  package static func name(ofLayer4 number: UInt8) -> String {
    Layer4Protocol.names.first { $0.number == number }.map { "\($0.name)" } ?? "\(number)"
  }

  // MARK: Marks, labels, zones

  /// `VALUE[/MASK]`, each decimal, hexadecimal (0x) or octal (0); without a mask all 32 bits count.
  ///
  /// - Throws: ``SelectionError`` for other text, and for a value with bits outside its mask.
  package func mark(_ text: String) throws(SelectionError) -> (value: UInt32, mask: UInt32) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    var numbers: [UInt32] = []
    for part in parts {
      guard let number = Self.cNumber(part).flatMap({ UInt32(exactly: $0) }) else {
        throw SelectionError(
          "bad mark \(SelectionError.quoted(text)): it is VALUE or VALUE/MASK, each 0 to 0xffffffff")
      }
      numbers.append(number)
    }
    guard numbers.count == 2 else { return (numbers[0], .max) }
    guard numbers[0] & ~numbers[1] == 0 else {
      throw SelectionError(
        "bad mark \(SelectionError.quoted(text)): the value has bits that the mask takes away")
    }
    return (numbers[0], numbers[1])
  }

  /// The bit of a label, by its name in `connlabel.conf` or by its number, 0 to 127.
  ///
  /// - Throws: ``SelectionError`` for a name that is not in the file and for a number above 127.
  package func label(_ text: String) throws(SelectionError) -> Int {
    if let bit = labelNames.bit(named: text) { return bit }
    if let number = Self.decimal(text), number < 128 { return Int(number) }
    if !text.isEmpty, text.utf8.allSatisfy(Self.isDigit) {
      throw SelectionError("bad label \(SelectionError.quoted(text)): bits are 0 to 127")
    }
    let near = SelectionError.suggestion(for: text, among: labelNames.allNames)
    throw SelectionError(
      "unknown label \(SelectionError.quoted(text)): neither 0 to 127 nor a name of "
        + "\(ConntrackLabelMap.defaultPath)\(near)")
  }

  /// The labels of a list that is separated by commas.
  ///
  /// - Throws: ``SelectionError`` for a label that is unknown.
  package func labels(_ text: String) throws(SelectionError) -> ConntrackLabels {
    var result = ConntrackLabels()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      result[try label(String(part))] = true
    }
    return result
  }

  /// The zones of `N` or `N-M`.
  ///
  /// - Throws: ``SelectionError`` for other text, above 65535 and for a range that ends before it begins.
  package func zones(_ text: String) throws(SelectionError) -> ClosedRange<UInt16> {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    var numbers: [UInt16] = []
    for part in parts {
      guard let number = Self.decimal(part).flatMap({ UInt16(exactly: $0) }) else {
        throw SelectionError("bad zone \(SelectionError.quoted(text)): zones are 0 to 65535")
      }
      numbers.append(number)
    }
    guard numbers[0] <= numbers[numbers.count - 1] else {
      throw SelectionError(
        "bad zone range \(SelectionError.quoted(text)): the first zone is higher than the last")
    }
    return numbers[0]...numbers[numbers.count - 1]
  }

  // MARK: Translations and carriers

  /// `ADDR`, `ADDR:PORT`, `[ADDR6]:PORT` or `:PORT`; networks and ranges may stand in place of each.
  ///
  /// - Throws: ``SelectionError`` for other text.
  package func translation(
    _ text: String
  ) throws(SelectionError) -> (addresses: ClosedRange<IPAddress>?, ports: ClosedRange<UInt16>?) {
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else {
        throw SelectionError("bad address \(SelectionError.quoted(text)): the bracket is not closed")
      }
      let inside = try addresses(String(text[text.index(after: text.startIndex)..<end]))
      let rest = text[text.index(after: end)...]
      guard !rest.isEmpty else { return (inside, nil) }
      guard rest.hasPrefix(":") else {
        throw SelectionError(
          "bad address \(SelectionError.quoted(text)): behind the bracket only :PORT may follow")
      }
      return (inside, try ports(String(rest.dropFirst())))
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return (try addresses(text), nil) }
    return (parts[0].isEmpty ? nil : try addresses(String(parts[0])), try ports(String(parts[1])))
  }

  /// A flowtable: its name alone, or family, table and name.
  ///
  /// - Throws: ``SelectionError`` for another number of words and for a family that has no flowtables.
  package func flowtable(_ words: [String]) throws(SelectionError) -> CarrierName {
    if words.count == 1, !words[0].isEmpty { return .flowtable(family: nil, table: nil, name: words[0]) }
    guard words.count == 3, !words.contains("") else {
      let text = words.joined(separator: " ")
      throw SelectionError("bad flowtable \(SelectionError.quoted(text)): it is NAME or FAMILY TABLE NAME")
    }
    guard ["inet", "ip", "ip6"].contains(words[0]) else {
      throw SelectionError(
        "bad family \(SelectionError.quoted(words[0])) of a flowtable: flowtables are in inet, ip or ip6")
    }
    return .flowtable(family: words[0], table: words[1], name: words[2])
  }

  // MARK: Numbers

  static func isDigit(_ octet: UInt8) -> Bool { octet >= UInt8(ascii: "0") && octet <= UInt8(ascii: "9") }

  /// Digits and nothing else; nil also when the number has more than 64 bits.
  static func decimal(_ text: some StringProtocol) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return nil }
    return UInt64(text)
  }

  /// A number as in C: decimal, 0x hexadecimal, 0 octal.
  static func cNumber(_ text: some StringProtocol) -> UInt64? {
    if text.hasPrefix("0x") || text.hasPrefix("0X") {
      let digits = text.dropFirst(2)
      guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
        return nil
      }
      return UInt64(digits, radix: 16)
    }
    guard let number = decimal(text) else { return nil }
    return text.count > 1 && text.hasPrefix("0") ? UInt64(text, radix: 8) : number
  }
}

extension IPAddress {
  /// The first and last address of the network that this address and a prefix of `length` bits make.
  package func network(_ length: Int) -> ClosedRange<IPAddress> {
    let first = prefix(length)
    var last = first
    if family == .ipv6 {
      last.high |= length >= 64 ? 0 : UInt64.max >> UInt64(max(length, 0))
      last.low |= length >= 128 ? 0 : length <= 64 ? .max : UInt64.max >> UInt64(length - 64)
    } else {
      last.low |= length >= 32 ? 0 : UInt64(UInt32.max >> UInt32(max(length, 0)))
    }
    return first...last
  }
}
