// SPDX-License-Identifier: GPL-3.0-or-later

internal import CFlowMemory
import PacketWire

/// What the batch has read of a plain frame: IPv4 without options and fragments, or IPv6 without extension headers, alone, in
/// one VLAN or in a PPPoE session; not TCP with SYN, FIN or RST; as many octets at least as TCP has headers; nothing left to be
/// done to it. Flows are found for those of TCP and UDP only.
///
/// Nearly all frames are such, and what is done for them is here, with nothing else in between. Any other is read as
/// ``FastParse``. A frame that turns out to need more than its flow's path is read so, too.
///
/// `@safe`: what the pointers say is used in the unsafe functions only, whose caller has the batch and the flows.
@safe
struct PlainFrame: BitwiseCopyable {
  /// As in ``FlowKey``; 0: not a plain frame.
  private var context: UInt64 = 0
  /// ``FlowKey/rawPortsAndDevice``.
  private var ports: UInt64 = 0
  /// The IP header in the batch's memory, of a plain frame; as many octets at least as TCP has headers are there.
  private var network: UnsafeMutableRawPointer?
  /// The flow direction that a lookup looks at first; nil for none.
  private var candidate: UnsafeMutablePointer<FlowEntry>?
  private(set) var hash: UInt32 = 0
  /// Octets from the IP header to the end of the frame, padding included.
  private var length: UInt32 = 0

  /// Octets of the IPv4 packet that a plain frame has at least: both headers of TCP.
  private static var leastLength: Int { IPv4View.minimumLength &+ TCPView.minimumLength }
  /// Octets of the IPv6 packet, likewise.
  private static var leastLength6: Int { IPv6View.headerLength &+ TCPView.minimumLength }

  /// Flags of TCP that a plain frame has not: SYN, FIN and RST; none of UDP. What it says of other protocols does not matter,
  /// as no flow of theirs is found for a plain frame.
  ///
  /// From one bit: which of the two comes next cannot be foretold, and there is no branch here, nor where ``udp`` is used.
  @inline(__always)
  private static func endingFlags(_ proto: UInt8) -> UInt8 { (proto & 1 &- 1) & 7 }

  /// All ones if it is UDP's, zero if it is TCP's.
  private var udp: UInt64 { @inline(__always) get { 0 &- (context & 1) } }

  init() {
    unsafe network = nil
    unsafe candidate = nil
  }

  var isPlain: Bool { @inline(__always) get { context != 0 } }
  /// Whether it is a plain frame, of which the index knows a flow.
  var hasCandidate: Bool { @inline(__always) get { unsafe context != 0 && candidate != nil } }

  /// Marks the frame as one that is to be read otherwise.
  @inline(__always)
  mutating func clear() { context = 0 }

  /// Reads the frame of `count` octets at `start`. `device`: its index << 32; `kind`: the context of the flowtable's IPv4 flows, but for the protocol and
  /// the encapsulation.
  /// - Returns: whether it is a plain frame; if not, nothing has been written.
  @inline(__always)
  @unsafe
  mutating func read(
    _ start: UnsafeMutableRawPointer, _ count: Int, _ device: UInt64, _ kind: UInt64, _ takesIPv6: Bool,
    _ seed: UInt64
  ) -> Bool {
    guard count >= EthernetView.headerLength &+ Self.leastLength else { return false }
    // Safe: the octets up to the type, and 40 more, are there.
    let link = unsafe HeaderFields(start)
    var offset = EthernetView.headerLength
    var type = unsafe link.raw16(12)
    var kind = kind
    if _slowPath(type != EtherType.ipv4.bigEndian) {
      if type == EtherType.vlan.bigEndian {
        kind |= unsafe UInt64(link.be16(14)) << 16 | FlowKey.Wrap.vlan
        type = unsafe link.raw16(16)
        offset = EthernetView.headerLength &+ VLANTagView.length
      } else if type == EtherType.pppoeSession.bigEndian {
        kind |= unsafe UInt64(link.be16(16)) << 16 | FlowKey.Wrap.session
        let inside = unsafe link.be16(20)
        guard inside == PPPoEView.protocolIPv4 || inside == PPPoEView.protocolIPv6 else { return false }
        type = (inside == PPPoEView.protocolIPv4 ? EtherType.ipv4 : EtherType.ipv6).bigEndian
        offset = EthernetView.headerLength &+ PPPoEView.headerLength
      }
      guard type == EtherType.ipv4.bigEndian else {
        guard type == EtherType.ipv6.bigEndian, takesIPv6 else { return false }
        return unsafe readIPv6(start + offset, count &- offset, device, kind, seed)
      }
    }
    let rest = count &- offset
    guard rest >= Self.leastLength else { return false }
    // Safe: 40 octets are there.
    let fields = unsafe HeaderFields(start + offset)
    // Header length in the low half of the first octet; the flag of more fragments and the offset in the last two.
    let first = unsafe UInt64(littleEndian: fields.raw64(0))
    guard first & 0xff3f_0000_0000_000f == 5 else { return false }
    guard unsafe fields.u8(8) > 1 else { return false }
    let proto = unsafe fields.u8(9)
    guard unsafe fields.u8(33) & Self.endingFlags(proto) == 0 else { return false }
    ports = unsafe device | UInt64(fields.raw32(20))
    context = kind | UInt64(proto)
    length = UInt32(truncatingIfNeeded: rest)
    hash = unsafe FlowKey.hash(fields.raw64(12), ports, context, seed)
    unsafe network = start + offset
    return true
  }

