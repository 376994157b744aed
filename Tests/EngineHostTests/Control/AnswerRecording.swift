// SPDX-License-Identifier: GPL-3.0-or-later

import TestSupport

/// What a kernel answered to messages, as Answers/record.py wrote it down; the form is described there.
struct AnswerRecording {
  struct Event: Equatable {
    var group: UInt32
    var datagram: [UInt8]
  }

  /// One request, what the one who asked got, and what listeners got, by group.
  struct Step {
    var text: String
    var client: String
    var request: [UInt8]
    var answers: [[UInt8]] = []
    var events: [Event] = []
    /// Sysctls of net.netfilter to be set before.
    var settings: [(name: String, value: UInt64)] = []
  }

  struct Scenario {
    var name: String
    var processID: UInt32 = 0
    var processName = ""
    var steps: [Step] = []
  }

  /// A line that is none of a recording's.
  struct Unreadable: Error {
    var line: String
  }

  var release = ""
  var scenarios: [Scenario] = []

  /// - Parameter kernel: whose: 6.1, 6.12 or 7.2.
  /// - Throws: ``Unreadable``; the file system's errors.
  init(kernel: String) throws {
    var settings: [(name: String, value: UInt64)] = []
    var text = ""
    for line in try BuiltProgram.sourceText("Tests/EngineHostTests/Answers/\(kernel).txt").split(
      separator: "\n")
    {
      let words = line.split(separator: " ")
      let scenario = scenarios.count - 1
      let step = scenario < 0 ? -1 : scenarios[scenario].steps.count - 1
      switch (words[0], words.count) {
      case ("kernel", 2): release = String(words[1])
      case ("scenario", 2): scenarios.append(Scenario(name: String(words[1])))
      case ("process", 3):
        scenarios[scenario].processID = UInt32(words[1]) ?? 0
        scenarios[scenario].processName = String(words[2])
      case ("setting", 3): settings.append((String(words[1]), UInt64(words[2]) ?? 0))
      case ("step", 2...): text = words.dropFirst().joined(separator: " ")
      case (">", 3):
        scenarios[scenario].steps.append(
          Step(text: text, client: String(words[1]), request: try Self.octets(words[2]), settings: settings))
        settings = []
      case ("<", 2): scenarios[scenario].steps[step].answers.append(try Self.octets(words[1]))
      case ("*", 3):
        scenarios[scenario].steps[step].events.append(
          Event(group: UInt32(words[1]) ?? 0, datagram: try Self.octets(words[2])))
      default: throw Unreadable(line: String(line))
      }
    }
  }

  static func octets(_ hexadecimal: Substring) throws -> [UInt8] {
    var result: [UInt8] = []
    var high: UInt8?
    for digit in hexadecimal {
      guard let value = digit.hexDigitValue else { throw Unreadable(line: String(hexadecimal)) }
      if let first = high {
        result.append(first << 4 | UInt8(value))
        high = nil
      } else {
        high = UInt8(value)
      }
    }
    return result
  }
}
