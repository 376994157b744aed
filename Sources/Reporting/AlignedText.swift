// SPDX-License-Identifier: GPL-3.0-or-later

/// Rows of words in columns as wide as their widest word: small results that are held whole.
package enum AlignedText {
  /// Writes the rows, the first of them in bold where there are colours.
  ///
  /// - Parameters:
  ///   - rows: as many words each.
  ///   - rightAlignedFrom: the first column of numbers.
  ///   - palette: colours.
  ///   - output: where the text goes.
  package static func write(
    _ rows: [[String]], rightAlignedFrom: Int, palette: Palette, to output: inout OutputBuffer
  ) {
    guard let head = rows.first else { return }
    let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for (number, row) in rows.enumerated() {
      if number == 0, palette.isActive { output.append(palette.heading) }
      for (column, word) in row.enumerated() {
        let padding = widths[column] - word.count
        let isNumber = column >= rightAlignedFrom
        if column > 0 { output.append("  ") }
        if isNumber { output.append(blanks: padding) }
        output.append(text: word)
        if !isNumber, column < row.count - 1 { output.append(blanks: padding) }
      }
      if number == 0, palette.isActive { output.append(palette.reset) }
      output.append(byte: 0x0a)
    }
  }
}

extension OutputBuffer {
  /// Appends blanks; none for a negative number.
  package mutating func append(blanks count: Int) {
    for _ in 0..<max(count, 0) { append(byte: 0x20) }
  }
}
