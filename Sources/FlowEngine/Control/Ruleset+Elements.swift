// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newsetelem, nft_add_set_elem, nf_tables_delsetelem.
extension Ruleset {
  private typealias Flag = NFTables.Element.Flag

  /// The set that an element message means, by name or by its id in this batch.
  private func findSet(
    _ message: NFTables.ElementList, _ table: Int, _ transaction: Transaction
  ) throws(ControlError) -> Int {
    if let name = message.set, let index = model.tables[table].set(name) { return index }
    if let id = message.setID,
      let name = transaction.setNames[.init(table: model.tables[table].handle, id: id)],
      let index = model.tables[table].set(name)
    {
      return index
    }
    throw unknown(2)
  }

  /// ENOENT for a name, since Linux 6.4 with the place of the name.
  func unknown(_ attribute: UInt16) -> ControlError {
    kernel >= .linux612
      ? ControlError(ErrorNumber.noEntry, attribute: attribute) : ControlError(ErrorNumber.noEntry)
  }

  mutating func newElements(
    _ message: NFTables.ElementList, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    guard let elements = message.elements else { throw ControlError(ErrorNumber.invalid) }
    let table = try findTable(message.table, request, transaction.client)
    let index = try findSet(message, table, transaction)
    let set = model.tables[table].sets[index]
    if set.flags & NFTables.Set.Flag.constant != 0, !set.isAnonymous,
      references(in: model.tables[table]).sets[set.name] ?? 0 > 0
    {
      throw ControlError(ErrorNumber.busy)
    }
    var added: [ElementKey] = []
    var announced = 0
    let handle = model.tables[table].handle
    func announce() {
      guard announced < added.count else { return }
      let keys = Array(added[announced...])
      announced = added.count
      transaction.note(.newElements(table: handle, set: set.handle, keys: keys), request)
    }
    for (number, element) in elements.enumerated() {
      do throws(ControlError) {
        switch try add(element, number, table, index, request, transaction) {
        case .added(let key): added.append(key)
        case .changed(let element):
          announce()
          transaction.note(.changedElement(table: handle, set: set.handle, element: element), request)
        case nil: break
        }
      } catch {
        throw error.blaming([.type(3), .member(number)])
      }
    }
    if set.isInterval, !set.isConcatenation { try checkOverlaps(table, index, added) }
    let blocks = NFTables.Set.Flag.interval | NFTables.Set.Flag.concatenation
    if set.flags & blocks == blocks { try checkBlocks(model.tables[table].sets[index], added) }
    announce()
    if set.isVerdictMap { transaction.tablesToValidate.insert(handle) }
    if set.isVerdictMap, transaction.validatesEachRule, let error = validationError(of: model.tables[table]) {
      throw error
    }
  }

  /// What became of an element that was added.
  private enum Addition {
    case added(ElementKey)
    /// The set has it, and once the batch is committed it has these times.
    case changed(ElementModel)
  }

