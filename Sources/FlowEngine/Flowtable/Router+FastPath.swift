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
    let parse = FastParse(
      packet.bytes.raw, start: packet.link + EthernetView.headerLength, etherType: packet.etherType,
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
    var span = packet.bytes.mutableSpan
    var bytes = unsafe span.mutableBytes
    switch forward(found, &bytes, parse, terms()) {
    case .passUp(let reason):
      statistics.count(reason)
      return false
    case .sent(let device):
      statistics.count(.fastForwarded)
      packet.link = Int(parse.network) - EthernetView.headerLength
      emit(packet.frame(), on: device)
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
    let detail = flows.details[found >> 1]
    let side = found & 1
    let family: IPFamily = detail.hopFamily[side] == IPFamily.ipv4.rawValue ? .ipv4 : .ipv6
    transmit(packet, to: detail.nextHop[side], family, on: detail.routeDevice[side])
  }

  /// What became of a frame that hit a flow, once everything was looked after.
  enum FlowOutcome: Equatable {
    case passUp(Reason)
    case sent(UInt32)
    case waiting
  }

  /// Sends a frame through the flow direction `found`; checks routes and neighbours when they may have changed, and
  /// tears the flow down when they did.
  @inline(__always)
  func forward(_ found: Int, _ bytes: inout MutableRawSpan, _ parse: FastParse, _ terms: FlowStore.Terms)
    -> FlowOutcome
  {
    var verdict = flows.process(found, &bytes, parse, terms)
    if verdict == .check {
      guard revalidate(found) else { return .passUp(.fastStale) }
      var fresh = terms
      fresh.epoch = epoch
      verdict = flows.process(found, &bytes, parse, fresh)
    }
    switch verdict {
    case .forward(let device): return .sent(device)
    case .resolve: return .waiting
    case .check: return .passUp(.fastStale)
    case .passUp(let reason):
      if reason == .fastClosed || reason == .fastReopened { tearDown(found >> 1) }
      return .passUp(reason)
    }
  }

  /// Looks whether the route of a flow direction still holds, and finds out addresses and device anew. False: the
  /// flow was torn down.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_dst_check; the next hop's address as nf_flow_queue_xmit
  /// (7.2: read as it stands) or neigh_xmit (before: resolved) takes it.
  @inline(never)
  private func revalidate(_ found: Int) -> Bool {
    let flow = found >> 1
    let side = found & 1
    let detail = flows.details[flow]
    guard flows.pairs[flow].sides[side].transmit == .neighbour else {
      flows.pairs[flow].sides[side].epoch = epoch
      return true
    }
    let isIPv4 = flows.pairs[flow].sides[side].key.kind >> 8 & 0xff == UInt64(IPFamily.ipv4.rawValue)
    let isValid =
      isIPv4 ? routes4.isValid(detail.validity[side]) : routes6.isValid(detail.validity[side])
    guard isValid else {
      tearDown(flow)
      return false
    }
    let hopFamily: IPFamily = detail.hopFamily[side] == IPFamily.ipv4.rawValue ? .ipv4 : .ipv6
    let key = NeighbourKey(device: detail.routeDevice[side], family: hopFamily, address: detail.nextHop[side])
    let source = device(detail.routeDevice[side])?.mac ?? .zero
    if generation.resolvesNeighbours {
      let mac = usableAddress(key)
      flows.pairs[flow].sides[side].output = mac == nil ? 0 : detail.routeDevice[side]
      flows.pairs[flow].sides[side].setEthernet(to: mac ?? .zero, from: source)
    } else {
      if neighbours[key] == nil, neighbours.makeRoom() {
        neighbours[key] = Neighbour(state: .none, mac: .zero)
      }
      flows.pairs[flow].sides[side].output = detail.routeDevice[side]
      flows.pairs[flow].sides[side].setEthernet(to: neighbours[key]?.mac ?? .zero, from: source)
    }
    flows.pairs[flow].sides[side].epoch = epoch
    return true
  }
}
