// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("trace without packets")
struct TraceUsageTests {
  @Test(
    "wrong usage is one line, a hint where there is one, and status 2",
    arguments: [
      ["trace"], ["--userspace", "trace", "tcp", "--where", "udp"], ["--userspace", "trace", "--count", "0"],
      ["--userspace", "trace", "nonsense"], ["--userspace", "trace", "icmp and dport 443"],
      ["--userspace", "trace", "-o", "xml"], ["--userspace", "trace", "-o", "line,id"],
    ])
  func usage(_ arguments: [String]) throws {
    let result = try run([BuiltProgram.ftctl] + arguments)
    #expect(result.status == 2, "\(result.error)")
    #expect((1...2).contains(result.errorLines.count))
    #expect(result.output.isEmpty)
  }

  @Test("a device that the engine does not have is refused; nothing is left behind")
  func device() throws {
    let engine = try LiveEngine()
    let result = try engine.ftctl(["trace", "--input", "nosuch"])
    #expect(result.status == 1)
    #expect(result.errorLines == ["ftctl: the engine does not trace: no device nosuch"])
    let tracer = try RunningProgram(
      [BuiltProgram.ftctl, "--userspace", "trace", "--input", "d0", "-j"], environment: engine.environment)
    try #require(tracer.wait(seconds: 20) { tracer.errorSoFar.contains("tracing") })
    tracer.signal(SIGINT)
    let ended = try tracer.result()
    #expect(ended.status == 0)
    #expect(ended.output == "[]\n")
    #expect(ended.errorLines.last == "ftctl: 0 packets have been traced.")
  }
}

@Suite(
  "trace",
  .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"),
  .enabled(if: FileManager.default.fileExists(atPath: "/dev/net/tun"), "the kernel has no TAP devices"))
struct TraceTests {
  private func start(_ pair: RoutedPair, _ words: [String]) throws -> RunningProgram {
    let tracer = try RunningProgram(
      [BuiltProgram.ftctl, "--userspace", "trace"] + words, environment: pair.environment)
    try #require(tracer.wait(seconds: 20) { tracer.errorSoFar.contains("tracing") }, "\(tracer.errorSoFar)")
    return tracer
  }

  @Test("a connection is followed from its first packet to the fast path, as text")
  func text() throws {
    let pair = try RoutedPair()
    let tracer = try start(pair, ["tcp and dport 7200"])
    let result = try pair.transfer("198.51.100.2", port: 7200, octets: 300_000)
    #expect(result.sent == result.received)
    #expect(tracer.wait(seconds: 20) { tracer.outputSoFar.contains("= fast path") })
    tracer.signal(SIGINT)
    let ended = try tracer.result()
    #expect(ended.status == 0)
    #expect(ended.errorLines.last?.hasSuffix("packets have been traced.") == true)
    let packets = ended.output.components(separatedBy: "\n#").map {
      $0.split(separator: "\n").map(String.init)
    }
    #expect(packets.allSatisfy { $0[0].contains("tcp ") && $0[0].contains(":7200") })
    let first = packets[0]
    #expect(first[0].contains(" on lan0: tcp 192.0.2.2:"))
    #expect(first[0].contains("> 198.51.100.2:7200 [syn"))
    for line in [
      "  prerouting", "  forward", "  postrouting", "  route: unicast on wan0",
      "  conntrack: new SYN_SENT", "  = classic path",
    ] { #expect(first.contains(line), "\(first)") }
    #expect(first.contains { $0.hasPrefix("  flowtable inet ") && $0.hasSuffix("passed up, no flow") })
    #expect(
      first.contains {
        $0.hasPrefix("    flow refused by flowtable inet ") && $0.hasSuffix("not established")
      })
    let added = packets.firstIndex { $0.contains { $0.contains("    flow added to flowtable inet ") } }
    let fast = packets.firstIndex { $0.last == "  = fast path" }
    #expect(try #require(added) < (try #require(fast)))
    #expect(packets[fast ?? 0].contains { $0.hasPrefix("  flowtable inet ") && $0.hasSuffix(": hit") })
  }

  @Test("drops, answers and NAT are objects; a selection leaves others out; --count ends it")
  func objects() throws {
    let pair = try RoutedPair(["--ruleset", try Self.rules()])
    let tracer = try start(pair, ["-p", "udp", "--dport", "7-9", "--count", "2", "-o", "jsonl", "--rules"])
    let send = """
      import socket
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      for port in (5, 7, 9): s.sendto(b'x', ('198.51.100.2', port))
      """
    #expect(pair.lan.run(["/usr/bin/python3", "-c", send]).status == 0)
    #expect(tracer.wait(seconds: 20) { tracer.outputSoFar.components(separatedBy: "\n").count > 2 })
    let ended = try tracer.result()
    #expect(ended.status == 0)
    let records = try ended.lines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    try #require(records.count == 2)
    #expect(records.map { $0["device"] as? String } == ["lan0", "lan0"])
    #expect(records[0]["path"] as? String == "dropped")
    #expect(records[0]["reason"] as? String == "rule_dropped")
    let flow = records[1]["flow"] as? [String: Any]
    #expect((flow?["original"] as? [String: Any])?["dport"] as? Int == 9)
    #expect(records[1]["path"] as? String == "classic")
    #expect(records[1]["entry"] == nil)
    let steps = try #require(records[1]["steps"] as? [[String: Any]])
    let nat = steps.first { $0["step"] as? String == "nat" }
    #expect(nat?["src"] as? String == "198.51.100.1")
    let verdicts = steps.filter { $0["step"] as? String == "rule" && $0["chain"] as? String == "forward" }
    #expect(verdicts.map { $0["verdict"] as? String } == ["no match", "continue"])
    let statistics = try pair.ftctl(["stats", "-j"])
    #expect(statistics.output.contains("\"rule_dropped\":1"))
  }

  @Test("--flow follows one flow until its entry is gone")
  func flow() throws {
    let pair = try RoutedPair()
    let tracer = try start(pair, ["--flow", "-p", "udp"])
    let send = """
      import socket
      for port in (4001, 4002):
          s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('192.0.2.2', port))
          for n in range(2): s.sendto(b'x', ('198.51.100.2', 7))
      """
    #expect(pair.lan.run(["/usr/bin/python3", "-c", send]).status == 0)
    #expect(tracer.wait(seconds: 20) { tracer.outputSoFar.contains("= ") })
    #expect(try pair.ftctl(["delete", "-p", "udp"]).status == 0)
    let ended = try tracer.result()
    #expect(ended.status == 0)
    #expect(ended.errorLines.contains("ftctl: the flow's entry is gone"))
    #expect(ended.output.contains("192.0.2.2:4001 > "))
    #expect(!ended.output.contains("192.0.2.2:4002 > "))
  }

  /// Rules that drop one datagram, count the next and masquerade.
  private static func rules() throws -> String {
    let path = ScratchFolder.file("trace.nft")
    try """
    table ip t {
      chain forward {
        type filter hook forward priority 0; policy accept;
        udp dport 7 drop
        counter
      }
      chain nat {
        type nat hook postrouting priority 100;
        oifname "wan0" masquerade
      }
    }
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}
