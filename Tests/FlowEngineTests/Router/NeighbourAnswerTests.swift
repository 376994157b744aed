// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire
import Testing

@testable import FlowEngine

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

  /// A server's advertisement of its own address.
  private func advertise(
    _ scene: Scene, flags: UInt32, _ mac: MACAddress?, code: UInt8 = 0, toAll: Bool = false
  ) {
    var data: [UInt8] = []
    data.append(ipv6: Scene.server6)
    if let mac {
      data += [2, 1]
      data.append(mac)
    }
    let own = Address(high: Scene.server6.high, low: 1)
    let destination = toAll ? Address(high: 0xff02_0000_0000_0000, low: 1) : own
    let sum = Checksum.pseudoHeader(
      Scene.server6, destination, proto: IPProtocol.icmpv6, length: 8 + data.count)
    var body: [UInt8] = []
    ICMPMessage(type: ICMPv6Type.neighbourAdvertisement, code: code, word: flags, data: data)
      .emit(pseudoHeader: sum, into: &body)
    var bytes: [UInt8] = []
    EthernetHeader(
      destination: toAll ? MACAddress(0x3333_0000_0001) : Scene.wanMAC, source: Scene.serverMAC,
      type: EtherType.ipv6
    ).emit(into: &bytes)
    var header = IPv6Header(nextHeader: IPProtocol.icmpv6, source: Scene.server6, destination: destination)
    header.hopLimit = 255
    header.emit(payloadLength: body.count, into: &bytes)
    scene.send(frame: bytes + body, on: scene.wan)
  }

  @Test("an address that is looked for is learned from an advertisement that is sound and says it")
  func advertisements() {
    let scene = Scene()
    scene.family = .ipv6
    let key = NeighbourKey(device: scene.wan, family: .ipv6, address: Scene.server6)
    scene.router.removeNeighbour(key)
    scene.send(.client, .syn)
    advertise(scene, flags: 0x6000_0000, nil)
    advertise(scene, flags: 0x6000_0000, Scene.serverMAC, code: 1)
    advertise(scene, flags: 0x6000_0000, Scene.serverMAC, toAll: true)
    #expect(scene.router.neighbours[key]?.state == .incomplete)
    advertise(scene, flags: 0x4000_0000, Scene.serverMAC)
    #expect(scene.router.neighbours[key]?.state == .reachable)
    #expect(scene.sent.first?.bytes.raw.mac(0) == Scene.serverMAC)
    advertise(scene, flags: 0x4000_0000, Scene.clientMAC)
    #expect(scene.router.neighbours[key]?.state == .stale)
    #expect(scene.router.neighbours[key]?.mac == Scene.serverMAC)
  }
}
