// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// Names of what `enable` makes; the defaults are those of the kernel's documentation.
struct EnableNames: ParsableArguments {
  @Option(help: ArgumentHelp("Family of the table: inet, ip or ip6 (default: inet)", valueName: "family"))
  var family = "inet"

  @Option(help: ArgumentHelp("Table (default: x)", valueName: "name"))
  var table = "x"

  @Option(help: ArgumentHelp("Flowtable (default: f)", valueName: "name"))
  var name = "f"

  @Option(help: ArgumentHelp("Forward chain (default: y)", valueName: "name"))
  var chain = "y"
}

/// What one run of `enable` made, kept in the user data of its rules, where nft leaves it alone.
struct EnableMark: OptionSet {
  let rawValue: UInt8
  static let table = EnableMark(rawValue: 1)
  static let flowtable = EnableMark(rawValue: 2)
  static let chain = EnableMark(rawValue: 4)

  /// The part of a rule's user data.
  var userData: [UInt8] { RuleUserData.part(RuleUserData.enabled, [rawValue]) }

  /// The mark of a rule; nil when `enable` did not make it.
  static func of(_ rule: NFTables.Rule) -> EnableMark? {
    RuleUserData.value(RuleUserData.enabled, in: rule.userData ?? [])?.first.map(EnableMark.init(rawValue:))
  }
}

