// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// What hits a flow, and what comes out of it.
@Suite("fast path")
struct FastPathTests {
  @Test("FT-030 a TTL of 1 is answered and the flow kept")
  func timeToLiveOne() throws {
    let scene = Scene().handshake()
    #expect(scene.send(.client, .ack, [], Oddity(timeToLive: 1)) == .answered)
    let frame = try #require(scene.sent.first).bytes
    #expect(frame[34] == ICMPType.timeExceeded)
    #expect(scene.isOffloaded)
    #expect(scene.send(.client, .ack) == .fast)
  }

  @Test("FT-031 a TTL of 2 leaves as 1")
  func timeToLiveTwo() throws {
    let scene = Scene().handshake()
    #expect(scene.send(.client, .ack, [], Oddity(timeToLive: 2)) == .fast)
    #expect(try #require(scene.sent.first).bytes[22] == 1)
  }

  @Test("FT-032 IP options take the classic path, the flow is kept")
  func options() {
    let scene = Scene().handshake()
    #expect(scene.send(.client, .ack, [], Oddity(options: [1, 1, 1, 0])) == .classic)
    #expect(scene.isOffloaded)
    #expect(scene.send(.client, .ack) == .fast)
  }

  @Test("what stands behind the end of IP options is cleared")
  func clearedOptions() throws {
    let scene = Scene().handshake()
    #expect(scene.send(.client, .ack, [], Oddity(options: [1, 0, 148, 4])) == .classic)
    let frame = try #require(scene.sent.first).bytes
    #expect(Array(frame[34..<38]) == [1, 0, 0, 0])
    let isValid = Checksum.isValid(frame.raw.extracting(14..<38))
    #expect(isValid)
  }

  @Test("FT-033 fragments take the classic path as one packet, the flow is kept")
  func fragments() {
    let scene = Scene()
    scene.exchange()
    let whole = scene.frame(.client, [], [UInt8](repeating: 7, count: 40))
    let counted = scene.classicCount
    for (offset, range, more) in [(0, 34..<58, true), (24, 58..<whole.count, false)] {
      var piece = Array(whole[..<34]) + Array(whole[range])
      piece.store(be16: UInt16(piece.count - 14), at: 16)
      piece.store(be16: UInt16(offset / 8) | (more ? IPv4View.moreFragments : 0), at: 20)
      piece.store(be16: 0, at: 24)
      let checksum = Checksum.compute(piece.raw.extracting(14..<34))
      piece.store(be16: checksum, at: 24)
      scene.send(frame: piece, on: scene.lan)
    }
    #expect(scene.classicCount == counted + 1)
    #expect(scene.sent.count == 2)
    #expect(scene.isOffloaded)
  }

  @Test("of a fragment that does not end at eight octets, the rest is left out")
  func unevenFragment() throws {
    let scene = Scene()
    scene.proto = IPProtocol.udp
    let whole = scene.frame(
      .client, [], [UInt8](repeating: 0, count: 40), Oddity(damage: { $0.store(be16: 0, at: 40) }))
    for (offset, range, more) in [(0, 34..<61, true), (24, 58..<whole.count, false)] {
      var piece = Array(whole[..<34]) + Array(whole[range])
      piece.store(be16: UInt16(piece.count - 14), at: 16)
      piece.store(be16: UInt16(offset / 8) | (more ? IPv4View.moreFragments : 0), at: 20)
      piece.store(be16: 0, at: 24)
      let checksum = Checksum.compute(piece.raw.extracting(14..<34))
      piece.store(be16: checksum, at: 24)
      scene.send(frame: piece, on: scene.lan)
    }
    #expect(scene.sent.map(\.bytes.count) == [34 + 24, 34 + 24])
    #expect(scene.entry?.proto == IPProtocol.udp)
  }

  @Test("FT-034 an IPv6 extension header takes the classic path, the flow is kept")
  func extensionHeader() {
    let scene = Scene()
    scene.family = .ipv6
    scene.handshake()
    var frame = scene.frame(.client, .ack, [1])
    frame.insert(contentsOf: [6, 0, 1, 4, 0, 0, 0, 0], at: 54)
    frame[20] = IPProtocol.destinationOptions
    frame.store(be16: frame.be16(18) + 8, at: 18)
    #expect(scene.send(frame: frame, on: scene.lan) == .classic)
    #expect(scene.isOffloaded)
  }

  @Test("FT-035 a TCP header that is cut short is not fast")
  func truncatedHeader() {
    let scene = Scene().handshake()
    let frame = Array(scene.frame(.client, .ack, [])[..<46])
    #expect(scene.send(frame: frame, on: scene.lan) == .nowhere)
  }

