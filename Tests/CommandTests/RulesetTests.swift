// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Flowtables and rules on a userspace engine")
struct RulesetTests {
  @Test("--ensure without --device leaves the devices of a flowtable alone")
  func ensure() throws {
    let engine = try LiveEngine()
    #expect(try engine.ftctl(["flowtable", "add", "inet", "x", "f", "-d", "d0", "d1"]).status == 0)
    let changed = try engine.ftctl(["flowtable", "add", "inet", "x", "f", "--counter", "--ensure"])
    #expect(changed.status == 0)
    #expect(changed.error == "ftctl: flowtable 'f' in inet x counter switched on\n")
    #expect(try engine.ftctl(["export"]).output.contains("devices = { d0, d1 }\n\t\tcounter\n"))
    _ = try engine.ftctl(["flowtable", "add", "inet", "x", "f", "--counter", "--ensure", "-d", "d1"])
    #expect(try engine.ftctl(["export"]).output.contains("devices = { d1 }\n"))
  }

  @Test("enable, run again, adds what is missing and changes nothing else")
  func enableAgain() throws {
    let engine = try LiveEngine(devices: ["d0", "d1", "d2"])
    func enable(_ arguments: String...) throws -> String {
      let result = try engine.ftctl(["flowtable", "enable"] + arguments)
      #expect(result.status == 0)
      return result.error
    }
    let already = "ftctl: the fast path is enabled already in inet x\n"
    _ = try enable("d0", "d1")
    #expect(try enable("d0", "--proto", "tcp,udp").contains("flow add @f'"))
    #expect(
      try enable("d0", "d2", "--counter") == "ftctl: made in inet x: device d2 added, counter switched on\n")
    #expect(try enable("d1", "--proto", "udp") == already)
    #expect(try enable("d1", "--proto", "udp,gre").hasSuffix("rule 'meta l4proto gre flow add @f'\n"))
    #expect(try enable("d1", "--proto", "gre,tcp,udp") == already)
    #expect(try enable("d2") == already)
    let exported = try engine.ftctl(["export"]).output
    #expect(exported.contains("devices = { d0, d1, d2 }\n\t\tcounter\n"))
    #expect(
      exported.contains(
        """
        \t\tip protocol tcp flow add @f
        \t\tmeta l4proto { tcp, udp } flow add @f
        \t\tmeta l4proto gre flow add @f
        \t}
        """))
    #expect(
      try engine.ftctl(["flowtable", "disable"]).error.contains("4 rules, chain 'y', flowtable 'f', table"))
    #expect(try engine.ftctl(["export"]).output.isEmpty)
  }

  @Test("what cannot be read is no empty description")
  func unreadable() throws {
    let engine = try LiveEngine()
    #expect(try engine.ftctl(["flowtable", "enable", "d0", "d1"]).status == 0)
    for arguments in [
      ["apply", "--exclusive", "/tmp"], ["apply", "--check", "/tmp"], ["add", "--from", "/tmp"],
    ] {
      let result = try engine.ftctl(arguments)
      #expect(result.status == 1)
      #expect(result.errorLines.last == "ftctl: cannot read '/tmp': Is a directory (EISDIR)")
    }
    #expect(try engine.ftctl(["apply", "/nonexistent"]).error.contains("cannot read '/nonexistent'"))
    let result = try run([BuiltProgram.ftctl, "--userspace", "run", "--topology", "/tmp"])
    #expect(result.status == 1)
    #expect(result.error == "ftctl: cannot read '/tmp': Is a directory (EISDIR)\n")
    #expect(try engine.ftctl(["export"]).output.contains("flow add @f"))
  }
}
