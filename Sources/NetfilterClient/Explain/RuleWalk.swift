// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What a packet of a flow looks like in the forward chains, as far as its conntrack entry tells.
package struct ForwardedPacket: Sendable {
  package var source: IPAddress
  package var destination: IPAddress
  package var layer4: UInt8
  package var sourcePort: UInt16
  package var destinationPort: UInt16
  package var input: String
  package var output: String
  /// Bits of `ct state`.
  package var state: UInt32
  package var mark: UInt32?
  package var counters: (original: ConntrackCounters, reply: ConntrackCounters)?

  /// The packet that goes in the direction of the entry's original tuple, or against it.
  ///
  /// In the forward chains destinations are translated already, sources not yet.
  package init(_ entry: borrowing ConntrackEntry, isReply: Bool, input: String, output: String) {
    let (here, there) = isReply ? (entry.reply, entry.original) : (entry.original, entry.reply)
    source = here.source
    destination = there.source
    layer4 = entry.original.layer4
    sourcePort = here.sourcePort
    destinationPort = there.sourcePort
    self.input = input
    self.output = output
    let status = entry.statusField
    state = isReply || status.contains(.seenReply) ? 2 : status.contains(.expected) ? 4 : 8
    mark = entry.mark
    if let original = entry.originalCounters, let reply = entry.replyCounters { counters = (original, reply) }
  }

  /// The family of the packet's table (`NFPROTO_*`).
  var family: UInt8 { source.family == .ipv6 ? NFTables.Family.ipv6 : NFTables.Family.ipv4 }

  /// The field's octets as they lie in a register; nil when they are not known.
  func value(of field: RuleField) -> [UInt8]? {
    func name(_ text: String) -> [UInt8] {
      let octets = Array(text.utf8.prefix(15))
      return octets + [UInt8](repeating: 0, count: 16 - octets.count)
    }
    func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
    func count(_ number: UInt64) -> [UInt8] {
      (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }
    switch field {
    case .networkProtocol: return [family]
    case .layer4: return [layer4]
    case .ipv4Protocol: return family == NFTables.Family.ipv4 ? [layer4] : nil
    case .ipv6Next: return family == NFTables.Family.ipv6 ? [layer4] : nil
    case .ipv4Source, .ipv6Source: return source.octets.count == field.width ? source.octets : nil
    case .ipv4Destination, .ipv6Destination:
      return destination.octets.count == field.width ? destination.octets : nil
    case .inputName: return name(input)
    case .outputName: return name(output)
    case .inputIndex, .outputIndex, .packetMark: return nil
    case .sourcePort: return port(sourcePort)
    case .destinationPort: return port(destinationPort)
    case .state: return HostOrder.octets(state)
    case .mark: return HostOrder.octets(mark ?? 0)
    case .bytes: return counters.map { count($0.original.bytes &+ $0.reply.bytes) }
    case .packets: return counters.map { count($0.original.packets &+ $0.reply.packets) }
    case .originalBytes: return counters.map { count($0.original.bytes) }
    case .originalPackets: return counters.map { count($0.original.packets) }
    case .replyBytes: return counters.map { count($0.reply.bytes) }
    case .replyPackets: return counters.map { count($0.reply.packets) }
    }
  }
}

/// Whether something is so, as far as can be known.
package enum Certainty: Sendable { case no, maybe, yes }

extension RuleMatch {
  /// Whether the packet is as the comparison wants it.
  func matches(_ packet: ForwardedPacket) -> Certainty {
    if let family = field.family, family != packet.family { return .no }
    guard let value = packet.value(of: field) else { return .maybe }
    func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }
    func contains(_ item: Item) -> Bool {
      switch item {
      case .value(let octets): return value == octets
      case .range(let first, let last): return !isLess(value, first) && !isLess(last, value)
      case .prefix(let octets, let bits):
        let mask = Self.prefixMask(bits, octets: value.count)
        return octets.count == value.count
          && value.indices.allSatisfy { value[$0] & mask[$0] == octets[$0] & mask[$0] }
      }
    }
    let result: Bool
    switch right {
    case .anyBit(let bits): result = HostOrder.number(value) & bits != 0
    case .list(let items): result = items.contains(where: contains) == (operation != .notEqual)
    case .item(let item):
      switch (operation, item) {
      case (.equal, _): result = contains(item)
      case (.notEqual, _): result = !contains(item)
      case (.less, .value(let octets)): result = isLess(value, octets)
      case (.atMost, .value(let octets)): result = !isLess(octets, value)
      case (.greater, .value(let octets)): result = isLess(octets, value)
      case (.atLeast, .value(let octets)): result = !isLess(value, octets)
      default: return .maybe
      }
    }
    return result ? .yes : .no
  }
}

