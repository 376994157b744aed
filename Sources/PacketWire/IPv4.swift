// SPDX-License-Identifier: GPL-3.0-or-later

/// IPv4 header over received octets (RFC 791 §3.1). Offsets from the first octet.
@usableFromInline package struct IPv4View: ~Escapable {
  package let bytes: RawSpan
  /// Octets of a header without options.
  @inlinable package static var minimumLength: Int { 20 }
  /// "Don't fragment" in the word of flags and fragment offset.
  @inlinable package static var dontFragment: UInt16 { 0x4000 }
  /// "More fragments" in the word of flags and fragment offset.
  @inlinable package static var moreFragments: UInt16 { 0x2000 }

  /// `nil` unless `bytes` hold a whole header of version 4 and the total length fits between header and end;
  /// afterwards no accessor can fail. The header checksum is not looked at.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumLength, bytes.u8(0) >> 4 == 4 else { return nil }
    let headerLength = Int(bytes.u8(0) & 0x0f) * 4
    let total = Int(bytes.be16(2))
    guard headerLength >= Self.minimumLength, total >= headerLength, total <= bytes.byteCount else {
      return nil
    }
    self.bytes = bytes
  }

  /// A header cut out of an ICMP error's quote: `nil` unless the header itself is whole; the total length is
  /// not compared with what is there.
  @_lifetime(copy bytes)
  package init?(quoted bytes: RawSpan) {
    guard bytes.byteCount >= Self.minimumLength, bytes.u8(0) >> 4 == 4 else { return nil }
    let headerLength = Int(bytes.u8(0) & 0x0f) * 4
    guard headerLength >= Self.minimumLength, headerLength <= bytes.byteCount else { return nil }
    self.bytes = bytes
  }
  /// Octets of the header, options included.
  package var headerLength: Int { Int(bytes.u8(0) & 0x0f) * 4 }
  package var typeOfService: UInt8 { bytes.u8(1) }
  /// Octets of header and payload.
  package var totalLength: Int { Int(bytes.be16(2)) }
  package var identification: UInt16 { bytes.be16(4) }
  package var flagsAndOffset: UInt16 { bytes.be16(6) }
  /// Position of the payload in its datagram, in octets.
  package var fragmentOffset: Int { Int(bytes.be16(6) & 0x1fff) * 8 }
  package var hasMoreFragments: Bool { bytes.be16(6) & Self.moreFragments != 0 }
  package var mayNotFragment: Bool { bytes.be16(6) & Self.dontFragment != 0 }
  package var isFragment: Bool { bytes.be16(6) & 0x3fff != 0 }
  package var timeToLive: UInt8 { bytes.u8(8) }
  package var proto: UInt8 { bytes.u8(9) }
  package var source: Address { bytes.ipv4(12) }
  package var destination: Address { bytes.ipv4(16) }
  /// Whether the header, options included, sums to zero.
  package var hasValidChecksum: Bool { Checksum.isValid(bytes.extracting(0..<headerLength)) }
  /// The octets after the header, up to the total length or the end, whichever comes first.
  package var payload: RawSpan {
    @_lifetime(copy self) get {
      bytes.extracting(headerLength..<max(headerLength, min(totalLength, bytes.byteCount)))
    }
  }
}

/// IPv4 header without options as a value.
package struct IPv4Header: Equatable, Sendable {
  package var typeOfService: UInt8 = 0
  package var identification: UInt16 = 0
  package var flagsAndOffset: UInt16 = 0
  package var timeToLive: UInt8 = 64
  package var proto: UInt8
  package var source: Address
  package var destination: Address

  package init(proto: UInt8, source: Address, destination: Address) {
    self.proto = proto
    self.source = source
    self.destination = destination
  }

  /// The fields of a checked header; options are left out.
  package init(_ view: borrowing IPv4View) {
    self.init(proto: view.proto, source: view.source, destination: view.destination)
    typeOfService = view.typeOfService
    identification = view.identification
    flagsAndOffset = view.flagsAndOffset
    timeToLive = view.timeToLive
  }

  /// Appends the header with a right checksum, for a payload of `payloadLength` octets. `options` are padded, a
  /// multiple of four octets and at most 40.
  package func emit(payloadLength: Int, options: [UInt8] = [], into bytes: inout [UInt8]) {
    let headerLength = IPv4View.minimumLength + options.count
    let length = UInt16(truncatingIfNeeded: headerLength + payloadLength)
    let first = UInt16(truncatingIfNeeded: 0x40 | headerLength / 4) << 8 | UInt16(typeOfService)
    var total = Checksum.sum(options.raw) + UInt64(first) + UInt64(length) + UInt64(identification)
    total += UInt64(flagsAndOffset) + UInt64(UInt16(timeToLive) << 8 | UInt16(proto))
    total += UInt64(source.ipv4) + UInt64(destination.ipv4)
    bytes.append(be16: first)
    bytes.append(be16: length)
    bytes.append(be16: identification)
    bytes.append(be16: flagsAndOffset)
    bytes.append(timeToLive)
    bytes.append(proto)
    bytes.append(be16: ~Checksum.fold(total))
    bytes.append(ipv4: source)
    bytes.append(ipv4: destination)
    bytes += options
  }
}
