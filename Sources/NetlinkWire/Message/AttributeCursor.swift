// SPDX-License-Identifier: GPL-3.0-or-later

/// Walks netlink attributes (`struct nlattr`: u16 length, u16 type, payload, padding to four octets).
///
/// `advance()` moves to the next attribute; `type` and `payload` then describe it. An attribute shorter than its
/// header or longer than the rest is an error; unknown types are for the caller to skip. Fewer than four octets
/// at the end are padding.
@frozen
package struct AttributeCursor: ~Escapable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var nextOffset: Int
  @usableFromInline var payloadOffset = 0
  /// Octets of the current payload.
  @usableFromInline package var payloadLength = 0
  @usableFromInline var rawType: UInt16 = 0

  /// - Parameters:
  ///   - bytes: what contains the attributes.
  ///   - offset: where the first begins, in octets.
  @inlinable @inline(__always) @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, from offset: Int = 0) {
    self.bytes = bytes
    nextOffset = offset
  }

  /// Moves to the next attribute.
  ///
  /// - Returns: false at the end.
  /// - Throws: ``NetlinkFormatError/attributeLength(_:)``.
  @inlinable @inline(__always)
  package mutating func advance() throws(NetlinkFormatError) -> Bool {
    guard bytes.byteCount &- nextOffset >= 4 else { return false }
    let header = bytes.host32(at: nextOffset)
    let length = Int(header & 0xffff)
    guard length >= 4, length <= bytes.byteCount &- nextOffset else {
      throw .attributeLength(UInt16(truncatingIfNeeded: header))
    }
    rawType = UInt16(truncatingIfNeeded: header >> 16)
    payloadOffset = nextOffset &+ 4
    payloadLength = length &- 4
    nextOffset = nextOffset &+ ((length &+ 3) & ~3)
    return true
  }

  /// The current attribute's type without its flag bits.
  @inlinable @inline(__always) package var type: UInt16 { rawType & 0x3fff }
  /// Whether the sender marked the payload as attributes (`NLA_F_NESTED`).
  @inlinable @inline(__always) package var isMarkedNested: Bool { rawType & 0x8000 != 0 }
  /// Where the current attribute's header begins, in octets from the start of what is walked.
  @inlinable @inline(__always) package var attributeOffset: Int { payloadOffset &- 4 }
  /// The current attribute's payload.
  @inlinable @inline(__always) package var payload: RawSpan {
    @_lifetime(copy self) get { bytes.slice(payloadOffset, payloadLength) }
  }
  /// A cursor over the attributes in the current payload.
  @inlinable @inline(__always) package var nested: AttributeCursor {
    @_lifetime(copy self) get { AttributeCursor(bytes.slice(payloadOffset, payloadLength)) }
  }

  /// The payload as an octet.
  /// - Throws: ``NetlinkFormatError/payloadSize(_:)`` when it has another size.
  @inlinable @inline(__always)
  package func uint8() throws(NetlinkFormatError) -> UInt8 {
    guard payloadLength == 1 else { throw .payloadSize(type) }
    return bytes.uint8(at: payloadOffset)
  }

  /// The payload as a big-endian 16-bit number.
  /// - Throws: ``NetlinkFormatError/payloadSize(_:)`` when it has another size.
  @inlinable @inline(__always)
  package func bigEndian16() throws(NetlinkFormatError) -> UInt16 {
    guard payloadLength == 2 else { throw .payloadSize(type) }
    return bytes.bigEndian16(at: payloadOffset)
  }

  /// The payload as a big-endian 32-bit number.
  /// - Throws: ``NetlinkFormatError/payloadSize(_:)`` when it has another size.
  @inlinable @inline(__always)
  package func bigEndian32() throws(NetlinkFormatError) -> UInt32 {
    guard payloadLength == 4 else { throw .payloadSize(type) }
    return bytes.bigEndian32(at: payloadOffset)
  }

  /// The payload as a big-endian 64-bit number.
  /// - Throws: ``NetlinkFormatError/payloadSize(_:)`` when it has another size.
  @inlinable @inline(__always)
  package func bigEndian64() throws(NetlinkFormatError) -> UInt64 {
    guard payloadLength == 8 else { throw .payloadSize(type) }
    return bytes.bigEndian64(at: payloadOffset)
  }

  /// The payload as a 32-bit number in host byte order (rtnetlink, and few netfilter attributes).
  /// - Throws: ``NetlinkFormatError/payloadSize(_:)`` when it has another size.
  @inlinable @inline(__always)
  package func host32() throws(NetlinkFormatError) -> UInt32 {
    guard payloadLength == 4 else { throw .payloadSize(type) }
    return bytes.host32(at: payloadOffset)
  }
}
