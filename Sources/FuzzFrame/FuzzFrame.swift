// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import NetlinkWire
import PacketWire

/// Two routers of the same making, with every kind of device, fed with the same frames: one takes them one by one, the other
/// in batches. Whatever comes in, nothing traps, and both send the same.
///
/// Input: an octet for the kernel's generation and, by its highest bit, whether a device carries flows on in hardware; then for
/// each frame an octet for the device, one for what is left to be done to it (its lowest bit) and for how long the router waits
/// before it (the rest, in units of a quarter of a second), two for its length, and the frame, with a virtio-net header of ten
/// octets in front where something is left to be done. Frames that come on one device without a wait make a batch.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrame(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start = unsafe start, count > 0 else { return 0 }
  // Safe: libFuzzer promises `count` octets from `start` on.
  let octets = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let generations: [KernelGeneration] = [.linux61, .linux612, .linux72]
  let generation = generations[Int(octets[0] & 0x7f) % 3]
  let single = World(generation, hasHardware: octets[0] & 0x80 != 0)
  let batched = World(generation, hasHardware: octets[0] & 0x80 != 0)
  var now = Instant(seconds: 100)
  var current: UInt32?
  var one: [SentFrame] = []
  func endBatch() {
    guard let device = current else { return }
    precondition(
      one == batched.receiveBatch(on: device, at: now), "a batch is not forwarded as its frames are")
    one = []
    current = nil
  }
  var offset = 1
  while offset + 4 <= octets.count {
    let device = single.ports[Int(octets[offset]) % single.ports.count]
    let isPartial = octets[offset + 1] & 1 != 0
    let wait = UInt64(octets[offset + 1] >> 1) * 250_000_000
    let length = Int(octets[offset + 2]) << 8 | Int(octets[offset + 3])
    offset += 4
    var frame = Array(octets[offset..<min(offset + min(length, 4096), octets.count)])
    offset += frame.count
    var offload = VirtioHeader.none
    if isPartial, frame.count >= 10 {
      let word = frame[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      offload = VirtioHeader(word: word, last: UInt16(frame[8]) | UInt16(frame[9]) << 8)
      frame.removeFirst(10)
    }
    if wait != 0 || device != current || !batched.hasRoom { endBatch() }
    now = now.adding(nanoseconds: wait)
    current = device
    one += single.send(frame, offload, on: device, at: now)
    batched.add(frame, offload)
  }
  endBatch()
  let end = now.adding(seconds: 500)
  single.engine.advance(to: end)
  batched.engine.advance(to: end)
  precondition(single.engine.takeSent() == batched.engine.takeSent(), "time passes differently")
  return 0
}

/// A router with a plain device, a VLAN, a bridge, a PPPoE session and a tunnel, one flowtable for all, and translation.
private final class World {
  let engine: Engine
  /// The devices that frames come in on.
  private(set) var ports: [UInt32] = []
  private var batch = FrameBatch(largestFrame: 4096)

  init(_ generation: KernelGeneration, hasHardware: Bool) {
    engine = Engine(generation: generation, seed: 1)
    let router = engine.router
    func add(_ name: String, _ kind: DeviceKind, _ address: UInt32, _ length: Int) -> UInt32 {
      let index = router.addDevice(
        name, kind, mac: MACAddress(0x0200_0000_0000 | UInt64(router.devices.count)), mtu: 1500)
      router.setLink(index, up: true)
      if address != 0 {
        router.addAddress(
          index, DeviceAddress(family: .ipv4, address: Address(ipv4: address), prefixLength: length))
        router.addAddress(
          index,
          DeviceAddress(
            family: .ipv6,
            address: Address(high: 0x2001_0db8_0000_0000 | UInt64(address >> 8 & 0xffff) << 16, low: 1),
            prefixLength: 64))
      }
      return index
    }
    let lan = add("lan0", .port, 0xc000_0201, 24)
    let wan = add("wan0", .port, 0xc633_6401, 24)
    let bridged = [add("p0", .port, 0, 0), add("p1", .port, 0, 0)]
    ports = [lan, wan] + bridged
    let vlan = add("lan0.10", .vlan(VLANLink(parent: lan, id: 10)), 0x0a0a_0001, 24)
    let bridge = add("br0", .bridge, 0x0a14_0001, 24)
    for port in bridged { router.addPort(port, to: bridge, defaultVLAN: 1) }
    let remote = MACAddress(0x0200_0000_0202)
    _ = add("ppp0", .pppoe(PPPoESession(parent: wan, session: 17, remote: remote)), 0x0a1e_0001, 24)
    let ends = TunnelEnds(
      family: .ipv4, local: Address(ipv4: 0xc633_6401), remote: Address(ipv4: 0xc633_6402))
    _ = add("tun4", .tunnel(ends), 0x0a28_0001, 24)
    for (device, address) in [
      (lan, UInt32(0xc000_0202)), (wan, 0xc633_6402), (vlan, 0x0a0a_0002), (bridge, 0x0a14_0002),
    ] {
      router.setNeighbour(
        NeighbourKey(device: device, family: .ipv4, address: Address(ipv4: address)), remote)
    }
    router.conntrack.settings.accounting = true
    for port in ports { router.setOffloads(port, .all) }
    if hasHardware { router.setHardware(bridged[0], HardwareSettings(tableSize: 2)) }
    let rules = Self.rules()
    // Safe: the span does not outlive the array.
    let output = unsafe engine.loadRules(rules.span.bytes, from: ControlClient(portID: 1))
    precondition(!output.replies.contains { $0.count > 36 }, "the rules are refused")
  }

