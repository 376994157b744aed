// SPDX-License-Identifier: GPL-3.0-or-later

/// One token of a `--where` expression and where it stands.
struct WhereToken: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// A word; quoted ones are never keywords.
    case word(String, isQuoted: Bool)
    case open, close, openSet, closeSet, comma
    case and, or, not
    case comparison(Comparison)
    case end
  }
  enum Comparison: String, Equatable, Sendable {
    case equal = "=", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    case within = "in", notWithin = "not in"
  }

  var kind: Kind
  /// Counted in characters from 1.
  var column: Int

  /// The token as an error names it.
  var text: String {
    switch kind {
    case .word(let word, _): SelectionError.quoted(word)
    case .open: "'('"
    case .close: "')'"
    case .openSet: "'{'"
    case .closeSet: "'}'"
    case .comma: "','"
    case .and: "'and'"
    case .or: "'or'"
    case .not: "'not'"
    case .comparison(let comparison): "'\(comparison.rawValue)'"
    case .end: "the end"
    }
  }
}

/// Cuts a `--where` expression into tokens.
struct WhereLexer {
  private let characters: [Character]
  private var position = 0

  init(_ text: String) { characters = Array(text) }

  /// All tokens; the last one is ``WhereToken/Kind/end``.
  ///
  /// - Throws: ``SelectionError`` for a quotation without end and for a lone `&` or `|`.
  static func tokens(of text: String) throws(SelectionError) -> [WhereToken] {
    var lexer = WhereLexer(text)
    var result: [WhereToken] = []
    while true {
      let token = try lexer.next()
      result.append(token)
      if token.kind == .end { return result }
    }
  }

  private mutating func next() throws(SelectionError) -> WhereToken {
    while position < characters.count, characters[position].isWhitespace { position += 1 }
    let column = position + 1
    guard position < characters.count else { return WhereToken(kind: .end, column: column) }
    return WhereToken(kind: try kind(column), column: column)
  }

  private mutating func kind(_ column: Int) throws(SelectionError) -> WhereToken.Kind {
    let character = characters[position]
    switch character {
    case "(": return take(1, .open)
    case ")": return take(1, .close)
    case "{": return take(1, .openSet)
    case "}": return take(1, .closeSet)
    case ",": return take(1, .comma)
    case "=": return take(follows("=") ? 2 : 1, .comparison(.equal))
    case "!": return follows("=") ? take(2, .comparison(.notEqual)) : take(1, .not)
    case "<": return follows("=") ? take(2, .comparison(.lessOrEqual)) : take(1, .comparison(.less))
    case ">": return follows("=") ? take(2, .comparison(.greaterOrEqual)) : take(1, .comparison(.greater))
    case "&", "|":
      guard follows(character) else {
        throw SelectionError("expected '\(character)\(character)', not a single '\(character)'").at(
          column: column)
      }
      return take(2, character == "&" ? .and : .or)
    case "\"", "'":
      guard let end = characters[(position + 1)...].firstIndex(of: character) else {
        throw SelectionError("the quotation that begins here does not end").at(column: column)
      }
      let word = String(characters[(position + 1)..<end])
      position = end + 1
      return .word(word, isQuoted: true)
    default:
      return keyword(word())
    }
  }

  private func follows(_ character: Character) -> Bool {
    position + 1 < characters.count && characters[position + 1] == character
  }

  private mutating func take(_ count: Int, _ kind: WhereToken.Kind) -> WhereToken.Kind {
    position += count
    return kind
  }

  private mutating func word() -> String {
    let start = position
    while position < characters.count, !Self.endsWord(characters[position]) { position += 1 }
    return String(characters[start..<position])
  }

  private static func endsWord(_ character: Character) -> Bool {
    character.isWhitespace || "(){},=!<>&|\"'".contains(character)
  }

  private func keyword(_ word: String) -> WhereToken.Kind {
    switch word.lowercased() {
    case "and": .and
    case "or": .or
    case "not": .not
    case "in": .comparison(.within)
    default: .word(word, isQuoted: false)
    }
  }
}
