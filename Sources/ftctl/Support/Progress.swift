// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Glibc

/// A line on a terminal's stderr that is written anew while something long goes on; nothing elsewhere.
struct Progress: ~Copyable {
  private let isShown = StandardError.isTerminal
  private let verb: String
  private var last: Int64 = 0
  private var width = 0

  /// - Parameter verb: what is done to flow entries: "deleted".
  init(_ verb: String) { self.verb = verb }

  /// Says how far it is, five times a second at most.
  mutating func update(_ count: Int) {
    guard isShown, count & 63 == 0 else { return }
    let now = WallClock.nanoseconds()
    guard now - last > 200_000_000 else { return }
    last = now
    let text = "\(count) flow entries \(verb) so far"
    width = max(width, text.utf8.count)
    StandardError.write("\r\(text)")
  }

  /// Takes the line away.
  mutating func finish() {
    guard width > 0 else { return }
    StandardError.write("\r\(String(repeating: " ", count: width))\r")
    width = 0
  }
}

/// The wall clock.
enum WallClock {
  /// Nanoseconds since 1970.
  static func nanoseconds() -> Int64 {
    var moment = timespec()
    // Safe: clock_gettime writes one timespec.
    unsafe clock_gettime(CLOCK_REALTIME, &moment)
    return Int64(moment.tv_sec) * 1_000_000_000 + Int64(moment.tv_nsec)
  }
}
