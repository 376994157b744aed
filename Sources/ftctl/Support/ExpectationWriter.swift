// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Reporting

/// Writes expectations to standard output in the form that was asked for.
struct ExpectationWriter: ~Copyable {
  private static let blockSize = 1 << 16

  private let format: OutputFormat
  private let line = ExpectationLineFormat()
  private let json = ExpectationJSONFormat()
  private var output = OutputBuffer(capacity: blockSize + (1 << 13))
  /// Expectations written so far.
  private(set) var count = 0

  init(_ format: OutputFormat) { self.format = format }

  /// Writes one.
  mutating func append(_ expectation: ConntrackExpectation) throws {
    switch format {
    case .json:
      output.append(count == 0 ? JSONFormat.arrayStart : JSONFormat.arraySeparator)
      json.append(expectation, to: &output)
    case .jsonl:
      json.append(expectation, to: &output)
      output.append(byte: 0x0a)
    default:
      line.append(expectation, to: &output)
      output.append(byte: 0x0a)
    }
    count += 1
    if output.count >= Self.blockSize { try StandardOutput.flush(&output) }
  }

  /// Writes what ends the form, and all that is left.
  mutating func finish() throws {
    if format == .json {
      if count == 0 { output.append(JSONFormat.arrayStart) }
      output.append(JSONFormat.arrayEnd)
    }
    try StandardOutput.flush(&output)
  }
}
