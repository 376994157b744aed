// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser

extension NameSpecification.Element {
  /// A letter whose value may follow in the same word, as conntrack(8) takes it: `-pudp`.
  static func letter(_ letter: Character) -> Self { .customShort(letter, allowingJoined: true) }
}

/// The options of the program's command line by their spellings: the parser keeps the last value alone.
enum GivenOptions {
  /// Letters of options without a value: what follows in the same word are options again.
  private static let flags: Set<Character> = ["h", "j", "z"]

  /// Refuses an option that is given twice: which of the values is meant cannot be told.
  ///
  /// - Parameter names: the options of which one is enough, with their other spellings.
  /// - Throws: `ValidationError` that names the option.
  static func refuseRepeated(among names: KeyValuePairs<String, [String]>) throws {
    let given = spellings(CommandLine.arguments.dropFirst())
    for (name, others) in names where given.count(where: { $0 == name || others.contains($0) }) > 1 {
      throw ValidationError("\(name) is given twice")
    }
  }

  /// The options as they are spelled, without values, up to the word that ends them.
  private static func spellings(_ words: ArraySlice<String>) -> [String] {
    var result: [String] = []
    for word in words.prefix(while: { $0 != "--" }) {
      if word.hasPrefix("--") {
        result.append(String(word.prefix { $0 != "=" }))
      } else if word.hasPrefix("-") {
        for letter in word.dropFirst() {
          result.append("-\(letter)")
          if !flags.contains(letter) { break }
        }
      }
    }
    return result
  }
}
