// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// Routing rules: what they compare, their order, and what they mean for flows. The kernels' doings were seen between veth devices
/// in namespaces: `ip rule add … table 100`, a flowtable over lan0, wan0 and wan1, datagrams from the client, and counters at both
/// ways out.
@Suite("routing rules")
struct RoutingRuleTests {
  /// A scene whose server is far away: by the gateway on wan0 in the main table, by the one on wan1 in table 100.
  private struct Crossroads {
    let scene: Scene
    let second: UInt32
    let family: IPFamily

    static let gatewayMAC = MACAddress(0x0200_0000_0302)

    init(_ kernel: KernelGeneration = .linux72, _ family: IPFamily = .ipv4) {
      scene = Scene(kernel, rules: "")
      self.family = family
      let router = scene.router
      second = router.addDevice("wan1", .port, mac: MACAddress(0x0200_0000_0301), mtu: 1500)
      router.setLink(second, up: true)
      let length = family == .ipv4 ? 24 : 64
      router.addAddress(
        second, DeviceAddress(family: family, address: Self.own(family), prefixLength: length))
      router.setNeighbour(
        NeighbourKey(device: second, family: family, address: Self.gateway(family)), Self.gatewayMAC)
      scene.family = family
      scene.proto = IPProtocol.udp
      router.conntrack.settings.flowtableUDPTimeout = 3000
      scene.farServer = Self.server(family)
      add(scene.wan, family == .ipv4 ? Scene.server4 : Scene.server6, nil)
      add(second, Self.gateway(family), 100)
      load { batch in
        batch.table()
        batch.flowtable("f", devices: ["lan0", "wan0", "wan1"])
        batch.chain("marks", hook: 0, priority: -150)
        batch.chain("y", hook: 2)
        batch.rule("y", Rules.flow("f"))
      }
    }

    static func own(_ family: IPFamily) -> Address {
      family == .ipv4 ? Address(ipv4: 0x0a02_0001) : Address(high: 0xfd02_0000_0000_0000, low: 1)
    }
    static func gateway(_ family: IPFamily) -> Address {
      family == .ipv4 ? Address(ipv4: 0x0a02_0002) : Address(high: 0xfd02_0000_0000_0000, low: 2)
    }
    static func server(_ family: IPFamily) -> Address {
      family == .ipv4 ? Address(ipv4: 0x0a07_0001) : Address(high: 0xfd07_0000_0000_0000, low: 1)
    }

    private func add(_ device: UInt32, _ gateway: Address, _ table: UInt32?) {
      scene.router.addRoute(
        family,
        RouteEntry(
          Self.server(family), family == .ipv4 ? 16 : 64, .unicast, device: device, gateway: gateway,
          gatewayFamily: family, table: table))
    }

    private func load(family: UInt8 = NFTables.Family.inet, _ body: (inout BatchBuilder) -> Void) {
      var batch = BatchBuilder(family: family)
      body(&batch)
      let datagram = batch.datagram()
      let output = scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
      #expect(RulesetBench.errors(output).isEmpty)
    }

    /// Has prerouting give all packets a mark from now on.
    func mark(_ mark: UInt8) {
      load { $0.rule("marks", Rules.load([mark, 0, 0, 0]), Rules.setMeta(3)) }
    }

    /// Gives all packets a mark from now on before the flowtable sees them.
    func markAtIngress(_ mark: UInt8) {
      load(family: NFTables.Family.netdev) { batch in
        batch.table()
        var chain = NFTables.Chain()
        chain.table = "x"
        chain.name = "early"
        chain.type = "filter"
        chain.hook = NFTables.ChainHook()
        chain.hook?.number = 0
        chain.hook?.priority = -10
        chain.hook?.device = "lan0"
        batch.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
        batch.rule("early", Rules.load([mark, 0, 0, 0]), Rules.setMeta(3))
      }
    }

