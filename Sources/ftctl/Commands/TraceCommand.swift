// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import CNetfilter
import NetfilterClient
import NetlinkWire

/// The forms of steps of packets.
enum TraceForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .json, .jsonl]
}

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Follow packets through a running userspace engine, step by step",
    discussion: """
      For each packet of the selected flows what it met, one line each: the flowtable, hooks with their rules and \
      verdicts, conntrack, translation, route, neighbour, the frames that left, and why it was passed up or dropped. While \
      somebody traces, all packets take the slower way of single ones. Ends with SIGINT.

      EXAMPLES:
        ftctl --userspace trace 'tcp and dport 443'
        ftctl --userspace trace -s 192.0.2.2 --count 10 -o jsonl
        ftctl --userspace trace --flow -p udp --dport 53
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions<TraceForms>

  @Option(
    help: ArgumentHelp("Packets that arrive on this device", valueName: "device"),
    completion: .custom { _, _, _ in LiveValues.devices() })
  var input: String?

  @Option(help: ArgumentHelp("End after so many packets (default: none)", valueName: "n"))
  var count: Int?

  @Flag(help: "Follow the flow of the first packet alone, until its conntrack entry is gone")
  var flow = false

  @Flag(help: "Show rules that did not match, too")
  var rules = false

  @Argument(help: "Flows, as --where takes them")
  var expression: String?

  func validate() throws {
    guard global.userspace else {
      throw ValidationError("trace needs --userspace: a kernel's packets are followed by 'nft monitor trace'")
    }
    guard selection.where.isEmpty || expression == nil else {
      throw ValidationError("trace takes one expression: the argument, or --where")
    }
    if let count, count < 1 { throw ValidationError("--count: it is at least 1, not \(count)") }
  }

  func run() throws {
    let choice = try output.choice()
    var selection = selection
    if let expression { selection.where = [expression] }
    let query = try FlowQuery(selection)
    guard case .engine(let instance) = NetlinkEndpoint.current else {
      throw CommandFailure(.usage, "trace needs --userspace")
    }
    var tracer = PacketTracer(
      try EngineSocket(instance, netlinkProtocol: NETLINK_NETFILTER), query: query,
      carriers: try query.carriers(isShown: false), format: choice.format, limit: count ?? .max,
      followsFlow: flow, session: try global.session())
    try tracer.run(TraceRequest.text(query.predicate, device: input, showsMismatches: rules))
  }
}
