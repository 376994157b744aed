// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Testing

@Suite("Selections that nothing can match")
struct SatisfiabilityTests {
  private func reason(_ text: String) throws -> String? { try WhereParser().parse(text).contradiction() }

  @Test(
    "the reason is told in words",
    arguments: [
      (
        "dport = 80 and icmp", "a port needs a protocol with ports (tcp, udp, udplite, sctp, dccp), not icmp"
      ),
      (
        "snat = :80 and proto 47",
        "a port needs a protocol with ports (tcp, udp, udplite, sctp, dccp), not gre"
      ),
      ("ipv6 and src = 192.0.2.1", "192.0.2.1 is not an ipv6 address"),
      ("ipv4 and dst in 2001:db8::/32", "2001:db8::/32 is not an ipv4 address"),
      ("src = 192.0.2.1 and dst = ::1", "192.0.2.1 and ::1 are of different families"),
      ("ipv4 and ipv6", "a flow is either ipv4 or ipv6"),
      ("not ipv4 and not ipv6", "a flow is either ipv4 or ipv6"),
      ("not ipv4 and src 192.0.2.1", "not ipv4 and src 192.0.2.1 exclude each other"),
      ("udp and state = ESTABLISHED", "state ESTABLISHED does not exist for udp"),
      ("sctp and state = SYN_SENT", "state SYN_SENT does not exist for sctp"),
      ("state = SYN_SENT and not tcp", "state SYN_SENT and not tcp exclude each other"),
      ("state = CLOSE and state = LISTEN", "a flow has one state, not both CLOSE and SYN_SENT2"),
      ("tcp and udp", "a flow has one protocol, not both tcp and udp"),
      ("tcp and esp", "a flow has one protocol, not both tcp and 50"),
      ("assured and not assured", "status ASSURED and !ASSURED exclude each other"),
      ("replied and unreplied", "status SEEN_REPLY and !SEEN_REPLY exclude each other"),
      ("offload = software and offload = none", "offload software and offload none exclude each other"),
      ("software and hardware", "offload software and offload hardware exclude each other"),
      ("status = HW_OFFLOAD and not offload", "status HW_OFFLOAD and not offload any exclude each other"),
      ("snat and not nat", "snat and not nat exclude each other"),
      ("dport in 1-9 and dport in {10-20}", "dport 1-9 and dport 10-20 exclude each other"),
      ("dport 80 and dport != 80", "dport 80 and not dport 80 exclude each other"),
      (
        "dport in 1-10 and not dport in 1-5 and dport !in 6-10",
        "dport 1-10, not dport 1-5 and not dport 6-10 exclude each other"
      ),
      ("udp and not dport in 0-65535", "udp and not dport 0-65535 exclude each other"),
      ("src in 10.0.0.0/8 and src in 192.0.2.0/24", "src 10.0.0.0/8 and src 192.0.2.0/24 exclude each other"),
      (
        "snat = 10.0.0.1 and reply-dst = 10.0.0.2", "snat 10.0.0.1 and reply-dst 10.0.0.2 exclude each other"
      ),
      ("mark = 1 and mark = 2", "mark 0x1 and mark 0x2 exclude each other"),
      ("mark = 1 and mark = 0x0/0x1", "mark 0x1 and mark 0x0/0x1 exclude each other"),
      ("zone 1 and zone 2", "zone 1 and zone 2 exclude each other"),
      (
        "zone 1 and orig-zone 1",
        "zone 1 and orig-zone 1 exclude each other: a zone holds for both directions or for one"
      ),
      ("bytes < 10 and bytes > 20", "bytes <= 9 and bytes >= 21 exclude each other"),
      ("age > 1h and age < 1m", "age >= 3601 and age <= 59 exclude each other"),
      ("tcp and icmp-type = 8", "icmp-type needs the protocol icmp or icmpv6, not tcp"),
      (
        "dport 80 and icmp-id 7",
        "dport 80 needs a protocol with ports (tcp, udp, udplite, sctp, dccp), and icmp-id icmp or icmpv6"
      ),
      ("helper = ftp and helper = sip", "a flow has one helper, not both ftp and sip"),
      ("label 3 and not label 3", "label 3 and not label 3 exclude each other"),
      ("device eth0 and device != eth0", "device eth0 and not device eth0 exclude each other"),
      (
        "flowtable = inet/x/f and not flowtable = inet/x/f",
        "flowtable inet x f and not flowtable inet x f exclude each other"
      ),
      (
        "icmp and assured and bytes > 5 and (dport 80 or sport 80)",
        "a port needs a protocol with ports (tcp, udp, udplite, sctp, dccp), not icmp"
      ),
      ("(tcp and udp) or (ipv4 and ipv6)", "a flow has one protocol, not both tcp and udp"),
    ])
  func reasons(text: String, expected: String) throws {
    #expect(try reason(text) == expected)
  }

  @Test(
    "what some flow may match is possible",
    arguments: [
      "tcp and dport in {80,443} and not offload and src in 10.0.0.0/8",
      "not dport in 0-65535",
      "icmp and not dport 80",
      "icmpv6 and ipv4",
      "offload and state = ESTABLISHED",
      "not bytes >= 0",
      "timeout != 5 and timeout != 6",
      "mark != 0/0",
      "state != ESTABLISHED and tcp",
      "zone 0 and orig-zone 5",
      "zone 0 and orig-zone 0 and reply-zone 0",
      "mark in 1-9 and mark in 9-20",
      "(tcp and udp) or ipv4",
      "src in 10.0.0.0/8 and dst in 192.0.2.0/24 and snat = 198.51.100.1:80",
      "nat = 10.0.0.1 and reply-src = 10.0.0.2",
      "nat and not snat",
      "hardware and not software",
      "status = OFFLOAD and hardware",
      "flowtable = f and flowtable != g",
      "label 3 and not label in {4}",
    ])
  func possible(text: String) throws {
    #expect(try reason(text) == nil)
  }

  @Test("tests that no value can pass are told")
  func impossibleTests() {
    #expect(
      FlowPredicate.test(.quantity(.icmpType, 256...300)).contradiction() == "icmp-type is at most 255")
    #expect(
      FlowPredicate.test(.mark(value: 3, mask: 2)).contradiction()
        == "mark 0x3/0x2: the value has bits that the mask takes away")
    #expect(FlowPredicate.test(.state("SOMEWHERE")).contradiction() == "state SOMEWHERE does not exist")
    #expect(FlowPredicate.any([]).contradiction() == "the selection is empty whatever the flow")
    #expect(FlowPredicate.everything.contradiction() == nil)
  }

  @Test("a predicate of too many alternatives is taken as possible, at once")
  func bound() {
    let pair = FlowPredicate.any([.test(.layer4(6)), .test(.layer4(17))])
    #expect(FlowPredicate.all(Array(repeating: pair, count: 10) + [.test(.layer4(1))]).contradiction() != nil)
    #expect(
      FlowPredicate.all(Array(repeating: pair, count: 100) + [.test(.layer4(1))]).contradiction() == nil)
    let ports = FlowPredicate.any((0..<4000).map { .test(.port(.source, $0...$0)) })
    #expect(FlowPredicate.all([ports, .test(.layer4(1))]).contradiction() != nil)
    #expect(FlowPredicate.all([ports, ports, .test(.layer4(1))]).contradiction() == nil)
  }
}
