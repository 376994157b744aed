// SPDX-License-Identifier: GPL-3.0-or-later

internal import FlowEngine
internal import JSONDocument
internal import NetlinkWire
internal import PacketWire
private import Reporting

/// Records of a trace as JSON, by the schema of ftctl-json(5); numbers become the names that they have just now.
struct TraceDocument {
  private let router: Router

  init(_ router: Router) { self.router = router }

  /// One packet. The member `entry` is the flow's ctnetlink message in hexadecimal, for the client to read.
  func json(_ record: TraceRecord) -> JSONValue {
    let nanoseconds = "\(record.wallClock % 1_000_000_000)"
    let fraction = String(repeating: "0", count: 9 - nanoseconds.count) + nanoseconds
    let result = Self.result(record)
    return .object([
      ("packet", .number(record.number)),
      ("time", .number("\(record.wallClock / 1_000_000_000).\(fraction)")),
      ("device", .string(name(record.device))), ("length", .number(record.length)),
      ("headers", PacketSummary.json(record.head)),
      ("segment_size", record.offload.isSegmented ? .number(record.offload.segmentSize) : nil),
      ("path", .string(result.path)), ("reason", result.reason.map { .string($0.name) }),
      ("steps", .array(record.steps.map { json($0, record.generation) })),
      ("omitted", record.omitted > 0 ? .number(record.omitted) : nil),
      ("entry", .string(FrameDescription.hex(record.entry))),
    ])
  }

  /// The way that the packet took: `fast`, `classic`, `hardware`, `local`, `link` (answered or learned from below IP), or `dropped` and
  /// why.
  private static func result(_ record: TraceRecord) -> (path: String, reason: Reason?) {
    var path: String?
    for step in record.steps {
      switch step {
      case .flowtable(_, .fastForwarded): path = "fast"
      case .counted(.hardwareForwarded): path = "hardware"
      case .counted(.classicForwarded): path = "classic"
      case .counted(.delivered) where path == nil: path = "local"
      case .counted(let reason)
      where reason.isLoss && (path == nil || path == "classic" && reason != .noListener):
        return ("dropped", reason)
      // What follows is about another packet.
      case .answer where path != nil: return (path ?? "", nil)
      default: break
      }
    }
    return (path ?? "link", nil)
  }

  private func name(_ device: UInt32) -> String { router.device(device)?.name ?? "\(device)" }

  private func json(_ step: TraceStep, _ generation: UInt32) -> JSONValue {
    switch step {
    case .device(let device): return Self.step("device", [("device", .string(name(device)))])
    case .flowtable(let number, let reason):
      let isHit = reason == .fastForwarded
      return Self.step(
        "flowtable",
        flowtable(number) + [
          ("result", .string(isHit ? "hit" : "pass")), ("reason", isHit ? nil : .string(reason.name)),
        ])
    case .hook(let hook): return Self.step("hook", [("hook", .string("\(hook)"))])
    case .rule(let number, let handle, let outcome):
      return Self.step(
        "rule", chain(number, generation) + [("handle", .number(handle))] + verdict(outcome, generation))
    case .policy(let number, let accepts):
      return Self.step(
        "policy", chain(number, generation) + [("verdict", .string(accepts ? "accept" : "drop"))])
    case .tracked(let state, let status, let tcp):
      return Self.step(
        "conntrack",
        [
          ("state", .string(Self.text(state))), ("status", .array(Self.names(status).map { .string($0) })),
          ("tcp", tcp == .none ? nil : .string(Self.words("\(tcp)").uppercased())),
        ])
    case .translated(let source, let destination):
      return Self.step("nat", Self.ends(source, destination))
    case .route(let route):
      guard let route else { return Self.step("route", [("type", .string("none"))]) }
      let gateway = route.gateway.map { JSONValue.string(PacketSummary.text($0, route.gatewayFamily)) }
      return Self.step(
        "route",
        [("type", .string("\(route.type)")), ("device", .string(name(route.device))), ("gateway", gateway)])
    case .neighbour(let key, let state, let mac):
      return Self.step(
        "neighbour",
        [
          ("device", .string(name(key.device))),
          ("address", .string(PacketSummary.text(key.address, key.family))),
          ("state", .string("\(state)".lowercased())),
          ("mac", state.isValid ? .string(mac.description) : nil),
        ])
    case .flowAdded(let number): return Self.step("flow_added", flowtable(number))
    case .flowRefused(let number, let reason):
      return Self.step("flow_refused", flowtable(number) + [("reason", .string(Self.words("\(reason)")))])
    case .answer(let proto, let source, let destination):
      return Self.step("answer", [("proto", .number(proto))] + Self.ends(source, destination))
    case .counted(let reason):
      return Self.step(
        "reason", [("reason", .string(reason.name)), ("drops", reason.isLoss ? .bool(true) : nil)])
    case .sent(let device, let octets, let head):
      return Self.step(
        "sent",
        [
          ("device", .string(name(device))), ("length", .number(octets)),
          ("headers", PacketSummary.json(head)),
        ])
    }
  }

