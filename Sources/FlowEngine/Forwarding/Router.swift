// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// A frame that the router sent.
package struct SentFrame: Equatable, Sendable {
  package var device: UInt32
  /// What is left to be done to the frame; only what the device's offloads allow.
  package var offload = VirtioHeader.none
  /// The frame's octets, with others in front that have no meaning any more.
  private let storage: [UInt8]
  /// Where the frame begins in `storage`.
  private let start: Int

  /// - Parameters:
  ///   - device: on which it leaves.
  ///   - bytes: the frame, from its Ethernet header on, behind `start` other octets.
  ///   - start: where the frame begins.
  ///   - offload: what is left to be done to it.
  @inline(__always)
  package init(
    device: UInt32, bytes: consuming [UInt8], from start: Int = 0, offload: VirtioHeader = .none
  ) {
    self.device = device
    storage = bytes
    self.start = start
    self.offload = offload
  }

  /// The frame from the Ethernet header on.
  package var bytes: [UInt8] { start == 0 ? storage : Array(storage[start...]) }

  /// The frame from the Ethernet header on, where it is.
  package var octets: RawSpan {
    @_lifetime(borrow self) get { storage.raw.dropping(start) }
  }

  package static func == (a: SentFrame, b: SentFrame) -> Bool {
    a.device == b.device && a.offload == b.offload && a.storage[a.start...] == b.storage[b.start...]
  }
}

/// A frame that leaves, as long as there is but one, or none. In pieces: as an optional frame it would be put together for each
/// packet, and taken apart.
struct Parcel {
  var device: UInt32 = 0
  var offload = VirtioHeader.none
  /// Where the frame begins in `storage`.
  var start = 0
  /// Nil for no frame.
  var storage: [UInt8]?

  /// The frame, its octets being in `bytes` now.
  func frame(of bytes: consuming [UInt8]) -> SentFrame {
    SentFrame(device: device, bytes: bytes, from: start, offload: offload)
  }
}

/// The data path: devices, neighbours, routes, conntrack, translations and flowtables, and what happens to a frame.
///
/// Does no I/O and reads no clock: frames go in by ``receive(_:on:at:)`` and come out in ``sent``; time passes
/// by ``advance(to:)``. One thread owns it.
package final class Router {
  package let generation: KernelGeneration
  package internal(set) var now = Instant(nanoseconds: 0)
  /// What to add to the monotonic clock for the wall clock, nanoseconds since 1970.
  package var wallClockOffset: UInt64 = 0
  package var random: RandomSource
  /// The port that chance is to give first where the kernel draws one at random: a recorded run's own draw.
  package var drawnPort: UInt16?
  package internal(set) var devices: [Device?] = [nil] { didSet { links = DeviceLinks(devices) } }
  private(set) var links = DeviceLinks([])
  /// Bridges by the index of their device.
  package var bridges: [UInt32: Bridge] = [:]
  package var neighbours: NeighbourTable
  package internal(set) var routes4 = RoutingTable(.ipv4)
  package internal(set) var routes6 = RoutingTable(.ipv6)
  package internal(set) var rules4 = RoutingRules(.ipv4)
  package internal(set) var rules6 = RoutingRules(.ipv6)
  package var conntrack: ConntrackTable
  package var expectations = ExpectationTable()
  package var flows: FlowStore
  package internal(set) var flowtables: [UInt32: Flowtable] = [:] {
    didSet { fastTables = flowtables.values.map { FastTable($0) } }
  }
  /// What the fast path needs to know of each: few, so that to look at each takes less than to hash.
  private(set) var fastTables: [FastTable] = []
  package var ruleset: Ruleset
  var hardware = HardwareOffload()
  package var statistics = Statistics()
  /// Who wants to know what happens to which packets.
  package var tracing = TraceRecorder()
  package var ruleMessages = RuleMessages()
  /// Frames that left, oldest first; the caller takes them.
  package var sent: [SentFrame] = []
  /// Whether packets of a family are tracked: some rule asked for it.
  package var tracks4 = false
  package var tracks6 = false
  package var sysctls = ForwardingSettings()
  /// Changes with everything that a cached address or device of a flow depends on.
  package internal(set) var epoch: UInt32 = 1

  /// The tunnels that flows go or went through; their number in keys is the place, from 1 up.
  var tunnels: [TunnelEnds] = []
  var reassembly = Reassembly()
  var errorCredit = ErrorCredit()
  /// Errors about packets of IPIP tunnels that were not yet passed on.
  var tunnelErrors = TunnelErrors()
  /// Memory for the next frame that goes the classic way.
  var spareOctets: [UInt8]?
  /// Whether the next frame that leaves is kept in ``parcel``, since it may go into the batch that is being taken in.
  var awaitsParcel = false
  /// The only frame that has left since a frame of a batch was taken in.
  var parcel = Parcel()
  var condemned: [Int] = []
  var rejections: [(Packet, Rejection)] = []
  var unconfirmed: [Int] = []
  var nextConntrackStep = Instant(seconds: 1)
  var conntrackStep = 0
  var nextFlowStep = Instant.distantFuture
  var flowStep = 0
  /// Slots of the present step that have been looked at already.
  var flowRest = 0
  var nextIdentification: UInt16

  /// - Parameters:
  ///   - generation: the kernel whose behaviour is reproduced.
  ///   - seed: of all chance: hashes, ports, identifications.
  package init(generation: KernelGeneration = .linux612, seed: UInt64) {
    self.generation = generation
    random = RandomSource(seed: seed)
    neighbours = NeighbourTable(seed: seed)
    conntrack = ConntrackTable(seed: random.next())
    flows = FlowStore(seed: random.next())
    ruleset = Ruleset(kernel: generation, seed: UInt32(truncatingIfNeeded: random.next()))
    nextIdentification = UInt16(truncatingIfNeeded: random.next())
    _ = addDevice("lo", .loopback, mac: .zero, mtu: 65_536)
    setLink(1, up: true)
    addAddress(1, DeviceAddress(family: .ipv4, address: Address(ipv4: 0x7f00_0001), prefixLength: 8))
    addAddress(1, DeviceAddress(family: .ipv6, address: Address(high: 0, low: 1), prefixLength: 128))
  }

  /// Wall clock, nanoseconds since 1970.
  package var wallClock: UInt64 { now.nanoseconds &+ wallClockOffset }

  /// Whether packets of `family` are tracked.
  func tracks(_ family: IPFamily) -> Bool { family == .ipv4 ? tracks4 : tracks6 }

  /// Makes every cached address and device of a flow be looked up anew.
  func bumpEpoch() { epoch &+= 1 }
}

/// Sysctls of the network stack that the engine knows.
package struct ForwardingSettings: Equatable, Sendable {
  package var forwards4 = true
  package var forwards6 = true
  package var defaultTimeToLive: UInt8 = 64
  package var defaultHopLimit: UInt8 = 64

  package init() {}
}
