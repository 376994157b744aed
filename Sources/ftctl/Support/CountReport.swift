// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

extension GroupingKey {
  /// Reads `--by`.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage.
  static func parse(_ text: String?) throws -> [GroupingKey] {
    guard let text else { return [] }
    var keys: [GroupingKey] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let key = GroupingKey(rawValue: String(word)) else {
        throw CommandFailure(
          .usage, "--by: unknown key '\(word)'",
          hint: "there are: \(GroupingKey.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      if !keys.contains(key) { keys.append(key) }
    }
    guard keys.count <= FlowGroups.maximumKeys else {
      throw CommandFailure(.usage, "--by takes at most \(FlowGroups.maximumKeys) keys")
    }
    return keys
  }
}

/// Numbers of flows, by groups where asked, and their forms.
struct CountReport {
  private struct Row {
    var namespace: String?
    var values: [String] = []
    /// Whether a value stands in JSON without quotes.
    var isNumber: [Bool] = []
    var flows: UInt64
    var counters: ConntrackCounters?
  }

  private let keys: [GroupingKey]
  private let showsNamespace: Bool
  private let labels: ConntrackLabelMap
  private var rows: [Row] = []

  init(keys: [GroupingKey], showsNamespace: Bool, labels: ConntrackLabelMap) {
    self.keys = keys
    self.showsNamespace = showsNamespace
    self.labels = labels
  }

  /// Adds the number of all flows of a namespace.
  mutating func add(total: UInt64, namespace: String?) {
    rows.append(Row(namespace: namespace, flows: total))
  }

  /// Adds the groups of a namespace, the largest `top` of them.
  mutating func add(_ groups: FlowGroups, top: Int?, namespace: String?) {
    for group in groups.sorted.prefix(top ?? .max) {
      var row = Row(namespace: namespace, flows: group.flows, counters: group.counters)
      for value in group.values {
        var isNumber = false
        switch value {
        case .text(let text): row.values.append(text)
        case .address(let address): row.values.append("\(address)")
        case .number(let number):
          row.values.append("\(number)")
          isNumber = true
        case .labels(let bits):
          let names = (0..<128).filter { bits[$0] }.map { labels.name(of: $0) ?? "#\($0)" }
          row.values.append(names.isEmpty ? "none" : names.joined(separator: "+"))
        }
        row.isNumber.append(isNumber)
      }
      rows.append(row)
    }
  }

  /// Writes all rows in the form.
  func write(_ format: OutputFormat, palette: Palette, to output: inout OutputBuffer) {
    switch format {
    case .json, .jsonl: writeJSON(isArray: format == .json, to: &output)
    case .csv: writeCSV(to: &output)
    case .prometheus: writePrometheus(to: &output)
    case .table: writeTable(palette, to: &output)
    default: writeLines(to: &output)
    }
  }

  private var isCounted: Bool { rows.contains { $0.counters != nil } }

  /// The words before the numbers.
  private var head: [String] { (showsNamespace ? ["netns"] : []) + keys.map(\.name) }

  private func cells(_ row: Row) -> [String] { (showsNamespace ? [row.namespace ?? ""] : []) + row.values }

  private func writeLines(to output: inout OutputBuffer) {
    let width = rows.map { "\($0.flows)".utf8.count }.max() ?? 0
    for row in rows {
      if !head.isEmpty {
        for _ in 0..<(width - "\(row.flows)".utf8.count) { output.append(byte: 0x20) }
      }
      output.append(decimal: row.flows)
      for (name, value) in zip(head, cells(row)) { output.append(text: " \(name)=\(value)") }
      if let counters = row.counters, counters.packets > 0 {
        output.append(text: " packets=\(counters.packets) bytes=\(counters.bytes)")
      }
      output.append(byte: 0x0a)
    }
  }

  private func writeTable(_ palette: Palette, to output: inout OutputBuffer) {
    let names = head.map { $0.uppercased() } + ["FLOWS"] + (isCounted ? ["PACKETS", "BYTES"] : [])
    let lines = rows.map { row in
      cells(row) + ["\(row.flows)"]
        + (isCounted
          ? [row.counters.map { "\($0.packets)" } ?? "-", row.counters.map { "\($0.bytes)" } ?? "-"] : [])
    }
    let firstNumber = head.count
    AlignedText.write([names] + lines, rightAlignedFrom: firstNumber, palette: palette, to: &output)
  }

  private func writeJSON(isArray: Bool, to output: inout OutputBuffer) {
    if isArray { output.append("[") }
    for (index, row) in rows.enumerated() {
      if isArray, index > 0 { output.append(",\n") }
      output.append("{")
      if let namespace = row.namespace {
        output.append("\"netns\":")
        output.append(json: namespace)
        output.append(",")
      }
      for (position, key) in keys.enumerated() {
        output.append(text: "\"\(key.name)\":")
        if row.isNumber[position] {
          output.append(text: row.values[position])
        } else {
          output.append(json: row.values[position])
        }
        output.append(",")
      }
      output.append(text: "\"flows\":\(row.flows)")
      if let counters = row.counters {
        output.append(text: ",\"packets\":\(counters.packets),\"bytes\":\(counters.bytes)")
      }
      output.append("}")
      if !isArray { output.append("\n") }
    }
    if isArray { output.append("]\n") }
  }

  private func writeCSV(to output: inout OutputBuffer) {
    let names = head + ["flows", "packets", "bytes"]
    output.append(csv: names)
    for row in rows {
      output.append(
        csv: cells(row) + [
          "\(row.flows)", row.counters.map { "\($0.packets)" } ?? "",
          row.counters.map { "\($0.bytes)" } ?? "",
        ])
    }
  }

  private func writePrometheus(to output: inout OutputBuffer) {
    func labels(_ row: Row) -> [(String, String)] { Array(zip(head, cells(row))) }
    var flows = PrometheusFamily(name: "ftctl_flows", help: "Entries of the conntrack table.", kind: .gauge)
    var packets = PrometheusFamily(
      name: "ftctl_flow_packets", help: "Packets of the flows that are in the table now.", kind: .gauge)
    var bytes = PrometheusFamily(
      name: "ftctl_flow_bytes", help: "Layer 3 octets of the flows that are in the table now.", kind: .gauge)
    for row in rows {
      flows.add(labels(row), row.flows)
      guard let counters = row.counters else { continue }
      packets.add(labels(row), counters.packets)
      bytes.add(labels(row), counters.bytes)
    }
    output.append(flows)
    if isCounted {
      output.append(packets)
      output.append(bytes)
    }
  }
}
