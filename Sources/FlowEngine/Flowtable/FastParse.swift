// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What the fast path has read of a frame.
struct FastParse: BitwiseCopyable {
  var key: FlowKey
  var hash: UInt32 = 0
  /// Why the frame does not take the fast path; `fastForwarded` while nothing speaks against it.
  var reason = Reason.fastForwarded
  var family: IPFamily
  var proto: UInt8 = 0
  /// Offset of the IP header.
  var network: Int = 0
  /// Octets of encapsulation in front of the IP header that stand in the frame.
  var inline: Int = 0
  /// Octets from the IP header to the end of the frame, padding included.
  var length: Int = 0
  /// TCP flags.
  var flags: UInt8 = 0

  static let nothing = FastParse(
    key: FlowKey(
      .ipv4, proto: 0, source: .unspecified, destination: .unspecified, sourcePort: 0, destinationPort: 0,
      device: 0), family: .ipv4)

  /// Reads a frame whose outer VLAN tag has been taken out; `start` is the offset after its Ethernet header.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_tuple_ip, nf_flow_tuple_ipv6, nf_flow_skb_encap_protocol.
  @inline(__always)
  init(_ bytes: RawSpan, start: Int, etherType: UInt16, vlanTag: UInt32, device: UInt32, _ table: Flowtable, seed: UInt64) {
    self = .nothing
    var type = etherType
    var offset = start
    var encapsulation: UInt64 = 0
    if vlanTag != 0 { encapsulation = UInt64(vlanTag & 0xffff) << 48 | UInt64(vlanTag >> 16) << 32 }
    if type == EtherType.vlan || type == EtherType.pppoeSession {
      guard Self.takeInner(bytes, &offset, &type, &encapsulation) else {
        reason = .fastUnknownEncapsulation
        return
      }
    }
    inline = offset - start
    network = offset
    length = bytes.byteCount - offset
    if type == EtherType.ipv4 {
      family = .ipv4
      reason = table.takes(.ipv4) ? readIPv4(bytes, offset, device) : .fastProtocol
    } else if type == EtherType.ipv6 {
      family = .ipv6
      reason = table.takes(.ipv6) ? readIPv6(bytes, offset, device) : .fastProtocol
    } else {
      reason = .fastProtocol
    }
    guard reason == .fastForwarded else { return }
    key.encapsulation = encapsulation
    key.kind |= UInt64(table.id) << 32
    hash = key.hash(seed)
  }

  private init(key: FlowKey, family: IPFamily) {
    self.key = key
    self.family = family
  }

  /// One tag or PPPoE session header behind the Ethernet header.
  private static func takeInner(
    _ bytes: RawSpan, _ offset: inout Int, _ type: inout UInt16, _ encapsulation: inout UInt64
  ) -> Bool {
    let hasOuter = encapsulation != 0
    let header: UInt64
    if type == EtherType.vlan {
      guard hasOuter, bytes.byteCount >= offset + VLANTagView.length else { return false }
      header = UInt64(bytes.be16(offset)) << 16 | UInt64(EtherType.vlan)
      type = bytes.be16(offset + 2)
      offset += VLANTagView.length
    } else {
      // The kernel asks for a whole Ethernet header more than it needs.
      guard bytes.byteCount >= offset + PPPoEView.headerLength + EthernetView.headerLength else { return false }
      header = UInt64(bytes.be16(offset + 2)) << 16 | UInt64(EtherType.pppoeSession)
      switch bytes.be16(offset + 6) {
      case PPPoEView.protocolIPv4: type = EtherType.ipv4
      case PPPoEView.protocolIPv6: type = EtherType.ipv6
      default: return false
      }
      offset += PPPoEView.headerLength
    }
    encapsulation |= hasOuter ? header : header << 32
    return true
  }

  @inline(__always)
  private mutating func readIPv4(_ bytes: RawSpan, _ offset: Int, _ device: UInt32) -> Reason {
    guard length >= IPv4View.minimumLength else { return .fastTruncated }
    guard bytes.be16(offset + 6) & 0x3fff == 0 else { return .fastFragment }
    guard bytes.u8(offset) & 0x0f == 5 else { return .fastOptions }
    proto = bytes.u8(offset + 9)
    guard bytes.u8(offset + 8) > 1 else { return .fastTimeToLive }
    let ports = readPorts(bytes, offset + IPv4View.minimumLength, bytes.byteCount)
    guard ports.1 == .fastForwarded else { return ports.1 }
    key = FlowKey(
      .ipv4, proto: proto, source: bytes.ipv4(offset + 12), destination: bytes.ipv4(offset + 16),
      sourcePort: UInt16(truncatingIfNeeded: ports.0 >> 16), destinationPort: UInt16(truncatingIfNeeded: ports.0),
      device: device)
    return .fastForwarded
  }

  @inline(__always)
  private mutating func readIPv6(_ bytes: RawSpan, _ offset: Int, _ device: UInt32) -> Reason {
    guard length >= IPv6View.headerLength else { return .fastTruncated }
    proto = bytes.u8(offset + 6)
    guard bytes.u8(offset + 7) > 1 else { return .fastTimeToLive }
    let ports = readPorts(bytes, offset + IPv6View.headerLength, bytes.byteCount)
    guard ports.1 == .fastForwarded else { return ports.1 }
    key = FlowKey(
      .ipv6, proto: proto, source: bytes.ipv6(offset + 8), destination: bytes.ipv6(offset + 24),
      sourcePort: UInt16(truncatingIfNeeded: ports.0 >> 16), destinationPort: UInt16(truncatingIfNeeded: ports.0),
      device: device)
    return .fastForwarded
  }

  /// Both ports as one word, and TCP's flags.
  @inline(__always)
  private mutating func readPorts(_ bytes: RawSpan, _ transport: Int, _ end: Int) -> (UInt32, Reason) {
    switch proto {
    case IPProtocol.tcp:
      guard transport + TCPView.minimumLength <= end else { return (0, .fastTruncated) }
      flags = bytes.u8(transport + 13)
      return (bytes.be32(transport), .fastForwarded)
    case IPProtocol.udp:
      guard transport + UDPView.headerLength <= end else { return (0, .fastTruncated) }
      return (bytes.be32(transport), .fastForwarded)
    case IPProtocol.gre:
      guard transport + GREView.minimumLength <= end else { return (0, .fastTruncated) }
      return (0, bytes.u8(transport + 1) & 7 == 0 ? .fastForwarded : .fastProtocol)
    default: return (0, .fastProtocol)
    }
  }
}
