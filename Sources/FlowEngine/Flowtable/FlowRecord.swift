// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What the fast path looks a packet up by, as words. 56 octets; unused fields are zero.
///
/// Source: include/net/netfilter/nf_flow_table.h, struct flow_offload_tuple up to `__hash`.
package struct FlowKey: BitwiseCopyable, Sendable {
  /// Innermost source and destination as received, before translation.
  package var source: Address
  package var destination: Address
  /// Source port << 48 | destination port << 32 | index of the device whose hook saw the packet.
  package var portsAndDevice: UInt64
  /// Encapsulations, outermost first: identifier << 48 | type << 32 | identifier << 16 | type.
  package var encapsulation: UInt64
  /// Number of the outer tunnel's end points << 16 | address family << 8 | transport protocol.
  package var kind: UInt64

  package init(
    _ family: IPFamily, proto: UInt8, source: Address, destination: Address, sourcePort: UInt16,
    destinationPort: UInt16, device: UInt32
  ) {
    self.source = source
    self.destination = destination
    portsAndDevice = UInt64(sourcePort) << 48 | UInt64(destinationPort) << 32 | UInt64(device)
    encapsulation = 0
    kind = UInt64(family.rawValue) << 8 | UInt64(proto)
  }

  /// The key of no flow.
  static var blank: FlowKey {
    FlowKey(
      .ipv4, proto: 0, source: .unspecified, destination: .unspecified, sourcePort: 0, destinationPort: 0,
      device: 0)
  }

  /// ``encapsulation`` of one header.
  @inline(__always)
  package static func encapsulation(_ identifier: UInt16, _ type: UInt16) -> UInt64 {
    UInt64(identifier) << 48 | UInt64(type) << 32
  }

  /// Index of the device.
  package var device: UInt32 { UInt32(truncatingIfNeeded: portsAndDevice) }
  package var proto: UInt8 { UInt8(truncatingIfNeeded: kind) }
  package var family: IPFamily {
    UInt8(truncatingIfNeeded: kind >> 8) == IPFamily.ipv6.rawValue ? .ipv6 : .ipv4
  }

  @inline(__always)
  package func equals(_ other: borrowing FlowKey) -> Bool {
    let high = (source.high ^ other.source.high) | (destination.high ^ other.destination.high)
    guard high == 0 else { return false }
    return equalsIPv4(other)
  }

  /// As ``equals(_:)``, for a key of IPv4, whose addresses have one word each.
  @inline(__always)
  func equalsIPv4(_ other: borrowing FlowKey) -> Bool {
    let addresses = (source.low ^ other.source.low) | (destination.low ^ other.destination.low)
    let rest =
      (portsAndDevice ^ other.portsAndDevice) | (encapsulation ^ other.encapsulation) | (kind ^ other.kind)
    return addresses | rest == 0
  }

  /// Hash for ``HashIndex``, keyed by `seed`.
  @inline(__always)
  package func hash(_ seed: UInt64) -> UInt32 {
    var h = mixed(source.low ^ 0x9e37_79b9_7f4a_7c15 ^ seed, destination.low ^ 0xbf58_476d_1ce4_e5b9)
    h = mixed(portsAndDevice ^ h, kind ^ encapsulation ^ 0x94d0_49bb_1331_11eb)
    if source.high | destination.high != 0 {
      h = mixed(source.high ^ h, destination.high ^ 0xd6e8_feb8_6659_fd93)
    }
    return UInt32(truncatingIfNeeded: h ^ h >> 32)
  }
}

/// What a flow is going through. Both directions of a flow hold the same flags.
package struct FlowFlags: OptionSet, Sendable, BitwiseCopyable {
  package var rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  /// A FIN or RST went by (newer kernels only).
  package static let closing = FlowFlags(rawValue: 1)
  /// Looked up no more; freed by the next collection.
  package static let teardown = FlowFlags(rawValue: 2)
  /// Its conntrack entry is gone.
  package static let dying = FlowFlags(rawValue: 4)
  /// Its packets' addresses or ports change.
  package static let translated = FlowFlags(rawValue: 8)
  /// Its packets are IPv6's and translated, which is rare, and done to none of the plain frames.
  package static let translated6 = FlowFlags(rawValue: 16)
  /// The flowtable counts into conntrack.
  package static let counts = FlowFlags(rawValue: 32)
  /// Whether a lookup finds the flow, and its packets can be plain frames.
  var isPlain: Bool {
    @inline(__always) get {
      rawValue & (Self.teardown.rawValue | Self.dying.rawValue | Self.translated6.rawValue) == 0
    }
  }
  /// Whether a lookup does not find the flow.
  var isGone: Bool {
    @inline(__always) get { rawValue & (Self.teardown.rawValue | Self.dying.rawValue) != 0 }
  }
}

