// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// What listeners of NFNLGRP_NFTABLES are told after a commit.
// Source (Linux 7.2): nf_tables_api.c, nf_tables_commit and the notify functions.
extension Ruleset {
  /// The event that announces a change; nil when what it speaks of was deleted again in the same batch.
  func event(for change: Transaction.Change, to client: ControlClient) -> [UInt8]? {
    let request = change.request
    let created = request.flags.intersection([.create, .exclusive])
    func build(
      _ type: UInt8, _ flags: NetlinkFlags, _ family: UInt8, _ content: (inout NetlinkWriter) -> Void
    )
      -> [UInt8]
    {
      message(type, flags, family: family, sequence: request.sequence, to: client, content)
    }
    switch change.subject {
    case .newTable(let handle):
      guard let table = table(handle) else { return nil }
      return build(NFTables.Message.newTable, created, table.family) { wire(table).encode(into: &$0) }
    case .newChain(let handle, let chain):
      guard let table = table(handle), let index = table.chain(handle: chain) else { return nil }
      let wire = wire(table.chains[index], in: table, references(in: table))
      return build(NFTables.Message.newChain, created, table.family) { wire.encode(into: &$0) }
    case .newRule(let handle, let chain, let rule):
      return newRuleEvent(handle, chain, rule, request, client)
    case .newSet(let handle, let set):
      guard let table = table(handle), let index = table.set(handle: set) else { return nil }
      let wire = wire(table.sets[index], in: table)
      return build(NFTables.Message.newSet, created, table.family) { wire.encode(into: &$0) }
    case .newElements(let handle, let set, let keys):
      guard let table = table(handle), let index = table.set(handle: set) else { return nil }
      let model = table.sets[index]
      let elements = keys.compactMap { key in model.place(of: key).map { model.elements[$0] } }
      guard !elements.isEmpty else { return nil }
      return elementEvent(NFTables.Message.newElement, created, table, model, elements, request, client)
    case .newObject(let handle, let object, let type):
      guard let table = table(handle), let index = table.object(handle: object, type) else { return nil }
      let wire = wire(table.objects[index], in: table, references(in: table), now: 0)
      return build(NFTables.Message.newObject, created, table.family) { wire.encode(into: &$0) }
    case .newFlowtable(let handle, let flowtable, let devices):
      guard let table = table(handle), let index = table.flowtable(handle: flowtable) else { return nil }
      let wire = wire(table.flowtables[index], in: table, references(in: table), devices: devices)
      return build(NFTables.Message.newFlowtable, created, table.family) { wire.encode(into: &$0) }
    default:
      return deletionEvent(change, client)
    }
  }

  private func deletionEvent(_ change: Transaction.Change, _ client: ControlClient) -> [UInt8]? {
    let request = change.request
    func build(_ type: UInt8, _ family: UInt8, _ content: (inout NetlinkWriter) -> Void) -> [UInt8] {
      message(type, [], family: family, sequence: request.sequence, to: client, content)
    }
    switch change.subject {
    case .deletedTable(let table):
      var wire = NFTables.Table()
      wire.name = table.name
      wire.use = 0
      wire.handle = table.handle
      return build(NFTables.Message.deleteTable, table.family) { wire.encode(into: &$0) }
    case .deletedChain(let table, let chain):
      var wire = NFTables.Chain()
      wire.table = table.name
      wire.name = chain.name
      wire.handle = chain.handle
      return build(NFTables.Message.deleteChain, table.family) { wire.encode(into: &$0) }
    case .deletedRule(let table, let chain, let rule):
      // Source (Linux 7.2): nf_tables_api.c, nf_tables_fill_rule_info: a deleted rule has no position.
      let wire = wire(rule, chain, in: table, previous: nil, now: 0)
      return build(NFTables.Message.deleteRule, table.family) { wire.encode(into: &$0) }
    case .deletedSet(let table, let set):
      var wire = NFTables.Set()
      wire.table = table.name
      wire.name = set.name
      wire.handle = set.handle
      return build(NFTables.Message.deleteSet, table.family) { wire.encode(into: &$0) }
    case .deletedElements(let table, let set, let elements):
      guard !elements.isEmpty else { return nil }
      return elementEvent(NFTables.Message.deleteElement, [], table, set, elements, request, client)
    case .deletedObject(let table, let object):
      var wire = NFTables.Object()
      wire.table = table.name
      wire.name = object.name
      wire.handle = object.handle
      wire.type = object.type
      return build(NFTables.Message.deleteObject, table.family) { wire.encode(into: &$0) }
    case .deletedFlowtable(let table, let flowtable, let devices):
      var wire = wire(flowtable, in: table, references(in: table), devices: devices)
      if devices == nil {
        wire.use = nil
        wire.flags = nil
        wire.hook = nil
      }
      return build(NFTables.Message.deleteFlowtable, table.family) { wire.encode(into: &$0) }
    default:
      return nil
    }
  }

  private func newRuleEvent(
    _ handle: UInt64, _ chain: UInt64, _ rule: UInt64, _ request: RequestContext, _ client: ControlClient
  ) -> [UInt8]? {
    guard let table = table(handle), let place = table.chain(handle: chain) else { return nil }
    let chain = table.chains[place]
    guard let index = chain.rules.firstIndex(where: { $0.handle == rule }) else { return nil }
    var flags = request.flags.intersection([.create, .exclusive])
    if request.flags.contains(.append) || request.flags.contains(.replace) { flags.insert(.append) }
    // The first and the last rule of a chain need no position.
    let isInside = index > 0 && index < chain.rules.count - 1
    let previous = isInside ? chain.rules[index - 1].handle : nil
    let wire = wire(chain.rules[index], chain, in: table, previous: previous, now: 0)
    return message(
      NFTables.Message.newRule, flags, family: table.family, sequence: request.sequence, to: client
    ) { wire.encode(into: &$0) }
  }

  private func elementEvent(
    _ type: UInt8, _ flags: NetlinkFlags, _ table: TableModel, _ set: SetModel, _ elements: [ElementModel],
    _ request: RequestContext, _ client: ControlClient
  ) -> [UInt8] {
    var result: [UInt8] = []
    for element in elements {
      var list = NFTables.ElementList()
      list.table = table.name
      list.set = set.name
      list.elements = [wire(element, in: set, now: 0)]
      // Kernels after 6.12 announce elements without the request's sequence number.
      let sequence = kernel >= .linux72 ? 0 : request.sequence
      result += message(type, flags, family: table.family, sequence: sequence, to: client) {
        list.encode(into: &$0)
      }
    }
    return result
  }

  func table(_ handle: UInt64) -> TableModel? { model.tables.first { $0.handle == handle } }
}
