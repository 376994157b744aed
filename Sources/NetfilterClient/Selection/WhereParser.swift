// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Reads the language of `--where`.
///
///     expression = conjunction { ("or" | "||") conjunction }
///     conjunction = factor { ("and" | "&&") factor }
///     factor = { "not" | "!" } ( "(" expression ")" | condition )
///     condition = word | field [operator] value | field [operator] "{" value { "," value } "}"
///
/// The operators are `=`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in` and `not in`; a field without one means `=`.
/// Letter case does not matter in keywords, fields and words, and `_` is as good as `-`.
package struct WhereParser: Sendable {
  private let values: FlowValueParser

  /// How deep parentheses may nest.
  package static let maximumDepth = 64

  package init(labelNames: ConntrackLabelMap = ConntrackLabelMap()) {
    values = FlowValueParser(labelNames: labelNames)
  }

  /// The predicate that an expression describes.
  ///
  /// - Throws: ``SelectionError`` with the column (in characters, from 1), the word and what was expected.
  package func parse(_ text: String) throws(SelectionError) -> FlowPredicate {
    var reader = WhereReader(values: values, tokens: try WhereLexer.tokens(of: text))
    return try reader.whole()
  }

  /// Every word that may begin a condition, for completion, in order of the alphabet.
  package static var vocabulary: [String] {
    let protocols = Layer4Protocol.names.map { "\($0.name)" }
    return Set(Array(WhereField.byName.keys) + Array(WhereField.conditions.keys) + protocols).sorted()
  }
}

/// A descent over the tokens of one expression.
private struct WhereReader {
  let values: FlowValueParser
  let tokens: [WhereToken]
  var position = 0
  var depth = 0

  private var token: WhereToken { tokens[position] }

  private mutating func advance() {
    if position + 1 < tokens.count { position += 1 }
  }

  private func failure(_ message: String) -> SelectionError {
    SelectionError(message).at(column: token.column)
  }

  // MARK: Structure

  mutating func whole() throws(SelectionError) -> FlowPredicate {
    let result = try disjunction()
    switch token.kind {
    case .end: return result
    case .close: throw failure("this ')' closes nothing")
    default: throw failure("expected 'and', 'or' or the end, not \(token.text)")
    }
  }