    /// Sends a datagram of the client's; returns the device that it left by, and whether it took the fast path.
    func send() -> (device: UInt32?, isFast: Bool) {
      let before = scene.router.statistics[.fastForwarded]
      scene.send(.client, [], [1])
      return (scene.sent.first?.device, scene.router.statistics[.fastForwarded] > before)
    }

    /// As ``send()``, `count` times; the last one's outcome.
    @discardableResult
    func send(_ count: Int) -> (device: UInt32?, isFast: Bool) {
      for _ in 1..<count { _ = send() }
      return send()
    }
  }

  private static let families: [IPFamily] = [.ipv4, .ipv6]

  @Test(
    "FT-028 the way out is that of the mark when the flow was made: another mark does not change it",
    arguments: FlowCreationTests.kernels, families)
  func markAtCreation(kernel: KernelGeneration, family: IPFamily) {
    let roads = Crossroads(kernel, family)
    roads.scene.router.addRule(family, RoutingRule(mark: 1, .lookUp(100)))
    #expect(roads.send(3) == (roads.scene.wan, true))
    roads.mark(1)
    #expect(roads.send(3) == (roads.scene.wan, true))
    roads.scene.clientPort += 1
    #expect(roads.send() == (roads.second, false))
    #expect(roads.send(2) == (roads.second, true))
    roads.mark(0)
    #expect(roads.send(3) == (roads.second, true))
    // The flow is over: the next packet's mark counts.
    roads.scene.clientPort += 1
    #expect(roads.send(3) == (roads.scene.wan, true))
  }

  @Test(
    "FT-028 marks that packets of the fast path have do not change their way out",
    arguments: FlowCreationTests.kernels, families)
  func markAtIngress(kernel: KernelGeneration, family: IPFamily) {
    let roads = Crossroads(kernel, family)
    roads.scene.router.addRule(family, RoutingRule(mark: 1, .lookUp(100)))
    #expect(roads.send(3) == (roads.scene.wan, true))
    roads.markAtIngress(1)
    #expect(roads.send(3) == (roads.scene.wan, true))
    roads.scene.clientPort += 1
    #expect(roads.send() == (roads.second, false))
    #expect(roads.send(2) == (roads.second, true))
  }

