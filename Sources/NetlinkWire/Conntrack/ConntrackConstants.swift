// SPDX-License-Identifier: GPL-3.0-or-later

// Numbers of include/uapi/linux/netfilter/nfnetlink_conntrack.h and nf_conntrack_tcp.h, in one place.

/// Messages of nfnetlink's conntrack subsystem (`IPCTNL_MSG_CT_*`), the low octet of a message type.
package enum ConntrackMessage {
  package static let new: UInt8 = 0
  package static let get: UInt8 = 1
  package static let delete: UInt8 = 2
  package static let getAndZeroCounters: UInt8 = 3
  package static let getStatisticsPerCPU: UInt8 = 4
  package static let getStatistics: UInt8 = 5
  package static let getDying: UInt8 = 6
  package static let getUnconfirmed: UInt8 = 7

  /// `nlmsg_type` of `message` in the conntrack subsystem.
  package static func type(_ message: UInt8) -> UInt16 {
    UInt16(NetfilterSubsystem.conntrack) << 8 | UInt16(message)
  }
}

/// Multicast groups of nfnetlink that carry conntrack events (`NFNLGRP_*`).
package enum ConntrackGroup {
  package static let new: UInt32 = 1
  package static let update: UInt32 = 2
  package static let destroy: UInt32 = 3
  package static let newExpectation: UInt32 = 4
  package static let updateExpectation: UInt32 = 5
  package static let destroyExpectation: UInt32 = 6
}

/// `CTA_*`: attributes of a conntrack message.
package enum ConntrackAttribute {
  package static let originalTuple: UInt16 = 1
  package static let replyTuple: UInt16 = 2
  package static let status: UInt16 = 3
  package static let protocolInfo: UInt16 = 4
  package static let help: UInt16 = 5
  package static let sourceNAT: UInt16 = 6
  package static let timeout: UInt16 = 7
  package static let mark: UInt16 = 8
  package static let originalCounters: UInt16 = 9
  package static let replyCounters: UInt16 = 10
  package static let use: UInt16 = 11
  package static let id: UInt16 = 12
  package static let destinationNAT: UInt16 = 13
  package static let masterTuple: UInt16 = 14
  package static let originalSequenceAdjustment: UInt16 = 15
  package static let replySequenceAdjustment: UInt16 = 16
  package static let securityMark: UInt16 = 17
  package static let zone: UInt16 = 18
  package static let securityContext: UInt16 = 19
  package static let timestamp: UInt16 = 20
  package static let markMask: UInt16 = 21
  package static let labels: UInt16 = 22
  package static let labelsMask: UInt16 = 23
  package static let synproxy: UInt16 = 24
  package static let filter: UInt16 = 25
  package static let statusMask: UInt16 = 26
  package static let eventTimestamp: UInt16 = 27

  /// Inside a tuple (`CTA_TUPLE_*`).
  package enum Tuple {
    package static let addresses: UInt16 = 1
    package static let layer4: UInt16 = 2
    package static let zone: UInt16 = 3
  }

  /// Inside a tuple's addresses (`CTA_IP_*`).
  package enum Address {
    package static let ipv4Source: UInt16 = 1
    package static let ipv4Destination: UInt16 = 2
    package static let ipv6Source: UInt16 = 3
    package static let ipv6Destination: UInt16 = 4
  }

  /// Inside a tuple's layer 4 part (`CTA_PROTO_*`).
  package enum Layer4 {
    package static let number: UInt16 = 1
    package static let sourcePort: UInt16 = 2
    package static let destinationPort: UInt16 = 3
    package static let icmpID: UInt16 = 4
    package static let icmpType: UInt16 = 5
    package static let icmpCode: UInt16 = 6
    package static let icmpv6ID: UInt16 = 7
    package static let icmpv6Type: UInt16 = 8
    package static let icmpv6Code: UInt16 = 9
  }

  /// Fields that a dump filter selects (`CTA_FILTER_F_*`); sent in host byte order.
  package enum FilterFlag {
    package static let source: UInt32 = 0x1
    package static let destination: UInt32 = 0x2
    package static let zone: UInt32 = 0x4
    package static let protocolNumber: UInt32 = 0x8
    package static let sourcePort: UInt32 = 0x10
    package static let destinationPort: UInt32 = 0x20
  }
}

