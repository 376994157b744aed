// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetlinkWire
import TestSupport
import Testing

@Suite("Subcommands on a userspace engine")
struct UserspaceTests {
  @Test(
    "without an engine: one line, a hint, status 1",
    arguments: [["list"], ["doctor"], ["exec", "--", "true"]])
  func noEngine(_ arguments: [String]) throws {
    let result = try run(
      [BuiltProgram.ftctl, "--userspace"] + arguments,
      environment: ["FTCTL_RUN_DIR": "/tmp/ftctl-no-such-folder"])
    #expect(result.status == 1)
    let text = result.error + result.output
    #expect(text.contains("cannot reach the engine 'default' at /tmp/ftctl-no-such-folder/default.sock"))
    #expect(text.contains("hint: no engine runs here: 'ftctl --userspace run' starts one"))
  }

  @Test("an engine that was killed does not run, whatever it has left")
  func killed() throws {
    let folder = ScratchFolder.file("killed")
    let names = ["left", "other"]
    let environment = ["FTCTL_RUN_DIR": folder]
    func list(_ name: String) throws -> ProgramResult {
      try run([BuiltProgram.ftctl, "--userspace", "--instance", name, "list"], environment: environment)
    }
    let engines = try names.map { name in
      let engine = try RunningProgram(
        [BuiltProgram.engineServer, "--instance", name], environment: environment)
      #expect(engine.wait(seconds: 20) { engine.outputSoFar.contains("ready") })
      return engine
    }
    for (engine, hint) in zip(engines, ["there are: other", "no engine runs here"]) {
      engine.signal(SIGKILL)
      _ = try engine.result()
      let listed = try list("left")
      #expect(listed.status == 1)
      #expect(listed.errorLines.last?.hasPrefix("hint: \(hint)") == true, "\(listed.error)")
    }
    #expect(FileManager.default.fileExists(atPath: "\(folder)/left.sock"))
  }

  @Test(
    "hints about sysctls say how the engine gets them",
    arguments: [
      (["doctor"], "nf_conntrack_acct"), (["list", "--min-bytes", "1"], "nf_conntrack_acct"),
      (["list", "--older-than", "1"], "nf_conntrack_timestamp"),
      (["top", "--count", "1"], "nf_conntrack_acct"),
    ])
  func advice(_ arguments: [String], _ name: String) throws {
    let engine = try LiveEngine()
    let result = try engine.ftctl(arguments)
    let text = result.output + result.error
    #expect(text.contains("put \"sysctl\": {\"\(name)\": 1} into the engine's --topology file"), "\(text)")
    #expect(!text.contains("sysctl -w"))
  }

  @Test(
    "an instance's name is checked", arguments: ["", "../x", ".x", "a b", String(repeating: "n", count: 65)])
  func names(_ name: String) throws {
    let result = try run([BuiltProgram.ftctl, "--userspace", "--instance", name, "list"])
    #expect(result.status == 2)
    #expect(result.errorLines.count == 2)
  }

