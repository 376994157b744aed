// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// What the flowtables' rules are just now.
  func terms() -> FlowStore.Terms {
    FlowStore.Terms(
      now: now.nanoseconds,
      tcpTimeout: conntrack.settings.flowtableTCPTimeout &* Instant.second,
      udpTimeout: conntrack.settings.flowtableUDPTimeout &* Instant.second,
      greTimeout: 30 * Instant.second, epoch: epoch, closesOnClassicPath: generation.closesOnClassicPath)
  }

  /// Sends a packet through a flow of the flowtable, if there is one for it. False: it goes on unmodified.
  func forwardFast(_ packet: inout Packet, _ flowtable: Flowtable) -> Bool {
    var parse = FastParse(
      packet.bytes.raw, start: packet.network, etherType: packet.etherType,
      vlanTag: packet.vlanTag, device: packet.input, FastTable(flowtable), seed: flows.seed)
    guard parse.reason == .fastForwarded else {
      statistics.count(parse.reason)
      return false
    }
    let found = flows.find(parse.key, parse.hash)
    guard found >= 0 else {
      statistics.count(.fastMissed)
      return false
    }
    if !packet.offload.isNone { parse.take(packet.offload, packet.bytes.raw) }
    var span = packet.bytes.mutableSpan
    var bytes = unsafe span.mutableBytes
    switch forward(found, &bytes, parse, terms()) {
    case .passUp(let reason):
      statistics.count(reason)
      return false
    case .sent(let device, let start):
      statistics.count(.fastForwarded)
      packet.link = start
      emit(packet.frame(), packet.frameOffload, on: device)
    case .waiting:
      statistics.count(.fastForwarded)
      sendResolving(&packet, found, parse)
    }
    return true
  }

  /// Hands a frame that the fast path rewrote to the classic path's output, which finds out the next hop's address.
  @inline(never)
  func sendResolving(_ packet: inout Packet, _ found: Int, _ parse: FastParse) {
    packet.network = Int(parse.network)
    packet.family = parse.family
    packet.etherType = parse.family.ethertype
    packet.proto = parse.proto
    packet.transport = packet.network + parse.family.headerLength
    packet.type = .host
    packet.vlanTag = 0
    let way = flows.paths[flows.pairs[found >> 1].sides[found & 1].path].way
    if way.transmit == .direct { return sendDirect(&packet, way) }
    transmit(packet, to: way.nextHop, way.hopFamily, on: way.routeDevice)
  }

  /// What became of a frame that hit a flow, once everything was looked after.
  enum FlowOutcome: Equatable {
    case passUp(Reason)
    /// Sent on the device, from the Ethernet header at `start` on.
    case sent(UInt32, start: Int)
    case waiting
  }

  /// Sends a frame through the flow direction `found`; checks routes and neighbours when they may have changed, and
  /// tears the flow down when they did.
  @inline(__always)
  func forward(_ found: Int, _ bytes: inout MutableRawSpan, _ parse: FastParse, _ terms: FlowStore.Terms)
    -> FlowOutcome
  {
    // Hardware is asked again whenever software has moved a flow's time.
    let before = hardware.exists ? flows.deadline(found) : 0
    defer { if hardware.exists, flows.deadline(found) != before { refreshHardware(found >> 1) } }
    var verdict = flows.process(found, &bytes, parse, terms)
    if verdict == .check {
      revalidate(flows.pairs[found >> 1].sides[found & 1].path)
      var fresh = terms
      fresh.epoch = epoch
      verdict = flows.process(found, &bytes, parse, fresh)
    }
    switch verdict {
    case .forward(let device, let start): return .sent(device, start: start)
    case .resolve: return .waiting
    case .check: return .passUp(.fastStale)
    case .passUp(let reason):
      if reason != .fastTooBig { tearDown(found >> 1) }
      return .passUp(reason)
    }
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
    path.encapsulation = way.encapsulation
    path.exit = .device
    if way.transmit == .direct {
      path.setEthernet(to: way.destination, from: way.source)
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
        path.setEthernet(to: mac ?? .zero, from: source)
      } else {
        if neighbours[key] == nil, neighbours.makeRoom() {
          neighbours[key] = Neighbour(state: .none, mac: .zero)
        }
        path.setEthernet(to: neighbours[key]?.mac ?? .zero, from: source)
      }
    }
    // Looking a stale neighbour up begins a new epoch.
    path.epoch = epoch
    flows.paths[number] = path
  }

  /// Whether a decision of either family's routing still holds.
  private func holds(_ validity: RouteValidity, _ family: IPFamily) -> Bool {
    family == .ipv4 ? routes4.isValid(validity) : routes6.isValid(validity)
  }
}
