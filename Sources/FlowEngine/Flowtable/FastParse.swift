// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What the fast path has read of a frame.
struct FastParse: BitwiseCopyable {
  var key: FlowKey
  var hash: UInt32 = 0
  /// The flow direction that the lookup looks at first, as the index had it when the batch was read; -1 for none.
  var candidate: Int32 = -1
  /// Why the frame does not take the fast path; `fastForwarded` while nothing speaks against it.
  var reason: Reason
  var family: IPFamily = .ipv4
  var proto: UInt8 = 0
  /// Octets from the IP header to the transport checksum, 0 when there is none.
  var checksumPlace: UInt8 = 0
  /// Octets of the IP and the transport header that were found to be there.
  var headers: UInt8 = 0
  /// Which time-out of ``FlowStore/Terms`` the protocol has.
  var idleClass: UInt8 = 0
  /// TCP flags.
  var flags: UInt8 = 0
  /// Octets of encapsulation in front of the IP header that stand in the frame.
  var inline: UInt16 = 0
  /// Offset of the IP header.
  var network: UInt16 = 0
  /// Octets from the IP header to the end of the frame, padding included.
  var length: UInt32 = 0
  /// Octets of the largest packet that will go over the link: `length`, unless the frame is to be cut into segments.
  var largest: UInt32 = 0
  /// Whether the transport checksum is left to the device that sends the frame.
  var isPartial = false

  /// A frame that does not take the fast path.
  @inline(__always)
  init(_ reason: Reason) {
    self.reason = reason
    key = FlowKey(
      .ipv4, proto: 0, source: Address(high: 0, low: 0), destination: Address(high: 0, low: 0), sourcePort: 0,
      destinationPort: 0, device: 0)
  }

  /// Notes what is left to be done to the frame that was read.
  @inline(__always)
  mutating func take(_ offload: VirtioHeader, _ bytes: RawSpan) {
    isPartial = offload.isPartial
    let network = Int(network)
    largest = UInt32(
      truncatingIfNeeded: offload.largestPacket(
        of: bytes, network: network, transport: network &+ family.headerLength))
  }

  /// Reads a frame whose outer VLAN tag has been taken out; `start` is the offset after its Ethernet header.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_tuple_ip, nf_flow_tuple_ipv6, nf_flow_skb_encap_protocol.
  init(
    _ bytes: RawSpan, start: Int, etherType: UInt16, vlanTag: UInt32, device: UInt32, _ table: FastTable,
    seed: UInt64
  ) {
    var type = etherType
    var offset = start
    var encapsulation: UInt64 = 0
    if vlanTag != 0 { encapsulation = UInt64(vlanTag & 0xffff) << 48 | UInt64(vlanTag >> 16) << 32 }
    if type == EtherType.vlan || type == EtherType.pppoeSession {
      guard Self.takeInner(bytes, &offset, &type, &encapsulation) else {
        self.init(.fastUnknownEncapsulation)
        return
      }
    }
    self.init(
      bytes, network: offset, type: type, encapsulation: encapsulation, device: device, table, seed: seed)
    inline = UInt16(truncatingIfNeeded: offset - start)
  }

  /// Reads a frame whose IP header starts at `network`.
  @inline(__always)
  init(
    _ bytes: RawSpan, network: Int, type: UInt16, encapsulation: UInt64, device: UInt32, _ table: FastTable,
    seed: UInt64
  ) {
    self.init(.fastProtocol)
    self.network = UInt16(truncatingIfNeeded: network)
    length = UInt32(truncatingIfNeeded: bytes.byteCount &- network)
    largest = length
    if type == EtherType.ipv4, table.takesIPv4 {
      reason = readIPv4(bytes, network, device)
    } else if type == EtherType.ipv6, table.takesIPv6 {
      reason = readIPv6(bytes, network, device)
    }
    guard reason == .fastForwarded else { return }
    key.encapsulation = encapsulation
    key.kind |= UInt64(table.id) << 32
    hash = key.hash(seed)
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
      guard bytes.byteCount >= offset + PPPoEView.headerLength + EthernetView.headerLength else {
        return false
      }
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
    let end = bytes.byteCount
    guard offset &+ IPv4View.minimumLength <= end else { return .fastTruncated }
    guard bytes.be16(offset &+ 6) & 0x3fff == 0 else { return .fastFragment }
    guard bytes.u8(offset) & 0x0f == 5 else { return .fastOptions }
    proto = bytes.u8(offset &+ 9)
    guard bytes.u8(offset &+ 8) > 1 else { return .fastTimeToLive }
    let transport = offset &+ IPv4View.minimumLength
    let problem = checkTransport(bytes, transport, end)
    guard problem == .fastForwarded else { return problem }
    key.source.low = UInt64(bytes.be32(offset &+ 12))
    key.destination.low = UInt64(bytes.be32(offset &+ 16))
    setPorts(bytes, transport, device)
    key.kind = UInt64(IPFamily.ipv4.rawValue) << 8 | UInt64(proto)
    return .fastForwarded
  }

