// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

struct FlushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flush",
    abstract: "Empty the conntrack table, or delete all that matches a selection at once",
    discussion: """
      Without a selection, all flows go; it asks on a terminal, and wants --yes elsewhere. With one, the kernel's own \
      filtered flush is used where the kernel can say the selection and is known to honour it (Linux 6.11; it is \
      probed first); else the table is read and what matches is deleted. Nothing matched is no failure.

      EXAMPLES:
        ftctl flush --yes
        ftctl flush --src 192.0.2.0/24
        ftctl flush --mark 7 --dry-run
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions

  @Flag(help: "Do not ask")
  var yes = false

  @Flag(name: .customLong("dry-run"), help: "Change nothing; say how many flows would be deleted")
  var isDryRun = false

  @Option(
    name: .customLong("report"), defaultAsFlag: "line", parsing: .next,
    help: ArgumentHelp(
      "Print each flow that is deleted, why and when; never by the kernel's filter (default form: line)",
      valueName: "line|json|jsonl"),
    completion: .list(ReportFormat.allCases.map(\.rawValue)))
  var report: String?

  func run() throws {
    let format = try report.map(ReportFormat.parse)
    let query = try FlowQuery(selection)
    query.warnAboutMissingData()
    try global.enterNamespace()
    if query.isEverything, format == nil {
      try flushAll()
      return
    }
    if query.isEverything, !isDryRun { try confirm(try global.session().conntrackFill().entries) }
    let session = try global.session()
    if format == nil, !isDryRun, let filter = KernelFilter(exactly: query.predicate),
      try session.honoursFilteredFlush()
    {
      try session.flushConntrack(filter)
      StandardError.report("all matching flow entries have been deleted, by the kernel's own filter.")
      return
    }
    var deletion = FlowDeletion(query, isDryRun: isDryRun, sparesLaterEntries: format != nil)
    try deletion.run(global, reportingAs: format, reason: query.isEverything ? "flush" : selection.words)
  }

  private func flushAll() throws {
    let session = try global.session()
    let entries = try session.conntrackFill().entries
    guard !isDryRun else {
      StandardError.report("\(entries) flow entries would be deleted.")
      return
    }
    try confirm(entries)
    try session.flushConntrack()
    StandardError.report("the conntrack table has been emptied; it had \(entries) flow entries.")
  }

  /// Asks on a terminal whether all flows shall go.
  ///
  /// - Throws: ``CommandFailure`` when they shall not, or when nobody can be asked.
  private func confirm(_ entries: UInt32) throws {
    guard !yes else { return }
    guard isatty(0) == 1, StandardError.isTerminal else {
      throw CommandFailure(
        .usage,
        "flush without a selection deletes all \(entries) flow entries and wants --yes where nobody can be asked"
      )
    }
    StandardError.write("delete all \(entries) flow entries? [y/N] ")
    let answer = readLine()?.lowercased() ?? ""
    guard answer == "y" || answer == "yes" else {
      throw CommandFailure(.failed, "nothing has been deleted")
    }
  }
}
