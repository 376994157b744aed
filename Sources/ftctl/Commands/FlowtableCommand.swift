// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

struct FlowtableCommand: SubcommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "flowtable", abstract: "Show and change flowtables",
    discussion: """
      EXAMPLES:
        ftctl flowtable list
        ftctl flowtable add inet filter fast --device eth0 eth1 --counter --ensure
        ftctl flowtable enable eth0 eth1
      """,
    subcommands: [
      FlowtableListCommand.self, FlowtableShowCommand.self, FlowtableAddCommand.self,
      FlowtableDeleteCommand.self,
      FlowtableEnableCommand.self, FlowtableDisableCommand.self,
    ])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// The forms of flowtables.
enum FlowtableListForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .table, .json, .prometheus]
}

struct FlowtableListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List flowtables with their flows, rules and devices",
    discussion: """
      In nft syntax, which 'nft -f' loads; what nft does not know stands behind number signs. With -o table for people, \
      with -j in the schema of libnftables-json, with -o prometheus for a textfile collector.

      EXAMPLES:
        ftctl flowtable list
        ftctl flowtable list inet filter -o table
        ftctl flowtable list --netns all -o prometheus
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Output") var output: OutputOptions<FlowtableListForms>

  @Argument(
    help: ArgumentHelp("Only those of this family and table", valueName: "family [table]"),
    completion: .custom { words, index, _ in LiveValues.flowtableWords(words, index) })
  var words: [String] = []

  func run() throws {
    let choice = try output.choice()
    guard words.count <= 2 else { throw CommandFailure(.usage, "list takes a family and a table at most") }
    let family = try words.first.map(RulesetEditor.flowtableFamily)
    let table = words.count > 1 ? words[1] : nil
    var listing = FlowtableListing()
    try global.forEachNamespace { namespace in
      let editor = RulesetEditor(session: try global.session())
      let ruleset = try editor.session.ruleset()
      try editor.requireFlowtables(for: "list flowtables", in: ruleset)
      if namespace == nil { try RulesetEditor.requirePlace(words, for: "list flowtables", in: ruleset) }
      try listing.read(editor.session, ruleset: ruleset, namespace: namespace) { description in
        (family ?? description.family) == description.family
          && (table ?? description.table) == description.table
      }
    }
    var buffer = OutputBuffer()
    listing.write(choice.format, palette: global.palette, to: &buffer)
    try StandardOutput.flush(&buffer)
    if listing.otherFlows > 0 {
      StandardError.report(
        "\(listing.otherFlows) offloaded flows go through devices of several flowtables, or of none listed")
    }
  }
}

struct FlowtableShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one flowtable",
    discussion: """
      As list, for one flowtable; the family is ip unless it is given, as in nft.

      EXAMPLES:
        ftctl flowtable show inet filter fast
        ftctl flowtable show inet filter fast -j
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Output") var output: OutputOptions<FlowtableListForms>

  @Argument(
    help: ArgumentHelp("The flowtable", valueName: "[family] table name"),
    completion: .custom { words, index, _ in LiveValues.flowtableWords(words, index) })
  var words: [String]

  func run() throws {
    let choice = try output.choice()
    let (family, table, name) = try RulesetEditor.name(words, "flowtable")
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let ruleset = try editor.session.ruleset()
    let operation = "show flowtable '\(name)' in \(NFTables.familyName(family)) \(table)"
    try editor.requireFlowtables(for: operation, in: ruleset)
    guard ruleset.flowtable(family, table, name) != nil else {
      throw RulesetRefusal(operation, .noSuchEntry, hint: Self.known(ruleset))
    }
    var listing = FlowtableListing()
    try listing.read(editor.session, ruleset: ruleset, namespace: nil) { description in
      description.family == family && description.table == table && description.name == name
    }
    var buffer = OutputBuffer()
    listing.write(choice.format, palette: global.palette, to: &buffer)
    try StandardOutput.flush(&buffer)
  }

  /// A hint with the flowtables that there are.
  static func known(_ ruleset: Ruleset) -> String {
    let names = ruleset.descriptions.map { "\(NFTables.familyName($0.family)) \($0.table) \($0.name)" }
    return names.isEmpty
      ? "there are no flowtables in this network namespace" : "there are: \(names.joined(separator: ", "))"
  }
}

