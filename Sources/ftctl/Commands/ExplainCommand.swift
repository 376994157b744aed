// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

/// The forms of explanations.
enum ExplainForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .json, .jsonl]
}

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say of flows why they are, or are not, on the fast path",
    discussion: """
      For each flow of the selection the flowtable and devices that carry it, or every reason why none does, in the \
      order in which the kernel looks, each with what shows it; and of offloaded flows whether they look stale.

      EXAMPLES:
        ftctl explain -p tcp --dport 443
        ftctl explain -s 192.0.2.2 --offload none
        ftctl explain --where 'offload' -j
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions<ExplainForms>

  func run() throws {
    let choice = try output.choice()
    let query = try FlowQuery(selection)
    guard !query.isEverything else {
      throw CommandFailure(
        .usage, "explain needs a selection", hint: "for example 'ftctl explain --offload none'")
    }
    try global.enterNamespace()
    let session = try global.session()
    guard let carriers = try query.carriers(isShown: true) else { return }
    let explainer = try FlowExplainer.ofPlace(session, carriers, for: "explain flows")
    var buffer = OutputBuffer()
    var count = 0
    let isArray = choice.format == .json
    if isArray { buffer.append(JSONFormat.arrayStart) }
    var context = FormatContext(
      labels: query.labels, calendar: LocalCalendar.text, localTime: LocalCalendar.fields)
    let summary = try query.forEach(in: session, carriers: carriers) { entry, now in
      let explanation = explainer.explain(entry)
      switch choice.format {
      case .line: write(entry, explanation, to: &buffer)
      default:
        if isArray, count > 0 { buffer.append(JSONFormat.arraySeparator) }
        context.now = now
        JSONFormat().appendOpen(entry, context, carrier: FlowCarrier.of(entry, carriers), to: &buffer)
        append(Self.members(explanation), to: &buffer)
        if !isArray { buffer.append("\n") }
      }
      count += 1
      if buffer.count > 1 << 15 { try StandardOutput.flush(&buffer) }
      return true
    }
    FlowQuery.report(summary)
    if isArray { buffer.append(JSONFormat.arrayEnd) }
    try StandardOutput.flush(&buffer)
    StandardError.report("\(count) flow entries have been explained.")
    guard count > 0 else { throw CommandFailure.nothingMatched }
  }

  /// The flow in one line: protocol, ends, state.
  private static func title(_ entry: borrowing ConntrackEntry) -> String {
    let tuple = entry.original
    let number = tuple.layer4
    let name = Layer4Protocol.names.first { $0.number == number }.map { "\($0.name)" } ?? "protocol \(number)"
    func end(_ address: IPAddress, _ port: UInt16) -> String {
      let text = RuleValueText.address(address.octets)
      guard Layer4Protocol.hasPorts(number) else { return text }
      return address.family == .ipv6 ? "[\(text)]:\(port)" : "\(text):\(port)"
    }
    var text =
      "\(name) \(end(tuple.source, tuple.sourcePort)) -> \(end(tuple.destination, tuple.destinationPort))"
    if tuple.destination != entry.reply.source {
      text += " (\(end(entry.reply.source, entry.reply.sourcePort)))"
    }
    if let state = entry.stateName { text += " \(state)" }
    return text
  }

  private func write(
    _ entry: borrowing ConntrackEntry, _ explanation: FlowExplanation, to output: inout OutputBuffer
  ) {
    output.append(text: Self.title(entry))
    if explanation.isOffloaded {
      output.append(text: ": \(entry.offloadState == .hardware ? "offloaded to hardware" : "offloaded")")
      if let flowtable = explanation.path?.flowtable {
        output.append(text: " by flowtable \(flowtable.name) in \(flowtable.family) \(flowtable.table)")
      }
      if let devices = explanation.path?.devices, !devices.isEmpty {
        output.append(text: ", devices \(devices.joined(separator: ", "))")
      }
      output.append("\n")
    } else {
      output.append(": not offloaded\n")
    }
    if explanation.isOffloaded, !explanation.reasons.isEmpty {
      output.append("  packets take the normal path even so:\n")
    }
    write(explanation.reasons, to: &output)
    if !explanation.staleness.isEmpty { output.append("  it looks stale:\n") }
    write(explanation.staleness, to: &output)
  }

  private func write(_ findings: [Finding], to output: inout OutputBuffer) {
    for (index, finding) in findings.enumerated() {
      output.append(text: "  \(index + 1). \(finding.code): \(FlowtableListing.oneLine(finding.text))\n")
      for line in finding.evidence {
        output.append(text: "     evidence: \(FlowtableListing.oneLine(line))\n")
      }
      if let hint = finding.hint { output.append(text: "     hint: \(hint)\n") }
    }
  }

  /// What an object of a flow says beyond the flow.
  private static func members(_ explanation: FlowExplanation) -> [(name: StaticString, value: JSONValue)] {
    func list(_ findings: [Finding]) -> JSONValue {
      .array(
        findings.map { finding in
          .object([
            ("code", .string(finding.code)), ("text", .string(finding.text)),
            ("evidence", .array(finding.evidence.map { .string($0) })),
            ("hint", finding.hint.map { .string($0) }),
          ])
        })
    }
    let reasons = [(name: "reasons" as StaticString, value: list(explanation.reasons))]
    return explanation.isOffloaded ? reasons + [("stale", list(explanation.staleness))] : reasons
  }

  /// Ends an object with these members.
  private func append(
    _ members: [(name: StaticString, value: JSONValue)], to output: inout OutputBuffer
  ) {
    for (name, value) in members {
      output.append(",\"")
      output.append(name)
      output.append("\":")
      output.append(text: value.description)
    }
    output.append("}")
  }
}
