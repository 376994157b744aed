// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// How the frames of one direction are sent on.
package enum FlowTransmit: UInt8, Sendable, BitwiseCopyable {
  /// To the neighbour that the route names.
  case neighbour
  /// With addresses and device that were found when the flow was made.
  case direct
}

/// How frames leave by a path, as last found.
package enum FlowExit: UInt8, Sendable, BitwiseCopyable {
  /// By the output device, with the Ethernet header and the encapsulations that the path names.
  case device
  /// Not yet: the next hop's address is not known.
  case unresolved
  /// No more: the route has changed.
  case stale
}

/// How the frames of a flow direction leave, decided when the flow is made. Equal content is stored once.
package struct FlowWay: Equatable, Sendable, BitwiseCopyable {
  package var transmit: FlowTransmit = .neighbour
  /// Family of the route.
  package var family: IPFamily = .ipv4
  /// Family of the next hop.
  package var hopFamily: IPFamily = .ipv4
  /// Family of the outer tunnel header to push, 0 for none.
  package var tunnelFamily: UInt8 = 0
  /// Largest IP packet, octets.
  package var mtu: UInt16 = 0
  /// Whether the packets of an IPv4 tunnel may be cut on their way.
  package var mayBeCut = false
  /// Device of the route: where neighbours are looked up.
  package var routeDevice: UInt32 = 0
  /// Device that the frames leave by.
  package var output: UInt32 = 0
  package var validity = RouteValidity(generation: 0, node: 0)
  package var nextHop = Address.unspecified
  /// Encapsulations to push, outermost first: identifier << 48 | type << 32 | identifier << 16 | type, as in
  /// ``FlowKey/encapsulation``.
  package var encapsulation: UInt64 = 0
  /// Ethernet addresses of `.direct`; zero for `.neighbour`.
  package var destination = MACAddress.zero
  package var source = MACAddress.zero
  /// Outer addresses to push.
  package var tunnelSource = Address.unspecified
  package var tunnelDestination = Address.unspecified

  package init() {}

  /// The small fields, as words.
  private var numbers: UInt64 {
    @inline(__always) get {
      UInt64(transmit.rawValue) | UInt64(hopFamily.rawValue) << 8 | UInt64(tunnelFamily) << 16
        | UInt64(family.rawValue) << 24 | UInt64(mtu) << 32 | (mayBeCut ? 1 << 48 : 0)
    }
  }
  private var devices: UInt64 {
    @inline(__always) get { UInt64(routeDevice) << 32 | UInt64(output) }
  }

  /// By words, not field by field: each new flow compares two.
  @inline(__always)
  package static func == (a: FlowWay, b: FlowWay) -> Bool {
    let small =
      (a.numbers ^ b.numbers) | (a.devices ^ b.devices) | (a.encapsulation ^ b.encapsulation)
      | (a.destination.bits ^ b.destination.bits) | (a.source.bits ^ b.source.bits)
    let hop = (a.nextHop.high ^ b.nextHop.high) | (a.nextHop.low ^ b.nextHop.low)
    let tunnel =
      (a.tunnelSource.high ^ b.tunnelSource.high) | (a.tunnelSource.low ^ b.tunnelSource.low)
      | (a.tunnelDestination.high ^ b.tunnelDestination.high)
      | (a.tunnelDestination.low ^ b.tunnelDestination.low)
    return small | hop | tunnel == 0 && a.validity == b.validity
  }

  fileprivate var hash: UInt32 {
    var h = mixed(numbers ^ 0x9e37_79b9_7f4a_7c15, devices)
    let node = UInt64(UInt32(bitPattern: validity.node))
    h = mixed(h ^ UInt64(validity.generation), node ^ 0xbf58_476d_1ce4_e5b9)
    h = mixed(h ^ nextHop.high, nextHop.low ^ 0x94d0_49bb_1331_11eb)
    h = mixed(h ^ encapsulation, destination.bits ^ 0xd6e8_feb8_6659_fd93)
    h = mixed(h ^ source.bits, tunnelDestination.low ^ tunnelDestination.high ^ 0x2545_f491_4f6c_dd1d)
    return UInt32(truncatingIfNeeded: h ^ h >> 32)
  }
}

