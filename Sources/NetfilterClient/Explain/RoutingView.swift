// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
package import NetlinkWire

/// The answer to "where do packets to this address go".
package struct RouteAnswer: Hashable, Sendable {
  /// `RTN_*`: 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit.
  package var type: UInt8
  /// Index of the device.
  package var device: UInt32
  /// The next hop; nil when the address itself is on the link.
  package var gateway: IPAddress?

  /// Whether the address is the router's own.
  package var isLocal: Bool { type == 2 }
}

/// A neighbour, or an entry of a bridge's forwarding database.
package struct Neighbour: Hashable, Sendable {
  package var device: UInt32
  /// The address; nil in a forwarding database.
  package var address: IPAddress?
  package var hardwareAddress: [UInt8]
  /// `NUD_*`.
  package var state: UInt16
  /// `NTF_*`.
  package var flags: UInt8
  /// Seconds since the entry last changed.
  package var secondsSinceUpdate: UInt32?
  /// Index of the bridge that the entry belongs to.
  package var bridge: UInt32?

  /// Whether packets can be sent to it as it is: PERMANENT, NOARP, REACHABLE, PROBE, STALE or DELAY.
  ///
  /// Source: include/net/neighbour.h, `NUD_VALID`.
  package var isValid: Bool { state & 0xde != 0 }

  /// The state's name as ip-neighbour(8) prints it.
  package var stateName: String {
    let names: [(UInt16, String)] = [
      (0x01, "INCOMPLETE"), (0x02, "REACHABLE"), (0x04, "STALE"), (0x08, "DELAY"), (0x10, "PROBE"),
      (0x20, "FAILED"),
      (0x40, "NOARP"), (0x80, "PERMANENT"),
    ]
    return names.first { state & $0.0 != 0 }?.1 ?? "NONE"
  }
}

/// Routes, neighbours and bridges of the current network namespace, asked when they are needed.
package final class RoutingView {
  private let session: NetlinkSession
  private var routes: [IPAddress: RouteAnswer?] = [:]
  private var tables: [UInt8: [Neighbour]] = [:]

  /// - Throws: ``NetlinkError``.
  package init() throws { session = NetlinkSession(try NetlinkEndpoint.open(.route)) }

  /// The route to an address; nil where there is none.
  package func route(to address: IPAddress) -> RouteAnswer? {
    if let known = routes[address] { return known }
    let found = lookUp(address)
    routes[address] = .some(found)
    return found
  }

  private func lookUp(_ address: IPAddress) -> RouteAnswer? {
    var request = RequestBuilder(
      route: address.family, prefixLength: UInt8(address.family.addressBits), sequence: session.nextSequence()
    )
    request.put(UInt16(RTA_DST.rawValue), bytes: address.octets)
    var answer: RouteAnswer?
    do {
      try session.transact("look up a route", request.bytes) { _, payload in
        guard payload.byteCount >= 12 else { return }
        var found = RouteAnswer(type: payload.uint8(at: 7), device: 0)
        var attributes = AttributeCursor(payload, from: 12)
        while try attributes.advance() {
          switch UInt32(attributes.type) {
          case RTA_OIF.rawValue: found.device = try attributes.host32()
          case RTA_GATEWAY.rawValue: found.gateway = IPAddress(attributes.payload)
          case RTA_VIA.rawValue where attributes.payloadLength > 2:
            found.gateway = IPAddress(attributes.payload.slice(2, attributes.payloadLength - 2))
          default: break
          }
        }
        answer = found
      }
    } catch {
      return nil
    }
    return answer
  }

  /// The neighbour with this address on a device.
  package func neighbour(_ address: IPAddress, on device: UInt32) -> Neighbour? {
    neighbours(address.family.rawValue).first { $0.device == device && $0.address == address }
  }

  /// The entry for a hardware address in a bridge's forwarding database.
  package func forwardingEntry(_ hardwareAddress: [UInt8], of bridge: UInt32) -> Neighbour? {
    let entries = neighbours(7).filter { $0.hardwareAddress == hardwareAddress && $0.bridge == bridge }
    return entries.first { $0.device != bridge } ?? entries.first
  }

  private func neighbours(_ family: UInt8) -> [Neighbour] {
    if let known = tables[family] { return known }
    var header = [UInt8](repeating: 0, count: 12)
    header[0] = family
    let request = RequestBuilder(
      type: UInt16(RTM_GETNEIGH), flags: .dump, sequence: session.nextSequence(), header: header)
    var result: [Neighbour] = []
    _ = try? session.dump("list neighbours", request.bytes) { _, payload in
      guard payload.byteCount >= 12 else { return true }
      var entry = Neighbour(
        device: payload.host32(at: 4), hardwareAddress: [], state: payload.host16(at: 8),
        flags: payload.uint8(at: 10))
      var attributes = AttributeCursor(payload, from: 12)
      while try attributes.advance() {
        switch Int(attributes.type) {
        case NDA_DST: entry.address = IPAddress(attributes.payload)
        case NDA_LLADDR: entry.hardwareAddress = attributes.payload.copied
        case NDA_MASTER: entry.bridge = try attributes.host32()
        case NDA_CACHEINFO where attributes.payloadLength >= 16:
          // confirmed, used, updated, references; in hundredths of a second.
          entry.secondsSinceUpdate = attributes.payload.host32(at: 8) / 100
        default: break
        }
      }
      result.append(entry)
      return true
    }
    tables[family] = result
    return result
  }
}

/// A policy of IPsec that has packets transformed.
package struct IPsecPolicy: Hashable, Sendable {
  /// 0 in, 1 out, 2 forward.
  package var direction: UInt8
  package var source: ClosedRange<IPAddress>
  package var destination: ClosedRange<IPAddress>
  /// 0 for any.
  package var layer4: UInt8

  /// Whether packets between these addresses are meant.
  package func matches(_ source: IPAddress, _ destination: IPAddress, layer4: UInt8) -> Bool {
    self.source.contains(source) && self.destination.contains(destination)
      && (self.layer4 == 0 || self.layer4 == layer4)
  }

  /// All policies with templates; none where the kernel has no IPsec.
  package static func all() -> [IPsecPolicy] {
    guard let socket = try? NetlinkEndpoint.open(.xfrm) else { return [] }
    let session = NetlinkSession(socket)
    let request = RequestBuilder(
      type: UInt16(XFRM_MSG_GETPOLICY), flags: .dump, sequence: session.nextSequence(),
      header: [UInt8](repeating: 0, count: 64))
    var result: [IPsecPolicy] = []
    _ = try? session.dump("list IPsec policies", request.bytes) { _, payload in
      guard payload.byteCount >= 168 else { return true }
      let family = AddressFamily(rawValue: UInt8(truncatingIfNeeded: payload.host16(at: 40)))
      let length = family == .ipv6 ? 16 : 4
      guard let destination = IPAddress(payload.slice(0, length)),
        let source = IPAddress(payload.slice(16, length))
      else { return true }
      var hasTemplate = false
      var attributes = AttributeCursor(payload, from: 168)
      while try attributes.advance() {
        if UInt32(attributes.type) == XFRMA_TMPL.rawValue, attributes.payloadLength > 0 { hasTemplate = true }
      }
      guard hasTemplate, payload.uint8(at: 161) == 0 else { return true }
      result.append(
        IPsecPolicy(
          direction: payload.uint8(at: 160), source: source.network(Int(payload.uint8(at: 43))),
          destination: destination.network(Int(payload.uint8(at: 42))), layer4: payload.uint8(at: 44)))
      return true
    }
    return result
  }
}
