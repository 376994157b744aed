// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Errors and exit statuses")
struct ErrorTests {
  /// Wrong usage: the arguments, and what the line on stderr must contain.
  static let wrong: [([String], String)] = [
    (["list", "--foo"], "--foo"), (["list", "-X"], "-X"), (["lits"], "lits"),
    (["list", "--proto"], "--proto"),
    (["list", "extra"], "extra"), (["list", "--color", "blue"], "blue"),
    (["list", "-s", "300.1.1.1"], "--src: bad address '300.1.1.1'"),
    (["list", "-s", "10.0.0.0/33"], "--src: bad prefix length in '10.0.0.0/33'"),
    (["list", "-d", "10.0.0.0/255.0.255.0"], "--dst: bad netmask"),
    (["list", "-s", ""], "--src: bad address"),
    (["list", "-r", "host"], "--reply-src: bad address 'host'"),
    (["list", "--dport", "99999"], "--dport: bad port '99999'"),
    (
      ["list", "--dport", "80-22"], "--dport: bad port range '80-22': the first port is higher than the last"
    ),
    (["list", "--sport", "1-2-3"], "--sport: bad port range"),
    (["list", "--sport", "nosuch"], "--sport: unknown port 'nosuch'"),
    (["list", "--state", "ESTABLISED"], "--state: unknown state 'ESTABLISED'"),
    (["list", "-u", "SRC"], "--status: unknown status"), (["list", "-u", "ASSURED,!ASSURED"], "ASSURED"),
    (["list", "-p", "tpc"], "--proto: unknown protocol 'tpc'"),
    (["list", "-p", "256"], "--proto: bad protocol '256'"),
    (["list", "-f", "ipv5"], "--family: unknown address family 'ipv5'"),
    (["list", "-m", "zz"], "--mark: bad mark 'zz'"), (["list", "-m", "8/7"], "--mark: bad mark"),
    (["list", "-w", "65536"], "--zone: bad zone '65536'"),
    (["list", "--orig-zone", "x"], "--orig-zone: bad zone"),
    (["list", "-l", "nosuchlabel"], "--label: unknown label 'nosuchlabel'"),
    (["list", "-l", "128"], "--label: bad label"),
    (["list", "--src-nat", "1.2.3"], "--src-nat: bad address"),
    (["list", "--offload", "maybe"], "--offload: unknown offload 'maybe'"),
    (["list", "--flowtable", "inet", "x"], "--flowtable: bad flowtable"),
    (["list", "--min-bytes", "ten"], "--min-bytes: bad size"),
    (["list", "--older-than", "5x"], "--older-than: bad duration"),
    (["list", "--expires-within", "-5"], "expires-within"),
    (["list", "--where", "tcp and"], "--where: "), (["list", "--where", "dport = 80)"], "--where: "),
    (["list", "--where", "frobnicate"], "--where: "), (["list", "--where", ""], "--where: "),
    (["list", "-o", "yaml"], "--output: unknown format 'yaml'"),
    (["list", "-o", "prometheus"], "no format 'prometheus'"),
    (["list", "-o", "json,xml"], "one format at a time"),
    (["list", "-o", "save,id"], "save cannot be combined"),
    (["list", "-o", "json", "-o", "csv"], "one format at a time"),
    (["list", "-pnosuch"], "--proto: unknown protocol 'nosuch'"),
    (["list", "-m1/x"], "--mark: bad mark '1/x'"),
    (["list", "-j", "-fipv5"], "--family: unknown address family 'ipv5'"), (["list", "-oyaml"], "'yaml'"),
    (["delete", "--any-nat=1.2.3", "-p", "udp"], "--any-nat: bad address '1.2.3'"),
    (["list", "--sort", "bytes"], "--sort is for tables"),
    (["list", "-o", "table", "--sort", "size"], "unknown column 'size'"),
    (["list", "-o", "table", "--columns", "proto,nosuch"], "unknown column 'nosuch'"),
    (["list", "--limit", "0"], "--limit"),
    (["list", "--limit", "many"], "many"), (["get"], "get needs a selection"),
    (["get", "-o", "table", "-p", "tcp"], "no format 'table'"),
    (["get", "--netns", "all", "-p", "tcp"], "--netns all"), (["monitor", "--netns", "all"], "--netns all"),
    (["count", "--by", "colour"], "--by: unknown key 'colour'"),
    (["count", "--by", "src,dst,sport,dport,proto"], "at most 4"),
    (["count", "--top", "3"], "--top needs --by"), (["count", "--by", "src", "--top", "0"], "--top"),
    (["count", "-o", "xml"], "no format 'xml'"), (["stats", "-p", "tcp"], "-p"),
    (["stats", "-o", "save"], "no format 'save'"),
    (["monitor", "-e", "birth"], "--events: unknown event 'birth'"),
    (["monitor", "-b", "0"], "--buffer-size"),
    (["monitor", "-b", "lots"], "--buffer-size"),
    (["monitor", "--offload-interval", "-1"], "offload-interval"),
    (["monitor", "-o", "table"], "no format 'table'"),
  ]

