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
    let text = try run([BuiltProgram.ftctl] + words + ["--help"]).output
    #expect(text.contains("\nEXAMPLES:\n  ftctl "), "the help of \(subcommand)")
    let help = Self.options(ofHelp: text)
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

  /// What bash offers for the last of these words.
  private func complete(_ words: [String]) throws -> Set<String> {
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

  @Test(
    "bash completes subcommands, options and their values", .enabled(if: Machine.has("bash"), "needs bash"))
  func bash() throws {
    #expect(try complete(["ftctl", "cou"]) == ["count"])
    #expect(try complete(["ftctl", "list", "--reply-d"]).isSuperset(of: ["--reply-dst", "--reply-dport"]))
    #expect(try complete(["ftctl", "list", "--state", "ESTAB"]) == ["ESTABLISHED"])
    #expect(try complete(["ftctl", "list", "--proto", "udp"]) == ["udp", "udplite"])
  }

  @Test("bash completes each word of a list", .enabled(if: Machine.has("bash"), "needs bash"))
  func bashLists() throws {
    #expect(try complete(["ftctl", "list", "-p", "tcp,ud"]) == ["tcp,udp", "tcp,udplite"])
    #expect(try complete(["ftctl", "list", "-p", "udp,ud"]) == ["udp,udplite"])
    #expect(try complete(["ftctl", "list", "--status", "seen,as"]) == ["seen,assured"])
    #expect(try complete(["ftctl", "list", "-u", "!AS"]) == ["!ASSURED"])
    #expect(try complete(["ftctl", "list", "-u", "SNAT,!SEEN"]) == ["SNAT,!SEEN_REPLY"])
    #expect(try complete(["ftctl", "count", "--by", "state,of"]) == ["state,offload"])
    #expect(try complete(["ftctl", "list", "-o", "table", "--columns", "+mark,zo"]) == ["+mark,zone"])
    #expect(try complete(["ftctl", "monitor", "-e", "new,de"]) == ["new,destroy"])
    #expect(try complete(["ftctl", "list", "-o", "line,ext"]) == ["line,extended"])
  }

  @Test(
    "the last word of a list is completed behind what stands before it", arguments: ["bash", "zsh", "fish"])
  func lists(_ shell: String) throws {
    func offers(_ option: String, _ typed: String) throws -> [Substring] {
      let words = ["ftctl", "list", option, typed]
      return try run(
        [BuiltProgram.ftctl, "---completion", "list", "--", option, "3", "\(typed.count)"] + words,
        environment: ["SAP_SHELL": shell]
      ).lines
    }
    #expect(try offers("--proto", "").contains("tcp"))
    #expect(try offers("--proto", "tcp,").contains("tcp,udp"))
    #expect(try !offers("--proto", "tcp,").contains("tcp,tcp"))
    #expect(try offers("--status", "!").contains("!OFFLOAD"))
    #expect(try offers("--status", "\\!assured,off").contains("!assured,offload"))
    #expect(try offers("--state", "SYN_SENT,").contains("SYN_SENT,ESTABLISHED"))
  }

  @Test("subcommands offer the formats that they take, and no others")
  func formats() throws {
    let formats: Set = ["line", "table", "json", "jsonl", "xml", "save", "csv", "prometheus"]
    let modifiers: Set = ["extended", "id", "timestamp", "ktimestamp", "labels", "userspace"]
    func words(_ text: some StringProtocol) -> Set<String> {
      let parts = text.split(whereSeparator: { (character: Character) in !character.isLetter })
      return Set(parts.map { String($0) }).intersection(formats.union(modifiers))
    }
    for (subcommand, page, arguments) in [
      ("list", "ftctl-flows.8", []), ("get", "ftctl-flows.8", []), ("monitor", "ftctl-flows.8", []),
      ("count", "ftctl-flows.8", []), ("stats", "ftctl-flows.8", []), ("explain", "ftctl-flows.8", []),
      ("trace", "ftctl-flows.8", ["--userspace"]), ("expect list", "ftctl-flows.8", []),
      ("flowtable list", "ftctl-flowtable.8", []), ("flowtable show", "ftctl-flowtable.8", ["x", "f"]),
      ("rule list", "ftctl-flowtable.8", []), ("export", "ftctl-flowtable.8", []),
    ] {
      let command = [BuiltProgram.ftctl] + subcommand.split(separator: " ").map(String.init)
      let refused = try run(command + arguments + ["-o", "nosuch"])
      #expect(refused.status == 2)
      let hint = try #require(refused.errorLines.last { $0.contains("there are: ") })
      let taken = words(hint)
      for word in formats.union(modifiers).subtracting(taken) {
        let refused = try run(command + arguments + ["-o", word])
        #expect(refused.status == 2 && refused.output.isEmpty, "\(subcommand) -o \(word)")
      }
      let help = try run(command + ["--help"]).output
      let start = try #require(help.firstRange(of: "Format: ")).upperBound
      let text = help[start...].prefix { $0 != "-" }.replacing("as conntrack has them", with: "")
      #expect(words(text) == taken, "the help of \(subcommand)")
      let offered = try run(
        [BuiltProgram.ftctl, "---completion"] + command.dropFirst() + [
          "--", "--output", "2", "0", "ftctl", "-o", "",
        ],
        environment: ["SAP_SHELL": "bash"])
      #expect(Set(offered.lines.map(String.init)) == taken, "the completion of \(subcommand)")
      let manual = try BuiltProgram.sourceText("man/\(page)")
      let list = manual[try #require(manual.firstRange(of: "There are, with\n")).upperBound...]
      let name = page == "ftctl-flows.8" ? String(subcommand.prefix { $0 != " " }) : subcommand
      let item = try #require(
        list.split(separator: ".It Cm ").first {
          $0.prefix { $0 != "\n" }.split(separator: " , ").contains { $0 == name }
        })
      let described = words(item.drop { $0 != "\n" }.prefix { $0 != ";" && $0 != "E" })
      #expect(described == taken.intersection(formats), "the manual of \(subcommand)")
    }
  }

  @Test("every status word is described and offered")
  func statusWords() throws {
    let refused = try run([BuiltProgram.ftctl, "list", "--status", "zzz"])
    let words = try #require(refused.errorLines.first?.split(separator: ": ").last).split(separator: ", ")
      .map(
        String.init)
    #expect(words.contains("REPLIED") && words.count == 20)
    let manual = try BuiltProgram.sourceText("man/ftctl-flows.8").split(whereSeparator: \.isWhitespace)
    let help = try run([BuiltProgram.ftctl, "list", "--help"]).output
    let offered = Set(try values("list", "--status").lines.map(String.init))
    for word in words {
      #expect(manual.contains { $0 == word } && help.contains(word) && offered.contains(word), "\(word)")
    }
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
    #expect(try !values("top", "--netns").lines.contains("all"))
    #expect(try !values("flowtable", "--netns").lines.contains("all"))
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
