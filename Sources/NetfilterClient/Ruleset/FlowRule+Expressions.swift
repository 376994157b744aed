// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

extension FlowRule {
  // MARK: To the kernel

  /// The rule's expressions as nft would make them, and the anonymous sets that they look up.
  ///
  /// `nextSetID`: gives each set a number that is not taken.
  package func expressions(
    nextSetID: () -> UInt32
  ) -> (expressions: [NFTables.Expression], sets: [AnonymousSet]) {
    var expressions: [NFTables.Expression] = []
    var sets: [AnonymousSet] = []
    for statement in statements {
      switch statement {
      case .match(let match): match.append(to: &expressions, sets: &sets, nextSetID: nextSetID)
      case .counter(let counters): expressions.append(.counter(counters))
      case .flow(let name):
        var offload = NFTables.Expression.FlowOffload()
        offload.flowtable = name
        expressions.append(.flowOffload(offload))
      case .verdict(let verdict):
        var immediate = NFTables.Expression.Immediate()
        immediate.destination = 0
        immediate.data = .verdict(verdict)
        expressions.append(.immediate(immediate))
      case .other: break
      }
    }
    return (expressions, sets)
  }

  // MARK: From the kernel

  /// Reads a rule that the kernel listed. What cannot be told in these parts becomes ``RuleStatement/other(_:)``.
  package init(_ rule: NFTables.Rule, family: UInt8, in ruleset: Ruleset) {
    self.init([], comment: rule.comment)
    let expressions = rule.expressions ?? []
    var packets: UInt8? = family == NFTables.Family.inet ? nil : family
    var index = 0
    while index < expressions.count {
      let expression = expressions[index]
      switch expression {
      case .counter(let counters): statements.append(.counter(counters))
      case .flowOffload(let offload): statements.append(.flow(offload.flowtable ?? ""))
      case .immediate(let immediate):
        if immediate.destination == 0, case .verdict(let verdict)? = immediate.data {
          statements.append(.verdict(verdict))
        } else {
          statements.append(.other(expression.name))
        }
      default:
        if let (match, count) = RuleMatch.read(
          expressions[index...], family: packets,
          sets: { name in
            ruleset.sets[.init(family: family, table: rule.table ?? "", name: name)]
          })
        {
          statements.append(.match(match))
          if match.field == .networkProtocol, let value = match.onlyValue { packets = value.first }
          index += count
          continue
        }
        if case .lookup(let lookup) = expression, let set = lookup.set {
          statements.append(.other("\(expression.name) @\(set)"))
        } else {
          statements.append(.other(expression.name))
        }
      }
      index += 1
    }
  }
}

extension RuleMatch {
  private static func compare(_ operation: Operation, _ octets: [UInt8]) -> NFTables.Expression {
    var comparison = NFTables.Expression.Comparison()
    comparison.source = 1
    comparison.operation = operation.rawValue
    comparison.data = .value(octets)
    return .compare(comparison)
  }

  private static func mask(_ mask: [UInt8]) -> NFTables.Expression {
    var bitwise = NFTables.Expression.Bitwise()
    bitwise.source = 1
    bitwise.destination = 1
    bitwise.length = UInt32(mask.count)
    bitwise.mask = .value(mask)
    bitwise.xor = .value([UInt8](repeating: 0, count: mask.count))
    return .bitwise(bitwise)
  }

  fileprivate func append(
    to expressions: inout [NFTables.Expression], sets: inout [AnonymousSet], nextSetID: () -> UInt32
  ) {
    let swap = { (expressions: inout [NFTables.Expression]) in
      guard field.kind == .count else { return }
      var order = NFTables.Expression.ByteOrder()
      order.source = 1
      order.destination = 1
      order.operation = 1
      order.length = 8
      order.size = 8
      expressions.append(.byteOrder(order))
    }
    switch right {
    case .anyBit(let bits):
      expressions.append(field.load())
      expressions.append(Self.mask(HostOrder.octets(bits)))
      expressions.append(Self.compare(.notEqual, [0, 0, 0, 0]))
    case .item(.value(let octets)):
      expressions.append(field.load())
      swap(&expressions)
      expressions.append(Self.compare(operation, octets))
    case .item(.prefix(let octets, let bits)):
      let whole = (bits + 7) / 8
      if field.kind == .name {
        expressions.append(field.load())
        expressions.append(Self.compare(operation, Array(octets.prefix(whole))))
      } else if bits % 8 == 0, bits > 0 {
        expressions.append(field.load(length: whole))
        expressions.append(Self.compare(operation, Array(octets.prefix(whole))))
      } else {
        expressions.append(field.load())
        expressions.append(Self.mask(Self.prefixMask(bits, octets: field.width)))
        expressions.append(Self.compare(operation, octets))
      }
    case .item(.range(let first, let last)):
      expressions.append(field.load())
      swap(&expressions)
      if operation == .notEqual {
        var range = NFTables.Expression.Range()
        range.source = 1
        range.operation = 1
        range.from = .value(first)
        range.to = .value(last)
        expressions.append(.range(range))
      } else {
        expressions.append(Self.compare(.atLeast, first))
        expressions.append(Self.compare(.atMost, last))
      }
    case .list(let items):
      let set = Self.set(of: items, field, id: nextSetID())
      sets.append(set)
      expressions.append(field.load())
      swap(&expressions)
      var lookup = NFTables.Expression.Lookup()
      lookup.source = 1
      lookup.set = AnonymousSet.name
      lookup.setID = set.id
      if operation == .notEqual { lookup.flags = 1 }
      expressions.append(.lookup(lookup))
    }
  }

