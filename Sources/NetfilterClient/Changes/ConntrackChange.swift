// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What one entry is addressed by in a request.
package struct ConntrackKey: Hashable, Sendable {
  /// Either of the entry's tuples, with that direction's own zone where it has one.
  package var tuple: ConntrackTuple
  /// The zone of both directions; nil is zone 0 or one direction's alone.
  package var zone: UInt16?
  /// The kernel's identifier (`CTA_ID`): with it, a later entry of the same tuples in other memory is spared.
  package var id: UInt32?

  package init(tuple: ConntrackTuple, zone: UInt16? = nil, id: UInt32? = nil) {
    self.tuple = tuple
    self.zone = zone
    self.id = id
  }

  /// All that tells this entry from others.
  package init(_ entry: borrowing ConntrackEntry) {
    self.init(tuple: entry.original, zone: entry.zone, id: entry.id)
  }
}

/// A value and the bits of it that count: new = (old & ~mask) ^ value, as ctnetlink computes marks and labels.
package struct MaskedMark: Equatable, Sendable {
  package var value: UInt32
  package var mask: UInt32

  package init(_ value: UInt32, mask: UInt32 = .max) {
    self.value = value
    self.mask = mask
  }

  /// What a mark becomes.
  package func applied(to mark: UInt32) -> UInt32 { (mark & ~mask) ^ value }
}

/// Labels and those of them that count: new = (old & ~mask) ^ value.
package struct MaskedLabels: Equatable, Sendable {
  package var value: ConntrackLabels
  package var mask: ConntrackLabels

  package init(_ value: ConntrackLabels, mask: ConntrackLabels = ConntrackLabels(low: .max, high: .max)) {
    self.value = value
    self.mask = mask
  }

  /// Sets some labels and clears others; what is in both is set.
  package init(setting set: ConntrackLabels, clearing cleared: ConntrackLabels) {
    value = set
    mask = ConntrackLabels(low: set.low | cleared.low, high: set.high | cleared.high)
  }

  /// What labels become.
  package func applied(to labels: ConntrackLabels) -> ConntrackLabels {
    ConntrackLabels(low: (labels.low & ~mask.low) ^ value.low, high: (labels.high & ~mask.high) ^ value.high)
  }
}

/// The state of a layer 4 protocol, as `CTA_PROTOINFO` carries it; what is nil stays as it is.
package struct ConntrackProtocolInfo: Equatable, Sendable {
  /// Flags of one direction's TCP end (`IP_CT_TCP_FLAG_*`): those in the mask become those of the value.
  package struct TCPFlags: Equatable, Sendable {
    package var value: UInt8
    package var mask: UInt8
    package init(_ value: UInt8, mask: UInt8) {
      self.value = value
      self.mask = mask
    }
  }

  /// `IP_CT_TCP_FLAG_*` that conntrack(8) sets on each entry it creates: the tracker's windows are not known.
  package static let lenientTCPFlags: UInt8 = 0x02 | 0x08
  /// `IP_CT_TCP_FLAG_CLOSE_INIT`.
  package static let closeInitTCPFlag: UInt8 = 0x04
  /// `IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED` and `_MAXACK_SET`: they vouch for sequence numbers that no request
  /// can restore, and would make the tracker judge resets by a number of 0.
  package static let unrestorableTCPFlags: UInt8 = 0x30

  /// The number of a TCP, SCTP or DCCP state.
  package var state: UInt8?
  /// TCP; the kernel takes both or none. 0 to 14.
  package var originalWindowScale: UInt8?
  package var replyWindowScale: UInt8?
  package var originalTCPFlags: TCPFlags?
  package var replyTCPFlags: TCPFlags?
  /// SCTP; the kernel wants both beside the state.
  package var originalVerificationTag: UInt32?
  package var replyVerificationTag: UInt32?
  /// DCCP: 0 is the client, 1 the server.
  package var dccpRole: UInt8?
  package var dccpSequence: UInt64?

  package init() {}

  /// What an entry says, as it can be restored.
  package init(_ entry: borrowing ConntrackEntry) {
    state = entry.state
    if entry.present.contains(.windowScale) {
      originalWindowScale = entry.originalWindowScale
      replyWindowScale = entry.replyWindowScale
    }
    if entry.present.contains(.tcpFlags) {
      let keeps = ~Self.unrestorableTCPFlags
      originalTCPFlags = TCPFlags(entry.originalTCPFlags & keeps, mask: .max)
      replyTCPFlags = TCPFlags(entry.replyTCPFlags & keeps, mask: .max)
    }
    if entry.present.contains(.verificationTags) {
      originalVerificationTag = entry.originalVerificationTag
      replyVerificationTag = entry.replyVerificationTag
    }
    if entry.present.contains(.dccpRole) { dccpRole = entry.dccpRoleField }
    if entry.present.contains(.dccpSequence) { dccpSequence = entry.dccpSequenceField }
  }

  /// Whether there is nothing to say.
  package var isEmpty: Bool { self == ConntrackProtocolInfo() }
}

