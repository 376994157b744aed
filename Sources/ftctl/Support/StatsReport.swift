// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// Conntrack's counters and fill, in their forms.
struct StatsReport {
  private struct Place {
    var namespace: String?
    var fill: ConntrackFill
    var perCPU: [ConntrackStatistics]
    /// What a userspace engine counted, by reason; nil for a kernel.
    var decisions: [(name: String, value: UInt64)]?

    /// Names and sums, in the kernel's order.
    var sums: [(name: String, value: UInt64)] {
      names.map { name, attribute in
        (name, perCPU.reduce(0) { $0 + UInt64($1.value(of: attribute)) })
      }
    }

    /// The counters that the kernel sent, by name.
    var names: [(name: String, attribute: UInt16)] {
      let sent = Set(perCPU.flatMap { $0.values.map(\.attribute) })
      let known = ConntrackStatistics.names.filter { sent.contains($0.attribute) }
      let unknown = sent.subtracting(known.map(\.attribute)).sorted().map { ("unknown\($0)", $0) }
      return known.map { ($0.name, $0.attribute) } + unknown
    }
  }

  private let isPerCPU: Bool
  private var places: [Place] = []

  init(isPerCPU: Bool) { self.isPerCPU = isPerCPU }

  mutating func add(
    _ fill: ConntrackFill, _ perCPU: [ConntrackStatistics], namespace: String?,
    decisions: [(name: String, value: UInt64)]? = nil
  ) {
    places.append(
      Place(
        namespace: namespace, fill: fill, perCPU: perCPU.sorted { $0.cpu < $1.cpu }, decisions: decisions))
  }

  func write(_ format: OutputFormat, palette: Palette, to output: inout OutputBuffer) {
    switch format {
    case .json, .jsonl: writeJSON(isArray: format == .json, to: &output)
    case .csv: writeRows(to: &output) { output, row in output.append(csv: row) }
    case .prometheus: writePrometheus(to: &output)
    case .table:
      var rows: [[String]] = []
      writeRows(to: &output) { _, row in rows.append(row) }
      let firstNumber = places.contains { $0.namespace != nil } ? 2 : 1
      rows[0] = rows[0].map { $0.uppercased() }
      AlignedText.write(rows, rightAlignedFrom: firstNumber, palette: palette, to: &output)
    default: writeLines(to: &output)
    }
  }

  private func writeLines(to output: inout OutputBuffer) {
    for place in places {
      if let namespace = place.namespace { output.append(text: "netns=\(namespace) ") }
      output.append(text: "entries=\(place.fill.entries)")
      if let maximum = place.fill.maximum { output.append(text: " max=\(maximum)") }
      if let percent = place.fill.percent { output.append(text: " full=\(percent)%") }
      output.append(byte: 0x0a)
      func line(_ prefix: String, _ values: [(name: String, value: UInt64)]) {
        if let namespace = place.namespace { output.append(text: "netns=\(namespace) ") }
        output.append(text: prefix + values.map { "\($0.name)=\($0.value)" }.joined(separator: " "))
        output.append(byte: 0x0a)
      }
      line("", place.sums)
      // Those that never applied are left to the other forms.
      if let counted = place.decisions?.filter({ $0.value > 0 }), !counted.isEmpty { line("", counted) }
      guard isPerCPU else { continue }
      for cpu in place.perCPU {
        line("cpu=\(cpu.cpu) ", place.names.map { ($0.name, UInt64(cpu.value(of: $0.attribute))) })
      }
    }
  }

