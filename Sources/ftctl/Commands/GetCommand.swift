// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// The forms of particular flows.
enum GetForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .json, .jsonl, .xml, .save, .csv]
  static let modifiers = OutputModifier.allCases
}

struct GetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Show particular flows, and fail when there are none",
    discussion: """
      As list, but needs a selection, and ends with status 3 when nothing matched.

      EXAMPLES:
        ftctl get -p tcp -s 192.0.2.2 --sport 40000 -d 198.51.100.2 --dport 443
        ftctl get --where 'src == 192.0.2.2 and unreplied' -j
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions<GetForms>

  func run() throws {
    let choice = try output.choice()
    let query = try FlowQuery(selection)
    guard !query.isEverything else {
      throw CommandFailure(.usage, "get needs a selection", hint: "'ftctl list' shows all flows")
    }
    try global.enterNamespace()
    var renderer = FlowRenderer(choice, palette: global.palette, labels: query.labels)
    let carriers = try query.carriers(isShown: renderer.showsCarrier)
    query.warnAboutMissingData()
    FlowQuery.report(
      try query.forEach(in: try global.session(), carriers: carriers) { entry, now in
        try renderer.append(entry, now: now, carrier: FlowCarrier.of(entry, carriers))
        return true
      })
    let shown = renderer.count
    if shown > 0 || choice.format == .json { try renderer.finish() }
    StandardError.report("\(shown) flow entries have been shown.")
    guard shown > 0 else { throw CommandFailure.nothingMatched }
  }
}
