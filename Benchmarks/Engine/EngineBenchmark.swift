// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire

/// Time per packet of the engine's fast path and classic path, of new flows, and the longest step of ageing.
///
/// The flows and frames are those of fastpath.c, which is to be run beside it:
///     EngineBenchmark 1000 1000000
/// With the word `packets` only established flows are measured, with `flows` only new ones and their ageing (as many as
/// the first number says), with `encapsulations` only established flows whose packets come and go plain, in a VLAN, in a
/// PPPoE session, and as IPv6, which is not translated.
@main
struct EngineBenchmark {
  static var frameLength: Int { 60 }
  static let frameCount = 1 << 20
  static let start = Instant(seconds: 1000)

  static func main() {
    let words = CommandLine.arguments.dropFirst()
    let counts = words.compactMap { Int($0) }
    if words.contains("encapsulations") {
      // In turn, so that what slows the machine for a while slows each of them.
      for count in counts.isEmpty ? [1000, 1_000_000] : counts {
        for _ in 0..<3 { for wrapping in Wrapping.allCases { measure(count, wrapping) } }
      }
      return
    }
    if !words.contains("flows") {
      for count in counts.isEmpty ? [1000, 1_000_000] : counts {
        measure(count)
        measureClassic(count)
      }
    }
    if !words.contains("packets") {
      measureCreation(words.contains("flows") ? counts.first ?? 1_000_000 : 1_000_000)
    }
  }

  /// A router with the rules and the flowtable, over the two devices of the traffic or over two others.
  static func router(hasFlowtable: Bool = true) -> (Router, lan: UInt32, wan: UInt32) {
    let engine = Engine(seed: 1)
    let router = engine.router
    if !hasFlowtable {
      // The recorded rules name their devices: these, which no packet meets.
      for (name, mac) in [("lan0", 0x0200_0000_0301), ("wan0", 0x0200_0000_0401)] {
        _ = router.addDevice(name, .port, mac: MACAddress(UInt64(mac)), mtu: 1500)
      }
    }
    let lan = router.addDevice(
      hasFlowtable ? "lan0" : "lan1", .port, mac: MACAddress(0x0200_0000_0101), mtu: 1500)
    let wan = router.addDevice(
      hasFlowtable ? "wan0" : "wan1", .port, mac: MACAddress(0x0200_0000_0201), mtu: 1500)
    for device in [lan, wan] { router.setLink(device, up: true) }
    // The clients are behind a next hop, so that one neighbour is enough for them, as one is for the servers.
    router.addAddress(
      lan, DeviceAddress(family: .ipv4, address: Address(ipv4: 0xac10_0001), prefixLength: 16))
    router.addRoute(
      .ipv4,
      RouteEntry(
        Address(ipv4: 0x0a00_0000), 8, .unicast, device: lan, gateway: Address(ipv4: 0xac10_0002)))
    router.setNeighbour(
      NeighbourKey(device: lan, family: .ipv4, address: Address(ipv4: 0xac10_0002)),
      MACAddress(0x0200_0000_0102))
    router.addAddress(
      wan, DeviceAddress(family: .ipv4, address: Address(ipv4: 0xc0a8_0102), prefixLength: 24))
    router.setNeighbour(
      NeighbourKey(device: wan, family: .ipv4, address: Address(ipv4: 0xc0a8_0101)),
      MACAddress(0x0200_0000_0202))
    router.conntrack.settings.maximumEntries = 4_000_000
    _ = engine.loadRules(Rules.octets.raw, from: ControlClient(portID: 1))
    guard !router.flowtables.isEmpty, router.tracks4 else { fatalError("the rules were refused") }
    engine.advance(to: start)
    return (router, lan, wan)
  }

  /// The ends of flow `index`, as fastpath.c numbers them.
  static func ends(_ index: Int) -> (source: UInt32, port: UInt16, proto: UInt8) {
    (
      0x0a00_0000 + UInt32(index >> 4), UInt16(1024 + (index & 15) * 97),
      index & 3 != 0 ? IPProtocol.tcp : IPProtocol.udp
    )
  }

