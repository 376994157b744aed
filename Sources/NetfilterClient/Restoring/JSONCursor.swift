// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// Walks one JSON text (RFC 8259) from its beginning to its end, value by value, without building a tree.
///
/// Nothing that the text holds can make it trap or loop; nesting ends at ``depthLimit``.
struct JSONCursor: ~Escapable {
  private static let depthLimit = 64

  private let bytes: RawSpan
  private var position = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { self.bytes = bytes }

  /// The next octet that is no blank, which stays; nil at the end.
  private mutating func peek() -> UInt8? {
    while position < bytes.byteCount {
      let octet = bytes.uint8(at: position)
      guard octet == 0x20 || octet == 0x09 || octet == 0x0a || octet == 0x0d else { return octet }
      position += 1
    }
    return nil
  }

  private mutating func take(_ octet: UInt8) -> Bool {
    guard peek() == octet else { return false }
    position += 1
    return true
  }

  private func failure(_ expected: StaticString) -> RestoreError {
    RestoreError("not JSON: column \(position + 1): expected \(expected)")
  }

  // MARK: Structure

  mutating func beginObject() throws(RestoreError) {
    guard take(0x7b) else { throw failure("an object") }
  }

  mutating func beginArray() throws(RestoreError) {
    guard take(0x5b) else { throw failure("an array") }
  }

  /// Moves to the next member of an object and reads its name.
  ///
  /// - Parameter isFirst: true before the first, and false from then on.
  /// - Returns: nil behind the last.
  /// - Throws: ``RestoreError`` for anything else.
  mutating func nextMember(_ isFirst: inout Bool) throws(RestoreError) -> String? {
    if take(0x7d) { return nil }
    if !isFirst, !take(0x2c) { throw failure("',' or '}'") }
    isFirst = false
    let name = try string()
    guard take(0x3a) else { throw failure("':'") }
    return name
  }

  /// Moves to the next element of an array.
  ///
  /// - Parameter isFirst: true before the first, and false from then on.
  /// - Returns: false behind the last.
  /// - Throws: ``RestoreError`` for anything else.
  mutating func nextElement(_ isFirst: inout Bool) throws(RestoreError) -> Bool {
    if take(0x5d) { return false }
    if !isFirst, !take(0x2c) { throw failure("',' or ']'") }
    isFirst = false
    return true
  }

  /// Makes sure that nothing but blanks follows.
  mutating func end() throws(RestoreError) {
    guard peek() == nil else { throw failure("the end of the line") }
  }

  // MARK: Values

  /// A string's text.
  mutating func string() throws(RestoreError) -> String {
    guard take(0x22) else { throw failure("a string") }
    let start = position
    while position < bytes.byteCount {
      let octet = bytes.uint8(at: position)
      if octet == 0x22 {
        let text = bytes.slice(start, position - start)
        position += 1
        return Self.text(text)
      }
      if octet == 0x5c { return try escapedString(from: start) }
      guard octet >= 0x20 else { throw failure("no control character") }
      position += 1
    }
    throw failure("'\"'")
  }

