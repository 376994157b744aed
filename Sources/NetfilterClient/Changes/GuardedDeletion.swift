// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Deletes entries that a dump showed, many at a time, and never one that came after the look at it.
///
/// `CTA_ID` alone cannot tell an entry from a later one of the same tuples: it is a hash of the entry's address in
/// the kernel, which is given out again at once (net/netfilter/nf_conntrack_core.c, `nf_ct_get_id`; entries are of a
/// cache that reuses their memory without waiting). So each entry is held first: a short-lived entry of another
/// tuple is created that has it as its master, and as long as that one lives, the memory is not reused. Then the
/// entry is read again, and only if it is still one that was selected, it is deleted by tuple, zone and id. Between
/// that look and the deletion no other entry can have this id.
///
/// Where the table has no room for the holders, entries are looked at again and deleted without being held: a
/// holder would push out another entry.
package struct GuardedDeletion: ~Copyable {
  /// What became of an entry.
  package enum Outcome: Sendable {
    case deleted
    /// It had gone, or something else was in its place: nothing was deleted.
    case vanished
  }

  /// Entries that are worked on together.
  private static let limit = RequestBatch.usualLimit
  /// Room that the table must have for holders.
  private static let headroom: UInt32 = 1024
  /// Seconds that a holder lives when nobody deletes it, as when this program is killed.
  private static let holderTimeout: UInt32 = 10

  private let session: NetlinkSession
  private let isStillSelected: (borrowing ConntrackEntry) -> Bool
  private var batch: RequestBatch
  private var entries: [ConntrackEntry] = []
  private var random = SystemRandomNumberGenerator()
  /// Entries that were deleted.
  package private(set) var deleted = 0
  /// Entries that had gone.
  package private(set) var vanished = 0

  /// - Parameters:
  ///   - session: its socket must not be in use for anything else, such as the dump that shows the entries.
  ///   - isStillSelected: whether an entry, as it is now, is among those meant.
  package init(_ session: NetlinkSession, isStillSelected: @escaping (borrowing ConntrackEntry) -> Bool) {
    self.session = session
    self.isStillSelected = isStillSelected
    batch = RequestBatch(session, operation: "delete a conntrack entry")
    entries.reserveCapacity(Self.limit)
  }

  /// Adds an entry, and deletes what has gathered when that is a batch's worth.
  ///
  /// - Parameters:
  ///   - entry: as a dump showed it.
  ///   - outcome: told of each entry of the batch, in order. A deleted entry is told as it was last seen.
  /// - Throws: ``NetlinkError``; what `outcome` throws.
  package mutating func append(
    _ entry: borrowing ConntrackEntry, outcome: (borrowing ConntrackEntry, Outcome) throws -> Void
  ) throws {
    entries.append(copy entry)
    if entries.count >= Self.limit { try finish(outcome: outcome) }
  }

  /// Deletes what is left.
  ///
  /// - Throws: as ``append(_:outcome:)``.
  package mutating func finish(outcome: (borrowing ConntrackEntry, Outcome) throws -> Void) throws {
    guard !entries.isEmpty else { return }
    let count = entries.count
    let holders = try hasRoom() ? makeHolders() : []
    for holder in holders {
      batch.append { ConntrackRequest.create(ConntrackCreation(holder), sequence: $1, into: &$0) }
    }
    for entry in entries {
      batch.append { ConntrackRequest.get(ConntrackKey(entry), sequence: $1, into: &$0) }
    }
    var now = [ConntrackEntry?](repeating: nil, count: count)
    let refusals = try batch.exchange { place, type, payload in
      let place = place - holders.count
      guard type == ConntrackMessage.type(ConntrackMessage.new), place >= 0 else { return }
      var entry = ConntrackEntry()
      try entry.decode(payload)
      now[place] = entry
    }
    var isHeld = [Bool](repeating: true, count: count)
    for refusal in refusals where refusal.place < holders.count {
      isHeld[refusal.place] = false
      // A master that has gone is told by the look at it; anything else leaves the entry unheld.
      if refusal.error.number == .noSuchEntry { now[refusal.place] = nil }
    }
    var places: [Int] = []
    for place in 0..<count where isSame(entries[place], now[place], isHeld: !holders.isEmpty && isHeld[place])
    {
      places.append(place)
      guard let entry = now[place] else { continue }
      batch.append { ConntrackRequest.delete(ConntrackKey(entry), sequence: $1, into: &$0) }
    }
    for (place, holder) in holders.enumerated() where isHeld[place] {
      batch.append { ConntrackRequest.delete(ConntrackKey(holder), sequence: $1, into: &$0) }
    }
    var isDeleted = [Bool](repeating: false, count: count)
    for place in places { isDeleted[place] = true }
    for refusal in try batch.exchange() where refusal.place < places.count {
      isDeleted[places[refusal.place]] = false
      guard refusal.error.number == .noSuchEntry else { throw refusal.error }
    }
    let worked = entries
    entries.removeAll(keepingCapacity: true)
    for place in 0..<count {
      if isDeleted[place] { deleted += 1 } else { vanished += 1 }
      var last = isDeleted[place] ? now[place] ?? worked[place] : worked[place]
      // Without the references of the holder and of the look.
      last.useField = worked[place].useField
      try outcome(last, isDeleted[place] ? .deleted : .vanished)
    }
  }

  /// Whether the entry that is there now is the one that was shown, and still selected.
  ///
  /// Whatever a younger entry in the same memory can differ in must agree: an entry that was changed in between is
  /// spared, too.
  private func isSame(_ shown: borrowing ConntrackEntry, _ now: ConntrackEntry?, isHeld: Bool) -> Bool {
    let bits = shown.status ?? []
    guard let now, now.id == shown.id, now.start == shown.start, now.mark == shown.mark,
      now.labels == shown.labels, now.helper == shown.helper, now.reply == shown.reply,
      (now.status ?? []).contains(bits),
      now.originalCounters?.packets ?? 0 >= shown.originalCounters?.packets ?? 0, isStillSelected(now)
    else { return false }
    // Of the table, of the holder and of the look: with fewer, the holder holds something else.
    if isHeld, let use = now.use, use < 3 { return false }
    return true
  }

  private func hasRoom() throws -> Bool {
    let fill = try session.conntrackFill()
    guard let maximum = fill.maximum, maximum > 0 else { return true }
    return UInt64(fill.entries) + UInt64(Self.headroom) <= UInt64(maximum)
  }

  /// Whether the entry is one that holds another, of this program or of one that runs beside it.
  package static func isHolder(_ entry: borrowing ConntrackEntry) -> Bool {
    guard entry.original.layer4 == holderProtocol, entry.status?.contains(.expected) ?? false else {
      return false
    }
    return entry.original.source.family == .ipv6
      ? entry.original.source.high == 0x0100_0000_0000_0000 : entry.original.source.low >> 28 == 0xf
  }

  /// Reserved for experiments (RFC 3692): no tracker looks into it.
  private static let holderProtocol: UInt8 = 253

  /// For each entry one that holds it: between addresses that no packet can have, in the same zone.
  private mutating func makeHolders() -> [ConntrackEntry] {
    entries.map { entry in
      var holder = ConntrackEntry()
      let isIPv6 = entry.original.family == .ipv6
      let number = random.next()
      // 240.0.0.0/4 and 100::/64 are never on a wire.
      func address(_ bits: UInt64) -> IPAddress {
        isIPv6
          ? IPAddress(high: 0x0100_0000_0000_0000, low: bits, family: .ipv6)
          : IPAddress(ipv4: 0xf000_0000 | UInt32(truncatingIfNeeded: bits & 0x0fff_ffff))
      }
      holder.original.source = address(number >> 32)
      holder.original.destination = address(number & 0xffff_ffff)
      holder.original.layer4 = Self.holderProtocol
      holder.original.zone = entry.original.zone
      holder.original.hasZone = entry.original.hasZone
      holder.reply.source = holder.original.destination
      holder.reply.destination = holder.original.source
      holder.reply.layer4 = holder.original.layer4
      holder.reply.zone = entry.reply.zone
      holder.reply.hasZone = entry.reply.hasZone
      holder.master = entry.original
      holder.master.hasZone = false
      holder.timeoutField = Self.holderTimeout
      holder.present = [.original, .reply, .master, .timeout]
      if let zone = entry.zone {
        holder.zoneField = zone
        holder.present.insert(.zone)
      }
      return holder
    }
  }
}
