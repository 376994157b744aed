// SPDX-License-Identifier: GPL-3.0-or-later

/// Remembers at least the last 256 identities that were sent, in constant memory.
///
/// A dump that resumes in a bucket whose next entry has meanwhile gone starts that bucket again, and so sends its
/// entries twice (net/netfilter/nf_conntrack_netlink.c, `ctnetlink_dump_table`). No hash chain is longer than 80
/// entries (`MAX_CHAINLEN`), so that whatever is sent again was sent shortly before.
struct RecentIdentities {
  private static let rotation = 256
  private static let slots = 1024

  /// The identities that came since the last rotation, and those of the rotation before: a half of the table each.
  private var table = [UInt64](repeating: 0, count: 2 * slots)
  /// Where the half of the current rotation begins.
  private var current = 0
  private var currentCount = 0

  /// Adds `identity`.
  ///
  /// - Returns: false when it is among those remembered.
  mutating func insert(_ identity: UInt64) -> Bool {
    let key = identity == 0 ? 1 : identity  // 0 marks an empty slot
    guard vacancy(for: key, from: Self.slots - current) != nil, let slot = vacancy(for: key, from: current)
    else { return false }
    table[slot] = key
    currentCount += 1
    if currentCount == Self.rotation {
      current = Self.slots - current
      for index in current..<current + Self.slots { table[index] = 0 }
      currentCount = 0
    }
    return true
  }

  /// The slot where `key` goes in the half that begins at `half`; nil when it is there already. A half is never more
  /// than a quarter full.
  @inline(__always)
  private func vacancy(for key: UInt64, from half: Int) -> Int? {
    var slot = Int(truncatingIfNeeded: key & UInt64(Self.slots - 1))
    while table[half + slot] != 0 {
      if table[half + slot] == key { return nil }
      slot = (slot + 1) & (Self.slots - 1)
    }
    return half + slot
  }
}
