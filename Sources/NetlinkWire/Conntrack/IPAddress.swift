// SPDX-License-Identifier: GPL-3.0-or-later

/// The address families that conntrack knows, with the kernel's numbers (`AF_INET`, `AF_INET6`).
@frozen
public struct AddressFamily: RawRepresentable, Hashable, Sendable {
  /// The number that `nfgenmsg` and `AF_*` share.
  public let rawValue: UInt8
  /// The family with this `AF_*` number.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// RawRepresentable's own is not specialised across modules.
  @inlinable @inline(__always)
  public static func == (left: AddressFamily, right: AddressFamily) -> Bool {
    left.rawValue == right.rawValue
  }

  /// No family, or every family (`AF_UNSPEC`).
  @inlinable public static var unspecified: AddressFamily { AddressFamily(rawValue: 0) }
  /// `AF_INET`.
  @inlinable public static var ipv4: AddressFamily { AddressFamily(rawValue: 2) }
  /// `AF_INET6`.
  @inlinable public static var ipv6: AddressFamily { AddressFamily(rawValue: 10) }

  /// Bits of an address: 32 or 128.
  public var addressBits: Int { self == .ipv6 ? 128 : 32 }
}

/// An IPv4 or IPv6 address as a number, so that prefixes and ranges are comparisons.
///
/// `high` and `low` are in host byte order: an IPv4 address is the lower 32 bits of `low`.
@frozen
public struct IPAddress: Hashable, Sendable {
  /// The upper 64 bits in host byte order; 0 for IPv4.
  public var high: UInt64
  /// The lower 64 bits in host byte order; an IPv4 address is its lower 32.
  public var low: UInt64
  /// Which kind of address it is.
  public var family: AddressFamily

  /// An address of these bits, in host byte order.
  @inlinable
  public init(high: UInt64, low: UInt64, family: AddressFamily) {
    self.high = high
    self.low = low
    self.family = family
  }

  /// Synthesised equality is not inlined across modules.
  @inlinable @inline(__always)
  public static func == (left: IPAddress, right: IPAddress) -> Bool {
    (left.high ^ right.high) | (left.low ^ right.low) == 0 && left.family == right.family
  }

  /// - Parameter number: the address in host byte order, 192.0.2.1 being 0xC0000201.
  @inlinable public init(ipv4 number: UInt32) {
    self.init(high: 0, low: UInt64(number), family: .ipv4)
  }

  /// - Parameter octets: 4 or 16 octets in network order; `nil` for any other count.
  public init?(_ octets: RawSpan) {
    switch octets.byteCount {
    case 4: self.init(ipv4: octets.bigEndian32(at: 0))
    case 16: self.init(high: octets.bigEndian64(at: 0), low: octets.bigEndian64(at: 8), family: .ipv6)
    default: return nil
    }
  }

  /// No address: neither family.
  @inlinable public static var none: IPAddress { IPAddress(high: 0, low: 0, family: .unspecified) }

  /// The address in network order: 4 or 16 octets.
  public var octets: [UInt8] {
    var result: [UInt8] = []
    if family == .ipv6 {
      for shift in stride(from: 56, through: 0, by: -8) {
        result.append(UInt8(truncatingIfNeeded: high >> shift))
      }
    }
    let top = family == .ipv6 ? 56 : 24
    for shift in stride(from: top, through: 0, by: -8) {
      result.append(UInt8(truncatingIfNeeded: low >> shift))
    }
    return result
  }

  /// This address with all but its first `length` bits cleared.
  public func prefix(_ length: Int) -> IPAddress {
    guard family == .ipv6 else {
      let mask = length <= 0 ? 0 : UInt64(UInt32.max << UInt32(32 - min(length, 32)))
      return IPAddress(high: 0, low: low & mask, family: family)
    }
    let highMask = length <= 0 ? 0 : UInt64.max << UInt64(64 - min(length, 64))
    let lowMask = length <= 64 ? 0 : UInt64.max << UInt64(128 - min(length, 128))
    return IPAddress(high: high & highMask, low: low & lowMask, family: family)
  }
}

extension IPAddress: Comparable {
  /// By family, then as a number.
  public static func < (left: IPAddress, right: IPAddress) -> Bool {
    (left.family.rawValue, left.high, left.low) < (right.family.rawValue, right.high, right.low)
  }
}
