// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
private import Glibc

/// Why an engine's host cannot have a device, a socket or another thing of the system.
package struct HostError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was tried, and with what.
  package var operation: String
  /// errno(3).
  package var number: Int32
  /// What to do about it, where that is known.
  package var hint: String?
  /// Another instance of the same name lives; ``operation`` says so.
  package var isAlreadyRunning = false

  package init(_ operation: String, _ number: Int32, hint: String? = nil) {
    self.operation = operation
    self.number = number
    self.hint = hint
  }

  package var isNotPermitted: Bool { number == EPERM || number == EACCES }

  package var description: String {
    if isAlreadyRunning { return operation }
    // Safe: strerror returns a string that lives until the thread's next call; symbols are constants.
    let symbol = unsafe ftctl_errno_name(number).map { unsafe " (\(String(cString: $0)))" } ?? ""
    return unsafe "cannot \(operation): \(String(cString: strerror(number)))\(symbol)"
  }
}
