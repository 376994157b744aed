// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// Lines that nobody thought of.
@Suite(.serialized, .disabled(if: NamespacePair.obstacle != nil, "\(NamespacePair.obstacle ?? "")"))
struct GeneratedLineTests {
  @Test("command lines put together at random do the same, one after another", arguments: UInt64(1)...8)
  func lines(_ seed: UInt64) throws {
    var generator = CommandLineGenerator(seed: seed)
    let lines = (0..<50).map { _ in generator.line() }
    let results = try NamespacePair().run(lines, seed: SampleTable.lines)
    for (line, (original, dropIn)) in zip(lines, results) {
      // A crash of 1.4.7 is nothing to compare with.
      if original.status >= 128 { continue }
      #expect(dropIn == original, "conntrack \(line)")
    }
    #expect(results.contains { $0.0.status == 0 } && results.contains { $0.0.status != 0 })
  }
}
