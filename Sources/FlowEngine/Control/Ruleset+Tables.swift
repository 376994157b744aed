// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newtable, nf_tables_updtable, nf_tables_deltable.
extension Ruleset {
  /// Greatest length of a name (NFT_NAME_MAXLEN - 1).
  static let nameLimit = 255

  /// Checks a name's length.
  func checkName(_ name: String?, _ attribute: UInt16) throws(ControlError) {
    if let name, name.utf8.count > Self.nameLimit {
      throw ControlError(
        ErrorNumber.outOfRange, at: [.type(attribute)], text: "Attribute failed policy validation")
    }
  }

  /// The table that a request names, if the client may use it.
  ///
  /// - Throws: ENOENT or EPERM, blaming the attribute.
  func findTable(
    _ name: String?, _ request: RequestContext, _ client: ControlClient, attribute: UInt16 = 1
  ) throws(ControlError) -> Int {
    try checkName(name, attribute)
    guard let name else { throw ControlError(ErrorNumber.invalid) }
    guard let index = model.table(name, request.family) else {
      throw ControlError(ErrorNumber.noEntry, attribute: attribute)
    }
    if let owner = model.tables[index].owner, owner != client.portID {
      throw ControlError(ErrorNumber.notPermitted, attribute: attribute)
    }
    return index
  }

  mutating func newTable(
    _ message: NFTables.Table, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    let supported: [UInt8] = [
      NFTables.Family.inet, NFTables.Family.ipv4, NFTables.Family.ipv6, NFTables.Family.arp,
      NFTables.Family.netdev, NFTables.Family.bridge,
    ]
    guard supported.contains(request.family) else { throw ControlError(ErrorNumber.notSupported) }
    try checkName(message.name, 1)
    guard let name = message.name else { throw ControlError(ErrorNumber.invalid) }
    let flags = message.flags ?? 0
    if let index = model.table(name, request.family) {
      if let owner = model.tables[index].owner, owner != transaction.client.portID {
        throw ControlError(ErrorNumber.notPermitted, attribute: 1)
      }
      if request.flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists, attribute: 1) }
      if request.flags.contains(.replace) { throw ControlError(ErrorNumber.notSupported) }
      return try updateTable(index, message.flags, request, &transaction)
    }
    guard flags & ~tableFlags == 0 else { throw ControlError(ErrorNumber.notSupported) }
    model.tableHandles += 1
    var table = TableModel(
      family: request.family, name: name, handle: model.tableHandles, flags: flags, userData: message.userData
    )
    if flags & NFTables.Table.Flag.owner != 0 { table.owner = transaction.client.portID }
    model.tables.append(table)
    transaction.note(.newTable(table: table.handle), request)
  }

  /// Tables that outlive their owner came with Linux 6.9.
  private var tableFlags: UInt32 {
    typealias Flag = NFTables.Table.Flag
    return Flag.dormant | Flag.owner | (kernel >= .linux612 ? Flag.persist : 0)
  }

  private mutating func updateTable(
    _ index: Int, _ wanted: UInt32?, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    typealias Flag = NFTables.Table.Flag
    guard let wanted else { return }
    let old = model.tables[index].flags
    guard wanted & ~tableFlags == 0 else { throw ControlError(ErrorNumber.notSupported) }
    if wanted == old { return }
    let losesOwner = old & Flag.owner != 0 && wanted & Flag.owner == 0
    let changesPersistence = (old ^ wanted) & Flag.persist != 0
    // Only a table that outlived its owner may get one.
    let isOrphan = old & (Flag.owner | Flag.persist) == Flag.persist
    let takesOwner = wanted & Flag.owner != 0 && !isOrphan
    if losesOwner || changesPersistence || takesOwner { throw ControlError(ErrorNumber.notSupported) }
    if kernel >= .linux612, transaction.tablesWithChangedChains.contains(model.tables[index].handle) {
      throw ControlError(ErrorNumber.invalid)
    }
    if (old ^ wanted) & Flag.dormant != 0 {
      guard transaction.toggledTables.insert(model.tables[index].handle).inserted else {
        throw ControlError(ErrorNumber.invalid)
      }
    }
    model.tables[index].flags = wanted
    if wanted & Flag.owner != 0 { model.tables[index].owner = transaction.client.portID }
    transaction.note(.newTable(table: model.tables[index].handle), request)
  }

  mutating func deleteTable(
    _ message: NFTables.Table, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    if request.family == 0 || (message.name == nil && message.handle == nil) {
      let victims = model.tables.filter { table in
        (request.family == 0 || table.family == request.family)
          && (message.name == nil || message.name == table.name)
          && (table.owner == nil || table.owner == transaction.client.portID)
      }
      for table in victims { removeTable(table.handle, request, &transaction) }
      return
    }
    let index: Int
    if let handle = message.handle {
      guard
        let found = model.tables.firstIndex(where: { $0.handle == handle && $0.family == request.family })
      else {
        if request.message == NFTables.Message.destroyTable { return }
        throw ControlError(ErrorNumber.noEntry, attribute: 4)
      }
      if let owner = model.tables[found].owner, owner != transaction.client.portID {
        throw ControlError(ErrorNumber.notPermitted, attribute: 4)
      }
      index = found
    } else {
      if request.message == NFTables.Message.destroyTable, let name = message.name,
        model.table(name, request.family) == nil
      {
        return
      }
      index = try findTable(message.name, request, transaction.client)
    }
    if request.flags.contains(.nonRecursive), model.tables[index].use > 0 {
      throw ControlError(ErrorNumber.busy)
    }
    removeTable(model.tables[index].handle, request, &transaction)
  }

  /// Deletes a table with all that it holds, and announces it in the kernel's order (nft_flush_table).
  private mutating func removeTable(
    _ handle: UInt64, _ request: RequestContext, _ transaction: inout Transaction
  ) {
    guard let index = model.tables.firstIndex(where: { $0.handle == handle }) else { return }
    let table = model.tables[index]
    let named = table.chains.filter { $0.flags & NFTables.Chain.Flag.binding == 0 }
    for chain in named {
      for rule in chain.rules {
        noteDeletion(of: rule, chain, table, request, &transaction)
      }
    }
    for set in table.sets where !set.isAnonymous {
      transaction.note(.deletedSet(table: table, set: set), request)
    }
    for flowtable in table.flowtables {
      transaction.note(.deletedFlowtable(table: table, flowtable: flowtable, devices: nil), request)
    }
    for object in table.objects { transaction.note(.deletedObject(table: table, object: object), request) }
    for chain in named {
      transaction.note(.deletedChain(table: table, chain: chain, devices: nil), request)
    }
    model.tables.remove(at: index)
    transaction.note(.deletedTable(table), request)
  }

  /// The socket of `portID` was closed: the tables that it owned go, or lose their owner if they persist.
  /// Nobody is told.
  package mutating func clientClosed(portID: UInt32) {
    guard model.tables.contains(where: { $0.owner == portID }) else { return }
    adoptElements(now: 0)
    model.tables.removeAll {
      $0.owner == portID && $0.flags & NFTables.Table.Flag.persist == 0
    }
    for index in model.tables.indices where model.tables[index].owner == portID {
      model.tables[index].owner = nil
      model.tables[index].flags &= ~NFTables.Table.Flag.owner
    }
    rebuild()
  }
}
