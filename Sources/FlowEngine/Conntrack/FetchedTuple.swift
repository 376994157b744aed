// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What conntrack will look up for a frame, read ahead to fetch what the lookup touches and to tell it where to begin, and for
/// nothing else: the frame is judged when its turn comes.
struct FetchedTuple: BitwiseCopyable {
  private var tuple = Tuple(family: .ipv4, proto: 0, source: .unspecified, destination: .unspecified)
  private var hash: UInt32 = 0
  private var isKnown = false
  /// What the lookup finds if nothing changes until then, -1 for nothing.
  private(set) var key = -1

  /// Reads TCP or UDP right behind an IP header without options, in one VLAN at most, and fetches its bucket. Of other frames
  /// nothing is fetched. `count`: octets of the frame at `start`.
  @inline(__always)
  @unsafe
  mutating func read(
    _ start: UnsafeMutableRawPointer, _ count: Int, _ seed: UInt64, _ conntrack: inout ConntrackTable
  ) {
    clear()
    guard count >= Self.leastLength else { return }
    // Safe: the headers up to the ports are there, in a VLAN too.
    let link = unsafe HeaderFields(start)
    var network = EthernetView.headerLength
    var type = unsafe link.raw16(12)
    if type == EtherType.vlan.bigEndian {
      type = unsafe link.raw16(16)
      network = EthernetView.headerLength &+ VLANTagView.length
    }
    let fields = unsafe HeaderFields(start + network)
    let ports: UInt32
    if type == EtherType.ipv4.bigEndian {
      guard unsafe fields.u8(0) == 0x45 else { return }
      tuple.proto = unsafe fields.u8(9)
      tuple.familyNumber = IPFamily.ipv4.rawValue
      tuple.source = unsafe Address(high: 0, low: UInt64(fields.be32(12)))
      tuple.destination = unsafe Address(high: 0, low: UInt64(fields.be32(16)))
      ports = unsafe fields.be32(IPv4View.minimumLength)
    } else {
      guard type == EtherType.ipv6.bigEndian, count >= Self.leastLength6 else { return }
      tuple.proto = unsafe fields.u8(6)
      tuple.familyNumber = IPFamily.ipv6.rawValue
      tuple.source = unsafe fields.address(8)
      tuple.destination = unsafe fields.address(24)
      ports = unsafe fields.be32(IPv6View.headerLength)
    }
    guard tuple.proto == IPProtocol.tcp || tuple.proto == IPProtocol.udp else { return }
    tuple.sourcePort = UInt16(truncatingIfNeeded: ports >> 16)
    tuple.destinationPort = UInt16(truncatingIfNeeded: ports)
    hash = tuple.hash(seed)
    isKnown = true
    conntrack.fetchBucket(hash)
  }

  /// Octets of a frame in a VLAN up to the ports, of IPv4 and of IPv6.
  private static var leastLength: Int {
    EthernetView.headerLength &+ VLANTagView.length &+ IPv4View.minimumLength &+ 4
  }
  private static var leastLength6: Int {
    EthernetView.headerLength &+ VLANTagView.length &+ IPv6View.headerLength &+ 4
  }

  /// Of this frame nothing is fetched.
  @inline(__always)
  mutating func clear() {
    isKnown = false
    key = -1
  }

  /// Fetches the entry that the bucket names, or, for a new one, the bucket of what an answer would have.
  @inline(__always)
  mutating func fetch(_ seed: UInt64, _ conntrack: inout ConntrackTable) {
    guard isKnown else { return }
    key = conntrack.fetchEntry(hash)
    guard key < 0, let answer = tuple.inverted else { return }
    conntrack.fetchBucket(answer.hash(seed))
  }
}

extension FrameBatch {
  /// Fetches what conntrack will look up for the pending frames from number `first` on: the buckets of all, then what they
  /// name. `areRead`: the plain frames were read, and of those with a flow nothing is fetched.
  ///
  /// Of what is tracked nothing is changed: only of an `inout` value is the place passed, not a copy.
  @inline(never)
  func fetchTracked(from first: Int, areRead: Bool, _ conntrack: inout ConntrackTable) {
    let seed = conntrack.seed
    conntrack.beginReadingAhead()
    for position in first..<count {
      // Safe: the work lives as long as the batch; a slot's octets lie in its memory, as `frame` says.
      let tuple = unsafe work.tuple(position)
      if slots[position].outcome == .pending,
        unsafe !areRead || !work.plain(position).pointee.hasCandidate
      {
        let (start, octets) = unsafe place(position)
        unsafe tuple.pointee.read(start, octets, seed, &conntrack)
      } else {
        unsafe tuple.pointee.clear()
      }
    }
    for position in first..<count { unsafe work.tuple(position).pointee.fetch(seed, &conntrack) }
  }
}
