// SPDX-License-Identifier: GPL-3.0-or-later

internal import CFlowMemory
import PacketWire

/// What the batch has read of a plain frame: IPv4 without options and fragments, or IPv6 without extension headers, alone, in
/// one VLAN or in a PPPoE session; UDP, or TCP without SYN, FIN and RST; as many octets at least as TCP has headers; nothing
/// left to be done to it.
///
/// Nearly all frames are such, and what is done for them is here, with nothing else in between. Any other is read as
/// ``FastParse``. A frame that turns out to need more than its flow's path is read so, too.
///
/// `@safe`: what the pointers say is used in the unsafe functions only, whose caller has the batch and the flows.
@safe
struct PlainFrame: BitwiseCopyable {
  private var key = FlowKey.blank
  /// The IP header in the batch's memory, with as many octets at least as TCP has headers; nil: not a plain frame.
  private var network: UnsafeMutableRawPointer?
  /// The flow direction that a lookup looks at first; nil for none.
  private var candidate: UnsafeMutablePointer<FlowEntry>?
  private(set) var hash: UInt32 = 0
  /// Octets from the IP header to the end of the frame, padding included.
  private var length: UInt32 = 0
  private var isUDP = false

  /// Octets of the IPv4 packet that a plain frame has at least: both headers of TCP.
  private static var leastLength: Int { IPv4View.minimumLength &+ TCPView.minimumLength }
  /// Octets of the IPv6 packet, likewise.
  private static var leastLength6: Int { IPv6View.headerLength &+ TCPView.minimumLength }

  /// Whether it is TCP or UDP.
  @inline(__always)
  static func isKnown(_ proto: UInt8) -> Bool {
    // One bit each for TCP and UDP: which one comes next cannot be foretold.
    let known: UInt64 = 1 << UInt64(IPProtocol.tcp) | 1 << UInt64(IPProtocol.udp)
    return proto < 64 && known &>> UInt64(proto) & 1 != 0
  }

  init() {
    unsafe network = nil
    unsafe candidate = nil
  }

  var isPlain: Bool { @inline(__always) get { unsafe network != nil } }
  /// Whether it is a plain frame, of which the index knows a flow.
  var hasCandidate: Bool { @inline(__always) get { unsafe network != nil && candidate != nil } }

  /// Marks the frame as one that is to be read otherwise.
  @inline(__always)
  mutating func clear() { unsafe network = nil }

  /// Reads the frame of `count` octets at `start`. `kind`: what keys of the flowtable's IPv4 flows have, but for the protocol.
  @inline(__always)
  @unsafe
  mutating func read(
    _ start: UnsafeMutableRawPointer, _ count: Int, _ device: UInt64, _ kind: UInt64, _ takesIPv6: Bool,
    _ seed: UInt64
  ) {
    unsafe network = nil
    guard count >= EthernetView.headerLength &+ Self.leastLength else { return }
    // Safe: the octets up to the type, and 40 more, are there.
    let link = unsafe HeaderFields(start)
    var offset = EthernetView.headerLength
    var type = unsafe link.raw16(12)
    var encapsulation: UInt64 = 0
    if type != EtherType.ipv4.bigEndian {
      if type == EtherType.vlan.bigEndian {
        encapsulation = unsafe FlowKey.encapsulation(link.be16(14), EtherType.vlan)
        type = unsafe link.raw16(16)
        offset = EthernetView.headerLength &+ VLANTagView.length
      } else if type == EtherType.pppoeSession.bigEndian {
        encapsulation = unsafe FlowKey.encapsulation(link.be16(16), EtherType.pppoeSession)
        let inside = unsafe link.be16(20)
        guard inside == PPPoEView.protocolIPv4 || inside == PPPoEView.protocolIPv6 else { return }
        type = (inside == PPPoEView.protocolIPv4 ? EtherType.ipv4 : EtherType.ipv6).bigEndian
        offset = EthernetView.headerLength &+ PPPoEView.headerLength
      }
      guard type == EtherType.ipv4.bigEndian else {
        guard type == EtherType.ipv6.bigEndian, takesIPv6 else { return }
        return unsafe readIPv6(start + offset, count &- offset, device, encapsulation, kind, seed)
      }
    }
    let rest = count &- offset
    guard rest >= Self.leastLength else { return }
    // Safe: 40 octets are there.
    let fields = unsafe HeaderFields(start + offset)
    // Header length in the low half of the first octet; the flag of more fragments and the offset in the last two.
    let first = unsafe UInt64(littleEndian: fields.raw64(0))
    guard first & 0xff3f_0000_0000_000f == 5 else { return }
    let (timeToLive, proto) = unsafe (fields.u8(8), fields.u8(9))
    guard timeToLive > 1, Self.isKnown(proto) else { return }
    isUDP = proto == IPProtocol.udp
    let mask: UInt8 = isUDP ? 0 : 7
    guard unsafe fields.u8(33) & mask == 0 else { return }
    var key = self.key
    key.source = unsafe Address(high: 0, low: UInt64(fields.be32(12)))
    key.destination = unsafe Address(high: 0, low: UInt64(fields.be32(16)))
    key.portsAndDevice = unsafe UInt64(fields.be32(20)) << 32 | device
    key.encapsulation = encapsulation
    key.kind = kind | UInt64(proto)
    self.key = key
    length = UInt32(truncatingIfNeeded: rest)
    hash = key.hash(seed)
    unsafe network = start + offset
  }

