// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire

/// Which way a frame took.
enum Path: Equatable {
  /// Forwarded, and the forward chain's counter stood still.
  case fast
  /// Forwarded, and the forward chain counted it.
  case classic
  /// Nothing was sent.
  case nowhere
  /// Something else was sent: an error, a reset, a question.
  case answered
}

/// Who sends.
enum Sender { case client, server }

/// What is unusual about a packet; the rest is a plain TCP segment or UDP datagram.
struct Oddity {
  var timeToLive: UInt8 = 64
  var options: [UInt8] = []
  var padding = 0
  var destinationMAC: MACAddress?
  var device: UInt32?
  var sequence: UInt32?
  /// Changes the finished frame.
  var damage: (inout [UInt8]) -> Void = { _ in }
}

/// A router with a client on lan0 and a server on wan0, and one flow between them.
final class Scene {
  static let clientMAC = MACAddress(0x0200_0000_0102)
  static let lanMAC = MACAddress(0x0200_0000_0101)
  static let serverMAC = MACAddress(0x0200_0000_0202)
  static let wanMAC = MACAddress(0x0200_0000_0201)
  static let client4 = Address(ipv4: 0xc000_0202)
  static let server4 = Address(ipv4: 0xc633_6402)
  static let client6 = Address(high: 0x2001_0db8_0001_0000, low: 2)
  static let server6 = Address(high: 0x2001_0db8_0002_0000, low: 2)

  let engine: Engine
  let lan: UInt32
  let wan: UInt32
  var now = Instant(seconds: 1000)
  var family = IPFamily.ipv4
  var proto = IPProtocol.tcp
  var clientPort: UInt16 = 40000
  var serverPort: UInt16 = 5201
  var clientSequence: UInt32 = 1000
  var serverSequence: UInt32 = 5000
  /// What the last frame made the router send.
  var sent: [SentFrame] = []
  /// Where the server sees the client, once it is translated.
  var seenClient: Address?

  var router: Router { engine.router }
  var client: Address { family == .ipv4 ? Self.client4 : Self.client6 }
  /// Where the server is when it is not on the link.
  var farServer: Address?
  var server: Address { farServer ?? (family == .ipv4 ? Self.server4 : Self.server6) }

  init(
    _ generation: KernelGeneration = .linux72, rules: String = RecordedBatch.plain, accounting: Bool = false,
    mtu: Int = 1500
  ) {
    engine = Engine(generation: generation, seed: 1)
    let router = engine.router
    lan = router.addDevice("lan0", .port, mac: Self.lanMAC, mtu: 9000)
    wan = router.addDevice("wan0", .port, mac: Self.wanMAC, mtu: mtu)
    for device in [lan, wan] { router.setLink(device, up: true) }
    router.addAddress(
      lan, DeviceAddress(family: .ipv4, address: Address(ipv4: 0xc000_0201), prefixLength: 24))
    router.addAddress(
      wan, DeviceAddress(family: .ipv4, address: Address(ipv4: 0xc633_6401), prefixLength: 24))
    let lan6 = Address(high: Self.client6.high, low: 1)
    let wan6 = Address(high: Self.server6.high, low: 1)
    router.addAddress(lan, DeviceAddress(family: .ipv6, address: lan6, prefixLength: 64))
    router.addAddress(wan, DeviceAddress(family: .ipv6, address: wan6, prefixLength: 64))
    for (device, address, mac) in [(lan, Self.client4, Self.clientMAC), (wan, Self.server4, Self.serverMAC)] {
      router.setNeighbour(NeighbourKey(device: device, family: .ipv4, address: address), mac)
    }
    for (device, address, mac) in [(lan, Self.client6, Self.clientMAC), (wan, Self.server6, Self.serverMAC)] {
      router.setNeighbour(NeighbourKey(device: device, family: .ipv6, address: address), mac)
    }
    router.conntrack.settings.accounting = accounting
    load(rules)
    engine.advance(to: now)
  }

  func load(_ rules: String) {
    let datagram = RecordedBatch.octets(rules)
    _ = engine.loadRules(datagram.raw, from: ControlClient(portID: 1))
  }

  /// The number of packets that the forward chain has seen.
  var classicCount: UInt64 { router.ruleset.counter(named: "classic")?.packets ?? 0 }

  /// Lets time pass.
  func wait(_ seconds: Double) {
    now = now.adding(nanoseconds: UInt64(seconds * 1e9))
    engine.advance(to: now)
    sent = engine.takeSent()
  }

