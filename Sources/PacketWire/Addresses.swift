// SPDX-License-Identifier: GPL-3.0-or-later

/// An Ethernet hardware address: 48 bits, the first octet on the wire is the most significant.
@usableFromInline package struct MACAddress: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
  /// The address in the low 48 bits.
  @usableFromInline package var bits: UInt64

  /// The address whose octets are the low 48 bits of `bits`, most significant first.
  @inlinable
  package init(_ bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

  /// All octets zero.
  package static let zero = MACAddress(0)
  /// The broadcast address.
  package static let broadcast = MACAddress(0xffff_ffff_ffff)

  /// Whether the group bit is set (broadcast included).
  @inlinable
  package var isMulticast: Bool { bits >> 40 & 1 == 1 }

  /// Six octets in hexadecimal with colons.
  @usableFromInline
  package var description: String {
    (0..<6).map { index in
      let octet = UInt8(truncatingIfNeeded: bits >> UInt64(40 - 8 * index))
      return (octet < 16 ? "0" : "") + String(octet, radix: 16)
    }.joined(separator: ":")
  }

  /// The multicast address to which an IPv6 group maps (RFC 2464 §7).
  package static func group(ofIPv6 address: Address) -> MACAddress {
    MACAddress(0x3333_0000_0000 | address.low & 0xffff_ffff)
  }
}

/// An IPv4 or IPv6 address. The family is kept by the holder.
///
/// Two words, so that keys compare by words: IPv6 fills both; IPv4 sits in the low 32 bits of `low`.
@usableFromInline package struct Address: Hashable, Sendable, BitwiseCopyable {
  /// The first eight octets of an IPv6 address, most significant first; 0 for IPv4.
  @usableFromInline package var high: UInt64
  /// The last eight octets of an IPv6 address, most significant first; or the IPv4 address.
  @usableFromInline package var low: UInt64

  /// The IPv6 address of two words.
  @inlinable
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The IPv4 address whose first octet is the most significant.
  @inlinable
  package init(ipv4: UInt32) {
    high = 0
    low = UInt64(ipv4)
  }

  /// All octets zero, in either family.
  package static let unspecified = Address(high: 0, low: 0)

  /// The IPv4 address, first octet most significant.
  @inlinable
  package var ipv4: UInt32 { UInt32(truncatingIfNeeded: low) }

  /// Whether all octets are zero.
  @inlinable
  package var isUnspecified: Bool { high | low == 0 }

  /// Whether an IPv6 address is of fe80::/10.
  package var isIPv6LinkLocal: Bool { high >> 54 == 0x3fa }

  /// Whether the address is of a group, 224/4 or ff00::/8.
  package func isMulticast(_ family: IPFamily) -> Bool {
    family == .ipv4 ? low >> 28 == 0xe : high >> 56 == 0xff
  }

  /// Whether the first `length` bits equal those of `other`; `length` counts from the family's first bit.
  package func matches(_ other: Address, prefixLength length: Int, _ family: IPFamily) -> Bool {
    self.masked(to: length, family) == other.masked(to: length, family)
  }

  /// The address with all but the first `length` bits cleared.
  package func masked(to length: Int, _ family: IPFamily) -> Address {
    if family == .ipv4 {
      let mask: UInt64 = length <= 0 ? 0 : 0xffff_ffff << UInt64(32 - min(length, 32)) & 0xffff_ffff
      return Address(high: 0, low: low & mask)
    }
    let highMask: UInt64 = length <= 0 ? 0 : length >= 64 ? .max : .max << UInt64(64 - length)
    let lowMask: UInt64 = length <= 64 ? 0 : length >= 128 ? .max : .max << UInt64(128 - length)
    return Address(high: high & highMask, low: low & lowMask)
  }

  /// The solicited-node group of an IPv6 address (RFC 4291 §2.7.1).
  package var solicitedNodeGroup: Address {
    Address(high: 0xff02_0000_0000_0000, low: 0x0000_0001_ff00_0000 | low & 0xff_ffff)
  }
}

/// Address family, by the kernel's numbers.
@usableFromInline package enum IPFamily: UInt8, Sendable, Hashable, BitwiseCopyable {
  case ipv4 = 2
  case ipv6 = 10

  /// Octets of an address.
  @inlinable
  package var addressLength: Int { self == .ipv4 ? 4 : 16 }

  /// Octets of the fixed header.
  @inlinable
  package var headerLength: Int { self == .ipv4 ? 20 : 40 }

  /// Ethernet type.
  @inlinable
  package var ethertype: UInt16 { self == .ipv4 ? EtherType.ipv4 : EtherType.ipv6 }
}

/// Internet protocol numbers that the engine knows by name (IANA "protocol-numbers").
@usableFromInline package enum IPProtocol {
  @inlinable package static var hopByHop: UInt8 { 0 }
  @inlinable package static var icmp: UInt8 { 1 }
  @inlinable package static var ipip: UInt8 { 4 }
  @inlinable package static var tcp: UInt8 { 6 }
  @inlinable package static var udp: UInt8 { 17 }
  @inlinable package static var ipv6: UInt8 { 41 }
  @inlinable package static var routing: UInt8 { 43 }
  @inlinable package static var fragment: UInt8 { 44 }
  @inlinable package static var gre: UInt8 { 47 }
  @inlinable package static var esp: UInt8 { 50 }
  @inlinable package static var authentication: UInt8 { 51 }
  @inlinable package static var icmpv6: UInt8 { 58 }
  @inlinable package static var none: UInt8 { 59 }
  @inlinable package static var destinationOptions: UInt8 { 60 }
  @inlinable package static var sctp: UInt8 { 132 }
  @inlinable package static var mobility: UInt8 { 135 }
  @inlinable package static var udplite: UInt8 { 136 }
}

/// Ethernet types that the engine knows by name (IEEE 802 numbers).
@usableFromInline package enum EtherType {
  @inlinable package static var ipv4: UInt16 { 0x0800 }
  @inlinable package static var arp: UInt16 { 0x0806 }
  @inlinable package static var vlan: UInt16 { 0x8100 }
  @inlinable package static var ipv6: UInt16 { 0x86dd }
  @inlinable package static var pppoeSession: UInt16 { 0x8864 }
  @inlinable package static var serviceVLAN: UInt16 { 0x88a8 }
}