/// `IPS_*`: the status bits of an entry.
@frozen
public struct ConntrackStatus: OptionSet, Hashable, Sendable {
  /// The bits as numbered in `enum ip_conntrack_status`.
  public let rawValue: UInt32
  /// The bits as numbered in `enum ip_conntrack_status`.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Whether all bits of `member` are set. OptionSet's own is not specialised across modules.
  @inlinable @inline(__always)
  public func contains(_ member: ConntrackStatus) -> Bool { rawValue & member.rawValue == member.rawValue }

  /// Bit 0: made for an expectation.
  @inlinable public static var expected: ConntrackStatus { ConntrackStatus(rawValue: 1 << 0) }
  /// Bit 1: a packet in reply direction was seen; never cleared.
  @inlinable public static var seenReply: ConntrackStatus { ConntrackStatus(rawValue: 1 << 1) }
  /// Bit 2: not dropped early when the table is full; never cleared.
  @inlinable public static var assured: ConntrackStatus { ConntrackStatus(rawValue: 1 << 2) }
  /// Bit 3: in the table.
  @inlinable public static var confirmed: ConntrackStatus { ConntrackStatus(rawValue: 1 << 3) }
  /// Bit 4: the source is translated.
  @inlinable public static var sourceNAT: ConntrackStatus { ConntrackStatus(rawValue: 1 << 4) }
  /// Bit 5: the destination is translated.
  @inlinable public static var destinationNAT: ConntrackStatus { ConntrackStatus(rawValue: 1 << 5) }
  /// Bit 6: TCP sequence numbers are shifted.
  @inlinable public static var sequenceAdjust: ConntrackStatus { ConntrackStatus(rawValue: 1 << 6) }
  /// Bit 7: the source NAT hook has seen the flow, whether or not it translated.
  @inlinable public static var sourceNATDone: ConntrackStatus { ConntrackStatus(rawValue: 1 << 7) }
  /// Bit 8: the destination NAT hook has seen the flow, whether or not it translated.
  @inlinable public static var destinationNATDone: ConntrackStatus { ConntrackStatus(rawValue: 1 << 8) }
  /// Bit 9: being removed.
  @inlinable public static var dying: ConntrackStatus { ConntrackStatus(rawValue: 1 << 9) }
  /// Bit 10: packets do not renew the timeout.
  @inlinable public static var fixedTimeout: ConntrackStatus { ConntrackStatus(rawValue: 1 << 10) }
  /// Bit 11: a template of rules, never in the table.
  @inlinable public static var template: ConntrackStatus { ConntrackStatus(rawValue: 1 << 11) }
  /// Bit 12: lost a race for its tuple (formerly UNTRACKED).
  @inlinable public static var natClash: ConntrackStatus { ConntrackStatus(rawValue: 1 << 12) }
  /// Bit 13: a helper was attached explicitly.
  @inlinable public static var helper: ConntrackStatus { ConntrackStatus(rawValue: 1 << 13) }
  /// Bit 14: in a flowtable.
  @inlinable public static var offload: ConntrackStatus { ConntrackStatus(rawValue: 1 << 14) }
  /// Bit 15: carried by hardware.
  @inlinable public static var hardwareOffload: ConntrackStatus { ConntrackStatus(rawValue: 1 << 15) }

