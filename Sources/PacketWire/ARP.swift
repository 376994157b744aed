// SPDX-License-Identifier: GPL-3.0-or-later

/// ARP packet for IPv4 over Ethernet (RFC 826), over received octets.
package struct ARPView: ~Escapable {
  package let bytes: RawSpan
  /// Octets of a packet with six-octet and four-octet addresses.
  @inlinable package static var length: Int { 28 }

  /// `nil` unless `bytes` hold a whole packet of IPv4 over Ethernet; afterwards no accessor can fail.
  @_lifetime(copy bytes)
  package init?(checking bytes: RawSpan) {
    guard bytes.byteCount >= Self.length, bytes.be16(0) == 1, bytes.be16(2) == EtherType.ipv4,
      bytes.u8(4) == 6, bytes.u8(5) == 4
    else { return nil }
    self.bytes = bytes
  }
  package var operation: UInt16 { bytes.be16(6) }
  package var senderHardware: MACAddress { bytes.mac(8) }
  package var sender: Address { bytes.ipv4(14) }
  package var targetHardware: MACAddress { bytes.mac(18) }
  package var target: Address { bytes.ipv4(24) }
}

/// ARP packet for IPv4 over Ethernet as a value.
package struct ARPPacket: Equatable, Sendable {
  @inlinable package static var request: UInt16 { 1 }
  @inlinable package static var reply: UInt16 { 2 }

  package var operation: UInt16
  package var senderHardware: MACAddress
  package var sender: Address
  package var targetHardware: MACAddress
  package var target: Address

  package init(
    operation: UInt16, senderHardware: MACAddress, sender: Address, targetHardware: MACAddress,
    target: Address
  ) {
    self.operation = operation
    self.senderHardware = senderHardware
    self.sender = sender
    self.targetHardware = targetHardware
    self.target = target
  }

  /// The fields of a checked packet.
  package init(_ view: borrowing ARPView) {
    self.init(
      operation: view.operation, senderHardware: view.senderHardware, sender: view.sender,
      targetHardware: view.targetHardware, target: view.target)
  }

  /// Appends the 28 octets of the packet.
  package func emit(into bytes: inout [UInt8]) {
    bytes.append(be16: 1)
    bytes.append(be16: EtherType.ipv4)
    bytes.append(6)
    bytes.append(4)
    bytes.append(be16: operation)
    bytes.append(senderHardware)
    bytes.append(ipv4: sender)
    bytes.append(targetHardware)
    bytes.append(ipv4: target)
  }
}