  @Test("wrong usage is one line that names the culprit, at most a hint, and status 2", arguments: wrong)
  func wrongUsage(_ arguments: [String], _ words: String) throws {
    let result = try run([BuiltProgram.ftctl] + arguments)
    #expect(result.status == 2)
    #expect(result.bytes.isEmpty)
    expectOneLine(result, words)
  }

  /// One line `ftctl: …` with these words, and at most one `hint: …` behind it.
  private func expectOneLine(_ result: ProgramResult, _ words: String) {
    let lines = result.errorLines
    #expect(lines.first?.hasPrefix("ftctl: ") == true && result.error.contains(words), "\(result.error)")
    #expect(
      !lines.isEmpty && lines.count <= 2 && lines.dropFirst().allSatisfy { $0.hasPrefix("hint: ") },
      "\(result.error)")
    #expect(lines.allSatisfy { !$0.hasSuffix(".") })
    #expect(result.error.hasSuffix("\n"))
  }

  @Test(
    "a namespace that does not exist is status 1, and the hint names those that do",
    arguments: ["list", "count", "stats"])
  func missingNamespace(_ subcommand: String) throws {
    for name in ["ftctl-no-such-namespace", "../net", ""] {
      let result = try run([BuiltProgram.ftctl, subcommand, "--netns", name])
      #expect(result.status == 1)
      expectOneLine(result, "cannot enter network namespace '\(name)'")
      #expect(result.errorLines.count == 2)
    }
  }

  /// Runs ftctl without any capability.
  private func unprivileged(
    _ arguments: [String], environment: [String: String?] = [:]
  ) throws -> ProgramResult {
    // The built program may stand where only root can read: an open descriptor is all that the user needs.
    let drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    let script = "exec 9<'\(BuiltProgram.ftctl)'; exec \(drop.joined(separator: " ")) /proc/self/fd/9 \"$@\""
    return try run(["sh", "-c", script, "sh"] + arguments, environment: environment)
  }

  @Test(
    "without permission for an engine's folder or devices there is one line with a hint, and status 4",
    .enabled(
      if: geteuid() == 0 && Machine.has("setpriv"), "needs root and setpriv, to become a user without rights")
  )
  func engineNotPermitted() throws {
    let closed = ScratchFolder.file("closed")
    let open = ScratchFolder.file("open")
    #expect(try run(["mkdir", "-m", "700", closed]).status == 0)
    #expect(try run(["mkdir", "-m", "777", open]).status == 0)
    for (folder, words) in [
      (closed, "cannot open '\(closed)/default.lock': Permission denied (EACCES)"),
      (open, "cannot open TAP device 'ftctl-none': "),
    ] {
      let result = try unprivileged(
        ["--userspace", "run", "--tap", "ftctl-none=192.0.2.1/24"], environment: ["FTCTL_RUN_DIR": folder])
      #expect(result.status == 4, "\(result.error)")
      #expect(result.errorLines.count == 2)
      expectOneLine(result, words)
    }
  }

  @Test("files that cannot be read are named in quotes, with the errno's symbol")
  func missingFiles() throws {
    let router = ["--tap", "lan0=10.0.0.1/24"]
    for arguments in [
      ["run", "--topology", "/nonexistent"], ["replay"] + router + ["--in", "lan0=/nonexistent"],
      ["verify", "/nonexistent"],
    ] {
      let result = try run([BuiltProgram.ftctl, "--userspace"] + arguments)
      #expect(result.status == 1)
      expectOneLine(result, "cannot read '/nonexistent': No such file or directory (ENOENT)")
    }
  }

  @Test("a scenario that is not there is named")
  func missingScenario() throws {
    let empty = ScratchFolder.file("traces")
    #expect(try run(["mkdir", empty]).status == 0)
    let traces = BuiltProgram.sourceRoot.appendingPathComponent("Tests/EngineHostTests/Traces/6.12").path
    for (arguments, words) in [
      ([empty], "no scenarios in '\(empty)'"), ([traces, "nosuch"], "no scenario 'nosuch' in '\(traces)'"),
      (["--list", traces, "nosuch"], "no scenario 'nosuch' in '\(traces)'"),
    ] {
      let result = try run([BuiltProgram.ftctl, "--userspace", "verify"] + arguments)
      #expect(result.status == 1)
      #expect(result.bytes.isEmpty)
      expectOneLine(result, words)
    }
  }

  @Test(
    "without privilege there is one line with a hint, and status 4",
    .enabled(
      if: geteuid() == 0 && Machine.has("setpriv"), "needs root and setpriv, to become a user without rights"),
    arguments: [
      ["list"], ["list", "-j"], ["get", "-p", "tcp"], ["count", "--by", "proto"], ["monitor"], ["stats"],
      ["flowtable", "list"], ["flowtable", "show", "inet", "x", "f"],
      ["flowtable", "add", "inet", "x", "f", "--device", "lo"], ["flowtable", "delete", "inet", "x", "f"],
      ["flowtable", "enable", "lo"], ["flowtable", "disable"], ["rule", "list"],
      ["rule", "add", "inet", "x", "y", "--flowtable", "f"],
      ["rule", "delete", "inet", "x", "y", "--handle", "1"], ["apply", "/dev/null"], ["export"],
      ["explain", "-p", "tcp"],
    ])
  func notPermitted(_ arguments: [String]) throws {
    let result = try unprivileged(arguments)
    #expect(result.status == 4, "\(result.error)")
    #expect(result.errorLines.count == 2)
    expectOneLine(result, "Operation not permitted (EPERM)")
    #expect(result.errorLines.last?.contains("root") == true)
    #expect(result.bytes.isEmpty)
  }

  @Test("the version and help need no privilege and go to stdout")
  func help() throws {
    for arguments in [["--version"], ["--help"], ["help", "list"], ["list", "--help"], ["monitor", "-h"]] {
      let result = try run([BuiltProgram.ftctl] + arguments)
      #expect(result.status == 0 && !result.bytes.isEmpty && result.error.isEmpty, "\(arguments)")
    }
    #expect(try run([BuiltProgram.ftctl, "--version"]).output.hasPrefix("ftctl "))
  }

  @Test("help on what there is not is wrong usage, and a variable's name stays in capitals")
  func noHelp() throws {
    for (arguments, word) in [
      (["help", "nosuch"], "nosuch"), (["help", "flowtable", "nosuch"], "nosuch"),
      (["--userspace", "help", "nosuch"], "nosuch"), (["--netns", "x", "help", "nosuch"], "nosuch"),
    ] {
      let result = try run([BuiltProgram.ftctl] + arguments)
      #expect(result.status == 2 && result.output.isEmpty)
      #expect(result.error.hasPrefix("ftctl: there is no subcommand '\(word)'\n"))
    }
    let folder = "/" + String(repeating: "x", count: 200)
    let result = try run(["env", "FTCTL_RUN_DIR=\(folder)", BuiltProgram.ftctl, "--userspace", "list"])
    #expect(result.status == 2 && result.error.hasPrefix("ftctl: FTCTL_RUN_DIR: "))
  }

  @Test(
    "a mistyped subcommand is named, with the nearest that there is",
    arguments: [
      (["lst"], "there is no subcommand 'lst'; did you mean 'list'?"),
      (["--color", "never", "lst", "-j"], "there is no subcommand 'lst'; did you mean 'list'?"),
      (["help", "monitr"], "there is no subcommand 'monitr'; did you mean 'monitor'?"),
      (["flowtable", "ad"], "there is no subcommand 'ad'; did you mean 'add'?"),
      (["flowtable", "nosuch", "x"], "there is no subcommand 'nosuch'"),
      (["a\nb"], "there is no subcommand 'a?b'"),
    ])
  func mistyped(_ arguments: [String], _ error: String) throws {
    let result = try run([BuiltProgram.ftctl] + arguments)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.error.hasPrefix("ftctl: \(error)\n"))
  }

  @Test(
    "a command that needs a subcommand is wrong usage alone",
    arguments: ["rule", "flowtable", "expect", "offload"])
  func groups(_ command: String) throws {
    let result = try run([BuiltProgram.ftctl, command])
    #expect(result.status == 2 && result.output.isEmpty)
    expectOneLine(result, "\(command) needs a subcommand: ")
  }

  @Test("a time-out beyond the kernel's numbers is wrong usage")
  func timeouts() throws {
    let tuple = ["-p", "udp", "-s", "192.0.2.1", "-d", "192.0.2.2", "--sport", "1", "--dport", "2"]
    let result = try run([BuiltProgram.ftctl, "add"] + tuple + ["-t", "2147483648"])
    #expect(result.status == 2 && result.error.hasPrefix("ftctl: --timeout: at most 2147483647 seconds\n"))
  }

  @Test("the help of each subcommand ends with examples that the parser takes")
  func examples() throws {
    for subcommand in ["list", "get", "count", "stats", "monitor"] {
      let lines = try run([BuiltProgram.ftctl, subcommand, "--help"]).output.split(separator: "\n")
      let examples = lines.filter { $0.hasPrefix("  ftctl \(subcommand)") && !$0.contains("[") }
      #expect((2...3).contains(examples.count), "\(subcommand)")
      // In a namespace that does not exist the arguments are read, and nothing more happens.
      for example in examples {
        let command = [" | ", " > /"].reduce(example) { line, end in
          line.range(of: end).map { line[..<$0.lowerBound] } ?? line
        }
        let result = try run([
          "sh", "-c",
          "alias ftctl=\(BuiltProgram.ftctl)\n\(command.replacing("--netns all", with: "")) --netns ftctl-none",
        ])
        #expect(result.status == 1 && result.error.contains("'ftctl-none'"), "\(example): \(result.error)")
      }
    }
  }
}
