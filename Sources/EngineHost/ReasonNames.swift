// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine

extension Reason {
  /// The reason as programs know it: `no_route`.
  package var name: String { Self.words("\(self)", joinedBy: "_") }

  /// The reason as people read it: `no route`.
  package var text: String { Self.words("\(self)", joinedBy: " ") }

  /// Whether the packet went no further.
  package var isLoss: Bool {
    switch self {
    case .tooShort, .unknownType, .unknownTag, .otherHost, .deviceDown, .headerError, .checksumError,
      .truncated,
      .martian, .optionError, .ruleDropped, .ruleStolen, .noRoute, .timeExceeded, .tooBig, .unresolved,
      .neighbourQueueFull, .fragmentInvalid, .fragmentTimeout, .fragmentMemory, .noListener, .tableFull,
      .insertFailed, .chainTooLong, .translationFailed, .offloadRefused:
      true
    default: false
    }
  }

  /// The words of a name in camel case.
  static func words(_ name: String, joinedBy separator: String) -> String {
    var result = ""
    for character in name {
      if character.isUppercase { result += separator }
      result += character.lowercased()
    }
    return result
  }
}
