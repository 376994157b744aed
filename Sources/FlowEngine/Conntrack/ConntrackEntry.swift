// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// Status bits of a conntrack entry (IPS_*).
package struct ConntrackStatus: OptionSet, Sendable, BitwiseCopyable {
  package var rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static let expected = ConntrackStatus(rawValue: 0x1)
  package static let seenReply = ConntrackStatus(rawValue: 0x2)
  package static let assured = ConntrackStatus(rawValue: 0x4)
  package static let confirmed = ConntrackStatus(rawValue: 0x8)
  package static let sourceNAT = ConntrackStatus(rawValue: 0x10)
  package static let destinationNAT = ConntrackStatus(rawValue: 0x20)
  package static let sequenceAdjusted = ConntrackStatus(rawValue: 0x40)
  package static let sourceNATDone = ConntrackStatus(rawValue: 0x80)
  package static let destinationNATDone = ConntrackStatus(rawValue: 0x100)
  package static let dying = ConntrackStatus(rawValue: 0x200)
  package static let fixedTimeout = ConntrackStatus(rawValue: 0x400)
  package static let clash = ConntrackStatus(rawValue: 0x1000)
  package static let helper = ConntrackStatus(rawValue: 0x2000)
  package static let offload = ConntrackStatus(rawValue: 0x4000)
  package static let hardwareOffload = ConntrackStatus(rawValue: 0x8000)
  /// Either translation.
  package static let anyNAT: ConntrackStatus = [.sourceNAT, .destinationNAT]
}

/// What changed about an entry since the last event (bits 1 << IPCT_*).
package struct ConntrackEvents: OptionSet, Sendable, BitwiseCopyable {
  package var rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }
  package static let new = ConntrackEvents(rawValue: 1 << 0)
  package static let related = ConntrackEvents(rawValue: 1 << 1)
  package static let destroy = ConntrackEvents(rawValue: 1 << 2)
  package static let reply = ConntrackEvents(rawValue: 1 << 3)
  package static let assured = ConntrackEvents(rawValue: 1 << 4)
  package static let protocolInfo = ConntrackEvents(rawValue: 1 << 5)
  package static let helper = ConntrackEvents(rawValue: 1 << 6)
  package static let mark = ConntrackEvents(rawValue: 1 << 7)
  package static let sequenceAdjustment = ConntrackEvents(rawValue: 1 << 8)
  package static let label = ConntrackEvents(rawValue: 1 << 10)
}

/// Number of an entry: its slot and a generation, so that a number kept for later never names a successor.
package struct EntryID: Hashable, Sendable, BitwiseCopyable {
  package var slot: UInt32
  package var generation: UInt32

  package init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }

  /// No entry.
  package static let none = EntryID(slot: .max, generation: 0)
  package var isNone: Bool { slot == .max }
}

/// Extensions that an entry was given when it was made.
package struct ConntrackExtensions: OptionSet, Sendable, BitwiseCopyable {
  package var rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let accounting = ConntrackExtensions(rawValue: 1)
  package static let timestamps = ConntrackExtensions(rawValue: 2)
  package static let events = ConntrackExtensions(rawValue: 4)
  package static let labels = ConntrackExtensions(rawValue: 8)
  package static let helper = ConntrackExtensions(rawValue: 16)
  package static let protocolTimer = ConntrackExtensions(rawValue: 32)
}

/// One tracked flow, flat: lookup data first, then what the trackers keep.
///
/// Source: include/net/netfilter/nf_conntrack.h, struct nf_conn.
package struct ConntrackEntry: BitwiseCopyable, Sendable {
  package var original: Tuple
  package var reply: Tuple
  /// When the entry ends, nanoseconds on the engine's clock; a duration until the entry is confirmed.
  package var deadline: UInt64 = 0
  package var status: ConntrackStatus = []
  package var mark: UInt32 = 0
  package var generation: UInt32 = 0
  /// Identifier shown to users, stable for life.
  package var id: UInt32 = 0
  /// Zone, and the directions for which it counts (bit 0 original, bit 1 reply).
  package var zone: UInt16 = 0
  package var zoneDirections: UInt8 = 3
  package var extensions: ConntrackExtensions = []
  package var pendingEvents: ConntrackEvents = []
  package var eventMask: ConntrackEvents = ConntrackEvents(rawValue: .max)
  /// State of an SCTP association, by the kernel's numbers.
  package var sctpState: UInt8 = 0
  /// Index into the table's helper names, plus one; 0 for none.
  package var helper: UInt8 = 0
  /// Whether the entry is to be freed at the end of the present frame.
  package var isCondemned = false
  /// Device through which a masqueraded flow left, or 0.
  package var masqueradeDevice: UInt32 = 0
  /// Slot of the flow in the table of flows, plus one; 0 when the entry is not offloaded.
  package var flow: UInt32 = 0
  package var master: EntryID = .none
  package var labels: UInt128 = 0
  /// Wall clock, nanoseconds since 1970.
  package var startTime: UInt64 = 0
  package var packets: [2 of UInt64] = [0, 0]
  package var bytes: [2 of UInt64] = [0, 0]
  /// UDP: when the flow counts as a stream. SCTP: the verification tags. GRE: unused.
  package var auxiliary: UInt64 = 0
  package var tcp = TCPTracking()

  package init(original: Tuple, reply: Tuple) {
    self.original = original
    self.reply = reply
  }

  /// An entry of nothing, what free slots hold.
  package static let blank: ConntrackEntry = {
    let nothing = Tuple(family: .ipv4, proto: 0, source: .unspecified, destination: .unspecified)
    return ConntrackEntry(original: nothing, reply: nothing)
  }()

  /// The tuple of `direction`.
  @inline(__always)
  package func tuple(_ direction: FlowDirection) -> Tuple { direction == .original ? original : reply }

  /// Transport protocol.
  package var proto: UInt8 { original.proto }
  /// Whether the entry is in the table.
  package var isConfirmed: Bool { status.contains(.confirmed) }
  package var isDying: Bool { status.contains(.dying) }
  package var isOffloaded: Bool { status.contains(.offload) }

  /// Whether the time of a confirmed entry is up.
  package func isExpired(_ now: Instant) -> Bool { deadline <= now.nanoseconds }

  /// Nanoseconds left.
  package func remaining(_ now: Instant) -> UInt64 {
    isConfirmed ? Instant(nanoseconds: deadline).since(now) : deadline
  }
}
