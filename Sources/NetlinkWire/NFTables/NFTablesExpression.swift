// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// One expression of a rule (`NFTA_EXPR_*`). Registers have the numbers of the wire: 0 the verdict, 1…4
  /// sixteen octets each, 8…23 four octets each.
  package enum Expression: Hashable, Sendable {
    case immediate(Immediate)
    case compare(Comparison)
    case bitwise(Bitwise)
    case payload(Payload)
    case meta(Meta)
    case conntrack(ConntrackKey)
    case lookup(Lookup)
    case range(Range)
    case byteOrder(ByteOrder)
    case extensionHeader(ExtensionHeader)
    case fib(Fib)
    case route(Route)
    case numberGenerator(NumberGenerator)
    case hash(Hash)
    case counter(Counters)
    case limit(Limit)
    case quota(Quota)
    case last(Last)
    case connectionLimit(ConnectionLimit)
    case log(Log)
    case reject(Reject)
    case nat(NAT)
    case masquerade(Masquerade)
    case redirect(Redirect)
    case flowOffload(FlowOffload)
    case notrack
    case objectReference(ObjectReference)
    case dynamicSet(DynamicSet)
    case duplicate(Duplicate)
    case forward(Forward)
    /// An expression of another name: its attributes as they came.
    case other(name: String, attributes: [UInt8])

    /// `NFTA_EXPR_NAME`.
    package var name: String {
      switch self {
      case .immediate: "immediate"
      case .compare: "cmp"
      case .bitwise: "bitwise"
      case .payload: "payload"
      case .meta: "meta"
      case .conntrack: "ct"
      case .lookup: "lookup"
      case .range: "range"
      case .byteOrder: "byteorder"
      case .extensionHeader: "exthdr"
      case .fib: "fib"
      case .route: "rt"
      case .numberGenerator: "numgen"
      case .hash: "hash"
      case .counter: "counter"
      case .limit: "limit"
      case .quota: "quota"
      case .last: "last"
      case .connectionLimit: "connlimit"
      case .log: "log"
      case .reject: "reject"
      case .nat: "nat"
      case .masquerade: "masq"
      case .redirect: "redir"
      case .flowOffload: "flow_offload"
      case .notrack: "notrack"
      case .objectReference: "objref"
      case .dynamicSet: "dynset"
      case .duplicate: "dup"
      case .forward: "fwd"
      case .other(let name, _): name
      }
    }

    /// Decodes the content of a list element or of `NFTA_SET_ELEM_EXPR`.
    ///
    /// - Returns: nil when it has no name.
    /// - Throws: ``NetlinkFormatError`` for anything cut off or of a wrong size.
    package init?(_ cursor: AttributeCursor) throws(NetlinkFormatError) {
      var name: String?
      var attributes = cursor.nested
      while try attributes.advance() {
        if attributes.type == 1 { name = attributes.payload.text }
      }
      guard let name else { return nil }
      attributes = cursor.nested
      while try attributes.advance() {
        if attributes.type == 2 {
          self = try Expression(name: name, attributes: attributes.nested, octets: attributes.payload)
          return
        }
      }
      self = try Expression(name: name, attributes: AttributeCursor(RawSpan()), octets: RawSpan())
    }

    private init(
      name: String, attributes: AttributeCursor, octets: RawSpan
    ) throws(NetlinkFormatError) {
      self =
        switch name {
        case "immediate": .immediate(try Immediate(attributes))
        case "cmp": .compare(try Comparison(attributes))
        case "bitwise": .bitwise(try Bitwise(attributes))
        case "payload": .payload(try Payload(attributes))
        case "meta": .meta(try Meta(attributes))
        case "ct": .conntrack(try ConntrackKey(attributes))
        case "lookup": .lookup(try Lookup(attributes))
        case "range": .range(try Range(attributes))
        case "byteorder": .byteOrder(try ByteOrder(attributes))
        case "exthdr": .extensionHeader(try ExtensionHeader(attributes))
        case "fib": .fib(try Fib(attributes))
        case "rt": .route(try Route(attributes))
        case "numgen": .numberGenerator(try NumberGenerator(attributes))
        case "hash": .hash(try Hash(attributes))
        case "counter": .counter(try Counters(attributes))
        case "limit": .limit(try Limit(attributes))
        case "quota": .quota(try Quota(attributes))
        case "last": .last(try Last(attributes))
        case "connlimit": .connectionLimit(try ConnectionLimit(attributes))
        case "log": .log(try Log(attributes))
        case "reject": .reject(try Reject(attributes))
        case "nat": .nat(try NAT(attributes))
        case "masq": .masquerade(try Masquerade(attributes))
        case "redir": .redirect(try Redirect(attributes))
        case "flow_offload": .flowOffload(try FlowOffload(attributes))
        case "notrack": .notrack
        case "objref": .objectReference(try ObjectReference(attributes))
        case "dynset": .dynamicSet(try DynamicSet(attributes))
        case "dup": .duplicate(try Duplicate(attributes))
        case "fwd": .forward(try Forward(attributes))
        default: .other(name: name, attributes: octets.copied)
        }
    }

    /// Appends the expression as an attribute of this type. An expression without attributes has an empty
    /// `NFTA_EXPR_DATA`, as the kernel sends it, except `notrack`.
    package func encode(_ type: UInt16, into writer: inout NetlinkWriter) {
      let nest = writer.beginNest(type, marked: false)
      writer.attribute(1, text: name)
      if self != .notrack {
        let data = writer.beginNest(2, marked: false)
        encodeAttributes(into: &writer)
        writer.endNest(data)
      }
      writer.endNest(nest)
    }

    package func encodeAttributes(into writer: inout NetlinkWriter) {
      switch self {
      case .immediate(let value): value.encode(into: &writer)
      case .compare(let value): value.encode(into: &writer)
      case .bitwise(let value): value.encode(into: &writer)
      case .payload(let value): value.encode(into: &writer)
      case .meta(let value): value.encode(into: &writer)
      case .conntrack(let value): value.encode(into: &writer)
      case .lookup(let value): value.encode(into: &writer)
      case .range(let value): value.encode(into: &writer)
      case .byteOrder(let value): value.encode(into: &writer)
      case .extensionHeader(let value): value.encode(into: &writer)
      case .fib(let value): value.encode(into: &writer)
      case .route(let value): value.encode(into: &writer)
      case .numberGenerator(let value): value.encode(into: &writer)
      case .hash(let value): value.encode(into: &writer)
      case .counter(let value): value.encode(into: &writer)
      case .limit(let value): value.encode(into: &writer)
      case .quota(let value): value.encode(into: &writer)
      case .last(let value): value.encode(into: &writer)
      case .connectionLimit(let value): value.encode(into: &writer)
      case .log(let value): value.encode(into: &writer)
      case .reject(let value): value.encode(into: &writer)
      case .nat(let value): value.encode(into: &writer)
      case .masquerade(let value): value.encode(into: &writer)
      case .redirect(let value): value.encode(into: &writer)
      case .flowOffload(let value): value.encode(into: &writer)
      case .notrack: break
      case .objectReference(let value): value.encode(into: &writer)
      case .dynamicSet(let value): value.encode(into: &writer)
      case .duplicate(let value): value.encode(into: &writer)
      case .forward(let value): value.encode(into: &writer)
      case .other(_, let attributes): writer.raw(attributes)
      }
    }

    static func firstNameless(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> Int? {
      var index = 0
      var attributes = cursor.nested
      while try attributes.advance() {
        if try Expression(attributes) == nil { return index }
        index += 1
      }
      return nil
    }
  }
}

extension NFTables.Expression: AttributePayload, AttributeMember {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> NFTables.Expression? {
    try NFTables.Expression(cursor)
  }

  package func write(_ type: UInt16, into writer: inout NetlinkWriter) { encode(type, into: &writer) }

  /// A list (`NFTA_RULE_EXPRESSIONS`, `NFTA_SET_EXPRESSIONS`); nil when a member has no name.
  package static func readAll(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> [NFTables.Expression]?
  {
    var expressions: [NFTables.Expression] = []
    var attributes = cursor.nested
    while try attributes.advance() {
      guard let expression = try NFTables.Expression(attributes) else { return nil }
      expressions.append(expression)
    }
    return expressions
  }

  package static func write(_ all: [NFTables.Expression], _ type: UInt16, into writer: inout NetlinkWriter) {
    let nest = writer.beginNest(type, marked: false)
    for expression in all { expression.encode(NFTables.listElement, into: &writer) }
    writer.endNest(nest)
  }
}