/// What an update changes; what is nil stays as it is. The kernel applies it in the order of the properties, and
/// what it has done before a step fails stays done (`ctnetlink_change_conntrack`).
package struct ConntrackUpdate: Equatable, Sendable {
  /// A helper's name. An entry that has none cannot get one, and one that has cannot get another.
  package var helper: String?
  /// Seconds from now.
  package var timeout: UInt32?
  /// The whole status word as sent: the entry's own bits must be among it, and bits are only ever added.
  package var status: ConntrackStatus?
  package var protocolInfo: ConntrackProtocolInfo?
  package var mark: MaskedMark?
  package var labels: MaskedLabels?

  package init() {}

  /// Whether nothing would change.
  package var isEmpty: Bool { self == ConntrackUpdate() }
}

/// What NAT turns one end of a flow into: an address, or the first free one of a range, and likewise the port.
package struct NATTarget: Equatable, Sendable {
  package var addresses: ClosedRange<IPAddress>
  /// Ports, or the id of ICMP, in host byte order; nil leaves the choice to the kernel.
  package var ports: ClosedRange<UInt16>?

  package init(_ addresses: ClosedRange<IPAddress>, ports: ClosedRange<UInt16>? = nil) {
    self.addresses = addresses
    self.ports = ports
  }
}

/// An entry to be created.
package struct ConntrackCreation: Sendable {
  /// Tuples, zone, status, timeout, mark, labels, helper, master and sequence adjustment. CONFIRMED is added to
  /// the status; bits that only the kernel sets are ignored by it, the fast path's tags among them.
  package var entry: ConntrackEntry
  /// Whether an entry that exists is an error (EEXIST); otherwise it is updated.
  package var isExclusive: Bool
  package var protocolInfo: ConntrackProtocolInfo
  package var sourceNAT: NATTarget?
  package var destinationNAT: NATTarget?

  /// Status bits that a request must not have, or that only the kernel sets. EXPECTED comes with a master.
  private static let unrestorable: ConntrackStatus = [
    .expected, .dying, .template, .natClash, .offload, .hardwareOffload,
  ]

  /// Takes the entry as it is: the reply tuple as given, no NAT.
  package init(_ entry: ConntrackEntry, isExclusive: Bool = true) {
    self.entry = entry
    self.isExclusive = isExclusive
    protocolInfo = ConntrackProtocolInfo(entry)
  }

  /// An entry as a listing showed it. Where its status says that NAT changed a direction, the kernel's NAT is asked
  /// to do the same again, for the status bits and the translation of packets come only that way.
  package init(restoring entry: ConntrackEntry, isExclusive: Bool = true) {
    self.init(entry, isExclusive: isExclusive)
    guard entry.present.contains(.status) else { return }
    self.entry.statusField = entry.statusField.subtracting(Self.unrestorable)
    let status = entry.statusField
    let isTranslated = status.rawValue & ConntrackStatus([.sourceNAT, .destinationNAT]).rawValue != 0
    let isBound = status.rawValue & ConntrackStatus([.sourceNATDone, .destinationNATDone]).rawValue != 0
    guard isTranslated || isBound else { return }
    let hasPorts = Layer4Protocol.hasPorts(entry.original.layer4) && entry.present.contains(.ports)
    let hasID = entry.original.layer4 == Layer4Protocol.icmp || entry.original.layer4 == Layer4Protocol.icmpv6
    func target(_ address: IPAddress, _ port: UInt16?) -> NATTarget {
      NATTarget(address...address, ports: port.map { $0...$0 })
    }
    if status.contains(.destinationNAT) {
      destinationNAT = target(entry.reply.source, hasPorts ? entry.reply.sourcePort : nil)
      self.entry.reply.source = entry.original.destination
      if hasPorts { self.entry.reply.sourcePort = entry.original.destinationPort }
    }
    if status.contains(.sourceNAT) {
      let port = hasPorts ? entry.reply.destinationPort : hasID ? entry.reply.icmpID : nil
      sourceNAT = target(entry.reply.destination, port)
      self.entry.reply.destination = entry.original.source
      if hasPorts { self.entry.reply.destinationPort = entry.original.sourcePort }
      if hasID { self.entry.reply.icmpID = entry.original.icmpID }
    }
    // A mapping of the source to itself leaves the tuples alone and sets both "done" bits.
    if !isTranslated { sourceNAT = target(entry.reply.destination, nil) }
  }
}