  /// Reads an IPv6 packet of `count` octets, padding included.
  @inline(never)
  @unsafe
  private mutating func readIPv6(
    _ start: UnsafeMutableRawPointer, _ count: Int, _ device: UInt64, _ kind: UInt64, _ seed: UInt64
  ) -> Bool {
    guard count >= Self.leastLength6 else { return false }
    // Safe: both headers are there.
    let fields = unsafe HeaderFields(start)
    let proto = unsafe fields.u8(6)
    guard unsafe fields.u8(0) >> 4 == 6, unsafe fields.u8(7) > 1 else { return false }
    guard unsafe fields.u8(IPv6View.headerLength &+ 13) & Self.endingFlags(proto) == 0 else { return false }
    ports = unsafe device | UInt64(fields.raw32(IPv6View.headerLength))
    context = kind ^ Self.otherFamily | UInt64(proto)
    length = UInt32(truncatingIfNeeded: count)
    let addresses = unsafe FlowKey.folded(fields.address(8), fields.address(24), seed)
    hash = FlowKey.hash(addresses, ports, context, seed)
    unsafe network = start
    return true
  }

  /// What tells the context of an IPv6 flow from that of an IPv4 flow.
  private static var otherFamily: UInt64 { UInt64(IPFamily.ipv4.rawValue ^ IPFamily.ipv6.rawValue) << 8 }

  private var isIPv6: Bool { @inline(__always) get { context & Self.otherFamily != 0 } }

  /// Takes the flow direction that a lookup looks at first, and fetches what will be read of it.
  @inline(__always)
  mutating func fetch(_ flows: inout FlowStore) {
    unsafe candidate = isPlain ? flows.candidate(hash) : nil
    guard let entry = unsafe candidate else { return }
    unsafe flow_prefetch_for_writing(entry)
    if isIPv6 { unsafe flow_prefetch(UnsafeRawPointer(entry) + 64) }
  }

  /// Whether it is the frame that the flow direction has in mind, and no more is to be asked of the direction.
  @inline(__always)
  @unsafe
  private func isFound(_ entry: UnsafePointer<FlowEntry>, _ fields: HeaderFields) -> Bool {
    guard unsafe entry.pointee.plain.context == context,
      unsafe entry.pointee.plain.ports == ports
    else { return false }
    if !isIPv6 { return unsafe entry.pointee.plain.addresses == fields.raw64(12) }
    let (source, destination) = unsafe (fields.address(8), fields.address(24))
    return unsafe entry.pointee.key.source == source && entry.pointee.key.destination == destination
  }

