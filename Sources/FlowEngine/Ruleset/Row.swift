// SPDX-License-Identifier: GPL-3.0-or-later

/// A growable row of plain values in memory of its own: what the packet path reads instead of an array, so
/// that no reference is counted there. `@safe`: every access checks its index against `count`.
@safe
struct Row<Element: BitwiseCopyable>: ~Copyable {
  private var storage: UnsafeMutablePointer<Element>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 16) {
    self.capacity = max(1, capacity)
    unsafe storage = .allocate(capacity: self.capacity)
  }

  deinit { unsafe storage.deallocate() }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    unsafeAddress {
      precondition(index >= 0 && index < count)
      // Safe: the index was checked, and elements below `count` are initialised.
      return unsafe UnsafePointer(storage + index)
    }
    unsafeMutableAddress {
      precondition(index >= 0 && index < count)
      // Safe: as above.
      return unsafe storage + index
    }
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
    let larger = capacity * 2
    let fresh = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    // Safe: both blocks hold at least `count` elements and do not overlap.
    unsafe fresh.moveInitialize(from: storage, count: count)
    unsafe storage.deallocate()
    unsafe storage = fresh
    capacity = larger
  }
}
