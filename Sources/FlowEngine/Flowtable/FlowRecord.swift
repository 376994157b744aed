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
    let addresses =
      (source.high ^ other.source.high) | (source.low ^ other.source.low)
      | (destination.high ^ other.destination.high) | (destination.low ^ other.destination.low)
    let rest =
      (portsAndDevice ^ other.portsAndDevice) | (encapsulation ^ other.encapsulation) | (kind ^ other.kind)
    return addresses | rest == 0
  }

  /// Hash for ``HashIndex``, keyed by `seed`.
  @inline(__always)
  package func hash(_ seed: UInt64) -> UInt32 {
    let words = family == .ipv4 ? rawAddresses : Self.folded(source, destination, seed)
    let inner = encapsulation & 0xffff_ffff
    return Self.hash(words, rawPortsAndDevice, context ^ inner &* 0x9e37_79b9_7f4a_7c15, seed)
  }

  /// The same from IPv4's ``rawAddresses``, or what ``folded(_:_:_:)`` makes of IPv6's, from ``rawPortsAndDevice``, and from
  /// the ``context`` of a key without a second encapsulation.
  @inline(__always)
  static func hash(_ addresses: UInt64, _ ports: UInt64, _ context: UInt64, _ seed: UInt64) -> UInt32 {
    let first = mixed(addresses ^ 0x9e37_79b9_7f4a_7c15 ^ seed, ports ^ 0xbf58_476d_1ce4_e5b9)
    let h = mixed(first, context ^ 0x94d0_49bb_1331_11eb)
    return UInt32(truncatingIfNeeded: h ^ h >> 32)
  }

  /// One word of the addresses of IPv6.
  @inline(__always)
  static func folded(_ source: Address, _ destination: Address, _ seed: UInt64) -> UInt64 {
    let low = mixed(source.low ^ 0x2545_f491_4f6c_dd1d ^ seed, destination.low ^ 0xbf58_476d_1ce4_e5b9)
    return mixed(source.high ^ low, destination.high ^ 0xd6e8_feb8_6659_fd93)
  }

  /// Source and destination of IPv4 as they stand in the header.
  package var rawAddresses: UInt64 {
    @inline(__always) get { (UInt64(source.ipv4) << 32 | UInt64(destination.ipv4)).bigEndian }
  }

  /// Index of the device << 32 | both ports as they stand in the header.
  package var rawPortsAndDevice: UInt64 {
    @inline(__always) get {
      portsAndDevice << 32 | UInt64(UInt32(truncatingIfNeeded: portsAndDevice >> 32).bigEndian)
    }
  }

  /// All of the key but addresses, ports and device in one word, if it is TCP's or UDP's, there is at most one encapsulation,
  /// 802.1Q's or PPPoE's, and no tunnel: number of the flowtable << 32 | identifier of the encapsulation << 16 | its ``Wrap`` | family << 8 |
  /// transport protocol. Any other has the bit ``shut``.
  package var context: UInt64 {
    let type = UInt16(truncatingIfNeeded: encapsulation >> 32)
    let identifier = (encapsulation >> 48) << 16
    let isTunnelled = UInt16(truncatingIfNeeded: kind >> 16) != 0
    let isDeeper = UInt32(truncatingIfNeeded: encapsulation) != 0
    let isOther = proto != IPProtocol.tcp && proto != IPProtocol.udp
    let word = kind ^ identifier | (isTunnelled || isDeeper || isOther ? Self.shut : 0)
    switch type {
    case 0: return word
    case EtherType.vlan: return word | Wrap.vlan
    case EtherType.pppoeSession: return word | Wrap.session
    default: return word | Self.shut
    }
  }

  /// How a ``context`` names an encapsulation.
  enum Wrap {
    static var vlan: UInt64 { 1 << 12 }
    static var session: UInt64 { 2 << 12 }
  }

  /// The bit of a ``context`` that no plain frame has.
  package static var shut: UInt64 { 1 << 15 }
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

/// What a plain frame is compared with: three words of a key. IPv6's addresses, of which there is none here, are compared with
/// those of the key.
struct PlainKey: BitwiseCopyable, Sendable {
  /// Source and destination of IPv4 as they stand in the header.
  private(set) var addresses: UInt64
  /// ``FlowKey/rawPortsAndDevice``.
  private(set) var ports: UInt64
  /// As in ``FlowKey``; shut when plain frames are not to find the flow.
  private(set) var context: UInt64

  init(_ key: FlowKey, _ flags: FlowFlags) {
    addresses = key.family == .ipv4 ? key.rawAddresses : 0
    ports = key.rawPortsAndDevice
    context = key.context | (flags.isPlain ? 0 : FlowKey.shut)
  }
}

/// One direction of a flow: two cache lines. All that a plain frame of IPv4 needs is in the first.
package struct FlowEntry: BitwiseCopyable, Sendable {
  private(set) var plain: PlainKey
  /// Source and destination of IPv4 as they stand in the header after translation; IPv6 addresses are those of the other
  /// direction's key.
  private(set) var newAddresses: UInt64
  /// When the flow ends by idleness, as this direction knows; the later of both counts.
  package var deadline: UInt64 = 0
  /// Octets counted since the last transfer to conntrack, which comes with each collection.
  package var bytes: UInt64 = 0
  /// Packets, likewise: more than a second can have fit into the word.
  package var packets: UInt32 = 0
  /// Source and destination port, as ``newAddresses``.
  private(set) var newPorts: UInt32
  /// What translation and the lower TTL add to the complement of the IPv4 checksum, in network order.
  private(set) var networkDelta: UInt16
  /// What translation adds to the complement of the transport checksum, in network order; 0 without translation.
  private(set) var transportDelta: UInt16 = 0
  /// Number of the path in the ``PathTable``.
  package var path: UInt32 = 0

  package var key: FlowKey { didSet { plain = PlainKey(key, flags) } }
  /// Hash of the key.
  package var hash: UInt32 = 0
  package var flags: FlowFlags = [] { didSet { plain = PlainKey(key, flags) } }

  /// What a TTL that is lower by one adds to the complement of the checksum over it.
  private static var lowerTTL: UInt16 { 0xfeff }

  /// A direction whose packets are not translated.
  package init(key: FlowKey) {
    self.key = key
    plain = PlainKey(key, [])
    newAddresses = key.rawAddresses
    newPorts = UInt32(truncatingIfNeeded: key.portsAndDevice >> 32).bigEndian
    networkDelta = Self.lowerTTL.bigEndian
  }

  /// Has the packets translated, from the key's addresses and ports to those given.
  ///
  /// The sums give the kernel's checksums, which it changes step by step: one's complement addition is the same in any
  /// order, and no partial sum is zero.
  package mutating func translate(
    source: Address, sourcePort: UInt16, destination: Address, destinationPort: UInt16
  ) {
    flags.insert(key.family == .ipv6 ? [.translated, .translated6] : .translated)
    var translated = key
    (translated.source, translated.destination) = (source, destination)
    newAddresses = translated.rawAddresses
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
