// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What became of a frame at a flowtable.
enum FastVerdict: Equatable {
  /// Handed on unmodified, for the reason given.
  case passUp(Reason)
  /// Rewritten, to be sent on the device from the Ethernet header at `start` on, by its egress chains if it has any.
  case forward(UInt32, start: Int, hasEgress: Bool)
  /// Rewritten, but the next hop's address is not known yet.
  case resolve
  /// What the flow knows of routes and neighbours may be out of date: look, then ask again.
  case check
}

// By pointers, since each call would copy the record otherwise.
extension UnsafeMutablePointer<FlowEntry> {
  /// Counts a packet of `length` octets.
  @inline(__always)
  func count(_ length: UInt32) {
    unsafe pointee.packets &+= 1
    unsafe pointee.bytes &+= UInt64(length)
  }

  /// Translates and lowers the TTL or hop limit of a packet of which `parse` was read. `other`: the other
  /// direction. Traps unless the headers are there.
  @inline(__always)
  fileprivate func rewrite(
    _ bytes: inout MutableRawSpan, _ parse: UnsafePointer<FastParse>, _ other: UnsafePointer<FlowEntry>
  ) {
    let network = unsafe Int(parse.pointee.network)
    precondition(unsafe network &+ parse.pointee.headers <= bytes.byteCount)
    // Safe: the headers are there, and the pointer is not used after the span.
    let start = unsafe bytes.withUnsafeMutableBytes { $0.baseAddress }
    guard let start = unsafe start else { return }
    let fields = unsafe HeaderFields(start + network)
    if unsafe parse.pointee.family == .ipv4 {
      unsafe rewriteIPv4(fields, parse)
    } else {
      unsafe rewriteIPv6(fields, parse, other)
    }
  }

  /// Translates IPv4 addresses and ports, lowers the TTL.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_nat_ip, ip_decrease_ttl.
  @inline(__always)
  private func rewriteIPv4(_ fields: HeaderFields, _ parse: UnsafePointer<FastParse>) {
    if unsafe pointee.flags.contains(.translated) {
      unsafe rewriteTransport(fields, IPv4View.minimumLength, parse)
      unsafe fields.store(raw: pointee.newAddresses, 12)
    }
    unsafe fields.decrement(8)
    unsafe fields.store(raw: Checksum.adding(pointee.networkDelta, to: fields.raw16(10)), 10)
  }

  /// The same for a packet of TCP or UDP with a whole checksum; `udp`: all ones if it is UDP's, else zero. Where nothing is
  /// translated, the same numbers are written again: that costs less than to ask.
  @inline(__always)
  @unsafe
  func rewritePlain(_ fields: HeaderFields, _ udp: UInt64) {
    unsafe fields.store(raw: Checksum.adding(pointee.networkDelta, to: fields.raw16(10)), 10)
    unsafe fields.decrement(8)
    unsafe fields.store(raw: pointee.newAddresses, 12)
    unsafe fields.store(raw: pointee.newPorts, 20)
    // TCP's checksum is in octets 16 and 17 of its header, UDP's in 6 and 7.
    let place = IPv4View.minimumLength &+ 16 &- Int(truncatingIfNeeded: udp & 10)
    unsafe fields.store(raw: translated(fields.raw16(place), udp), place)
  }

  /// Translates IPv6 addresses, which the other direction's key has, and ports, lowers the hop limit.
  @inline(__always)
  private func rewriteIPv6(
    _ fields: HeaderFields, _ parse: UnsafePointer<FastParse>, _ other: UnsafePointer<FlowEntry>
  ) {
    if unsafe pointee.flags.contains(.translated) {
      unsafe rewriteTransport(fields, IPv6View.headerLength, parse)
      unsafe fields.store(other.pointee.key.destination, 8)
      unsafe fields.store(other.pointee.key.source, 24)
    }
    unsafe fields.decrement(7)
  }

  @inline(__always)
  private func rewriteTransport(
    _ fields: HeaderFields, _ transport: Int, _ parse: UnsafePointer<FastParse>
  ) {
    let shape = unsafe parse.pointee.shape
    guard shape.checksumPlace != 0 else { return }
    let place = transport &+ shape.checksumPlace
    if unsafe parse.pointee.isPartial { return unsafe rewriteOpen(fields, transport, place) }
    unsafe fields.store(raw: pointee.newPorts, transport)
    unsafe fields.store(
      raw: translated(fields.raw16(place), shape.idleClass == 1 ? ~0 : 0), place)
  }

