// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// What the rules of a flowtable that counts, or does not, are just now.
  func terms(counts: Bool) -> FlowStore.Terms {
    FlowStore.Terms(
      now: now.nanoseconds,
      timeouts: [
        conntrack.settings.flowtableTCPTimeout &* Instant.second,
        conntrack.settings.flowtableUDPTimeout &* Instant.second, 30 * Instant.second,
      ],
      epoch: epoch, closesOnClassicPath: generation.closesOnClassicPath, counts: counts)
  }

  /// Sends a packet through a flow of the flowtable, if there is one for it. False: it goes on unmodified.
  func forwardFast(_ packet: inout Packet, _ flowtable: Flowtable) -> Bool {
    var parse = FastParse(
      packet.bytes.raw, start: packet.network, etherType: packet.etherType,
      vlanTag: packet.vlanTag, device: packet.input, FastTable(flowtable), seed: flows.seed)
    if parse.reason == .fastProtocol, !tunnels.isEmpty,
      let inner = parseTunnelled(packet, parse, flowtable)
    {
      parse = inner
    }
    guard parse.reason == .fastForwarded else {
      statistics.count(parse.reason)
      note(.flowtable(flowtable.id, parse.reason))
      return false
    }
    let found = flows.find(parse.key, parse.hash)
    guard found >= 0 else {
      statistics.count(.fastMissed)
      note(.flowtable(flowtable.id, .fastMissed))
      return false
    }
    noteFlow(found)
    if !packet.offload.isNone { parse.take(packet.offload, packet.bytes.raw) }
    let terms = terms(counts: flowtable.counts)
    // Hardware is asked again whenever software has moved a flow's time.
    let before = hardware.exists ? flows.deadline(found) : 0
    defer { if hardware.exists, flows.deadline(found) != before { refreshHardware(found >> 1) } }
    var span = packet.bytes.mutableSpan
    var bytes = unsafe span.mutableBytes
    // Safe: both outlive the call.
    var verdict = unsafe withUnsafePointer(to: parse) { parse in
      unsafe withUnsafePointer(to: terms) { unsafe flows.process(found, &bytes, parse, $0) }
    }
    if verdict == .check { verdict = forwardChecked(found, &bytes, parse, terms) }
    switch verdict {
    case .passUp, .check:
      let reason = noteRefusal(verdict, found)
      statistics.count(reason)
      note(.flowtable(flowtable.id, reason))
      return false
    case .forward(let device, let start, _):
      statistics.count(.fastForwarded)
      note(.flowtable(flowtable.id, .fastForwarded))
      packet.link = start
      emit(packet.frame(), packet.frameOffload, on: device)
    case .resolve:
      statistics.count(.fastForwarded)
      note(.flowtable(flowtable.id, .fastForwarded))
      sendResolving(&packet, found, parse)
    }
    return true
  }

  /// Hands a frame that the fast path rewrote to the classic path's output, which finds out the next hop's address. If that is
  /// not to be had, those alone are told whose frame had the receiving device's own address: no one behind a bridge's port.
  @inline(never)
  func sendResolving(_ packet: inout Packet, _ found: Int, _ parse: FastParse) {
    packet.network = Int(parse.network)
    packet.family = parse.family
    packet.etherType = parse.family.ethertype
    packet.proto = parse.proto
    packet.transport = packet.network + parse.family.headerLength
    packet.vlanTag = 0
    let way = flows.paths[flows.pairs[found >> 1].sides[found & 1].path].way
    if way.tunnelFamily != 0 { return sendTunnelled(packet, way) }
    if way.transmit == .direct { return sendDirect(&packet, way) }
    transmit(&packet, to: way.nextHop, way.hopFamily, on: way.routeDevice)
  }

  /// Sends a frame through the flow direction `found` once more, after routes and neighbours were looked at again.
  @inline(never)
  func forwardChecked(
    _ found: Int, _ bytes: inout MutableRawSpan, _ parse: FastParse, _ terms: FlowStore.Terms
  ) -> FastVerdict {
    revalidate(flows.pairs[found >> 1].sides[found & 1].path)
    var fresh = terms
    fresh.epoch = epoch
    // Safe: both are copies that live until the call is over.
    return unsafe withUnsafePointer(to: parse) { parse in
      unsafe withUnsafePointer(to: fresh) { unsafe flows.process(found, &bytes, parse, $0) }
    }
  }

  /// What a frame that was not forwarded does to its flow: torn down, unless the frame was too big only.
  /// - Returns: why the frame goes the classic way.
  func noteRefusal(_ verdict: FastVerdict, _ found: Int) -> Reason {
    guard case .passUp(let reason) = verdict else { return .fastStale }
    if reason != .fastTooBig { tearDown(found >> 1) }
    return reason
  }

  /// Looks whether the route of a path still holds, and finds out anew how its frames leave.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_dst_check; the next hop's address as nf_flow_queue_xmit
  /// (7.2: read as it stands) or neigh_xmit (before: resolved) takes it.
  @inline(never)
  private func revalidate(_ number: UInt32) {
    let way = flows.paths[number].way
    var path = flows.paths[number]
    path.output = way.output
    path.exit = .device
    if way.tunnelFamily != 0 {
      path.exit = holds(way.validity, way.family) ? .unresolved : .stale
    } else if way.transmit == .direct {
      path.setLink(to: way.destination, from: way.source, way.encapsulation, way.family)
      // Before 7.2 an upper device may stand for the stack and sends the frame its own way.
      if device(way.output)?.kind != .port { path.exit = .unresolved }
    } else if !holds(way.validity, way.family) {
      path.exit = .stale
    } else if generation.resolvesNeighbours, device(way.routeDevice)?.kind != .port {
      path.exit = flatten(way, &path) ? .device : .unresolved
    } else {
      let key = NeighbourKey(device: way.routeDevice, family: way.hopFamily, address: way.nextHop)
      let source = device(way.output)?.mac ?? .zero
      if generation.resolvesNeighbours {
        let mac = usableAddress(key)
        if mac == nil { path.exit = .unresolved }
        path.setLink(to: mac ?? .zero, from: source, way.encapsulation, way.family)
      } else {
        path.setLink(to: neighbours.knownOrNew(key).mac, from: source, way.encapsulation, way.family)
      }
    }
    path.hasEgress = ruleset.hasEgress(device: path.output)
    // Looking a stale neighbour up begins a new epoch.
    path.settle(at: epoch)
    flows.paths[number] = path
  }

  /// Whether a decision of either family's routing still holds.
  private func holds(_ validity: RouteValidity, _ family: IPFamily) -> Bool {
    family == .ipv4 ? routes4.isValid(validity) : routes6.isValid(validity)
  }
}
