// SPDX-License-Identifier: GPL-3.0-or-later

/// A structure whose fields are the attributes of a nest or of a message.
///
/// ``fields(_:)`` names each field with its attribute's type, in the order in which the kernel dumps them; reading and
/// writing both follow it. A field that is nil has no attribute; attributes that no field has are passed over, and of
/// several of a type the last counts.
package protocol AttributeFields: AttributePayload {
  init()
  mutating func fields(_ each: inout some FieldVisitor & ~Escapable)
}

/// What is done with each field of ``AttributeFields``.
package protocol FieldVisitor: ~Escapable {
  mutating func callAsFunction<Value: AttributePayload>(_ type: UInt16, _ field: inout Value?)
  /// A field that is set when there is such an attribute, whatever it holds, and that is not written.
  mutating func presence(_ type: UInt16, _ field: inout Bool)
}

/// What an attribute may hold.
package protocol AttributePayload {
  /// Decodes the current attribute.
  ///
  /// - Returns: nil for a nest that lacks what it needs.
  /// - Throws: ``NetlinkFormatError`` for anything cut off or of a wrong size.
  static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> Self?
  /// Appends an attribute of this type.
  func write(_ type: UInt16, into writer: inout NetlinkWriter)
}

/// What an attribute may hold several of.
package protocol AttributeMember {
  static func readAll(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> [Self]?
  static func write(_ all: [Self], _ type: UInt16, into writer: inout NetlinkWriter)
}

extension FieldVisitor where Self: ~Escapable {
  /// A field that every such structure has.
  mutating func callAsFunction<Value: AttributePayload>(_ type: UInt16, _ field: inout Value) {
    var value: Value? = field
    self(type, &value)
    if let value { field = value }
  }

  /// A field with one member at most, which is the attribute itself.
  mutating func single<Value: AttributePayload>(_ type: UInt16, _ field: inout [Value]?) {
    var first = field?.first
    self(type, &first)
    field = first.map { [$0] }
  }
}

extension AttributeFields {
  /// Decodes the attributes that `attributes` walks.
  ///
  /// - Throws: ``NetlinkFormatError`` for anything cut off or of a wrong size.
  package init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
    self.init()
    var reader = FieldReader(attributes)
    while try reader.cursor.advance() {
      fields(&reader)
      if let failure = reader.failure { throw failure }
    }
  }

  /// Appends the attributes.
  package func encode(into writer: inout NetlinkWriter) {
    var copy = self
    copy.fields(&writer)
  }

  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> Self? {
    try Self(cursor.nested)
  }

  package func write(_ type: UInt16, into writer: inout NetlinkWriter) {
    let nest = writer.beginNest(type, marked: false)
    encode(into: &writer)
    writer.endNest(nest)
  }
}

extension AttributeMember where Self: AttributeFields {
  package static func readAll(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> [Self]? {
    var all: [Self] = []
    var members = cursor.nested
    while try members.advance() { all.append(try Self(members.nested)) }
    return all
  }

  package static func write(_ all: [Self], _ type: UInt16, into writer: inout NetlinkWriter) {
    let nest = writer.beginNest(type, marked: false)
    for member in all { member.write(NFTables.listElement, into: &writer) }
    writer.endNest(nest)
  }
}

/// What follows the `nfgenmsg` of a message.
package protocol MessageFields: AttributeFields {}

extension MessageFields {
  /// Decodes the attributes behind `nfgenmsg`.
  ///
  /// - Throws: ``NetlinkFormatError`` for anything cut off or of a wrong size.
  package init(_ payload: RawSpan) throws(NetlinkFormatError) {
    try self.init(AttributeCursor(payload, from: NetfilterHeader.encodedLength))
  }
}

/// Sets the field whose attribute is the current one.
private struct FieldReader: FieldVisitor, ~Escapable {
  var cursor: AttributeCursor
  private(set) var failure: NetlinkFormatError?

  @_lifetime(copy cursor)
  init(_ cursor: AttributeCursor) { self.cursor = cursor }

  mutating func callAsFunction<Value: AttributePayload>(_ type: UInt16, _ field: inout Value?) {
    guard type == cursor.type else { return }
    do {
      field = try Value.read(cursor)
    } catch {
      failure = error
    }
  }

  mutating func presence(_ type: UInt16, _ field: inout Bool) {
    if type == cursor.type { field = true }
  }
}

extension NetlinkWriter: FieldVisitor {
  package mutating func callAsFunction<Value: AttributePayload>(_ type: UInt16, _ field: inout Value?) {
    field?.write(type, into: &self)
  }

  package mutating func presence(_ type: UInt16, _ field: inout Bool) {}
}

// MARK: Numbers, text and octets

extension UInt8: AttributePayload, AttributeMember {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> UInt8? {
    try cursor.uint8()
  }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) { writer.attribute(type, self) }

  package static func readAll(_ cursor: AttributeCursor) -> [UInt8]? { cursor.payload.copied }
  package static func write(_ all: [UInt8], _ type: UInt16, into writer: inout NetlinkWriter) {
    writer.attribute(type, bytes: all)
  }
}

extension UInt16: AttributePayload {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> UInt16? {
    try cursor.bigEndian16()
  }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) { writer.attribute(type, self) }
}

extension UInt32: AttributePayload {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> UInt32? {
    try cursor.bigEndian32()
  }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) { writer.attribute(type, self) }
}

extension Int32: AttributePayload {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> Int32? {
    Int32(bitPattern: try cursor.bigEndian32())
  }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) {
    writer.attribute(type, UInt32(bitPattern: self))
  }
}

extension UInt64: AttributePayload {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> UInt64? {
    try cursor.bigEndian64()
  }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) { writer.attribute(type, self) }
}

extension String: AttributePayload {
  package static func read(_ cursor: AttributeCursor) -> String? { cursor.payload.text }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) { writer.attribute(type, text: self) }
}

extension Array: AttributePayload where Element: AttributeMember {
  package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> [Element]? {
    try Element.readAll(cursor)
  }
  package func write(_ type: UInt16, into writer: inout NetlinkWriter) {
    Element.write(self, type, into: &writer)
  }
}