  private mutating func disjunction() throws(SelectionError) -> FlowPredicate {
    var parts = [try conjunction()]
    while token.kind == .or {
      advance()
      parts.append(try conjunction())
    }
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func conjunction() throws(SelectionError) -> FlowPredicate {
    var parts = [try factor()]
    while token.kind == .and {
      advance()
      parts.append(try factor())
    }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private mutating func factor() throws(SelectionError) -> FlowPredicate {
    var isNegated = false
    while token.kind == .not {
      isNegated.toggle()
      advance()
    }
    let result: FlowPredicate
    switch token.kind {
    case .open: result = try parenthesized()
    case .word(let word, isQuoted: false): result = try condition(word)
    default: throw failure("expected a condition such as 'tcp' or 'dport = 443', not \(token.text)")
    }
    return isNegated ? .not(result) : result
  }

  private mutating func parenthesized() throws(SelectionError) -> FlowPredicate {
    let opening = token
    depth += 1
    guard depth <= WhereParser.maximumDepth else {
      throw failure("parentheses nest deeper than \(WhereParser.maximumDepth)")
    }
    advance()
    let result = try disjunction()
    switch token.kind {
    case .close: break
    case .end: throw SelectionError("this '(' is not closed").at(column: opening.column)
    default: throw failure("expected 'and', 'or' or ')', not \(token.text)")
    }
    advance()
    depth -= 1
    return result
  }

  // MARK: Conditions

  private mutating func condition(_ word: String) throws(SelectionError) -> FlowPredicate {
    let name = WhereField.normalized(word)
    let column = token.column
    if let field = WhereField.byName[name] {
      advance()
      if WhereField.conditions[name] == nil || startsValue { return try comparison(name, field) }
      return WhereField.conditions[name] ?? .everything
    }
    if let layer4 = Layer4Protocol.names.first(where: { "\($0.name)" == name }) {
      return try standalone(word, .test(.layer4(layer4.number)))
    }
    if let known = WhereField.conditions[name] { return try standalone(word, known) }
    if let number = FlowValueParser.layer4(named: word), number != 0 {
      return try standalone(word, .test(.layer4(number)))
    }
    throw unknown(word).at(column: column)
  }

  /// Whether an operator or a value follows.
  private var startsValue: Bool {
    switch token.kind {
    case .comparison, .openSet, .word: true
    case .not: follows(.comparison(.within))
    default: false
    }
  }

  private func follows(_ kind: WhereToken.Kind) -> Bool {
    position + 1 < tokens.count && tokens[position + 1].kind == kind
  }

  private mutating func standalone(
    _ word: String, _ predicate: FlowPredicate
  ) throws(SelectionError) -> FlowPredicate {
    advance()
    if case .comparison = token.kind {
      throw failure(
        "\(SelectionError.quoted(word)) is a condition of its own: \(token.text) cannot follow it")
    }
    return predicate
  }

  private func unknown(_ word: String) -> SelectionError {
    let quoted = SelectionError.quoted(word)
    let state = FlowValueParser.canonical(word)
    if FlowValueParser.stateNames.contains(state) {
      return SelectionError("\(quoted) is a state: write 'state = \(state)'")
    }
    let near = SelectionError.suggestion(for: WhereField.normalized(word), among: WhereParser.vocabulary)
    return SelectionError(
      "unknown word \(quoted)"
        + (near.isEmpty
          ? ": expected a protocol, a status or a field such as src, dport, state, mark, bytes" : near))
  }

  // MARK: Comparisons

  private mutating func comparison(_ name: String, _ field: WhereField) throws(SelectionError)
    -> FlowPredicate
  {
    let operation = token
    let comparison = try takeComparison(name, field)
    switch comparison {
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      guard field.isOrdered else {
        throw SelectionError("'\(name)' has no order: '=', '!=' and 'in' apply, not \(operation.text)")
          .at(column: operation.column)
      }
      return try ordered(name, field, comparison)
    case .equal, .within: return try alternatives(name, field)
    case .notEqual, .notWithin: return .not(try alternatives(name, field))
    }
  }

  private mutating func takeComparison(
    _ name: String, _ field: WhereField
  ) throws(SelectionError) -> WhereToken.Comparison {
    switch token.kind {
    case .comparison(let comparison):
      advance()
      return comparison
    case .not where follows(.comparison(.within)):
      advance()
      advance()
      return .notWithin
    case .word, .openSet: return .equal
    case .and, .or, .close, .end:
      throw failure("'\(name)' needs an operator and a value: expected \(field.value), not \(token.text)")
    default:
      throw failure("expected an operator (=, !=, <, <=, >, >=, in) after '\(name)', not \(token.text)")
    }
  }

  /// A value, or a set of values of which one must hold.
  private mutating func alternatives(_ name: String, _ field: WhereField) throws(SelectionError)
    -> FlowPredicate
  {
    guard token.kind == .openSet else { return try value(name, field) }
    var parts: [FlowPredicate] = []
    repeat {
      advance()
      parts.append(try value(name, field))
    } while token.kind == .comma
    guard token.kind == .closeSet else { throw failure("expected ',' or '}' in the set, not \(token.text)") }
    advance()
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func word(_ name: String, _ field: WhereField) throws(SelectionError) -> String {
    guard case .word(let word, _) = token.kind else {
      throw failure("expected \(field.value) after '\(name)', not \(token.text)")
    }
    return word
  }

  private mutating func value(_ name: String, _ field: WhereField) throws(SelectionError) -> FlowPredicate {
    var isNegated = false
    if case .status = field, token.kind == .not {
      isNegated = true
      advance()
    }
    let text = try word(name, field)
    let result: FlowPredicate
    do throws(SelectionError) {
      result = try test(field, text)
    } catch {
      throw error.at(column: token.column)
    }
    advance()
    return isNegated ? .not(result) : result
  }

  private func test(_ field: WhereField, _ text: String) throws(SelectionError) -> FlowPredicate {
    switch field {
    case .address(let ends):
      let range = try values.addresses(text)
      return Self.either(ends.map { .address($0, range) })
    case .port(let ends):
      let range = try values.ports(text)
      return Self.either(ends.map { .port($0, range) })
    case .layer4: return .test(.layer4(try values.layer4(text)))
    case .family: return .test(.family(try values.family(text)))
    case .mark: return try mark(text)
    case .label:
      var labels = ConntrackLabels()
      labels[try values.label(text)] = true
      return .test(.labels(labels))
    case .state: return .test(.state(try values.state(text)))
    case .status: return try values.status(text).predicate
    case .helper: return .test(.helper(text))
    case .offload: return .test(.offload(try values.offload(text)))
    case .flowtable:
      let parts = text.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == " " }
      return .test(.carried(try values.flowtable(parts.map(String.init))))
    case .device: return .test(.carried(.device(text)))
    case .zone(let zone): return .test(.zone(zone, try values.zones(text)))
    case .quantity(let quantity): return .test(.quantity(quantity, try values.values(text, of: quantity)))
    case .translation(let kind):
      let (addresses, ports) = try values.translation(text)
      return .test(.translated(kind, addresses, ports))
    }
  }

  private static func either(_ tests: [FlowTest]) -> FlowPredicate {
    tests.count == 1 ? .test(tests[0]) : .any(tests.map(FlowPredicate.test))
  }

  /// `VALUE`, `VALUE/MASK` or `FIRST-LAST`.
  private func mark(_ text: String) throws(SelectionError) -> FlowPredicate {
    guard let dash = text.firstIndex(of: "-") else {
      let (value, mask) = try values.mark(text)
      return .test(.mark(value: value, mask: mask))
    }
    let first = try values.mark(String(text[..<dash])).value
    let last = try values.mark(String(text[text.index(after: dash)...])).value
    guard first <= last else {
      throw SelectionError(
        "bad mark range \(SelectionError.quoted(text)): the first mark is higher than the last")
    }
    return .marks(first...last)
  }

  // MARK: Order

  private mutating func ordered(
    _ name: String, _ field: WhereField, _ comparison: WhereToken.Comparison
  ) throws(SelectionError) -> FlowPredicate {
    if token.kind == .openSet {
      throw failure("'\(comparison.rawValue)' compares with one value, not with a set")
    }
    let text = try word(name, field)
    do throws(SelectionError) {
      let (limit, highest) = try bound(field, text)
      guard let range = Self.range(comparison, limit, highest: highest) else {
        throw SelectionError("no \(name) is \(comparison == .less ? "lower" : "higher") than \(limit)")
      }
      advance()
      return predicate(field, range)
    } catch {
      throw error.at(column: token.column)
    }
  }

  /// The single value that `text` is, and the highest one that the field can have.
  private func bound(
    _ field: WhereField, _ text: String
  ) throws(SelectionError) -> (value: UInt64, highest: UInt64) {
    let range: ClosedRange<UInt64>
    let highest: UInt64
    switch field {
    case .quantity(let quantity):
      range = try values.values(text, of: quantity)
      highest = quantity.maximum
    case .zone:
      let zones = try values.zones(text)
      range = UInt64(zones.lowerBound)...UInt64(zones.upperBound)
      highest = UInt64(UInt16.max)
    case .mark:
      let (value, mask) = try values.mark(text)
      guard mask == .max else {
        throw SelectionError("a mask and an order do not go together: give '=' or no mask")
      }
      range = UInt64(value)...UInt64(value)
      highest = UInt64(UInt32.max)
    default:
      let ports = try values.ports(text)
      range = UInt64(ports.lowerBound)...UInt64(ports.upperBound)
      highest = UInt64(UInt16.max)
    }
    guard range.lowerBound == range.upperBound else {
      throw SelectionError("expected one value, not the range \(SelectionError.quoted(text))")
    }
    return (range.lowerBound, highest)
  }

  /// The values on the wanted side of `limit`; nil when there are none.
  private static func range(
    _ comparison: WhereToken.Comparison, _ limit: UInt64, highest: UInt64
  ) -> ClosedRange<UInt64>? {
    switch comparison {
    case .less: limit == 0 ? nil : 0...(limit - 1)
    case .lessOrEqual: 0...limit
    case .greater: limit >= highest ? nil : (limit + 1)...highest
    default: limit...highest
    }
  }

  private func predicate(_ field: WhereField, _ range: ClosedRange<UInt64>) -> FlowPredicate {
    let low = UInt16(truncatingIfNeeded: range.lowerBound)
    let high = UInt16(truncatingIfNeeded: range.upperBound)
    switch field {
    case .quantity(let quantity): return .test(.quantity(quantity, range))
    case .zone(let zone): return .test(.zone(zone, low...high))
    case .mark:
      return .marks(
        UInt32(truncatingIfNeeded: range.lowerBound)...UInt32(truncatingIfNeeded: range.upperBound))
    case .port(let ends): return Self.either(ends.map { .port($0, low...high) })
    default: preconditionFailure("a field without order is refused before")
    }
  }
}

extension FlowPredicate {
  /// A range of marks as tests of value and mask: at most 62 of them.
  package static func marks(_ range: ClosedRange<UInt32>) -> FlowPredicate {
    var parts: [FlowPredicate] = []
    var first = UInt64(range.lowerBound)
    let last = UInt64(range.upperBound)
    while first <= last {
      var size: UInt64 = first == 0 ? 1 << 32 : first & (~first &+ 1)
      while first + size - 1 > last { size >>= 1 }
      let mask = UInt32.max & ~UInt32(truncatingIfNeeded: size - 1)
      parts.append(.test(.mark(value: UInt32(truncatingIfNeeded: first), mask: mask)))
      first += size
    }
    return parts.count == 1 ? parts[0] : .any(parts)
  }
}
