// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire

/// Which flows a subcommand is about; the spellings are conntrack(8)'s.
struct SelectionOptions: ParsableArguments {
  /// What an option of NAT means without an address.
  static let anyTranslation = "any"

  @Option(
    name: [.letter("f"), .customLong("family")],
    help: ArgumentHelp("Address family", valueName: "ipv4|ipv6"), completion: .list(["ipv4", "ipv6"]))
  var family: String?

  @OptionGroup var tuple: TupleOptions<TupleSelection>

  @Option(
    name: [.letter("m"), .customLong("mark")],
    help: ArgumentHelp(
      "Mark: decimal, 0x hexadecimal or octal; only the mask's bits count", valueName: "value[/mask]"))
  var mark: String?

  @Option(
    name: [.letter("l"), .customLong("label")], parsing: .upToNextOption,
    help: ArgumentHelp("Labels, all of which are set: names or bit numbers", valueName: "name"),
    completion: .list { LiveValues.labels() })
  var label: [String] = []

  @Option(
    name: [.letter("w"), .customLong("zone")],
    help: ArgumentHelp("Zone of both directions, 0 to 65535", valueName: "n"),
    completion: .custom { _, _, _ in LiveValues.zones() })
  var zone: String?

  @Option(
    name: .customLong("orig-zone"), help: ArgumentHelp("Zone of the original direction alone", valueName: "n")
  )
  var originalZone: String?

  @Option(
    name: .customLong("reply-zone"), help: ArgumentHelp("Zone of the reply direction alone", valueName: "n"))
  var replyZone: String?

  @Option(
    help: ArgumentHelp("States of TCP, SCTP or DCCP, a comma between", valueName: "state[,…]"),
    completion: .list(ignoresCase: true) { LiveValues.states() })
  var state: String?

  @Option(
    name: [.letter("u"), .customLong("status")],
    help: ArgumentHelp(
      "Status flags that are set, or with ! not set: \(FlowValueParser.statusWords.joined(separator: ", "))",
      valueName: "flag[,…]"),
    completion: .list(sign: "!", ignoresCase: true) { FlowValueParser.statusWords })
  var status: String?

  @Option(
    name: [.letter("n"), .customLong("src-nat")], defaultAsFlag: anyTranslation, parsing: .next,
    help: ArgumentHelp("Flows with source NAT, to this address where one is given", valueName: "addr[:port]"))
  var sourceNAT: String?

  @Option(
    name: [.letter("g"), .customLong("dst-nat")], defaultAsFlag: anyTranslation, parsing: .next,
    help: ArgumentHelp(
      "Flows with destination NAT, to this address where one is given", valueName: "addr[:port]"))
  var destinationNAT: String?

  @Option(
    name: .customLong("any-nat"), defaultAsFlag: anyTranslation, parsing: .next,
    help: ArgumentHelp("Flows with NAT of either kind", valueName: "addr[:port]"))
  var anyNAT: String?

  @Option(
    help: ArgumentHelp("Flows by tag: any (in a flowtable), software, hardware, none", valueName: "tag"),
    completion: .list(FlowTest.Tag.allCases.map(\.rawValue)))
  var offload: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Flows that this flowtable carries: NAME, or FAMILY TABLE NAME", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.flowtables() })
  var flowtable: [String] = []

  @Option(
    help: ArgumentHelp("Offloaded flows that go through this device", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.devices() })
  var device: String?

  @Option(
    name: .customLong("min-bytes"),
    help: ArgumentHelp(
      "At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow", valueName: "n"))
  var minimumBytes: String?

  @Option(
    name: .customLong("min-packets"),
    help: ArgumentHelp("At least so many packets in both directions", valueName: "n"))
  var minimumPackets: String?

  @Option(
    name: .customLong("older-than"),
    help: ArgumentHelp("Started at least so long ago: seconds, or 5m, 2h, 1d", valueName: "duration"))
  var olderThan: String?

  @Option(
    name: .customLong("expires-within"),
    help: ArgumentHelp("Expires within this time: seconds, or 5m, 2h, 1d", valueName: "duration"))
  var expiresWithin: String?

  @Option(
    help: ArgumentHelp(
      """
      All of it as one expression, for example 'tcp and dport in {80,443} and not offload'; of several, all must hold
      """, valueName: "expression"))
  var `where`: [String] = []

  func validate() throws {
    try GivenOptions.refuseRepeated(among: [
      "--family": ["-f"], "--mark": ["-m"], "--zone": ["-w"], "--orig-zone": [], "--reply-zone": [],
      "--state": [], "--status": ["-u"], "--src-nat": ["-n"], "--dst-nat": ["-g"], "--any-nat": [],
      "--offload": [], "--flowtable": [], "--device": [], "--min-bytes": [], "--min-packets": [],
      "--older-than": [], "--expires-within": [],
    ])
  }

