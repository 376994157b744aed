// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import Testing

@Suite("slabs of records")
struct SlabTests {
  private struct Record: BitwiseCopyable {
    var words: [8 of UInt64] = .init(repeating: 0x0102_0304_0506_0708)
  }

  @Test("a slot that was given back is blank again, and used before the table grows")
  func reuse() {
    var slab = Slab<Record, 10>(Record())
    // Beyond the first chunks, so that blocks of several chunks are used as well.
    let slots = (0..<20_000).map { _ in slab.allocate() }
    #expect(Set(slots).count == slots.count && slab.count == slots.count)
    for slot in slots { slab[slot].words = .init(repeating: UInt64(slot)) }
    let wrong = slots.filter { slab[$0].words[0] != UInt64($0) || slab[$0].words[7] != UInt64($0) }
    #expect(wrong.isEmpty)
    let capacity = slab.capacity
    for slot in slots { slab.release(slot) }
    let again = (0..<20_000).map { _ in slab.allocate() }
    #expect(Set(again) == Set(slots) && slab.capacity == capacity)
    let blank = Record().words[0]
    let unclean = again.filter { slot in (0..<8).contains { slab[slot].words[$0] != blank } }
    #expect(unclean.isEmpty)
  }
}