  @Test("flows are added, listed, changed, counted and deleted")
  func flows() throws {
    let engine = try LiveEngine()
    let add = [
      "add", "-p", "tcp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "5000", "--dport", "80", "-t",
      "600",
      "--state", "ESTABLISHED",
    ]
    #expect(try engine.ftctl(add).status == 0)
    #expect(
      try engine.ftctl(["list"]).output.contains(
        "src=192.0.2.1 dst=198.51.100.1 sport=5000 dport=80 [UNREPLIED] src=198.51.100.1 dst=192.0.2.1"))
    #expect(try engine.ftctl(["count"]).output == "1\n")
    #expect(try engine.ftctl(["annotate", "-p", "tcp", "--set-mark", "7"]).status == 0)
    #expect(try engine.ftctl(["get", "-p", "tcp"]).output.contains("mark=7"))
    #expect(try engine.ftctl(["stats"]).output.contains("entries=1 max=262144"))
    #expect(try engine.ftctl(["conntrack", "-L"]).output.contains("mark=7"))
    #expect(try engine.ftctl(["delete", "-p", "udp"]).status == 3)
    #expect(try engine.ftctl(["delete", "-p", "tcp"]).status == 0)
    #expect(try engine.ftctl(add).status == 0)
    #expect(try engine.ftctl(["flush", "--yes"]).status == 0)
    #expect(try engine.ftctl(["count"]).output == "0\n")
  }

  @Test("events are monitored")
  func monitor() throws {
    let engine = try LiveEngine()
    let monitor = try RunningProgram(
      [BuiltProgram.ftctl, "--userspace", "monitor", "-o", "jsonl"], environment: engine.environment)
    // The subscription is there when the engine reports the first event.
    var number = 0
    #expect(
      monitor.wait(seconds: 20) {
        number += 1
        _ = try? engine.ftctl([
          "add", "-p", "udp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "\(number)", "--dport",
          "53", "-t",
          "60",
        ])
        return monitor.outputSoFar.contains("198.51.100.1")
      })
    monitor.signal(2)
    #expect(try monitor.result().status == 0)
  }

  @Test("flowtables and rules are made, listed, exported, applied and taken away")
  func flowtables() throws {
    let engine = try LiveEngine()
    #expect(try engine.ftctl(["flowtable", "enable", "d0", "d1"]).status == 0)
    #expect(try engine.ftctl(["flowtable", "list"]).output.contains("# device d0: up, mtu 1500"))
    #expect(try engine.ftctl(["rule", "list"]).output.contains("ip protocol tcp flow add @f"))
    let exported = try engine.ftctl(["export"]).output
    #expect(exported.contains("devices = { d0, d1 }"))
    #expect(try engine.ftctl(["apply", "--check", "-"], input: exported).status == 0)
    #expect(try engine.ftctl(["flowtable", "add", "x", "g", "--device", "nosuch"]).status == 0)
    #expect(try engine.ftctl(["flowtable", "disable"]).status == 0)
    #expect(try engine.ftctl(["doctor"]).output.contains("Linux 7.2"))
  }

  @Test("flows that are not offloaded are explained")
  func explain() throws {
    let engine = try LiveEngine()
    _ = try engine.ftctl(["flowtable", "enable", "d0", "d1"])
    _ = try engine.ftctl([
      "add", "-p", "tcp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "5000", "--dport", "80", "-t",
      "600",
      "--state", "SYN_SENT",
    ])
    let result = try engine.ftctl(["explain", "-p", "tcp"])
    #expect(result.status == 0)
    #expect(result.output.contains("not offloaded"))
  }

  @Test("devices and instances are completed from the engine")
  func completions() throws {
    let engine = try LiveEngine(devices: ["d0", "uplink"])
    func values(_ option: String) throws -> [Substring] {
      try run(
        [
          BuiltProgram.ftctl, "---completion", "list", "--", option, "3", "0", "ftctl", "list", "--userspace",
          option,
          "",
        ], environment: engine.environment.merging(["SAP_SHELL": "bash"]) { $1 }
      ).lines
    }
    #expect(try values("--device") == ["lo", "d0", "uplink"])
    #expect(try values("--instance") == ["default"])
  }

  @Test("tables, chains and flowtables are completed from the engine")
  func rulesetCompletions() throws {
    let engine = try LiveEngine()
    let rules = """
      table ip first { chain c { type filter hook forward priority 0; }; }
      table inet second { flowtable f { hook ingress priority 0; devices = { d0 }; }; }
      """
    #expect(try engine.exec(["nft", "-f", "-"], input: rules).status == 0)
    func values(_ command: [String], _ words: [String]) throws -> [Substring] {
      let line = ["ftctl"] + command + ["--userspace"] + words + [""]
      let asked =
        [BuiltProgram.ftctl, "---completion"] + command + [
          "--", "positional@0", "\(line.count - 1)", "0",
        ] + line
      return try run(asked, environment: engine.environment.merging(["SAP_SHELL": "bash"]) { $1 }).lines
    }
    #expect(try values(["flowtable", "show"], []) == ["inet", "ip", "ip6", "first"])
    #expect(try values(["flowtable", "show"], ["inet"]) == ["second"])
    #expect(try values(["flowtable", "show"], ["inet", "second"]) == ["f"])
    #expect(try values(["rule", "add"], ["ip", "first"]) == ["c"])
  }

  @Test("the preloaded library's tags and limits are the engine's")
  func tags() throws {
    let header = try BuiltProgram.sourceText("Sources/CPreload/ControlPackets.h")
    let tags: [(String, UInt8)] = [
      ("OPEN", ControlRequestTag.open), ("FRAGMENT", ControlRequestTag.fragment),
      ("FINAL_FRAGMENT", ControlRequestTag.finalFragment), ("BIND", ControlRequestTag.bind),
      ("OPTION", ControlRequestTag.option), ("RECEIVE_BUFFER", ControlRequestTag.receiveBuffer),
      ("OPENED", ControlAnswerTag.opened), ("DATAGRAM", ControlAnswerTag.datagram),
      ("BARRIER", ControlAnswerTag.barrier), ("FAILURE", ControlAnswerTag.failure),
    ]
    for (name, tag) in tags {
      #expect(header.contains("#define CONTROL_\(name) '\(Character(Unicode.Scalar(tag)))'\n"))
    }
    #expect(header.contains("#define CONTROL_FRAGMENT_LIMIT (128 << 10)\n"))
    #expect(ControlLimit.fragment == 128 << 10)
    #expect(header.contains("#define CONTROL_DATAGRAM_LIMIT (16 << 20)\n"))
    #expect(ControlLimit.datagram == 16 << 20)
  }
}