  /// The options as one predicate.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage, one line that names the option.
  func predicate(labels names: ConntrackLabelMap) throws -> FlowPredicate {
    let parser = FlowValueParser(labelNames: names)
    var parts: [FlowPredicate] = []
    func option<Value>(
      _ name: String, _ text: String?, _ parse: (String) throws -> Value, _ add: (Value) -> FlowPredicate
    ) throws {
      guard let text else { return }
      do {
        parts.append(add(try parse(text)))
      } catch let error as SelectionError {
        throw CommandFailure(.usage, "\(name): \(error.message)")
      }
    }
    func list(_ texts: String, _ each: (String) throws -> FlowTest) throws -> FlowPredicate {
      .any(
        try texts.split(separator: ",", omittingEmptySubsequences: false).map { .test(try each(String($0))) })
    }
    let onlyProtocol = tuple.proto.flatMap { try? parser.layer4($0) }

    try option("--family", family, parser.family) { .test(.family($0)) }
    try option("--proto", tuple.proto, { try list($0) { .layer4(try parser.layer4($0)) } }) { $0 }
    try option("--src", tuple.src, parser.addresses) { .test(.address(.source, $0)) }
    try option("--dst", tuple.dst, parser.addresses) { .test(.address(.destination, $0)) }
    try option("--reply-src", tuple.replySource, parser.addresses) { .test(.address(.replySource, $0)) }
    try option("--reply-dst", tuple.replyDestination, parser.addresses) {
      .test(.address(.replyDestination, $0))
    }
    func ports(_ text: String) throws -> ClosedRange<UInt16> { try parser.ports(text, layer4: onlyProtocol) }
    try option("--sport", tuple.sport, ports) { .test(.port(.source, $0)) }
    try option("--dport", tuple.dport, ports) { .test(.port(.destination, $0)) }
    try option("--reply-sport", tuple.replySport, ports) { .test(.port(.replySource, $0)) }
    try option("--reply-dport", tuple.replyDport, ports) { .test(.port(.replyDestination, $0)) }
    try option("--mark", mark, parser.mark) { .test(.mark(value: $0.value & $0.mask, mask: $0.mask)) }
    for word in label { try option("--label", word, parser.labels) { .test(.labels($0)) } }
    func zoneTest(_ field: FlowTest.ZoneField) -> (ClosedRange<UInt16>) -> FlowPredicate {
      { .test(.zone(field, $0)) }
    }
    try option("--zone", zone, parser.zones, zoneTest(.both))
    try option("--orig-zone", originalZone, parser.zones, zoneTest(.original))
    try option("--reply-zone", replyZone, parser.zones, zoneTest(.reply))
    try option("--state", state, parser.states) { .any($0.map { .test(.state($0)) }) }
    try option("--status", status, parser.status) { $0.predicate }
    func translation(_ kind: FlowTest.Translation, _ text: String) throws -> FlowPredicate {
      guard text != Self.anyTranslation else { return .test(.translation(kind)) }
      let (addresses, ports) = try parser.translation(text)
      return .test(.translated(kind, addresses, ports))
    }
    try option("--src-nat", sourceNAT, { try translation(.source, $0) }) { $0 }
    try option("--dst-nat", destinationNAT, { try translation(.destination, $0) }) { $0 }
    try option("--any-nat", anyNAT, { try translation(.any, $0) }) { $0 }
    try option("--offload", offload, parser.offload) { .test(.offload($0)) }
    if !flowtable.isEmpty {
      try option("--flowtable", "", { _ in try parser.flowtable(flowtable) }) { .test(.carried($0)) }
    }
    func carrier(_ name: String) throws -> CarrierName {
      guard !name.isEmpty else { throw SelectionError("a device's name is not empty") }
      return .device(name)
    }
    try option("--device", device, carrier) { .test(.carried($0)) }
    func atLeast(_ quantity: FlowTest.Quantity) -> (UInt64) -> FlowPredicate {
      { .test(.quantity(quantity, $0...UInt64.max)) }
    }
    try option("--min-bytes", minimumBytes, { try parser.size($0) }, atLeast(.bytes))
    try option(
      "--min-packets", minimumPackets, { try parser.size($0, of: "number of packets") }, atLeast(.packets))
    try option("--older-than", olderThan, parser.duration, atLeast(.age))
    try option("--expires-within", expiresWithin, parser.duration) { .test(.quantity(.timeout, 0...$0)) }
    for expression in `where` {
      try option("--where", expression, { try WhereParser(labelNames: names).parse($0) }) { $0 }
    }
    let predicate = FlowPredicate.all(parts)
    if let reason = predicate.contradiction() {
      throw CommandFailure(.usage, "nothing can match: \(reason)")
    }
    return predicate
  }
}
