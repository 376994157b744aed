// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables.Expression {
  /// Loads octets of the packet into a register, or stores a register into the packet.
  package struct Payload: AttributeFields, Hashable, Sendable {
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

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &destination)
      each(5, &source)
      each(2, &base)
      each(3, &offset)
      each(4, &length)
      each(6, &checksumType)
      each(7, &checksumOffset)
      each(8, &checksumFlags)
    }
  }

  /// Loads or sets what the stack knows of the packet (`NFT_META_*`).
  package struct Meta: AttributeFields, Hashable, Sendable {
    package var destination: UInt32?
    package var key: UInt32?
    package var source: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(2, &key)
      each(1, &destination)
      each(3, &source)
    }
  }

  /// Loads or sets what conntrack knows of the packet (`NFT_CT_*`).
  package struct ConntrackKey: AttributeFields, Hashable, Sendable {
    package var destination: UInt32?
    package var key: UInt32?
    /// 0 original, 1 reply.
    package var direction: UInt8?
    package var source: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &destination)
      each(4, &source)
      each(2, &key)
      each(3, &direction)
    }
  }

  /// Reads, writes or strips an IPv6 extension header or a TCP option.
  package struct ExtensionHeader: AttributeFields, Hashable, Sendable {
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

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &destination)
      each(7, &source)
      each(2, &type)
      each(3, &offset)
      each(4, &length)
      each(5, &flags)
      each(6, &operation)
    }
  }

  /// Asks the routing table about the packet.
  package struct Fib: AttributeFields, Hashable, Sendable {
    package var destination: UInt32?
    /// 1 device index, 2 device name, 3 address type.
    package var result: UInt32?
    package var flags: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &destination)
      each(2, &result)
      each(3, &flags)
    }
  }

  /// Loads a property of the packet's route.
  package struct Route: AttributeFields, Hashable, Sendable {
    package var destination: UInt32?
    /// 0 class, 1 IPv4 next hop, 2 IPv6 next hop, 3 TCP MSS, 4 whether IPsec.
    package var key: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(2, &key)
      each(1, &destination)
    }
  }

  /// Refuses the packet with an error to its sender.
  package struct Reject: AttributeFields, Hashable, Sendable {
    /// 0 ICMP, 1 TCP reset, 2 ICMP of either family.
    package var type: UInt32?
    package var code: UInt8?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &type)
      each(2, &code)
    }
  }

  /// Translates source (type 0) or destination (type 1).
  package struct NAT: AttributeFields, Hashable, Sendable {
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

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &type)
      each(2, &family)
      each(3, &addressMinimum)
      each(4, &addressMaximum)
      each(5, &portMinimum)
      each(6, &portMaximum)
      each(7, &flags)
    }
  }

  /// Translates the source to the outgoing device's address.
  package struct Masquerade: AttributeFields, Hashable, Sendable {
    package var flags: UInt32?
    /// Register.
    package var portMinimum: UInt32?
    /// Register.
    package var portMaximum: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &flags)
      each(2, &portMinimum)
      each(3, &portMaximum)
    }
  }

  /// Translates the destination to the router itself.
  package struct Redirect: AttributeFields, Hashable, Sendable {
    /// Register.
    package var portMinimum: UInt32?
    /// Register.
    package var portMaximum: UInt32?
    package var flags: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &portMinimum)
      each(2, &portMaximum)
      each(3, &flags)
    }
  }

  /// Sends a copy of the packet.
  package struct Duplicate: AttributeFields, Hashable, Sendable {
    /// Register.
    package var address: UInt32?
    /// Register.
    package var device: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &address)
      each(2, &device)
    }
  }

  /// Sends the frame out of another device.
  package struct Forward: AttributeFields, Hashable, Sendable {
    /// Register.
    package var device: UInt32?
    /// Register.
    package var address: UInt32?
    package var family: UInt32?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &device)
      each(2, &address)
      each(3, &family)
    }
  }
}
