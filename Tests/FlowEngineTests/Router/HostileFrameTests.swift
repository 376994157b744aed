// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// Frames that nobody in his right mind sends.
@Suite("hostile frames")
struct HostileFrameTests {
  /// Frames of all kinds, to be damaged.
  static func corpus(_ scene: Scene) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for family in [IPFamily.ipv4, .ipv6] {
      scene.family = family
      for proto in [IPProtocol.tcp, IPProtocol.udp, IPProtocol.gre, IPProtocol.sctp, IPProtocol.icmp, 44, 0] {
        scene.proto = proto
        for sender in [Sender.client, .server] {
          for flags in [TCPFlags.syn, [.syn, .ack], .ack, [.fin, .ack], .rst] {
            frames.append(scene.frame(sender, flags, [UInt8](repeating: 0x45, count: 48)))
          }
        }
      }
    }
    scene.family = .ipv4
    scene.proto = IPProtocol.udp
    frames.append(scene.frame(.client, [], [1], Oddity(options: [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])))
    frames.append(scene.frame(.client, [], [1], Oddity(options: [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0])))
    var arp: [UInt8] = []
    EthernetHeader(destination: .broadcast, source: Scene.clientMAC, type: EtherType.arp).emit(into: &arp)
    ARPPacket(
      operation: 1, senderHardware: Scene.clientMAC, sender: Scene.client4, targetHardware: .zero,
      target: Address(ipv4: 0xc000_0201)
    ).emit(into: &arp)
    frames.append(arp)
    // An error that quotes each of the packets so far.
    for frame in frames where frame.count > 60 && frame.be16(12) == EtherType.ipv4 {
      var error = Array(frame[..<14])
      let message = ICMPMessage(type: 3, code: 3, data: Array(frame[14...]))
      IPv4Header(proto: IPProtocol.icmp, source: Scene.server4, destination: Address(ipv4: 0xc633_6401))
        .emit(payloadLength: 8 + message.data.count, into: &error)
      message.emit(into: &error)
      frames.append(error)
    }
    return frames
  }

  /// Repairs the IPv4 header checksum, so that a damaged packet is not stopped at the door.
  static func repair(_ frame: inout [UInt8]) {
    guard frame.count >= 34, frame.be16(12) == EtherType.ipv4 else { return }
    let length = min(max(Int(frame[14] & 0x0f) * 4, 20), frame.count - 14)
    frame.store(be16: 0, at: 24)
    let checksum = Checksum.compute(frame.raw.extracting(14..<14 + length))
    frame.store(be16: checksum, at: 24)
  }

  @Test(
    "damaged frames neither crash the router nor leave anything behind",
    arguments: zip([KernelGeneration.linux612, .linux72], [UInt64(11), 12]))
  func damaged(kernel: KernelGeneration, seed: UInt64) {
    let scene = Scene(kernel, rules: RecordedBatch.masquerading, accounting: true, mtu: 1300)
    var random = RandomSource(seed: seed)
    let corpus = Self.corpus(scene)
    var received = 0
    for round in 0..<15_000 {
      var frame = corpus[Int(random.number(below: UInt64(corpus.count)))]
      for _ in 0..<random.number(below: 4) {
        frame[Int(random.number(below: UInt64(frame.count)))] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.number(below: 8) == 0 { frame.removeLast(Int(random.number(below: UInt64(frame.count)))) }
      if random.number(below: 4) != 0 { Self.repair(&frame) }
      scene.engine.receive(frame.raw, on: random.number(below: 2) == 0 ? scene.lan : scene.wan, at: scene.now)
      received += scene.engine.takeSent().count
      if round % 500 == 0 { scene.wait(Double(random.number(below: 90))) }
    }
    #expect(received > 0)
    // Longer than anything lasts.
    scene.wait(1_000_000)
    #expect(scene.router.conntrack.count == 0)
    #expect(scene.router.conntrack.entries.count == 0)
    #expect(scene.router.flows.count == 0)
  }

  @Test(
    "each frame of a busy flow leaves the same by the fast and by the classic path",
    arguments: [UInt64(1), 2, 3])
  func differential(seed: UInt64) {
    var random = RandomSource(seed: seed)
    let isMasqueraded = seed != 2
    let rules = isMasqueraded ? RecordedBatch.masquerading : RecordedBatch.plain
    let scene = Scene(.linux72, rules: rules)
    scene.family = seed == 3 ? .ipv6 : .ipv4
    if isMasqueraded {
      scene.seenClient =
        scene.family == .ipv4 ? Address(ipv4: 0xc633_6401) : Address(high: Scene.server6.high, low: 1)
    }
    scene.proto = IPProtocol.udp
    scene.exchange()
    for _ in 0..<500 {
      let payload = (0..<random.number(below: 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let sender = random.number(below: 2) == 0 ? Sender.client : .server
      let frame = scene.frame(sender, [], payload)
      let device = sender == .client ? scene.lan : scene.wan
      #expect(scene.send(frame: frame, on: device) == .fast)
      let fast = scene.sent
      // A torn-down flow sends the next packet the classic way, which makes the flow anew.
      let passing = DeviceAddress(
        family: scene.family, address: Address(high: 0xfd00 << 48, low: 0x0a0a_0a0a), prefixLength: 32)
      scene.router.addAddress(scene.wan, passing)
      scene.router.removeAddress(scene.wan, passing)
      #expect(scene.send(frame: frame, on: device) == .classic)
      #expect(scene.sent == fast)
    }
  }
}
