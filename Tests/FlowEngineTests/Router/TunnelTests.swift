// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// Statements of flows through tunnels, by the numbers of the specification: a server behind an IPIP or IP6IP6 tunnel on wan0.
@Suite("flows through tunnels")
struct TunnelTests {
  /// A scene whose flow goes through the tunnel.
  private final class Tunnelled {
    let scene: Scene
    let ends: TunnelEnds
    var isIPv4: Bool { ends.family == .ipv4 }

    init(_ kernel: KernelGeneration = .linux72, _ family: IPFamily = .ipv4, hasHardware: Bool = false) {
      scene = Scene(kernel, rules: "")
      let router = scene.router
      scene.family = family
      ends =
        family == .ipv4
        ? TunnelEnds(family: .ipv4, local: Address(ipv4: 0xc633_6401), remote: Scene.server4)
        : TunnelEnds(
          family: .ipv6, local: Address(high: Scene.server6.high, low: 1), remote: Scene.server6)
      let mtu = 1500 - family.headerLength
      let tunnel = router.addDevice("tun4", .tunnel(ends), mac: .zero, mtu: mtu)
      router.setLink(tunnel, up: true)
      // The server is behind the tunnel, not at its end.
      scene.farServer =
        family == .ipv4 ? Address(ipv4: 0x0a58_0002) : Address(high: 0x2001_0db8_0088_0000, low: 2)
      router.addRoute(
        family,
        RouteEntry(
          scene.server.masked(to: family == .ipv4 ? 24 : 64, family), family == .ipv4 ? 24 : 64, .unicast,
          device: tunnel, gatewayFamily: family))
      if hasHardware {
        for device in [scene.lan, scene.wan] { router.setHardware(device, HardwareSettings()) }
      }
      var batch = BatchBuilder()
      batch.table()
      batch.flowtable("f", devices: ["lan0", "wan0"], flags: hasHardware ? 1 : 0)
      batch.chain("y", hook: 2)
      batch.rule("y", Rules.flow("f"))
      let datagram = batch.datagram()
      let output = scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
      #expect(RulesetBench.errors(output).isEmpty)
      scene.send(.client, .syn)
      fromServer([.syn, .ack])
      scene.send(.client, .ack)
    }

    /// What the server sends, inside the tunnel; `change` is given the outer header and all that follows.
    @discardableResult
    func fromServer(
      _ flags: TCPFlags = .ack, _ payload: [UInt8] = [], _ oddity: Oddity = Oddity(),
      _ change: (inout [UInt8]) -> Void = { _ in }
    ) -> UInt64 {
      let inner = Array(scene.frame(.server, flags, payload, oddity)[14...])
      var outer: [UInt8] = []
      if isIPv4 {
        var header = IPv4Header(proto: 4, source: ends.remote, destination: ends.local)
        header.timeToLive = 64
        header.emit(payloadLength: inner.count, into: &outer)
      } else {
        IPv6Header(nextHeader: 41, source: ends.remote, destination: ends.local)
          .emit(payloadLength: inner.count, into: &outer)
      }
      outer += inner
      change(&outer)
      var frame: [UInt8] = []
      EthernetHeader(destination: Scene.wanMAC, source: Scene.serverMAC, type: ends.family.ethertype).emit(
        into: &frame)
      let before = scene.router.statistics[.fastForwarded]
      scene.send(frame: frame + outer, on: scene.wan)
      scene.serverSequence &+= UInt32(payload.count) + (flags.contains(.syn) ? 1 : 0)
      return scene.router.statistics[.fastForwarded] - before
    }

    /// How many of the frames that `body` sends take the fast path.
    func fast(_ body: () -> Void) -> UInt64 {
      let before = scene.router.statistics[.fastForwarded]
      body()
      return scene.router.statistics[.fastForwarded] - before
    }

    /// The packet that was sent last, from its outer IP header on.
    var sent: [UInt8] { Array(scene.sent.first?.bytes.dropFirst(14) ?? []) }
  }

  @Test(
    "FT-020 and FT-026 a flow through a tunnel is fast both ways in 7.2", arguments: [IPFamily.ipv4, .ipv6])
  func bothWays(family: IPFamily) {
    let tunnelled = Tunnelled(.linux72, family)
    #expect(tunnelled.scene.isOffloaded)
    #expect(tunnelled.fast { tunnelled.scene.send(.client, .ack, [1]) } == 1)
    #expect(tunnelled.fromServer(.ack, [1]) == 1)
    #expect(tunnelled.scene.sent.first?.device == tunnelled.scene.lan)
  }

