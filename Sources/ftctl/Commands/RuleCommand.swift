// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

struct RuleCommand: SubcommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "rule", abstract: "Show and change the rules that add flows to flowtables",
    discussion: """
      EXAMPLES:
        ftctl rule list
        ftctl rule add inet filter forward --flowtable fast --proto tcp,udp
        ftctl rule delete inet filter forward --handle 7
      """,
    subcommands: [RuleListCommand.self, RuleAddCommand.self, RuleDeleteCommand.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// What packets a rule is about: the same words add and delete it.
struct RuleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The flowtable that flows are added to, of the same table", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.flowtables() })
  var flowtable: String?

  @Option(
    name: .customLong("iif"),
    help: ArgumentHelp("Input devices, a comma between; NAME* alone", valueName: "device"),
    completion: .list(sign: "!") { LiveValues.devices() })
  var input: String?

  @Option(
    name: .customLong("oif"),
    help: ArgumentHelp("Output devices, a comma between; NAME* alone", valueName: "device"),
    completion: .list(sign: "!") { LiveValues.devices() })
  var output: String?

  @Option(
    name: [.customShort("p"), .customLong("proto")],
    help: ArgumentHelp("Layer 4 protocols, a comma between", valueName: "name"),
    completion: .list(sign: "!") { ["tcp", "udp", "gre"] })
  var proto: String?

  @Option(
    help: ArgumentHelp("Source ports or ranges, a comma between; needs --proto", valueName: "port[-port]"))
  var sport: String?

  @Option(
    help: ArgumentHelp(
      "Destination ports or ranges, a comma between; needs --proto", valueName: "port[-port]"))
  var dport: String?

  @Option(
    name: [.customShort("s"), .customLong("src")],
    help: ArgumentHelp("Source addresses, a comma between", valueName: "addr[/len]"))
  var source: String?

  @Option(
    name: [.customShort("d"), .customLong("dst")],
    help: ArgumentHelp("Destination addresses, a comma between", valueName: "addr[/len]"))
  var destination: String?

  @Option(
    name: .customLong("ct-state"),
    help: ArgumentHelp("States: established, related, new, invalid, untracked", valueName: "state[,…]"),
    completion: .list(sign: "!") { RuleValueText.states.map(\.name) })
  var state: String?

  @Option(
    name: .customLong("min-bytes"),
    help: ArgumentHelp(
      "Only flows that have had so many octets (needs net.netfilter.nf_conntrack_acct=1)", valueName: "n"))
  var minimumBytes: String?

  @Flag(help: "Count the flows that the rule adds")
  var counter = false

  @Option(help: ArgumentHelp("A comment, 127 octets at most", valueName: "text"))
  var comment: String?

  /// Whether nothing but perhaps a flowtable was said.
  var isEmpty: Bool {
    [input, output, proto, sport, dport, source, destination, state, minimumBytes, comment].allSatisfy {
      $0 == nil
    }
      && !counter && flowtable == nil
  }

  /// The rule that these words mean.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage that names the option.
  func rule(_ family: UInt8) throws -> FlowRule {
    guard let flowtable else { throw CommandFailure(.usage, "--flowtable NAME is missing") }
    if sport ?? dport != nil { try requirePorts() }
    var builder = FlowRuleBuilder(family: family)
    func add(_ option: String, _ field: RuleField, _ text: String?) throws {
      guard let text else { return }
      do throws(SelectionError) {
        try builder.append(field, words: text)
      } catch {
        throw CommandFailure(.usage, "\(option): \(error.message)")
      }
    }
    func isIPv6(_ text: String?) -> Bool { text?.contains(":") ?? false }
    try add("--iif", .inputName, input)
    try add("--oif", .outputName, output)
    try add("--proto", .layer4, proto)
    try add("--sport", .sourcePort, sport)
    try add("--dport", .destinationPort, dport)
    try add("--src", isIPv6(source) ? .ipv6Source : .ipv4Source, source)
    try add("--dst", isIPv6(destination) ? .ipv6Destination : .ipv4Destination, destination)
    try add("--ct-state", .state, state)
    if let minimumBytes {
      do throws(SelectionError) {
        try builder.append(
          RuleMatch(.bytes, .atLeast, .item(try RuleValueText.item(minimumBytes, of: .bytes))))
      } catch {
        throw CommandFailure(.usage, "--min-bytes: \(error.message)")
      }
    }
    builder.append(.flow(flowtable))
    if counter { builder.append(.counter(NFTables.Counters())) }
    if let comment {
      do throws(SelectionError) {
        try RulesetText.check(comment: comment)
      } catch {
        throw CommandFailure(.usage, "--comment: \(error.message)")
      }
    }
    return FlowRule(builder.statements, comment: comment)
  }

  /// Refuses ports where one of the protocols has none, as a selection does.
  private func requirePorts() throws {
    guard let proto else {
      throw CommandFailure(.usage, "ports need a protocol", hint: "add --proto tcp or --proto udp")
    }
    for word in proto.split(separator: ",") {
      // What is no protocol is refused as such.
      guard case .value(let number)? = try? RuleValueText.item(String(word), of: .layer4) else { continue }
      let port = FlowTest.port(.destination, 0...UInt16.max)
      if let reason = FlowPredicate.all([.test(.layer4(number[0])), .test(port)]).contradiction() {
        throw CommandFailure(.usage, "nothing can match: \(reason)")
      }
    }
  }
}

