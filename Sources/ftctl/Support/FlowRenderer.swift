// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// Writes flows to standard output in the form that was asked for, and keeps no more than a block of text.
struct FlowRenderer: ~Copyable {
  /// Text that is gathered before it is written; the first flow is written at once.
  private static let blockSize = 1 << 16

  private let format: OutputFormat
  private let line: LineFormat
  private let xml: XMLFormat
  private let save = SaveFormat()
  private let json = JSONFormat()
  private let csv = CSVFormat()
  private var output = OutputBuffer(capacity: blockSize + (1 << 13))
  private var context: FormatContext
  /// The namespace that the output has named last.
  private var writtenNamespace: String?
  /// Flows written so far.
  private(set) var count = 0
  /// Whether each flow is written at once.
  private let isLive: Bool
  private let showsEventTime: Bool

  /// - Parameters:
  ///   - choice: one of the forms that stream.
  ///   - palette: colours of lines.
  ///   - labels: names of labels.
  ///   - isLive: whether flows are written as they come, as events are.
  init(_ choice: OutputChoice, palette: Palette, labels: ConntrackLabelMap, isLive: Bool = false) {
    format = choice.format
    line = LineFormat(choice.lineOptions, palette: palette)
    xml = XMLFormat(
      showsKernelTimestamp: choice.modifiers.contains(.ktimestamp),
      showsLabels: choice.modifiers.contains(.labels),
      showsTime: isLive && choice.modifiers.contains(.timestamp))
    context = FormatContext(labels: labels, calendar: LocalCalendar.text, localTime: LocalCalendar.fields)
    if format == .json { output.append(JSONFormat.arrayStart) }
    self.isLive = isLive
    showsEventTime = isLive && choice.modifiers.contains(.timestamp)
  }

  /// Whether it is worth finding out what carries a flow.
  var showsCarrier: Bool { format == .json || format == .jsonl || format == .csv }

  /// The namespace of the flows to come, where more than one is listed.
  mutating func setNamespace(_ name: String?) { context.namespace = name }

  /// Says in front of the first flow of a namespace which that is, in a comment that `conntrack -R` passes over.
  private mutating func beginNamespace() {
    guard context.namespace != writtenNamespace, let namespace = context.namespace else { return }
    writtenNamespace = namespace
    output.append(text: "# network namespace \(namespace)\n")
  }

  /// Writes one flow.
  mutating func append(
    _ entry: borrowing ConntrackEntry, now: Int64, carrier: FlowCarrier? = nil, event: FlowEvent? = nil,
    eventTime: UInt64? = nil, cause: String? = nil
  ) throws {
    context.now = now
    context.event = event
    switch format {
    case .line, .table, .prometheus:
      if showsEventTime, let eventTime {
        output.append(byte: 0x5b)
        output.append(decimal: eventTime / 1_000_000_000)
        output.append(byte: 0x2e)
        output.append(decimal: eventTime % 1_000_000_000 / 1000, width: 6)
        output.append("]\t")
      }
      line.append(entry, context, to: &output)
      if let namespace = context.namespace {
        output.append(" netns=")
        output.append(text: namespace)
      }
      if let cause {
        output.append(byte: 0x20)
        output.append(text: cause)
      }
      output.append(byte: 0x0a)
    case .json:
      if count > 0 { output.append(JSONFormat.arraySeparator) }
      json.append(entry, context, carrier: carrier, to: &output)
    case .jsonl:
      json.append(entry, context, carrier: carrier, to: &output)
      output.append(byte: 0x0a)
    case .xml:
      if count == 0 { output.append(XMLFormat.header) }
      xml.append(entry, context, to: &output)
      output.append(byte: 0x0a)
    case .save:
      beginNamespace()
      save.append(entry, context, to: &output)
      output.append(byte: 0x0a)
    case .csv:
      if count == 0 { csv.appendHeader(to: &output) }
      csv.append(entry, context, carrier: carrier, to: &output)
    }
    count += 1
    if isLive || output.count >= Self.blockSize || count == 1 { try StandardOutput.flush(&output) }
  }

  /// Writes what the form begins with: of a stream whose first flow may be long in coming.
  mutating func begin() throws { try StandardOutput.flush(&output) }

  /// Writes what ends the form, and all that is left.
  mutating func finish() throws {
    switch format {
    case .json: output.append(JSONFormat.arrayEnd)
    case .xml where count > 0: output.append(XMLFormat.footer)
    case .csv where count == 0: csv.appendHeader(to: &output)
    default: break
    }
    try StandardOutput.flush(&output)
  }
}

extension FlowCarrier {
  /// What carries the flow, where it was to be found out and is offloaded.
  static func of(_ entry: borrowing ConntrackEntry, _ carriers: CarrierFinder?) -> FlowCarrier? {
    guard let carriers, let path = carriers.path(of: entry) else { return nil }
    return FlowCarrier(
      flowtable: path.flowtable.map { Flowtable(family: $0.family, table: $0.table, name: $0.name) },
      devices: path.devices)
  }
}
