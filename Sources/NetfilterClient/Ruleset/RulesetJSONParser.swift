// SPDX-License-Identifier: GPL-3.0-or-later
internal import JSONDocument
internal import NetlinkWire

/// Reads flowtables and flow rules in the schema of libnftables-json(5): a listing, or commands that add.
enum RulesetJSONParser {
  static func parse(_ text: String) throws(SelectionError) -> RulesetFile {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: text)
    } catch {
      throw SelectionError(error.description)
    }
    guard let members = document["nftables"]?.array else {
      throw SelectionError("the document has no array 'nftables'")
    }
    var file = RulesetFile()
    for (index, member) in members.enumerated() {
      do {
        try read(member["add"] ?? member["create"] ?? member, into: &file)
      } catch {
        throw SelectionError("member \(index) of 'nftables': \(error.message)")
      }
    }
    try file.check()
    return file
  }

  private static func read(_ member: JSONValue, into file: inout RulesetFile) throws(SelectionError) {
    if member["metainfo"] != nil { return }
    if let table = member["table"] {
      _ = try index(of: table, named: "name", in: &file)
    } else if let flowtable = member["flowtable"] {
      let index = try index(of: flowtable, named: "table", in: &file)
      file.tables[index].flowtables.append(try read(flowtable: flowtable, in: file.tables[index]))
    } else if let chain = member["chain"] {
      let index = try index(of: chain, named: "table", in: &file)
      file.tables[index].chains.append(
        RulesetFile.Chain(name: try text(chain, "name"), base: try baseChain(chain)))
    } else if let rule = member["rule"] {
      let index = try index(of: rule, named: "table", in: &file)
      let name = try text(rule, "chain")
      guard let chain = file.tables[index].chains.firstIndex(where: { $0.name == name }) else {
        throw SelectionError("a rule of chain '\(name)', which is not described before it")
      }
      let parsed = try read(rule: rule, family: file.tables[index].family)
      file.tables[index].chains[chain].rules.append(parsed)
    } else {
      throw SelectionError("only table, flowtable, chain and rule belong here")
    }
  }

  private static func text(_ object: JSONValue, _ name: String) throws(SelectionError) -> String {
    guard let text = object[name]?.string, !text.isEmpty else {
      throw SelectionError("the text '\(name)' is missing")
    }
    return text
  }

  private static func index(
    of object: JSONValue, named key: String, in file: inout RulesetFile
  ) throws(SelectionError) -> Int {
    let word = try text(object, "family")
    guard let family = NFTables.family(named: word), NFTables.flowtableFamilies.contains(family) else {
      throw SelectionError("bad family \(SelectionError.quoted(word)): flowtables are in inet, ip or ip6")
    }
    let name = try text(object, key)
    if let index = file.tables.firstIndex(where: { $0.family == family && $0.name == name }) { return index }
    file.tables.append(RulesetFile.Table(family: family, name: name))
    return file.tables.count - 1
  }

  private static func read(
    flowtable: JSONValue, in table: RulesetFile.Table
  ) throws(SelectionError) -> FlowtableDescription {
    var result = FlowtableDescription(
      family: table.family, table: table.name, name: try text(flowtable, "name"))
    if let hook = flowtable["hook"], hook.string != "ingress" {
      throw SelectionError("a flowtable's hook is ingress")
    }
    if let value = flowtable["prio"] {
      guard let priority = value.integer(as: Int32.self) else { throw SelectionError("'prio' is a number") }
      result.priority = priority
    }
    if let devices = flowtable["dev"] {
      for device in devices.array ?? [devices] {
        guard let name = device.string else { throw SelectionError("'dev' is a name or an array of names") }
        result.devices.append(name.hasSuffix("*") ? .prefix(String(name.dropLast())) : .name(name))
      }
    }
    if let flags = flowtable["flags"] {
      guard (flags.array ?? [flags]).allSatisfy({ $0.string == "offload" }) else {
        throw SelectionError("a flowtable's only flag is offload")
      }
      result.offloadsToHardware = !(flags.array ?? [flags]).isEmpty
    }
    if let counter = flowtable["counter"] { result.countsPackets = counter != .bool(false) }
    result.devices.sort { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    return result
  }

  private static func baseChain(_ chain: JSONValue) throws(SelectionError) -> BaseChain? {
    guard let name = chain["hook"]?.string else { return nil }
    guard let hook = BaseChain.hookNames.prefix(5).firstIndex(of: name),
      let priority = (chain["prio"] ?? .number(0)).integer(as: Int32.self)
    else { throw SelectionError("bad hook or priority of a chain") }
    let policy: UInt32?
    switch chain["policy"]?.string {
    case nil: policy = nil
    case "drop"?: policy = 0
    case "accept"?: policy = 1
    default: throw SelectionError("a chain's policy is accept or drop")
    }
    return BaseChain(
      type: chain["type"]?.string ?? "filter", hook: UInt32(hook), priority: priority, policy: policy)
  }

  // MARK: Rules

  private static func read(rule: JSONValue, family: UInt8) throws(SelectionError) -> FlowRule {
    var builder = FlowRuleBuilder(family: family)
    for statement in rule["expr"]?.array ?? [] { try read(statement: statement, into: &builder) }
    let comment = rule["comment"]?.string
    if let comment { try RulesetText.check(comment: comment) }
    let result = FlowRule(builder.statements, comment: comment)
    guard result.flowtable != nil else {
      throw SelectionError("this rule adds no flows: only flow rules belong here")
    }
    return result
  }

  private static func read(statement: JSONValue, into builder: inout FlowRuleBuilder) throws(SelectionError) {
    guard case .object(let members) = statement, let member = members.first else {
      throw SelectionError("a statement is an object")
    }
    let value = member.value
    switch member.name {
    case "counter":
      builder.append(
        .counter(
          .init(bytes: value["bytes"]?.integer() ?? 0, packets: value["packets"]?.integer() ?? 0)))
    case "flow":
      guard let name = value["flowtable"]?.string, name.hasPrefix("@"), value["op"]?.string ?? "add" == "add"
      else {
        throw SelectionError("a flow statement has op 'add' and flowtable '@NAME'")
      }
      builder.append(.flow(String(name.dropFirst())))
    case "accept": builder.append(.verdict(.init(code: NFTables.VerdictCode.accept)))
    case "drop": builder.append(.verdict(.init(code: NFTables.VerdictCode.drop)))
    case "return": builder.append(.verdict(.init(code: NFTables.VerdictCode.return)))
    case "continue": builder.append(.verdict(.init(code: NFTables.VerdictCode.continue)))
    case "jump":
      builder.append(.verdict(.init(code: NFTables.VerdictCode.jump, chain: try text(value, "target"))))
    case "goto":
      builder.append(.verdict(.init(code: NFTables.VerdictCode.goto, chain: try text(value, "target"))))
    case "match": try read(match: value, into: &builder)
    default: throw SelectionError("the statement '\(member.name)' is not understood")
    }
  }

  private static func read(match: JSONValue, into builder: inout FlowRuleBuilder) throws(SelectionError) {
    guard let left = match["left"], let right = match["right"] else {
      throw SelectionError("a match has left and right")
    }
    var transport: UInt8?
    var words: [String] = []
    if let meta = left["meta"]?["key"]?.string {
      words = ["iifname", "oifname", "iif", "oif"].contains(meta) ? [meta] : ["meta", meta]
    } else if let conntrack = left["ct"], let key = conntrack["key"]?.string {
      words = ["ct"] + (conntrack["dir"]?.string.map { [$0] } ?? []) + [key]
    } else if let payload = left["payload"], let name = payload["protocol"]?.string,
      let field = payload["field"]?.string
    {
      transport = ["tcp": 6, "udp": 17, "sctp": 132, "dccp": 33][name]
      words = [transport == nil ? name : "th", field]
    }
    guard let field = RuleField(rawValue: words.joined(separator: " ")) else {
      throw SelectionError("the comparison of \(SelectionError.quoted(left.description)) is not understood")
    }
    let comparison = try comparison(of: field, match["op"]?.string ?? "==", with: right)
    if let transport {
      try builder.append(comparison, transport: transport)
    } else {
      try builder.append(comparison)
    }
  }

  private static func comparison(
    of field: RuleField, _ operation: String, with right: JSONValue
  ) throws(SelectionError) -> RuleMatch {
    let operations: [String: RuleMatch.Operation] = [
      "==": .equal, "in": .equal, "!=": .notEqual, "<": .less, "<=": .atMost, ">": .greater, ">=": .atLeast,
    ]
    guard let named = operations[operation] else {
      throw SelectionError("bad op \(SelectionError.quoted(operation))")
    }
    if field == .state, operation == "in" {
      var bits: UInt32 = 0
      for state in right.array ?? [right] { bits |= try RuleValueText.state(state.string ?? "") }
      return RuleMatch(field, .equal, .anyBit(bits))
    }
    if let members = right["set"] {
      var items: [RuleMatch.Item] = []
      for member in members.array ?? [members] {
        items.append(try RuleValueText.item(word(member), of: field))
      }
      return RuleMatch(field, named, .list(items))
    }
    return RuleMatch(field, named, .item(try RuleValueText.item(try word(right), of: field)))
  }

  /// A value in the words of nft's own syntax.
  private static func word(_ value: JSONValue) throws(SelectionError) -> String {
    switch value {
    case .string(let text): return text
    case .number(let text): return text
    default:
      if let prefix = value["prefix"], let address = prefix["addr"]?.string,
        let length = prefix["len"]?.integer(as: Int.self)
      {
        return "\(address)/\(length)"
      }
      if let range = value["range"]?.array, range.count == 2 {
        return "\(try word(range[0]))-\(try word(range[1]))"
      }
      throw SelectionError("the value \(SelectionError.quoted(value.description)) is not understood")
    }
  }
}
