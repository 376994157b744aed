// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_SET_*`.
  package struct Set: Hashable, Sendable {
    package enum Flag {
      package static let anonymous: UInt32 = 1
      package static let constant: UInt32 = 2
      package static let interval: UInt32 = 4
      package static let map: UInt32 = 8
      package static let timeout: UInt32 = 0x10
      package static let eval: UInt32 = 0x20
      package static let object: UInt32 = 0x40
      package static let concatenation: UInt32 = 0x80
      package static let expressions: UInt32 = 0x100
      package static let all: UInt32 = 0x1ff
    }
    /// Data type of a verdict map.
    package static let verdictType: UInt32 = 0xffff_ff00

    package var table: String?
    package var name: String?
    package var flags: UInt32?
    package var keyType: UInt32?
    /// Octets.
    package var keyLength: UInt32?
    package var dataType: UInt32?
    /// Octets.
    package var dataLength: UInt32?
    package var policy: UInt32?
    /// `NFTA_SET_DESC`: the greatest number of elements, and the octets of each concatenated field.
    package var size: UInt32?
    package var fieldLengths: [UInt32]?
    package var hasDescription = false
    /// Names the set inside its transaction.
    package var id: UInt32?
    /// Milliseconds.
    package var timeout: UInt64?
    /// Milliseconds.
    package var collectionInterval: UInt32?
    package var userData: [UInt8]?
    package var objectType: UInt32?
    package var handle: UInt64?
    /// Expressions that each element has.
    package var expressions: [Expression]?
    /// Whether ``expressions`` came as a list (`NFTA_SET_EXPRESSIONS`).
    package var hasExpressionList = false
    /// `NFTA_SET_TYPE`: the kernel's symbol of what keeps the elements.
    package var backend: String?
    /// `NFTA_SET_COUNT`: the number of elements.
    package var count: UInt32?

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() { try decode(attributes) }
    }

    private mutating func decode(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      switch attributes.type {
      case 1: table = attributes.payload.text
      case 2: name = attributes.payload.text
      case 3: flags = try attributes.bigEndian32()
      case 4: keyType = try attributes.bigEndian32()
      case 5: keyLength = try attributes.bigEndian32()
      case 6: dataType = try attributes.bigEndian32()
      case 7: dataLength = try attributes.bigEndian32()
      case 8: policy = try attributes.bigEndian32()
      case 9: try decodeDescription(attributes)
      case 10: id = try attributes.bigEndian32()
      case 11: timeout = try attributes.bigEndian64()
      case 12: collectionInterval = try attributes.bigEndian32()
      case 13: userData = attributes.payload.copied
      case 15: objectType = try attributes.bigEndian32()
      case 16: handle = try attributes.bigEndian64()
      case 17: expressions = try Expression(attributes).map { [$0] }
      case 18:
        expressions = try Expression.list(attributes)
        hasExpressionList = true
      default: break
      }
    }

    private mutating func decodeDescription(_ cursor: AttributeCursor) throws(NetlinkFormatError) {
      hasDescription = true
      var attributes = cursor.nested
      while try attributes.advance() {
        switch attributes.type {
        case 1: size = try attributes.bigEndian32()
        case 2:
          var lengths: [UInt32] = []
          var fields = attributes.nested
          while try fields.advance() {
            var field = fields.nested
            while try field.advance() {
              if field.type == 1 { lengths.append(try field.bigEndian32()) }
            }
          }
          fieldLengths = lengths
        default: break
        }
      }
    }

    package func encode(into writer: inout NetlinkWriter) {
      if let table { writer.attribute(1, text: table) }
      if let name { writer.attribute(2, text: name) }
      if let handle { writer.attribute(16, handle) }
      if let flags { writer.attribute(3, flags) }
      if let keyType { writer.attribute(4, keyType) }
      if let keyLength { writer.attribute(5, keyLength) }
      if let dataType { writer.attribute(6, dataType) }
      if let dataLength { writer.attribute(7, dataLength) }
      if let objectType { writer.attribute(15, objectType) }
      if let timeout { writer.attribute(11, timeout) }
      if let collectionInterval { writer.attribute(12, collectionInterval) }
      if let policy { writer.attribute(8, policy) }
      if let userData { writer.attribute(13, bytes: userData) }
      if hasDescription { encodeDescription(into: &writer) }
      if let backend { writer.attribute(19, text: backend) }
      if let count { writer.attribute(20, count) }
      if let expressions {
        if hasExpressionList {
          Expression.encode(expressions, as: 18, into: &writer)
        } else if let first = expressions.first {
          first.encode(17, into: &writer)
        }
      }
      if let id { writer.attribute(10, id) }
    }

    private func encodeDescription(into writer: inout NetlinkWriter) {
      let description = writer.beginNest(9, marked: false)
      if let size { writer.attribute(1, size) }
      if let fieldLengths {
        let fields = writer.beginNest(2, marked: false)
        for length in fieldLengths {
          let field = writer.beginNest(NFTables.listElement, marked: false)
          writer.attribute(1, length)
          writer.endNest(field)
        }
        writer.endNest(fields)
      }
      writer.endNest(description)
    }
  }

  /// `NFTA_SET_ELEM_*`.
  package struct Element: Hashable, Sendable {
    package enum Flag {
      package static let intervalEnd: UInt32 = 1
      package static let catchAll: UInt32 = 2
    }
    package var key: [UInt8]?
    /// Last key of the range, inclusive (concatenated intervals).
    package var keyEnd: [UInt8]?
    package var data: Data?
    package var flags: UInt32?
    /// Milliseconds.
    package var timeout: UInt64?
    /// Milliseconds left.
    package var expiration: UInt64?
    package var userData: [UInt8]?
    package var object: String?
    package var expressions: [Expression]?
    /// Whether ``expressions`` came as a list (`NFTA_SET_ELEM_EXPRESSIONS`).
    package var hasExpressionList = false

    package init() {}

    /// Decodes one member of `NFTA_SET_ELEM_LIST_ELEMENTS`.
    package init(_ cursor: AttributeCursor) throws(NetlinkFormatError) {
      var attributes = cursor.nested
      while try attributes.advance() {
        switch attributes.type {
        case 1: key = try Data(attributes)?.octets
        case 2: data = try Data(attributes)
        case 3: flags = try attributes.bigEndian32()
        case 4: timeout = try attributes.bigEndian64()
        case 5: expiration = try attributes.bigEndian64()
        case 6: userData = attributes.payload.copied
        case 7: expressions = try Expression(attributes).map { [$0] }
        case 9: object = attributes.payload.text
        case 10: keyEnd = try Data(attributes)?.octets
        case 11:
          expressions = try Expression.list(attributes)
          hasExpressionList = true
        default: break
        }
      }
    }

    package func encode(into writer: inout NetlinkWriter) {
      let nest = writer.beginNest(NFTables.listElement, marked: false)
      if let key { Data.value(key).encode(1, into: &writer) }
      if let keyEnd { Data.value(keyEnd).encode(10, into: &writer) }
      data?.encode(2, into: &writer)
      if let expressions {
        if hasExpressionList {
          Expression.encode(expressions, as: 11, into: &writer)
        } else if let first = expressions.first {
          first.encode(7, into: &writer)
        }
      }
      if let object { writer.attribute(9, text: object) }
      if let flags { writer.attribute(3, flags) }
      if let timeout { writer.attribute(4, timeout) }
      if let expiration { writer.attribute(5, expiration) }
      if let userData { writer.attribute(6, bytes: userData) }
      writer.endNest(nest)
    }
  }

  /// `NFTA_SET_ELEM_LIST_*`: the envelope of elements.
  package struct ElementList: Hashable, Sendable {
    package var table: String?
    package var set: String?
    package var setID: UInt32?
    package var elements: [Element]?

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: table = attributes.payload.text
        case 2: set = attributes.payload.text
        case 3:
          var list: [Element] = elements ?? []
          var members = attributes.nested
          while try members.advance() { list.append(try Element(members)) }
          elements = list
        case 4: setID = try attributes.bigEndian32()
        default: break
        }
      }
    }

    package func encode(into writer: inout NetlinkWriter) {
      if let table { writer.attribute(1, text: table) }
      if let set { writer.attribute(2, text: set) }
      if let setID { writer.attribute(4, setID) }
      if let elements {
        let nest = writer.beginNest(3, marked: false)
        for element in elements { element.encode(into: &writer) }
        writer.endNest(nest)
      }
    }
  }
}

extension NFTables.Data {
  /// The octets of a value; nil for a verdict.
  package var octets: [UInt8]? {
    switch self {
    case .value(let octets): octets
    case .verdict: nil
    }
  }
}
