// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire

/// Fills the conntrack table of the current network namespace with entries of every kind.
///
///     ConntrackFill COUNT [SEED] [plain|random]
///
/// `plain` makes TCP and UDP flows over IPv4 as a router has them; `random`, the default, every protocol, state,
/// zone, mark, label and translation that the kernel takes. The same seed makes the same entries. Prints how many
/// were made and how many the kernel refused.
@main
enum ConntrackFill {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 1, let count = Int(arguments[1]) else {
      print("usage: ConntrackFill COUNT [SEED] [plain|random]")
      return
    }
    let seed = arguments.count > 2 ? UInt64(arguments[2]) ?? 1 : 1
    let isPlain = arguments.count > 3 && arguments[3] == "plain"
    var generator = EntryGenerator(seed: seed, isPlain: isPlain)
    let socket = try KernelSocket()
    _ = socket.enlargeReceiveBuffer(to: 1 << 22)
    var refused: [Int32: Int] = [:]
    var made = 0
    var writer = NetlinkWriter()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var index = 0
    while index < count {
      writer.removeAll()
      let batch = min(64, count - index)
      for _ in 0..<batch {
        generator.appendEntry(number: index, to: &writer)
        index += 1
      }
      try socket.send(writer.bytes)
      var answers = 0
      while answers < batch {
        var span = buffer.mutableSpan
        var bytes = unsafe span.mutableBytes
        let length = try socket.receive(into: &bytes)
        var messages = NetlinkMessageCursor(bytes.bytes.extracting(first: length))
        while try messages.advance() {
          guard messages.type == NetlinkControlType.error else { continue }
          let answer = try Acknowledgement(messages.payload, flags: messages.flags)
          if answer.errorNumber == 0 { made += 1 } else { refused[answer.errorNumber, default: 0] += 1 }
          answers += 1
        }
      }
    }
    print("made \(made), refused \(refused)")
  }
}

/// Makes requests that create entries; the n-th entry of a seed is always the same.
struct EntryGenerator {
  private var random: SplitMix64
  private let isPlain: Bool

  init(seed: UInt64, isPlain: Bool) {
    random = SplitMix64(state: seed)
    self.isPlain = isPlain
  }

