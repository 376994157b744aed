// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient
import NetlinkWire

/// Reads a file, or standard input, line by line in constant memory.
struct LineReader: ~Copyable {
  /// Octets of a line at most: a flow has a few hundred.
  private static let limit = 1 << 16
  private static let size = 1 << 18

  private let file: InputFile
  private var buffer = [UInt8](repeating: 0, count: size)

  /// The file as errors name it.
  var name: String { file.name }

  /// - Parameter path: `-` is standard input.
  /// - Throws: ``NetlinkError`` with the errno of open(2).
  init(_ path: String) throws { file = try InputFile(path) }

  /// Calls `body` with the number, from 1, and the octets of each line, without its line end.
  ///
  /// - Throws: ``NetlinkError`` of read(2); ``CommandFailure`` for a line that is too long; what `body` throws.
  mutating func forEachLine(_ body: (Int, RawSpan) throws -> Void) throws {
    var number = 0
    var start = 0
    var end = 0
    var isAtEnd = false
    while !isAtEnd {
      if start > 0 {
        buffer.replaceSubrange(0..<(end - start), with: Array(buffer[start..<end]))
        buffer += [UInt8](repeating: 0, count: Self.size - buffer.count)
        end -= start
        start = 0
      }
      let length = try file.read(into: &buffer, at: end)
      isAtEnd = length == 0
      end += length
      while start < end {
        guard let lineEnd = find(from: start, to: end) ?? (isAtEnd ? end : nil) else { break }
        number += 1
        // Safe: any octet is a UInt8, and the other way round.
        let bytes = unsafe buffer.span.bytes
        try body(number, bytes.extracting(start..<lineEnd))
        start = min(lineEnd + 1, end)
      }
      guard end - start <= Self.limit else {
        throw CommandFailure(.failed, "\(name):\(number + 1): the line is longer than \(Self.limit) octets")
      }
    }
  }

  /// Where the line that begins at `start` ends; nil when its end has not been read.
  private func find(from start: Int, to end: Int) -> Int? {
    unsafe buffer.withUnsafeBytes { memory -> Int? in
      guard let base = memory.baseAddress else { return nil }
      // Safe: both offsets lie inside the buffer.
      guard let found = unsafe memchr(base + start, 0x0a, end - start) else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}
