// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// Statements of how rules, conntrack and flowtables work together, by the numbers of the specification.
@Suite("statements about rules and flows")
struct StatementTests {
  /// A table with a flowtable and an empty forward chain `y` that asks for conntrack.
  private static func bare(flags: UInt32 = 0) -> BatchBuilder {
    var batch = BatchBuilder()
    batch.table()
    batch.flowtable("f", devices: ["lan0", "wan0"], flags: flags)
    batch.chain("y", hook: 2)
    batch.rule("y", state)
    return batch
  }

  /// Loads the conntrack state.
  private static let state: NFTables.Expression = {
    var value = NFTables.Expression.ConntrackKey()
    value.key = 0
    value.destination = 1
    return .conntrack(value)
  }()

  /// A scene with the rules of `batch` and nothing else.
  private static func scene(_ kernel: KernelGeneration = .linux72, _ batch: BatchBuilder = bare()) -> Scene {
    let scene = Scene(kernel, rules: "")
    load(batch, scene)
    return scene
  }

  private static func load(_ batch: BatchBuilder, _ scene: Scene) {
    let datagram = batch.datagram()
    let output = scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
    #expect(RulesetBench.errors(output).isEmpty)
  }

  /// Adds a rule to the forward chain.
  private static func add(_ scene: Scene, _ expressions: NFTables.Expression...) {
    var batch = BatchBuilder()
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    rule.expressions = expressions
    batch.add(NFTables.Message.newRule, [.create, .append]) { rule.encode(into: &$0) }
    load(batch, scene)
  }

  /// How many frames `body` sends the fast way.
  private static func fast(_ scene: Scene, _ body: () -> Void) -> UInt64 {
    let before = scene.router.statistics[.fastForwarded]
    body()
    return scene.router.statistics[.fastForwarded] - before
  }

  @Test("FT-006 a rule for replies makes the flow with the first reply of an assured connection")
  func repliesOnly() {
    let scene = Self.scene()
    var direction = NFTables.Expression.ConntrackKey()
    direction.key = 1
    direction.destination = 1
    Self.add(scene, .conntrack(direction), Rules.compare([1]), Rules.flow("f"))
    scene.handshake()
    scene.send(.client, .ack, [1])
    #expect(!scene.isOffloaded)
    scene.send(.server, .ack, [1])
    #expect(scene.isOffloaded)
  }

  @Test(
    "FT-007 and FT-008 a FIN or RST makes no flow of an established connection",
    arguments: [TCPFlags([.fin, .ack]), [.rst, .ack]], FlowCreationTests.kernels)
  func endMakesNoFlow(flags: TCPFlags, kernel: KernelGeneration) {
    let scene = Self.scene(kernel)
    scene.handshake()
    Self.add(scene, Rules.flow("f"))
    scene.send(.client, flags)
    #expect(scene.sent.count == 1)
    #expect(!scene.isOffloaded)
    #expect(scene.router.flows.count == 0)
  }

  @Test("FT-011 what follows `flow add` in its rule is run by the packet that makes the flow only")
  func restOfRule() {
    let scene = Self.scene()
    Self.add(scene, Rules.flow("f"), Rules.drop)
    scene.send(.client, .syn)
    scene.send(.server, [.syn, .ack])
    #expect(scene.send(.client, .ack) == .nowhere)
    #expect(scene.isOffloaded)
    let count = Self.fast(scene) { scene.send(.client, .ack, [], Oddity(options: [1, 1, 1, 0])) }
    #expect(count == 0 && scene.sent.count == 1)
  }

  @Test("FT-013 an entry with a helper is never offloaded")
  func helper() {
    let scene = Scene(rules: RecordedBatch.helper)
    scene.serverPort = 21
    scene.handshake()
    scene.send(.client, .ack, [1])
    scene.send(.server, .ack, [1])
    #expect(scene.entry?.helper != 0)
    #expect(!scene.isOffloaded)
  }

  @Test("FT-014 packets that are not tracked make no flow")
  func untracked() {
    var batch = Self.bare()
    batch.chain("raw", hook: 0, priority: -300)
    batch.rule("raw", .notrack)
    batch.rule("y", Rules.flow("f"))
    let scene = Self.scene(.linux72, batch)
    scene.exchange()
    scene.send(.client, [], [1])
    #expect(scene.sent.count == 1)
    #expect(scene.entry == nil)
    #expect(scene.router.flows.count == 0)
  }

  @Test(
    "FT-029 a rule that drops everything behind `flow add`: the packet is lost, the flow bypasses the rule")
  func bypass() {
    let scene = Self.scene()
    scene.handshake()
    Self.add(scene, Rules.flow("f"))
    Self.add(scene, Rules.drop)
    #expect(scene.send(.client, .ack, [1]) == .nowhere)
    #expect(scene.isOffloaded)
    let count = Self.fast(scene) {
      scene.send(.client, .ack, [2])
      scene.send(.server, .ack, [3])
    }
    #expect(count == 2)
  }

