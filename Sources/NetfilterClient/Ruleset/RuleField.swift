// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What a rule can compare, in the words of nft.
package enum RuleField: String, CaseIterable, Sendable, Hashable {
  case networkProtocol = "meta nfproto"
  case layer4 = "meta l4proto"
  case inputName = "iifname"
  case outputName = "oifname"
  case inputIndex = "iif"
  case outputIndex = "oif"
  case packetMark = "meta mark"
  case ipv4Protocol = "ip protocol"
  case ipv4Source = "ip saddr"
  case ipv4Destination = "ip daddr"
  case ipv6Next = "ip6 nexthdr"
  case ipv6Source = "ip6 saddr"
  case ipv6Destination = "ip6 daddr"
  case sourcePort = "th sport"
  case destinationPort = "th dport"
  case state = "ct state"
  case mark = "ct mark"
  case bytes = "ct bytes"
  case packets = "ct packets"
  case originalBytes = "ct original bytes"
  case originalPackets = "ct original packets"
  case replyBytes = "ct reply bytes"
  case replyPackets = "ct reply packets"

  /// How values are written and read.
  package enum Kind: Sendable {
    case networkProtocol, layer4, name, index, mark, address, port, state, count
  }

  package var kind: Kind {
    switch self {
    case .networkProtocol: .networkProtocol
    case .layer4, .ipv4Protocol, .ipv6Next: .layer4
    case .inputName, .outputName: .name
    case .inputIndex, .outputIndex: .index
    case .packetMark, .mark: .mark
    case .ipv4Source, .ipv4Destination, .ipv6Source, .ipv6Destination: .address
    case .sourcePort, .destinationPort: .port
    case .state: .state
    case .bytes, .packets, .originalBytes, .originalPackets, .replyBytes, .replyPackets: .count
    }
  }

  /// Octets of a value.
  package var width: Int {
    switch self {
    case .networkProtocol, .layer4, .ipv4Protocol, .ipv6Next: 1
    case .sourcePort, .destinationPort: 2
    case .inputIndex, .outputIndex, .packetMark, .mark, .state, .ipv4Source, .ipv4Destination: 4
    case .bytes, .packets, .originalBytes, .originalPackets, .replyBytes, .replyPackets: 8
    case .inputName, .outputName, .ipv6Source, .ipv6Destination: 16
    }
  }

  /// nft's number of the data type, for sets.
  package var dataType: UInt32 {
    switch kind {
    case .networkProtocol: 2
    case .layer4: 12
    case .name: 41
    case .index: 20
    case .mark: 19
    case .address: width == 4 ? 7 : 8
    case .port: 13
    case .state: 26
    case .count: 4
    }
  }

  /// Whether values lie in the register in the machine's order.
  package var isHostOrder: Bool {
    switch kind {
    case .networkProtocol, .layer4, .name, .index, .mark, .state: true
    case .address, .port, .count: false
    }
  }

  /// The network protocol whose packets have the field (`NFPROTO_*`); nil for all.
  package var family: UInt8? {
    switch self {
    case .ipv4Protocol, .ipv4Source, .ipv4Destination: NFTables.Family.ipv4
    case .ipv6Next, .ipv6Source, .ipv6Destination: NFTables.Family.ipv6
    default: nil
    }
  }

  /// Key of a `meta` expression (`NFT_META_*`).
  private var metaKey: UInt32? {
    switch self {
    case .packetMark: 3
    case .inputIndex: 4
    case .outputIndex: 5
    case .inputName: 6
    case .outputName: 7
    case .networkProtocol: 15
    case .layer4: 16
    default: nil
    }
  }

  /// Key and direction of a `ct` expression (`NFT_CT_*`).
  private var conntrackKey: (key: UInt32, direction: UInt8?)? {
    switch self {
    case .state: (0, nil)
    case .mark: (3, nil)
    case .packets: (14, nil)
    case .bytes: (15, nil)
    case .originalPackets: (14, 0)
    case .originalBytes: (15, 0)
    case .replyPackets: (14, 1)
    case .replyBytes: (15, 1)
    default: nil
    }
  }

  /// Base (1 network, 2 transport header) and offset of a `payload` expression.
  private var place: (base: UInt32, offset: UInt32)? {
    switch self {
    case .ipv4Protocol: (1, 9)
    case .ipv4Source: (1, 12)
    case .ipv4Destination: (1, 16)
    case .ipv6Next: (1, 6)
    case .ipv6Source: (1, 8)
    case .ipv6Destination: (1, 24)
    case .sourcePort: (2, 0)
    case .destinationPort: (2, 2)
    default: nil
    }
  }

  /// Loads the field into register 1.
  ///
  /// `length`: octets to load, where fewer than all are compared.
  package func load(length: Int? = nil) -> NFTables.Expression {
    if let metaKey {
      var meta = NFTables.Expression.Meta()
      meta.key = metaKey
      meta.destination = 1
      return .meta(meta)
    }
    if let (key, direction) = conntrackKey {
      var conntrack = NFTables.Expression.ConntrackKey()
      conntrack.key = key
      conntrack.direction = direction
      conntrack.destination = 1
      return .conntrack(conntrack)
    }
    var payload = NFTables.Expression.Payload()
    payload.base = place?.base
    payload.offset = place?.offset
    payload.length = UInt32(length ?? width)
    payload.destination = 1
    return .payload(payload)
  }

  /// The field that an expression loads, the register, and how many octets of it; nil for anything else.
  ///
  /// `family`: of the packets that come here (`NFPROTO_*`); nil where that is not known.
  package static func loaded(
    by expression: NFTables.Expression, family: UInt8?
  ) -> (field: RuleField, register: UInt32, length: Int)? {
    switch expression {
    case .meta(let meta):
      guard let register = meta.destination,
        let field = allCases.first(where: { $0.metaKey == meta.key && meta.key != nil })
      else { return nil }
      return (field, register, field.width)
    case .conntrack(let conntrack):
      guard let register = conntrack.destination, let key = conntrack.key,
        let field = allCases.first(where: { field in
          field.conntrackKey.map { $0.key == key && $0.direction == conntrack.direction } ?? false
        })
      else { return nil }
      return (field, register, field.width)
    case .payload(let payload):
      guard let register = payload.destination, let length = payload.length,
        let field = allCases.first(where: { field in
          guard let place = field.place, place.base == payload.base, place.offset == payload.offset else {
            return false
          }
          guard Int(length) == field.width || (field.kind == .address && Int(length) < field.width) else {
            return false
          }
          return field.family == nil || field.family == family
        })
      else { return nil }
      return (field, register, Int(length))
    default: return nil
    }
  }
}