  /// Writes the frame of flow `index` at `offset`.
  static func write(_ index: Int, _ frames: inout [UInt8], _ offset: Int, timeToLive: UInt8 = 64) {
    let (source, port, proto) = ends(index)
    frames.store(MACAddress(0x0200_0000_0101), at: offset)
    frames.store(be16: EtherType.ipv4, at: offset + 12)
    frames[offset + 14] = 0x45
    frames.store(be16: 46, at: offset + 16)
    frames[offset + 22] = timeToLive
    frames[offset + 23] = proto
    frames.store(be32: source, at: offset + 26)
    frames.store(be32: 0xc0a8_0101, at: offset + 30)
    frames.store(be16: port, at: offset + 34)
    frames.store(be16: 443, at: offset + 36)
    if proto == IPProtocol.tcp {
      frames[offset + 46] = 0x50
      frames[offset + 47] = 0x10
      let sum = Checksum.pseudoHeader(
        Address(ipv4: source), Address(ipv4: 0xc0a8_0101), proto: proto, length: 26)
      frames.store(be16: 0, at: offset + 50)
      frames.store(
        be16: Checksum.compute(frames.raw.extracting(offset + 34..<offset + 60), sum), at: offset + 50)
    } else {
      frames.store(be16: 26, at: offset + 38)
    }
    frames.store(be16: 0, at: offset + 24)
    let checksum = Checksum.compute(frames.raw.extracting(offset + 14..<offset + 34))
    frames.store(be16: checksum, at: offset + 24)
  }

  /// What is between a frame's addresses and its IP header.
  enum Wrapping: String, CaseIterable {
    case plain, vlan, pppoe, ipv6

    /// Behind the addresses; a PPPoE header's length is that of the benchmark's packets.
    var header: [UInt8] {
      switch self {
      case .plain, .ipv6: []
      case .vlan: [0x81, 0, 0, 10]
      case .pppoe: [0x88, 0x64, 0x11, 0, 0, 17, 0, 48, 0, 0x21]
      }
    }

    /// As in ``FlowKey/encapsulation``.
    var word: UInt64 {
      switch self {
      case .plain, .ipv6: 0
      case .vlan: FlowKey.encapsulation(10, EtherType.vlan)
      case .pppoe: FlowKey.encapsulation(17, EtherType.pppoeSession)
      }
    }

    /// Octets of a frame: an IPv4 packet has 46, one of IPv6 has its two headers.
    var length: Int {
      switch self {
      case .plain, .vlan: frameLength + header.count
      case .pppoe: 68
      case .ipv6: 74
      }
    }
    /// Octets from one frame to the next.
    var distance: Int { self == .plain ? 64 : 80 }

    /// Family of the packets.
    var family: IPFamily { self == .ipv6 ? .ipv6 : .ipv4 }

    /// Turns the IPv4 header of a plain frame at `offset` into one of IPv6, with the same numbers in its addresses.
    private func wrapAddresses(_ frames: inout [UInt8], _ offset: Int) {
      let (source, destination) = (frames.be32(offset + 26), frames.be32(offset + 30))
      let proto = frames[offset + 23]
      let transport = Array(frames[offset + 34..<offset + 54])
      frames.store(be16: EtherType.ipv6, at: offset + 12)
      frames.store(be32: 0x6000_0000, at: offset + 14)
      frames.store(be16: 20, at: offset + 18)
      frames[offset + 20] = proto
      frames[offset + 21] = 64
      frames.store(ipv6: Address(high: Self.prefix, low: UInt64(source)), at: offset + 22)
      frames.store(ipv6: Address(high: Self.prefix, low: UInt64(destination)), at: offset + 38)
      frames.replaceSubrange(offset + 54..<offset + 74, with: transport)
    }

    /// The first eight octets of all IPv6 addresses.
    private static var prefix: UInt64 { 0x2001_0db8_0000_0000 }

    /// The address of the family for a number.
    func address(_ number: UInt32) -> Address {
      family == .ipv4 ? Address(ipv4: number) : Address(high: Self.prefix, low: UInt64(number))
    }

