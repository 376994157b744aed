// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// conntrack(8), unmodified, on the kernel and on a userspace engine: the same command lines give the same output, messages,
/// status and table.
@Suite(.serialized, .disabled(if: NamespacePair.obstacle != nil, "\(NamespacePair.obstacle ?? "")"))
struct UserspaceTests {
  @Test("the scenarios of conntrack-tools' suite", arguments: SuiteScenario.all)
  func scenario(_ scenario: SuiteScenario) throws {
    let steps = scenario.steps
    let results = try NamespacePair(comparesEngine: true).run(steps.map(\.command))
    for (step, (kernel, engine)) in zip(steps, results) {
      #expect((engine.status == 0) == step.succeeds, "\(step.command)\n\(engine.error)")
      #expect(engine == kernel, "\(step.command)")
    }
  }

  @Test(
    "creations and changes, one after another",
    arguments: [CommandLines.creations, CommandLines.changes])
  func lines(_ lines: CommandLines) throws {
    let words = lines.lines.map(\.words)
    let results = try NamespacePair(comparesEngine: true).run(words, seed: SampleTable.lines)
    for (words, (kernel, engine)) in zip(words, results) { #expect(engine == kernel, "conntrack \(words)") }
  }

  @Test("listings and everything else, each on the same table")
  func listings() throws {
    // One process of the kernel's has as many processors as the machine; the engine has one.
    let words = (CommandLines.listings.lines + CommandLines.others.lines).map(\.words)
      .filter { !$0.hasPrefix("-S") && !$0.hasPrefix("--stats") }
    let results = try NamespacePair(comparesEngine: true).run(words, seed: SampleTable.lines)
    for (words, (kernel, engine)) in zip(words, results) { #expect(engine == kernel, "conntrack \(words)") }
  }
}
