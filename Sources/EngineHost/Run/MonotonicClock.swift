// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
package import FlowEngine
private import Glibc

/// The clock of a running engine: CLOCK_MONOTONIC.
package enum MonotonicClock {
  /// The time now.
  package static var now: Instant { Instant(nanoseconds: read(CLOCK_MONOTONIC)) }

  /// What to add to it for the wall clock, nanoseconds since 1970.
  package static var wallClockOffset: UInt64 { read(CLOCK_REALTIME) &- read(CLOCK_MONOTONIC) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // Safe: the structure outlives the call.
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* Instant.second &+ UInt64(time.tv_nsec)
  }
}
