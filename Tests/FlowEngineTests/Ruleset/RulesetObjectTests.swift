// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

@Suite("objects of conntrack: which a table may have")
struct RulesetObjectTests {
  private typealias Kind = NFTables.Object.Kind
  private typealias Family = NFTables.Family

  /// What adding an object to a new table of `family` is answered with, and the object's data.
  private func add(
    _ type: UInt32, _ family: UInt8, _ content: (inout NetlinkWriter) -> Void
  ) -> (refusal: Int32?, data: [UInt8]) {
    var bench = RulesetBench()
    var writer = NetlinkWriter()
    content(&writer)
    var object = NFTables.Object()
    object.table = "x"
    object.name = "o"
    object.type = type
    object.data = writer.bytes
    var batch = BatchBuilder(family: family)
    batch.table()
    batch.add(NFTables.Message.newObject) { object.encode(into: &$0) }
    let refusal = RulesetBench.errors(bench.send(batch)).first?.number
    return (refusal, bench.ruleset.model.tables.first?.objects.first?.data ?? [])
  }

  private func helper(
    _ name: String, _ transport: UInt8, _ network: UInt16?, in family: UInt8
  ) -> (refusal: Int32?, network: UInt16?) {
    let (refusal, data) = add(Kind.conntrackHelper, family) { writer in
      writer.attribute(1, text: name)
      if let network { writer.attribute(2, network) }
      writer.attribute(3, transport)
    }
    // Safe: the span does not outlive the array that it borrows.
    let decoded = unsafe try? NFTables.ConntrackHelper(AttributeCursor(data.span.bytes))
    return (refusal, decoded?.networkProtocol)
  }

  @Test("a helper exists for its transport and network protocols only")
  func helpers() {
    #expect(helper("ftp", IPProtocol.udp, nil, in: Family.ipv4).refusal == ErrorNumber.noEntry)
    #expect(helper("irc", IPProtocol.tcp, nil, in: Family.ipv6).refusal == ErrorNumber.noEntry)
    #expect(helper("ftp", IPProtocol.tcp, 10, in: Family.ipv4).refusal == ErrorNumber.invalid)
    #expect(helper("ftp", IPProtocol.tcp, 2, in: Family.ipv6).refusal == ErrorNumber.invalid)
    #expect(helper("ftp", IPProtocol.tcp, nil, in: Family.netdev).refusal == ErrorNumber.protocolFault)
    #expect(
      helper("ftp", IPProtocol.tcp, nil, in: Family.arp).refusal == ErrorNumber.addressFamilyNotSupported)
    #expect(helper("ftp", IPProtocol.tcp, 2, in: Family.arp).refusal == ErrorNumber.protocolFault)
  }

  @Test("a helper is shown with the network protocols that it is for")
  func helperFamilies() {
    #expect(helper("ftp", IPProtocol.tcp, nil, in: Family.inet).network == 1)
    #expect(helper("irc", IPProtocol.tcp, nil, in: Family.inet).network == 2)
    #expect(helper("ftp", IPProtocol.tcp, 10, in: Family.inet).network == 10)
    #expect(helper("ftp", IPProtocol.tcp, nil, in: Family.bridge).network == 1)
    #expect(helper("ftp", IPProtocol.tcp, nil, in: Family.ipv6).network == 10)
  }

  @Test("an expectation is of IPv4 or of IPv6")
  func expectations() {
    func expectation(_ network: UInt16?, in family: UInt8) -> (refusal: Int32?, data: [UInt8]) {
      add(Kind.conntrackExpectation, family) { writer in
        if let network { writer.attribute(1, network) }
        writer.attribute(2, IPProtocol.tcp)
      }
    }
    #expect(expectation(nil, in: Family.inet).refusal == ErrorNumber.addressFamilyNotSupported)
    #expect(expectation(10, in: Family.ipv4).refusal == ErrorNumber.invalid)
    #expect(expectation(2, in: Family.bridge).refusal == ErrorNumber.invalid)
    #expect(expectation(2, in: Family.inet).refusal == nil)
    #expect(expectation(nil, in: Family.ipv6).data.prefix(8) == [6, 0, 1, 0, 0, 10, 0, 0])
  }

  @Test("there is no timeout policy where nothing is tracked")
  func timeouts() {
    let refusal = add(Kind.conntrackTimeout, Family.netdev) { $0.attribute(2, IPProtocol.tcp) }.refusal
    #expect(refusal == ErrorNumber.protocolFault)
  }
}
