// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// A VLAN device's place: frames of `parent` with the tag are its frames.
package struct VLANLink: Equatable, Sendable {
  package var parent: UInt32
  /// VLAN identifier, 1…4094.
  package var id: UInt16
  /// ``EtherType/vlan`` (802.1Q) or ``EtherType/serviceVLAN`` (802.1ad).
  package var type: UInt16

  package init(parent: UInt32, id: UInt16, type: UInt16 = EtherType.vlan) {
    self.parent = parent
    self.id = id
    self.type = type
  }
}

/// A PPPoE session (RFC 2516) with a peer on an Ethernet device.
package struct PPPoESession: Equatable, Sendable {
  /// 0 when the session is over.
  package var parent: UInt32
  package var session: UInt16
  package var remote: MACAddress

  package init(parent: UInt32, session: UInt16, remote: MACAddress) {
    self.parent = parent
    self.session = session
    self.remote = remote
  }
}

/// The end points of an IPIP (RFC 2003) or IP6IP6 (RFC 2473) tunnel without encapsulation limit.
package struct TunnelEnds: Hashable, Sendable {
  package var family: IPFamily
  package var local: Address
  package var remote: Address

  package init(family: IPFamily, local: Address, remote: Address) {
    self.family = family
    self.local = local
    self.remote = remote
  }

  /// Protocol of the packets inside, in the outer header: 4 or 41.
  package var proto: UInt8 { family.protocolInside }
}

extension IPProtocol {
  /// MPLS inside IP.
  static var mplsInIP: UInt8 { 137 }
}

extension Packet {
  /// Puts a VLAN tag between the Ethernet addresses and the type of a frame.
  static func tagged(_ frame: [UInt8], type: UInt16, control: UInt16) -> [UInt8] {
    guard frame.count >= EthernetView.headerLength else { return frame }
    var result = Array(frame[..<12])
    result.reserveCapacity(frame.count + VLANTagView.length)
    result.append(be16: type)
    result.append(be16: control)
    result.append(contentsOf: frame[12...])
    return result
  }

  /// The frame with the tag that was taken out of it back in its place.
  func taggedFrame() -> [UInt8] {
    guard vlanTag != 0 else { return frame() }
    return Self.tagged(
      frame(), type: UInt16(vlanTag >> 16), control: UInt16(truncatingIfNeeded: vlanTag))
  }

  /// What is left to be done to ``taggedFrame()``.
  var taggedOffload: VirtioHeader {
    vlanTag == 0 || offload.isNone ? frameOffload : frameOffload.shifted(by: VLANTagView.length)
  }

  /// Notes that what is left to be done to `inner` is left to be done inside this packet, behind its header of a family.
  mutating func takeOffload(of inner: Packet, inside family: IPFamily) {
    offload = inner.offload
    offloadBase = network + family.headerLength + inner.offloadBase - inner.network
    if inner.offload.isSegmented {
      transportInside = network + family.headerLength + inner.transport - inner.network
    }
  }

  /// Puts the header of a PPPoE session and of PPP in front of the network header.
  mutating func pushPPPoE(_ session: UInt16) {
    let length = self.length + 2
    var header: [UInt8] = [0x11, 0]
    header.append(be16: session)
    header.append(be16: UInt16(truncatingIfNeeded: length))
    header.append(be16: family == .ipv4 ? PPPoEView.protocolIPv4 : PPPoEView.protocolIPv6)
    pushHeader(header)
  }

  /// Puts octets in front of the network header, which then begins with them.
  mutating func pushHeader(_ header: [UInt8]) {
    if network < header.count {
      let missing = header.count - network
      makeRoom(missing)
    }
    network -= header.count
    for (offset, octet) in header.enumerated() { bytes[network + offset] = octet }
  }
}

extension Router {
  /// The VLAN device that takes the tag from frames of a device, or nil.
  func vlanDevice(on parent: UInt32, tag: UInt32) -> Device? {
    let link = VLANLink(parent: parent, id: UInt16(tag & 0x0fff), type: UInt16(tag >> 16))
    for device in devices {
      if let device, case .vlan(link) = device.kind { return device }
    }
    return nil
  }

