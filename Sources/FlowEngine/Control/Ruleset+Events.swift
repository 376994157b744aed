// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// What listeners of NFNLGRP_NFTABLES are told after a commit.
// Source (Linux 7.2): nf_tables_api.c, nf_tables_commit and the notify functions.
extension Ruleset {
  /// The events that announce a change.
  ///
  /// - Parameters:
  ///   - change: of a batch that was committed.
  ///   - transaction: the batch, in which the same thing may have been deleted again.
  /// - Returns: messages; one for each element of a set.
  func events(for change: Transaction.Change, _ transaction: Transaction) -> [[UInt8]] {
    let client = transaction.client
    let request = change.request
    let created = request.flags.intersection([.create, .exclusive])
    func build(
      _ type: UInt8, _ flags: NetlinkFlags, _ family: UInt8, _ content: (inout NetlinkWriter) -> Void
    ) -> [[UInt8]] {
      [message(type, flags, family: family, sequence: request.sequence, to: client, content)]
    }
    switch change.subject {
    case .newTable(let handle):
      guard var table = table(handle) ?? transaction.deletedTable(handle) else { return [] }
      if self.table(handle) == nil { table.removeAll() }
      return build(NFTables.Message.newTable, created, table.family) { encode(wire(table), into: &$0) }
    case .newChain(let handle, let number):
      guard let (table, chain) = chain(number, of: handle, transaction) else { return [] }
      let wire = wire(chain, in: table, references(in: table))
      return build(NFTables.Message.newChain, created, table.family) { encode(wire, into: &$0) }
    case .newRule(let handle, let chain, let rule):
      return newRuleEvent(handle, chain, rule, request, transaction)
    case .newSet(let handle, let number):
      guard let (table, set) = set(number, of: handle, transaction) else { return [] }
      let wire = wire(set, in: table)
      return build(NFTables.Message.newSet, created, table.family) { wire.encode(into: &$0) }
    case .newElements(let handle, let number, let keys):
      guard let (table, set) = set(number, of: handle, transaction) else { return [] }
      let elements = keys.compactMap { key in
        set.place(of: key).map { set.elements[$0] } ?? transaction.deletedElement(key, of: number)
      }
      return elementEvents(NFTables.Message.newElement, created, table, set, elements, transaction)
    case .changedElement(let handle, let number, let element):
      guard let (table, set) = set(number, of: handle, transaction) else { return [] }
      return elementEvents(NFTables.Message.newElement, created, table, set, [element], transaction)
    case .newObject(let handle, let number, let type):
      guard let (table, object) = object(number, type, of: handle, transaction) else { return [] }
      let wire = wire(object, in: table, references(in: table), now: 0)
      return build(NFTables.Message.newObject, created, table.family) { encode(wire, into: &$0) }
    case .newFlowtable(let handle, let number, let devices):
      guard let (table, flowtable) = flowtable(number, of: handle, transaction) else { return [] }
      let wire = wire(flowtable, in: table, references(in: table), devices: devices)
      return build(NFTables.Message.newFlowtable, created, table.family) { encode(wire, into: &$0) }
    default:
      return deletionEvents(change, transaction)
    }
  }

  /// Since Linux 6.13 or later, but not in 6.12, a deletion names what was deleted and shows no more of it.
  private var namesDeletedOnly: Bool { kernel >= .linux72 }

  private func deletionEvents(_ change: Transaction.Change, _ transaction: Transaction) -> [[UInt8]] {
    let request = change.request
    let created = request.flags.intersection([.create, .exclusive])
    func build(
      _ type: UInt8, _ family: UInt8, _ flags: NetlinkFlags = [], _ content: (inout NetlinkWriter) -> Void
    ) -> [[UInt8]] {
      [
        message(
          type, created.union(flags), family: family, sequence: request.sequence, to: transaction.client,
          content)
      ]
    }
    switch change.subject {
    case .deletedTable(var table):
      table.removeAll()
      var wire = wire(table)
      if namesDeletedOnly {
        wire.flags = nil
        wire.owner = nil
        wire.userData = nil
      }
      return build(NFTables.Message.deleteTable, table.family) { encode(wire, into: &$0) }
    case .deletedChain(let table, var chain, let devices):
      if let devices { chain.base?.devices = devices } else { chain.rules = [] }
      var wire = wire(chain, in: table, devices == nil ? TableReferences() : references(in: table))
      if namesDeletedOnly, devices == nil {
        wire = NFTables.Chain()
        wire.table = table.name
        wire.name = chain.name
        wire.handle = chain.handle
      }
      return build(NFTables.Message.deleteChain, table.family) { encode(wire, into: &$0) }
    case .deletedRule(let table, let chain, let rule):
      // Source (Linux 7.2): nf_tables_api.c, nf_tables_fill_rule_info: a deleted rule has no position.
      let wire = wire(rule, chain, in: table, previous: nil, now: 0)
      return build(NFTables.Message.deleteRule, table.family, appended(request)) { wire.encode(into: &$0) }
    case .deletedSet(let table, let set):
      var wire = wire(set, in: table)
      if namesDeletedOnly {
        wire = NFTables.Set()
        wire.table = table.name
        wire.name = set.name
        wire.handle = set.handle
      }
      return build(NFTables.Message.deleteSet, table.family) { wire.encode(into: &$0) }
    case .deletedElements(let table, let set, let elements):
      return elementEvents(NFTables.Message.deleteElement, created, table, set, elements, transaction)
    case .deletedObject(let table, let object):
      var wire = wire(object, in: table, TableReferences(), now: 0)
      if namesDeletedOnly {
        wire.use = nil
        wire.data = nil
        wire.userData = nil
      }
      return build(NFTables.Message.deleteObject, table.family) { encode(wire, into: &$0) }
    case .deletedFlowtable(let table, let flowtable, let devices):
      let references = devices == nil ? TableReferences() : references(in: table)
      var wire = wire(flowtable, in: table, references, devices: devices)
      if namesDeletedOnly, devices == nil {
        wire.use = nil
        wire.flags = nil
        wire.hook = nil
      }
      return build(NFTables.Message.deleteFlowtable, table.family) { encode(wire, into: &$0) }
    default:
      return []
    }
  }

