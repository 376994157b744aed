// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

/// The forms of the statistics.
enum StatsForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .table, .json, .jsonl, .csv, .prometheus]
}

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show how full the table is and what it has dropped",
    discussion: """
      Sums the counters of all CPUs since boot; of a userspace engine also how often it took each decision. When the table is at least nine tenths full, the sources that fill it \
      follow on stderr.

      EXAMPLES:
        ftctl stats
        ftctl stats --per-cpu -o table
        ftctl stats --netns all -o prometheus > /var/lib/node_exporter/ftctl.prom
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Output") var output: OutputOptions<StatsForms>

  @Flag(name: .customLong("per-cpu"), help: "A column for each CPU instead of the sum alone")
  var isPerCPU = false

  func run() throws {
    let choice = try output.choice()
    var report = StatsReport(isPerCPU: isPerCPU)
    try global.forEachNamespace { namespace in
      let session = try global.session()
      let fill = try session.conntrackFill()
      report.add(
        fill, try session.conntrackStatistics(), namespace: namespace, decisions: EngineHostQuery.decisions())
      if fill.isNearlyFull { try explainFill(fill, namespace: namespace) }
    }
    var buffer = OutputBuffer()
    report.write(choice.format, palette: global.palette, to: &buffer)
    try StandardOutput.flush(&buffer)
  }

  /// Says who fills a table that is nearly full.
  private func explainFill(_ fill: ConntrackFill, namespace: String?) throws {
    var sources = FlowGroups([.src])
    var states = FlowGroups([.proto, .state])
    _ = try global.session().dumpConntrack { entry in
      sources.add(entry, carriers: nil)
      states.add(entry, carriers: nil)
      return true
    }
    let place = namespace.map { " of '\($0)'" } ?? ""
    StandardError.report(
      "the conntrack table\(place) is \(fill.percent ?? 0) % full: \(fill.entries) of \(fill.maximum ?? 0) entries"
    )
    func describe(_ groups: FlowGroups) -> String {
      groups.sorted.prefix(5).map { group in
        let words = group.values.map { value in
          switch value {
          case .address(let address): "\(address)"
          case .text(let text): text
          case .number(let number): "\(number)"
          case .labels: ""
          }
        }
        return "\(words.joined(separator: " ")) (\(group.flows))"
      }.joined(separator: ", ")
    }
    StandardError.report("most flows by source: \(describe(sources))")
    StandardError.report("most flows by state: \(describe(states))")
    let advice = SystemFile.advice("nf_conntrack_max", UInt64(fill.maximum ?? 0) * 2)
    StandardError.hint("\(advice), or see 'ftctl count --by src,state' and 'ftctl delete'")
  }
}

extension ConntrackFill {
  /// Hundredths of the limit, rounded down.
  var percent: UInt64? {
    maximum.flatMap { $0 == 0 ? nil : UInt64(entries) * 100 / UInt64($0) }
  }

  /// Nine tenths or more.
  var isNearlyFull: Bool { (percent ?? 0) >= 90 }
}
