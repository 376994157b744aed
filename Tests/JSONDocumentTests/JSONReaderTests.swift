// SPDX-License-Identifier: GPL-3.0-or-later
import JSONDocument
import Testing

@Suite("The JSON reader")
struct JSONReaderTests {
  @Test("values of every kind")
  func values() throws {
    let value = try JSONValue(
      parsing: #" {"a": [1, -2.5e1, true, false, null], "b\u00e9\ud83d\ude00": "x\n\"\\\/", "": {}} "#)
    #expect(value["a"] == .array([.number(1), .number("-2.5e1"), .bool(true), .bool(false), .null]))
    #expect(value["bé😀"]?.string == "x\n\"\\/")
    #expect(value["a"]?.array?.first?.int == 1)
    #expect(value[""]?.members?.isEmpty == true)
    #expect(value["c"] == nil)
    #expect(value.members?.map(\.name) == ["a", "bé😀", ""])
  }

  @Test(
    "what is written is read as the same", arguments: ["[]", #"{"a": [{}, "\u0001\"\\\n\té", -1.50, 1e9]}"#])
  func roundTrip(text: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(value.description == text)
    #expect(try JSONValue(parsing: value.description) == value)
  }

  @Test("a whole number is exact or not there")
  func wholeNumbers() throws {
    func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }
    #expect(try read("18446744073709551615").integer(as: UInt64.self) == .max)
    #expect(try read("18446744073709551616").integer(as: UInt64.self) == nil)
    #expect(try read("-9223372036854775808").integer(as: Int64.self) == .min)
    #expect(try read("9007199254740993").int == 9_007_199_254_740_993)
    #expect(try read("65536").integer(as: UInt16.self) == nil)
    #expect(try read("-1").integer(as: UInt16.self) == nil)
    #expect(try read("-0").int == 0)
    #expect(try read("1e3").int == 1000 && read("1.0").int == 1 && read("1.5").int == nil)
    #expect(try read("1e999").int == nil)
    #expect(try read("\"1\"").int == nil)
  }

  @Test("a number beyond a Double's range is kept as it is written, and is no Double")
  func hugeNumbers() throws {
    let value = try JSONValue(parsing: "1e999")
    #expect(value == .number("1e999") && value.double == nil)
    #expect(try JSONValue(parsing: "0.1").double == 0.1)
  }

  @Test(
    "what is not JSON is refused, with the place and the reason",
    arguments: [
      ("", 1, 1, "it ends too early"), ("{", 1, 2, "a name in quotes is missing"),
      ("[1,]", 1, 4, "a value is missing"), ("[1\n 2]", 2, 2, "',' or ']' is missing"),
      ("{\"a\":}", 1, 6, "a value is missing"), ("{\"a\" 1}", 1, 6, "':' is missing"),
      ("{\"a\": 1\n, \"b\": 2,\n \"a\": 3}", 3, 2, "this name was there before"),
      ("01", 1, 2, "a number begins with 0"), ("1.", 1, 3, "a digit is missing"),
      ("--1", 1, 2, "a digit is missing"), ("1e+", 1, 4, "a digit is missing"),
      ("-", 1, 2, "a digit is missing"), ("nul", 1, 1, "a value is missing"),
      ("\"a", 1, 3, "a string has no end"), ("\"\\", 1, 3, "a string has no end"),
      ("\"\\x\"", 1, 2, "a bad escape in a string"), ("\"\\u12g4\"", 1, 6, "a hexadecimal digit is missing"),
      ("\"\\ud800\"", 1, 2, "half a surrogate pair"), ("\"\\udc00\"", 1, 2, "half a surrogate pair"),
      ("\"\\ud800\\u0041\"", 1, 2, "half a surrogate pair"),
      ("\"\\ud800x\"", 1, 2, "half a surrogate pair"),
      ("\"\u{1}\"", 1, 2, "a control character in a string"),
      ("[1] 2", 1, 5, "something follows the document"),
      ("{a: 1}", 1, 2, "a name in quotes is missing"), ("+1", 1, 1, "a value is missing"),
      ("\u{feff}1", 1, 1, "a value is missing"),
    ])
  func refused(text: String, line: Int, column: Int, reason: String) {
    #expect(throws: JSONError(line: line, column: column, reason: reason)) { try JSONValue(parsing: text) }
  }

  @Test(
    "octets that are not UTF-8 are refused",
    arguments: [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0xff]] as [[UInt8]])
  func notUTF8(octets: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: octets) }
  }

  @Test("nesting is bounded", arguments: [("[", "]"), ("{\"a\":", "}")])
  func nesting(open: String, close: String) throws {
    func nested(_ depth: Int) -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    _ = try JSONValue(parsing: nested(JSONValue.depthLimit))
    #expect(throws: JSONError.self) { try JSONValue(parsing: nested(JSONValue.depthLimit + 1)) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: open, count: 100_000)) }
  }
}
