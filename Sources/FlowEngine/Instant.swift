// SPDX-License-Identifier: GPL-3.0-or-later

/// A point on the engine's monotonic clock, which the caller moves. Nanoseconds from an arbitrary start.
package struct Instant: Hashable, Comparable, Sendable {
  /// Nanoseconds since the clock's start.
  package var nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// The instant `seconds` after the clock's start.
  package init(seconds: UInt64) { nanoseconds = seconds &* Self.second }

  /// Nanoseconds of a second.
  package static let second: UInt64 = 1_000_000_000
  /// The latest instant: never reached.
  package static let distantFuture = Instant(nanoseconds: .max)

  package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The instant `seconds` later; the distant future when it overflows.
  package func adding(seconds: UInt64) -> Instant {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: Self.second)
    return overflow ? .distantFuture : adding(nanoseconds: product)
  }

  /// The instant `nanoseconds` later; the distant future when it overflows.
  package func adding(nanoseconds delta: UInt64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
    return Instant(nanoseconds: overflow ? .max : sum)
  }

  /// Nanoseconds between two ticks of the kernel's clock (250 Hz).
  private static let tick: UInt64 = 4_000_000

  /// When an entry ends to which a client gives so many seconds: no later than the kernel's ticks can be counted.
  ///
  /// Source: net/netfilter/nf_conntrack_netlink.c, ctnetlink_change_timeout.
  package func end(afterRequested seconds: UInt32) -> Instant {
    adding(nanoseconds: min(UInt64(seconds) * Self.second, UInt64(Int32.max) * Self.tick))
  }

  /// When a timer of the kernel's runs out that is set now for `delay` nanoseconds: never early, and the later the longer it
  /// waits, by up to an eighth.
  ///
  /// Source: kernel/time/timer.c, calc_wheel_index.
  package func timer(after delay: UInt64) -> Instant {
    let now = nanoseconds / Self.tick
    let expiry = now &+ delay / Self.tick &+ (delay % Self.tick == 0 ? 0 : 1)
    var shift: UInt64 = 0
    while shift < 24, expiry &- now >= 63 << shift { shift &+= 3 }
    let (end, overflow) = ((expiry >> shift &+ 1) << shift).multipliedReportingOverflow(by: Self.tick)
    return Instant(nanoseconds: overflow ? .max : end)
  }

  /// Nanoseconds from `earlier` to this instant, 0 when it is not earlier.
  package func since(_ earlier: Instant) -> UInt64 {
    nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
  }
}

/// The engine's source of chance: a 64-bit generator whose state is a parameter, so that runs repeat.
package struct RandomSource: Sendable {
  private var state: UInt64

  /// - Parameter seed: any value; equal seeds give equal sequences.
  package init(seed: UInt64) { state = seed }

  /// The next 64 bits (SplitMix64).
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number below `bound`, which is not 0.
  package mutating func number(below bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }
}
