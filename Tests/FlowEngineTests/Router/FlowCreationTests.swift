// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// Which packets make a flow. Numbers are those of the flowtable specification's statements, each seen on a kernel.
@Suite("flow creation")
struct FlowCreationTests {
  static let kernels: [KernelGeneration] = [.linux61, .linux612, .linux72]

  @Test("FT-001 the first packet of a UDP flow makes no flow", arguments: kernels)
  func firstPacket(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    scene.proto = IPProtocol.udp
    #expect(scene.send(.client, [], [1]) == .classic)
    #expect(!scene.isOffloaded)
  }

  @Test("FT-002 the second packet in the original direction makes one, still unreplied", arguments: kernels)
  func secondPacket(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    scene.proto = IPProtocol.udp
    scene.send(.client, [], [1])
    #expect(scene.send(.client, [], [2]) == .classic)
    #expect(scene.isOffloaded)
    #expect(scene.entry?.status.contains(.seenReply) == false)
  }

  @Test("FT-003 a reply to an unreplied offloaded flow is fast and leaves it unreplied", arguments: kernels)
  func unrepliedReply(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    scene.proto = IPProtocol.udp
    scene.send(.client, [], [1])
    scene.send(.client, [], [2])
    #expect(scene.send(.server, [], [3]) == .fast)
    #expect(scene.entry?.status.contains(.seenReply) == false)
  }

  @Test(
    "FT-004 and FT-005 the handshake's third packet makes the flow, not the first two", arguments: kernels)
  func handshake(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    #expect(scene.send(.client, .syn) == .classic)
    #expect(scene.send(.server, [.syn, .ack]) == .classic)
    #expect(!scene.isOffloaded)
    #expect(scene.send(.client, .ack) == .classic)
    #expect(scene.isOffloaded)
    #expect(scene.send(.client, [.psh, .ack], [1]) == .fast)
    #expect(scene.send(.server, [.psh, .ack], [2]) == .fast)
  }

  @Test("FT-009 a connection picked up in mid-stream is offloaded by its third packet", arguments: kernels)
  func midstream(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    scene.send(.client, [.psh, .ack], [1])
    scene.send(.server, [.psh, .ack], [2])
    #expect(!scene.isOffloaded)
    #expect(scene.send(.client, [.psh, .ack], [3]) == .classic)
    #expect(scene.isOffloaded)
  }

  @Test("FT-010 ICMP is never offloaded")
  func echo() {
    let scene = Scene(rules: RecordedBatch.everything)
    scene.proto = IPProtocol.icmp
    for _ in 0..<3 {
      let path = scene.send(
        .client, [], [],
        Oddity(damage: { frame in
          frame.removeLast(frame.count - 34)
          ICMPMessage(type: 8, code: 0, word: 7 << 16, data: [0, 0, 0, 0]).emit(into: &frame)
          frame.store(be16: 32, at: 16)
          frame.store(be16: 0, at: 24)
          let checksum = Checksum.compute(frame.raw.extracting(14..<34))
          frame.store(be16: checksum, at: 24)
        }))
      #expect(path == .classic)
    }
    #expect(scene.entry != nil)
    #expect(!scene.isOffloaded)
  }

  @Test("FT-012 a second `flow add` of the same flow changes nothing")
  func again() {
    let scene = Scene().handshake()
    let before = scene.router.flows.count
    #expect(scene.send(.client, .ack, [], Oddity(options: [1, 1, 1, 0])) == .classic)
    #expect(scene.router.flows.count == before)
    #expect(scene.isOffloaded)
  }

  @Test("FT-015 a packet with IP options makes no flow, the next without does")
  func options() {
    let scene = Scene()
    scene.send(.client, .syn)
    scene.send(.server, [.syn, .ack])
    scene.send(.client, .ack, [], Oddity(options: [1, 1, 1, 0]))
    #expect(!scene.isOffloaded)
    scene.send(.client, .ack)
    #expect(scene.isOffloaded)
  }

