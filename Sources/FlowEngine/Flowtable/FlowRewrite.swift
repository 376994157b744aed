// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What became of a frame at a flowtable.
enum FastVerdict: Equatable {
  /// Handed on unmodified, for the reason given.
  case passUp(Reason)
  /// Rewritten, to be sent on the device from the Ethernet header at `start` on.
  case forward(UInt32, start: Int)
  /// Rewritten, but the next hop's address is not known yet.
  case resolve
  /// What the flow knows of routes and neighbours may be out of date: look, then ask again.
  case check
}

extension FlowEntry {
  /// Translates IPv4 addresses and ports, lowers the TTL.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_nat_ip, ip_decrease_ttl. The checksums change by sums that
  /// were added up when the flow was made: one's complement addition gives the kernel's result, since no partial
  /// sum is zero.
  @inline(__always)
  func rewriteIPv4(_ bytes: inout MutableRawSpan, _ network: Int, isPartial: Bool) {
    var checksum = bytes.bytes.be16(network + 10)
    if networkDelta != 0 {
      rewriteTransport(&bytes, network + IPv4View.minimumLength, isPartial)
      bytes.storeBytes(of: newSource.bigEndian, toByteOffset: network + 12, as: UInt32.self)
      bytes.storeBytes(of: newDestination.bigEndian, toByteOffset: network + 16, as: UInt32.self)
      checksum = ~Checksum.fold(UInt64(~checksum) &+ UInt64(networkDelta))
    }
    let timeToLive = bytes.bytes.u8(network + 8) &- 1
    bytes.storeBytes(of: timeToLive, toByteOffset: network + 8, as: UInt8.self)
    let decremented = Checksum.decrementingTTL(checksum)
    bytes.storeBytes(of: decremented.bigEndian, toByteOffset: network + 10, as: UInt16.self)
  }

  /// Translates IPv6 ports, lowers the hop limit. The addresses are written by ``rewriteAddresses``.
  @inline(__always)
  func rewriteIPv6(_ bytes: inout MutableRawSpan, _ network: Int, isPartial: Bool) {
    if transportDelta != 0 { rewriteTransport(&bytes, network + IPv6View.headerLength, isPartial) }
    let hopLimit = bytes.bytes.u8(network + 7) &- 1
    bytes.storeBytes(of: hopLimit, toByteOffset: network + 7, as: UInt8.self)
  }

  @inline(__always)
  private func rewriteTransport(_ bytes: inout MutableRawSpan, _ transport: Int, _ isPartial: Bool) {
    let isTCP = key.proto == IPProtocol.tcp
    guard isTCP || key.proto == IPProtocol.udp else { return }
    if isPartial { rewriteOpenChecksum(&bytes, transport, transport + (isTCP ? 16 : 6)) }
    bytes.storeBytes(of: newSourcePort.bigEndian, toByteOffset: transport, as: UInt16.self)
    bytes.storeBytes(of: newDestinationPort.bigEndian, toByteOffset: transport + 2, as: UInt16.self)
    let offset = transport + (isTCP ? 16 : 6)
    let checksum = bytes.bytes.be16(offset)
    // A UDP checksum of zero means that there is none.
    if isPartial || !isTCP && checksum == 0 { return }
    var result = ~Checksum.fold(UInt64(~checksum) &+ UInt64(transportDelta))
    if !isTCP, result == 0 { result = 0xffff }
    bytes.storeBytes(of: result.bigEndian, toByteOffset: offset, as: UInt16.self)
  }

  /// Translates a checksum that is left to the device: it holds the sum of the pseudo header, in which the ports are
  /// not. To be called before the ports are written.
  ///
  /// Source: net/core/utils.c, inet_proto_csum_replace4.
  @inline(never)
  private func rewriteOpenChecksum(_ bytes: inout MutableRawSpan, _ transport: Int, _ place: Int) {
    let old = UInt64(bytes.bytes.be16(transport)) &+ UInt64(bytes.bytes.be16(transport + 2))
    let addresses = UInt64(transportDelta) &+ old &+ UInt64(~newSourcePort) &+ UInt64(~newDestinationPort)
    var sum = Checksum.fold(UInt64(bytes.bytes.be16(place)) &+ addresses)
    if sum == 0, key.proto == IPProtocol.udp { sum = 0xffff }
    bytes.storeBytes(of: sum.bigEndian, toByteOffset: place, as: UInt16.self)
  }
}

