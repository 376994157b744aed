// SPDX-License-Identifier: GPL-3.0-or-later

/// The internet checksum (RFC 1071), whole and incremental (RFC 1624).
///
/// Sums are 16-bit one's complement in network order; a checksum is the complement of its sum.
public enum Checksum {
  /// Folds a wide sum to 16 bits, carries added at the low end.
  @inlinable @inline(__always)
  public static func fold(_ sum: UInt64) -> UInt16 {
    var sum = (sum & 0xffff_ffff) &+ (sum >> 32)
    sum = (sum & 0xffff_ffff) &+ (sum >> 32)
    sum = (sum & 0xffff) &+ (sum >> 16)
    sum = (sum & 0xffff) &+ (sum >> 16)
    return UInt16(truncatingIfNeeded: (sum & 0xffff) &+ (sum >> 16))
  }

  /// `sum` and eight octets more; the carry is added at the low end, as 2^64 is 1 modulo 2^16 - 1.
  @inlinable @inline(__always)
  static func adding(_ octets: UInt64, to sum: UInt64) -> UInt64 {
    let (total, carry) = sum.addingReportingOverflow(octets)
    return total &+ (carry ? 1 : 0)
  }

  /// Adds the octets of `bytes` to `initial`; an odd last octet counts as the high half of a word. The result has at most 33
  /// bits.
  ///
  /// The octets are added as the machine has them, least significant first: the sum's two octets are swapped then, and
  /// nothing else is different (RFC 1071 §2 B).
  @inlinable
  public static func sum(_ bytes: RawSpan, _ initial: UInt64 = 0) -> UInt64 {
    var swapped: UInt64 = 0
    var offset = 0
    let count = bytes.byteCount
    while offset &+ 8 <= count {
      // Safe: the eight octets are there, here and below.
      swapped = adding(unsafe bytes.uncheckedLittleEndian64(offset), to: swapped)
      offset &+= 8
    }
    let left = count &- offset
    if left > 0, offset > 0 {
      // The last eight octets, without those that were added already.
      swapped = adding(
        unsafe bytes.uncheckedLittleEndian64(count &- 8) &>> UInt64(64 &- 8 &* left), to: swapped)
    } else if left > 0 {
      var word: UInt64 = 0
      for index in 0..<left { word |= UInt64(bytes.u8(index)) &<< UInt64(8 &* index) }
      swapped = adding(word, to: swapped)
    }
    let total = adding(UInt64(fold(swapped).byteSwapped), to: initial)
    return (total & 0xffff_ffff) &+ (total >> 32)
  }

  /// The checksum of `bytes`, to be stored in their checksum field, which must hold zero.
  @inlinable
  public static func compute(_ bytes: RawSpan, _ initial: UInt64 = 0) -> UInt16 {
    ~fold(sum(bytes, initial))
  }

  /// Whether `bytes`, checksum field included, sum to the one's complement zero.
  @inlinable
  public static func isValid(_ bytes: RawSpan, _ initial: UInt64 = 0) -> Bool {
    fold(sum(bytes, initial)) == 0xffff
  }

  /// Sum of the pseudo header of either family (RFC 9293 §3.1, RFC 8200 §8.1). `length` in octets.
  @inlinable
  public static func pseudoHeader(
    _ source: Address, _ destination: Address, proto: UInt8, length: Int
  ) -> UInt64 {
    func halves(_ word: UInt64) -> UInt64 { (word >> 32) &+ (word & 0xffff_ffff) }
    return UInt64(proto) &+ UInt64(length) &+ halves(source.high) &+ halves(source.low)
      &+ halves(destination.high) &+ halves(destination.low)
  }

  /// `checksum` after changes under it whose one's complement sum, folded, is `delta`: the complement of what
  /// adding to the sum gives, which is `delta` taken off with the borrow at the low end (RFC 1624 §3, equation 4).
  @inlinable @inline(__always)
  public static func adding(_ delta: UInt16, to checksum: UInt16) -> UInt16 {
    // The upper half is all ones if there is a borrow. It comes as often as not, so there is no branch here.
    let difference = UInt32(checksum) &- UInt32(delta)
    return UInt16(truncatingIfNeeded: difference &+ difference >> 16)
  }

  /// `checksum` after one 32-bit word under it changed (kernel: csum_replace4).
  @inlinable @inline(__always)
  public static func replacing(_ checksum: UInt16, _ old: UInt32, with new: UInt32) -> UInt16 {
    // ~checksum - old + new in 32-bit one's complement: subtraction adds the complement.
    ~fold(UInt64(~checksum) &+ UInt64(~old) &+ UInt64(new))
  }

  /// `checksum` after one 16-bit word under it changed (kernel: inet_proto_csum_replace2).
  @inlinable @inline(__always)
  public static func replacing(_ checksum: UInt16, _ old: UInt16, with new: UInt16) -> UInt16 {
    replacing(checksum, UInt32(old), with: UInt32(new))
  }

  /// `checksum` after an address of 16 octets under it changed (kernel: inet_proto_csum_replace16).
  @inlinable
  public static func replacing(_ checksum: UInt16, _ old: Address, with new: Address) -> UInt16 {
    var total = UInt64(~checksum)
    for word in [~old.high, ~old.low, new.high, new.low] { total &+= (word >> 32) &+ (word & 0xffff_ffff) }
    return ~fold(total)
  }

  /// `checksum` of an IPv4 header whose TTL went down by one (kernel: ip_decrease_ttl).
  @inlinable @inline(__always)
  public static func decrementingTTL(_ checksum: UInt16) -> UInt16 {
    let wide = UInt32(checksum) &+ 0x0100
    return UInt16(truncatingIfNeeded: wide &+ (wide >= 0xffff ? 1 : 0))
  }
}
