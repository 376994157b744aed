// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import Testing

@Suite("the engine's clock")
struct InstantTests {
  @Test(
    "a timer is never early, and late as the kernel's are: a tick at 250 Hz, or an eighth of its time at most"
  )
  func timers() {
    let start = Instant(seconds: 0)
    func milliseconds(_ delay: UInt64, at start: Instant = start) -> UInt64 {
      start.timer(after: delay * 1_000_000).since(start) / 1_000_000
    }
    #expect(milliseconds(0) == 4)
    #expect(milliseconds(100) == 104)
    #expect(milliseconds(1000) == 1024)
    #expect(milliseconds(5000) == 5120)
    #expect(milliseconds(1000, at: Instant(nanoseconds: 20_000_000)) == 1004)
    for delay in stride(from: UInt64(1), to: 40_000, by: 77) {
      let late = Int(milliseconds(delay)) - Int(delay)
      #expect(late >= 0 && late <= max(8, Int(delay) / 7 + 4))
    }
    #expect(start.timer(after: .max) == .distantFuture)
  }

  @Test("a timer that is set again as soon as it runs out has a steady period")
  func periods() {
    var now = Instant(nanoseconds: 123_456_789).timer(after: Instant.second)
    for _ in 0..<10 {
      let next = now.timer(after: Instant.second)
      #expect(next.since(now) == 1_024_000_000)
      now = next
    }
  }
}
