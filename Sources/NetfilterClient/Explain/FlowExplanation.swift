// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Something about a flow and the fast path, with what shows it and what to do.
package struct Finding: Equatable, Sendable {
  /// A word for programs: `no-rule`, `helper`.
  package var code: String
  package var text: String
  package var evidence: [String]
  package var hint: String?

  package init(_ code: String, _ text: String, evidence: [String] = [], hint: String? = nil) {
    self.code = code
    self.text = text
    self.evidence = evidence
    self.hint = hint
  }
}

/// Why a flow is, or is not, on the fast path.
package struct FlowExplanation: Sendable {
  /// What carries it, when it is offloaded.
  package var path: CarrierFinder.Path?
  package var isOffloaded: Bool
  /// Every reason why it is not offloaded, in the order in which a packet meets them; the first is the one to
  /// mend first. Of an offloaded flow, why packets of it take the normal path even so.
  package var reasons: [Finding] = []
  /// What makes an offloaded flow look as if it used old knowledge.
  package var staleness: [Finding] = []
}

/// Explains flows: knows the ruleset, the routes, the neighbours and the devices of a network namespace.
///
/// The order of reasons is the kernel's: whether the packet is forwarded at all, whether a rule with `flow add` is
/// reached, then that expression's own checks, then the path.
///
/// Source: net/netfilter/nft_flow_offload.c, `nft_flow_offload_eval`; since 6.19 net/netfilter/nf_flow_table_path.c,
/// `nft_flow_route`.
package final class FlowExplainer {
  private let ruleset: Ruleset
  let links: NetworkLinks
  let routing: RoutingView
  private let policies: [IPsecPolicy]
  let carriers: CarrierFinder
  let settings: Settings

  /// What the caller has read from files.
  package struct Settings: Sendable {
    /// Whether the kernel makes no flow when it cannot find the path down to a device of the flowtable (6.19).
    package var needsWholePath: Bool
    /// Whether packets are forwarded (`net.ipv4.ip_forward`, `net.ipv6.conf.all.forwarding`).
    package var forwardsIPv4: Bool
    package var forwardsIPv6: Bool
    /// Nanoseconds since 1970.
    package var now: UInt64

    package init(needsWholePath: Bool, forwardsIPv4: Bool, forwardsIPv6: Bool, now: UInt64) {
      self.needsWholePath = needsWholePath
      self.forwardsIPv4 = forwardsIPv4
      self.forwardsIPv6 = forwardsIPv6
      self.now = now
    }
  }

  /// - Throws: ``NetlinkError``.
  package init(ruleset: Ruleset, links: NetworkLinks, carriers: CarrierFinder, settings: Settings) throws {
    self.ruleset = ruleset
    self.links = links
    self.carriers = carriers
    self.settings = settings
    routing = try RoutingView()
    policies = IPsecPolicy.all()
  }

  /// One side of a flow: where packets towards it go.
  struct Side {
    var address: IPAddress
    var route: RouteAnswer?
    /// Name of the route's device.
    var device: String
    /// What was asked for the route, as a command.
    var question: String
    /// Why there is no route.
    var error: ErrorNumber?
    /// Whether it is because the route back leads through another device.
    var isReversed: Bool
    /// Name of the device that packets towards it come in on, where that was asked for.
    var input: String
  }

  private func side(_ address: IPAddress, _ route: FlowRoute) -> Side {
    func name(_ index: UInt32) -> String { links[index]?.name ?? "" }
    return Side(
      address: address, route: route.answer, device: route.answer.map { name($0.device) } ?? "",
      question: route.question.command(links), error: route.error, isReversed: route.isReversed,
      input: name(route.question.input))
  }

  package func explain(_ entry: borrowing ConntrackEntry) -> FlowExplanation {
    let tags: ConntrackStatus = [.offload, .hardwareOffload]
    let isOffloaded = entry.statusField.rawValue & tags.rawValue != 0
    var explanation = FlowExplanation(isOffloaded: isOffloaded)
    let routes = routing.routes(of: entry)
    let client = side(entry.original.source, routes.client)
    let server = side(entry.reply.source, routes.server)
    if isOffloaded {
      explanation.path = carriers.path(of: entry)
      explanation.reasons = fragments(entry, client, server)
      explanation.staleness = staleness(entry, client, server, flowtable: explanation.path?.flowtable)
      if client.route != nil { explanation.staleness += replies(entry, routes) }
    } else {
      explanation.reasons = reasons(entry, client, server, replies(entry, routes))
    }
    return explanation
  }

  // MARK: Reasons

  private func reasons(
    _ entry: borrowing ConntrackEntry, _ client: Side, _ server: Side, _ replies: [Finding]
  ) -> [Finding] {
    var found = forwarding(entry, client, server)
    let isForwarded = found.isEmpty
    let walks = [false, true].map { isReply in
      RuleWalk(
        ruleset,
        ForwardedPacket(
          entry, isReply: isReply, input: isReply ? server.device : client.device,
          output: isReply ? client.device : server.device))
    }
    let reached = walks.flatMap(\.reached)
    if reached.isEmpty, isForwarded { found += rules(walks, entry.original.family) }
    found += checks(entry)
    let names = Set(
      reached.map {
        "\(NFTables.familyName($0.place.family)) \($0.place.table) \($0.place.rule.flowtable ?? "")"
      })
    let tables = ruleset.descriptions.filter {
      names.contains("\(NFTables.familyName($0.family)) \($0.table) \($0.name)")
    }
    if isForwarded { found += path(client, server, tables) + (client.route == nil ? [] : replies) }
    if found.isEmpty, let condition = condition(reached) { found.append(condition) }
    if found.isEmpty {
      let rule = reached.map(\.place.text).first ?? ""
      found.append(
        Finding(
          "none", "nothing stands in the way: its next packet that comes to the rule adds it",
          evidence: [rule],
          hint:
            "packets with IP options, fragments that were not put together, and packets with FIN or RST never add a flow"
        ))
    }
    return found
  }

  /// That each flow rule which the packets come to has a condition of which their entry does not tell whether it holds.
  private func condition(_ reached: [(place: RuleWalk.Place, doubt: String?)]) -> Finding? {
    let doubts = reached.compactMap { rule in rule.doubt.map { "\(rule.place.text): '\($0)'" } }
    guard !doubts.isEmpty, doubts.count == reached.count else { return nil }
    return Finding(
      "rule-condition", "a flow rule has a condition that its packets have not met", evidence: unique(doubts),
      hint: "an entry does not tell such things as rates: see the counters in 'nft list ruleset'")
  }

  /// Whether packets of the flow come through the forward chains at all.
  private func forwarding(_ entry: borrowing ConntrackEntry, _ client: Side, _ server: Side) -> [Finding] {
    for (side, text) in [(client, "comes from"), (server, "goes to")] where side.route?.isLocal ?? false {
      return [
        Finding(
          "local", "the flow \(text) this router itself: only forwarded flows are offloaded",
          evidence: ["\(RuleValueText.address(side.address.octets)) is an address of this router"])
      ]
    }
    let isIPv6 = entry.original.family == .ipv6
    if isIPv6 ? !settings.forwardsIPv6 : !settings.forwardsIPv4 {
      let name = isIPv6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward"
      return [
        Finding(
          "forwarding-off", "this router does not forward", evidence: ["\(name) = 0"],
          hint: "sysctl -w \(name)=1")
      ]
    }
    return []
  }

  /// Why no rule adds the flow.
  private func rules(_ walks: [RuleWalk], _ family: AddressFamily) -> [Finding] {
    let familyNumber = family == .ipv6 ? NFTables.Family.ipv6 : NFTables.Family.ipv4
    let all = ruleset.rules.filter {
      !$0.object.flowtables.isEmpty && ($0.family == NFTables.Family.inet || $0.family == familyNumber)
    }
    guard !all.isEmpty else {
      let names = ruleset.descriptions.map { "\(NFTables.familyName($0.family)) \($0.table) \($0.name)" }
      return [
        Finding(
          "no-rule", "no rule adds flows of this family to a flowtable",
          evidence: [
            names.isEmpty ? "there are no flowtables" : "flowtables: \(names.joined(separator: ", "))"
          ],
          hint: names.isEmpty
            ? "'ftctl flowtable enable DEVICE DEVICE' makes a flowtable and a rule"
            : "'ftctl rule add FAMILY TABLE CHAIN --flowtable NAME --proto tcp,udp' adds a rule")
      ]
    }
    let cuts = unique(
      walks.flatMap(\.cuts).map { cut in
        "\(cut.place.text) \(cut.verdict == "accepts" ? "takes" : "drops") it first"
      })
    var evidence: [String] = []
    for (place, match) in walks.flatMap(\.unmatched) {
      let line = "\(place.text): '\(match.text(transport: "th"))' does not match"
      if !evidence.contains(line) { evidence.append(line) }
    }
    if !cuts.isEmpty, evidence.isEmpty {
      return [
        Finding(
          "rule-not-reached", "an earlier rule ends the chain before any flow rule is reached",
          evidence: cuts,
          hint: "put the flow rule in front: 'ftctl rule add FAMILY TABLE CHAIN --flowtable NAME --insert'")
      ]
    }
    if evidence.isEmpty {
      evidence = all.map { member in
        "rule \(member.object.handle ?? 0) of chain \(member.object.chain ?? "") in \(NFTables.familyName(member.family)) \(member.object.table ?? "") is in no chain that forwarded packets come through"
      }
    }
    return [Finding("no-rule-matches", "no flow rule matches the flow's packets", evidence: evidence + cuts)]
  }

  private func unique(_ lines: [String]) -> [String] {
    var seen: Set<String> = []
    return lines.filter { seen.insert($0).inserted }
  }

  /// The checks that `flow add` makes of the entry itself.
  private func checks(_ entry: borrowing ConntrackEntry) -> [Finding] {
    var found: [Finding] = []
    if let policy = policies.first(where: { policy in
      policy.direction == 2
        && (policy.matches(entry.original.source, entry.reply.source, layer4: entry.original.layer4)
          || policy.matches(entry.reply.source, entry.original.source, layer4: entry.original.layer4)
          || policy.matches(entry.reply.source, entry.reply.destination, layer4: entry.original.layer4))
    }) {
      let text =
        "\(RuleValueText.address(policy.source.lowerBound.octets)) to \(RuleValueText.address(policy.destination.lowerBound.octets))"
      found.append(
        Finding(
          "ipsec", "its packets arrive through IPsec", evidence: ["xfrm policy dir fwd from \(text)"],
          hint: "'ip xfrm policy' shows the policies"))
    }
    found += transport(entry)
    if let helper = entry.helper {
      found.append(
        Finding(
          "helper", "a helper watches the flow's packets, which must all take the normal path",
          evidence: ["helper=\(helper)"],
          hint:
            "see rules with 'ct helper set'; old kernels also have sysctl net.netfilter.nf_conntrack_helper"))
    }
    let status = entry.statusField.rawValue
    if status & 1 << 6 != 0 {
      found.append(
        Finding(
          "sequence-adjusted", "its TCP sequence numbers are being adjusted", evidence: ["status SEQ_ADJUST"])
      )
    }
    if status & 1 << 12 != 0 {
      found.append(
        Finding(
          "nat-clash", "it shares its translated tuple with another flow", evidence: ["status NAT_CLASH"]))
    }
    if status & 1 << 9 != 0 {
      found.append(Finding("dying", "the entry is being deleted", evidence: ["status DYING"]))
    }
    return found
  }

  private func transport(_ entry: borrowing ConntrackEntry) -> [Finding] {
    switch entry.original.layer4 {
    case Layer4Protocol.tcp:
      // ESTABLISHED is 3 (include/uapi/linux/netfilter/nf_conntrack_tcp.h).
      if let state = entry.state, state != 3 {
        let name = entry.stateName.map { "\($0)" } ?? "\(state)"
        return [
          Finding(
            "not-established", "the TCP connection is not established", evidence: ["state \(name)"],
            hint: state > 3 ? "it is ending; the flow went back to the normal path, or never left it" : nil)
        ]
      }
      if entry.statusField.rawValue & ConntrackStatus.assured.rawValue == 0 {
        return [
          Finding(
            "not-established", "the TCP connection has not been seen in both directions",
            evidence: ["not ASSURED"],
            hint: "a connection taken up in mid-stream needs packets of both sides")
        ]
      }
    case Layer4Protocol.udp:
      if let original = entry.originalCounters, let reply = entry.replyCounters,
        original.packets &+ reply.packets < 2
      {
        return [
          Finding(
            "first-packet", "it had only one packet, and the first never adds a flow",
            evidence: ["packets=\(original.packets &+ reply.packets)"])
        ]
      }
    case Layer4Protocol.gre:
      let nat = entry.statusField.rawValue & (1 << 4 | 1 << 5)
      if nat != 0 {
        return [
          Finding(
            "gre", "GRE with NAT is not offloaded",
            evidence: ["status \(nat & 16 != 0 ? "SRC_NAT" : "DST_NAT")"])
        ]
      }
      if entry.original.sourcePort | entry.original.destinationPort != 0 {
        return [
          Finding("gre", "only GRE without key is offloaded, and no PPTP", evidence: ["the tuple has a key"])
        ]
      }
    default:
      let number = entry.original.layer4
      let name = Layer4Protocol.names.first { $0.number == number }.map { "\($0.name)" } ?? "\(number)"
      return [Finding("protocol", "only TCP, UDP and GRE are offloaded", evidence: ["protocol \(name)"])]
    }
    return []
  }

  /// That replies do not get as far as the rules.
  private func replies(_ entry: borrowing ConntrackEntry, _ routes: FlowRoutes) -> [Finding] {
    guard let route = routes.replies, route.answer == nil else { return [] }
    let (client, server) = (entry.original.source, entry.reply.source)
    return [
      Self.unroutable(
        side(client, route),
        "replies of \(RuleValueText.address(server.octets)) have no route to \(RuleValueText.address(client.octets))"
      )
    ]
  }

  // MARK: Path

  /// What the way to either end lacks.
  private func path(_ client: Side, _ server: Side, _ tables: [FlowtableDescription]) -> [Finding] {
    var found: [Finding] = []
    for side in [client, server] {
      let address = RuleValueText.address(side.address.octets)
      guard let route = side.route, route.type == 1, let link = links[side.device] else {
        found.append(Self.unroutable(side, "there is no route to \(address)"))
        continue
      }
      if !link.isUp || !link.hasCarrier {
        found.append(
          Finding(
            "device-down", "device \(link.name) is \(link.isUp ? "without carrier" : "down")",
            hint: "ip link set \(link.name) up"))
      }
      guard !tables.isEmpty else { continue }
      let isListed = tables.contains { table in Self.lists(link.name, table) }
      let (bottom, problem) =
        settings.needsWholePath || !isListed ? self.bottom(link, side) : (link.name, nil)
      if let problem, settings.needsWholePath { found.append(problem) }
      // Of a stacked device nobody knows which one lies below.
      guard problem == nil || !settings.needsWholePath || !Self.stacked.contains(link.kind ?? "") else {
        continue
      }
      let isMember = tables.contains {
        Self.lists(bottom, $0) || !settings.needsWholePath && Self.lists(link.name, $0)
      }
      if !isMember {
        let held = tables.map {
          "flowtable \($0.name) in \(NFTables.familyName($0.family)) \($0.table): \($0.devices.map(\.text).joined(separator: ", "))"
        }
        found.append(
          Finding(
            "device", "device \(bottom), towards \(address), is in no flowtable that the flow's rules name",
            evidence: ["'\(side.question)' leads through \(link.name)"] + held,
            hint:
              "'ftctl flowtable add FAMILY TABLE NAME --ensure --device …' with \(bottom) among the devices"))
      }
    }
    return found
  }

  /// That packets towards a side have no route to be forwarded by.
  static func unroutable(_ side: Side, _ text: String) -> Finding {
    let reason = side.route.map { "route of type \($0.type)" } ?? side.error?.text
    let evidence = ["'\(side.question)': \(reason ?? "a device that is not there any more")"]
    guard side.isReversed else { return Finding("no-route", text, evidence: evidence) }
    return Finding(
      "reverse-path",
      "\(side.input) drops packets to \(RuleValueText.address(side.address.octets)): the route back to their source leads through another device",
      evidence: evidence,
      hint: "net.ipv4.conf.\(side.input).rp_filter of 2 lets packets in that have any route back")
  }

  /// Kinds of devices that stand on others.
  private static let stacked: Set<String> = ["vlan", "ppp", "bridge"]

  private static func lists(_ device: String, _ table: FlowtableDescription) -> Bool {
    table.devices.contains { candidate in
      switch candidate {
      case .name(let name): name == device
      case .prefix(let prefix): device.hasPrefix(prefix)
      }
    }
  }

  /// The lowest device on the way to a side, and what is in its way.
  private func bottom(_ link: NetworkLink, _ side: Side) -> (String, Finding?) {
    let hop = side.route?.gateway ?? side.address
    let text = RuleValueText.address(hop.octets)
    var hardwareAddress: [UInt8] = []
    if link.isEthernet {
      let neighbour = routing.neighbour(hop, on: link.index)
      guard let neighbour, neighbour.isValid else {
        let state = neighbour?.stateName ?? "no entry"
        return (
          link.name,
          Finding(
            "neighbour", "the hardware address of \(text) is not known on \(link.name)",
            evidence: ["neighbour: \(state)"],
            hint: "see 'ip neighbour show \(text)'")
        )
      }
      hardwareAddress = neighbour.hardwareAddress
    }
    var current = link
    for _ in 0..<5 {
      switch current.kind {
      case "vlan", "ppp":
        guard let lower = links.lowers(of: current).first else { return (current.name, nil) }
        current = lower
      case "bridge":
        let entry = routing.forwardingEntry(hardwareAddress, of: current.index)
        guard let entry, entry.device != current.index, let port = links[entry.device] else {
          return (
            current.name,
            Finding(
              "fdb", "bridge \(current.name) does not know the port of \(text)",
              evidence: ["no forwarding entry for \(Self.hexadecimal(hardwareAddress))"],
              hint: "see 'bridge fdb show br \(current.name)'")
          )
        }
        current = port
      default: return (current.name, nil)
      }
    }
    return (current.name, nil)
  }

  static func hexadecimal(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }

  // MARK: Offloaded flows

  /// Datagrams that arrive in fragments, which the fast path leaves to the normal one. Conntrack counts them put
  /// together: where they are larger than the device's MTU in the mean, they were fragments.
  private func fragments(_ entry: borrowing ConntrackEntry, _ client: Side, _ server: Side) -> [Finding] {
    guard entry.original.layer4 == Layer4Protocol.udp else { return [] }
    var found: [Finding] = []
    for (side, counters) in [(client, entry.originalCounters), (server, entry.replyCounters)] {
      guard let counters, counters.packets > 0, let link = links[side.device], link.mtu > 0 else { continue }
      let mean = counters.bytes / counters.packets
      guard mean > UInt64(link.mtu) else { continue }
      found.append(
        Finding(
          "fragments",
          "datagrams from \(RuleValueText.address(side.address.octets)) arrive in fragments, which take the normal path",
          evidence: ["\(mean) octets in the mean, the MTU of \(link.name) is \(link.mtu)"],
          hint: "let the sender keep its datagrams below the MTU"))
    }
    return found
  }
}
