// SPDX-License-Identifier: GPL-3.0-or-later

internal import JSONDocument
internal import NetlinkWire
internal import PacketWire
private import Reporting

/// What the first octets of a frame say, header by header, for people and tools. A frame may end anywhere.
struct PacketSummary {
  private let octets: [UInt8]
  private var members: [(String, JSONValue?)] = []

  /// The headers as an object. `head`: of a frame, from its Ethernet header on.
  static func json(_ head: [UInt8]) -> JSONValue {
    var summary = PacketSummary(octets: head)
    summary.readEthernet()
    return .object(summary.members)
  }

  static func text(_ address: Address, _ family: IPFamily) -> String {
    var buffer = OutputBuffer()
    buffer.append(IPAddress(high: address.high, low: address.low, family: family == .ipv6 ? .ipv6 : .ipv4))
    return buffer.text
  }

  private init(octets: [UInt8]) { self.octets = octets }

  private mutating func add(_ name: String, _ value: JSONValue?) { members.append((name, value)) }

  /// The number of `length` octets at `place`; nil when the frame ends before.
  private func number(_ place: Int, _ length: Int) -> UInt64? {
    guard place >= 0, place + length <= octets.count else { return nil }
    return octets[place..<place + length].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func readEthernet() {
    guard let destination = number(0, 6), let source = number(6, 6), var type = number(12, 2) else { return }
    add("smac", .string(MACAddress(source).description))
    add("dmac", .string(MACAddress(destination).description))
    var place = 14
    var tags: [JSONValue] = []
    while type == 0x8100 || type == 0x88a8, let tag = number(place, 2), let inner = number(place + 2, 2) {
      tags.append(.number(tag & 0x0fff))
      type = inner
      place += 4
    }
    if !tags.isEmpty { add("vlan", .array(tags)) }
    if type == 0x8864, let session = number(place + 2, 2), let proto = number(place + 6, 2) {
      add("pppoe", .number(session))
      place += 8
      type = proto == 0x0021 ? 0x0800 : proto == 0x0057 ? 0x86dd : type
    }
    switch type {
    case 0x0800: readIPv4(place)
    case 0x86dd: readIPv6(place)
    case 0x0806: readARP(place)
    default: add("type", .string("0x" + String(type, radix: 16)))
    }
  }

  private mutating func readARP(_ place: Int) {
    add("type", .string("arp"))
    guard let operation = number(place + 6, 2), let sender = number(place + 14, 4),
      let target = number(place + 24, 4)
    else { return }
    add("operation", .string(operation == 1 ? "request" : operation == 2 ? "reply" : "\(operation)"))
    add("src", .string(Self.text(Address(ipv4: UInt32(sender)), .ipv4)))
    add("dst", .string(Self.text(Address(ipv4: UInt32(target)), .ipv4)))
  }

  private mutating func readIPv4(_ place: Int) {
    add("type", .string("ipv4"))
    guard let first = number(place, 1), let fragment = number(place + 6, 2),
      let timeToLive = number(place + 8, 1),
      let proto = number(place + 9, 1), let source = number(place + 12, 4),
      let destination = number(place + 16, 4)
    else { return }
    add("src", .string(Self.text(Address(ipv4: UInt32(source)), .ipv4)))
    add("dst", .string(Self.text(Address(ipv4: UInt32(destination)), .ipv4)))
    add("ttl", .number(timeToLive))
    add("proto", .number(proto))
    if fragment & 0x3fff != 0 { add("fragment", .number(fragment & 0x1fff << 3)) }
    if fragment & 0x1fff == 0 { readTransport(place + Int(first & 15) * 4, UInt8(proto), icmp: 1) }
  }

  private mutating func readIPv6(_ place: Int) {
    add("type", .string("ipv6"))
    guard let next = number(place + 6, 1), let hopLimit = number(place + 7, 1),
      let high = number(place + 8, 8),
      let low = number(place + 16, 8), let otherHigh = number(place + 24, 8),
      let otherLow = number(place + 32, 8)
    else { return }
    add("src", .string(Self.text(Address(high: high, low: low), .ipv6)))
    add("dst", .string(Self.text(Address(high: otherHigh, low: otherLow), .ipv6)))
    add("ttl", .number(hopLimit))
    // Extension headers (RFC 8200 §4) up to the transport header.
    var header = UInt8(next)
    var offset = place + 40
    while [0, 43, 44, 60].contains(header), let inner = number(offset, 1), let length = number(offset + 1, 1)
    {
      if header == 44 {
        guard let fragment = number(offset + 2, 2) else { break }
        add("fragment", .number(fragment & 0xfff8))
        if fragment & 0xfff8 != 0 { return add("proto", .number(inner)) }
      }
      offset += header == 44 ? 8 : Int(length) * 8 + 8
      header = UInt8(inner)
    }
    add("proto", .number(header))
    readTransport(offset, header, icmp: 58)
  }

  private mutating func readTransport(_ place: Int, _ proto: UInt8, icmp: UInt8) {
    switch proto {
    case icmp:
      guard let type = number(place, 1), let code = number(place + 1, 1) else { return }
      add("icmp_type", .number(type))
      add("icmp_code", .number(code))
    case 6, 17, 132, 136:
      guard let source = number(place, 2), let destination = number(place + 2, 2) else { return }
      add("sport", .number(source))
      add("dport", .number(destination))
      guard proto == 6, let flags = number(place + 13, 1) else { return }
      let names = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]
      add("flags", .array(names.indices.filter { flags >> UInt64($0) & 1 != 0 }.map { .string(names[$0]) }))
    default: break
    }
  }
}
