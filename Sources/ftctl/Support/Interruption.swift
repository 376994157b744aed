// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Glibc

/// SIGINT or SIGTERM in the middle of changes: what has been asked for is awaited and counted before the program ends
/// by the signal. A second signal ends it at once.
struct Interruption: Error {
  private let signal: Int32

  /// Has the next signal noted.
  static func expect() { ftctl_note_interruption() }

  /// Whether a signal has come.
  static var hasCome: Bool { ftctl_interruption() != 0 }

  /// Ends a work that a signal has cut short.
  ///
  /// - Throws: ``Interruption`` when one has come.
  static func check() throws {
    let signal = ftctl_interruption()
    if signal != 0 { throw Interruption(signal: signal) }
  }

  /// Ends the program by the signal, as if nobody had noted it.
  func endProgram() -> Never {
    raise(signal)
    exit(128 + signal)
  }
}
