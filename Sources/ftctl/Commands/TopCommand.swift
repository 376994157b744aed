// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import CNetfilter
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Watch the flows that carry most",
    discussion: """
      Reads the table again and again, and shows what each flow has carried since the look before. On a terminal, keys: \
      b bits, p packets, t total octets (what to sort by), space to pause, q to end. On a pipe, one table for each look. \
      Packets have to be counted: sysctl net.netfilter.nf_conntrack_acct=1; those of a flowtable, by its flag counter.

      EXAMPLES:
        ftctl top
        ftctl top --where 'not offload' --sort pktrate
        ftctl top --count 2 --interval 5 --limit 10 | tail -11
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Tables") var table: TableOptions

  @Option(
    help: ArgumentHelp("Seconds between two looks (default: 2)", valueName: "seconds"))
  var interval = 2.0

  @Option(help: ArgumentHelp("End after so many tables (default: none)", valueName: "n"))
  var count: Int?

  private static let columns: [TableColumn] = [
    .bitrate, .pktrate, .bytes, .proto, .state, .source, .destination, .tag,
  ]

  func run() throws {
    guard interval >= 0.1, interval <= 86_400 else {
      throw CommandFailure(.usage, "--interval: it is from 0.1 to 86400 seconds, not \(interval)")
    }
    guard (count ?? 1) > 0 else {
      throw CommandFailure(.usage, "--count: it is at least 1, not \(count ?? 0)")
    }
    let query = try FlowQuery(selection)
    var options = table
    options.sort = table.sort ?? TableColumn.bitrate.rawValue
    _ = try table.checkedLimit(for: .table)
    // What is wrong with the options is said before the first look.
    _ = try TableWriter(
      options, palette: .none, labels: query.labels, showsNamespace: false, usual: Self.columns)
    try global.enterNamespace()
    if SystemFile.netfilterSetting("nf_conntrack_acct") == 0 {
      StandardError.hint(
        "flows are not counted here: \(SystemFile.advice("nf_conntrack_acct", 1)), for new flows")
    }
    let signals = try retryingInterrupts("wait for signals") { ftctl_signal_descriptor() }
    defer { close(signals) }
    let page = TerminalPage()
    var rates = FlowRates()
    // The first look tells what there is, not what it carries.
    try look(query, &rates) { _, _, _ in }
    var shown = 0
    var isPaused = false
    while try wait(signals, page, &options, &isPaused) {
      if isPaused { continue }
      page?.clear()
      if page != nil { options.limit = table.limit ?? (page?.rows ?? 24) - 2 }
      var writer = try TableWriter(
        options, palette: global.palette, labels: query.labels, showsNamespace: false, usual: Self.columns)
      let carriers = try query.carriers(isShown: writer.showsCarrier)
      try look(query, &rates) { entry, now, rate in
        _ = try writer.append(
          entry, now: now, carrier: FlowCarrier.of(entry, carriers), namespace: nil, rate: rate)
      }
      try writer.finish()
      shown += 1
      if shown == count { return }
    }
  }

  /// Reads the table once.
  private func look(
    _ query: FlowQuery, _ rates: inout FlowRates,
    _ body: (borrowing ConntrackEntry, Int64, FlowRate?) throws -> Void
  ) throws {
    rates.begin(now: Clock.monotonicSeconds())
    let carriers = try query.carriers(isShown: false)
    FlowQuery.report(
      try query.forEach(in: try global.session(), carriers: carriers) { entry, now in
        try body(entry, now, rates.note(entry))
        return true
      })
  }

  /// Waits for the next look.
  ///
  /// - Returns: false when a signal, the key q, or a reader that has gone ends it.
  private func wait(
    _ signals: Int32, _ page: TerminalPage?, _ options: inout TableOptions, _ isPaused: inout Bool
  ) throws -> Bool {
    var waits = [
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: 1, events: 0, revents: 0),  // a reader that closes the pipe raises POLLERR
      pollfd(fd: page == nil ? -1 : 0, events: Int16(POLLIN), revents: 0),
    ]
    // Safe: poll reads and writes the array's three elements.
    let ready = unsafe poll(&waits, 3, isPaused ? -1 : Int32(interval * 1000))
    if waits[0].revents != 0 || waits[1].revents & Int16(POLLERR) != 0 { return false }
    guard ready > 0, waits[2].revents != 0 else { return true }
    switch page?.key() {
    case UInt8(ascii: "q"), nil: return false
    case UInt8(ascii: "b"): options.sort = TableColumn.bitrate.rawValue
    case UInt8(ascii: "p"): options.sort = TableColumn.pktrate.rawValue
    case UInt8(ascii: "t"): options.sort = TableColumn.bytes.rawValue
    case UInt8(ascii: " "): isPaused.toggle()
    default: break
    }
    return true
  }
}
