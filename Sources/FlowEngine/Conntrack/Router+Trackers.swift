// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Whether tracking verifies the packet's transport checksum: on the way in only, and not one yet to be finished or known to be
  /// right.
  @inline(__always)
  func verifiesChecksum(_ packet: Packet, isOutput: Bool) -> Bool {
    !isOutput && conntrack.settings.verifiesChecksums && !packet.isPartial && !packet.isVerified
  }

  /// Whether the transport checksum is right, where the kernel verifies it.
  @inline(__always)
  private func hasValidChecksum(_ packet: Packet, isOutput: Bool) -> Bool {
    guard verifiesChecksum(packet, isOutput: isOutput) else { return true }
    let bytes = packet.transportBytes
    let sum = Checksum.pseudoHeader(
      packet.source, packet.destination, proto: packet.proto, length: bytes.byteCount)
    return Checksum.isValid(bytes, sum)
  }

  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack_tcp_packet.
  func trackTCP(_ packet: inout Packet, _ slot: Int, isOutput: Bool) -> TrackerVerdict {
    guard let view = TCPView(checking: packet.transportBytes) else { return .invalid }
    var segment = TCPSegment(view)
    guard hasValidChecksum(packet, isOutput: isOutput), TCPSegment.isValid(segment.flags) else {
      return .invalid
    }
    switch conntrack.judge(&segment, slot, packet.direction) {
    case .invalid: return .invalid
    case .invalidLowering(let seconds):
      if conntrack[slot].remaining(now) > 120 * Instant.second {
        conntrack[slot].deadline = now.adding(seconds: seconds).nanoseconds
      }
      return .invalid
    case .ignore: return .accept
    case .replace:
      delete(slot)
      return .again
    case .delete:
      account(slot, packet.direction, octets: packet.length)
      delete(slot)
      return .accept
    case .refresh(let seconds, let stateChanged, let becomesAssured):
      if stateChanged { conntrack[slot].pendingEvents.insert(.protocolInfo) }
      if becomesAssured {
        conntrack[slot].status.insert(.assured)
        conntrack[slot].pendingEvents.insert(.assured)
      }
      refresh(slot, seconds, packet.direction, octets: packet.length)
      return .accept
    }
  }

  /// Source: net/netfilter/nf_conntrack_proto_udp.c, nf_conntrack_udp_packet.
  func trackUDP(_ packet: inout Packet, _ slot: Int, isOutput: Bool) -> TrackerVerdict {
    guard let view = UDPView(checking: packet.transportBytes) else { return .invalid }
    let available = packet.transportBytes.byteCount
    // UDP-Lite has there how much its checksum, which is never missing, covers; 0 is everything.
    let isLite = packet.proto == IPProtocol.udplite
    let covered = isLite ? (view.length == 0 ? available : view.length) : available
    guard isLite || view.length >= UDPView.headerLength, covered >= UDPView.headerLength,
      max(covered, view.length) <= available, !isLite || view.checksum != 0
    else { return .invalid }
    if view.checksum != 0, verifiesChecksum(packet, isOutput: isOutput) {
      // UDP's is that of what lies behind the datagram, too.
      let sum = Checksum.pseudoHeader(
        packet.source, packet.destination, proto: packet.proto, length: available)
      guard Checksum.isValid(packet.transportBytes.extracting(0..<covered), sum) else { return .invalid }
    }
    if !conntrack[slot].isConfirmed {
      conntrack[slot].auxiliary = now.adding(seconds: 2).nanoseconds
    }
    var seconds = conntrack.settings.udpTimeout
    let status = conntrack[slot].status
    let isStream = status.contains(.seenReply) && now.nanoseconds > conntrack[slot].auxiliary
    if isStream { seconds = conntrack.settings.udpStreamTimeout }
    refresh(slot, seconds, packet.direction, octets: packet.length)
    if isStream, !status.contains(.clash) { assure(slot) }
    return .accept
  }

  private func assure(_ slot: Int) {
    guard !conntrack[slot].status.contains(.assured) else { return }
    conntrack[slot].status.insert(.assured)
    conntrack[slot].pendingEvents.insert(.assured)
  }

  /// Source: net/netfilter/nf_conntrack_proto_gre.c, nf_conntrack_gre_packet.
  func trackGRE(_ packet: inout Packet, _ slot: Int) -> TrackerVerdict {
    if conntrack[slot].status.contains(.seenReply) {
      refresh(slot, conntrack.settings.greStreamTimeout, packet.direction, octets: packet.length)
      assure(slot)
    } else {
      refresh(slot, conntrack.settings.greTimeout, packet.direction, octets: packet.length)
    }
    return .accept
  }

  /// ICMP and ICMPv6 queries: only a request may start an entry.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_icmp_packet.
  func trackQuery(_ packet: inout Packet, _ slot: Int, _ seconds: UInt64) -> TrackerVerdict {
    if !conntrack[slot].isConfirmed {
      switch (packet.family, conntrack[slot].original.icmpType) {
      case (.ipv4, ICMPType.echoRequest), (.ipv4, ICMPType.timestampRequest),
        (.ipv4, ICMPType.informationRequest), (.ipv4, ICMPType.addressMaskRequest),
        (.ipv6, ICMPv6Type.echoRequest), (.ipv6, ICMPv6Type.nodeInformationQuery):
        break
      default: return .invalid
      }
    }
    refresh(slot, seconds, packet.direction, octets: packet.length)
    return .accept
  }

  enum ErrorTracking { case continueTracking, done }

  /// ICMP errors belong to the entry of the packet that they quote; some types are not tracked at all.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_icmpv4_error; …_icmpv6.c,
  /// nf_conntrack_icmpv6_error.
  func trackICMPError(_ packet: inout Packet, isOutput: Bool) -> ErrorTracking {
    guard let (type, inner) = readICMP(packet) else { return failed() }
    if !isOutput, conntrack.settings.verifiesChecksums, !isICMPChecksumValid(packet) { return failed() }
    if packet.family == .ipv4 {
      guard type <= ICMPType.highest else { return failed() }
      guard ICMPType.isError(type) else { return .continueTracking }
    } else {
      if ICMPv6Type.isUntracked(type) {
        packet.tracking = .untracked
        statistics.count(.untracked)
        return .done
      }
      guard type < 128 else { return .continueTracking }
    }
    guard let inverse = inner?.inverted, let hit = lookUp(inverse, &packet) else { return failed() }
    guard packet.destination == conntrack[hit.slot].tuple(hit.direction).destination else { return failed() }
    // The inverse is the direction that an answer to the quoted packet has, and so has the error.
    packet.entry = conntrack.id(hit.slot)
    packet.tracking = hit.direction == .reply ? .relatedReply : .related
    return .done
  }

  /// Type of an ICMP message and, should it be an error, the tuple that it quotes.
  private func readICMP(_ packet: Packet) -> (UInt8, Tuple?)? {
    guard let message = ICMPView(checking: packet.transportBytes) else { return nil }
    return (message.type, quotedTuple(message.data, packet.family))
  }

  private func failed() -> ErrorTracking {
    statistics.count(.icmpError)
    statistics.count(.invalid)
    return .done
  }

  /// Whether the checksum of an ICMP or ICMPv6 message is right, or left to be finished.
  func isICMPChecksumValid(_ packet: Packet) -> Bool {
    if packet.isPartial { return true }
    let bytes = packet.transportBytes
    let sum =
      packet.family == .ipv4
      ? 0
      : Checksum.pseudoHeader(
        packet.source, packet.destination, proto: IPProtocol.icmpv6, length: bytes.byteCount)
    return Checksum.isValid(bytes, sum)
  }

  /// The tuple of the packet that an ICMP error quotes, read as it stands.
  func quotedTuple(_ quote: RawSpan, _ family: IPFamily) -> Tuple? {
    if family == .ipv4 {
      guard let header = IPv4View(quoted: quote), header.fragmentOffset == 0 else { return nil }
      return Self.tuple(
        quote.dropping(header.headerLength), .ipv4, header.proto, header.source, header.destination,
        generation)
    }
    guard let header = IPv6View(quoted: quote) else { return nil }
    let transport = header.walk()
    guard transport.isComplete, transport.fragmentOffset == 0 else { return nil }
    return Self.tuple(
      quote.dropping(transport.offset), .ipv6, transport.proto, header.source, header.destination, generation)
  }

  /// Makes room in a full table: deletes the first unassured entry near a random place. False: there is none.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, early_drop. The kernel looks at eight hash buckets; the engine,
  /// whose index has no chains, at 64 entries that lie side by side.
  func dropEarly() -> Bool {
    let capacity = conntrack.entries.capacity
    guard capacity > 0 else { return false }
    let start = Int(random.number(below: UInt64(capacity)))
    var seen = 0
    for step in 0..<min(Self.collectionStep, capacity) where seen < 64 {
      let slot = (start + step) % capacity
      guard conntrack[slot].isConfirmed, !conntrack[slot].isDying else { continue }
      seen += 1
      guard !conntrack[slot].status.contains(.assured) else { continue }
      delete(slot)
      statistics.count(.earlyDropped)
      return true
    }
    return false
  }
}
