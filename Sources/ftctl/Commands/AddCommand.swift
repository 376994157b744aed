// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

struct AddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a flow, or all flows of a file",
    discussion: """
      With options, one flow; what is left out of the reply direction is the original direction's inverse. With \
      --from, the flows of a file that 'ftctl list -o jsonl' or 'list -o save' (or conntrack) has written, in constant \
      memory; the first line that cannot be added ends it. The first form keeps all that the kernel takes back: marks, \
      labels, zones, NAT, helper, timeout, state. Flows that were offloaded come back on the classic path.

      EXAMPLES:
        ftctl add -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 5000 --dport 53 --timeout 60
        ftctl add -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 5000 --dport 80 -t 600 --state ESTABLISHED --src-nat 203.0.113.1
        ftctl list -o jsonl > flows; ftctl add --from flows --skip-existing
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Flow") var flow: FlowOptions

  @Option(
    help: ArgumentHelp(
      "Add the flows of this file, in the forms jsonl or save; - is standard input", valueName: "file"),
    completion: .file())
  var from: String?

  @Flag(
    name: .customLong("skip-existing"),
    help: "With --from: pass over flows that are there, instead of failing")
  var skipsExisting = false

  @Flag(name: .customLong("dry-run"), help: "Change nothing; check the options or the file")
  var isDryRun = false

  func run() throws {
    let labels = SystemFile.labelMap()
    guard let from else {
      guard !skipsExisting else { throw CommandFailure(.usage, "--skip-existing needs --from") }
      let creation = try flow.creation(labels: labels)
      try global.enterNamespace()
      if !isDryRun { try add(creation) }
      StandardError.report(isDryRun ? "1 flow entries would be added." : "1 flow entries have been added.")
      return
    }
    if let option = flow.firstGiven { throw CommandFailure(.usage, "\(option) does not go with --from") }
    try global.enterNamespace()
    let restorer = FlowRestorer(
      try global.session(), labels: labels, skipsExisting: skipsExisting, isDryRun: isDryRun)
    do {
      try restorer.restore(from)
    } catch {
      if restorer.hasRead { restorer.reportCounts() }
      throw error
    }
    restorer.reportCounts()
  }

  private func add(_ creation: ConntrackCreation) throws {
    let session = try global.session()
    do {
      try session.createConntrack(creation)
    } catch let error as NetlinkError {
      var explained = error.explained(session)
      if error.number == .exists { explained.hint = "the flow is there already: 'ftctl annotate' changes it" }
      if error.number == .notSupported, let helper = creation.entry.helper {
        explained.hint =
          "the kernel has no helper '\(helper)' for this protocol: 'modprobe nf_conntrack_\(helper)'"
      }
      throw explained
    }
  }
}
