// SPDX-License-Identifier: GPL-3.0-or-later

internal import CFlowMemory

/// Hash of one word mixed with another: the halves of their product folded together.
@inline(__always)
func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = a.multipliedFullWidth(by: b)
  return product.high ^ product.low
}

/// Open-addressed index from 32-bit hashes to 32-bit slots of a slab.
///
/// A bucket is hash << 32 | slot + 1, 0 when empty. The home of a bucket follows from its own hash bits, so
/// deletion shifts buckets back and growth moves them without touching the slab. Growth moves a bounded number
/// of buckets with each insertion. Among equal hashes the buckets keep their order.
///
/// `@safe`: every bucket position is masked to the table that it indexes.
@safe
package struct HashIndex: ~Copyable {
  private var buckets: UnsafeMutablePointer<UInt64>
  private var mask: Int
  private var previous: UnsafeMutablePointer<UInt64>?
  private var previousMask = 0
  private var cursor = 0
  /// Changes with every insertion and removal.
  package private(set) var version: UInt64 = 0
  /// Number of entries.
  package private(set) var count = 0

  /// Buckets moved from the previous table at each insertion or removal.
  private static let moveStep = 64

  /// An empty index of 2^`capacityLog2` buckets.
  package init(capacityLog2: Int = 10) {
    let capacity = 1 << capacityLog2
    mask = capacity - 1
    unsafe buckets = Self.table(capacity)
    unsafe previous = nil
  }

  deinit {
    unsafe flow_memory_free(buckets, (mask + 1) * 8)
    if let previous = unsafe previous { unsafe flow_memory_free(previous, (previousMask + 1) * 8) }
  }

  /// A table of empty buckets. Zero octets are empty buckets, so that a large one costs nothing until it is used.
  private static func table(_ capacity: Int) -> UnsafeMutablePointer<UInt64> {
    unsafe flow_memory_allocate(capacity * 8).bindMemory(to: UInt64.self, capacity: capacity)
  }

  /// Octets of the tables.
  package var footprint: Int { (mask + 1 + (unsafe previous == nil ? 0 : previousMask + 1)) * 8 }

  /// Calls `body` with each slot stored under `hash`, newest first, until it returns true.
  /// - Returns: the slot for which it did, or -1.
  @inline(__always)
  package func first(_ hash: UInt32, where body: (Int) -> Bool) -> Int {
    let found = unsafe Self.scan(buckets, mask, hash, body)
    if found >= 0 { return found }
    guard let previous = unsafe previous else { return -1 }
    return unsafe Self.scan(previous, previousMask, hash, body)
  }

  /// The slot that was stored last under `hash`, plus one; 0 for none, or one that growth has yet to move: then
  /// ``newestUnmoved(_:)`` has it.
  @inline(__always)
  package func newestMoved(_ hash: UInt32) -> UInt32 { unsafe Self.newest(buckets, mask, hash) }

  /// The same for what growth has yet to move.
  @inline(never)
  package func newestUnmoved(_ hash: UInt32) -> UInt32 {
    guard let previous = unsafe previous else { return 0 }
    return unsafe Self.newest(previous, previousMask, hash)
  }

  @inline(__always)
  private static func newest(_ table: UnsafeMutablePointer<UInt64>, _ mask: Int, _ hash: UInt32) -> UInt32 {
    var position = Int(hash) & mask
    // Most lookups end at one of the first two buckets: which one cannot be foretold, so there is no branch between them. An
    // empty home has nothing of its hash behind it.
    let home = unsafe table[position]
    let isElsewhere = UInt32(truncatingIfNeeded: home >> 32) ^ hash
    position = (position &+ (isElsewhere == 0 ? 0 : 1)) & mask
    var bucket = unsafe table[position]
    // Terminates, as below. An empty bucket has no slot, whatever the hash.
    while UInt32(truncatingIfNeeded: bucket >> 32) != hash {
      if bucket == 0 { return 0 }
      position = (position &+ 1) & mask
      bucket = unsafe table[position]
    }
    return UInt32(truncatingIfNeeded: bucket)
  }

  @inline(__always)
  private static func scan(
    _ table: UnsafeMutablePointer<UInt64>, _ mask: Int, _ hash: UInt32, _ body: (Int) -> Bool
  ) -> Int {
    var position = Int(hash) & mask
    // Terminates: the load stays at or below one half, so each probe path meets an empty bucket.
    while true {
      let bucket = unsafe table[position]
      if bucket == 0 { return -1 }
      if UInt32(truncatingIfNeeded: bucket >> 32) == hash {
        let slot = Int(UInt32(truncatingIfNeeded: bucket)) &- 1
        if body(slot) { return slot }
      }
      position = (position &+ 1) & mask
    }
  }

  /// Fetches the bucket of `hash`, so that it is in the cache when the lookup comes.
  @inline(__always)
  package func fetch(_ hash: UInt32) { unsafe flow_prefetch(buckets + (Int(hash) & mask)) }

  /// Adds `slot` under `hash`, before slots of the same hash.
  package mutating func insert(_ hash: UInt32, _ slot: Int) {
    if (count + 1) * 2 > mask + 1 { grow() }
    version &+= 1
    move(Self.moveStep)
    unsafe Self.place(buckets, mask, UInt64(hash) << 32 | UInt64(slot + 1), first: true)
    count += 1
  }

  /// Removes `slot` from under `hash`.
  /// - Returns: whether it was there.
  @discardableResult
  package mutating func remove(_ hash: UInt32, _ slot: Int) -> Bool {
    version &+= 1
    move(Self.moveStep)
    let bucket = UInt64(hash) << 32 | UInt64(slot + 1)
    var removed = unsafe Self.take(buckets, mask, bucket)
    if !removed, let previous = unsafe previous {
      removed = unsafe Self.take(previous, previousMask, bucket)
    }
    if removed { count -= 1 }
    return removed
  }

  private mutating func grow() {
    move(.max)
    let capacity = (mask + 1) * 2
    unsafe previous = buckets
    previousMask = mask
    cursor = 0
    unsafe buckets = Self.table(capacity)
    mask = capacity - 1
  }

  /// Moves up to `steps` positions of the previous table into the current one.
  private mutating func move(_ steps: Int) {
    guard let table = unsafe previous else { return }
    var left = steps
    while left > 0, cursor <= previousMask {
      left -= 1
      let bucket = unsafe table[cursor]
      if bucket == 0 {
        cursor += 1
      } else {
        unsafe Self.erase(table, previousMask, cursor)
        unsafe Self.place(buckets, mask, bucket, first: false)
      }
    }
    if cursor > previousMask {
      unsafe flow_memory_free(table, (previousMask + 1) * 8)
      unsafe previous = nil
    }
  }

  /// Puts `bucket` into its probe path: before the first bucket of the same hash, else at the end.
  private static func place(
    _ table: UnsafeMutablePointer<UInt64>, _ mask: Int, _ bucket: UInt64, first: Bool
  ) {
    var position = Int(bucket >> 32) & mask
    var carried = bucket
    while true {
      let present = unsafe table[position]
      if present == 0 {
        unsafe table[position] = carried
        return
      }
      if first, present >> 32 == carried >> 32 {
        // The newcomer takes the place and the older one of the same hash moves on.
        unsafe table[position] = carried
        carried = present
      }
      position = (position &+ 1) & mask
    }
  }

  private static func take(_ table: UnsafeMutablePointer<UInt64>, _ mask: Int, _ bucket: UInt64) -> Bool {
    var position = Int(bucket >> 32) & mask
    while true {
      let present = unsafe table[position]
      if present == 0 { return false }
      if present == bucket {
        unsafe erase(table, mask, position)
        return true
      }
      position = (position &+ 1) & mask
    }
  }

  /// Empties `position` and shifts back what had been pushed behind it.
  private static func erase(_ table: UnsafeMutablePointer<UInt64>, _ mask: Int, _ position: Int) {
    var hole = position
    var next = (hole &+ 1) & mask
    while true {
      let bucket = unsafe table[next]
      if bucket == 0 { break }
      let home = Int(bucket >> 32) & mask
      // The bucket may fill the hole unless its home lies behind the hole.
      if (next &- home) & mask >= (next &- hole) & mask {
        unsafe table[hole] = bucket
        hole = next
      }
      next = (next &+ 1) & mask
    }
    unsafe table[hole] = 0
  }
}
