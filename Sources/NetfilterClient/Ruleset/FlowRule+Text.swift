// SPDX-License-Identifier: GPL-3.0-or-later
package import JSONDocument
package import NetlinkWire

extension FlowRule {
  /// The statements without the comparisons that the next one implies, as nft leaves them out, and the word that
  /// names the protocol of each port.
  private func told() -> [(statement: RuleStatement, transport: String)] {
    var result: [(RuleStatement, String)] = []
    for (index, statement) in statements.enumerated() {
      let next: RuleMatch? =
        if index + 1 < statements.count, case .match(let match) = statements[index + 1] { match } else { nil }
      var transport = "th"
      if case .match(let match) = statement {
        if match.field == .networkProtocol, let value = match.onlyValue, let family = next?.field.family,
          value == [family]
        {
          continue
        }
        if match.field == .layer4, let value = match.onlyValue, next?.field.kind == .port,
          Self.portWord(value) != nil
        {
          continue
        }
        if match.field.kind == .port, index > 0, case .match(let previous) = statements[index - 1],
          previous.field == .layer4, let value = previous.onlyValue, let word = Self.portWord(value)
        {
          transport = word
        }
      }
      result.append((statement, transport))
    }
    return result
  }

  /// The word that stands before a port of this protocol.
  static func portWord(_ value: [UInt8]) -> String? {
    switch value {
    case [6]: "tcp"
    case [17]: "udp"
    case [132]: "sctp"
    case [33]: "dccp"
    default: nil
    }
  }

  /// The rule as nft writes it.
  package var text: String {
    var words: [String] = []
    for (statement, transport) in told() {
      switch statement {
      case .match(let match): words.append(match.text(transport: transport))
      case .counter(let counters): words.append("counter packets \(counters.packets) bytes \(counters.bytes)")
      case .flow(let name): words.append("flow add @\(name)")
      case .verdict(let verdict): words.append(Self.text(verdict))
      case .other(let name): words.append("[\(name)]")
      }
    }
    if let comment { words.append("comment \"\(comment)\"") }
    return words.joined(separator: " ")
  }

  private static func word(_ verdict: NFTables.Verdict) -> String {
    switch verdict.code {
    case NFTables.VerdictCode.drop: "drop"
    case NFTables.VerdictCode.accept: "accept"
    case NFTables.VerdictCode.continue: "continue"
    case NFTables.VerdictCode.return: "return"
    case NFTables.VerdictCode.jump: "jump"
    case NFTables.VerdictCode.goto: "goto"
    default: "queue"
    }
  }

  private static func text(_ verdict: NFTables.Verdict) -> String {
    word(verdict) + (verdict.chain.map { " \($0)" } ?? "")
  }

  /// The rule's statements in the schema of libnftables-json(5).
  package var json: [JSONValue] {
    told().map { statement, transport in
      switch statement {
      case .match(let match): match.json(transport: transport)
      case .counter(let counters):
        .object([
          ("counter", .object([("packets", .number(counters.packets)), ("bytes", .number(counters.bytes))]))
        ])
      case .flow(let name):
        .object([("flow", .object([("op", .string("add")), ("flowtable", .string("@\(name)"))]))])
      case .verdict(let verdict):
        .object([
          (Self.word(verdict), verdict.chain.map { chain in .object([("target", .string(chain))]) } ?? .null)
        ])
      case .other(let name):
        .object([("xt", .object([("type", .string("expression")), ("name", .string(name))]))])
      }
    }
  }
}

extension RuleMatch {
  /// The comparison as nft writes it.
  ///
  /// `transport`: the word before a port.
  func text(transport: String) -> String {
    var words = [field.kind == .port ? field.rawValue.replacingFirstWord(by: transport) : field.rawValue]
    if operation != .equal { words.append(operation.text) }
    switch right {
    case .anyBit(let bits): words.append(RuleValueText.bits(bits).joined(separator: ","))
    case .item(let item): words.append(Self.text(item, field))
    case .list(let items):
      words.append("{ " + items.map { Self.text($0, field) }.joined(separator: ", ") + " }")
    }
    return words.joined(separator: " ")
  }

  private static func text(_ item: Item, _ field: RuleField) -> String {
    switch item {
    case .value(let octets): RuleValueText.text(octets, of: field)
    case .prefix(let octets, let bits):
      field.kind == .name
        ? "\"\(String(decoding: octets.prefix(bits / 8), as: UTF8.self))*\""
        : "\(RuleValueText.text(octets, of: field))/\(bits)"
    case .range(let first, let last):
      "\(RuleValueText.text(first, of: field))-\(RuleValueText.text(last, of: field))"
    }
  }

  func json(transport: String) -> JSONValue {
    let value: JSONValue
    var word = operation.text
    switch right {
    case .anyBit(let bits):
      word = "in"
      let names = RuleValueText.bits(bits).map { JSONValue.string($0) }
      value = names.count == 1 ? names[0] : .array(names)
    case .item(let item): value = Self.json(item, field)
    case .list(let items): value = .object([("set", .array(items.map { Self.json($0, field) }))])
    }
    return .object([
      ("match", .object([("op", .string(word)), ("left", left(transport: transport)), ("right", value)]))
    ])
  }

