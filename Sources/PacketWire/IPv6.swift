// SPDX-License-Identifier: GPL-3.0-or-later

/// IPv6 header over received octets (RFC 8200 §3). Offsets from the first octet.
@usableFromInline package struct IPv6View: ~Escapable {
  package let bytes: RawSpan
  /// Octets of the fixed header.
  @inlinable package static var headerLength: Int { 40 }
  /// Every link carries packets of so many octets (RFC 8200 §5).
  @inlinable package static var leastMTU: Int { 1280 }

  /// `nil` unless `bytes` hold a whole header of version 6 and the payload length fits; afterwards no accessor
  /// can fail.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength, bytes.u8(0) >> 4 == 6,
      Self.headerLength + Int(bytes.be16(4)) <= bytes.byteCount
    else { return nil }
    self.bytes = bytes
  }

  /// A header cut out of an ICMPv6 error's quote: the payload length is not compared with what is there.
  @_lifetime(copy bytes)
  package init?(quoted bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength, bytes.u8(0) >> 4 == 6 else { return nil }
    self.bytes = bytes
  }
  package var trafficClass: UInt8 { UInt8(truncatingIfNeeded: bytes.be16(0) >> 4) }
  package var flowLabel: UInt32 { bytes.be32(0) & 0xf_ffff }
  /// Octets after the fixed header.
  package var payloadLength: Int { Int(bytes.be16(4)) }
  package var nextHeader: UInt8 { bytes.u8(6) }
  package var hopLimit: UInt8 { bytes.u8(7) }
  package var source: Address { bytes.ipv6(8) }
  package var destination: Address { bytes.ipv6(24) }

  /// Walks the extension headers up to the transport header.
  package func walk() -> IPv6Transport {
    IPv6Transport.find(bytes, offset: Self.headerLength, nextHeader: nextHeader, end: bytes.byteCount)
  }
}

/// Where the transport header of an IPv6 packet is.
///
/// Source: net/ipv6/exthdrs_core.c, ipv6_skip_exthdr and ipv6_find_hdr.
package struct IPv6Transport: Equatable, Sendable {
  /// Protocol found: the first header that is no extension header, or 59.
  package var proto: UInt8
  /// Offset of the transport header from the IPv6 header.
  package var offset: Int
  /// Offset of a fragment header from the IPv6 header, or 0.
  package var fragmentHeader: Int = 0
  /// Fragment offset in octets.
  package var fragmentOffset = 0
  /// Whether more fragments follow.
  package var hasMoreFragments = false
  /// Whether the chain of headers ended within the packet.
  package var isComplete = true

  package init(proto: UInt8, offset: Int) {
    self.proto = proto
    self.offset = offset
  }

  /// Walks from the header `nextHeader` at `offset`; nothing at or beyond `end` is read.
  ///
  /// Terminates: each extension header advances by eight octets or more.
  package static func find(_ bytes: RawSpan, offset: Int, nextHeader: UInt8, end: Int) -> IPv6Transport {
    var found = IPv6Transport(proto: nextHeader, offset: offset)
    while true {
      let length: Int
      switch found.proto {
      case IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.destinationOptions, IPProtocol.mobility:
        guard found.proto != IPProtocol.mobility else { return found }
        guard found.offset + 8 <= end else { return found.broken() }
        length = (Int(bytes.u8(found.offset + 1)) + 1) * 8
      case IPProtocol.authentication:
        guard found.offset + 8 <= end else { return found.broken() }
        length = (Int(bytes.u8(found.offset + 1)) + 2) * 4
      case IPProtocol.fragment:
        guard found.offset + 8 <= end else { return found.broken() }
        let word = bytes.be16(found.offset + 2)
        found.fragmentHeader = found.offset
        found.fragmentOffset = Int(word & 0xfff8)
        found.hasMoreFragments = word & 1 != 0
        if found.fragmentOffset != 0 {
          found.proto = bytes.u8(found.offset)
          found.offset += 8
          return found
        }
        length = 8
      default: return found
      }
      found.proto = bytes.u8(found.offset)
      found.offset += length
      if found.offset > end { return found.broken() }
    }
  }

  private func broken() -> IPv6Transport {
    var result = self
    result.isComplete = false
    return result
  }

  /// Whether the packet is one piece of a datagram.
  package var isFragment: Bool { fragmentHeader != 0 }
}

/// IPv6 fixed header as a value.
package struct IPv6Header: Equatable, Sendable {
  package var trafficClass: UInt8 = 0
  package var flowLabel: UInt32 = 0
  package var nextHeader: UInt8
  package var hopLimit: UInt8 = 64
  package var source: Address
  package var destination: Address

  package init(nextHeader: UInt8, source: Address, destination: Address) {
    self.nextHeader = nextHeader
    self.source = source
    self.destination = destination
  }

  /// The fields of a checked header.
  package init(_ view: borrowing IPv6View) {
    self.init(nextHeader: view.nextHeader, source: view.source, destination: view.destination)
    trafficClass = view.trafficClass
    flowLabel = view.flowLabel
    hopLimit = view.hopLimit
  }

  /// Appends the 40 octets of the header of a payload of `payloadLength` octets.
  package func emit(payloadLength: Int, into bytes: inout [UInt8]) {
    bytes.append(be32: 6 << 28 | UInt32(trafficClass) << 20 | flowLabel & 0xf_ffff)
    bytes.append(be16: UInt16(truncatingIfNeeded: payloadLength))
    bytes.append(nextHeader)
    bytes.append(hopLimit)
    bytes.append(ipv6: source)
    bytes.append(ipv6: destination)
  }
}
