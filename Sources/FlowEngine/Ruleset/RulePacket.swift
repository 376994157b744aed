// SPDX-License-Identifier: GPL-3.0-or-later

/// Where in the network stack a base chain is attached.
package enum Hook: UInt8, CaseIterable, Equatable, Sendable {
  case prerouting = 0
  case input = 1
  case forward = 2
  case output = 3
  case postrouting = 4
  /// On the device, before the IP stack: netdev chains, `inet` ingress chains and flowtables.
  case ingress = 5
  /// On the device, after the IP stack: netdev chains only.
  case egress = 6
}

/// Network protocol of a packet, with the number that nf_tables gives to its family.
package enum PacketFamily: UInt8, Equatable, Sendable {
  /// Neither IPv4 nor IPv6, or a header too broken to tell (only at device and ARP hooks).
  case other = 0
  case ipv4 = 2
  case ipv6 = 10
}

/// What the rules need to know of a packet besides its octets. Offsets count octets from the start of the
/// octets that ``RuleEnvironment/octets`` shows.
///
/// Source (Linux 7.2): struct nft_pktinfo, struct sk_buff.
package struct RulePacket: Equatable, Sendable {
  /// Start of the link header, or -1 when the packet has none (made by the router itself).
  package var linkOffset: Int32
  /// Start of the network header.
  package var networkOffset: Int32
  /// Start of the transport header, or -1 when it is unknown: a malformed header, or an IPv6 chain that
  /// ends early.
  package var transportOffset: Int32
  /// End of the packet. Octets behind it (Ethernet padding) do not belong to the packet.
  package var endOffset: Int32
  package var family: PacketFamily
  /// Upper-layer protocol; meaningless when ``transportOffset`` is negative.
  package var transportProtocol: UInt8
  /// Fragment offset in units of 8 octets; 0 for whole packets and first fragments.
  package var fragmentOffset: UInt16
  /// Ethertype in host order (0x0800 …).
  package var etherType: UInt16
  /// Outer VLAN tag that the device took off the frame: TPID << 16 | TCI, or 0.
  package var vlanTag: UInt32
  /// Index of the device the packet came in on, 0 when there is none.
  package var inputDevice: UInt32
  /// Index of the device the packet leaves by, 0 when it is not known at this hook.
  package var outputDevice: UInt32
  package var mark: UInt32
  package var priority: UInt32
  /// PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4.
  package var packetType: UInt8
  package var trace: Bool
  /// Whether the transport checksum is left to whoever sends the packet: it holds the pseudo header's sum only.
  package var isPartial = false

  package init(family: PacketFamily, networkOffset: Int32, transportOffset: Int32, endOffset: Int32) {
    linkOffset = -1
    self.networkOffset = networkOffset
    self.transportOffset = transportOffset
    self.endOffset = endOffset
    self.family = family
    transportProtocol = 0
    fragmentOffset = 0
    etherType = family == .ipv4 ? 0x0800 : family == .ipv6 ? 0x86dd : 0
    vlanTag = 0
    inputDevice = 0
    outputDevice = 0
    mark = 0
    priority = 0
    packetType = 0
    trace = false
  }

  /// Octets from the network header to the end, what `meta length` and counters measure.
  @inlinable package var byteCount: Int { Int(endOffset) - Int(networkOffset) }
}

/// What a walk through the rules decided about a packet.
package enum RuleVerdict: UInt8, Equatable, Sendable {
  /// Go on to the next chain or stage.
  case accept
  /// The packet is gone.
  case drop
  /// The packet was taken over by a rule (`fwd`, or a translation that failed and already counted its
  /// reason).
  case stolen
}
