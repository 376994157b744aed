// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

struct AnnotateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "annotate", abstract: "Change mark, labels, timeout or helper of the flows of a selection",
    discussion: """
      Prints each flow that changes with the old values and the new ones; flows that are as wanted already are left \
      alone. A flow that ended meanwhile is counted, and no error. Ends with status 3 when nothing matched.

      A new mark with a mask changes the mask's bits alone. A helper cannot be given to a flow that lives without one, \
      nor be replaced: the kernel takes it when a flow begins.

      EXAMPLES:
        ftctl annotate --src 192.0.2.7 --set-mark 0x10/0xf0
        ftctl annotate -p tcp --dport 443 --set-label web --clear-label new --dry-run
        ftctl annotate --where 'udp and unreplied' --set-timeout 10s
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Changes") var change: ChangeOptions

  @Option(
    name: .customLong("set-mark"),
    help: ArgumentHelp(
      "New mark: decimal, 0x hexadecimal or octal; only the mask's bits change", valueName: "value[/mask]"))
  var mark: String?

  @Option(
    name: .customLong("set-label"), parsing: .upToNextOption,
    help: ArgumentHelp("Set these labels: names or bit numbers", valueName: "name"),
    completion: .list { LiveValues.labels() })
  var setLabels: [String] = []

  @Option(
    name: .customLong("clear-label"), parsing: .upToNextOption,
    help: ArgumentHelp("Clear these labels: names, bit numbers, or all", valueName: "name"),
    completion: .list { LiveValues.labels() + ["all"] })
  var clearedLabels: [String] = []

  @Option(
    name: .customLong("set-timeout"),
    help: ArgumentHelp(
      "Let the flow expire in so many seconds from now, or 5m, 2h, 1d", valueName: "duration"))
  var timeout: String?

  @Option(
    name: .customLong("set-helper"),
    help: ArgumentHelp("The flow's helper: a flow without one cannot get one", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.helpers() })
  var helper: String?

  func run() throws {
    let format = try change.report.map(ReportFormat.parse) ?? .line
    let query = try FlowQuery(selection)
    let wanted = try annotation(labels: query.labels)
    guard !wanted.isEmpty else {
      throw CommandFailure(
        .usage, "annotate needs something to change",
        hint: "--set-mark, --set-label, --clear-label, --set-timeout or --set-helper")
    }
    query.warnAboutMissingData()
    try global.enterNamespace()
    var work = FlowAnnotation(
      query, wanted, isDryRun: change.isDryRun,
      report: ChangeReport(
        format, action: change.isDryRun ? "would change" : "changed", reason: selection.words,
        palette: global.palette, labels: query.labels))
    do {
      try work.run(global)
    } catch {
      work.finish()
      throw error
    }
    work.finish()
    try work.checkReport()
    guard work.matched > 0 || change.allowsNone else { throw CommandFailure.nothingMatched }
  }

  /// What to change.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage, one line that names the option.
  private func annotation(labels: ConntrackLabelMap) throws -> ConntrackUpdate {
    let parser = FlowValueParser(labelNames: labels)
    var update = ConntrackUpdate()
    func option<Value>(_ name: String, _ parse: () throws -> Value) throws -> Value {
      do {
        return try parse()
      } catch let error as SelectionError {
        throw CommandFailure(.usage, "\(name): \(error.message)")
      }
    }
    if let mark {
      let (value, mask) = try option("--set-mark") { try parser.mark(mark) }
      update.mark = MaskedMark(value, mask: mask)
    }
    var set = ConntrackLabels()
    var cleared = ConntrackLabels()
    for word in setLabels {
      let more = try option("--set-label") { try parser.labels(word) }
      set = ConntrackLabels(low: set.low | more.low, high: set.high | more.high)
    }
    for word in clearedLabels {
      let all = ConntrackLabels(low: .max, high: .max)
      let more = word == "all" ? all : try option("--clear-label") { try parser.labels(word) }
      cleared = ConntrackLabels(low: cleared.low | more.low, high: cleared.high | more.high)
    }
    if !setLabels.isEmpty || !clearedLabels.isEmpty {
      if !clearedLabels.contains("all"), set.low & cleared.low | set.high & cleared.high != 0 {
        throw CommandFailure(.usage, "--set-label and --clear-label name the same label")
      }
      update.labels = MaskedLabels(setting: set, clearing: cleared)
    }
    if let timeout {
      let seconds = try option("--set-timeout") { try parser.duration(timeout) }
      update.timeout = try EntryTimeout.seconds(seconds, of: "--set-timeout")
    }
    if let helper {
      guard !helper.isEmpty, helper.utf8.count < 16, !helper.utf8.contains(0) else {
        throw CommandFailure(.usage, "--set-helper: a helper's name has 1 to 15 octets")
      }
      update.helper = helper
    }
    return update
  }
}