  /// Sends the frame through its flow, if nothing is to be decided: the first look finds it, the frame fits, and what the
  /// path knows holds and is all.
  /// - Returns: whether it was sent on, from the address and on the device in `exit`; else nothing was done.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_offload_ip_hook.
  @inline(__always)
  @unsafe
  func carry(
    _ flows: inout FlowStore, _ terms: PlainTerms,
    _ exit: inout (start: UnsafeMutableRawPointer, octets: UInt32, output: UInt32)
  ) -> Bool {
    guard let entry = unsafe candidate else { return false }
    // Safe: a frame with a candidate has been read, and both headers are there; the slab's records do not move.
    let network = unsafe network.unsafelyUnwrapped
    let fields = unsafe HeaderFields(network)
    guard unsafe isFound(entry, fields) else { return false }
    // Safe: an entry's path is in use.
    let path = unsafe flows.paths.pointer(entry.pointee.path)
    guard unsafe length <= UInt32(path.pointee.mtu), unsafe path.pointee.plainEpoch == terms.epoch else {
      return false
    }
    let deadline = terms.deadlineTCP &+ (terms.moreForUDP & udp)
    let known = unsafe entry.pointee.deadline
    // Unsigned, as the kernel's; one that is earlier than known is for the other direction, too.
    if deadline &- known > Instant.second {
      guard deadline >= known else { return false }
      unsafe entry.pointee.deadline = deadline
    }
    if isIPv6 {
      unsafe fields.decrement(7)
    } else {
      unsafe entry.rewritePlain(fields, udp)
    }
    if terms.counts { unsafe entry.count(length) }
    // Safe: a batch's frame has room in front of it for the longest link header.
    let header = unsafe UnsafePointer(path).writeLink(before: network, length)
    unsafe exit = (network - header, length &+ UInt32(header), path.pointee.output)
    return true
  }
}

/// What holds for the plain frames of a batch.
struct PlainTerms: BitwiseCopyable {
  /// When TCP's flows end that are used now, and what is to be added to it for UDP's.
  let deadlineTCP: UInt64
  let moreForUDP: UInt64
  let epoch: UInt32
  let counts: Bool

  init(_ terms: FlowStore.Terms) {
    deadlineTCP = terms.now &+ terms.timeouts[0]
    moreForUDP = terms.timeouts[1] &- terms.timeouts[0]
    epoch = terms.epoch
    counts = terms.counts
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
      to: FlowStore.Terms(now: 0, timeouts: [0, 0, 0], epoch: 0, closesOnClassicPath: false, counts: false))
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

  /// Where what is known of the first `count` frames as plain ones is.
  @inline(__always)
  @unsafe
  func plain(first count: Int) -> UnsafeMutablePointer<PlainFrame> {
    precondition(count >= 0 && count <= FrameBatch.capacity)
    return unsafe frames
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
    let (seed, device) = (flows.seed, UInt64(device) << 32)
    // Safe: the work lives as long as the batch, and nothing has been moved in it yet.
    let frames = unsafe work.plain(first: count)
    let slots = unsafe slots.first(count)
    var start = unsafe firstFrame
    var isAll = true
    for position in 0..<count {
      if unsafe frames[position].read(start, slots[position].length, device, kind, table.takesIPv6, seed) {
        unsafe flows.index.fetch(frames[position].hash)
      } else {
        unsafe frames[position].clear()
        isAll = false
      }
      unsafe start += stride
    }
    guard hasOffloads else { return isAll }
    for position in 0..<count where unsafe !slots[position].offload.isNone {
      unsafe frames[position].clear()
      isAll = false
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
    // Safe: the work lives as long as the batch.
    var frame = unsafe work.plain(first: count)
    for _ in 0..<count {
      unsafe frame.pointee.fetch(&flows)
      unsafe frame += 1
    }
  }

  /// Sends frames from number `first` on, below `end`, through their flows, up to the first for which there is more to be done
  /// than for a plain one.
  /// - Returns: the number of that one; `end` when all were sent.
  @inline(never)
  mutating func carryPlain(from first: Int, to end: Int, _ flows: inout FlowStore, sentBefore: Int) -> Int {
    let terms = unsafe PlainTerms(work.terms.pointee)
    precondition(first >= 0 && first <= end)
    // Safe: the work lives as long as the batch.
    let frames = unsafe work.plain(first: end)
    var frame = unsafe frames + first
    var slot = unsafe slots.first(end) + first
    let behind = unsafe frames + end
    var exit = unsafe (start: base, octets: UInt32(0), output: UInt32(0))
    while unsafe frame < behind {
      guard unsafe frame.pointee.carry(&flows, terms, &exit) else { return unsafe frame - frames }
      unsafe slot.pointee.leave(exit.start - base, exit.octets, exit.output, sentBefore)
      unsafe frame += 1
      unsafe slot += 1
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