  /// Sends an IP packet on a device whose frames have no link header.
  ///
  /// Source: drivers/net/ppp/pppoe.c, __pppoe_xmit; net/ipv4/ip_tunnel.c, ip_tunnel_xmit; net/ipv6/ip6_tunnel.c.
  func transmitHeaderless(_ packet: Packet, on device: Device) {
    if case .tunnel(let ends) = device.kind {
      notePathMTU(packet, through: ends)
      if !packet.offload.isSegmented, let limit = limit(of: ends, for: packet), packet.length > limit {
        return refuseTooBig(beforeTranslation(packet), limit)
      }
      if ends.family == .ipv4, tunnelErrors.take(ends, at: now) { sendUnreachable(packet, code: 1) }
      if packet.offload.isFinished || packet.offload.isSegmented || generation.checksumsInsideTunnels {
        return transmit(packet, through: ends)
      }
    }
    guard packet.offload.isNone else {
      for piece in segments(of: packet) { transmitHeaderless(piece, on: device) }
      return
    }
    guard case .pppoe(let session) = device.kind else { return statistics.count(.noRoute) }
    guard let parent = self.device(session.parent), parent.isUp else {
      return statistics.count(.deviceDown)
    }
    var packet = packet
    packet.pushPPPoE(session.session)
    emit(&packet, to: session.remote, type: EtherType.pppoeSession, on: parent.index)
  }

  /// What leaves by a tunnel makes the MTU of its destination's path known, unless that is larger than the tunnel's; of IPv6,
  /// once for each MTU that is smaller than the one known.
  ///
  /// Source: net/ipv4/ip_tunnel.c, tnl_update_pmtu; net/ipv4/route.c, __ip_rt_update_pmtu; net/ipv6/ip6_tunnel.c, ip6_tnl_xmit.
  private func notePathMTU(_ packet: Packet, through ends: TunnelEnds) {
    guard packet.family == ends.family,
      let outer = lookUpRoute(ends.family, ends.remote, from: ends.local),
      let inner = lookUpRoute(
        packet.family, packet.destination, from: packet.source, mark: packet.mark)
    else { return }
    let room = ownMTU(of: outer) - ends.family.headerLength
    learnPathMTU(
      ends.family == .ipv4 ? room : max(room, IPv6View.leastMTU), of: packet.destination, ends.family,
      by: inner)
  }

  /// How large a packet may be that goes through a tunnel in one piece; nil: any, for it may be cut.
  ///
  /// Source: net/ipv4/ip_tunnel.c, tnl_update_pmtu; net/ipv6/ip6_tunnel.c, ip6_tnl_xmit.
  private func limit(of ends: TunnelEnds, for packet: Packet) -> Int? {
    guard packet.family == ends.family,
      let outer = lookUpRoute(ends.family, ends.remote, from: ends.local)
    else { return nil }
    let room = max(0, ownMTU(of: outer) - ends.family.headerLength)
    if ends.family == .ipv6 { return max(room, IPv6View.leastMTU) }
    return packet.mayNotFragment ? room : nil
  }

  /// The packet as its sender would know it, for an error from a device: with the source that it had.
  ///
  /// Source: net/ipv4/icmp.c, icmp_ndo_send; net/ipv6/ip6_icmp.c, icmpv6_ndo_send. The checksum stays that of the other source.
  private func beforeTranslation(_ packet: Packet) -> Packet {
    guard let slot = conntrack.slot(packet.entry), !conntrack[slot].status.isDisjoint(with: .anyNAT) else {
      return packet
    }
    var packet = packet
    let source = conntrack[slot].tuple(packet.direction).source
    if packet.family == .ipv4 {
      packet.bytes.store(be32: source.ipv4, at: packet.network + 12)
    } else {
      packet.bytes.store(ipv6: source, at: packet.network + 8)
    }
    return packet
  }

