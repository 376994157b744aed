// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// One rule as nft prints it.
struct RuleText {
  private let family: UInt8
  private let elements: [String: [NFTables.Element]]

  /// What a register holds: the words before the value, and how values look.
  private struct Operand {
    var words: String
    var format: Format
    /// The match is only there because another one needs it, and is not shown when that one follows.
    var dependency: Dependency?
  }

  private enum Format {
    case layer4, networkProtocol, name, ipv4, ipv6, port, number, state
  }

  private enum Dependency: Equatable {
    case network(UInt8)
    case transport(UInt8)
  }

  private var registers: [UInt32: Operand] = [:]
  /// Matches that have been read; the last may still turn out to be a dependency.
  private var parts: [(text: String, dependency: Dependency?)] = []
  private var transport: UInt8?
  private var network: UInt8?

  init(family: UInt8, elements: [String: [NFTables.Element]]) {
    self.family = family
    self.elements = elements
    switch family {
    case NFTables.Family.ipv4: network = 2
    case NFTables.Family.ipv6: network = 10
    default: network = nil
    }
  }

  mutating func text(_ expressions: [NFTables.Expression]) -> String {
    for expression in expressions { add(expression) }
    return parts.map(\.text).joined(separator: " ")
  }

  private mutating func add(_ expression: NFTables.Expression) {
    switch expression {
    case .meta(let value) where value.source == nil: load(value)
    case .payload(let value) where value.source == nil: load(value)
    case .conntrack(let value) where value.source == nil && value.key == 0:
      registers[value.destination ?? 0] = Operand(words: "ct state", format: .state)
    case .bitwise(let value):
      if let operand = registers[value.source ?? 0] { registers[value.destination ?? 0] = operand }
      states = value.mask?.octets
    case .compare(let value): compare(value)
    case .lookup(let value): lookUp(value)
    case .objectReference(let value) where value.type == 1:
      parts.append(("counter name \"\(value.object ?? "")\"", nil))
    case .counter(let value): parts.append(("counter packets \(value.packets) bytes \(value.bytes)", nil))
    case .flowOffload(let value): parts.append(("flow add @\(value.flowtable ?? "")", nil))
    case .immediate(let value): immediate(value)
    case .masquerade: parts.append(("masquerade", nil))
    default: parts.append(("[\(expression.name)]", nil))
    }
  }

  private var states: [UInt8]?

  private mutating func load(_ value: NFTables.Expression.Meta) {
    let operand: Operand
    switch value.key {
    case 6: operand = Operand(words: "iifname", format: .name)
    case 7: operand = Operand(words: "oifname", format: .name)
    case 15: operand = Operand(words: "meta nfproto", format: .networkProtocol)
    case 16: operand = Operand(words: "meta l4proto", format: .layer4)
    default: operand = Operand(words: "meta key \(value.key ?? 0)", format: .number)
    }
    registers[value.destination ?? 0] = operand
  }

  private mutating func load(_ value: NFTables.Expression.Payload) {
    let place = (value.base ?? 0, value.offset ?? 0, value.length ?? 0)
    var operand = Operand(words: "@\(place.0),\(place.1 * 8),\(place.2 * 8)", format: .number)
    switch (place.0, network ?? 0, place.1, place.2) {
    case (1, 2, 9, 1): operand = Operand(words: "ip protocol", format: .layer4, dependency: .network(2))
    case (1, 2, 12, 4): operand = Operand(words: "ip saddr", format: .ipv4, dependency: .network(2))
    case (1, 2, 16, 4): operand = Operand(words: "ip daddr", format: .ipv4, dependency: .network(2))
    case (1, 10, 6, 1): operand = Operand(words: "ip6 nexthdr", format: .layer4, dependency: .network(10))
    case (1, 10, 8, 16): operand = Operand(words: "ip6 saddr", format: .ipv6, dependency: .network(10))
    case (1, 10, 24, 16): operand = Operand(words: "ip6 daddr", format: .ipv6, dependency: .network(10))
    case (2, _, 0, 2), (2, _, 2, 2):
      if let transport, let name = Self.protocolName(transport) {
        operand = Operand(
          words: "\(name) \(place.1 == 0 ? "sport" : "dport")", format: .port,
          dependency: .transport(transport))
      }
    default: break
    }
    registers[value.destination ?? 0] = operand
  }

