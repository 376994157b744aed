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

  @Test("a priority may be below zero, as a word of its own")
  func priority() throws {
    let engine = try LiveEngine()
    #expect(
      try engine.ftctl(["flowtable", "add", "inet", "x", "f", "--priority", "-5", "-d", "d0"]).status == 0)
    #expect(try engine.ftctl(["export"]).output.contains("hook ingress priority filter - 5"))
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
    #expect(
      try enable("d0", "--proto", "tcp,udp").hasSuffix(
        "rule 'meta l4proto { tcp, udp } flow add @f' in the place of 'ip protocol tcp flow add @f'\n"))
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
        \t\tmeta l4proto { tcp, udp } flow add @f
        \t\tmeta l4proto gre flow add @f
        \t}
        """))
    #expect(
      try enable("d2", "--proto", "!icmp").hasSuffix(
        "in the place of 'meta l4proto { tcp, udp } flow add @f' and 'meta l4proto gre flow add @f'\n"))
    #expect(try enable("d2", "--proto", "!icmp") == already)
    #expect(try enable("d2", "--proto", "tcp,sctp") == already)
    #expect(
      try engine.ftctl(["flowtable", "disable"]).error.contains("2 rules, chain 'y', flowtable 'f', table"))
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

  @Test(
    "what nft's syntax cannot express, and what no packet can match, is wrong usage",
    arguments: [
      (["rule", "add", "inet", "x", "y", "--comment", "a \"q\" b"], "--comment: a comment has no"),
      (["rule", "add", "inet", "x", "y", "--comment", "a\nb"], "--comment: a comment has no"),
      (["rule", "add", "inet", "x", "y z", "--create-chain"], "bad name 'y z'"),
      (["rule", "add", "inet", "x", "y", "--iif", "a\"b"], "--iif: bad device name 'a\"b'"),
      (["rule", "add", "inet", "x", "y", "--proto", "icmp", "--dport", "80"], "not icmp"),
      (["rule", "add", "inet", "x", "y", "--proto", "tcp,gre", "--sport", "80"], "not gre"),
      (["flowtable", "add", "inet", "a b", "h"], "bad name 'a b'"),
      (["flowtable", "add", "inet", "x", "1h"], "bad name '1h'"),
      (["flowtable", "add", "inet", "x", "h", "-d", "a\"b"], "bad device name 'a\"b'"),
      (["flowtable", "enable", "d0", "--table", "a\"b"], "bad name 'a\"b'"),
      (["flowtable", "enable", "d0", "--chain", "drop"], "bad name 'drop'"),
      (["flowtable", "add", "ip", "table", "h"], "bad name 'table'"),
      (["flowtable", "show", "x"], "a flowtable is named [FAMILY] TABLE NAME, by two or three words, not 1"),
      (["flowtable", "add", "x", ""], "a flowtable is named [FAMILY] TABLE NAME"),
      (["flowtable", "add", "ip", "x", "add"], "bad name 'add'"),
      (["rule", "add", "inet", "x", "chain", "--create-chain"], "bad name 'chain'"),
    ])
  func refusals(_ arguments: [String], _ words: String) throws {
    let engine = try LiveEngine()
    let flowtable = arguments[0] == "rule" ? ["--flowtable", "f"] : []
    let result = try engine.ftctl(arguments + flowtable)
    #expect(result.status == 2)
    #expect((1...2).contains(result.errorLines.count))
    #expect(result.error.contains(words), "\(result.error)")
    #expect(try engine.ftctl(["export"]).output.isEmpty)
  }

  @Test("a rule that is to be deleted is named by its handle, or by its words")
  func unnamedRule() throws {
    let engine = try LiveEngine()
    for words in [[], ["--proto", "tcp"]] {
      let result = try engine.ftctl(["rule", "delete", "inet", "x", "y"] + words)
      #expect(result.status == 2)
      #expect(
        result.errorLines.first
          == "ftctl: delete needs --handle, or --flowtable and the words that added the rule")
    }
  }

  @Test("names and comments that ftctl takes are read by nft and by apply")
  func names() throws {
    let engine = try LiveEngine()
    #expect(try engine.ftctl(["flowtable", "add", "inet", "_a-b/c.d", "F1", "-d", "d0"]).status == 0)
    let rule = [
      "--create-chain", "--flowtable", "F1", "--proto", "tcp", "--dport", "80", "--comment", "it's # {;",
    ]
    #expect(try engine.ftctl(["rule", "add", "inet", "_a-b/c.d", "y_"] + rule).status == 0)
    let exported = try engine.ftctl(["export"]).output
    #expect(exported.contains("comment \"it's # {;\""))
    #expect(try engine.ftctl(["apply", "--check", "-"], input: exported).status == 0)
    #expect(try engine.exec(["nft", "-c", "-f", "-"], input: exported).status == 0)
  }

  @Test("names that are words of nft's language are not made, but shown and deleted where others made them")
  func keywords() throws {
    let engine = try LiveEngine()
    let description = """
      table inet "table" {
        flowtable "list" { hook ingress priority 0; devices = { d0 }; }
        chain "chain" { type filter hook forward priority 0; flow add @list; }
      }
      """
    for arguments in [["apply", "-"], ["apply", "--check", "-"]] {
      let refused = try engine.ftctl(arguments, input: description)
      #expect(refused.status == 2 && refused.output.isEmpty)
      #expect(refused.errorLines.first == "ftctl: bad name 'table': nft cannot write it")
    }
    let flowtable = #"{"family":"inet","table":"table","name":"list","hook":"ingress","prio":0,"dev":["d0"]}"#
    let made = try engine.exec(
      ["nft", "-j", "-f", "-"],
      input:
        #"{"nftables":[{"add":{"table":{"family":"inet","name":"table"}}},{"add":{"flowtable":\#(flowtable)}}]}"#
    )
    #expect(made.status == 0, "\(made.error)")
    #expect(try engine.ftctl(["flowtable", "list"]).output.contains("flowtable \"list\" {"))
    let exported = try engine.ftctl(["export"])
    #expect(exported.errorLines.contains("ftctl: nft cannot read the name 'table': only 'ftctl apply' can"))
    #expect(try engine.ftctl(["apply", "--check", "-"], input: exported.output).status == 0)
    #expect(try engine.ftctl(["flowtable", "delete", "inet", "table", "list"]).status == 0)
    #expect(try engine.ftctl(["export"]).output.isEmpty)
  }

  @Test(
    "a listing of a place that is not there fails",
    arguments: [
      (["flowtable", "list", "inet", "nosuch"], "list flowtables of table 'nosuch' of family inet"),
      (["rule", "list", "inet", "nosuch"], "list flow rules of table 'nosuch' of family inet"),
      (
        ["rule", "list", "inet", "x", "nosuch"],
        "list flow rules of chain 'nosuch' in table 'x' of family inet"
      ),
      (["export", "ip", "x"], "export flowtables of table 'x' of family ip"),
    ])
  func nowhere(_ arguments: [String], _ what: String) throws {
    let engine = try LiveEngine()
    #expect(try engine.ftctl(["flowtable", "enable", "d0"]).status == 0)
    let result = try engine.ftctl(arguments)
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.first?.hasPrefix("ftctl: cannot \(what): there is no such ") == true)
    #expect(try engine.ftctl(["rule", "list", "inet", "x", "y"]).status == 0)
  }
}
