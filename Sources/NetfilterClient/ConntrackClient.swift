// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What a dump was, besides its entries.
package struct DumpSummary: Equatable, Sendable {
  /// Entries that were passed on.
  package var entries = 0
  /// Entries that the kernel sent a second time, and that were not passed on again.
  package var repeated = 0
  /// Whether the kernel said that the table changed under the dump.
  package var wasInterrupted = false
}

/// Counters of one CPU (`CTA_STATS_*`), in the kernel's order of attributes.
package struct ConntrackStatistics: Equatable, Sendable {
  /// Attribute number and name of each counter.
  package static let names: [(attribute: UInt16, name: String)] = [
    (1, "searched"), (2, "found"), (3, "new"), (4, "invalid"), (5, "ignore"), (6, "delete"),
    (7, "delete_list"), (8, "insert"), (9, "insert_failed"), (10, "drop"), (11, "early_drop"), (12, "error"),
    (13, "search_restart"), (14, "clash_resolve"), (15, "chaintoolong"),
  ]

  package var cpu: UInt16
  /// Attribute number and value, as sent.
  package var values: [(attribute: UInt16, value: UInt32)] = []

  package static func == (left: ConntrackStatistics, right: ConntrackStatistics) -> Bool {
    left.cpu == right.cpu && left.values.elementsEqual(right.values, by: ==)
  }
}

/// The table's fill.
package struct ConntrackFill: Equatable, Sendable {
  package var entries: UInt32
  /// The limit; absent before Linux 4.18.
  package var maximum: UInt32?
}

extension NetlinkSession {
  /// Dumps conntrack entries, each once.
  ///
  /// - Parameters:
  ///   - filter: what the kernel may leave out; a kernel that does not know the filter sends more, and one that
  ///     refuses it is asked again without.
  ///   - isZeroingCounters: whether each entry's counters restart from 0.
  ///   - body: reads an entry, whose storage the next one reuses; returns false when it wants no more, after
  ///     which the session is used up. Inout, so that the entry is never copied.
  /// - Returns: what was sent besides the entries.
  /// - Throws: ``NetlinkError``; what `body` throws.
  package func dumpConntrack(
    _ filter: KernelFilter = KernelFilter(), isZeroingCounters: Bool = false,
    _ body: (inout ConntrackEntry) throws -> Bool
  ) throws -> DumpSummary {
    var summary = DumpSummary()
    var entry = ConntrackEntry()
    var recent = RecentIdentities()
    func run(_ filter: KernelFilter) throws {
      let request = ConntrackRequest.dump(
        filter, isZeroingCounters: isZeroingCounters, sequence: nextSequence())
      summary.wasInterrupted = try dump("list conntrack entries", request) { type, payload in
        guard type == ConntrackMessage.type(ConntrackMessage.new) else { return true }
        return try Self.pass(payload, &entry, &recent, &summary, body)
      }
    }
    do {
      try run(filter)
    } catch let error as NetlinkError
      where !filter.isEmpty && summary.entries == 0
      && (error.number == .invalid || error.number == .notSupported)
    {
      try run(KernelFilter())
    }
    return summary
  }

  /// Decodes an entry and passes it on unless it was sent before. Apart from the loop because an inout parameter,
  /// unlike a captured variable, is read where it lies.
  private static func pass(
    _ payload: RawSpan, _ entry: inout ConntrackEntry, _ recent: inout RecentIdentities,
    _ summary: inout DumpSummary, _ body: (inout ConntrackEntry) throws -> Bool
  ) throws -> Bool {
    try entry.decode(payload)
    guard recent.insert(entry.identity) else {
      summary.repeated += 1
      return true
    }
    summary.entries += 1
    return try body(&entry)
  }

  /// Looks one entry up by either of its tuples.
  ///
  /// - Returns: nil when there is none.
  /// - Throws: ``NetlinkError``.
  package func conntrackEntry(_ tuple: ConntrackTuple, zone: UInt16) throws -> ConntrackEntry? {
    var found: ConntrackEntry?
    do {
      let request = ConntrackRequest.get(tuple, zone: zone, sequence: nextSequence())
      try transact("look up a conntrack entry", request) { type, payload in
        guard type == ConntrackMessage.type(ConntrackMessage.new) else { return }
        var entry = ConntrackEntry()
        try entry.decode(payload)
        found = entry
      }
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      return nil
    }
    return found
  }

  /// Reads the per-CPU counters, in order of CPU.
  /// - Throws: ``NetlinkError``.
  package func conntrackStatistics() throws -> [ConntrackStatistics] {
    try statistics(ConntrackRequest.statisticsPerCPU(sequence: nextSequence()))
  }

  /// Reads per-CPU counters of either subsystem.
  func statistics(_ request: [UInt8]) throws -> [ConntrackStatistics] {
    var result: [ConntrackStatistics] = []
    _ = try dump("read conntrack statistics", request) { _, payload in
      guard let header = NetfilterHeader(payload) else { return true }
      var statistics = ConntrackStatistics(cpu: header.resourceID)
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        guard attributes.payloadLength == 4 else { continue }
        statistics.values.append((attributes.type, try attributes.bigEndian32()))
      }
      result.append(statistics)
      return true
    }
    return result
  }

  /// Reads how full the table is.
  /// - Throws: ``NetlinkError``.
  package func conntrackFill() throws -> ConntrackFill {
    var fill = ConntrackFill(entries: 0)
    let request = ConntrackRequest.statistics(sequence: nextSequence())
    try transact("read conntrack statistics", request) { _, payload in
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: fill.entries = try attributes.bigEndian32()
        case 2: fill.maximum = try attributes.bigEndian32()
        default: break
        }
      }
    }
    return fill
  }
}
