// SPDX-License-Identifier: GPL-3.0-or-later

/// What the other end of a TAP device can do with what it reads: finish checksums, cut segments.
///
/// Source: include/uapi/linux/if_tun.h, TUN_F_*; drivers/net/tun.c, set_offload.
package struct TAPOffloads: OptionSet, Hashable, Sendable, BitwiseCopyable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static let checksum = TAPOffloads(rawValue: 0x01)
  package static let tcp4 = TAPOffloads(rawValue: 0x02)
  package static let tcp6 = TAPOffloads(rawValue: 0x04)
  package static let tcpECN = TAPOffloads(rawValue: 0x08)
  package static let udp4 = TAPOffloads(rawValue: 0x20)
  package static let udp6 = TAPOffloads(rawValue: 0x40)

  /// All that there are.
  package static let all: TAPOffloads = [.checksum, .tcp4, .tcp6, .tcpECN, .udp4, .udp6]

  /// Names as a topology has them.
  package static let names: [(name: String, value: TAPOffloads)] = [
    ("csum", .checksum), ("tso4", .tcp4), ("tso6", .tcp6), ("tso_ecn", .tcpECN), ("uso4", .udp4),
    ("uso6", .udp6),
  ]
}

/// The header that goes before a frame on a TAP device with IFF_VNET_HDR: whether its checksum is unfinished, and
/// whether it is to be cut into segments.
///
/// Offsets count octets from the start of the frame. On the wire ten octets, all fields little-endian
/// (TUNSETVNETLE, or the host's own order on x86).
/// Source: include/uapi/linux/virtio_net.h, struct virtio_net_hdr.
@frozen
public struct VirtioHeader: Hashable, Sendable, BitwiseCopyable {
  /// Octets of the header.
  package static let length = 10

  /// Bits of ``flags``.
  package static let needsChecksum: UInt8 = 1
  package static let dataValid: UInt8 = 2
  /// Values of ``type``, and the bit that may be added to TCP's.
  package static let tcp4: UInt8 = 1
  package static let udpFragments: UInt8 = 3
  package static let tcp6: UInt8 = 4
  package static let udp: UInt8 = 5
  package static let ecn: UInt8 = 0x80

  /// ``needsChecksum``, ``dataValid``.
  public var flags: UInt8 = 0
  /// How the frame is to be cut; 0: not at all.
  public var type: UInt8 = 0
  /// Octets of the headers, or, of frames that the kernel gives, those that lie in one piece in front.
  public var headerLength: UInt16 = 0
  /// Octets of payload in each segment.
  public var segmentSize: UInt16 = 0
  /// Where the sum of an unfinished checksum begins.
  public var checksumStart: UInt16 = 0
  /// Where, from there, it is to be stored.
  public var checksumOffset: UInt16 = 0

  /// A frame that is as it is.
  @inlinable public static var none: VirtioHeader { VirtioHeader() }

  /// A frame that is as it is.
  @inlinable
  public init() {}

