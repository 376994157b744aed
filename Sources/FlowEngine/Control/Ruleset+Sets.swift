// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newset, nft_set_desc_concat, nf_tables_delset.
extension Ruleset {
  private typealias Flag = NFTables.Set.Flag

  mutating func newSet(
    _ message: NFTables.Set, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    try checkName(message.name, 2)
    guard message.table != nil, let name = message.name, let keyLength = message.keyLength,
      let id = message.id
    else { throw ControlError(ErrorNumber.invalid) }
    guard (1...64).contains(keyLength) else { throw ControlError(ErrorNumber.invalid) }
    let flags = message.flags ?? 0
    try checkFlags(flags, message)
    let table = try findTable(message.table, request, transaction.client)
    var set = SetModel(
      name: name, handle: 0, flags: flags, keyType: message.keyType ?? 0, keyLength: Int(keyLength))
    try fill(&set, from: message, flags, model.tables[table], transaction)
    if let existing = model.tables[table].set(name) {
      if request.flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists, attribute: 2) }
      if request.flags.contains(.replace) { throw ControlError(ErrorNumber.notSupported) }
      guard isSame(set, model.tables[table].sets[existing]) else {
        throw ControlError(ErrorNumber.exists, attribute: 2)
      }
      transaction.setNames[.init(table: model.tables[table].handle, id: id)] = name
      let handle = model.tables[table].sets[existing].handle
      transaction.setUpdates.append((model.tables[table].handle, handle, set))
      transaction.note(.newSet(table: model.tables[table].handle, set: handle), request)
      return
    }
    guard request.flags.contains(.create) else { throw ControlError(ErrorNumber.noEntry) }
    // What keeps ranges cannot be changed by packets.
    if flags & Flag.interval != 0, flags & Flag.eval != 0 { throw ControlError(ErrorNumber.notSupported) }
    if let field = name.range(of: "%d") {
      set.name = freeName(name, field, model.tables[table])
    } else if name.contains("%") {
      throw ControlError(ErrorNumber.invalid)
    }
    set.handle = model.tables[table].nextHandle()
    model.tables[table].sets.append(set)
    transaction.setNames[.init(table: model.tables[table].handle, id: id)] = set.name
    transaction.note(.newSet(table: model.tables[table].handle, set: set.handle), request)
  }

  /// Changes the sets that a batch added again, which only then takes effect.
  mutating func updateSets(_ transaction: Transaction) {
    for (handle, number, wanted) in transaction.setUpdates {
      guard let table = model.tables.firstIndex(where: { $0.handle == handle }),
        let set = model.tables[table].set(handle: number)
      else { continue }
      Self.update(&model.tables[table].sets[set], to: wanted, kernel)
    }
  }

  /// A set that is there gets the times of one that is added by its name, and after Linux 6.1 its size, if that has one. What
  /// its elements have does not change.
  ///
  /// Source (Linux 7.2): nf_tables_api.c, nft_set_is_same, nf_tables_commit.
  private static func update(_ set: inout SetModel, to wanted: SetModel, _ kernel: KernelGeneration) {
    if wanted.timeout != set.timeout, kernel >= .linux612 {
      for (place, element) in set.elements.enumerated()
      where element.timeout == nil && element.key.flags & NFTables.Element.Flag.intervalEnd == 0 {
        var changed = element
        changed.timeout = set.timeout
        set.replace(at: place, changed)
      }
    }
    set.timeout = wanted.timeout
    set.collectionInterval = wanted.collectionInterval
    if let size = wanted.size, size != 0, kernel >= .linux612 { set.size = size }
  }

  private func checkFlags(_ flags: UInt32, _ message: NFTables.Set) throws(ControlError) {
    guard flags & ~Flag.all == 0 else { throw ControlError(ErrorNumber.notSupported) }
    func has(_ bits: UInt32) -> Bool { flags & bits == bits }
    if has(Flag.map | Flag.object) || has(Flag.eval | Flag.object) || has(Flag.constant | Flag.timeout) {
      throw ControlError(ErrorNumber.notSupported)
    }
    if has(Flag.anonymous | Flag.timeout), !has(Flag.eval) { throw ControlError(ErrorNumber.notSupported) }
    if (message.dataType != nil) != has(Flag.map) { throw ControlError(ErrorNumber.invalid) }
    if (message.objectType != nil) != has(Flag.object) { throw ControlError(ErrorNumber.invalid) }
    if message.timeout != nil, !has(Flag.timeout) { throw ControlError(ErrorNumber.invalid) }
    if message.collectionInterval != nil, !has(Flag.timeout) { throw ControlError(ErrorNumber.invalid) }
    if has(Flag.expressions), message.expressions == nil { throw ControlError(ErrorNumber.invalid) }
  }

  private func fill(
    _ set: inout SetModel, from message: NFTables.Set, _ flags: UInt32, _ table: TableModel,
    _ transaction: Transaction
  ) throws(ControlError) {
    if let dataType = message.dataType {
      set.dataType = dataType
      if dataType == NFTables.Set.verdictType {
        set.dataLength = 16
      } else {
        if dataType & 0xffff_ff00 == 0xffff_ff00 { throw ControlError(ErrorNumber.invalid) }
        guard let length = message.dataLength, (1...64).contains(length) else {
          throw ControlError(ErrorNumber.invalid)
        }
        set.dataLength = Int(length)
      }
    }
    if let type = message.objectType {
      guard type > 0, type <= 10 else { throw ControlError(ErrorNumber.notSupported) }
      set.objectType = type
    }
    set.policy = message.policy ?? 0
    guard set.policy <= 1 else { throw ControlError(ErrorNumber.notSupported) }
    set.size = message.description?.size
    set.wasMadeWithSize = message.description?.size ?? 0 != 0
    set.hasDescription = message.description != nil
    set.fieldLengths = message.description?.fieldLengths ?? []
    let isConcatenation = flags & Flag.concatenation != 0
    if isConcatenation {
      guard set.fieldLengths.count >= 2 else { throw ControlError(ErrorNumber.invalid) }
    }
    if !set.fieldLengths.isEmpty {
      var words = 0
      for length in set.fieldLengths {
        guard (1...64).contains(length) else { throw ControlError(ErrorNumber.invalid) }
        words += (Int(length) + 3) / 4
      }
      guard words * 4 == (set.keyLength + 3) / 4 * 4 else { throw ControlError(ErrorNumber.invalid) }
    }
    if let timeout = message.timeout {
      guard timeout <= UInt64.max / 1_000_000 else { throw ControlError(ErrorNumber.outOfRange) }
      set.timeout = timeout
    }
    set.collectionInterval = message.collectionInterval ?? 0
    set.userData = message.userData
    if let expressions = message.expressions {
      let loader = ExpressionLoader(
        kernel: kernel, table: table, now: transaction.now, setNames: [:], chainNames: [:])
      for expression in expressions {
        set.expressions.append(try loader.loadElementState(expression, of: set))
      }
      set.hasExpressionList = message.hasExpressionList
    }
  }

  private func isSame(_ left: SetModel, _ right: SetModel) -> Bool {
    left.flags == right.flags && left.keyType == right.keyType && left.keyLength == right.keyLength
      && left.dataType == right.dataType && left.dataLength == right.dataLength
      && left.objectType == right.objectType && left.fieldLengths == right.fieldLengths
      && left.expressions.map(\.name) == right.expressions.map(\.name)
  }

  /// The first name of the form that is free: `__set%d` becomes `__set0`.
  private func freeName(_ name: String, _ field: Range<String.Index>, _ table: TableModel) -> String {
    let taken = Set(table.sets.map(\.name))
    var number = 0
    while true {
      let candidate = name.replacingCharacters(in: field, with: "\(number)")
      if !taken.contains(candidate) { return candidate }
      number += 1
    }
  }

  mutating func deleteSet(
    _ message: NFTables.Set, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    guard message.table != nil else { throw ControlError(ErrorNumber.invalid) }
    let table = try findTable(message.table, request, transaction.client)
    guard message.handle != nil || message.name != nil else { throw ControlError(ErrorNumber.invalid) }
    let attribute: UInt16 = message.handle == nil ? 2 : 16
    let found =
      message.handle.map { model.tables[table].set(handle: $0) }
      ?? message.name.flatMap { model.tables[table].set($0) }
    guard let index = found else {
      if request.message == NFTables.Message.destroySet { return }
      throw ControlError(ErrorNumber.noEntry, attribute: attribute)
    }
    let set = model.tables[table].sets[index]
    if references(in: model.tables[table]).sets[set.name] ?? 0 > 0 {
      throw ControlError(ErrorNumber.busy, attribute: attribute)
    }
    model.tables[table].sets.remove(at: index)
    transaction.note(.deletedSet(table: model.tables[table], set: set), request)
  }
}

extension String {
  /// Where `part` first occurs.
  fileprivate func range(of part: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
      start = index(after: start)
    }
    return nil
  }

  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