/// A way and what was last found out about it. What the fast path reads comes first.
package struct FlowPath: BitwiseCopyable, Sendable {
  /// Octets that link headers may have at most: addresses, type, and two more headers.
  static var linkRoom: Int { 32 }

  /// As ``epoch`` if frames leave by the output device as they are, else 0.
  private(set) var plainEpoch: UInt32 = 0
  /// State of routes, neighbours and devices for which the fields up to `link` were last found right; 0: never.
  package var epoch: UInt32 = 0
  package var mtu: UInt16 = 0
  package var exit: FlowExit = .unresolved
  /// Whether the output device has egress chains.
  package var hasEgress = false
  package var output: UInt32 = 0
  /// Octets of the link headers.
  private(set) var linkLength: UInt8 = 0
  /// Octets from the length field of a PPPoE session's header to the network header; 0: no session.
  private(set) var sessionPlace: UInt8 = 0
  /// The link headers as they stand in front of the network header, at the end of the room for them.
  private(set) var link = [32 of UInt8](repeating: 0)
  /// The first and the last eight octets of an Ethernet header without others, as they stand in it.
  private(set) var ethernetHead: UInt64 = 0
  private(set) var ethernetTail: UInt64 = 0
  /// What all this is found out from.
  package fileprivate(set) var way = FlowWay()
  fileprivate var references: UInt32 = 0

  fileprivate static let blank = FlowPath()

  /// Notes that all fields are right in the state `epoch`.
  mutating func settle(at epoch: UInt32) {
    self.epoch = epoch
    plainEpoch = exit == .device && !hasEgress ? epoch : 0
  }

  /// Sets the Ethernet addresses, and the headers pushed between them and a packet of `family`; `encapsulation`: as in
  /// ``FlowWay/encapsulation``.
  ///
  /// Source: net/netfilter/nf_flow_table_ip.c, nf_flow_encap_push, nf_flow_vlan_push, nf_flow_pppoe_push. Tags have
  /// priority 0.
  package mutating func setLink(
    to destination: MACAddress, from source: MACAddress, _ encapsulation: UInt64, _ family: IPFamily
  ) {
    var begin = Self.linkRoom
    func push(_ value: UInt64, _ count: Int) {
      for place in 0..<count {
        link[begin - 1 - place] = UInt8(truncatingIfNeeded: value >> UInt64(8 * place))
      }
      begin -= count
    }
    var type = family.ethertype
    sessionPlace = 0
    for header in [encapsulation & 0xffff_ffff, encapsulation >> 32] where header != 0 {
      let kind = UInt16(truncatingIfNeeded: header)
      if kind == EtherType.pppoeSession {
        push(UInt64(family == .ipv4 ? PPPoEView.protocolIPv4 : PPPoEView.protocolIPv6), 2)
        push(0, 2)
        sessionPlace = UInt8(Self.linkRoom - begin)
        push(0x1100_0000 | header >> 16, 4)
      } else {
        push(header & 0xffff_0000 | UInt64(type), 4)
      }
      type = kind
    }
    push(UInt64(type), 2)
    push(source.bits, 6)
    push(destination.bits, 6)
    linkLength = UInt8(Self.linkRoom - begin)
    // The four octets that both have are the last of the six that the source address has behind its first two.
    ethernetHead = (destination.bits << 16 | source.bits >> 32).bigEndian
    ethernetTail = (source.bits << 16 | UInt64(type)).bigEndian
  }
}

/// The paths of all flows, each stored once and counted: flows to one next hop share one.
package struct PathTable: ~Copyable {
  private var paths = PathList()
  private var index = HashIndex(capacityLog2: 4)
  /// A path that was asked for lately, by its output device.
  private var recent = [4 of UInt32](repeating: 0)

  package init() {}

  /// Paths in use.
  package var count: Int { paths.count }
  /// Octets of memory.
  package var footprint: Int { paths.footprint + index.footprint }

  /// The number of the path with `way`, counted once more.
  package mutating func intern(_ way: FlowWay) -> UInt32 {
    let place = Int(way.output & 3)
    let known = Int(recent[place])
    if known < paths.capacity, paths[known].references > 0, paths[known].way == way {
      paths[known].references += 1
      return recent[place]
    }
    let number = search(way)
    recent[place] = number
    return number
  }

  @inline(never)
  private mutating func search(_ way: FlowWay) -> UInt32 {
    let hash = way.hash
    var slot = index.first(hash) { paths[$0].way == way }
    if slot < 0 {
      slot = paths.allocate()
      paths[slot].way = way
      paths[slot].mtu = way.mtu
      index.insert(hash, slot)
    }
    paths[slot].references += 1
    return UInt32(slot)
  }

  /// Counts path `number` once less; the last one frees it.
  package mutating func release(_ number: UInt32) {
    let slot = Int(number)
    paths[slot].references -= 1
    guard paths[slot].references == 0 else { return }
    index.remove(paths[slot].way.hash, slot)
    paths.release(slot)
  }

  /// Path `number`. Traps when there is none.
  package subscript(number: UInt32) -> FlowPath {
    @inline(__always) _read { yield paths[Int(number)] }
    @inline(__always) _modify { yield &paths[Int(number)] }
  }

  /// Where path `number` is: valid until a path is added.
  @inline(__always)
  @unsafe
  func pointer(_ number: UInt32) -> UnsafeMutablePointer<FlowPath> { unsafe paths.pointer(Int(number)) }
}

/// Paths in one piece of memory, of which there are few: where one is takes a multiplication, no look at a list of pieces. A
/// path's address changes when more are added.
private struct PathList: ~Copyable {
  private var paths = Row<FlowPath>(capacity: 4)
  /// Slots that are free.
  private var free: [UInt32] = []
  /// Slots that exist, used or free.
  var capacity: Int { @inline(__always) get { paths.count } }
  var count: Int { capacity - free.count }
  /// Octets of memory.
  var footprint: Int { paths.footprint + free.capacity * MemoryLayout<UInt32>.stride }

  /// A slot that holds a blank path.
  mutating func allocate() -> Int {
    if let slot = free.popLast() { return Int(slot) }
    paths.append(.blank)
    return paths.count - 1
  }

  /// Gives `slot` back.
  mutating func release(_ slot: Int) {
    self[slot] = .blank
    free.append(UInt32(slot))
  }

  /// Where the path of `slot` is: valid until one is added. Traps when there is none.
  @inline(__always)
  @unsafe
  func pointer(_ slot: Int) -> UnsafeMutablePointer<FlowPath> { unsafe paths.pointer(slot) }

  subscript(slot: Int) -> FlowPath {
    @inline(__always)
    unsafeAddress { unsafe UnsafePointer(pointer(slot)) }
    @inline(__always)
    unsafeMutableAddress { unsafe pointer(slot) }
  }
}
