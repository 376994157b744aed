// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// Puts a rule together and adds the comparisons that others need, as nft does: the network protocol before an
/// address in an inet table, the transport protocol before a port of `tcp` or `udp`.
package struct FlowRuleBuilder: Sendable {
  /// `NFPROTO_*` of the table.
  private let family: UInt8
  /// The network protocol that packets have by now.
  private var packets: UInt8?
  /// Whether the transport protocol has been compared just before.
  private var lastLayer4: [UInt8]?
  package private(set) var statements: [RuleStatement] = []

  package init(family: UInt8) {
    self.family = family
    packets = family == NFTables.Family.inet ? nil : family
  }

  package mutating func append(_ statement: RuleStatement) {
    statements.append(statement)
    lastLayer4 = nil
  }

  /// Adds a comparison.
  ///
  /// - Throws: ``SelectionError`` when no packet of the table has the field.
  package mutating func append(_ match: RuleMatch) throws(SelectionError) {
    if let needed = match.field.family, packets != needed {
      guard packets == nil else {
        throw SelectionError(
          "'\(match.field.rawValue)' never matches here: packets are of \(NFTables.familyName(packets ?? 0))")
      }
      statements.append(.match(RuleMatch(.networkProtocol, value: [needed])))
      packets = needed
    }
    if match.field == .networkProtocol, let value = match.onlyValue?.first {
      if let packets, packets != value { throw SelectionError("the rule compares both IPv4 and IPv6") }
      packets = value
    }
    statements.append(.match(match))
    lastLayer4 = match.field == .layer4 ? match.onlyValue : nil
  }

  /// Adds a comparison of a port of one transport protocol.
  package mutating func append(_ match: RuleMatch, transport: UInt8) throws(SelectionError) {
    if lastLayer4 != [transport] { try append(RuleMatch(.layer4, value: [transport])) }
    try append(match)
  }

  /// Adds a comparison with values as people write them: one, or several with commas between.
  ///
  /// - Throws: ``SelectionError``.
  package mutating func append(_ field: RuleField, words text: String) throws(SelectionError) {
    let isNegated = text.hasPrefix("!")
    let words = (isNegated ? text.dropFirst() : text[...]).split(
      separator: ",", omittingEmptySubsequences: false)
    if field == .state {
      var bits: UInt32 = 0
      for word in words { bits |= try RuleValueText.state(String(word)) }
      guard !isNegated else { throw SelectionError("states cannot be negated: name the others") }
      try append(RuleMatch(field, .equal, .anyBit(bits)))
      return
    }
    var items: [RuleMatch.Item] = []
    for word in words {
      let item = try RuleValueText.item(String(word), of: field)
      if !items.contains(item) { items.append(item) }
    }
    if items.count > 1, field.kind == .name,
      items.contains(where: { if case .prefix = $0 { true } else { false } })
    {
      throw SelectionError("a pattern of device names stands alone")
    }
    try append(
      RuleMatch(field, isNegated ? .notEqual : .equal, items.count == 1 ? .item(items[0]) : .list(items)))
  }
}
