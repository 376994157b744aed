// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// How flows are stored, and what is pushed in front of their packets.
@Suite("flow paths")
struct FlowPathTests {
  /// A way to the server of a scene, with encapsulations to push.
  static func way(_ encapsulation: UInt64) -> FlowWay {
    var way = FlowWay()
    way.transmit = .direct
    way.mtu = 1500
    way.output = 3
    way.routeDevice = 3
    way.encapsulation = encapsulation
    way.destination = Scene.serverMAC
    way.source = Scene.wanMAC
    return way
  }

  @Test("equal ways are one path, which is freed with its last flow")
  func interning() {
    var paths = PathTable()
    let first = paths.intern(Self.way(0))
    #expect(paths.intern(Self.way(0)) == first)
    let other = paths.intern(Self.way(0x0014_8100_0000_0000))
    #expect(other != first)
    #expect(paths.count == 2)
    paths.release(first)
    #expect(paths.count == 2)
    paths.release(first)
    #expect(paths.count == 1)
    #expect(paths[other].way == Self.way(0x0014_8100_0000_0000))
    #expect(paths.intern(Self.way(0)) != other)
  }

  @Test("the words that plain frames are compared by tell apart all keys that plain frames can have")
  func words() {
    var random = RandomSource(seed: 11)
    func number(_ values: UInt64...) -> UInt64 { values[Int(random.number(below: UInt64(values.count)))] }
    func key() -> FlowKey {
      // Few values each, so that many pairs differ in one field only.
      let addresses = (0..<2).map { _ in Address(ipv4: UInt32(number(0x0a00_0001, 0x0a00_0002))) }
      var key = FlowKey(
        .ipv4, proto: UInt8(number(6, 17, 47)), source: addresses[0], destination: addresses[1],
        sourcePort: UInt16(number(1, 2)), destinationPort: UInt16(number(1, 2)), device: UInt32(number(1, 2)))
      key.encapsulation = number(0, 0x0001_8100, 0x0001_8864, 0x0001_88a8, 0x0002_8100) << 32
      key.encapsulation |= number(0, 0, 0, 0x0001_8100)
      key.kind |= number(1, 2) << 32 | number(0, 0, 0, 1) << 16
      return key
    }
    func isShut(_ key: FlowKey) -> Bool { key.context & FlowKey.shut != 0 }
    var compared = 0
    for _ in 0..<20_000 {
      let (one, other) = (key(), key())
      guard !isShut(one), !isShut(other) else { continue }
      compared += 1
      let areEqual =
        one.rawAddresses == other.rawAddresses && one.rawPortsAndDevice == other.rawPortsAndDevice
        && one.context == other.context
      #expect(areEqual == one.equals(other))
      if areEqual { #expect(one.hash(3) == other.hash(3)) }
    }
    #expect(compared > 1000)
    // Shut: another protocol, an outer tag of 802.1ad, a second encapsulation, a tunnel.
    var plain = FlowKey(
      .ipv4, proto: 6, source: Address(ipv4: 1), destination: Address(ipv4: 2), sourcePort: 1,
      destinationPort: 2, device: 1)
    #expect(!isShut(plain))
    for change in [
      { (key: inout FlowKey) in key.kind ^= 6 ^ 47 }, { $0.encapsulation = 0x0001_88a8_0000_0000 },
      { $0.encapsulation = 0x0001_8100_0001_8100 }, { $0.kind |= 1 << 16 },
    ] as [(inout FlowKey) -> Void] {
      var key = plain
      change(&key)
      #expect(isShut(key))
    }
    plain.encapsulation = 0x0001_8864_0000_0000
    #expect(!isShut(plain))
  }

  @Test("a flow takes at most 384 octets of pair, detail, index and paths, whenever it is measured")
  func footprint() {
    #expect(MemoryLayout<FlowPair>.stride == 256)
    #expect(MemoryLayout<FlowDetail>.stride == 16)
    var store = FlowStore(seed: 1)
    for number in 0..<300_000 {
      let client = Address(ipv4: 0x0a00_0000 + UInt32(number))
      var pair = FlowPair.blank
      for side in 0..<2 {
        pair.sides[side] = FlowEntry(
          key: FlowKey(
            .ipv4, proto: IPProtocol.udp, source: side == 0 ? client : Scene.server4,
            destination: side == 0 ? Scene.server4 : client, sourcePort: 1, destinationPort: 1,
            device: UInt32(2 + side)))
        pair.sides[side].path = store.paths.intern(Self.way(0))
      }
      _ = store.insert(pair.sides[0], pair.sides[1], FlowDetail())
      if store.count > 50_000, store.count % 64 == 0 {
        #expect(store.footprint <= 384 * store.count)
      }
    }
    #expect(store.count == 300_000)
  }

  /// The flow of a scene replaced by one whose client side wears `worn` and whose server side `pushed`.
  private func scene(worn: UInt64, pushed: UInt64, _ family: IPFamily) throws -> Scene {
    let scene = Scene(.linux72)
    scene.family = family
    scene.exchange()
    let router = scene.router
    #expect(router.flows.count == 1)
    var pair = router.flows.pairs[0]
    pair.sides[0].key.encapsulation = worn
    var way = Self.way(pushed)
    way.family = family
    way.output = scene.wan
    pair.sides[0].path = router.flows.paths.intern(way)
    pair.sides[1].path = router.flows.paths.intern(router.flows.paths[pair.sides[1].path].way)
    let detail = router.flows.details[0]
    _ = router.flows.insert(pair.sides[0], pair.sides[1], detail)
    return scene
  }

  /// What encapsulations look like between the addresses and the packet, and the number that stands for them.
  static let encapsulations: [(UInt64, @Sendable (IPFamily, Int) -> [UInt8])] = [
    (0, { family, _ in family == .ipv4 ? [8, 0] : [0x86, 0xdd] }),
    (
      0x0064_8100_0000_0000,
      { family, _ in [0x81, 0, 0, 100] + (family == .ipv4 ? [8, 0] : [0x86, 0xdd]) }
    ),
    (
      0x0064_88a8_0014_8100,
      { family, _ in [0x88, 0xa8, 0, 100, 0x81, 0, 0, 20] + (family == .ipv4 ? [8, 0] : [0x86, 0xdd]) }
    ),
    (
      0x0042_8864_0000_0000,
      { family, length in
        [0x88, 0x64, 0x11, 0, 0, 0x42, 0, UInt8(length + 2), 0, family == .ipv4 ? 0x21 : 0x57]
      }
    ),
    (
      0x0007_8100_0042_8864,
      { family, length in
        [0x81, 0, 0, 7, 0x88, 0x64, 0x11, 0, 0, 0x42, 0, UInt8(length + 2), 0, family == .ipv4 ? 0x21 : 0x57]
      }
    ),
  ]

  @Test(
    "what a side wears is taken off, what the other wears is put on, padding counted, alone and in a batch",
    arguments: 0..<5, 0..<5)
  func pushing(worn: Int, pushed: Int) throws {
    for family in [IPFamily.ipv4, .ipv6] {
      let from = Self.encapsulations[worn]
      let to = Self.encapsulations[pushed]
      let plain = try scene(worn: from.0, pushed: to.0, family)
      let frame = plain.frame(.client, [], [1, 2, 3, 4, 5], Oddity(padding: 3))
      let packet = Array(frame[14...])
      let dressed = Array(frame[..<12]) + from.1(family, packet.count) + packet
      var expected: [UInt8] = []
      expected.append(Scene.serverMAC)
      expected.append(Scene.wanMAC)
      expected += to.1(family, packet.count)
      var rewritten = packet
      if family == .ipv4 {
        rewritten[8] -= 1
        rewritten.store(be16: Checksum.decrementingTTL(packet.be16(10)), at: 10)
      } else {
        rewritten[7] -= 1
      }
      expected += rewritten
      #expect(plain.send(frame: dressed, on: plain.lan) == .fast)
      #expect(plain.sent == [SentFrame(device: plain.wan, bytes: expected)])

      let batched = try scene(worn: from.0, pushed: to.0, family)
      var batch = FrameBatch()
      for _ in 0..<3 { batch.append(dressed.raw) }
      batched.router.receive(&batch, on: batched.lan, at: batched.now)
      for index in 0..<3 {
        #expect(batch.outcome(index) == .forward(batched.wan))
        let span = batch.frame(index)
        var bytes: [UInt8] = []
        for offset in 0..<span.byteCount { bytes.append(span.bytes.u8(offset)) }
        #expect(bytes == expected)
      }
    }
  }
}
