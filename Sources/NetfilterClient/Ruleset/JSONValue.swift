// SPDX-License-Identifier: GPL-3.0-or-later

/// A JSON document (RFC 8259) as a tree, for the schema of libnftables-json(5).
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number as it was written.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// Members in their order; of equal names the first counts.
  case object([Member])

  package struct Member: Equatable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// A whole number.
  package static func number(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

  /// An object of the members whose values are there.
  package static func object(_ members: [(String, JSONValue?)]) -> JSONValue {
    .object(members.compactMap { name, value in value.map { Member(name, $0) } })
  }

  /// The member of this name; nil also when this is no object.
  package subscript(name: String) -> JSONValue? {
    if case .object(let members) = self { members.first { $0.name == name }?.value } else { nil }
  }

  package var text: String? { if case .string(let text) = self { text } else { nil } }

  package var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// A whole number of this type; nil for anything else.
  package func integer<Number: FixedWidthInteger>(as type: Number.Type = Number.self) -> Number? {
    if case .number(let text) = self { Number(text) } else { nil }
  }

  // MARK: Writing

  /// The document on one line.
  package var description: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to result: inout String) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .number(let text): result += text
    case .string(let text): Self.write(text, to: &result)
    case .array(let elements):
      result += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { result += ", " }
        element.write(to: &result)
      }
      result += "]"
    case .object(let members):
      result += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { result += ", " }
        Self.write(member.name, to: &result)
        result += ": "
        member.value.write(to: &result)
      }
      result += "}"
    }
  }

  private static func write(_ text: String, to result: inout String) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    result += "\""
  }

  // MARK: Reading

  /// Reads a whole document.
  ///
  /// - Throws: ``SelectionError`` with the line where it stops being JSON.
  package init(parsing text: String) throws(SelectionError) {
    var reader = Reader(octets: Array(text.utf8))
    self = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.isAtEnd else { throw reader.failure("something follows the document") }
  }

  private struct Reader {
    let octets: [UInt8]
    var position = 0
    /// Nested deeper than this is refused, so that no document exhausts the stack.
    static let deepest = 64

    init(octets: [UInt8]) { self.octets = octets }

    var isAtEnd: Bool { position >= octets.count }

    func failure(_ what: String) -> SelectionError {
      let line = octets.prefix(position).count { $0 == 0x0a } + 1
      return SelectionError("line \(line): bad JSON: \(what)")
    }

    mutating func skipSpace() {
      while position < octets.count, [0x20, 0x09, 0x0a, 0x0d].contains(octets[position]) { position += 1 }
    }

    private mutating func take(_ octet: UInt8) -> Bool {
      skipSpace()
      guard position < octets.count, octets[position] == octet else { return false }
      position += 1
      return true
    }

    private mutating func take(word: String) -> Bool {
      let units = Array(word.utf8)
      guard octets[position...].starts(with: units) else { return false }
      position += units.count
      return true
    }

    mutating func value(depth: Int) throws(SelectionError) -> JSONValue {
      guard depth < Self.deepest else { throw failure("nested too deep") }
      skipSpace()
      guard position < octets.count else { throw failure("it ends too early") }
      switch octets[position] {
      case UInt8(ascii: "{"): return try object(depth: depth)
      case UInt8(ascii: "["): return try array(depth: depth)
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
      default:
        if take(word: "true") { return .bool(true) }
        if take(word: "false") { return .bool(false) }
        if take(word: "null") { return .null }
        throw failure("a value is missing")
      }
    }

    private mutating func object(depth: Int) throws(SelectionError) -> JSONValue {
      position += 1
      var members: [Member] = []
      if take(UInt8(ascii: "}")) { return .object(members) }
      repeat {
        skipSpace()
        guard position < octets.count, octets[position] == UInt8(ascii: "\"") else {
          throw failure("a name in quotes is missing")
        }
        let name = try string()
        guard take(UInt8(ascii: ":")) else { throw failure("':' is missing") }
        members.append(Member(name, try value(depth: depth + 1)))
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { throw failure("'}' is missing") }
      return .object(members)
    }

    private mutating func array(depth: Int) throws(SelectionError) -> JSONValue {
      position += 1
      var elements: [JSONValue] = []
      if take(UInt8(ascii: "]")) { return .array(elements) }
      repeat {
        elements.append(try value(depth: depth + 1))
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "]")) else { throw failure("']' is missing") }
      return .array(elements)
    }

    private mutating func number() throws(SelectionError) -> JSONValue {
      let start = position
      while position < octets.count, "+-.eE0123456789".utf8.contains(octets[position]) { position += 1 }
      let text = String(decoding: octets[start..<position], as: UTF8.self)
      let digits = text.drop { $0 == "-" }
      guard Double(text) != nil, digits.first?.isNumber ?? false,
        !(digits.count > 1 && digits.first == "0" && digits.dropFirst().first?.isNumber ?? false)
      else { throw failure("bad number \(SelectionError.quoted(text))") }
      return .number(text)
    }

    private mutating func string() throws(SelectionError) -> String {
      position += 1
      var units: [UInt8] = []
      while position < octets.count {
        let octet = octets[position]
        position += 1
        switch octet {
        case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
        case UInt8(ascii: "\\"): units += try escape()
        case 0..<0x20: throw failure("a control character in a string")
        default: units.append(octet)
        }
      }
      throw failure("a string has no end")
    }

    private mutating func escape() throws(SelectionError) -> [UInt8] {
      guard position < octets.count else { throw failure("a string has no end") }
      let octet = octets[position]
      position += 1
      switch octet {
      case UInt8(ascii: "b"): return [0x08]
      case UInt8(ascii: "f"): return [0x0c]
      case UInt8(ascii: "n"): return [0x0a]
      case UInt8(ascii: "r"): return [0x0d]
      case UInt8(ascii: "t"): return [0x09]
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [octet]
      case UInt8(ascii: "u"):
        var unit = try hexadecimal()
        if 0xd800..<0xdc00 ~= unit, octets[position...].starts(with: [0x5c, 0x75]) {
          position += 2
          let low = try hexadecimal()
          unit = 0xdc00..<0xe000 ~= low ? 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00) : 0xfffd
        }
        return Array(String(UnicodeScalar(unit).map(Character.init) ?? "\u{fffd}").utf8)
      default: throw failure("a bad escape in a string")
      }
    }

    private mutating func hexadecimal() throws(SelectionError) -> UInt32 {
      let digits = octets[position...].prefix(4)
      guard digits.count == 4, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
        let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
      else { throw failure("a bad escape in a string") }
      position += 4
      return number
    }
  }
}