  /// Adds one element, the `number`-th of its message; nil when the set has it already, as it is.
  private mutating func add(
    _ element: NFTables.Element, _ number: Int, _ table: Int, _ index: Int, _ request: RequestContext,
    _ transaction: Transaction
  ) throws(ControlError) -> Addition? {
    let set = model.tables[table].sets[index]
    let flags = element.flags ?? 0
    guard flags & ~(Flag.intervalEnd | Flag.catchAll) == 0 else {
      guard kernel >= .linux72 else { throw ControlError(ErrorNumber.notSupported) }
      throw ControlError(
        ErrorNumber.invalid, at: [.type(3), .member(number), .type(3)], text: "reserved bit set")
    }
    let isEnd = flags & Flag.intervalEnd != 0
    let isCatchAll = flags & Flag.catchAll != 0
    if isEnd, !set.isInterval { throw ControlError(ErrorNumber.invalid) }
    if isEnd, isCatchAll { throw ControlError(ErrorNumber.invalid) }
    guard isCatchAll || element.key != nil else { throw ControlError(ErrorNumber.invalid) }
    let key = ElementKey(
      key: try checkedKey(element.key, set, isCatchAll), keyEnd: try checkedKey(element.keyEnd, set, true),
      flags: flags)
    if !key.keyEnd.isEmpty, !set.isConcatenation { throw ControlError(ErrorNumber.invalid) }
    if element.timeout != nil, set.flags & NFTables.Set.Flag.timeout == 0 {
      throw ControlError(ErrorNumber.invalid)
    }
    if isEnd, element.data != nil || element.object != nil { throw ControlError(ErrorNumber.invalid) }
    let data = try checkedData(element, set, table, isEnd: isEnd, transaction)
    let timeout = element.timeout ?? (isEnd ? 0 : set.timeout)
    let left = element.expiration ?? timeout
    if element.expiration != nil, timeout == 0, kernel >= .linux612 {
      throw ControlError(ErrorNumber.notSupported)
    }
    guard left <= timeout || timeout == 0 else { throw ControlError(ErrorNumber.outOfRange) }
    let (nanoseconds, overflow) = left.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow else { throw ControlError(ErrorNumber.outOfRange) }
    if let place = set.place(of: key), !hasExpired(set.elements[place], now: transaction.now) {
      let old = set.elements[place]
      guard !request.flags.contains(.exclusive), old.data == data, old.object == element.object else {
        throw ControlError(ErrorNumber.exists)
      }
      guard kernel >= .linux612, set.flags & NFTables.Set.Flag.timeout != 0, !isEnd,
        timeout != old.timeout ?? set.timeout || element.expiration != nil
      else { return nil }
      var changed = old
      changed.timeout = element.timeout
      changed.expiry = timeout == 0 ? 0 : max(1, transaction.now &+ nanoseconds)
      return .changed(changed)
    }
    if let limit = set.size, !isCatchAll, isFull(set, UInt64(limit), key) {
      throw ControlError(ErrorNumber.tooManyInSystem)
    }
    let expressions = try elementExpressions(element, set, table, isEnd: isEnd, transaction)
    let stored = ElementModel(
      key: key, data: data, object: element.object, timeout: element.timeout,
      expiry: timeout == 0 ? 0 : max(1, transaction.now &+ nanoseconds), userData: element.userData,
      expressions: expressions,
      hasExpressionList: element.expressions == nil ? set.hasExpressionList : element.hasExpressionList)
    if let place = set.place(of: key) { model.tables[table].sets[index].remove(at: place) }
    model.tables[table].sets[index].insert(stored)
    return .added(key)
  }

  /// Whether a set has no room for one more element. Neither the element for all keys that have none takes any, nor, after
  /// Linux 6.1, which counts both ends of a range, the end before the first range.
  ///
  /// Source (Linux 7.2): nf_tables_api.c, nft_set_maxsize; nft_set_rbtree.c, nft_rbtree_adjust_maxsize.
  private func isFull(_ set: SetModel, _ limit: UInt64, _ key: ElementKey) -> Bool {
    var count = UInt64(set.elements.count)
    if set.place(of: ElementKey(key: [], keyEnd: [], flags: Flag.catchAll)) != nil { count -= 1 }
    guard set.isInterval, kernel >= .linux612 else { return count >= limit }
    let lowest = ElementKey(
      key: [UInt8](repeating: 0, count: set.keyLength), keyEnd: [], flags: Flag.intervalEnd)
    let hasLowest = key == lowest || set.place(of: lowest) != nil
    return count >= limit * 2 + (hasLowest ? 1 : 0)
  }

  /// Gives elements that were added again the times that they got.
  mutating func changeElements(_ transaction: Transaction) {
    for change in transaction.changes {
      guard case .changedElement(let handle, let number, let element) = change.subject,
        let table = model.tables.firstIndex(where: { $0.handle == handle }),
        let set = model.tables[table].set(handle: number),
        let place = model.tables[table].sets[set].place(of: element.key)
      else { continue }
      var changed = model.tables[table].sets[set].elements[place]
      changed.timeout = element.timeout
      changed.expiry = element.expiry
      model.tables[table].sets[set].replace(at: place, changed)
    }
  }

