// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What the fast path knows of a transport protocol: small numbers in one word.
struct FastShape: BitwiseCopyable {
  private let numbers: UInt64

  @inline(__always)
  private init(_ length: Int, checksum: UInt64, flags: UInt64, mask: UInt64, idleClass: UInt64) {
    numbers = UInt64(length) | checksum << 32 | flags << 40 | mask << 48 | idleClass << 56
  }

  /// Longer than any frame.
  private static var unreachable: Int { 1 << 30 }
  /// A protocol without flows: no frame is long enough for it.
  private static var none: FastShape { FastShape(unreachable, checksum: 0, flags: 0, mask: 0, idleClass: 0) }
  /// The flags are SYN, FIN and RST.
  private static var tcp: FastShape {
    FastShape(TCPView.minimumLength, checksum: 16, flags: 13, mask: 0x07, idleClass: 0)
  }
  private static var udp: FastShape {
    FastShape(UDPView.headerLength, checksum: 6, flags: 0, mask: 0, idleClass: 1)
  }
  /// The flags are the version.
  private static var gre: FastShape {
    FastShape(GREView.minimumLength, checksum: 0, flags: 1, mask: 0x07, idleClass: 2)
  }

  /// The shape of protocol `number`. No branches: which one comes next cannot be foretold.
  @inline(__always)
  init(_ number: UInt8) {
    let other = number == IPProtocol.gre ? Self.gre : .none
    let datagram = number == IPProtocol.udp ? Self.udp : other
    self = number == IPProtocol.tcp ? .tcp : datagram
  }

  @inline(__always)
  private func number(_ place: UInt64) -> Int { Int(truncatingIfNeeded: numbers >> place & 0xff) }

  var hasFlows: Bool { @inline(__always) get { length < Self.unreachable } }
  /// Octets that must be there of the header.
  var length: Int { @inline(__always) get { Int(truncatingIfNeeded: numbers & 0xffff_ffff) } }
  /// Offset of the checksum in the header; 0: there is none.
  var checksumPlace: Int { @inline(__always) get { number(32) } }
  /// Offset of an octet whose flags matter, and which those are.
  var flagsPlace: Int { @inline(__always) get { number(40) } }
  var flagsMask: UInt8 { @inline(__always) get { UInt8(truncatingIfNeeded: numbers >> 48) } }
  /// Which time-out of ``FlowStore/Terms`` the protocol has.
  var idleClass: Int { @inline(__always) get { number(56) } }
}

/// The octets of a packet from its network header on: fields at fixed places, in network order.
///
/// `@unsafe`: whoever makes one has checked that the headers are there which are read or written.
@unsafe
struct HeaderFields {
  private let start: UnsafeMutableRawPointer

  @inline(__always)
  init(_ start: UnsafeMutableRawPointer) { unsafe self.start = start }

