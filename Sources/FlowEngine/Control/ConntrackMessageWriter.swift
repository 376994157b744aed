// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

/// Writes conntrack entries as ctnetlink messages, attribute by attribute in the kernel's order.
///
/// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_fill_info, ctnetlink_conntrack_event.
struct ConntrackMessageWriter {
  private typealias Attribute = ConntrackAttribute
  var writer = NetlinkWriter()

  init() {}

  mutating func tuple(_ type: UInt16, _ tuple: Tuple, zone: UInt16?, generation: KernelGeneration) {
    let nest = writer.beginNest(type)
    let addresses = writer.beginNest(Attribute.Tuple.addresses)
    if tuple.family == .ipv4 {
      writer.attribute(Attribute.Address.ipv4Source, tuple.source.ipv4)
      writer.attribute(Attribute.Address.ipv4Destination, tuple.destination.ipv4)
    } else {
      writer.attribute(Attribute.Address.ipv6Source, bytes: Self.octets(tuple.source))
      writer.attribute(Attribute.Address.ipv6Destination, bytes: Self.octets(tuple.destination))
    }
    writer.endNest(addresses)
    let layer4 = writer.beginNest(Attribute.Tuple.layer4)
    writer.attribute(Attribute.Layer4.number, tuple.proto)
    switch tuple.proto {
    case IPProtocol.icmp where tuple.family == .ipv4:
      writer.attribute(Attribute.Layer4.icmpID, tuple.sourcePort)
      writer.attribute(Attribute.Layer4.icmpType, tuple.icmpType)
      writer.attribute(Attribute.Layer4.icmpCode, tuple.icmpCode)
    case IPProtocol.icmpv6 where tuple.family == .ipv6:
      writer.attribute(Attribute.Layer4.icmpv6ID, tuple.sourcePort)
      writer.attribute(Attribute.Layer4.icmpv6Type, tuple.icmpType)
      writer.attribute(Attribute.Layer4.icmpv6Code, tuple.icmpCode)
    default:
      if Self.hasPorts(tuple.proto, generation) {
        writer.attribute(Attribute.Layer4.sourcePort, tuple.sourcePort)
        writer.attribute(Attribute.Layer4.destinationPort, tuple.destinationPort)
      }
    }
    writer.endNest(layer4)
    if let zone { writer.attribute(Attribute.Tuple.zone, zone) }
    writer.endNest(nest)
  }

  /// Whether tuples of a protocol carry ports (or GRE keys).
  static func hasPorts(_ proto: UInt8, _ generation: KernelGeneration) -> Bool {
    switch proto {
    case IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp, IPProtocol.gre: true
    case IPProtocol.udplite: generation.tracksUDPLite
    default: false
    }
  }

  static func octets(_ address: Address) -> [UInt8] {
    (0..<16).map { index in
      let word = index < 8 ? address.high : address.low
      return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index & 7)))
    }
  }

  /// Both tuples and the zone.
  mutating func tuples(_ entry: ConntrackEntry, _ generation: KernelGeneration) {
    // A zone that counts for one direction only is shown inside that direction's tuple.
    func zone(_ bit: UInt8) -> UInt16? {
      entry.zone != 0 && entry.zoneDirections == bit ? entry.zone : nil
    }
    tuple(Attribute.originalTuple, entry.original, zone: zone(1), generation: generation)
    tuple(Attribute.replyTuple, entry.reply, zone: zone(2), generation: generation)
    if entry.zone != 0, entry.zoneDirections == 3 { writer.attribute(Attribute.zone, entry.zone) }
  }

  mutating func status(_ entry: ConntrackEntry) { writer.attribute(Attribute.status, entry.status.rawValue) }

  mutating func mark(_ entry: ConntrackEntry) { writer.attribute(Attribute.mark, entry.mark) }

  mutating func id(_ entry: ConntrackEntry) { writer.attribute(Attribute.id, entry.id) }

  mutating func use(_ count: UInt32) { writer.attribute(Attribute.use, count) }

  /// Seconds left.
  mutating func timeout(_ entry: ConntrackEntry, _ now: Instant) {
    writer.attribute(Attribute.timeout, UInt32(clamping: entry.remaining(now) / Instant.second))
  }

  /// - Parameters:
  ///   - entry: the entry.
  ///   - isBrief: only the state, as in DESTROY events.
  mutating func protocolInfo(_ entry: ConntrackEntry, isBrief: Bool = false) {
    switch entry.proto {
    case IPProtocol.tcp:
      let nest = writer.beginNest(Attribute.protocolInfo)
      let tcp = writer.beginNest(1)
      writer.attribute(1, entry.tcp.state.rawValue)
      if !isBrief {
        writer.attribute(2, entry.tcp[.original].scale)
        writer.attribute(3, entry.tcp[.reply].scale)
        writer.attribute(4, bytes: [entry.tcp[.original].flags.rawValue, 0])
        writer.attribute(5, bytes: [entry.tcp[.reply].flags.rawValue, 0])
      }
      writer.endNest(tcp)
      writer.endNest(nest)
    case IPProtocol.sctp:
      let nest = writer.beginNest(Attribute.protocolInfo)
      let sctp = writer.beginNest(3)
      writer.attribute(1, entry.sctpState)
      if !isBrief {
        writer.attribute(2, UInt32(truncatingIfNeeded: entry.auxiliary >> 32))
        writer.attribute(3, UInt32(truncatingIfNeeded: entry.auxiliary))
      }
      writer.endNest(sctp)
      writer.endNest(nest)
    default: break
    }
  }

  mutating func counters(_ packets: [2 of UInt64], _ bytes: [2 of UInt64]) {
    for (side, type) in [Attribute.originalCounters, Attribute.replyCounters].enumerated() {
      let nest = writer.beginNest(type)
      writer.attribute(1, packets[side])
      writer.attribute(2, bytes[side])
      writer.endNest(nest)
    }
  }

  /// Nanoseconds since 1970; `stop` 0 for an entry that lives.
  mutating func timestamps(start: UInt64, stop: UInt64) {
    let nest = writer.beginNest(Attribute.timestamp)
    writer.attribute(1, start)
    if stop != 0 { writer.attribute(2, stop) }
    writer.endNest(nest)
  }

  mutating func helper(_ name: UInt128) {
    let nest = writer.beginNest(Attribute.help)
    var octets: [UInt8] = []
    for index in 0..<16 {
      let octet = UInt8(truncatingIfNeeded: name >> UInt128(120 - 8 * index))
      if octet == 0 { break }
      octets.append(octet)
    }
    writer.attribute(1, bytes: octets + [0])
    writer.endNest(nest)
  }

  /// Of entries that clients made: their sequence offsets, which are never anything but 0 here.
  mutating func synproxy() {
    let nest = writer.beginNest(Attribute.synproxy)
    for type: UInt16 in 1...3 { writer.attribute(type, UInt32(0)) }
    writer.endNest(nest)
  }

  mutating func labels(_ labels: UInt128) {
    writer.attribute(
      Attribute.labels, bytes: (0..<16).map { UInt8(truncatingIfNeeded: labels >> UInt128(8 * $0)) })
  }
}

extension ConntrackExtensions {
  /// The extension that the kernel adds to every entry made over ctnetlink.
  static let synproxy = ConntrackExtensions(rawValue: 64)
}
