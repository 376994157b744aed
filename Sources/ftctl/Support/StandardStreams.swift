// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient
import Reporting

/// Whoever read our output has gone: the program ends quietly.
struct OutputClosed: Error {}

/// The three descriptors that every program is started with.
enum StandardStreams {
  /// Takes the number of each that is closed, so that no socket or file of ours gets it: with a descriptor whose use
  /// fails as that of the closed one would, with EBADF.
  static func occupyClosed() {
    for (descriptor, direction) in [(Int32(0), O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)]
    where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest number that is free is this one: those below are open.
      _ = unsafe open("/dev/null", direction)
    }
  }
}

/// Standard output, for results only.
enum StandardOutput {
  /// Writes the buffer's text and empties it.
  /// - Throws: ``OutputClosed``, or ``CommandFailure`` for any other failure, such as a full disk.
  static func flush(_ buffer: inout OutputBuffer) throws {
    defer { buffer.removeAll() }
    try unsafe buffer.withBytes { bytes in Result { try unsafe write(bytes) } }.get()
  }

  /// Writes a text.
  ///
  /// - Throws: as ``flush(_:)``.
  static func write(_ text: String) throws {
    var buffer = OutputBuffer()
    buffer.append(text: text)
    try flush(&buffer)
  }

  private static func write(_ bytes: UnsafeRawBufferPointer) throws {
    var offset = 0
    while offset < bytes.count {
      do throws(NetlinkError) {
        // Safe: the rest of the buffer, which outlives the call.
        offset += try retryingInterrupts("write the output") {
          unsafe Glibc.write(1, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
        }
      } catch {
        if error.number.rawValue == EPIPE { throw OutputClosed() }
        // Not a netlink error any more, which a dump that is going on would take for one of its own.
        throw CommandFailure(error)
      }
    }
  }

  /// Whether it is a terminal.
  static var isTerminal: Bool { isatty(1) == 1 }
}

/// Standard error, for everything but results.
enum StandardError {
  /// Whether it is a terminal.
  static var isTerminal: Bool { isatty(2) == 1 }

  /// Writes a line in one piece.
  static func line(_ text: String) { write(text + "\n") }

  /// Writes a text in one piece.
  static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      // Safe: the slice outlives the call.
      let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
      if written < 0, ErrorNumber.current == .interrupted { continue }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }

  /// A line that belongs to the program: `ftctl: …`.
  static func report(_ text: String) { line("ftctl: \(text)") }

  /// A line that says what to do: `hint: …`.
  static func hint(_ text: String) { line("hint: \(text)") }

  /// Says why the program ends. One line; a second with the kernel's text, a third with a hint, where there are.
  static func report(_ failure: CommandFailure) {
    if !failure.message.isEmpty { report(failure.message) }
    if let hint = failure.hint { self.hint(hint) }
  }
}
