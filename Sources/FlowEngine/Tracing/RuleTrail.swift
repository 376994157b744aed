// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a walk through the chains of a base chain stands, for those who trace it.
package struct RuleTrail: Sendable {
  /// The base chain, and the chain that the walk is in.
  let base: UInt32
  var chain: UInt32
  /// NFPROTO_* of the packet at this hook.
  let nfproto: UInt8
  /// Handle of the rule.
  var rule: UInt64 = 0
  /// A rule was begun and nothing has been told of it.
  var isInRule = false
  /// The packet was one that rules chose when the rule was begun.
  var wasChosen = false
  /// The packet's headers have been shown.
  var isPacketShown = false

  init(_ chain: UInt32, nfproto: UInt8) {
    base = chain
    self.chain = chain
    self.nfproto = nfproto
  }

  /// Another rule is begun.
  mutating func begin(_ rule: UInt64, _ packet: RulePacket) {
    self.rule = rule
    isInRule = true
    wasChosen = packet.trace
  }

  /// Tells how the rule under way was left, unless it has been told.
  mutating func close<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    as step: RuleStep, _ packet: RulePacket, _ environment: inout Environment
  ) {
    guard isInRule else { return }
    isInRule = false
    environment.trace(&self, step, packet)
  }

  /// The same for a verdict's code.
  mutating func close<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ code: Int32, _ target: UInt32, _ packet: RulePacket, _ environment: inout Environment
  ) {
    switch code {
    case NFTablesVerdict.continue: break
    case NFTablesVerdict.break: close(as: .noMatch, packet, &environment)
    case NFTablesVerdict.jump: close(as: .jump(target), packet, &environment)
    case NFTablesVerdict.goto: close(as: .goto(target), packet, &environment)
    case NFTablesVerdict.return: close(as: .return, packet, &environment)
    case NFTablesVerdict.accept: close(as: .accept, packet, &environment)
    default: close(as: .drop, packet, &environment)
    }
  }

  /// The same for what a statement decided.
  mutating func close<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ outcome: StepOutcome, _ packet: RulePacket, _ environment: inout Environment
  ) {
    switch outcome {
    case .next: break
    case .leaveRule: close(as: .noMatch, packet, &environment)
    case .accept: close(as: .accept, packet, &environment)
    case .drop: close(as: .drop, packet, &environment)
    case .stolen: close(as: .stolen, packet, &environment)
    }
  }
}
