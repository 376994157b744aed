// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

@Suite("neighbour table")
struct NeighbourTableTests {
  private func key(_ number: UInt64, device: UInt32 = 2) -> NeighbourKey {
    NeighbourKey(
      device: device, family: number % 2 == 0 ? .ipv4 : .ipv6, address: Address(high: 0, low: number))
  }

  @Test("holds what a dictionary holds, through insertions, changes, removals and flushes")
  func agreesWithDictionary() {
    var table = NeighbourTable(seed: 7)
    var model: [NeighbourKey: MACAddress] = [:]
    var random = RandomSource(seed: 3)
    for step in 0..<20_000 {
      let key = key(random.next() % 200, device: UInt32(random.next() % 3) + 2)
      switch random.next() % 8 {
      case 0...3:
        let mac = MACAddress(random.next() & 0xffff_ffff_ffff)
        table[key] = Neighbour(state: .reachable, mac: mac)
        model[key] = mac
      case 4, 5:
        table[key] = nil
        model[key] = nil
      case 6:
        table[key]?.mac = .broadcast
        if model[key] != nil { model[key] = .broadcast }
      default:
        guard step % 500 == 0 else { break }
        table.flush(device: key.device, key.family)
        model = model.filter { $0.key.device != key.device || $0.key.family != key.family }
      }
      #expect(table.link(key)?.mac == model[key])
    }
    #expect(model.count > 50)
    #expect(table.entries.count == model.count)
    for (key, mac) in model { #expect(table.link(key)?.mac == mac) }
  }

  @Test("a full table gives up entries without a use, and no others")
  func eviction() {
    var table = NeighbourTable(seed: 7)
    let limit = UInt64(NeighbourTimes.maximumEntries)
    for number in 0..<limit {
      table[key(number)] = Neighbour(state: number == 5 ? .stale : .permanent, mac: .broadcast)
    }
    table.knownOrNew(key(limit))
    #expect(table.entries.count == NeighbourTimes.maximumEntries)
    #expect(table.link(key(5)) == nil)
    #expect(table.link(key(limit))?.state == NeighbourState.none)
    table[key(limit)]?.state = .permanent
    table.knownOrNew(key(limit + 1))
    #expect(table.link(key(limit + 1)) == nil)
    #expect((0..<limit).allSatisfy { $0 == 5 || table.entries[Int($0)].neighbour.state == .permanent })
  }
}
