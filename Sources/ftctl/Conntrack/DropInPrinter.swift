// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

/// Prints entries as conntrack(8) does.
struct DropInPrinter: ~Copyable {
  private let output: DropInOutput
  private let line: LineFormat
  private let xml: XMLFormat
  private var context = FormatContext(calendar: LocalCalendar.text, localTime: LocalCalendar.fields)
  private var clock = Clock()
  private var buffer = OutputBuffer()
  private var hasXMLHeader = false
  /// Entries printed so far.
  private(set) var count = 0

  init(_ line: DropInLine) {
    output = line.output
    var options: LineOptions = []
    if output.contains(.extended) { options.insert(.extended) }
    if output.contains(.id) { options.insert(.id) }
    // conntrack(8) shows no times of what it deletes and updates, and no labels of what it deletes.
    let showsTimes = output.contains(.kernelTimestamp) && line.command != .delete && line.command != .update
    if showsTimes { options.insert(.kernelTimestamp) }
    let showsLabels = output.contains(.labels) && line.command != .delete
    if showsLabels { options.insert(.labels) }
    self.line = LineFormat(options)
    xml = XMLFormat(
      showsKernelTimestamp: showsTimes, showsLabels: showsLabels,
      showsTime: line.command == .event && output.contains(.timestamp))
    context.labels = line.labelNames
  }

  /// Prints an entry of a listing.
  ///
  /// - Parameters:
  ///   - entry: what the kernel sent.
  ///   - hasHeader: whether XML begins with a header; what is deleted or updated has none.
  ///   - isDeleted: whether the save format says `-D`.
  /// - Throws: ``OutputClosed`` or ``NetlinkError`` of the output.
  mutating func append(
    _ entry: borrowing ConntrackEntry, hasHeader: Bool = true, isDeleted: Bool = false
  ) throws {
    count += 1
    context.now = clock.now()
    if output.contains(.xml) {
      if hasHeader { appendXMLHeader() }
      xml.append(entry, context, to: &buffer)
    } else if output.contains(.save) {
      context.event = isDeleted ? .destroy : nil
      SaveFormat().append(entry, context, to: &buffer)
    } else {
      line.append(entry, context, to: &buffer)
    }
    buffer.append(byte: 0x0a)
    if buffer.count > 1 << 15 { try StandardOutput.flush(&buffer) }
  }

  /// Prints an event at once.
  ///
  /// - Parameters:
  ///   - entry: what the kernel sent.
  ///   - event: what happened to it.
  ///   - cause: which program caused it. XML has no place for it; conntrack 1.4.7 writes it behind the element all
  ///     the same, and what it prints then is no XML.
  /// - Throws: ``OutputClosed`` or ``NetlinkError`` of the output.
  mutating func append(_ entry: borrowing ConntrackEntry, _ event: FlowEvent, cause: String?) throws {
    count += 1
    context.now = Int64(time(nil))
    context.event = event
    if output.contains(.xml) {
      appendXMLHeader()
      xml.append(entry, context, to: &buffer)
    } else if output.contains(.save) {
      SaveFormat().append(entry, context, to: &buffer)
    } else {
      if output.contains(.timestamp) { buffer.appendTimeOfPrinting() }
      line.append(entry, context, to: &buffer)
    }
    if let cause, !output.contains(.xml) {
      buffer.append(byte: 0x20)
      buffer.append(text: cause)
    }
    buffer.append(byte: 0x0a)
    try StandardOutput.flush(&buffer)
  }

  private mutating func appendXMLHeader() {
    guard !hasXMLHeader else { return }
    hasXMLHeader = true
    buffer.append(XMLFormat.header)
  }

  /// Writes what is left.
  ///
  /// - Parameter closesXML: whether a document that has begun is closed; `-G` leaves it open.
  /// - Throws: ``OutputClosed`` or ``NetlinkError`` of the output.
  mutating func finish(closesXML: Bool = true) throws {
    if hasXMLHeader, closesXML { buffer.append(XMLFormat.footer) }
    try StandardOutput.flush(&buffer)
  }
}
