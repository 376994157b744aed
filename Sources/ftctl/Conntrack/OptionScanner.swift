// SPDX-License-Identifier: GPL-3.0-or-later

/// One option as getopt_long(3) knows it: names, and what may follow.
struct OptionForm: Sendable {
  enum Argument: Sendable { case none, required, optional }

  /// What the option stands for.
  enum Meaning: Equatable, Sendable {
    case command(DropInCommand)
    case option(DropInOption)
    /// An option of the protocol that `-p` named before.
    case layer4(Layer4Option)
  }

  var name: String
  var letter: Character?
  var argument: Argument
  var meaning: Meaning

  /// The options that are always there.
  static let common: [OptionForm] =
    DropInCommand.allCases.map {
      OptionForm(
        name: $0.name, letter: $0.letter, argument: $0.takesAttachedTable ? .optional : .none,
        meaning: .command($0))
    }
    + DropInOption.allCases.map {
      OptionForm(name: $0.name, letter: $0.letter, argument: $0.argument, meaning: .option($0))
    }
    + [("orig-src", DropInOption.source), ("orig-dst", .destination)].map {
      OptionForm(name: $0.0, letter: nil, argument: .required, meaning: .option($0.1))
    }
}

/// Walks a command line as getopt_long(3) does: bundled letters, attached and following arguments, long names
/// cut short where that is unambiguous, options behind other words, and `--`.
struct OptionScanner {
  /// An option that was found.
  struct Found {
    var meaning: OptionForm.Meaning
    /// What was attached to it, or the next word where it needs one.
    var argument: String?
  }

  private let words: [String]
  /// The options that may come next; `-p` adds its protocol's.
  var forms = OptionForm.common
  private var index = 0
  /// What is left of a word of bundled letters.
  private var bundle: Substring = ""
  private var bundleWord = ""
  private var hasEnded = false

  init(_ words: [String]) { self.words = words }

  /// The next option; nil at the end. Words that are no options are passed over.
  ///
  /// A message names the word that holds the option. conntrack 1.4.7 names the word before when letters follow
  /// the unknown one (`-xL`), because it reads getopt's position and not its option.
  mutating func next() throws(DropInFailure) -> Found? {
    if !bundle.isEmpty { return try nextLetter() }
    while !hasEnded, index < words.count {
      let word = words[index]
      index += 1
      if word == "--" {
        hasEnded = true
      } else if word.hasPrefix("--") {
        return try long(word)
      } else if word.hasPrefix("-"), word.count > 1 {
        bundle = word.dropFirst()
        bundleWord = word
        return try nextLetter()
      }
    }
    return nil
  }

  /// The next word, where it is no option: what an optional argument may be.
  mutating func takeFollowingWord() -> String? {
    guard bundle.isEmpty, index < words.count else { return nil }
    let word = words[index]
    guard !word.hasPrefix("-"), !word.hasPrefix("!") else { return nil }
    index += 1
    return word
  }

  private mutating func nextLetter() throws(DropInFailure) -> Found {
    let letter = bundle.removeFirst()
    guard let form = forms.first(where: { $0.letter == letter }) else {
      bundle = ""
      throw .usage("unknown option `\(bundleWord)'")
    }
    guard form.argument != .none else { return Found(meaning: form.meaning, argument: nil) }
    let attached = bundle
    bundle = ""
    if !attached.isEmpty { return Found(meaning: form.meaning, argument: String(attached)) }
    return Found(meaning: form.meaning, argument: try following(form, bundleWord))
  }

  private mutating func long(_ word: String) throws(DropInFailure) -> Found {
    let text = word.dropFirst(2)
    let name = text.prefix { $0 != "=" }
    let attached = name.endIndex == text.endIndex ? nil : String(text[name.endIndex...].dropFirst())
    var candidates = forms.filter { $0.name == name }
    if candidates.isEmpty { candidates = forms.filter { $0.name.hasPrefix(name) } }
    guard let form = candidates.first, candidates.allSatisfy({ $0.meaning == form.meaning }),
      attached == nil || form.argument != .none
    else { throw .usage("unknown option `\(word)'") }
    guard form.argument != .none else { return Found(meaning: form.meaning, argument: nil) }
    if let attached { return Found(meaning: form.meaning, argument: attached) }
    return Found(meaning: form.meaning, argument: try following(form, word))
  }

  /// The next word whatever it looks like, where the option needs an argument.
  private mutating func following(_ form: OptionForm, _ word: String) throws(DropInFailure) -> String? {
    guard form.argument == .required else { return nil }
    guard index < words.count else { throw .usage("option `\(word)' requires an argument") }
    index += 1
    return words[index - 1]
  }
}
