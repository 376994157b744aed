// SPDX-License-Identifier: GPL-3.0-or-later

/// Rows of cells, printed in aligned columns.
///
/// Without a sort key, rows stream: the first ``sampleSize`` decide the columns' widths, and a cell that is wider
/// pushes its row to the right. With one, rows are kept until ``finish(to:)``: each takes 32 octets, 2 for each
/// cell, and its text, about 160 octets for a flow. At most `limit` and at most `maximumRows` are kept, those that
/// come first in the order asked for; ``omitted`` counts the others.
package struct TextTable: ~Copyable {
  /// A column's title and side.
  package struct Column: Sendable, Hashable {
    package var title: String
    /// Whether cells stand on the right, as numbers do.
    package var isNumber: Bool

    package init(_ title: String, isNumber: Bool = false) {
      self.title = title
      self.isNumber = isNumber
    }
  }

  /// How a cell is coloured.
  package enum Style: UInt8, Sendable { case plain, offload, assured, unreplied, created, destroyed }

  /// Where a row stands among the others: compared part by part, in this order.
  package struct SortKey: Sendable, Hashable, Comparable {
    package var first: UInt32 = 0
    package var high: UInt64 = 0
    package var low: UInt64 = 0
    package var last: UInt32 = 0

    package init() {}

    /// The place of a number.
    package init(_ number: UInt64) { low = number }

    /// The place of a text, told apart by its first 16 octets.
    package init(text octets: some Sequence<UInt8>) {
      var index = 0
      for octet in octets.prefix(16) {
        let value = UInt64(octet) << UInt64(56 - 8 * (index & 7))
        if index < 8 { high |= value } else { low |= value }
        index += 1
      }
    }

    /// The place of rows that have no value: after all others, in either order.
    package static let absent: SortKey = {
      var key = SortKey()
      key.first = .max
      return key
    }()

    package static func < (left: SortKey, right: SortKey) -> Bool {
      if left.first != right.first { return left.first < right.first }
      if left.high != right.high { return left.high < right.high }
      if left.low != right.low { return left.low < right.low }
      return left.last < right.last
    }
  }

  private struct Row {
    var key: SortKey
    var offset: Int
  }

  /// Rows that decide the widths of a streamed table.
  package static let sampleSize = 200
  /// Octets of a cell at most; what is longer is cut.
  package static let maximumCell = 4095
  /// Rows of a sorted table that are kept by default.
  package static let defaultMaximumRows = 2_000_000

  private let columns: [Column]
  private let palette: Palette
  private let isSorted: Bool
  private let isReversed: Bool
  private let limit: Int
  private var widths: [Int]
  private var arena = OutputBuffer(capacity: 1 << 16)
  private var rows: [Row] = []
  private var isStreaming = false
  private var cells = 0
  private var cellStart = 0
  /// Rows given so far, those omitted included.
  package private(set) var count = 0
  /// Rows that will not be shown, because of a limit.
  package private(set) var omitted = 0

  /// - Parameters:
  ///   - columns: left to right.
  ///   - isSorted: whether rows are kept and put in the order of their keys.
  ///   - isReversed: greatest key first.
  ///   - limit: rows to show at most.
  ///   - maximumRows: rows that a sorted table keeps at most.
  ///   - palette: the header is set off, and cells have the colour of their style.
  package init(
    _ columns: [Column], isSorted: Bool = false, isReversed: Bool = false, limit: Int? = nil,
    maximumRows: Int = TextTable.defaultMaximumRows, palette: Palette = .none
  ) {
    self.columns = columns
    self.isSorted = isSorted
    self.isReversed = isReversed
    self.limit = min(max(0, limit ?? .max), isSorted ? max(1, maximumRows) : .max)
    self.palette = palette
    widths = columns.map { $0.title.unicodeScalars.count }
  }

  /// Whether further rows would change nothing, so that their source may stop.
  package var isFull: Bool { !isSorted && count >= limit }

  // MARK: Rows

  /// Begins the next cell of a row; its text is appended to the buffer that ``withCell(_:_:)`` lends.
  package mutating func withCell(_ style: Style = .plain, _ body: (inout OutputBuffer) -> Void) {
    if cells == 0 { cellStart = arena.count }
    let start = arena.count
    arena.append(byte: 0)
    arena.append(byte: 0)
    body(&arena)
    if arena.count == start + 2 { arena.append(byte: 0x2d) }
    if arena.count - start - 2 > Self.maximumCell { arena.truncate(to: start + 2 + Self.maximumCell) }
    // Control octets would move the cursor, or worse.
    for index in (start + 2)..<arena.count where arena[index] < 0x20 || arena[index] == 0x7f {
      arena.replace(at: index, with: 0x3f)
    }
    let header = UInt16(arena.count - start - 2) << 4 | UInt16(style.rawValue)
    arena.replace(at: start, with: UInt8(header >> 8))
    arena.replace(at: start + 1, with: UInt8(truncatingIfNeeded: header))
    cells += 1
  }

  /// Ends a row that has as many cells as there are columns; another number is our own mistake and traps.
  package mutating func endRow(_ key: SortKey = SortKey(), to output: inout OutputBuffer) {
    precondition(cells == columns.count)
    cells = 0
    count += 1
    guard isSorted else {
      stream(to: &output)
      return
    }
    rows.append(Row(key: key, offset: cellStart))
    if limit < .max / 2, rows.count >= max(2 * limit, limit + 64) { dropRows() }
  }

  private mutating func stream(to output: inout OutputBuffer) {
    guard count <= limit else {
      omitted += 1
      arena.truncate(to: cellStart)
      return
    }
    if isStreaming {
      append(rowAt: cellStart, to: &output)
      arena.truncate(to: cellStart)
      return
    }
    rows.append(Row(key: SortKey(), offset: cellStart))
    if rows.count >= Self.sampleSize { flush(to: &output) }
  }

  /// Prints the rows kept so far of a table that streams, as when the next may be long in coming.
  package mutating func flush(to output: inout OutputBuffer) {
    guard !isSorted, !isStreaming else { return }
    appendAll(to: &output)
    isStreaming = true
  }

  /// Prints what was kept. A table without rows is its header alone.
  package mutating func finish(to output: inout OutputBuffer) {
    guard isSorted else {
      flush(to: &output)
      return
    }
    sortRows()
    if rows.count > limit {
      omitted += rows.count - limit
      rows.removeLast(rows.count - limit)
    }
    appendAll(to: &output)
  }

  /// Absent keys last, then by key, then in the order of arrival.
  private mutating func sortRows() {
    let isReversed = isReversed
    rows.sort { left, right in
      if left.key == right.key { return left.offset < right.offset }
      guard isReversed, left.key.first != .max, right.key.first != .max else { return left.key < right.key }
      return right.key < left.key
    }
  }

  /// Keeps the first `limit` rows and gives the memory of the others back.
  private mutating func dropRows() {
    sortRows()
    omitted += rows.count - limit
    rows.removeLast(rows.count - limit)
    // In the order of arrival, so that offsets still tell it.
    var kept = rows
    kept.sort { $0.offset < $1.offset }
    var fresh = OutputBuffer(capacity: arena.count / 2 + 64)
    for index in kept.indices {
      let length = rowLength(at: kept[index].offset)
      let offset = fresh.count
      fresh.append(from: arena, at: kept[index].offset, count: length)
      kept[index].offset = offset
    }
    rows = kept
    arena = fresh
  }

  // MARK: Text

  private func cell(at offset: Int) -> (length: Int, style: Style) {
    let header = UInt16(arena[offset]) << 8 | UInt16(arena[offset + 1])
    return (Int(header >> 4), Style(rawValue: UInt8(header & 0xf)) ?? .plain)
  }

  private func rowLength(at offset: Int) -> Int {
    var end = offset
    for _ in columns.indices { end += 2 + cell(at: end).length }
    return end - offset
  }

  /// Columns on a terminal, each scalar counted as one.
  private func width(at offset: Int, _ length: Int) -> Int {
    var width = 0
    for index in offset..<(offset + length) where arena[index] & 0xc0 != 0x80 { width += 1 }
    return width
  }

  /// The header and all rows that are kept, which are then forgotten.
  private mutating func appendAll(to output: inout OutputBuffer) {
    for row in rows {
      var offset = row.offset
      for column in columns.indices {
        let length = cell(at: offset).length
        widths[column] = max(widths[column], width(at: offset + 2, length))
        offset += 2 + length
      }
    }
    appendHeader(to: &output)
    for row in rows { append(rowAt: row.offset, to: &output) }
    rows.removeAll()
    arena.removeAll()
  }

  private func appendHeader(to output: inout OutputBuffer) {
    if palette.isActive { output.append(palette.heading) }
    for (index, column) in columns.enumerated() {
      if index > 0 { output.append("  ") }
      let padding = widths[index] - column.title.unicodeScalars.count
      if column.isNumber { output.append(byte: 0x20, count: padding) }
      output.append(text: column.title)
      if !column.isNumber, index < columns.count - 1 { output.append(byte: 0x20, count: padding) }
    }
    if palette.isActive { output.append(palette.reset) }
    output.append(byte: 0x0a)
  }

  private func append(rowAt start: Int, to output: inout OutputBuffer) {
    var offset = start
    for (index, column) in columns.enumerated() {
      if index > 0 { output.append("  ") }
      let (length, style) = cell(at: offset)
      let padding = widths[index] - width(at: offset + 2, length)
      if column.isNumber { output.append(byte: 0x20, count: padding) }
      let color = palette.isActive ? palette.color(of: style) : nil
      if let color { output.append(color) }
      output.append(from: arena, at: offset + 2, count: length)
      if color != nil { output.append(palette.reset) }
      if !column.isNumber, index < columns.count - 1 { output.append(byte: 0x20, count: padding) }
      offset += 2 + length
    }
    output.append(byte: 0x0a)
  }
}

extension Palette {
  /// The colour of a cell, where it has one.
  fileprivate func color(of style: TextTable.Style) -> StaticString? {
    switch style {
    case .plain: nil
    case .offload: offload
    case .assured: assured
    case .unreplied: unreplied
    case .created: created
    case .destroyed: destroyed
    }
  }
}

/// A small table whose cells are all at hand.
package enum AlignedText {
  /// Appends `rows`, the first being the header, in aligned columns; those from `firstNumber` on stand on the
  /// right.
  package static func write(
    _ rows: [[String]], rightAlignedFrom firstNumber: Int = .max, palette: Palette = .none,
    to output: inout OutputBuffer
  ) {
    guard let header = rows.first else { return }
    var table = TextTable(
      header.enumerated().map { TextTable.Column($0.element, isNumber: $0.offset >= firstNumber) },
      isSorted: true, maximumRows: rows.count, palette: palette)
    for row in rows.dropFirst() {
      for text in row { table.withCell { $0.append(text: text) } }
      table.endRow(to: &output)
    }
    table.finish(to: &output)
  }
}
