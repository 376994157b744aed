// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient
import NetlinkWire
import Synchronization
import TestSupport
import Testing

@Suite("delete", .serialized, .enabled(if: Lab.isPossible, "needs root, conntrack(8) and network namespaces"))
struct DeletionTests {
  /// Fills the table with 300 flows, 100 of each mark 0, 1 and 2.
  private func filled() throws -> Lab {
    let lab = try Lab()
    try lab.entered {
      let session = NetlinkSession(try KernelSocket())
      var queue = RequestQueue(session, operation: "create")
      func check(_ place: Int, _ error: NetlinkError?) throws { if let error { throw error } }
      for number in 0..<300 {
        let creation = ConntrackCreation(.udp(number, mark: UInt32(number % 3)))
        try queue.append({ ConntrackRequest.create(creation, sequence: $1, into: &$0) }, answer: check)
      }
      try queue.finish(answer: check)
    }
    #expect(lab.table().count == 300)
    return lab
  }

  @Test("what is selected goes, the rest stays")
  func deletesTheSelected() throws {
    let lab = try filled()
    let result = try lab.ftctl("delete", "--mark", "1")
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
    #expect(result.error == "ftctl: 100 flow entries have been deleted.\n")
    let rest = lab.table()
    #expect(rest.count == 200)
    #expect(rest.allSatisfy { !$0.contains("mark=1 ") })
  }

  @Test("a dry run changes nothing, and prints what would go")
  func dryRun() throws {
    let lab = try filled()
    let before = lab.conntrack("-C").output
    let result = try lab.ftctl("delete", "--mark", "1", "--dry-run")
    #expect(result.status == 0)
    #expect(result.lines.count == 100)
    #expect(result.lines.allSatisfy { $0.contains("[WOULD DELETE]") && $0.contains("mark=1 ") })
    #expect(result.error == "ftctl: 100 flow entries would be deleted.\n")
    #expect(lab.conntrack("-C").output == before)
  }

  @Test("nothing matched is status 3, or 0 when that is allowed")
  func zeroMatches() throws {
    let lab = try Lab()
    #expect(try lab.ftctl("delete", "--mark", "1").status == 3)
    let allowed = try lab.ftctl("delete", "--mark", "1", "--allow-none")
    #expect(allowed.status == 0)
    #expect(allowed.error == "ftctl: 0 flow entries have been deleted.\n")
    #expect(try lab.ftctl("delete", "--mark", "1", "--dry-run").status == 3)
  }

  @Test("without a selection it is wrong usage")
  func needsSelection() throws {
    let result = try Lab().ftctl("delete")
    #expect(result.status == 2)
    #expect(result.error.hasPrefix("ftctl: delete needs a selection\nhint: "))
  }