  /// Sends a frame as it is.
  @discardableResult
  func send(frame: [UInt8], on device: UInt32) -> Path {
    let before = classicCount
    engine.receive(frame.raw, on: device, at: now)
    sent = engine.takeSent()
    guard let first = sent.first else { return .nowhere }
    guard classicCount == before else { return .classic }
    return first.device == device ? .answered : .fast
  }

  /// Sends one packet of the flow.
  @discardableResult
  func send(
    _ sender: Sender, _ flags: TCPFlags = .ack, _ payload: [UInt8] = [], _ oddity: Oddity = Oddity()
  ) -> Path {
    let bytes = frame(sender, flags, payload, oddity)
    let device = oddity.device ?? (sender == .client ? lan : wan)
    let advance = UInt32(payload.count) + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
    if oddity.sequence == nil {
      if sender == .client { clientSequence &+= advance } else { serverSequence &+= advance }
    }
    return send(frame: bytes, on: device)
  }

  /// The frame of one packet of the flow.
  func frame(_ sender: Sender, _ flags: TCPFlags, _ payload: [UInt8], _ oddity: Oddity = Oddity()) -> [UInt8]
  {
    let isClient = sender == .client
    let source = isClient ? client : server
    let destination = isClient ? server : seenClient ?? client
    var body: [UInt8] = []
    if proto == IPProtocol.tcp {
      var header = TCPHeader(
        sourcePort: isClient ? clientPort : serverPort, destinationPort: isClient ? serverPort : clientPort,
        flags: flags)
      header.sequence = oddity.sequence ?? (isClient ? clientSequence : serverSequence)
      header.acknowledgment = flags.contains(.ack) ? (isClient ? serverSequence : clientSequence) : 0
      header.window = 64240
      let options: [UInt8] = flags.contains(.syn) ? [2, 4, 5, 0xb4, 4, 2, 1, 3, 3, 7, 1, 1] : []
      header.emit(from: source, to: destination, options: options, payload: payload, into: &body)
    } else if proto == IPProtocol.udp {
      UDPHeader(
        sourcePort: isClient ? clientPort : serverPort, destinationPort: isClient ? serverPort : clientPort
      )
      .emit(from: source, to: destination, payload: payload, into: &body)
    } else {
      body = [0, 0, 8, 0] + payload
    }
    var bytes: [UInt8] = []
    EthernetHeader(
      destination: oddity.destinationMAC ?? (isClient ? Self.lanMAC : Self.wanMAC),
      source: isClient ? Self.clientMAC : Self.serverMAC, type: family.ethertype
    ).emit(into: &bytes)
    if family == .ipv4 {
      var header = IPv4Header(proto: proto, source: source, destination: destination)
      header.timeToLive = oddity.timeToLive
      header.flagsAndOffset = IPv4View.dontFragment
      header.emit(payloadLength: body.count, options: oddity.options, into: &bytes)
    } else {
      var header = IPv6Header(nextHeader: proto, source: source, destination: destination)
      header.hopLimit = oddity.timeToLive
      header.emit(payloadLength: body.count, into: &bytes)
    }
    bytes += body
    bytes += [UInt8](repeating: 0, count: oddity.padding)
    oddity.damage(&bytes)
    return bytes
  }

  /// SYN, SYN-ACK, ACK.
  @discardableResult
  func handshake() -> Self {
    send(.client, .syn)
    send(.server, [.syn, .ack])
    send(.client, .ack)
    return self
  }

  /// A UDP flow that is offloaded: a request, an answer.
  @discardableResult
  func exchange() -> Self {
    proto = IPProtocol.udp
    send(.client, [], [1, 2, 3])
    send(.server, [], [4, 5, 6])
    return self
  }

  /// The flow's entry, if it has one.
  var entry: ConntrackEntry? {
    var found: ConntrackEntry?
    router.forEachEntry { slot in
      let entry = router.conntrack[slot]
      if entry.proto == proto,
        entry.original.sourcePort == clientPort || entry.original.sourcePort == serverPort
          || proto != IPProtocol.tcp && proto != IPProtocol.udp
      {
        found = entry
      }
    }
    return found
  }

  var isOffloaded: Bool { entry?.isOffloaded == true }

  /// Seconds that the entry has left.
  var secondsLeft: UInt64 { (entry?.remaining(router.now) ?? 0) / Instant.second }

  /// Packets and octets counted in the entry, original direction first.
  var counters: (packets: [2 of UInt64], bytes: [2 of UInt64])? {
    var result: (packets: [2 of UInt64], bytes: [2 of UInt64])?
    router.forEachEntry { slot in
      if router.conntrack[slot].original.sourcePort == clientPort { result = router.counters(slot) }
    }
    return result
  }
}
