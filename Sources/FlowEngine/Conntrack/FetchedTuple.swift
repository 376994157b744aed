// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What conntrack will look up for a frame, read ahead to fetch what the lookup touches, and for nothing else: the frame is
/// judged when its turn comes.
struct FetchedTuple: BitwiseCopyable {
  private var tuple = Tuple(family: .ipv4, proto: 0, source: .unspecified, destination: .unspecified)
  private var hash: UInt32 = 0
  private var isKnown = false

  /// Reads TCP or UDP right behind an IP header without options, in one VLAN at most, and fetches its bucket. Of other frames
  /// nothing is fetched. `link`: where the frame begins in `bytes`.
  mutating func read(_ bytes: RawSpan, link: Int, _ conntrack: inout ConntrackTable) {
    isKnown = false
    var network = link + EthernetView.headerLength
    guard bytes.byteCount >= network + VLANTagView.length + IPv4View.minimumLength + 4 else { return }
    var type = bytes.be16(network - 2)
    if type == EtherType.vlan {
      network += VLANTagView.length
      type = bytes.be16(network - 2)
    }
    let transport: Int
    if type == EtherType.ipv4, bytes.u8(network) == 0x45 {
      transport = network + IPv4View.minimumLength
      tuple.source = Address(ipv4: bytes.be32(network + 12))
      tuple.destination = Address(ipv4: bytes.be32(network + 16))
      tuple.proto = bytes.u8(network + 9)
      tuple.familyNumber = IPFamily.ipv4.rawValue
    } else if type == EtherType.ipv6, bytes.byteCount >= network + IPv6View.headerLength + 4 {
      transport = network + IPv6View.headerLength
      tuple.source = bytes.ipv6(network + 8)
      tuple.destination = bytes.ipv6(network + 24)
      tuple.proto = bytes.u8(network + 6)
      tuple.familyNumber = IPFamily.ipv6.rawValue
    } else {
      return
    }
    guard tuple.proto == IPProtocol.tcp || tuple.proto == IPProtocol.udp else { return }
    tuple.sourcePort = bytes.be16(transport)
    tuple.destinationPort = bytes.be16(transport + 2)
    hash = tuple.hash(conntrack.seed)
    isKnown = true
    conntrack.fetchBucket(hash)
  }

  /// Of this frame nothing is fetched.
  mutating func clear() { isKnown = false }

  /// Fetches the entry that the bucket names, or, for a new one, the bucket of what an answer would have.
  mutating func fetch(_ conntrack: inout ConntrackTable) {
    guard isKnown, !conntrack.fetchEntry(hash), let answer = tuple.inverted else { return }
    conntrack.fetchBucket(answer.hash(conntrack.seed))
  }
}
