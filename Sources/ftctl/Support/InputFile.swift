// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient

/// A file, or standard input, that is read from its beginning to its end.
struct InputFile: ~Copyable {
  /// The file as errors name it.
  let name: String
  private let descriptor: Int32

  /// - Parameter path: `-` is standard input.
  /// - Throws: ``NetlinkError`` with the errno of open(2).
  init(_ path: String) throws(NetlinkError) {
    name = path == "-" ? "standard input" : path
    descriptor =
      path == "-"
      ? STDIN_FILENO
      : try retryingInterrupts("read '\(path)'") { unsafe open(path, O_RDONLY | O_CLOEXEC) }
  }

  deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

  /// Reads what comes next into `buffer`, from `offset` on.
  ///
  /// - Returns: how many octets; 0 at the end.
  /// - Throws: ``NetlinkError`` with the errno of read(2).
  func read(into buffer: inout [UInt8], at offset: Int = 0) throws(NetlinkError) -> Int {
    let descriptor = descriptor
    return try retryingInterrupts("read '\(name)'") {
      // Safe: read writes at most what is left of the buffer.
      unsafe buffer.withUnsafeMutableBytes { memory in
        unsafe Glibc.read(descriptor, memory.baseAddress?.advanced(by: offset), memory.count - offset)
      }
    }
  }
}
