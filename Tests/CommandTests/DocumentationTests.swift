// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Manuals and completions", .serialized)
struct DocumentationTests {
  /// Where the options of each subcommand are described: a page and its sections.
  static let places: [(subcommand: String, page: String, sections: [String])] = [
    ("list", "ftctl-flows.8", ["Selection", "Output", "Tables", "ftctl list"]),
    ("get", "ftctl-flows.8", ["Selection", "Output", "ftctl get"]),
    ("count", "ftctl-flows.8", ["Selection", "Output", "ftctl count"]),
    ("stats", "ftctl-flows.8", ["Output", "ftctl stats"]),
    ("monitor", "ftctl-flows.8", ["Selection", "Output", "ftctl monitor"]),
    ("top", "ftctl-flows.8", ["Selection", "Tables", "ftctl top"]),
    ("run", "ftctl-engine.7", ["Router", "ftctl run"]), ("demo", "ftctl-engine.7", ["ftctl demo"]),
    ("trace", "ftctl-engine.7", ["Selection", "Output", "ftctl trace"]),
    ("replay", "ftctl-engine.7", ["Router", "ftctl replay"]),
    ("annotate", "ftctl-change.8", ["Selection", "Changes", "ftctl annotate"]),
    ("delete", "ftctl-change.8", ["Selection", "Changes"]),
    ("flush", "ftctl-change.8", ["Selection", "ftctl flush"]),
    ("add", "ftctl-change.8", ["ftctl add"]),
    ("expect list", "ftctl-change.8", ["Output", "ftctl expect list"]),
    ("expect get", "ftctl-change.8", ["Output", "Expected flow"]),
    ("expect add", "ftctl-change.8", ["Expected flow", "ftctl expect add"]),
    ("expect delete", "ftctl-change.8", ["Expected flow", "ftctl expect delete"]),
    ("expect flush", "ftctl-change.8", ["ftctl expect flush"]),
    ("offload clear", "ftctl-change.8", ["Selection", "Changes", "ftctl offload clear"]),
    ("flowtable list", "ftctl-flowtable.8", ["Output"]),
    ("flowtable show", "ftctl-flowtable.8", ["Output"]),
    ("flowtable add", "ftctl-flowtable.8", ["ftctl flowtable add"]),
    ("flowtable delete", "ftctl-flowtable.8", ["ftctl flowtable delete"]),
    ("flowtable enable", "ftctl-flowtable.8", ["ftctl flowtable enable"]),
    ("flowtable disable", "ftctl-flowtable.8", ["ftctl flowtable disable"]),
    ("rule list", "ftctl-flowtable.8", ["Output"]),
    ("rule add", "ftctl-flowtable.8", ["Matches", "ftctl rule add"]),
    ("rule delete", "ftctl-flowtable.8", ["Matches", "ftctl rule delete"]),
    ("apply", "ftctl-flowtable.8", ["ftctl apply"]),
    ("export", "ftctl-flowtable.8", ["Output"]),
    ("doctor", "ftctl-flowtable.8", ["ftctl doctor"]),
    ("verify", "ftctl-engine.7", ["ftctl verify"]), ("exec", "ftctl-engine.7", ["ftctl exec"]),
  ]

  /// The options that a help text describes.
  private static func options(ofHelp text: String) -> Set<String> {
    var result: Set<String> = []
    for line in text.split(separator: "\n") where line.hasPrefix("  -") {
      let description = line.dropFirst(2).firstRange(of: "  ").map { line[..<$0.lowerBound] } ?? line
      for word in description.split(whereSeparator: { " ,".contains($0) }) where word.hasPrefix("-") {
        result.insert(String(word))
      }
    }
    return result
  }

  /// The options that each section of a page describes: those that head an item of a list.
  private static func options(ofPage name: String) throws -> [String: Set<String>] {
    var result: [String: Set<String>] = [:]
    var section = ""
    for line in try BuiltProgram.sourceText("man/\(name)").split(separator: "\n") {
      if line.hasPrefix(".Ss ") || line.hasPrefix(".Sh ") { section = String(line.dropFirst(4)) }
      guard line.hasPrefix(".It Fl ") else { continue }
      for part in line.replacing("\\-", with: "-").split(separator: "Fl ").dropFirst() {
        result[section, default: []].insert("-" + part.prefix { $0 != " " && $0 != "," })
      }
    }
    return result
  }

  @Test("every option of the help stands in the manual, and the other way round", arguments: 0..<places.count)
  func manual(_ index: Int) throws {
    let (subcommand, page, sections) = Self.places[index]
    let words = subcommand.split(separator: " ").map(String.init)
    let help = Self.options(ofHelp: try run([BuiltProgram.ftctl] + words + ["--help"]).output)
    #expect(help.count > 4)
    // Selection and output are described once.
    let described = try Self.options(ofPage: page).merging(Self.options(ofPage: "ftctl-flows.8")) { own, _ in
      own
    }
    let global = try Self.options(ofPage: "ftctl.8")["Global options"] ?? []
    let manual = sections.reduce(into: global) { $0.formUnion(described[$1] ?? []) }
    #expect(help.subtracting(manual) == [], "only in the help of \(subcommand)")
    #expect(manual.subtracting(help) == ["--generate-completion-script"], "only in the manual")
  }

