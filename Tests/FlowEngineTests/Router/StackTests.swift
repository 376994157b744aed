// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

@Suite("devices that stand on others")
struct StackTests {
  private let station = MACAddress(0x0200_0000_0aaa)
  private let other = MACAddress(0x0200_0000_0bbb)

  /// A router with a bridge of three ports.
  private func bridged(filters: Bool = false) -> (router: Router, bridge: UInt32, ports: [UInt32]) {
    let router = Router(generation: .linux72, seed: 1)
    let bridge = router.addDevice("br0", .bridge, mac: MACAddress(0x0200_0000_0001), mtu: 1500)
    var ports: [UInt32] = []
    for number in 0..<3 {
      let mac = MACAddress(0x0200_0000_0100 + UInt64(number))
      let port = router.addDevice("p\(number)", .port, mac: mac, mtu: 1500)
      router.setLink(port, up: true)
      router.addPort(port, to: bridge)
      ports.append(port)
    }
    router.bridges[bridge]?.filtersVLANs = filters
    router.setLink(bridge, up: true)
    return (router, bridge, ports)
  }

  private func frame(to destination: MACAddress, from source: MACAddress, tag: UInt16? = nil) -> [UInt8] {
    var bytes: [UInt8] = []
    for mac in [destination, source] {
      for shift in stride(from: UInt64(40), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: mac.bits >> shift))
      }
    }
    if let tag { bytes += [0x81, 0, UInt8(tag >> 8), UInt8(tag & 0xff)] }
    return bytes + [0x88, 0xb5] + [UInt8](repeating: 7, count: 46)
  }

  /// Names of the ports that a frame leaves by.
  private func outputs(_ router: Router, _ frame: [UInt8], on port: UInt32, at seconds: UInt64 = 1)
    -> [UInt32]
  {
    router.sent.removeAll()
    // Safe: the span does not outlive the array.
    unsafe router.receive(frame.span.bytes, on: port, at: Instant(seconds: seconds))
    return router.sent.map(\.device)
  }

  @Test("a bridge floods what it does not know, and sends what it has learned to one port until that ages")
  func learning() {
    let (router, _, ports) = bridged()
    #expect(outputs(router, frame(to: other, from: station), on: ports[0]) == [ports[1], ports[2]])
    #expect(outputs(router, frame(to: station, from: other), on: ports[1]) == [ports[0]])
    #expect(outputs(router, frame(to: station, from: other), on: ports[1], at: 290) == [ports[0]])
    #expect(outputs(router, frame(to: station, from: other), on: ports[1], at: 302) == [ports[0], ports[2]])
  }

  @Test("a trace names the stacked device, and each port that a frame leaves by")
  func traced() throws {
    let (router, bridge, ports) = bridged()
    router.tracing.setFilter(TraceFilter(), for: 1)
    #expect(outputs(router, frame(to: other, from: station), on: ports[0]) == [ports[1], ports[2]])
    let steps = try #require(router.tracing.take(for: 1).records.first).steps
    #expect(steps.first == .device(bridge))
    let left = steps.compactMap { if case .sent(let device, _, _) = $0 { device } else { nil } }
    #expect(left == [ports[1], ports[2]])
  }

  @Test("a station that moves is found at its new port; one whose port went down is not known any more")
  func moving() {
    let (router, _, ports) = bridged()
    _ = outputs(router, frame(to: other, from: station), on: ports[0])
    _ = outputs(router, frame(to: other, from: station), on: ports[2])
    #expect(outputs(router, frame(to: station, from: other), on: ports[1]) == [ports[2]])
    router.setLink(ports[2], up: false)
    #expect(outputs(router, frame(to: station, from: other), on: ports[1]) == [ports[0]])
  }

  @Test("a station that was set does not age, but moves as others do")
  func setStations() {
    let (router, bridge, ports) = bridged()
    let key = StationKey(mac: station, vlan: 0)
    router.bridges[bridge]?.stations[key] = Station(port: ports[0], updated: router.now, isStatic: true)
    #expect(outputs(router, frame(to: station, from: other), on: ports[1], at: 400) == [ports[0]])
    _ = outputs(router, frame(to: other, from: station), on: ports[2], at: 401)
    #expect(outputs(router, frame(to: station, from: other), on: ports[1], at: 800) == [ports[2]])
  }

  @Test("a filtering bridge keeps VLANs apart, and takes the tag off where a port is an untagged member")
  func filtering() {
    let (router, bridge, ports) = bridged(filters: true)
    router.bridges[bridge]?.join(ports[0], vlan: 10, untagged: false, primary: false)
    router.bridges[bridge]?.join(ports[1], vlan: 10, untagged: true, primary: false)
    let tagged = frame(to: other, from: station, tag: 10)
    #expect(outputs(router, tagged, on: ports[0]) == [ports[1]])
    #expect(router.sent.first?.bytes == frame(to: other, from: station))
    #expect(outputs(router, frame(to: other, from: station, tag: 11), on: ports[0]).isEmpty)
  }

  @Test(
    "an address of the bridge's is its own only in VLANs that it is a member of, and elsewhere a station's")
  func ownAddresses() throws {
    let (router, bridge, ports) = bridged(filters: true)
    for port in ports[..<2] { router.bridges[bridge]?.join(port, vlan: 30, untagged: false, primary: false) }
    let own = try #require(router.device(bridge)?.mac)
    let port = try #require(router.device(ports[1])?.mac)
    #expect(outputs(router, frame(to: own, from: station, tag: 30), on: ports[0]) == [ports[1]])
    #expect(outputs(router, frame(to: port, from: station, tag: 30), on: ports[0]).isEmpty)
    router.bridges[bridge]?.join(bridge, vlan: 30, untagged: false, primary: false)
    #expect(outputs(router, frame(to: own, from: station, tag: 30), on: ports[0]).isEmpty)
    router.bridges[bridge]?.leave(ports[1], vlan: 30)
    #expect(outputs(router, frame(to: port, from: station, tag: 30), on: ports[0]).isEmpty)
  }

  @Test("a port that joins a VLAN again is what it is told last; one that leaves forgets who was learned")
  func memberships() {
    let (router, bridge, ports) = bridged(filters: true)
    #expect(outputs(router, frame(to: other, from: station), on: ports[0]) == [ports[1], ports[2]])
    router.bridges[bridge]?.join(ports[0], vlan: 1, untagged: true, primary: false)
    #expect(outputs(router, frame(to: other, from: station), on: ports[0]).isEmpty)
    #expect(outputs(router, frame(to: station, from: other), on: ports[1]) == [ports[0]])
    router.bridges[bridge]?.leave(ports[0], vlan: 1)
    router.bridges[bridge]?.join(ports[0], vlan: 1, untagged: true, primary: true)
    #expect(outputs(router, frame(to: station, from: other), on: ports[1]) == [ports[0], ports[2]])
  }

  @Test("a VLAN device's MTU is at most its device's, a bridge's is its ports' smallest unless it was set")
  func sizes() {
    let (router, bridge, ports) = bridged()
    let link = VLANLink(parent: bridge, id: 10)
    let vlan = router.addDevice("br0.10", .vlan(link), mac: station, mtu: 1500)
    router.setMTU(ports[1], 1400)
    #expect(router.device(bridge)?.mtu == 1400 && router.device(vlan)?.mtu == 1400)
    router.setMTU(ports[1], 1500)
    #expect(router.device(bridge)?.mtu == 1500 && router.device(vlan)?.mtu == 1400)
    router.setMTU(ports[0], 1450)
    router.removeDevice(ports[0])
    #expect(router.device(bridge)?.mtu == 1500)
    router.setMTU(bridge, 1300)
    router.setMTU(ports[2], 1200)
    #expect(router.device(bridge)?.mtu == 1300 && router.device(vlan)?.mtu == 1300)
  }

  @Test("a PPPoE session ends when its device goes down or gets another address or MTU, for good")
  func sessions() {
    let changes: [(Router, UInt32) -> Void] = [
      { $0.setLink($1, up: false) }, { $0.setMTU($1, 1400) }, { $0.setMAC($1, MACAddress(0x0200_0000_0ccc)) },
      { $0.removeDevice($1) },
    ]
    for change in changes {
      let router = Router(generation: .linux72, seed: 1)
      let port = router.addDevice("wan0", .port, mac: station, mtu: 1500)
      router.setLink(port, up: true)
      let session = PPPoESession(parent: port, session: 17, remote: other)
      let index = router.addDevice("ppp0", .pppoe(session), mac: .zero, mtu: 1492)
      router.setLink(index, up: true)
      change(router, port)
      router.setLink(port, up: true)
      var over = session
      over.parent = 0
      #expect(router.device(index)?.kind == .pppoe(over) && router.device(index)?.isUp == true)
      router.connect(index, session)
      #expect(router.device(index)?.kind == .pppoe(session))
    }
  }

  @Test("VLAN devices go down and up with their device, and away with it")
  func propagation() {
    let router = Router(generation: .linux72, seed: 1)
    let port = router.addDevice("lan0", .port, mac: station, mtu: 1500)
    router.setLink(port, up: true)
    let link = VLANLink(parent: port, id: 10)
    let vlan = router.addDevice("lan0.10", .vlan(link), mac: station, mtu: 1500)
    router.setLink(vlan, up: true)
    router.setLink(port, up: false)
    #expect(router.device(vlan)?.isUp == false)
    router.setLink(port, up: true)
    #expect(router.device(vlan)?.isUp == true)
    router.removeDevice(port)
    #expect(router.device(vlan) == nil)
  }
}