  /// Appends the request for one more entry, `number` making its addresses unique.
  mutating func appendEntry(number: Int, to writer: inout NetlinkWriter) {
    typealias Attribute = ConntrackAttribute
    let isIPv6 = !isPlain && chance(3)
    let layer4 = isPlain ? (chance(4) ? Layer4Protocol.udp : Layer4Protocol.tcp) : anyLayer4(isIPv6)
    let family: AddressFamily = isIPv6 ? .ipv6 : .ipv4
    let message = writer.beginMessage(
      NetlinkHeader(
        type: ConntrackMessage.type(ConntrackMessage.new),
        flags: [.request, .create, .exclusive, .acknowledge], sequence: UInt32(number + 1)),
      NetfilterHeader(family: family.rawValue))
    var original = tuple(number, isIPv6, layer4)
    var reply = inverse(of: original)
    let zoneKind = isPlain ? 0 : random.next(below: 8)
    let zone = UInt16(1 + random.next(below: 9))
    if zoneKind == 1 { original.hasZone = true; original.zone = zone }
    if zoneKind == 2 { reply.hasZone = true; reply.zone = zone }
    append(original, Attribute.originalTuple, to: &writer)
    append(reply, Attribute.replyTuple, to: &writer)
    if zoneKind == 3 { writer.attribute(Attribute.zone, zone) }
    writer.attribute(
      Attribute.timeout, UInt32(isPlain ? 3600 + number % 400_000 : 3600 + random.next(below: 400_000)))
    let assured: ConntrackStatus = [.confirmed, .seenReply, .assured]
    let status: [ConntrackStatus] = [[.confirmed], [.confirmed, .seenReply], assured, assured]
    writer.attribute(Attribute.status, status[random.next(below: 4)].rawValue)
    if layer4 == Layer4Protocol.tcp {
      let info = writer.beginNest(Attribute.protocolInfo)
      let tcp = writer.beginNest(1)
      writer.attribute(1, UInt8(isPlain ? (chance(3) ? 7 : 3) : random.next(below: 10)))
      writer.attribute(2, UInt8(random.next(below: 15)))
      writer.attribute(3, UInt8(random.next(below: 15)))
      writer.endNest(tcp)
      writer.endNest(info)
    } else if layer4 == Layer4Protocol.sctp {
      let info = writer.beginNest(Attribute.protocolInfo)
      let sctp = writer.beginNest(3)
      writer.attribute(1, UInt8(random.next(below: 9)))
      writer.attribute(2, UInt32(truncatingIfNeeded: random.next()))
      writer.attribute(3, UInt32(truncatingIfNeeded: random.next()))
      writer.endNest(sctp)
      writer.endNest(info)
    }
    if chance(3) {
      writer.attribute(
        Attribute.mark, UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.next(below: 32)))
    }
    if !isPlain, chance(4) {
      writer.attribute(
        Attribute.labels,
        bytes: (0..<16).map { _ in chance(3) ? UInt8(truncatingIfNeeded: random.next()) : 0 })
    }
    if chance(3) { appendTranslation(isIPv6, Layer4Protocol.hasPorts(layer4), to: &writer) }
    writer.endMessage(message)
  }

  private mutating func appendTranslation(_ isIPv6: Bool, _ hasPorts: Bool, to writer: inout NetlinkWriter) {
    let isSource = chance(2)
    let nat = writer.beginNest(isSource ? ConntrackAttribute.sourceNAT : ConntrackAttribute.destinationNAT)
    let address = anyAddress(isIPv6, 0x0a63_0000 | UInt32(random.next(below: 1 << 16)))
    writer.attribute(isIPv6 ? 4 : 1, bytes: address.octets)
    if hasPorts, chance(2) {
      let ports = writer.beginNest(3)
      writer.attribute(1, UInt16(1024 + random.next(below: 60_000)))
      writer.endNest(ports)
    }
    writer.endNest(nat)
  }

  private mutating func anyLayer4(_ isIPv6: Bool) -> UInt8 {
    switch random.next(below: 12) {
    case 0...3: Layer4Protocol.tcp
    case 4...5: Layer4Protocol.udp
    case 6: isIPv6 ? Layer4Protocol.icmpv6 : Layer4Protocol.icmp
    case 7: Layer4Protocol.udplite
    case 8: Layer4Protocol.sctp
    case 9: Layer4Protocol.dccp
    case 10: Layer4Protocol.gre
    default: [50, 51, 2, 4, 89, 112, 255][random.next(below: 7)]
    }
  }

  private mutating func anyAddress(_ isIPv6: Bool, _ number: UInt32) -> IPAddress {
    guard isIPv6 else { return IPAddress(ipv4: number) }
    // Every shape that text has: runs of zeros here and there, embedded IPv4.
    switch random.next(below: 6) {
    case 0: return IPAddress(high: 0x2001_0db8_0000_0000, low: UInt64(number), family: .ipv6)
    case 1: return IPAddress(high: 0, low: 0xffff_0000_0000 | UInt64(number), family: .ipv6)
    case 2:
      return IPAddress(high: 0x2001_0db8_0001_0000, low: 0x1_0000_0000_0000 | UInt64(number), family: .ipv6)
    case 3: return IPAddress(high: 0, low: UInt64(number), family: .ipv6)
    case 4: return IPAddress(high: UInt64(number) << 32, low: 0, family: .ipv6)
    default: return IPAddress(high: random.next(), low: random.next() << 32 | UInt64(number), family: .ipv6)
    }
  }

  private mutating func tuple(_ number: Int, _ isIPv6: Bool, _ layer4: UInt8) -> ConntrackTuple {
    var tuple = ConntrackTuple()
    tuple.layer4 = layer4
    tuple.source = anyAddress(isIPv6, 0x0a00_0000 &+ UInt32(number >> (isPlain ? 4 : 0)) & 0x3f_ffff)
    tuple.destination = anyAddress(
      isIPv6, isPlain ? 0xc612_0001 &+ UInt32(number & 0xff) : 0xc633_6400 | UInt32(random.next(below: 256)))
    tuple.sourcePort = isPlain ? UInt16(1024 + number % 60_000) : UInt16(random.next(below: 65536))
    tuple.destinationPort = [80, 443, 53, 5060, 22, 8443][random.next(below: 6)]
    if layer4 == Layer4Protocol.icmp || layer4 == Layer4Protocol.icmpv6 {
      tuple.icmpType = layer4 == Layer4Protocol.icmp ? [8, 13][random.next(below: 2)] : 128
      tuple.icmpID = UInt16(truncatingIfNeeded: random.next())
    }
    return tuple
  }

  private func inverse(of tuple: ConntrackTuple) -> ConntrackTuple {
    var result = tuple
    swap(&result.source, &result.destination)
    swap(&result.sourcePort, &result.destinationPort)
    switch (tuple.layer4, tuple.icmpType) {
    case (Layer4Protocol.icmp, 8): result.icmpType = 0
    case (Layer4Protocol.icmp, 13): result.icmpType = 14
    case (Layer4Protocol.icmpv6, 128): result.icmpType = 129
    default: break
    }
    return result
  }

  private func append(_ tuple: ConntrackTuple, _ type: UInt16, to writer: inout NetlinkWriter) {
    let isIPv6 = tuple.source.family == .ipv6
    let nest = writer.beginNest(type)
    let addresses = writer.beginNest(ConntrackAttribute.Tuple.addresses)
    writer.attribute(isIPv6 ? 3 : 1, bytes: tuple.source.octets)
    writer.attribute(isIPv6 ? 4 : 2, bytes: tuple.destination.octets)
    writer.endNest(addresses)
    let layer4 = writer.beginNest(ConntrackAttribute.Tuple.layer4)
    writer.attribute(1, tuple.layer4)
    switch tuple.layer4 {
    case Layer4Protocol.icmp:
      writer.attribute(4, tuple.icmpID)
      writer.attribute(5, tuple.icmpType)
      writer.attribute(6, tuple.icmpCode)
    case Layer4Protocol.icmpv6:
      writer.attribute(7, tuple.icmpID)
      writer.attribute(8, tuple.icmpType)
      writer.attribute(9, tuple.icmpCode)
    default:
      writer.attribute(2, tuple.sourcePort)
      writer.attribute(3, tuple.destinationPort)
    }
    writer.endNest(layer4)
    if tuple.hasZone { writer.attribute(ConntrackAttribute.Tuple.zone, tuple.zone) }
    writer.endNest(nest)
  }

  private mutating func chance(_ n: Int) -> Bool { random.next(below: n) == 0 }
}

/// SplitMix64: a small generator whose sequence a seed determines.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  mutating func next(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
