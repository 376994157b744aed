// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newrule, nf_tables_delrule.
extension Ruleset {
  mutating func newRule(
    _ message: NFTables.Rule, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    let table = try findTable(message.table, request, transaction.client)
    let chain: Int
    if let name = message.chain {
      guard let found = model.tables[table].chain(name) else {
        throw ControlError(ErrorNumber.noEntry, attribute: 2)
      }
      chain = found
    } else if let id = message.chainID {
      let key = Transaction.LocalID(table: model.tables[table].handle, id: id)
      guard let name = transaction.chainNames[key], let found = model.tables[table].chain(name) else {
        throw ControlError(ErrorNumber.noEntry, attribute: 11)
      }
      chain = found
    } else {
      throw ControlError(ErrorNumber.invalid)
    }
    let (place, handle) = try place(of: message, table, chain, request, transaction)
    if message.hasCompatibility {
      throw ControlError(
        ErrorNumber.notSupported, at: [.type(5)], text: "xtables compatibility is not supported by the engine"
      )
    }
    let wanted = message.expressions ?? []
    try checkNames(wanted)
    if let index = message.namelessExpression {
      throw ControlError(ErrorNumber.invalid, at: [.type(4), .member(index)])
    }
    let expressions = try load(wanted, table, transaction)
    let rule = RuleModel(handle: handle, expressions: expressions, userData: message.userData)
    switch place {
    case .insert(let index): model.tables[table].chains[chain].rules.insert(rule, at: index)
    case .replace(let index):
      // The first of the two that have the handle is the old one.
      model.tables[table].chains[chain].rules.insert(rule, at: index + 1)
      removeRule(table, model.tables[table].chains[chain].handle, handle, request, &transaction)
    }
    if let id = message.id {
      transaction.ruleHandles[.init(table: model.tables[table].handle, id: id)] = handle
    }
    transaction.note(
      .newRule(
        table: model.tables[table].handle, chain: model.tables[table].chains[chain].handle, rule: handle),
      request)
    transaction.tablesToValidate.insert(model.tables[table].handle)
    if transaction.validatesEachRule, let error = validationError(of: model.tables[table]) { throw error }
  }

  private enum RulePlace {
    case insert(Int)
    case replace(Int)
  }

