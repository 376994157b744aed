// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

// IPIP and IP6IP6 on the fast path, from 7.2 on: the outer header of what comes in is looked through, that of what goes out is
// pushed without the tunnel's device. Source (Linux 7.2): net/netfilter/nf_flow_table_ip.c, nf_flow_ip4_tunnel_proto,
// nf_flow_ip6_tunnel_proto, nf_flow_tunnel_ipip_push, nf_flow_tunnel_ip6ip6_push.
extension Router {
  /// The number that keys have for packets of a tunnel, from 1 up; 0 when there are too many.
  func tunnelNumber(_ ends: TunnelEnds) -> UInt64 {
    if let known = tunnels.firstIndex(of: ends) { return UInt64(known + 1) }
    guard tunnels.count < Int(UInt16.max) else { return 0 }
    tunnels.append(ends)
    return UInt64(tunnels.count)
  }

  /// Reads a packet whose own header a flowtable has no flows for, but perhaps for the one inside; `outer`: what was read of
  /// it. Nil: there is none inside, or no flow has its tunnel.
  func parseTunnelled(_ packet: Packet, _ outer: FastParse, _ flowtable: Flowtable) -> FastParse? {
    guard outer.inline == 0, packet.offload.isNone, outer.proto == outer.family.protocolInside else {
      return nil
    }
    let isIPv4 = outer.family == .ipv4
    // Length, options, fragments and time to live of the outer header have been looked at by the first reading.
    let network = packet.network
    let bytes = packet.bytes.raw
    let (source, destination) =
      isIPv4
      ? (Address(ipv4: bytes.be32(network + 12)), Address(ipv4: bytes.be32(network + 16)))
      : (bytes.ipv6(network + 8), bytes.ipv6(network + 24))
    let ends = TunnelEnds(family: outer.family, local: destination, remote: source)
    guard let number = tunnels.firstIndex(of: ends) else { return nil }
    let tag = UInt64(packet.vlanTag)
    var inner = FastParse(
      bytes, network: network + outer.family.headerLength, type: outer.family.ethertype,
      encapsulation: tag == 0 ? 0 : (tag & 0xffff) << 48 | (tag >> 16) << 32, device: packet.input,
      FastTable(flowtable), seed: flows.seed)
    guard inner.reason == .fastForwarded else { return inner }
    inner.key.kind |= UInt64(number + 1) << 16
    inner.hash = inner.key.hash(flows.seed)
    return inner
  }

  /// Sends a packet that the fast path has rewritten through its tunnel: type of service, fragment flags and time to live are
  /// those of the packet inside.
  func sendTunnelled(_ packet: Packet, _ way: FlowWay) {
    guard !packet.offload.isSegmented else {
      for piece in segments(of: packet, leavesChecksum: true) { sendTunnelled(piece, way) }
      return
    }
    let body = Array(packet.bytes[packet.network...])
    let isIPv4 = way.tunnelFamily == IPFamily.ipv4.rawValue
    var outer = Packet(isIPv4 ? .ipv4 : .ipv6) { bytes in
      if isIPv4 {
        bytes += [0x45, body[1]]
        bytes.append(be16: UInt16(truncatingIfNeeded: body.count + IPv4View.minimumLength))
        bytes.append(be16: nextIdentification)
        bytes += way.mayBeCut ? [0, 0] : [body[6], body[7]]
        bytes += [body[8], IPProtocol.ipip, 0, 0]
        bytes.append(be32: way.tunnelSource.ipv4)
        bytes.append(be32: way.tunnelDestination.ipv4)
      } else {
        bytes += [0x60 | body[0] & 0x0f, body[1] & 0xf0, 0, 0]
        bytes.append(be16: UInt16(truncatingIfNeeded: body.count))
        bytes += [IPProtocol.ipv6, body[7]]
        bytes.append(ipv6: way.tunnelSource)
        bytes.append(ipv6: way.tunnelDestination)
      }
      bytes += body
    }
    outer.takeOffload(of: packet, inside: isIPv4 ? .ipv4 : .ipv6)
    if isIPv4 {
      nextIdentification &+= 1
      outer.renewHeaderChecksum()
    }
    guard let device = device(way.routeDevice), device.isUp else { return statistics.count(.deviceDown) }
    guard device.isEthernet else { return transmitHeaderless(outer, on: device) }
    let key = NeighbourKey(device: way.routeDevice, family: way.hopFamily, address: way.nextHop)
    emit(&outer, to: neighbours.knownOrNew(key).mac, on: device.index)
  }
}
