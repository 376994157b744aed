// SPDX-License-Identifier: GPL-3.0-or-later

/// Names of connection labels, as `/etc/xtables/connlabel.conf` defines them: a bit (0 to 127), blanks, a name.
package struct ConntrackLabelMap: Sendable, Equatable {
  /// Where libxtables and libnetfilter_conntrack look for the file.
  package static let defaultPath = "/etc/xtables/connlabel.conf"

  private var names: [String?]

  package init() { names = [] }

  /// - Parameter text: the file's content. Comments (`#`), blank lines and lines of another form are passed over;
  ///   the first name of a bit, and the first bit of a name, win.
  package init(text: String) {
    names = Array(repeating: nil, count: 128)
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard words.count >= 2, let bit = Int(words[0]), names.indices.contains(bit) else { continue }
      let name = String(words[1])
      guard names[bit] == nil, !names.contains(name) else { continue }
      names[bit] = name
    }
  }

  /// The name of `bit`, or nil where it has none.
  package func name(of bit: Int) -> String? { bit < names.count ? names[bit] : nil }

  /// The bit called `name`, or nil where none is.
  package func bit(named name: String) -> Int? { names.firstIndex(of: name) }

  /// All names, in order of their bits.
  package var allNames: [String] { names.compactMap { $0 } }
}
