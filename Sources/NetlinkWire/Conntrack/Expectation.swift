// SPDX-License-Identifier: GPL-3.0-or-later

/// Messages of nfnetlink's expectation subsystem (`IPCTNL_MSG_EXP_*`), the low octet of a message type.
package enum ExpectationMessage {
  package static let new: UInt8 = 0
  package static let get: UInt8 = 1
  package static let delete: UInt8 = 2
  package static let getStatisticsPerCPU: UInt8 = 3

  /// `nlmsg_type` of `message` in the expectation subsystem.
  package static func type(_ message: UInt8) -> UInt16 {
    UInt16(NetfilterSubsystem.conntrackExpectations) << 8 | UInt16(message)
  }
}

/// `CTA_EXPECT_*`: attributes of an expectation message.
package enum ExpectationAttribute {
  package static let master: UInt16 = 1
  package static let tuple: UInt16 = 2
  package static let mask: UInt16 = 3
  package static let timeout: UInt16 = 4
  package static let id: UInt16 = 5
  package static let helper: UInt16 = 6
  package static let zone: UInt16 = 7
  package static let flags: UInt16 = 8
  package static let `class`: UInt16 = 9
  package static let nat: UInt16 = 10
  package static let function: UInt16 = 11
  /// Inside the NAT nest.
  package static let natDirection: UInt16 = 1
  package static let natTuple: UInt16 = 2
}

/// `NF_CT_EXPECT_*`: what an expectation is like.
@frozen
package struct ExpectationFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let permanent = ExpectationFlags(rawValue: 1)
  package static let inactive = ExpectationFlags(rawValue: 2)
  package static let userspace = ExpectationFlags(rawValue: 4)

  /// Each flag with its name, in order of bit.
  package static let names: [(name: StaticString, flag: ExpectationFlags)] = [
    ("PERMANENT", .permanent), ("INACTIVE", .inactive), ("USERSPACE", .userspace),
  ]
}

/// A flow that a helper, or a program, expects to come: an entry of the expectation table.
///
/// What a message left out is nil, never 0.
package struct ConntrackExpectation: Hashable, Sendable {
  /// The original tuple of the flow that it belongs to.
  package var master = ConntrackTuple()
  /// What the expected flow's original tuple is like.
  package var tuple = ConntrackTuple()
  /// Which bits of the tuple count; the kernel keeps those of source address and source port alone.
  package var mask = ConntrackTuple()
  /// Seconds until it is given up.
  package var timeout: UInt32?
  /// The kernel's opaque identifier.
  package var id: UInt32?
  package var helper: String?
  /// The master's zone; nil is zone 0.
  package var zone: UInt16?
  package var flags: ExpectationFlags?
  /// The helper's class, which has a limit and a timeout of its own.
  package var `class`: UInt32?
  /// The direction that NAT applies to: 0 original, 1 reply.
  package var natDirection: UInt32?
  /// The tuple that NAT restores.
  package var natTuple: ConntrackTuple?
  /// The function that is called for the expected flow.
  package var function: String?
  /// Which of the three tuples the message had.
  package var hasMaster = false
  package var hasTuple = false
  package var hasMask = false

  package init() {}

  /// Decodes the payload of an expectation message: `nfgenmsg`, then attributes. Unknown ones are skipped.
  ///
  /// - Throws: ``NetlinkFormatError`` for octets that are not such a message.
  /// Source: net/netfilter/nf_conntrack_netlink.c, `ctnetlink_exp_dump_expect`.
  package init(_ payload: RawSpan) throws(NetlinkFormatError) {
    guard payload.byteCount >= NetfilterHeader.encodedLength else {
      throw .messageLength(UInt32(payload.byteCount))
    }
    var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
    while try attributes.advance() {
      switch attributes.type {
      case ExpectationAttribute.master:
        _ = try master.decode(attributes.payload)
        hasMaster = true
      case ExpectationAttribute.tuple:
        _ = try tuple.decode(attributes.payload)
        hasTuple = true
      case ExpectationAttribute.mask:
        _ = try mask.decode(attributes.payload)
        hasMask = true
      case ExpectationAttribute.timeout: timeout = try attributes.bigEndian32()
      case ExpectationAttribute.id: id = try attributes.bigEndian32()
      case ExpectationAttribute.helper: helper = attributes.payload.text
      case ExpectationAttribute.zone: zone = try attributes.bigEndian16()
      case ExpectationAttribute.flags: flags = ExpectationFlags(rawValue: try attributes.bigEndian32())
      case ExpectationAttribute.class: `class` = try attributes.bigEndian32()
      case ExpectationAttribute.nat: try decodeNAT(attributes.nested)
      case ExpectationAttribute.function: function = attributes.payload.text
      default: break
      }
    }
  }

  private mutating func decodeNAT(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case ExpectationAttribute.natDirection: natDirection = try cursor.bigEndian32()
      case ExpectationAttribute.natTuple:
        var decoded = ConntrackTuple()
        _ = try decoded.decode(cursor.payload)
        natTuple = decoded
      default: break
      }
    }
  }
}
