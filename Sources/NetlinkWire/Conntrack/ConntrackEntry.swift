// SPDX-License-Identifier: GPL-3.0-or-later

/// One direction of a flow: what conntrack looks an entry up by.
///
/// Ports, ids and the zone are in host byte order. GRE keys are in the port fields, as on the wire.
@frozen
public struct ConntrackTuple: Hashable, Sendable {
  /// Where packets of this direction come from.
  public var source = IPAddress.none
  /// Where packets of this direction go to.
  public var destination = IPAddress.none
  /// The protocol's number (`CTA_PROTO_NUM`).
  public var layer4: UInt8 = 0
  /// Of ICMP and ICMPv6.
  public var icmpType: UInt8 = 0
  /// Of ICMP and ICMPv6.
  public var icmpCode: UInt8 = 0
  /// Of ICMP and ICMPv6 queries, in host byte order.
  public var icmpID: UInt16 = 0
  /// Of protocols with ports; the key of GRE.
  public var sourcePort: UInt16 = 0
  /// Of protocols with ports; the key of GRE.
  public var destinationPort: UInt16 = 0
  /// The zone of this direction alone, where it has one of its own.
  public var zone: UInt16 = 0
  /// Whether this direction has a zone of its own.
  public var hasZone = false

  /// A tuple of nothing.
  @inlinable public init() {}

  /// Octets of the address that is present; unspecified for an empty tuple.
  @inlinable public var family: AddressFamily { source.family }
}

/// Packets and octets of one direction. Octets are layer 3's, headers included.
@frozen
public struct ConntrackCounters: Hashable, Sendable {
  /// Packets counted (`CTA_COUNTERS_PACKETS`).
  public var packets: UInt64 = 0
  /// Layer 3 octets counted (`CTA_COUNTERS_BYTES`).
  public var bytes: UInt64 = 0
  /// Nothing counted.
  @inlinable public init() {}
}

/// Offsets that NAT helpers add to TCP sequence numbers (`struct nf_ct_seqadj`).
@frozen
public struct SequenceAdjustment: Hashable, Sendable {
  /// The sequence number from which `after` applies.
  public var position: UInt32 = 0
  /// The offset below `position`.
  public var before: UInt32 = 0
  /// The offset from `position` on.
  public var after: UInt32 = 0
  /// No offsets.
  @inlinable public init() {}
}

/// The 128 labels of an entry: bit n is bit n % 8 of octet n / 8 on the wire.
@frozen
public struct ConntrackLabels: Hashable, Sendable {
  /// Labels 0 to 63, label n being bit n.
  public var low: UInt64 = 0
  /// Labels 64 to 127, label n being bit n - 64.
  public var high: UInt64 = 0
  /// No labels.
  @inlinable public init() {}
  /// The labels with these bits.
  @inlinable public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Whether label `bit` (0 to 127) is set.
  @inlinable public subscript(bit: Int) -> Bool {
    get { bit < 64 ? low >> UInt64(bit) & 1 == 1 : high >> UInt64(bit &- 64) & 1 == 1 }
    set {
      let mask: UInt64 = 1 << UInt64(bit & 63)
      if bit < 64 {
        low = newValue ? low | mask : low & ~mask
      } else {
        high = newValue ? high | mask : high & ~mask
      }
    }
  }

  /// Whether no label is set.
  @inlinable public var isEmpty: Bool { low | high == 0 }
}

