// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Reporting

/// Writes flows to standard output as a table for people.
struct TableWriter: ~Copyable {
  private static let blockSize = 1 << 16

  private var table: TableFormat
  private var output = OutputBuffer(capacity: blockSize + (1 << 13))
  private var context: FormatContext

  /// `usual`: the columns where the options name none.
  /// - Throws: ``CommandFailure`` of wrong usage.
  init(
    _ options: TableOptions, palette: Palette, labels: ConntrackLabelMap, showsNamespace: Bool,
    usual: [TableColumn] = TableColumn.usual
  ) throws {
    var columns = usual
    if options.isWide {
      columns += (TableColumn.usual + TableColumn.more).filter { !usual.contains($0) }
    }
    if let list = options.columns {
      let (chosen, unknown) = TableColumn.parse(list, beside: columns)
      if let unknown { throw Self.failure("--columns", unknown) }
      columns = chosen
    }
    if showsNamespace, !columns.contains(.netns) { columns.insert(.netns, at: 0) }
    var sort: TableColumn?
    if let name = options.sort {
      guard let column = TableColumn(rawValue: name) else { throw Self.failure("--sort", name) }
      sort = column
    }
    // Numbers with the largest first, words from A to Z.
    let isReversed = (sort?.isNumber ?? false) != options.reverse
    table = TableFormat(
      columns: columns, isWide: options.isWide, sort: sort, isReversed: isReversed, limit: options.limit,
      names: options.resolve ? Names.resolver() : nil, palette: palette)
    context = FormatContext(labels: labels, calendar: LocalCalendar.text, localTime: LocalCalendar.fields)
  }

  private static func failure(_ option: String, _ word: String) -> CommandFailure {
    CommandFailure(
      .usage, "\(option): unknown column '\(word)'",
      hint: "there are: \(TableColumn.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  /// Whether it is worth finding out what carries a flow.
  var showsCarrier: Bool { table.columns.contains(.flowtable) || table.columns.contains(.devices) }

  /// Flows that are shown.
  var count: Int { table.count - table.omitted }

  /// Adds a flow.
  ///
  /// - Returns: false when no more are needed.
  mutating func append(
    _ entry: borrowing ConntrackEntry, now: Int64, carrier: FlowCarrier?, namespace: String?,
    rate: FlowRate? = nil
  ) throws -> Bool {
    context.now = now
    context.rate = rate
    context.namespace = namespace
    table.append(entry, context, carrier: carrier, to: &output)
    if output.count >= Self.blockSize { try StandardOutput.flush(&output) }
    return !table.isFull
  }

  /// Writes all that is left.
  mutating func finish() throws {
    table.finish(to: &output)
    try StandardOutput.flush(&output)
  }
}