  /// What a frame makes the router send.
  func send(_ frame: [UInt8], _ offload: VirtioHeader, on device: UInt32, at now: Instant) -> [SentFrame] {
    // Safe: the span does not outlive the array.
    unsafe engine.receive(frame.span.bytes, offload: offload, on: device, at: now)
    return engine.takeSent()
  }

  /// Whether one more frame fits into the batch.
  var hasRoom: Bool { batch.count < FrameBatch.capacity }

  /// Puts a frame of up to 4096 octets into the batch.
  func add(_ frame: [UInt8], _ offload: VirtioHeader) {
    // Safe: the span does not outlive the array.
    let isIn = unsafe batch.append(frame.span.bytes, offload: offload)
    precondition(isIn, "a frame does not fit")
  }

  /// What the frames of the batch make the router send.
  func receiveBatch(on device: UInt32, at now: Instant) -> [SentFrame] {
    engine.router.receive(&batch, on: device, at: now)
    let sent = batch.merged(with: engine.takeSent())
    batch.removeAll()
    return sent
  }

  /// `table inet x`: a flowtable over all ports, `flow add` for everything, masquerade towards wan0 and ppp0.
  private static func rules() -> [UInt8] {
    var writer = NetlinkWriter()
    var sequence: UInt32 = 0
    func frame(_ type: UInt16) {
      let mark = writer.beginMessage(
        NetlinkHeader(type: type, flags: .request, sequence: sequence),
        NetfilterHeader(family: 0, resourceID: 10))
      writer.endMessage(mark)
      sequence += 1
    }
    func add(_ type: UInt8, _ content: (inout NetlinkWriter) -> Void) {
      let mark = writer.beginMessage(
        NetlinkHeader(
          type: NFTables.messageType(type), flags: [.request, .create, .append], sequence: sequence),
        NetfilterHeader(family: NFTables.Family.inet))
      content(&writer)
      writer.endMessage(mark)
      sequence += 1
    }
    func chain(_ name: String, _ type: String, _ hook: UInt32, _ priority: Int32) {
      var chain = NFTables.Chain()
      (chain.table, chain.name, chain.type) = ("x", name, type)
      chain.hook = NFTables.ChainHook()
      chain.hook?.number = hook
      chain.hook?.priority = priority
      add(NFTables.Message.newChain) { chain.encode(into: &$0) }
    }
    func rule(_ chain: String, _ expression: NFTables.Expression) {
      var rule = NFTables.Rule()
      (rule.table, rule.chain, rule.expressions) = ("x", chain, [expression])
      add(NFTables.Message.newRule) { rule.encode(into: &$0) }
    }
    frame(NetfilterSubsystem.batchBegin)
    var table = NFTables.Table()
    table.name = "x"
    add(NFTables.Message.newTable) { table.encode(into: &$0) }
    var flowtable = NFTables.Flowtable()
    (flowtable.table, flowtable.name, flowtable.flags) = ("x", "f", 2)
    flowtable.hook = NFTables.Flowtable.Hook(
      number: 0, priority: 0, devices: ["lan0", "wan0", "p0", "p1"].map { .name($0) })
    add(NFTables.Message.newFlowtable) { flowtable.encode(into: &$0) }
    chain("forward", "filter", 2, 0)
    var flow = NFTables.Expression.FlowOffload()
    flow.flowtable = "f"
    rule("forward", .flowOffload(flow))
    chain("post", "nat", 4, 100)
    rule("post", .masquerade(NFTables.Expression.Masquerade()))
    frame(NetfilterSubsystem.batchEnd)
    return writer.bytes
  }
}
