// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// Form of a report about changes.
enum ReportFormat: String, CaseIterable {
  case line, json, jsonl

  /// Reads `--report`.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage.
  static func parse(_ text: String) throws -> ReportFormat {
    guard let format = ReportFormat(rawValue: text.lowercased()) else {
      throw CommandFailure(
        .usage, "--report: unknown form '\(text)'",
        hint: "there are: \(allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return format
  }
}

/// Writes to standard output what was done to which flow, why and when.
///
/// What cannot be written holds up no change: whoever wants no more of the report still has everything done, and every
/// other reason is told at the end.
struct ChangeReport: ~Copyable {
  private static let blockSize = 1 << 16

  private let format: ReportFormat
  private let line: LineFormat
  private let json = JSONFormat()
  private let action: String
  private let reason: String
  private var context: FormatContext
  private var output = OutputBuffer(capacity: blockSize + (1 << 13))
  private var count = 0
  /// Why no more can be written.
  private var failure: (any Error)?

  /// - Parameters:
  ///   - format: lines, an array of JSON objects, or an object a line.
  ///   - action: what is done: "deleted", or "would delete".
  ///   - reason: why: the selection as it was given.
  ///   - palette: colours of lines.
  ///   - labels: names of labels.
  init(_ format: ReportFormat, action: String, reason: String, palette: Palette, labels: ConntrackLabelMap) {
    self.format = format
    self.action = action
    self.reason = reason
    line = LineFormat([.labels], palette: palette)
    context = FormatContext(labels: labels, calendar: LocalCalendar.text, localTime: LocalCalendar.fields)
  }

  /// Writes one flow.
  ///
  /// - Parameters:
  ///   - entry: as it was last seen.
  ///   - changes: what changed, where the flow lives on: a name, the old value and the new one.
  mutating func append(_ entry: borrowing ConntrackEntry, changes: [FlowChange] = []) {
    guard failure == nil else { return }
    let now = WallClock.nanoseconds()
    context.now = now / 1_000_000_000
    if format == .line {
      output.append(byte: 0x5b)
      appendSeconds(now, digits: 6)
      output.append("]\t[")
      output.append(text: action.uppercased())
      output.append("] ")
      line.append(entry, context, to: &output)
      for change in changes { output.append(text: " \(change.name): \(change.old) -> \(change.new)") }
      if !reason.isEmpty { output.append(text: " reason: \(reason)") }
      output.append(byte: 0x0a)
    } else {
      if format == .json { output.append(count == 0 ? JSONFormat.arrayStart : JSONFormat.arraySeparator) }
      output.append("{\"time\":")
      appendSeconds(now, digits: 9)
      output.append(",\"action\":")
      output.append(json: action)
      output.append(",\"reason\":")
      output.append(json: reason)
      if !changes.isEmpty { append(changes) }
      output.append(",\"flow\":")
      json.append(entry, context, to: &output)
      output.append(byte: 0x7d)
      if format == .jsonl { output.append(byte: 0x0a) }
    }
    count += 1
    if output.count >= Self.blockSize { flush() }
  }

  private mutating func flush() {
    do { try StandardOutput.flush(&output) } catch { failure = error }
  }

  private mutating func append(_ changes: [FlowChange]) {
    output.append(",\"changes\":{")
    for (index, change) in changes.enumerated() {
      if index > 0 { output.append(byte: 0x2c) }
      output.append(json: change.name)
      output.append(text: ":{\"old\":")
      appendValue(change.old)
      output.append(",\"new\":")
      appendValue(change.new)
      output.append(byte: 0x7d)
    }
    output.append(byte: 0x7d)
  }

  private mutating func appendValue(_ value: FlowChange.Value) {
    switch value {
    case .number(let number): output.append(decimal: UInt64(number))
    case .text(let text): output.append(json: text)
    case .list(let texts):
      output.append(byte: 0x5b)
      for (index, text) in texts.enumerated() {
        if index > 0 { output.append(byte: 0x2c) }
        output.append(json: text)
      }
      output.append(byte: 0x5d)
    case .none: output.append("null")
    }
  }

  private mutating func appendSeconds(_ nanoseconds: Int64, digits: Int) {
    output.append(decimal: UInt64(nanoseconds / 1_000_000_000))
    output.append(byte: 0x2e)
    let fraction = UInt64(nanoseconds % 1_000_000_000)
    output.append(decimal: digits == 6 ? fraction / 1000 : fraction, width: digits)
  }

  /// Writes what ends the form, and all that is left.
  mutating func finish() {
    guard failure == nil else { return }
    if format == .json {
      if count == 0 { output.append(JSONFormat.arrayStart) }
      output.append(JSONFormat.arrayEnd)
    }
    flush()
  }

  /// Tells whether all was written.
  ///
  /// - Throws: as ``StandardOutput/flush(_:)``; nothing when whoever read the report has gone.
  func check() throws {
    if let failure, !(failure is OutputClosed) { throw failure }
  }
}

/// One property of a flow before and after.
struct FlowChange: Equatable {
  enum Value: Equatable, CustomStringConvertible {
    case number(UInt32), text(String), list([String]), none

    var description: String {
      switch self {
      case .number(let number): "\(number)"
      case .text(let text): text
      case .list(let texts): texts.isEmpty ? "none" : texts.joined(separator: ",")
      case .none: "none"
      }
    }
  }

  var name: String
  var old: Value
  var new: Value
}
