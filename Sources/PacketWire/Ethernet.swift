// SPDX-License-Identifier: GPL-3.0-or-later

/// Ethernet header over received octets (IEEE 802.3 §3.1.1, DIX form). Offsets from the first octet.
@usableFromInline package struct EthernetView: ~Escapable {
  package let bytes: RawSpan
  /// Octets of the header: two addresses and a type.
  @inlinable package static var headerLength: Int { 14 }

  /// `nil` unless `bytes` hold a whole header; afterwards no accessor can fail.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength else { return nil }
    self.bytes = bytes
  }
  package var destination: MACAddress { bytes.mac(0) }
  package var source: MACAddress { bytes.mac(6) }
  package var type: UInt16 { bytes.be16(12) }
  package var payload: RawSpan { @_lifetime(copy self) get { bytes.dropping(Self.headerLength) } }
}

/// Ethernet header as a value.
package struct EthernetHeader: Equatable, Sendable {
  package var destination: MACAddress
  package var source: MACAddress
  package var type: UInt16

  package init(destination: MACAddress, source: MACAddress, type: UInt16) {
    self.destination = destination
    self.source = source
    self.type = type
  }

  /// The fields of a checked header.
  package init(_ view: borrowing EthernetView) {
    self.init(destination: view.destination, source: view.source, type: view.type)
  }

  /// Appends the 14 octets of the header.
  package func emit(into bytes: inout [UInt8]) {
    bytes.append(destination)
    bytes.append(source)
    bytes.append(be16: type)
  }
}

/// One VLAN tag, without the type before it (IEEE 802.1Q §9.6): tag control information, then the next type.
@usableFromInline package struct VLANTagView: ~Escapable {
  package let bytes: RawSpan
  /// Octets of a tag after its own type: control information and the next type.
  @inlinable package static var length: Int { 4 }

  /// `nil` unless `bytes`, which begin after the tag's type, hold a whole tag.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.length else { return nil }
    self.bytes = bytes
  }
  package var tag: VLANTag { VLANTag(control: bytes.be16(0)) }
  package var type: UInt16 { bytes.be16(2) }
  package var payload: RawSpan { @_lifetime(copy self) get { bytes.dropping(Self.length) } }
}

/// Tag control information of a VLAN tag as a value.
package struct VLANTag: Hashable, Sendable {
  /// Priority code point (3 bits), drop eligibility (1), identifier (12).
  package var control: UInt16

  package init(control: UInt16) { self.control = control }

  package init(identifier: UInt16, priority: UInt8 = 0) {
    control = UInt16(priority & 7) << 13 | identifier & 0x0fff
  }
  package var identifier: UInt16 { control & 0x0fff }
  package var priority: UInt8 { UInt8(control >> 13) }

  /// Appends the tag with its type `protocolType` before it and `next` after it: six octets.
  package func emit(protocolType: UInt16, next: UInt16, into bytes: inout [UInt8]) {
    bytes.append(be16: protocolType)
    bytes.append(be16: control)
    bytes.append(be16: next)
  }
}

/// PPPoE session header with the PPP protocol in two octets (RFC 2516 §4, RFC 1661 §2).
@usableFromInline package struct PPPoEView: ~Escapable {
  package let bytes: RawSpan
  /// Octets: version and type, code, session, length, PPP protocol.
  @inlinable package static var headerLength: Int { 8 }
  @inlinable package static var protocolIPv4: UInt16 { 0x0021 }
  @inlinable package static var protocolIPv6: UInt16 { 0x0057 }

  /// `nil` unless `bytes` hold a whole header; afterwards no accessor can fail.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.headerLength else { return nil }
    self.bytes = bytes
  }
  package var versionAndType: UInt8 { bytes.u8(0) }
  package var code: UInt8 { bytes.u8(1) }
  package var session: UInt16 { bytes.be16(2) }
  /// Octets after the length field: PPP protocol and payload.
  package var length: UInt16 { bytes.be16(4) }
  package var pppProtocol: UInt16 { bytes.be16(6) }
  package var payload: RawSpan { @_lifetime(copy self) get { bytes.dropping(Self.headerLength) } }
}

/// PPPoE session header as a value.
package struct PPPoEHeader: Equatable, Sendable {
  package var session: UInt16
  package var pppProtocol: UInt16

  package init(session: UInt16, pppProtocol: UInt16) {
    self.session = session
    self.pppProtocol = pppProtocol
  }

  /// Appends the header of a payload of `payloadLength` octets.
  package func emit(payloadLength: Int, into bytes: inout [UInt8]) {
    bytes.append(0x11)
    bytes.append(0)
    bytes.append(be16: session)
    bytes.append(be16: UInt16(truncatingIfNeeded: payloadLength + 2))
    bytes.append(be16: pppProtocol)
  }
}
