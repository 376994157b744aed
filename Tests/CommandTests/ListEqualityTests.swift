// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

let networkReason = Comment(rawValue: Machine.lacksForNamespaces ?? "")

@Suite("list prints what conntrack prints", .serialized)
struct ListEqualityTests {
  /// Every combination of the parts that a line may have.
  static let combinations: [String] = {
    let words = ["extended", "id", "timestamp", "labels"]
    return (0..<16).map { bits in
      words.indices.filter { bits >> $0 & 1 == 1 }.map { words[$0] }.joined(separator: ",")
    }
  }()

  @Test(
    "byte for byte, of 100 000 entries, in every form",
    .enabled(if: Machine.lacksForNamespaces == nil, networkReason),
    .timeLimit(.minutes(15)))
  func allForms() throws {
    let table = try ConntrackTable(entries: 100_000, seed: 20_261, traffic: 12)
    let forms =
      Self.combinations + [
        "ktimestamp", "extended,id,ktimestamp,labels", "xml", "xml,labels,ktimestamp", "save",
      ]
    for form in forms {
      let options = form.isEmpty ? [] : ["-o", form]
      let before = try table.conntrack(["-L"] + options)
      let ours = try table.ftctl(["list"] + options)
      let after = try table.conntrack(["-L"] + options)
      #expect(ours.status == 0)
      let listing = TickingListing(
        form: form.hasPrefix("xml")
          ? .xml : form == "save" ? .save : .line(isExtended: form.contains("extended")))
      let difference = listing.difference(before.bytes, ours.bytes, after.bytes)
      #expect(difference == nil, "-o \(form)")
      // The footers differ in the program's name alone.
      let footer = before.errorLines.last?.split(separator: ": ").last
      #expect(ours.errorLines == ["ftctl: \(footer ?? "")"], "-o \(form)")
    }
    // What makes this a test of anything: many entries, of every kind.
    let listing = try table.conntrack(["-L", "-o", "extended,labels"]).output
    let count = listing.utf8.reduce(0) { $1 == 0x0a ? $0 + 1 : $0 }
    #expect(count > 90_000)
    let kinds = [
      "ipv6     10 tcp ", "udplite ", "icmp ", "icmpv6 ", "sctp ", "dccp ", "gre ", "unknown ", " SYN_SENT2 ",
      " zone=", " zone-orig=", " zone-reply=", " labels=bit", " [UNREPLIED] ", " [ASSURED] ", " delta-time=",
      " packets=",
    ]
    for kind in kinds { #expect(listing.contains(kind), "no \(kind)") }
  }

  @Test("comparing notices each difference there can be")
  func comparison() {
    func compare(_ form: TickingListing.Form, _ before: String, _ ours: String, _ after: String) -> Bool {
      TickingListing(form: form).difference(Data(before.utf8), Data(ours.utf8), Data(after.utf8)) == nil
    }
    let line = "tcp      6 100 NONE src=1 delta-time=5 use=1\n"
    let later = "tcp      6 97 NONE src=1 delta-time=8 use=1\n"
    func ours(_ text: String) -> Bool { compare(.line(isExtended: false), line, text, later) }
    #expect(ours("tcp      6 98 NONE src=1 delta-time=7 use=1\n"))
    #expect(!ours("tcp      6 96 NONE src=1 delta-time=7 use=1\n"))
    #expect(!ours("tcp      6 98 NONE src=1 delta-time=9 use=1\n"))
    #expect(!ours("tcp      6 98 NONE src=1 delta-time=7 use=2\n"))
    #expect(!ours("tcp      6 98 NONE src=1 use=1\n"))
    #expect(!ours("tcp      6 98 NONE src=1 delta-time=7 use=1\n\n"))
    #expect(!ours(""))
    #expect(
      compare(
        .line(isExtended: true), "ipv4     2 udp      17 9 x\n", "ipv4     2 udp      17 8 x\n",
        "ipv4     2 udp      17 7 x\n"))
    #expect(
      compare(
        .xml, "<a><timeout>9</timeout></a>\n", "<a><timeout>8</timeout></a>\n",
        "<a><timeout>7</timeout></a>\n"))
    #expect(!compare(.save, "-A -t 9 -u X\n", "-A -t 8 -u Y\n", "-A -t 7 -u X\n"))
  }
}
