// SPDX-License-Identifier: GPL-3.0-or-later

/// One direction of a flow: what conntrack looks an entry up by.
///
/// Ports, ids and the zone are in host byte order. GRE keys are in the port fields, as on the wire.
@frozen
package struct ConntrackTuple: Hashable, Sendable {
  package var source = IPAddress.none
  package var destination = IPAddress.none
  package var layer4: UInt8 = 0
  package var icmpType: UInt8 = 0
  package var icmpCode: UInt8 = 0
  package var icmpID: UInt16 = 0
  package var sourcePort: UInt16 = 0
  package var destinationPort: UInt16 = 0
  /// The zone of this direction alone, where it has one of its own.
  package var zone: UInt16 = 0
  package var hasZone = false

  @inlinable package init() {}

  /// Octets of the address that is present; unspecified for an empty tuple.
  @inlinable package var family: AddressFamily { source.family }
}

/// Packets and octets of one direction. Octets are layer 3's, headers included.
@frozen
package struct ConntrackCounters: Hashable, Sendable {
  package var packets: UInt64 = 0
  package var bytes: UInt64 = 0
  @inlinable package init() {}
}

/// Offsets that NAT helpers add to TCP sequence numbers (`struct nf_ct_seqadj`).
@frozen
package struct SequenceAdjustment: Hashable, Sendable {
  package var position: UInt32 = 0
  package var before: UInt32 = 0
  package var after: UInt32 = 0
  @inlinable package init() {}
}

/// The 128 labels of an entry: bit n is bit n % 8 of octet n / 8 on the wire.
@frozen
package struct ConntrackLabels: Hashable, Sendable {
  package var low: UInt64 = 0
  package var high: UInt64 = 0
  @inlinable package init() {}
  @inlinable package init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Whether label `bit` (0 to 127) is set.
  @inlinable package subscript(bit: Int) -> Bool {
    get { bit < 64 ? low >> UInt64(bit) & 1 == 1 : high >> UInt64(bit &- 64) & 1 == 1 }
    set {
      let mask: UInt64 = 1 << UInt64(bit & 63)
      if bit < 64 { low = newValue ? low | mask : low & ~mask } else { high = newValue ? high | mask : high & ~mask }
    }
  }

  @inlinable package var isEmpty: Bool { low | high == 0 }
}

/// A conntrack entry as a ctnetlink message describes it.
///
/// What a message left out is absent here too: each optional property is `nil`, never 0. The kernel leaves out
/// the timeout and the protocol's state of an offloaded entry in dumps
/// (net/netfilter/nf_conntrack_netlink.c, `ctnetlink_dump_extinfo`). The storage is flat, so that one value can be
/// decoded into again and again without touching the heap.
package struct ConntrackEntry: Hashable, Sendable {
  /// Which of the fields below the message had.
  @frozen
  package struct Presence: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Whether all bits of `member` are set. OptionSet's own is not specialised across modules.
    @inlinable @inline(__always)
    package func contains(_ member: Presence) -> Bool { rawValue & member.rawValue == member.rawValue }
    @inlinable package static var original: Presence { Presence(rawValue: 1 << 0) }
    @inlinable package static var reply: Presence { Presence(rawValue: 1 << 1) }
    @inlinable package static var status: Presence { Presence(rawValue: 1 << 2) }
    @inlinable package static var timeout: Presence { Presence(rawValue: 1 << 3) }
    @inlinable package static var mark: Presence { Presence(rawValue: 1 << 4) }
    @inlinable package static var originalCounters: Presence { Presence(rawValue: 1 << 5) }
    @inlinable package static var replyCounters: Presence { Presence(rawValue: 1 << 6) }
    @inlinable package static var use: Presence { Presence(rawValue: 1 << 7) }
    @inlinable package static var id: Presence { Presence(rawValue: 1 << 8) }
    @inlinable package static var master: Presence { Presence(rawValue: 1 << 9) }
    @inlinable package static var zone: Presence { Presence(rawValue: 1 << 10) }
    @inlinable package static var start: Presence { Presence(rawValue: 1 << 11) }
    @inlinable package static var stop: Presence { Presence(rawValue: 1 << 12) }
    @inlinable package static var labels: Presence { Presence(rawValue: 1 << 13) }
    @inlinable package static var state: Presence { Presence(rawValue: 1 << 14) }
    @inlinable package static var windowScale: Presence { Presence(rawValue: 1 << 15) }
    @inlinable package static var tcpFlags: Presence { Presence(rawValue: 1 << 16) }
    @inlinable package static var verificationTags: Presence { Presence(rawValue: 1 << 17) }
    @inlinable package static var helper: Presence { Presence(rawValue: 1 << 18) }
    @inlinable package static var securityContext: Presence { Presence(rawValue: 1 << 19) }
    @inlinable package static var originalSequence: Presence { Presence(rawValue: 1 << 20) }
    @inlinable package static var replySequence: Presence { Presence(rawValue: 1 << 21) }
    @inlinable package static var synproxy: Presence { Presence(rawValue: 1 << 22) }
    @inlinable package static var eventTime: Presence { Presence(rawValue: 1 << 23) }
    @inlinable package static var securityMark: Presence { Presence(rawValue: 1 << 24) }
    @inlinable package static var dccpRole: Presence { Presence(rawValue: 1 << 25) }
    @inlinable package static var dccpSequence: Presence { Presence(rawValue: 1 << 26) }
    /// The original tuple had ports (or GRE keys): kernels that do not track a protocol leave them out.
    @inlinable package static var ports: Presence { Presence(rawValue: 1 << 27) }
  }

  package var present: Presence = []
  package var original = ConntrackTuple()
  package var reply = ConntrackTuple()
  package var master = ConntrackTuple()

  package var statusField: ConntrackStatus = []
  package var timeoutField: UInt32 = 0
  package var markField: UInt32 = 0
  package var idField: UInt32 = 0
  package var useField: UInt32 = 0
  package var zoneField: UInt16 = 0
  package var stateField: UInt8 = 0
  package var originalWindowScale: UInt8 = 0
  package var replyWindowScale: UInt8 = 0
  package var originalTCPFlags: UInt8 = 0
  package var replyTCPFlags: UInt8 = 0
  package var dccpRoleField: UInt8 = 0
  package var originalVerificationTag: UInt32 = 0
  package var replyVerificationTag: UInt32 = 0
  package var dccpSequenceField: UInt64 = 0
  package var securityMarkField: UInt32 = 0
  package var originalCountersField = ConntrackCounters()
  package var replyCountersField = ConntrackCounters()
  package var startField: UInt64 = 0
  package var stopField: UInt64 = 0
  package var eventTimeField: UInt64 = 0
  package var labelsField = ConntrackLabels()
  package var originalSequence = SequenceAdjustment()
  package var replySequence = SequenceAdjustment()
  package var helperField: [UInt8] = []
  package var securityContextField: [UInt8] = []

  @inlinable package init() {}
}

