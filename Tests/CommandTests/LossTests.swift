// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite(
  "What two hosts exchange through the engine", .serialized,
  .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"),
  .enabled(if: FileManager.default.fileExists(atPath: "/dev/net/tun"), "the kernel has no TAP devices"))
struct LossTests {
  @Test("64 MiB through a flow of the flowtable are intact")
  func large() throws {
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules()])
    let result = try pair.transfer("198.51.100.2", port: 7400, octets: 64 << 20)
    #expect(result.sent == result.received)
    #expect(result.sent.count == 64)
    let flows = try pair.ftctl(["list", "-p", "tcp", "--offload", "none"])
    #expect(flows.output.contains("dport=7400"), "a connection that was closed has left the flowtable")
  }

  @Test(
    "one packet of fifty is lost in each direction, the data is intact",
    arguments: ["198.51.100.2", "2001:db8:2::2"])
  func losses(_ address: String) throws {
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules()])
    // Before the hosts' own stacks see the packets, whatever path the engine took with them.
    let loss = """
      table inet loss {
        chain lose {
          type filter hook prerouting priority -500;
          meta l4proto tcp numgen inc mod 50 == 0 counter drop
        }
      }
      """
    for host in [pair.lan, pair.wan] {
      try #require(host.run(["nft", "-f", "-"], input: loss).status == 0)
    }
    let result = try pair.transfer(address, port: 7401, octets: 4 << 20)
    #expect(result.sent == result.received)
    #expect(result.sent.count == 64)
    let counted = pair.wan.run(["nft", "list", "ruleset"]).output
    #expect(!counted.contains("counter packets 0 "), "nothing was lost")
  }

  @Test("UDP over IPv6 is echoed, offloaded, and explained")
  func datagrams() throws {
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules()])
    let error = try pair.converse("2001:db8:2::2", port: 7402, times: 20)
    #expect(error.isEmpty)
    let explained = try pair.ftctl(["explain", "-p", "udp", "--dport", "7402"])
    #expect(explained.status == 0)
    #expect(
      explained.output.contains(": offloaded by flowtable f in inet r, devices "), "\(explained.output)")
    #expect(!explained.output.contains("stale"))
  }

  @Test("flows that stay on the classic path are explained by the rules and the protocol")
  func explanations() throws {
    let pair = try RoutedPair()
    let send = """
      import socket
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      s.sendto(b'x', ('198.51.100.2', 9))
      """
    #expect(pair.lan.run(["/usr/bin/python3", "-c", send]).status == 0)
    #expect(pair.lan.run(["ping", "-c", "1", "-W", "20", "198.51.100.2"]).status == 0)
    for (words, line) in [
      (["-p", "udp"], "\n  1. no-rule-matches: "), (["-p", "icmp"], "\n  2. protocol: "),
    ] {
      let explained = try pair.ftctl(["explain"] + words)
      #expect(explained.status == 0)
      #expect(explained.output.contains(": not offloaded\n"))
      #expect(explained.output.contains(line), "\(explained.output)")
    }
  }
}
