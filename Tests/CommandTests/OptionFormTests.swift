// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Forms of options")
struct OptionFormTests {
  /// An option as a help text describes it.
  struct Described {
    /// All spellings; the long one that errors use is the first long one.
    var spellings: [String]
    var takesValue: Bool
    /// Whether the value may be left out.
    var isOptional: Bool

    var name: String { spellings.first { $0.hasPrefix("--") } ?? "" }
  }

  /// The options in a section of a subcommand's help.
  static func options(_ subcommand: String, in section: String) throws -> [Described] {
    let lines = try run([BuiltProgram.ftctl, subcommand, "--help"]).output.split(
      separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { $0 != "\(section):" }.dropFirst().prefix { !$0.isEmpty }.filter {
      $0.hasPrefix("  -")
    }
    .map { line in
      let text = line.dropFirst(2).firstRange(of: "  ").map { line[..<$0.lowerBound] } ?? line
      let words = text.split(whereSeparator: { " ,".contains($0) }).map(String.init)
      return Described(
        spellings: words.filter { $0.hasPrefix("-") }, takesValue: text.contains("<"),
        isOptional: text.contains("[<"))
    }
  }

  /// A value that the option takes.
  private func value(_ option: Described) -> String {
    switch option.name {
    case "--family": "ipv4"
    case "--proto": "udp"
    case "--src", "--dst", "--reply-src", "--reply-dst", "--src-nat", "--dst-nat", "--any-nat": "192.0.2.1"
    case "--state": "ESTABLISHED"
    case "--status": "ASSURED"
    case "--offload": "any"
    case "--device", "--flowtable": "lo"
    default: "7"
    }
  }

  /// Each spelling of an option, in front of its value as a word of its own, with an equals sign, or joined.
  private func forms(_ spelling: String, _ value: String) -> [[String]] {
    [[spelling, value], ["\(spelling)=\(value)"]] + (spelling.hasPrefix("--") ? [] : [[spelling + value]])
  }

  @Test("an option of the selection that is given twice, in whatever spelling and form, is wrong usage")
  func repeated() throws {
    let options = try Self.options("list", in: "SELECTION")
    try #require(options.count > 20)
    for option in options where !["--label", "--where"].contains(option.name) {
      let value = value(option)
      for (number, spelling) in option.spellings.enumerated() {
        for form in forms(spelling, value) {
          let other = option.spellings[(number + 1) % option.spellings.count]
          let line = ["list"] + form + ["-j", other, value]
          let result = try run([BuiltProgram.ftctl] + line)
          #expect(result.status == 2, "\(line)")
          #expect(result.errorLines.first == "ftctl: \(option.name) is given twice", "\(line)")
        }
      }
    }
    let bundled = try run([BuiltProgram.ftctl, "list", "-jp", "udp", "-jptcp"])
    #expect(bundled.status == 2 && bundled.bytes.isEmpty)
    for line in [
      ["trace", "tcp", "-p", "udp", "-p", "tcp"], ["trace", "-s", "192.0.2.1", "--src=192.0.2.1"],
    ] {
      #expect(try run([BuiltProgram.ftctl, "--userspace"] + line).error.contains(" is given twice\n"))
    }
  }

  @Test(
    "a value that may be left out counts wherever it stands, in each form",
    .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"))
  func optionalValues() throws {
    let space = try #require(LiveNamespace())
    let flow = [
      "-I", "-p", "udp", "-s", "10.0.2.1", "-d", "198.51.100.53", "--sport", "1234", "--dport", "53",
    ]
    #expect(space.run(["conntrack"] + flow + ["-n", "203.0.113.9:2222", "-t", "3000"]).status == 0)
    #expect(space.run(["conntrack"] + flow.map { $0 == "1234" ? "1235" : $0 } + ["-t", "3000"]).status == 0)
    let options = try Self.options("delete", in: "SELECTION").filter(\.isOptional)
    try #require(options.map(\.name) == ["--src-nat", "--dst-nat", "--any-nat"])
    func expect(_ line: [String], finds hits: Int?, _ option: Described) throws {
      let result = try space.ftctl(line)
      guard let hits else {
        #expect(result.status == 2, "\(line)")
        #expect(result.error.hasPrefix("ftctl: \(option.name): bad address 'garbage'"), "\(line)")
        return
      }
      // What has been found stands in the footer, or is the result.
      let text = result.errorLines.last?.dropFirst("ftctl: ".count) ?? result.output[...]
      #expect(Int(text.prefix(while: \.isNumber)) == hits, "\(line): \(result.error)")
    }
    for option in options {
      let hits = option.name == "--dst-nat" ? 0 : 1
      let values: [(text: String?, hits: Int?)] = [
        (nil, hits), ("203.0.113.9:2222", hits), ("9.9.9.9", 0), ("garbage", nil),
      ]
      for spelling in option.spellings {
        for (text, hits) in values {
          for form in text.map({ forms(spelling, $0) }) ?? [[spelling]] {
            // Last, before an option with a value, before a flag.
            for line in [
              ["--dry-run", "-p", "udp"] + form, ["--dry-run"] + form + ["-p", "udp"], form + ["--dry-run"],
            ] { try expect(["delete"] + line, finds: hits, option) }
          }
        }
        for subcommand in ["list", "get", "count", "flush"] {
          let more = subcommand == "flush" ? ["--dry-run"] : []
          try expect([subcommand, "\(spelling)=9.9.9.9", "-p", "udp"] + more, finds: 0, option)
        }
      }
    }
    for report in [["--report", "json"], ["--report=json"]] {
      for line in [
        ["delete", "-p", "udp", "--dry-run"] + report, ["delete"] + report + ["--dry-run", "-p", "udp"],
        ["flush", "-p", "udp", "--dry-run"] + report, ["flush"] + report + ["--dry-run", "-p", "udp"],
      ] {
        let result = try space.ftctl(line)
        #expect(result.status == 0 && result.output.hasPrefix("[{"), "\(line): \(result.output)")
      }
    }
    #expect(
      try space.ftctl(["delete", "--report", "-p", "udp", "--dry-run"]).output.contains("[WOULD DELETE]"))
  }

  @Test(
    "of several expressions, all must hold",
    .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"))
  func expressions() throws {
    let space = try #require(LiveNamespace())
    for port in ["53", "54"] {
      let flow = [
        "-I", "-p", "udp", "-s", "10.0.2.1", "-d", "198.51.100.53", "--sport", "1", "--dport", port,
      ]
      #expect(space.run(["conntrack"] + flow + ["-t", "3000"]).status == 0)
    }
    let deletion = try space.ftctl(["delete", "--where", "udp", "--where", "dport = 53", "--report"])
    #expect(deletion.lines.count == 1)
    #expect(deletion.output.hasSuffix(" reason: --where udp --where 'dport = 53'\n"))
    #expect(try space.ftctl(["count"]).output == "1\n")
  }
}
