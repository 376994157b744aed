// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Reporting

/// The form in which flows are written.
enum OutputFormat: String, CaseIterable {
  case line, table, json, jsonl, xml, save, csv, prometheus
}

/// What `-o` can add to a form.
enum OutputModifier: String, CaseIterable {
  case extended, id, timestamp, ktimestamp, labels, userspace
}

/// How results are written.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.letter("o"), .customLong("output")],
    help: ArgumentHelp(
      """
      Format: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, \
      ktimestamp, labels, userspace, as conntrack has them
      """, valueName: "format[,modifier…]"),
    completion: .list(OutputFormat.allCases.map(\.rawValue) + OutputModifier.allCases.map(\.rawValue)))
  var output: [String] = []

  @Flag(name: [.customShort("j"), .customLong("json")], help: "Short for -o json")
  var isJSON = false

  /// The form and what is added to it.
  struct Choice {
    var format: OutputFormat
    var modifiers: Set<OutputModifier>

    /// The parts of a line that were asked for.
    var lineOptions: LineOptions {
      var options: LineOptions = []
      if modifiers.contains(.extended) { options.insert(.extended) }
      if modifiers.contains(.id) { options.insert(.id) }
      if modifiers.contains(.ktimestamp) { options.insert(.kernelTimestamp) }
      if modifiers.contains(.labels) { options.insert(.labels) }
      return options
    }
  }

  /// What was asked for.
  ///
  /// - Parameter supported: the forms that the subcommand has; the first is its default.
  /// - Returns: the form and what is added to it.
  /// - Throws: ``CommandFailure`` of wrong usage.
  func choice(_ supported: [OutputFormat]) throws -> Choice {
    var formats: [OutputFormat] = isJSON ? [.json] : []
    var modifiers: Set<OutputModifier> = []
    for word in output.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      let word = word.lowercased()
      if let format = OutputFormat(rawValue: word) {
        if !formats.contains(format) { formats.append(format) }
      } else if let modifier = OutputModifier(rawValue: word) {
        modifiers.insert(modifier)
      } else {
        let known = supported.map(\.rawValue) + OutputModifier.allCases.map(\.rawValue)
        throw CommandFailure(
          .usage, "--output: unknown format '\(word)'", hint: "there are: \(known.joined(separator: ", "))")
      }
    }
    guard formats.count <= 1 else {
      throw CommandFailure(
        .usage, "--output: one format at a time, not \(formats.map(\.rawValue).joined(separator: " and "))")
    }
    let format = formats.first ?? supported[0]
    guard supported.contains(format) else {
      throw CommandFailure(
        .usage, "--output: this subcommand has no format '\(format.rawValue)'",
        hint: "it has: \(supported.map(\.rawValue).joined(separator: ", "))")
    }
    if format == .save, !modifiers.isEmpty {
      throw CommandFailure(.usage, "--output: save cannot be combined with anything else")
    }
    return Choice(format: format, modifiers: modifiers)
  }
}

/// How a table is laid out.
struct TableOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Columns of the table, a comma between (default: the most useful)", valueName: "name[,…]"),
    completion: .list(TableColumn.allCases.map(\.rawValue)))
  var columns: String?

  @Option(
    help: ArgumentHelp(
      "Sort by this column, numbers with the largest first; the table is then held in memory",
      valueName: "column"),
    completion: .list(TableColumn.allCases.map(\.rawValue)))
  var sort: String?

  @Flag(help: "Sort the other way round")
  var reverse = false

  @Option(help: ArgumentHelp("Show so many flows at most (default: all)", valueName: "n"))
  var limit: Int?

  @Flag(help: "Show names of hosts and services, where they are known, instead of numbers")
  var resolve = false

  @Flag(name: .customLong("wide"), help: "Show all columns, with exact numbers")
  var isWide = false

  /// The most flows to show.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage, also for table options without a table.
  func checkedLimit(for format: OutputFormat) throws -> Int {
    if format != .table {
      let misplaced = [
        ("--columns", columns != nil), ("--sort", sort != nil), ("--reverse", reverse),
        ("--resolve", resolve),
        ("--wide", isWide),
      ].first(where: \.1)
      if let misplaced { throw CommandFailure(.usage, "\(misplaced.0) is for tables", hint: "add -o table") }
    }
    guard let limit else { return .max }
    guard limit > 0 else { throw CommandFailure(.usage, "--limit: it is at least 1, not \(limit)") }
    return limit
  }
}