  private static func text(_ bytes: RawSpan) -> String {
    // Safe: the octets are only read, and copied.
    unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// A string with escapes, of which the part from `start` to the position was read.
  private mutating func escapedString(from start: Int) throws(RestoreError) -> String {
    var octets = bytes.slice(start, position - start).copied
    while position < bytes.byteCount {
      let octet = bytes.uint8(at: position)
      position += 1
      if octet == 0x22 { return String(decoding: octets, as: UTF8.self) }
      guard octet == 0x5c else {
        guard octet >= 0x20 else { throw failure("no control character") }
        octets.append(octet)
        continue
      }
      guard position < bytes.byteCount else { break }
      let kind = bytes.uint8(at: position)
      position += 1
      switch kind {
      case 0x22, 0x5c, 0x2f: octets.append(kind)
      case UInt8(ascii: "b"): octets.append(0x08)
      case UInt8(ascii: "f"): octets.append(0x0c)
      case UInt8(ascii: "n"): octets.append(0x0a)
      case UInt8(ascii: "r"): octets.append(0x0d)
      case UInt8(ascii: "t"): octets.append(0x09)
      case UInt8(ascii: "u"): octets += Array(String(try escapedScalar()).utf8)
      default: throw failure("an escape")
      }
    }
    throw failure("'\"'")
  }

  /// What `\u` and four digits, or two such escapes, stand for; U+FFFD for half a pair.
  private mutating func escapedScalar() throws(RestoreError) -> Unicode.Scalar {
    let first = try fourDigits()
    guard first & 0xfc00 == 0xd800 else { return Unicode.Scalar(first) ?? "\u{fffd}" }
    guard bytes.byteCount - position >= 6, bytes.uint8(at: position) == 0x5c,
      bytes.uint8(at: position + 1) == UInt8(ascii: "u")
    else { return "\u{fffd}" }
    let saved = position
    position += 2
    let second = try fourDigits()
    guard second & 0xfc00 == 0xdc00 else {
      position = saved
      return "\u{fffd}"
    }
    return Unicode.Scalar(0x10000 + (first & 0x3ff) << 10 + second & 0x3ff) ?? "\u{fffd}"
  }

  private mutating func fourDigits() throws(RestoreError) -> UInt32 {
    guard bytes.byteCount - position >= 4 else { throw failure("four hexadecimal digits") }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes.uint8(at: position))).hexDigitValue else {
        throw failure("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  /// A number from 0 to `limit` without fraction.
  mutating func number(_ limit: UInt64 = .max) throws(RestoreError) -> UInt64 {
    guard let first = peek(), FlowValueParser.isDigit(first) else { throw failure("a number from 0 on") }
    var value: UInt64 = 0
    while position < bytes.byteCount {
      let octet = bytes.uint8(at: position)
      guard FlowValueParser.isDigit(octet) else { break }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(octet - 0x30))
      guard !overflow, !carry, sum <= limit else {
        throw RestoreError("column \(position + 1): the number is above \(limit)")
      }
      value = sum
      position += 1
    }
    if position < bytes.byteCount, [0x2e, 0x45, 0x65].contains(bytes.uint8(at: position)) {
      throw failure("a whole number")
    }
    return value
  }

  mutating func uint8() throws(RestoreError) -> UInt8 { UInt8(try number(UInt64(UInt8.max))) }
  mutating func uint16() throws(RestoreError) -> UInt16 { UInt16(try number(UInt64(UInt16.max))) }
  mutating func uint32() throws(RestoreError) -> UInt32 { UInt32(try number(UInt64(UInt32.max))) }

  /// A whole number that may be negative, as its 32 bits.
  mutating func signed32() throws(RestoreError) -> UInt32 {
    guard take(0x2d) else { return UInt32(try number(UInt64(Int32.max))) }
    return 0 &- UInt32(try number(UInt64(Int32.max) + 1))
  }

  /// An IPv4 or IPv6 address in a string.
  mutating func address() throws(RestoreError) -> IPAddress {
    let text = try string()
    guard let address = AddressReader.address(text) else {
      throw RestoreError("bad address \(SelectionError.quoted(text))")
    }
    return address
  }

  /// Passes over a value of any kind.
  mutating func skip() throws(RestoreError) { try skip(depth: 0) }

  private mutating func skip(depth: Int) throws(RestoreError) {
    guard depth < Self.depthLimit else { throw RestoreError("not JSON: nested too deeply") }
    switch peek() {
    case 0x7b:
      position += 1
      var isFirst = true
      while try nextMember(&isFirst) != nil { try skip(depth: depth + 1) }
    case 0x5b:
      position += 1
      var isFirst = true
      while try nextElement(&isFirst) { try skip(depth: depth + 1) }
    case 0x22: _ = try string()
    default: try skipWord()
    }
  }

  /// A number or one of true, false and null.
  private mutating func skipWord() throws(RestoreError) {
    let start = position
    while position < bytes.byteCount {
      let octet = bytes.uint8(at: position)
      let isWord =
        FlowValueParser.isDigit(octet) || (octet | 0x20 >= 0x61 && octet | 0x20 <= 0x7a) || octet == 0x2e
        || octet == 0x2b || octet == 0x2d
      guard isWord else { break }
      position += 1
    }
    let word = Self.text(bytes.slice(start, position - start))
    guard word == "true" || word == "false" || word == "null" || Double(word) != nil else {
      throw failure("a value")
    }
  }
}
