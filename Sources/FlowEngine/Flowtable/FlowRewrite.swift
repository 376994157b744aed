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
  mutating func process(_ found: Int, _ bytes: inout MutableRawSpan, _ parse: FastParse, _ terms: Terms) -> FastVerdict {
    let flow = found >> 1
    let side = found & 1
    let entry = pairs[flow].sides[side]
    guard parse.length <= Int(entry.mtu) &+ parse.inline else { return .passUp(.fastTooBig) }
    if parse.proto == IPProtocol.tcp {
      if terms.closesOnClassicPath {
        guard parse.flags & 0x05 == 0 else { return .passUp(.fastClosed) }
      } else if parse.flags & 0x02 != 0, entry.flags.contains(.closing) {
        return .passUp(.fastReopened)
      } else if parse.flags & 0x05 != 0, !entry.flags.contains(.closing) {
        set(.closing, flow)
      }
    }
    guard entry.epoch == terms.epoch else { return .check }
    refresh(flow, side, parse.proto, terms)
    if parse.family == .ipv4 {
      entry.rewriteIPv4(&bytes, parse.network)
    } else {
      entry.rewriteIPv6(&bytes, parse.network)
      if entry.transportDelta != 0 { rewriteAddresses(flow, side, &bytes, parse.network) }
    }
    if entry.flags.contains(.counts) {
      pairs[flow].sides[side].packets &+= 1
      pairs[flow].sides[side].bytes &+= UInt64(parse.length)
    }
    guard entry.output != 0 else { return .resolve }
    entry.writeEthernet(&bytes, parse.network, parse.family)
    return .forward(entry.output)
  }

  /// Moves the flow's end on, when that gains more than a second.
  ///
  /// Source: net/netfilter/nf_flow_table_core.c, flow_offload_refresh. The difference is unsigned there, so that a
  /// shorter time-out takes effect at once.
  @inline(__always)
  private mutating func refresh(_ flow: Int, _ side: Int, _ proto: UInt8, _ terms: Terms) {
    let idle =
      proto == IPProtocol.tcp ? terms.tcpTimeout : proto == IPProtocol.udp ? terms.udpTimeout : terms.greTimeout
    let deadline = terms.now &+ idle
    let known = pairs[flow].sides[side].deadline
    guard deadline &- known > Instant.second else { return }
    pairs[flow].sides[side].deadline = deadline
    if deadline < known { pairs[flow].sides[1 - side].deadline = deadline }
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
