// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// The forms of flows.
enum ListForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .table, .json, .jsonl, .xml, .save, .csv]
  static let modifiers = OutputModifier.allCases
}

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the flows of the conntrack table",
    discussion: """
      Prints each flow as soon as the kernel sends it, in constant memory, and each once.

      EXAMPLES:
        ftctl list --proto tcp --state ESTABLISHED
        ftctl list -o table --where 'offload and bytes > 10M' --sort bytes --limit 20
        ftctl list --netns all -o jsonl | jq .original.src
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions<ListForms>
  @OptionGroup(title: "Tables") var table: TableOptions

  @Flag(name: [.customShort("z"), .long], help: "Set the counters of each flow to zero after reading them")
  var zero = false

  func run() throws {
    let choice = try output.choice()
    let query = try FlowQuery(selection)
    let limit = try table.checkedLimit(for: choice.format)
    // The kernel sets to zero whatever it sends, also what is then left out here.
    guard !zero || (query.isEverything && table.limit == nil) else {
      throw CommandFailure(.usage, "--zero is for the whole table: it goes with no selection and no --limit")
    }
    query.warnAboutMissingData()
    let shown: Int
    if choice.format == .table {
      var writer = try TableWriter(
        table, palette: global.palette, labels: query.labels, showsNamespace: global.isEveryNamespace)
      try global.forEachNamespace { namespace in
        let carriers = try query.carriers(isShown: writer.showsCarrier)
        FlowQuery.report(
          try query.forEach(in: try global.session(), carriers: carriers, isZeroingCounters: zero) {
            entry, now in
            try writer.append(entry, now: now, carrier: FlowCarrier.of(entry, carriers), namespace: namespace)
          })
      }
      try writer.finish()
      shown = writer.count
    } else {
      var renderer = FlowRenderer(choice, palette: global.palette, labels: query.labels)
      try global.forEachNamespace { namespace in
        guard renderer.count < limit else { return }
        renderer.setNamespace(namespace)
        let carriers = try query.carriers(isShown: renderer.showsCarrier)
        FlowQuery.report(
          try query.forEach(in: try global.session(), carriers: carriers, isZeroingCounters: zero) {
            entry, now in
            try renderer.append(entry, now: now, carrier: FlowCarrier.of(entry, carriers))
            return renderer.count < limit
          })
      }
      try renderer.finish()
      shown = renderer.count
    }
    StandardError.report("\(shown) flow entries have been shown.")
  }
}
