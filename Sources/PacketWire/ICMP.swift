// SPDX-License-Identifier: GPL-3.0-or-later

/// ICMP message over received octets (RFC 792). Offsets from the first octet.
package struct ICMPView: ~Escapable {
  package let bytes: RawSpan
  /// Octets before the data: type, code, checksum, rest of header.
  @inlinable package static var headerLength: Int { 8 }

  /// `nil` unless `bytes` hold a whole header; afterwards no accessor can fail.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength else { return nil }
    self.bytes = bytes
  }
  package var type: UInt8 { bytes.u8(0) }
  package var code: UInt8 { bytes.u8(1) }
  package var checksum: UInt16 { bytes.be16(2) }
  /// Identifier of a query (echo, timestamp, …).
  package var identifier: UInt16 { bytes.be16(4) }
  /// Sequence number of a query; next-hop MTU of "fragmentation needed".
  package var sequence: UInt16 { bytes.be16(6) }
  /// The second word: pointer, gateway, or MTU of an ICMPv6 "packet too big".
  package var word: UInt32 { bytes.be32(4) }
  package var data: RawSpan { @_lifetime(copy self) get { bytes.dropping(Self.headerLength) } }
}

/// ICMP types by name (RFC 792).
package enum ICMPType {
  @inlinable package static var echoReply: UInt8 { 0 }
  @inlinable package static var destinationUnreachable: UInt8 { 3 }
  @inlinable package static var sourceQuench: UInt8 { 4 }
  @inlinable package static var redirect: UInt8 { 5 }
  @inlinable package static var echoRequest: UInt8 { 8 }
  @inlinable package static var timeExceeded: UInt8 { 11 }
  @inlinable package static var parameterProblem: UInt8 { 12 }
  @inlinable package static var timestampRequest: UInt8 { 13 }
  @inlinable package static var timestampReply: UInt8 { 14 }
  @inlinable package static var informationRequest: UInt8 { 15 }
  @inlinable package static var addressMaskRequest: UInt8 { 17 }
  /// The highest type that conntrack accepts.
  @inlinable package static var highest: UInt8 { 18 }

  /// Whether a message of `type` quotes a packet.
  package static func isError(_ type: UInt8) -> Bool {
    switch type {
    case destinationUnreachable, sourceQuench, redirect, timeExceeded, parameterProblem: true
    default: false
    }
  }

  /// The type that answers `type`, for the four queries and their answers; nil for all else.
  package static func inverse(_ type: UInt8) -> UInt8? {
    switch type {
    case 8: 0
    case 0: 8
    case 13: 14
    case 14: 13
    case 15: 16
    case 16: 15
    case 17: 18
    case 18: 17
    default: nil
    }
  }
}

/// ICMPv6 types by name (RFC 4443, RFC 4861).
package enum ICMPv6Type {
  @inlinable package static var destinationUnreachable: UInt8 { 1 }
  @inlinable package static var packetTooBig: UInt8 { 2 }
  @inlinable package static var timeExceeded: UInt8 { 3 }
  @inlinable package static var parameterProblem: UInt8 { 4 }
  @inlinable package static var echoRequest: UInt8 { 128 }
  @inlinable package static var echoReply: UInt8 { 129 }
  @inlinable package static var routerSolicitation: UInt8 { 133 }
  @inlinable package static var routerAdvertisement: UInt8 { 134 }
  @inlinable package static var neighbourSolicitation: UInt8 { 135 }
  @inlinable package static var neighbourAdvertisement: UInt8 { 136 }
  @inlinable package static var redirect: UInt8 { 137 }
  @inlinable package static var nodeInformationQuery: UInt8 { 139 }
  @inlinable package static var nodeInformationReply: UInt8 { 140 }

  /// The type that answers `type`, for echo and node information; nil for all else.
  package static func inverse(_ type: UInt8) -> UInt8? {
    switch type {
    case 128: 129
    case 129: 128
    case 139: 140
    case 140: 139
    default: nil
    }
  }

  /// Types that conntrack never tracks: listener discovery and neighbour discovery.
  package static func isUntracked(_ type: UInt8) -> Bool {
    switch type {
    case 130...136, 143, 151, 152: true
    default: false
    }
  }
}

/// An ICMP or ICMPv6 message as a value.
package struct ICMPMessage: Equatable, Sendable {
  package var type: UInt8
  package var code: UInt8
  /// The second word of the header, first octet most significant.
  package var word: UInt32
  package var data: [UInt8]

  package init(type: UInt8, code: UInt8, word: UInt32 = 0, data: [UInt8]) {
    self.type = type
    self.code = code
    self.word = word
    self.data = data
  }

  /// Appends the message; `pseudoHeader` is the sum that ICMPv6 adds, 0 for ICMP.
  package func emit(pseudoHeader: UInt64 = 0, into bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(type)
    bytes.append(code)
    bytes.append(be16: 0)
    bytes.append(be32: word)
    bytes += data
    bytes.store(be16: Checksum.compute(bytes.raw.dropping(start), pseudoHeader), at: start + 2)
  }
}

/// Neighbour solicitation or advertisement over received octets (RFC 4861 §4.3, §4.4), from the ICMPv6 type on.
package struct NeighbourDiscoveryView: ~Escapable {
  package let bytes: RawSpan
  /// Octets before the options.
  @inlinable package static var headerLength: Int { 24 }

  /// `nil` unless `bytes` hold header and target and every option has a length that fits.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength else { return nil }
    var offset = Self.headerLength
    while offset < bytes.byteCount {
      guard offset + 8 <= bytes.byteCount else { return nil }
      let length = Int(bytes.u8(offset + 1)) * 8
      guard length > 0, offset + length <= bytes.byteCount else { return nil }
      offset += length
    }
    self.bytes = bytes
  }
  package var type: UInt8 { bytes.u8(0) }
  package var target: Address { bytes.ipv6(8) }
  package var isRouter: Bool { bytes.u8(4) & 0x80 != 0 }
  package var isSolicited: Bool { bytes.u8(4) & 0x40 != 0 }
  package var isOverride: Bool { bytes.u8(4) & 0x20 != 0 }

  /// The Ethernet address of the first option of `kind` (1 source, 2 target), or nil.
  package func linkLayerAddress(option kind: UInt8) -> MACAddress? {
    var offset = Self.headerLength
    while offset < bytes.byteCount {
      if bytes.u8(offset) == kind { return bytes.mac(offset + 2) }
      offset += Int(bytes.u8(offset + 1)) * 8
    }
    return nil
  }
}
