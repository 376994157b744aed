// SPDX-License-Identifier: GPL-3.0-or-later

import EngineHost
import Testing

@Suite("the JSON reader")
struct JSONValueTests {
  private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

  @Test("values of every kind")
  func values() throws {
    let value = try read(#" {"a": [1, -2.5e1, true, false, null], "b\u00e9\ud83d\ude00": "x\n\"\\\/"} "#)
    #expect(value["a"] == .array([.number(1), .number(-25), .bool(true), .bool(false), .null]))
    #expect(value["bé😀"]?.string == "x\n\"\\/")
    #expect(value["a"]?.array?.first?.int == 1)
    #expect(value["c"] == nil)
  }

  @Test(
    "what is not JSON is refused",
    arguments: [
      "", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "01", "1.", "--1", "nul", "\"a", "\"\\x\"", "\"\\ud800\"",
      "\"\u{1}\"", "[1] 2", "{a: 1}", "+1", "1e999",
    ])
  func refused(text: String) {
    #expect(throws: JSONError.self) { try read(text) }
  }

  @Test("nesting is bounded")
  func nesting() {
    #expect(throws: JSONError.self) { try read(String(repeating: "[", count: 100_000)) }
  }
}
