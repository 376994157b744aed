// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import TestSupport

/// Writes conntrack messages as the kernel does (attribute order of `ctnetlink_fill_info`).
struct SampleMessage {
  enum Kind: CaseIterable { case dump, new, update, destroy }

  var generator: SeededGenerator
  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  static let protocols: [UInt8] = [6, 6, 6, 17, 17, 1, 58, 132, 33, 47, 136, 50, 89, 0, 255]
  static let services: [UInt16] = [80, 443, 5, 0]
  static let helpers = ["ftp", "sip", "netbios-ns", "Q.931", "RAS", "tftp", "amanda"]
  static let contexts = ["system_u:object_r:unlabeled_t:s0", "a"]

  /// One message: nlmsghdr, nfgenmsg, attributes.
  mutating func next(_ kind: Kind) -> [UInt8] {
    var writer = NetlinkWriter()
    let isIPv6 = generator.oneIn(3)
    let layer4 = Self.protocols.randomElement(using: &generator) ?? 6
    let type = ConntrackMessage.type(kind == .destroy ? ConntrackMessage.delete : ConntrackMessage.new)
    let message = writer.beginMessage(
      NetlinkHeader(type: type, flags: kind == .new ? [.create, .exclusive] : []),
      NetfilterHeader(family: isIPv6 ? 10 : 2))
    let zoneKind = Int.random(in: 0..<8, using: &generator)
    let source = address(isIPv6)
    let destination = address(isIPv6)
    let translatedSource = generator.oneIn(3) ? address(isIPv6) : source
    let translatedDestination = generator.oneIn(3) ? address(isIPv6) : destination
    let ports = [
      UInt16.random(in: 0...UInt16.max, using: &generator),
      Self.services.randomElement(using: &generator) ?? 1,
    ]
    let withPorts = !((layer4 == 33 || layer4 == 136) && generator.oneIn(2))
    tuple(
      &writer, 1, source, destination, layer4, ports, withPorts: withPorts,
      zone: zoneKind == 1 || zoneKind == 3 ? 11 : nil)
    tuple(
      &writer, 2, translatedDestination, translatedSource, layer4,
      [generator.oneIn(4) ? 8080 : ports[1], generator.oneIn(3) ? 4 : ports[0]],
      withPorts: withPorts, zone: zoneKind == 2 || zoneKind == 3 ? 65535 : nil)
    if zoneKind == 0 { writer.attribute(18, UInt16.random(in: 1...UInt16.max, using: &generator)) }
    var status = UInt32.random(in: 0...0x3fff, using: &generator) & ~0xa00
    if generator.oneIn(5) { status |= generator.oneIn(2) ? 0x4000 : 0xc000 }
    writer.attribute(3, status)
    if kind == .dump || generator.oneIn(2) {
      writer.attribute(8, generator.oneIn(2) ? 0 : UInt32.random(in: 0...UInt32.max, using: &generator))
    }
    if generator.oneIn(9) {
      let nest = writer.beginNest(19)
      writer.attribute(1, text: Self.contexts.randomElement(using: &generator) ?? "")
      writer.endNest(nest)
    }
    writer.attribute(12, UInt32.random(in: 0...UInt32.max, using: &generator))
    if kind == .dump { writer.attribute(11, UInt32.random(in: 1...3, using: &generator)) }
    if status & 1 != 0, generator.oneIn(2) {
      tuple(
        &writer, 14, address(isIPv6), address(isIPv6),
        Self.protocols.randomElement(using: &generator) ?? 6, [1, 2], withPorts: true, zone: nil)
    }
    if kind != .dump || status & 0x4000 == 0 {
      if kind != .destroy || generator.oneIn(2) {
        writer.attribute(7, UInt32.random(in: 0...432_000, using: &generator))
      }
      if !generator.oneIn(8) { protocolInfo(&writer, layer4) }
    }
    if generator.oneIn(2) {
      counters(&writer, 9)
      counters(&writer, 10)
    }
    timestamps(&writer, kind)
    rest(&writer, status)
    writer.endMessage(message)
    return writer.bytes
  }

  private mutating func timestamps(_ writer: inout NetlinkWriter, _ kind: Kind) {
    guard generator.oneIn(2) else { return }
    let nest = writer.beginNest(20)
    let start = UInt64.random(in: 1...1_790_000_000_000_000_000, using: &generator)
    writer.attribute(1, start)
    if kind == .destroy {
      writer.attribute(2, start + UInt64.random(in: 0...9_000_000_000_000, using: &generator))
    }
    writer.endNest(nest)
  }

