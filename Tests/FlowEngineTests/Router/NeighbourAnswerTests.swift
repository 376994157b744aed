// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// Which questions about the router's addresses are answered.
@Suite("answers to neighbours")
struct NeighbourAnswerTests {
  private static let lanAddress = Address(ipv4: 0xc000_0201)

  private func ask(_ scene: Scene, from sender: UInt32) -> Path {
    var bytes: [UInt8] = []
    EthernetHeader(destination: .broadcast, source: Scene.clientMAC, type: EtherType.arp).emit(into: &bytes)
    ARPPacket(
      operation: ARPPacket.request, senderHardware: Scene.clientMAC, sender: Address(ipv4: sender),
      targetHardware: .zero, target: Self.lanAddress
    ).emit(into: &bytes)
    return scene.send(frame: bytes, on: scene.lan)
  }

  @Test(
    "ARP is answered where a packet from the sender could come in, and to a sender without an address",
    arguments: [
      (UInt32(0xc000_0202), Path.answered), (0x0a09_0909, .answered), (0, .answered), (0xc000_0201, .nowhere),
      (0xc633_6401, .nowhere), (0x7f00_0001, .nowhere), (0xe000_0001, .nowhere), (0xffff_ffff, .nowhere),
    ])
  func requests(sender: UInt32, path: Path) {
    #expect(ask(Scene(), from: sender) == path)
  }

  @Test(
    "a solicitation from no address goes to the group and has no link-layer address",
    arguments: [(true, false, Path.answered), (true, true, .nowhere), (false, false, .nowhere)])
  func detection(isToGroup: Bool, hasOption: Bool, path: Path) {
    let scene = Scene()
    let target = Address(high: Scene.client6.high, low: 1)
    var data: [UInt8] = []
    data.append(ipv6: target)
    if hasOption {
      data += [1, 1]
      data.append(Scene.clientMAC)
    }
    let destination = isToGroup ? Address(high: 0xff02_0000_0000_0000, low: 0x1_ff00_0001) : target
    let sum = Checksum.pseudoHeader(
      .unspecified, destination, proto: IPProtocol.icmpv6, length: 8 + data.count)
    var body: [UInt8] = []
    ICMPMessage(type: ICMPv6Type.neighbourSolicitation, code: 0, word: 0, data: data)
      .emit(pseudoHeader: sum, into: &body)
    var bytes: [UInt8] = []
    EthernetHeader(
      destination: isToGroup ? MACAddress(0x3333_ff00_0001) : Scene.lanMAC, source: Scene.clientMAC,
      type: EtherType.ipv6
    ).emit(into: &bytes)
    var header = IPv6Header(nextHeader: IPProtocol.icmpv6, source: .unspecified, destination: destination)
    header.hopLimit = 255
    header.emit(payloadLength: body.count, into: &bytes)
    #expect(scene.send(frame: bytes + body, on: scene.lan) == path)
  }

  /// An echo request of the client's.
  private func echo(_ scene: Scene, to destination: Address, _ family: IPFamily) -> Path {
    var body: [UInt8] = []
    let type = family == .ipv4 ? ICMPType.echoRequest : ICMPv6Type.echoRequest
    scene.family = family
    let sum =
      family == .ipv4
      ? 0 : Checksum.pseudoHeader(scene.client, destination, proto: IPProtocol.icmpv6, length: 8)
    ICMPMessage(type: type, code: 0, word: 1, data: []).emit(pseudoHeader: sum, into: &body)
    var bytes: [UInt8] = []
    EthernetHeader(destination: Scene.lanMAC, source: Scene.clientMAC, type: family.ethertype)
      .emit(into: &bytes)
    if family == .ipv4 {
      IPv4Header(proto: IPProtocol.icmp, source: scene.client, destination: destination)
        .emit(payloadLength: 8, into: &bytes)
    } else {
      IPv6Header(nextHeader: IPProtocol.icmpv6, source: scene.client, destination: destination)
        .emit(payloadLength: 8, into: &bytes)
    }
    return scene.send(frame: bytes + body, on: scene.lan)
  }

  @Test("an echo request to all is not answered, one to a link-local address has no route without one")
  func unusualEchoes() {
    let scene = Scene()
    #expect(echo(scene, to: Self.lanAddress, .ipv4) == .answered)
    #expect(echo(scene, to: Address(ipv4: 0xffff_ffff), .ipv4) == .nowhere)
    #expect(echo(scene, to: Address(high: 0xfe80_0000_0000_0000, low: 9), .ipv6) == .answered)
    #expect(scene.sent.first?.bytes[54] == ICMPv6Type.destinationUnreachable)
  }
}