  /// Each bit with the name that people write and read, in order of bit.
  public static let names: [(name: String, bit: ConntrackStatus)] = [
    ("EXPECTED", .expected), ("SEEN_REPLY", .seenReply), ("ASSURED", .assured), ("CONFIRMED", .confirmed),
    ("SRC_NAT", .sourceNAT), ("DST_NAT", .destinationNAT), ("SEQ_ADJUST", .sequenceAdjust),
    ("SRC_NAT_DONE", .sourceNATDone), ("DST_NAT_DONE", .destinationNATDone), ("DYING", .dying),
    ("FIXED_TIMEOUT", .fixedTimeout), ("TEMPLATE", .template), ("NAT_CLASH", .natClash), ("HELPER", .helper),
    ("OFFLOAD", .offload), ("HW_OFFLOAD", .hardwareOffload),
  ]
}

/// Layer 4 protocol numbers (IANA) that conntrack treats specially.
public enum Layer4Protocol {
  /// Internet Control Message Protocol (RFC 792).
  @inlinable public static var icmp: UInt8 { 1 }
  /// Transmission Control Protocol (RFC 9293).
  @inlinable public static var tcp: UInt8 { 6 }
  /// User Datagram Protocol (RFC 768).
  @inlinable public static var udp: UInt8 { 17 }
  /// Datagram Congestion Control Protocol (RFC 4340).
  @inlinable public static var dccp: UInt8 { 33 }
  /// Generic Routing Encapsulation (RFC 2784).
  @inlinable public static var gre: UInt8 { 47 }
  /// ICMP for IPv6 (RFC 4443).
  @inlinable public static var icmpv6: UInt8 { 58 }
  /// Stream Control Transmission Protocol (RFC 9260).
  @inlinable public static var sctp: UInt8 { 132 }
  /// UDP-Lite (RFC 3828).
  @inlinable public static var udplite: UInt8 { 136 }

  /// Number and name of each protocol that conntrack(8) names.
  public static let names: [(number: UInt8, name: StaticString)] = [
    (tcp, "tcp"), (udp, "udp"), (icmp, "icmp"), (icmpv6, "icmpv6"), (gre, "gre"), (sctp, "sctp"),
    (dccp, "dccp"), (udplite, "udplite"),
  ]

  /// The name that conntrack(8) prints for a protocol: `unknown` for one it has no name for.
  @inlinable public static func name(of number: UInt8) -> StaticString {
    switch number {
    case tcp: "tcp"
    case udp: "udp"
    case icmp: "icmp"
    case icmpv6: "icmpv6"
    case gre: "gre"
    case sctp: "sctp"
    case dccp: "dccp"
    case udplite: "udplite"
    default: "unknown"
    }
  }

  /// Whether conntrack(8) has a name for a protocol.
  @inlinable public static func isNamed(_ number: UInt8) -> Bool {
    switch number {
    case tcp, udp, icmp, icmpv6, gre, sctp, dccp, udplite: true
    default: false
    }
  }

  /// Whether a tuple of this protocol has ports.
  @inlinable public static func hasPorts(_ number: UInt8) -> Bool {
    number == tcp || number == udp || number == udplite || number == sctp || number == dccp
  }

  /// Whether entries of this protocol have a connection state.
  @inlinable public static func hasState(_ number: UInt8) -> Bool {
    number == tcp || number == sctp || number == dccp
  }
}

/// Names of connection states by number, as conntrack(8) prints them.
package enum ConnectionState {
  /// `TCP_CONNTRACK_*`.
  package static let tcp: [StaticString] = [
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
    "SYN_SENT2",
  ]
  /// `SCTP_CONNTRACK_*`.
  package static let sctp: [StaticString] = [
    "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
  ]
  /// `CT_DCCP_*`.
  package static let dccp: [StaticString] = [
    "NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE", "INVALID",
  ]

  /// The names that apply to a protocol; empty where it has no states.
  package static func names(of layer4: UInt8) -> [StaticString] {
    switch layer4 {
    case Layer4Protocol.tcp: tcp
    case Layer4Protocol.sctp: sctp
    case Layer4Protocol.dccp: dccp
    default: []
    }
  }
}
