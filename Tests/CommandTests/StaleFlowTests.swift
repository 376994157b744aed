// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite(
  "Offloaded flows whose way has changed",
  .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"),
  .enabled(if: FileManager.default.fileExists(atPath: "/dev/net/tun"), "the kernel has no TAP devices"))
struct StaleFlowTests {
  @Test("explain names the flow whose route leads elsewhere; offload clear --stale takes that one alone")
  func route() throws {
    let other = "ftstale\(UInt16.random(in: 0...UInt16.max))"
    let file = ScratchFolder.file("stale.json")
    func write(routes: String) throws {
      try """
      {"devices": [{"name": "\(other)", "kind": "tap", "addresses": ["203.0.113.1/24"]}], "routes": [\(routes)]}
      """.write(toFile: file, atomically: true, encoding: .utf8)
    }
    try write(routes: "")
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules(), "--topology", file])
    for (port, address) in [(7500, "198.51.100.2"), (7501, "2001:db8:2::2")] {
      let error = try pair.converse(address, port: port, times: 5)
      #expect(error.isEmpty)
    }
    #expect(try pair.ftctl(["offload", "clear", "--stale"]).status == 3)
    #expect(try pair.ftctl(["count", "--offload", "any"]).output == "2\n")

    try write(routes: "{\"to\": \"198.51.100.2/32\", \"dev\": \"\(other)\"}")
    pair.engine.signal(SIGHUP)
    let engine = pair.engine
    #expect(engine.wait(seconds: 20) { engine.errorSoFar.contains("read again") })
    let explained = try pair.ftctl(["explain", "--offload", "any"])
    let stale = explained.lines.filter { $0.hasPrefix("  1. ") }
    #expect(stale.count == 1, "\(explained.output)")
    #expect(
      stale.first?.hasPrefix("  1. route: the route to 198.51.100.2 leads through \(other), ") == true)

    let trial = try pair.ftctl(["offload", "clear", "--stale", "--dry-run"])
    #expect(trial.status == 0)
    #expect(trial.lines.count == 1)
    #expect(try pair.ftctl(["count", "--offload", "any"]).output == "2\n")
    let cleared = try pair.ftctl(["offload", "clear", "--stale", "--report", "jsonl"])
    #expect(cleared.status == 0)
    #expect(cleared.output.contains("offload clear --stale"))
    #expect(
      cleared.errorLines.first
        == "ftctl: 1 flow entries have been taken off the fast path, by deleting them.")
    let left = try pair.ftctl(["list", "--offload", "any"])
    #expect(left.lines.count == 1)
    #expect(left.output.contains("2001:db8:2::2"))
  }

  @Test("explain asks for routes with the flow's mark, source and input device, which routing rules look at")
  func rules() throws {
    let other = "ftrules\(UInt16.random(in: 0...UInt16.max))"
    let file = ScratchFolder.file("rules.json")
    try """
    {"devices": [{"name": "\(other)", "kind": "tap", "addresses": ["203.0.113.1/24"]}],
     "routes": [{"to": "default", "via": "203.0.113.2", "dev": "\(other)", "table": 100}],
     "rules": [{"fwmark": "7", "table": 100}, {"from": "192.0.2.3", "iif": "lan0", "table": 100},
               {"from": "192.0.2.4", "iif": "lan0", "action": "prohibit"},
               {"from": "198.51.100.3", "iif": "wan0", "action": "unreachable"}]}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules(), "--topology", file])
    // The last datagram's answer makes the neighbours known.
    #expect(try pair.converse("198.51.100.2", port: 7502, times: 5).isEmpty)
    for (port, source, destination, mark) in [
      (1, "192.0.2.2", "198.51.100.2", 0), (2, "192.0.2.2", "198.51.100.2", 7),
      (3, "192.0.2.3", "198.51.100.2", 0), (4, "192.0.2.4", "198.51.100.2", 0),
      (5, "192.0.2.2", "198.51.100.3", 0),
    ] {
      let added = try pair.ftctl([
        "add", "-p", "tcp", "-s", source, "-d", destination, "--sport", "\(port)", "--dport", "80", "-m",
        "\(mark)", "--state", "ESTABLISHED", "-u", "ASSURED", "-t", "600",
      ])
      #expect(added.status == 0, "\(added.error)")
    }
    func explained(_ port: Int) throws -> String {
      try pair.ftctl(["explain", "-p", "tcp", "--sport", "\(port)"]).output
    }
    #expect(try explained(1).contains("  1. none: "))
    let marked = try explained(2)
    #expect(
      marked.contains("  1. device: device \(other), towards 198.51.100.2, is in no flowtable"), "\(marked)")
    #expect(
      marked.contains(
        "evidence: 'ip route get 198.51.100.2 from 192.0.2.2 iif lan0 mark 0x7' leads through \(other)\n"))
    #expect(!marked.contains("  2. "))
    #expect(try explained(3).contains("  1. device: device \(other), towards 198.51.100.2, "))
    let refused = try explained(4)
    #expect(
      refused.contains("evidence: 'ip route get 198.51.100.2 from 192.0.2.4 iif lan0': Permission denied\n"),
      "\(refused)")
    let oneWay = try explained(5)
    #expect(
      oneWay.contains("  1. no-route: replies of 198.51.100.3 have no route to 192.0.2.2\n"), "\(oneWay)")
    #expect(
      oneWay.contains(
        "evidence: 'ip route get 192.0.2.2 from 198.51.100.3 iif wan0': Network is unreachable\n"))
  }
}
