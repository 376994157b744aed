// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// Who sends a request, and how answers are to look.
package struct ControlClient: Equatable, Sendable {
  /// `nlmsg_pid` of the answers; unique among the clients.
  package var portID: UInt32
  /// NETLINK_EXT_ACK was set on the socket.
  package var wantsExtendedAcknowledgements: Bool
  /// NETLINK_CAP_ACK was set on the socket.
  package var wantsCappedAcknowledgements: Bool
  /// Whether the client may do what CAP_NET_ADMIN allows.
  package var isPrivileged: Bool
  /// A dump of entries is handed over as ``ControlOutput/dump``, to be read in parts as the client takes them.
  package var takesDumpsInParts = false
  package var processID: UInt32
  package var processName: String

  package init(portID: UInt32) {
    self.portID = portID
    wantsExtendedAcknowledgements = false
    wantsCappedAcknowledgements = false
    isPrivileged = true
    processID = 0
    processName = ""
  }
}

/// An event for the listeners of a multicast group.
package struct ControlEvent: Equatable, Sendable {
  /// `NFNLGRP_*`: 1…3 conntrack, 4…6 expectations, 7 nf_tables, 9 its traces.
  package var group: UInt32
  package var datagram: [UInt8]
  /// Port id of the client that has had it as an answer (NLM_F_ECHO) and is not told again as a listener; 0 for none.
  ///
  /// Source (Linux 7.2): net/netlink/af_netlink.c, nlmsg_notify.
  package var echoedTo: UInt32

  package init(group: UInt32, datagram: [UInt8], echoedTo: UInt32 = 0) {
    self.group = group
    self.datagram = datagram
    self.echoedTo = echoedTo
  }
}

/// What a request has caused: datagrams for the one who asked, in order, and events for whoever listens.
package struct ControlOutput: Equatable, Sendable {
  package var replies: [[UInt8]] = []
  package var events: [ControlEvent] = []
  /// A dump that the request has begun, for a client that takes it in parts: the last of its answers.
  package var dump: ConntrackDump?

  package init() {}
}

/// A dump of conntrack entries under way: which entries, and where in the table it has come to.
///
/// An entry that comes or goes meanwhile may be in it or not, as with the kernel; one that stays is in it once.
package struct ConntrackDump: Equatable, Sendable {
  let client: ControlClient
  let sequence: UInt32
  let zeroes: Bool
  let filter: EntryFilter
  var nextSlot = 0
}

/// What a dump or a flush chooses from.
struct EntryFilter: Equatable, Sendable {
  struct Masked: Equatable, Sendable {
    var value: UInt32
    var mask: UInt32
  }

  var family: UInt8 = 0
  var mark: Masked?
  var status: Masked?
  var zone: UInt16?
  /// `CTA_FILTER_ORIG_FLAGS`, `CTA_FILTER_REPLY_FLAGS`.
  var originalFields: UInt32?
  var replyFields: UInt32?
  var original: Tuple?
  var reply: Tuple?

  var isActive: Bool {
    family != 0 || mark != nil || status != nil || zone != nil || originalFields != nil
  }
}

/// A flowtable as the ruleset has it.
package struct FlowtableSettings: Equatable, Sendable {
  package var id: FlowtableID
  /// Of its table: NFPROTO_INET 1, IPV4 2, IPV6 10.
  package var family: UInt8
  package var countsPackets: Bool
  package var offloadsToHardware: Bool
  /// Devices that exist, by index.
  package var devices: [UInt32]
}

/// What the rules ask of conntrack.
package struct ConntrackNeeds: Equatable, Sendable {
  /// Some rule of the family looks at entries: packets are tracked.
  package var tracks4 = false
  package var tracks6 = false
  /// Some rule looks at an entry's counters.
  package var counts = false
  /// Some rule looks at labels or sets them.
  package var usesLabels = false

  /// Notes that packets of a family are tracked, of both for a table that has both.
  mutating func track(_ family: UInt8) {
    if family != NFTables.Family.ipv6 { tracks4 = true }
    if family != NFTables.Family.ipv4 { tracks6 = true }
  }
}
