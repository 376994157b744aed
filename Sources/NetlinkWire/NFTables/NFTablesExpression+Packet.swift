// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables.Expression {
  /// Loads octets of the packet into a register, or stores a register into the packet.
  package struct Payload: Hashable, Sendable {
    package var destination: UInt32?
    /// 0 link, 1 network, 2 transport header, 3 inner payload.
    package var base: UInt32?
    /// Octets from the base.
    package var offset: UInt32?
    /// Octets.
    package var length: UInt32?
    package var source: UInt32?
    /// 0 none, 1 Internet, 2 SCTP.
    package var checksumType: UInt32?
    /// Octets from the base.
    package var checksumOffset: UInt32?
    /// 1: the transport checksum covers the field through the pseudo-header.
    package var checksumFlags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: base = try cursor.bigEndian32()
        case 3: offset = try cursor.bigEndian32()
        case 4: length = try cursor.bigEndian32()
        case 5: source = try cursor.bigEndian32()
        case 6: checksumType = try cursor.bigEndian32()
        case 7: checksumOffset = try cursor.bigEndian32()
        case 8: checksumFlags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let destination { writer.attribute(1, destination) }
      if let source { writer.attribute(5, source) }
      if let base { writer.attribute(2, base) }
      if let offset { writer.attribute(3, offset) }
      if let length { writer.attribute(4, length) }
      if let checksumType { writer.attribute(6, checksumType) }
      if let checksumOffset { writer.attribute(7, checksumOffset) }
      if let checksumFlags { writer.attribute(8, checksumFlags) }
    }
  }

  /// Loads or sets what the stack knows of the packet (`NFT_META_*`).
  package struct Meta: Hashable, Sendable {
    package var destination: UInt32?
    package var key: UInt32?
    package var source: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: key = try cursor.bigEndian32()
        case 3: source = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let key { writer.attribute(2, key) }
      if let destination { writer.attribute(1, destination) }
      if let source { writer.attribute(3, source) }
    }
  }

  /// Loads or sets what conntrack knows of the packet (`NFT_CT_*`).
  package struct ConntrackKey: Hashable, Sendable {
    package var destination: UInt32?
    package var key: UInt32?
    /// 0 original, 1 reply.
    package var direction: UInt8?
    package var source: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: key = try cursor.bigEndian32()
        case 3: direction = try cursor.uint8()
        case 4: source = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let destination { writer.attribute(1, destination) }
      if let source { writer.attribute(4, source) }
      if let key { writer.attribute(2, key) }
      if let direction { writer.attribute(3, direction) }
    }
  }

  /// Reads, writes or strips an IPv6 extension header or a TCP option.
  package struct ExtensionHeader: Hashable, Sendable {
    package var destination: UInt32?
    package var type: UInt8?
    package var offset: UInt32?
    package var length: UInt32?
    /// 1: store whether it is present.
    package var flags: UInt32?
    /// 0 IPv6, 1 TCP option, 2 IPv4 option, 3 SCTP chunk.
    package var operation: UInt32?
    package var source: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: type = try cursor.uint8()
        case 3: offset = try cursor.bigEndian32()
        case 4: length = try cursor.bigEndian32()
        case 5: flags = try cursor.bigEndian32()
        case 6: operation = try cursor.bigEndian32()
        case 7: source = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let destination { writer.attribute(1, destination) }
      if let source { writer.attribute(7, source) }
      if let type { writer.attribute(2, type) }
      if let offset { writer.attribute(3, offset) }
      if let length { writer.attribute(4, length) }
      if let flags { writer.attribute(5, flags) }
      if let operation { writer.attribute(6, operation) }
    }
  }

  /// Asks the routing table about the packet.
  package struct Fib: Hashable, Sendable {
    package var destination: UInt32?
    /// 1 device index, 2 device name, 3 address type.
    package var result: UInt32?
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: result = try cursor.bigEndian32()
        case 3: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let destination { writer.attribute(1, destination) }
      if let result { writer.attribute(2, result) }
      if let flags { writer.attribute(3, flags) }
    }
  }

  /// Loads a property of the packet's route.
  package struct Route: Hashable, Sendable {
    package var destination: UInt32?
    /// 0 class, 1 IPv4 next hop, 2 IPv6 next hop, 3 TCP MSS, 4 whether IPsec.
    package var key: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: destination = try cursor.bigEndian32()
        case 2: key = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let key { writer.attribute(2, key) }
      if let destination { writer.attribute(1, destination) }
    }
  }

  /// Refuses the packet with an error to its sender.
  package struct Reject: Hashable, Sendable {
    /// 0 ICMP, 1 TCP reset, 2 ICMP of either family.
    package var type: UInt32?
    package var code: UInt8?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: type = try cursor.bigEndian32()
        case 2: code = try cursor.uint8()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let type { writer.attribute(1, type) }
      if let code { writer.attribute(2, code) }
    }
  }

  /// Translates source (type 0) or destination (type 1).
  package struct NAT: Hashable, Sendable {
    package var type: UInt32?
    package var family: UInt32?
    /// Register.
    package var addressMinimum: UInt32?
    /// Register.
    package var addressMaximum: UInt32?
    /// Register.
    package var portMinimum: UInt32?
    /// Register.
    package var portMaximum: UInt32?
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: type = try cursor.bigEndian32()
        case 2: family = try cursor.bigEndian32()
        case 3: addressMinimum = try cursor.bigEndian32()
        case 4: addressMaximum = try cursor.bigEndian32()
        case 5: portMinimum = try cursor.bigEndian32()
        case 6: portMaximum = try cursor.bigEndian32()
        case 7: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let type { writer.attribute(1, type) }
      if let family { writer.attribute(2, family) }
      if let addressMinimum { writer.attribute(3, addressMinimum) }
      if let addressMaximum { writer.attribute(4, addressMaximum) }
      if let portMinimum { writer.attribute(5, portMinimum) }
      if let portMaximum { writer.attribute(6, portMaximum) }
      if let flags { writer.attribute(7, flags) }
    }
  }

  /// Translates the source to the outgoing device's address.
  package struct Masquerade: Hashable, Sendable {
    package var flags: UInt32?
    /// Register.
    package var portMinimum: UInt32?
    /// Register.
    package var portMaximum: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: flags = try cursor.bigEndian32()
        case 2: portMinimum = try cursor.bigEndian32()
        case 3: portMaximum = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let flags { writer.attribute(1, flags) }
      if let portMinimum { writer.attribute(2, portMinimum) }
      if let portMaximum { writer.attribute(3, portMaximum) }
    }
  }

  /// Translates the destination to the router itself.
  package struct Redirect: Hashable, Sendable {
    /// Register.
    package var portMinimum: UInt32?
    /// Register.
    package var portMaximum: UInt32?
    package var flags: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: portMinimum = try cursor.bigEndian32()
        case 2: portMaximum = try cursor.bigEndian32()
        case 3: flags = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let portMinimum { writer.attribute(1, portMinimum) }
      if let portMaximum { writer.attribute(2, portMaximum) }
      if let flags { writer.attribute(3, flags) }
    }
  }

  /// Sends a copy of the packet.
  package struct Duplicate: Hashable, Sendable {
    /// Register.
    package var address: UInt32?
    /// Register.
    package var device: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: address = try cursor.bigEndian32()
        case 2: device = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let address { writer.attribute(1, address) }
      if let device { writer.attribute(2, device) }
    }
  }

  /// Sends the frame out of another device.
  package struct Forward: Hashable, Sendable {
    /// Register.
    package var device: UInt32?
    /// Register.
    package var address: UInt32?
    package var family: UInt32?

    package init() {}

    init(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
      var cursor = attributes
      while try cursor.advance() {
        switch cursor.type {
        case 1: device = try cursor.bigEndian32()
        case 2: address = try cursor.bigEndian32()
        case 3: family = try cursor.bigEndian32()
        default: break
        }
      }
    }

    func encode(into writer: inout NetlinkWriter) {
      if let device { writer.attribute(1, device) }
      if let address { writer.attribute(2, address) }
      if let family { writer.attribute(3, family) }
    }
  }
}
