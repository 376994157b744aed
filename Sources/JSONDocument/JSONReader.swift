// SPDX-License-Identifier: GPL-3.0-or-later

/// Why a text is not a JSON document.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// From 1.
  package var line: Int
  /// Octets from the start of the line, from 1.
  package var column: Int
  package var reason: String

  package init(line: Int, column: Int, reason: String) {
    self.line = line
    self.column = column
    self.reason = reason
  }

  package var description: String { "line \(line), column \(column): bad JSON: \(reason)" }
}

extension JSONValue {
  /// Arrays and objects nested deeper than this are refused, so that no document exhausts the stack.
  package static let depthLimit = 64

  /// Reads a whole document, strictly: UTF-8 without a byte order mark, and no name twice in an object.
  ///
  /// - Throws: ``JSONError`` with the place of the first octet that does not fit.
  package init(parsing octets: [UInt8]) throws(JSONError) {
    var reader = JSONReader(octets: octets)
    do throws(JSONReader.Mismatch) {
      self = try reader.document()
    } catch {
      throw reader.error(error)
    }
  }

  /// Reads a whole document.
  ///
  /// - Throws: ``JSONError``, as above.
  package init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

private struct JSONReader {
  /// What does not fit, and where.
  struct Mismatch: Error {
    var offset: Int
    var reason: String
  }

  let octets: [UInt8]
  var offset = 0
  var depth = 0

  init(octets: [UInt8]) { self.octets = octets }

  func error(_ mismatch: Mismatch) -> JSONError {
    let before = octets.prefix(mismatch.offset)
    let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    return JSONError(
      line: before.count { $0 == 0x0a } + 1, column: mismatch.offset - lineStart + 1, reason: mismatch.reason)
  }

  mutating func document() throws(Mismatch) -> JSONValue {
    let value = try value()
    skipSpace()
    guard offset == octets.count else { throw mismatch("something follows the document") }
    return value
  }

  private func mismatch(_ reason: String) -> Mismatch { Mismatch(offset: offset, reason: reason) }

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

  private mutating func value() throws(Mismatch) -> JSONValue {
    skipSpace()
    switch next {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < JSONValue.depthLimit else { throw mismatch("nested too deep") }
      depth += 1
      defer { depth -= 1 }
      return try next == UInt8(ascii: "{") ? object() : array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
    case .some: throw mismatch("a value is missing")
    case nil: throw mismatch("it ends too early")
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(Mismatch) -> JSONValue {
    guard octets[offset...].starts(with: text.utf8) else { throw mismatch("a value is missing") }
    offset += text.utf8.count
    return value
  }

  private mutating func object() throws(Mismatch) -> JSONValue {
    offset += 1
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      let start = offset
      guard next == UInt8(ascii: "\"") else { throw mismatch("a name in quotes is missing") }
      let name = try string()
      guard names.insert(name).inserted else {
        throw Mismatch(offset: start, reason: "this name was there before")
      }
      guard take(UInt8(ascii: ":")) else { throw mismatch("':' is missing") }
      members.append(JSONValue.Member(name, try value()))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw mismatch("',' or '}' is missing") }
    return .object(members)
  }

  private mutating func array() throws(Mismatch) -> JSONValue {
    offset += 1
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    repeat { elements.append(try value()) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw mismatch("',' or ']' is missing") }
    return .array(elements)
  }

  // MARK: Numbers

  private mutating func number() throws(Mismatch) -> JSONValue {
    let start = offset
    if next == UInt8(ascii: "-") { offset += 1 }
    if next == UInt8(ascii: "0") { offset += 1 } else { try digits() }
    if let octet = next, Self.isDigit(octet) { throw mismatch("a number begins with 0") }
    if next == UInt8(ascii: ".") {
      offset += 1
      try digits()
    }
    if let octet = next, octet | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
      try digits()
    }
    return .number(String(decoding: octets[start..<offset], as: UTF8.self))
  }

  private static func isDigit(_ octet: UInt8) -> Bool {
    UInt8(ascii: "0") <= octet && octet <= UInt8(ascii: "9")
  }

  private mutating func digits() throws(Mismatch) {
    let start = offset
    while let octet = next, Self.isDigit(octet) { offset += 1 }
    guard offset > start else { throw mismatch("a digit is missing") }
  }

  // MARK: Strings

  private mutating func string() throws(Mismatch) -> String {
    let start = offset
    offset += 1
    var units: [UInt8] = []
    while let octet = next {
      switch octet {
      case UInt8(ascii: "\""):
        offset += 1
        guard let text = String(validating: units, as: UTF8.self) else {
          throw Mismatch(offset: start, reason: "a string is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): try escape(into: &units)
      case 0..<0x20: throw mismatch("a control character in a string")
      default:
        units.append(octet)
        offset += 1
      }
    }
    throw mismatch("a string has no end")
  }

  private mutating func escape(into units: inout [UInt8]) throws(Mismatch) {
    let start = offset
    offset += 1
    guard let octet = next else { throw mismatch("a string has no end") }
    offset += 1
    switch octet {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(octet)
    case UInt8(ascii: "b"): units.append(0x08)
    case UInt8(ascii: "f"): units.append(0x0c)
    case UInt8(ascii: "n"): units.append(0x0a)
    case UInt8(ascii: "r"): units.append(0x0d)
    case UInt8(ascii: "t"): units.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if 0xd800..<0xdc00 ~= code, octets[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
        offset += 2
        let low = try hexadecimal()
        guard 0xdc00..<0xe000 ~= low else { throw Mismatch(offset: start, reason: "half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw Mismatch(offset: start, reason: "half a surrogate pair")
      }
      units += Array(String(Character(scalar)).utf8)
    default: throw Mismatch(offset: start, reason: "a bad escape in a string")
    }
  }

  private mutating func hexadecimal() throws(Mismatch) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let octet = next, let digit = Character(Unicode.Scalar(octet)).hexDigitValue else {
        throw mismatch("a hexadecimal digit is missing")
      }
      code = code << 4 | UInt32(digit)
      offset += 1
    }
    return code
  }
}
