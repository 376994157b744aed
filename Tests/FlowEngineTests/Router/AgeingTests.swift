// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

@Suite("ageing of many flows")
struct AgeingTests {
  @Test("of flows that end together, a millisecond frees only so many, and the next goes on")
  func boundedSteps() {
    let scene = Scene()
    let router = scene.router
    for number in 0..<1000 {
      var pair = FlowPair.blank
      for side in 0..<2 {
        let (from, to) = (Address(ipv4: UInt32(number + 1)), Address(ipv4: 0xffff_0000))
        let key = FlowKey(
          .ipv4, proto: IPProtocol.udp, source: side == 0 ? from : to, destination: side == 0 ? to : from,
          sourcePort: 1, destinationPort: 2, device: scene.lan)
        pair.sides[side] = FlowEntry(key: key)
        pair.sides[side].path = router.flows.paths.intern(FlowWay())
      }
      _ = router.flows.insert(pair.sides[0], pair.sides[1], FlowDetail())
    }
    #expect(router.flows.count == 1000)
    var counts = [1000]
    var now = scene.now
    for _ in 0..<1100 {
      now = now.adding(nanoseconds: 1_000_000)
      router.advance(to: now)
      if router.flows.count != counts.last { counts.append(router.flows.count) }
    }
    #expect(counts == [1000, 744, 488, 232, 0])
    #expect(router.flows.paths.count == 0)
  }
}
