// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc
package import JSONDocument
internal import NetlinkWire

/// Values of rules as text: what nft prints and reads.
package enum RuleValueText {
  /// States of `ct state`, by bit.
  package static let states: [(name: String, bit: UInt32)] = [
    ("invalid", 1), ("established", 2), ("related", 4), ("new", 8), ("untracked", 0x40),
  ]

  // MARK: Writing

  /// The value; names in quotes.
  package static func text(_ octets: [UInt8], of field: RuleField) -> String {
    switch field.kind {
    case .name, .index: "\"\(bare(octets, of: field))\""
    default: bare(octets, of: field)
    }
  }

  /// The value as JSON has it.
  package static func json(_ octets: [UInt8], of field: RuleField) -> JSONValue {
    switch field.kind {
    case .port, .count: return .number(number(octets))
    case .mark: return .number(HostOrder.number(octets))
    case .layer4:
      let name = bare(octets, of: field)
      return name.allSatisfy(\.isNumber) ? .number(name) : .string(name)
    default: return .string(bare(octets, of: field))
    }
  }

  private static func bare(_ octets: [UInt8], of field: RuleField) -> String {
    switch field.kind {
    case .networkProtocol:
      switch octets.first {
      case NFTables.Family.ipv4: return "ipv4"
      case NFTables.Family.ipv6: return "ipv6"
      default: return "\(octets.first ?? 0)"
      }
    case .layer4:
      let value = octets.first ?? 0
      // nft's own name differs from conntrack's here.
      if value == 58 { return "ipv6-icmp" }
      return Layer4Protocol.names.first { $0.number == value }.map { "\($0.name)" } ?? "\(value)"
    case .name: return String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
    case .index:
      let index = HostOrder.number(octets)
      return NetworkDevice.name(index) ?? "\(index)"
    case .mark:
      let digits = String(HostOrder.number(octets), radix: 16)
      return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    case .address: return address(octets)
    case .port, .count: return "\(number(octets))"
    case .state:
      return bits(HostOrder.number(octets)).joined(separator: ",")
    }
  }

  /// Names of the states whose bits are set.
  package static func bits(_ value: UInt32) -> [String] {
    var result = states.filter { value & $0.bit != 0 }.map(\.name)
    let rest = states.reduce(value) { $0 & ~$1.bit }
    if rest != 0 { result.append("0x" + String(rest, radix: 16)) }
    return result
  }

  /// A big-endian number of at most eight octets.
  static func number(_ octets: [UInt8]) -> UInt64 {
    octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// An address of 4 or 16 octets, as inet_ntop(3) writes it.
  package static func address(_ octets: [UInt8]) -> String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = octets.count == 4 ? AF_INET : AF_INET6
    guard octets.count == 4 || octets.count == 16 else { return "" }
    // Safe: inet_ntop reads as many octets as the family has and writes at most the buffer's length.
    unsafe octets.withUnsafeBytes { source in
      unsafe buffer.withUnsafeMutableBufferPointer { target in
        if let from = source.baseAddress, let to = target.baseAddress {
          _ = unsafe inet_ntop(family, from, to, socklen_t(target.count))
        }
      }
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  // MARK: Reading

  /// A value, network, range or beginning of a name.
  ///
  /// - Throws: ``SelectionError`` that says what is allowed.
  package static func item(_ word: String, of field: RuleField) throws(SelectionError) -> RuleMatch.Item {
    switch field.kind {
    case .address: return try addressItem(word, of: field)
    case .name:
      let text = word.hasSuffix("*") ? String(word.dropLast()) : word
      guard !text.isEmpty, text.utf8.count < 16, !text.utf8.contains(0), RulesetText.isQuotable(text) else {
        throw SelectionError(
          "bad device name \(SelectionError.quoted(word)): it has 1 to 15 octets, and no quotation mark")
      }
      let octets = Array(text.utf8)
      let padded = octets + [UInt8](repeating: 0, count: 16 - octets.count)
      return word.hasSuffix("*") ? .prefix(padded, 8 * octets.count) : .value(padded)
    case .port:
      let parts = word.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let range = try FlowValueParser().ports(word)
      let octets = { (port: UInt16) in [UInt8(port >> 8), UInt8(port & 0xff)] }
      guard parts.count == 2, range.lowerBound != range.upperBound else {
        return .value(octets(range.lowerBound))
      }
      return .range(octets(range.lowerBound), octets(range.upperBound))
    case .count:
      let value = try FlowValueParser().size(word, of: "number")
      return .value((0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) })
    case .mark:
      let value = try FlowValueParser().mark(word)
      guard value.mask == .max else {
        throw SelectionError("bad mark \(SelectionError.quoted(word)): no mask is allowed here")
      }
      return .value(HostOrder.octets(value.value))
    case .layer4: return .value([try layer4(word)])
    case .networkProtocol:
      switch word {
      case "ipv4": return .value([NFTables.Family.ipv4])
      case "ipv6": return .value([NFTables.Family.ipv6])
      default: throw SelectionError("bad protocol \(SelectionError.quoted(word)): it is ipv4 or ipv6")
      }
    case .index:
      let index = NetworkDevice.index(word)
      guard index != 0 else { throw SelectionError("there is no device \(SelectionError.quoted(word))") }
      return .value(HostOrder.octets(index))
    case .state: return .value(HostOrder.octets(try state(word)))
    }
  }

  /// The bit of a state.
  package static func state(_ word: String) throws(SelectionError) -> UInt32 {
    guard let state = states.first(where: { $0.name == word.lowercased() }) else {
      let names = states.map(\.name)
      throw SelectionError(
        "bad state \(SelectionError.quoted(word)): there are \(names.joined(separator: ", "))"
          + SelectionError.suggestion(for: word, among: names))
    }
    return state.bit
  }

  private static func layer4(_ word: String) throws(SelectionError) -> UInt8 {
    word == "ipv6-icmp" ? 58 : try FlowValueParser().layer4(word)
  }

  private static func addressItem(_ word: String, of field: RuleField) throws(SelectionError)
    -> RuleMatch.Item
  {
    let range = try FlowValueParser().addresses(word)
    let (first, last) = (range.lowerBound.octets, range.upperBound.octets)
    guard first.count == field.width else {
      throw SelectionError(
        "bad address \(SelectionError.quoted(word)): '\(field.rawValue)' compares another family")
    }
    if first == last { return .value(first) }
    if word.contains("/"),
      let length = (0..<(8 * first.count)).first(where: { bits in
        let mask = RuleMatch.prefixMask(bits, octets: first.count)
        return first.indices.allSatisfy { last[$0] == first[$0] | ~mask[$0] && first[$0] & ~mask[$0] == 0 }
      })
    {
      return .prefix(first, length)
    }
    return .range(first, last)
  }
}
