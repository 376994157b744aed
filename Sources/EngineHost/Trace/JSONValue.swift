// SPDX-License-Identifier: GPL-3.0-or-later

/// A JSON document (RFC 8259), read strictly. Our own reader, because Foundation's costs every start of the
/// program a millisecond for something that one subcommand needs.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// The value of an object's member; nil when this is no object or has no such member.
  package subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { return members[key] }
    return nil
  }

  package var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  package var array: [JSONValue]? {
    if case .array(let values) = self { return values }
    return nil
  }

  package var object: [String: JSONValue]? {
    if case .object(let members) = self { return members }
    return nil
  }

  package var double: Double? {
    if case .number(let number) = self { return number }
    return nil
  }

  package var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// A number without fraction that fits into an Int.
  package var int: Int? { double.flatMap { Int(exactly: $0) } }

  /// The strings of an array; nil when a member is something else.
  package var strings: [String]? {
    guard let array else { return nil }
    let texts = array.compactMap(\.string)
    return texts.count == array.count ? texts : nil
  }
}

/// Why a text is not JSON.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Octets from the start.
  package var offset: Int
  package var reason: String

  package var description: String { "\(reason) at octet \(offset)" }
}

extension JSONValue {
  /// Reads a whole document.
  ///
  /// - Throws: ``JSONError`` with the place of the first octet that does not fit.
  package init(parsing octets: [UInt8]) throws(JSONError) {
    var reader = JSONReader(octets: octets)
    self = try reader.document()
  }
}

private struct JSONReader {
  let octets: [UInt8]
  var offset = 0
  var depth = 0

  init(octets: [UInt8]) { self.octets = octets }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value()
    skipSpace()
    guard offset == octets.count else { throw error("text behind the document") }
    return value
  }

  private func error(_ reason: String) -> JSONError { JSONError(offset: offset, reason: reason) }

  private var next: UInt8? { offset < octets.count ? octets[offset] : nil }

  private mutating func skipSpace() {
    while let octet = next, octet == 0x20 || octet == 0x0a || octet == 0x0d || octet == 0x09 { offset += 1 }
  }

  private mutating func take(_ octet: UInt8) -> Bool {
    skipSpace()
    guard next == octet else { return false }
    offset += 1
    return true
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    skipSpace()
    depth += 1
    defer { depth -= 1 }
    guard depth <= 64 else { throw error("too deeply nested") }
    switch next {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try text())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case .some: return try number()
    case nil: throw error("unexpected end")
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for unit in text.utf8 {
      guard next == unit else { throw error("unknown word") }
      offset += 1
    }
    return value
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    offset += 1
    var members: [String: JSONValue] = [:]
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("expected a member's name") }
      let name = try text()
      guard take(UInt8(ascii: ":")) else { throw error("expected ':'") }
      members[name] = try value()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw error("expected '}'") }
    return .object(members)
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    offset += 1
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(values) }
    repeat { values.append(try value()) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw error("expected ']'") }
    return .array(values)
  }

  private mutating func text() throws(JSONError) -> String {
    offset += 1
    var units: [UInt8] = []
    while true {
      guard let octet = next else { throw error("unterminated string") }
      offset += 1
      switch octet {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else { throw error("text is not UTF-8") }
        return text
      case UInt8(ascii: "\\"): try escape(into: &units)
      case 0..<0x20: throw error("control character in a string")
      default: units.append(octet)
      }
    }
  }

  private mutating func escape(into units: inout [UInt8]) throws(JSONError) {
    guard let octet = next else { throw error("unterminated string") }
    offset += 1
    switch octet {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(octet)
    case UInt8(ascii: "b"): units.append(8)
    case UInt8(ascii: "f"): units.append(12)
    case UInt8(ascii: "n"): units.append(10)
    case UInt8(ascii: "r"): units.append(13)
    case UInt8(ascii: "t"): units.append(9)
    case UInt8(ascii: "u"):
      var scalar = try hexadecimal()
      if (0xd800..<0xdc00).contains(scalar) {
        guard next == UInt8(ascii: "\\") else { throw error("lone surrogate") }
        offset += 1
        guard next == UInt8(ascii: "u") else { throw error("lone surrogate") }
        offset += 1
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw error("lone surrogate") }
        scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let character = Unicode.Scalar(scalar) else { throw error("lone surrogate") }
      units.append(contentsOf: String(Character(character)).utf8)
    default: throw error("unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let octet = next, let digit = Character(Unicode.Scalar(octet)).hexDigitValue else {
        throw error("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    let allowed = Set("+-.0123456789eE".utf8)
    while let octet = next, allowed.contains(octet) { offset += 1 }
    let text = String(decoding: octets[start..<offset], as: UTF8.self)
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let hasLeadingZero =
      digits.count > 1 && digits.hasPrefix("0") && digits.dropFirst().first?.isNumber == true
    guard let first = digits.first, first.isNumber, !hasLeadingZero, digits.last?.isNumber == true,
      let value = Double(text), value.isFinite
    else {
      offset = start
      throw error("not a number")
    }
    return .number(value)
  }
}