  /// Wraps a packet, which may still be to be cut, and sends it as one of the router's own.
  private func transmit(_ packet: Packet, through ends: TunnelEnds) {
    guard packet.family == ends.family else { return statistics.count(.noRoute) }
    let body = Array(packet.bytes[packet.network...])
    // A mark of congestion stays inside. Source: include/net/inet_ecn.h, INET_ECN_encapsulate.
    let mark = packet.typeOfService & 3
    let service = mark == 3 ? 2 : mark
    let isIPv4 = ends.family == .ipv4
    let route = lookUpRoute(ends.family, ends.remote, from: ends.local)
    let identification = isIPv4 ? nextIdentification : 0
    if isIPv4 { nextIdentification &+= UInt16(truncatingIfNeeded: packet.segmentCount) }
    var outer = Packet(ends.family) { bytes in
      if isIPv4 {
        bytes += [0x45, service]
        bytes.append(be16: UInt16(truncatingIfNeeded: body.count + IPv4View.minimumLength))
        bytes.append(be16: identification)
        bytes.append(be16: route?.isPathMTULocked == true ? 0 : IPv4View.dontFragment)
        bytes += [packet.timeToLive, ends.proto, 0, 0]
        bytes.append(be32: ends.local.ipv4)
        bytes.append(be32: ends.remote.ipv4)
      } else {
        bytes.append(be32: 0x6000_0000 | UInt32(service) << 20)
        bytes.append(be16: UInt16(truncatingIfNeeded: body.count))
        bytes += [ends.proto, 64]
        bytes.append(ipv6: ends.local)
        bytes.append(ipv6: ends.remote)
      }
      bytes += body
    }
    outer.takeOffload(of: packet, inside: ends.family)
    if isIPv4 {
      outer.renewHeaderChecksum()
      parseIPv4(&outer)
    } else {
      parseIPv6(&outer)
    }
    sendLocal(&outer)
  }

  /// A PPPoE session's frame came in: its packet is received on the session's device.
  ///
  /// Source: drivers/net/ppp/pppoe.c, pppoe_rcv.
  func receivePPPoE(_ packet: inout Packet) {
    let start = packet.network
    guard packet.type != .otherHost, packet.length >= PPPoEView.headerLength else {
      return statistics.count(.truncated)
    }
    let padding = packet.length - Int(packet.bytes.be16(start + 4)) - 6
    guard padding >= 0, packet.length - padding >= PPPoEView.headerLength else {
      return statistics.count(.headerError)
    }
    let session = PPPoESession(
      parent: packet.input, session: packet.bytes.be16(start + 2),
      remote: packet.bytes.raw.mac(packet.link + 6))
    let type: UInt16
    switch packet.bytes.be16(start + 6) {
    case PPPoEView.protocolIPv4: type = EtherType.ipv4
    case PPPoEView.protocolIPv6: type = EtherType.ipv6
    default: return statistics.count(.unknownType)
    }
    var found: UInt32 = 0
    for device in devices {
      if let device, device.isUp, case .pppoe(session) = device.kind { found = device.index }
    }
    guard found != 0 else { return statistics.count(.noListener) }
    packet.bytes.removeLast(padding)
    reenter(&packet, on: found, skipping: PPPoEView.headerLength, type: type)
  }

  /// A tunnel's packet came in: the one inside is received on the tunnel's device. False: no tunnel takes it.
  ///
  /// Source: net/ipv4/ipip.c, ipip_rcv; net/ipv6/ip6_tunnel.c, ip6ip6_rcv.
  func receiveTunnelled(_ packet: inout Packet) -> Bool {
    guard packet.proto == packet.family.protocolInside, let device = tunnel(of: packet) else { return false }
    guard takeCongestionMark(&packet, at: packet.transport) else {
      statistics.count(.headerError)
      return true
    }
    let type = packet.family.ethertype
    reenter(&packet, on: device.index, skipping: packet.transport - packet.network, type: type)
    return true
  }

