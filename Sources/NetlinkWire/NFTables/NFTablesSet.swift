// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_SET_*`.
  package struct Set: MessageFields, Hashable, Sendable {
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
    package var description: Description?
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

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &table)
      each(2, &name)
      each(16, &handle)
      each(3, &flags)
      each(4, &keyType)
      each(5, &keyLength)
      each(6, &dataType)
      each(7, &dataLength)
      each(15, &objectType)
      each(11, &timeout)
      each(12, &collectionInterval)
      each(8, &policy)
      each(13, &userData)
      each(9, &description)
      each(19, &backend)
      each(20, &count)
      each.expressions(17, 18, &expressions, &hasExpressionList)
      each(10, &id)
    }

    /// `NFTA_SET_DESC_*`.
    package struct Description: AttributeFields, Hashable, Sendable {
      /// The greatest number of elements.
      package var size: UInt32?
      /// Octets of each concatenated field.
      package var fieldLengths: [UInt32]?

      package init(size: UInt32? = nil, fieldLengths: [UInt32]? = nil) {
        self.size = size
        self.fieldLengths = fieldLengths
      }

      package init() { self.init(size: nil) }

      package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
        each(1, &size)
        var lengths = fieldLengths?.map(FieldLength.init)
        each(2, &lengths)
        fieldLengths = lengths?.compactMap(\.octets)
      }
    }

    /// `NFTA_SET_FIELD_*`.
    private struct FieldLength: AttributeFields, AttributeMember {
      var octets: UInt32?

      init() {}
      init(_ octets: UInt32) { self.octets = octets }

      mutating func fields(_ each: inout some FieldVisitor & ~Escapable) { each(1, &octets) }
    }
  }

  /// `NFTA_SET_ELEM_*`.
  package struct Element: AttributeFields, AttributeMember, Hashable, Sendable {
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

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each.value(1, &key)
      each.value(10, &keyEnd)
      each(2, &data)
      each.expressions(7, 11, &expressions, &hasExpressionList)
      each(9, &object)
      each(3, &flags)
      each(4, &timeout)
      each(5, &expiration)
      each(6, &userData)
    }
  }

  /// `NFTA_SET_ELEM_LIST_*`: the envelope of elements.
  package struct ElementList: MessageFields, Hashable, Sendable {
    package var table: String?
    package var set: String?
    package var setID: UInt32?
    package var elements: [Element]?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &table)
      each(2, &set)
      each(4, &setID)
      each(3, &elements)
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

extension FieldVisitor where Self: ~Escapable {
  /// Octets in a nest of their own (`NFTA_DATA_VALUE`).
  fileprivate mutating func value(_ type: UInt16, _ field: inout [UInt8]?) {
    var data = field.map(NFTables.Data.value)
    self(type, &data)
    field = data?.octets
  }

  /// - Parameters:
  ///   - single: the attribute of one expression.
  ///   - several: the attribute of a list of them.
  ///   - field: the expressions.
  ///   - isList: whether they are such a list.
  fileprivate mutating func expressions(
    _ single: UInt16, _ several: UInt16, _ field: inout [NFTables.Expression]?, _ isList: inout Bool
  ) {
    var one = isList ? nil : field
    var list = isList ? field : nil
    self.single(single, &one)
    self(several, &list)
    field = list ?? one
    isList = list != nil
  }
}
