// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient

/// `--load-file`: commands from a file, one in each line. All are read and checked before the first is carried out.
enum DropInLoader {
  /// - Parameter path: a file, or `-` for standard input.
  /// - Throws: ``DropInFailure``: status 2 for what cannot be read, with nothing done; 1 for the first refusal.
  static func run(_ path: String) throws {
    let descriptor = path == "-" ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw DropInFailure.usage("Failed to open file \(path) for reading") }
    defer { if descriptor != 0 { close(descriptor) } }
    var lines: [DropInLine] = []
    try forEachLine(of: descriptor) { text throws(DropInFailure) in
      guard let words = words(of: text) else { return }
      let line = try DropInLine(words)
      guard let command = line.command else { throw .usage("Cannot use command `unknown' with --load-file") }
      guard command.isForLoading, line.table != .expect else {
        let table = line.table == .expect ? " expect" : ""
        throw .usage("Cannot use command `-\(command.letter)\(table)' with --load-file")
      }
      lines.append(line)
    }
    for line in lines { try DropInSession(line: line, isLoading: true).run() }
  }

  /// Calls `body` with each line, the last one also where it has no end.
  private static func forEachLine(
    of descriptor: Int32, _ body: (Substring) throws(DropInFailure) -> Void
  ) throws(DropInFailure) {
    var rest: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    func read() -> Int {
      // Safe: it writes at most the block's length. What cannot be read, such as a directory, has no lines.
      unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
    }
    while true {
      let length = read()
      if length < 0, ErrorNumber.current == .interrupted { continue }
      guard length > 0 else { break }
      rest += block[..<length]
      guard let end = rest.lastIndex(of: 0x0a) else { continue }
      for line in rest[..<end].split(separator: 0x0a) { try body(String(decoding: line, as: UTF8.self)[...]) }
      rest.removeFirst(end + 1)
    }
    if !rest.isEmpty { try body(String(decoding: rest, as: UTF8.self)[...]) }
  }

  /// The words of a line: blanks part them, except between double quotes. nil for a blank line or a comment.
  static func words(of line: Substring) -> [String]? {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in line {
      switch character {
      case "\"":
        isQuoted.toggle()
        word = word ?? ""
      case " " where !isQuoted, "\t" where !isQuoted, "\r" where !isQuoted:
        if let finished = word { words.append(finished) }
        word = nil
      default:
        word = (word ?? "") + String(character)
      }
    }
    if let finished = word { words.append(finished) }
    guard let first = words.first, !first.hasPrefix("#") else { return nil }
    return words
  }
}
