// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// Statements of flows over stacked devices, by the numbers of the specification, as Linux 7.2 does.
@Suite("flows over stacked devices")
struct StackedFlowTests {
  private static let upperMAC = MACAddress(0x0200_0000_0aaa)
  private static let lan4 = DeviceAddress(
    family: .ipv4, address: Address(ipv4: 0xc000_0201), prefixLength: 24)

  /// A scene whose client, or server, is behind a stack.
  private final class Stacked {
    let scene = Scene(.linux72, rules: "")
    /// Puts what the stack wears on a frame from that side.
    var dress: ([UInt8]) -> [UInt8] = { $0 }
    var router: Router { scene.router }

    /// A VLAN device on another, with the client's network on it when `holds`.
    func vlan(
      on parent: UInt32, _ id: UInt16, type: UInt16 = EtherType.vlan, mac: MACAddress = Scene.lanMAC,
      holds: Bool = true
    ) -> UInt32 {
      let upper = router.addDevice(
        "vlan\(router.devices.count)", .vlan(VLANLink(parent: parent, id: id, type: type)), mac: mac,
        mtu: 1500)
      router.setLink(upper, up: true)
      if holds { hold(upper) }
      return upper
    }

    /// Gives a device the client's network.
    func hold(_ upper: UInt32) {
      router.removeAddress(scene.lan, lan4)
      router.addAddress(upper, lan4)
      router.setNeighbour(NeighbourKey(device: upper, family: .ipv4, address: Scene.client4), Scene.clientMAC)
    }

    /// A bridge with lan0 as its port and the client's network on it when `holds`.
    func bridge(holds: Bool = true, _ set: (inout Bridge) -> Void = { _ in }) -> UInt32 {
      let bridge = router.addDevice("br0", .bridge, mac: upperMAC, mtu: 1500)
      router.addPort(scene.lan, to: bridge)
      if var value = router.bridges[bridge] {
        set(&value)
        router.bridges[bridge] = value
      }
      router.setLink(bridge, up: true)
      if holds { hold(bridge) }
      return bridge
    }

    /// The server's network on a PPPoE session.
    func session(_ number: UInt16 = 17) -> UInt32 {
      let kind = DeviceKind.pppoe(PPPoESession(parent: scene.wan, session: number, remote: Scene.serverMAC))
      let ppp = router.addDevice("ppp0", kind, mac: .zero, mtu: 1492)
      router.setLink(ppp, up: true)
      router.removeAddress(
        scene.wan, DeviceAddress(family: .ipv4, address: Address(ipv4: 0xc633_6401), prefixLength: 24))
      router.addAddress(
        ppp,
        DeviceAddress(
          family: .ipv4, address: Address(ipv4: 0xc633_6401), prefixLength: 32, peer: Scene.server4))
      return ppp
    }

    func load() {
      var batch = BatchBuilder()
      batch.table()
      batch.flowtable("f", devices: ["lan0", "wan0"])
      batch.chain("y", hook: 2)
      batch.rule("y", Rules.flow("f"))
      let datagram = batch.datagram()
      let output = scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
      #expect(RulesetBench.errors(output).isEmpty)
    }

    /// Sends a packet of a side, dressed when the side is; the Ethernet destination is the given one.
    func send(
      _ sender: Sender, _ flags: TCPFlags = .ack, _ payload: [UInt8] = [1], to mac: MACAddress? = nil,
      dressed: Sender = .client, other: (([UInt8]) -> [UInt8])? = nil
    ) {
      var oddity = Oddity()
      oddity.destinationMAC = mac
      let plain = scene.frame(sender, flags, payload, oddity)
      let frame = sender == dressed ? (other ?? dress)(plain) : plain
      scene.send(frame: frame, on: sender == .client ? scene.lan : scene.wan)
      let advance = UInt32(payload.count) + (flags.contains(.syn) ? 1 : 0)
      if sender == .client { scene.clientSequence &+= advance } else { scene.serverSequence &+= advance }
    }

