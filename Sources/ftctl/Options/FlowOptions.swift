// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire

/// What one flow is made of; the spellings are those of the selection.
struct FlowOptions: ParsableArguments {
  /// Flags that a flow can begin with; the kernel passes over all others, or sets them itself.
  private static let settable: ConntrackStatus = [.seenReply, .assured, .fixedTimeout]
  private static let settableNames = ConntrackStatus.names.filter { settable.contains($0.bit) }.map(\.name)

  @OptionGroup var tuple: TupleOptions<TupleCreation>

  @Option(
    name: [.customLong("icmp-type"), .customLong("icmpv6-type")],
    help: ArgumentHelp("Type of ICMP or ICMPv6, 0 to 255", valueName: "n"))
  var icmpType: UInt8?

  @Option(
    name: [.customLong("icmp-code"), .customLong("icmpv6-code")],
    help: ArgumentHelp("Code of ICMP or ICMPv6, 0 to 255 (default: 0)", valueName: "n"))
  var icmpCode: UInt8?

  @Option(
    name: [.customLong("icmp-id"), .customLong("icmpv6-id")],
    help: ArgumentHelp("Id of ICMP or ICMPv6, 0 to 65535 (default: 0)", valueName: "n"))
  var icmpID: UInt16?

  @Option(
    name: [.letter("t"), .customLong("timeout")],
    help: ArgumentHelp("Seconds until the flow expires, or 5m, 2h, 1d", valueName: "duration"))
  var timeout: String?

  @Option(
    help: ArgumentHelp("State of TCP, SCTP or DCCP", valueName: "state"),
    completion: .custom { _, _, _ in LiveValues.states() })
  var state: String?

  @Option(
    name: [.letter("u"), .customLong("status")],
    help: ArgumentHelp(
      "Status flags to set: \(settableNames.joined(separator: ", "))", valueName: "flag[,…]"),
    completion: .list(ignoresCase: true) { settableNames })
  var status: String?

  @Option(
    name: [.letter("m"), .customLong("mark")],
    help: ArgumentHelp("Mark: decimal, 0x hexadecimal or octal", valueName: "value"))
  var mark: String?

  @Option(
    name: [.letter("l"), .customLong("label"), .customLong("label-add")], parsing: .upToNextOption,
    help: ArgumentHelp("Labels to set: names or bit numbers", valueName: "name"),
    completion: .list { LiveValues.labels() })
  var label: [String] = []

  @Option(
    name: [.letter("w"), .customLong("zone")],
    help: ArgumentHelp("Zone of both directions, 0 to 65535", valueName: "n"),
    completion: .custom { _, _, _ in LiveValues.zones() })
  var zone: UInt16?

  @Option(
    name: .customLong("orig-zone"), help: ArgumentHelp("Zone of the original direction alone", valueName: "n")
  )
  var originalZone: UInt16?

  @Option(
    name: .customLong("reply-zone"), help: ArgumentHelp("Zone of the reply direction alone", valueName: "n"))
  var replyZone: UInt16?

  @Option(
    name: [.letter("n"), .customLong("src-nat")],
    help: ArgumentHelp(
      "Translate the source to this address, and port where one is given", valueName: "addr[:port]"))
  var sourceNAT: String?

  @Option(
    name: [.letter("g"), .customLong("dst-nat")],
    help: ArgumentHelp(
      "Translate the destination to this address, and port where one is given", valueName: "addr[:port]"))
  var destinationNAT: String?

  @Option(
    help: ArgumentHelp("Connection tracking helper of the kernel: ftp, tftp, sip, …", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.helpers() })
  var helper: String?

  @Option(
    name: .customLong("orig-vtag"),
    help: ArgumentHelp("SCTP verification tag, original direction", valueName: "n"))
  var originalTag: UInt32?

  @Option(
    name: .customLong("reply-vtag"),
    help: ArgumentHelp("SCTP verification tag, reply direction", valueName: "n"))
  var replyTag: UInt32?

  /// The name of an option that was given; nil when there is none.
  var firstGiven: String? {
    let given: [(String, Bool)] = [
      ("--icmp-type", icmpType != nil),
      ("--icmp-code", icmpCode != nil), ("--icmp-id", icmpID != nil), ("--timeout", timeout != nil),
      ("--state", state != nil), ("--status", status != nil), ("--mark", mark != nil),
      ("--label", !label.isEmpty),
      ("--zone", zone != nil), ("--orig-zone", originalZone != nil), ("--reply-zone", replyZone != nil),
      ("--src-nat", sourceNAT != nil), ("--dst-nat", destinationNAT != nil), ("--helper", helper != nil),
      ("--orig-vtag", originalTag != nil), ("--reply-vtag", replyTag != nil),
    ]
    return tuple.texts.first { $0.text != nil }?.name ?? given.first(where: \.1)?.0
  }

