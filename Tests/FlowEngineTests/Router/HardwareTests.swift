// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// Statements of hardware offload, by the numbers of the specification, on simulated NICs.
@Suite("simulated hardware")
struct HardwareTests {
  private static let millisecond: UInt64 = 1_000_000

  /// A scene whose devices have hardware, with `flags offload` and perhaps `counter`.
  private static func scene(
    _ kernel: KernelGeneration = .linux72, counts: Bool = false, tableSize: Int = 16,
    latency: UInt64 = millisecond,
    _ prepare: (Scene) -> Void = { _ in }
  ) -> Scene {
    let scene = Scene(kernel, rules: "", accounting: true)
    let settings = HardwareSettings(
      tableSize: tableSize, changeLatency: latency, statisticsLatency: millisecond)
    for device in [scene.lan, scene.wan] { scene.router.setHardware(device, settings) }
    prepare(scene)
    #expect(load(flags: counts ? 3 : 1, scene).isEmpty)
    return scene
  }

  private static func load(flags: UInt32, _ scene: Scene) -> [Refusal] {
    var batch = BatchBuilder()
    batch.table()
    batch.flowtable("f", devices: ["lan0", "wan0"], flags: flags)
    batch.chain("y", hook: 2)
    batch.rule("y", Rules.flow("f"))
    let datagram = batch.datagram()
    return RulesetBench.errors(scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1)))
  }

  private static func tag(_ scene: Scene) -> String {
    guard let status = scene.entry?.status else { return "gone" }
    return (status.contains(.hardwareOffload) ? "HW_OFFLOAD " : "")
      + (status.contains(.offload) ? "OFFLOAD" : "")
  }

  /// Frames that hardware, and that the software fast path forwarded in `body`.
  private static func forwarded(_ scene: Scene, _ body: () -> Void) -> [UInt64] {
    let reasons = [Reason.hardwareForwarded, .fastForwarded]
    let before = reasons.map { scene.router.statistics[$0] }
    body()
    return zip(reasons, before).map { scene.router.statistics[$0] - $1 }
  }

  @Test("FT-145 devices without hardware refuse 'flags offload', when it is made and when they are added")
  func refused() {
    let plain = Scene(.linux72, rules: "")
    #expect(Self.load(flags: 1, plain).first == Refusal(sequence: 2, number: ErrorNumber.notSupported))
    let scene = Self.scene()
    _ = scene.router.addDevice("dmz0", .port, mac: MACAddress(0x0200_0000_0301), mtu: 1500)
    var batch = BatchBuilder()
    batch.flowtable("f", devices: ["dmz0"], flags: 1)
    let datagram = batch.datagram()
    let output = scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
    #expect(RulesetBench.errors(output).map(\.number) == [ErrorNumber.notSupported])
  }

  @Test(
    "FT-148 the tag is [OFFLOAD] while the hardware is told, then [HW_OFFLOAD]",
    arguments: KernelGeneration.allCases)
  func tagOrder(kernel: KernelGeneration) {
    let scene = Self.scene(kernel)
    scene.send(.client, .syn)
    scene.send(.server, [.syn, .ack])
    #expect(Self.tag(scene) == "")
    scene.send(.client, .ack)
    #expect(Self.tag(scene) == "OFFLOAD")
    #expect(Self.forwarded(scene) { scene.send(.client, .ack, [1]) } == [0, 1])
    scene.wait(0.002)
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
    #expect(Self.forwarded(scene) { scene.send(.client, .ack, [1]) } == [1, 0])
    #expect(Self.forwarded(scene) { scene.send(.server, .ack, [1]) } == [1, 0])
    #expect(scene.router.hardware(of: scene.lan)?.rules == 1)
    #expect(scene.router.hardware(of: scene.wan)?.rules == 1)
  }

  @Test(
    "FT-149 a FIN in software: within a collection the tag is [OFFLOAD] again, and the flow lives on in software"
  )
  func finInSoftware() {
    let scene = Self.scene().handshake()
    scene.wait(0.002)
    #expect(Self.forwarded(scene) { scene.send(.client, [.fin, .ack]) } == [0, 1])
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
    scene.wait(1.1)
    #expect(Self.tag(scene) == "OFFLOAD")
    #expect(scene.router.hardware(of: scene.lan)?.rules == 0)
    #expect(Self.forwarded(scene) { scene.send(.server, .ack, [1]) } == [0, 1])
    // It is not given to hardware again.
    scene.wait(3)
    scene.send(.server, .ack, [1])
    scene.wait(0.1)
    #expect(Self.tag(scene) == "OFFLOAD")
  }

  @Test("FT-149 in 6.12: a FIN ends the flow, and [HW_OFFLOAD] goes a collection later, with the state shown")
  func finEndsFlow() {
    let scene = Self.scene(.linux612).handshake()
    scene.wait(0.002)
    scene.send(.client, [.fin, .ack])
    #expect(Self.tag(scene) == "HW_OFFLOAD ")
    #expect(scene.entry?.isOffloaded == false)
    scene.wait(1.1)
    #expect(Self.tag(scene) == "")
    #expect(scene.router.flows.count == 1)
    scene.wait(1)
    #expect(scene.router.flows.count == 0)
  }

  @Test(
    "FT-150 a full table leaves the flow to software; packets there ask again, once a second at most",
    arguments: KernelGeneration.allCases)
  func fullTable(kernel: KernelGeneration) {
    let scene = Self.scene(kernel, tableSize: 1)
    scene.exchange()
    scene.wait(0.01)
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
    scene.clientPort += 1
    scene.exchange()
    scene.wait(0.01)
    #expect(Self.tag(scene) == "OFFLOAD")
    #expect(scene.router.statistics[.hardwareRefused] == 1)
    for _ in 0..<5 { #expect(Self.forwarded(scene) { scene.send(.client, [], [1]) } == [0, 1]) }
    scene.wait(0.01)
    #expect(scene.router.statistics[.hardwareRefused] == 1)
    scene.wait(1.5)
    scene.send(.client, [], [1])
    scene.wait(0.01)
    #expect(scene.router.statistics[.hardwareRefused] == 2)
    // The first flow ends by idleness; the second is asked for by its packets, and there is room.
    for _ in 0..<40 {
      scene.wait(1.1)
      scene.send(.client, [], [1])
    }
    scene.wait(0.01)
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
  }

  @Test(
    "FT-151 an idle flow in hardware expires; a busy one is kept by what the hardware tells",
    arguments: KernelGeneration.allCases)
  func idleness(kernel: KernelGeneration) {
    let scene = Self.scene(kernel)
    scene.exchange()
    scene.wait(0.01)
    for _ in 0..<60 {
      #expect(Self.forwarded(scene) { scene.send(.client, [], [1]) } == [1, 0])
      scene.wait(1.3)
    }
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
    scene.wait(34)
    #expect(scene.router.flows.count == 0)
    #expect(scene.router.hardware(of: scene.lan)?.rules == 0)
  }

  @Test(
    "what hardware forwards is counted when it is read, and only with the flowtable's flag",
    arguments: [true, false])
  func counters(counts: Bool) throws {
    let scene = Self.scene(counts: counts)
    scene.exchange()
    scene.wait(0.01)
    let before = try #require(scene.counters).packets[0]
    for _ in 0..<10 { scene.send(.client, [], [1]) }
    #expect(try #require(scene.counters).packets[0] == before)
    // Nine tenths of the time-out must be left behind before the hardware is asked.
    scene.wait(2)
    #expect(try #require(scene.counters).packets[0] == before)
    scene.wait(3)
    #expect(try #require(scene.counters).packets[0] == before + (counts ? 10 : 0))
    scene.wait(3)
    #expect(try #require(scene.counters).packets[0] == before + (counts ? 10 : 0))
  }

  @Test("hardware leaves to software what it cannot do")
  func misses() {
    let scene = Self.scene().handshake()
    scene.wait(0.002)
    let oddities: [(String, TCPFlags, Oddity)] = [
      ("TTL", .ack, Oddity(timeToLive: 1)), ("options", .ack, Oddity(options: [1, 1, 1, 0])),
      ("fragment", .ack, Oddity(damage: { $0[20] |= 0x20 })), ("RST", .rst, Oddity()),
    ]
    for (name, flags, oddity) in oddities {
      #expect(Self.forwarded(scene) { scene.send(.client, flags, [1], oddity) }[0] == 0, "\(name)")
    }
    let large = Self.scene().handshake()
    large.wait(0.002)
    #expect(Self.forwarded(large) { large.send(.client, .ack, [UInt8](repeating: 1, count: 1461)) }[0] == 0)
    #expect(Self.forwarded(large) { large.send(.client, .ack, [UInt8](repeating: 1, count: 1460)) }[0] == 1)
  }

  @Test(
    "hardware writes what software would have written",
    arguments: [IPFamily.ipv4, .ipv6], [IPProtocol.tcp, IPProtocol.udp])
  func sameFrames(family: IPFamily, proto: UInt8) {
    var frames: [[[UInt8]]] = []
    for hasHardware in [false, true] {
      let scene = Scene(.linux72, rules: RecordedBatch.translating)
      if hasHardware {
        // The recorded rules have no 'flags offload': the flag is set behind their back.
        for device in [scene.lan, scene.wan] { scene.router.setHardware(device, HardwareSettings()) }
        for number in scene.router.flowtables.keys {
          scene.router.flowtables[number]?.offloadsToHardware = true
        }
      }
      scene.family = family
      scene.proto = proto
      scene.seenClient =
        family == .ipv4 ? Address(ipv4: 0xc633_644d) : Address(high: Scene.server6.high, low: 0x77)
      if proto == IPProtocol.tcp { scene.handshake() } else { scene.exchange() }
      scene.wait(0.01)
      let before = scene.router.statistics[.hardwareForwarded]
      var sent: [[UInt8]] = []
      for length in 0..<20 {
        scene.send(
          length % 3 == 0 ? .server : .client, .ack, [UInt8](repeating: UInt8(length), count: length))
        sent += scene.sent.map(\.bytes)
      }
      #expect(scene.router.statistics[.hardwareForwarded] - before == (hasHardware ? 20 : 0))
      frames.append(sent)
    }
    #expect(frames[0].count == 20)
    #expect(frames[0] == frames[1])
  }

  @Test("a batch meets the hardware first")
  func batch() {
    let scene = Self.scene().handshake()
    scene.wait(0.002)
    var batch = FrameBatch()
    for _ in 0..<3 { batch.append(scene.frame(.client, .ack, [1]).raw) }
    batch.append(scene.frame(.client, [.fin, .ack], []).raw)
    let counts = Self.forwarded(scene) { scene.router.receive(&batch, on: scene.lan, at: scene.now) }
    #expect(counts == [3, 1])
    #expect(batch.outcome(3) == .forward(scene.wan))
    #expect(scene.engine.takeSent().count == 3)
  }

  @Test("a deleted entry is forgotten by the hardware two collections later; its flow is freed then")
  func deletion() {
    let scene = Self.scene()
    scene.exchange()
    scene.wait(0.01)
    scene.router.forEachEntry { scene.router.deleteEntry($0) }
    #expect(Self.forwarded(scene) { scene.send(.client, [], [1]) } == [1, 0])
    scene.wait(1.1)
    #expect(scene.router.hardware(of: scene.lan)?.rules == 0)
    #expect(scene.router.flows.count == 1)
    scene.wait(1)
    #expect(scene.router.flows.count == 0)
  }

  @Test("a device that goes down, and a flowtable that is deleted, take everything out of the hardware")
  func cleanup() {
    let down = Self.scene().handshake()
    down.wait(0.002)
    down.router.setLink(down.wan, up: false)
    #expect(down.router.hardware(of: down.lan)?.rules == 0)
    #expect(Self.tag(down) == "")
    let deleted = Self.scene().handshake()
    deleted.wait(0.002)
    var batch = BatchBuilder()
    batch.add(NFTables.Message.deleteTable) { writer in
      var table = NFTables.Table()
      table.name = "x"
      table.encode(into: &writer)
    }
    let datagram = batch.datagram()
    _ = deleted.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
    #expect(deleted.router.hardware(of: deleted.lan)?.rules == 0)
    #expect(Self.tag(deleted) == "")
  }

  @Test("a switch's user ports offload through their conduit, and go down with it")
  func conduit() {
    var conduit: UInt32 = 0
    let scene = Self.scene { scene in
      conduit = scene.router.addDevice("eth0", .port, mac: MACAddress(0x0200_0000_0401), mtu: 1500)
      scene.router.setLink(conduit, up: true)
      scene.router.setHardware(conduit, HardwareSettings(tableSize: 2))
      for port in [scene.lan, scene.wan] {
        scene.router.setHardware(port, nil)
        scene.router.setConduit(port, conduit)
      }
    }
    scene.handshake()
    scene.wait(0.002)
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
    #expect(scene.router.hardware(of: conduit)?.rules == 2)
    #expect(Self.forwarded(scene) { scene.send(.server, .ack, [1]) } == [1, 0])
    scene.router.setLink(conduit, up: false)
    #expect(scene.router.device(scene.lan)?.isUp == false)
    #expect(scene.router.hardware(of: conduit)?.rules == 0)
  }

  @Test("of a tag the hardware compares the VLAN's number only; it pushes and pops")
  func tags() {
    let scene = Scene(.linux72, rules: "")
    for device in [scene.lan, scene.wan] { scene.router.setHardware(device, HardwareSettings()) }
    let router = scene.router
    let vlan = router.addDevice(
      "lan0.10", .vlan(VLANLink(parent: scene.lan, id: 10)), mac: Scene.lanMAC, mtu: 1500)
    router.setLink(vlan, up: true)
    let old = DeviceAddress(family: .ipv4, address: Address(ipv4: 0xc000_0201), prefixLength: 24)
    router.removeAddress(scene.lan, old)
    router.addAddress(vlan, old)
    router.setNeighbour(NeighbourKey(device: vlan, family: .ipv4, address: Scene.client4), Scene.clientMAC)
    #expect(Self.load(flags: 1, scene).isEmpty)
    func tagged(_ frame: [UInt8], priority: UInt8) -> [UInt8] {
      Array(frame[..<12]) + [0x81, 0x00, priority << 5, 10] + Array(frame[12...])
    }
    scene.send(frame: tagged(scene.frame(.client, .syn, []), priority: 0), on: scene.lan)
    scene.clientSequence += 1
    scene.send(.server, [.syn, .ack])
    scene.send(frame: tagged(scene.frame(.client, .ack, []), priority: 0), on: scene.lan)
    scene.wait(0.01)
    #expect(Self.tag(scene) == "HW_OFFLOAD OFFLOAD")
    for priority in [UInt8(0), 5] {
      let frame = tagged(scene.frame(.client, .ack, [1]), priority: priority)
      #expect(Self.forwarded(scene) { scene.send(frame: frame, on: scene.lan) } == [1, 0])
      #expect(scene.sent.first?.bytes[12...13] == [8, 0])
    }
    #expect(Self.forwarded(scene) { scene.send(.server, .ack, [1]) } == [1, 0])
    #expect(scene.sent.first?.bytes[12..<16] == [0x81, 0, 0, 10])
  }
}