  @Test("FT-036 a wrong IP checksum is forwarded fast and stays wrong, and is dropped on the classic path")
  func wrongChecksum() throws {
    let scene = Scene().handshake()
    let damage: (inout [UInt8]) -> Void = { $0.store(be16: 0xdead, at: 24) }
    #expect(scene.send(.client, .ack, [], Oddity(damage: damage)) == .fast)
    #expect(try #require(scene.sent.first).bytes.be16(24) == 0xdfad)
    let other = Scene()
    #expect(other.send(.client, .syn, [], Oddity(damage: damage)) == .nowhere)
  }

  @Test("FT-037, FT-038, FT-039 version, total length and data offset are not looked at")
  func unchecked() {
    for (offset, value) in [(14, UInt8(0x55)), (16, 5), (46, 0xf0)] {
      let scene = Scene().handshake()
      #expect(scene.send(.client, .ack, [], Oddity(damage: { $0[offset] = value })) == .fast)
    }
  }

  @Test("FT-040 padding leaves with the frame on the fast path, and is cut off on the classic one")
  func padding() throws {
    let scene = Scene()
    scene.send(.client, .syn)
    scene.send(.server, [.syn, .ack])
    scene.send(.client, .ack, [], Oddity(padding: 6))
    #expect(try #require(scene.sent.first).bytes.count == 54)
    #expect(scene.send(.client, .ack, [], Oddity(padding: 6)) == .fast)
    #expect(try #require(scene.sent.first).bytes.count == 60)
  }

  @Test("FT-041 and FT-146 the fast path counts padding, and counts only with the flag")
  func counting() throws {
    let counting = Scene(rules: RecordedBatch.counting, accounting: true).handshake()
    let before = try #require(counting.counters)
    counting.send(.client, .ack, [], Oddity(padding: 6))
    let after = try #require(counting.counters)
    #expect(after.packets[0] == before.packets[0] + 1)
    #expect(after.bytes[0] == before.bytes[0] + 46)
    let plain = Scene(accounting: true).handshake()
    let still = try #require(plain.counters).packets[0]
    #expect(plain.send(.client, .ack) == .fast)
    #expect(try #require(plain.counters).packets[0] == still)
  }

  @Test("FT-042 and FT-043 a foreign or broadcast MAC is forwarded on a hit and ignored on a miss")
  func foreignMAC() {
    for mac in [MACAddress(0x0200_0000_0909), .broadcast] {
      let scene = Scene().handshake()
      #expect(scene.send(.client, .ack, [], Oddity(destinationMAC: mac)) == .fast)
      let fresh = Scene()
      #expect(fresh.send(.client, .syn, [], Oddity(destinationMAC: mac)) == .nowhere)
    }
  }

  @Test("FT-053 the flow's packet on the other device misses, and goes back out classically")
  func otherDevice() throws {
    let scene = Scene().handshake()
    let counted = scene.classicCount
    scene.send(.client, .ack, [], Oddity(destinationMAC: Scene.wanMAC, device: scene.wan))
    #expect(scene.classicCount == counted + 1)
    #expect(try #require(scene.sent.first).device == scene.wan)
  }

  @Test("FT-060 the TTL goes down by one and the checksum stays right", arguments: [IPFamily.ipv4, .ipv6])
  func decrement(family: IPFamily) throws {
    let scene = Scene()
    scene.family = family
    scene.handshake()
    #expect(scene.send(.server, .ack) == .fast)
    let frame = try #require(scene.sent.first).bytes
    if family == .ipv4 {
      let isValid = Checksum.isValid(frame.raw.extracting(14..<34))
      #expect(isValid)
      #expect(frame[22] == 63)
    } else {
      #expect(frame[21] == 63)
    }
  }

  @Test("FT-061, FT-062, FT-063, FT-076 a translated flow's fast frames equal its classic ones")
  func translation() throws {
    for (family, seen) in [
      (IPFamily.ipv4, Address(ipv4: 0xc633_644d)), (.ipv6, Address(high: Scene.server6.high, low: 0x77)),
    ] {
      for last in UInt8.min...UInt8.max {
        let scene = Scene(rules: RecordedBatch.translating)
        scene.family = family
        scene.seenClient = seen
        scene.exchange()
        let payload: [UInt8] = [0x12, last, last ^ 0x5a, 3]
        #expect(scene.send(.client, [], payload) == .fast)
        let fast = scene.sent
        scene.router.deleteEntries { _ in true }
        #expect(scene.send(.client, [], payload) == .classic)
        #expect(scene.sent == fast)
      }
    }
  }

  @Test("FT-062 a UDP checksum of zero stays zero through translation")
  func noChecksum() throws {
    let scene = Scene(rules: RecordedBatch.translating)
    scene.seenClient = Address(ipv4: 0xc633_644d)
    scene.exchange()
    #expect(scene.send(.client, [], [9], Oddity(damage: { $0.store(be16: 0, at: 40) })) == .fast)
    let frame = try #require(scene.sent.first).bytes
    #expect(frame.be16(40) == 0)
    #expect(frame.be32(26) == 0xc633_644d)
  }

