// SPDX-License-Identifier: GPL-3.0-or-later
private import NetlinkWire

extension NetlinkSession {
  /// Whether the kernel can make flowtables in a family, found out by a transaction that the kernel checks and
  /// forgets. It may load modules, as making one would.
  ///
  /// It is tried with these flags and devices. Throws ``NetlinkError`` when that cannot be found out, with EPERM
  /// without privileges.
  package func supportsFlowtables(
    _ family: UInt8, countsPackets: Bool = false, offloadsToHardware: Bool = false, devices: [String] = []
  ) throws -> Bool {
    let table = "__ftctl_trial"
    var trial = RulesetTransaction()
    trial.append(try .addTable(family, table))
    trial.append(
      try .addFlowtable(
        FlowtableDescription(
          family: family, table: table, name: "f", devices: devices.map { .name($0) },
          countsPackets: countsPackets, offloadsToHardware: offloadsToHardware), isExclusive: true))
    return try accepts(trial)
  }

  /// Whether the kernel has the expression `flow add`, tried in the same way.
  ///
  /// - Throws: ``NetlinkError``, as above.
  package func supportsFlowRules(_ family: UInt8) throws -> Bool {
    let table = "__ftctl_trial"
    var trial = RulesetTransaction()
    trial.append(try .addTable(family, table))
    trial.append(
      try .addFlowtable(FlowtableDescription(family: family, table: table, name: "f"), isExclusive: true))
    trial.append(try .addChain(family, table, "c", base: BaseChain(hook: BaseChain.forwardHook)))
    let (expressions, _) = FlowRule([.flow("f")]).expressions { 0 }
    trial.append(
      try .addRule(family, table, "c", expressions, at: .atEnd, userData: [], operation: "try a flow rule"))
    return try accepts(trial)
  }

  private func accepts(_ trial: RulesetTransaction) throws -> Bool {
    do {
      try commit(trial, generation: nil, isTrial: true)
      return true
    } catch let refusal as BatchRefusal {
      let number = ErrorNumber(rawValue: refusal.answer.errorNumber)
      guard number != .operationNotPermitted, refusal.message != nil else {
        throw NetlinkError("try a flowtable", number, text: refusal.answer.text)
      }
      return false
    }
  }
}