extension ConntrackEntry {
  /// Status bits; `nil` when the message had none.
  @inlinable package var status: ConntrackStatus? { present.contains(.status) ? statusField : nil }
  /// Seconds until the entry expires; `nil` for an offloaded entry in a dump.
  @inlinable package var timeout: UInt32? { present.contains(.timeout) ? timeoutField : nil }
  @inlinable package var mark: UInt32? { present.contains(.mark) ? markField : nil }
  /// The kernel's opaque identifier; not unique in time.
  @inlinable package var id: UInt32? { present.contains(.id) ? idField : nil }
  /// References to the entry.
  @inlinable package var use: UInt32? { present.contains(.use) ? useField : nil }
  /// The zone of both directions; `nil` is zone 0 or one direction's alone.
  @inlinable package var zone: UInt16? { present.contains(.zone) ? zoneField : nil }
  /// The number of the TCP, SCTP or DCCP state.
  @inlinable package var state: UInt8? { present.contains(.state) ? stateField : nil }
  @inlinable package var originalCounters: ConntrackCounters? {
    present.contains(.originalCounters) ? originalCountersField : nil
  }
  @inlinable package var replyCounters: ConntrackCounters? {
    present.contains(.replyCounters) ? replyCountersField : nil
  }
  /// When the entry was confirmed, in nanoseconds since 1970 (wall clock).
  @inlinable package var start: UInt64? { present.contains(.start) ? startField : nil }
  /// When the entry was removed, in nanoseconds since 1970 (wall clock).
  @inlinable package var stop: UInt64? { present.contains(.stop) ? stopField : nil }
  /// When the event happened, in nanoseconds since 1970 (wall clock).
  @inlinable package var eventTime: UInt64? { present.contains(.eventTime) ? eventTimeField : nil }
  @inlinable package var labels: ConntrackLabels? { present.contains(.labels) ? labelsField : nil }
  @inlinable package var securityMark: UInt32? { present.contains(.securityMark) ? securityMarkField : nil }

  /// The helper's name as the kernel sent it.
  package var helper: String? {
    present.contains(.helper) ? String(decoding: helperField, as: UTF8.self) : nil
  }

  /// The name of the connection state; `nil` where the protocol has none or the message said nothing.
  package var stateName: StaticString? {
    guard let state else { return nil }
    let names = ConnectionState.names(of: original.layer4)
    return names.isEmpty ? nil : Int(state) < names.count ? names[Int(state)] : names[0]
  }

  /// Whether the reply's source differs from the original destination: destination NAT took place.
  @inlinable package var isDestinationTranslated: Bool {
    original.destination != reply.source
      || (Layer4Protocol.hasPorts(original.layer4) && original.destinationPort != reply.sourcePort)
  }

  /// Whether the reply's destination differs from the original source: source NAT took place.
  @inlinable package var isSourceTranslated: Bool {
    original.source != reply.destination
      || (Layer4Protocol.hasPorts(original.layer4) && original.sourcePort != reply.destinationPort)
  }

  /// What the entry is told apart by within a dump: its original tuple, its zones and its id.
  ///
  /// Two entries that are alive at the same time never share tuple and zone, and the 64 bits are mixed well
  /// enough that an accidental match among a million entries is out of reach.
  package var identity: UInt64 {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
    func mix(_ value: UInt64) {
      let product = (hash ^ value).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
      hash = product.high ^ product.low
    }
    mix(original.source.high)
    mix(original.source.low)
    mix(original.destination.high &+ 0x94d0_49bb_1331_11eb)
    mix(original.destination.low)
    mix(
      UInt64(original.sourcePort) << 48 | UInt64(original.destinationPort) << 32
        | UInt64(original.icmpID) << 16 | UInt64(original.icmpType) << 8 | UInt64(original.icmpCode))
    let zone = present.contains(.zone) ? zoneField : original.hasZone ? original.zone : 0
    mix(UInt64(present.contains(.id) ? idField : 0) << 32 | UInt64(zone) << 16 | UInt64(original.layer4))
    return hash
  }

  /// Whole seconds from the entry's start to its stop, or to `now` while it lives.
  package func deltaSeconds(now: Int64) -> UInt64 {
    let end = present.contains(.stop) ? Int64(stopField / 1_000_000_000) : now
    return UInt64(bitPattern: end &- Int64(startField / 1_000_000_000))
  }
}