    func handshake(to mac: MACAddress? = nil, dressed: Sender = .client) {
      load()
      send(.client, .syn, [], to: dressed == .client ? mac : nil, dressed: dressed)
      send(.server, [.syn, .ack], [], to: dressed == .server ? mac : nil, dressed: dressed)
      send(.client, .ack, [], to: dressed == .client ? mac : nil, dressed: dressed)
    }

    /// Whether the frame that `body` sends takes the fast path.
    func isFast(_ body: () -> Void) -> Bool {
      let before = router.statistics[.fastForwarded]
      body()
      return router.statistics[.fastForwarded] == before + 1
    }

    var sent: [UInt8] { scene.sent.first?.bytes ?? [] }
  }

  /// Puts tags on a frame, outermost first.
  private static func tagged(_ tags: [(type: UInt16, control: UInt16)]) -> ([UInt8]) -> [UInt8] {
    return { frame in
      tags.reversed().reduce(frame) { Packet.tagged($0, type: $1.type, control: $1.control) }
    }
  }

  private static func pppoe(_ session: UInt16, code: UInt8 = 0) -> ([UInt8]) -> [UInt8] {
    return { frame in
      let length = frame.count - 14 + 2
      return Array(frame[..<12]) + [0x88, 0x64, 0x11, code, UInt8(session >> 8), UInt8(session & 0xff)]
        + [UInt8(length >> 8), UInt8(length & 0xff), 0x00, 0x21] + frame[14...]
    }
  }

  @Test(
    "FT-021, FT-044, FT-045 and FT-046 a VLAN's parent in the flowtable is enough; other tags are not fast")
  func vlan() {
    let stacked = Stacked()
    _ = stacked.vlan(on: stacked.scene.lan, 10)
    stacked.dress = Self.tagged([(EtherType.vlan, 10)])
    stacked.handshake()
    #expect(stacked.scene.isOffloaded)
    #expect(stacked.isFast { stacked.send(.client) })
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(Array(stacked.sent[12..<16]) == [0x81, 0, 0, 10])
    #expect(!stacked.isFast { stacked.send(.client, other: Self.tagged([(EtherType.vlan, 3 << 13 | 10)])) })
    #expect(stacked.scene.isOffloaded)
    #expect(!stacked.isFast { stacked.send(.client, other: { $0 }) })
    #expect(!stacked.isFast { stacked.send(.client, other: Self.tagged([(EtherType.vlan, 11)])) })
    #expect(stacked.sent.isEmpty)
    #expect(stacked.isFast { stacked.send(.client) })
  }

  @Test("FT-047 QinQ is fast both ways, the service tag outermost; FT-048 not with a service tag inside")
  func doubleTags() {
    for innerType in [EtherType.vlan, EtherType.serviceVLAN] {
      let stacked = Stacked()
      let outer = stacked.vlan(on: stacked.scene.lan, 100, type: EtherType.serviceVLAN, holds: false)
      _ = stacked.vlan(on: outer, 10, type: innerType)
      stacked.dress = Self.tagged([(EtherType.serviceVLAN, 100), (innerType, 10)])
      stacked.handshake()
      #expect(stacked.isFast { stacked.send(.client) } == (innerType == EtherType.vlan))
      guard innerType == EtherType.vlan else { continue }
      #expect(stacked.isFast { stacked.send(.server) })
      #expect(Array(stacked.sent[12..<20]) == [0x88, 0xa8, 0, 100, 0x81, 0, 0, 10])
    }
  }