struct FlowtableAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Create a flowtable, and its table where that is missing",
    discussion: """
      One batch: all of it or nothing. With --ensure an existing flowtable is brought into line instead: devices are \
      added and removed, where --device names any, counting is switched; the second time nothing changes.

      EXAMPLES:
        ftctl flowtable add inet filter fast --device eth0 eth1
        ftctl flowtable add inet filter fast --device 'lan*' --device wan0 --counter --ensure
        ftctl flowtable add ip nat hw --device eth0,eth1 --hw-offload --dry-run
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Argument(
    help: ArgumentHelp(
      "The flowtable; without a family it is ip, as in nft", valueName: "[family] table name"),
    completion: .custom { words, index, _ in LiveValues.flowtableWords(words, index) })
  var words: [String]

  @Option(
    name: [.customShort("d"), .customLong("device")], parsing: .upToNextOption,
    help: ArgumentHelp(
      "Devices whose packets take the fast path; NAME* stands for all that begin so (Linux 6.16)",
      valueName: "device"),
    completion: .list { LiveValues.devices() })
  var devices: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Priority of the ingress hook, smaller first (default: 0)", valueName: "n"))
  var priority: String?

  @Flag(
    help:
      "Count packets of the fast path in their conntrack entries (needs net.netfilter.nf_conntrack_acct=1)")
  var counter = false

  @Flag(
    name: .customLong("hw-offload"), help: "Hand flows to the hardware; every device's driver must be able to"
  )
  var offloadsToHardware = false

  @Flag(help: "Bring an existing flowtable into line instead of failing")
  var ensure = false

  @Flag(
    name: .customLong("dry-run"),
    help: "Print the change in nft syntax and have the kernel check it, but change nothing")
  var isDryRun = false

  func run() throws {
    let (family, table, name) = try RulesetEditor.name(words, "flowtable")
    try RulesetEditor.requireWords([table, name])
    let wanted = FlowtableDescription(
      family: family, table: table, name: name, priority: try priority.map(FlowtablePriority.parse) ?? 0,
      devices: try RulesetEditor.devices(devices), countsPackets: counter,
      offloadsToHardware: offloadsToHardware)
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let place = "flowtable '\(name)' in \(NFTables.familyName(family)) \(table)"
    var change = FlowtableChange()
    try editor.change(isTrial: isDryRun) { ruleset in
      if ensure, let existing = ruleset.flowtable(family, table, name),
        let current = FlowtableDescription(family: family, existing)
      {
        var wanted = wanted
        if devices.isEmpty { wanted.devices = current.devices }
        if priority == nil { wanted.priority = current.priority }
        change = try FlowtableChange(from: current, to: wanted)
      } else {
        change = try FlowtableChange(creating: wanted, makesTable: ruleset.table(family, table) == nil)
      }
      return change.transaction
    }
    if isDryRun {
      var buffer = OutputBuffer()
      for line in change.commands { buffer.append(text: line + "\n") }
      try StandardOutput.flush(&buffer)
    }
    let would = isDryRun ? "would be " : ""
    StandardError.report(
      change.summary.isEmpty
        ? "\(place) unchanged" : "\(place) \(would)\(change.summary.joined(separator: "; "))")
  }
}

struct FlowtableDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a flowtable, or take devices from it",
    discussion: """
      Its flows go on along the normal path. With --device only these devices are taken from it. A flowtable that rules \
      use is not deleted, unless --force deletes these rules in the same batch.

      EXAMPLES:
        ftctl flowtable delete inet filter fast
        ftctl flowtable delete inet filter fast --force --dry-run
        ftctl flowtable delete inet filter fast --device eth1
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Argument(
    help: ArgumentHelp(
      "The flowtable; without a family it is ip, as in nft", valueName: "[family] table name"),
    completion: .custom { words, index, _ in LiveValues.flowtableWords(words, index) })
  var words: [String]

  @Option(
    name: [.customShort("d"), .customLong("device")], parsing: .upToNextOption,
    help: ArgumentHelp("Take only these devices from it", valueName: "device"),
    completion: .list { LiveValues.devices() })
  var devices: [String] = []

  @Flag(help: "Delete the rules that use it in the same batch")
  var force = false

  @Flag(help: "Do nothing, and do not fail, when it is gone already")
  var ensure = false

  @Flag(
    name: .customLong("dry-run"),
    help: "Print the change in nft syntax and have the kernel check it, but change nothing")
  var isDryRun = false

  func run() throws {
    let (family, table, name) = try RulesetEditor.name(words, "flowtable")
    let devices = try RulesetEditor.devices(devices)
    if force, !devices.isEmpty {
      throw CommandFailure(.usage, "--force is for whole flowtables, not for devices")
    }
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let place = "flowtable '\(name)' in \(NFTables.familyName(family)) \(table)"
    try editor.requireFlowtables(for: "delete \(place)")
    var change = FlowtableChange()
    try editor.change(isTrial: isDryRun) { ruleset in
      change = FlowtableChange()
      guard let existing = ruleset.flowtable(family, table, name),
        let current = FlowtableDescription(family: family, existing)
      else {
        if ensure { return change.transaction }
        throw RulesetRefusal("delete \(place)", .noSuchEntry, hint: FlowtableShowCommand.known(ruleset))
      }
      if devices.isEmpty {
        let rules = force ? ruleset.flowRules(family, table, flowtable: name) : []
        try change.delete(current, rules: rules)
      } else {
        try change.remove(devices.filter { !ensure || current.devices.contains($0) }, from: current)
      }
      return change.transaction
    }
    if isDryRun {
      var buffer = OutputBuffer()
      for line in change.commands { buffer.append(text: line + "\n") }
      try StandardOutput.flush(&buffer)
    }
    let would = isDryRun ? "would be " : ""
    StandardError.report(
      change.summary.isEmpty
        ? "\(place) unchanged" : "\(place) \(would)\(change.summary.joined(separator: "; "))")
  }
}

/// A priority as nft reads it: a number, or `filter`, with a number added or taken away.
enum FlowtablePriority {
  static func parse(_ text: String) throws -> Int32 {
    do throws(SelectionError) {
      return try RulesetParser.priority(text, isFlowtable: true)
    } catch {
      throw CommandFailure(.usage, "--priority: \(error.message)")
    }
  }
}