  /// The flow.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage, one line that names the option.
  func creation(labels: ConntrackLabelMap) throws -> ConntrackCreation {
    let parser = FlowValueParser(labelNames: labels)
    var draft = FlowDraft()
    func option<Value>(_ name: String, _ text: String?, _ parse: (String) throws -> Value) throws -> Value? {
      guard let text else { return nil }
      do {
        return try parse(text)
      } catch let error as SelectionError {
        throw CommandFailure(.usage, "\(name): \(error.message)")
      }
    }
    draft.layer4 = try option("--proto", tuple.proto, parser.layer4)
    if let address = try option("--src", tuple.src, parser.address) { draft.entry.original.source = address }
    if let address = try option("--dst", tuple.dst, parser.address) {
      draft.entry.original.destination = address
    }
    draft.replySource = try option("--reply-src", tuple.replySource, parser.address)
    draft.replyDestination = try option("--reply-dst", tuple.replyDestination, parser.address)
    let layer4 = draft.layer4
    func port(_ text: String) throws -> UInt16 {
      let range = try parser.ports(text, layer4: layer4)
      guard range.lowerBound == range.upperBound else { throw SelectionError("one port, not a range") }
      return range.lowerBound
    }
    draft.sourcePort = try option("--sport", tuple.sport, port)
    draft.destinationPort = try option("--dport", tuple.dport, port)
    draft.replySourcePort = try option("--reply-sport", tuple.replySport, port)
    draft.replyDestinationPort = try option("--reply-dport", tuple.replyDport, port)
    draft.icmpType = icmpType
    draft.icmpCode = icmpCode ?? (icmpType == nil ? nil : 0)
    draft.icmpID = icmpID
    draft.stateName = try option("--state", state, parser.state)
    draft.zone = zone
    draft.originalZone = originalZone
    draft.replyZone = replyZone
    draft.originalTag = originalTag
    draft.replyTag = replyTag
    try readProperties(&draft, parser, option)
    try checkNeeds(draft)
    return try finish(draft, parser, option)
  }

  private typealias Reading = (String, String?, (String) throws -> Any) throws -> Any?

  private func readProperties(
    _ draft: inout FlowDraft, _ parser: FlowValueParser, _ option: Reading
  ) throws {
    if let seconds = try option("--timeout", timeout, parser.duration) as? UInt64 {
      draft.entry.timeoutField = try EntryTimeout.seconds(seconds, of: "--timeout")
      draft.entry.present.insert(.timeout)
    }
    if let chosen = try option("--status", status, parser.status) as? StatusSelection {
      guard chosen.forbidden.isEmpty else {
        throw CommandFailure(.usage, "--status: a flow is added with flags, not without")
      }
      let refused = chosen.required.subtracting(Self.settable.union(.confirmed))
      if let fixed = ConntrackStatus.names.first(where: { refused.contains($0.bit) }) {
        throw CommandFailure(
          .usage, "--status: \(fixed.name) cannot be set",
          hint: "there are: \(Self.settableNames.joined(separator: ", "))")
      }
      draft.entry.statusField = chosen.required
      draft.entry.present.insert(.status)
    }
    if let mark = try option("--mark", mark, parser.mark) as? (value: UInt32, mask: UInt32) {
      guard mark.mask == .max else {
        throw CommandFailure(.usage, "--mark: a flow is added with a mark, without mask")
      }
      draft.entry.markField = mark.value
      draft.entry.present.insert(.mark)
    }
    for word in label {
      guard let labels = try option("--label", word, parser.labels) as? ConntrackLabels else { continue }
      draft.entry.labelsField = ConntrackLabels(
        low: draft.entry.labelsField.low | labels.low, high: draft.entry.labelsField.high | labels.high)
      draft.entry.present.insert(.labels)
    }
    if let helper {
      draft.entry.helperField = Array(helper.utf8)
      draft.entry.present.insert(.helper)
    }
  }

  /// What only the command line has to give: a file's line of an offloaded flow lacks it, too.
  private func checkNeeds(_ draft: FlowDraft) throws {
    let missing = [
      ("--proto", tuple.proto == nil), ("--src", tuple.src == nil), ("--dst", tuple.dst == nil),
      ("--timeout", timeout == nil),
      ("--state", state == nil && draft.layer4.map(Layer4Protocol.hasState) ?? false),
    ].filter(\.1).map(\.0)
    guard missing.isEmpty else {
      throw CommandFailure(
        .usage, "add needs \(missing.joined(separator: ", "))", hint: "or --from, for the flows of a file")
    }
  }

  private func finish(
    _ draft: FlowDraft, _ parser: FlowValueParser, _ option: Reading
  ) throws -> ConntrackCreation {
    typealias Target = (addresses: ClosedRange<IPAddress>?, ports: ClosedRange<UInt16>?)
    func target(_ name: String, _ text: String?) throws -> NATTarget? {
      guard let parsed = try option(name, text, parser.translation) as? Target else { return nil }
      guard let addresses = parsed.addresses else {
        throw CommandFailure(.usage, "\(name): an address comes before the port")
      }
      return NATTarget(addresses, ports: parsed.ports)
    }
    let source = try target("--src-nat", sourceNAT)
    let destination = try target("--dst-nat", destinationNAT)
    do throws(RestoreError) {
      var creation = try draft.finished(isExclusive: true).creation
      creation.sourceNAT = source ?? creation.sourceNAT
      creation.destinationNAT = destination ?? creation.destinationNAT
      return creation
    } catch {
      throw CommandFailure(.usage, "add: \(error.message)")
    }
  }
}

/// The time-out of an entry, as messages to the kernel have it.
enum EntryTimeout {
  /// - Throws: ``CommandFailure`` that names the option when the seconds are more than the kernel has a number for.
  static func seconds(_ seconds: UInt64, of option: String) throws -> UInt32 {
    guard seconds <= UInt64(Int32.max) else {
      throw CommandFailure(.usage, "\(option): at most \(Int32.max) seconds")
    }
    return UInt32(seconds)
  }
}
