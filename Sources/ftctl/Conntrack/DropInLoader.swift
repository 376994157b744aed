// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient

/// `--load-file`: commands from a file, one in each line. All are read and checked before the first is carried out.
enum DropInLoader {
  /// - Parameter path: a file, or `-` for standard input.
  /// - Throws: ``DropInFailure``: status 2 for what cannot be read, with nothing done; 1 for the first refusal.
  static func run(_ path: String) throws {
    let isInput = path == "-"
    let descriptor = isInput ? 0 : unsafe open(path, O_RDONLY | O_CLOEXEC)
    // Nothing is read: what is not open for reading says so.
    guard descriptor >= 0, Glibc.read(descriptor, nil, 0) == 0 || errno != EBADF else {
      throw DropInFailure.usage("Failed to open file \(isInput ? "/dev/stdin" : path) for reading")
    }
    defer { if descriptor != 0 { close(descriptor) } }
    var lines: [DropInLine] = []
    try forEachLine(of: descriptor) { text throws(DropInFailure) in
      if let words = words(of: text) { lines.append(try DropInLine(words)) }
    }
    for line in lines {
      guard let command = line.command else {
        throw DropInFailure.usage("Cannot use command `unknown' with --load-file")
      }
      guard command.isForLoading, line.table != .expect else {
        // 1.4.7 has a letter of its own for the creation of expectations, and tables not for every command.
        let isCreation = line.table == .expect && command == .create
        let hasTable = line.table == .expect && command != .version && command != .help
        let words = "-\(isCreation ? "C" : command.letter)\(hasTable ? " expect" : "")"
        throw DropInFailure.usage("Cannot use command `\(words)' with --load-file")
      }
    }
    for line in lines { try DropInSession(line: line, isLoading: true).run() }
  }

  /// Calls `body` with each line and its end, which the last one may lack.
  private static func forEachLine(
    of descriptor: Int32, _ body: (String) throws(DropInFailure) -> Void
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
      for line in rest[..<end].split(separator: 0x0a) {
        try body(String(decoding: line, as: UTF8.self) + "\n")
      }
      rest.removeFirst(end + 1)
    }
    if !rest.isEmpty { try body(String(decoding: rest, as: UTF8.self)) }
  }

  /// The words of a line: blanks and the line's end part them, except between double quotes, which need not close.
  ///
  /// nil for a comment and for a blank line; blanks behind the last line's end are an empty command.
  static func words(of line: String) -> [String]? {
    let start = line.unicodeScalars.first { $0 != " " && $0 != "\t" }
    if start == "#" || start == "\n" { return nil }
    var words: [String] = []
    var word: String.UnicodeScalarView?
    var isQuoted = false
    // A carriage return belongs to its word.
    for scalar in line.unicodeScalars {
      switch scalar {
      case "\"":
        isQuoted.toggle()
        word = word ?? String.UnicodeScalarView()
      case " " where !isQuoted, "\t" where !isQuoted, "\n" where !isQuoted:
        if let finished = word { words.append(String(finished)) }
        word = nil
      default:
        var longer = word ?? String.UnicodeScalarView()
        longer.append(scalar)
        word = longer
      }
    }
    if let finished = word { words.append(String(finished)) }
    return words
  }
}
