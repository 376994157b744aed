// SPDX-License-Identifier: GPL-3.0-or-later

/// UDP header over received octets (RFC 768). Offsets from the first octet.
@frozen public struct UDPView: ~Escapable {
  /// The octets of header and payload.
  public let bytes: RawSpan
  /// Octets of the header.
  @inlinable public static var headerLength: Int { 8 }

  /// `nil` unless `bytes` hold a whole header; the length field is not looked at.
  @inlinable @inline(__always)
  @_lifetime(copy bytes)
  public init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength else { return nil }
    self.bytes = bytes
  }
  /// Source port.
  @inlinable public var sourcePort: UInt16 { bytes.be16(0) }
  /// Destination port.
  @inlinable public var destinationPort: UInt16 { bytes.be16(2) }
  /// Octets of header and payload, as the sender says.
  @inlinable public var length: Int { Int(bytes.be16(4)) }
  /// 0: the sender computed none.
  @inlinable public var checksum: UInt16 { bytes.be16(6) }
}

/// UDP header as a value.
package struct UDPHeader: Equatable, Sendable {
  package var sourcePort: UInt16
  package var destinationPort: UInt16

  package init(sourcePort: UInt16, destinationPort: UInt16) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
  }

  /// Appends header and `payload`, the checksum right for the addresses.
  package func emit(
    from source: Address, to destination: Address, payload: [UInt8], into bytes: inout [UInt8]
  ) {
    let start = bytes.count
    let length = UDPView.headerLength + payload.count
    bytes.append(be16: sourcePort)
    bytes.append(be16: destinationPort)
    bytes.append(be16: UInt16(truncatingIfNeeded: length))
    bytes.append(be16: 0)
    bytes += payload
    let sum = Checksum.pseudoHeader(source, destination, proto: IPProtocol.udp, length: length)
    let checksum = Checksum.compute(bytes.raw.dropping(start), sum)
    bytes.store(be16: checksum == 0 ? 0xffff : checksum, at: start + 6)
  }
}

/// GRE header over received octets (RFC 2784, RFC 2890; version 1: RFC 2637).
@usableFromInline package struct GREView: ~Escapable {
  package let bytes: RawSpan
  /// Octets of the header without optional fields.
  @inlinable package static var minimumLength: Int { 4 }

  /// `nil` unless `bytes` hold flags and protocol.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumLength else { return nil }
    self.bytes = bytes
  }
  package var version: UInt8 { bytes.u8(1) & 7 }
  package var proto: UInt16 { bytes.be16(2) }
  package var hasKey: Bool { bytes.u8(0) & 0x20 != 0 }
  /// The call identifier of version 1, or nil when the header ends before it.
  package var callIdentifier: UInt16? { version == 1 && bytes.byteCount >= 8 ? bytes.be16(6) : nil }
}

/// SCTP common header over received octets (RFC 9260 §3.1).
package struct SCTPView: ~Escapable {
  package let bytes: RawSpan
  /// Octets of the common header.
  @inlinable package static var headerLength: Int { 12 }

  /// `nil` unless `bytes` hold a whole common header.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength else { return nil }
    self.bytes = bytes
  }
  package var sourcePort: UInt16 { bytes.be16(0) }
  package var destinationPort: UInt16 { bytes.be16(2) }
  package var verificationTag: UInt32 { bytes.be32(4) }
  package var checksum: UInt32 { bytes.be32(8) }
  /// The checksum of the packet, as if its own field were zero.
  package var rightChecksum: UInt32 {
    var crc = CRC32C(bytes.extracting(0..<8))
    crc.update(zeros: 4)
    crc.update(bytes.dropping(Self.headerLength))
    return crc.value.byteSwapped
  }
  package var hasValidChecksum: Bool { checksum == rightChecksum }
}