  // The flow's time-out is longer than the entry's own: before 7.2 the first packet begins a new entry, and the second makes the
  // flow.
  @Test(
    "a rule that comes or goes sends the flow's next packet the classic way; a rule of the other family does not",
    arguments: FlowCreationTests.kernels, families)
  func ruleChange(kernel: KernelGeneration, family: IPFamily) {
    let roads = Crossroads(kernel, family)
    let router = roads.scene.router
    let first = roads.scene.wan
    func expectStale(_ device: UInt32) {
      for _ in 0..<(kernel == .linux72 ? 1 : 2) { #expect(roads.send() == (device, false)) }
      #expect(roads.send() == (device, true))
    }
    #expect(roads.send(3) == (first, true))
    let elsewhere = RoutingRule.Prefix(Crossroads.server(family), family == .ipv4 ? 16 : 64)
    let unrelated = RoutingRule(from: elsewhere, .lookUp(100))
    router.addRule(family, unrelated)
    expectStale(first)
    router.removeRule(family, unrelated)
    expectStale(first)
    router.addRule(family == .ipv4 ? .ipv6 : .ipv4, RoutingRule(.lookUp(100)))
    #expect(roads.send() == (first, true))
    let client = RoutingRule.Prefix(roads.scene.client, family.addressLength * 8)
    router.addRule(family, RoutingRule(from: client, .lookUp(100)))
    expectStale(roads.second)
    router.removeRule(family, RoutingRule(from: client, .lookUp(100)))
    expectStale(first)
    #expect(!(family == .ipv4 ? router.rules4 : router.rules6).decide)
  }

  @Test("rules are asked by their priority, and those of one priority in the order in which they were made")
  func order() {
    let roads = Crossroads()
    let router = roads.scene.router
    func device() -> UInt32? {
      router.routeByRules(.ipv4, RouteKey(to: Crossroads.server(.ipv4), from: Scene.client4))?.device
    }
    router.addRule(.ipv4, RoutingRule(priority: 200, .lookUp(100)))
    #expect(device() == roads.second)
    router.addRule(.ipv4, RoutingRule(priority: 100, .lookUp(RoutingTable.main)))
    #expect(device() == roads.scene.wan)
    router.addRule(.ipv4, RoutingRule(priority: 100, .unreachable))
    #expect(device() == roads.scene.wan)
    #expect(router.removeRule(.ipv4, RoutingRule(.lookUp(RoutingTable.main))))
    #expect(device() == nil)
    #expect(!router.removeRule(.ipv4, RoutingRule(priority: 7, .lookUp(RoutingTable.main))))
    #expect(router.rules4.all.map(\.priority) == [0, 100, 200, 32_766, 32_767])
  }

  @Test("a rule without a priority comes before all but the first, as often as it is made")
  func priorities() {
    let router = Router(seed: 1)
    #expect(router.addRule(.ipv6, RoutingRule(mark: 1, .lookUp(100))))
    #expect(router.addRule(.ipv6, RoutingRule(mark: 1, .lookUp(100))))
    #expect(router.rules6.all.map(\.priority) == [0, 32_764, 32_765, 32_766])
    #expect(router.addRule(.ipv6, RoutingRule(priority: 9, mark: 1, .lookUp(100))))
    #expect(!router.addRule(.ipv6, RoutingRule(priority: 9, mark: 1, .lookUp(100))))
  }

  @Test("what a rule compares", arguments: families)
  func selectors(family: IPFamily) {
    let client = family == .ipv4 ? Scene.client4 : Scene.client6
    let server = Crossroads.server(family)
    func isMet(_ rule: RoutingRule, _ change: (inout RouteKey) -> Void = { _ in }) -> Bool {
      let roads = Crossroads(.linux72, family)
      roads.scene.router.addRule(family, rule)
      var key = RouteKey(to: server, from: client, input: roads.scene.lan)
      change(&key)
      return roads.scene.router.routeByRules(family, key)?.device == roads.second
    }
    func prefix(_ address: Address, _ length: Int) -> RoutingRule.Prefix {
      RoutingRule.Prefix(address, length)
    }
    let full = family.addressLength * 8
    #expect(isMet(RoutingRule(.lookUp(100))))
    #expect(!isMet(RoutingRule(isInverted: true, .lookUp(100))))
    #expect(isMet(RoutingRule(from: prefix(client, 24), .lookUp(100))))
    #expect(!isMet(RoutingRule(from: prefix(server, 16), .lookUp(100))))
    #expect(isMet(RoutingRule(from: prefix(server, 16), isInverted: true, .lookUp(100))))
    #expect(isMet(RoutingRule(to: prefix(server, full), .lookUp(100))))
    #expect(!isMet(RoutingRule(to: prefix(client, full), .lookUp(100))))
    #expect(isMet(RoutingRule(input: "lan0", .lookUp(100))))
    #expect(!isMet(RoutingRule(input: "wan0", .lookUp(100))))
    #expect(!isMet(RoutingRule(input: "lo", .lookUp(100))))
    #expect(!isMet(RoutingRule(input: "nosuch", .lookUp(100))))
    #expect(!isMet(RoutingRule(output: "wan1", .lookUp(100))))
    #expect(isMet(RoutingRule(output: "wan1", .lookUp(100))) { $0.output = 4 })
    #expect(isMet(RoutingRule(mark: 0x105, .lookUp(100))) { $0.mark = 0x105 })
    #expect(!isMet(RoutingRule(mark: 0x105, .lookUp(100))) { $0.mark = 0x5 })
    #expect(isMet(RoutingRule(mark: 0x105, markMask: 0xff, .lookUp(100))) { $0.mark = 0x305 })
    #expect(isMet(RoutingRule(mark: 0x5, markMask: 0xff, .lookUp(100))) { $0.mark = 0x305 })
    #expect(isMet(RoutingRule(mark: 0, markMask: 1, .lookUp(100))) { $0.mark = 2 })
    #expect(!isMet(RoutingRule(mark: 0, markMask: 1, .lookUp(100))) { $0.mark = 3 })
    // An address that is still to be chosen is in a prefix of IPv4, and in none of IPv6.
    let zero = RoutingRule(from: prefix(.unspecified, 8), .lookUp(100))
    #expect(isMet(zero) { $0.source = .unspecified } == (family == .ipv4))
  }

  @Test("a table without a route leaves it to the rules behind", arguments: families)
  func noRoute(family: IPFamily) {
    let roads = Crossroads(.linux72, family)
    let router = roads.scene.router
    let key = RouteKey(to: Crossroads.server(family))
    router.addRule(family, RoutingRule(.lookUp(77)))
    #expect(router.routeByRules(family, key)?.device == roads.scene.wan)
    router.addRule(family, RoutingRule(priority: 40_000, .lookUp(100)))
    let other = RouteKey(to: family == .ipv4 ? Address(ipv4: 0x0a99_0001) : Address(high: 0xfd99, low: 1))
    #expect(router.routeByRules(family, other) == nil)
    router.addRoute(
      family, RouteEntry(.unspecified, 0, .unicast, device: roads.second, gatewayFamily: family, table: 100))
    #expect(router.routeByRules(family, other)?.device == roads.second)
    #expect(router.routeByRules(family, key)?.device == roads.scene.wan)
  }

  @Test("routes of other tables are not found without a rule, but those of the default table")
  func tables() {
    let roads = Crossroads()
    let router = roads.scene.router
    let elsewhere = Address(ipv4: 0x0a99_0001)
    func add(_ table: UInt32) {
      router.addRoute(.ipv4, RouteEntry(elsewhere, 16, .unicast, device: roads.second, table: table))
    }
    add(100)
    #expect(router.lookUpRoute(.ipv4, elsewhere) == nil)
    #expect(!router.rules4.decide)
    router.addRule(.ipv4, RoutingRule(.lookUp(7)))
    #expect(router.rules4.decide)
    router.removeRule(.ipv4, RoutingRule(.lookUp(7)))
    #expect(!router.rules4.decide)
    add(RoutingTable.fallback)
    #expect(router.lookUpRoute(.ipv4, elsewhere)?.device == roads.second)
    router.removeRoute(
      .ipv4, elsewhere.masked(to: 16, .ipv4), 16, device: roads.second, table: RoutingTable.fallback)
    #expect(router.lookUpRoute(.ipv4, elsewhere) == nil)
    #expect(router.routes4.entries.contains { $0.table == 100 })
  }

  @Test("the router's own addresses come before an administrator's rules")
  func localFirst() {
    let roads = Crossroads()
    let router = roads.scene.router
    router.addRoute(.ipv4, RouteEntry(.unspecified, 0, .unicast, device: roads.second, table: 100))
    router.addRule(.ipv4, RoutingRule(.lookUp(100)))
    #expect(router.lookUpRoute(.ipv4, Crossroads.own(.ipv4))?.type == .local)
    #expect(router.lookUpRoute(.ipv4, Scene.server4)?.device == roads.second)
    #expect(router.lookUpRoute(.ipv4, Address(ipv4: 0xc000_02ff))?.type == .broadcast)
  }

  @Test("a rule's device is found by its name when it comes, and by no other when it has gone")
  func deviceNames() {
    let roads = Crossroads()
    let router = roads.scene.router
    router.addRule(.ipv4, RoutingRule(input: "lan9", .lookUp(100)))
    func device(_ input: UInt32) -> UInt32? {
      router.routeByRules(.ipv4, RouteKey(to: Crossroads.server(.ipv4), input: input))?.device
    }
    #expect(device(roads.scene.lan) == roads.scene.wan)
    router.rename(roads.scene.lan, to: "lan9")
    #expect(device(roads.scene.lan) == roads.second)
    router.rename(roads.scene.lan, to: "lan0")
    #expect(device(roads.scene.lan) == roads.scene.wan)
    let new = router.addDevice("lan9", .port, mac: Scene.lanMAC, mtu: 1500)
    #expect(device(new) == roads.second)
    router.removeDevice(new)
    #expect(device(new) == roads.scene.wan)
  }

  @Test(
    "what a rule itself says is answered as the kernel does: type and code of the error",
    arguments: [
      (IPFamily.ipv4, RoutingRule.Action.unreachable, [3, 0] as [UInt8]?), (.ipv4, .prohibit, [3, 13]),
      (.ipv4, .blackhole, nil), (.ipv6, .unreachable, [1, 0]), (.ipv6, .prohibit, [1, 1]),
      (.ipv6, .blackhole, nil),
    ])
  func refusals(family: IPFamily, action: RoutingRule.Action, answer: [UInt8]?) {
    let roads = Crossroads(.linux72, family)
    roads.scene.router.addRule(
      family, RoutingRule(to: RoutingRule.Prefix(Crossroads.server(family), 24), action))
    roads.scene.send(.client, [], [1])
    let offset = 14 + family.headerLength
    #expect(roads.scene.sent.map(\.device) == (answer == nil ? [] : [roads.scene.lan]))
    #expect(roads.scene.sent.first.map { Array($0.bytes[offset..<offset + 2]) } == answer)
  }

  /// Rules about packets to the client, marked by prerouting: which of them catch an error that is sent to it.
  @Test(
    "an error is routed without its packet's mark, as the router's own",
    arguments: families, [0, 1, 2, 3, 4])
  func errors(family: IPFamily, kind: Int) {
    let roads = Crossroads(.linux72, family)
    let client = RoutingRule.Prefix(roads.scene.client, family.addressLength * 8)
    var rule = RoutingRule(to: client, .blackhole)
    var arrives = true
    switch kind {
    case 0: (rule.mark, rule.markMask) = (1, .max)
    case 1:
      rule.input = "lo"
      arrives = false
    case 2: rule.input = "lan0"
    case 3:
      rule.source = RoutingRule.Prefix(Address(high: Scene.client6.high, low: 1), 128)
      if family == .ipv4 { rule.source = RoutingRule.Prefix(Address(ipv4: 0xc000_0201), 32) }
      arrives = family == .ipv4
    default:
      rule.source = RoutingRule.Prefix(.unspecified, 8)
      arrives = family == .ipv6
    }
    roads.mark(1)
    roads.scene.router.addRule(family, rule)
    roads.scene.send(.client, [], [1], Oddity(timeToLive: 1))
    #expect(roads.scene.sent.count == (arrives ? 1 : 0))
  }

  /// A client behind a gateway on lan0: rules about packets to it, which the lookup for the way back may meet. Where one does,
  /// IPv4 takes the client to be on the link, which 7.2 refuses for want of a neighbour.
  @Test(
    "the way back is looked up as the router's own packet with this packet's mark, device and addresses",
    arguments: FlowCreationTests.kernels, families)
  func wayBack(kernel: KernelGeneration, family: IPFamily) {
    let far = RoutingRule.Prefix(Self.farClient(family), 24)
    let server = RoutingRule.Prefix(Crossroads.server(family), 24)
    let rules: [(rule: RoutingRule, isMet: Bool)] = [
      (RoutingRule(to: far, input: "wan0", .blackhole), false),
      (RoutingRule(to: far, input: "lo", .blackhole), true),
      (RoutingRule(to: far, input: "lan0", .blackhole), false),
      (RoutingRule(to: far, output: "lan0", .blackhole), true),
      (RoutingRule(from: server, to: far, .blackhole), true),
      (RoutingRule(to: far, mark: 1, .blackhole), true),
    ]
    for (rule, isMet) in rules {
      let roads = Crossroads(kernel, family)
      roads.scene.router.addRoute(
        family,
        RouteEntry(
          far.address, family == .ipv4 ? 16 : 64, .unicast, device: roads.scene.lan,
          gateway: roads.scene.client, gatewayFamily: family))
      roads.mark(1)
      roads.scene.router.addRule(family, rule)
      for _ in 0..<3 {
        roads.scene.send(.client, [], [1], Oddity(damage: { Self.moveClient(&$0, family) }))
      }
      #expect(roads.scene.sent.map(\.device) == [roads.scene.wan])
      #expect(roads.scene.isOffloaded == (!isMet || kernel != .linux72 && family == .ipv4), "\(rule)")
    }
  }

  private static func farClient(_ family: IPFamily) -> Address {
    family == .ipv4 ? Address(ipv4: 0x0a09_0002) : Address(high: 0xfd09_0000_0000_0000, low: 2)
  }

  /// Has a frame come from the far client; the UDP checksum is left out, or renewed.
  private static func moveClient(_ frame: inout [UInt8], _ family: IPFamily) {
    let network = 14
    let transport = network + family.headerLength
    if family == .ipv4 {
      frame.store(be32: farClient(family).ipv4, at: network + 12)
      frame.store(be16: 0, at: network + 10)
      let sum = Checksum.compute(frame.raw.extracting(network..<transport))
      frame.store(be16: sum, at: network + 10)
    } else {
      frame.store(ipv6: farClient(family), at: network + 8)
    }
    frame.store(be16: 0, at: transport + 6)
    guard family == .ipv6 else { return }
    let pseudo = Checksum.pseudoHeader(
      farClient(family), Crossroads.server(family), proto: IPProtocol.udp, length: frame.count - transport)
    frame.store(
      be16: Checksum.compute(frame.raw.extracting(transport..<frame.count), pseudo), at: transport + 6)
  }

  @Test(
    "`fib` meets rules as the router's own packet, with the mark only where it is asked for",
    arguments: families)
  func fib(family: IPFamily) {
    let roads = Crossroads(.linux72, family)
    let router = roads.scene.router
    var packet = Packet(frame: roads.scene.frame(.client, [], [1]).raw)
    packet.network = packet.link + 14
    packet.family = family
    packet.mark = 1
    packet.input = roads.scene.lan
    packet.output = roads.scene.wan
    func device(_ flags: UInt32, at hook: Hook = .prerouting) -> UInt32 {
      router.answer(RouteQuery(flags: flags), packet, at: hook).device
    }
    router.addRule(family, RoutingRule(mark: 1, .lookUp(100)))
    #expect(device(RouteQuery.Flag.destination) == roads.scene.wan)
    #expect(device(RouteQuery.Flag.destination | RouteQuery.Flag.mark) == roads.second)
    let client = RoutingRule.Prefix(roads.scene.client, 24)
    let bySource = RouteQuery.Flag.source | RouteQuery.Flag.inputDevice
    router.addRule(family, RoutingRule(priority: 100, to: client, input: "wan0", .blackhole))
    #expect(device(bySource) == roads.scene.lan)
    #expect(device(bySource, at: .forward) == 0)
    // RTN_UNICAST and RTN_PROHIBIT.
    let server = RoutingRule.Prefix(Crossroads.server(family), 24)
    router.addRule(family, RoutingRule(priority: 90, to: server, mark: 1, .prohibit))
    let marked = RouteQuery(flags: RouteQuery.Flag.destination | RouteQuery.Flag.mark)
    let type: UInt32 = family == .ipv4 ? 1 : 8
    #expect(router.answer(marked, packet, at: .prerouting) == RouteAnswer(device: 0, type: type))
  }
}
