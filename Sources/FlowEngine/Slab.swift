// SPDX-License-Identifier: GPL-3.0-or-later

/// Storage of flat records, in chunks that never move, with a list of free slots.
///
/// `@safe`: a slot is valid below `capacity`, which `isValid` tests; the subscript traps beyond it.
@safe
package struct Slab<Record: BitwiseCopyable>: ~Copyable {
  private static var chunkLog2: Int { 10 }
  private static var chunkSize: Int { 1 << chunkLog2 }
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Record>>
  private var chunkRoom = 64
  private var chunkCount = 0
  private var free: [UInt32] = []
  private let blank: Record
  /// Slots that exist, used or free.
  package private(set) var capacity = 0
  /// Slots in use.
  package private(set) var count = 0

  /// Octets of memory.
  package var footprint: Int {
    capacity * MemoryLayout<Record>.stride + chunkRoom * 8 + free.capacity * 4
  }

  /// An empty slab whose new records are copies of `blank`.
  package init(_ blank: Record) {
    self.blank = blank
    unsafe chunks = .allocate(capacity: 64)
  }

  deinit {
    for index in 0..<chunkCount { unsafe UnsafeMutableRawPointer(chunks[index]).deallocate() }
    unsafe chunks.deallocate()
  }

  /// A slot that holds a copy of the blank record.
  package mutating func allocate() -> Int {
    if free.isEmpty { addChunk() }
    let slot = Int(free.removeLast())
    count += 1
    self[slot] = blank
    return slot
  }

  /// Gives `slot` back.
  package mutating func release(_ slot: Int) {
    self[slot] = blank
    free.append(UInt32(slot))
    count -= 1
  }

  private mutating func addChunk() {
    if chunkCount == chunkRoom {
      let larger = UnsafeMutablePointer<UnsafeMutablePointer<Record>>.allocate(capacity: chunkRoom * 2)
      unsafe larger.moveInitialize(from: chunks, count: chunkCount)
      unsafe chunks.deallocate()
      unsafe chunks = larger
      chunkRoom *= 2
    }
    // A record is a whole number of cache lines; only a raw allocation can promise 64-octet alignment.
    let chunk =
      unsafe UnsafeMutableRawPointer
      .allocate(byteCount: Self.chunkSize * MemoryLayout<Record>.stride, alignment: 64)
      .bindMemory(to: Record.self, capacity: Self.chunkSize)
    unsafe chunk.initialize(repeating: blank, count: Self.chunkSize)
    unsafe (chunks + chunkCount).initialize(to: chunk)
    chunkCount += 1
    free.reserveCapacity(free.count + Self.chunkSize)
    for slot in (capacity..<capacity + Self.chunkSize).reversed() { free.append(UInt32(slot)) }
    capacity += Self.chunkSize
  }

  /// Where the record of `slot` is: valid while the slab lives. Traps when there is no such slot.
  @inline(__always)
  @unsafe
  func pointer(_ slot: Int) -> UnsafeMutablePointer<Record> {
    precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
    return unsafe chunks[slot >> Self.chunkLog2] + (slot & (Self.chunkSize - 1))
  }

  /// The record of `slot`. Traps when there is no such slot.
  package subscript(slot: Int) -> Record {
    @inline(__always)
    unsafeAddress {
      precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
      return unsafe UnsafePointer(chunks[slot >> Self.chunkLog2] + (slot & (Self.chunkSize - 1)))
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
      return unsafe chunks[slot >> Self.chunkLog2] + (slot & (Self.chunkSize - 1))
    }
  }
}
