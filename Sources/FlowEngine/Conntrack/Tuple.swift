// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// Direction of a packet within its flow.
package enum FlowDirection: UInt8, Sendable, Hashable, BitwiseCopyable {
  case original = 0
  case reply = 1

  /// The other direction.
  @inline(__always)
  package var opposite: FlowDirection { self == .original ? .reply : .original }
}

/// One direction of a conntrack entry as a packet of that direction shows it. 40 octets, no padding.
///
/// Source: include/net/netfilter/nf_conntrack_tuple.h. The zone is the one in effect for this direction.
package struct Tuple: Hashable, Sendable, BitwiseCopyable {
  package var source: Address
  package var destination: Address
  /// All but the addresses as one number, since each packet hashes and compares it: ports, protocol, family, zone.
  private var last: UInt64

  package init(
    family: IPFamily, proto: UInt8, source: Address, destination: Address, sourcePort: UInt16 = 0,
    destinationPort: UInt16 = 0, zone: UInt16 = 0
  ) {
    self.source = source
    self.destination = destination
    last =
      UInt64(sourcePort) << 48 | UInt64(destinationPort) << 32 | UInt64(proto) << 24
      | UInt64(family.rawValue) << 16 | UInt64(zone)
  }

  /// The field of `last` whose lowest bit is `shift`.
  private subscript<Field: FixedWidthInteger & UnsignedInteger>(shift: UInt64) -> Field {
    @inline(__always) get { Field(truncatingIfNeeded: last &>> shift) }
    @inline(__always) set { last = last & ~(UInt64(Field.max) &<< shift) | UInt64(newValue) &<< shift }
  }

  /// Source port, or ICMP identifier, or GRE key; host order.
  package var sourcePort: UInt16 {
    @inline(__always) get { self[48] }
    @inline(__always) set { self[48] = newValue }
  }
  /// Destination port, or ICMP type << 8 | code, or GRE call identifier; host order.
  package var destinationPort: UInt16 {
    @inline(__always) get { self[32] }
    @inline(__always) set { self[32] = newValue }
  }
  package var proto: UInt8 {
    @inline(__always) get { self[24] }
    @inline(__always) set { self[24] = newValue }
  }
  /// 2 or 10.
  package var familyNumber: UInt8 {
    @inline(__always) get { self[16] }
    @inline(__always) set { self[16] = newValue }
  }
  package var zone: UInt16 {
    @inline(__always) get { self[0] }
    @inline(__always) set { self[0] = newValue }
  }

  /// Family of the addresses.
  package var family: IPFamily { familyNumber == IPFamily.ipv4.rawValue ? .ipv4 : .ipv6 }
  /// ICMP or ICMPv6 type.
  package var icmpType: UInt8 { UInt8(destinationPort >> 8) }
  /// ICMP or ICMPv6 code.
  package var icmpCode: UInt8 { UInt8(truncatingIfNeeded: destinationPort) }
  /// Whether the ports are an ICMP identifier, type and code.
  package var isICMP: Bool {
    proto == (family == .ipv4 ? IPProtocol.icmp : IPProtocol.icmpv6)
  }

  /// The tuple that a packet in answer would have, or nil when an ICMP type has no answer.
  package var inverted: Tuple? {
    var result = self
    result.source = destination
    result.destination = source
    guard isICMP else {
      result.sourcePort = destinationPort
      result.destinationPort = sourcePort
      return result
    }
    let type = family == .ipv4 ? ICMPType.inverse(icmpType) : ICMPv6Type.inverse(icmpType)
    guard let type else { return nil }
    result.destinationPort = UInt16(type) << 8 | UInt16(icmpCode)
    return result
  }

  /// The same tuple in another zone.
  @inline(__always)
  package func inZone(_ zone: UInt16) -> Tuple {
    var result = self
    result.zone = zone
    return result
  }

  /// By words, not field by field: each lookup of a packet compares.
  @inline(__always)
  package static func == (a: Tuple, b: Tuple) -> Bool {
    let addresses =
      (a.source.low ^ b.source.low) | (a.destination.low ^ b.destination.low)
      | (a.source.high ^ b.source.high) | (a.destination.high ^ b.destination.high)
    return addresses | (a.last ^ b.last) == 0
  }

  /// Hash for ``HashIndex``, keyed by `seed`.
  @inline(__always)
  package func hash(_ seed: UInt64) -> UInt32 {
    var h = mixed(source.high ^ 0x9e37_79b9_7f4a_7c15 ^ seed, source.low ^ 0xbf58_476d_1ce4_e5b9)
    h = mixed(destination.high ^ h, destination.low ^ 0x94d0_49bb_1331_11eb)
    return UInt32(truncatingIfNeeded: mixed(last ^ h, seed ^ 0xd6e8_feb8_6659_fd93) >> 16)
  }
}
