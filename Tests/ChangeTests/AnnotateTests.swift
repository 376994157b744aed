// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite(
  "annotate", .serialized, .enabled(if: Lab.isPossible, "needs root, conntrack(8) and network namespaces"))
struct AnnotateTests {
  private func lab() throws -> Lab {
    let lab = try Lab()
    let rules = "table inet t {\n chain c {\n type filter hook forward priority 0\n ct label set 5\n }\n }\n"
    lab.run(["nft", "-f", "-"], input: Data(rules.utf8))
    for number in 1...5 {
      let made = lab.conntrack(
        "-I -p udp -s 10.0.0.\(number) -d 10.0.0.9 --sport 1 --dport 2 -t 100 -m \(number * 0x11)")
      #expect(made.status == 0, "\(made.error)")
    }
    return lab
  }

  @Test("a mark with a mask changes the mask's bits alone, and what changes is printed")
  func mark() throws {
    let lab = try lab()
    let result = try lab.ftctl("annotate", "--src", "10.0.0.0/30", "--set-mark", "0x70/0xf0")
    #expect(result.status == 0)
    #expect(result.lines.count == 3)
    #expect(
      result.output.contains("[CHANGED] udp ")
        && result.output.contains(" mark: 17 -> 113 reason: --src 10.0.0.0/30"))
    #expect(result.error == "ftctl: 3 flow entries have been changed.\n")
    let marks = try lab.ftctl("list", "-o", "csv").output
    #expect(marks.contains("113") && marks.contains("114") && marks.contains("115"))
    #expect(lab.conntrack("-L -m 0x44").lines.count == 1)
    let again = try lab.ftctl("annotate", "--src", "10.0.0.0/30", "--set-mark", "0x70/0xf0")
    #expect(again.status == 0 && again.output.isEmpty)
    #expect(again.error == "ftctl: 0 flow entries have been changed. 3 are as wanted.\n")
  }

  @Test("labels are set and cleared one by one")
  func labels() throws {
    let lab = try lab()
    let set = try lab.ftctl("annotate", "--mark", "0x11", "--set-label", "40", "41,99")
    #expect(set.error == "ftctl: 1 flow entries have been changed.\n")
    let other = try lab.ftctl(
      "annotate", "--mark", "0x11", "--set-label", "7", "--clear-label", "41", "--report", "json")
    let objects = try #require(try JSONSerialization.jsonObject(with: other.bytes) as? [[String: Any]])
    let change = try #require((objects.first?["changes"] as? [String: [String: [String]]])?["labels"])
    #expect(change["old"]?.count == 3 && change["new"]?.count == 3)
    let listed = try lab.ftctl("get", "--label", "7,40,99")
    #expect(listed.status == 0 && listed.lines.count == 1)
    #expect(try lab.ftctl("get", "--label", "41").status == 3)
    #expect(try lab.ftctl("annotate", "--mark", "0x11", "--clear-label", "all").status == 0)
    #expect(try lab.ftctl("get", "--label", "40").status == 3)
  }

  @Test("the timeout begins anew")
  func timeout() throws {
    let lab = try lab()
    #expect(try lab.ftctl("annotate", "--mark", "0x11", "--set-timeout", "2h").status == 0)
    let line = lab.conntrack("-L -m 0x11").output
    #expect(line.hasPrefix("udp      17 71") || line.hasPrefix("udp      17 7200 "), "\(line)")
  }

  @Test("of a time-out that is too long for the kernel, what it kept is printed")
  func cutTimeout() throws {
    let lab = try lab()
    let long = try lab.ftctl("annotate", "--mark", "0x11", "--set-timeout", "1000000000", "--report", "json")
    #expect(long.status == 0)
    let objects = try #require(try JSONSerialization.jsonObject(with: long.bytes) as? [[String: Any]])
    let change = try #require((objects.first?["changes"] as? [String: [String: Int]])?["timeout"])
    let reported = try #require(change["new"])
    #expect((objects.first?["flow"] as? [String: Any])?["timeout"] as? Int == reported)
    let words = lab.conntrack("-L -m 0x11").output.split(separator: " ")
    let kept = try #require(words.dropFirst(2).first.flatMap { Int($0) })
    #expect(reported < 1_000_000_000 && (reported - 60...reported).contains(kept))
    #expect(
      long.errorLines.last == "ftctl: --set-timeout: the kernel has cut 1000000000 seconds to \(reported)")
    let whole = try lab.ftctl("annotate", "--mark", "0x22", "--set-timeout", "2147483")
    #expect(whole.output.contains(" timeout: ") && whole.output.contains(" -> 2147483 "))
    #expect(whole.errorLines.count == 1)
    let trial = try lab.ftctl("annotate", "--mark", "0x33", "--set-timeout", "1000000000", "--dry-run")
    #expect(trial.status == 0 && trial.error.contains("the kernel may cut 1000000000 seconds"))
  }

  @Test("a dry run changes nothing")
  func dryRun() throws {
    let lab = try lab()
    let before = lab.table()
    let result = try lab.ftctl(
      "annotate", "--dst", "10.0.0.9", "--set-mark", "9", "--set-label", "3", "--set-timeout", "9",
      "--dry-run")
    #expect(result.status == 0)
    #expect(result.lines.count == 5)
    #expect(
      result.lines.allSatisfy {
        $0.contains("[WOULD CHANGE]") && $0.contains("mark: ") && $0.contains("labels: none -> ")
      })
    #expect(result.error == "ftctl: 5 flow entries would be changed.\n")
    #expect(lab.table() == before)
  }

  @Test("wrong usage, nothing matched, and what the kernel refuses")
  func errors() throws {
    let lab = try lab()
    let none = try lab.ftctl("annotate", "--mark", "99", "--set-mark", "1")
    #expect(none.status == 3)
    #expect(try lab.ftctl("annotate", "--mark", "99", "--set-mark", "1", "--allow-none").status == 0)
    for (options, message) in [
      (["--set-mark", "1/0xg"], "--set-mark: bad mark '1/0xg'"),
      (
        ["--set-label", "nonsense"],
        "--set-label: unknown label 'nonsense': neither 0 to 127 nor a name of /etc/xtables/connlabel.conf"
      ),
      (["--set-label", "3", "--clear-label", "3"], "--set-label and --clear-label name the same label"),
      ([], "annotate needs something to change"),
    ] {
      let result = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "annotate", "--mark", "0x11"] + options)
      #expect(result.status == 2)
      #expect(result.error.hasPrefix("ftctl: \(message)"), "\(result.error)")
    }
    let helper = try lab.ftctl("annotate", "--mark", "0x11", "--set-helper", "nonsense")
    #expect(helper.status == 5)
    #expect(
      helper.error.contains(
        "ftctl: cannot change the flow udp 10.0.0.1:1 -> 10.0.0.9:2: Operation not supported (EOPNOTSUPP)\nhint: "
      ))
    lab.conntrack("-I -p udp -s 10.0.0.1 -d 10.0.0.9 --sport 3 --dport 4 -t 100 -u FIXED_TIMEOUT")
    let fixed = try lab.ftctl("annotate", "--sport", "3", "-p", "udp", "--set-timeout", "9")
    #expect(fixed.status == 1)
    #expect(fixed.error.contains("hint: the timeout of a flow with the flag FIXED_TIMEOUT cannot be changed"))
  }
}