  /// Reads an IPv6 packet of `count` octets, padding included.
  @inline(never)
  @unsafe
  private mutating func readIPv6(
    _ start: UnsafeMutableRawPointer, _ count: Int, _ device: UInt64, _ encapsulation: UInt64, _ kind: UInt64,
    _ seed: UInt64
  ) {
    guard count >= Self.leastLength6 else { return }
    // Safe: both headers are there.
    let fields = unsafe HeaderFields(start)
    let proto = unsafe fields.u8(6)
    guard unsafe fields.u8(0) >> 4 == 6, unsafe fields.u8(7) > 1, Self.isKnown(proto) else { return }
    isUDP = proto == IPProtocol.udp
    let mask: UInt8 = isUDP ? 0 : 7
    guard unsafe fields.u8(IPv6View.headerLength &+ 13) & mask == 0 else { return }
    key.source = unsafe fields.address(8)
    key.destination = unsafe fields.address(24)
    key.portsAndDevice = unsafe UInt64(fields.be32(IPv6View.headerLength)) << 32 | device
    key.encapsulation = encapsulation
    key.kind = kind ^ Self.otherFamily | UInt64(proto)
    length = UInt32(truncatingIfNeeded: count)
    hash = key.hash(seed)
    unsafe network = start
  }

  /// What tells the kind of an IPv6 flow from that of an IPv4 flow.
  private static var otherFamily: UInt64 { UInt64(IPFamily.ipv4.rawValue ^ IPFamily.ipv6.rawValue) << 8 }

  private var isIPv6: Bool { @inline(__always) get { key.kind & Self.otherFamily != 0 } }

  /// Takes the flow direction that a lookup looks at first.
  @inline(__always)
  mutating func fetch(_ flows: inout FlowStore) { unsafe candidate = flows.fetch(hash) }

  /// Sends the frame through its flow, if nothing is to be decided: the first look finds it, the frame fits, and what the
  /// path knows holds and is all.
  /// - Returns: whether it was sent on, from the address and on the device in `exit`; else nothing was done.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_offload_ip_hook.
  @inline(__always)
  @unsafe
  func carry(
    _ flows: inout FlowStore, _ terms: FlowStore.Terms,
    _ exit: inout (start: UnsafeMutableRawPointer, octets: UInt32, output: UInt32)
  ) -> Bool {
    guard let network = unsafe network, let entry = unsafe candidate else { return false }
    // Safe: the slab's records do not move.
    let isFound = unsafe isIPv6 ? entry.pointee.key.equals(key) : entry.pointee.key.equalsIPv4(key)
    guard isFound, unsafe entry.pointee.flags.isPlain else { return false }
    // Safe: an entry's path is in use.
    let path = unsafe flows.paths.pointer(entry.pointee.path)
    guard unsafe length <= UInt32(path.pointee.mtu), unsafe path.pointee.epoch == terms.epoch,
      unsafe path.pointee.leavesAtOnce
    else { return false }
    let deadline = terms.now &+ (isUDP ? terms.timeouts[1] : terms.timeouts[0])
    let known = unsafe entry.pointee.deadline
    // Unsigned, as the kernel's; one that is earlier than known is for the other direction, too.
    if deadline &- known > Instant.second {
      guard deadline >= known else { return false }
      unsafe entry.pointee.deadline = deadline
    }
    // Safe: both headers are there.
    let fields = unsafe HeaderFields(network)
    if isIPv6 {
      unsafe fields.decrement(7)
    } else {
      unsafe entry.rewritePlain(fields, isUDP: isUDP)
    }
    unsafe entry.count(length)
    // Safe: a batch's frame has room in front of it for the longest link header.
    let header = unsafe UnsafePointer(path).writeLink(before: network, length)
    unsafe exit = (network - header, length &+ UInt32(header), path.pointee.output)
    return true
  }
}

/// What the stages of a batch know of each frame, in memory of its own.
///
/// `@safe`: each access checks that there is such a frame.
@safe
struct BatchWork: ~Copyable {
  private let parses: UnsafeMutablePointer<FastParse>
  private let frames: UnsafeMutablePointer<PlainFrame>
  private let tuples: UnsafeMutablePointer<FetchedTuple>
  /// What holds for the batch; valid while this value lives.
  @unsafe let terms: UnsafeMutablePointer<FlowStore.Terms>

