// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What stands behind the device of a route: how frames of one direction leave, and how those of the other arrive.
struct ForwardPath {
  /// The device that frames really arrive and leave by.
  var lowest: UInt32
  /// The device that a direct transmission puts frames on.
  var exit: UInt32
  /// Encapsulations of arriving frames, outermost first, as in ``FlowKey/encapsulation``.
  var encapsulation: UInt64 = 0
  /// Addresses and device are frozen; routes and neighbours are not looked at again.
  var isDirect = false
  var source = MACAddress.zero
  var destination = MACAddress.zero
  /// The tunnel on the way.
  var tunnel: TunnelEnds?

  init(device: UInt32) {
    lowest = device
    exit = device
  }

  /// Headers, innermost first, as in ``FlowKey/encapsulation``.
  static func stacked(_ headers: [(id: UInt16, type: UInt16)]) -> UInt64 {
    var result: UInt64 = 0
    for (position, header) in headers.reversed().enumerated() {
      result |= (UInt64(header.id) << 16 | UInt64(header.type)) << (position == 0 ? 32 : 0)
    }
    return result
  }
}

/// What is collected on the way down.
private struct PathWalk {
  /// Innermost first.
  var encapsulations: [(id: UInt16, type: UInt16)] = []
  var firstUpper: UInt32 = 0
  var tunnel: TunnelEnds?
  var hasBridge = false
  var hasSession = false
  var source = MACAddress.zero
  var destination = MACAddress.zero
}

extension Router {
  /// The path of one direction, or nil when the flow is refused for want of one.
  ///
  /// Source: net/netfilter/nf_flow_table_path.c, nft_dev_forward_path; before 7.2 a direction without a path goes by
  /// its route's device.
  func path(
    _ route: Route, _ slot: Int, _ direction: FlowDirection, _ flowtable: Flowtable
  ) -> ForwardPath? {
    let hop = route.gateway ?? conntrack[slot].tuple(direction.opposite).source
    let family = route.gateway == nil ? conntrack[slot].original.family : route.gatewayFamily
    if var found = discoverPath(route.device, hop, family), flowtable.devices.contains(found.lowest) {
      if flowtable.offloadsToHardware, device(found.lowest)?.isEthernet == true { found.isDirect = true }
      return found
    }
    return generation.offloadsWithoutPath ? ForwardPath(device: route.device) : nil
  }

  /// Source: net/core/dev.c, dev_fill_forward_path; nft_dev_path_info.
  private func discoverPath(_ start: UInt32, _ hop: Address, _ family: IPFamily) -> ForwardPath? {
    guard let link = links[start] else { return nil }
    var destination = MACAddress.zero
    if link.isEthernet {
      let neighbour = neighbours.knownOrNew(NeighbourKey(device: start, family: family, address: hop))
      guard neighbour.state.isValid else { return nil }
      destination = neighbour.mac
    }
    // Nothing is below a port.
    if link.isPort {
      var path = ForwardPath(device: start)
      path.source = link.mac
      path.destination = destination
      return path
    }
    guard var current = device(start) else { return nil }
    var walk = PathWalk()
    walk.destination = destination
    var depth = 0
    while let next = step(down: current, &walk) {
      depth += 1
      guard next != 0, depth < 5, let lower = device(next) else { return nil }
      current = lower
    }
    if walk.source == .zero { walk.source = current.mac }
    guard walk.encapsulations.count <= 2 else { return nil }
    var path = ForwardPath(device: current.index)
    path.encapsulation = ForwardPath.stacked(walk.encapsulations)
    path.isDirect = walk.hasBridge || (walk.hasSession && !generation.offloadsWithoutPath)
    path.source = walk.source
    path.destination = walk.destination
    path.tunnel = walk.tunnel
    if generation.offloadsWithoutPath, walk.firstUpper != 0 { path.exit = walk.firstUpper }
    return path
  }

