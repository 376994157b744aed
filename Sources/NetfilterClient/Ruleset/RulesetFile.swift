// SPDX-License-Identifier: GPL-3.0-or-later
package import JSONDocument
package import NetlinkWire

/// Flowtables and flow rules as they are to be: what `apply` reads and `export` writes.
package struct RulesetFile: Equatable, Sendable {
  package struct Chain: Equatable, Sendable {
    package var name: String
    /// Nil for a chain that is only called, or whose attachment is left as it is.
    package var base: BaseChain?
    package var rules: [FlowRule] = []

    package init(name: String, base: BaseChain? = nil, rules: [FlowRule] = []) {
      self.name = name
      self.base = base
      self.rules = rules
    }
  }

  package struct Table: Equatable, Sendable {
    /// `NFPROTO_*`.
    package var family: UInt8
    package var name: String
    package var flowtables: [FlowtableDescription] = []
    package var chains: [Chain] = []

    package init(family: UInt8, name: String) {
      self.family = family
      self.name = name
    }
  }

  package var tables: [Table] = []

  package init() {}

  /// What the ruleset says of flowtables and flow rules.
  package init(_ ruleset: Ruleset) {
    for member in ruleset.tables {
      guard let name = member.object.name else { continue }
      var table = Table(family: member.family, name: name)
      table.flowtables = ruleset.descriptions.filter { $0.family == member.family && $0.table == name }
      for rule in ruleset.flowRules(member.family, name) {
        let chain = rule.chain ?? ""
        let flowRule = FlowRule(rule, family: member.family, in: ruleset)
        if let index = table.chains.firstIndex(where: { $0.name == chain }) {
          table.chains[index].rules.append(flowRule)
        } else {
          let base = ruleset.chain(member.family, name, chain)?.base
          table.chains.append(Chain(name: chain, base: base, rules: [flowRule]))
        }
      }
      if !table.flowtables.isEmpty || !table.chains.isEmpty { tables.append(table) }
    }
  }

  /// Names of its tables, flowtables and chains.
  package var names: [String] {
    tables.flatMap { [$0.name] + $0.flowtables.map(\.name) + $0.chains.map(\.name) }
  }

  /// The description in nft syntax.
  package var text: String {
    var result = ""
    for table in tables {
      result += "table \(NFTables.familyName(table.family)) \(RulesetText.name(table.name)) {\n"
      var isFirst = true
      func separate() {
        if !isFirst { result += "\n" }
        isFirst = false
      }
      for flowtable in table.flowtables {
        separate()
        result += "\tflowtable \(RulesetText.name(flowtable.name)) {\n"
        for line in RulesetText.lines(of: flowtable) { result += "\t\t\(line)\n" }
        result += "\t}\n"
      }
      for chain in table.chains {
        separate()
        result += "\tchain \(RulesetText.name(chain.name)) {\n"
        if let base = chain.base { result += "\t\t\(base.text)\n" }
        for rule in chain.rules { result += "\t\t\(rule.text)\n" }
        result += "\t}\n"
      }
      result += "}\n"
    }
    return result
  }

  /// The description in the schema of libnftables-json(5).
  package var json: JSONValue {
    var objects = [RulesetText.metainfo]
    for table in tables {
      let family = ("family", JSONValue.string(NFTables.familyName(table.family)) as JSONValue?)
      let place = ("table", JSONValue.string(table.name) as JSONValue?)
      objects.append(.object([("table", .object([family, ("name", .string(table.name))]))]))
      for flowtable in table.flowtables {
        objects.append(.object([("flowtable", RulesetText.json(flowtable, handle: nil, use: nil))]))
      }
      for chain in table.chains {
        let base = chain.base
        objects.append(
          .object([
            (
              "chain",
              .object([
                family, place, ("name", .string(chain.name)), ("type", base.map { .string($0.type) }),
                ("hook", base.map { .string($0.hookName) }), ("prio", base.map { .number($0.priority) }),
                ("policy", base?.policy.map { .string($0 == 0 ? "drop" : "accept") }),
              ])
            )
          ]))
        for rule in chain.rules {
          objects.append(
            .object([
              (
                "rule",
                .object([
                  family, place, ("chain", .string(chain.name)),
                  ("comment", rule.comment.map { .string($0) }),
                  ("expr", .array(rule.json)),
                ])
              )
            ]))
        }
      }
    }
    return .object([("nftables", .array(objects))])
  }
}

extension BaseChain {
  /// The hook's name; its number where it has none.
  package var hookName: String {
    Self.hookNames.indices.contains(Int(hook)) ? Self.hookNames[Int(hook)] : "\(hook)"
  }

  /// The line in a chain's block that says where it is attached.
  package var text: String {
    let policy = self.policy.map { " policy \($0 == 0 ? "drop" : "accept");" } ?? ""
    return
      "type \(type) hook \(hookName) priority \(RulesetText.priority(priority, isFlowtable: false));\(policy)"
  }
}

extension NFTables.Chain {
  /// Where the chain is attached; nil for one that is only called.
  package var base: BaseChain? {
    guard let hook, let number = hook.number else { return nil }
    return BaseChain(type: type ?? "filter", hook: number, priority: hook.priority ?? 0, policy: policy)
  }
}
