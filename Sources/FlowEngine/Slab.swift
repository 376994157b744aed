// SPDX-License-Identifier: GPL-3.0-or-later

internal import CFlowMemory

/// Storage of flat records, in chunks that never move, with a list of free slots. A chunk has 2^`chunkLog2` records.
///
/// Eight chunks share a block of memory, of which large pages can be made; each is written to only when its turn comes.
/// `@safe`: a slot is valid below `capacity`, which `isValid` tests; the subscript traps beyond it.
@safe
package struct Slab<Record: BitwiseCopyable, let chunkLog2: Int>: ~Copyable {
  private static var chunkSize: Int { 1 << chunkLog2 }
  private var chunks: ChunkList
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
    capacity * MemoryLayout<Record>.stride + chunks.footprint
  }

  /// An empty slab whose new records are copies of `blank`.
  package init(_ blank: Record) {
    precondition(MemoryLayout<Record>.size >= 4 && MemoryLayout<Record>.alignment >= 4)
    self.blank = blank
    // Safe: a record is larger.
    firstOctets = unsafe withUnsafeBytes(of: blank) { unsafe $0.load(as: UInt32.self) }
    chunks = ChunkList(chunkOctets: Self.chunkSize * MemoryLayout<Record>.stride)
  }

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
    let chunk = unsafe chunks.add().bindMemory(to: Record.self, capacity: Self.chunkSize)
    unsafe chunk.initialize(repeating: blank, count: Self.chunkSize)
    capacity += Self.chunkSize
    for slot in (capacity - Self.chunkSize..<capacity).reversed() { chain(slot) }
  }

  /// Where the record of `slot` is: valid while the slab lives. Traps when there is no such slot.
  @inline(__always)
  @unsafe
  func pointer(_ slot: Int) -> UnsafeMutablePointer<Record> {
    precondition(UInt(bitPattern: slot) < UInt(bitPattern: capacity))
    // Safe: the chunk is bound to records.
    let chunk = unsafe chunks.places[slot >> chunkLog2].assumingMemoryBound(to: Record.self)
    return unsafe chunk + (slot & (Self.chunkSize - 1))
  }

  /// Where part `number` is, when each record is 2^`log2` equal parts: valid while the slab lives. Traps when there is no such
  /// part.
  @inline(__always)
  @unsafe
  func part(_ number: Int, log2: Int) -> UnsafeMutableRawPointer {
    precondition(UInt(bitPattern: number) < UInt(bitPattern: capacity << log2))
    let chunk = unsafe chunks.places[number >> (chunkLog2 &+ log2)]
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
    unsafeAddress { unsafe UnsafePointer(pointer(slot)) }
    @inline(__always)
    unsafeMutableAddress { unsafe pointer(slot) }
  }
}

/// The chunks of a slab, each of as many octets, which never move.
///
/// Not generic, as `Slab` is: debug builds of Swift 6.3 call no `deinit` of generic types that cannot be copied.
@safe
private struct ChunkList: ~Copyable {
  /// Where each chunk is. Valid up to the number of chunks, until one is added.
  @unsafe private(set) var places: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private var room = 64
  private var count = 0
  private let chunkOctets: Int

  /// Chunks that share a block.
  private static var chunksOfBlock: Int { 8 }

  /// Octets of the list.
  var footprint: Int { room * 8 }

  init(chunkOctets: Int) {
    self.chunkOctets = chunkOctets
    unsafe places = .allocate(capacity: room)
  }

  deinit {
    for first in stride(from: 0, to: count, by: Self.chunksOfBlock) {
      unsafe flow_memory_free(places[first], Self.chunksOfBlock * chunkOctets)
    }
    unsafe places.deallocate()
  }

  /// Adds a chunk, aligned to a cache line.
  mutating func add() -> UnsafeMutableRawPointer {
    if count == room {
      let larger = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: room * 2)
      unsafe larger.moveInitialize(from: places, count: count)
      unsafe places.deallocate()
      unsafe places = larger
      room *= 2
    }
    // Only a raw allocation can promise 64-octet alignment; the chunks of a block lie one after the other.
    let chunk: UnsafeMutableRawPointer
    if count % Self.chunksOfBlock == 0 {
      unsafe chunk = flow_memory_allocate(Self.chunksOfBlock * chunkOctets)
    } else {
      unsafe chunk = places[count - 1] + chunkOctets
    }
    unsafe (places + count).initialize(to: chunk)
    count += 1
    return unsafe chunk
  }
}
