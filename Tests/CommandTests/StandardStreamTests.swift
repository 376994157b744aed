// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Standard streams")
struct StandardStreamTests {
  /// Runs ftctl with the shell's redirections.
  private func ftctl(
    _ arguments: [String], _ redirections: String, environment: [String: String?] = [:]
  ) throws -> ProgramResult {
    try run(
      ["sh", "-c", "exec '\(BuiltProgram.ftctl)' \"$@\" \(redirections)", "sh"] + arguments,
      environment: environment, within: 30)
  }

  static let results: [[String]] = [
    ["--version"], ["--help"], ["help", "list"], ["list", "--help"],
    ["--generate-completion-script", "bash"],
  ]

  @Test("results that cannot be written are a failure with the reason", arguments: results)
  func unwritten(_ arguments: [String]) throws {
    for (redirection, symbol) in [(">/dev/full", "ENOSPC"), (">&-", "EBADF")] {
      let result = try ftctl(arguments, redirection)
      #expect(result.status == 1)
      #expect(result.errorLines.count == 1)
      #expect(result.error.hasPrefix("ftctl: cannot write the output: ") && result.error.contains(symbol))
    }
  }

  @Test("no socket takes the place of a stream that is closed")
  func closedStreams() throws {
    let engine = try LiveEngine()
    let variables = engine.environment
    let add = ["add", "-p", "udp", "-s", "192.0.2.1", "-d", "198.51.100.1", "--sport", "1", "--dport", "2"]
    #expect(try engine.ftctl(add + ["-t", "3000"]).status == 0)
    for words in [
      ["list"], ["list", "-j"], ["top", "--count", "1", "--interval", "0.1"], ["monitor", "-j"],
    ] {
      let result = try ftctl(["--userspace"] + words, ">&-", environment: variables)
      #expect(result.status == 1, "\(words)")
      #expect(
        result.errorLines.last == "ftctl: cannot write the output: Bad file descriptor (EBADF)", "\(words)")
    }
    let restored = try ftctl(["--userspace", "add", "--from", "-"], "<&-", environment: variables)
    #expect(restored.status == 1)
    #expect(restored.error.contains("cannot read 'standard input': Bad file descriptor (EBADF)"))
    for redirections in ["<&- 2>&-", "2>&-"] {
      let listed = try ftctl(["--userspace", "list"], redirections, environment: variables)
      #expect(listed.status == 0 && listed.lines.count == 1 && listed.error.isEmpty)
    }
    let loaded = try ftctl(["--userspace", "conntrack", "-R", "-"], "<&-", environment: variables)
    #expect(loaded.status == 2)
    #expect(loaded.error.contains(": Failed to open file /dev/stdin for reading\n"))
  }
}
