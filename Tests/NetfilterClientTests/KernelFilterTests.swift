// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Testing

@Suite("What the kernel may filter")
struct KernelFilterTests {
  private func filter(_ text: String) throws -> KernelFilter { KernelFilter(try WhereParser().parse(text)) }

  private func expected(_ change: (inout KernelFilter) -> Void) -> KernelFilter {
    var filter = KernelFilter()
    change(&filter)
    return filter
  }

  private let host = IPAddress(ipv4: 0x0a00_0001)

  @Test(
    "nothing is asked for where no field is sure",
    arguments: [
      "tcp", "dport 80", "tcp and dport 80", "tcp or ipv4", "bytes > 5", "not mark 5", "zone 0", "not tcp",
      "not software", "not (assured and replied)", "nat", "zone in 1-2", "src in 10.0.0.0/8 or src ::1",
      "label 1", "helper = ftp", "state = ESTABLISHED", "device eth0",
    ])
  func empty(text: String) throws {
    #expect(try filter(text) == KernelFilter())
    #expect(try filter(text).isEmpty)
  }

  @Test("addresses, the protocol and its ports go along with the family")
  func tuples() throws {
    #expect(
      try filter("src 10.0.0.1 and tcp and dport 80")
        == expected {
          $0.family = .ipv4
          $0.original.source = host
          $0.original.layer4 = 6
          $0.original.destinationPort = 80
        })
    #expect(
      try filter("snat = 10.0.0.1:80 and udp and dst in 192.0.2.0/24")
        == expected {
          $0.family = .ipv4
          $0.requiredStatus = .sourceNAT
          $0.original.layer4 = 17
          $0.reply.destination = host
          $0.reply.layer4 = 17
          $0.reply.destinationPort = 80
        })
    #expect(
      try filter("dnat = 10.0.0.1")
        == expected {
          $0.family = .ipv4
          $0.requiredStatus = .destinationNAT
          $0.reply.source = host
        })
    #expect(
      try filter("ipv4 and state = SYN_SENT and sport 80-90")
        == expected {
          $0.family = .ipv4
          $0.original.layer4 = 6
        })
  }

  @Test("IPv6 addresses and ports of other protocols are left to the local check")
  func notForTheKernel() throws {
    #expect(
      try filter("src ::1 and udp and sport 53")
        == expected {
          $0.family = .ipv6
          $0.original.layer4 = 17
          $0.original.sourcePort = 53
        })
    #expect(
      try filter("ipv4 and sctp and sport 53")
        == expected {
          $0.family = .ipv4
          $0.original.layer4 = 132
        })
    #expect(try filter("not ipv4") == expected { $0.family = .ipv6 })
  }

  @Test(
    "tags and status words become bits",
    arguments: [
      ("offload", ConntrackStatus.offload, []),
      ("software", .offload, .hardwareOffload),
      ("hardware", .hardwareOffload, []),
      ("offload = none", [], [.offload, .hardwareOffload]),
      ("not offload", [], [.offload, .hardwareOffload]),
      ("not offload = none", .offload, []),
      ("not hardware", [], .hardwareOffload),
      ("assured and unreplied", .assured, .seenReply),
      ("snat and not dnat", .sourceNAT, .destinationNAT),
      ("not nat", [], [.sourceNAT, .destinationNAT]),
      ("(assured and replied) or (assured and dying)", .assured, []),
      ("not (assured or replied)", [], [.assured, .seenReply]),
    ] as [(String, ConntrackStatus, ConntrackStatus)])
  func status(text: String, required: ConntrackStatus, forbidden: ConntrackStatus) throws {
    let filter = try filter(text)
    #expect(filter.requiredStatus == required)
    #expect(filter.forbiddenStatus == forbidden)
    #expect(filter.statusMask == required.rawValue | forbidden.rawValue)
  }

  @Test("marks keep the bits that all branches share")
  func marks() throws {
    #expect(
      try filter("mark 5 or mark 7")
        == expected {
          $0.markValue = 5
          $0.markMask = ~2
        })
    #expect(
      try filter("mark 0x10/0xf0 and mark 1/1")
        == expected {
          $0.markValue = 0x11
          $0.markMask = 0xf1
        })
    #expect(try filter("mark = 0") == expected { $0.markMask = .max })
  }

  @Test("a zone goes to the kernel whatever its direction, zone 0 does not")
  func zones() throws {
    for text in ["zone 7", "orig-zone 7", "reply-zone 7", "(zone 7 and tcp) or (zone 7 and udp)"] {
      #expect(try filter(text) == expected { $0.zone = 7 })
    }
    #expect(try filter("zone 7 or zone 8").isEmpty)
  }

  @Test("of alternatives only what they share is asked for")
  func alternatives() throws {
    #expect(
      try filter("ipv4 and tcp and dport in {80,443} and sport in {53}")
        == expected {
          $0.family = .ipv4
          $0.original.layer4 = 6
          $0.original.sourcePort = 53
        })
    #expect(try filter("src in {10.0.0.1, 10.0.0.2}") == expected { $0.family = .ipv4 })
    #expect(try filter("ipv4 and proto in {tcp, udp} and dport 80") == expected { $0.family = .ipv4 })
  }

  @Test("branches that cannot match do not widen the filter")
  func deadBranches() throws {
    #expect(try filter("(tcp and udp) or zone 7") == expected { $0.zone = 7 })
    #expect(try filter("tcp and udp").isEmpty)
  }
}
