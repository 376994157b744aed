// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient
import NetlinkWire
import TestSupport
import Testing

@Suite(
  "add --from", .serialized, .enabled(if: Lab.isPossible, "needs root, conntrack(8) and network namespaces"))
struct RestoreTests {
  /// A namespace whose entries have counters, start times, labels and NAT.
  private func labWithEverything() throws -> Lab {
    let lab = try Lab()
    lab.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1", "net.netfilter.nf_conntrack_timestamp=1"])
    let rules = "table inet t { chain c { type filter hook forward priority 0; ct label set 5\n }\n }"
    let loaded = lab.run(["nft", "-f", "-"], input: Data(rules.utf8))
    #expect(loaded.status == 0, "\(loaded.error)")
    return lab
  }

  /// The table without what no request can restore, with the seconds that are left of each entry.
  private func snapshot(_ lab: Lab) throws -> [ConntrackEntry: UInt32] {
    try lab.entered {
      var result: [ConntrackEntry: UInt32] = [:]
      _ = try NetlinkSession(KernelSocket()).dumpConntrack { entry in
        var plain = entry
        plain.present.subtract([.use, .id, .timeout, .start])
        plain.useField = 0
        plain.idField = 0
        plain.startField = 0
        plain.timeoutField = 0
        plain.originalTCPFlags &= ~ConntrackProtocolInfo.unrestorableTCPFlags
        plain.replyTCPFlags &= ~ConntrackProtocolInfo.unrestorableTCPFlags
        plain.originalCountersField = ConntrackCounters()
        plain.replyCountersField = ConntrackCounters()
        plain.clearAbsent()
        result[plain] = entry.timeout
        return true
      }
      return result
    }
  }

  private func compare(_ before: [ConntrackEntry: UInt32], _ after: [ConntrackEntry: UInt32], seconds: Double)
  {
    #expect(before.count == after.count)
    var differing = 0
    for (entry, timeout) in before {
      guard let restored = after[entry], restored <= timeout, Double(timeout - restored) <= seconds + 2 else {
        differing += 1
        if differing < 5 {
          Issue.record("not restored: \(entry), \(timeout) s; \(String(describing: after[entry]))")
        }
        continue
      }
    }
    #expect(differing == 0)
  }