  /// `nil` unless there are ten octets. No value of them is refused here: see ``accepted(for:)``.
  package init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.length else { return nil }
    self.init(word: UInt64(bigEndian: bytes.be64(0)), last: UInt16(bigEndian: bytes.be16(8)))
  }

  /// The header whose first eight octets and last two are these, in memory's order.
  package init(word: UInt64, last: UInt16) {
    let word = UInt64(littleEndian: word)
    flags = UInt8(truncatingIfNeeded: word)
    type = UInt8(truncatingIfNeeded: word >> 8)
    headerLength = UInt16(truncatingIfNeeded: word >> 16)
    segmentSize = UInt16(truncatingIfNeeded: word >> 32)
    checksumStart = UInt16(truncatingIfNeeded: word >> 48)
    checksumOffset = UInt16(littleEndian: last)
  }

  /// Writes the ten octets at the start of `bytes`. Traps when there are fewer.
  package func store(in bytes: inout MutableRawSpan) {
    let head = UInt64(flags) | UInt64(type) << 8 | UInt64(headerLength) << 16
    let word = head | UInt64(segmentSize) << 32 | UInt64(checksumStart) << 48
    bytes.storeBytes(of: word.littleEndian, as: UInt64.self)
    bytes.storeBytes(of: checksumOffset.littleEndian, toByteOffset: 8, as: UInt16.self)
  }

  /// The ten octets.
  package var bytes: [UInt8] {
    var result = [flags, type]
    for field in [headerLength, segmentSize, checksumStart, checksumOffset] {
      result.append(be16: field.byteSwapped)
    }
    return result
  }

  /// Whether nothing is left to be done to the frame.
  @inlinable
  public var isNone: Bool { UInt16(flags | type) | headerLength == 0 }
  /// Whether the frame can leave as it is: its other end is told at most that the checksum is right.
  @inlinable
  public var isFinished: Bool { flags & 1 == 0 && type == 0 }
  /// A frame that is as it is and whose checksum is known to be right.
  package static var verified: VirtioHeader {
    var header = VirtioHeader()
    header.flags = dataValid
    return header
  }
  /// Whether the checksum field holds the sum of the pseudo header only.
  @inlinable
  public var isPartial: Bool { flags & 1 != 0 }
  /// Whether the frame is to be cut into segments.
  @inlinable
  public var isSegmented: Bool { type != 0 }
  /// ``type`` without the bit for ECN.
  package var kind: UInt8 { type & ~Self.ecn }

  /// The same header of a frame that begins `count` octets earlier.
  @inlinable
  public func shifted(by count: Int) -> VirtioHeader {
    var result = self
    let step = UInt16(truncatingIfNeeded: count)
    if isSegmented { result.headerLength &+= step }
    if isPartial { result.checksumStart &+= step }
    return result
  }

  /// Octets of the largest packet that will go over the link: a segment's where the frame is to be cut. Offsets are those of
  /// the headers in `bytes`, which end with the frame.
  ///
  /// Source: net/core/gso.c, skb_gso_network_seglen.
  package func largestPacket(of bytes: RawSpan, network: Int, transport: Int) -> Int {
    let length = bytes.byteCount - network
    guard isSegmented, transport >= network else { return length }
    var headers = transport - network
    if kind == Self.udp {
      headers += UDPView.headerLength
    } else {
      headers +=
        transport + 12 < bytes.byteCount ? Int(bytes.u8(transport + 12) >> 4) * 4 : TCPView.minimumLength
    }
    return min(length, headers + Int(segmentSize))
  }

  /// Room that the kernel leaves in front of a frame (NET_SKB_PAD).
  private static let pad = 64
  /// Most octets in one piece in front: a page less pad and what describes the buffer (SKB_MAX_HEAD).
  private static let mostInOnePiece = 4096 - pad - 320

  /// The header as the kernel takes it for `frame`: segments of a frame that has but one, and what is not known,
  /// are left out; ``headerLength`` is how many octets lie in one piece. `nil`: the frame is refused (EINVAL).
  ///
  /// Source: drivers/net/tun.c, tun_get_user; include/linux/virtio_net.h, virtio_net_hdr_to_skb;
  /// net/core/skbuff.c, skb_partial_csum_set.
  package func accepted(for frame: RawSpan) -> VirtioHeader? {
    if flags & Self.needsChecksum == 0, type == 0 {
      return Int(headerLength) <= frame.byteCount ? VirtioHeader.none : nil
    }
    let length = frame.byteCount
    var result = VirtioHeader()
    var first = Int(headerLength)
    let start = Int(checksumStart)
    let end = start + Int(checksumOffset) + 2
    if isPartial { first = max(first, end) }
    guard first <= length else { return nil }
    first = Self.pad + length < 4096 ? length : min(first, Self.mostInOnePiece)

    let networkLength: Int
    let transportLength: Int
    switch kind {
    case 0 where type == 0: (networkLength, transportLength) = (20, 0)
    case Self.tcp4: (networkLength, transportLength) = (20, 20)
    case Self.tcp6: (networkLength, transportLength) = (40, 20)
    case Self.udp: (networkLength, transportLength) = (20, 8)
    // Cutting into fragments (UFO) is not offered to the other end, and no kernel has sent it since 2017.
    default: return nil
    }
    guard type == 0 || segmentSize != 0 && segmentSize != 0xffff else { return nil }

    let headers: Int
    if isPartial {
      guard start + Self.pad <= 0xffff, end <= length, start >= networkLength else { return nil }
      headers = start + transportLength
      result.flags = Self.needsChecksum
      result.checksumStart = checksumStart
      result.checksumOffset = checksumOffset
      first = max(first, end)
    } else {
      guard let layout = FrameLayout(frame), layout.proto == (kind == Self.udp ? 17 : 6) else { return nil }
      headers = layout.transport + transportLength
    }
    guard headers <= length else { return nil }
    first = max(first, headers)
    switch kind {
    case Self.tcp4, Self.tcp6: guard !isPartial || checksumOffset == 16 else { return nil }
    case Self.udp:
      guard isPartial, checksumOffset == 6, type == Self.udp,
        length - headers <= Int(segmentSize) * Self.mostDatagrams
      else { return nil }
    default: break
    }
    if type != 0, length - headers > Int(segmentSize) {
      result.type = type
      result.segmentSize = segmentSize
      result.headerLength = UInt16(truncatingIfNeeded: first)
    }
    return result
  }

  /// Most datagrams of one frame (UDP_MAX_SEGMENTS).
  private static let mostDatagrams = 128
}