  /// A row for each counter: namespace where there are several, name, sum, then each CPU where asked.
  private func writeRows(to output: inout OutputBuffer, _ row: (inout OutputBuffer, [String]) -> Void) {
    let showsNamespace = places.contains { $0.namespace != nil }
    let cpus = isPerCPU ? Set(places.flatMap { $0.perCPU.map(\.cpu) }).sorted() : []
    row(&output, (showsNamespace ? ["netns"] : []) + ["counter", "total"] + cpus.map { "cpu\($0)" })
    for place in places {
      let first = showsNamespace ? [place.namespace ?? ""] : []
      let none = cpus.map { _ in "" }
      row(&output, first + ["entries", "\(place.fill.entries)"] + none)
      if let maximum = place.fill.maximum { row(&output, first + ["max", "\(maximum)"] + none) }
      for (index, sum) in place.sums.enumerated() {
        let attribute = place.names[index].attribute
        let each = cpus.map { cpu in
          place.perCPU.first { $0.cpu == cpu }.map { "\($0.value(of: attribute))" } ?? ""
        }
        row(&output, first + [sum.name, "\(sum.value)"] + each)
      }
      for decision in place.decisions ?? [] {
        row(&output, first + ["engine.\(decision.name)", "\(decision.value)"] + none)
      }
    }
  }

  private func writeJSON(isArray: Bool, to output: inout OutputBuffer) {
    func object(_ values: [(name: String, value: UInt64)]) -> String {
      "{" + values.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
    }
    if isArray { output.append("[") }
    for (index, place) in places.enumerated() {
      if isArray, index > 0 { output.append(",\n") }
      output.append("{")
      if let namespace = place.namespace {
        output.append("\"netns\":")
        output.append(json: namespace)
        output.append(",")
      }
      output.append(text: "\"entries\":\(place.fill.entries)")
      if let maximum = place.fill.maximum { output.append(text: ",\"max\":\(maximum)") }
      output.append(text: ",\"counters\":\(object(place.sums)),\"cpus\":[")
      let cpus = place.perCPU.map { cpu in
        object(
          [("cpu", UInt64(cpu.cpu))] + place.names.map { ($0.name, UInt64(cpu.value(of: $0.attribute))) })
      }
      output.append(text: cpus.joined(separator: ",") + "]")
      if let decisions = place.decisions { output.append(text: ",\"engine\":\(object(decisions))") }
      output.append("}")
      if !isArray { output.append(byte: 0x0a) }
    }
    if isArray { output.append("]\n") }
  }

  private func writePrometheus(to output: inout OutputBuffer) {
    var entries = PrometheusFamily(
      name: "ftctl_conntrack_entries", help: "Entries of the conntrack table.", kind: .gauge)
    var maximum = PrometheusFamily(
      name: "ftctl_conntrack_entries_max", help: "Most entries that the conntrack table takes.", kind: .gauge)
    var events = PrometheusFamily(
      name: "ftctl_conntrack_events_total", help: "What conntrack counted since boot, by kind.",
      kind: .counter)
    var decided = PrometheusFamily(
      name: "ftctl_engine_decisions_total",
      help: "Decisions of a userspace engine since it began, by reason.",
      kind: .counter)
    for place in places {
      let labels = place.namespace.map { [("netns", $0)] } ?? []
      entries.add(labels, UInt64(place.fill.entries))
      if let limit = place.fill.maximum { maximum.add(labels, UInt64(limit)) }
      for decision in place.decisions ?? [] { decided.add([("reason", decision.name)], decision.value) }
      for (index, sum) in place.sums.enumerated() {
        guard isPerCPU else {
          events.add(labels + [("event", sum.name)], sum.value)
          continue
        }
        for cpu in place.perCPU {
          let value = UInt64(cpu.value(of: place.names[index].attribute))
          events.add(labels + [("event", sum.name), ("cpu", "\(cpu.cpu)")], value)
        }
      }
    }
    let isEngine = places.contains { $0.decisions != nil }
    for family in [entries, maximum, events] + (isEngine ? [decided] : []) { output.append(family) }
  }
}

extension ConntrackStatistics {
  /// The counter's value; 0 when the kernel did not send it.
  fileprivate func value(of attribute: UInt16) -> UInt32 {
    values.first { $0.attribute == attribute }?.value ?? 0
  }
}