  /// Refuses blocks of concatenated ranges that have a key in common.
  ///
  /// - Throws: EEXIST, blaming the last of the new elements of which that is so.
  private func checkBlocks(_ set: SetModel, _ added: [ElementKey]) throws(ControlError) {
    guard let length = set.fieldLengths.first.map(Int.init) else { return }
    var numbers: [ElementKey: Int] = [:]
    for (number, key) in added.enumerated() { numbers[key] = number }
    let sorted = set.elements.map(\.key).filter { $0.key.count >= length }.sorted {
      $0.key.lexicographicallyPrecedes($1.key)
    }
    for (place, one) in sorted.enumerated() {
      let end = (one.keyEnd.isEmpty ? one.key : one.keyEnd).prefix(length)
      for other in sorted[(place + 1)...] {
        if end.lexicographicallyPrecedes(other.key.prefix(length)) { break }
        let number = max(numbers[one] ?? -1, numbers[other] ?? -1)
        guard number >= 0, overlaps(one, other, set.fieldLengths) else { continue }
        throw ControlError(ErrorNumber.exists, at: [.type(3), .member(number)])
      }
    }
  }

  /// Whether two blocks of concatenated ranges have a key in common.
  private func overlaps(_ one: ElementKey, _ other: ElementKey, _ fields: [UInt32]) -> Bool {
    guard !one.key.isEmpty else { return false }
    let ends = (one.keyEnd.isEmpty ? one.key : one.keyEnd, other.keyEnd.isEmpty ? other.key : other.keyEnd)
    var start = 0
    for length in fields {
      let field = start..<start + Int(length)
      guard field.upperBound <= one.key.count, field.upperBound <= other.key.count else { return false }
      if ends.0[field].lexicographicallyPrecedes(other.key[field]) { return false }
      if ends.1[field].lexicographicallyPrecedes(one.key[field]) { return false }
      start += (Int(length) + 3) & ~3
    }
    return true
  }

  func hasExpired(_ element: ElementModel, now: UInt64) -> Bool {
    element.expiry != 0 && element.expiry <= now
  }

  private func checkedKey(
    _ key: [UInt8]?, _ set: SetModel, _ mayBeAbsent: Bool
  ) throws(ControlError) -> [UInt8] {
    guard let key else {
      guard mayBeAbsent else { throw ControlError(ErrorNumber.invalid) }
      return []
    }
    guard !key.isEmpty else { throw ControlError(ErrorNumber.invalid) }
    guard key.count == set.keyLength else { throw ControlError(ErrorNumber.invalid) }
    return key
  }

  private func checkedData(
    _ element: NFTables.Element, _ set: SetModel, _ table: Int, isEnd: Bool, _ transaction: Transaction
  ) throws(ControlError) -> NFTables.Data? {
    if set.isObjectMap {
      if isEnd { return nil }
      guard let name = element.object, let type = set.objectType else {
        throw ControlError(ErrorNumber.invalid)
      }
      guard model.tables[table].object(name, type) != nil else { throw ControlError(ErrorNumber.noEntry) }
      return nil
    }
    if element.object != nil { throw ControlError(ErrorNumber.invalid) }
    guard set.isMap else {
      if element.data != nil { throw ControlError(ErrorNumber.invalid) }
      return nil
    }
    if isEnd { return nil }
    switch element.data {
    case .verdict(let verdict)? where set.isVerdictMap:
      let loader = ExpressionLoader(
        kernel: kernel, table: model.tables[table], now: transaction.now, setNames: [:],
        chainNames: transaction.chainNames(in: model.tables[table].handle))
      return .verdict(try loader.verdict(verdict))
    case .value(let octets)? where !set.isVerdictMap:
      guard octets.count == set.dataLength else { throw ControlError(ErrorNumber.invalid) }
      return .value(octets)
    default:
      throw ControlError(ErrorNumber.invalid)
    }
  }

