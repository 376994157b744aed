// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables.Expression {
  /// Matches until a rate is exceeded (a token bucket).
  package struct Limit: AttributeFields, Hashable, Sendable {
    package var rate: UInt64?
    /// Seconds.
    package var unit: UInt64?
    package var burst: UInt32?
    /// 0 packets, 1 octets.
    package var type: UInt32?
    /// 1: inverted.
    package var flags: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &rate)
      each(2, &unit)
      each(3, &burst)
      each(4, &type)
      each(5, &flags)
    }
  }

  /// Matches until an amount of octets is used up.
  package struct Quota: AttributeFields, Hashable, Sendable {
    package var bytes: UInt64?
    /// 1: inverted.
    package var flags: UInt32?
    package var consumed: UInt64?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &bytes)
      each(4, &consumed)
      each(2, &flags)
    }
  }

  /// Remembers when a packet passed.
  package struct Last: AttributeFields, Hashable, Sendable {
    package var isSet: UInt32?
    /// Time since.
    package var milliseconds: UInt64?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &isSet)
      each(2, &milliseconds)
    }
  }

  /// Limits the number of connections.
  package struct ConnectionLimit: AttributeFields, Hashable, Sendable {
    package var count: UInt32?
    /// 1: inverted.
    package var flags: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &count)
      each(2, &flags)
    }
  }

  /// Reports the packet.
  package struct Log: AttributeFields, Hashable, Sendable {
    package var group: UInt16?
    package var prefix: String?
    package var snapLength: UInt32?
    package var queueThreshold: UInt16?
    package var level: UInt32?
    package var flags: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(2, &prefix)
      each(5, &level)
      each(6, &flags)
      each(1, &group)
      each(3, &snapLength)
      each(4, &queueThreshold)
    }
  }

  /// Adds the packet's flow to a flowtable.
  package struct FlowOffload: AttributeFields, Hashable, Sendable {
    package var flowtable: String?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &flowtable)
    }
  }

  /// Runs a stateful object, named or found in a map.
  package struct ObjectReference: AttributeFields, Hashable, Sendable {
    package var type: UInt32?
    package var object: String?
    /// Register with the map's key.
    package var source: UInt32?
    package var set: String?
    package var setID: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(2, &object)
      each(1, &type)
      each(3, &source)
      each(4, &set)
      each(5, &setID)
    }
  }

  /// Adds, updates or deletes a set element from the packet path.
  package struct DynamicSet: AttributeFields, Hashable, Sendable {
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

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(4, &keySource)
      each(5, &dataSource)
      each(3, &operation)
      each(1, &set)
      each(2, &setID)
      each(6, &timeout)
      each.single(7, &expression)
      each(10, &expressions)
      each(9, &flags)
    }
  }
}
