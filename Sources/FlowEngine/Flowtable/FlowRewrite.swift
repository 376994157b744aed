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

/// The octets of a packet from its network header on, for the rewrite: fields at fixed places, in network order.
///
/// `@unsafe`: whoever makes one has checked that network and transport header are there as a whole.
@unsafe
private struct HeaderFields {
  let start: UnsafeMutableRawPointer

  @inline(__always)
  func be16(_ offset: Int) -> UInt16 {
    unsafe UInt16(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }
  @inline(__always)
  func store(_ value: UInt16, _ offset: Int) {
    unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
  }
  @inline(__always)
  func store(_ value: UInt32, _ offset: Int) {
    unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
  }
  @inline(__always)
  func store(_ value: Address, _ offset: Int) {
    unsafe start.storeBytes(of: value.high.bigEndian, toByteOffset: offset, as: UInt64.self)
    unsafe start.storeBytes(of: value.low.bigEndian, toByteOffset: offset &+ 8, as: UInt64.self)
  }
  /// Lowers TTL or hop limit.
  @inline(__always)
  func decrement(_ offset: Int) {
    let value = unsafe start.load(fromByteOffset: offset, as: UInt8.self)
    unsafe start.storeBytes(of: value &- 1, toByteOffset: offset, as: UInt8.self)
  }
}

// By pointers, since each call would copy the record otherwise.
extension UnsafeMutablePointer<FlowEntry> {
  /// Translates and lowers the TTL or hop limit of a packet of which `parse` was read. `other`: the key of the other
  /// direction. Traps unless the headers are there.
  @inline(__always)
  fileprivate func rewrite(
    _ bytes: inout MutableRawSpan, _ parse: UnsafePointer<FastParse>, _ other: UnsafePointer<FlowKey>
  ) {
    let network = unsafe Int(parse.pointee.network)
    precondition(unsafe network &+ Int(parse.pointee.headers) <= bytes.byteCount)
    // Safe: the headers are there, and the pointer is not used after the span.
    let start = unsafe bytes.withUnsafeMutableBytes { $0.baseAddress }
    guard let start = unsafe start else { return }
    let fields = unsafe HeaderFields(start: start + network)
    if unsafe parse.pointee.family == .ipv4 {
      unsafe rewriteIPv4(fields, parse)
    } else {
      unsafe rewriteIPv6(fields, parse, other)
    }
  }

  /// Translates IPv4 addresses and ports, lowers the TTL.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_nat_ip, ip_decrease_ttl. The checksums change by sums that
  /// were added up when the flow was made: one's complement addition gives the kernel's result, since no partial
  /// sum is zero.
  @inline(__always)
  private func rewriteIPv4(_ fields: HeaderFields, _ parse: UnsafePointer<FastParse>) {
    var checksum = unsafe fields.be16(10)
    if unsafe pointee.networkDelta != 0 {
      unsafe rewriteTransport(fields, IPv4View.minimumLength, parse)
      unsafe fields.store(pointee.newSource, 12)
      unsafe fields.store(pointee.newDestination, 16)
      checksum = unsafe Checksum.adding(pointee.networkDelta, to: checksum)
    }
    unsafe fields.decrement(8)
    unsafe fields.store(Checksum.decrementingTTL(checksum), 10)
  }

  /// Translates IPv6 addresses, which the other direction's key has, and ports, lowers the hop limit.
  @inline(__always)
  private func rewriteIPv6(
    _ fields: HeaderFields, _ parse: UnsafePointer<FastParse>, _ other: UnsafePointer<FlowKey>
  ) {
    if unsafe pointee.transportDelta != 0 {
      unsafe rewriteTransport(fields, IPv6View.headerLength, parse)
      unsafe fields.store(other.pointee.destination, 8)
      unsafe fields.store(other.pointee.source, 24)
    }
    unsafe fields.decrement(7)
  }