  private mutating func elementExpressions(
    _ element: NFTables.Element, _ set: SetModel, _ table: Int, isEnd: Bool, _ transaction: Transaction
  ) throws(ControlError) -> [LoadedExpression] {
    if isEnd { return [] }
    let wanted = element.expressions ?? set.expressions
    if element.expressions != nil, !set.expressions.isEmpty,
      wanted.map(\.name) != set.expressions.map(\.name)
    {
      throw ControlError(ErrorNumber.notSupported)
    }
    let loader = ExpressionLoader(
      kernel: kernel, table: model.tables[table], now: transaction.now, setNames: [:], chainNames: [:])
    var loaded: [LoadedExpression] = []
    for expression in wanted {
      _ = try loader.loadElementState(expression, of: set)
      let item = try loader.loadState(expression)
      loaded.append(LoadedExpression(expression: item.expression, cell: item.cell.map { cells.add($0) }))
    }
    return loaded
  }

  /// Refuses ranges that overlap: each must end before the next begins.
  ///
  /// - Throws: EEXIST, blaming the first of the new elements that lies inside another range.
  private func checkOverlaps(_ table: Int, _ index: Int, _ added: [ElementKey]) throws(ControlError) {
    let set = model.tables[table].sets[index]
    // nft leaves out the end of an anonymous set's range where the next one begins at once.
    guard !set.isAnonymous else { return }
    let sorted = set.elements.map(\.key).filter { $0.flags & Flag.catchAll == 0 }.sorted {
      $0.key == $1.key ? $0.flags & 1 > $1.flags & 1 : $0.key.lexicographicallyPrecedes($1.key)
    }
    let new = Set(added)
    var isOpen = false
    for (place, key) in sorted.enumerated() {
      if key.flags & Flag.intervalEnd != 0 {
        isOpen = false
        continue
      }
      if isOpen {
        // A new range around others fails with its end.
        let end = sorted[place...].first { $0.flags & Flag.intervalEnd != 0 && new.contains($0) }
        let blamed = new.contains(key) ? key : end ?? sorted[max(0, place - 1)]
        let number = added.firstIndex(of: blamed) ?? 0
        throw ControlError(ErrorNumber.exists, at: [.type(3), .member(number)])
      }
      isOpen = true
    }
  }

  mutating func deleteElements(
    _ message: NFTables.ElementList, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    let isDestroy = request.message == NFTables.Message.destroyElement
    let table = try findTable(message.table, request, transaction.client)
    let index = try findSet(message, table, transaction)
    let set = model.tables[table].sets[index]
    if set.flags & NFTables.Set.Flag.constant != 0,
      references(in: model.tables[table]).sets[set.name] ?? 0 > 0
    {
      throw ControlError(ErrorNumber.busy)
    }
    guard let elements = message.elements else {
      guard !set.elements.isEmpty else { return }
      transaction.note(
        .deletedElements(table: model.tables[table], set: set, elements: set.elements), request)
      model.tables[table].sets[index].removeAll()
      return
    }
    var removed: [ElementModel] = []
    for (number, element) in elements.enumerated() {
      let key = ElementKey(key: element.key ?? [], keyEnd: element.keyEnd ?? [], flags: element.flags ?? 0)
      guard let place = model.tables[table].sets[index].place(of: key) else {
        if isDestroy { continue }
        throw ControlError(ErrorNumber.noEntry, at: [.type(3), .member(number)])
      }
      removed.append(model.tables[table].sets[index].elements[place])
      model.tables[table].sets[index].remove(at: place)
    }
    guard !removed.isEmpty else { return }
    transaction.note(.deletedElements(table: model.tables[table], set: set, elements: removed), request)
  }
}
