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
}