struct FlowtableEnableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Send forwarded flows between devices along the fast path",
    discussion: """
      Makes the example of the kernel's documentation in one batch: a table, a flowtable with these devices, a forward \
      chain, a rule that adds TCP flows to it, and a rule that counts what still takes the normal path. Run again, it \
      adds the devices, protocols and counting that are missing, and changes nothing else; a rule of its own that adds \
      only part of what the new one adds gives way to that.

      EXAMPLES:
        ftctl flowtable enable eth0 eth1
        ftctl flowtable enable eth0 eth1 --proto tcp,udp --counter
        ftctl flowtable disable
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Names") var names: EnableNames

  @Argument(
    help: ArgumentHelp("Devices to forward between", valueName: "device"),
    completion: .list { LiveValues.devices() })
  var devices: [String]

  @Option(
    help: ArgumentHelp(
      "Protocols of both families, a comma between: tcp, udp, gre (default: TCP over IPv4, as in the documentation)",
      valueName: "name[,…]"),
    completion: .list { ["tcp", "udp", "gre"] })
  var proto: String?

  @Flag(help: "Count packets of the fast path in their conntrack entries")
  var counter = false

  @Flag(name: .customLong("hw-offload"), help: "Hand flows to the hardware")
  var offloadsToHardware = false

  @Flag(name: .customLong("dry-run"), help: "Have the kernel check the change, but change nothing")
  var isDryRun = false

  func run() throws {
    let family = try RulesetEditor.flowtableFamily(names.family)
    try RulesetEditor.requireWords([names.table, names.name, names.chain])
    let wanted = FlowtableDescription(
      family: family, table: names.table, name: names.name, devices: try RulesetEditor.devices(devices),
      countsPackets: counter, offloadsToHardware: offloadsToHardware)
    let rule = try flowRule(family, proto)
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let place = "\(names.family) \(names.table)"
    var summary: [String] = []
    try editor.change(isTrial: isDryRun) { ruleset in
      summary = []
      var transaction = RulesetTransaction()
      let existing = ruleset.flowtable(family, wanted.table, wanted.name)
      let current = existing.flatMap { FlowtableDescription(family: family, $0) }
      if let current {
        let change = try FlowtableChange(from: current, to: current.adding(wanted))
        transaction.append(contentsOf: change.transaction.messages)
        summary = change.summary
      }
      let ownRules = ruleset.flowRules(family, wanted.table, flowtable: wanted.name).filter {
        EnableMark.of($0) != nil
      }
      if current != nil, let last = ownRules.last, let chain = last.chain, let handle = last.handle {
        let reach = FlowReach(rule, family: family)
        let present = ownRules.map { member in
          let flowRule = FlowRule(member, family: family, in: ruleset)
          return (rule: member, flowRule: flowRule, reach: FlowReach(flowRule, family: family))
        }
        guard !present.contains(where: { $0.flowRule.meaning == rule.meaning }),
          !FlowReach(present.map(\.reach)).contains(reach)
        else { return transaction }
        // The new rule stands where the first did that it takes the place of, and leaves to others what they add.
        let replaced = present.filter { reach.contains($0.reach) }
        let others = FlowReach(present.map(\.reach).filter { !reach.contains($0) })
        let missing = try flowRule(family, proto, beside: others)
        let first = replaced.first { $0.rule.chain == chain }?.rule.handle
        try append(
          missing, mark: replaced.reduce(into: []) { $0.formUnion(EnableMark.of($1.rule) ?? []) },
          to: &transaction, family, chain, at: first.map { .before($0) } ?? .after(handle))
        for (old, _, _) in replaced {
          transaction.append(
            try .deleteRule(family, wanted.table, old.chain ?? "", handle: old.handle ?? 0))
        }
        let texts = replaced.map { "'\($0.flowRule.text)'" }.joined(separator: " and ")
        summary.append("rule '\(missing.text)'\(texts.isEmpty ? "" : " in the place of \(texts)")")
        return transaction
      }
      var made: EnableMark = []
      if ruleset.table(family, wanted.table) == nil {
        made.insert(.table)
        transaction.append(try .addTable(family, wanted.table))
        summary.append("table")
      }
      if current == nil {
        made.insert(.flowtable)
        transaction.append(try .addFlowtable(wanted, isExclusive: true))
        summary.append("flowtable '\(wanted.name)'")
      }
      if let existing = ruleset.chain(family, wanted.table, names.chain) {
        guard existing.base?.hook == BaseChain.forwardHook else {
          throw CommandFailure(
            .failed, "cannot enable the fast path in \(place): chain '\(names.chain)' is no forward chain",
            hint: "--chain names another one")
        }
      } else {
        made.insert(.chain)
        transaction.append(
          try .addChain(
            family, wanted.table, names.chain, base: BaseChain(hook: BaseChain.forwardHook, policy: 1)))
        summary.append("chain '\(names.chain)'")
      }
      try append(rule, mark: made, to: &transaction, family, names.chain, at: .atEnd)
      try append(FlowRule([.counter(.init())]), mark: [], to: &transaction, family, names.chain, at: .atEnd)
      summary.append("2 rules")
      return transaction
    }
    StandardError.report(
      summary.isEmpty
        ? "the fast path is enabled already in \(place)"
        : "\(isDryRun ? "would make" : "made") in \(place): \(summary.joined(separator: ", "))")
  }

  /// `ip protocol tcp flow add @f`, or with protocols of both families.
  private func flowRule(_ family: UInt8, _ proto: String?) throws -> FlowRule {
    var builder = FlowRuleBuilder(family: family)
    do throws(SelectionError) {
      if let proto {
        try builder.append(.layer4, words: proto)
      } else {
        try builder.append(family == NFTables.Family.ipv6 ? .ipv6Next : .ipv4Protocol, words: "tcp")
      }
    } catch {
      throw CommandFailure(.usage, "--proto: \(error.message)")
    }
    builder.append(.flow(names.name))
    return FlowRule(builder.statements)
  }

  /// The rule for the protocols of the list that the others do not add.
  private func flowRule(_ family: UInt8, _ proto: String?, beside others: FlowReach) throws -> FlowRule {
    guard let proto, !proto.hasPrefix("!") else { return try flowRule(family, proto) }
    let missing = try proto.split(separator: ",").filter { word in
      !others.contains(FlowReach(try flowRule(family, String(word)), family: family))
    }
    return try flowRule(family, missing.joined(separator: ","))
  }

  private func append(
    _ rule: FlowRule, mark: EnableMark, to transaction: inout RulesetTransaction, _ family: UInt8,
    _ chain: String, at place: RulesetMessage.RulePlace
  ) throws {
    try transaction.add(
      rule, family, names.table, chain, at: place, moreUserData: mark.userData,
      operation: "add a rule to chain '\(chain)' in \(names.family) \(names.table)")
  }
}

extension FlowtableDescription {
  /// This flowtable with the devices and flags of another besides its own.
  fileprivate func adding(_ other: FlowtableDescription) -> FlowtableDescription {
    var result = self
    result.devices += other.devices.filter { !devices.contains($0) }
    result.countsPackets = countsPackets || other.countsPackets
    result.offloadsToHardware = offloadsToHardware || other.offloadsToHardware
    return result
  }
}

/// The packets whose flows a rule adds where it compares nothing but a transport protocol; of other rules none.
private struct FlowReach {
  /// Protocols by the family of packets.
  private var protocols: [UInt8: Set<UInt8>] = [:]

  /// All that several rules add.
  init(_ parts: [FlowReach]) {
    for part in parts { protocols.merge(part.protocols) { $0.union($1) } }
  }

  /// `family`: of the rule's table.
  init(_ rule: FlowRule, family: UInt8) {
    var statements = rule.statements[...]
    var packets = family == NFTables.Family.inet ? [NFTables.Family.ipv4, NFTables.Family.ipv6] : [family]
    if case .match(let match)? = statements.first, match.field == .networkProtocol, match.operation == .equal,
      let value = match.onlyValue?.first
    {
      packets = packets.filter { $0 == value }
      statements.removeFirst()
    }
    guard statements.count == 2, case .match(let match)? = statements.first, case .flow? = statements.last,
      match.field.kind == .layer4, match.operation == .equal || match.operation == .notEqual
    else { return }
    if let family = match.field.family { packets = packets.filter { $0 == family } }
    let items: [RuleMatch.Item] =
      switch match.right {
      case .item(let item): [item]
      case .list(let items): items
      case .anyBit: []
      }
    var named: Set<UInt8> = []
    for item in items {
      guard case .value(let octets) = item, octets.count == 1 else { return }
      named.insert(octets[0])
    }
    guard !named.isEmpty else { return }
    if match.operation == .notEqual { named = Set(UInt8.min...UInt8.max).subtracting(named) }
    for family in packets { protocols[family] = named }
  }

  /// Whether all of a rule is in this; of a rule that reaches nothing known it never is.
  func contains(_ other: FlowReach) -> Bool {
    !other.protocols.isEmpty
      && other.protocols.allSatisfy { protocols[$0.key]?.isSuperset(of: $0.value) ?? false }
  }
}

struct FlowtableDisableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Take away what enable made",
    discussion: """
      Deletes in one batch the rules that enable added, then the chain, flowtable and table that it created, as far as \
      nothing else has come into them.

      EXAMPLES:
        ftctl flowtable disable
        ftctl flowtable disable --table fast --dry-run
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Names") var names: EnableNames

  @Flag(name: .customLong("dry-run"), help: "Have the kernel check the change, but change nothing")
  var isDryRun = false

  func run() throws {
    let family = try RulesetEditor.flowtableFamily(names.family)
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let place = "\(names.family) \(names.table)"
    try editor.requireFlowtables(for: "disable the fast path in \(place)")
    var removed: [String] = []
    var kept: [String] = []
    let isChanged = try editor.change(isTrial: isDryRun) { ruleset in
      removed = []
      kept = []
      var transaction = RulesetTransaction()
      let rules = ruleset.rules.filter {
        $0.family == family && $0.object.table == names.table && $0.object.chain == names.chain
          && EnableMark.of($0.object) != nil
      }.map(\.object)
      let made = rules.reduce(into: EnableMark()) { $0.formUnion(EnableMark.of($1) ?? []) }
      for rule in rules {
        transaction.append(
          try .deleteRule(family, names.table, rule.chain ?? "", handle: rule.handle ?? 0))
      }
      guard !rules.isEmpty else { return transaction }
      removed.append("\(rules.count) rules")
      var left = ruleset.table(family, names.table)?.use ?? 0
      if made.contains(.chain) {
        // A chain is used by its rules and by jumps to it.
        if ruleset.chain(family, names.table, names.chain)?.use == UInt32(rules.count) {
          transaction.append(try .deleteChain(family, names.table, names.chain))
          removed.append("chain '\(names.chain)'")
          left -= 1
        } else {
          kept.append("chain '\(names.chain)' has other rules")
        }
      }
      if made.contains(.flowtable) {
        let others = ruleset.flowRules(family, names.table, flowtable: names.name).filter {
          EnableMark.of($0) == nil
        }
        if others.isEmpty {
          transaction.append(try .deleteFlowtable(family, names.table, names.name))
          removed.append("flowtable '\(names.name)'")
          left -= 1
        } else {
          kept.append("flowtable '\(names.name)' is used by other rules")
        }
      }
      if made.contains(.table) {
        if left == 0 {
          transaction.append(try .deleteTable(family, names.table))
          removed.append("table")
        } else {
          kept.append("the table holds something else")
        }
      }
      return transaction
    }
    guard isChanged else {
      StandardError.report("the fast path is not enabled in \(place)")
      throw CommandFailure.nothingMatched
    }
    let verb = isDryRun ? "would take away from" : "took away from"
    StandardError.report("\(verb) \(place): \(removed.joined(separator: ", "))")
    for reason in kept { StandardError.report("kept: \(reason)") }
  }
}