  @Test(
    "FT-049, FT-050 and FT-071 a session's number must fit, its code and source need not; its length counts two octets"
  )
  func session() {
    let stacked = Stacked()
    _ = stacked.session()
    stacked.dress = Self.pppoe(17)
    stacked.handshake(dressed: .server)
    #expect(stacked.scene.isOffloaded)
    #expect(stacked.isFast { stacked.send(.server, dressed: .server) })
    #expect(!stacked.isFast { stacked.send(.server, dressed: .server, other: Self.pppoe(18)) })
    #expect(
      stacked.isFast {
        stacked.send(
          .server, dressed: .server,
          other: { frame in
            var changed = Self.pppoe(17, code: 9)(frame)
            changed[11] ^= 0xff
            return changed
          })
      })
    #expect(stacked.isFast { stacked.send(.client, .ack, [1, 2, 3], dressed: .server) })
    #expect(Array(stacked.sent[12..<22]) == [0x88, 0x64, 0x11, 0, 0, 17, 0, 45, 0, 0x21])
    #expect(MACAddress(stacked.sent.raw.mac(0).bits) == Scene.serverMAC)
  }

  @Test("FT-084 a session's header that is taken off counts for neither the packet nor its limit")
  func sessionLimit() {
    for (octets, isFast) in [(1500, true), (1501, false)] {
      let stacked = Stacked()
      stacked.router.setMTU(stacked.scene.lan, 1500)
      _ = stacked.session()
      stacked.dress = Self.pppoe(17)
      stacked.handshake(dressed: .server)
      let payload = [UInt8](repeating: 1, count: octets - 40)
      #expect(stacked.isFast { stacked.send(.server, .ack, payload, dressed: .server) } == isFast)
    }
  }

  @Test("FT-065 a VLAN device's own address is the classic path's source, its parent's the fast path's")
  func sourceOfVLAN() {
    let stacked = Stacked()
    _ = stacked.vlan(on: stacked.scene.lan, 10, mac: Self.upperMAC)
    stacked.dress = Self.tagged([(EtherType.vlan, 10)])
    stacked.handshake(to: Self.upperMAC)
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(stacked.sent.raw.mac(6) == Scene.lanMAC)
    var options = Oddity()
    options.options = [1, 1, 1, 0]
    stacked.scene.send(frame: stacked.scene.frame(.server, .ack, [1], options), on: stacked.scene.wan)
    #expect(stacked.sent.raw.mac(6) == Self.upperMAC)
  }

  @Test(
    "FT-025 no flow without a station for the client; FT-067 the bridge's address is the source, on the port")
  func bridge() {
    let stacked = Stacked()
    _ = stacked.bridge()
    stacked.handshake(to: Self.upperMAC)
    #expect(stacked.scene.isOffloaded)
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(stacked.sent.raw.mac(6) == Self.upperMAC)
    #expect(stacked.scene.sent.first?.device == stacked.scene.lan)
    let other = Stacked()
    let bridge = other.bridge()
    other.load()
    other.send(.client, .syn, [], to: Self.upperMAC)
    other.send(.server, [.syn, .ack], [])
    // The station is forgotten; it is learned again only by a frame of its own.
    other.router.bridges[bridge]?.stations = [:]
    other.send(.server, .ack, [1])
    #expect(!other.scene.isOffloaded)
  }

  @Test(
    "FT-075 a bridge that filters VLANs: tagged and untagged ports, and the bridge's own VLAN",
    arguments: [
      (onVLAN: UInt16(10), untagged: false, tag: UInt16(10)), (onVLAN: 10, untagged: true, tag: 0),
      (onVLAN: 0, untagged: false, tag: 1),
    ])
  func filtering(onVLAN: UInt16, untagged: Bool, tag: UInt16) {
    let stacked = Stacked()
    let id: UInt16 = onVLAN == 0 ? 1 : onVLAN
    let lan = stacked.scene.lan
    let index = UInt32(stacked.router.devices.count)
    let bridge = stacked.bridge(holds: onVLAN == 0) { bridge in
      bridge.filtersVLANs = true
      bridge.leave(lan, vlan: 1)
      bridge.join(lan, vlan: id, untagged: untagged, primary: untagged)
      // The bridge itself is a member, too.
      bridge.join(index, vlan: id, untagged: onVLAN == 0, primary: onVLAN == 0)
    }
    if onVLAN != 0 { _ = stacked.vlan(on: bridge, onVLAN, mac: Self.upperMAC) }
    if tag != 0 { stacked.dress = Self.tagged([(EtherType.vlan, tag)]) }
    stacked.handshake(to: Self.upperMAC)
    #expect(stacked.scene.isOffloaded)
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(stacked.sent.raw.mac(6) == Self.upperMAC)
    #expect(
      Array(stacked.sent[12..<16])
        == (tag == 0 ? [0x08, 0x00, 0x45, 0x00] : [0x81, 0, 0, UInt8(tag)]))
  }

  @Test("FT-127, FT-129 and FT-130 behind a bridge, neighbour, station and the bridge's end are not noticed")
  func staleBridge() {
    let stacked = Stacked()
    let bridge = stacked.bridge()
    stacked.handshake(to: Self.upperMAC)
    stacked.router.setNeighbour(
      NeighbourKey(device: bridge, family: .ipv4, address: Scene.client4), MACAddress(0x0200_0000_0eee))
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(stacked.sent.raw.mac(0) == Scene.clientMAC)
    stacked.router.bridges[bridge]?.stations = [:]
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(stacked.scene.sent.first?.device == stacked.scene.lan)
    #expect(stacked.isFast { stacked.send(.client, to: Self.upperMAC) })
    #expect(stacked.router.bridges[bridge]?.stations.isEmpty == true)
    stacked.router.setLink(bridge, up: false)
    #expect(stacked.isFast { stacked.send(.server) })
  }

  @Test("FT-128 behind a bridge a new route is noticed by the other direction, which tears the flow down")
  func routeOfBridge() {
    let stacked = Stacked()
    _ = stacked.bridge()
    stacked.handshake(to: Self.upperMAC)
    let entry = RouteEntry(Scene.client4, 32, .unicast, device: stacked.scene.wan, gatewayFamily: .ipv4)
    stacked.router.addRoute(.ipv4, entry)
    #expect(stacked.isFast { stacked.send(.server) })
    #expect(!stacked.isFast { stacked.send(.client, to: Self.upperMAC) })
    #expect(stacked.router.statistics[.flowTornDown] == 1)
  }

  @Test("FT-131 a session's device that goes down leaves the flow; the session's next packet ends it")
  func sessionDown() {
    let stacked = Stacked()
    let ppp = stacked.session()
    stacked.dress = Self.pppoe(17)
    stacked.handshake(dressed: .server)
    stacked.router.setLink(ppp, up: false)
    #expect(stacked.scene.isOffloaded)
    #expect(!stacked.isFast { stacked.send(.server, dressed: .server) })
    #expect(!stacked.scene.isOffloaded)
  }

  @Test("FT-017 GRE with translation makes no flow")
  func translatedGRE() {
    let scene = Scene(.linux72, rules: RecordedBatch.masquerading)
    scene.proto = IPProtocol.gre
    scene.send(.client, [], [1])
    scene.seenClient = Address(ipv4: 0xc633_6401)
    scene.send(.server, [], [1])
    #expect(!scene.isOffloaded)
  }

  @Test("FT-074 an IPv4 route by an IPv6 gateway: the flow is made, and its fast frames go to address zero")
  func gatewayOfOtherFamily() {
    let stacked = Stacked()
    stacked.router.addRoute(
      .ipv4,
      RouteEntry(
        Scene.server4, 32, .unicast, device: stacked.scene.wan, gateway: Scene.server6, gatewayFamily: .ipv6))
    let wan = stacked.scene.wan
    stacked.router.neighbours[NeighbourKey(device: wan, family: .ipv4, address: Scene.server4)] = nil
    stacked.handshake()
    #expect(stacked.scene.isOffloaded)
    #expect(stacked.isFast { stacked.send(.client) })
    #expect(stacked.sent.raw.mac(0) == .zero)
  }

  @Test("FT-143 a flowtable in a netdev table is refused: there is none of that family")
  func netdevTable() {
    var bench = RulesetBench()
    var batch = BatchBuilder(family: 5)
    batch.table()
    batch.flowtable("f", devices: ["lan0"])
    #expect(RulesetBench.errors(bench.send(batch)).first?.number == ErrorNumber.noEntry)
  }
}
