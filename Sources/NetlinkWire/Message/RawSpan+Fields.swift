// SPDX-License-Identifier: GPL-3.0-or-later

// The only place where bytes received become integers. Every integer type has no invalid bit pattern, so the
// `unsafe` below concerns the type alone; `RawSpan` checks the bounds and traps outside them.

extension RawSpan {
  /// The octet at `offset`.
  @inlinable @inline(__always)
  public func uint8(at offset: Int) -> UInt8 {
    // Safe: any bit pattern is a UInt8, and the span checks the bounds.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// A big-endian 16-bit field at `offset` octets.
  @inlinable @inline(__always)
  public func bigEndian16(at offset: Int) -> UInt16 {
    // Safe: any bit pattern is a UInt16, and the span checks the bounds.
    unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// A big-endian 32-bit field at `offset` octets.
  @inlinable @inline(__always)
  public func bigEndian32(at offset: Int) -> UInt32 {
    // Safe: any bit pattern is a UInt32, and the span checks the bounds.
    unsafe UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// A big-endian 64-bit field at `offset` octets.
  @inlinable @inline(__always)
  public func bigEndian64(at offset: Int) -> UInt64 {
    // Safe: any bit pattern is a UInt64, and the span checks the bounds.
    unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// A 16-bit field at `offset` octets in host byte order.
  @inlinable @inline(__always)
  public func host16(at offset: Int) -> UInt16 {
    // Safe: any bit pattern is a UInt16, and the span checks the bounds.
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
  }

  /// A 32-bit field at `offset` octets in host byte order.
  @inlinable @inline(__always)
  public func host32(at offset: Int) -> UInt32 {
    // Safe: any bit pattern is a UInt32, and the span checks the bounds.
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// A 64-bit field at `offset` octets in host byte order.
  @inlinable @inline(__always)
  public func host64(at offset: Int) -> UInt64 {
    // Safe: any bit pattern is a UInt64, and the span checks the bounds.
    unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  /// The `count` octets from `offset` on. Traps unless they lie inside the span.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func slice(_ offset: Int, _ count: Int) -> RawSpan {
    extracting(offset..<(offset &+ count))
  }

  /// A copy of the octets.
  public var copied: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(byteCount)
    for index in 0..<byteCount { result.append(uint8(at: index)) }
    return result
  }

  /// The text up to the first NUL octet or the end, with U+FFFD in place of what is not UTF-8.
  public var text: String {
    var units: [UInt8] = []
    for index in 0..<byteCount {
      let unit = uint8(at: index)
      if unit == 0 { break }
      units.append(unit)
    }
    return String(decoding: units, as: UTF8.self)
  }
}