/// Walks the forward chains with a packet, to see which flow rules it comes to.
package struct RuleWalk: Sendable {
  /// A rule by its place.
  package struct Place: Hashable, Sendable {
    package var family: UInt8
    package var table: String
    package var chain: String
    package var handle: UInt64
    package var rule: FlowRule

    /// "rule 5 of chain forward in inet filter: ct state established accept"
    package var text: String {
      "rule \(handle) of chain \(chain) in \(NFTables.familyName(family)) \(table): \(rule.text)"
    }
  }

  /// Flow rules that the packet comes to and that may match; with the statement, if any, of which an entry does not tell
  /// whether it does.
  package private(set) var reached: [(place: Place, doubt: String?)] = []
  /// Flow rules that it comes to and that do not match, with the comparison that fails.
  package private(set) var unmatched: [(place: Place, match: RuleMatch)] = []
  /// Where packets are accepted or dropped before they come to the rest of a base chain.
  package private(set) var cuts: [(place: Place, verdict: String)] = []

  private let ruleset: Ruleset
  private let packet: ForwardedPacket

  package init(_ ruleset: Ruleset, _ packet: ForwardedPacket) {
    self.ruleset = ruleset
    self.packet = packet
    let chains = ruleset.chains.enumerated().filter { _, member in
      member.object.base?.hook == BaseChain.forwardHook
        && (member.family == NFTables.Family.inet || member.family == packet.family)
    }
    // Of equal priority, the one that was made last runs first.
    let ordered = chains.sorted { left, right in
      let (first, second) = (
        left.element.object.base?.priority ?? 0, right.element.object.base?.priority ?? 0
      )
      return first != second ? first < second : left.offset > right.offset
    }
    for (_, member) in ordered {
      guard let table = member.object.table, let name = member.object.name else { continue }
      if walk(member.family, table, name, depth: 0) == .dropped { return }
    }
  }

  private enum Outcome { case ended, dropped, accepted }

  private mutating func walk(_ family: UInt8, _ table: String, _ chain: String, depth: Int) -> Outcome {
    guard depth < 16 else { return .ended }
    for member in ruleset.rules
    where member.family == family && member.object.table == table && member.object.chain == chain {
      let rule = FlowRule(member.object, family: family, in: ruleset)
      let place = Place(
        family: family, table: table, chain: chain, handle: member.object.handle ?? 0, rule: rule)
      if let outcome = pass(place, member.object, depth: depth) { return outcome }
    }
    return .ended
  }

  /// - Returns: nil when the packet goes on to the next rule.
  private mutating func pass(_ place: Place, _ rule: NFTables.Rule, depth: Int) -> Outcome? {
    var certainty = Certainty.yes
    var doubt: String?
    if let verdict = stateVerdict(rule, place) { return decide(verdict, place, .yes, depth: depth) }
    for statement in place.rule.statements {
      switch statement {
      case .match(let match):
        switch match.matches(packet) {
        case .no:
          if place.rule.flowtable != nil { unmatched.append((place, match)) }
          return nil
        case .maybe:
          certainty = .maybe
          doubt = doubt ?? match.text(transport: "th")
        case .yes: break
        }
      case .other(let name):
        // Of what loads a value and what looks at it, the latter.
        certainty = .maybe
        doubt = name
      case .counter: break
      case .flow:
        reached.append((place, doubt))
        // A refused flow ends the rule: what follows is done only for packets that made one.
        return nil
      case .verdict(let verdict):
        if let outcome = decide(verdict, place, certainty, depth: depth) { return outcome }
      }
    }
    return nil
  }

  private mutating func decide(
    _ verdict: NFTables.Verdict, _ place: Place, _ certainty: Certainty, depth: Int
  ) -> Outcome? {
    switch verdict.code {
    case NFTables.VerdictCode.accept where certainty == .yes:
      cuts.append((place, "accepts"))
      return .accepted
    case NFTables.VerdictCode.drop where certainty == .yes:
      cuts.append((place, "drops"))
      return .dropped
    case NFTables.VerdictCode.return where certainty == .yes: return .ended
    case NFTables.VerdictCode.jump, NFTables.VerdictCode.goto:
      guard let target = verdict.chain else { return nil }
      let outcome = walk(place.family, place.table, target, depth: depth + 1)
      guard certainty == .yes else { return nil }
      if outcome != .ended { return outcome }
      return verdict.code == NFTables.VerdictCode.goto ? .ended : nil
    default: return nil
    }
  }

  /// The verdict of `ct state vmap { … }`, which most rulesets begin with.
  private func stateVerdict(_ rule: NFTables.Rule, _ place: Place) -> NFTables.Verdict? {
    guard let expressions = rule.expressions, expressions.count == 2,
      case .conntrack(let load) = expressions[0],
      load.key == 0, case .lookup(let lookup) = expressions[1], lookup.destination == 0,
      let name = lookup.set,
      let map = ruleset.sets[.init(family: place.family, table: place.table, name: name)]
    else { return nil }
    for element in map.elements where element.key.map(HostOrder.number) == packet.state {
      if case .verdict(let verdict)? = element.data { return verdict }
    }
    return nil
  }
}
