// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Finds or makes the packet's entry and lets its protocol's tracker judge it. False: the packet is dropped.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, nf_conntrack_in.
  func track(_ packet: inout Packet, isOutput: Bool) -> Bool {
    guard tracks(packet.family), packet.tracking == .none, packet.entry.isNone else { return true }
    defer { noteTracking(&packet) }
    guard packet.transport >= 0, packet.fragmentOffset == 0 else { return invalidate(&packet) }
    let isICMP = packet.proto == (packet.family == .ipv4 ? IPProtocol.icmp : IPProtocol.icmpv6)
    if isICMP {
      switch trackICMPError(&packet, isOutput: isOutput) {
      case .continueTracking: break
      case .done: return true
      }
    }
    guard let tuple = tuple(of: &packet) else { return invalidate(&packet) }
    // A tracker may find that the entry is a dead connection's; then the lookup is repeated once it is gone.
    for _ in 0..<2 {
      let slot: Int
      switch resolve(tuple, &packet) {
      case .entry(let found): slot = found
      case .invalid: return invalidate(&packet)
      case .tableFull: return false
      }
      switch judge(&packet, slot, isOutput: isOutput) {
      case .accept:
        if packet.tracking == .establishedReply, !conntrack[slot].status.contains(.seenReply) {
          conntrack[slot].status.insert(.seenReply)
          conntrack[slot].pendingEvents.insert(.reply)
        }
        return true
      case .invalid: return invalidate(&packet)
      case .drop:
        statistics.count(.invalid)
        return false
      case .again:
        packet.entry = .none
        packet.tracking = .none
      }
    }
    return invalidate(&packet)
  }

  private func invalidate(_ packet: inout Packet) -> Bool {
    packet.entry = .none
    packet.tracking = .none
    statistics.count(.invalid)
    return true
  }

  /// The tuple of a packet, its zone not yet set; nil when the header is cut short.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, nf_ct_get_tuple.
  @inline(__always)
  func tuple(of packet: inout Packet) -> Tuple? {
    Self.tuple(
      packet.bytes.raw.dropping(packet.transport), packet.family, packet.proto, packet.source,
      packet.destination, generation)
  }

  /// The tuple that the transport header in `bytes` makes with the addresses.
  static func tuple(
    _ bytes: RawSpan, _ family: IPFamily, _ proto: UInt8, _ source: Address, _ destination: Address,
    _ generation: KernelGeneration
  ) -> Tuple? {
    var tuple = Tuple(family: family, proto: proto, source: source, destination: destination)
    switch proto {
    case IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp:
      guard bytes.byteCount >= 4 else { return nil }
      tuple.sourcePort = bytes.be16(0)
      tuple.destinationPort = bytes.be16(2)
    case IPProtocol.udplite where generation.tracksUDPLite:
      guard bytes.byteCount >= 4 else { return nil }
      tuple.sourcePort = bytes.be16(0)
      tuple.destinationPort = bytes.be16(2)
    case IPProtocol.icmp where family == .ipv4, IPProtocol.icmpv6 where family == .ipv6:
      guard bytes.byteCount >= 8 else { return nil }
      tuple.sourcePort = bytes.be16(4)
      tuple.destinationPort = bytes.be16(0)
    case IPProtocol.gre:
      guard let gre = GREView(checking: bytes) else { return nil }
      tuple.destinationPort = gre.callIdentifier ?? 0
    default: break
    }
    return tuple
  }

  /// The zone in effect for a direction.
  private func zone(_ packet: inout Packet, _ direction: FlowDirection) -> UInt16 {
    packet.zoneDirections & (direction == .original ? 1 : 2) != 0 ? packet.zone : 0
  }

  /// Looks the tuple up in the packet's zones; expired entries are reaped on the way.
  @inline(__always)
  func lookUp(_ tuple: Tuple, _ packet: inout Packet) -> ConntrackHit? {
    let first = zone(&packet, .original)
    if let hit = findLive(tuple.inZone(first)) { return hit }
    let second = zone(&packet, .reply)
    return second == first ? nil : findLive(tuple.inZone(second))
  }

  /// The live entry with `tuple`; an expired one is reaped.
  @inline(__always)
  package func findLive(_ tuple: Tuple) -> ConntrackHit? {
    guard let hit = conntrack.find(tuple) else { return nil }
    return conntrack[hit.slot].isExpired(now) ? findBehind(hit, tuple) : hit
  }

  /// Reaps an expired entry, and those that come after it under `tuple`, until one is live.
  @inline(never)
  private func findBehind(_ expired: ConntrackHit, _ tuple: Tuple) -> ConntrackHit? {
    delete(expired.slot)
    while let hit = conntrack.find(tuple) {
      if !conntrack[hit.slot].isExpired(now) { return hit }
      delete(hit.slot)
    }
    return nil
  }

  private enum Resolution { case entry(Int), invalid, tableFull }

  /// Attaches the entry of `tuple` to the packet, made now if there is none.
  @inline(__always)
  private func resolve(_ tuple: Tuple, _ packet: inout Packet) -> Resolution {
    guard let hit = lookUp(tuple, &packet) else { return begin(tuple, &packet) }
    packet.entry = conntrack.id(hit.slot)
    let status = conntrack[hit.slot].status
    if hit.direction == .reply {
      packet.tracking = .establishedReply
    } else if status.contains(.seenReply) {
      packet.tracking = .established
    } else {
      packet.tracking = status.contains(.expected) ? .related : .new
    }
    return .entry(hit.slot)
  }

  /// Makes an entry for the packet.
  @inline(never)
  private func begin(_ tuple: Tuple, _ packet: inout Packet) -> Resolution {
    let original = tuple.inZone(zone(&packet, .original))
    guard let inverted = original.inverted else { return .invalid }
    if conntrack.count >= conntrack.settings.maximumEntries, !dropEarly() {
      statistics.count(.tableFull)
      return .tableFull
    }
    let slot = conntrack.create(original: original, reply: inverted.inZone(zone(&packet, .reply)))
    prepare(slot, zone: packet.zone, directions: packet.zoneDirections)
    unconfirmed.append(slot)
    packet.entry = conntrack.id(slot)
    packet.tracking = meetExpectation(slot) ? .related : .new
    return .entry(slot)
  }

  /// Makes a new entry the child of the one that expects it. False: none does.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, init_conntrack.
  private func meetExpectation(_ slot: Int) -> Bool {
    guard !expectations.isEmpty else { return false }
    let expectation = expectations.take(conntrack[slot].original, now: now.nanoseconds) { id in
      conntrack.slot(id).map { conntrack[$0].isConfirmed && !conntrack[$0].isDying } ?? false
    }
    guard let expectation, let master = conntrack.slot(expectation.master) else { return false }
    conntrack[slot].status.insert(.expected)
    conntrack[slot].master = expectation.master
    conntrack[slot].mark = conntrack[master].mark
    return true
  }

  /// Gives a new entry its zone and the extensions that the settings ask for.
  package func prepare(_ slot: Int, zone: UInt16, directions: UInt8) {
    conntrack[slot].zone = zone
    conntrack[slot].zoneDirections = directions
    var extensions = conntrack[slot].extensions
    if conntrack.settings.accounting { extensions.insert(.accounting) }
    if conntrack.settings.timestamps { extensions.insert(.timestamps) }
    if conntrack.usesLabels { extensions.insert(.labels) }
    if conntrack.settings.events == 1 || (conntrack.settings.events == 2 && conntrack.isListening) {
      extensions.insert(.events)
    }
    conntrack[slot].extensions = extensions
  }

  enum TrackerVerdict { case accept, invalid, drop, again }

  /// Lets the protocol's tracker judge the packet.
  @inline(__always)
  private func judge(_ packet: inout Packet, _ slot: Int, isOutput: Bool) -> TrackerVerdict {
    switch packet.proto {
    case IPProtocol.tcp: return trackTCP(&packet, slot, isOutput: isOutput)
    case IPProtocol.udp, IPProtocol.udplite:
      if packet.proto == IPProtocol.udplite, !generation.tracksUDPLite { break }
      return trackUDP(&packet, slot, isOutput: isOutput)
    case IPProtocol.sctp: return trackSCTP(&packet, slot, isOutput: isOutput)
    case IPProtocol.icmp where packet.family == .ipv4:
      return trackQuery(&packet, slot, conntrack.settings.icmpTimeout)
    case IPProtocol.icmpv6 where packet.family == .ipv6:
      return trackQuery(&packet, slot, conntrack.settings.icmpv6Timeout)
    case IPProtocol.gre: return trackGRE(&packet, slot)
    default: break
    }
    refresh(slot, conntrack.settings.genericTimeout, packet.direction, octets: packet.length)
    return .accept
  }

  /// Gives the entry so many seconds from now, and counts the packet.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, __nf_ct_refresh_acct.
  @inline(__always)
  func refresh(_ slot: Int, _ seconds: UInt64, _ direction: FlowDirection, octets: Int) {
    if !conntrack[slot].status.contains(.fixedTimeout) {
      let base = conntrack[slot].isConfirmed ? now : Instant(nanoseconds: 0)
      conntrack[slot].deadline = base.adding(seconds: seconds).nanoseconds
    }
    account(slot, direction, octets: octets)
  }

  /// Counts one packet of the entry, when it has counters.
  @inline(__always)
  func account(_ slot: Int, _ direction: FlowDirection, octets: Int) {
    guard conntrack[slot].extensions.contains(.accounting) else { return }
    conntrack[slot].packets[Int(direction.rawValue)] &+= 1
    conntrack[slot].bytes[Int(direction.rawValue)] &+= UInt64(octets)
  }

  /// Packets and octets of an entry by direction, what its flow has not yet handed over included.
  package func counters(_ slot: Int) -> (packets: [2 of UInt64], bytes: [2 of UInt64]) {
    var packets = conntrack[slot].packets
    var bytes = conntrack[slot].bytes
    if conntrack[slot].flow != 0, conntrack[slot].extensions.contains(.accounting) {
      let pair = flows.pairs[Int(conntrack[slot].flow) - 1]
      for side in 0..<2 {
        packets[side] &+= UInt64(pair.sides[side].packets)
        bytes[side] &+= pair.sides[side].bytes
      }
    }
    return (packets, bytes)
  }

  /// Puts the packet's new entry into the table, and reports what changed. False: the packet is dropped.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm.
  @inline(__always)
  func confirm(_ packet: inout Packet) -> Bool {
    guard let slot = conntrack.slot(packet.entry) else { return true }
    guard conntrack[slot].isConfirmed else { return confirm(slot, &packet) }
    deliverEvents(slot)
    return true
  }

  @inline(never)
  private func confirm(_ slot: Int, _ packet: inout Packet) -> Bool {
    guard packet.direction == .original else { return true }
    if conntrack[slot].isDying { return false }
    for direction in [FlowDirection.original, .reply] {
      if let hit = findLive(conntrack[slot].tuple(direction)) {
        return resolveClash(slot, hit, direction, &packet)
      }
    }
    conntrack[slot].deadline = now.adding(nanoseconds: conntrack[slot].deadline).nanoseconds
    if conntrack[slot].extensions.contains(.timestamps) { conntrack[slot].startTime = wallClock }
    conntrack.insert(slot)
    statistics.count(.inserted)
    conntrack[slot].pendingEvents.insert(conntrack[slot].master.isNone ? .new : .related)
    deliverEvents(slot)
    return true
  }

  /// Two packets of one new flow, or a translation that took another's tuple: who stays.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, nf_ct_resolve_clash.
  private func resolveClash(
    _ slot: Int, _ hit: ConntrackHit, _ direction: FlowDirection, _ packet: inout Packet
  ) -> Bool {
    let loser = conntrack[slot]
    let winner = conntrack[hit.slot]
    let allowsClash = loser.proto != IPProtocol.tcp && loser.proto != IPProtocol.sctp
    let isSame = winner.original == loser.original && winner.reply == loser.reply
    let isMirror = winner.original == loser.reply && winner.reply == loser.original
    guard allowsClash, isSame || isMirror else { return false }
    account(hit.slot, isMirror ? .reply : .original, octets: packet.length)
    packet.entry = conntrack.id(hit.slot)
    packet.tracking = isMirror ? .establishedReply : winner.status.contains(.seenReply) ? .established : .new
    statistics.count(.clashResolved)
    return true
  }

  /// Hands over what changed about a confirmed entry.
  @inline(__always)
  package func deliverEvents(_ slot: Int, portID: UInt32 = 0) {
    guard conntrack[slot].isConfirmed, !conntrack[slot].pendingEvents.isEmpty else { return }
    deliverPending(slot, portID)
  }

  @inline(never)
  private func deliverPending(_ slot: Int, _ portID: UInt32) {
    let changes = conntrack[slot].pendingEvents.intersection(conntrack[slot].eventMask)
    conntrack[slot].pendingEvents = []
    guard conntrack.isListening, conntrack[slot].extensions.contains(.events), !changes.isEmpty else {
      return
    }
    let isNew = !changes.isDisjoint(with: [.new, .related])
    report(isNew ? .new : .update, changes, slot, portID)
  }

  private func report(_ kind: ConntrackEvent.Kind, _ changes: ConntrackEvents, _ slot: Int, _ portID: UInt32)
  {
    var entry = conntrack[slot]
    let counters = counters(slot)
    entry.packets = counters.packets
    entry.bytes = counters.bytes
    conntrack.events.append(
      ConntrackEvent(
        kind: kind, changes: changes, entry: entry, slot: slot, time: now, wallClock: wallClock,
        portID: portID))
  }

  /// Removes an entry at once; its slot is freed when the present frame is done with. Its flow is found no more.
  package func delete(_ slot: Int, portID: UInt32 = 0) {
    let entry = conntrack[slot]
    guard entry.isConfirmed, !entry.isDying else { return }
    transferCounters(slot)
    conntrack.unlink(slot)
    if conntrack.isListening, entry.extensions.contains(.events), entry.eventMask.contains(.destroy) {
      report(.destroy, .destroy, slot, portID)
    }
    if entry.flow != 0 { markDying(Int(entry.flow) - 1) }
    conntrack[slot].isCondemned = true
    condemned.append(slot)
  }
}
