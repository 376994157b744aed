// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire
import Testing

@Suite("headers")
struct HeaderTests {
  static let client = Address(ipv4: 0xc000_0202)
  static let server = Address(ipv4: 0xc633_6402)

  @Test("an IPv4 header that was written is read back, with a right checksum")
  func ipv4() throws {
    var header = IPv4Header(proto: 17, source: Self.client, destination: Self.server)
    header.typeOfService = 0xb8
    header.identification = 0x1234
    header.flagsAndOffset = IPv4View.dontFragment
    var bytes: [UInt8] = []
    header.emit(payloadLength: 4, into: &bytes)
    bytes += [1, 2, 3, 4]
    let view = try #require(IPv4View(checking: bytes.raw))
    #expect(view.hasValidChecksum)
    #expect(IPv4Header(view) == header)
    #expect(view.payload.byteCount == 4)
    #expect(view.mayNotFragment)
    #expect(!view.isFragment)
  }

  @Test("an IPv4 header is refused when cut short at any octet", arguments: 0..<20)
  func shortIPv4(length: Int) {
    var bytes: [UInt8] = []
    IPv4Header(proto: 6, source: Self.client, destination: Self.server).emit(payloadLength: 0, into: &bytes)
    #expect(IPv4View(checking: Array(bytes[..<length]).raw) == nil)
  }

  @Test("an IPv4 header is refused for another version, a short header length, a total beyond the end")
  func brokenIPv4() {
    var bytes: [UInt8] = []
    IPv4Header(proto: 6, source: Self.client, destination: Self.server).emit(payloadLength: 0, into: &bytes)
    for (offset, value) in [(0, UInt8(0x65)), (0, 0x44), (0, 0x46), (3, 21), (3, 19)] {
      var broken = bytes
      broken[offset] = value
      #expect(IPv4View(checking: broken.raw) == nil)
    }
  }

  @Test("IPv6 extension headers are walked to the transport header")
  func ipv6Walk() throws {
    var bytes: [UInt8] = []
    let header = IPv6Header(
      nextHeader: 0, source: Address(high: 1, low: 2), destination: Address(high: 3, low: 4))
    header.emit(payloadLength: 24, into: &bytes)
    bytes += [44, 0, 1, 4, 0, 0, 0, 0]
    bytes += [60, 0, 0, 1, 0, 0, 0, 9]
    bytes += [17, 0, 1, 4, 0, 0, 0, 0]
    let view = try #require(IPv6View(checking: bytes.raw))
    let found = view.walk()
    #expect(found.proto == 17)
    #expect(found.offset == 64)
    #expect(found.fragmentHeader == 48)
    #expect(found.hasMoreFragments)
    #expect(found.isComplete)
    #expect(IPv6Header(view) == header)
  }

  @Test("a chain of extension headers that ends early is incomplete")
  func brokenWalk() {
    let bytes: [UInt8] = [0, 200, 0, 0, 0, 0, 0, 0]
    let found = IPv6Transport.find(bytes.raw, offset: 0, nextHeader: 0, end: bytes.count)
    #expect(!found.isComplete)
  }

  @Test("TCP header, options and checksum")
  func tcp() throws {
    var header = TCPHeader(sourcePort: 40000, destinationPort: 80, flags: [.syn])
    header.sequence = 0x0102_0304
    header.window = 64240
    var bytes: [UInt8] = []
    header.emit(
      from: Self.client, to: Self.server, options: [2, 4, 5, 0xb4, 1, 3, 3, 7], payload: [9], into: &bytes)
    let view = try #require(TCPView(checking: bytes.raw))
    #expect(TCPHeader(view) == header)
    #expect(view.headerLength == 28)
    #expect(view.payloadLength == 1)
    var kinds: [UInt8] = []
    view.forEachOption { kind, _ in kinds.append(kind) }
    #expect(kinds == [2, 3])
    let sum = Checksum.pseudoHeader(Self.client, Self.server, proto: 6, length: bytes.count)
    #expect(Checksum.isValid(bytes.raw, sum))
  }