extension FlowPath {
  /// Writes the Ethernet header and what is pushed between it and `network`.
  /// - Returns: where the frame begins.
  @inline(__always)
  func writeLink(_ bytes: inout MutableRawSpan, _ network: Int, _ family: IPFamily) -> Int {
    var start = network - EthernetView.headerLength
    if encapsulation != 0 {
      start = pushEncapsulations(&bytes, network, family)
    } else {
      bytes.storeBytes(of: family.ethertype.bigEndian, toByteOffset: network - 2, as: UInt16.self)
    }
    bytes.storeBytes(of: ethernetStart.bigEndian, toByteOffset: start, as: UInt64.self)
    bytes.storeBytes(of: ethernetEnd.bigEndian, toByteOffset: start + 8, as: UInt32.self)
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
    var word = UInt32(truncatingIfNeeded: encapsulation)
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
      if place == 0 { word = UInt32(truncatingIfNeeded: encapsulation >> 32) }
    }
    bytes.storeBytes(of: type.bigEndian, toByteOffset: position - 2, as: UInt16.self)
    return position - EthernetView.headerLength
  }
}

extension FlowStore {
  /// Times and rules that hold for a batch.
  struct Terms: BitwiseCopyable {
    var now: UInt64
    /// Nanoseconds of idleness that end a flow.
    var tcpTimeout: UInt64
    var udpTimeout: UInt64
    var greTimeout: UInt64
    var epoch: UInt32
    var closesOnClassicPath: Bool
  }

  /// Sends one frame that hit a flow through it. Nothing is changed unless the frame is forwarded or marks the
  /// flow closing.
  @inline(__always)
  mutating func process(_ found: Int, _ bytes: inout MutableRawSpan, _ parse: FastParse, _ terms: Terms)
    -> FastVerdict
  {
    // Safe: `found` came from the index, and the slab's records do not move.
    let entry = unsafe entry(found)
    let path = unsafe paths.pointer(entry.pointee.path)
    guard unsafe Int(parse.largest) <= Int(path.pointee.mtu) &+ Int(parse.inline) else {
      return .passUp(.fastTooBig)
    }
    let idle: UInt64
    if parse.proto == IPProtocol.tcp {
      idle = terms.tcpTimeout
      if parse.flags & 0x07 != 0 {
        let isClosing = unsafe entry.pointee.flags.contains(.closing)
        if terms.closesOnClassicPath {
          guard parse.flags & 0x05 == 0 else { return .passUp(.fastClosed) }
        } else if parse.flags & 0x02 != 0, isClosing {
          return .passUp(.fastReopened)
        } else if parse.flags & 0x05 != 0, !isClosing {
          set(.closing, found >> 1)
        }
      }
    } else {
      idle = parse.proto == IPProtocol.udp ? terms.udpTimeout : terms.greTimeout
    }
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
    let network = Int(parse.network)
    if parse.family == .ipv4 {
      unsafe entry.pointee.rewriteIPv4(&bytes, network, isPartial: parse.isPartial)
    } else {
      unsafe entry.pointee.rewriteIPv6(&bytes, network, isPartial: parse.isPartial)
      if unsafe entry.pointee.transportDelta != 0 { rewriteAddresses(found >> 1, found & 1, &bytes, network) }
    }
    if unsafe entry.pointee.flags.contains(.counts) {
      unsafe entry.pointee.packets &+= 1
      unsafe entry.pointee.bytes &+= UInt64(parse.length)
    }
    guard exit == .device else { return .resolve }
    let start = unsafe path.pointee.writeLink(&bytes, network, parse.family)
    return unsafe .forward(path.pointee.output, start: start)
  }

  @inline(never)
  private func rewriteAddresses(_ flow: Int, _ side: Int, _ bytes: inout MutableRawSpan, _ network: Int) {
    let source = pairs[flow].sides[1 - side].key.destination
    let destination = pairs[flow].sides[1 - side].key.source
    bytes.storeBytes(of: source.high.bigEndian, toByteOffset: network + 8, as: UInt64.self)
    bytes.storeBytes(of: source.low.bigEndian, toByteOffset: network + 16, as: UInt64.self)
    bytes.storeBytes(of: destination.high.bigEndian, toByteOffset: network + 24, as: UInt64.self)
    bytes.storeBytes(of: destination.low.bigEndian, toByteOffset: network + 32, as: UInt64.self)
  }
}