/// A conntrack entry as a ctnetlink message describes it.
///
/// What a message left out is absent here too: each optional property is `nil`, never 0. The kernel leaves out
/// the timeout and the protocol's state of an offloaded entry in dumps
/// (net/netfilter/nf_conntrack_netlink.c, `ctnetlink_dump_extinfo`). The storage is flat, so that one value can be
/// decoded into again and again without touching the heap.
public struct ConntrackEntry: Hashable, Sendable {
  /// Which of the fields below the message had.
  @frozen
  public struct Presence: OptionSet, Hashable, Sendable {
    /// A bit for each field.
    public let rawValue: UInt32
    /// The fields with these bits.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Whether all bits of `member` are set. OptionSet's own is not specialised across modules.
    @inlinable @inline(__always)
    public func contains(_ member: Presence) -> Bool { rawValue & member.rawValue == member.rawValue }
    /// `CTA_TUPLE_ORIG`.
    @inlinable public static var original: Presence { Presence(rawValue: 1 << 0) }
    /// `CTA_TUPLE_REPLY`.
    @inlinable public static var reply: Presence { Presence(rawValue: 1 << 1) }
    /// `CTA_STATUS`.
    @inlinable public static var status: Presence { Presence(rawValue: 1 << 2) }
    /// `CTA_TIMEOUT`.
    @inlinable public static var timeout: Presence { Presence(rawValue: 1 << 3) }
    /// `CTA_MARK`.
    @inlinable public static var mark: Presence { Presence(rawValue: 1 << 4) }
    /// `CTA_COUNTERS_ORIG`.
    @inlinable public static var originalCounters: Presence { Presence(rawValue: 1 << 5) }
    /// `CTA_COUNTERS_REPLY`.
    @inlinable public static var replyCounters: Presence { Presence(rawValue: 1 << 6) }
    /// `CTA_USE`.
    @inlinable public static var use: Presence { Presence(rawValue: 1 << 7) }
    /// `CTA_ID`.
    @inlinable public static var id: Presence { Presence(rawValue: 1 << 8) }
    /// `CTA_TUPLE_MASTER`.
    @inlinable public static var master: Presence { Presence(rawValue: 1 << 9) }
    /// `CTA_ZONE`.
    @inlinable public static var zone: Presence { Presence(rawValue: 1 << 10) }
    /// `CTA_TIMESTAMP_START`.
    @inlinable public static var start: Presence { Presence(rawValue: 1 << 11) }
    /// `CTA_TIMESTAMP_STOP`.
    @inlinable public static var stop: Presence { Presence(rawValue: 1 << 12) }
    /// `CTA_LABELS`.
    @inlinable public static var labels: Presence { Presence(rawValue: 1 << 13) }
    /// The state in `CTA_PROTOINFO`.
    @inlinable public static var state: Presence { Presence(rawValue: 1 << 14) }
    /// TCP's window scales in `CTA_PROTOINFO`.
    @inlinable public static var windowScale: Presence { Presence(rawValue: 1 << 15) }
    /// TCP's flags in `CTA_PROTOINFO`.
    @inlinable public static var tcpFlags: Presence { Presence(rawValue: 1 << 16) }
    /// SCTP's verification tags in `CTA_PROTOINFO`.
    @inlinable public static var verificationTags: Presence { Presence(rawValue: 1 << 17) }
    /// `CTA_HELP_NAME`.
    @inlinable public static var helper: Presence { Presence(rawValue: 1 << 18) }
    /// `CTA_SECCTX_NAME`.
    @inlinable public static var securityContext: Presence { Presence(rawValue: 1 << 19) }
    /// `CTA_SEQ_ADJ_ORIG`.
    @inlinable public static var originalSequence: Presence { Presence(rawValue: 1 << 20) }
    /// `CTA_SEQ_ADJ_REPLY`.
    @inlinable public static var replySequence: Presence { Presence(rawValue: 1 << 21) }
    /// `CTA_SYNPROXY`.
    @inlinable public static var synproxy: Presence { Presence(rawValue: 1 << 22) }
    /// `CTA_TIMESTAMP_EVENT`.
    @inlinable public static var eventTime: Presence { Presence(rawValue: 1 << 23) }
    /// `CTA_SECMARK`.
    @inlinable public static var securityMark: Presence { Presence(rawValue: 1 << 24) }
    /// DCCP's role in `CTA_PROTOINFO`.
    @inlinable public static var dccpRole: Presence { Presence(rawValue: 1 << 25) }
    /// DCCP's handshake sequence number in `CTA_PROTOINFO`.
    @inlinable public static var dccpSequence: Presence { Presence(rawValue: 1 << 26) }
    /// The original tuple had ports (or GRE keys): kernels that do not track a protocol leave them out.
    @inlinable public static var ports: Presence { Presence(rawValue: 1 << 27) }
  }

  /// Which fields the message had; the others hold what an earlier message left.
  public var present: Presence = []
  /// The original direction.
  public var original = ConntrackTuple()
  /// The reply direction.
  public var reply = ConntrackTuple()
  /// The original direction of the entry that this one was expected by.
  public var master = ConntrackTuple()

  /// Behind ``status``.
  public var statusField: ConntrackStatus = []
  /// Behind ``timeout``: seconds.
  public var timeoutField: UInt32 = 0
  /// Behind ``mark``.
  public var markField: UInt32 = 0
  /// Behind ``id``.
  public var idField: UInt32 = 0
  /// Behind ``use``.
  public var useField: UInt32 = 0
  /// Behind ``zone``.
  public var zoneField: UInt16 = 0
  /// Behind ``state``.
  public var stateField: UInt8 = 0
  /// TCP's window scale of the original direction, 0 to 14.
  public var originalWindowScale: UInt8 = 0
  /// TCP's window scale of the reply direction, 0 to 14.
  public var replyWindowScale: UInt8 = 0
  /// `IP_CT_TCP_FLAG_*` of the original direction.
  public var originalTCPFlags: UInt8 = 0
  /// `IP_CT_TCP_FLAG_*` of the reply direction.
  public var replyTCPFlags: UInt8 = 0
  /// Which side the original direction is: 0 client, 1 server.
  public var dccpRoleField: UInt8 = 0
  /// SCTP's tag of the original direction, in host byte order.
  public var originalVerificationTag: UInt32 = 0
  /// SCTP's tag of the reply direction, in host byte order.
  public var replyVerificationTag: UInt32 = 0
  /// DCCP's handshake sequence number, in host byte order.
  public var dccpSequenceField: UInt64 = 0
  /// Behind ``securityMark``.
  public var securityMarkField: UInt32 = 0
  /// Behind ``originalCounters``.
  public var originalCountersField = ConntrackCounters()
  /// Behind ``replyCounters``.
  public var replyCountersField = ConntrackCounters()
  /// Behind ``start``: nanoseconds since 1970.
  public var startField: UInt64 = 0
  /// Behind ``stop``: nanoseconds since 1970.
  public var stopField: UInt64 = 0
  /// Behind ``eventTime``: nanoseconds since 1970.
  public var eventTimeField: UInt64 = 0
  /// Behind ``labels``.
  public var labelsField = ConntrackLabels()
  /// What is added to sequence numbers of the original direction.
  public var originalSequence = SequenceAdjustment()
  /// What is added to sequence numbers of the reply direction.
  public var replySequence = SequenceAdjustment()
  /// Behind ``helper``: octets as sent.
  public var helperField: [UInt8] = []
  /// The security context: octets as sent.
  public var securityContextField: [UInt8] = []

