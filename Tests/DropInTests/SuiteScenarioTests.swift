// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// What conntrack-tools' own test-suite is about, in its form: `ARGS ; LETTER`, where O must end with 0 and B must not;
/// a line without letter is one of standard input for the next, which is `-R -`; `|` pipes into the next.
@Suite(.serialized, .disabled(if: NamespacePair.obstacle != nil, "\(NamespacePair.obstacle ?? "")"))
struct SuiteScenarioTests {
  @Test(
    "both programs end as the scenario says, with the same output and table", arguments: SuiteScenario.all)
  func compare(_ scenario: SuiteScenario) throws {
    let steps = scenario.steps
    let results = try NamespacePair().run(steps.map(\.command))
    for (step, (original, dropIn)) in zip(steps, results) {
      #expect((original.status == 0) == step.succeeds, "conntrack 1.4.7: \(step.command)\n\(original.error)")
      #expect((dropIn.status == 0) == step.succeeds, "\(step.command)\n\(dropIn.error)")
      #expect(dropIn.output == original.output, "\(step.command)")
      #expect(dropIn.table == original.table, "\(scenario.name)")
    }
  }
}

/// A sequence of commands on one table.
struct SuiteScenario: Sendable, CustomTestStringConvertible {
  struct Step: Sendable {
    var command: String
    var succeeds: Bool
  }

  var name: String
  var text: String
  var testDescription: String { name }

  /// The commands as shell lines.
  var steps: [Step] {
    var steps: [Step] = []
    var input: [Substring] = []
    var pipe = ""
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
      let arguments = String(parts[0]).trimmingPrefix { $0 == " " }
      let action = parts.count > 1 ? String(parts[1]).trimmingPrefix { $0 == " " } : ""
      if action.isEmpty {
        input.append(arguments)
        continue
      }
      if action.hasPrefix("|") {
        let script = action.dropFirst().trimmingPrefix { $0 == " " }
        pipe += "$CT \(arguments) 2>/dev/null | " + (script.isEmpty ? "" : "sed '\(script)' | ")
        continue
      }
      var command = "\(pipe)$CT \(arguments)"
      if !input.isEmpty {
        command = "printf '%s\\n' \(input.map { "'\($0)'" }.joined(separator: " ")) | \(command)"
      }
      steps.append(Step(command: command, succeeds: action.hasPrefix("O")))
      input = []
      pipe = ""
    }
    return steps
  }

  static let all = [create, delete, filter, nat, zone, mark, update, nat6, standardInput, dumpOptions, add]
}
