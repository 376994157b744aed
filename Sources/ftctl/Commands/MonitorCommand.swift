// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// The forms of events.
enum MonitorForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .jsonl, .json, .xml, .save, .csv]
  static let modifiers = OutputModifier.allCases
}

struct MonitorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "monitor", abstract: "Print flows as they come, change and go",
    discussion: """
      Prints the kernel's events, and as events of its own flows that take the fast path ([OFFLOAD]) or leave it \
      ([CLASSIC]). When the kernel had to drop events, says so on stderr, reads the table, and prints what was missed, \
      so that what it has printed is again the kernel's table. SIGINT ends it with a summary.

      EXAMPLES:
        ftctl monitor --events new,destroy --proto tcp --dport 443
        ftctl monitor --events offload,classic -o timestamp
        ftctl monitor -o jsonl --where 'dst in 198.51.100.0/24'
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions<MonitorForms>

  @Option(
    name: [.letter("e"), .customLong("events"), .customLong("event-mask")],
    help: ArgumentHelp(
      "Events to print: new, update, destroy, offload, classic, all (default: all)", valueName: "event[,…]"),
    completion: .list(ignoresCase: true) { FlowEvent.allCases.map(\.word) + ["all"] })
  var events: String?

  @Option(
    name: [.letter("b"), .customLong("buffer-size")],
    help: ArgumentHelp(
      "Receive buffer in octets; k, M, G, Ki, Mi, Gi may follow (default: 32Mi)", valueName: "octets"))
  var bufferSize: String?

  @Option(
    name: .customLong("offload-interval"),
    help: ArgumentHelp(
      "Seconds between two looks at the tags, which change without an event; 0 is never (default: 1; longer on large tables)",
      valueName: "seconds"))
  var offloadInterval: Double = 1

  func run() throws {
    let choice = try output.choice()
    let query = try FlowQuery(selection)
    let wanted = try FlowEvent.parse(events)
    let size = try bufferOctets()
    guard offloadInterval >= 0, offloadInterval <= 86_400 else {
      throw CommandFailure(
        .usage, "--offload-interval: it is from 0 to 86400 seconds, not \(offloadInterval)")
    }
    try global.enterNamespace()
    let source = try ConntrackEventSource(receiveBuffer: size)
    var monitor = try FlowMonitor(
      source: source, query: query, events: wanted, openSession: global.session,
      renderer: FlowRenderer(choice, palette: global.palette, labels: query.labels, isLive: true),
      offloadInterval: offloadInterval)
    try monitor.run()
  }

  private func bufferOctets() throws -> Int32 {
    guard let bufferSize else { return 32 << 20 }
    do {
      let octets = try FlowValueParser().size(bufferSize)
      guard (1...UInt64(1 << 30)).contains(octets) else {
        throw SelectionError("it is from 1 octet to 1Gi")
      }
      return Int32(octets)
    } catch let error as SelectionError {
      throw CommandFailure(.usage, "--buffer-size: \(error.message)")
    }
  }
}

extension FlowEvent {
  /// The word that `--events` and JSON use.
  var word: String {
    switch self {
    case .new: "new"
    case .update: "update"
    case .destroy: "destroy"
    case .offload: "offload"
    case .classic: "classic"
    }
  }

  /// Reads `--events`.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage.
  static func parse(_ text: String?) throws -> Set<FlowEvent> {
    guard let text else { return Set(allCases) }
    var result: Set<FlowEvent> = []
    for word in text.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
      if word == "all" {
        result.formUnion(allCases)
      } else if let event = allCases.first(where: { $0.word == word || $0.word + "s" == word }) {
        result.insert(event)
      } else {
        throw CommandFailure(
          .usage, "--events: unknown event '\(word)'",
          hint: "there are: \(allCases.map(\.word).joined(separator: ", ")), all")
      }
    }
    return result
  }
}