  @Test("FT-054 a GRE packet with a key takes the flow of those without")
  func keyedGRE() {
    let scene = Scene(rules: RecordedBatch.everything)
    scene.proto = IPProtocol.gre
    for _ in 0..<2 { scene.send(.client, [], [1, 2, 3, 4]) }
    #expect(scene.send(.client, [], [1, 2, 3, 4], Oddity(damage: { $0[34] = 0x20 })) == .fast)
  }

  @Test("FT-083b a flow keeps the MTU it was made with until a packet makes it anew")
  func largerMTU() {
    let scene = Scene(.linux72, mtu: 1000)
    scene.handshake()
    scene.router.setMTU(scene.wan, 1500)
    let large = [UInt8](repeating: 7, count: 1460)
    #expect(scene.send(.client, .ack, large) == .classic)
    #expect(scene.send(.client, .ack, large) == .classic)
    #expect(scene.send(.client, .ack, [1]) == .classic)
    #expect(scene.send(.client, .ack, large) == .fast)
  }

  @Test("FT-108 flushing the rule's chain leaves the flow")
  func flushedChain() {
    let scene = Self.scene()
    Self.add(scene, Rules.flow("f"))
    scene.handshake()
    Self.flush(scene)
    #expect(scene.isOffloaded)
    #expect(Self.fast(scene) { scene.send(.client, .ack, [1]) } == 1)
  }

  private static func flush(_ scene: Scene) {
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    var batch = BatchBuilder()
    batch.add(NFTables.Message.deleteRule, []) { rule.encode(into: &$0) }
    load(batch, scene)
  }

  @Test("FT-109 deleting the flowtable ends its flows and keeps their entries")
  func deletedFlowtable() {
    let scene = Self.scene()
    Self.add(scene, Rules.flow("f"))
    scene.handshake()
    Self.flush(scene)
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = "f"
    var batch = BatchBuilder()
    batch.add(NFTables.Message.deleteFlowtable, []) { flowtable.encode(into: &$0) }
    Self.load(batch, scene)
    #expect(scene.entry?.tcp.state == .established)
    #expect(!scene.isOffloaded)
    #expect(scene.router.flows.count == 0)
    #expect(Self.fast(scene) { scene.send(.client, .ack, [1]) } == 0)
  }

  @Test("FT-113 and FT-114 an offloaded entry is dumped with OFFLOAD and ASSURED, without time-out and state")
  func dumped() throws {
    let scene = Scene(.linux612).handshake()
    let offloaded = try #require(Self.dump(scene).first)
    let status = try #require(offloaded.status)
    #expect(status.contains(.offload) && status.contains(.assured))
    #expect(offloaded.timeout == nil && offloaded.state == nil)
    scene.send(.client, [.rst, .ack])
    scene.wait(1.5)
    let back = try #require(Self.dump(scene).first)
    #expect(back.status?.contains(.offload) == false)
    #expect(back.timeout != nil && back.state != nil)
  }

  /// What a client of ctnetlink is shown.
  private static func dump(_ scene: Scene) -> [NetlinkWire::ConntrackEntry] {
    var request = NetlinkWriter()
    let mark = request.beginMessage(
      NetlinkHeader(
        type: ConntrackMessage.type(ConntrackMessage.get), flags: [.request, .dump], sequence: 1),
      NetfilterHeader(family: 0))
    request.endMessage(mark)
    let output = scene.router.control(request.bytes.raw, from: ControlClient(portID: 1))
    var entries: [NetlinkWire::ConntrackEntry] = []
    for reply in output.replies {
      var cursor = NetlinkMessageCursor(reply.raw)
      while let more = try? cursor.advance(), more {
        var entry = NetlinkWire::ConntrackEntry()
        guard cursor.type == ConntrackMessage.type(ConntrackMessage.new),
          (try? entry.decode(cursor.payload)) != nil
        else { continue }
        entries.append(entry)
      }
    }
    return entries
  }

  @Test("FT-140 an ingress chain of lower priority sees the fast path's packets, one of higher does not")
  func ingressChains() throws {
    let scene = Scene(.linux72, rules: RecordedBatch.ingressChains).handshake()
    #expect(scene.isOffloaded)
    func count(_ name: String) -> UInt64? { scene.router.ruleset.counter(named: name)?.packets }
    let early = try #require(count("early"))
    let late = try #require(count("late"))
    let packets = Self.fast(scene) { for octet in UInt8(1)...3 { scene.send(.client, .ack, [octet]) } }
    #expect(packets == 3)
    #expect(count("early") == early + 3)
    #expect(count("late") == late)
    scene.send(.client, .ack, [], Oddity(options: [1, 1, 1, 0]))
    #expect(count("late") == late + 1)
  }

