// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire
import Testing

@Suite("headers")
struct HeaderTests {
  static let client = Address(ipv4: 0xc000_0202)
  static let server = Address(ipv4: 0xc633_6402)

  private func missing() { Issue.record("a whole header was refused") }

  private func isIPv4(_ bytes: [UInt8]) -> Bool {
    guard let view = IPv4View(checking: bytes.raw) else { return false }
    return view.headerLength >= IPv4View.minimumLength
  }

  private func sourceAddress(_ bytes: [UInt8]) -> MACAddress? {
    guard let view = NeighbourDiscoveryView(checking: bytes.raw) else { return nil }
    return view.linkLayerAddress(option: 1)
  }

  @Test("an IPv4 header that was written is read back, with a right checksum")
  func ipv4() {
    var header = IPv4Header(proto: 17, source: Self.client, destination: Self.server)
    header.typeOfService = 0xb8
    header.identification = 0x1234
    header.flagsAndOffset = IPv4View.dontFragment
    var bytes: [UInt8] = []
    header.emit(payloadLength: 4, into: &bytes)
    bytes += [1, 2, 3, 4]
    guard let view = IPv4View(checking: bytes.raw) else { return missing() }
    #expect(view.hasValidChecksum == true)
    #expect(IPv4Header(view) == header)
    let payloadLength = view.payload.byteCount
    #expect(payloadLength == 4)
    #expect(view.mayNotFragment == true)
    #expect(view.isFragment == false)
  }

  @Test("an IPv4 header is refused when cut short at any octet", arguments: 0..<20)
  func shortIPv4(length: Int) {
    var bytes: [UInt8] = []
    IPv4Header(proto: 6, source: Self.client, destination: Self.server).emit(payloadLength: 0, into: &bytes)
    #expect(!isIPv4(Array(bytes[..<length])))
  }

  @Test("an IPv4 header is refused for another version, a short header length, a total beyond the end")
  func brokenIPv4() {
    var bytes: [UInt8] = []
    IPv4Header(proto: 6, source: Self.client, destination: Self.server).emit(payloadLength: 0, into: &bytes)
    for (offset, value) in [(0, UInt8(0x65)), (0, 0x44), (0, 0x46), (3, 21), (3, 19)] {
      var broken = bytes
      broken[offset] = value
      #expect(!isIPv4(broken))
    }
  }

  @Test("IPv6 extension headers are walked to the transport header")
  func ipv6Walk() {
    var bytes: [UInt8] = []
    let header = IPv6Header(
      nextHeader: 0, source: Address(high: 1, low: 2), destination: Address(high: 3, low: 4))
    header.emit(payloadLength: 24, into: &bytes)
    bytes += [44, 0, 1, 4, 0, 0, 0, 0]
    bytes += [60, 0, 0, 1, 0, 0, 0, 9]
    bytes += [17, 0, 1, 4, 0, 0, 0, 0]
    guard let view = IPv6View(checking: bytes.raw) else { return missing() }
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
  func tcp() {
    var header = TCPHeader(sourcePort: 40000, destinationPort: 80, flags: [.syn])
    header.sequence = 0x0102_0304
    header.window = 64240
    var bytes: [UInt8] = []
    header.emit(
      from: Self.client, to: Self.server, options: [2, 4, 5, 0xb4, 1, 3, 3, 7], payload: [9], into: &bytes)
    guard let view = TCPView(checking: bytes.raw) else { return missing() }
    #expect(TCPHeader(view) == header)
    #expect(view.headerLength == 28)
    #expect(view.payloadLength == 1)
    var kinds: [UInt8] = []
    view.forEachOption { kind, _ in kinds.append(kind) }
    #expect(kinds == [2, 3])
    let sum = Checksum.pseudoHeader(Self.client, Self.server, proto: 6, length: bytes.count)
    let isValid = Checksum.isValid(bytes.raw, sum)
    #expect(isValid)
  }

  @Test("a TCP option that reaches beyond the header ends the list")
  func brokenOption() {
    var bytes: [UInt8] = []
    TCPHeader(sourcePort: 1, destinationPort: 2, flags: .ack)
      .emit(from: Self.client, to: Self.server, options: [2, 9, 0, 0], into: &bytes)
    guard let view = TCPView(checking: bytes.raw) else { return missing() }
    var count = 0
    view.forEachOption { _, _ in count += 1 }
    #expect(count == 0)
  }

  @Test("a UDP checksum that would be zero is written as 0xffff")
  func udpChecksum() {
    var bytes: [UInt8] = []
    let header = UDPHeader(sourcePort: 0, destinationPort: 0)
    // The payload makes up for the sum of everything else.
    let sum = Checksum.fold(
      Checksum.pseudoHeader(Self.client, Self.server, proto: 17, length: 10) + 10)
    header.emit(
      from: Self.client, to: Self.server,
      payload: [UInt8(~sum >> 8), UInt8(truncatingIfNeeded: ~sum)], into: &bytes)
    guard let view = UDPView(checking: bytes.raw) else { return missing() }
    #expect(view.checksum == 0xffff)
  }

  @Test("Ethernet, VLAN, PPPoE and ARP are read back as written")
  func linkHeaders() {
    let mac = MACAddress(0x0200_0000_0102)
    let ethernet = EthernetHeader(destination: .broadcast, source: mac, type: EtherType.arp)
    var bytes: [UInt8] = []
    ethernet.emit(into: &bytes)
    guard let link = EthernetView(checking: bytes.raw) else { return missing() }
    #expect(EthernetHeader(link) == ethernet)
    #expect(mac.description == "02:00:00:00:01:02")
    let arp = ARPPacket(
      operation: ARPPacket.request, senderHardware: mac, sender: Self.client, targetHardware: .zero,
      target: Self.server)
    var question: [UInt8] = []
    arp.emit(into: &question)
    guard let asked = ARPView(checking: question.raw) else { return missing() }
    #expect(ARPPacket(asked) == arp)
    var tagged: [UInt8] = []
    VLANTag(identifier: 10, priority: 5).emit(
      protocolType: EtherType.vlan, next: EtherType.ipv4, into: &tagged)
    guard let tag = VLANTagView(checking: tagged.raw.dropping(2)) else { return missing() }
    #expect(tag.tag.identifier == 10)
    #expect(tag.tag.priority == 5)
    var discovery: [UInt8] = []
    PPPoEHeader(session: 17, pppProtocol: PPPoEView.protocolIPv6).emit(payloadLength: 40, into: &discovery)
    guard let session = PPPoEView(checking: discovery.raw) else { return missing() }
    #expect(session.session == 17)
    #expect(session.length == 42)
  }

  @Test("neighbour discovery options with a length of zero or beyond the end are refused")
  func discoveryOptions() {
    var bytes = [UInt8](repeating: 0, count: 24) + [1, 1, 2, 0, 0, 0, 1, 2]
    #expect(sourceAddress(bytes) == MACAddress(0x0200_0000_0102))
    bytes[25] = 0
    #expect(sourceAddress(bytes) == nil)
    bytes[25] = 2
    #expect(sourceAddress(bytes) == nil)
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
