// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import EngineHost
import NetfilterClient

extension CommandFailure {
  /// What any error means to the user.
  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as NetlinkError: self.init(error)
    case let refusal as RulesetRefusal: self.init(refusal)
    case let error as HostError:
      self.init(error.isNotPermitted ? .notPermitted : .failed, error.description, hint: error.hint)
    default: self.init(.failed, "\(error)")
    }
  }

  /// A request that was refused: what was tried, the errno's text, the kernel's own text, and a hint.
  init(_ error: NetlinkError) {
    var message = "cannot \(error.operation): \(error.number.explanation)"
    if let text = error.text { message += ": \(text)" }
    switch error.number {
    case .operationNotPermitted, .accessDenied:
      self.init(
        .notPermitted, message,
        hint: error.hint ?? Self.privilegesHint)
    case .notSupported, .protocolNotSupported, .familyNotSupported:
      self.init(
        .notSupported, message,
        hint: error.hint ?? "this kernel lacks the feature or its module is not loaded")
    default:
      self.init(.failed, message, hint: error.hint)
    }
  }
}
