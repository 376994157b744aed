// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// The forms of numbers of flows.
enum CountForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .table, .json, .jsonl, .csv, .prometheus]
}

struct CountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "count", abstract: "Count flows, by state, protocol, source, tag or anything else",
    discussion: """
      Without --by, the number of flows; without a selection either, the kernel's own counter, at once. With --by, a \
      line for each combination of values, most flows first, added up while the table is read.

      EXAMPLES:
        ftctl count
        ftctl count --by state,offload --proto tcp
        ftctl count --by src --top 10 --where unreplied
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions<CountForms>

  @Option(
    name: .customLong("by"),
    help: ArgumentHelp(
      "Count for each value, or combination of values, of these: \(GroupingKey.allCases.map(\.rawValue).joined(separator: ", "))",
      valueName: "key[,…]"), completion: .list { GroupingKey.allCases.map(\.rawValue) })
  var grouping: String?

  @Option(help: ArgumentHelp("Show the largest so many groups (default: all)", valueName: "n"))
  var top: Int?

  func run() throws {
    let choice = try output.choice()
    let keys = try GroupingKey.parse(grouping)
    if let top, top < 1 { throw CommandFailure(.usage, "--top: it is at least 1, not \(top)") }
    if top != nil, keys.isEmpty { throw CommandFailure(.usage, "--top needs --by") }
    let query = try FlowQuery(selection)
    query.warnAboutMissingData()
    var report = CountReport(
      keys: keys, showsNamespace: global.isEveryNamespace, labels: query.labels)
    try global.forEachNamespace { namespace in
      if keys.isEmpty, query.isEverything {
        report.add(total: UInt64(try global.session().conntrackFill().entries), namespace: namespace)
        return
      }
      let carriers = try query.carriers(isShown: keys.contains(.flowtable))
      var groups = FlowGroups(keys)
      let summary = try query.forEach(in: try global.session(), carriers: carriers) { entry, _ in
        groups.add(entry, carriers: carriers)
        return true
      }
      FlowQuery.report(summary)
      if keys.isEmpty {
        report.add(total: UInt64(summary.entries), namespace: namespace)
      } else {
        report.add(groups, top: top, namespace: namespace)
      }
    }
    var buffer = OutputBuffer()
    report.write(choice.format, palette: global.palette, to: &buffer)
    try StandardOutput.flush(&buffer)
  }
}
