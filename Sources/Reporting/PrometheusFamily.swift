// SPDX-License-Identifier: GPL-3.0-or-later

/// One family of metrics in Prometheus' text exposition format, version 0.0.4, for a textfile collector.
///
///     var entries = PrometheusFamily(
///       name: "ftctl_entries", help: "Entries in the table.", kind: .gauge)
///     entries.add([("netns", "blue")], 12)
///     output.append(entries)
package struct PrometheusFamily: Sendable {
  /// What the numbers are.
  package enum Kind: Sendable { case counter, gauge }

  private let name: String
  private let help: String
  private let kind: Kind
  private var samples: [UInt8] = []

  /// - Parameters:
  ///   - name: `[a-zA-Z_:][a-zA-Z0-9_:]*`; another one is our own mistake and traps.
  ///   - help: one sentence.
  ///   - kind: whether the numbers only grow.
  package init(name: String, help: String, kind: Kind) {
    precondition(Self.isName(name, allowsColon: true))
    self.name = name
    self.help = help
    self.kind = kind
  }

  /// Adds a sample.
  ///
  /// - Parameters:
  ///   - labels: names and values, in the order to be printed. A name that is not `[a-zA-Z_][a-zA-Z0-9_]*` is our
  ///     own mistake and traps.
  ///   - value: the number.
  package mutating func add(_ labels: [(String, String)] = [], _ value: UInt64) {
    add(labels, text: "\(value)")
  }

  /// Adds a sample that is not a whole number.
  package mutating func add(_ labels: [(String, String)] = [], _ value: Double) {
    add(labels, text: value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)")
  }

  private mutating func add(_ labels: [(String, String)], text: String) {
    samples.append(contentsOf: name.utf8)
    for (index, label) in labels.enumerated() {
      precondition(Self.isName(label.0, allowsColon: false))
      samples.append(index == 0 ? 0x7b : 0x2c)
      samples.append(contentsOf: label.0.utf8)
      samples.append(contentsOf: "=\"".utf8)
      Self.escape(label.1, escapesQuotes: true, into: &samples)
      samples.append(0x22)
    }
    if !labels.isEmpty { samples.append(0x7d) }
    samples.append(0x20)
    samples.append(contentsOf: text.utf8)
    samples.append(0x0a)
  }

  /// Appends the family's help, type and samples; nothing where there are no samples.
  fileprivate func write(to output: inout OutputBuffer) {
    guard !samples.isEmpty else { return }
    output.append("# HELP ")
    output.append(text: name)
    output.append(byte: 0x20)
    var text: [UInt8] = []
    Self.escape(help, escapesQuotes: false, into: &text)
    output.append(bytes: text)
    output.append("\n# TYPE ")
    output.append(text: name)
    switch kind {
    case .counter: output.append(" counter\n")
    case .gauge: output.append(" gauge\n")
    }
    output.append(bytes: samples)
  }

  private static func escape(_ text: String, escapesQuotes: Bool, into result: inout [UInt8]) {
    for unit in text.utf8 {
      switch unit {
      case 0x5c: result.append(contentsOf: "\\\\".utf8)
      case 0x0a: result.append(contentsOf: "\\n".utf8)
      case 0x22 where escapesQuotes: result.append(contentsOf: "\\\"".utf8)
      default: result.append(unit)
      }
    }
  }

  private static func isName(_ text: String, allowsColon: Bool) -> Bool {
    var isFirst = true
    for unit in text.utf8 {
      switch unit {
      case 0x61...0x7a, 0x41...0x5a, 0x5f: break
      case 0x30...0x39 where !isFirst: break
      case 0x3a where allowsColon: break
      default: return false
      }
      isFirst = false
    }
    return !isFirst
  }
}

extension OutputBuffer {
  /// Appends a family of metrics.
  package mutating func append(_ family: PrometheusFamily) { family.write(to: &self) }
}
