// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Unmodified programs on a userspace engine")
struct UnmodifiedProgramTests {
  private static let hasRecordedNft = (try? run(["nft", "--version"]).output.contains("v1.0.6")) ?? false

  /// The lines, without the handles of tables: a kernel that loads a module begins its batch anew and has used one up.
  private static func comparable(_ text: String) -> [String] {
    var result: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      var line = String(line)
      for (pattern, replacement) in [
        (#"^(table .* # handle )\d+$"#, "$1N"), (#"("table": \{[^}]*"handle": )\d+"#, "$1N"),
      ] {
        line = line.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
      }
      result.append(line)
    }
    return result
  }

  @Test(
    "nft loads, lists, echoes, checks, monitors, deletes and is refused as on Linux 7.2",
    .enabled(if: hasRecordedNft, "the recording is of nft 1.0.6"),
    arguments: ["nft-session", "nft-dynamic-sets"])
  func nft(session: String) throws {
    let folder = BuiltProgram.sourceRoot.appendingPathComponent("Tests/CommandTests/Recordings").path
    let engine = try LiveEngine(devices: ["d0", "d1", "d2"])
    let result = try engine.exec(["sh", "\(folder)/\(session).sh"])
    #expect(result.status == 0)
    let recorded = Self.comparable(
      try BuiltProgram.sourceText("Tests/CommandTests/Recordings/\(session).txt"))
    let answered = Self.comparable(result.output)
    #expect(answered.count == recorded.count)
    for (answered, recorded) in zip(answered, recorded) { #expect(answered == recorded) }
  }

  @Test(
    "a batch of 20000 rules, in many pieces, is loaded and listed whole",
    .enabled(if: Machine.has("nft"), "needs nft"))
  func largeBatch() throws {
    let engine = try LiveEngine()
    var rules = "table inet x {\n chain y {\n"
    for number in 0..<20_000 {
      rules += "  ip daddr 10.\(number >> 8).\(number & 255).1 tcp dport 80 counter accept\n"
    }
    #expect(try engine.exec(["nft", "-f", "-"], input: rules + " }\n}\n").status == 0)
    let listed = try engine.exec(["nft", "list", "ruleset"])
    #expect(listed.lines.count { $0.contains("counter") } == 20_000)
  }

  @Test("the program's status is passed on")
  func status() throws {
    let engine = try LiveEngine()
    #expect(try engine.exec(["sh", "-c", "exit 7"]).status == 7)
    let missing = try engine.exec(["no-such-program"])
    #expect(missing.status == 1)
    #expect(missing.error == "ftctl: cannot run 'no-such-program': No such file or directory (ENOENT)\n")
    #expect(try engine.ftctl(["exec"]).status == 2)
    #expect(try run([BuiltProgram.ftctl, "exec", "--", "true"]).status == 2)
  }

  @Test(
    "without an engine each subcommand says so in one line",
    arguments: ["list", "doctor", "count", "stats"])
  func noEngine(command: String) throws {
    let words = [BuiltProgram.ftctl, "--userspace", "--instance", "nobody", command]
    let result = try run(words, environment: ["FTCTL_RUN_DIR": "/tmp"])
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errorLines.count == 2)
    #expect(
      result.errorLines.first?.hasPrefix("ftctl: cannot reach the engine 'nobody' at /tmp/nobody.sock")
        == true)
  }

  @Test("what is not netlink is left alone")
  func otherSockets() throws {
    let engine = try LiveEngine()
    let result = try engine.exec(["sh", "-c", "echo one | cat; ls /proc/self/fd >/dev/null && echo two"])
    #expect(result.output == "one\ntwo\n")
  }

  @Test("events reach conntrack, each of them", .enabled(if: Machine.has("conntrack"), "needs conntrack"))
  func events() throws {
    let engine = try LiveEngine()
    let monitor = try engine.start(["conntrack", "-E"])
    var number = 0
    #expect(
      monitor.wait(seconds: 20) {
        number += 1
        _ = try? engine.exec([
          "conntrack", "-I", "-p", "udp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "\(number)",
          "--dport",
          "53", "-t", "60",
        ])
        return monitor.outputSoFar.contains("[NEW]")
      })
    monitor.signal(2)
    #expect(try monitor.result().output.contains("src=192.0.2.1 dst=198.51.100.1"))
  }
}
