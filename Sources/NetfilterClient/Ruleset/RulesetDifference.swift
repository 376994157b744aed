// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc
internal import NetlinkWire

/// What must change so that flowtables and flow rules are as a file describes them.
///
/// It is about the tables that the file names: their flowtables and flow rules become those of the file. Chains that
/// the file names are made where they are missing; no table or chain is deleted, and no other rule is touched.
package struct RulesetDifference: Sendable {
  package private(set) var transaction = RulesetTransaction()
  /// A line for each difference: `+` for what comes, `-` for what goes, `~` for what changes.
  package private(set) var lines: [String] = []
  /// Rules that add flows in a way that no file can describe; they are left as they are.
  package private(set) var skipped: [String] = []
  /// Names of tables, flowtables and chains that are missing and would be made.
  package private(set) var newNames: [String] = []

  private var deletions: [RulesetMessage] = []
  private var removals: [RulesetMessage] = []
  private var creations: [RulesetMessage] = []
  private let ruleset: Ruleset

  /// `isExclusive`: tables that the file does not name lose their flowtables and flow rules.
  /// - Throws: ``RulesetRefusal`` for what cannot be reached by changes.
  package init(from ruleset: Ruleset, to file: RulesetFile, isExclusive: Bool = false) throws {
    self.ruleset = ruleset
    var tables = file.tables
    if isExclusive {
      for table in RulesetFile(ruleset).tables
      where !tables.contains(where: { $0.family == table.family && $0.name == table.name }) {
        tables.append(RulesetFile.Table(family: table.family, name: table.name))
      }
    }
    var rules: [(table: RulesetFile.Table, recreated: Swift.Set<String>)] = []
    for table in tables {
      if ruleset.table(table.family, table.name) == nil {
        newNames.append(table.name)
        creations.append(try .addTable(table.family, table.name))
        lines.append("+ table \(Self.place(table))")
      }
      rules.append((table, try compareFlowtables(table)))
    }
    var additions: [(RulesetFile.Table, [Addition])] = []
    for (table, recreated) in rules {
      try compareChains(table)
      additions.append((table, try compareRules(table, recreated: recreated)))
    }
    // Rules before the flowtables that they use go, flowtables before the rules that use them come; devices leave
    // one flowtable before they enter another.
    transaction.append(contentsOf: deletions)
    transaction.append(contentsOf: removals)
    transaction.append(contentsOf: creations)
    for (table, list) in additions {
      for addition in list { try append(addition, table) }
    }
  }

  private struct Addition {
    var chain: String
    var rule: FlowRule
    var place: RulesetMessage.RulePlace
  }

  private static func place(_ table: RulesetFile.Table) -> String {
    "\(NFTables.familyName(table.family)) \(RulesetText.name(table.name))"
  }

  // MARK: Flowtables

  /// - Returns: names of flowtables that must be deleted and made anew.
  private mutating func compareFlowtables(_ table: RulesetFile.Table) throws -> Swift.Set<String> {
    let place = Self.place(table)
    let existing = ruleset.descriptions.filter { $0.family == table.family && $0.table == table.name }
    var recreated: Swift.Set<String> = []
    for current in existing {
      let name = RulesetText.name(current.name)
      guard let wanted = table.flowtables.first(where: { $0.name == current.name }) else {
        removals.append(try .deleteFlowtable(table.family, table.name, current.name))
        lines.append("- flowtable \(place) \(name)")
        continue
      }
      if wanted.priority != current.priority || wanted.offloadsToHardware != current.offloadsToHardware {
        recreated.insert(current.name)
        removals.append(try .deleteFlowtable(table.family, table.name, current.name))
        creations.append(try .addFlowtable(wanted, isExclusive: true))
        lines.append(
          "~ flowtable \(place) \(name): made anew with \(RulesetText.lines(of: wanted).joined(separator: "; "))"
        )
        continue
      }
      let change = try FlowtableChange(from: current, to: wanted)
      for message in change.transaction.messages {
        if message.kind == NFTables.Message.deleteFlowtable {
          removals.append(message)
        } else {
          creations.append(message)
        }
      }
      lines += change.summary.map { "~ flowtable \(place) \(name): \($0)" }
    }
    for wanted in table.flowtables where !existing.contains(where: { $0.name == wanted.name }) {
      newNames.append(wanted.name)
      creations.append(try .addFlowtable(wanted, isExclusive: true))
      lines.append(
        "+ flowtable \(place) \(RulesetText.name(wanted.name)) { \(RulesetText.lines(of: wanted).joined(separator: "; ")) }"
      )
    }
    return recreated
  }

  // MARK: Chains

  private mutating func compareChains(_ table: RulesetFile.Table) throws {
    let place = Self.place(table)
    for chain in table.chains {
      let name = "\(place) \(RulesetText.name(chain.name))"
      guard let existing = ruleset.chain(table.family, table.name, chain.name) else {
        newNames.append(chain.name)
        creations.append(try .addChain(table.family, table.name, chain.name, base: chain.base))
        lines.append("+ chain \(name)\(chain.base.map { " { \($0.text) }" } ?? "")")
        continue
      }
      guard let wanted = chain.base else { continue }
      let current = existing.base
      guard current?.type == wanted.type, current?.hook == wanted.hook, current?.priority == wanted.priority
      else {
        throw RulesetRefusal(
          "change chain '\(chain.name)' in \(place) to '\(wanted.text)'", .notSupported,
          hint:
            "a chain's type, hook and priority cannot be changed; it is '\(current?.text ?? "no base chain")'",
          kind: .failed)
      }
      if let policy = wanted.policy, policy != current?.policy {
        creations.append(try .addChain(table.family, table.name, chain.name, base: wanted))
        lines.append("~ chain \(name): policy \(policy == 0 ? "drop" : "accept")")
      }
    }
  }

  // MARK: Rules

  private mutating func compareRules(
    _ table: RulesetFile.Table, recreated: Swift.Set<String>
  ) throws -> [Addition] {
    var additions: [Addition] = []
    var existing: [String: [(handle: UInt64, rule: FlowRule)]] = [:]
    var names: [String] = []
    for rule in ruleset.flowRules(table.family, table.name) {
      guard let chain = rule.chain, let handle = rule.handle else { continue }
      let flowRule = FlowRule(rule, family: table.family, in: ruleset)
      guard flowRule.unknownPart == nil else {
        skipped.append("rule \(handle) of chain \(Self.place(table)) \(chain): \(flowRule.text)")
        continue
      }
      if existing[chain] == nil { names.append(chain) }
      existing[chain, default: []].append((handle, flowRule))
    }
    for chain in table.chains where existing[chain.name] == nil { names.append(chain.name) }
    for name in names {
      let wanted = table.chains.first { $0.name == name }?.rules ?? []
      let current = existing[name] ?? []
      let kept = Self.common(current.map(\.rule), wanted, except: recreated)
      for (index, old) in current.enumerated() where !kept.contains(where: { $0.old == index }) {
        deletions.append(try .deleteRule(table.family, table.name, name, handle: old.handle))
        lines.append(
          "- rule \(Self.place(table)) \(RulesetText.name(name)) handle \(old.handle): \(old.rule.text)")
      }
      additions += place(wanted, among: current.map(\.handle), kept: kept, in: name)
      for (index, rule) in wanted.enumerated() where !kept.contains(where: { $0.new == index }) {
        lines.append("+ rule \(Self.place(table)) \(RulesetText.name(name)): \(rule.text)")
      }
    }
    return additions
  }

  /// Where each new rule goes: right before the next one that stays; behind the last that stays; or, where none
  /// stays, at the chain's beginning, before any other rule that could keep packets from it.
  private func place(
    _ wanted: [FlowRule], among handles: [UInt64], kept: [(old: Int, new: Int)], in chain: String
  ) -> [Addition] {
    var additions: [Addition] = []
    var trailing: [Addition] = []
    let last = kept.last.map { handles[$0.old] }
    for (index, rule) in wanted.enumerated() where !kept.contains(where: { $0.new == index }) {
      if let next = kept.first(where: { $0.new > index }) {
        additions.append(Addition(chain: chain, rule: rule, place: .before(handles[next.old])))
      } else {
        trailing.append(Addition(chain: chain, rule: rule, place: last.map { .after($0) } ?? .atStart))
      }
    }
    // Each lands in front of those added to the same place before.
    return additions + trailing.reversed()
  }

  /// Pairs of equal rules in the same order: a longest common subsequence.
  private static func common(
    _ old: [FlowRule], _ new: [FlowRule], except flowtables: Swift.Set<String>
  ) -> [(old: Int, new: Int)] {
    let left = old.map(\.meaning)
    let right = new.map(\.meaning)
    func isEqual(_ i: Int, _ j: Int) -> Bool {
      left[i] == right[j] && !(left[i].flowtable.map(flowtables.contains) ?? false)
    }
    var length = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
    for i in left.indices.reversed() {
      for j in right.indices.reversed() {
        length[i][j] = isEqual(i, j) ? length[i + 1][j + 1] + 1 : max(length[i + 1][j], length[i][j + 1])
      }
    }
    var pairs: [(old: Int, new: Int)] = []
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      if isEqual(i, j) {
        pairs.append((i, j))
        i += 1
        j += 1
      } else if length[i + 1][j] >= length[i][j + 1] {
        i += 1
      } else {
        j += 1
      }
    }
    return pairs
  }

  private mutating func append(_ addition: Addition, _ table: RulesetFile.Table) throws {
    try transaction.add(
      addition.rule, table.family, table.name, addition.chain, at: addition.place,
      operation: "add the rule '\(addition.rule.text)' to chain '\(addition.chain)' in \(Self.place(table))")
  }
}

extension RulesetTransaction {
  /// Adds a rule with the anonymous sets that it needs before it.
  ///
  /// `moreUserData`: parts of the rule's user data besides its comment.
  /// - Throws: ``RulesetRefusal`` also for a rule with a part that this program cannot write.
  package mutating func add(
    _ rule: FlowRule, _ family: UInt8, _ table: String, _ chain: String, at place: RulesetMessage.RulePlace,
    moreUserData: [UInt8] = [], operation: String
  ) throws {
    if let part = rule.unknownPart {
      throw RulesetRefusal("\(operation): it has the expression '\(part)'", .notSupported)
    }
    let (expressions, sets) = rule.expressions { nextSetID() }
    for set in sets {
      append(try .addSet(set, family, table, operation: operation))
      append(try .addElements(set, family, table, operation: operation))
    }
    let comment = rule.comment.map { RuleUserData.part(RuleUserData.comment, Array($0.utf8) + [0]) } ?? []
    append(
      try .addRule(
        family, table, chain, expressions, at: place, userData: comment + moreUserData, operation: operation))
  }
}
