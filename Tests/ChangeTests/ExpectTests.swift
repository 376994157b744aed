// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("expect", .serialized, .enabled(if: Lab.isPossible, "needs root, conntrack(8) and network namespaces"))
struct ExpectTests {
  private static let tuple = ["-p", "tcp", "-s", "1.1.1.1", "-d", "2.2.2.2", "--dport", "2121"]
  private static let master = [
    "--master-src", "1.1.1.1", "--master-dst", "2.2.2.2", "--master-sport", "1000", "--master-dport", "21",
  ]

  private func expect(_ lab: Lab, _ words: [String]) throws -> Lab.Result {
    try Lab.run([Lab.ftctlPath, "--netns", lab.name, "expect"] + words)
  }

  /// A namespace with a flow that has the FTP helper.
  private func labWithMaster() throws -> Lab {
    let lab = try Lab()
    let master = try lab.addFTPMaster()
    #expect(master.status == 0, "\(master.error)")
    return lab
  }

  @Test(
    "what is added is listed as conntrack -L expect lists it, found, and deleted once",
    .disabled(if: Lab.lacksFTPHelper != nil, "\(Lab.lacksFTPHelper ?? "")"))
  func life() throws {
    let lab = try labWithMaster()
    let added = try expect(lab, ["add"] + Self.tuple + ["--mask-sport", "0", "--permanent"] + Self.master)
    #expect(added.status == 0, "\(added.error)")
    #expect(added.error == "ftctl: 1 expectations have been added.\n")
    let listed = try expect(lab, ["list"])
    let original = lab.conntrack("-L expect")
    func withoutTimeout(_ text: String) -> Substring { text.drop { $0 != " " } }
    #expect(withoutTimeout(listed.output) == withoutTimeout(original.output))
    #expect(
      listed.output.contains("dport=2121 mask-src=255.255.255.255")
        && listed.output.contains("PERMANENT class=0 helper=ftp"))
    let json = try expect(lab, ["list", "-j"])
    let objects = try #require(try JSONSerialization.jsonObject(with: json.bytes) as? [[String: Any]])
    #expect((objects.first?["master"] as? [String: Any])?["dport"] as? Int == 21)
    #expect(try expect(lab, ["get"] + Self.tuple).output.hasSuffix(withoutTimeout(listed.output)))
    #expect(try expect(lab, ["delete"] + Self.tuple + ["--dry-run"]).status == 0)
    #expect(try expect(lab, ["list"]).lines.count == 1)
    #expect(try expect(lab, ["delete"] + Self.tuple).error == "ftctl: 1 expectations have been deleted.\n")
    #expect(try expect(lab, ["delete"] + Self.tuple).status == 3)
    #expect(try expect(lab, ["delete"] + Self.tuple + ["--allow-none"]).status == 0)
    #expect(try expect(lab, ["get"] + Self.tuple).status == 3)
  }

  @Test(
    "flush takes those of a helper, or all",
    .disabled(if: Lab.lacksFTPHelper != nil, "\(Lab.lacksFTPHelper ?? "")"))
  func flush() throws {
    let lab = try labWithMaster()
    #expect(try expect(lab, ["add"] + Self.tuple + Self.master).status == 0)
    #expect(
      try expect(lab, ["flush", "--helper", "sip"]).error == "ftctl: 0 expectations have been deleted.\n")
    #expect(try expect(lab, ["list"]).lines.count == 1)
    #expect(try expect(lab, ["flush", "--dry-run"]).error == "ftctl: 1 expectations would be deleted.\n")
    #expect(try expect(lab, ["list"]).lines.count == 1)
    #expect(try expect(lab, ["flush"]).error == "ftctl: 1 expectations have been deleted.\n")
    #expect(try expect(lab, ["list"]).output.isEmpty)
  }

  @Test("errors say what to do")
  func errors() throws {
    let lab = try Lab()
    let orphan = try expect(lab, ["add"] + Self.tuple + Self.master)
    #expect(orphan.status == 1)
    #expect(
      orphan.error == "ftctl: cannot create an expectation: No such file or directory (ENOENT)\n"
        + "hint: the master is not in the conntrack table: 'ftctl list' shows what is\n")
    lab.conntrack("-I -p tcp -s 1.1.1.1 -d 2.2.2.2 --sport 1000 --dport 21 -t 100 --state ESTABLISHED")
    let helperless = try expect(lab, ["add"] + Self.tuple + Self.master)
    #expect(helperless.status == 5)
    #expect(helperless.error.contains("hint: the master has no helper"))
    #expect(
      try expect(lab, ["get", "-p", "icmp", "-s", "1.1.1.1", "-d", "2.2.2.2", "--dport", "1"]).status == 2)
    #expect(try expect(lab, ["get", "-p", "tcp", "-s", "1.1.1.1", "-d", "::1", "--dport", "1"]).status == 2)
  }
}