  @Test("FT-016 GRE is offloaded at its second packet", arguments: kernels)
  func gre(kernel: KernelGeneration) {
    let scene = Scene(kernel, rules: RecordedBatch.everything)
    scene.proto = IPProtocol.gre
    #expect(scene.send(.client, [], [1, 2]) == .classic)
    #expect(scene.send(.client, [], [1, 2]) == .classic)
    #expect(scene.send(.client, [], [1, 2]) == .fast)
  }

  @Test("FT-018 a PPTP call is not offloaded, unless its number is zero", arguments: kernels)
  func pptp(kernel: KernelGeneration) {
    for (call, isOffloaded) in [(UInt8(7), false), (0, true)] {
      let scene = Scene(kernel, rules: RecordedBatch.everything)
      scene.proto = IPProtocol.gre
      // Enhanced GRE (RFC 2637 section 4.1): version 1, PPP; behind it the payload's length and the call.
      let pptp = Oddity(damage: { $0.replaceSubrange(34..<38, with: [0x20, 0x01, 0x88, 0x0b]) })
      for _ in 0..<3 { scene.send(.client, [], [0, 0, 0, call], pptp) }
      #expect(scene.isOffloaded == isOffloaded)
    }
  }

  @Test("FT-019 without a valid neighbour there is no flow on 7.2, and one on 6.12")
  func neighbourMissing() {
    for (kernel, isMade) in [(KernelGeneration.linux72, false), (.linux612, true)] {
      let scene = Scene(kernel)
      let key = NeighbourKey(device: scene.lan, family: .ipv4, address: Scene.client4)
      scene.router.removeNeighbour(key)
      scene.proto = IPProtocol.udp
      scene.send(.client, [], [1])
      #expect(scene.send(.client, [], [2]) == .classic)
      #expect(scene.isOffloaded == isMade)
      scene.router.setNeighbour(key, Scene.clientMAC)
      scene.send(.client, [], [3])
      #expect(scene.isOffloaded)
    }
  }

  @Test("FT-022 a flowtable without the other device: no flow on 7.2, one direction fast on 6.12")
  func oneDevice() {
    let new = Scene(.linux72, rules: RecordedBatch.oneDevice).handshake()
    #expect(!new.isOffloaded)
    let old = Scene(.linux612, rules: RecordedBatch.oneDevice).handshake()
    #expect(old.isOffloaded)
    #expect(old.send(.client, .ack) == .fast)
    #expect(old.send(.server, .ack) == .classic)
  }

  @Test("FT-023 replies leave by the device that the originals came in on, whatever the routes say")
  func reverseRoute() {
    let scene = Scene().handshake()
    let other = scene.router.addDevice("dmz0", .port, mac: MACAddress(0x0200_0000_0301), mtu: 1500)
    scene.router.setLink(other, up: true)
    scene.router.addRoute(.ipv4, RouteEntry(Scene.client4, 32, .unicast, device: other))
    scene.send(.client, .ack)
    #expect(scene.isOffloaded)
    #expect(scene.send(.server, .ack) == .fast)
    #expect(scene.sent.first?.device == scene.lan)
  }

  @Test("FT-027 a connection to the router itself is never offloaded")
  func local() {
    let scene = Scene()
    scene.proto = IPProtocol.udp
    for _ in 0..<3 {
      scene.send(
        .client, [], [1],
        Oddity(damage: { frame in
          let checksum = Checksum.replacing(frame.be16(24), Scene.server4.ipv4, with: 0xc000_0201)
          frame.store(be16: checksum, at: 24)
          frame.store(be16: 0, at: 40)
          frame.store(be32: 0xc000_0201, at: 30)
        }))
    }
    #expect(scene.entry != nil)
    #expect(!scene.isOffloaded)
  }

  @Test("an IPv6 flow is made and used as an IPv4 one is", arguments: kernels)
  func ipv6(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    scene.family = .ipv6
    scene.handshake()
    #expect(scene.isOffloaded)
    #expect(scene.send(.client, [.psh, .ack], [1]) == .fast)
    #expect(scene.send(.server, [.psh, .ack], [1]) == .fast)
  }
}