  @Test("FT-153 of two flowtables on the same devices, one alone gets an entry's flow")
  func twoTables() {
    var first = Self.bare()
    first.rule("y", Rules.flow("f"))
    let scene = Self.scene(.linux72, first)
    var second = BatchBuilder(family: NFTables.Family.ipv4)
    second.table()
    second.flowtable("g", devices: ["lan0", "wan0"], priority: 5)
    second.chain("z", hook: 2, priority: 5)
    second.rule("z", Self.state)
    second.rule("z", Rules.flow("g"))
    Self.load(second, scene)
    scene.handshake()
    #expect(scene.isOffloaded)
    #expect(scene.router.flows.count == 1)
    #expect(scene.router.statistics[.flowAdded] == 1)
    scene.exchange()
    #expect(scene.router.flows.count == 2)
  }

  @Test("FT-117 a device taken out of the flowtable: its packets go the classic way, the others stay fast")
  func removedDevice() {
    let scene = Self.scene()
    Self.add(scene, Rules.flow("f"))
    scene.handshake()
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = "f"
    flowtable.hook = NFTables.Flowtable.Hook(number: 0, priority: 0, devices: [.name("lan0")])
    var batch = BatchBuilder()
    batch.add(NFTables.Message.deleteFlowtable, []) { flowtable.encode(into: &$0) }
    Self.load(batch, scene)
    #expect(Self.fast(scene) { scene.send(.client, .ack, [1]) } == 0)
    #expect(scene.sent.count == 1)
    #expect(scene.isOffloaded)
    #expect(Self.fast(scene) { scene.send(.server, .ack, [1]) } == 1)
  }

  @Test("FT-119b a RST with IP options: the flow forwards on, and goes with its entry ten seconds later")
  func resetWithOptions() {
    let scene = Scene(.linux72).handshake()
    #expect(scene.send(.client, .rst, [], Oddity(options: [1, 1, 1, 0])) == .classic)
    for _ in 0..<4 {
      #expect(scene.send(.server, .ack, [1]) == .fast)
      scene.wait(2)
    }
    scene.wait(4.5)
    #expect(scene.entry == nil)
    // The flow goes with the collection that follows.
    scene.wait(2)
    #expect(scene.router.flows.count == 0)
  }

  @Test("FT-119c a short time-out that a client sets is a day again after a collection")
  func restoredTimeout() {
    let scene = Scene(.linux72).handshake()
    scene.router.forEachEntry { slot in
      scene.router.conntrack[slot].deadline = scene.now.adding(seconds: 50).nanoseconds
    }
    scene.wait(2.5)
    #expect(scene.secondsLeft > 86_000)
  }

  @Test("FT-147 an entry made without accounting counts nothing, whatever the flowtable's flag")
  func uncounted() throws {
    let scene = Self.scene(.linux72, Self.bare(flags: 2))
    Self.add(scene, Rules.flow("f"))
    scene.router.conntrack.settings.accounting = false
    scene.handshake()
    #expect(Self.fast(scene) { scene.send(.client, .ack, [1]) } == 1)
    scene.wait(1.5)
    let counters = try #require(scene.counters)
    #expect(counters.packets[0] == 0 && counters.bytes[0] == 0)
  }

  @Test("a flow that is expected is related to its master, has its mark, and uses the expectation up")
  func expected() throws {
    let scene = Self.scene()
    scene.handshake()
    var master: Int?
    scene.router.forEachEntry { master = $0 }
    let slot = try #require(master)
    scene.router.conntrack[slot].mark = 7
    scene.router.expectations.add(
      Expectation(
        tuple: Tuple(
          family: .ipv4, proto: IPProtocol.tcp, source: Scene.server4, destination: Scene.client4,
          sourcePort: 0, destinationPort: 50_000), sourceMask: Address(ipv4: .max), sourcePortMask: 0,
        master: scene.router.conntrack.id(slot), deadline: scene.now.adding(seconds: 300).nanoseconds, id: 1,
        flags: 0, classNumber: 0, zone: 0, helper: 0))
    scene.clientPort = 50_000
    scene.serverPort = 20
    scene.send(.server, .syn)
    #expect(scene.router.expectations.entries.isEmpty)
    let child = try #require(scene.entry)
    #expect(child.status.contains(.expected))
    #expect(child.master == scene.router.conntrack.id(slot))
    #expect(child.mark == 7)
    scene.serverPort = 21
    scene.send(.server, .syn)
    #expect(scene.entry?.status.contains(.expected) == false)
  }

