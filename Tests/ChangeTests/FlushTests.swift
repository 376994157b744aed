// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient
import NetlinkWire
import TestSupport
import Testing

@Suite("flush", .serialized, .enabled(if: Lab.isPossible, "needs root, conntrack(8) and network namespaces"))
struct FlushTests {
  @Test("with a network, only its flows go among many")
  func network() throws {
    let lab = try Lab()
    #expect(lab.run([Lab.fillPath, "20000", "5", "plain"]).status == 0)
    let before = lab.table()
    let inside = before.filter { $0.contains(" src=10.0.1.") }
    #expect(!inside.isEmpty)
    let dry = try lab.ftctl("flush", "--src", "10.0.1.0/24", "--dry-run")
    #expect(
      dry.error
        == "ftctl: \(Set(inside.filter { $0.split(separator: " ").dropFirst(4).prefix(3).contains { $0.hasPrefix("src=10.0.1.") } }).count) flow entries would be deleted.\n"
    )
    #expect(lab.table() == before)
    #expect(try lab.ftctl("flush", "--src", "10.0.1.0/24").status == 0)
    let after = lab.table()
    #expect(after == before.filter { !Self.originalSource($0).hasPrefix("10.0.1.") })
    #expect(after.count < before.count)
  }

  private static func originalSource(_ line: String) -> String {
    line.split(separator: " ").first { $0.hasPrefix("src=") }.map { String($0.dropFirst(4)) } ?? ""
  }

  @Test(
    "where the kernel filters a flush, it takes just what the selection says",
    arguments: [
      ["--mark", "0x5/0xf"], ["--src", "10.0.0.7"], ["-p", "udp", "-f", "ipv4", "--dport", "53"],
      ["-f", "ipv6"],
      ["--status", "ASSURED,!FIXED_TIMEOUT"], ["-f", "ipv4", "-p", "tcp", "--mark", "0/1"],
    ])
  func exact(selection: [String]) throws {
    let lab = try Lab()
    #expect(lab.run([Lab.fillPath, "3000", "6"]).status == 0)
    let selected = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "list", "-o", "extended"] + selection)
      .lines.count
    let total = lab.table().count
    #expect(selected > 0)
    let result = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "flush"] + selection)
    #expect(result.status == 0, "\(result.error)")
    #expect(lab.table().count == total - selected)
    let rest = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "list"] + selection)
    #expect(rest.output.isEmpty)
  }

  @Test("the probe of the kernel's flush deletes nothing")
  func probe() throws {
    let lab = try Lab()
    #expect(lab.run([Lab.fillPath, "1000", "8"]).status == 0)
    let before = lab.table()
    _ = try lab.entered { try NetlinkSession(KernelSocket()).honoursFilteredFlush() }
    #expect(lab.table() == before)
  }

  @Test("without a selection it wants --yes where nobody can be asked")
  func everything() throws {
    let lab = try Lab()
    #expect(lab.run([Lab.fillPath, "100", "9"]).status == 0)
    let refused = try lab.ftctl("flush")
    #expect(refused.status == 2)
    #expect(refused.error.contains("wants --yes"))
    let dry = try lab.ftctl("flush", "--dry-run")
    #expect(dry.error == "ftctl: 100 flow entries would be deleted.\n")
    #expect(lab.conntrack("-C").output == "100\n")
    let done = try lab.ftctl("flush", "--yes")
    #expect(done.status == 0)
    #expect(done.error == "ftctl: the conntrack table has been emptied; it had 100 flow entries.\n")
    #expect(lab.conntrack("-C").output == "0\n")
  }

  @Test("without the privilege it is one line, a hint, and status 4")
  func notPermitted() throws {
    let lab = try Lab()
    for command in [
      ["delete", "--mark", "1"], ["flush", "--yes"], ["annotate", "--mark", "1", "--set-mark", "2"],
      ["expect", "flush"],
      ["add", "-p", "udp", "-s", "1.1.1.1", "-d", "2.2.2.2", "--sport", "1", "--dport", "2", "-t", "9"],
      ["offload", "clear", "--mark", "1"],
    ] {
      let result = lab.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all", Lab.ftctlPath] + command)
      #expect(result.status == 4, "\(command): \(result.error)")
      #expect(result.error.contains("Operation not permitted (EPERM)\nhint: run it as root"))
    }
  }

  @Test("a bad mark, and a label that the file of labels lacks, are named and leave the table alone")
  func wrongUsage() throws {
    let lab = try Lab()
    lab.conntrack("-I -p udp -s 10.0.0.1 -d 10.0.0.9 --sport 1 --dport 2 -t 100 -m 1")
    for command in [["delete"], ["flush", "--yes"], ["offload", "clear"]] {
      for (options, message) in [
        (["--mark", "0x"], "--mark: bad mark '0x': it is VALUE or VALUE/MASK, each 0 to 0xffffffff"),
        (["--mark", "3/1"], "--mark: bad mark '3/1': the value has bits that the mask takes away"),
        (
          ["--label", "nonsense"],
          "--label: unknown label 'nonsense': neither 0 to 127 nor a name of /etc/xtables/connlabel.conf"
        ),
      ] {
        let result = try Lab.run([Lab.ftctlPath, "--netns", lab.name] + command + options)
        #expect(result.status == 2)
        #expect(result.error.hasPrefix("ftctl: \(message)"), "\(command): \(result.error)")
      }
    }
    #expect(lab.conntrack("-C").output == "1\n")
  }
}