  static func prefixMask(_ bits: Int, octets: Int) -> [UInt8] {
    (0..<octets).map { index in
      let count = min(max(bits - 8 * index, 0), 8)
      return count == 0 ? 0 : UInt8(truncatingIfNeeded: 0xff << (8 - count))
    }
  }

  // MARK: Sets

  /// A set of these values. Ranges become pairs of a first value and the one behind the last, as the kernel has it.
  private static func set(of items: [Item], _ field: RuleField, id: UInt32) -> AnonymousSet {
    let hasIntervals = items.contains { if case .value = $0 { false } else { true } }
    var elements: [AnonymousSet.Element] = []
    if hasIntervals {
      let ranges = merged(items.map { $0.bounds(width: field.width) })
      if let first = ranges.first, first.0.contains(where: { $0 != 0 }) {
        elements.append(.init([UInt8](repeating: 0, count: field.width), isIntervalEnd: true))
      }
      for (first, last) in ranges {
        elements.append(.init(first))
        if let next = successor(of: last) { elements.append(.init(next, isIntervalEnd: true)) }
      }
    } else {
      for item in items.sorted(by: { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }) {
        if case .value(let octets) = item, elements.last?.key != octets { elements.append(.init(octets)) }
      }
    }
    return AnonymousSet(
      id: id, keyType: field.dataType, keyLength: UInt32(field.width), isHostOrder: field.isHostOrder,
      hasIntervals: hasIntervals, elements: elements)
  }