  /// An entry without any field.
  @inlinable public init() {}
}

extension ConntrackEntry {
  /// Status bits; `nil` when the message had none.
  @inlinable public var status: ConntrackStatus? { present.contains(.status) ? statusField : nil }
  /// Seconds until the entry expires; `nil` for an offloaded entry in a dump.
  @inlinable public var timeout: UInt32? { present.contains(.timeout) ? timeoutField : nil }
  /// The mark of the connection.
  @inlinable public var mark: UInt32? { present.contains(.mark) ? markField : nil }
  /// The kernel's opaque identifier; not unique in time.
  @inlinable public var id: UInt32? { present.contains(.id) ? idField : nil }
  /// References to the entry.
  @inlinable public var use: UInt32? { present.contains(.use) ? useField : nil }
  /// The zone of both directions; `nil` is zone 0 or one direction's alone.
  @inlinable public var zone: UInt16? { present.contains(.zone) ? zoneField : nil }
  /// The number of the TCP, SCTP or DCCP state.
  @inlinable public var state: UInt8? { present.contains(.state) ? stateField : nil }
  /// What was counted in original direction; nil without accounting.
  @inlinable public var originalCounters: ConntrackCounters? {
    present.contains(.originalCounters) ? originalCountersField : nil
  }
  /// What was counted in reply direction; nil without accounting.
  @inlinable public var replyCounters: ConntrackCounters? {
    present.contains(.replyCounters) ? replyCountersField : nil
  }
  /// When the entry was confirmed, in nanoseconds since 1970 (wall clock).
  @inlinable public var start: UInt64? { present.contains(.start) ? startField : nil }
  /// When the entry was removed, in nanoseconds since 1970 (wall clock).
  @inlinable public var stop: UInt64? { present.contains(.stop) ? stopField : nil }
  /// When the event happened, in nanoseconds since 1970 (wall clock).
  @inlinable public var eventTime: UInt64? { present.contains(.eventTime) ? eventTimeField : nil }
  /// The labels; nil when none was ever set.
  @inlinable public var labels: ConntrackLabels? { present.contains(.labels) ? labelsField : nil }
  /// The security mark of old kernels.
  @inlinable public var securityMark: UInt32? { present.contains(.securityMark) ? securityMarkField : nil }

  /// The helper's name as the kernel sent it.
  public var helper: String? {
    present.contains(.helper) ? String(decoding: helperField, as: UTF8.self) : nil
  }

  /// The name of the connection state; `nil` where the protocol has none or the message said nothing.
  public var stateName: StaticString? {
    guard let state else { return nil }
    let names = ConnectionState.names(of: original.layer4)
    return names.isEmpty ? nil : Int(state) < names.count ? names[Int(state)] : names[0]
  }

  /// Whether the reply's source differs from the original destination: destination NAT took place.
  @inlinable public var isDestinationTranslated: Bool {
    original.destination != reply.source
      || (Layer4Protocol.hasPorts(original.layer4) && original.destinationPort != reply.sourcePort)
  }

  /// Whether the reply's destination differs from the original source: source NAT took place.
  @inlinable public var isSourceTranslated: Bool {
    original.source != reply.destination
      || (Layer4Protocol.hasPorts(original.layer4) && original.sourcePort != reply.destinationPort)
  }

  /// What the entry is told apart by within a dump: its original tuple, its zones and its id.
  ///
  /// Two entries that are alive at the same time never share tuple and zone, and the 64 bits are mixed well
  /// enough that an accidental match among a million entries is out of reach.
  public var identity: UInt64 {
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
  public func deltaSeconds(now: Int64) -> UInt64 {
    let end = present.contains(.stop) ? Int64(stopField / 1_000_000_000) : now
    return UInt64(bitPattern: end &- Int64(startField / 1_000_000_000))
  }
}
