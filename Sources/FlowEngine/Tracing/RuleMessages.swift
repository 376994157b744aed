// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

/// What listeners of NFNLGRP_NFTRACE are to be told: of packets that `meta nftrace set 1` chose, what each rule made of them.
package struct RuleMessages: Sendable {
  /// Whether somebody listens.
  package var isHeard = false
  /// What was noted while rules were walked, where the names of chains cannot be looked up.
  fileprivate var notes: [Note] = []
  private var messages: [ControlEvent] = []
  private var packets: UInt32 = 0

  /// Messages that wait to be taken; further ones are lost, as for a listener whose socket is full.
  private static let limit = 1 << 14

  /// One message but for the names.
  fileprivate struct Note: Sendable {
    let what: RuleMessage
    let trail: RuleTrail
    let packet: UInt32
    let mark: UInt32
    /// Attributes that show the packet; empty once they have been sent of this hook's chain.
    let shown: [UInt8]
  }

  fileprivate var hasRoom: Bool { messages.count + notes.count < Self.limit }
  fileprivate mutating func add(_ message: [UInt8]) {
    messages.append(ControlEvent(group: NFTables.Group.trace, datagram: message))
  }

  /// What to call a packet of which nothing has been told yet.
  fileprivate mutating func name(_ seed: UInt64) -> UInt32 {
    packets &+= 1
    return max(1, UInt32(truncatingIfNeeded: mixed(UInt64(packets) ^ seed, 0x9e37_79b9_7f4a_7c15)))
  }

  /// The messages so far, oldest first.
  package mutating func take() -> [ControlEvent] {
    guard !messages.isEmpty else { return [] }
    defer { messages.removeAll(keepingCapacity: true) }
    return messages
  }
}

/// What a message tells of.
enum RuleMessage: Equatable, Sendable {
  /// A rule was left, other than by an expression that does not match.
  case rule(RuleStep)
  /// A chain ended.
  case end
  case policy(accepts: Bool)
}

// Source (Linux 7.2): net/netfilter/nf_tables_trace.c, nft_trace_notify; and messages that kernels sent.
extension Router {
  /// Tells of `packet`, if it is one that rules chose. `rule`: the packet as the rules have it.
  func tell(_ what: RuleMessage, _ trail: inout RuleTrail, _ rule: RulePacket, _ packet: inout Packet) {
    guard ruleMessages.isHeard, ruleMessages.hasRoom else { return }
    let isEarlier = what == .rule(.return) && generation.tellsReturnsApart
    guard isEarlier ? trail.wasChosen : rule.trace else { return }
    if packet.traceID == 0 { packet.traceID = ruleMessages.name(conntrack.seed) }
    var shown = NetlinkWriter()
    if !trail.isPacketShown {
      trail.isPacketShown = true
      show(devices: rule, &shown)
      show(headers: rule, packet.bytes.raw, &shown)
      if generation.showsTracedEntries { show(entryOf: packet, &shown) }
    }
    ruleMessages.notes.append(
      RuleMessages.Note(
        what: what, trail: trail, packet: packet.traceID, mark: rule.mark, shown: shown.bytes))
  }

  /// Writes the messages about what was noted, now that the rules have been left.
  @inline(__always)
  func finishRuleMessages() {
    if !ruleMessages.notes.isEmpty { writeRuleMessages() }
  }

  @inline(never)
  private func writeRuleMessages() {
    for note in ruleMessages.notes {
      guard let message = message(of: note) else { continue }
      ruleMessages.add(message)
    }
    ruleMessages.notes.removeAll(keepingCapacity: true)
  }

