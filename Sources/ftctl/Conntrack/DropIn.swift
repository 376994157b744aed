// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient

/// conntrack(8)'s own command line: `ftctl conntrack …`, or the program started under the name conntrack.
enum DropIn {
  /// The words for it; nil when this is an ordinary ftctl command line. Found without the argument parser, which
  /// takes longer to start than a short listing.
  static func words(of commandLine: [String]) -> [String]? {
    guard let program = commandLine.first else { return nil }
    var words = Array(commandLine.dropFirst())
    if program.split(separator: "/").last == "conntrack" { return words }
    // What belongs before the subcommand, such as --userspace.
    var global: [String] = []
    while let word = words.first, word.hasPrefix("--") {
      let count = word == "--instance" ? 2 : 1
      global += words.prefix(count)
      words.removeFirst(min(count, words.count))
    }
    guard words.first == "conntrack" else { return nil }
    guard global.isEmpty || (try? GlobalOptions.parse(global))?.userspace == true else { return nil }
    return Array(words.dropFirst())
  }

  /// Carries out a command line and returns the exit status.
  static func run(_ words: [String]) -> Int32 {
    // Whoever stops reading ends the program as it ends conntrack(8).
    signal(SIGPIPE, SIG_DFL)
    do {
      if words.count > 1, words[0] == "-R" || words[0] == "--load-file" {
        try DropInLoader.run(words[1])
      } else {
        try DropInSession(line: DropInLine(words)).run()
      }
      return 0
    } catch let failure as DropInFailure {
      failure.report()
      return failure.status
    } catch let error as NetlinkError {
      let failure = DropInFailure(error, .list, .conntrack)
      failure.report()
      return failure.status
    } catch {
      return 1
    }
  }
}
