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

/// The form that was asked for and what is added to it.
struct OutputChoice {
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

/// The forms that a subcommand can write.
protocol OutputForms: SendableMetatype {
  /// The first is the default.
  static var formats: [OutputFormat] { get }
  /// What `-o` can add.
  static var modifiers: [OutputModifier] { get }
}

extension OutputForms {
  static var modifiers: [OutputModifier] { [] }

  /// All that `-o` takes.
  fileprivate static var words: [String] { formats.map(\.rawValue) + modifiers.map(\.rawValue) }

  /// What the help says of `-o`.
  fileprivate static var help: ArgumentHelp {
    let names = formats.map { $0 == formats[0] ? "\($0) (default)" : "\($0)" }.joined(separator: ", ")
    guard !modifiers.isEmpty else { return ArgumentHelp("Format: \(names)", valueName: "format") }
    let more = modifiers.map(\.rawValue).joined(separator: ", ")
    return ArgumentHelp(
      "Format: \(names); with line also \(more), as conntrack has them", valueName: "format[,modifier…]")
  }
}

/// How results are written.
struct OutputOptions<Forms: OutputForms>: ParsableArguments {
  @Option(
    name: [.letter("o"), .customLong("output")], help: Forms.help,
    completion: .list(ignoresCase: true) { Forms.words })
  var output: [String] = []

  @Flag(name: [.customShort("j"), .customLong("json")], help: "Short for -o json")
  var isJSON = false

  /// What was asked for.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage.
  func choice() throws -> OutputChoice {
    var formats: [OutputFormat] = isJSON ? [.json] : []
    var modifiers: Set<OutputModifier> = []
    let known = "there are: \(Forms.words.joined(separator: ", "))"
    for word in output.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      let word = word.lowercased()
      if let format = OutputFormat(rawValue: word) {
        guard Forms.formats.contains(format) else {
          throw CommandFailure(.usage, "--output: this subcommand has no format '\(word)'", hint: known)
        }
        if !formats.contains(format) { formats.append(format) }
      } else if let modifier = OutputModifier(rawValue: word) {
        guard Forms.modifiers.contains(modifier) else {
          throw CommandFailure(.usage, "--output: this subcommand has no modifier '\(word)'", hint: known)
        }
        modifiers.insert(modifier)
      } else {
        throw CommandFailure(.usage, "--output: unknown format '\(word)'", hint: known)
      }
    }
    guard formats.count <= 1 else {
      throw CommandFailure(
        .usage, "--output: one format at a time, not \(formats.map(\.rawValue).joined(separator: " and "))")
    }
    let format = formats.first ?? Forms.formats[0]
    if format == .save, !modifiers.isEmpty {
      throw CommandFailure(.usage, "--output: save cannot be combined with anything else")
    }
    return OutputChoice(format: format, modifiers: modifiers)
  }
}

/// How a table is laid out.
struct TableOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Columns of the table, a comma between (default: the most useful)", valueName: "name[,…]"),
    completion: .list(sign: "+") { TableColumn.allCases.map(\.rawValue) })
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