  /// Where a new rule goes, and its handle: that of the rule that it replaces, or a new one, which is given away
  /// before anything else of the rule is looked at.
  private mutating func place(
    of message: NFTables.Rule, _ table: Int, _ chain: Int, _ request: RequestContext,
    _ transaction: Transaction
  ) throws(ControlError) -> (RulePlace, handle: UInt64) {
    let rules = model.tables[table].chains[chain].rules
    if let handle = message.handle {
      guard let index = rules.firstIndex(where: { $0.handle == handle }) else {
        throw ControlError(ErrorNumber.noEntry, attribute: 3)
      }
      if request.flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists, attribute: 3) }
      guard request.flags.contains(.replace) else { throw ControlError(ErrorNumber.notSupported) }
      return (.replace(index), handle)
    }
    guard request.flags.contains(.create), !request.flags.contains(.replace) else {
      throw ControlError(ErrorNumber.invalid)
    }
    let new = model.tables[table].nextHandle()
    let appends = request.flags.contains(.append)
    var reference = message.position
    var attribute: UInt16 = 6
    if reference == nil, let id = message.positionID {
      attribute = 10
      guard let handle = transaction.ruleHandles[.init(table: model.tables[table].handle, id: id)] else {
        throw ControlError(ErrorNumber.noEntry, attribute: attribute)
      }
      reference = handle
    }
    guard let reference else { return (.insert(appends ? rules.count : 0), new) }
    guard let index = rules.firstIndex(where: { $0.handle == reference }) else {
      throw ControlError(ErrorNumber.noEntry, attribute: attribute)
    }
    return (.insert(appends ? index + 1 : index), new)
  }

  /// Refuses a rule with an expression that no kernel knows.
  private func checkNames(_ expressions: [NFTables.Expression]) throws(ControlError) {
    guard expressions.count <= 128 else { throw ControlError(ErrorNumber.invalid) }
    for (index, expression) in expressions.enumerated() {
      guard case .other(let name, _) = expression, !ExpressionLoader.unsupported.contains(name) else {
        continue
      }
      var unknown = ControlError(ErrorNumber.noEntry, at: [.type(4), .member(index)])
      unknown.missingModule = "nft-expr-\(name)"
      throw unknown
    }
  }

  /// The size of a set that packets fill, if nobody has said any.
  static let impliedSetSize: UInt32 = 0xffff

  /// Checks the expressions of a rule and gives each that needs it a cell.
  private mutating func load(
    _ expressions: [NFTables.Expression], _ table: Int, _ transaction: Transaction
  ) throws(ControlError) -> [LoadedExpression] {
    let handle = model.tables[table].handle
    var loader = ExpressionLoader(
      kernel: kernel, table: model.tables[table], now: transaction.now,
      setNames: transaction.setNames(in: handle), chainNames: transaction.chainNames(in: handle))
    var loaded: [ExpressionLoader.Loaded] = []
    for (index, expression) in expressions.enumerated() {
      do throws(ControlError) {
        loaded.append(try loader.load(expression))
      } catch {
        throw error.blaming([.type(4), .member(index)])
      }
    }
    for item in loaded {
      // A set that packets fill has a size from then on.
      guard case .dynamicSet(let value) = item.expression, let set = model.tables[table].set(value.set ?? "")
      else { continue }
      if model.tables[table].sets[set].size ?? 0 == 0 {
        model.tables[table].sets[set].size = Self.impliedSetSize
      }
    }
    return loaded.map { item in
      var cell: UInt32?
      if let state = item.cell { cell = cells.add(state) }
      return LoadedExpression(expression: item.expression, cell: cell)
    }
  }

  mutating func deleteRule(
    _ message: NFTables.Rule, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    let isDestroy = request.message == NFTables.Message.destroyRule
    let table = try findTable(message.table, request, transaction.client)
    guard let name = message.chain else {
      for chain in model.tables[table].chains { flush(table, chain, request, &transaction) }
      return
    }
    guard let index = model.tables[table].chain(name) else {
      if isDestroy { return }
      throw ControlError(ErrorNumber.noEntry, attribute: 2)
    }
    let chain = model.tables[table].chains[index]
    if let handle = message.handle {
      guard chain.rules.contains(where: { $0.handle == handle }) else {
        if isDestroy { return }
        throw ControlError(ErrorNumber.noEntry, attribute: 3)
      }
      removeRule(table, chain.handle, handle, request, &transaction)
    } else if let id = message.id {
      guard let handle = transaction.ruleHandles[.init(table: model.tables[table].handle, id: id)],
        chain.rules.contains(where: { $0.handle == handle })
      else { throw ControlError(ErrorNumber.noEntry, attribute: 9) }
      removeRule(table, chain.handle, handle, request, &transaction)
    } else {
      flush(table, chain, request, &transaction)
    }
  }

  private mutating func flush(
    _ table: Int, _ chain: ChainModel, _ request: RequestContext, _ transaction: inout Transaction
  ) {
    for rule in chain.rules { removeRule(table, chain.handle, rule.handle, request, &transaction) }
  }

  /// Deletes a rule, and with it the anonymous sets and chains that only it used.
  mutating func removeRule(
    _ table: Int, _ chain: UInt64, _ handle: UInt64, _ request: RequestContext,
    _ transaction: inout Transaction
  ) {
    guard let place = model.tables[table].chain(handle: chain),
      let index = model.tables[table].chains[place].rules.firstIndex(where: { $0.handle == handle })
    else { return }
    let rule = model.tables[table].chains[place].rules[index]
    noteDeletion(of: rule, model.tables[table].chains[place], model.tables[table], request, &transaction)
    model.tables[table].chains[place].rules.remove(at: index)
    for expression in rule.expressions {
      switch expression.expression {
      case .lookup, .dynamicSet, .objectReference: removeAnonymousSet(table, expression.expression.setName)
      case .immediate(let value):
        guard case .verdict(let verdict)? = value.data, let name = verdict.chain,
          let target = model.tables[table].chain(name),
          model.tables[table].chains[target].flags & NFTables.Chain.Flag.binding != 0
        else { continue }
        // A chain without a name goes with its rule, and nobody is told.
        let bound = model.tables[table].chains[target]
        var silent = transaction
        for rule in bound.rules { removeRule(table, bound.handle, rule.handle, request, &silent) }
        if let target = model.tables[table].chain(handle: bound.handle) {
          model.tables[table].chains.remove(at: target)
        }
      default: break
      }
    }
  }

  /// Announces a rule's deletion, and behind it that of the anonymous sets that go with it.
  func noteDeletion(
    of rule: RuleModel, _ chain: ChainModel, _ table: TableModel, _ request: RequestContext,
    _ transaction: inout Transaction
  ) {
    transaction.note(.deletedRule(table: table, chain: chain, rule: rule), request)
    for expression in rule.expressions {
      guard let name = expression.expression.setName, let index = table.set(name),
        table.sets[index].isAnonymous
      else { continue }
      transaction.note(.deletedSet(table: table, set: table.sets[index]), request)
    }
  }

  private mutating func removeAnonymousSet(_ table: Int, _ name: String?) {
    guard let name, let index = model.tables[table].set(name), model.tables[table].sets[index].isAnonymous
    else {
      return
    }
    model.tables[table].sets.remove(at: index)
  }
}

extension NFTables.Expression {
  /// The set that the expression looks into or changes.
  fileprivate var setName: String? {
    switch self {
    case .lookup(let value): value.set
    case .dynamicSet(let value): value.set
    case .objectReference(let value): value.set
    default: nil
    }
  }
}
