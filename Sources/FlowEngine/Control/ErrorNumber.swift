// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// Linux's errno values, as `NLMSG_ERROR` carries them (negated there).
package enum ErrorNumber {
  package static let notPermitted: Int32 = 1
  package static let noEntry: Int32 = 2
  package static let noMemory: Int32 = 12
  package static let accessDenied: Int32 = 13
  package static let busy: Int32 = 16
  package static let exists: Int32 = 17
  package static let noDevice: Int32 = 19
  package static let invalid: Int32 = 22
  package static let tooManyInSystem: Int32 = 23
  package static let tooManyOpen: Int32 = 24
  package static let fileTooBig: Int32 = 27
  package static let noSpace: Int32 = 28
  package static let tooManyLinks: Int32 = 31
  package static let outOfRange: Int32 = 34
  package static let argumentsTooLong: Int32 = 7
  package static let noData: Int32 = 61
  package static let timerExpired: Int32 = 62
  package static let protocolFault: Int32 = 71
  package static let overflow: Int32 = 75
  package static let restart: Int32 = 85
  package static let notSupported: Int32 = 95
  package static let addressFamilyNotSupported: Int32 = 97
  package static let unreachable: Int32 = 101
  package static let hostUnreachable: Int32 = 113
}

/// One step on the way to an attribute inside a message: the `occurrence`-th attribute (from 0) of a type,
/// or of any type.
struct AttributeStep: Equatable {
  var type: UInt16?
  var occurrence: Int

  static func type(_ type: UInt16) -> AttributeStep { AttributeStep(type: type, occurrence: 0) }
  static func member(_ index: Int) -> AttributeStep { AttributeStep(type: nil, occurrence: index) }
}

/// Why a request is refused.
struct ControlError: Error, Equatable {
  /// Positive.
  var number: Int32
  /// The way to the attribute that is to blame (NLMSGERR_ATTR_OFFS); empty when none is named.
  var path: [AttributeStep]
  /// NLMSGERR_ATTR_MSG.
  var text: String?
  /// NLMSGERR_ATTR_POLICY: what the attribute should have been.
  var policy: AttributePolicy?
  /// The module that might have known what is unknown.
  var missingModule: String?

  init(_ number: Int32, at path: [AttributeStep] = [], text: String? = nil, policy: AttributePolicy? = nil) {
    self.number = number
    self.path = path
    self.text = text
    self.policy = policy
  }

  init(_ number: Int32, attribute: UInt16) { self.init(number, at: [.type(attribute)]) }

  /// What a client is told of an error: of one in an attribute inside another, nobody says which.
  init(_ error: any Error) {
    switch error {
    case let error as ControlError: self = error
    case NetlinkFormatError.payloadSize: self.init(ErrorNumber.outOfRange)
    default: self.init(ErrorNumber.invalid)
    }
  }

  /// The same error, blamed on a list element when it blames nothing yet.
  func blaming(_ path: [AttributeStep]) -> ControlError {
    self.path.isEmpty ? ControlError(number, at: path, text: text) : self
  }
}
