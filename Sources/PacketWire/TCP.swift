// SPDX-License-Identifier: GPL-3.0-or-later

/// TCP control bits (RFC 9293 §3.1).
package struct TCPFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let fin = TCPFlags(rawValue: 0x01)
  package static let syn = TCPFlags(rawValue: 0x02)
  package static let rst = TCPFlags(rawValue: 0x04)
  package static let psh = TCPFlags(rawValue: 0x08)
  package static let ack = TCPFlags(rawValue: 0x10)
  package static let urg = TCPFlags(rawValue: 0x20)
  package static let ece = TCPFlags(rawValue: 0x40)
  package static let cwr = TCPFlags(rawValue: 0x80)
}

/// TCP header over received octets (RFC 9293 §3.1). Offsets from the first octet.
@usableFromInline package struct TCPView: ~Escapable {
  package let bytes: RawSpan
  /// Octets of a header without options.
  @inlinable package static var minimumLength: Int { 20 }

  /// `nil` unless `bytes` hold the header that its data offset promises; afterwards no accessor can fail.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumLength else { return nil }
    let length = Int(bytes.u8(12) >> 4) * 4
    guard length >= Self.minimumLength, length <= bytes.byteCount else { return nil }
    self.bytes = bytes
  }
  package var sourcePort: UInt16 { bytes.be16(0) }
  package var destinationPort: UInt16 { bytes.be16(2) }
  package var sequence: UInt32 { bytes.be32(4) }
  package var acknowledgment: UInt32 { bytes.be32(8) }
  package var headerLength: Int { Int(bytes.u8(12) >> 4) * 4 }
  package var flags: TCPFlags { TCPFlags(rawValue: bytes.u8(13)) }
  package var window: UInt16 { bytes.be16(14) }
  package var checksum: UInt16 { bytes.be16(16) }
  /// Octets after the header, to the end of `bytes`.
  package var payloadLength: Int { bytes.byteCount - headerLength }

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
