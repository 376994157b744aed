// SPDX-License-Identifier: GPL-3.0-or-later

/// A JSON document (RFC 8259) as a tree. Our own, because Foundation's costs every start of the program a
/// millisecond for something that few subcommands need.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number as it was written, so that none loses digits.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// Members in their order; a document that is read names each once.
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
  package subscript(name: String) -> JSONValue? { members?.first { $0.name == name }?.value }

  package var string: String? { if case .string(let text) = self { text } else { nil } }

  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  package var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// A number, rounded to the nearest that a Double can hold; nil for one beyond its range.
  package var double: Double? {
    guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
    return value
  }

  /// A number without fraction that fits, such as 12, -0 or 1e3; nil for anything else.
  package func integer<Number: FixedWidthInteger>(as type: Number.Type = Number.self) -> Number? {
    guard case .number(let text) = self else { return nil }
    // A Double would lose the digits of a long one; it serves for those with an exponent or a fraction only.
    if text.utf8.contains(where: { $0 == 0x2e || $0 | 0x20 == 0x65 }) {
      return double.flatMap { Number(exactly: $0) }
    }
    return Number(text)
  }

  package var int: Int? { integer() }

  /// The strings of an array; nil when an element is something else.
  package var strings: [String]? {
    guard let array else { return nil }
    let texts = array.compactMap(\.string)
    return texts.count == array.count ? texts : nil
  }
}

extension JSONValue: CustomStringConvertible {
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
}