  @Test("the report says what, why and when, as lines, as an array and as a stream")
  func report() throws {
    let lab = try filled()
    let start = Date().timeIntervalSince1970
    let lines = try lab.ftctl("delete", "--src", "10.0.0.0/30", "--report")
    #expect(lines.lines.count == 4)
    #expect(
      lines.lines.allSatisfy {
        $0.contains("]\t[DELETED] udp ") && $0.hasSuffix(" reason: --src 10.0.0.0/30")
      })
    let array = try lab.ftctl("delete", "--src", "10.0.0.4/30", "--report", "json")
    let objects = try #require(try JSONSerialization.jsonObject(with: array.bytes) as? [[String: Any]])
    #expect(objects.count == 4)
    for object in objects {
      let flow = try #require(object["flow"] as? [String: Any])
      #expect((flow["original"] as? [String: Any])?["dport"] as? Int == 53)
      #expect(flow["use"] as? Int == 1)
      #expect(object["action"] as? String == "deleted")
      #expect(object["reason"] as? String == "--src 10.0.0.4/30")
      let time = try #require(object["time"] as? Double)
      #expect(time >= start - 1 && time < start + 60)
    }
    let stream = try lab.ftctl("delete", "--src", "10.0.0.8/30", "--report", "jsonl")
    #expect(stream.lines.count == 4)
    #expect(stream.lines.allSatisfy { $0.hasPrefix("{\"time\":") && $0.hasSuffix("}}") })
    #expect(try lab.ftctl("delete", "--mark", "1", "--report", "xml").status == 2)
  }

  @Test(
    "a report that nobody reads, or that cannot be written, holds up no change",
    arguments: [
      ["delete", "--proto", "udp", "--report"], ["flush", "--proto", "udp", "--report", "jsonl"],
      ["annotate", "--proto", "udp", "--set-mark", "0x80000000/0x80000000"],
    ])
  func unreadReport(_ words: [String]) throws {
    for (redirection, status, line) in [
      ("| head -1", Int32(0), nil),
      (">/dev/full", 1, "ftctl: cannot write the output: No space left on device (ENOSPC)"),
    ] {
      let lab = try Lab()
      #expect(lab.run([Lab.fillPath, "3000", "21"]).status == 0)
      let isAnnotation = words[0] == "annotate"
      /// Flows that are to be changed.
      func selected() -> Int {
        lab.table().count { line in
          let mark = line.split(separator: "mark=").last?.prefix { $0.isNumber } ?? ""
          return line.contains(" udp ") && !(isAnnotation && (UInt32(mark) ?? 0) >> 31 == 1)
        }
      }
      let count = selected()
      #expect(count > 500, "more than is written at once")
      let ftctl = "'\(Lab.ftctlPath)' --netns \(lab.name) \"$@\""
      let result = try Lab.run(
        ["bash", "-c", "\(ftctl) \(redirection); exit ${PIPESTATUS[0]}", "bash"] + words)
      #expect(result.status == status)
      let verb = isAnnotation ? "changed" : "deleted"
      #expect(result.errorLines.first?.hasPrefix("ftctl: \(count) flow entries have been \(verb).") == true)
      #expect(result.errorLines.dropFirst().first.map(String.init) == line)
      #expect(selected() == 0)
    }
  }

  @Test(
    "a signal ends it after what it has begun, with the count of what was done", arguments: [SIGINT, SIGTERM])
  func interruption(_ signal: Int32) throws {
    let lab = try Lab()
    #expect(lab.run([Lab.fillPath, "100000", "4"]).status == 0)
    func count() throws -> Int {
      try #require(Int(lab.conntrack("-C").output.trimmingCharacters(in: .newlines)))
    }
    let total = try count()
    let deletion = try RunningProgram([Lab.ftctlPath, "--netns", lab.name, "delete", "--where", "mark >= 0"])
    #expect(deletion.wait(seconds: 60) { (try? count()) ?? total < total - 1000 })
    deletion.signal(signal)
    let result = try deletion.result()
    #expect(result.status == 128 + signal)
    let rest = try count()
    #expect(rest > 0)
    #expect(result.error == "ftctl: \(total - rest) flow entries have been deleted.\n")
  }

  @Test("the zone tells entries of equal tuples apart")
  func zones() throws {
    let lab = try Lab()
    for (port, zone) in [(2, ""), (2, " -w 5"), (3, ""), (4, " --orig-zone 6"), (5, " --reply-zone 7")] {
      let made = lab.conntrack("-I -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport \(port) -t 100\(zone)")
      #expect(made.status == 0, "\(made.error)")
    }
    for (option, zone, text) in [
      ("--zone", "5", " zone=5"), ("--orig-zone", "6", "zone-orig=6"), ("--reply-zone", "7", "zone-reply=7"),
    ] {
      let before = lab.table()
      #expect(before.contains { $0.contains(text) })
      #expect(try lab.ftctl("delete", option, zone).status == 0)
      #expect(lab.table() == before.filter { !$0.contains(text) })
    }
  }

  @Test("of random entries of every kind, just the selected go")
  func randomEntries() throws {
    let lab = try Lab()
    #expect(lab.run([Lab.fillPath, "3000", "21"]).status == 0)
    let expression = "not tcp or mark != 0"
    let selected = try lab.ftctl("list", "--where", expression).lines.count
    let total = lab.table().count
    #expect(selected > 1000 && selected < total)
    let result = try lab.ftctl("delete", "--where", expression)
    #expect(result.error == "ftctl: \(selected) flow entries have been deleted.\n")
    #expect(lab.table().count == total - selected)
    #expect(try lab.ftctl("list", "--where", expression).output.isEmpty)
  }

  @Test("a newer entry of the same tuple is never deleted", .timeLimit(.minutes(5)))
  func churn() throws {
    let lab = try Lab()
    lab.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_events=1"])
    let result = try lab.entered { try Churn(tuples: 2000, cycles: 100_000).run(in: lab.name) }
    #expect(result.lostEvents == 0)
    #expect(result.deletedOld > 100, "the deletions never met an old entry")
    #expect(result.deletedNew == 0)
  }
}

/// Threads that delete and create entries of the same tuples, in turn with mark 1 (old) and 2 (new), beside
/// `ftctl delete --mark 1`; and one that reads from the kernel's events who deleted what.
struct Churn {
  var tuples: Int
  var cycles: Int

  struct Outcome: Sendable {
    /// Entries of mark 1 and 2 that a program other than the churning threads deleted.
    var deletedOld = 0
    var deletedNew = 0
    var lostEvents = 0
  }

  func run(in namespace: String) throws -> Outcome {
    let source = try ConntrackEventSource(receiveBuffer: 1 << 29)
    let ports = Mutex<Set<UInt32>>([0])
    let running = Atomic<Int>(2)
    let sockets = [try KernelSocket(), try KernelSocket()]
    ports.withLock { $0.formUnion(sockets.map(\.portID)) }
    let deleters = Thread {
      while running.load(ordering: .relaxed) > 0 {
        _ = try? Lab.run([
          Lab.ftctlPath, "--netns", namespace, "delete", "--mark", "1", "--allow-none",
        ])
      }
      running.add(-1, ordering: .relaxed)
    }
    deleters.start()
    for socket in sockets {
      Thread.detachNewThread {
        var batch = RequestBatch(NetlinkSession(socket), operation: "churn")
        for cycle in 0..<cycles {
          let entry = ConntrackEntry.udp(cycle % tuples, mark: UInt32(1 + cycle / tuples % 2))
          batch.append {
            ConntrackRequest.delete(ConntrackKey(tuple: entry.original), sequence: $1, into: &$0)
          }
          batch.append { ConntrackRequest.create(ConntrackCreation(entry), sequence: $1, into: &$0) }
          _ = try? batch.exchange()
        }
        running.add(-1, ordering: .relaxed)
      }
    }
    var outcome = Outcome()
    func read() throws -> Bool {
      do {
        return try source.read { kind, entry, port in
          guard kind == .destroy, entry.original.layer4 == Layer4Protocol.udp else { return }
          guard !ports.withLock({ $0.contains(port) }) else { return }
          if entry.mark == 1 { outcome.deletedOld += 1 } else { outcome.deletedNew += 1 }
        }
      } catch let error as NetlinkError where error.number == .noBufferSpace {
        outcome.lostEvents += 1
        return true
      }
    }
    while running.load(ordering: .relaxed) >= 0 {
      if try !read() { usleep(1000) }
    }
    while try read() {}
    return outcome
  }
}