  /// The device below, 0 when the path is refused there, or nil at the lowest.
  private func step(down current: Device, _ walk: inout PathWalk) -> UInt32? {
    if walk.source == .zero, current.isEthernet { walk.source = current.mac }
    switch current.kind {
    case .port, .loopback: return nil
    case .tunnel(let ends):
      guard generation.acceleratesTunnels else { return nil }
      guard walk.tunnel == nil, let route = lookUpRoute(ends.family, ends.remote), route.type == .unicast
      else { return 0 }
      walk.tunnel = ends
      return route.device
    case .vlan(let link):
      walk.encapsulations.append((link.id, link.type))
      if walk.firstUpper == 0 { walk.firstUpper = current.index }
      return link.parent
    case .pppoe(let session):
      walk.encapsulations.append((session.session, EtherType.pppoeSession))
      walk.destination = session.remote
      walk.hasSession = true
      if walk.firstUpper == 0 { walk.firstUpper = current.index }
      return session.parent
    case .bridge:
      guard let bridge = bridges[current.index], current.master == 0 else { return 0 }
      walk.hasBridge = true
      return step(through: bridge, current.index, &walk)
    }
  }

  /// Source: net/bridge/br_device.c, br_fill_forward_path; net/bridge/br_vlan.c, br_vlan_fill_forward_path_mode.
  private func step(through bridge: Bridge, _ index: UInt32, _ walk: inout PathWalk) -> UInt32 {
    guard bridge.filtersVLANs else {
      return bridge.station(walk.destination, vlan: 0, at: now)?.port ?? 0
    }
    let isTagged = walk.encapsulations.last?.type == EtherType.vlan
    let vlan = (isTagged ? walk.encapsulations.last?.id : bridge.primary[index]) ?? 0
    guard let port = bridge.station(walk.destination, vlan: vlan, at: now)?.port,
      let leavesUntagged = bridge.members[port]?[vlan]
    else { return 0 }
    if isTagged, leavesUntagged {
      walk.encapsulations.removeLast()
    } else if !isTagged, !leavesUntagged {
      walk.encapsulations.append((vlan, EtherType.vlan))
    }
    return port
  }

  /// Says in a flow's way how its frames leave.
  func setExit(_ way: inout FlowWay, _ path: ForwardPath) {
    way.output = generation.offloadsWithoutPath && !path.isDirect ? way.routeDevice : path.exit
    if path.isDirect {
      way.transmit = .direct
      way.destination = path.destination
      way.source = path.source
    }
    if !generation.offloadsWithoutPath { way.encapsulation = path.encapsulation }
  }

  /// Sends a frame that the fast path rewrote, with frozen addresses, on the upper device that stands for the stack.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_queue_xmit, before 7.2.
  func sendDirect(_ packet: inout Packet, _ way: FlowWay) {
    guard let output = device(way.output) else { return statistics.count(.deviceDown) }
    guard output.isEthernet else { return transmitHeaderless(packet, on: output) }
    emit(&packet, to: way.destination, from: way.source, on: output.index)
  }

  /// What a stack of VLAN and PPPoE devices makes of every frame, so that the fast path can do it: lowest device,
  /// encapsulations, addresses. False: the stack does not treat all frames alike, or cannot send now.
  func flatten(_ way: FlowWay, _ path: inout FlowPath) -> Bool {
    guard var current = device(way.routeDevice) else { return false }
    var headers: [(id: UInt16, type: UInt16)] = []
    var addresses: (destination: MACAddress, source: MACAddress)?
    while current.isUp, !ruleset.hasEgress(device: current.index) || current.kind == .port {
      let below: UInt32
      if current.isEthernet, addresses == nil {
        let key = NeighbourKey(device: way.routeDevice, family: way.hopFamily, address: way.nextHop)
        guard let mac = usableAddress(key) else { return false }
        addresses = (mac, current.mac)
      }
      switch current.kind {
      case .port:
        guard headers.count <= 2, let addresses else { return false }
        path.output = current.index
        path.setLink(
          to: addresses.destination, from: addresses.source, ForwardPath.stacked(headers), way.family)
        return true
      case .vlan(let link):
        headers.append((link.id, link.type))
        below = link.parent
      case .pppoe(let session):
        guard let parent = device(session.parent) else { return false }
        headers.append((session.session, EtherType.pppoeSession))
        addresses = (session.remote, parent.mac)
        below = session.parent
      case .loopback, .bridge, .tunnel: return false
      }
      guard let lower = device(below) else { return false }
      current = lower
    }
    return false
  }
}
