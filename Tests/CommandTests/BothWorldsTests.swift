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
    ["get", "--dport", "1"], ["count"], ["count", "--by", "proto,state"], ["count", "--by", "zone", "-j"],
    ["annotate", "-p", "tcp", "--set-mark", "7/15"],
    ["annotate", "-p", "tcp", "--set-mark", "8", "--dry-run"],
    ["list", "-m", "7"], ["delete", "--src", "203.0.113.0/24"], ["delete", "-p", "udp"],
    ["list", "-p", "udp"],
    ["flush", "--dport", "80", "--yes"], ["count"], ["list", "-p", "icmp", "--dport", "3"],
    ["flush", "--yes"],
    ["list"],
  ]

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