  /// A transport checksum behind the translation; `udp`: all ones if it is UDP's, else zero. A UDP checksum of zero means that
  /// there is none, and is never the result.
  @inline(__always)
  func translated(_ checksum: UInt16, _ udp: UInt64) -> UInt16 {
    let udp = UInt16(truncatingIfNeeded: udp)
    let result = unsafe Checksum.adding(pointee.transportDelta, to: checksum)
    if _slowPath(result == 0) { return checksum == 0 ? 0 : udp }
    return result & ~(checksum == 0 ? udp : 0)
  }

  /// Translates ports, and a checksum that is left to the device: it holds the sum of the pseudo header, in which the
  /// ports are not.
  ///
  /// Source: net/core/utils.c, inet_proto_csum_replace4.
  @inline(never)
  private func rewriteOpen(_ fields: HeaderFields, _ transport: Int, _ place: Int) {
    let before = unsafe fields.raw32(transport)
    let after = unsafe ~pointee.newPorts
    var total = unsafe UInt64(fields.raw16(place)) &+ UInt64(pointee.transportDelta)
    for word in [before, after] { total &+= UInt64(word & 0xffff) &+ UInt64(word >> 16) }
    var sum = Checksum.fold(total)
    if sum == 0, unsafe pointee.key.proto == IPProtocol.udp { sum = 0xffff }
    unsafe fields.store(raw: sum, place)
    unsafe fields.store(raw: pointee.newPorts, transport)
  }
}

extension UnsafePointer<FlowPath> {
  /// Writes the link headers in front of the network header. Traps unless there is room for the longest.
  /// - Returns: where the frame begins.
  @inline(__always)
  fileprivate func writeLink(_ bytes: inout MutableRawSpan, _ network: Int) -> Int {
    precondition(network >= FlowPath.linkRoom && network <= bytes.byteCount)
    let count = bytes.byteCount
    // Safe: the room lies in the span, and the pointer is not used after it.
    let base = unsafe bytes.withUnsafeMutableBytes { $0.baseAddress }
    guard let base = unsafe base else { return network }
    return unsafe network
      &- writeLink(before: base + network, UInt32(truncatingIfNeeded: count &- network))
  }

  /// The same, where there is room before the network header of a packet of `length` octets, padding included.
  /// - Returns: octets of the link headers.
  @inline(__always)
  @unsafe
  func writeLink(before network: UnsafeMutableRawPointer, _ length: UInt32) -> Int {
    let ethernet = EthernetView.headerLength
    guard unsafe pointee.linkLength == ethernet else { return unsafe writeLongLink(before: network, length) }
    // Safe: there is room. Two words that overlap, so that no more than the header is written.
    unsafe (network - ethernet).storeBytes(of: pointee.ethernetHead, as: UInt64.self)
    unsafe (network - 8).storeBytes(of: pointee.ethernetTail, as: UInt64.self)
    return ethernet
  }

  /// The same with further headers. All of the room is written, so that every kind of them costs the same.
  @inline(__always)
  @unsafe
  private func writeLongLink(before network: UnsafeMutableRawPointer, _ length: UInt32) -> Int {
    unsafe (network - FlowPath.linkRoom).storeBytes(of: pointee.link, as: [32 of UInt8].self)
    let session = unsafe Int(pointee.sessionPlace)
    if session != 0 {
      // The length of a session's header counts the padding, and the two octets of the protocol.
      let counted = UInt16(truncatingIfNeeded: Int(length) &+ session &- 2)
      // Safe: the header lies in the room.
      unsafe (network - session).storeBytes(of: counted.bigEndian, as: UInt16.self)
    }
    return unsafe Int(pointee.linkLength)
  }
}

extension FlowEntry {
  /// Translates and lowers the TTL or hop limit of a packet of which `parse` was read. IPv6 addresses become those
  /// given.
  func rewrite(_ bytes: inout MutableRawSpan, _ parse: FastParse, source: Address, destination: Address) {
    var entry = self
    var other = self
    other.key.source = destination
    other.key.destination = source
    // Safe: all three are copies that live until the call is over.
    unsafe withUnsafeMutablePointer(to: &entry) { entry in
      unsafe withUnsafePointer(to: other) { other in
        unsafe withUnsafePointer(to: parse) { unsafe entry.rewrite(&bytes, $0, other) }
      }
    }
  }
}

