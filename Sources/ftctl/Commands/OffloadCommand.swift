// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

struct OffloadCommand: SubcommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "offload", abstract: "Take flows off the fast path",
    discussion: """
      EXAMPLES:
        ftctl offload clear --src 192.0.2.7
        ftctl offload clear --flowtable f --dry-run
      """,
    subcommands: [OffloadClearCommand.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

struct OffloadClearCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clear", abstract: "Take the offloaded flows of a selection off the fast path",
    discussion: """
      The kernel gives no way to take a flow from its flowtable but to delete its conntrack entry, which is what \
      happens. The flow's next packet takes the classic path and begins a new entry, to which new rules and routes \
      apply. What it costs: counters, mark, labels and start time are lost; a connection whose addresses are \
      translated may get other ones, and then breaks; TCP goes on as UNREPLIED with a timeout of five minutes until \
      both ends have spoken, or ends where nf_conntrack_tcp_loose is 0; rules that let only established flows pass \
      drop it.

      EXAMPLES:
        ftctl offload clear --src 192.0.2.7
        ftctl offload clear --flowtable f --device eth1 --dry-run
        ftctl offload clear --stale
        ftctl offload clear --report jsonl
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Changes") var change: ChangeOptions

  @Flag(
    name: .customLong("stale"),
    help: "Those alone whose route, neighbour, bridge port or device no longer agrees with what they use")
  var isStale = false

  func run() throws {
    let format = try change.reportFormat()
    let query = try FlowQuery(selection, and: .test(.offload(.any)))
    query.warnAboutMissingData()
    try global.enterNamespace()
    var explainer: FlowExplainer?
    if isStale, let carriers = try query.carriers(isShown: true) {
      explainer = try FlowExplainer.ofPlace(try global.session(), carriers, for: "tell which flows are stale")
    }
    var deletion = FlowDeletion(query, isDryRun: change.isDryRun) { [explainer] entry in
      explainer?.explain(entry).staleness.isEmpty != true
    }
    var translated = 0
    var connections = 0
    let words = (isStale ? ["--stale"] : []) + (selection.words.isEmpty ? [] : [selection.words])
    try deletion.run(
      global, reportingAs: format, reason: (["offload clear"] + words).joined(separator: " "),
      verb: "taken off the fast path, by deleting them"
    ) { entry in
      if entry.isSourceTranslated || entry.isDestinationTranslated { translated += 1 }
      if entry.original.layer4 == Layer4Protocol.tcp { connections += 1 }
    }
    if deletion.matched > 0 {
      StandardError.report(
        "the cost: their counters, marks and labels; \(connections) are TCP and continue without known windows,"
          + " \(translated) are translated and may get other addresses")
      if connections > 0, SystemFile.netfilterSetting("nf_conntrack_tcp_loose") == 0 {
        StandardError.hint(
          "connections do not survive here: \(SystemFile.advice("nf_conntrack_tcp_loose", 1)) lets them")
      }
    }
    guard deletion.matched > 0 || change.allowsNone else { throw CommandFailure.nothingMatched }
  }
}