/// The forms of rules.
enum RuleListForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .table, .json]
}

struct RuleListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the rules that add flows to flowtables",
    discussion: """
      In nft syntax, in the blocks of their tables and chains, each with its handle; with -j in the schema of \
      libnftables-json.

      EXAMPLES:
        ftctl rule list
        ftctl rule list inet filter forward -j
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Output") var output: OutputOptions<RuleListForms>

  @Argument(
    help: ArgumentHelp("Only those of this family, table and chain", valueName: "family [table [chain]]"),
    completion: .custom { words, index, _ in LiveValues.chainWords(words, index) })
  var words: [String] = []

  func run() throws {
    let choice = try output.choice()
    guard words.count <= 3 else {
      throw CommandFailure(.usage, "list takes a family, a table and a chain at most")
    }
    let family = try words.first.map(RulesetEditor.flowtableFamily)
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let ruleset = try editor.session.ruleset()
    try editor.requireFlowtables(for: "list flow rules", in: ruleset)
    try RulesetEditor.requirePlace(words, for: "list flow rules", in: ruleset)
    let rules = ruleset.rules.filter { member in
      !member.object.flowtables.isEmpty && (family ?? member.family) == member.family
        && (words.count < 2 || member.object.table == words[1])
        && (words.count < 3 || member.object.chain == words[2])
    }
    var buffer = OutputBuffer()
    switch choice.format {
    case .json: writeJSON(rules, ruleset, to: &buffer)
    case .table: writeTable(rules, ruleset, to: &buffer)
    default: writeText(rules, ruleset, to: &buffer)
    }
    try StandardOutput.flush(&buffer)
  }

  private func writeText(
    _ rules: [Ruleset.Member<NFTables.Rule>], _ ruleset: Ruleset, to output: inout OutputBuffer
  ) {
    var open: (UInt8, String, String)?
    for member in rules {
      let place = (member.family, member.object.table ?? "", member.object.chain ?? "")
      if open.map({ $0 != place }) ?? true {
        if let open { output.append(text: open.0 == place.0 && open.1 == place.1 ? "\t}\n" : "\t}\n}\n") }
        if open.map({ $0.0 != place.0 || $0.1 != place.1 }) ?? true {
          output.append(text: "table \(NFTables.familyName(place.0)) \(RulesetText.name(place.1)) {\n")
        }
        output.append(text: "\tchain \(RulesetText.name(place.2)) {\n")
        if let base = ruleset.chain(place.0, place.1, place.2)?.base {
          output.append(text: "\t\t\(base.text)\n")
        }
        open = place
      }
      let rule = FlowRule(member.object, family: member.family, in: ruleset)
      output.append(
        text: "\t\t\(FlowtableListing.oneLine(rule.text)) # handle \(member.object.handle ?? 0)\n")
    }
    if open != nil { output.append("\t}\n}\n") }
  }

  private func writeTable(
    _ rules: [Ruleset.Member<NFTables.Rule>], _ ruleset: Ruleset, to output: inout OutputBuffer
  ) {
    var rows = [["FAMILY", "TABLE", "CHAIN", "HANDLE", "FLOWTABLE", "RULE"]]
    for member in rules {
      rows.append([
        NFTables.familyName(member.family), member.object.table ?? "", member.object.chain ?? "",
        "\(member.object.handle ?? 0)", member.object.flowtables.joined(separator: ","),
        FlowRule(member.object, family: member.family, in: ruleset).text,
      ])
    }
    AlignedText.write(rows, palette: global.palette, to: &output)
  }

  private func writeJSON(
    _ rules: [Ruleset.Member<NFTables.Rule>], _ ruleset: Ruleset, to output: inout OutputBuffer
  ) {
    let objects = rules.map { member in
      let rule = FlowRule(member.object, family: member.family, in: ruleset)
      return JSONValue.object([
        (
          "rule",
          .object([
            ("family", .string(NFTables.familyName(member.family))),
            ("table", .string(member.object.table ?? "")),
            ("chain", .string(member.object.chain ?? "")), ("handle", .number(member.object.handle ?? 0)),
            ("comment", rule.comment.map { .string($0) }), ("expr", .array(rule.json)),
          ])
        )
      ])
    }
    let root = JSONValue.object([("nftables", .array([RulesetText.metainfo] + objects))])
    output.append(text: root.description + "\n")
  }
}

struct RuleAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a rule that adds flows to a flowtable",
    discussion: """
      At the chain's end, unless --position or --insert say otherwise. A packet that an earlier rule accepts never comes \
      to it. --counter counts the flows that the rule adds, not their packets.

      EXAMPLES:
        ftctl rule add inet filter forward --flowtable fast --proto tcp,udp --insert
        ftctl rule add inet filter forward --flowtable fast --proto tcp --dport 443,8000-8100 --min-bytes 1M
        ftctl rule add inet filter fwd --create-chain --flowtable fast --ct-state established --ensure
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Rule") var options: RuleOptions

  @Argument(
    help: ArgumentHelp("The chain; without a family it is ip, as in nft", valueName: "[family] table chain"),
    completion: .custom { words, index, _ in LiveValues.chainWords(words, index) })
  var words: [String]

  @Option(
    help: ArgumentHelp("Behind the rule with this handle; with --insert, before it", valueName: "handle"))
  var position: UInt64?

  @Flag(help: "At the chain's beginning instead of its end")
  var insert = false

  @Flag(
    name: .customLong("create-chain"),
    help: "Make the chain, attached to forward with priority 0, where it is missing")
  var createsChain = false

  @Flag(help: "Do nothing when the chain has the same rule already")
  var ensure = false

  @Flag(
    name: .customLong("dry-run"),
    help: "Print the change in nft syntax and have the kernel check it, but change nothing")
  var isDryRun = false

  func run() throws {
    let (family, table, chain) = try RulesetEditor.name(words, "chain")
    let rule = try options.rule(family)
    try RulesetEditor.requireWords([table, chain] + (options.flowtable.map { [$0] } ?? []))
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let place = "\(NFTables.familyName(family)) \(table)"
    let operation = "add a rule to chain '\(chain)' in \(place)"
    try editor.requireFlowtables(for: operation)
    var commands: [String] = []
    var makesChain = false
    let isChanged = try editor.change(isTrial: isDryRun) { ruleset in
      var transaction = RulesetTransaction()
      commands = []
      makesChain = false
      if ensure,
        ruleset.flowRules(family, table).contains(where: {
          $0.chain == chain && FlowRule($0, family: family, in: ruleset).meaning == rule.meaning
        })
      {
        return transaction
      }
      if createsChain, ruleset.chain(family, table, chain) == nil {
        makesChain = true
        let base = BaseChain(hook: BaseChain.forwardHook, policy: 1)
        transaction.append(try .addChain(family, table, chain, base: base))
        commands.append("add chain \(place) \(RulesetText.name(chain)) { \(base.text) }")
      }
      try transaction.add(rule, family, table, chain, at: rulePlace, operation: operation)
      let handle = position.map { " position \($0)" } ?? ""
      commands.append(
        "\(insert ? "insert" : "add") rule \(place) \(RulesetText.name(chain))\(handle) \(rule.text)")
      return transaction
    }
    guard isChanged else {
      StandardError.report("chain '\(chain)' in \(place) has this rule already: unchanged")
      return
    }
    guard !isDryRun else {
      var buffer = OutputBuffer()
      for line in commands { buffer.append(text: line + "\n") }
      try StandardOutput.flush(&buffer)
      return
    }
    StandardError.report(
      "rule added to chain '\(chain)' in \(place)\(makesChain ? ", which was created" : "")")
  }

  private var rulePlace: RulesetMessage.RulePlace {
    switch (position, insert) {
    case (let position?, true): .before(position)
    case (let position?, false): .after(position)
    case (nil, true): .atStart
    case (nil, false): .atEnd
    }
  }
}