  /// The tunnel, if it is up, whose other end sent a packet.
  func tunnel(of packet: Packet) -> Device? {
    let ends = TunnelEnds(family: packet.family, local: packet.destination, remote: packet.source)
    for device in devices {
      if let device, device.isUp, case .tunnel(ends) = device.kind { return device }
    }
    return nil
  }

  /// Carries the congestion mark of a tunnel's packet over to the one inside, which begins at `inner` (RFC 6040). False: it was
  /// marked though the one inside does not take marks, and is gone.
  ///
  /// Source: include/net/inet_ecn.h, INET_ECN_decapsulate.
  private func takeCongestionMark(_ packet: inout Packet, at inner: Int) -> Bool {
    let outer = packet.typeOfService & 3
    let isIPv4 = packet.family == .ipv4
    guard outer & 1 != 0, packet.bytes.count >= inner + packet.family.headerLength else { return true }
    let own = (isIPv4 ? packet.bytes[inner + 1] : packet.bytes[inner + 1] >> 4) & 3
    if own == 0 { return outer != 3 }
    guard outer == 3 || own == 2, own != 3 else { return true }
    guard isIPv4 else {
      packet.bytes[inner + 1] = packet.bytes[inner + 1] & 0xcf | outer << 4
      return true
    }
    let before = packet.bytes.be16(inner)
    let after = before & 0xfffc | UInt16(outer)
    packet.bytes.store(be16: after, at: inner)
    let checksum = Checksum.replacing(packet.bytes.be16(inner + 10), before, with: after)
    packet.bytes.store(be16: checksum, at: inner + 10)
    return true
  }

  /// Whether a tunnel's device finds a packet's TCP or UDP checksum to be right. It looks at whole packets only.
  ///
  /// Source: net/core/gro_cells.c, gro_cells_receive; net/ipv4/af_inet.c, inet_gro_receive; net/ipv6/ip6_offload.c,
  /// ipv6_gro_receive; include/net/gro.h, __skb_gro_checksum_validate.
  private func isRight(_ packet: Packet) -> Bool {
    let family: IPFamily = packet.etherType == EtherType.ipv4 ? .ipv4 : .ipv6
    let bytes = packet.networkBytes
    guard packet.offload.isNone, let layout = FrameLayout(family, bytes, at: 0),
      layout.transport <= bytes.byteCount
    else { return false }
    if family == .ipv4 {
      guard layout.transport == IPv4View.minimumLength, Int(bytes.be16(2)) == bytes.byteCount,
        bytes.be16(6) & IPv4View.moreFragments == 0
      else { return false }
    } else if Int(bytes.be16(4)) + IPv6View.headerLength != bytes.byteCount {
      return false
    }
    let body = bytes.dropping(layout.transport)
    switch layout.proto {
    case IPProtocol.tcp: guard body.byteCount >= TCPView.minimumLength else { return false }
    case IPProtocol.udp:
      guard body.byteCount >= UDPView.headerLength else { return false }
      if body.be16(6) == 0 { return true }
    default: return false
    }
    let sum = Checksum.pseudoHeader(
      family == .ipv4 ? bytes.ipv4(12) : bytes.ipv6(8), family == .ipv4 ? bytes.ipv4(16) : bytes.ipv6(24),
      proto: layout.proto, length: body.byteCount)
    return Checksum.isValid(body, sum)
  }

  /// Receives what is inside a packet, `count` octets on, on another device, as a new packet without link header.
  private func reenter(_ packet: inout Packet, on index: UInt32, skipping count: Int, type: UInt16) {
    var inner = Packet.empty
    inner.bytes = packet.bytes
    inner.offload = packet.offload
    inner.offloadBase = packet.offloadBase
    inner.network = packet.network + count
    inner.etherType = type
    inner.input = index
    inner.type = .host
    inner.mark = packet.mark
    note(.device(index))
    if case .tunnel = device(index)?.kind { inner.isVerified = isRight(inner) }
    guard runIngress(&inner) else { return }
    demultiplex(&inner)
  }
}
