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
}
