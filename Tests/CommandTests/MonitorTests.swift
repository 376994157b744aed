// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Monitor", .serialized, .enabled(if: Machine.lacksForNamespaces == nil, networkReason))
struct MonitorTests {
  /// The number behind the last ` id=` of a line: the entry's.
  private static func id(_ line: some StringProtocol) -> UInt64? {
    line.range(of: " id=", options: .backwards).flatMap { place in
      UInt64(line[place.upperBound...].prefix(while: \.isNumber))
    }
  }

  /// The ids of a listing's entries, each entry once: conntrack prints an entry again when the kernel sends its hash
  /// bucket a second time, which happens while other tests change the table.
  private static func ids(_ listing: ProgramResult) -> [UInt64] {
    var seen: Set<Substring> = []
    return listing.lines.compactMap { line in
      // From the addresses on: the time-out before them differs between the two.
      let text = line.range(of: "src=").map { line[$0.lowerBound...] } ?? line[...]
      guard seen.insert(Substring(text.replacing(#/ delta-time=\d+/#, with: ""))).inserted else { return nil }
      return id(line)
    }
  }

  /// What only the entries contain that are made to find out whether a monitor is there.
  private static let probe = "dst=192.0.2.2 "

  /// Starts a monitor, or conntrack -E, and waits until it prints events: until an entry that is made again and
  /// again shows up.
  private func started(_ command: [String], in table: ConntrackTable, seeing probe: Int) throws
    -> RunningProgram
  {
    let program = try RunningProgram(table.namespace.command(command))
    var port = 20_000 + probe * 1000
    let isReady = program.wait(seconds: 60) {
      port += 1
      let tuple = ["-s", "192.0.2.1", "-d", "192.0.2.2", "-p", "udp", "--sport", "\(port)", "--dport", "9"]
      table.namespace.run(["conntrack", "-I"] + tuple + ["-t", "3000", "-u", "UNSET"])
      table.namespace.run(["conntrack", "-D"] + tuple)
      return program.outputSoFar.contains("DESTROY")
    }
    try #require(isReady, "\(program.errorSoFar)")
    return program
  }

  /// Waits until the program has printed nothing for half a second.
  private func settle(_ program: RunningProgram) {
    var last = -1
    _ = program.wait(seconds: 60) {
      let count = program.outputSoFar.utf8.count
      defer { last = count }
      if count != last { usleep(500_000) }
      return count == last
    }
  }

  @Test(
    "after a burst that overflows its buffer it reports the loss, and what it printed is the kernel's table",
    .timeLimit(.minutes(20)))
  func burst() throws {
    let table = try ConntrackTable(entries: 0)
    try table.set("events", 1)
    try table.fill(3000, seed: 11)
    let before = Self.ids(try table.conntrack(["-L", "-o", "id"]))
    try #require(before.count > 2500)
    let monitor = try started(
      [BuiltProgram.ftctl, "monitor", "--buffer-size", "64Ki", "-o", "id"], in: table, seeing: 1)
    settle(monitor)
    monitor.signal(SIGSTOP)
    // Entries that it knows go, a hundred thousand others come, and some of those go, too, unseen.
    try table.command(["conntrack", "-D", "-p", "udp"])
    try table.fill(100_000, seed: 12)
    try table.command(["conntrack", "-D", "-p", "sctp"])
    monitor.signal(SIGCONT)
    let isResynchronised = monitor.wait(seconds: 240) {
      monitor.errorSoFar.contains("the table has been read")
    }
    #expect(isResynchronised)
    // It goes on: what comes after is seen, too.
    try table.fill(50, seed: 13)
    settle(monitor)
    monitor.signal(SIGINT)
    let result = try monitor.result(within: 60)
    let after = Self.ids(try table.conntrack(["-L", "-o", "id"]))
    try #require(after.count > 80_000)

    #expect(result.status == 0)
    let errors = result.error
    #expect(errors.contains("ftctl: the kernel had to drop events: the receive buffer of "), "\(errors)")
    #expect(errors.contains("ftctl: the table has been read: "), "\(errors)")
    let lines = result.lines
    let summary = "ftctl: \(lines.count) flow events have been shown, events were lost and made up for "
    #expect(result.errorLines.last?.hasPrefix(summary) == true, "\(errors)")

    // Two entries may have the same id: they are counted.
    var known: [UInt64: Int] = [:]
    for id in before { known[id, default: 0] += 1 }
    var strange = 0
    // The entries that told that it was there may have been made before it listened.
    for line in lines where !line.contains(Self.probe) {
      guard let id = Self.id(line) else {
        strange += 1
        continue
      }
      let tag = line.prefix(10)
      if tag == "    [NEW] " { known[id, default: 0] += 1 }
      if tag == "[DESTROY] " { known[id, default: 0] -= 1 }
    }
    #expect(strange == 0)
    for id in after { known[id, default: 0] -= 1 }
    let wrong = known.filter { $0.value != 0 }
    #expect(wrong.isEmpty, "\(wrong.count) flows, such as \(wrong.keys.prefix(3).sorted())")
    #expect(lines.count { $0.hasPrefix("[DESTROY] ") } > 500)
  }

  @Test("events are printed as conntrack prints them", .timeLimit(.minutes(20)))
  func sameAsConntrack() throws {
    let table = try ConntrackTable(entries: 0)
    try table.set("events", 1)
    let options = ["-o", "extended,id,labels"]
    let reference = try started(["conntrack", "-E"] + options, in: table, seeing: 1)
    let monitor = try started([BuiltProgram.ftctl, "monitor"] + options, in: table, seeing: 2)
    settle(monitor)
    settle(reference)
    // Not more at once than conntrack's small buffer holds.
    try table.fill(150, seed: 14)
    settle(reference)
    table.namespace.run(["conntrack", "-U", "-s", "10.0.0.0/8", "-p", "gre", "--mark", "77"])
    try table.command(["conntrack", "-D", "-p", "udp"])
    settle(reference)
    try table.command(["conntrack", "-F"])
    settle(monitor)
    settle(reference)
    for program in [monitor, reference] { program.signal(SIGINT) }
    // A program that caused an event may have ended when its name is looked up.
    func lines(_ result: ProgramResult) -> [String] {
      result.lines.filter { !$0.contains(Self.probe) }.map {
        String($0).replacing(#/ progname=.*$/#, with: "")
      }
    }
    let ours = try monitor.result(within: 30)
    let expected = lines(try reference.result(within: 30))
    #expect(ours.status == 0)
    #expect(expected.count > 250)
    let difference = zip(lines(ours), expected).first { $0 != $1 }
    #expect(difference == nil && lines(ours).count == expected.count, "\(String(describing: difference))")
    #expect(
      expected.contains { $0.hasPrefix(" [UPDATE] ") } && expected.contains { $0.hasPrefix("[DESTROY] ") })
    #expect(ours.errorLines.last == "ftctl: \(ours.lines.count) flow events have been shown.")
  }

  @Test("a selection and --events choose what is printed, in the stream's forms")
  func chosenEvents() throws {
    let table = try ConntrackTable(entries: 0)
    try table.set("events", 1)
    let forms = ["jsonl", "json", "csv", "xml", "save", "timestamp"]
    let monitors = try forms.map { form in
      try RunningProgram(
        table.namespace.command(
          [BuiltProgram.ftctl, "monitor", "-e", "destroy", "-p", "udp", "-o", form]))
    }
    // All of them listen when a probe was printed by each.
    var port = 30_000
    let areReady = monitors[0].wait(seconds: 60) {
      port += 1
      let tuple = ["-s", "192.0.2.1", "-d", "192.0.2.2", "-p", "udp", "--sport", "\(port)", "--dport", "9"]
      table.namespace.run(["conntrack", "-I"] + tuple + ["-t", "3000", "-u", "UNSET"])
      table.namespace.run(["conntrack", "-D"] + tuple)
      return monitors.allSatisfy { $0.outputSoFar.contains("192.0.2.2") }
    }
    try #require(areReady)
    try table.fill(60, seed: 15)
    try table.command(["conntrack", "-F"])
    for monitor in monitors { settle(monitor) }
    for monitor in monitors { monitor.signal(SIGTERM) }
    for (form, monitor) in zip(forms, monitors) {
      let result = try monitor.result(within: 30)
      #expect(result.status == 0, "\(form)")
      let lines = result.lines
      switch form {
      case "json", "jsonl":
        let texts = form == "json" ? [result.bytes] : lines.map { Data($0.utf8) }
        let values = try texts.map { try JSONSerialization.jsonObject(with: $0) }
        let objects = try #require((form == "json" ? values.first : values) as? [[String: Any]])
        #expect(objects.count > 5 && objects.count == lines.count)
        for object in objects {
          #expect(object["event"] as? String == "destroy" && object["proto"] as? String == "udp")
        }
      case "csv": #expect(lines.dropFirst().allSatisfy { $0.contains("udp") } && lines.count > 6)
      case "xml":
        #expect(lines.last == "</conntrack>")
        #expect(
          lines.dropFirst(2).dropLast().allSatisfy { $0.hasPrefix("<flow type=\"destroy\">") }
            && lines.count > 8)
      case "save":
        #expect(lines.allSatisfy { $0.hasPrefix("-D ") && $0.contains(" -p udp ") } && lines.count > 5)
      default:
        #expect(lines.count > 5)
        #expect(lines.allSatisfy { $0.firstMatch(of: #/^\[\d+\.\d{6}\]\t\[DESTROY\] udp /#) != nil })
      }
    }
  }

  @Test("the array of JSON begins at once, and is whole without events", arguments: [SIGINT, SIGTERM])
  func emptyArray(_ signal: Int32) throws {
    let table = try ConntrackTable(entries: 0)
    let monitor = try RunningProgram(table.namespace.command([BuiltProgram.ftctl, "monitor", "-j"]))
    #expect(monitor.wait(seconds: 60) { monitor.outputSoFar == "[" })
    monitor.signal(signal)
    let result = try monitor.result(within: 30)
    #expect(result.status == 0 && result.output == "[]\n")
  }

  @Test("a reader that closes the pipe ends it quietly")
  func closedPipe() throws {
    let table = try ConntrackTable(entries: 0)
    try table.set("events", 1)
    let script = "set -o pipefail; '\(BuiltProgram.ftctl)' monitor -e new | head -1 | wc -l"
    let program = try RunningProgram(table.namespace.command(["bash", "-c", script]))
    var seed: UInt64 = 0
    let hasEnded = program.wait(seconds: 60) {
      seed += 1
      try? table.fill(1, seed: seed)
      return program.outputSoFar.contains("1")
    }
    #expect(hasEnded)
    let result = try program.result(within: 20)
    #expect(result.status == 0)
    #expect(!result.error.contains("cannot"))
  }
}
