// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Makes a flow of the packet's conntrack entry. False: refused, the rule stops here.
  ///
  /// Source: net/netfilter/nft_flow_offload.c, nft_flow_offload_eval.
  func addFlow(_ packet: inout Packet, to number: UInt32) -> Bool {
    guard let slot = conntrack.slot(packet.entry) else { return refuse(number, .untracked) }
    if let reason = refusal(&packet, slot) { return refuse(number, reason) }
    guard let flowtable = flowtables[number] else { return refuse(number, .noFlowtable) }
    conntrack[slot].status.insert(.offload)
    guard let route = packet.route, let back = reverseRoute(&packet, slot) else {
      conntrack[slot].status.remove(.offload)
      return refuse(number, .noRoute)
    }
    guard let path = path(route, slot, packet.direction, flowtable),
      let backPath = self.path(back, slot, packet.direction.opposite, flowtable)
    else {
      conntrack[slot].status.remove(.offload)
      return refuse(number, .noPath)
    }
    guard !conntrack[slot].isDying else {
      conntrack[slot].status.remove(.offload)
      return refuse(number, .dying)
    }
    if packet.direction == .original {
      insertFlow(slot, (route, path), (back, backPath), flowtable, mark: packet.mark)
    } else {
      insertFlow(slot, (back, backPath), (route, path), flowtable, mark: packet.mark)
    }
    statistics.count(.flowAdded)
    note(.flowAdded(number))
    return true
  }

  private func refuse(_ number: UInt32, _ reason: OffloadRefusal) -> Bool {
    statistics.count(.flowRefused)
    note(.flowRefused(number, reason))
    return false
  }

  /// The checks that need no route, in the kernel's order; nil: none speaks against it.
  private func refusal(_ packet: inout Packet, _ slot: Int) -> OffloadRefusal? {
    if packet.family == .ipv4, packet.hasOptions { return .options }
    switch conntrack[slot].proto {
    case IPProtocol.tcp:
      guard packet.transport >= 0, packet.transport + TCPView.minimumLength <= packet.bytes.count else {
        return .noHeader
      }
      let flags = TCPFlags(rawValue: packet.bytes[packet.transport + 13])
      guard flags.isDisjoint(with: [.fin, .rst]) else { return .closing }
      guard conntrack[slot].tcp.state == .established, conntrack[slot].status.contains(.assured) else {
        return .notEstablished
      }
    case IPProtocol.udp: break
    case IPProtocol.gre:
      guard conntrack[slot].status.isDisjoint(with: .anyNAT), conntrack[slot].original.sourcePort == 0,
        conntrack[slot].original.destinationPort == 0
      else { return .translatedGRE }
    default: return .unsupportedProtocol
    }
    if conntrack[slot].extensions.contains(.helper) { return .helper }
    let status = conntrack[slot].status
    if status.contains(.sequenceAdjusted) { return .sequenceAdjusted }
    if status.contains(.clash) { return .clash }
    guard status.contains(.confirmed) else { return .unconfirmed }
    return status.contains(.offload) ? .alreadyOffloaded : nil
  }

  /// The route of the other direction: to this direction's real source, through the device that the packet came
  /// in on, whatever else the tables say. Rules meet it as a packet of the router's own with this packet's mark.
  ///
  /// Source: net/netfilter/nft_flow_offload.c, nft_flow_route; net/ipv4/route.c, ip_route_output_key_hash_rcu.
  private func reverseRoute(_ packet: inout Packet, _ slot: Int) -> Route? {
    let destination = conntrack[slot].tuple(packet.direction).source
    let source = conntrack[slot].tuple(packet.direction.opposite).source
    let preferred = lookUpRoute(
      packet.family, destination, from: source, mark: packet.mark, device: packet.input)
    if let preferred, !preferred.type.isRefusal { return preferred }
    if packet.family == .ipv6 {
      return rules6.decide || preferred != nil ? nil : lookUpRoute(.ipv6, destination)
    }
    return Route(
      type: .unicast, device: packet.input, gateway: nil, gatewayFamily: .ipv4, mtu: 0, preferredSource: nil,
      validity: routes4.allValidity)
  }

  /// Makes the flow of an entry from the route and path of either direction's packets.
  private func insertFlow(
    _ slot: Int, _ original: (route: Route, path: ForwardPath), _ reply: (route: Route, path: ForwardPath),
    _ flowtable: Flowtable, mark: UInt32
  ) {
    var detail = FlowDetail()
    detail.entry = conntrack.id(slot)
    detail.flowtable = flowtable.id
    // Both keys first, so that their buckets are in the cache when the flow is added.
    var forth = side(.original, of: slot, from: reply.path, flowtable)
    var back = side(.reply, of: slot, from: original.path, flowtable)
    forth.path = way(.original, of: slot, original.route, original.path, mark)
    back.path = way(.reply, of: slot, reply.route, reply.path, mark)
    let added = flows.insert(forth, back, detail)
    if conntrack[slot].proto == IPProtocol.tcp {
      conntrack[slot].tcp[.original].flags.insert(.liberal)
      conntrack[slot].tcp[.reply].flags.insert(.liberal)
    }
    let day = 86_400 * Instant.second
    if generation.keepsLongTimeouts {
      if conntrack[slot].remaining(now) < day / 2 {
        conntrack[slot].deadline = now.adding(nanoseconds: day).nanoseconds
      }
    } else if !conntrack[slot].status.contains(.fixedTimeout) {
      conntrack[slot].deadline = now.adding(nanoseconds: day).nanoseconds
    }
    conntrack[slot].flow = UInt32(added + 1)
    if flowtable.offloadsToHardware { beginHardware(added) }
  }

  /// One direction of a new flow, without its path: its packets come the way that `back` describes.
  private func side(
    _ direction: FlowDirection, of slot: Int, from back: ForwardPath, _ flowtable: Flowtable
  ) -> FlowEntry {
    let tuple = conntrack[slot].tuple(direction)
    let hasPorts = tuple.proto == IPProtocol.tcp || tuple.proto == IPProtocol.udp
    var key = FlowKey(
      tuple.family, proto: tuple.proto, source: tuple.source, destination: tuple.destination,
      sourcePort: hasPorts ? tuple.sourcePort : 0, destinationPort: hasPorts ? tuple.destinationPort : 0,
      device: back.lowest)
    key.encapsulation = back.encapsulation
    key.kind |= UInt64(flowtable.id) << 32
    if let ends = back.tunnel { key.kind |= tunnelNumber(ends) << 16 }
    flows.fetchBucket(of: key)
    var one = FlowEntry(key: key)
    one.deadline = now.adding(seconds: flowTimeout(tuple.proto)).nanoseconds
    translate(&one, slot, direction)
    return one
  }

  /// The number of the way of one direction, whose packets leave by `route` and `path`, counted once more.
  private func way(
    _ direction: FlowDirection, of slot: Int, _ route: Route, _ path: ForwardPath, _ mark: UInt32
  ) -> UInt32 {
    let family = conntrack[slot].original.family
    var way = FlowWay()
    way.family = family
    way.mtu = UInt16(clamping: mtu(of: route))
    way.routeDevice = route.device
    setExit(&way, path)
    way.validity = route.validity
    // From 7.2 on the fast path knows gateways of the packet's own family only, and takes the destination for the next hop
    // of others.
    let knowsGateway = generation.resolvesNeighbours || route.gatewayFamily == family
    if knowsGateway, let gateway = route.gateway {
      way.nextHop = gateway
      way.hopFamily = route.gatewayFamily
    } else {
      way.nextHop = conntrack[slot].tuple(direction.opposite).source
      way.hopFamily = family
    }
    if let ends = path.tunnel { enter(ends, &way, mark) }
    return flows.paths.intern(way)
  }

  /// Has a direction's packets go through a tunnel: the route that counts is the one to its other end.
  ///
  /// Source: net/netfilter/nf_flow_table_path.c, nft_flow_tunnel_update_route.
  private func enter(_ ends: TunnelEnds, _ way: inout FlowWay, _ mark: UInt32) {
    guard let route = lookUpRoute(ends.family, ends.remote, from: ends.local, mark: mark),
      !route.type.isRefusal
    else { return }
    way.family = ends.family
    way.tunnelFamily = ends.family.rawValue
    way.tunnelSource = ends.local
    way.tunnelDestination = ends.remote
    way.mtu = UInt16(clamping: mtu(of: route) - ends.family.headerLength)
    way.mayBeCut = route.isPathMTULocked
    way.routeDevice = route.device
    way.validity = route.validity
    way.nextHop = route.gateway ?? ends.remote
    way.hopFamily = route.gateway == nil ? ends.family : route.gatewayFamily
  }

  /// What a direction's packets look like behind the translation.
  private func translate(
    _ one: inout FlowEntry, _ slot: Int, _ direction: FlowDirection
  ) {
    let status = conntrack[slot].status
    guard !status.isDisjoint(with: .anyNAT) else { return }
    let other = conntrack[slot].tuple(direction.opposite)
    var after = conntrack[slot].tuple(direction)
    let changesSource = status.contains(direction == .original ? .sourceNAT : .destinationNAT)
    let changesDestination = status.contains(direction == .original ? .destinationNAT : .sourceNAT)
    if changesSource {
      after.source = other.destination
      after.sourcePort = other.destinationPort
    }
    if changesDestination {
      after.destination = other.source
      after.destinationPort = other.sourcePort
    }
    one.translate(
      source: after.source, sourcePort: after.sourcePort, destination: after.destination,
      destinationPort: after.destinationPort)
  }

  /// Seconds of idleness that end a flow.
  func flowTimeout(_ proto: UInt8) -> UInt64 {
    switch proto {
    case IPProtocol.tcp: conntrack.settings.flowtableTCPTimeout
    case IPProtocol.udp: conntrack.settings.flowtableUDPTimeout
    default: 30
    }
  }
}
