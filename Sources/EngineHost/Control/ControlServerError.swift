// SPDX-License-Identifier: GPL-3.0-or-later

private import Glibc

/// Why a control socket cannot be served.
package struct ControlServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was tried, on which path.
  package var operation: String
  /// errno(3).
  package var number: Int32
  /// What to do about it, where that is known.
  package var hint: String?
  /// Another instance of the same name lives.
  package var isAlreadyRunning = false

  package init(_ operation: String, _ number: Int32, hint: String? = nil) {
    self.operation = operation
    self.number = number
    self.hint = hint
  }

  package var isNotPermitted: Bool { number == EPERM || number == EACCES }

  package var description: String {
    if isAlreadyRunning { return operation }
    // Safe: strerror returns a string that lives until the thread's next call.
    return unsafe "cannot \(operation): \(String(cString: strerror(number)))"
  }
}
