// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What a NIC, or the switch behind a conduit, can carry in its hardware, and how fast it is told. The times are those of
/// the engine's clock.
package struct HardwareSettings: Equatable, Sendable {
  /// Rules that the device has room for; a flow needs one in each device that it enters by.
  package var tableSize: Int
  /// Nanoseconds that the device takes to add, or to delete, the rules of one flow.
  package var changeLatency: UInt64
  /// Nanoseconds that the device takes to tell the counters of one flow.
  package var statisticsLatency: UInt64

  package init(
    tableSize: Int = 4096, changeLatency: UInt64 = 1_000_000, statisticsLatency: UInt64 = 1_000_000
  ) {
    self.tableSize = tableSize
    self.changeLatency = changeLatency
    self.statisticsLatency = statisticsLatency
  }
}

/// A flow's direction in hardware: what matches, what is written, what was counted.
///
/// Source: net/netfilter/nf_flow_table_offload.c, nf_flow_rule_match, nf_flow_rule_route_common.
struct HardwareRule: BitwiseCopyable {
  /// Match and translation. The key's flowtable number is 0: hardware does not know flowtables.
  var entry: FlowEntry
  /// Where frames go and what is pushed, as it was when the rule was made.
  var path: FlowPath
  /// IPv6 addresses behind the translation.
  var newSource: Address
  var newDestination: Address
  /// Which flow the rule belongs to.
  var cookie: UInt64
  /// The flowtable by whose binding the rule came in.
  var flowtable: UInt32
  /// When a frame last took it, nanoseconds; 0: none yet.
  var lastUsed: UInt64 = 0
  /// Counted since the last read.
  var packets: UInt64 = 0
  var bytes: UInt64 = 0

  static let blank = HardwareRule(
    entry: FlowPair.blank.sides[0], path: FlowPath(), newSource: .unspecified, newDestination: .unspecified,
    cookie: 0,
    flowtable: 0)
}

/// The flows in one device's hardware.
final class HardwareTable {
  let settings: HardwareSettings
  private var rules = Slab<HardwareRule, 10>(.blank)
  private var index = HashIndex()

  init(_ settings: HardwareSettings) { self.settings = settings }

  /// Rules in use.
  var count: Int { rules.count }

  /// The slot of the rule for `key`, or -1.
  func find(_ key: FlowKey, _ hash: UInt32) -> Int { index.first(hash) { rules[$0].entry.key.equals(key) } }

  subscript(slot: Int) -> HardwareRule {
    _read { yield rules[slot] }
    _modify { yield &rules[slot] }
  }

  /// Adds a rule, or brings the same flow's up to date. False: the table is full, or another flow has the key.
  func replace(_ rule: HardwareRule) -> Bool {
    let hash = rule.entry.hash
    var slot = find(rule.entry.key, hash)
    if slot >= 0 {
      guard rules[slot].cookie == rule.cookie else { return false }
      var fresh = rule
      (fresh.lastUsed, fresh.packets, fresh.bytes) = (
        rules[slot].lastUsed, rules[slot].packets, rules[slot].bytes
      )
      rules[slot] = fresh
      return true
    }
    guard rules.count < settings.tableSize else { return false }
    slot = rules.allocate()
    rules[slot] = rule
    index.insert(hash, slot)
    return true
  }

  /// Deletes the rule for `key` if it is the flow's. False: there is none.
  @discardableResult
  func remove(_ key: FlowKey, _ hash: UInt32, cookie: UInt64) -> Bool {
    let slot = find(key, hash)
    guard slot >= 0, rules[slot].cookie == cookie else { return false }
    index.remove(hash, slot)
    rules.release(slot)
    return true
  }

  /// Deletes the rules that `body` names.
  ///
  /// - Returns: how many there were.
  func removeAll(where body: (borrowing HardwareRule) -> Bool) -> Int {
    var removed = 0
    for slot in 0..<rules.capacity where rules[slot].cookie != 0 && body(rules[slot]) {
      index.remove(rules[slot].entry.hash, slot)
      rules.release(slot)
      removed += 1
    }
    return removed
  }
}
