// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nft_dynset.c, nft_dynset_init, nft_dynset_expr_alloc; nft_connlimit.c, nft_connlimit_do_init.
extension ExpressionLoader {
  /// Bits of `NFTA_DYNSET_FLAGS`.
  private enum Flag {
    static let inverted: UInt32 = 1
    static let expressions: UInt32 = 2
  }

  mutating func loadDynamicSet(_ value: NFTables.Expression.DynamicSet) throws(ControlError) -> Loaded {
    // Linux 6.1 keeps eight bits of the operation, and looks at no others.
    let operation = kernel < .linux612 ? value.operation.map { $0 & 255 } : value.operation
    if let operation, operation > 255 { throw ControlError(ErrorNumber.outOfRange) }
    let flags = value.flags ?? 0
    guard flags & ~(Flag.inverted | Flag.expressions) == 0 || kernel < .linux72 else {
      throw ControlError(ErrorNumber.invalid)
    }
    guard let name = value.set, let operation, value.keySource != nil else {
      throw ControlError(ErrorNumber.invalid)
    }
    guard flags & ~(Flag.inverted | Flag.expressions) == 0 else {
      throw ControlError(ErrorNumber.notSupported)
    }
    let set = try set(name, value.setID)
    guard !set.isObjectMap, set.isDynamic else { throw ControlError(ErrorNumber.notSupported) }
    guard set.flags & NFTables.Set.Flag.constant == 0 else { throw ControlError(ErrorNumber.busy) }
    guard operation <= 2 else { throw ControlError(ErrorNumber.notSupported) }
    if let timeout = value.timeout {
      guard set.flags & NFTables.Set.Flag.timeout != 0 else { throw ControlError(ErrorNumber.notSupported) }
      guard timeout < UInt64.max / 1_000_000 else { throw ControlError(ErrorNumber.outOfRange) }
    }
    try checkLoad(value.keySource, set.keyLength)
    if value.dataSource != nil {
      guard set.isMap, !set.isVerdictMap else { throw ControlError(ErrorNumber.notSupported) }
      try checkLoad(value.dataSource, set.dataLength)
    } else if set.isMap {
      throw ControlError(ErrorNumber.invalid)
    }
    var result = value
    result.set = set.name
    result.setID = nil
    result.operation = operation
    result.timeout = value.timeout ?? 0
    result.flags = flags & Flag.inverted
    let expressions = try loadExpressions(value, flags, of: set)
    // Linux 6.1 does not show what the set says of its elements.
    let own = set.expressions.isEmpty || kernel >= .linux612 ? expressions : []
    result.expression = own.count == 1 ? own : nil
    result.expressions = own.count > 1 ? own : nil
    return Loaded(.dynamicSet(result))
  }

  /// The expressions that a statement gives to new elements, as they are dumped; none when the set's own are meant.
  private func loadExpressions(
    _ value: NFTables.Expression.DynamicSet, _ flags: UInt32, of set: SetModel
  ) throws(ControlError) -> [NFTables.Expression] {
    guard value.expression != nil || value.expressions != nil else { return [] }
    guard set.flags & NFTables.Set.Flag.eval != 0 else { throw ControlError(ErrorNumber.invalid) }
    let known = set.expressions.map(\.name)
    if let expression = value.expression?.first {
      let loaded = try loadElementState(expression, of: set)
      guard known.isEmpty || known == [loaded.name] else { throw ControlError(ErrorNumber.notSupported) }
      return [loaded]
    }
    guard flags & Flag.expressions != 0 else { throw ControlError(ErrorNumber.invalid) }
    var result: [NFTables.Expression] = []
    for (index, expression) in (value.expressions ?? []).enumerated() {
      guard index < Self.elementExpressionLimit else { throw ControlError(ErrorNumber.argumentsTooLong) }
      let loaded = try loadElementState(expression, of: set)
      result.append(loaded)
      guard !known.isEmpty else { continue }
      guard index < known.count else { throw ControlError(ErrorNumber.invalid) }
      guard known[index] == loaded.name else { throw ControlError(ErrorNumber.notSupported) }
    }
    guard known.isEmpty || known.count == result.count else { throw ControlError(ErrorNumber.notSupported) }
    return result
  }

  /// Expressions that an element may have (NFT_SET_EXPR_MAX).
  static let elementExpressionLimit = 2

  /// Checks an expression that the elements of a set are to have.
  ///
  /// Source (Linux 7.2): nf_tables_api.c, nft_set_elem_expr_alloc.
  func loadElementState(
    _ expression: NFTables.Expression, of set: SetModel
  ) throws(ControlError) -> NFTables.Expression {
    if case .other(let name, _) = expression, !Self.unsupported.contains(name) {
      throw ControlError(ErrorNumber.noEntry)
    }
    switch try loadState(expression).expression {
    case .connectionLimit(let value):
      guard set.flags & NFTables.Set.Flag.timeout == 0, set.isDynamic else {
        throw ControlError(ErrorNumber.notSupported)
      }
      return .connectionLimit(value)
    case .quota(var value):
      value.consumed = value.consumed ?? 0
      value.flags = value.flags ?? 0
      return .quota(value)
    case .last(var value):
      value.isSet = value.isSet ?? 0
      value.milliseconds = value.milliseconds ?? 0
      return .last(value)
    case let loaded: return loaded
    }
  }

  func loadConnectionLimit(
    _ value: NFTables.Expression.ConnectionLimit
  ) throws(ControlError) -> Loaded {
    var cell = StateCell(.connections)
    let flags = value.flags ?? 0
    guard flags & ~1 == 0 || kernel < .linux72 else { throw ControlError(ErrorNumber.invalid) }
    cell.c = UInt64(try needed(value.count))
    guard flags & ~1 == 0 else { throw ControlError(ErrorNumber.notSupported) }
    cell.isInverted = flags != 0
    // Connections of these families are not tracked.
    guard family != NFTables.Family.netdev, family != NFTables.Family.arp else {
      throw ControlError(ErrorNumber.protocolFault)
    }
    var result = value
    result.flags = flags == 0 ? nil : flags
    return Loaded(.connectionLimit(result), cell)
  }
}
