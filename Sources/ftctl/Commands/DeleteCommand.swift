// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// Options of what changes many flows at once.
struct ChangeOptions: ParsableArguments {
  @Flag(name: .customLong("dry-run"), help: "Change nothing; print what would be changed")
  var isDryRun = false

  @Flag(name: .customLong("allow-none"), help: "End with status 0, not 3, when nothing matched")
  var allowsNone = false

  @Option(
    name: .customLong("report"), defaultAsFlag: "line", parsing: .next,
    help: ArgumentHelp(
      "Print each flow with what was done to it, why and when (default form: line)",
      valueName: "line|json|jsonl"),
    completion: .list(ReportFormat.allCases.map(\.rawValue)))
  var report: String?

  /// The form of the report; a dry run always has one.
  func reportFormat() throws -> ReportFormat? {
    if let report { return try ReportFormat.parse(report) }
    return isDryRun ? .line : nil
  }
}

struct DeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete the flows of a selection",
    discussion: """
      Deletes each flow by its tuple, zone and id, and never one that took its place since it was looked at: each is \
      held in memory, looked at again, and spared if it is no longer what was selected. A flow that ended meanwhile \
      is counted, and no error. Ends with status 3 when nothing matched.

      EXAMPLES:
        ftctl delete --src 192.0.2.7
        ftctl delete --where 'udp and unreplied and dport == 53' --dry-run
        ftctl delete --mark 0x10/0xf0 --report jsonl --allow-none
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Changes") var change: ChangeOptions

  func run() throws {
    let format = try change.reportFormat()
    let query = try FlowQuery(selection)
    guard !query.isEverything else {
      throw CommandFailure(.usage, "delete needs a selection", hint: "'ftctl flush' deletes all flows")
    }
    query.warnAboutMissingData()
    try global.enterNamespace()
    var deletion = FlowDeletion(query, isDryRun: change.isDryRun)
    try deletion.run(global, reportingAs: format, reason: selection.words)
    guard deletion.matched > 0 || change.allowsNone else { throw CommandFailure.nothingMatched }
  }
}

extension FlowDeletion {
  /// Does it, reports each flow on standard output where a form is given, and says on stderr what was done.
  ///
  /// - Parameters:
  ///   - options: the namespace's sessions.
  ///   - format: of the report; nil is none.
  ///   - reason: why flows are deleted.
  ///   - verb: what is done, for the count.
  ///   - each: told of each flow as well.
  /// - Throws: ``NetlinkError`` or ``Interruption``, after what has been done was reported; ``CommandFailure`` when all
  ///   was done but not reported.
  mutating func run(
    _ options: GlobalOptions, reportingAs format: ReportFormat?, reason: String, verb: String = "deleted",
    each: (borrowing ConntrackEntry) -> Void = { _ in }
  ) throws {
    guard let format else {
      do {
        try run(options, each)
      } catch {
        if deleted > 0 { reportCounts(verb) }
        throw error
      }
      reportCounts(verb)
      return
    }
    var report = ChangeReport(
      format, action: isDryRun ? "would delete" : "deleted", reason: reason, palette: options.palette,
      labels: query.labels)
    do {
      try run(options) { entry in
        each(entry)
        report.append(entry)
      }
    } catch {
      report.finish()
      if deleted > 0 { reportCounts(verb) }
      throw error
    }
    report.finish()
    reportCounts(verb)
    try report.check()
  }
}
