// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// The translation of a hook: the first packet of a flow gets its mapping, all are rewritten. False: dropped.
  ///
  /// Source: net/netfilter/nf_nat_core.c, nf_nat_inet_fn; net/netfilter/nf_nat_proto.c, nf_nat_ipv4_fn.
  @inline(__always)
  func translate(_ hook: Hook, _ part: TranslationPart, _ packet: inout Packet) -> Bool {
    guard packet.tracking != .none, packet.tracking != .untracked, let slot = conntrack.slot(packet.entry)
    else {
      return true
    }
    let family: PacketFamily = packet.family == .ipv4 ? .ipv4 : .ipv6
    guard !conntrack[slot].status.isDisjoint(with: .anyNAT) || ruleset.translates(family) else { return true }
    return translate(hook, part, &packet, slot)
  }

  @inline(never)
  private func translate(_ hook: Hook, _ part: TranslationPart, _ packet: inout Packet, _ slot: Int) -> Bool {
    switch packet.tracking {
    case .related, .relatedReply:
      let icmp = packet.family == .ipv4 ? IPProtocol.icmp : IPProtocol.icmpv6
      if packet.proto == icmp, isErrorMessage(&packet) { return translateError(part, &packet, slot) }
      guard bindFirst(hook, part, &packet, slot) else { return false }
    case .new: guard bindFirst(hook, part, &packet, slot) else { return false }
    case .established, .establishedReply:
      if part == .source, hook == .postrouting, conntrack[slot].masqueradeDevice != 0,
        packet.direction == .original, conntrack[slot].masqueradeDevice != packet.output
      {
        delete(slot)
        statistics.count(.translationFailed)
        return false
      }
    case .none, .untracked: return true
    }
    guard tracing.isOpen else { return rewrite(part, &packet, slot) }
    let before = ends(packet)
    defer { noteTranslation(packet, since: before) }
    return rewrite(part, &packet, slot)
  }

  private func isErrorMessage(_ packet: inout Packet) -> Bool {
    guard packet.bytes.count > packet.transport else { return false }
    let type = packet.bytes[packet.transport]
    return packet.family == .ipv4 ? ICMPType.isError(type) : type < 128
  }

  /// Gives the entry its mapping of this part, a null binding when no rule does.
  private func bindFirst(_ hook: Hook, _ part: TranslationPart, _ packet: inout Packet, _ slot: Int) -> Bool {
    let done: ConntrackStatus = part == .source ? .sourceNATDone : .destinationNATDone
    guard !conntrack[slot].status.contains(done), !conntrack[slot].isConfirmed else {
      return true
    }
    guard runTranslationRules(hook, &packet) else { return false }
    guard !conntrack[slot].status.contains(done) else { return true }
    // A null binding keeps the address that the packet shows at this hook.
    guard let current = conntrack[slot].reply.inverted else { return true }
    let address = part == .source ? current.source : current.destination
    _ = bind(slot, TranslationRange(address: address), part)
    return true
  }

  /// Whether the entry's translation changes this part of packets of this direction.
  private func applies(_ part: TranslationPart, _ direction: FlowDirection, _ status: ConntrackStatus) -> Bool
  {
    let isSource = (part == .source) == (direction == .original)
    return status.contains(isSource ? .sourceNAT : .destinationNAT)
  }

  /// Rewrites one part of a packet to what the other direction's tuple says. False: dropped.
  ///
  /// Source: net/netfilter/nf_nat_core.c, nf_nat_packet.
  private func rewrite(_ part: TranslationPart, _ packet: inout Packet, _ slot: Int) -> Bool {
    guard applies(part, packet.direction, conntrack[slot].status),
      let target = conntrack[slot].tuple(packet.direction.opposite).inverted
    else { return true }
    let done = mangle(
      &packet.bytes, network: packet.network, transport: packet.transport, packet.family, packet.proto, part,
      target, isQuote: false, isPartial: packet.isPartial)
    if !done { statistics.count(.translationFailed) }
    return done
  }

  /// Writes the addresses and ports of `target` into a header, checksums following. False: the transport header is cut too
  /// short.
  ///
  /// Source: net/netfilter/nf_nat_proto.c, nf_nat_ipv4_manip_pkt, nf_nat_ipv6_manip_pkt, l4proto_manip_pkt.
  private func mangle(
    _ bytes: inout [UInt8], network: Int, transport: Int, _ family: IPFamily, _ proto: UInt8,
    _ part: TranslationPart, _ target: Tuple, isQuote: Bool, isPartial: Bool
  ) -> Bool {
    let isSource = part == .source
    let addressOffset =
      family == .ipv4 ? network + (isSource ? 12 : 16) : network + (isSource ? 8 : 24)
    let old =
      family == .ipv4
      ? Address(ipv4: bytes.be32(addressOffset))
      : Address(high: bytes.be64(addressOffset), low: bytes.be64(addressOffset + 8))
    let new = isSource ? target.source : target.destination
    // A checksum left open holds the sum of the pseudo header, not its complement, and nothing of what follows.
    func adjusted(_ checksum: UInt16) -> UInt16 {
      let open: UInt16 = isPartial ? 0xffff : 0
      return family == .ipv4
        ? Checksum.replacing(checksum ^ open, old.ipv4, with: new.ipv4) ^ open
        : Checksum.replacing(checksum ^ open, old, with: new) ^ open
    }
    func adjusted(_ checksum: UInt16, _ old: UInt16, with new: UInt16) -> UInt16 {
      isPartial ? checksum : Checksum.replacing(checksum, old, with: new)
    }
    let room = bytes.count - transport
    switch proto {
    case IPProtocol.udplite where !generation.tracksUDPLite: break
    case IPProtocol.tcp, IPProtocol.udp, IPProtocol.udplite:
      let portOffset = transport + (isSource ? 0 : 2)
      let checksumOffset = transport + (proto == IPProtocol.tcp ? 16 : 6)
      guard room >= 8 else { return false }
      let oldPort = bytes.be16(portOffset)
      let newPort = isSource ? target.sourcePort : target.destinationPort
      bytes.store(be16: newPort, at: portOffset)
      guard proto != IPProtocol.tcp || room >= 20 || (!isQuote && room >= 18) else { break }
      let checksum = bytes.be16(checksumOffset)
      if proto == IPProtocol.udp, checksum == 0, !isPartial { break }
      var result = adjusted(adjusted(checksum), oldPort, with: newPort)
      if proto != IPProtocol.tcp, result == 0 { result = 0xffff }
      bytes.store(be16: result, at: checksumOffset)
    case IPProtocol.sctp:
      guard room >= 8 else { return false }
      bytes.store(
        be16: isSource ? target.sourcePort : target.destinationPort, at: transport + (isSource ? 0 : 2))
      if !isPartial, let checksum = SCTPView(checking: bytes.raw.dropping(transport))?.rightChecksum {
        bytes.store(be32: checksum, at: transport + 8)
      }
    case IPProtocol.icmp where family == .ipv4:
      guard room >= 8 else { return false }
      guard ICMPType.inverse(bytes[transport]) != nil else { break }
      let checksum = adjusted(
        bytes.be16(transport + 2), bytes.be16(transport + 4), with: target.sourcePort)
      bytes.store(be16: checksum, at: transport + 2)
      bytes.store(be16: target.sourcePort, at: transport + 4)
    case IPProtocol.icmpv6 where family == .ipv6:
      guard room >= 8 else { return false }
      var checksum = adjusted(bytes.be16(transport + 2))
      if ICMPv6Type.inverse(bytes[transport]) != nil {
        checksum = adjusted(checksum, bytes.be16(transport + 4), with: target.sourcePort)
        bytes.store(be16: target.sourcePort, at: transport + 4)
      }
      bytes.store(be16: checksum, at: transport + 2)
    case IPProtocol.gre where room < 8: return false
    default: break
    }
    if family == .ipv4 {
      bytes.store(
        be16: Checksum.replacing(bytes.be16(network + 10), old.ipv4, with: new.ipv4), at: network + 10)
      bytes.store(be32: new.ipv4, at: addressOffset)
    } else {
      bytes.store(ipv6: new, at: addressOffset)
    }
    return true
  }

  /// Rewrites an ICMP error: the quoted packet with the opposite part, the message's checksum, the outer header.
  ///
  /// Source: net/netfilter/nf_nat_proto.c, nf_nat_icmp_reply_translation, nf_nat_icmpv6_reply_translation.
  private func translateError(_ part: TranslationPart, _ packet: inout Packet, _ slot: Int) -> Bool {
    let entry = conntrack[slot]
    let start = packet.transport
    guard packet.bytes.count - start >= ICMPView.headerLength, isICMPChecksumValid(packet) else {
      statistics.count(.translationFailed)
      return false
    }
    let type = packet.bytes[start]
    let isRedirect = type == (packet.family == .ipv4 ? ICMPType.redirect : ICMPv6Type.redirect)
    if isRedirect {
      guard entry.status.contains([.sourceNATDone, .destinationNATDone]) else { return false }
      if !entry.status.isDisjoint(with: .anyNAT) { return false }
    }
    guard applies(part, packet.direction, entry.status) else { return true }
    let inner = start + ICMPView.headerLength
    let target = entry.tuple(packet.direction.opposite)
    guard let (proto, offset) = quotedTransport(packet.bytes.raw.dropping(inner), packet.family) else {
      return false
    }
    let transport = inner + offset
    let opposite: TranslationPart = part == .source ? .destination : .source
    // The quoted packet travelled the other way: the other direction's own tuple is how it looked on this side.
    let isDone = mangle(
      &packet.bytes, network: inner, transport: transport, packet.family, proto, opposite, target,
      isQuote: true, isPartial: packet.isPartial)
    guard isDone else {
      statistics.count(.translationFailed)
      return false
    }
    if !packet.isPartial { packet.bytes.store(be16: 0, at: start + 2) }
    if let outer = target.inverted { mangleOuter(&packet, part, outer) }
    if packet.isPartial { return true }
    let sum =
      packet.family == .ipv4
      ? 0
      : Checksum.pseudoHeader(
        packet.source, packet.destination, proto: IPProtocol.icmpv6, length: packet.bytes.count - start)
    packet.bytes.store(be16: Checksum.compute(packet.transportBytes, sum), at: start + 2)
    return true
  }

  /// Protocol of a quoted packet, and the offset of its transport header in the quote.
  private func quotedTransport(_ quote: RawSpan, _ family: IPFamily) -> (UInt8, Int)? {
    if family == .ipv4 {
      guard let header = IPv4View(quoted: quote) else { return nil }
      return (header.proto, header.headerLength)
    }
    guard let header = IPv6View(quoted: quote) else { return nil }
    let found = header.walk()
    return found.isComplete ? (found.proto, found.offset) : nil
  }

  /// Writes the outer address of an ICMP error; its identifier is none.
  private func mangleOuter(_ packet: inout Packet, _ part: TranslationPart, _ target: Tuple) {
    let new = part == .source ? target.source : target.destination
    if packet.family == .ipv4 {
      let offset = packet.network + (part == .source ? 12 : 16)
      let checksum = Checksum.replacing(
        packet.bytes.be16(packet.network + 10), packet.bytes.be32(offset), with: new.ipv4)
      packet.bytes.store(be16: checksum, at: packet.network + 10)
      packet.bytes.store(be32: new.ipv4, at: offset)
    } else {
      packet.bytes.store(ipv6: new, at: packet.network + (part == .source ? 8 : 24))
    }
  }
}
