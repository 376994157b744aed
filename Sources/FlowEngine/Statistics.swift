// SPDX-License-Identifier: GPL-3.0-or-later

/// Why a packet went the way it did. Each decision has a number.
package enum Reason: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  // Received.
  case received, tooShort, unknownType, unknownTag, otherHost, deviceDown
  // Network header.
  case headerError, checksumError, truncated, martian, optionError
  // Fast path.
  case fastForwarded, fastMissed, fastFragment, fastOptions, fastTimeToLive, fastProtocol, fastTruncated,
    fastTooBig,
    fastClosed, fastReopened, fastStale, fastUnknownEncapsulation
  // Classic path.
  case classicForwarded, delivered, ruleDropped, ruleStolen, noRoute, timeExceeded, tooBig, unresolved,
    neighbourQueueFull, fragmented, reassembled, fragmentInvalid, fragmentTimeout, fragmentMemory, noListener
  // Conntrack.
  case tracked, invalid, untracked, tableFull, earlyDropped, inserted, insertFailed, chainTooLong,
    clashResolved,
    icmpError, translationFailed, searchRestarted, insertedByClient
  // Flowtable.
  case flowAdded, flowTornDown, flowFreed, flowRefused
  // Sent.
  case sent, errorSent, replySent, segmented
  // What a device left to be done to a frame.
  case offloadRefused
  // Simulated hardware: frames that it forwards, flows that it takes or does not take, rules that leave it.
  case hardwareForwarded, hardwareAdded, hardwareRefused, hardwareRemoved
}

/// How often each ``Reason`` applied.
package struct Statistics: Sendable {
  private var counts: [64 of UInt64] = .init(repeating: 0)

  package init() {}

  /// The number for `reason`.
  @inline(__always)
  package subscript(reason: Reason) -> UInt64 {
    get { counts[Int(reason.rawValue)] }
    set { counts[Int(reason.rawValue)] = newValue }
  }

  /// Counts one more.
  @inline(__always)
  package mutating func count(_ reason: Reason) { counts[Int(reason.rawValue)] &+= 1 }

  /// Reasons that applied at least once, with their numbers.
  package var nonzero: [(reason: Reason, count: UInt64)] {
    Reason.allCases.compactMap { self[$0] == 0 ? nil : ($0, self[$0]) }
  }
}