  @Test(
    "a reset that a rule sends closes its connection", arguments: KernelGeneration.allCases)
  func rejectedConnection(kernel: KernelGeneration) {
    let scene = Self.scene(kernel)
    scene.handshake()
    var reject = NFTables.Expression.Reject()
    reject.type = 1
    reject.code = 0
    Self.add(scene, Rules.payload(2, 2, 2), Rules.compare([0x14, 0x51]), .reject(reject))
    #expect(scene.send(.client, .ack, [1]) == .answered)
    #expect(scene.entry?.tcp.state == .close)
    #expect(scene.secondsLeft == 10)
  }

  @Test("the zone that a rule chooses first is the packet's, whether it was to be tracked or not")
  func firstZone() throws {
    var zone = NFTables.Expression.ConntrackKey()
    zone.key = 17
    zone.source = 1
    var replyZone = zone
    replyZone.direction = 1
    var batch = Self.bare()
    batch.chain("raw", hook: 0, priority: -300)
    batch.rule("raw", .notrack, Rules.load([5, 0]), .conntrack(replyZone))
    batch.rule("raw", Rules.load([7, 0]), .conntrack(zone), .notrack)
    let scene = Self.scene(.linux72, batch)
    scene.send(.client, .syn)
    let entry = try #require(scene.entry)
    #expect(entry.zone == 5)
    #expect(entry.original.zone == 0)
    #expect(entry.reply.zone == 5)
  }

  @Test("a UDP checksum is verified over all that the packet has, not over what UDP's length says")
  func coveredDatagram() {
    for (length, isTracked) in [(UInt16(12), true), (9, true), (13, false), (7, false)] {
      let scene = Self.scene()
      scene.proto = IPProtocol.udp
      scene.send(
        .client, [], [1, 2, 3, 4],
        Oddity(damage: { bytes in
          let checksum = Checksum.replacing(bytes.be16(40), bytes.be16(38), with: length)
          bytes.store(be16: length, at: 38)
          bytes.store(be16: checksum, at: 40)
        }))
      #expect((scene.entry != nil) == isTracked)
    }
  }

  @Test(
    "UDP-Lite is tracked with a checksum that is right for what it covers",
    arguments: [
      (UInt16(0), UInt16(0), true), (8, 0, true), (12, 0, true), (8, 1, false), (7, 0, false), (13, 0, false),
    ])
  func lightDatagram(coverage: UInt16, error: UInt16, isTracked: Bool) {
    let scene = Self.scene(.linux612)
    var bytes = scene.frame(.client, [], [])
    bytes.removeLast(bytes.count - 34)
    bytes += [1, 2, 3, 4] + [UInt8(coverage >> 8), UInt8(coverage & 0xff), 0, 0] + [9, 9, 9, 9]
    bytes.store(be16: 32, at: 16)
    bytes[23] = IPProtocol.udplite
    bytes.store(be16: 0, at: 24)
    let header = Checksum.compute(bytes.raw.extracting(14..<34))
    bytes.store(be16: header, at: 24)
    let sum = Checksum.pseudoHeader(
      Scene.client4, Scene.server4, proto: IPProtocol.udplite, length: 12)
    let covered = coverage == 0 ? 12 : min(12, Int(coverage))
    let checksum = Checksum.compute(bytes.raw.extracting(34..<34 + covered), sum) &+ error
    bytes.store(be16: checksum, at: 40)
    scene.send(frame: bytes, on: scene.lan)
    scene.proto = IPProtocol.udplite
    #expect((scene.entry != nil) == isTracked)
  }

  @Test("a netdev chain at ingress matches ports, and the mark that it sets stays")
  func ingressMatches() {
    var batch = Self.bare()
    batch.rule("y", Rules.meta(3), Rules.compare([7, 0, 0, 0]), Rules.drop)
    let scene = Self.scene(.linux72, batch)
    var device = BatchBuilder(family: NFTables.Family.netdev)
    device.table()
    var chain = NFTables.Chain()
    chain.table = "x"
    chain.name = "in"
    chain.type = "filter"
    chain.hook = NFTables.ChainHook()
    chain.hook?.number = 0
    chain.hook?.priority = -10
    chain.hook?.device = "lan0"
    device.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
    device.rule(
      "in", Rules.payload(2, 2, 2), Rules.compare([0x14, 0x51]), Rules.load([7, 0, 0, 0]), Rules.setMeta(3))
    device.rule("in", Rules.payload(2, 2, 2), Rules.compare([0x14, 0x52]), Rules.drop)
    Self.load(device, scene)
    for (port, path, dropped) in [
      (UInt16(5200), Path.fast, UInt64(0)), (5201, .nowhere, 1), (5202, .nowhere, 2),
    ] {
      scene.serverPort = port
      #expect(scene.send(.client, .syn) == path)
      #expect(scene.router.statistics[.ruleDropped] == dropped)
    }
    #expect(scene.router.conntrack.count == 1)
  }
}
