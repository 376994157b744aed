// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables.Expression {
  /// Loads a value into a register, or sets the verdict (register 0).
  package struct Immediate: Hashable, Sendable {
    package var destination: UInt32?
    package var data: NFTables.Data?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: data = try NFTables.Data(cursor)
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let destination { writer.attribute(1, destination) }
      if let data { data.encode(2, into: &writer) }
    }
  }

  /// Compares a register with a constant; a mismatch ends the rule.
  package struct Comparison: Hashable, Sendable {
    package var source: UInt32?
    /// 0 equal, 1 not equal, 2 less, 3 at most, 4 greater, 5 at least; octet by octet from the first.
    package var operation: UInt32?
    package var data: NFTables.Data?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: source = try cursor.bigEndian32()
        case 2: operation = try cursor.bigEndian32()
        case 3: data = try NFTables.Data(cursor)
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let source { writer.attribute(1, source) }
      if let operation { writer.attribute(2, operation) }
      if let data { data.encode(3, into: &writer) }
    }
  }

  /// Tests whether a register lies in an inclusive range.
  package struct Range: Hashable, Sendable {
    package var source: UInt32?
    /// 0 inside, 1 outside.
    package var operation: UInt32?
    package var from: NFTables.Data?
    package var to: NFTables.Data?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: source = try cursor.bigEndian32()
        case 2: operation = try cursor.bigEndian32()
        case 3: from = try NFTables.Data(cursor)
        case 4: to = try NFTables.Data(cursor)
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let source { writer.attribute(1, source) }
      if let operation { writer.attribute(2, operation) }
      if let from { from.encode(3, into: &writer) }
      if let to { to.encode(4, into: &writer) }
    }
  }

  /// Combines registers bit by bit: `destination = (source & mask) ^ xor`, or a shift, or a Boolean
  /// operation.
  package struct Bitwise: Hashable, Sendable {
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

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: source = try cursor.bigEndian32()
        case 2: destination = try cursor.bigEndian32()
        case 3: length = try cursor.bigEndian32()
        case 4: mask = try NFTables.Data(cursor)
        case 5: xor = try NFTables.Data(cursor)
        case 6: operation = try cursor.bigEndian32()
        case 7: data = try NFTables.Data(cursor)
        case 8: secondSource = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let source { writer.attribute(1, source) }
      if let destination { writer.attribute(2, destination) }
      if let length { writer.attribute(3, length) }
      if let operation { writer.attribute(6, operation) }
      if let mask { mask.encode(4, into: &writer) }
      if let xor { xor.encode(5, into: &writer) }
      if let data { data.encode(7, into: &writer) }
      if let secondSource { writer.attribute(8, secondSource) }
    }
  }

  /// Converts between host and network order.
  package struct ByteOrder: Hashable, Sendable {
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

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: source = try cursor.bigEndian32()
        case 2: destination = try cursor.bigEndian32()
        case 3: operation = try cursor.bigEndian32()
        case 4: length = try cursor.bigEndian32()
        case 5: size = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let source { writer.attribute(1, source) }
      if let destination { writer.attribute(2, destination) }
      if let operation { writer.attribute(3, operation) }
      // Source (Linux 7.2): nft_byteorder.c, nft_byteorder_dump.
      if showsLengthFirst, let length { writer.attribute(4, length) }
      if let size { writer.attribute(5, size) }
      if !showsLengthFirst, let length { writer.attribute(4, length) }
    }
  }

  /// Looks a register up in a set or map.
  package struct Lookup: Hashable, Sendable {
    package var set: String?
    package var source: UInt32?
    /// Register for a map's data; 0 for a verdict map.
    package var destination: UInt32?
    /// The set's id in the same transaction.
    package var setID: UInt32?
    /// 1: inverted.
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: set = cursor.payload.text
        case 2: source = try cursor.bigEndian32()
        case 3: destination = try cursor.bigEndian32()
        case 4: setID = try cursor.bigEndian32()
        case 5: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let set { writer.attribute(1, text: set) }
      if let source { writer.attribute(2, source) }
      if let destination { writer.attribute(3, destination) }
      if let setID { writer.attribute(4, setID) }
      if let flags { writer.attribute(5, flags) }
    }
  }

  /// Stores a running or random number.
  package struct NumberGenerator: Hashable, Sendable {
    package var destination: UInt32?
    package var modulus: UInt32?
    /// 0 incremental, 1 random.
    package var type: UInt32?
    package var offset: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: modulus = try cursor.bigEndian32()
        case 3: type = try cursor.bigEndian32()
        case 4: offset = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let destination { writer.attribute(1, destination) }
      if let modulus { writer.attribute(2, modulus) }
      if let type { writer.attribute(3, type) }
      if let offset { writer.attribute(4, offset) }
    }
  }

  /// Stores a hash of a register (type 0) or of the packet (type 1).
  package struct Hash: Hashable, Sendable {
    package var source: UInt32?
    package var destination: UInt32?
    package var length: UInt32?
    package var modulus: UInt32?
    package var seed: UInt32?
    package var offset: UInt32?
    package var type: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: source = try cursor.bigEndian32()
        case 2: destination = try cursor.bigEndian32()
        case 3: length = try cursor.bigEndian32()
        case 4: modulus = try cursor.bigEndian32()
        case 5: seed = try cursor.bigEndian32()
        case 6: offset = try cursor.bigEndian32()
        case 7: type = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let source { writer.attribute(1, source) }
      if let destination { writer.attribute(2, destination) }
      if let length { writer.attribute(3, length) }
      if let modulus { writer.attribute(4, modulus) }
      if let seed { writer.attribute(5, seed) }
      if let offset { writer.attribute(6, offset) }
      if let type { writer.attribute(7, type) }
    }
  }
}