  @Test(
    "FT-064 and FT-124 the source MAC is the output device's, the destination the neighbour's of the moment")
  func addresses() throws {
    let scene = Scene().handshake()
    scene.send(.client, .ack)
    var frame = try #require(scene.sent.first).bytes
    #expect(EthernetHeader.read(frame)?.source == Scene.wanMAC)
    #expect(EthernetHeader.read(frame)?.destination == Scene.serverMAC)
    let moved = MACAddress(0x0200_0000_0a0a)
    scene.router.setNeighbour(NeighbourKey(device: scene.wan, family: .ipv4, address: Scene.server4), moved)
    #expect(scene.send(.client, .ack) == .fast)
    frame = try #require(scene.sent.first).bytes
    #expect(EthernetHeader.read(frame)?.destination == moved)
  }

  @Test("FT-072 traffic class and flow label pass unchanged")
  func flowLabel() throws {
    let scene = Scene()
    scene.family = .ipv6
    scene.handshake()
    scene.send(.client, .ack, [], Oddity(damage: { $0.store(be32: 0x6b81_2345, at: 14) }))
    #expect(try #require(scene.sent.first).bytes.be32(14) == 0x6b81_2345)
  }

  @Test("FT-080 a packet of the MTU is fast, one octet more is answered and the flow kept")
  func tooBig() throws {
    let scene = Scene(mtu: 1400).handshake()
    #expect(scene.send(.client, .ack, [UInt8](repeating: 1, count: 1360)) == .fast)
    #expect(scene.send(.client, .ack, [UInt8](repeating: 1, count: 1361)) == .answered)
    let frame = try #require(scene.sent.first).bytes
    #expect(frame[34] == ICMPType.destinationUnreachable && frame[35] == 4)
    #expect(frame.be16(40) == 1400)
    #expect(scene.isOffloaded)
  }

  @Test("FT-085 padding counts against the MTU")
  func paddedTooBig() {
    let scene = Scene(mtu: 1400).handshake()
    let payload = [UInt8](repeating: 1, count: 1360)
    #expect(scene.send(.client, .ack, payload, Oddity(padding: 1)) == .classic)
  }

  @Test("FT-082 and FT-083 a smaller MTU is noticed by the next packet")
  func smallerMTU() {
    let scene = Scene().handshake()
    scene.router.setMTU(scene.wan, 1000)
    #expect(scene.send(.client, .ack, [UInt8](repeating: 1, count: 1200)) == .answered)
    #expect(!scene.isOffloaded)
    #expect(scene.send(.client, .ack, [1]) == .classic)
    #expect(scene.send(.client, .ack, [1]) == .fast)
  }

  @Test("FT-083b after a larger MTU, large packets stay classic until a small one makes the flow anew")
  func largerMTU() {
    let scene = Scene(mtu: 1000).handshake()
    scene.router.setMTU(scene.wan, 1500)
    let large = [UInt8](repeating: 1, count: 1460)
    #expect(scene.send(.client, .ack, large) == .classic)
    #expect(scene.send(.client, .ack, large) == .classic)
    #expect(scene.send(.client, .ack, [1]) == .classic)
    #expect(scene.send(.client, .ack, large) == .fast)
  }

  @Test(
    "a batch forwards what single frames would, in place and in order; traced, too", arguments: [false, true])
  func batch(isTraced: Bool) throws {
    let single = Scene(rules: RecordedBatch.counting, accounting: true).handshake()
    let batched = Scene(rules: RecordedBatch.counting, accounting: true).handshake()
    var batch = FrameBatch()
    var expected: [SentFrame] = []
    for number in 0..<8 {
      let flags: TCPFlags = number == 5 ? [.fin, .ack] : .ack
      let oddity = Oddity(timeToLive: number == 3 ? 1 : 64)
      let frame = single.frame(.client, flags, [UInt8(number)], oddity)
      single.send(frame: frame, on: single.lan)
      expected += single.sent
      batch.append(frame.raw)
    }
    if isTraced { batched.router.tracing.setFilter(TraceFilter(), for: 1) }
    batched.router.receive(&batch, on: batched.lan, at: batched.now)
    #expect(batched.router.tracing.take(for: 1).records.count == (isTraced ? 8 : 0))
    #expect(batch.merged(with: batched.engine.takeSent()) == expected)
    #expect(batched.counters?.packets[0] == single.counters?.packets[0])
  }