/// One direction of a flow: two cache lines, first what lookup compares, then what the rewrite needs.
package struct FlowEntry: BitwiseCopyable, Sendable {
  package var key: FlowKey
  /// Hash of the key.
  package var hash: UInt32 = 0
  package var flags: FlowFlags = []
  /// Number of the path in the ``PathTable``.
  package var path: UInt32 = 0

  /// Source and destination of IPv4 as they stand in the header after translation; IPv6 addresses are those of the other
  /// direction's key.
  private(set) var newAddresses: UInt64
  /// Source and destination port, likewise.
  private(set) var newPorts: UInt32
  /// What translation and the lower TTL add to the complement of the IPv4 checksum, in network order.
  private(set) var networkDelta: UInt16
  /// What translation adds to the complement of the transport checksum, in network order; 0 without translation.
  private(set) var transportDelta: UInt16 = 0
  /// When the flow ends by idleness, as this direction knows; the later of both counts.
  package var deadline: UInt64 = 0
  /// Counted since the last transfer to conntrack.
  package var packets: UInt64 = 0
  package var bytes: UInt64 = 0
  /// Fills the second cache line, so that the other direction begins a line of its own.
  private var filler: [2 of UInt64] = [0, 0]

  /// What a TTL that is lower by one adds to the complement of the checksum over it.
  private static var lowerTTL: UInt16 { 0xfeff }

  /// A direction whose packets are not translated.
  package init(key: FlowKey) {
    self.key = key
    newAddresses = Self.addresses(key.source, key.destination)
    newPorts = UInt32(truncatingIfNeeded: key.portsAndDevice >> 32).bigEndian
    networkDelta = Self.lowerTTL.bigEndian
  }

  private static func addresses(_ source: Address, _ destination: Address) -> UInt64 {
    (UInt64(source.ipv4) << 32 | UInt64(destination.ipv4)).bigEndian
  }

  /// Has the packets translated, from the key's addresses and ports to those given.
  ///
  /// The sums give the kernel's checksums, which it changes step by step: one's complement addition is the same in any
  /// order, and no partial sum is zero.
  package mutating func translate(
    source: Address, sourcePort: UInt16, destination: Address, destinationPort: UInt16
  ) {
    flags.insert(key.family == .ipv6 ? [.translated, .translated6] : .translated)
    newAddresses = Self.addresses(source, destination)
    newPorts = (UInt32(sourcePort) << 16 | UInt32(destinationPort)).bigEndian
    var addresses: UInt64 = 0
    for word in [~key.source.high, ~key.source.low, ~key.destination.high, ~key.destination.low] {
      addresses &+= UInt64(Checksum.fold(word))
    }
    for word in [source.high, source.low, destination.high, destination.low] {
      addresses &+= UInt64(Checksum.fold(word))
    }
    let before = key.portsAndDevice >> 32
    let ports =
      UInt64(~UInt16(truncatingIfNeeded: before >> 16)) + UInt64(~UInt16(truncatingIfNeeded: before))
      + UInt64(sourcePort) + UInt64(destinationPort)
    networkDelta = Checksum.fold(addresses &+ UInt64(Self.lowerTTL)).bigEndian
    transportDelta = Checksum.fold(addresses &+ ports).bigEndian
  }
}

/// Both directions of a flow.
package struct FlowPair: BitwiseCopyable, Sendable {
  package var sides: [2 of FlowEntry]

  package static let blank = FlowPair(sides: [FlowEntry(key: .blank), FlowEntry(key: .blank)])

  package init(sides: [2 of FlowEntry]) { self.sides = sides }
}

/// What a flow needs only when it is made or ended. 16 octets.
package struct FlowDetail: BitwiseCopyable, Sendable {
  /// The conntrack entry, or none once that is gone.
  package var entry: EntryID = .none
  package var flowtable: UInt32 = 0
  package var isUsed = false

  package init() {}

  package static let blank = FlowDetail()
}
