// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Forwards a packet whose route is known: TTL, MTU, the forward hook, then on its way out.
  ///
  /// Source: net/ipv4/ip_forward.c, ip_forward; net/ipv6/ip6_output.c, ip6_forward.
  func forward(_ packet: inout Packet) {
    guard packet.family == .ipv4 ? sysctls.forwards4 : sysctls.forwards6, packet.type == .host,
      let device = packet.route?.device
    else { return statistics.count(.otherHost) }
    guard packet.timeToLive > 1 else {
      statistics.count(.timeExceeded)
      let type = packet.family == .ipv4 ? ICMPType.timeExceeded : ICMPv6Type.timeExceeded
      return sendError(packet, type: type, code: 0)
    }
    if packet.family == .ipv6, packet.source.isIPv6LinkLocal {
      return sendError(packet, type: ICMPv6Type.destinationUnreachable, code: 2)
    }
    let mtu = mtu(&packet)
    if exceeds(&packet, mtu) { return refuseTooBig(packet, mtu) }
    packet.decrementTimeToLive()
    packet.output = device
    note(.hook(.forward))
    guard runRules(.forward, &packet) else { return }
    if packet.hasChangedOptions, let route = packet.route { finishOptions(&packet, route) }
    statistics.count(.classicForwarded)
    postrouting(&packet)
  }

  /// Whether a packet is larger than the path and may not be fragmented here.
  ///
  /// Source: net/ipv4/ip_forward.c, ip_exceeds_mtu; net/ipv6/ip6_output.c, ip6_pkt_too_big.
  @inline(__always)
  private func exceeds(_ packet: inout Packet, _ mtu: Int) -> Bool {
    guard packet.segmentLength > mtu else { return false }
    if packet.family == .ipv4, !packet.mayNotFragment { return false }
    if packet.largestFragment > mtu { return true }
    return !packet.ignoresDontFragment
  }

  /// Tells the sender the MTU of a path that is too small.
  func refuseTooBig(_ packet: Packet, _ mtu: Int) {
    statistics.count(.tooBig)
    if packet.family == .ipv4 {
      sendError(packet, type: ICMPType.destinationUnreachable, code: 4, word: UInt32(mtu))
    } else {
      sendError(packet, type: ICMPv6Type.packetTooBig, code: 0, word: UInt32(max(mtu, IPv6View.leastMTU)))
    }
  }

  /// The postrouting hook, then fragmentation and the link.
  ///
  /// Source: net/ipv4/ip_output.c, ip_output; net/ipv6/ip6_output.c, ip6_output.
  func postrouting(_ packet: inout Packet) {
    guard let device = packet.route?.device else { return statistics.count(.noRoute) }
    packet.output = device
    note(.hook(.postrouting))
    guard runRules(.postrouting, below: 100, &packet) else { return }
    guard translate(.postrouting, .source, &packet) else { return }
    guard runRules(.postrouting, from: 100, &packet) else { return }
    guard confirm(&packet) else { return statistics.count(.insertFailed) }
    send(&packet)
  }

  /// Largest packet that may be forwarded along the packet's route.
  @inline(__always)
  private func mtu(_ packet: inout Packet) -> Int {
    guard let device = packet.route?.device, let own = packet.route?.forwardingMTU else { return 0 }
    return mtu(device, own)
  }

  /// Largest packet that may leave by the packet's route: what is known of the path counts for the router's own packets, and
  /// for all of IPv6.
  ///
  /// Source: include/net/ip.h, ip_skb_dst_mtu; include/net/ip6_route.h, ip6_skb_dst_mtu.
  @inline(__always)
  private func leavingMTU(_ packet: inout Packet) -> Int {
    guard packet.type == .outgoing || packet.family == .ipv6 else { return mtu(&packet) }
    guard let device = packet.route?.device, let own = packet.route?.ownMTU else { return 0 }
    return mtu(device, own)
  }

  /// Sends a packet of the router's own: the output hook, then postrouting.
  ///
  /// Source: net/ipv4/ip_output.c, __ip_local_out.
  func sendLocal(_ packet: inout Packet) {
    let destination = packet.destination
    guard
      let route = packet.route
        ?? lookUpRoute(packet.family, destination, from: packet.source, mark: packet.mark)
    else {
      return statistics.count(.noRoute)
    }
    packet.route = route
    packet.output = route.device
    noteAnswer(packet)
    note(.route(route))
    note(.hook(.output))
    guard runRules(.output, below: -200, &packet), track(&packet, isOutput: true) else { return }
    guard runRules(.output, from: -200, below: -100, &packet) else { return }
    guard translate(.output, .destination, &packet) else { return }
    guard runRules(.output, from: -100, &packet) else { return }
    if packet.destination != destination {
      guard
        let changed = lookUpRoute(
          packet.family, packet.destination, from: packet.source, mark: packet.mark)
      else {
        return statistics.count(.noRoute)
      }
      packet.route = changed
    }
    switch packet.route?.type {
    case .unicast, .broadcast: postrouting(&packet)
    case .local: statistics.count(.delivered)
    case .multicast, .blackhole, .unreachable, .prohibit, nil: statistics.count(.noRoute)
    }
  }

  /// Fragments a packet where its path asks for it, and hands it or its fragments to the link.
  ///
  /// Source: net/ipv4/ip_output.c, __ip_finish_output; net/ipv6/ip6_output.c, __ip6_finish_output.
  @inline(__always)
  private func send(_ packet: inout Packet) {
    let mtu = leavingMTU(&packet)
    if packet.offload.isSegmented, packet.segmentLength <= mtu { return transmit(&packet) }
    if packet.family == .ipv4 {
      if packet.length > mtu || packet.largestFragment > 0 { return fragmentIPv4(packet, mtu) }
    } else if packet.length > mtu
      || (packet.largestFragment > 0 && packet.length > packet.largestFragment)
    {
      return fragmentIPv6(packet, mtu)
    }
    transmit(&packet)
  }

  /// Sends a packet to the next hop of its route.
  @inline(__always)
  func transmit(_ packet: inout Packet) {
    guard let device = packet.route?.device else { return }
    let gateway = packet.route?.gateway
    let family = gateway == nil ? packet.family : packet.route?.gatewayFamily ?? packet.family
    transmit(&packet, to: gateway ?? packet.destination, family, on: device)
  }
}
