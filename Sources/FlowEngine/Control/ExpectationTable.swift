// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// A flow that a client has announced: what its first packet will look like, and whose helper expects it.
///
/// Source: include/net/netfilter/nf_conntrack_expect.h, struct nf_conntrack_expect.
package struct Expectation: Equatable, Sendable {
  package var tuple: Tuple
  /// Which bits of the source address and port count.
  package var sourceMask: Address
  package var sourcePortMask: UInt16
  package var master: EntryID
  /// When it ends, nanoseconds on the engine's clock.
  package var deadline: UInt64
  package var id: UInt32
  /// 1 permanent, 2 inactive, 4 from userspace.
  package var flags: UInt32
  package var classNumber: UInt32
  package var zone: UInt16
  /// Of the master, sixteen octets.
  package var helper: UInt128
}

/// The expectations, oldest first.
package struct ExpectationTable: Sendable {
  package private(set) var entries: [Expectation] = []
  private var nextID: UInt32 = 1

  package init() {}

  /// A number for a new expectation.
  package mutating func takeID() -> UInt32 {
    defer { nextID &+= 0x9e37_79b1 }
    return nextID
  }

  package mutating func add(_ expectation: Expectation) { entries.append(expectation) }

  /// Changes the deadline of the expectation at `index`.
  package mutating func setDeadline(_ deadline: UInt64, at index: Int) { entries[index].deadline = deadline }

  /// Removes the expectations that `isChosen` names.
  ///
  /// - Parameter isChosen: called once for each.
  /// - Returns: those that were removed.
  package mutating func remove(where isChosen: (Expectation) -> Bool) -> [Expectation] {
    let removed = entries.filter(isChosen)
    if !removed.isEmpty { entries.removeAll { expectation in removed.contains { $0.id == expectation.id } } }
    return removed
  }
}
