// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient

struct ConntrackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conntrack", abstract: "Do what conntrack(8) does, with its command line and its output",
    discussion: """
      Started under the name conntrack, ftctl takes this command line without 'ftctl conntrack' before it.

      EXAMPLES:
        ftctl conntrack -L -p tcp --dport 443 -o extended
        ftctl --netns router conntrack -D -s 192.0.2.2
        ftctl conntrack -L -w 11 -o save | sed 's/-w 11/-w 12/' | ftctl conntrack -R -
      """)

  @Argument(
    parsing: .captureForPassthrough, help: ArgumentHelp("Options of conntrack(8)", valueName: "option"))
  var words: [String] = []

  func run() throws {
    var words = words
    if words.first == "--netns", words.count > 1 {
      try NetworkNamespace.enter(words[1])
      words.removeFirst(2)
    } else if let first = words.first, first.hasPrefix("--netns=") {
      try NetworkNamespace.enter(String(first.dropFirst("--netns=".count)))
      words.removeFirst()
    }
    Glibc.exit(DropIn.run(words))
  }
}