  /// Ranges in order, overlapping and touching ones joined.
  private static func merged(_ ranges: [([UInt8], [UInt8])]) -> [([UInt8], [UInt8])] {
    var result: [([UInt8], [UInt8])] = []
    for range in ranges.sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
      if let last = result.last, !last.1.lexicographicallyPrecedes(range.0) {
        if last.1.lexicographicallyPrecedes(range.1) { result[result.count - 1].1 = range.1 }
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// The next number; nil behind the greatest.
  static func successor(of octets: [UInt8]) -> [UInt8]? {
    var result = octets
    for index in result.indices.reversed() {
      result[index] &+= 1
      if result[index] != 0 { return result }
    }
    return nil
  }

  /// The number before; nil for 0.
  static func predecessor(of octets: [UInt8]) -> [UInt8]? {
    var result = octets
    for index in result.indices.reversed() {
      result[index] &-= 1
      if result[index] != 0xff { return result }
    }
    return nil
  }

  /// The values that a set's elements stand for; nil when they are not of this width.
  private static func items(of content: Ruleset.SetContent, width: Int) -> [Item]? {
    let hasIntervals = (content.set.flags ?? 0) & NFTables.Set.Flag.interval != 0
    var keys: [(key: [UInt8], isEnd: Bool)] = []
    for element in content.elements {
      guard let key = element.key, key.count == width, element.data == nil else { return nil }
      keys.append((key, (element.flags ?? 0) & NFTables.Element.Flag.intervalEnd != 0))
    }
    guard hasIntervals else {
      return keys.map { .value($0.key) }.sorted { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
    }
    // An end before a start of the same value: the one closes what came before.
    keys.sort { $0.key != $1.key ? $0.key.lexicographicallyPrecedes($1.key) : $0.isEnd && !$1.isEnd }
    var items: [Item] = []
    var start: [UInt8]?
    for (key, isEnd) in keys {
      if let first = start, let last = predecessor(of: key) {
        items.append(item(first, last))
        start = nil
      }
      if !isEnd { start = key }
    }
    if let start { items.append(item(start, [UInt8](repeating: 0xff, count: width))) }
    return items
  }

  /// A range in its shortest form.
  private static func item(_ first: [UInt8], _ last: [UInt8]) -> Item {
    if first == last { return .value(first) }
    guard first.count == 4 || first.count == 16 else { return .range(first, last) }
    for bits in 0..<(8 * first.count) {
      let mask = prefixMask(bits, octets: first.count)
      let isNetwork = first.indices.allSatisfy {
        first[$0] & ~mask[$0] == 0 && last[$0] == first[$0] | ~mask[$0]
      }
      if isNetwork { return .prefix(first, bits) }
    }
    return .range(first, last)
  }

  // MARK: Reading

  /// Reads the comparison that a rule's next expressions make.
  ///
  /// - Returns: it, and of how many expressions it is made; nil for anything that has another form.
  fileprivate static func read(
    _ expressions: ArraySlice<NFTables.Expression>, family: UInt8?, sets: (String) -> Ruleset.SetContent?
  ) -> (RuleMatch, Int)? {
    guard let first = expressions.first,
      let (field, register, length) = RuleField.loaded(by: first, family: family)
    else { return nil }
    var rest = expressions.dropFirst()
    var count = 1
    func next() -> NFTables.Expression? {
      count += 1
      return rest.popFirst()
    }
    var mask: [UInt8]?
    if case .bitwise(let bitwise)? = rest.first {
      guard bitwise.source == register, bitwise.destination == register, (bitwise.operation ?? 0) == 0,
        let octets = bitwise.mask?.octets, octets.count == field.width,
        bitwise.xor?.octets?.allSatisfy({ $0 == 0 }) ?? false
      else { return nil }
      mask = octets
      _ = next()
    } else if case .byteOrder(let order)? = rest.first {
      guard field.kind == .count, order.source == register, order.destination == register,
        order.operation == 1,
        order.size == 8
      else { return nil }
      _ = next()
    }
    switch next() {
    case .lookup(let lookup)?:
      guard mask == nil, lookup.source == register, lookup.destination == nil, let name = lookup.set,
        let content = sets(name), (content.set.flags ?? 0) & NFTables.Set.Flag.anonymous != 0,
        let items = items(of: content, width: field.width)
      else { return nil }
      return (RuleMatch(field, (lookup.flags ?? 0) & 1 != 0 ? .notEqual : .equal, .list(items)), count)
    case .range(let range)?:
      guard mask == nil, range.source == register, let from = range.from?.octets, let to = range.to?.octets
      else {
        return nil
      }
      return (RuleMatch(field, range.operation == 1 ? .notEqual : .equal, .item(.range(from, to))), count)
    case .compare(let comparison)?:
      guard comparison.source == register,
        let operation = comparison.operation.flatMap(Operation.init(rawValue:)),
        let octets = comparison.data?.octets
      else { return nil }
      if operation == .atLeast, mask == nil, case .compare(let second)? = rest.first,
        second.source == register,
        second.operation == Operation.atMost.rawValue, let last = second.data?.octets
      {
        return (RuleMatch(field, .equal, .item(.range(octets, last))), count + 1)
      }
      return single(field, operation, octets, mask: mask, length: length).map { ($0, count) }
    default: return nil
    }
  }

  /// A comparison with one value, network or beginning.
  private static func single(
    _ field: RuleField, _ operation: Operation, _ octets: [UInt8], mask: [UInt8]?, length: Int
  ) -> RuleMatch? {
    if let mask {
      if field.kind == .state, operation == .notEqual, octets.allSatisfy({ $0 == 0 }) {
        return RuleMatch(field, .equal, .anyBit(HostOrder.number(mask)))
      }
      guard field.kind == .address, octets.count == field.width,
        let bits = (0...(8 * field.width)).first(where: { prefixMask($0, octets: field.width) == mask })
      else { return nil }
      return RuleMatch(field, operation, .item(.prefix(octets, bits)))
    }
    if field.kind == .address, length < field.width {
      guard octets.count == length else { return nil }
      let padded = octets + [UInt8](repeating: 0, count: field.width - length)
      return RuleMatch(field, operation, .item(.prefix(padded, 8 * length)))
    }
    if field.kind == .name, octets.count < field.width {
      let padded = octets + [UInt8](repeating: 0, count: field.width - octets.count)
      return RuleMatch(field, operation, .item(.prefix(padded, 8 * octets.count)))
    }
    guard octets.count == field.width else { return nil }
    return RuleMatch(field, operation, value: octets)
  }
}

extension RuleMatch.Item {
  /// First and last value.
  fileprivate func bounds(width: Int) -> ([UInt8], [UInt8]) {
    switch self {
    case .value(let octets): return (octets, octets)
    case .range(let first, let last): return (first, last)
    case .prefix(let octets, let bits):
      let mask = RuleMatch.prefixMask(bits, octets: width)
      return (octets.indices.map { octets[$0] & mask[$0] }, octets.indices.map { octets[$0] | ~mask[$0] })
    }
  }
}

/// Numbers as they lie in registers that hold them in the machine's order.
package enum HostOrder {
  package static func octets(_ number: UInt32) -> [UInt8] {
    // Safe: the octets are copied while the number is there.
    unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
  }

  /// The number; 0 unless there are four octets.
  package static func number(_ octets: [UInt8]) -> UInt32 {
    guard octets.count == 4 else { return 0 }
    return unsafe octets.span.bytes.host32(at: 0)
  }
}
