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
  /// `NFNLGRP_*`: 1…3 conntrack, 4…6 expectations, 7 nf_tables.
  package var group: UInt32
  package var datagram: [UInt8]

  package init(group: UInt32, datagram: [UInt8]) {
    self.group = group
    self.datagram = datagram
  }
}

/// What a request has caused: datagrams for the one who asked, in order, and events for whoever listens.
package struct ControlOutput: Equatable, Sendable {
  package var replies: [[UInt8]] = []
  package var events: [ControlEvent] = []

  package init() {}
}

/// What the engine does with flowtables as the ruleset creates, changes and deletes them.
package protocol FlowtableBackend: ~Copyable {
  /// A flowtable has been created, or its flags have changed. Devices are told by ``Ruleset/ingressHook(device:at:)``.
  mutating func configureFlowtable(_ id: FlowtableID, _ settings: FlowtableSettings)
  /// A flowtable has been deleted: its flows go back to the classic path.
  mutating func deleteFlowtable(_ id: FlowtableID)
}

/// What a flowtable is made with.
package struct FlowtableSettings: Equatable, Sendable {
  package var priority: Int32
  package var countsPackets: Bool
  package var offloadsToHardware: Bool
  /// Names of its devices; a name may have no device.
  package var devices: [String]

  package init(priority: Int32, countsPackets: Bool, offloadsToHardware: Bool, devices: [String]) {
    self.priority = priority
    self.countsPackets = countsPackets
    self.offloadsToHardware = offloadsToHardware
    self.devices = devices
  }
}
