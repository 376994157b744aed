// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What happened to an entry.
package enum FlowEvent: Sendable, Hashable, CaseIterable {
  case new, update, destroy
  /// It took the fast path. An event of ours: the kernel has none.
  case offload
  /// It left the fast path. An event of ours: the kernel has none.
  case classic
}

/// A moment of the wall clock in the local time zone (`struct tm`).
package struct LocalTime: Sendable, Hashable {
  package var year = 1970
  /// 1 to 12.
  package var month = 1
  /// 1 to 31.
  package var day = 1
  /// 0 is Sunday.
  package var weekday = 4
  package var hour = 0
  package var minute = 0
  package var second = 0

  package init() {}
}

/// How much a flow carries in a second, both directions together.
package struct FlowRate: Sendable, Hashable {
  package var bits: UInt64
  package var packets: UInt64

  package init(bits: UInt64, packets: UInt64) {
    self.bits = bits
    self.packets = packets
  }

  /// The mean of `bytes` and `packets` over a time in seconds; nothing for no time.
  package init(bytes: UInt64, packets: UInt64, seconds: Double) {
    func rate(_ count: Double) -> UInt64 {
      seconds > 0 ? UInt64(exactly: (count / seconds).rounded()) ?? .max : 0
    }
    self.init(bits: rate(Double(bytes) * 8), packets: rate(Double(packets)))
  }
}

/// What formats need to know besides the entry.
package struct FormatContext: Sendable {
  /// The wall clock in seconds since 1970: the other end of `delta-time`.
  package var now: Int64
  /// Names of labels.
  package var labels: ConntrackLabelMap
  /// Turns seconds since 1970 into ctime(3)'s words in the local time zone, without line end.
  package var calendar: @Sendable (Int64) -> String
  /// Turns seconds since 1970 into the local calendar (localtime_r(3)).
  package var localTime: @Sendable (Int64) -> LocalTime
  /// What happened to the entry; nil for an entry of a listing.
  package var event: FlowEvent?
  /// The namespace that the entry is of, where more than one is listed.
  package var namespace: String?
  /// What the flow carries, where that has been measured.
  package var rate: FlowRate?

  package init(
    now: Int64 = 0, labels: ConntrackLabelMap = ConntrackLabelMap(),
    calendar: @escaping @Sendable (Int64) -> String = { _ in "" },
    localTime: @escaping @Sendable (Int64) -> LocalTime = { _ in LocalTime() }, event: FlowEvent? = nil,
    namespace: String? = nil
  ) {
    self.now = now
    self.labels = labels
    self.calendar = calendar
    self.localTime = localTime
    self.event = event
    self.namespace = namespace
  }
}

extension ConntrackEntry {
  /// Whole seconds from the entry's start to its stop, or to `now` while it lives; 0 where the clock was set back.
  package func ageSeconds(now: Int64) -> UInt64 {
    UInt64(max(0, Int64(bitPattern: deltaSeconds(now: now))))
  }

  /// What the flow has carried in a second since it began; nil where the kernel counts no packets or keeps no times.
  package func meanRate(now: Int64) -> FlowRate? {
    guard present.contains(.start), let bytes = totalBytes, let packets = totalPackets else { return nil }
    return FlowRate(bytes: bytes, packets: packets, seconds: Double(max(1, ageSeconds(now: now))))
  }
}
