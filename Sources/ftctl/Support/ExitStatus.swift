// SPDX-License-Identifier: GPL-3.0-or-later

/// What ftctl's exit status says.
enum ExitStatus: Int32 {
  case done = 0
  /// The operation failed.
  case failed = 1
  /// Wrong usage.
  case usage = 2
  /// Nothing matched.
  case noMatch = 3
  case notPermitted = 4
  /// This kernel or driver cannot do it.
  case notSupported = 5
}

/// An end that is not a success: a line for stderr, a hint where there is one, and the status.
struct CommandFailure: Error {
  var status: ExitStatus
  /// One line without prefix; empty when everything has been said.
  var message: String
  var hint: String?

  init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
    self.status = status
    self.message = message
    self.hint = hint
  }

  /// Nothing matched; the footer has said so.
  static let nothingMatched = CommandFailure(.noMatch, "")
}
