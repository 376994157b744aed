// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What became of a frame at a flowtable.
enum FastVerdict: Equatable {
  /// Handed on unmodified, for the reason given.
  case passUp(Reason)
  /// Rewritten, to be sent on the device with the Ethernet header in place.
  case forward(UInt32)
  /// Rewritten, but the next hop's address is not known yet.
  case resolve
  /// What the flow knows of routes and neighbours may be out of date: look, then ask again.
  case check
}

extension FlowEntry {
  /// Sets the Ethernet addresses.
  mutating func setEthernet(to destination: MACAddress, from source: MACAddress) {
    ethernetStart = destination.bits << 16 | source.bits >> 32
    ethernetEnd = UInt32(truncatingIfNeeded: source.bits)
  }

  /// Translates IPv4 addresses and ports, lowers the TTL.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_nat_ip, ip_decrease_ttl. The checksums change by sums that
  /// were added up when the flow was made: one's complement addition gives the kernel's result, since no partial
  /// sum is zero.
  @inline(__always)
  func rewriteIPv4(_ bytes: inout MutableRawSpan, _ network: Int) {
    var checksum = bytes.bytes.be16(network + 10)
    if networkDelta != 0 {
      rewriteTransport(&bytes, network + IPv4View.minimumLength)
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
  func rewriteIPv6(_ bytes: inout MutableRawSpan, _ network: Int) {
    if transportDelta != 0 { rewriteTransport(&bytes, network + IPv6View.headerLength) }
    let hopLimit = bytes.bytes.u8(network + 7) &- 1
    bytes.storeBytes(of: hopLimit, toByteOffset: network + 7, as: UInt8.self)
  }

  @inline(__always)
  private func rewriteTransport(_ bytes: inout MutableRawSpan, _ transport: Int) {
    let isTCP = key.proto == IPProtocol.tcp
    guard isTCP || key.proto == IPProtocol.udp else { return }
    bytes.storeBytes(of: newSourcePort.bigEndian, toByteOffset: transport, as: UInt16.self)
    bytes.storeBytes(of: newDestinationPort.bigEndian, toByteOffset: transport + 2, as: UInt16.self)
    let offset = transport + (isTCP ? 16 : 6)
    let checksum = bytes.bytes.be16(offset)
    // A UDP checksum of zero means that there is none.
    if !isTCP, checksum == 0 { return }
    var result = ~Checksum.fold(UInt64(~checksum) &+ UInt64(transportDelta))
    if !isTCP, result == 0 { result = 0xffff }
    bytes.storeBytes(of: result.bigEndian, toByteOffset: offset, as: UInt16.self)
  }

  /// Writes addresses and type of the Ethernet header that ends at `network`.
  @inline(__always)
  func writeEthernet(_ bytes: inout MutableRawSpan, _ network: Int, _ family: IPFamily) {
    let link = network - EthernetView.headerLength
    bytes.storeBytes(of: ethernetStart.bigEndian, toByteOffset: link, as: UInt64.self)
    bytes.storeBytes(of: ethernetEnd.bigEndian, toByteOffset: link + 8, as: UInt32.self)
    bytes.storeBytes(of: family.ethertype.bigEndian, toByteOffset: link + 12, as: UInt16.self)
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
    guard unsafe Int(parse.length) <= Int(entry.pointee.mtu) &+ Int(parse.inline) else {
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
    guard unsafe entry.pointee.epoch == terms.epoch else { return .check }
    // The difference is unsigned, as the kernel's, so that a shorter time-out takes effect at once.
    let deadline = terms.now &+ idle
    let known = unsafe entry.pointee.deadline
    if deadline &- known > Instant.second {
      unsafe entry.pointee.deadline = deadline
      if deadline < known { pairs[found >> 1].sides[1 - found & 1].deadline = deadline }
    }
    let network = Int(parse.network)
    if parse.family == .ipv4 {
      unsafe entry.pointee.rewriteIPv4(&bytes, network)
    } else {
      unsafe entry.pointee.rewriteIPv6(&bytes, network)
      if unsafe entry.pointee.transportDelta != 0 { rewriteAddresses(found >> 1, found & 1, &bytes, network) }
    }
    if unsafe entry.pointee.flags.contains(.counts) {
      unsafe entry.pointee.packets &+= 1
      unsafe entry.pointee.bytes &+= UInt64(parse.length)
    }
    let output = unsafe entry.pointee.output
    guard output != 0 else { return .resolve }
    unsafe entry.pointee.writeEthernet(&bytes, network, parse.family)
    return .forward(output)
  }

  @inline(never)
  private func rewriteAddresses(_ flow: Int, _ side: Int, _ bytes: inout MutableRawSpan, _ network: Int) {
    let source = details[flow].newSource[side]
    let destination = details[flow].newDestination[side]
    bytes.storeBytes(of: source.high.bigEndian, toByteOffset: network + 8, as: UInt64.self)
    bytes.storeBytes(of: source.low.bigEndian, toByteOffset: network + 16, as: UInt64.self)
    bytes.storeBytes(of: destination.high.bigEndian, toByteOffset: network + 24, as: UInt64.self)
    bytes.storeBytes(of: destination.low.bigEndian, toByteOffset: network + 32, as: UInt64.self)
  }
}
