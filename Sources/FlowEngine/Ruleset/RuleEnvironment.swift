// SPDX-License-Identifier: GPL-3.0-or-later

/// Direction of a conntrack entry that a `ct` key asks for.
package enum RuleDirection: UInt8, Equatable, Sendable {
  case original = 0
  case reply = 1
}

/// Integer-valued keys of `ct`. Each value is in host order; the rules lay it out in the register as the
/// kernel does.
package enum ConntrackKey: UInt8, Equatable, Sendable {
  /// Direction of this packet: 0 original, 1 reply.
  case direction
  /// IPS_* bits.
  case status
  case mark
  /// Time left, milliseconds.
  case expiration
  /// 2 for IPv4, 10 for IPv6.
  case networkProtocol
  case transportProtocol
  /// Of the direction asked for; the ICMP id where there are no ports.
  case sourcePort
  /// Of the direction asked for; ICMP type << 8 | code where there are no ports.
  case destinationPort
  /// Of the direction asked for, or the sum of both when none is.
  case packets
  /// Of the direction asked for, or the sum of both when none is.
  case bytes
  case zone
  case id
}

/// The kind of translation that a rule asks for.
package enum TranslationKind: UInt8, Equatable, Sendable {
  /// `snat` and `dnat`: the range is in the request.
  case range
  /// Source becomes the primary address of the outgoing device towards the next hop.
  case masquerade
  /// Destination becomes the primary address of the incoming device (at output: the loopback address).
  case redirect
}

/// A translation that a rule asks for.
///
/// Source (Linux 7.2): struct nf_nat_range2, nft_nat.c, nft_masq.c, nft_redir.c.
package struct TranslationRequest: Equatable, Sendable {
  package enum Flag {
    /// The address range is given.
    package static let mapAddresses: UInt32 = 1
    /// The port range is given.
    package static let portsSpecified: UInt32 = 2
    package static let random: UInt32 = 4
    package static let persistent: UInt32 = 8
    package static let fullyRandom: UInt32 = 0x10
    package static let portOffset: UInt32 = 0x20
    package static let netmap: UInt32 = 0x40
  }
  package var kind: TranslationKind
  /// True for source translation, false for destination translation.
  package var isSource: Bool
  package var family: PacketFamily
  /// Flag bits, as the kernel's NF_NAT_RANGE_*.
  package var flags: UInt32
  /// First octet most significant; an IPv4 address fills the low 32 bits.
  package var minimumAddress: UInt128
  package var maximumAddress: UInt128
  /// Host order.
  package var minimumPort: UInt16
  package var maximumPort: UInt16

  package init(kind: TranslationKind, isSource: Bool, family: PacketFamily, flags: UInt32) {
    self.kind = kind
    self.isSource = isSource
    self.family = family
    self.flags = flags
    minimumAddress = 0
    maximumAddress = 0
    minimumPort = 0
    maximumPort = 0
  }
}

/// What `reject` sends.
package enum Rejection: Equatable, Sendable {
  /// ICMP destination unreachable with this code (type 3 for IPv4, type 1 for IPv6).
  case unreachable(code: UInt8)
  case tcpReset
}

/// What a `fib` expression asks.
package struct RouteQuery: Equatable, Sendable {
  package enum Flag {
    package static let source: UInt32 = 1
    package static let destination: UInt32 = 2
    package static let mark: UInt32 = 4
    package static let inputDevice: UInt32 = 8
    package static let outputDevice: UInt32 = 16
    package static let presentOnly: UInt32 = 32
  }
  /// Which of the packet's fields take part.
  package var flags: UInt32

  package init(flags: UInt32) { self.flags = flags }
}

/// What `fib` finds.
package struct RouteAnswer: Equatable, Sendable {
  /// Index of the outgoing device, 0 when there is no route.
  package var device: UInt32
  /// RTN_*: 0 unspecified, 1 unicast, 2 local, 3 broadcast, 5 multicast, 6 blackhole, 7 unreachable, 8
  /// prohibit.
  package var type: UInt32

  package init(device: UInt32, type: UInt32) {
    self.device = device
    self.type = type
  }
}