  @Test("a listing as jsonl restores 100 000 random entries", .timeLimit(.minutes(10)))
  func roundTrip() throws {
    let lab = try labWithEverything()
    let filled = lab.run([Lab.fillPath, "100000", "11"])
    #expect(filled.status == 0)
    let start = Date()
    let before = try snapshot(lab)
    #expect(before.count > 99_000)
    let listing = try lab.ftctl("list", "-o", "jsonl")
    #expect(listing.status == 0)
    #expect(try lab.ftctl("flush", "--yes").status == 0)
    #expect(try snapshot(lab).isEmpty)
    let added = try lab.ftctl("add", "--from", "-", input: listing.output)
    #expect(added.status == 0, "\(added.error)")
    compare(before, try snapshot(lab), seconds: Date().timeIntervalSince(start))
    let again = try lab.ftctl("add", "--from", "-", "--skip-existing", input: listing.output)
    #expect(again.status == 0)
    #expect(
      again.error.contains("ftctl: 0 flow entries have been added. \(before.count) were there already."))
  }

  @Test("what save keeps comes back, also what conntrack has written")
  func saveRoundTrip() throws {
    let lab = try labWithEverything()
    lab.run([Lab.fillPath, "2000", "12"])
    // conntrack(8) knows fewer states of SCTP than the kernel, and writes "(null)" for the others.
    let original = lab.conntrack("-L -o save").lines.filter { !$0.contains("(null)") }.joined(separator: "\n")
    let listings = [try lab.ftctl("list", "-o", "save").output, original]
    func withoutTimeout(_ text: String) -> [String] {
      text.split(separator: "\n").map { line in
        line.split(separator: " ").enumerated().filter { $0.offset != 2 }.map { String($0.element) }.joined(
          separator: " ")
      }.sorted()
    }
    for listing in listings {
      #expect(try lab.ftctl("flush", "--yes").status == 0)
      let added = try lab.ftctl("add", "--from", "-", input: listing)
      #expect(added.status == 0, "\(added.error)")
      #expect(withoutTimeout(try lab.ftctl("list", "-o", "save").output) == withoutTimeout(listing))
    }
  }

  private static let base =
    #"{"proto_number":17,"timeout":100,"original":{"src":"10.0.0.1","dst":"10.0.0.2","sport":1,"dport":2}}"#

  @Test(
    "an offloaded flow comes back on the classic path, with the usual timeout and state, and that is said")
  func offloaded() throws {
    let lab = try Lab()
    let line =
      #"{"family":"ipv4","proto":"tcp","proto_number":6,"original":{"src":"10.0.0.1","dst":"10.0.0.2","sport":1,"#
      + #""dport":2},"reply":{"src":"10.0.0.2","dst":"192.0.2.1","sport":2,"dport":1},"status":["SEEN_REPLY","#
      + #""ASSURED","CONFIRMED","SRC_NAT","SRC_NAT_DONE","DST_NAT_DONE","OFFLOAD"],"offload":{"state":"software"},"#
      + #""absent":["timeout","state"],"mark":9,"use":2,"id":7}"#
    let result = try lab.ftctl("add", "--from", "-", input: line)
    #expect(result.status == 0)
    #expect(result.error.contains("1 of them had been offloaded"))
    let table = lab.conntrack("-L").output
    #expect(table.contains("ESTABLISHED") && table.contains("[ASSURED]") && table.contains("dst=192.0.2.1"))
    #expect(table.contains("mark=9"))
    #expect(table.hasPrefix("tcp      6 43"))
  }

  @Test(
    "a line that is no flow ends it, with its number; what stands before is added",
    arguments: [
      (#"{"proto_number":17"#, "not JSON: column 19: expected ',' or '}'"),
      ("hello", "neither a JSON object"),
      (#"{"proto_number":300}"#, "the number is above 255"),
      (#"{"proto_number":17} x"#, "expected the end of the line"),
      (#"{"proto_number":17,"original":{"src":"10.0.0.256"}}"#, "bad address '10.0.0.256'"),
      (#"{"timeout":5}"#, "no protocol"),
      (#"{"proto_number":17,"timeout":5}"#, "no source and destination address"),
      (Self.base.replacing("\"timeout\":100,", with: ""), "no timeout"),
      (Self.base.replacing(",\"dport\":2", with: ""), "no source and destination port"),
      (Self.base.dropLast() + #","labels":["no-such-label"]}"#, "unknown label 'no-such-label'"),
      (Self.base.dropLast() + #","state":"ESTABLISHED"}"#, "unknown state 'ESTABLISHED' of this protocol"),
      (Self.base.dropLast() + #","event":"destroy"}"#, "the flow has ended"),
      (Self.base.dropLast() + #","x":"# + String(repeating: "[", count: 5000) + "}", "nested too deeply"),
      ("-D -s 10.0.0.1", "'-D' adds no flow"), ("-A -t", "option '-t' has no value"),
      ("-A -t x -s 1.1.1.1", "-t: it is a number"), ("-A --frobnicate 1", "unknown option '--frobnicate'"),
      ("-A -t 9 -u NONSENSE", "unknown status 'NONSENSE'"),
      (
        "-A -t 9 -u UNSET -s 1.1.1.1 -d 2.2.2.2 -r 2.2.2.2 -q 1.1.1.1 -p icmp --icmp-type 3 --icmp-code 0",
        "ICMP type 3 has no answer"
      ),
    ])
  func malformed(line: String, message: String) throws {
    let lab = try Lab()
    let result = try lab.ftctl(
      "add", "--from", "-", input: "# a comment\n\(Self.base)\n\n\(line)\n\(Self.base)\n")
    #expect(result.status == 1)
    #expect(
      result.error.contains("ftctl: 1 flow entries have been added.\nftctl: standard input:4: "),
      "\(result.error)")
    #expect(result.error.contains(message), "\(result.error)")
    #expect(lab.conntrack("-C").output == "1\n")
    #expect(result.output.isEmpty)
  }

  @Test("a dry run checks the file and changes nothing")
  func dryRun() throws {
    let lab = try Lab()
    let good = try lab.ftctl("add", "--from", "-", "--dry-run", input: Self.base)
    #expect(good.status == 0)
    #expect(good.error == "ftctl: 1 flow entries would be added.\n")
    #expect(try lab.ftctl("add", "--from", "-", "--dry-run", input: "x").status == 1)
    #expect(lab.conntrack("-C").output == "0\n")
  }

  @Test("a flow that exists is an error that names the line, unless it may be")
  func existing() throws {
    let lab = try Lab()
    let twice = "\(Self.base)\n\(Self.base)\n"
    let result = try lab.ftctl("add", "--from", "-", input: twice)
    #expect(result.status == 1)
    #expect(
      result.error.contains("ftctl: cannot add the flow of standard input:2: File exists (EEXIST)\nhint: "))
    let skipped = try lab.ftctl("add", "--from", "-", "--skip-existing", input: twice)
    #expect(skipped.status == 0)
    #expect(skipped.error == "ftctl: 0 flow entries have been added. 2 were there already.\n")
  }

  @Test("a child whose master comes later in the file is added")
  func master() throws {
    let lab = try Lab()
    let child =
      Self.base.replacing("10.0.0.1", with: "10.0.0.9").dropLast()
      + #","master":{"proto":"udp","proto_number":17,"src":"10.0.0.1","dst":"10.0.0.2","sport":1,"dport":2}}"#
    let result = try lab.ftctl("add", "--from", "-", input: "\(child)\n\(Self.base)\n")
    #expect(result.status == 0, "\(result.error)")
    let listed = try lab.ftctl("list", "-o", "jsonl", "--src", "10.0.0.9")
    #expect(listed.output.contains(#""master":{"proto":"udp""#))
    let orphan = try lab.ftctl(
      "add", "--from", "-", input: child.replacing("10.0.0.", with: "10.0.1.") + "\n")
    #expect(orphan.status == 1)
    #expect(orphan.error.contains("standard input:1: the flow's master is not in the table"))
  }

  @Test("a file that is not there is one line")
  func missingFile() throws {
    let result = try Lab().ftctl("add", "--from", "/nonexistent/flows")
    #expect(result.status == 1)
    #expect(result.error == "ftctl: cannot read '/nonexistent/flows': No such file or directory (ENOENT)\n")
  }
}

extension ConntrackEntry {
  /// Zeroes the fields that `present` does not name: a decoder leaves there what an earlier entry had.
  fileprivate mutating func clearAbsent() {
    if !present.contains(.zone) { zoneField = 0 }
    if !present.contains(.labels) { labelsField = ConntrackLabels() }
    if !present.contains(.state) { stateField = 0 }
    if !present.contains(.windowScale) { (originalWindowScale, replyWindowScale) = (0, 0) }
    if !present.contains(.tcpFlags) { (originalTCPFlags, replyTCPFlags) = (0, 0) }
    if !present.contains(.verificationTags) { (originalVerificationTag, replyVerificationTag) = (0, 0) }
    if !present.contains(.helper) { helperField = [] }
    if !present.contains(.master) { master = ConntrackTuple() }
    (stopField, eventTimeField) = (0, 0)
  }
}