  private static func protocolName(_ number: UInt8) -> String? {
    ["tcp", "udp", "icmp", "ipv6-icmp"][safe: [6, 17, 1, 58].firstIndex(of: number) ?? 9]
  }

  private func text(_ octets: [UInt8], _ format: Format) -> String {
    switch format {
    case .layer4: return octets.first.flatMap(Self.protocolName) ?? "\(octets.first ?? 0)"
    case .networkProtocol: return octets.first == 2 ? "ipv4" : "ipv6"
    case .name: return "\"\(String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self))\""
    case .ipv4: return octets.map { "\($0)" }.joined(separator: ".")
    case .port: return "\(octets.reduce(0) { $0 << 8 | Int($1) })"
    case .ipv6, .number, .state: return "0x" + octets.map { String($0, radix: 16) }.joined()
    }
  }

  private mutating func append(_ text: String, _ operand: Operand) {
    // A match on the protocol is shown only if nothing that follows implies it.
    if let dependency = operand.dependency, let last = parts.last, last.dependency == dependency {
      parts.removeLast()
    }
    parts.append((text, nil))
  }

  private mutating func compare(_ value: NFTables.Expression.Comparison) {
    guard let operand = registers[value.source ?? 0], let octets = value.data?.octets else {
      parts.append(("[cmp]", nil))
      return
    }
    if operand.format == .state, let mask = states {
      let names = [(1, "invalid"), (2, "established"), (4, "related"), (8, "new"), (64, "untracked")]
      let bits = Int(mask.first ?? 0)
      let shown = names.filter { bits & $0.0 != 0 }
      parts.append(("ct state \(shown.map(\.1).joined(separator: ","))", nil))
      states = nil
      return
    }
    let operators = ["", "!= ", "< ", "<= ", "> ", ">= "]
    let sign = operators[safe: Int(value.operation ?? 0)] ?? ""
    append("\(operand.words) \(sign)\(text(octets, operand.format))", operand)
    guard value.operation == 0, let first = octets.first else { return }
    if operand.format == .networkProtocol {
      network = first
      parts[parts.count - 1].dependency = .network(first)
    } else if operand.format == .layer4 {
      transport = first
      if operand.words == "meta l4proto" { parts[parts.count - 1].dependency = .transport(first) }
    }
  }

  private mutating func lookUp(_ value: NFTables.Expression.Lookup) {
    let name = value.set ?? ""
    guard let operand = registers[value.source ?? 0], value.destination == nil else {
      parts.append(("[lookup]", nil))
      return
    }
    let sign = value.flags == 1 ? "!= " : ""
    guard name.hasPrefix("__set") else { return append("\(operand.words) \(sign)@\(name)", operand) }
    let keys = (elements[name] ?? []).compactMap(\.key).sorted { $0.lexicographicallyPrecedes($1) }
    let shown = keys.map { text($0, operand.format) }.joined(separator: ", ")
    append("\(operand.words) \(sign){ \(shown) }", operand)
  }

  private mutating func immediate(_ value: NFTables.Expression.Immediate) {
    guard case .verdict(let verdict)? = value.data else {
      parts.append(("[immediate]", nil))
      return
    }
    switch verdict.code {
    case NFTables.VerdictCode.accept: parts.append(("accept", nil))
    case NFTables.VerdictCode.drop: parts.append(("drop", nil))
    case NFTables.VerdictCode.return: parts.append(("return", nil))
    case NFTables.VerdictCode.continue: parts.append(("continue", nil))
    case NFTables.VerdictCode.jump: parts.append(("jump \(verdict.chain ?? "")", nil))
    default: parts.append(("goto \(verdict.chain ?? "")", nil))
    }
  }
}

extension Array {
  /// The element at `index`, nil outside.
  fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
