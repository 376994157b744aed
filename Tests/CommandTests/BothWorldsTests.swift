// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite(
  "The same commands on a kernel and on an engine",
  .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"))
struct BothWorldsTests {
  /// What one command did, times left aside.
  private struct Outcome: Equatable {
    var status: Int32
    var output: String
    var error: [String]

    init(_ result: ProgramResult) {
      status = result.status
      output = result.output
        .replacing(#/(tcp|udp|icmp|sctp)( +)(\d+) \d+ /#) { "\($0.1)\($0.2)\($0.3) T " }
        .replacing(#/"timeout":\d+/#, with: #""timeout":T"#).replacing(#/"id":\d+/#, with: #""id":N"#)
        .replacing(#/-t \d+/#, with: "-t T").replacing(#/\[\d+\.\d+\]/#, with: "[T]")
        .replacing(#/<timeout>\d+/#, with: "<timeout>T").replacing(#/<id>\d+/#, with: "<id>N")
        .replacing(#/ \[USERSPACE\] portid=.*/#, with: "")
      error = result.errorLines.map(String.init)
    }
  }

  private static let flows: [[String]] = [
    [
      "-p", "tcp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "5000", "--dport", "80", "-t", "6000",
      "--state", "ESTABLISHED",
    ],
    [
      "-p", "tcp", "-s", "2001:db8::1", "-d", "2001:db8::2", "--sport", "5001", "--dport", "443", "-t",
      "6000",
      "--state", "SYN_SENT", "-m", "5",
    ],
    [
      "-p", "udp", "-s", "192.0.2.2", "-d", "198.51.100.1", "--sport", "5002", "--dport", "53", "-t", "6000",
      "-w", "3",
    ],
  ]

  private static let commands: [[String]] = [
    ["list"], ["list", "-o", "extended"], ["list", "-f", "ipv6"],
    ["list", "-p", "udp", "--zone", "3", "-o", "save"],
    ["list", "-o", "jsonl", "--where", "tcp and dport in {80,443}"], ["get", "-p", "tcp", "--dport", "443"],
    ["list", "-o", "xml"], ["list", "-o", "table"], ["list", "-o", "prometheus"],
    ["get", "--dport", "1"], ["count"], ["add"] + flows[0], ["add"] + flows[1] + ["--force"],
    ["add", "--from", "/nonexistent"], ["annotate", "-p", "tcp", "--set-mark", "x"], ["expect", "list"],
    ["expect", "get", "-p", "tcp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--dport", "1"],
    ["expect", "flush"], ["list", "--src", "300.0.0.1"], ["delete"], ["count", "--by", "proto,state"],
    ["count", "--by", "zone", "-j"],
    ["annotate", "-p", "tcp", "--set-mark", "7/15"],
    ["annotate", "-p", "tcp", "--set-mark", "8", "--dry-run"],
    ["list", "-m", "7"], ["delete", "--src", "203.0.113.0/24"], ["delete", "-p", "udp"],
    ["list", "-p", "udp"],
    ["flush", "--dport", "80", "--yes"], ["count"], ["list", "-p", "icmp", "--dport", "3"],
    ["flush", "--yes"],
    ["list"],
  ]

  @Test("add --from restores what list saved, in both forms")
  func restoring() throws {
    let namespace = try #require(LiveNamespace())
    let engine = try LiveEngine()
    for words in Self.flows.map({ ["add"] + $0 }) {
      #expect(try namespace.ftctl(words).status == 0)
      #expect(try engine.ftctl(words).status == 0)
    }
    for form in ["save", "jsonl"] {
      let file = ScratchFolder.file("both.\(form)")
      try namespace.ftctl(["list", "-o", form]).output.write(toFile: file, atomically: true, encoding: .utf8)
      for words in [["flush", "--yes"], ["add", "--from", file], ["list", "-o", form]] {
        let kernel = Outcome(try namespace.ftctl(words))
        let own = Outcome(try engine.ftctl(words))
        #expect(kernel.status == own.status && kernel.error == own.error, "\(words)")
        #expect(
          kernel.output.split(separator: "\n").sorted() == own.output.split(separator: "\n").sorted(),
          "\(words)")
      }
    }
  }

  @Test("a monitor is told of the same events", arguments: ["line", "jsonl", "xml"])
  func monitoring(_ form: String) throws {
    let namespace = try #require(LiveNamespace())
    let engine = try LiveEngine()
    let changes = [
      ["add"] + Self.flows[0], ["add"] + Self.flows[2], ["annotate", "-p", "udp", "--set-mark", "9"],
      ["delete", "-p", "udp"], ["flush", "--yes"],
    ]
    let words = form == "line" ? ["monitor"] : ["monitor", "-o", form]
    let worlds: [(monitor: RunningProgram, ftctl: ([String]) throws -> ProgramResult)] = [
      (try RunningProgram(namespace.command([BuiltProgram.ftctl] + words)), { try namespace.ftctl($0) }),
      (
        try RunningProgram([BuiltProgram.ftctl, "--userspace"] + words, environment: engine.environment),
        { try engine.ftctl($0) }
      ),
    ]
    var seen: [[String]] = []
    for world in worlds {
      // Until an event of a flow of its own is seen, the monitor may not listen yet.
      var port = 20_000
      let listens = world.monitor.wait(seconds: 30) {
        port += 1
        _ = try? world.ftctl([
          "add", "-p", "udp", "-s", "203.0.113.1", "-d", "203.0.113.2", "--sport", "\(port)", "--dport", "9",
          "-t", "60",
        ])
        return world.monitor.outputSoFar.contains("203.0.113.1")
      }
      try #require(listens, "\(world.monitor.errorSoFar)")
      #expect(try world.ftctl(["flush", "--yes"]).status == 0)
      for change in changes { #expect(try world.ftctl(change).status == 0, "\(change)") }
      let isTold = world.monitor.wait(seconds: 30) {
        world.monitor.outputSoFar.components(separatedBy: "198.51.100.1").count >= 11
      }
      #expect(isTold)
      world.monitor.signal(SIGINT)
      let result = try world.monitor.result()
      seen.append(
        // A deletion holds its entry by another one meanwhile, whose addresses are drawn.
        Outcome(result).output.split(separator: "\n").map(String.init).filter {
          $0.contains("198.51.100.1") && !$0.contains("unknown") && !$0.contains("EXPECTED")
        }.map { $0.replacing(#/"time":"?[^,"]*"?/#, with: "") })
    }
    #expect(seen[0] == seen[1])
    #expect(seen[0].count >= 5)
  }

  @Test("list, get, count, annotate, delete, flush and add say and do the same")
  func outcomes() throws {
    let namespace = try #require(LiveNamespace())
    let engine = try LiveEngine()
    let rows = { (result: Outcome) in result.output.split(separator: "\n").sorted() }
    for words in Self.flows.map({ ["add"] + $0 }) + Self.commands {
      let kernel = Outcome(try namespace.ftctl(words))
      let own = Outcome(try engine.ftctl(words))
      #expect(kernel.status == own.status, "\(words)")
      // Tables are read in the order of their hashes.
      #expect(rows(kernel) == rows(own), "\(words)")
      #expect(kernel.error == own.error, "\(words)")
    }
  }
}
