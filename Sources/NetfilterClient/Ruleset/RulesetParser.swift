// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// Reads flowtables and flow rules in nft syntax: blocks of tables with flowtables and chains, whose rules add flows.
///
///     table inet filter {
///       flowtable fast { hook ingress priority 0; devices = { eth0, eth1 }; }
///       chain forward { type filter hook forward priority 0; meta l4proto { tcp, udp } flow add @fast }
///     }
package struct RulesetParser {
  private enum Token: Equatable {
    case word(String)
    case quoted(String)
    case mark(Character)
    case newline

    /// For messages.
    var shown: String {
      switch self {
      case .word(let text): SelectionError.quoted(text)
      case .quoted(let text): SelectionError.quoted("\"\(text)\"")
      case .mark(let mark): "'\(mark)'"
      case .newline: "the end of the line"
      }
    }
  }

  private var tokens: [(token: Token, line: Int)] = []
  private var position = 0

  /// Reads a whole file, in nft syntax, or in JSON when it begins with a brace.
  ///
  /// - Throws: ``SelectionError`` that begins with the line.
  package static func parse(_ text: String) throws(SelectionError) -> RulesetFile {
    if text.first(where: { !$0.isWhitespace }) == "{" { return try RulesetJSONParser.parse(text) }
    var parser = RulesetParser()
    try parser.tokenize(text)
    let file = try parser.file()
    try file.check()
    return file
  }

  /// A rule alone, as it stands in a chain's block.
  package static func rule(_ text: String, family: UInt8) throws(SelectionError) -> FlowRule {
    var parser = RulesetParser()
    try parser.tokenize(text)
    let rule = try parser.rule(family: family)
    guard parser.next == nil else { throw parser.failure("something follows the rule") }
    return rule
  }

  /// A priority: a number, or a standard name with a number added or taken away.
  ///
  /// - Throws: ``SelectionError``.
  package static func priority(_ text: String, isFlowtable: Bool) throws(SelectionError) -> Int32 {
    let names: [(String, Int32)] =
      isFlowtable
      ? [("filter", 0)]
      : [("raw", -300), ("mangle", -150), ("dstnat", -100), ("filter", 0), ("security", 50), ("srcnat", 100)]
    let plain = text.filter { $0 != " " }
    var rest = plain[...]
    var base: Int32 = 0
    if let (name, value) = names.first(where: { plain.hasPrefix($0.0) }) {
      base = value
      rest = plain.dropFirst(name.count)
      if rest.isEmpty { return base }
      guard rest.hasPrefix("+") || rest.hasPrefix("-") else { throw bad(text, names.map(\.0)) }
    }
    guard let number = Int32(rest), case (let sum, false) = base.addingReportingOverflow(number) else {
      throw bad(text, names.map(\.0))
    }
    return sum
  }

  private static func bad(_ text: String, _ names: [String]) -> SelectionError {
    SelectionError(
      "bad priority \(SelectionError.quoted(text)): a number, or \(names.joined(separator: ", ")) with one added"
    )
  }

  // MARK: Tokens

  private mutating func tokenize(_ text: String) throws(SelectionError) {
    var line = 1
    var rest = text.unicodeScalars[...]
    while let scalar = rest.first {
      switch scalar {
      case "\n":
        tokens.append((.newline, line))
        line += 1
        rest.removeFirst()
      case " ", "\t", "\r": rest.removeFirst()
      case "#": rest = rest.drop { $0 != "\n" }
      case "\\":
        rest.removeFirst()
        if rest.first == "\r" { rest.removeFirst() }
        guard rest.first == "\n" else {
          throw SelectionError("line \(line): a backslash stands at the end of a line only")
        }
        rest.removeFirst()
        line += 1
      case "{", "}", ";", ",":
        tokens.append((.mark(Character(scalar)), line))
        rest.removeFirst()
      case "\"":
        rest.removeFirst()
        let inside = rest.prefix { $0 != "\"" && $0 != "\n" }
        rest = rest.dropFirst(inside.count)
        guard rest.first == "\"" else { throw SelectionError("line \(line): a string has no end") }
        rest.removeFirst()
        tokens.append((.quoted(String(inside)), line))
      case "=", "!", "<", ">":
        var word = String.UnicodeScalarView()
        while let mark = rest.first, "=!<>".unicodeScalars.contains(mark), word.count < 2 {
          word.append(mark)
          rest.removeFirst()
        }
        tokens.append((.word(String(word)), line))
      default:
        let word = rest.prefix { !" \t\r\n{};,\"#=!<>\\".unicodeScalars.contains($0) }
        rest = rest.dropFirst(word.count)
        tokens.append((.word(String(word)), line))
      }
    }
  }

  private var next: Token? { position < tokens.count ? tokens[position].token : nil }

  private func failure(_ what: String) -> SelectionError {
    let line = position < tokens.count ? tokens[position].line : tokens.last?.line ?? 1
    return SelectionError("line \(line): \(what)")
  }

  private mutating func skipSeparators() {
    while next == .newline || next == .mark(";") { position += 1 }
  }

  private mutating func skipNewlines() {
    while next == .newline { position += 1 }
  }

  private mutating func take(_ token: Token) -> Bool {
    guard next == token else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ token: Token, _ where: String) throws(SelectionError) {
    guard take(token) else {
      throw failure("\(token.shown) is missing \(`where`)\(next.map { ", there is \($0.shown)" } ?? "")")
    }
  }

  /// A word or a string.
  private mutating func word(_ what: String) throws(SelectionError) -> String {
    switch next {
    case .word(let text)?, .quoted(let text)?:
      position += 1
      return text
    default: throw failure("\(what) is missing\(next.map { ", there is \($0.shown)" } ?? "")")
    }
  }

  private mutating func endStatement() throws(SelectionError) {
    guard next == nil || next == .newline || next == .mark(";") || next == .mark("}") else {
      throw failure("\(next?.shown ?? "") is not understood here")
    }
  }

  // MARK: Blocks

  private mutating func file() throws(SelectionError) -> RulesetFile {
    var file = RulesetFile()
    skipSeparators()
    while let token = next {
      guard token == .word("table") else {
        throw failure("\(token.shown) is not understood: the file consists of 'table [FAMILY] NAME { … }'")
      }
      position += 1
      let table = try table()
      if let index = file.tables.firstIndex(where: { $0.family == table.family && $0.name == table.name }) {
        file.tables[index].flowtables += table.flowtables
        file.tables[index].chains += table.chains
      } else {
        file.tables.append(table)
      }
      skipSeparators()
    }
    return file
  }

  private mutating func table() throws(SelectionError) -> RulesetFile.Table {
    var name = try word("a table's name")
    var family = NFTables.Family.ipv4
    if next != .mark("{"), next != .newline {
      guard let named = NFTables.family(named: name), NFTables.flowtableFamilies.contains(named) else {
        throw failure("bad family \(SelectionError.quoted(name)): flowtables are in inet, ip or ip6")
      }
      family = named
      name = try word("a table's name")
    }
    skipNewlines()
    try expect(.mark("{"), "behind the table's name")
    var table = RulesetFile.Table(family: family, name: name)
    skipSeparators()
    while !take(.mark("}")) {
      switch try word("'flowtable' or 'chain'") {
      case "flowtable": table.flowtables.append(try flowtable(in: table))
      case "chain": table.chains.append(try chain(in: table))
      default:
        position -= 1
        throw failure(
          "\(next?.shown ?? "") is not understood: a table here holds flowtables and chains with flow rules")
      }
      skipSeparators()
    }
    return table
  }

  private mutating func flowtable(in table: RulesetFile.Table) throws(SelectionError) -> FlowtableDescription
  {
    let name = try word("a flowtable's name")
    var result = FlowtableDescription(family: table.family, table: table.name, name: name)
    skipNewlines()
    try expect(.mark("{"), "behind the flowtable's name")
    skipSeparators()
    while !take(.mark("}")) {
      switch try word("'hook', 'devices', 'flags' or 'counter'") {
      case "hook":
        guard try word("the hook") == "ingress" else {
          position -= 1
          throw failure("a flowtable's hook is ingress, not \(next?.shown ?? "")")
        }
        guard try word("'priority'") == "priority" else { throw failure("'priority' is missing") }
        result.priority = try priority(isFlowtable: true)
      case "devices":
        try expect(.word("="), "behind 'devices'")
        for name in try list() {
          result.devices.append(name.hasSuffix("*") ? .prefix(String(name.dropLast())) : .name(name))
        }
      case "flags":
        guard try word("a flag") == "offload" else { throw failure("a flowtable's only flag is offload") }
        result.offloadsToHardware = true
      case "counter": result.countsPackets = true
      default:
        position -= 1
        throw failure("\(next?.shown ?? "") is not understood in a flowtable")
      }
      try endStatement()
      skipSeparators()
    }
    result.devices.sort { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    return result
  }

  private mutating func priority(isFlowtable: Bool) throws(SelectionError) -> Int32 {
    var text = ""
    while case .word(let part)? = next, part != "policy" {
      text += part
      position += 1
    }
    do throws(SelectionError) {
      return try Self.priority(text, isFlowtable: isFlowtable)
    } catch {
      position -= 1
      throw failure(error.message)
    }
  }

  /// Words between braces, with commas between; the last comma may be too much, as in nft.
  private mutating func list() throws(SelectionError) -> [String] {
    try expect(.mark("{"), "before the list")
    var words: [String] = []
    skipNewlines()
    while next != .mark("}") {
      words.append(try word("a value"))
      skipNewlines()
      guard take(.mark(",")) else { break }
      skipNewlines()
    }
    try expect(.mark("}"), "behind the list")
    return words
  }

  private mutating func chain(in table: RulesetFile.Table) throws(SelectionError) -> RulesetFile.Chain {
    var chain = RulesetFile.Chain(name: try word("a chain's name"))
    skipNewlines()
    try expect(.mark("{"), "behind the chain's name")
    skipSeparators()
    while !take(.mark("}")) {
      switch next {
      case .word("type")?:
        position += 1
        chain.base = try baseChain()
      case .word("policy")?:
        position += 1
        let policy = try word("the policy")
        guard ["accept", "drop"].contains(policy), chain.base != nil else {
          throw failure("a base chain's policy is accept or drop")
        }
        chain.base?.policy = policy == "drop" ? 0 : 1
      default: chain.rules.append(try rule(family: table.family))
      }
      try endStatement()
      skipSeparators()
    }
    return chain
  }

  private mutating func baseChain() throws(SelectionError) -> BaseChain {
    let type = try word("the chain's type")
    guard try word("'hook'") == "hook" else { throw failure("'hook' is missing") }
    let name = try word("the hook")
    guard let hook = BaseChain.hookNames.prefix(5).firstIndex(of: name) else {
      position -= 1
      throw failure("bad hook \(SelectionError.quoted(name)): flow rules stand in forward chains")
    }
    guard try word("'priority'") == "priority" else { throw failure("'priority' is missing") }
    return BaseChain(type: type, hook: UInt32(hook), priority: try priority(isFlowtable: false))
  }

  // MARK: Rules

  private mutating func rule(family: UInt8) throws(SelectionError) -> FlowRule {
    var builder = FlowRuleBuilder(family: family)
    var comment: String?
    let start = position
    while let token = next, token != .newline, token != .mark(";"), token != .mark("}") {
      let first = try word("a statement")
      switch first {
      case "counter":
        var counters = NFTables.Counters()
        while case .word(let name)? = next, name == "packets" || name == "bytes" {
          position += 1
          guard let number = UInt64(try word("a number")) else {
            throw failure("a counter's value is a number")
          }
          if name == "packets" { counters.packets = number } else { counters.bytes = number }
        }
        builder.append(.counter(counters))
      case "flow":
        let verb = try word("'add'")
        let name = try word("'@NAME'")
        guard verb == "add" || verb == "offload", name.hasPrefix("@"), name.count > 1 else {
          throw failure("a flow rule says 'flow add @NAME'")
        }
        builder.append(.flow(String(name.dropFirst())))
      case "accept": builder.append(.verdict(.init(code: NFTables.VerdictCode.accept)))
      case "drop": builder.append(.verdict(.init(code: NFTables.VerdictCode.drop)))
      case "return": builder.append(.verdict(.init(code: NFTables.VerdictCode.return)))
      case "continue": builder.append(.verdict(.init(code: NFTables.VerdictCode.continue)))
      case "jump":
        builder.append(.verdict(.init(code: NFTables.VerdictCode.jump, chain: try word("a chain"))))
      case "goto":
        builder.append(.verdict(.init(code: NFTables.VerdictCode.goto, chain: try word("a chain"))))
      case "comment":
        let text = try word("the comment")
        do throws(SelectionError) {
          try RulesetText.check(comment: text)
        } catch {
          throw failure(error.message)
        }
        comment = text
      default: try match(first, into: &builder)
      }
    }
    let rule = FlowRule(builder.statements, comment: comment)
    guard rule.flowtable != nil else {
      position = start
      throw failure("this rule adds no flows: only rules with 'flow add @NAME' belong here")
    }
    return rule
  }

  /// Words of fields that one word names, with the field.
  private static let singleWords: [String: RuleField] = [
    "iifname": .inputName, "oifname": .outputName, "iif": .inputIndex, "oif": .outputIndex,
  ]

  private mutating func match(_ first: String, into builder: inout FlowRuleBuilder) throws(SelectionError) {
    var transport: UInt8?
    let field: RuleField
    if let known = Self.singleWords[first] {
      field = known
    } else {
      var words = [first == "tcp" || first == "udp" || first == "sctp" || first == "dccp" ? "th" : first]
      words.append(try word("what is compared"))
      if first == "ct", words[1] == "original" || words[1] == "reply" {
        words.append(try word("what is compared"))
      }
      guard
        let known = RuleField(rawValue: words.joined(separator: " "))
          ?? (first == "meta" ? Self.singleWords[words[1]] : nil)
      else {
        position -= 1
        let text = ([first] + words.dropFirst()).joined(separator: " ")
        throw failure(
          "\(SelectionError.quoted(text)) is not understood; the man page says what flow rules may compare")
      }
      field = known
      switch first {
      case "tcp": transport = 6
      case "udp": transport = 17
      case "sctp": transport = 132
      case "dccp": transport = 33
      default: break
      }
    }
    let match = try comparison(of: field)
    do throws(SelectionError) {
      if let transport { try builder.append(match, transport: transport) } else { try builder.append(match) }
    } catch {
      throw failure(error.message)
    }
  }

  private static let operations: [String: RuleMatch.Operation] = [
    "==": .equal, "eq": .equal, "!=": .notEqual, "ne": .notEqual, "<": .less, "lt": .less, "<=": .atMost,
    "le": .atMost, ">": .greater, "gt": .greater, ">=": .atLeast, "ge": .atLeast,
  ]

  private mutating func comparison(of field: RuleField) throws(SelectionError) -> RuleMatch {
    var operation: RuleMatch.Operation?
    if case .word(let text)? = next, let named = Self.operations[text] {
      operation = named
      position += 1
    }
    do throws(SelectionError) {
      if next == .mark("{") {
        var items: [RuleMatch.Item] = []
        for word in try list() { items.append(try RuleValueText.item(word, of: field)) }
        guard !items.isEmpty, operation == nil || operation == .equal || operation == .notEqual else {
          throw SelectionError("a list is not empty, and compared with == or != only")
        }
        return RuleMatch(field, operation ?? .equal, .list(items))
      }
      var words = [try word("a value")]
      // `ct state established,related`: any of the bits.
      while field == .state, take(.mark(",")) { words.append(try word("a state")) }
      if field == .state, operation == nil {
        var bits: UInt32 = 0
        for word in words { bits |= try RuleValueText.state(word) }
        return RuleMatch(field, .equal, .anyBit(bits))
      }
      return RuleMatch(field, operation ?? .equal, .item(try RuleValueText.item(words[0], of: field)))
    } catch {
      throw error.message.hasPrefix("line ") ? error : failure(error.message)
    }
  }
}

extension RulesetFile {
  /// Refuses what contradicts itself.
  package func check() throws(SelectionError) {
    for table in tables {
      let place = "\(NFTables.familyName(table.family)) \(table.name)"
      var names: Swift.Set<String> = []
      for flowtable in table.flowtables where !names.insert(flowtable.name).inserted {
        throw SelectionError("table \(place): flowtable '\(flowtable.name)' is described twice")
      }
      var devices: Swift.Set<NFTables.Device> = []
      for flowtable in table.flowtables {
        for device in flowtable.devices where !devices.insert(device).inserted {
          throw SelectionError("table \(place): device '\(device.text)' is in its flowtables twice")
        }
      }
      var chains: Swift.Set<String> = []
      for chain in table.chains where !chains.insert(chain.name).inserted {
        throw SelectionError("table \(place): chain '\(chain.name)' is described twice")
      }
      for chain in table.chains {
        for rule in chain.rules {
          guard let flowtable = rule.flowtable, names.contains(flowtable) else {
            throw SelectionError(
              "table \(place): chain '\(chain.name)' adds flows to '\(rule.flowtable ?? "")', which the file does not describe"
            )
          }
        }
      }
    }
  }
}
