// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a walk through chains stands, for a trace.
struct RuleTrail {
  var chain: UInt32
  /// Handle of the rule.
  var rule: UInt64 = 0
  /// A rule was begun and nothing has been told of it.
  var isInRule = false

  init(_ chain: UInt32) { self.chain = chain }

  /// Tells how the rule under way was left, unless it has been told.
  mutating func close<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    as step: RuleStep, _ environment: inout Environment
  ) {
    guard isInRule else { return }
    isInRule = false
    environment.trace(chain: chain, rule: rule, step)
  }

  /// The same for a verdict's code.
  mutating func close<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ code: Int32, _ target: UInt32, _ environment: inout Environment
  ) {
    switch code {
    case NFTablesVerdict.continue: break
    case NFTablesVerdict.break: close(as: .noMatch, &environment)
    case NFTablesVerdict.jump: close(as: .jump(target), &environment)
    case NFTablesVerdict.goto: close(as: .goto(target), &environment)
    case NFTablesVerdict.return: close(as: .return, &environment)
    case NFTablesVerdict.accept: close(as: .accept, &environment)
    default: close(as: .drop, &environment)
    }
  }

  /// The same for what a statement decided.
  mutating func close<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ outcome: StepOutcome, _ environment: inout Environment
  ) {
    switch outcome {
    case .next: break
    case .leaveRule: close(as: .noMatch, &environment)
    case .accept: close(as: .accept, &environment)
    case .drop: close(as: .drop, &environment)
    case .stolen: close(as: .stolen, &environment)
    }
  }
}
