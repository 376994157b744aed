// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// To whom the link layer addressed a frame (PACKET_*).
package enum PacketType: UInt8, Sendable {
  case host = 0
  case broadcast = 1
  case multicast = 2
  case otherHost = 3
  case outgoing = 4
}

/// How a packet relates to its conntrack entry (enum ip_conntrack_info).
package enum TrackingState: UInt8, Sendable {
  case none
  case untracked
  case new
  case established
  case establishedReply
  case related
  case relatedReply

  /// As rules see it (NF_CT_STATE_*).
  var ruleState: UInt32 {
    switch self {
    case .none: 1
    case .untracked: 0x40
    case .new: 8
    case .established, .establishedReply: 2
    case .related, .relatedReply: 4
    }
  }
}

/// One packet on the classic path: its octets and what the stages have found out about it.
///
/// Octets before `link` are room for headers that are still to be pushed.
///
/// What every packet passes takes it `inout` even to read it: a value as large as this is copied for a call that only borrows it.
package struct Packet: Sendable {
  /// Room in front of a received frame: as in a batch, so that offsets mean the same in both.
  package static let headroom = FrameBatch.headroom

  package var bytes: [UInt8]
  /// What is left to be done to the frame; its offsets count from ``offloadBase``.
  package var offload = VirtioHeader.none
  /// Offset of the frame's start as the device gave it.
  package var offloadBase = 0
  /// Whether nothing is left to be done and the transport checksum is known to be right.
  package var isVerified = false
  /// Offset of the transport header by which the packet is to be cut, where that is not ``transport``.
  package var transportInside = -1
  /// Offset of the link header, -1 when the router itself made the packet.
  package var link = -1
  /// Offset of the network header; the packet ends with `bytes`.
  package var network = 0
  /// Offset of the transport header, -1 while unknown.
  package var transport = -1
  package var family: IPFamily = .ipv4
  package var etherType: UInt16 = 0
  package var proto: UInt8 = 0
  /// Octets from the start of the datagram; 0 for whole packets and first fragments.
  package var fragmentOffset = 0
  /// Outer VLAN tag taken off the frame: type << 16 | control, 0 for none.
  package var vlanTag: UInt32 = 0
  package var input: UInt32 = 0
  package var output: UInt32 = 0
  package var mark: UInt32 = 0
  package var priority: UInt32 = 0
  package var type: PacketType = .host
  package var trace = false
  /// What the packet is called in the messages about its rules; 0 before the first.
  package var traceID: UInt32 = 0

  package var entry: EntryID = .none
  package var tracking: TrackingState = .none
  /// Zone that rules chose for the lookup to come.
  package var zone: UInt16 = 0
  package var zoneDirections: UInt8 = 3
  /// Whether a rule has chosen the zone, which no other may do again.
  package var hasZone = false

  package var route: Route?
  /// Whether an IPv4 header with options came in.
  package var hasOptions = false
  /// Offset, from the network header, of the address that this router wrote into a record-route option; 0 for none.
  package var recordRouteSlot = 0
  /// Whether this router changed an IPv4 option, and the header's checksum does not know.
  package var hasChangedOptions = false
  /// Sizes of the fragments' payloads that this packet was put together from.
  package var fragmentSizes: [Int] = []
  /// Largest fragment that came in, header included; 0 for a packet that came whole.
  package var largestFragment = 0
  /// Whether the packet may be sent larger than the MTU of its path, because it came in fragments.
  package var ignoresDontFragment = false
  /// Bridge, VLAN and tunnel devices that the packet passed on its way in, to stop endless stacks.
  package var depth = 0

  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// A packet of nothing.
  package static let empty = Packet(bytes: [])

  /// A received frame, with room in front. `offload`: what is left to be done to it, as accepted.
  package init(frame: RawSpan, offload: VirtioHeader = .none) {
    self.init(withRoom: [UInt8](room: Self.headroom, before: frame), offload: offload)
  }

  /// A received frame behind its room.
  @inline(__always)
  package init(withRoom bytes: consuming [UInt8], offload: VirtioHeader) {
    self.bytes = consume bytes
    link = Self.headroom
    isVerified = !offload.isNone && offload == .verified
    self.offload = isVerified ? .none : offload
    offloadBase = Self.headroom
  }

  /// A packet of the router's own: `body` is called to append from the network header on.
  package init(_ family: IPFamily, building body: (inout [UInt8]) -> Void) {
    bytes = [UInt8](repeating: 0, count: Self.headroom)
    network = Self.headroom
    self.family = family
    etherType = family.ethertype
    type = .outgoing
    body(&bytes)
  }

  /// Octets from the network header to the end.
  @inline(__always) package var length: Int { bytes.count - network }

  /// The octets from the network header on.
  package var networkBytes: RawSpan {
    @_lifetime(borrow self) get { bytes.raw.dropping(network) }
  }

  /// The octets from the transport header on; only when it is known.
  package var transportBytes: RawSpan {
    @_lifetime(borrow self) get { bytes.raw.dropping(transport) }
  }

  /// Source address of the network header.
  @inline(__always) package var source: Address {
    family == .ipv4
      ? Address(ipv4: bytes.be32(network &+ 12))
      : Address(high: bytes.be64(network &+ 8), low: bytes.be64(network &+ 16))
  }

  /// Destination address of the network header.
  @inline(__always) package var destination: Address {
    family == .ipv4
      ? Address(ipv4: bytes.be32(network &+ 16))
      : Address(high: bytes.be64(network &+ 24), low: bytes.be64(network &+ 32))
  }

  /// TTL or hop limit.
  @inline(__always) package var timeToLive: UInt8 {
    family == .ipv4 ? bytes[network + 8] : bytes[network + 7]
  }

  /// Type of service, or traffic class.
  @inline(__always) package var typeOfService: UInt8 {
    family == .ipv4 ? bytes[network + 1] : UInt8(truncatingIfNeeded: bytes.be16(network) >> 4)
  }

  /// Whether the IPv4 header forbids fragmentation.
  @inline(__always) package var mayNotFragment: Bool { bytes.be16(network + 6) & IPv4View.dontFragment != 0 }

  /// Direction within the flow, as its state says.
  @inline(__always) package var direction: FlowDirection {
    tracking == .establishedReply || tracking == .relatedReply ? .reply : .original
  }

  /// Lowers TTL or hop limit by one; an IPv4 checksum follows.
  @inline(__always)
  package mutating func decrementTimeToLive() {
    if family == .ipv6 {
      bytes[network + 7] &-= 1
      return
    }
    // TTL, protocol and checksum are one word.
    let word = bytes.be32(network + 8)
    let checksum = Checksum.decrementingTTL(UInt16(truncatingIfNeeded: word))
    bytes.store(be32: (word &- 0x0100_0000) & 0xffff_0000 | UInt32(checksum), at: network + 8)
  }

  /// Writes a new IPv4 header checksum.
  package mutating func renewHeaderChecksum() {
    let length = Int(bytes[network] & 0x0f) * 4
    bytes.store(be16: 0, at: network + 10)
    let sum = Checksum.compute(bytes.raw.extracting(network..<network + length))
    bytes.store(be16: sum, at: network + 10)
  }

  /// Cuts off what is behind `length` octets from the network header on.
  mutating func cut(to length: Int) {
    if self.length > length { bytes.removeLast(self.length - length) }
  }

  /// Inserts octets in front of everything.
  mutating func makeRoom(_ count: Int) {
    bytes.insert(contentsOf: repeatElement(0, count: count), at: 0)
    network += count
    offloadBase += count
    if transport >= 0 { transport += count }
    if transportInside >= 0 { transportInside += count }
  }

  /// Puts an Ethernet header in front of the network header: ``link`` is where the frame begins then.
  @inline(__always)
  mutating func pushEthernet(to destination: MACAddress, from source: MACAddress, type: UInt16) {
    if network < EthernetView.headerLength { makeRoom(EthernetView.headerLength - network) }
    link = network - EthernetView.headerLength
    // The source address begins in the first store and stands whole in the second.
    bytes.store(
      be64: destination.bits << 16 | source.bits >> 32, at: link, andAfter: 6,
      source.bits << 16 | UInt64(type))
  }

  /// Whether the transport checksum is left to whoever sends the packet in the end.
  @inline(__always) package var isPartial: Bool { offload.isPartial }

  /// ``offload`` with offsets from the link header.
  @inline(__always) package var frameOffload: VirtioHeader { leftover(offloadBase - max(link, 0)) }

  @inline(__always)
  private func leftover(_ moved: Int) -> VirtioHeader {
    guard offload.isNone else { return offload.shifted(by: moved) }
    return isVerified ? .verified : .none
  }

  /// Octets of the largest packet that will go over the link: a segment's where the packet is to be cut.
  ///
  /// Source: net/core/gso.c, skb_gso_network_seglen.
  @inline(__always)
  package var segmentLength: Int {
    guard offload.isSegmented else { return length }
    return offload.largestPacket(
      of: bytes.raw, network: network, transport: transportInside < 0 ? transport : transportInside)
  }

  /// How many packets will go over the link.
  var segmentCount: Int {
    guard offload.isSegmented, offload.segmentSize > 0 else { return 1 }
    let size = Int(offload.segmentSize)
    return max(1, (length - segmentLength + 2 * size - 1) / size)
  }

  /// The frame from its link header on.
  package func frame() -> [UInt8] { link <= 0 ? bytes : Array(bytes[link...]) }
}
