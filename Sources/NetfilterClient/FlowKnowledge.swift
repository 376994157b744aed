// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What a monitor knows of the table: each entry's tuples, zones, id and status, and nothing that changes by itself.
///
/// Some 120 octets an entry. Entries are told apart by their original tuple, zone and id.
package struct FlowKnowledge {
  /// What is kept of an entry: enough to report that it has gone.
  package struct Record: Sendable {
    package var original: ConntrackTuple
    package var reply: ConntrackTuple
    package var id: UInt32
    package var status: ConntrackStatus
    package var zone: UInt16
    package var hasZone: Bool
    fileprivate var generation: UInt32

    /// The record as an entry; counters, timeout, mark and the like are absent.
    package var entry: ConntrackEntry {
      var entry = ConntrackEntry()
      entry.present = [.original, .reply, .status, .id]
      entry.original = original
      entry.reply = reply
      entry.statusField = status
      entry.idField = id
      if hasZone {
        entry.zoneField = zone
        entry.present.insert(.zone)
      }
      return entry
    }
  }

  /// What an observation changed.
  package enum Change: Equatable, Sendable {
    /// The entry was not known.
    case appeared
    /// It was known; its forwarding is as before.
    case known
    /// It was known and has since got one of the offload tags, or another one.
    case tagged
    /// It was known and has lost its offload tag.
    case untagged
  }

  private var records: [UInt64: Record] = [:]
  private var generation: UInt32 = 0

  package init() {}

  /// Entries known.
  package var count: Int { records.count }

  /// Notes that the entry exists as described.
  package mutating func observe(_ entry: borrowing ConntrackEntry) -> Change {
    let identity = entry.identity
    let tags: UInt32 = ConntrackStatus([.offload, .hardwareOffload]).rawValue
    let new = entry.present.contains(.status) ? entry.statusField : []
    let record = Record(
      original: entry.original, reply: entry.reply, id: entry.present.contains(.id) ? entry.idField : 0,
      status: new,
      zone: entry.present.contains(.zone) ? entry.zoneField : 0, hasZone: entry.present.contains(.zone),
      generation: generation)
    guard let old = records.updateValue(record, forKey: identity) else { return .appeared }
    let before = old.status.rawValue & tags
    let after = new.rawValue & tags
    return before == after ? .known : after == 0 ? .untagged : .tagged
  }

  /// Notes the tags of an entry that is known.
  ///
  /// - Returns: nil when it is not known: its event is still to come.
  package mutating func observeTag(_ entry: borrowing ConntrackEntry) -> Change? {
    records[entry.identity] == nil ? nil : observe(entry)
  }

  /// Whether any known entry has an offload tag. Looks at all of them.
  package var hasTags: Bool {
    let tags = ConntrackStatus([.offload, .hardwareOffload])
    return records.values.contains { $0.status.rawValue & tags.rawValue != 0 }
  }

  /// Notes that the entry has gone.
  ///
  /// - Returns: whether it was known.
  package mutating func forget(_ entry: borrowing ConntrackEntry) -> Bool {
    records.removeValue(forKey: entry.identity) != nil
  }

  /// Begins a comparison with the whole table: ``observe(_:)`` each entry of a dump, then ``removeUnobserved()``.
  package mutating func beginComparison() { generation &+= 1 }

  /// Ends a comparison: forgets the entries that were not observed since it began.
  ///
  /// - Returns: their records.
  package mutating func removeUnobserved() -> [Record] {
    let gone = records.filter { $0.value.generation != generation }
    for key in gone.keys { records.removeValue(forKey: key) }
    return Array(gone.values)
  }

  /// Ends a comparison with the offloaded entries alone: takes the tags from those not observed since it began.
  ///
  /// - Returns: the records of entries that had a tag.
  package mutating func removeUnobservedTags() -> [Record] {
    let tags = ConntrackStatus([.offload, .hardwareOffload])
    var changed: [Record] = []
    for (key, record) in records
    where record.generation != generation && record.status.rawValue & tags.rawValue != 0 {
      var record = record
      record.status.subtract(tags)
      records[key] = record
      changed.append(record)
    }
    return changed
  }
}