/// Where the headers of an IP packet in an Ethernet frame are. Offsets from the start of the frame.
package struct FrameLayout: Equatable, Sendable {
  package var network: Int
  package var transport: Int
  package var family: IPFamily
  package var proto: UInt8
  /// The header of the PPPoE session that the packet is in; nil: it is in none.
  package var session: Int?
  /// The IP header, of the same family, of the tunnel that the packet is in; nil: it is in none.
  package var tunnel: Int?

  /// `nil` unless, behind at most two VLAN tags, there is an IP packet that is no later fragment, and its headers up
  /// to the transport header are there. `enclosed`: the packet may be in a PPPoE session, and in a tunnel that is.
  package init?(_ frame: RawSpan, enclosed: Bool = false) {
    var offset = EthernetView.headerLength
    guard frame.byteCount >= offset else { return nil }
    var type = frame.be16(offset - 2)
    for _ in 0..<2 where type == EtherType.vlan || type == EtherType.serviceVLAN {
      guard frame.byteCount >= offset + VLANTagView.length else { return nil }
      type = frame.be16(offset + 2)
      offset += VLANTagView.length
    }
    var session: Int?
    if enclosed, type == EtherType.pppoeSession {
      session = offset
      offset += PPPoEView.headerLength
      guard frame.byteCount >= offset else { return nil }
      switch frame.be16(offset - 2) {
      case PPPoEView.protocolIPv4: type = EtherType.ipv4
      case PPPoEView.protocolIPv6: type = EtherType.ipv6
      default: return nil
      }
    }
    switch type {
    case EtherType.ipv4: self.init(.ipv4, frame, at: offset)
    case EtherType.ipv6: self.init(.ipv6, frame, at: offset)
    default: return nil
    }
    if enclosed, proto == family.protocolInside {
      self.init(family, frame, at: transport)
      tunnel = offset
    }
    self.session = session
  }

  /// The same of a packet whose network header is at `network`.
  package init?(_ family: IPFamily, _ bytes: RawSpan, at network: Int) {
    self.family = family
    self.network = network
    guard network >= 0, network <= bytes.byteCount else { return nil }
    if family == .ipv4 {
      guard let header = IPv4View(quoted: bytes.dropping(network)), header.fragmentOffset == 0 else {
        return nil
      }
      proto = header.proto
      transport = network + header.headerLength
    } else {
      guard let header = IPv6View(quoted: bytes.dropping(network)) else { return nil }
      let found = header.walk()
      guard found.isComplete, found.fragmentOffset == 0 else { return nil }
      proto = found.proto
      transport = network + found.offset
    }
  }
}
