// SPDX-License-Identifier: GPL-3.0-or-later
import Reporting
import Testing

@Suite("Prometheus")
struct PrometheusFamilyTests {
  @Test("families have help, type and samples, with everything escaped that must be")
  func text() {
    var output = OutputBuffer()
    var entries = PrometheusFamily(name: "ftctl_entries", help: "Entries \\ of\nthe \"table\".", kind: .gauge)
    entries.add([], UInt64.max)
    entries.add([("netns", "a\"b\\c\nd"), ("state", "SYN_SENT")], 3 as UInt64)
    var drops = PrometheusFamily(name: "ftctl_drops_total", help: "Drops.", kind: .counter)
    for value in [0.5, .infinity, -.infinity, .nan] { drops.add([], value) }
    let empty = PrometheusFamily(name: "ftctl_nothing", help: "Nothing.", kind: .gauge)
    for family in [entries, drops, empty] { output.append(family) }
    #expect(
      output.text == #"""
        # HELP ftctl_entries Entries \\ of\nthe "table".
        # TYPE ftctl_entries gauge
        ftctl_entries 18446744073709551615
        ftctl_entries{netns="a\"b\\c\nd",state="SYN_SENT"} 3
        # HELP ftctl_drops_total Drops.
        # TYPE ftctl_drops_total counter
        ftctl_drops_total 0.5
        ftctl_drops_total +Inf
        ftctl_drops_total -Inf
        ftctl_drops_total NaN

        """#)
  }

  @Test("a name that the format does not allow traps")
  func badName() async {
    await #expect(processExitsWith: .failure) {
      _ = PrometheusFamily(name: "1st", help: "", kind: .gauge)
    }
    await #expect(processExitsWith: .failure) {
      _ = PrometheusFamily(name: "", help: "", kind: .gauge)
    }
    await #expect(processExitsWith: .failure) {
      var family = PrometheusFamily(name: "good:1", help: "", kind: .gauge)
      family.add([("not:good", "")], 1 as UInt64)
    }
  }
}