  private static func step(_ kind: String, _ members: [(String, JSONValue?)]) -> JSONValue {
    .object([("step", .string(kind))] + members)
  }

  private static func words(_ name: String) -> String { Reason.words(name, joinedBy: "_") }

  private func place(_ found: TracedChain, _ kind: String) -> [(String, JSONValue?)] {
    [
      ("family", .string(NFTables.familyName(found.family))), ("table", .string(found.table)),
      (kind, .string(found.chain)),
    ]
  }

  private func flowtable(_ number: UInt32) -> [(String, JSONValue?)] {
    router.ruleset.tracedFlowtable(number).map { place($0, "flowtable") } ?? []
  }

  /// Nothing when the rules have changed meanwhile: the number may be another chain's.
  private func chain(_ number: UInt32, _ generation: UInt32) -> [(String, JSONValue?)] {
    guard generation == router.ruleset.generation else { return [] }
    return router.ruleset.tracedChain(number).map { place($0, "chain") } ?? []
  }

  private func verdict(_ outcome: RuleStep, _ generation: UInt32) -> [(String, JSONValue?)] {
    func target(_ number: UInt32) -> JSONValue? {
      guard generation == router.ruleset.generation else { return nil }
      return router.ruleset.tracedChain(number).map { .string($0.chain) }
    }
    switch outcome {
    case .next: return [("verdict", .string("continue"))]
    case .noMatch: return [("verdict", .string("no match"))]
    case .jump(let number): return [("verdict", .string("jump")), ("target", target(number))]
    case .goto(let number): return [("verdict", .string("goto")), ("target", target(number))]
    case .accept, .drop, .stolen, .return: return [("verdict", .string("\(outcome)"))]
    }
  }

  private static func ends(_ source: TraceEnd, _ destination: TraceEnd) -> [(String, JSONValue?)] {
    [
      ("src", .string(PacketSummary.text(source.address, source.family))),
      ("dst", .string(PacketSummary.text(destination.address, destination.family))),
      ("sport", source.port == 0 ? nil : .number(source.port)),
      ("dport", destination.port == 0 ? nil : .number(destination.port)),
    ]
  }

  /// Source: include/net/netfilter/nf_conntrack.h, nf_ct_get; as the rules' `ct state` calls them.
  private static func text(_ state: TrackingState) -> String {
    switch state {
    case .none: "invalid"
    case .untracked: "untracked"
    case .new: "new"
    case .established, .establishedReply: "established"
    case .related, .relatedReply: "related"
    }
  }

  /// The names of the bits that tell how far a flow has come; not those of NAT's and tracking's own accounts.
  private static func names(_ status: FlowEngine.ConntrackStatus) -> [String] {
    let told: FlowEngine.ConntrackStatus = [
      .expected, .seenReply, .assured, .confirmed, .sourceNAT, .destinationNAT, .offload, .hardwareOffload,
    ]
    let shown = NetlinkWire.ConntrackStatus(rawValue: status.intersection(told).rawValue)
    return NetlinkWire.ConntrackStatus.names.filter { shown.contains($0.bit) }.map(\.name)
  }
}
