// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing

/// conntrack(8) 1.4.7 and the drop-in side by side.
@Suite(.serialized, .disabled(if: NamespacePair.obstacle != nil, "\(NamespacePair.obstacle ?? "")"))
struct CommandLineTests {
  @Test("listings show the same entries in the same words")
  func listings() throws {
    CommandLines.listings.compare(in: try NamespacePair(), seed: SampleTable.lines)
  }

  @Test("all other forms of command lines end the same way")
  func others() throws {
    CommandLines.others.compare(in: try NamespacePair(), seed: SampleTable.lines)
  }

  @Test("creating makes the same entries")
  func creations() throws {
    CommandLines.creations.compare(in: try NamespacePair())
  }

  @Test("changing and deleting leave the same table")
  func changes() throws {
    CommandLines.changes.compare(in: try NamespacePair(), seed: SampleTable.lines)
  }

  @Test("values of options are read the same way")
  func values() throws {
    CommandLines.values.compare(in: try NamespacePair())
  }

  @Test("translations select the same flows")
  func translations() throws {
    CommandLines.translations.compare(in: try NamespacePair(), seed: CommandLines.translatedFlows)
  }

  @Test("files of commands are read, refused and carried out the same way")
  func files() throws {
    CommandLines.files.compare(in: try NamespacePair(), seed: SampleTable.lines)
  }

  @Test("counters and times are shown where 1.4.7 shows them")
  func times() throws {
    let files = "/proc/sys/net/netfilter/nf_conntrack_acct /proc/sys/net/netfilter/nf_conntrack_timestamp"
    let entry = "-s 1.1.1.1 -d 2.2.2.2 -p udp --sport"
    let lines = [
      "echo 1 | tee \(files); $CT -I \(entry) 1 --dport 2 -t 600", "-I \(entry) 2 --dport 2 -t 600",
      "-L -o ktimestamp", "-L -o xml,ktimestamp", "-L -o id", "-L -o timestamp", "-L -o save",
      "-G \(entry) 1 --dport 2 -o ktimestamp", "-U \(entry) 1 -m 3 -o ktimestamp",
      "-U \(entry) 1 -m 4 -o xml,ktimestamp", "-D \(entry) 1 -o ktimestamp,id",
      "-D \(entry) 2 -o xml,ktimestamp",
    ]
    let results = try NamespacePair().run(lines)
    #expect(results[2].0.output.allSatisfy { $0.contains(" delta-time=N [start]") })
    for (line, (original, dropIn)) in zip(lines, results) { #expect(dropIn == original, "conntrack \(line)") }
  }

  @Test("what 1.4.7 does wrong is not done")
  func differences() throws {
    CommandLines.differences.compare(in: try NamespacePair(), seed: SampleTable.lines, isSeededAnew: true)
  }

  @Test("help names every option, and those of a protocol")
  func help() throws {
    let pair = try NamespacePair()
    for arguments in [
      "-h", "--help", "", "-h -p tcp", "-h -p sctp", "-h -p gre", "-h -p icmp", "-h -p icmpv6",
    ] {
      let (original, dropIn) = pair.run([arguments])[0]
      #expect(dropIn.status == 0 && original.status == 0)
      #expect(dropIn.error.isEmpty)
      let text = dropIn.output.joined(separator: "\n")
      let words = original.output.joined(separator: " ").split { " ,\t`'".contains($0) }
      for option in Set(words) where option.hasPrefix("--") || option.wholeMatch(of: /-[A-Za-z]/) != nil {
        #expect(text.contains(option), "conntrack \(arguments) lacks \(option)")
      }
    }
  }

  @Test("ftctl conntrack and the name conntrack are the same")
  func bothNames() throws {
    let pair = try NamespacePair()
    let results = pair.run([
      "$CT -V", "if [ $CT = conntrack ]; then $CT -V; else $(readlink -f $CT) conntrack -V; fi",
      "if [ $CT = conntrack ]; then $CT -L -o foo; else $(readlink -f $CT) conntrack -L -o foo; fi",
      "if [ $CT = conntrack ]; then $CT -C; else $(readlink -f $CT) --netns \(pair.names[1]) conntrack -C; fi",
    ])
    for (original, dropIn) in results { #expect(original == dropIn) }
  }
}