/// A comparison of a field.
package struct RuleMatch: Hashable, Sendable {
  /// Numbered as `NFT_CMP_*`.
  package enum Operation: UInt32, Sendable {
    case equal, notEqual, less, atMost, greater, atLeast

    /// As nft writes it; nothing for the usual one.
    package var text: String {
      switch self {
      case .equal: "=="
      case .notEqual: "!="
      case .less: "<"
      case .atMost: "<="
      case .greater: ">"
      case .atLeast: ">="
      }
    }
  }

  /// One member of a list; octets as they lie in the register.
  package enum Item: Hashable, Sendable {
    case value([UInt8])
    /// A network, or the beginning of a name; the length in bits.
    case prefix([UInt8], Int)
    case range([UInt8], [UInt8])
  }

  package enum Right: Hashable, Sendable {
    case item(Item)
    case list([Item])
    /// Any of these bits is set.
    case anyBit(UInt32)
  }

  package var field: RuleField
  package var operation: Operation
  package var right: Right

  package init(_ field: RuleField, _ operation: Operation = .equal, _ right: Right) {
    self.field = field
    self.operation = operation
    self.right = right
  }

  /// Compares with one value.
  package init(_ field: RuleField, _ operation: Operation = .equal, value: [UInt8]) {
    self.init(field, operation, .item(.value(value)))
  }

  /// The one value that the field is to equal; nil where there are several or another comparison.
  package var onlyValue: [UInt8]? {
    if operation == .equal, case .item(.value(let value)) = right { value } else { nil }
  }
}

/// One part of a rule.
package enum RuleStatement: Hashable, Sendable {
  case match(RuleMatch)
  case counter(NFTables.Counters)
  /// `flow add @NAME`.
  case flow(String)
  case verdict(NFTables.Verdict)
  /// Something that this program does not write: the name of its first expression.
  case other(String)
}

/// A rule in parts: what it compares and does.
package struct FlowRule: Hashable, Sendable {
  package var statements: [RuleStatement]
  package var comment: String?

  package init(_ statements: [RuleStatement], comment: String? = nil) {
    self.statements = statements
    self.comment = comment
  }

  /// The flowtable that it adds flows to.
  package var flowtable: String? {
    for case .flow(let name) in statements { return name }
    return nil
  }

  /// The name of an expression that this program cannot write; nil where there is none.
  package var unknownPart: String? {
    for case .other(let name) in statements { return name }
    return nil
  }

  /// The rule without the values of counters: what two rules have in common that do the same.
  package var meaning: FlowRule {
    var copy = self
    copy.statements = statements.map { statement -> RuleStatement in
      switch statement {
      case .counter: return .counter(NFTables.Counters())
      case .match(var match):
        guard case .list(let items) = match.right else { return statement }
        match.right = .list(items.sorted { $0.sortKey.lexicographicallyPrecedes($1.sortKey) })
        return .match(match)
      default: return statement
      }
    }
    return copy
  }
}

extension RuleMatch.Item {
  /// Octets by which lists are put in order.
  package var sortKey: [UInt8] {
    switch self {
    case .value(let octets), .prefix(let octets, _): octets
    case .range(let first, _): first
    }
  }
}
