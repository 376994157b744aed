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

  /// Whether `tuple` is what is expected: all of it but the source, of which the bits of the mask count.
  func meets(_ other: Tuple) -> Bool {
    var masked = other
    func merge(_ own: UInt64, _ theirs: UInt64, _ mask: UInt64) -> UInt64 { own & ~mask | theirs & mask }
    masked.source = Address(
      high: merge(tuple.source.high, other.source.high, sourceMask.high),
      low: merge(tuple.source.low, other.source.low, sourceMask.low))
    masked.sourcePort = tuple.sourcePort & ~sourcePortMask | other.sourcePort & sourcePortMask
    return masked == tuple
  }
}

/// The expectations, oldest first.
package struct ExpectationTable: Sendable {
  package private(set) var entries: [Expectation] = []
  private var nextID: UInt32 = 1

  package init() {}

  /// Whether nothing is expected.
  package var isEmpty: Bool { entries.isEmpty }

  /// A number for a new expectation.
  package mutating func takeID() -> UInt32 {
    defer { nextID &+= 0x9e37_79b1 }
    return nextID
  }

  package mutating func add(_ expectation: Expectation) { entries.append(expectation) }

  /// Changes the deadline of the expectation at `index`.
  package mutating func setDeadline(_ deadline: UInt64, at index: Int) { entries[index].deadline = deadline }

  /// The living, active expectation that a flow's first packet meets; it is used up unless it is permanent.
  ///
  /// - Parameters:
  ///   - tuple: of the packet, in its zone.
  ///   - now: nanoseconds on the engine's clock.
  ///   - isUsable: whether a master is still there and confirmed.
  /// - Returns: the expectation, or nil when the flow is not expected.
  ///
  /// Source: net/netfilter/nf_conntrack_expect.c, nf_ct_find_expectation.
  package mutating func take(
    _ tuple: Tuple, now: UInt64, masterIsUsable isUsable: (EntryID) -> Bool
  ) -> Expectation? {
    guard
      let index = entries.firstIndex(where: {
        $0.flags & Self.inactive == 0 && $0.deadline > now && $0.meets(tuple)
      }), isUsable(entries[index].master)
    else { return nil }
    return entries[index].flags & Self.permanent != 0 ? entries[index] : entries.remove(at: index)
  }

  private static var permanent: UInt32 { 1 }
  private static var inactive: UInt32 { 2 }

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
