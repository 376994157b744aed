// SPDX-License-Identifier: GPL-3.0-or-later

internal import CFlowMemory

/// Storage of flat records, in chunks that never move, with a list of free slots. A chunk has 2^`chunkLog2` records.
///
/// Eight chunks share a block of memory, of which large pages can be made; each is written to only when its turn comes.
/// `@safe`: a slot is valid below `capacity`, which `isValid` tests; the subscript traps beyond it.
@safe
package struct Slab<Record: BitwiseCopyable, let chunkLog2: Int>: ~Copyable {
  private static var chunkSize: Int { 1 << chunkLog2 }
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Record>>
  private var chunkRoom = 64
  private var chunkCount = 0
  /// Where the next chunk of the last block begins, and how many it still has.
  private var block: UnsafeMutablePointer<Record>?
  private var blockLeft = 0
  /// The free slot that is used next, or `.max`; the first four octets of each free record name the one after it.
  private var firstFree = UInt32.max
  private let blank: Record
  /// The first four octets of `blank`.
  private let firstOctets: UInt32
  /// Slots that exist, used or free.
  package private(set) var capacity = 0
  /// Slots in use.
  package private(set) var count = 0

  /// Octets of memory.
  package var footprint: Int {
    capacity * MemoryLayout<Record>.stride + chunkRoom * 8
  }

  /// An empty slab whose new records are copies of `blank`.
  package init(_ blank: Record) {
    precondition(MemoryLayout<Record>.size >= 4 && MemoryLayout<Record>.alignment >= 4)
    self.blank = blank
    // Safe: a record is larger.
    firstOctets = unsafe withUnsafeBytes(of: blank) { unsafe $0.load(as: UInt32.self) }
    unsafe chunks = .allocate(capacity: 64)
  }

  deinit {
    for first in stride(from: 0, to: chunkCount, by: Self.chunksOfBlock) {
      unsafe flow_memory_free(chunks[first], Self.chunksOfBlock * Self.chunkOctets)
    }
    unsafe chunks.deallocate()
  }

  private static var chunksOfBlock: Int { 8 }
  private static var chunkOctets: Int { chunkSize * MemoryLayout<Record>.stride }

  /// A slot that holds a copy of the blank record. The one after it is fetched into the cache.
  package mutating func allocate() -> Int {
    if firstFree == .max { addChunk() }
    let slot = Int(firstFree)
    // Safe: a free record is the blank one but for the number in its first octets.
    firstFree = unsafe UnsafeRawPointer(pointer(slot)).load(as: UInt32.self)
    setFirstOctets(slot, firstOctets)
    if firstFree != .max { fetch(Int(firstFree)) }
    count += 1
    return slot
  }

  /// Gives `slot` back.
  package mutating func release(_ slot: Int) {
    self[slot] = blank
    chain(slot)
    count -= 1
  }

  /// Puts `slot` in front of the free ones.
  private mutating func chain(_ slot: Int) {
    setFirstOctets(slot, firstFree)
    firstFree = UInt32(truncatingIfNeeded: slot)
  }

  private func setFirstOctets(_ slot: Int, _ value: UInt32) {
    // Safe: a record is larger and has no invalid bit patterns while it is free.
    unsafe UnsafeMutableRawPointer(pointer(slot)).storeBytes(of: value, as: UInt32.self)
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
    if blockLeft == 0 {
      blockLeft = Self.chunksOfBlock
      unsafe block = flow_memory_allocate(blockLeft * Self.chunkOctets)
        .bindMemory(to: Record.self, capacity: blockLeft * Self.chunkSize)
    }
    guard let chunk = unsafe block else { preconditionFailure("no block") }
    unsafe block = chunk + Self.chunkSize
    blockLeft -= 1
    unsafe chunk.initialize(repeating: blank, count: Self.chunkSize)
    unsafe (chunks + chunkCount).initialize(to: chunk)
    chunkCount += 1
    capacity += Self.chunkSize
    for slot in (capacity - Self.chunkSize..<capacity).reversed() { chain(slot) }
  }

  /// Where the record of `slot` is: valid while the slab lives. Traps when there is no such slot.
  @inline(__always)
  @unsafe
  func pointer(_ slot: Int) -> UnsafeMutablePointer<Record> {
    precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
    return unsafe chunks[slot >> chunkLog2] + (slot & (Self.chunkSize - 1))
  }

  /// Where part `number` is, when each record is 2^`log2` equal parts: valid while the slab lives. Traps when there is no such
  /// part.
  @inline(__always)
  @unsafe
  func part(_ number: Int, log2: Int) -> UnsafeMutableRawPointer {
    precondition(UInt(bitPattern: number) < UInt(bitPattern: capacity << log2))
    let chunk = unsafe UnsafeMutableRawPointer(chunks[number >> (chunkLog2 &+ log2)])
    let place = number & (Self.chunkSize << log2 &- 1)
    return unsafe chunk + place &* (MemoryLayout<Record>.stride >> log2)
  }

  /// Fetches the record of `slot`, which is needed later, into the second level of the cache. Traps when there is no such slot.
  @inline(__always)
  func fetch(_ slot: Int) {
    // Safe: a hint only; no octet is read.
    let record = unsafe UnsafeRawPointer(pointer(slot))
    for offset in stride(from: 0, to: MemoryLayout<Record>.stride, by: 64) {
      unsafe flow_prefetch_for_later(record + offset)
    }
  }

  /// The record of `slot`. Traps when there is no such slot.
  package subscript(slot: Int) -> Record {
    @inline(__always)
    unsafeAddress {
      precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
      return unsafe UnsafePointer(chunks[slot >> chunkLog2] + (slot & (Self.chunkSize - 1)))
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
      return unsafe chunks[slot >> chunkLog2] + (slot & (Self.chunkSize - 1))
    }
  }
}
