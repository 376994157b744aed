// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// How many errors about packets of each tunnel were heard of lately, each of which a packet's sender is to be told of.
///
/// Source: net/ipv4/ipip.c, ipip_err; net/ipv4/ip_tunnel.c, ip_tunnel_xmit.
struct TunnelErrors {
  /// For how long errors count (IPTUNNEL_ERR_TIMEO).
  private static let memory = 30 * Instant.second
  private var heard: [TunnelEnds: (count: Int, time: Instant)] = [:]

  /// Counts one more.
  mutating func note(_ ends: TunnelEnds, at now: Instant) {
    let isLate = heard[ends].map { now.since($0.time) >= Self.memory } ?? true
    heard[ends] = (isLate ? 1 : (heard[ends]?.count ?? 0) + 1, now)
  }

  /// Whether the sender of the next packet is to be told.
  mutating func take(_ ends: TunnelEnds, at now: Instant) -> Bool {
    guard let (count, time) = heard[ends] else { return false }
    let counts = now.since(time) < Self.memory
    heard[ends] = counts && count > 1 ? (count - 1, time) : nil
    return counts
  }
}

// What the router knows of the paths to single destinations (RFC 1191, RFC 8201).
extension Router {
  /// Least MTU of an IPv4 path that is believed (ip_rt_min_pmtu).
  private static let leastBelieved = 552
  /// How long the MTU of a path is remembered, seconds (net.ipv4.route.mtu_expires, net.ipv6.route.mtu_expires).
  private static let memory: UInt64 = 600

  /// The path to a destination by `route` carries packets of no more than `mtu` octets.
  ///
  /// One that IPv4 cannot believe is taken for the least that it does, and then counts for what is forwarded, too.
  ///
  /// Source: net/ipv4/route.c, __ip_rt_update_pmtu; net/ipv6/route.c, __ip6_rt_update_pmtu.
  func learnPathMTU(_ mtu: Int, of destination: Address, _ family: IPFamily, by route: Route) {
    let known = ownMTU(of: route)
    var path = PathException(mtu: 0, deadline: now.adding(seconds: Self.memory))
    if family == .ipv4 {
      guard !route.isPathMTULocked, mtu <= known else { return }
      path.isLocked = mtu < Self.leastBelieved
      path.mtu = UInt16(clamping: path.isLocked ? min(known, Self.leastBelieved) : mtu)
      if routes4.learn(path, of: destination, by: route) { bumpEpoch() }
    } else {
      guard mtu >= IPv6View.leastMTU, mtu < known else { return }
      path.mtu = UInt16(clamping: mtu)
      if routes6.learn(path, of: destination, by: route) { bumpEpoch() }
    }
  }

  /// An error for the router itself quotes a packet that was too big for its path.
  ///
  /// Source: net/ipv4/icmp.c, icmp_unreach; net/ipv6/icmp.c, icmpv6_rcv and icmpv6_notify.
  func heedError(_ packet: Packet) {
    statistics.count(.noListener)
    guard let message = ICMPView(checking: packet.transportBytes), isICMPChecksumValid(packet) else { return }
    let quoted = message.data
    guard quoted.byteCount >= packet.family.headerLength + 8 else { return }
    if packet.family == .ipv4 {
      guard message.code == 4 else { return noteTunnelError(message.code, quoted) }
      let length = Int(quoted.u8(0) & 0x0f) * 4
      guard length >= IPv4View.minimumLength, quoted.byteCount >= length + 8 else { return }
      let source = quoted.ipv4(12)
      let destination = quoted.ipv4(16)
      guard teaches(quoted.u8(9), quoted.dropping(length), source, destination), isLocal(source, .ipv4),
        let route = lookUpRoute(.ipv4, destination, from: source)
      else { return }
      learnPathMTU(Int(message.sequence), of: destination, .ipv4, by: route)
    } else {
      let source = quoted.ipv6(8)
      let destination = quoted.ipv6(24)
      let inner = IPv6Transport.find(
        quoted, offset: IPv6View.headerLength, nextHeader: quoted.u8(6), end: quoted.byteCount)
      guard inner.isComplete, quoted.byteCount >= inner.offset + 8,
        teaches(inner.proto, source, destination),
        let route = lookUpRoute(.ipv6, destination, from: source), !route.type.isRefusal
      else { return }
      learnPathMTU(Int(message.word), of: destination, .ipv6, by: route)
    }
  }

  /// "Unreachable", for whatever reason but a failed source route, was said of an IPv4 packet, perhaps a tunnel's.
  ///
  /// Source: net/ipv4/ipip.c, ipip_err.
  private func noteTunnelError(_ code: UInt8, _ quoted: RawSpan) {
    guard code != 5, quoted.u8(9) == IPProtocol.ipip else { return }
    let ends = TunnelEnds(family: .ipv4, local: quoted.ipv4(12), remote: quoted.ipv4(16))
    if hasTunnel(.ipv4, ends.local, ends.remote) { tunnelErrors.note(ends, at: now) }
  }

  /// Whether an error about a packet that the router sent over IPv4 tells of its path: about an echo reply, a datagram, or a
  /// tunnel's packet.
  ///
  /// Source: net/ipv4/icmp.c, icmp_err; net/ipv4/ipip.c, ipip_err.
  private func teaches(_ proto: UInt8, _ body: RawSpan, _ source: Address, _ destination: Address) -> Bool {
    switch proto {
    case IPProtocol.icmp: body.u8(0) == ICMPType.echoReply
    case IPProtocol.udp: generation.learnsFromDatagrams
    case IPProtocol.ipip: hasTunnel(.ipv4, source, destination)
    default: false
    }
  }

  /// The same for what it sent over IPv6, be it an ICMPv6 message of any kind.
  ///
  /// Source: net/ipv6/icmp.c, icmpv6_err; net/ipv6/ip6_tunnel.c, ip6_tnl_err.
  private func teaches(_ proto: UInt8, _ source: Address, _ destination: Address) -> Bool {
    switch proto {
    case IPProtocol.icmpv6: true
    case IPProtocol.udp: generation.learnsFromDatagrams
    case IPProtocol.udplite: generation.learnsFromUDPLite
    case IPProtocol.ipv6: hasTunnel(.ipv6, source, destination)
    default: false
    }
  }

  /// Whether there is a tunnel between two addresses.
  private func hasTunnel(_ family: IPFamily, _ local: Address, _ remote: Address) -> Bool {
    let ends = TunnelEnds(family: family, local: local, remote: remote)
    return devices.contains { device in
      if let device, case .tunnel(ends) = device.kind { true } else { false }
    }
  }
}