  private func message(of note: RuleMessages.Note) -> [UInt8]? {
    typealias Attribute = NFTables.TraceAttribute
    var chain = note.trail.chain
    if case .policy = note.what { chain = note.trail.base }
    guard let base = ruleset.tracedChain(note.trail.base), let place = ruleset.tracedChain(chain) else {
      return nil
    }
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(type: NFTables.messageType(NFTables.Message.trace), flags: []),
      NetfilterHeader(family: base.family))
    writer.attribute(Attribute.networkProtocol, UInt32(note.trail.nfproto))
    writer.attribute(Attribute.type, type(of: note.what))
    writer.attribute(Attribute.id, note.packet)
    writer.attribute(Attribute.chain, text: place.chain)
    writer.attribute(Attribute.table, text: place.table)
    switch note.what {
    case .rule(let step):
      writer.attribute(Attribute.ruleHandle, note.trail.rule)
      write(step, &writer)
    case .end: write(.next, &writer)
    case .policy(let accepts):
      let code = accepts ? NFTables.VerdictCode.accept : NFTables.VerdictCode.drop
      writer.attribute(Attribute.policy, UInt32(code))
    }
    if note.mark != 0 { writer.attribute(Attribute.mark, note.mark) }
    writer.raw(note.shown)
    writer.endMessage(mark)
    return writer.bytes
  }

  private func type(of what: RuleMessage) -> UInt32 {
    switch what {
    case .policy: NFTables.TraceType.policy
    case .end, .rule(.return):
      generation.tellsReturnsApart ? NFTables.TraceType.return : NFTables.TraceType.rule
    case .rule: NFTables.TraceType.rule
    }
  }

  private func write(_ step: RuleStep, _ writer: inout NetlinkWriter) {
    var code = NFTables.VerdictCode.continue
    var target: UInt32?
    switch step {
    case .next, .noMatch: break
    case .accept: code = NFTables.VerdictCode.accept
    case .drop: code = NFTables.VerdictCode.drop
    case .stolen: code = NFTables.VerdictCode.stolen
    case .return: code = NFTables.VerdictCode.return
    case .jump(let chain): (code, target) = (NFTables.VerdictCode.jump, chain)
    case .goto(let chain): (code, target) = (NFTables.VerdictCode.goto, chain)
    }
    NFTables.Verdict(code: code, chain: target.flatMap { ruleset.tracedChain($0)?.chain })
      .write(NFTables.TraceAttribute.verdict, into: &writer)
  }

  private func show(devices rule: RulePacket, _ writer: inout NetlinkWriter) {
    typealias Attribute = NFTables.TraceAttribute
    if let type = links[rule.inputDevice]?.hardwareType {
      writer.attribute(Attribute.inputDevice, rule.inputDevice)
      writer.attribute(Attribute.inputType, type)
    }
    if let type = links[rule.outputDevice]?.hardwareType {
      writer.attribute(Attribute.outputDevice, rule.outputDevice)
      writer.attribute(Attribute.outputType, type)
    }
  }

  /// The first octets of the headers, at most 40 of the network's and 20 of each other.
  private func show(headers rule: RulePacket, _ octets: RawSpan, _ writer: inout NetlinkWriter) {
    typealias Attribute = NFTables.TraceAttribute
    let (link, network) = (Int(rule.linkOffset), Int(rule.networkOffset))
    let (transport, end) = (Int(rule.transportOffset), Int(rule.endOffset))
    func part(_ start: Int, _ count: Int) -> [UInt8] {
      guard count > 0, start >= 0, start + count <= octets.byteCount else { return [] }
      return (start..<start + count).map { octets.u8($0) }
    }
    writer.attribute(
      Attribute.networkHeader, bytes: part(network, min((transport >= 0 ? transport : end) - network, 40)))
    if transport >= 0 {
      writer.attribute(Attribute.transportHeader, bytes: part(transport, min(end - transport, 20)))
    }
    guard link >= 0 else { return }
    var header = part(link, min(network - link, 20))
    if rule.vlanTag != 0 {
      // The tag is shown where it was.
      header = part(link, 12)
      header.append(be32: rule.vlanTag)
      header += part(link + 12, 2)
    }
    writer.attribute(Attribute.linkHeader, bytes: header)
  }

  private func show(entryOf packet: Packet, _ writer: inout NetlinkWriter) {
    typealias Attribute = NFTables.TraceAttribute
    guard packet.tracking != .none else { return }
    writer.attribute(Attribute.conntrackState, packet.tracking.ruleState)
    guard let slot = conntrack.slot(packet.entry) else { return }
    writer.attribute(Attribute.conntrackDirection, packet.direction.rawValue)
    writer.attribute(Attribute.conntrackID, conntrack[slot].id)
    let status = conntrack[slot].status.rawValue
    if status != 0 { writer.attribute(Attribute.conntrackStatus, UInt32(status)) }
  }
}