  init() {
    unsafe terms = .allocate(capacity: 1)
    unsafe terms.initialize(
      to: FlowStore.Terms(now: 0, timeouts: [0, 0, 0], epoch: 0, closesOnClassicPath: false))
    unsafe parses = .allocate(capacity: FrameBatch.capacity)
    unsafe parses.initialize(repeating: FastParse(.fastMissed), count: FrameBatch.capacity)
    unsafe frames = .allocate(capacity: FrameBatch.capacity)
    unsafe frames.initialize(repeating: PlainFrame(), count: FrameBatch.capacity)
    unsafe tuples = .allocate(capacity: FrameBatch.capacity)
    unsafe tuples.initialize(repeating: FetchedTuple(), count: FrameBatch.capacity)
  }

  deinit {
    unsafe parses.deallocate()
    unsafe frames.deallocate()
    unsafe tuples.deallocate()
    unsafe terms.deallocate()
  }

  /// Where what is known of frame `position` is: valid while this value lives.
  @inline(__always)
  @unsafe
  func pointer(_ position: Int) -> UnsafeMutablePointer<FastParse> {
    precondition(position >= 0 && position < FrameBatch.capacity)
    return unsafe parses + position
  }

  /// The same, for what is known of it as a plain frame.
  @inline(__always)
  @unsafe
  func plain(_ position: Int) -> UnsafeMutablePointer<PlainFrame> {
    precondition(position >= 0 && position < FrameBatch.capacity)
    return unsafe frames + position
  }

  /// The same, for what conntrack will look up.
  @inline(__always)
  @unsafe
  func tuple(_ position: Int) -> UnsafeMutablePointer<FetchedTuple> {
    precondition(position >= 0 && position < FrameBatch.capacity)
    return unsafe tuples + position
  }
}

// Of the flows nothing is changed here but what the pointers lead to: only of an `inout` value is the place passed, not a copy.
extension FrameBatch {
  /// Reads the plain frames and fetches their buckets; marks all others.
  /// - Returns: whether all are plain.
  @inline(never)
  func readPlain(_ table: FastTable, device: UInt32, _ flows: inout FlowStore) -> Bool {
    let kind = UInt64(table.id) << 32 | UInt64(IPFamily.ipv4.rawValue) << 8
    let (seed, device) = (flows.seed, UInt64(device))
    var isAll = true
    for position in 0..<count {
      // Safe: the work lives as long as the batch; a slot's octets lie in its memory, as `frame` says.
      let frame = unsafe work.plain(position)
      if hasOffloads, !slots[position].offload.isNone {
        unsafe frame.pointee.clear()
      } else {
        let (start, octets) = unsafe place(position)
        unsafe frame.pointee.read(start, octets, device, kind, table.takesIPv6, seed)
      }
      if unsafe frame.pointee.isPlain {
        unsafe flows.index.fetch(frame.pointee.hash)
      } else {
        isAll = false
      }
    }
    return isAll
  }

  /// Marks all frames as ones that are not plain.
  /// - Returns: whether all are plain.
  @inline(never)
  func clearPlain() -> Bool {
    for position in 0..<count { unsafe work.plain(position).pointee.clear() }
    return count == 0
  }

  /// Fetches the flows of the plain frames.
  @inline(never)
  func fetchPlain(_ flows: inout FlowStore) {
    for position in 0..<count {
      let frame = unsafe work.plain(position)
      if unsafe frame.pointee.isPlain { unsafe frame.pointee.fetch(&flows) }
    }
  }

  /// Sends frames from number `first` on, below `end`, through their flows, up to the first for which there is more to be done
  /// than for a plain one.
  /// - Returns: the number of that one; `end` when all were sent.
  @inline(never)
  mutating func carryPlain(from first: Int, to end: Int, _ flows: inout FlowStore, sentBefore: Int) -> Int {
    let terms = unsafe work.terms.pointee
    // Safe: as above.
    var exit = unsafe (start: base, octets: UInt32(0), output: UInt32(0))
    for position in first..<end {
      guard unsafe work.plain(position).pointee.carry(&flows, terms, &exit) else { return position }
      unsafe slots[position].leave(exit.start - base, exit.octets, exit.output, sentBefore)
    }
    return end
  }

  /// The same for all frames from number `first` on, when flows have come or gone since they were fetched: each is looked up when
  /// its frame's turn has come.
  @inline(never)
  mutating func carryStale(from first: Int, _ flows: inout FlowStore, sentBefore: Int) -> Int {
    for position in first..<count {
      let frame = unsafe work.plain(position)
      guard unsafe frame.pointee.isPlain else { return position }
      unsafe frame.pointee.fetch(&flows)
      let next = carryPlain(from: position, to: position &+ 1, &flows, sentBefore: sentBefore)
      guard next > position else { return position }
    }
    return count
  }
}
