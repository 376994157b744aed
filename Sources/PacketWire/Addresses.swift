// SPDX-License-Identifier: GPL-3.0-or-later

/// An Ethernet hardware address: 48 bits, the first octet on the wire is the most significant.
@frozen public struct MACAddress: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
  /// The address in the low 48 bits.
  public var bits: UInt64

  /// The address whose octets are the low 48 bits of `bits`, most significant first.
  @inlinable
  public init(_ bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

  /// All octets zero.
  package static let zero = MACAddress(0)
  /// The broadcast address.
  package static let broadcast = MACAddress(0xffff_ffff_ffff)

  /// Whether the group bit is set (broadcast included).
  @inlinable
  public var isMulticast: Bool { bits >> 40 & 1 == 1 }

  /// Six octets in hexadecimal with colons.
  public var description: String {
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
@frozen public struct Address: Hashable, Sendable, BitwiseCopyable {
  /// The first eight octets of an IPv6 address, most significant first; 0 for IPv4.
  public var high: UInt64
  /// The last eight octets of an IPv6 address, most significant first; or the IPv4 address.
  public var low: UInt64

  /// The IPv6 address of two words.
  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The IPv4 address whose first octet is the most significant.
  @inlinable
  public init(ipv4: UInt32) {
    high = 0
    low = UInt64(ipv4)
  }

  /// All octets zero, in either family.
  package static let unspecified = Address(high: 0, low: 0)

  /// The IPv4 address, first octet most significant.
  @inlinable
  public var ipv4: UInt32 { UInt32(truncatingIfNeeded: low) }

  /// Whether all octets are zero.
  @inlinable
  public var isUnspecified: Bool { high | low == 0 }

  /// Whether an IPv6 address is of fe80::/10.
  package var isIPv6LinkLocal: Bool { high >> 54 == 0x3fa }

  /// Whether the address is of a group, 224/4 or ff00::/8.
  @inlinable @inline(__always)
  public func isMulticast(_ family: IPFamily) -> Bool {
    family == .ipv4 ? low >> 28 == 0xe : high >> 56 == 0xff
  }

  /// Whether the first `length` bits equal those of `other`; `length` counts from the family's first bit.
  package func matches(_ other: Address, prefixLength length: Int, _ family: IPFamily) -> Bool {
    self.masked(to: length, family) == other.masked(to: length, family)
  }

  /// The address with all but the first `length` bits cleared.
  @inlinable
  public func masked(to length: Int, _ family: IPFamily) -> Address {
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
@frozen public enum IPFamily: UInt8, Sendable, Hashable, BitwiseCopyable {
  case ipv4 = 2
  case ipv6 = 10

  /// Octets of an address.
  @inlinable
  public var addressLength: Int { self == .ipv4 ? 4 : 16 }

  /// Octets of the fixed header.
  @inlinable
  public var headerLength: Int { self == .ipv4 ? 20 : 40 }

  /// Ethernet type.
  @inlinable
  public var ethertype: UInt16 { self == .ipv4 ? EtherType.ipv4 : EtherType.ipv6 }

  /// Protocol, in an outer header, of packets of the family.
  @inlinable
  public var protocolInside: UInt8 { self == .ipv4 ? IPProtocol.ipip : IPProtocol.ipv6 }
}

/// Internet protocol numbers that the engine knows by name (IANA "protocol-numbers").
public enum IPProtocol {
  /// IPv6 hop-by-hop options (RFC 8200).
  @inlinable public static var hopByHop: UInt8 { 0 }
  /// ICMP (RFC 792).
  @inlinable public static var icmp: UInt8 { 1 }
  /// IPv4 in IP (RFC 2003).
  @inlinable public static var ipip: UInt8 { 4 }
  /// TCP (RFC 9293).
  @inlinable public static var tcp: UInt8 { 6 }
  /// UDP (RFC 768).
  @inlinable public static var udp: UInt8 { 17 }
  /// IPv6 in IP (RFC 2473).
  @inlinable public static var ipv6: UInt8 { 41 }
  /// IPv6 routing header (RFC 8200).
  @inlinable public static var routing: UInt8 { 43 }
  /// IPv6 fragment header (RFC 8200).
  @inlinable public static var fragment: UInt8 { 44 }
  /// GRE (RFC 2784).
  @inlinable public static var gre: UInt8 { 47 }
  /// Encapsulating security payload (RFC 4303).
  @inlinable public static var esp: UInt8 { 50 }
  /// Authentication header (RFC 4302).
  @inlinable public static var authentication: UInt8 { 51 }
  /// ICMPv6 (RFC 4443).
  @inlinable public static var icmpv6: UInt8 { 58 }
  /// No next header (RFC 8200).
  @inlinable public static var none: UInt8 { 59 }
  /// IPv6 destination options (RFC 8200).
  @inlinable public static var destinationOptions: UInt8 { 60 }
  /// SCTP (RFC 9260).
  @inlinable public static var sctp: UInt8 { 132 }
  /// Mobility header (RFC 6275).
  @inlinable public static var mobility: UInt8 { 135 }
  /// UDP-Lite (RFC 3828).
  @inlinable public static var udplite: UInt8 { 136 }
}

/// Ethernet types that the engine knows by name (IEEE 802 numbers).
public enum EtherType {
  /// IPv4.
  @inlinable public static var ipv4: UInt16 { 0x0800 }
  /// ARP (RFC 826).
  @inlinable public static var arp: UInt16 { 0x0806 }
  /// 802.1Q customer tag.
  @inlinable public static var vlan: UInt16 { 0x8100 }
  /// IPv6.
  @inlinable public static var ipv6: UInt16 { 0x86dd }
  /// PPPoE session (RFC 2516).
  @inlinable public static var pppoeSession: UInt16 { 0x8864 }
  /// 802.1ad service tag.
  @inlinable public static var serviceVLAN: UInt16 { 0x88a8 }
}
