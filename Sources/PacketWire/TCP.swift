// SPDX-License-Identifier: GPL-3.0-or-later

/// TCP control bits (RFC 9293 §3.1).
@frozen public struct TCPFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt8
  /// The flags whose bits these are.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// No more data from the sender.
  @inlinable public static var fin: TCPFlags { TCPFlags(rawValue: 0x01) }
  /// Synchronise sequence numbers.
  @inlinable public static var syn: TCPFlags { TCPFlags(rawValue: 0x02) }
  /// Reset the connection.
  @inlinable public static var rst: TCPFlags { TCPFlags(rawValue: 0x04) }
  /// Push function.
  @inlinable public static var psh: TCPFlags { TCPFlags(rawValue: 0x08) }
  /// The acknowledgment field counts.
  @inlinable public static var ack: TCPFlags { TCPFlags(rawValue: 0x10) }
  /// The urgent pointer counts.
  @inlinable public static var urg: TCPFlags { TCPFlags(rawValue: 0x20) }
  /// Congestion was experienced (RFC 3168).
  @inlinable public static var ece: TCPFlags { TCPFlags(rawValue: 0x40) }
  /// The congestion window was reduced (RFC 3168).
  @inlinable public static var cwr: TCPFlags { TCPFlags(rawValue: 0x80) }
}

/// TCP header over received octets (RFC 9293 §3.1). Offsets from the first octet.
@frozen public struct TCPView: ~Escapable {
  /// The octets of header and payload.
  public let bytes: RawSpan
  /// Octets of a header without options.
  @inlinable public static var minimumLength: Int { 20 }

  /// `nil` unless `bytes` hold the header that its data offset promises; afterwards no accessor can fail.
  @inlinable @inline(__always)
  @_lifetime(copy bytes)
  public init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumLength else { return nil }
    let length = Int(bytes.u8(12) >> 4) * 4
    guard length >= Self.minimumLength, length <= bytes.byteCount else { return nil }
    self.bytes = bytes
  }
  /// Source port.
  @inlinable public var sourcePort: UInt16 { bytes.be16(0) }
  /// Destination port.
  @inlinable public var destinationPort: UInt16 { bytes.be16(2) }
  /// Sequence number of the first octet.
  @inlinable public var sequence: UInt32 { bytes.be32(4) }
  /// Sequence number that is expected next.
  @inlinable public var acknowledgment: UInt32 { bytes.be32(8) }
  /// Octets of the header, options included.
  @inlinable public var headerLength: Int { Int(bytes.u8(12) >> 4) * 4 }
  /// Control bits.
  @inlinable public var flags: TCPFlags { TCPFlags(rawValue: bytes.u8(13)) }
  /// Octets that may be sent, not scaled.
  @inlinable public var window: UInt16 { bytes.be16(14) }
  /// Over pseudo header, header and payload.
  @inlinable public var checksum: UInt16 { bytes.be16(16) }
  /// Octets after the header, to the end of `bytes`.
  @inlinable public var payloadLength: Int { bytes.byteCount - headerLength }

  /// Calls `body` with kind and whole option (kind and length included) until the list ends or breaks.
  package func forEachOption(_ body: (_ kind: UInt8, _ option: RawSpan) -> Void) {
    var offset = Self.minimumLength
    let end = headerLength
    while offset < end {
      let kind = bytes.u8(offset)
      if kind == 0 { return }
      if kind == 1 {
        offset += 1
        continue
      }
      guard offset + 1 < end else { return }
      let length = Int(bytes.u8(offset + 1))
      guard length >= 2, offset + length <= end else { return }
      body(kind, bytes.extracting(offset..<offset + length))
      offset += length
    }
  }
}

/// TCP header without options as a value.
package struct TCPHeader: Equatable, Sendable {
  package var sourcePort: UInt16
  package var destinationPort: UInt16
  package var sequence: UInt32 = 0
  package var acknowledgment: UInt32 = 0
  package var flags: TCPFlags
  package var window: UInt16 = 0

  package init(sourcePort: UInt16, destinationPort: UInt16, flags: TCPFlags) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.flags = flags
  }

  /// The fields of a checked header.
  package init(_ view: borrowing TCPView) {
    self.init(sourcePort: view.sourcePort, destinationPort: view.destinationPort, flags: view.flags)
    sequence = view.sequence
    acknowledgment = view.acknowledgment
    window = view.window
  }

  /// Appends header, `options` (a multiple of four octets) and `payload`, the checksum right for the addresses.
  package func emit(
    from source: Address, to destination: Address, options: [UInt8] = [], payload: [UInt8] = [],
    into bytes: inout [UInt8]
  ) {
    let start = bytes.count
    bytes.append(be16: sourcePort)
    bytes.append(be16: destinationPort)
    bytes.append(be32: sequence)
    bytes.append(be32: acknowledgment)
    bytes.append(UInt8(truncatingIfNeeded: (TCPView.minimumLength + options.count) / 4) << 4)
    bytes.append(flags.rawValue)
    bytes.append(be16: window)
    bytes.append(be32: 0)
    bytes += options
    bytes += payload
    let sum = Checksum.pseudoHeader(source, destination, proto: IPProtocol.tcp, length: bytes.count - start)
    bytes.store(be16: Checksum.compute(bytes.raw.dropping(start), sum), at: start + 16)
  }
}