extension FlowPath {
  /// Writes the link headers in front of the network header. Traps unless there is room for the longest.
  /// - Returns: where the frame begins.
  func writeLink(_ bytes: inout MutableRawSpan, _ network: Int) -> Int {
    // Safe: the copy lives until the call is over.
    unsafe withUnsafePointer(to: self) { unsafe $0.writeLink(&bytes, network) }
  }
}

extension FlowStore {
  /// Times and rules that hold for a batch.
  struct Terms: BitwiseCopyable {
    var now: UInt64
    /// Nanoseconds of idleness that end a flow: TCP's, UDP's, GRE's, as ``FastParse/idleClass`` numbers them.
    var timeouts: [3 of UInt64]
    var epoch: UInt32
    var closesOnClassicPath: Bool
    /// Whether the flowtable counts into conntrack.
    var counts: Bool
  }

  /// Sends one frame that hit a flow through it. Nothing is changed unless the frame is forwarded or marks the
  /// flow closing. Traps unless `bytes` hold the headers that were read.
  @inline(never)
  @unsafe
  mutating func process(
    _ found: Int, _ bytes: inout MutableRawSpan, _ parse: UnsafePointer<FastParse>,
    _ terms: UnsafePointer<Terms>
  ) -> FastVerdict {
    // Safe: `found` came from the index, and the slab's records do not move.
    let entry = unsafe entry(found)
    let path = unsafe UnsafePointer(paths.pointer(entry.pointee.path))
    guard unsafe Int(parse.pointee.largest) <= Int(path.pointee.mtu) else {
      return .passUp(.fastTooBig)
    }
    if unsafe parse.pointee.flags != 0 {
      let reason = unsafe noteFlags(found, parse.pointee.flags, terms.pointee.closesOnClassicPath)
      if reason != .fastForwarded { return .passUp(reason) }
    }
    guard unsafe path.pointee.epoch == terms.pointee.epoch else { return .check }
    let exit = unsafe path.pointee.exit
    guard exit != .stale else { return .passUp(.fastStale) }
    unsafe carry(found, entry, &bytes, parse, terms)
    guard exit == .device else { return .resolve }
    let begin = unsafe path.writeLink(&bytes, Int(parse.pointee.network))
    return unsafe .forward(path.pointee.output, start: begin, hasEgress: path.pointee.hasEgress)
  }

  /// What is done to each frame that a flow carries: its time moves on, the packet is rewritten and counted.
  @inline(__always)
  private mutating func carry(
    _ found: Int, _ entry: UnsafeMutablePointer<FlowEntry>, _ bytes: inout MutableRawSpan,
    _ parse: UnsafePointer<FastParse>, _ terms: UnsafePointer<Terms>
  ) {
    // The difference is unsigned, as the kernel's, so that a shorter time-out takes effect at once.
    let deadline = unsafe terms.pointee.now &+ terms.pointee.timeouts[parse.pointee.shape.idleClass]
    let known = unsafe entry.pointee.deadline
    if deadline &- known > Instant.second {
      unsafe entry.pointee.deadline = deadline
      if deadline < known { pairs[found >> 1].sides[1 - found & 1].deadline = deadline }
    }
    // Safe: a pair is two entries one after the other.
    let other = unsafe found & 1 == 0 ? entry + 1 : entry - 1
    unsafe entry.rewrite(&bytes, parse, other)
    if unsafe terms.pointee.counts { unsafe entry.count(parse.pointee.length) }
  }

  /// What a TCP segment with SYN, FIN or RST does to its flow.
  /// - Returns: why it goes the classic way; `fastForwarded` when it does not.
  @inline(never)
  private mutating func noteFlags(_ found: Int, _ flags: UInt8, _ closesOnClassicPath: Bool) -> Reason {
    let isClosing = pairs[found >> 1].sides[found & 1].flags.contains(.closing)
    if closesOnClassicPath { return flags & 0x05 == 0 ? .fastForwarded : .fastClosed }
    if flags & 0x02 != 0, isClosing { return .fastReopened }
    if flags & 0x05 != 0, !isClosing { set(.closing, found >> 1) }
    return .fastForwarded
  }
}