  @Test(
    "a frame that is refused for its virtio-net header keeps its place behind the fragments of another")
  func refusedInBatch() {
    let scenes = (0..<2).map { _ in Scene(rules: RecordedBatch.counting).handshake() }
    var refused = VirtioHeader()
    refused.flags = VirtioHeader.needsChecksum
    refused.checksumStart = 9000
    var batch = FrameBatch()
    var expected: [SentFrame] = []
    for scene in scenes { scene.router.setMTU(scene.wan, 600) }
    for number in 0..<4 {
      // Without the flag that forbids fragments, and another checksum for that.
      let large = Oddity(damage: { frame in
        frame.store(be16: 0, at: 20)
        frame.store(be16: 0, at: 24)
        frame.store(be16: Checksum.compute(frame.raw.extracting(14..<34)), at: 24)
      })
      let payload = [UInt8](repeating: UInt8(number), count: number == 0 ? 1000 : 1)
      let frame = scenes[0].frame(.client, .ack, payload, number == 0 ? large : Oddity())
      let offload = number == 2 ? refused : .none
      scenes[0].router.receive(frame.raw, offload: offload, on: scenes[0].lan, at: scenes[0].now)
      expected += scenes[0].engine.takeSent()
      batch.append(frame.raw, offload: offload)
    }
    scenes[1].router.receive(&batch, on: scenes[1].lan, at: scenes[1].now)
    #expect(expected.count == 4)
    #expect(batch.merged(with: scenes[1].engine.takeSent()) == expected)
    #expect(scenes.allSatisfy { $0.router.statistics[.offloadRefused] == 1 })
  }

  @Test("what was read ahead for a batch is not believed once a frame of it has begun the connection anew")
  func reopenedInBatch() {
    let scenes = (0..<2).map { _ in Scene() }
    for scene in scenes {
      scene.send(.client, .syn)
      scene.send(.server, [.syn, .ack])
      scene.send(.server, [.rst, .ack])
    }
    #expect(scenes[0].entry?.tcp.state == .close)
    let before = scenes[0].entry?.generation
    var batch = FrameBatch()
    var expected: [SentFrame] = []
    for flags in [TCPFlags.ack, .syn, .syn, .rst, .syn, .ack] {
      let frame = scenes[0].frame(.client, flags, [], Oddity(sequence: 90_000))
      batch.append(frame.raw)
      scenes[0].send(frame: frame, on: scenes[0].lan)
      expected += scenes[0].sent
    }
    scenes[1].router.receive(&batch, on: scenes[1].lan, at: scenes[1].now)
    #expect(batch.merged(with: scenes[1].engine.takeSent()) == expected)
    #expect(scenes[0].entry?.generation != before)
    #expect(scenes[0].entry?.tcp.state == scenes[1].entry?.tcp.state)
    #expect(scenes[0].entry?.generation == scenes[1].entry?.generation)
    #expect(scenes.allSatisfy { $0.router.conntrack.count == 1 })
  }

  @Test("a frame goes into a batch and leaves it with its virtio-net header; what is no frame is left out")
  func header() throws {
    let scene = Scene().handshake()
    var offload = VirtioHeader()
    offload.flags = VirtioHeader.needsChecksum
    offload.checksumStart = 34
    offload.checksumOffset = 16
    let frame = scene.frame(.client, .ack, [1, 2, 3])
    var batch = FrameBatch()
    func append(_ octets: [UInt8], returning length: Int? = nil) -> Int {
      batch.appendWithHeader { span in
        for (offset, octet) in octets.enumerated() {
          span.storeBytes(of: octet, toByteOffset: offset, as: UInt8.self)
        }
        return length ?? octets.count
      }
    }
    #expect(append([], returning: -1) == -1)
    #expect(append([1, 0, 0]) == 3)
    #expect(append(offload.bytes + frame) == 10 + frame.count)
    #expect(append(VirtioHeader.none.bytes + frame) == 10 + frame.count)
    #expect(append([], returning: 1_000_000) == 1_000_000)
    #expect(batch.count == 2)
    #expect(batch.offload(0) == offload && batch.offload(1) == .none)
    scene.router.setOffloads(scene.wan, .all)
    scene.router.receive(&batch, on: scene.lan, at: scene.now)
    for position in 0..<2 {
      #expect(batch.outcome(position) == .forward(scene.wan))
      let view = batch.withHeader(position)
      var octets: [UInt8] = []
      for offset in 0..<view.byteCount { octets.append(view.u8(offset)) }
      let header: VirtioHeader = position == 0 ? offload : .none
      #expect(octets.starts(with: header.bytes))
      #expect(octets.count == 10 + frame.count && octets.suffix(3) == [1, 2, 3])
    }
  }
}

extension EthernetHeader {
  /// The header of a frame, nil when it is cut short.
  static func read(_ frame: [UInt8]) -> EthernetHeader? {
    guard let view = EthernetView(checking: frame.raw) else { return nil }
    return EthernetHeader(view)
  }
}
