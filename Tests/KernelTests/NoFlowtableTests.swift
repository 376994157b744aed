// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

/// What the running kernel has, found out with nft in a namespace of its own.
enum RunningKernel {
  /// Why the tests of a kernel with nf_tables and without flowtables cannot run here; nil when they can.
  static let cannotLackFlowtables: String? = {
    if let reason = Machine.lacksForNamespaces { return reason }
    guard let namespace = LiveNamespace() else { return "cannot make network namespaces here" }
    guard namespace.run(["nft", "add table inet probe"]).status == 0 else {
      return "the kernel has no nf_tables"
    }
    let flowtable = "add flowtable inet probe f { hook ingress priority 0; devices = { lo }; }"
    return namespace.run(["nft", flowtable]).status == 0 ? "this kernel has flowtables" : nil
  }()
}

@Suite("A kernel without flowtables")
struct NoFlowtableTests {
  private static let file = "table inet x { flowtable f { hook ingress priority 0; devices = { lo } } }\n"

  /// Each subcommand that needs flowtables.
  static let commands: [[String]] = [
    ["flowtable", "list"], ["flowtable", "list", "-j"], ["flowtable", "list", "inet", "x"],
    ["flowtable", "show", "inet", "x", "f"],
    ["flowtable", "add", "inet", "x", "f", "--device", "lo"],
    ["flowtable", "add", "inet", "x", "f", "--device", "lo", "--counter", "--ensure"],
    ["flowtable", "add", "ip", "x", "f", "--device", "lo", "--dry-run"],
    ["flowtable", "add", "ip6", "x", "f", "--device", "lo", "--hw-offload"],
    ["flowtable", "delete", "inet", "x", "f"],
    ["flowtable", "delete", "inet", "x", "f", "--force", "--ensure"],
    ["flowtable", "enable", "lo"], ["flowtable", "enable", "lo", "--dry-run"], ["flowtable", "disable"],
    ["rule", "list"], ["rule", "add", "inet", "x", "y", "--flowtable", "f"],
    ["rule", "add", "inet", "x", "y", "--flowtable", "f", "--create-chain", "--dry-run"],
    ["rule", "delete", "inet", "x", "y", "--handle", "4"],
    ["apply", "-"], ["apply", "--check", "-"], ["export"], ["export", "-j"], ["explain", "-p", "tcp"],
  ]

  @Test(
    "each subcommand ends with status 5, one line and what to do, and changes nothing",
    .enabled(
      if: RunningKernel.cannotLackFlowtables == nil,
      Comment(rawValue: RunningKernel.cannotLackFlowtables ?? "")),
    arguments: commands)
  func notSupported(_ arguments: [String]) throws {
    let namespace = try #require(LiveNamespace())
    namespace.run(["nft", "add table inet x; add chain inet x y { type filter hook forward priority 0; }"])
    let before = namespace.run(["nft", "-a", "list", "ruleset"])
    let result = try run(
      [BuiltProgram.ftctl, "--netns", namespace.name] + arguments,
      input: arguments[0] == "apply" ? Self.file : "")
    #expect(result.status == 5, "\(result.error)")
    #expect(result.bytes.isEmpty)
    let lines = result.errorLines
    try #require(lines.count == 2, "\(result.error)")
    #expect(
      lines[0].hasPrefix("ftctl: cannot ") && result.error.contains("this kernel has no flowtables"),
      "\(result.error)")
    #expect(lines[1].hasPrefix("hint: ") && lines[1].contains("nf_flow_table"), "\(lines[1])")
    let after = namespace.run(["nft", "-a", "list", "ruleset"])
    #expect(before.status == 0 && after.bytes == before.bytes)
  }

  @Test(
    "doctor says what is missing, what to do, and ends with status 5",
    .enabled(
      if: RunningKernel.cannotLackFlowtables == nil,
      Comment(rawValue: RunningKernel.cannotLackFlowtables ?? "")))
  func doctor() throws {
    let namespace = try #require(LiveNamespace())
    let lines = try namespace.ftctl(["doctor"])
    #expect(lines.status == 5 && lines.error.isEmpty, "\(lines.error)")
    let text = String(decoding: lines.bytes, as: UTF8.self)
    #expect(text.contains(/(?m)^fail flowtables: .*\n     hint: .*nf_flow_table/), "\(text)")
    let json = try namespace.ftctl(["doctor", "-j"])
    #expect(json.status == 5 && json.error.isEmpty)
    let report = try #require(try JSONSerialization.jsonObject(with: json.bytes) as? [String: Any])
    let checks = try #require(report["checks"] as? [[String: Any]])
    let check = try #require(checks.first { $0["name"] as? String == "flowtables" })
    #expect(check["level"] as? String == "fail" && check["hint"] is String)
  }

  @Test(
    "what is refused by the words alone is status 2 on any kernel",
    arguments: [
      ["flowtable", "add", "bridge", "x", "f", "--device", "lo"], ["flowtable", "add", "x"],
      ["flowtable", "show", "inet", "x", "f", "g"],
      ["flowtable", "list", "netdev"], ["rule", "add", "inet", "x", "y"],
      ["rule", "add", "inet", "x", "y", "--flowtable", "f", "--proto", "nosuch"], ["explain"],
      ["flowtable", "enable"], ["apply", "-"],
    ])
  func wrongUsage(_ arguments: [String]) throws {
    let result = try run([BuiltProgram.ftctl] + arguments, input: "table inet x {")
    #expect(result.status == 2, "\(result.error)")
    #expect(result.bytes.isEmpty && (1...2).contains(result.errorLines.count), "\(result.error)")
    #expect(result.errorLines.first?.hasPrefix("ftctl: ") == true)
  }
}