  @inline(__always)
  private func rewriteTransport(
    _ fields: HeaderFields, _ transport: Int, _ parse: UnsafePointer<FastParse>
  ) {
    let place = unsafe Int(parse.pointee.checksumPlace)
    guard place != 0 else { return }
    if unsafe parse.pointee.isPartial { return unsafe rewriteOpen(fields, transport, place) }
    unsafe fields.store(pointee.newSourcePort, transport)
    unsafe fields.store(pointee.newDestinationPort, transport &+ 2)
    let checksum = unsafe fields.be16(place)
    var result = unsafe Checksum.adding(pointee.transportDelta, to: checksum)
    // A UDP checksum of zero means that there is none, and is never the result. No branches: which protocol comes
    // next cannot be foretold.
    let isUDP = unsafe parse.pointee.idleClass == 1
    result = result == 0 ? (isUDP ? 0xffff : 0) : result
    result = isUDP && checksum == 0 ? 0 : result
    unsafe fields.store(result, place)
  }

  /// Translates ports, and a checksum that is left to the device: it holds the sum of the pseudo header, in which the
  /// ports are not.
  ///
  /// Source: net/core/utils.c, inet_proto_csum_replace4.
  @inline(never)
  private func rewriteOpen(_ fields: HeaderFields, _ transport: Int, _ place: Int) {
    let old = unsafe UInt64(fields.be16(transport)) &+ UInt64(fields.be16(transport &+ 2))
    let new = unsafe UInt64(~pointee.newSourcePort) &+ UInt64(~pointee.newDestinationPort)
    let addresses = unsafe UInt64(pointee.transportDelta) &+ old &+ new
    var sum = unsafe Checksum.fold(UInt64(fields.be16(place)) &+ addresses)
    if sum == 0, unsafe pointee.key.proto == IPProtocol.udp { sum = 0xffff }
    unsafe fields.store(sum, place)
    unsafe fields.store(pointee.newSourcePort, transport)
    unsafe fields.store(pointee.newDestinationPort, transport &+ 2)
  }
}

extension UnsafeMutablePointer<FlowPath> {
  /// Writes the Ethernet header and what is pushed between it and `network`.
  /// - Returns: where the frame begins.
  @inline(__always)
  func writeLink(_ bytes: inout MutableRawSpan, _ network: Int, _ family: IPFamily) -> Int {
    var start = network - EthernetView.headerLength
    if unsafe pointee.encapsulation != 0 {
      start = unsafe pushEncapsulations(&bytes, network, family)
    } else {
      bytes.storeBytes(of: family.ethertype.bigEndian, toByteOffset: network - 2, as: UInt16.self)
    }
    unsafe bytes.storeBytes(of: pointee.ethernetStart.bigEndian, toByteOffset: start, as: UInt64.self)
    unsafe bytes.storeBytes(of: pointee.ethernetEnd.bigEndian, toByteOffset: start + 8, as: UInt32.self)
    return start
  }

