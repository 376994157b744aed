// SPDX-License-Identifier: GPL-3.0-or-later

internal import CFlowMemory
import PacketWire

/// A flowtable as rules and control see it.
package struct Flowtable: Sendable {
  package let id: UInt32
  /// 1 for both families, 2 for IPv4, 10 for IPv6.
  package var familyNumber: UInt8
  /// Whether packets on the fast path are counted in conntrack.
  package var counts: Bool
  /// Whether its flows are meant for hardware: `flags offload`.
  package var offloadsToHardware: Bool
  /// Devices whose frames it looks at.
  package var devices: [UInt32]
}

/// The flows of all flowtables: storage, the index that the fast path looks them up in, and their paths.
///
/// A flow takes 256 octets for its two directions, 16 for the rest, 32 to 64 of the index (96 while that grows), and
/// its share of the paths: at most 384 in all, unless next hops are as many as flows.
package struct FlowStore: ~Copyable {
  package var pairs = Slab<FlowPair, 10>(.blank)
  package var details = Slab<FlowDetail, 10>(.blank)
  package var index = HashIndex()
  package var paths = PathTable()
  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  /// Flows, those that wait to be freed included.
  package var count: Int { pairs.count }

  /// Octets of memory for all of it.
  package var footprint: Int { pairs.footprint + details.footprint + index.footprint + paths.footprint }

  /// Fetches the bucket of a flow's direction that is about to be added.
  mutating func fetchBucket(of key: FlowKey) { index.fetch(key.hash(seed)) }

  /// Adds a flow, whose directions' paths were counted for it by ``PathTable/intern(_:)``.
  /// - Returns: its slot.
  package mutating func insert(_ original: FlowEntry, _ reply: FlowEntry, _ detail: FlowDetail) -> Int {
    let hashes = (original.key.hash(seed), reply.key.hash(seed))
    let slot = pairs.allocate()
    let same = details.allocate()
    precondition(slot == same)
    pairs[slot].sides[0] = original
    pairs[slot].sides[1] = reply
    pairs[slot].sides[0].hash = hashes.0
    pairs[slot].sides[1].hash = hashes.1
    details[slot] = detail
    details[slot].isUsed = true
    index.insert(hashes.0, slot * 2)
    index.insert(hashes.1, slot * 2 + 1)
    return slot
  }

  /// Frees a flow.
  package mutating func remove(_ slot: Int) {
    for side in 0..<2 {
      index.remove(pairs[slot].sides[side].hash, slot * 2 + side)
      paths.release(pairs[slot].sides[side].path)
    }
    pairs.release(slot)
    details.release(slot)
  }

  /// The direction of a flow that `key` names, as slot × 2 + direction, or -1. The newest wins; when that one is
  /// being torn down, there is none.
  @inline(__always)
  package func find(_ key: FlowKey, _ hash: UInt32) -> Int {
    // Safe: the index holds slots of the slab only.
    let found = index.first(hash) { unsafe entry($0).pointee.key.equals(key) }
    if found >= 0, unsafe entry(found).pointee.flags.isGone { return -1 }
    return found
  }

  /// As ``find(_:_:)``, for what has been read of a frame.
  ///
  /// Nothing is changed: only of a mutating function's value is the place passed, not a copy.
  @inline(never)
  @unsafe
  mutating func search(_ parse: UnsafePointer<FastParse>) -> Int {
    unsafe find(parse.pointee.key, parse.pointee.hash)
  }

  /// The flow direction `found` (slot × 2 + direction), in place: no copy of its two cache lines is made.
  @inline(__always)
  @unsafe
  func entry(_ found: Int) -> UnsafeMutablePointer<FlowEntry> {
    // Safe: a pair is two entries one after the other.
    unsafe pairs.part(found, log2: 1).assumingMemoryBound(to: FlowEntry.self)
  }

  /// When the flow ends by idleness, as the direction `found` knows.
  @inline(__always)
  func deadline(_ found: Int) -> UInt64 { pairs[found >> 1].sides[found & 1].deadline }

  /// The flow direction that a lookup of `hash` looks at first; nil for none.
  @inline(__always)
  @unsafe
  func candidate(_ hash: UInt32) -> UnsafeMutablePointer<FlowEntry>? {
    // Safe: the index holds slots of the slab only.
    let found = Int(index.newestMoved(hash))
    if found != 0 { return unsafe entry(found &- 1) }
    let unmoved = Int(index.newestUnmoved(hash))
    return unsafe unmoved == 0 ? nil : entry(unmoved &- 1)
  }

  /// Fetches the flow direction that a lookup of `hash` looks at first into the cache.
  @inline(__always)
  func fetch(_ hash: UInt32) {
    guard let entry = unsafe candidate(hash) else { return }
    // Safe: an entry is two cache lines.
    unsafe flow_prefetch_for_writing(entry)
    unsafe flow_prefetch_for_writing(UnsafeRawPointer(entry) + 64)
  }

  /// Sets flags of both directions.
  package mutating func set(_ flags: FlowFlags, _ slot: Int) {
    pairs[slot].sides[0].flags.formUnion(flags)
    pairs[slot].sides[1].flags.formUnion(flags)
  }
}