    /// Puts the header into a plain frame at `offset`; PPPoE's stands for the type, too.
    func wrap(_ frames: inout [UInt8], _ offset: Int) {
      switch self {
      case .plain: break
      case .ipv6: wrapAddresses(&frames, offset)
      case .vlan, .pppoe:
        let packet = Array(frames[offset + (self == .pppoe ? 14 : 12)..<offset + frameLength])
        frames.replaceSubrange(offset + 12..<offset + length, with: header + packet)
      }
    }
  }

  /// Puts a batch of frames from number `first` on into the batch.
  @inline(__always)
  static func fill(
    _ batch: inout FrameBatch, _ frames: UnsafeMutablePointer<UInt8>, _ first: Int,
    _ wrapping: Wrapping = .plain
  ) {
    let (length, stride) = (wrapping.length, wrapping.distance)
    batch.refill(count: FrameBatch.capacity, length: length) { span, distance in
      // Safe: the frames are `stride` octets apart in either memory, `first` is below their number. Fixed numbers of octets
      // are copied, as by fastpath.c.
      unsafe span.withUnsafeMutableBytes { target in
        guard let target = target.baseAddress else { return }
        var source = unsafe UnsafeRawPointer(frames + first &* stride)
        var frame = unsafe target
        if stride == 64 {
          for _ in 0..<FrameBatch.capacity {
            unsafe frame.storeBytes(of: source.loadUnaligned(as: SIMD64<UInt8>.self), as: SIMD64<UInt8>.self)
            unsafe source += 64
            unsafe frame += distance
          }
          return
        }
        for _ in 0..<FrameBatch.capacity {
          unsafe frame.storeBytes(of: source.loadUnaligned(as: SIMD64<UInt8>.self), as: SIMD64<UInt8>.self)
          unsafe frame.storeBytes(
            of: source.loadUnaligned(fromByteOffset: 64, as: SIMD16<UInt8>.self), toByteOffset: 64,
            as: SIMD16<UInt8>.self)
          unsafe source += stride
          unsafe frame += distance
        }
      }
    }
  }

