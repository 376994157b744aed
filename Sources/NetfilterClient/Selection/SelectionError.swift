// SPDX-License-Identifier: GPL-3.0-or-later

/// A selection that cannot be understood: one line, lower case, that names the word and what is allowed.
package struct SelectionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, without a trailing full stop.
  package var message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }

  /// The same error with the place where it happened in front.
  package func at(column: Int) -> SelectionError { SelectionError("column \(column): \(message)") }

  /// A word of the user's in quotes, shortened and free of control characters, fit for one line of a terminal.
  package static func quoted(_ word: some StringProtocol) -> String {
    var result = "'"
    for scalar in word.unicodeScalars.prefix(60) {
      let isControl = scalar.value < 0x20 || (scalar.value >= 0x7f && scalar.value < 0xa0)
      result.unicodeScalars.append(isControl ? "?" : scalar)
    }
    if word.unicodeScalars.count > 60 { result += "..." }
    return result + "'"
  }

  /// `; did you mean 'X'?` for the candidate that is nearest to `word`, or nothing when none is near.
  package static func suggestion(for word: String, among candidates: [String]) -> String {
    guard word.utf8.count <= 40 else { return "" }
    let limit = word.utf8.count <= 4 ? 1 : 2
    let distances = candidates.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= limit else {
      return ""
    }
    return "; did you mean '\(best.name)'?"
  }

  /// Insertions, deletions and replacements between two words (Levenshtein's distance).
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (line, octet) in left.utf8.enumerated() {
      var diagonal = row[0]
      row[0] = line + 1
      for column in right.indices {
        let replaced = diagonal + (right[column] == octet ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
