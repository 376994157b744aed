// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Reporting

/// What flows carried between two looks at the table: 24 octets are kept for each flow of the last look.
struct FlowRates {
  private struct Counters {
    var bytes: UInt64
    var packets: UInt64
  }

  private var last: [UInt64: Counters] = [:]
  private var current: [UInt64: Counters] = [:]
  private var lastTime = 0.0
  private var time = 0.0

  /// Begins a look.
  ///
  /// - Parameter now: the monotonic clock in seconds.
  mutating func begin(now: Double) {
    swap(&last, &current)
    current.removeAll(keepingCapacity: true)
    lastTime = time
    time = now
  }

  /// Notes an entry's counters.
  ///
  /// - Returns: what it carried since the last look, or since it came; nil in the first look, and for entries that are not
  ///   counted.
  mutating func note(_ entry: borrowing ConntrackEntry) -> FlowRate? {
    guard let bytes = entry.totalBytes, let packets = entry.totalPackets else { return nil }
    let key = Self.key(entry)
    current[key] = Counters(bytes: bytes, packets: packets)
    guard lastTime > 0 else { return nil }
    let before = last[key] ?? Counters(bytes: 0, packets: 0)
    // Counters that went back are those of a flow that came in another's place, or were set to zero.
    let isNew = bytes < before.bytes || packets < before.packets
    return FlowRate(
      bytes: isNew ? bytes : bytes - before.bytes, packets: isNew ? packets : packets - before.packets,
      seconds: time - lastTime)
  }

  /// Tells flows apart: the kernel's identifier alone is used again.
  private static func key(_ entry: borrowing ConntrackEntry) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(entry.id)
    hasher.combine(entry.original.source)
    hasher.combine(entry.original.destination)
    hasher.combine(entry.original.sourcePort)
    hasher.combine(entry.original.destinationPort)
    hasher.combine(entry.original.layer4)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