  @Test("a TCP option that reaches beyond the header ends the list")
  func brokenOption() throws {
    var bytes: [UInt8] = []
    TCPHeader(sourcePort: 1, destinationPort: 2, flags: .ack)
      .emit(from: Self.client, to: Self.server, options: [2, 9, 0, 0], into: &bytes)
    let view = try #require(TCPView(checking: bytes.raw))
    var count = 0
    view.forEachOption { _, _ in count += 1 }
    #expect(count == 0)
  }

  @Test("a UDP checksum that would be zero is written as 0xffff")
  func udpChecksum() throws {
    var bytes: [UInt8] = []
    let header = UDPHeader(sourcePort: 0, destinationPort: 0)
    // The payload makes up for the sum of everything else.
    let sum = Checksum.fold(
      Checksum.pseudoHeader(Self.client, Self.server, proto: 17, length: 10) + 10)
    header.emit(
      from: Self.client, to: Self.server,
      payload: [UInt8(~sum >> 8), UInt8(truncatingIfNeeded: ~sum)], into: &bytes)
    let view = try #require(UDPView(checking: bytes.raw))
    #expect(view.checksum == 0xffff)
  }

  @Test("Ethernet, VLAN, PPPoE and ARP are read back as written")
  func linkHeaders() throws {
    let mac = MACAddress(0x0200_0000_0102)
    let ethernet = EthernetHeader(destination: .broadcast, source: mac, type: EtherType.arp)
    var bytes: [UInt8] = []
    ethernet.emit(into: &bytes)
    #expect(EthernetHeader(try #require(EthernetView(checking: bytes.raw))) == ethernet)
    #expect(mac.description == "02:00:00:00:01:02")
    let arp = ARPPacket(
      operation: ARPPacket.request, senderHardware: mac, sender: Self.client, targetHardware: .zero,
      target: Self.server)
    bytes = []
    arp.emit(into: &bytes)
    #expect(ARPPacket(try #require(ARPView(checking: bytes.raw))) == arp)
    bytes = []
    VLANTag(identifier: 10, priority: 5).emit(protocolType: EtherType.vlan, next: EtherType.ipv4, into: &bytes)
    let tag = try #require(VLANTagView(checking: bytes.raw.dropping(2)))
    #expect(tag.tag.identifier == 10)
    #expect(tag.tag.priority == 5)
    bytes = []
    PPPoEHeader(session: 17, pppProtocol: PPPoEView.protocolIPv6).emit(payloadLength: 40, into: &bytes)
    let session = try #require(PPPoEView(checking: bytes.raw))
    #expect(session.session == 17)
    #expect(session.length == 42)
  }

  @Test("neighbour discovery options with a length of zero or beyond the end are refused")
  func discoveryOptions() throws {
    var bytes = [UInt8](repeating: 0, count: 24) + [1, 1, 2, 0, 0, 0, 1, 2]
    #expect(
      try #require(NeighbourDiscoveryView(checking: bytes.raw)).linkLayerAddress(option: 1)
        == MACAddress(0x0200_0000_0102))
    bytes[25] = 0
    #expect(NeighbourDiscoveryView(checking: bytes.raw) == nil)
    bytes[25] = 2
    #expect(NeighbourDiscoveryView(checking: bytes.raw) == nil)
  }

  @Test("prefixes and groups of addresses")
  func addresses() {
    let six = Address(high: 0x2001_0db8_0001_0000, low: 0x0000_0000_1234_5678)
    #expect(six.masked(to: 64, .ipv6) == Address(high: 0x2001_0db8_0001_0000, low: 0))
    #expect(six.solicitedNodeGroup == Address(high: 0xff02_0000_0000_0000, low: 0x1_ff34_5678))
    #expect(MACAddress.group(ofIPv6: six.solicitedNodeGroup) == MACAddress(0x3333_ff34_5678))
    #expect(Self.client.matches(Address(ipv4: 0xc000_02ff), prefixLength: 24, .ipv4))
    #expect(!Self.client.matches(Self.server, prefixLength: 8, .ipv4))
    #expect(Self.client.masked(to: 0, .ipv4).isUnspecified)
  }
}