  private mutating func rest(_ writer: inout NetlinkWriter, _ status: UInt32) {
    if generator.oneIn(5) {
      let nest = writer.beginNest(5)
      writer.attribute(1, text: Self.helpers.randomElement(using: &generator) ?? "")
      writer.endNest(nest)
    }
    if generator.oneIn(3) {
      var octets = [UInt8](repeating: 0, count: 16)
      for _ in 0..<3 {
        let bit =
          generator.oneIn(2)
          ? Int.random(in: 0..<16, using: &generator) : Int.random(in: 0..<128, using: &generator)
        octets[bit / 8] |= 1 << UInt8(bit % 8)
      }
      writer.attribute(22, bytes: octets)
    }
    if status & 0x40 != 0, generator.oneIn(2) {
      for type in [UInt16(15), 16] {
        let nest = writer.beginNest(type)
        for field in [UInt16(1), 2, 3] {
          writer.attribute(field, UInt32.random(in: 0...99, using: &generator))
        }
        writer.endNest(nest)
      }
    }
    if generator.oneIn(4) {
      let nest = writer.beginNest(24)
      for field in [UInt16(1), 2, 3] { writer.attribute(field, UInt32(0)) }
      writer.endNest(nest)
    }
  }

  private mutating func counters(_ writer: inout NetlinkWriter, _ type: UInt16) {
    let nest = writer.beginNest(type)
    let bits = UInt64.random(in: 0...63, using: &generator)
    writer.attribute(1, generator.next() >> bits)
    writer.attribute(2, generator.next() >> (bits / 2))
    writer.endNest(nest)
  }

  private mutating func protocolInfo(_ writer: inout NetlinkWriter, _ layer4: UInt8) {
    guard layer4 == 6 || layer4 == 33 || layer4 == 132 else { return }
    let nest = writer.beginNest(4)
    let inner = writer.beginNest(layer4 == 6 ? 1 : layer4 == 33 ? 2 : 3)
    writer.attribute(1, UInt8.random(in: 0...9, using: &generator))
    switch layer4 {
    case 6:
      if !generator.oneIn(3) {
        writer.attribute(2, UInt8.random(in: 0...14, using: &generator))
        writer.attribute(3, UInt8.random(in: 0...14, using: &generator))
        writer.attribute(4, bytes: [UInt8.random(in: 0...255, using: &generator), 0])
        writer.attribute(5, bytes: [UInt8.random(in: 0...255, using: &generator), 0])
      }
    case 33:
      writer.attribute(2, UInt8.random(in: 0...1, using: &generator))
      writer.attribute(3, UInt64.random(in: 0...(1 << 48), using: &generator))
    default:
      writer.attribute(2, UInt32.random(in: 0...UInt32.max, using: &generator))
      writer.attribute(3, UInt32.random(in: 0...UInt32.max, using: &generator))
    }
    writer.endNest(inner)
    writer.endNest(nest)
  }

  private mutating func tuple(
    _ writer: inout NetlinkWriter, _ type: UInt16, _ source: [UInt8], _ destination: [UInt8], _ layer4: UInt8,
    _ ports: [UInt16], withPorts: Bool, zone: UInt16?
  ) {
    let nest = writer.beginNest(type)
    let addresses = writer.beginNest(1)
    let first: UInt16 = source.count == 16 ? 3 : 1
    writer.attribute(first, bytes: source)
    writer.attribute(first + 1, bytes: destination)
    writer.endNest(addresses)
    let layer = writer.beginNest(2)
    writer.attribute(1, layer4)
    switch layer4 {
    case 1, 58:
      let base: UInt16 = layer4 == 1 ? 4 : 7
      writer.attribute(base, ports[0] ^ ports[1])
      writer.attribute(base + 1, UInt8.random(in: 0...255, using: &generator))
      writer.attribute(base + 2, UInt8.random(in: 0...15, using: &generator))
    case 6, 17, 33, 47, 132, 136:
      if withPorts {
        writer.attribute(2, ports[0])
        writer.attribute(3, ports[1])
      }
    default: break
    }
    writer.endNest(layer)
    if let zone { writer.attribute(3, zone) }
    writer.endNest(nest)
  }

  /// An address, IPv6 ones in every shape that text has rules for.
  private mutating func address(_ isIPv6: Bool) -> [UInt8] {
    guard isIPv6 else { return (0..<4).map { _ in octet() } }
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: return [UInt8](repeating: 0, count: 12) + (0..<4).map { _ in octet() }
    case 1: return [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + (0..<4).map { _ in octet() }
    case 2: return (0..<16).map { _ in octet() }
    default:
      var octets: [UInt8] = []
      for _ in 0..<8 {
        if generator.oneIn(2) {
          octets += [0, 0]
        } else {
          octets += [generator.oneIn(2) ? 0 : octet(), octet()]
        }
      }
      return octets
    }
  }

  private mutating func octet() -> UInt8 {
    generator.oneIn(4)
      ? [0, 1, 9, 10, 99, 100, 255].randomElement(using: &generator) ?? 0
      : UInt8.random(in: 0...255, using: &generator)
  }
}

/// Decodes the message that `octets` hold; nil where they are none.
func decodedEntry(_ octets: [UInt8]) -> ConntrackEntry? {
  var entry = ConntrackEntry()
  let bytes = unsafe octets.span.bytes
  guard bytes.byteCount >= NetlinkHeader.encodedLength else { return nil }
  do throws(NetlinkFormatError) {
    try entry.decode(bytes.slice(16, bytes.byteCount - 16))
  } catch {
    return nil
  }
  return entry
}
