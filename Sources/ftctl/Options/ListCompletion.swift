// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser

extension CompletionKind {
  /// Completes the last of several words with commas between.
  ///
  /// - Parameters:
  ///   - sign: what may stand before a word and is left there: `!` of a negation.
  ///   - ignoresCase: whether the words are understood in either case; lower case is then completed in lower case.
  ///   - words: all that there are.
  /// - Returns: what an option's `completion` takes.
  static func list(
    sign: Character? = nil, ignoresCase: Bool = false, of words: @escaping @Sendable () -> [String]
  ) -> CompletionKind {
    .custom { _, _, typed in
      ListCompletion(sign: sign, ignoresCase: ignoresCase).offers(words(), behind: typed)
    }
  }
}

/// What a shell is told of an option whose value is a list: whole values, for it knows no other words.
struct ListCompletion {
  let sign: Character?
  let ignoresCase: Bool

  /// Whole values for what has been typed.
  ///
  /// - Parameters:
  ///   - words: all that there are; those that the list has already are left out.
  ///   - typed: up to the cursor, as the shell has it: with its quotation marks and backslashes.
  /// - Returns: the value, with each of the words in the place of the last one.
  func offers(_ words: [String], behind typed: String) -> [String] {
    let text = typed.filter { !"\\\"'".contains($0) }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    var last = parts.last ?? ""
    var head = String(text.dropLast(last.count))
    if let sign, last.first == sign {
      head.append(last.removeFirst())
    }
    let present = Set(parts.dropLast().map { folded($0.first == sign ? $0.dropFirst() : $0) })
    let isLower = ignoresCase && last.contains(where: \.isLowercase) && !last.contains(where: \.isUppercase)
    return words.filter { !present.contains(folded($0[...])) }.map { head + (isLower ? $0.lowercased() : $0) }
  }

  private func folded(_ word: Substring) -> String { ignoresCase ? word.uppercased() : String(word) }
}
