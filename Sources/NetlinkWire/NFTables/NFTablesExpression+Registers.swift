// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables.Expression {
  /// Loads a value into a register, or sets the verdict (register 0).
  package struct Immediate: AttributeFields, Hashable, Sendable {
    package var destination: UInt32?
    package var data: NFTables.Data?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &destination)
      each(2, &data)
    }
  }

  /// Compares a register with a constant; a mismatch ends the rule.
  package struct Comparison: AttributeFields, Hashable, Sendable {
    package var source: UInt32?
    /// 0 equal, 1 not equal, 2 less, 3 at most, 4 greater, 5 at least; octet by octet from the first.
    package var operation: UInt32?
    package var data: NFTables.Data?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &source)
      each(2, &operation)
      each(3, &data)
    }
  }

  /// Tests whether a register lies in an inclusive range.
  package struct Range: AttributeFields, Hashable, Sendable {
    package var source: UInt32?
    /// 0 inside, 1 outside.
    package var operation: UInt32?
    package var from: NFTables.Data?
    package var to: NFTables.Data?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &source)
      each(2, &operation)
      each(3, &from)
      each(4, &to)
    }
  }

  /// Combines registers bit by bit: `destination = (source & mask) ^ xor`, or a shift, or a Boolean
  /// operation.
  package struct Bitwise: AttributeFields, Hashable, Sendable {
    package var source: UInt32?
    package var destination: UInt32?
    /// Octets.
    package var length: UInt32?
    package var mask: NFTables.Data?
    package var xor: NFTables.Data?
    /// 0 mask and xor, 1 left shift, 2 right shift, 3 and, 4 or, 5 xor.
    package var operation: UInt32?
    /// Shift distance, or the second operand.
    package var data: NFTables.Data?
    /// Register of the second operand.
    package var secondSource: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &source)
      each(2, &destination)
      each(3, &length)
      each(6, &operation)
      each(4, &mask)
      each(5, &xor)
      each(7, &data)
      each(8, &secondSource)
    }
  }

  /// Converts between host and network order.
  package struct ByteOrder: AttributeFields, Hashable, Sendable {
    package var source: UInt32?
    package var destination: UInt32?
    /// 0 network to host, 1 host to network.
    package var operation: UInt32?
    /// Octets in all.
    package var length: UInt32?
    /// Octets of each number: 2, 4 or 8.
    package var size: UInt32?

    /// Whether the length is written before the size, as Linux 6.1 does.
    package var showsLengthFirst = false

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &source)
      each(2, &destination)
      each(3, &operation)
      // Source (Linux 7.2): nft_byteorder.c, nft_byteorder_dump.
      if showsLengthFirst { each(4, &length) }
      each(5, &size)
      if !showsLengthFirst { each(4, &length) }
    }
  }

  /// Looks a register up in a set or map.
  package struct Lookup: AttributeFields, Hashable, Sendable {
    package var set: String?
    package var source: UInt32?
    /// Register for a map's data; 0 for a verdict map.
    package var destination: UInt32?
    /// The set's id in the same transaction.
    package var setID: UInt32?
    /// 1: inverted.
    package var flags: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &set)
      each(2, &source)
      each(3, &destination)
      each(4, &setID)
      each(5, &flags)
    }
  }

  /// Stores a running or random number.
  package struct NumberGenerator: AttributeFields, Hashable, Sendable {
    package var destination: UInt32?
    package var modulus: UInt32?
    /// 0 incremental, 1 random.
    package var type: UInt32?
    package var offset: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &destination)
      each(2, &modulus)
      each(3, &type)
      each(4, &offset)
    }
  }

  /// Stores a hash of a register (type 0) or of the packet (type 1).
  package struct Hash: AttributeFields, Hashable, Sendable {
    package var source: UInt32?
    package var destination: UInt32?
    package var length: UInt32?
    package var modulus: UInt32?
    package var seed: UInt32?
    package var offset: UInt32?
    package var type: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &source)
      each(2, &destination)
      each(3, &length)
      each(4, &modulus)
      each(5, &seed)
      each(6, &offset)
      each(7, &type)
    }
  }
}