  @inline(__always)
  private mutating func readIPv6(_ bytes: RawSpan, _ offset: Int, _ device: UInt32) -> Reason {
    let end = bytes.byteCount
    guard offset &+ IPv6View.headerLength <= end else { return .fastTruncated }
    family = .ipv6
    proto = bytes.u8(offset &+ 6)
    guard bytes.u8(offset &+ 7) > 1 else { return .fastTimeToLive }
    let transport = offset &+ IPv6View.headerLength
    let problem = checkTransport(bytes, transport, end)
    guard problem == .fastForwarded else { return problem }
    key.source = bytes.ipv6(offset &+ 8)
    key.destination = bytes.ipv6(offset &+ 24)
    setPorts(bytes, transport, device)
    key.kind = UInt64(IPFamily.ipv6.rawValue) << 8 | UInt64(proto)
    return .fastForwarded
  }

  @inline(__always)
  private mutating func setPorts(_ bytes: RawSpan, _ transport: Int, _ device: UInt32) {
    let ports = proto == IPProtocol.gre ? 0 : UInt64(bytes.be32(transport))
    key.portsAndDevice = ports << 32 | UInt64(device)
  }

  /// Whether the transport header is one that flows have, and is all there; takes TCP's flags.
  @inline(__always)
  private mutating func checkTransport(_ bytes: RawSpan, _ transport: Int, _ end: Int) -> Reason {
    let headerLength = UInt8(truncatingIfNeeded: family.headerLength)
    if proto == IPProtocol.tcp {
      guard transport &+ TCPView.minimumLength <= end else { return .fastTruncated }
      flags = bytes.u8(transport &+ 13)
      checksumPlace = headerLength &+ 16
      headers = headerLength &+ UInt8(truncatingIfNeeded: TCPView.minimumLength)
      return .fastForwarded
    }
    if proto == IPProtocol.udp {
      checksumPlace = headerLength &+ 6
      headers = headerLength &+ UInt8(truncatingIfNeeded: UDPView.headerLength)
      idleClass = 1
      return transport &+ UDPView.headerLength <= end ? .fastForwarded : .fastTruncated
    }
    guard proto == IPProtocol.gre else { return .fastProtocol }
    guard transport &+ GREView.minimumLength <= end else { return .fastTruncated }
    headers = headerLength &+ UInt8(truncatingIfNeeded: GREView.minimumLength)
    idleClass = 2
    return bytes.u8(transport &+ 1) & 7 == 0 ? .fastForwarded : .fastProtocol
  }
}

/// What the fast path needs to know of a flowtable, flat.
struct FastTable: BitwiseCopyable {
  var id: UInt32
  var takesIPv4: Bool
  var takesIPv6: Bool

  /// A device's hardware, which knows no flowtables.
  static let hardware = FastTable(id: 0, takesIPv4: true, takesIPv6: true)

  private init(id: UInt32, takesIPv4: Bool, takesIPv6: Bool) {
    self.id = id
    self.takesIPv4 = takesIPv4
    self.takesIPv6 = takesIPv6
  }

  init(_ table: Flowtable) {
    id = table.id
    takesIPv4 = table.familyNumber != IPFamily.ipv6.rawValue
    takesIPv6 = table.familyNumber != IPFamily.ipv4.rawValue
  }
}