  @Test("before 7.2 tunnels are not looked into")
  func notBefore() {
    let tunnelled = Tunnelled(.linux612)
    #expect(tunnelled.fromServer(.ack, [1]) == 0)
  }

  @Test("FT-051 and FT-052 an outer header with TTL 1, options or a fragment is not fast")
  func outerHeader() {
    let changes: [(inout [UInt8]) -> Void] = [
      { $0[8] = 1 }, { $0[6] = 0x20 },
      {
        $0[0] = 0x46
        $0.insert(contentsOf: [1, 1, 1, 0], at: 20)
      },
    ]
    for change in changes {
      let tunnelled = Tunnelled()
      #expect(tunnelled.fromServer(.ack, [1], Oddity(), change) == 0)
    }
  }

  @Test("FT-068 the outer header that is pushed has the inner TOS, DF and decremented TTL")
  func pushed() {
    let tunnelled = Tunnelled()
    for fragmentFlags in [UInt8(0x40), 0] {
      let oddity = Oddity(timeToLive: 44) { frame in
        frame[15] = 0x2c
        frame[20] = fragmentFlags
        frame[24] = 0
        frame[25] = 0
        let sum = Checksum.compute(frame.raw.extracting(14..<34))
        frame[24] = UInt8(sum >> 8)
        frame[25] = UInt8(sum & 0xff)
      }
      #expect(tunnelled.fast { tunnelled.scene.send(.client, .ack, [1], oddity) } == 1)
      let sent = tunnelled.sent
      #expect(sent[1] == 0x2c)
      #expect(sent[6] == fragmentFlags)
      #expect(sent[8] == 43 && sent[28] == 43)
      #expect(sent[9] == 4)
      #expect(Checksum.compute(sent.raw.extracting(0..<20)) == 0)
    }
  }

  @Test("FT-069 and FT-073 padding is counted by the outer header", arguments: [IPFamily.ipv4, .ipv6])
  func padding(family: IPFamily) {
    let tunnelled = Tunnelled(.linux72, family)
    tunnelled.scene.send(.client, .ack, [], Oddity(padding: 6))
    let sent = tunnelled.sent
    let inner = family.headerLength + 20 + 6
    if family == .ipv4 {
      #expect(sent.raw.be16(2) == UInt16(inner + 20))
    } else {
      #expect(sent.raw.be16(4) == UInt16(inner))
      #expect(sent[6] == 41 && sent[7] == 63)
    }
  }

  @Test("FT-070 what comes in loses its outer header, and conntrack does not see that")
  func received() {
    let tunnelled = Tunnelled()
    let count = tunnelled.scene.router.conntrack.count
    #expect(tunnelled.fromServer(.ack, [1]) == 1)
    #expect(tunnelled.sent[8] == 63)
    #expect(tunnelled.sent.count == 41)
    #expect(tunnelled.scene.router.conntrack.count == count)
  }

  @Test("FT-081 over a link of 1500 octets an inner packet of 1480 is fast, one of 1481 is not")
  func largest() {
    let tunnelled = Tunnelled()
    let payload = [UInt8](repeating: 1, count: 1440)
    #expect(tunnelled.fast { tunnelled.scene.send(.client, .ack, payload) } == 1)
    #expect(tunnelled.fast { tunnelled.scene.send(.client, .ack, payload + [1]) } == 0)
  }

  @Test("FT-152 in 7.2 a flow through a tunnel is never in hardware")
  func hardware() {
    let tunnelled = Tunnelled(.linux72, hasHardware: true)
    #expect(tunnelled.scene.isOffloaded)
    tunnelled.scene.wait(0.1)
    #expect(tunnelled.scene.entry?.status.contains(.hardwareOffload) == false)
    #expect(tunnelled.fast { tunnelled.scene.send(.client, .ack, [1]) } == 1)
  }

  @Test("a batch takes tunnelled packets, too, and a changed route ends the flow")
  func batchAndRoute() {
    let tunnelled = Tunnelled()
    let scene = tunnelled.scene
    var batch = FrameBatch()
    batch.append(scene.frame(.client, .ack, [1]).raw)
    #expect(tunnelled.fast { scene.router.receive(&batch, on: scene.lan, at: scene.now) } == 1)
    #expect(scene.engine.takeSent().first?.bytes[23] == 4)
    scene.router.addRoute(
      .ipv4,
      RouteEntry(Scene.server4, 32, .unicast, device: scene.wan, gatewayFamily: .ipv4))
    #expect(tunnelled.fast { scene.send(.client, .ack, [1]) } == 0)
    #expect(scene.router.statistics[.flowTornDown] == 1)
  }
}