struct RuleDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete rules that add flows to flowtables",
    discussion: """
      By handle, or by the words that added it. Flows that were added go on; 'ftctl offload clear' ends them.

      EXAMPLES:
        ftctl rule delete inet filter forward --handle 7
        ftctl rule delete inet filter forward --flowtable fast --proto tcp,udp
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Rule") var options: RuleOptions

  @Argument(
    help: ArgumentHelp("The chain; without a family it is ip, as in nft", valueName: "[family] table chain"),
    completion: .custom { words, index, _ in LiveValues.chainWords(words, index) })
  var words: [String]

  @Option(help: ArgumentHelp("The rule with this handle", valueName: "n"))
  var handle: UInt64?

  @Flag(
    name: .customLong("dry-run"),
    help: "Print the change in nft syntax and have the kernel check it, but change nothing")
  var isDryRun = false

  func run() throws {
    let (family, table, chain) = try RulesetEditor.name(words, "chain")
    if handle != nil, !options.isEmpty {
      throw CommandFailure(.usage, "delete takes --handle, or the words of the rule, not both")
    }
    guard handle != nil || options.flowtable != nil else {
      throw CommandFailure(
        .usage, "delete needs --handle, or --flowtable and the words that added the rule",
        hint: "'ftctl rule list' shows the rules with their handles")
    }
    let wanted = handle == nil ? try options.rule(family).meaning : nil
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let place = "\(NFTables.familyName(family)) \(table)"
    try editor.requireFlowtables(for: "delete a rule of chain '\(chain)' in \(place)")
    var deleted: [(handle: UInt64, text: String)] = []
    let isChanged = try editor.change(isTrial: isDryRun) { ruleset in
      deleted = []
      var transaction = RulesetTransaction()
      guard ruleset.chain(family, table, chain) != nil else {
        throw RulesetRefusal(
          "delete a rule of chain '\(chain)' in \(place)", .noSuchEntry,
          hint: "'ftctl rule list' shows the flow rules that there are")
      }
      for member in ruleset.rules
      where member.family == family && member.object.table == table && member.object.chain == chain {
        guard let number = member.object.handle else { continue }
        let rule = FlowRule(member.object, family: family, in: ruleset)
        if let handle {
          guard number == handle else { continue }
          guard rule.flowtable != nil else {
            throw CommandFailure(
              .failed, "cannot delete rule \(handle) of chain '\(chain)' in \(place): it adds no flows",
              hint: "other rules are nft's: 'nft delete rule \(place) \(chain) handle \(handle)'")
          }
        } else {
          guard rule.meaning == wanted else { continue }
        }
        transaction.append(try .deleteRule(family, table, chain, handle: number))
        deleted.append((number, rule.text))
      }
      return transaction
    }
    guard isChanged else {
      StandardError.report("no such rule in chain '\(chain)' of \(place)")
      StandardError.hint("'ftctl rule list' shows the flow rules that there are")
      throw CommandFailure.nothingMatched
    }
    if isDryRun {
      var buffer = OutputBuffer()
      for rule in deleted {
        buffer.append(text: "delete rule \(place) \(RulesetText.name(chain)) handle \(rule.handle)\n")
      }
      try StandardOutput.flush(&buffer)
    }
    for rule in deleted {
      StandardError.report(
        "rule \(rule.handle) \(isDryRun ? "would be " : "")deleted: \(FlowtableListing.oneLine(rule.text))")
    }
  }
}
