// SPDX-License-Identifier: GPL-3.0-or-later

/// Names of connection labels, as `/etc/xtables/connlabel.conf` defines them: a bit (0 to 127), blanks, a name.
package struct ConntrackLabelMap: Sendable, Equatable {
  /// Where libxtables and libnetfilter_conntrack look for the file.
  package static let defaultPath = "/etc/xtables/connlabel.conf"

  private var names: [String?]

  package init() { names = [] }

  /// Whether there is a definition at all; without one, conntrack(8) shows no labels.
  package var isDefined: Bool { !names.isEmpty }

  /// - Parameter text: the file's content. Comments (`#`), blank lines and lines of another form are passed over;
  ///   the first name of a bit, and the first bit of a name, win.
  package init(text: String) {
    names = Array(repeating: nil, count: 128)
    for line in text.utf8.split(whereSeparator: { $0 == 0x0a }) {
      guard let (bit, name) = Self.definition(line), names.indices.contains(bit) else { continue }
      guard names[bit] == nil, !names.contains(name) else { continue }
      names[bit] = name
    }
  }

  /// Reads a line as libnetfilter_conntrack does: a number as strtoul(3) reads it, then a name of letters, digits,
  /// hyphens and blanks inside.
  private static func definition(_ line: Substring.UTF8View) -> (bit: Int, name: String)? {
    func isSpace(_ unit: UInt8) -> Bool { unit == 0x20 || (0x09...0x0d).contains(unit) }
    var rest = line.drop(while: isSpace)
    if rest.first == 0x2b { rest = rest.dropFirst() }
    var radix = 10
    if rest.first == 0x30 {
      let isHexadecimal = rest.dropFirst().first.map { $0 | 0x20 == 0x78 } ?? false
      let third = rest.dropFirst(2).first
      if isHexadecimal, let third, Character(UnicodeScalar(third)).isHexDigit {
        radix = 16
        rest = rest.dropFirst(2)
      } else {
        radix = 8
      }
    }
    let digits = rest.prefix { Character(UnicodeScalar($0)).hexDigitValue.map { $0 < radix } ?? false }
    guard let bit = Int(Substring(digits), radix: radix) else { return nil }
    var name = rest[digits.endIndex...].drop(while: isSpace)
    while let last = name.last, isSpace(last) { name = name.dropLast() }
    let isName = name.allSatisfy { unit in
      (0x61...0x7a).contains(unit | 0x20) || (0x30...0x39).contains(unit) || unit == 0x2d || unit == 0x20
    }
    return isName && !name.isEmpty ? (bit, String(Substring(name))) : nil
  }

  /// The name of `bit`, or nil where it has none.
  package func name(of bit: Int) -> String? { bit < names.count ? names[bit] : nil }

  /// The bit called `name`, or nil where none is.
  package func bit(named name: String) -> Int? { names.firstIndex(of: name) }

  /// All names, in order of their bits.
  package var allNames: [String] { names.compactMap { $0 } }
}