  /// The flag of an event about a rule that was appended, or replaced another.
  private func appended(_ request: RequestContext) -> NetlinkFlags {
    request.flags.contains(.append) || request.flags.contains(.replace) ? .append : []
  }

  private func newRuleEvent(
    _ handle: UInt64, _ number: UInt64, _ rule: UInt64, _ request: RequestContext, _ transaction: Transaction
  ) -> [[UInt8]] {
    guard let (table, chain) = chain(number, of: handle, transaction) else { return [] }
    let flags = request.flags.intersection([.create, .exclusive]).union(appended(request))
    let wire: NFTables.Rule
    if let index = chain.rules.firstIndex(where: { $0.handle == rule }) {
      // The first and the last rule of a chain need no position.
      let isInside = index > 0 && index < chain.rules.count - 1
      let previous = isInside ? chain.rules[index - 1].handle : nil
      wire = self.wire(chain.rules[index], chain, in: table, previous: previous, now: 0)
    } else if let deleted = transaction.deletedRule(rule, of: number) {
      wire = self.wire(deleted, chain, in: table, previous: nil, now: 0)
    } else {
      return []
    }
    return [
      message(
        NFTables.Message.newRule, flags, family: table.family, sequence: request.sequence,
        to: transaction.client
      ) { wire.encode(into: &$0) }
    ]
  }

  private func elementEvents(
    _ type: UInt8, _ flags: NetlinkFlags, _ table: TableModel, _ set: SetModel, _ elements: [ElementModel],
    _ transaction: Transaction
  ) -> [[UInt8]] {
    elements.map { element in
      var list = NFTables.ElementList()
      list.table = table.name
      list.set = set.name
      list.elements = [wire(element, in: set, now: transaction.now)]
      // Kernels announce elements without the request's sequence number.
      return message(type, flags, family: table.family, sequence: 0, to: transaction.client) {
        list.encode(into: &$0)
      }
    }
  }

  // MARK: What an event is about, whether or not the batch has deleted it again

  private func chain(
    _ number: UInt64, of handle: UInt64, _ transaction: Transaction
  ) -> (TableModel, ChainModel)? {
    if let table = table(handle), let index = table.chain(handle: number) {
      return (table, table.chains[index])
    }
    return transaction.first { subject -> (TableModel, ChainModel)? in
      guard case .deletedChain(let table, var chain, nil) = subject, chain.handle == number,
        table.handle == handle
      else { return nil }
      chain.rules = []
      return (table, chain)
    }
  }

  private func set(
    _ number: UInt64, of handle: UInt64, _ transaction: Transaction
  ) -> (TableModel, SetModel)? {
    if let table = table(handle), let index = table.set(handle: number) { return (table, table.sets[index]) }
    return transaction.first { subject -> (TableModel, SetModel)? in
      guard case .deletedSet(let table, let set) = subject, set.handle == number,
        table.handle == handle
      else { return nil }
      return (table, set)
    }
  }

  private func object(
    _ number: UInt64, _ type: UInt32, of handle: UInt64, _ transaction: Transaction
  ) -> (TableModel, ObjectModel)? {
    if let table = table(handle), let index = table.object(handle: number, type) {
      return (table, table.objects[index])
    }
    return transaction.first { subject -> (TableModel, ObjectModel)? in
      guard case .deletedObject(let table, let object) = subject, object.handle == number,
        table.handle == handle
      else { return nil }
      return (table, object)
    }
  }

  private func flowtable(
    _ number: UInt64, of handle: UInt64, _ transaction: Transaction
  ) -> (TableModel, FlowtableModel)? {
    if let table = table(handle), let index = table.flowtable(handle: number) {
      return (table, table.flowtables[index])
    }
    return transaction.first { subject -> (TableModel, FlowtableModel)? in
      guard case .deletedFlowtable(let table, let flowtable, nil) = subject,
        flowtable.handle == number, table.handle == handle
      else { return nil }
      return (table, flowtable)
    }
  }

  func table(_ handle: UInt64) -> TableModel? { model.tables.first { $0.handle == handle } }
}

extension Transaction {
  /// What `choose` makes of the first change of which it makes anything.
  fileprivate func first<Thing>(_ choose: (Change.Subject) -> Thing?) -> Thing? {
    for change in changes {
      if let thing = choose(change.subject) { return thing }
    }
    return nil
  }

  fileprivate func deletedTable(_ handle: UInt64) -> TableModel? {
    first { subject -> TableModel? in
      guard case .deletedTable(let table) = subject, table.handle == handle else { return nil }
      return table
    }
  }

  fileprivate func deletedRule(_ handle: UInt64, of chain: UInt64) -> RuleModel? {
    first { subject -> RuleModel? in
      guard case .deletedRule(_, let from, let rule) = subject, from.handle == chain,
        rule.handle == handle
      else { return nil }
      return rule
    }
  }

  fileprivate func deletedElement(_ key: ElementKey, of set: UInt64) -> ElementModel? {
    first { subject -> ElementModel? in
      guard case .deletedElements(_, let from, let elements) = subject, from.handle == set else {
        return nil
      }
      return elements.first { $0.key == key }
    }
  }
}
