// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Foundation
import NetlinkWire
import TestSupport
import Testing

@Suite("Label map against libnetfilter_conntrack")
struct LabelMapTests {
  /// The names that the library finds in a file.
  private func reference(_ text: String) throws -> [Int: String] {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("map-\(UUID().uuidString)").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard let map = unsafe nfct_labelmap_new(path) else { return [:] }
    defer { unsafe nfct_labelmap_destroy(map) }
    var names: [Int: String] = [:]
    for bit in 0..<128 {
      guard let name = unsafe nfct_labelmap_get_name(map, UInt32(bit)) else { continue }
      let text = unsafe String(cString: name)
      if !text.isEmpty { names[bit] = text }
    }
    return names
  }

  private func ours(_ text: String) -> [Int: String] {
    let map = ConntrackLabelMap(text: text)
    return Dictionary(
      uniqueKeysWithValues: (0..<128).compactMap { bit in map.name(of: bit).map { (bit, $0) } })
  }

  @Test(
    "a file is read as the library reads it",
    arguments: [
      "1 a", "1 a b", "1 a#c", "1 a #c", "1 #c", "0x11 a", "010 a", " 3 lead", "\t4\ttab", "5a b", "5", "5 ",
      "-1 neg",
      "127 x", "1 a&b", "1 a-b", "1 a_b", "1 a.b", "1 \u{e9}", "1 a\r", "1 a  ", "1 a\n1 b", "1 a\n2 a\n2 c",
      "+7 a",
      "99999999999 a", "08 a", "0x a", "0xz a", "0X1f a", "00 a", "0 a", "1a x", "", "#x\n\n1 a", "1 a\tb",
      "1\u{b}v",
      "63 A\n64 B", "0x7F end",
    ])
  func files(_ text: String) throws {
    #expect(try ours(text + "\n") == reference(text + "\n"))
    #expect(try ours(text) == reference(text))
  }

  @Test("random files are read as the library reads them")
  func random() throws {
    var generator = SeededGenerator(seed: 6)
    let alphabet = Array(" \t0123789xXabfz-_#&+\r")
    for _ in 0..<300 {
      var text = ""
      for _ in 0..<6 {
        text += String(Int.random(in: 0...127, using: &generator)) + " "
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
          text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        text += "\n"
      }
      #expect(try ours(text) == reference(text), "\(text.debugDescription)")
    }
  }
}
