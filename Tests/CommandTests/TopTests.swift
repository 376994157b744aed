// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite(
  "top", .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"))
struct TopTests {
  @Test("flows are sorted by what they carried since the look before")
  func rates() throws {
    let space = try #require(LiveNamespace())
    let setup = """
      ip link set lo up
      echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct
      printf '%s\\n' 'table ip t {' 'chain o {' 'type filter hook output priority 0' 'ct state new accept' '}' '}' | nft -f -
      """
    #expect(space.run(["sh", "-c", setup]).status == 0)
    // Two streams of datagrams: to port 9001 four times as many octets as to 9002, and to 9003 a single one, before.
    let traffic = """
      import socket, time
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 9000))
      s.sendto(b'x', ('127.0.0.1', 9003))
      print('sending', flush=True)
      while True:
          for n in range(4): s.sendto(b'x' * 1000, ('127.0.0.1', 9001))
          s.sendto(b'x' * 1000, ('127.0.0.1', 9002))
          time.sleep(.02)
      """
    let sender = try RunningProgram(space.command(["/usr/bin/python3", "-c", traffic]))
    #expect(sender.wait(seconds: 20) { sender.outputSoFar.contains("sending") })
    let result = try space.ftctl(["top", "--interval", "1", "--count", "2"])
    sender.signal(SIGKILL)
    #expect(result.status == 0, "\(result.error)")
    let tables = result.output.components(separatedBy: "BITRATE").dropFirst()
    #expect(tables.count == 2)
    for table in tables {
      let order = table.split(separator: "\n").compactMap { line in
        ["9001", "9002", "9003"].first { line.contains("127.0.0.1:\($0)") }
      }
      #expect(order == ["9001", "9002", "9003"])
    }
    let idle = result.lines.last { $0.contains("127.0.0.1:9003") }
    #expect(idle?.split(separator: " ").prefix(2) == ["0", "0"])
  }

  @Test("a wide table has the other columns behind its own, and exact numbers")
  func wide() throws {
    let table = try ConntrackTable(entries: 20, seed: 5)
    func head(_ words: [String]) throws -> [Substring] {
      let result = try table.run([BuiltProgram.ftctl, "top", "--interval", "0.1", "--count", "1"] + words)
      #expect(result.status == 0, "\(result.error)")
      return try #require(result.lines.first).split(separator: " ")
    }
    let plain = try head([])
    let wide = try head(["--wide"])
    #expect(wide.starts(with: plain) && wide.contains("MARK") && wide.contains("EXPIRES"))
    #expect(try head(["--columns", "+mark"]) == plain + ["MARK"])
  }

  @Test("without counters it says so; wrong options are refused")
  func refusals() throws {
    let space = try #require(LiveNamespace())
    #expect(space.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=0"]).status == 0)
    let result = try space.ftctl(["top", "--interval", "0.1", "--count", "1"])
    #expect(result.status == 0)
    #expect(result.error.contains("hint: flows are not counted here"))
    #expect(result.output.hasPrefix("BITRATE "), "what is no terminal is told nothing that a terminal is")
    #expect(!result.bytes.contains(0x1b))
    for words in [
      ["--interval", "0"], ["--count", "0"], ["--sort", "nonsense"], ["--columns", "nonsense"],
    ] {
      let refused = try space.ftctl(["top"] + words)
      #expect(refused.status == 2)
      #expect((1...2).contains(refused.errorLines.count))
    }
  }

  @Test("on an engine, too; SIGINT ends it")
  func engine() throws {
    let engine = try LiveEngine()
    let add = [
      "add", "-p", "udp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "1", "--dport", "2", "-t", "60",
    ]
    #expect(try engine.ftctl(add).status == 0)
    let top = try RunningProgram(
      [BuiltProgram.ftctl, "--userspace", "top", "--interval", "0.2"], environment: engine.environment)
    #expect(top.wait(seconds: 20) { top.outputSoFar.contains("192.0.2.1:1") })
    top.signal(SIGINT)
    #expect(try top.result().status == 0)
  }
}