  private func left(transport: String) -> JSONValue {
    let words = field.rawValue.split(separator: " ").map(String.init)
    let last = JSONValue.string(words[words.count - 1])
    switch words[0] {
    case "ct":
      return .object([("ct", .object([("key", last), ("dir", words.count == 3 ? .string(words[1]) : nil)]))])
    case "ip", "ip6", "th":
      let name = words[0] == "th" ? transport : words[0]
      return .object([("payload", .object([("protocol", .string(name)), ("field", last)]))])
    default: return .object([("meta", .object([("key", last)]))])
    }
  }

  private static func json(_ item: Item, _ field: RuleField) -> JSONValue {
    switch item {
    case .value(let octets): RuleValueText.json(octets, of: field)
    case .prefix(let octets, let bits):
      field.kind == .name
        ? .string(String(decoding: octets.prefix(bits / 8), as: UTF8.self) + "*")
        : .object([
          ("prefix", .object([("addr", RuleValueText.json(octets, of: field)), ("len", .number(bits))]))
        ])
    case .range(let first, let last):
      .object([
        ("range", .array([RuleValueText.json(first, of: field), RuleValueText.json(last, of: field)]))
      ])
    }
  }
}

extension String {
  /// The text with another first word.
  fileprivate func replacingFirstWord(by word: String) -> String {
    word + drop { $0 != " " }
  }
}

/// Objects of the ruleset as nft writes them.
package enum RulesetText {
  /// A priority: near a standard one by its name, as nft writes it.
  ///
  /// `isFlowtable`: flowtables know only `filter`.
  package static func priority(_ value: Int32, isFlowtable: Bool = true) -> String {
    let names: [(String, Int32)] =
      isFlowtable
      ? [("filter", 0)] : [("raw", -300), ("mangle", -150), ("filter", 0), ("security", 50)]
    for (name, base) in names {
      let (distance, overflows) = value.subtractingReportingOverflow(base)
      guard !overflows, abs(Int64(distance)) <= 10 else { continue }
      return distance == 0 ? name : "\(name) \(distance < 0 ? "-" : "+") \(abs(distance))"
    }
    return "\(value)"
  }

  /// Whether nft takes the text as a word, and so as the name of a table, chain or flowtable.
  package static func isWord(_ text: String) -> Bool {
    let isPlain = text.utf8.allSatisfy { octet in
      octet == 0x2e || octet == 0x2f || octet == 0x5f || octet == 0x2d || octet >= 0x30 && octet <= 0x39
        || octet >= 0x41 && octet <= 0x5a || octet >= 0x61 && octet <= 0x7a
    }
    return isPlain && text.utf8.first.map { $0 >= 0x41 } ?? false && !keywords.contains(text)
  }

  /// Whether the text can stand in quotes, in which nft has no escapes.
  package static func isQuotable(_ text: String) -> Bool {
    !text.utf8.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") }
  }

  /// Refuses a comment that is too long or that nft cannot write.
  package static func check(comment: String) throws(SelectionError) {
    guard comment.utf8.count <= 127 else { throw SelectionError("a comment has 127 octets at most") }
    guard isQuotable(comment) else {
      throw SelectionError("a comment has no quotation marks or ends of lines: nft cannot write them")
    }
  }

  /// A name as nft reads it back: in quotes where it is not a plain word.
  package static func name(_ text: String) -> String { isWord(text) ? text : "\"\(text)\"" }

  /// A device of a flowtable.
  package static func device(_ device: NFTables.Device) -> String {
    switch device {
    case .name(let name): RulesetText.name(name)
    case .prefix(let prefix): "\"\(prefix)*\""
    }
  }

  /// The lines inside a flowtable's braces.
  package static func lines(of flowtable: FlowtableDescription) -> [String] {
    var lines = ["hook ingress priority \(priority(flowtable.priority))"]
    if !flowtable.devices.isEmpty {
      lines.append("devices = { \(flowtable.devices.map(device).joined(separator: ", ")) }")
    }
    if flowtable.offloadsToHardware { lines.append("flags offload") }
    if flowtable.countsPackets { lines.append("counter") }
    return lines
  }

  /// The flowtable in the schema of libnftables-json(5), and what that lacks: flags, counter.
  package static func json(_ flowtable: FlowtableDescription, handle: UInt64?, use: UInt32?) -> JSONValue {
    let devices = flowtable.devices.map { device -> JSONValue in
      switch device {
      case .name(let name): .string(name)
      case .prefix(let prefix): .string("\(prefix)*")
      }
    }
    return .object([
      ("family", .string(NFTables.familyName(flowtable.family))), ("name", .string(flowtable.name)),
      ("table", .string(flowtable.table)), ("handle", handle.map { .number($0) }),
      ("hook", .string("ingress")),
      ("prio", .number(flowtable.priority)),
      ("dev", devices.isEmpty ? nil : devices.count == 1 ? devices[0] : .array(devices)),
      ("flags", flowtable.offloadsToHardware ? .array([.string("offload")]) : nil),
      ("counter", flowtable.countsPackets ? .bool(true) : nil), ("use", use.map { .number($0) }),
    ])
  }

  /// The first member of every JSON listing.
  package static let metainfo = JSONValue.object([
    (
      "metainfo",
      .object([
        ("version", .string("0.1.0")), ("release_name", .string("ftctl")),
        ("json_schema_version", .number(1)),
      ])
    )
  ])
}
