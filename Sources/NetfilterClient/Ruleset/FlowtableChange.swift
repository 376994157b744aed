// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc
package import NetlinkWire

/// What is to change about flowtables: the messages, the same in nft's words, and a summary for people.
package struct FlowtableChange: Sendable {
  package private(set) var transaction = RulesetTransaction()
  /// Commands of nft that would do the same.
  package private(set) var commands: [String] = []
  /// "created", "device eth1 added".
  package private(set) var summary: [String] = []

  package init() {}

  /// Creates a flowtable.
  ///
  /// `makesTable`: create its table first.
  /// - Throws: ``RulesetRefusal``.
  package init(creating wanted: FlowtableDescription, makesTable: Bool) throws {
    let place = "\(NFTables.familyName(wanted.family)) \(RulesetText.name(wanted.table))"
    if makesTable {
      transaction.append(try .addTable(wanted.family, wanted.table))
      commands.append("add table \(place)")
    }
    transaction.append(try .addFlowtable(wanted, isExclusive: true))
    let lines = RulesetText.lines(of: wanted).map { "\($0); " }.joined()
    commands.append("create flowtable \(place) \(RulesetText.name(wanted.name)) { \(lines)}")
    summary.append(makesTable ? "created, with its table" : "created")
  }

  /// Brings a flowtable into line.
  ///
  /// - Throws: ``RulesetRefusal`` for what cannot be changed.
  package init(from current: FlowtableDescription, to wanted: FlowtableDescription) throws {
    let operation =
      "change flowtable '\(wanted.name)' in \(NFTables.familyName(wanted.family)) \(wanted.table)"
    let hint = "delete it first: 'ftctl flowtable delete --force'"
    guard wanted.priority == current.priority else {
      throw RulesetRefusal(
        "\(operation): its priority is \(RulesetText.priority(current.priority)), not \(RulesetText.priority(wanted.priority))",
        .notSupported, hint: hint)
    }
    guard wanted.offloadsToHardware == current.offloadsToHardware else {
      throw RulesetRefusal(
        "\(operation): its hardware offload is \(current.offloadsToHardware ? "on" : "off")", .notSupported,
        hint: hint)
    }
    let place =
      "\(NFTables.familyName(wanted.family)) \(RulesetText.name(wanted.table)) \(RulesetText.name(wanted.name))"
    var added: [NFTables.Device] = []
    for device in wanted.devices where !current.devices.contains(device) && !added.contains(device) {
      added.append(device)
    }
    let removed = current.devices.filter { !wanted.devices.contains($0) }
    // Removed ones first: a name that goes may be covered by a pattern that comes.
    if !removed.isEmpty { try remove(removed, from: wanted) }
    guard !added.isEmpty || wanted.countsPackets != current.countsPackets else { return }
    var update = wanted
    update.devices = added
    transaction.append(try .addFlowtable(update, isExclusive: false))
    let lines = RulesetText.lines(of: update).map { "\($0); " }.joined()
    commands.append("add flowtable \(place) { \(lines)}")
    summary += added.map { "device \($0.text) added" }
    if wanted.countsPackets != current.countsPackets {
      summary.append("counter switched \(wanted.countsPackets ? "on" : "off")")
    }
  }

  /// Takes devices from a flowtable.
  /// - Throws: ``RulesetRefusal``.
  package mutating func remove(_ devices: [NFTables.Device], from current: FlowtableDescription) throws {
    guard !devices.isEmpty else { return }
    transaction.append(try .removeDevices(devices, from: current))
    let place =
      "\(NFTables.familyName(current.family)) \(RulesetText.name(current.table)) \(RulesetText.name(current.name))"
    let names = devices.map(RulesetText.device).joined(separator: ", ")
    commands.append("delete flowtable \(place) { devices = { \(names) }; }")
    summary += devices.map { "device \($0.text) removed" }
  }

  /// Deletes a flowtable, and these rules before.
  /// - Throws: ``RulesetRefusal``.
  package mutating func delete(_ current: FlowtableDescription, rules: [NFTables.Rule]) throws {
    let place = "\(NFTables.familyName(current.family)) \(RulesetText.name(current.table))"
    for rule in rules {
      guard let chain = rule.chain, let handle = rule.handle else { continue }
      transaction.append(try .deleteRule(current.family, current.table, chain, handle: handle))
      commands.append("delete rule \(place) \(RulesetText.name(chain)) handle \(handle)")
    }
    transaction.append(try .deleteFlowtable(current.family, current.table, current.name))
    commands.append("delete flowtable \(place) \(RulesetText.name(current.name))")
    summary.append(
      rules.isEmpty
        ? "deleted" : "deleted, with \(rules.count) rule\(rules.count == 1 ? "" : "s") that used it")
  }
}
