// SPDX-License-Identifier: GPL-3.0-or-later

/// Remembers at least the last 256 identities that were sent, in constant memory.
///
/// A dump that resumes in a bucket whose next entry has meanwhile gone starts that bucket again, and so sends its
/// entries twice (net/netfilter/nf_conntrack_netlink.c, `ctnetlink_dump_table`). No hash chain is longer than 80
/// entries (`MAX_CHAINLEN`), so that whatever is sent again was sent shortly before.
struct RecentIdentities {
  private static let rotation = 256
  private static let slots = 1024

  private var current = [UInt64](repeating: 0, count: slots)
  private var previous = [UInt64](repeating: 0, count: slots)
  private var currentCount = 0

  /// Adds `identity`.
  ///
  /// - Returns: false when it is among those remembered.
  mutating func insert(_ identity: UInt64) -> Bool {
    let key = identity == 0 ? 1 : identity  // 0 marks an empty slot
    if Self.find(key, in: previous) != nil { return false }
    guard let slot = Self.vacancy(for: key, in: current) else { return false }
    current[slot] = key
    currentCount += 1
    if currentCount == Self.rotation {
      swap(&current, &previous)
      for index in current.indices { current[index] = 0 }
      currentCount = 0
    }
    return true
  }

  /// The slot that holds `key`.
  @inline(__always)
  private static func find(_ key: UInt64, in table: borrowing [UInt64]) -> Int? {
    var slot = Int(truncatingIfNeeded: key & UInt64(slots - 1))
    while table[slot] != 0 {
      if table[slot] == key { return slot }
      slot = (slot + 1) & (slots - 1)
    }
    return nil
  }

  /// The slot where `key` goes; nil when it is there already. A table is never more than a quarter full.
  @inline(__always)
  private static func vacancy(for key: UInt64, in table: borrowing [UInt64]) -> Int? {
    var slot = Int(truncatingIfNeeded: key & UInt64(slots - 1))
    while table[slot] != 0 {
      if table[slot] == key { return nil }
      slot = (slot + 1) & (slots - 1)
    }
    return slot
  }
}
