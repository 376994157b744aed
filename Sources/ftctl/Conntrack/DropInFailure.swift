// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient

/// An end that is not a success, in conntrack(8)'s words and with its exit status.
struct DropInFailure: Error, Equatable {
  /// 1 is a refusal, 2 is wrong usage.
  var status: Int32
  /// What follows the prefix; empty when everything has been said.
  var message: String

  /// What every message begins with: scripts match it, version included.
  static let prefix = "conntrack v1.4.7 (conntrack-tools): "

  static func usage(_ message: String) -> DropInFailure { DropInFailure(status: 2, message: message) }
  static func refused(_ message: String) -> DropInFailure { DropInFailure(status: 1, message: message) }

  /// Nothing matched where something had to; the footer has said so.
  static let nothingMatched = DropInFailure(status: 1, message: "")

  /// A refusal of the kernel, in the words that go with the command.
  init(_ error: NetlinkError, _ command: DropInCommand, _ table: DropInTable) {
    status = 1
    message = "Operation failed: \(Self.words(error.number, command, table))"
  }

  private init(status: Int32, message: String) {
    self.status = status
    self.message = message
  }

  private static func words(_ number: ErrorNumber, _ command: DropInCommand, _ table: DropInTable) -> String {
    let isEntry = table != .expect
    let isCreation = command == .create || command == .add
    switch number {
    // Of an addition it is the system's text, as 1.4.7 has it.
    case .invalid where command != .add: return "invalid parameters"
    case .operationNotPermitted:
      return "sorry, you must be root or get CAP_NET_ADMIN capability to do this"
    case .exists where isEntry && isCreation: return "Such conntrack exists, try -U to update"
    case .noSuchEntry where isEntry && (isCreation || command == .get || command == .delete):
      return "such conntrack doesn't exist"
    case .noSuchEntry where !isEntry && isCreation: return "master conntrack not found"
    case .noMemory where isEntry && (isCreation || command == .get): return "not enough memory"
    case .familyNotSupported where isEntry && command == .get: return "protocol not supported"
    case .timerExpired where isEntry && isCreation: return "conntrack has expired"
    default: return number.text
    }
  }

  /// Prints the message, with a second line for wrong usage.
  func report() {
    guard !message.isEmpty else { return }
    StandardError.line(Self.prefix + message)
    if status == 2 { StandardError.line("Try `conntrack -h' or 'conntrack --help' for more information.") }
  }
}