  @Test("the manual names every format, column, key and event that the program knows")
  func words() throws {
    let page = try BuiltProgram.sourceText("man/ftctl-flows.8")
    let words = Set(page.split { !$0.isLetter && !$0.isNumber && $0 != "-" && $0 != "_" }.map(String.init))
    for (arguments, ending) in [
      (["list", "-o", "nosuch"], "there are: "),
      (["list", "-o", "table", "--sort", "nosuch"], "there are: "),
      (["count", "--by", "nosuch"], "there are: "), (["monitor", "-e", "nosuch"], "there are: "),
    ] {
      let hint = try #require(try run([BuiltProgram.ftctl] + arguments).errorLines.last)
      let list = try #require(hint.firstRange(of: ending))
      for word in hint[list.upperBound...].split(separator: ", ") where word != "event" {
        #expect(words.contains(String(word)), "\(arguments): \(word)")
      }
    }
  }

  @Test("the manuals are correct mdoc", .enabled(if: Machine.has("mandoc"), "needs mandoc"))
  func lint() throws {
    let folder = BuiltProgram.sourceRoot.appendingPathComponent("man")
    let pages = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).map(
      \.path)
    #expect(pages.count >= 3)
    let result = try run(["mandoc", "-Tlint", "-Wwarning"] + pages)
    #expect(result.status == 0 && result.output == "")
  }

  @Test("the completion scripts are what the program generates now", arguments: ["bash", "zsh", "fish"])
  func completionScripts(_ shell: String) throws {
    let generated = try run([BuiltProgram.ftctl, "--generate-completion-script", shell])
    #expect(generated.status == 0)
    let kept = try BuiltProgram.sourceText("completions/ftctl.\(shell)")
    #expect(kept == generated.output, ".ci/completions writes them anew")
  }

  @Test(
    "bash completes subcommands, options and their values", .enabled(if: Machine.has("bash"), "needs bash"))
  func bash() throws {
    func complete(_ words: [String]) throws -> Set<String> {
      let script = """
        PATH="$(dirname '\(BuiltProgram.ftctl)'):$PATH"
        source '\(BuiltProgram.sourceRoot.path)/completions/ftctl.bash'
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        _ftctl "$1" "${!#}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
        """
      return Set(
        try run(["bash", "-c", script, "bash"] + words).lines.map { $0.trimmingCharacters(in: .whitespaces) })
    }
    #expect(try complete(["ftctl", "cou"]) == ["count"])
    #expect(try complete(["ftctl", "list", "--reply-d"]).isSuperset(of: ["--reply-dst", "--reply-dport"]))
    #expect(try complete(["ftctl", "list", "--state", "ESTAB"]) == ["ESTABLISHED"])
    #expect(try complete(["ftctl", "list", "--proto", "udp"]) == ["udp", "udplite"])
  }

  /// Asks for values as the scripts do.
  private func values(_ subcommand: String, _ option: String, shell: String = "bash") throws -> ProgramResult
  {
    try run(
      [
        BuiltProgram.ftctl, "---completion", subcommand, "--", option, "2", "0", "ftctl", subcommand, option,
        "",
      ],
      environment: ["SAP_SHELL": shell])
  }

  @Test(
    "protocols, states and status flags are completed without privilege", arguments: ["bash", "zsh", "fish"])
  func fixedValues(_ shell: String) throws {
    #expect(try values("list", "--proto", shell: shell).lines.contains("tcp"))
    #expect(try values("count", "--state", shell: shell).lines.contains("SHUTDOWN_ACK_SENT"))
    #expect(try values("monitor", "--status", shell: shell).lines.contains("HW_OFFLOAD"))
  }

  @Test(
    "namespaces, zones and labels are those there are now",
    .enabled(if: Machine.lacksForNamespaces == nil, networkReason))
  func liveValues() throws {
    let table = try ConntrackTable(entries: 500, seed: 21)
    #expect(try values("list", "--netns").lines.contains(Substring(table.namespace.name)))
    #expect(try values("list", "--netns").lines.contains("all"))
    func inside(_ option: String) throws -> ProgramResult {
      try table.run([
        "env", "SAP_SHELL=bash", BuiltProgram.ftctl, "---completion", "list", "--", option, "2", "0", "ftctl",
        "list", option, "",
      ])
    }
    let zones = try inside("--zone")
    #expect(zones.status == 0 && zones.error == "")
    #expect(zones.lines.contains("3") && zones.lines.allSatisfy { UInt16($0) != nil })
    #expect(try inside("--label").lines.count == 128)
    for option in ["--flowtable", "--device"] { #expect(try inside(option).status == 0) }
    #expect(try inside("--device").lines.contains("lo"))
  }

  @Test(
    "tables and chains are those that the words before leave",
    .enabled(if: Machine.lacksForNamespaces == nil, networkReason))
  func rulesetWords() throws {
    let namespace = try #require(LiveNamespace())
    namespace.run([
      "nft", "add table inet a; add table ip b; add chain inet a c; add chain ip b d; add chain ip b e",
    ])
    func complete(_ words: [String], inside: Bool = true) throws -> [Substring] {
      let line = ["ftctl"] + (inside ? [] : ["--netns", namespace.name]) + ["rule", "add"] + words + [""]
      let asked =
        [BuiltProgram.ftctl, "---completion", "rule", "add", "--", "positional@0", "\(line.count - 1)", "0"]
        + line
      let command = ["env", "SAP_SHELL=bash"] + asked
      let result = try run(inside ? namespace.command(command) : command)
      #expect(result.status == 0 && result.error.isEmpty, "\(result.error)")
      return result.lines
    }
    #expect(try complete([]) == ["inet", "ip", "ip6", "b"])
    #expect(try complete(["inet"]) == ["a"])
    #expect(try complete(["inet", "a"]) == ["c"])
    #expect(try complete(["b"]) == ["d", "e"])
    #expect(try complete(["ip6"]).isEmpty)
    #expect(try complete(["ip", "b"], inside: false) == ["d", "e"])
  }
}
