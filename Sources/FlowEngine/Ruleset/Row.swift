// SPDX-License-Identifier: GPL-3.0-or-later

/// A growable row of plain values in memory of its own: what the packet path reads instead of an array, so
/// that no reference is counted there. `@safe`: every access checks its index against `count`.
@safe
struct Row<Element: BitwiseCopyable>: ~Copyable {
  private var memory: RowMemory
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 16) {
    self.capacity = max(1, capacity)
    memory = Self.memory(self.capacity)
  }

  init(repeating element: Element, count: Int) {
    self.init(capacity: count)
    for _ in 0..<count { append(element) }
  }

  private static func memory(_ capacity: Int) -> RowMemory {
    RowMemory(octets: capacity * MemoryLayout<Element>.stride, alignment: MemoryLayout<Element>.alignment)
  }

  /// Where the elements are.
  private var storage: UnsafeMutablePointer<Element> {
    @inline(__always) get { unsafe memory.start.assumingMemoryBound(to: Element.self) }
  }

  /// Octets of memory.
  var footprint: Int { capacity * MemoryLayout<Element>.stride }

  /// Where element `index` is: valid until one is added. Traps when there is none.
  @inline(__always)
  @unsafe
  func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
    // One comparison: as unsigned numbers, those below zero are beyond all others.
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    // Safe: the index was checked, and elements below `count` are initialised.
    return unsafe storage + index
  }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    unsafeAddress { unsafe UnsafePointer(pointer(index)) }
    unsafeMutableAddress { unsafe pointer(index) }
  }

  mutating func append(_ element: Element) {
    if count == capacity { grow() }
    // Safe: `count` is below `capacity` here.
    unsafe (storage + count).initialize(to: element)
    count += 1
  }

  /// Forgets all elements and keeps the memory.
  mutating func removeAll() { count = 0 }

  private mutating func grow() {
    let larger = Self.memory(capacity * 2)
    // Safe: both blocks hold at least `count` elements, which are plain values, and do not overlap.
    unsafe larger.start.copyMemory(from: memory.start, byteCount: count * MemoryLayout<Element>.stride)
    memory = larger
    capacity *= 2
  }
}

/// The memory of a row, given back with it.
///
/// Not generic, as `Row` is: debug builds of Swift 6.3 call no `deinit` of generic types that cannot be copied.
@safe
private struct RowMemory: ~Copyable {
  /// Valid while this value lives.
  @unsafe let start: UnsafeMutableRawPointer

  init(octets: Int, alignment: Int) {
    unsafe start = .allocate(byteCount: octets, alignment: alignment)
  }

  deinit { unsafe start.deallocate() }
}