  /// Writes tags and session header in front of `network`, innermost first, and the type that announces each.
  /// - Returns: where the frame's Ethernet header begins.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_encap_push, nf_flow_vlan_push, nf_flow_pppoe_push. Tags have
  /// priority 0; the length of a session header counts the padding.
  @inline(__always)
  private func pushEncapsulations(_ bytes: inout MutableRawSpan, _ network: Int, _ family: IPFamily) -> Int {
    var position = network
    var type = family.ethertype
    var word = unsafe UInt32(truncatingIfNeeded: pointee.encapsulation)
    for place in 0..<2 {
      if word != 0 {
        let identifier = UInt16(truncatingIfNeeded: word >> 16)
        let kind = UInt16(truncatingIfNeeded: word)
        if kind == EtherType.pppoeSession {
          let length = UInt16(truncatingIfNeeded: bytes.byteCount - position + 2)
          let inner = family == .ipv4 ? PPPoEView.protocolIPv4 : PPPoEView.protocolIPv6
          position -= PPPoEView.headerLength
          bytes.storeBytes(of: UInt16(0x1100).bigEndian, toByteOffset: position, as: UInt16.self)
          bytes.storeBytes(of: identifier.bigEndian, toByteOffset: position + 2, as: UInt16.self)
          bytes.storeBytes(of: length.bigEndian, toByteOffset: position + 4, as: UInt16.self)
          bytes.storeBytes(of: inner.bigEndian, toByteOffset: position + 6, as: UInt16.self)
        } else {
          position -= VLANTagView.length
          bytes.storeBytes(of: identifier.bigEndian, toByteOffset: position, as: UInt16.self)
          bytes.storeBytes(of: type.bigEndian, toByteOffset: position + 2, as: UInt16.self)
        }
        type = kind
      }
      if place == 0 { word = unsafe UInt32(truncatingIfNeeded: pointee.encapsulation >> 32) }
    }
    bytes.storeBytes(of: type.bigEndian, toByteOffset: position - 2, as: UInt16.self)
    return position - EthernetView.headerLength
  }
}

extension FlowEntry {
  /// Translates and lowers the TTL or hop limit of a packet of which `parse` was read. IPv6 addresses become those
  /// given.
  func rewrite(_ bytes: inout MutableRawSpan, _ parse: FastParse, source: Address, destination: Address) {
    var entry = self
    var other = key
    other.source = destination
    other.destination = source
    // Safe: all three are copies that live until the call is over.
    unsafe withUnsafeMutablePointer(to: &entry) { entry in
      unsafe withUnsafePointer(to: other) { other in
        unsafe withUnsafePointer(to: parse) { unsafe entry.rewrite(&bytes, $0, other) }
      }
    }
  }
}

extension FlowPath {
  /// Writes the Ethernet header and what is pushed between it and `network`.
  /// - Returns: where the frame begins.
  func writeLink(_ bytes: inout MutableRawSpan, _ network: Int, _ family: IPFamily) -> Int {
    var path = self
    // Safe: the copy lives until the call is over.
    return unsafe withUnsafeMutablePointer(to: &path) { unsafe $0.writeLink(&bytes, network, family) }
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
  }

  /// Sends one frame that hit a flow through it. Nothing is changed unless the frame is forwarded or marks the
  /// flow closing. Traps unless `bytes` hold the headers that were read.
  @inline(__always)
  @unsafe
  mutating func process(
    _ found: Int, _ bytes: inout MutableRawSpan, _ parse: UnsafePointer<FastParse>, _ terms: borrowing Terms
  ) -> FastVerdict {
    // Safe: `found` came from the index, and the slab's records do not move.
    let entry = unsafe entry(found)
    let path = unsafe paths.pointer(entry.pointee.path)
    guard unsafe Int(parse.pointee.largest) <= Int(path.pointee.mtu) &+ Int(parse.pointee.inline) else {
      return .passUp(.fastTooBig)
    }
    // Only TCP has flags.
    if unsafe parse.pointee.flags & 0x07 != 0 {
      let reason = unsafe noteFlags(found, parse.pointee.flags, terms.closesOnClassicPath)
      if reason != .fastForwarded { return .passUp(reason) }
    }
    let idle = unsafe terms.timeouts[Int(parse.pointee.idleClass)]
    guard unsafe path.pointee.epoch == terms.epoch else { return .check }
    let exit = unsafe path.pointee.exit
    guard exit != .stale else { return .passUp(.fastStale) }
    // The difference is unsigned, as the kernel's, so that a shorter time-out takes effect at once.
    let deadline = terms.now &+ idle
    let known = unsafe entry.pointee.deadline
    if deadline &- known > Instant.second {
      unsafe entry.pointee.deadline = deadline
      if deadline < known { pairs[found >> 1].sides[1 - found & 1].deadline = deadline }
    }
    // Safe: the key comes first in a record.
    unsafe entry.rewrite(
      &bytes, parse, UnsafeRawPointer(self.entry(found ^ 1)).assumingMemoryBound(to: FlowKey.self))
    if unsafe entry.pointee.flags.rawValue & FlowFlags.counts.rawValue != 0 {
      unsafe entry.pointee.packets &+= 1
      unsafe entry.pointee.bytes &+= UInt64(parse.pointee.length)
    }
    guard exit == .device else { return .resolve }
    let begin = unsafe path.writeLink(&bytes, Int(parse.pointee.network), parse.pointee.family)
    return unsafe .forward(path.pointee.output, start: begin, hasEgress: path.pointee.hasEgress)
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