  /// Batches through `count` flows with translation and counters.
  static func measure(_ count: Int, _ wrapping: Wrapping = .plain) {
    let (router, lan, wan) = router()
    var way = FlowWay()
    way.transmit = .direct
    way.mtu = 1500
    way.encapsulation = wrapping.word
    way.output = wan
    way.destination = MACAddress(0x0200_0000_0202)
    way.source = MACAddress(0x0200_0000_0201)
    guard let table = router.flowtables.keys.first else { fatalError("no flowtable") }
    for index in 0..<count {
      let (source, port, proto) = ends(index)
      var pair = FlowPair.blank
      for side in 0..<2 {
        let client = wrapping.address(source ^ (side == 0 || wrapping == .ipv6 ? 0 : 0x5500_0000))
        let server = wrapping.address(0xc0a8_0101)
        var key = FlowKey(
          wrapping.family, proto: proto, source: side == 0 ? client : server,
          destination: side == 0 ? server : client,
          sourcePort: side == 0 ? port : 443, destinationPort: side == 0 ? 443 : port,
          device: side == 0 ? lan : wan)
        key.kind |= UInt64(table) << 32
        key.encapsulation = wrapping.word
        var entry = FlowEntry(key: key)
        entry.deadline = .max
        if wrapping.family == .ipv4 {
          entry.translate(
            source: Address(ipv4: source ^ 0x5500_0000), sourcePort: UInt16(truncatingIfNeeded: index),
            destination: server, destinationPort: 443)
        }
        entry.path = router.flows.paths.intern(way)
        pair.sides[side] = entry
      }
      var detail = FlowDetail()
      detail.flowtable = table
      _ = router.flows.insert(pair.sides[0], pair.sides[1], detail)
    }
    var random = RandomSource(seed: 7)
    let stride = wrapping.distance
    var frames = [UInt8](repeating: 0, count: frameCount * stride)
    for index in 0..<frameCount {
      write(Int(random.number(below: UInt64(count))), &frames, index * stride)
      wrapping.wrap(&frames, index * stride)
    }
    var batch = FrameBatch(largestFrame: stride)
    var best = Double.infinity
    // Safe: the pointer is used inside the closure only.
    unsafe frames.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for _ in 0..<7 {
        let begin = ContinuousClock.now
        for first in Swift.stride(from: 0, to: frameCount, by: FrameBatch.capacity) {
          unsafe fill(&batch, base, first, wrapping)
          router.receive(&batch, on: lan, at: start)
        }
        best = min(best, (ContinuousClock.now - begin) / .nanoseconds(1) / Double(frameCount))
      }
    }
    guard router.statistics[.fastForwarded] == UInt64(7 * frameCount) else {
      fatalError("frames left the fast path: \(router.statistics.nonzero)")
    }
    print(
      "\(count) flows, fast path, \(wrapping.rawValue), batches of 32: \(rounded(best)) ns a packet,"
        + " \(router.flows.footprint / count) octets a flow")
  }

  /// Packets of `count` known TCP connections and UDP flows through conntrack and the rules, no flowtable in the way.
  static func measureClassic(_ count: Int) {
    let (router, lan, _) = router(hasFlowtable: false)
    var random = RandomSource(seed: 7)
    let packets = 1 << 17
    var frames = [UInt8](repeating: 0, count: (count + FrameBatch.capacity + packets) * 64)
    for index in 0..<count { write(index, &frames, index * 64) }
    let first = (count + FrameBatch.capacity - 1) / FrameBatch.capacity * FrameBatch.capacity
    for index in 0..<packets {
      write(Int(random.number(below: UInt64(count))), &frames, (first + index) * 64)
    }
    for index in count..<first { write(0, &frames, index * 64) }
    var batch = FrameBatch(largestFrame: 64)
    var best = Double.infinity
    // Safe: the pointer is used inside the closure only.
    unsafe frames.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for round in 0..<4 {
        let begin = ContinuousClock.now
        let range = round == 0 ? 0..<first : first..<(first + packets)
        for position in stride(from: range.lowerBound, to: range.upperBound, by: FrameBatch.capacity) {
          unsafe fill(&batch, base, position)
          router.receive(&batch, on: lan, at: start)
          router.sent.removeAll(keepingCapacity: true)
        }
        guard round > 0 else { continue }
        best = min(best, (ContinuousClock.now - begin) / .nanoseconds(1) / Double(packets))
      }
    }
    guard router.statistics[.classicForwarded] == UInt64(first + 3 * packets) else {
      fatalError("frames left the classic path: \(router.statistics.nonzero)")
    }
    print("\(count) flows, classic path: \(rounded(best)) ns a packet")
  }

  /// New flows by the classic path: first packets of UDP flows, then second ones, which make the flows; then an idle
  /// time, step by step. All of it twice: in new memory, then in the same.
  static func measureCreation(_ count: Int) {
    let (router, lan, _) = router()
    var frames = [UInt8](repeating: 0, count: count * 64)
    for index in 0..<count { write(index * 4, &frames, index * 64) }
    var batch = FrameBatch(largestFrame: 64)
    var now = start
    for memory in ["new memory", "used memory"] {
      for name in ["first packets (new conntrack entries)", "second packets (new flows)"] {
        let begin = ContinuousClock.now
        // Safe: the pointer is used inside the closure only.
        unsafe frames.withUnsafeMutableBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          for first in stride(from: 0, through: count - FrameBatch.capacity, by: FrameBatch.capacity) {
            unsafe fill(&batch, base, first)
            router.receive(&batch, on: lan, at: now)
            router.sent.removeAll(keepingCapacity: true)
          }
        }
        let each = (ContinuousClock.now - begin) / .nanoseconds(1) / Double(count)
        print("\(count) \(name), \(memory): \(rounded(each)) ns a packet, \(Int(1e9 / each)) a second")
      }
      print("\(router.conntrack.count) entries, \(router.flows.count) flows")
      var longest = Duration.zero
      let end = now.adding(seconds: 200)
      while now < end {
        now = now.adding(nanoseconds: 1_000_000)
        let begin = ContinuousClock.now
        router.advance(to: now)
        longest = max(longest, ContinuousClock.now - begin)
      }
      print("ageing of them, each millisecond a step: longest \(rounded(longest / .microseconds(1))) us")
      print("\(router.conntrack.count) entries, \(router.flows.count) flows left")
    }
  }

  private static func rounded(_ value: Double) -> Double { Double(Int(value * 10 + 0.5)) / 10 }
}
