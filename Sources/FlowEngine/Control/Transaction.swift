// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// What one batch remembers while its messages are executed.
struct Transaction {
  /// A name that is valid inside the batch only.
  struct LocalID: Hashable {
    var table: UInt64
    var id: UInt32
  }

  /// Something that listeners are told about, once the batch is committed.
  struct Change {
    enum Subject {
      case newTable(table: UInt64)
      case deletedTable(TableModel)
      case newChain(table: UInt64, chain: UInt64)
      /// `devices` are those that a chain lost that stays.
      case deletedChain(table: TableModel, chain: ChainModel, devices: [NFTables.Device]?)
      case newRule(table: UInt64, chain: UInt64, rule: UInt64)
      case deletedRule(table: TableModel, chain: ChainModel, rule: RuleModel)
      case newSet(table: UInt64, set: UInt64)
      case deletedSet(table: TableModel, set: SetModel)
      case newElements(table: UInt64, set: UInt64, keys: [ElementKey])
      /// An element that was added again, with other times.
      case changedElement(table: UInt64, set: UInt64, element: ElementModel)
      case deletedElements(table: TableModel, set: SetModel, elements: [ElementModel])
      case newObject(table: UInt64, object: UInt64, type: UInt32)
      case deletedObject(table: TableModel, object: ObjectModel)
      case newFlowtable(table: UInt64, flowtable: UInt64, devices: [NFTables.Device]?)
      case deletedFlowtable(table: TableModel, flowtable: FlowtableModel, devices: [NFTables.Device]?)
    }
    var subject: Subject
    var request: RequestContext
  }

  let client: ControlClient
  /// Monotonic nanoseconds.
  let now: UInt64
  /// Whether the whole ruleset is checked after each rule, to find the one that is to blame.
  let validatesEachRule: Bool
  var setNames: [LocalID: String] = [:]
  var chainNames: [LocalID: String] = [:]
  var ruleHandles: [LocalID: UInt64] = [:]
  var changes: [Change] = []
  /// Names that chains get with the commit.
  var renames: [(table: UInt64, chain: UInt64, name: String)] = []
  /// Devices that a flowtable or a chain of a table gets with the commit.
  struct AddedDevices {
    var table: UInt64
    var owner: UInt64
    var devices: [NFTables.Device]
  }
  var flowtableDevices: [AddedDevices] = []
  var chainDevices: [AddedDevices] = []
  /// What sets become with the commit.
  var setUpdates: [(table: UInt64, set: UInt64, wanted: SetModel)] = []
  /// Tables of which this batch has changed a chain, or deleted a base chain.
  var tablesWithChangedChains: Set<UInt64> = []
  /// Tables whose dormant flag this batch has changed.
  var toggledTables: Set<UInt64> = []
  /// Tables in which something has to be validated before the commit.
  var tablesToValidate: Set<UInt64> = []

  init(client: ControlClient, now: UInt64, validatesEachRule: Bool) {
    self.client = client
    self.now = now
    self.validatesEachRule = validatesEachRule
  }

  mutating func note(_ subject: Change.Subject, _ request: RequestContext) {
    changes.append(Change(subject: subject, request: request))
  }

  /// Refuses devices that one of `pending` has already for the same table.
  func check(
    _ devices: [NFTables.Device], against pending: [AddedDevices], _ table: UInt64
  ) throws(ControlError) {
    for change in pending where change.table == table {
      guard !devices.contains(where: { change.devices.contains($0) }) else {
        throw ControlError(ErrorNumber.exists)
      }
    }
  }

  func setNames(in table: UInt64) -> [UInt32: String] {
    var names: [UInt32: String] = [:]
    for (key, name) in setNames where key.table == table { names[key.id] = name }
    return names
  }

  func chainNames(in table: UInt64) -> [UInt32: String] {
    var names: [UInt32: String] = [:]
    for (key, name) in chainNames where key.table == table { names[key.id] = name }
    return names
  }
}

/// What the headers of a request say.
struct RequestContext: Equatable {
  var message: UInt8
  var flags: NetlinkFlags
  var sequence: UInt32
  var family: UInt8
}