/// The packet and the router around it, as the rules see them. Used generically, so that each call is
/// static; the implementation may hold the frame as a span.
///
/// Names and addresses are values without allocation: a name is sixteen octets, first octet most
/// significant, zero padded; an address has its first octet most significant, an IPv4 address fills the low
/// 32 bits.
package protocol RuleEnvironment: ConnectionRegistry, ~Copyable, ~Escapable {
  /// The frame. Offsets in ``RulePacket`` count from its start.
  var octets: RawSpan { @_lifetime(borrow self) get }
  /// Stores one octet at `offset`, which lies inside ``octets``. No checksum is touched.
  @_lifetime(self: copy self)
  mutating func store(_ octet: UInt8, at offset: Int)

  /// Monotonic time, nanoseconds.
  var now: UInt64 { get }
  /// Whether what follows is to be told of each rule and chain.
  var isTraced: Bool { get }
  /// A rule was left, by the packet as it is now.
  @_lifetime(self: copy self)
  mutating func trace(_ trail: inout RuleTrail, _ step: RuleStep, _ packet: RulePacket)
  /// A chain's last rule was left, and no verdict reached.
  @_lifetime(self: copy self)
  mutating func traceEnd(_ trail: inout RuleTrail, _ packet: RulePacket)
  /// The policy of the base chain decided.
  @_lifetime(self: copy self)
  mutating func trace(_ trail: inout RuleTrail, accepts: Bool, _ packet: RulePacket)
  /// Wall-clock time, nanoseconds since 1970.
  var wallClock: UInt64 { get }
  @_lifetime(self: copy self)
  mutating func randomNumber() -> UInt32

  /// Name of a device (IFNAMSIZ octets), 0 when there is no such device.
  func deviceName(_ index: UInt32) -> UInt128
  /// ARPHRD_* type of a device, nil when there is no such device.
  func deviceType(_ index: UInt32) -> UInt16?
  /// Group of a device, nil when there is no such device.
  func deviceGroup(_ index: UInt32) -> UInt32?

  /// True when the packet has a conntrack entry.
  var hasConntrack: Bool { get }
  /// True when the packet was marked as not to be tracked.
  var isUntracked: Bool { get }
  /// State bits: 1 invalid, 2 established, 4 related, 8 new, 0x40 untracked.
  var conntrackState: UInt32 { get }
  /// Nil when there is no entry. `direction` nil: this packet's direction, or the sum for counters.
  func conntrack(_ key: ConntrackKey, direction: RuleDirection?) -> UInt64?
  /// Source or destination address of a direction's tuple, nil when there is no entry.
  func conntrackAddress(isSource: Bool, direction: RuleDirection) -> UInt128?
  /// What the packet is counted as: its entry's original tuple, or without an entry the packet's own, which has a zone; and
  /// whether the entry is confirmed. Nil when the packet shows no tuple.
  ///
  /// Source (Linux 7.2): nf_conncount.c, get_ct_or_tuple_from_skb.
  func connection() -> (tuple: Tuple, isConfirmed: Bool)?
  /// Label bits 0…127 as bits 0…127, nil when there is no entry.
  func conntrackLabels() -> UInt128?
  /// Name of the entry's helper (of the master's helper for a related entry), nil when there is none.
  func conntrackHelper() -> UInt128?
  @_lifetime(self: copy self)
  mutating func setConntrackMark(_ mark: UInt32)
  @_lifetime(self: copy self)
  mutating func setConntrackLabels(_ labels: UInt128)
  /// Zone for the lookup that follows; without effect once the packet has an entry.
  @_lifetime(self: copy self)
  mutating func setConntrackZone(_ zone: UInt16, direction: RuleDirection?)
  /// Which events this entry reports (bits 1 << IPCT_*).
  @_lifetime(self: copy self)
  mutating func setConntrackEventMask(_ mask: UInt32)
  /// Assigns the helper to an unconfirmed entry whose protocol fits.
  @_lifetime(self: copy self)
  mutating func assignHelper(_ name: UInt128, transportProtocol: UInt8)
  /// The packet is not to be tracked; without effect once it has an entry.
  @_lifetime(self: copy self)
  mutating func setUntracked()

  /// Binds the translation to the entry. `.accept` on success, `.drop` when no tuple is free.
  @_lifetime(self: copy self)
  mutating func translate(_ request: TranslationRequest, packet: RulePacket) -> RuleVerdict
  /// True when this packet's entry already has its source (or destination) translation, null bindings
  /// included.
  func isTranslated(isSource: Bool) -> Bool

  /// `flow add`: puts the packet's flow into the flowtable. False: the rule stops here (BREAK).
  @_lifetime(self: copy self)
  mutating func offload(to flowtable: FlowtableID, packet: RulePacket) -> Bool

  /// Sends the error in answer to the packet, if it may be answered.
  @_lifetime(self: copy self)
  mutating func reject(_ rejection: Rejection, packet: RulePacket, hook: Hook)
  /// `log`: the packet passed a log rule. `rule` is its handle.
  @_lifetime(self: copy self)
  mutating func log(rule: UInt64, packet: RulePacket)

  /// MTU-derived TCP MSS of the packet's route, both ways (`rt tcpmss`), nil when there is no route.
  func routeSegmentSize(packet: RulePacket) -> UInt16?
  /// Next hop of the packet's route (`rt ip nexthop`), nil when there is no route.
  func routeNextHop(packet: RulePacket) -> UInt128?
  func route(_ query: RouteQuery, packet: RulePacket) -> RouteAnswer

  /// `fwd`: sends the frame out of `device`; `dup` sends a copy.
  @_lifetime(self: copy self)
  mutating func transmit(on device: UInt32, isCopy: Bool, packet: RulePacket)
}

extension RuleEnvironment where Self: ~Copyable & ~Escapable {
  package var isTraced: Bool { false }
  @_lifetime(self: copy self)
  package mutating func trace(_ trail: inout RuleTrail, _ step: RuleStep, _ packet: RulePacket) {}
  @_lifetime(self: copy self)
  package mutating func traceEnd(_ trail: inout RuleTrail, _ packet: RulePacket) {}
  @_lifetime(self: copy self)
  package mutating func trace(_ trail: inout RuleTrail, accepts: Bool, _ packet: RulePacket) {}
}

/// Number of a flowtable inside the engine, never used again while the engine lives.
package struct FlowtableID: Hashable, Sendable {
  package let number: UInt32

  package init(number: UInt32) { self.number = number }
}