  @inline(__always)
  func u8(_ offset: Int) -> UInt8 { unsafe start.load(fromByteOffset: offset, as: UInt8.self) }
  @inline(__always)
  func be16(_ offset: Int) -> UInt16 {
    unsafe UInt16(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }
  @inline(__always)
  func be32(_ offset: Int) -> UInt32 {
    unsafe UInt32(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
  @inline(__always)
  func address(_ offset: Int) -> Address {
    unsafe Address(
      high: UInt64(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
      low: UInt64(bigEndian: start.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self)))
  }
  /// Two, four and eight octets as they stand in the packet.
  @inline(__always)
  func raw16(_ offset: Int) -> UInt16 {
    unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
  }
  @inline(__always)
  func raw32(_ offset: Int) -> UInt32 {
    unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }
  @inline(__always)
  func raw64(_ offset: Int) -> UInt64 {
    unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
  @inline(__always)
  func store<Word: FixedWidthInteger & BitwiseCopyable>(raw value: Word, _ offset: Int) {
    unsafe start.storeBytes(of: value, toByteOffset: offset, as: Word.self)
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

/// What the fast path has read of a frame.
struct FastParse: BitwiseCopyable {
  var key: FlowKey
  var hash: UInt32 = 0
  var shape = FastShape(0)
  /// Octets from the IP header to the end of the frame, padding included.
  var length: UInt32 = 0
  /// Octets of the largest packet that will go over the link: `length`, unless the frame is to be cut into segments.
  var largest: UInt32 = 0
  /// Offset of the IP header.
  var network: UInt16 = 0
  /// Octets of encapsulation in front of the IP header that stand in the frame.
  var inline: UInt16 = 0
  /// Why the frame does not take the fast path; `fastForwarded` while nothing speaks against it.
  var reason: Reason
  var family: IPFamily = .ipv4
  var proto: UInt8 = 0
  /// TCP's SYN, FIN and RST.
  var flags: UInt8 = 0
  /// Whether the transport checksum is left to the device that sends the frame.
  var isPartial = false

  /// A frame that does not take the fast path.
  init(_ reason: Reason) {
    self.reason = reason
    key = .blank
  }

  /// Octets of the IP and the transport header that were found to be there.
  var headers: Int { @inline(__always) get { family.headerLength &+ shape.length } }

  /// Notes what is left to be done to the frame that was read.
  @inline(__always)
  mutating func take(_ offload: VirtioHeader, _ bytes: RawSpan) {
    isPartial = offload.isPartial
    let network = Int(network)
    largest = UInt32(
      truncatingIfNeeded: offload.largestPacket(
        of: bytes, network: network, transport: network &+ family.headerLength))
  }

  /// Reads a frame with its Ethernet header at `start`; a tag of its own is taken for the outermost one.
  ///
  /// A function of its own, so that its registers are not the loop's.
  @inline(never)
  mutating func read(_ bytes: RawSpan, ethernet start: Int, device: UInt32, _ table: FastTable, seed: UInt64)
  {
    var offset = start &+ EthernetView.headerLength
    guard bytes.byteCount >= offset else { return reason = .fastTruncated }
    var type = bytes.be16(offset &- 2)
    var encapsulation: UInt64 = 0
    if type == EtherType.vlan || type == EtherType.serviceVLAN {
      guard bytes.byteCount >= offset &+ VLANTagView.length else { return reason = .fastTruncated }
      encapsulation = FlowKey.encapsulation(bytes.be16(offset), type)
      type = bytes.be16(offset &+ 2)
      offset &+= VLANTagView.length
    }
    readInner(bytes, offset, type, encapsulation, device, table, seed)
  }

  /// Reads a frame whose outer VLAN tag has been taken out; `start` is the offset after its Ethernet header.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_tuple_ip, nf_flow_tuple_ipv6, nf_flow_skb_encap_protocol.
  init(
    _ bytes: RawSpan, start: Int, etherType: UInt16, vlanTag: UInt32, device: UInt32, _ table: FastTable,
    seed: UInt64
  ) {
    self.init(.fastProtocol)
    let outer =
      vlanTag == 0
      ? 0
      : FlowKey.encapsulation(
        UInt16(truncatingIfNeeded: vlanTag), UInt16(truncatingIfNeeded: vlanTag >> 16))
    readInner(bytes, start, etherType, outer, device, table, seed)
  }

  /// Reads a frame whose IP header starts at `network`.
  init(
    _ bytes: RawSpan, network: Int, type: UInt16, encapsulation: UInt64, device: UInt32, _ table: FastTable,
    seed: UInt64
  ) {
    self.init(.fastProtocol)
    readNetwork(bytes, network, type, encapsulation, device, table, seed)
  }

  /// Reads what stands behind the Ethernet header and the outer tag.
  @inline(__always)
  private mutating func readInner(
    _ bytes: RawSpan, _ start: Int, _ type: UInt16, _ outer: UInt64, _ device: UInt32, _ table: FastTable,
    _ seed: UInt64
  ) {
    var inner = (offset: start, type: type, encapsulation: outer)
    if type == EtherType.vlan || type == EtherType.pppoeSession {
      inner = Self.takeInner(bytes, start, type, outer)
      guard inner.offset >= 0 else { return reason = .fastUnknownEncapsulation }
    }
    inline = UInt16(truncatingIfNeeded: inner.offset &- start)
    readNetwork(bytes, inner.offset, inner.type, inner.encapsulation, device, table, seed)
  }

  @inline(__always)
  private mutating func readNetwork(
    _ bytes: RawSpan, _ offset: Int, _ type: UInt16, _ encapsulation: UInt64, _ device: UInt32,
    _ table: FastTable, _ seed: UInt64
  ) {
    let room = bytes.byteCount &- offset
    network = UInt16(truncatingIfNeeded: offset)
    length = UInt32(truncatingIfNeeded: room)
    largest = length
    isPartial = false
    guard let start = unsafe bytes.withUnsafeBytes({ $0.baseAddress }), room >= 0 else {
      return reason = .fastTruncated
    }
    // Safe: what is read is guarded by `room` before; nothing is written, and the value does not outlive the span.
    let fields = unsafe HeaderFields(UnsafeMutableRawPointer(mutating: start + offset))
    if type == EtherType.ipv4, table.takesIPv4 {
      reason = unsafe readIPv4(fields, room)
    } else if type == EtherType.ipv6, table.takesIPv6 {
      reason = unsafe readIPv6(fields, room)
    } else {
      reason = .fastProtocol
    }
    guard reason == .fastForwarded else { return }
    let ports = unsafe proto == IPProtocol.gre ? 0 : UInt64(fields.be32(family.headerLength))
    key.portsAndDevice = ports << 32 | UInt64(device)
    key.encapsulation = encapsulation
    key.kind = UInt64(table.id) << 32 | UInt64(family.rawValue) << 8 | UInt64(proto)
    hash = key.hash(seed)
  }

  /// One tag or PPPoE session header behind the Ethernet header, or behind the outer tag, which `outer` then names.
  /// - Returns: where what it announces begins, or -1 when there is none that flows have; its type, and both headers. By
  ///   value, so that the caller keeps them in registers.
  @inline(never)
  private static func takeInner(
    _ bytes: RawSpan, _ offset: Int, _ type: UInt16, _ outer: UInt64
  ) -> (offset: Int, type: UInt16, encapsulation: UInt64) {
    let none = (-1, type, outer)
    let header: UInt64
    let next: UInt16
    let length: Int
    if type == EtherType.vlan {
      guard outer != 0, bytes.byteCount >= offset + VLANTagView.length else { return none }
      header = UInt64(bytes.be16(offset)) << 16 | UInt64(EtherType.vlan)
      next = bytes.be16(offset + 2)
      length = VLANTagView.length
    } else {
      // The kernel asks for a whole Ethernet header more than it needs.
      guard bytes.byteCount >= offset + PPPoEView.headerLength + EthernetView.headerLength else {
        return none
      }
      header = UInt64(bytes.be16(offset + 2)) << 16 | UInt64(EtherType.pppoeSession)
      switch bytes.be16(offset + 6) {
      case PPPoEView.protocolIPv4: next = EtherType.ipv4
      case PPPoEView.protocolIPv6: next = EtherType.ipv6
      default: return none
      }
      length = PPPoEView.headerLength
    }
    return (offset + length, next, outer | (outer != 0 ? header : header << 32))
  }

  @inline(__always)
  private mutating func readIPv4(_ fields: HeaderFields, _ room: Int) -> Reason {
    guard room >= IPv4View.minimumLength else { return .fastTruncated }
    family = .ipv4
    guard unsafe fields.be16(6) & 0x3fff == 0 else { return .fastFragment }
    guard unsafe fields.u8(0) & 0x0f == 5 else { return .fastOptions }
    proto = unsafe fields.u8(9)
    guard unsafe fields.u8(8) > 1 else { return .fastTimeToLive }
    key.source = unsafe Address(high: 0, low: UInt64(fields.be32(12)))
    key.destination = unsafe Address(high: 0, low: UInt64(fields.be32(16)))
    return unsafe readTransport(fields, room, IPv4View.minimumLength)
  }

  @inline(__always)
  private mutating func readIPv6(_ fields: HeaderFields, _ room: Int) -> Reason {
    guard room >= IPv6View.headerLength else { return .fastTruncated }
    family = .ipv6
    proto = unsafe fields.u8(6)
    guard unsafe fields.u8(7) > 1 else { return .fastTimeToLive }
    key.source = unsafe fields.address(8)
    key.destination = unsafe fields.address(24)
    return unsafe readTransport(fields, room, IPv6View.headerLength)
  }

  /// Whether the transport header is one that flows have, and is all there; takes TCP's flags.
  @inline(__always)
  private mutating func readTransport(_ fields: HeaderFields, _ room: Int, _ headerLength: Int) -> Reason {
    let known = FastShape(proto)
    guard room >= headerLength &+ known.length else {
      return known.hasFlows ? .fastTruncated : .fastProtocol
    }
    shape = known
    flags = unsafe fields.u8(headerLength &+ known.flagsPlace) & known.flagsMask
    return flags != 0 && proto == IPProtocol.gre ? .fastProtocol : .fastForwarded
  }
}

/// What the fast path needs to know of a flowtable, flat.
struct FastTable: BitwiseCopyable {
  var id: UInt32
  var takesIPv4: Bool
  var takesIPv6: Bool
  /// Whether packets are counted in conntrack.
  var counts: Bool

  /// A device's hardware, which knows no flowtables.
  static let hardware = FastTable(id: 0, takesIPv4: true, takesIPv6: true, counts: false)

  private init(id: UInt32, takesIPv4: Bool, takesIPv6: Bool, counts: Bool) {
    self.id = id
    self.takesIPv4 = takesIPv4
    self.takesIPv6 = takesIPv6
    self.counts = counts
  }

  init(_ table: Flowtable) {
    id = table.id
    takesIPv4 = table.familyNumber != IPFamily.ipv6.rawValue
    takesIPv6 = table.familyNumber != IPFamily.ipv4.rawValue
    counts = table.counts
  }
}
