// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables.Expression {
  /// Matches until a rate is exceeded (a token bucket).
  package struct Limit: Hashable, Sendable {
    package var rate: UInt64?
    /// Seconds.
    package var unit: UInt64?
    package var burst: UInt32?
    /// 0 packets, 1 octets.
    package var type: UInt32?
    /// 1: inverted.
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: rate = try cursor.bigEndian64()
        case 2: unit = try cursor.bigEndian64()
        case 3: burst = try cursor.bigEndian32()
        case 4: type = try cursor.bigEndian32()
        case 5: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let rate { writer.attribute(1, rate) }
      if let unit { writer.attribute(2, unit) }
      if let burst { writer.attribute(3, burst) }
      if let type { writer.attribute(4, type) }
      if let flags { writer.attribute(5, flags) }
    }
  }

  /// Matches until an amount of octets is used up.
  package struct Quota: Hashable, Sendable {
    package var bytes: UInt64?
    /// 1: inverted.
    package var flags: UInt32?
    package var consumed: UInt64?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: bytes = try cursor.bigEndian64()
        case 2: flags = try cursor.bigEndian32()
        case 4: consumed = try cursor.bigEndian64()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let bytes { writer.attribute(1, bytes) }
      if let consumed { writer.attribute(4, consumed) }
      if let flags { writer.attribute(2, flags) }
    }
  }

  /// Remembers when a packet passed.
  package struct Last: Hashable, Sendable {
    package var isSet: UInt32?
    /// Time since.
    package var milliseconds: UInt64?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: isSet = try cursor.bigEndian32()
        case 2: milliseconds = try cursor.bigEndian64()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let isSet { writer.attribute(1, isSet) }
      if let milliseconds { writer.attribute(2, milliseconds) }
    }
  }

  /// Limits the number of connections.
  package struct ConnectionLimit: Hashable, Sendable {
    package var count: UInt32?
    /// 1: inverted.
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: count = try cursor.bigEndian32()
        case 2: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let count { writer.attribute(1, count) }
      if let flags { writer.attribute(2, flags) }
    }
  }

  /// Reports the packet.
  package struct Log: Hashable, Sendable {
    package var group: UInt16?
    package var prefix: String?
    package var snapLength: UInt32?
    package var queueThreshold: UInt16?
    package var level: UInt32?
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: group = try cursor.bigEndian16()
        case 2: prefix = cursor.payload.text
        case 3: snapLength = try cursor.bigEndian32()
        case 4: queueThreshold = try cursor.bigEndian16()
        case 5: level = try cursor.bigEndian32()
        case 6: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let prefix { writer.attribute(2, text: prefix) }
      if let level { writer.attribute(5, level) }
      if let flags { writer.attribute(6, flags) }
      if let group { writer.attribute(1, group) }
      if let snapLength { writer.attribute(3, snapLength) }
      if let queueThreshold { writer.attribute(4, queueThreshold) }
    }
  }

  /// Adds the packet's flow to a flowtable.
  package struct FlowOffload: Hashable, Sendable {
    package var flowtable: String?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: flowtable = cursor.payload.text
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let flowtable { writer.attribute(1, text: flowtable) }
    }
  }

  /// Runs a stateful object, named or found in a map.
  package struct ObjectReference: Hashable, Sendable {
    package var type: UInt32?
    package var object: String?
    /// Register with the map's key.
    package var source: UInt32?
    package var set: String?
    package var setID: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: type = try cursor.bigEndian32()
        case 2: object = cursor.payload.text
        case 3: source = try cursor.bigEndian32()
        case 4: set = cursor.payload.text
        case 5: setID = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let object { writer.attribute(2, text: object) }
      if let type { writer.attribute(1, type) }
      if let source { writer.attribute(3, source) }
      if let set { writer.attribute(4, text: set) }
      if let setID { writer.attribute(5, setID) }
    }
  }

  /// Adds, updates or deletes a set element from the packet path.
  package struct DynamicSet: Hashable, Sendable {
    package var set: String?
    package var setID: UInt32?
    /// 0 add, 1 update, 2 delete.
    package var operation: UInt32?
    /// Register.
    package var keySource: UInt32?
    /// Register.
    package var dataSource: UInt32?
    /// Milliseconds.
    package var timeout: UInt64?
    /// The element's expression, when there is one.
    package var expression: [NFTables.Expression]?
    /// 1: inverted, 2: several expressions.
    package var flags: UInt32?
    /// The element's expressions, when there are several.
    package var expressions: [NFTables.Expression]?

    /// The element's expressions, one or several; nil: the statement says none.
    package var elementExpressions: [NFTables.Expression]? { expressions ?? expression }

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: set = cursor.payload.text
        case 2: setID = try cursor.bigEndian32()
        case 3: operation = try cursor.bigEndian32()
        case 4: keySource = try cursor.bigEndian32()
        case 5: dataSource = try cursor.bigEndian32()
        case 6: timeout = try cursor.bigEndian64()
        case 7: expression = try NFTables.Expression(cursor).map { [$0] }
        case 9: flags = try cursor.bigEndian32()
        case 10: expressions = try NFTables.Expression.list(cursor)
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let keySource { writer.attribute(4, keySource) }
      if let dataSource { writer.attribute(5, dataSource) }
      if let operation { writer.attribute(3, operation) }
      if let set { writer.attribute(1, text: set) }
      if let setID { writer.attribute(2, setID) }
      if let timeout { writer.attribute(6, timeout) }
      if let first = expression?.first { first.encode(7, into: &writer) }
      if let expressions { NFTables.Expression.encode(expressions, as: 10, into: &writer) }
      if let flags { writer.attribute(9, flags) }
    }
  }
}
