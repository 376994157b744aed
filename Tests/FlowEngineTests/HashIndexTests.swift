// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import Testing

@Suite("hash index")
struct HashIndexTests {
  @Test("slots are found, removed and found no more while the index grows in steps")
  func growth() {
    var index = HashIndex(capacityLog2: 4)
    var random = RandomSource(seed: 7)
    var known: [Int: UInt32] = [:]
    for slot in 0..<20_000 {
      let hash = UInt32(truncatingIfNeeded: random.next())
      index.insert(hash, slot)
      known[slot] = hash
      if slot % 3 == 0, let victim = known.keys.first, let hash = known.removeValue(forKey: victim) {
        let removed = index.remove(hash, victim)
        #expect(removed)
      }
    }
    #expect(index.count == known.count)
    for (slot, hash) in known { #expect(index.first(hash) { $0 == slot } == slot) }
    for (slot, hash) in known { index.remove(hash, slot) }
    #expect(index.count == 0)
    for (slot, hash) in known { #expect(index.first(hash) { $0 == slot } == -1) }
  }

  @Test("of equal hashes the newest is found first")
  func order() {
    var index = HashIndex(capacityLog2: 4)
    for slot in 0..<3 { index.insert(5, slot) }
    #expect(index.first(5) { _ in true } == 2)
    index.remove(5, 2)
    #expect(index.first(5) { _ in true } == 1)
  }

  @Test("the newest slot of a hash is found in either table while the index grows")
  func newest() {
    var index = HashIndex(capacityLog2: 4)
    var random = RandomSource(seed: 9)
    // Few hashes near one another: long probe paths, and several slots for most hashes.
    func hash() -> UInt32 { UInt32(random.number(below: 6000)) }
    var unmoved = 0
    for slot in 0..<20_000 {
      index.insert(hash(), slot)
      let asked = hash()
      let found = index.newestMoved(asked)
      if found == 0, index.newestUnmoved(asked) != 0 { unmoved += 1 }
      let newest = Int(found == 0 ? index.newestUnmoved(asked) : found) - 1
      #expect(newest == index.first(asked) { _ in true })
    }
    #expect(unmoved > 50)
  }
}
