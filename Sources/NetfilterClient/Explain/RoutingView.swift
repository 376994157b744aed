// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
package import NetlinkWire

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
  /// Routes that are kept at most.
  private static let cacheLimit = 1 << 16

  /// What routing rules look at beside a packet's destination.
  private struct RuleFields {
    /// Whether it is the source, a device or the mark.
    var areAny = false
    var haveMark = false
  }

  private let session: NetlinkSession
  private var routes: [RouteQuestion: FlowRoute] = [:]
  private var rules: [AddressFamily: RuleFields] = [:]
  private var tables: [UInt8: [Neighbour]] = [:]

  /// - Throws: ``NetlinkError``.
  package init() throws { session = NetlinkSession(try NetlinkEndpoint.open(.route)) }

  /// The routes that an entry's flow is made with.
  package func routes(of entry: borrowing ConntrackEntry) -> FlowRoutes {
    routes(from: entry.original.source, to: entry.reply.source, mark: entry.mark ?? 0)
  }

  /// The routes that a flow is made with, by addresses before source translation and the connection's mark.
  ///
  /// Nothing tells on which device the client's packets come in: it is taken for the one that leads to the client,
  /// rules aside. Nor is their own mark known, for which the connection's stands. Towards the server they are routed
  /// as they come in; towards the client the flow takes a route through their input device.
  ///
  /// Source: net/netfilter/nft_flow_offload.c, since 6.19 net/netfilter/nf_flow_table_path.c, `nft_flow_route`;
  /// net/ipv4/route.c, `inet_rtm_getroute`, which takes a source that is not the router's for packets that come in alone.
  package func routes(
    from client: IPAddress, to server: IPAddress, mark connectionMark: UInt32
  ) -> FlowRoutes {
    let plain = route(RouteQuestion(to: client))
    let rules = ruleFields(client.family)
    guard rules.areAny else { return FlowRoutes(client: plain, server: route(RouteQuestion(to: server))) }
    let mark = rules.haveMark ? connectionMark : 0
    guard plain.answer.map({ !$0.isLocal }) ?? true else {
      return FlowRoutes(client: plain, server: route(RouteQuestion(to: server, mark: mark)))
    }
    func forward(on input: UInt32) -> FlowRoute {
      route(RouteQuestion(to: server, from: client, input: input, mark: mark))
    }
    var there =
      plain.answer.map { forward(on: $0.device) } ?? route(RouteQuestion(to: server, mark: mark))
    guard let way = there.answer, !way.isLocal else { return FlowRoutes(client: plain, server: there) }
    var replies = route(RouteQuestion(to: client, from: server, input: way.device, mark: mark))
    if replies.answer == nil, mark != 0 {
      let unmarked = route(RouteQuestion(to: client, from: server, input: way.device))
      if unmarked.answer != nil { replies = unmarked }
    }
    guard let input = (plain.answer ?? replies.answer)?.device else {
      return FlowRoutes(client: plain, server: there, replies: replies)
    }
    if plain.answer == nil { there = forward(on: input) }
    let source = client.family == .ipv6 ? server : nil
    let back = route(RouteQuestion(to: client, from: source, output: input, mark: mark))
    return FlowRoutes(client: back, server: there, replies: replies)
  }

  /// The route of packets like this, or why they have none.
  private func route(_ question: RouteQuestion) -> FlowRoute {
    if let known = routes[question] { return known }
    if routes.count >= Self.cacheLimit { routes.removeAll(keepingCapacity: true) }
    var found = FlowRoute(question: question)
    do { found.answer = try lookUp(question) } catch { found.error = (error as? NetlinkError)?.number }
    found.isReversed = isReversed(found)
    routes[question] = found
    return found
  }

  /// Source: net/ipv4/fib_frontend.c, `__fib_validate_source`; since 6.13 the answer does not tell it from other refusals.
  private func isReversed(_ route: FlowRoute) -> Bool {
    guard route.error == .invalid, route.question.input != 0, let source = route.question.source,
      source.family == .ipv4
    else { return route.error == .crossDevice }
    return self.route(RouteQuestion(to: source)).answer.map { $0.device != route.question.input } ?? true
  }

  private func lookUp(_ question: RouteQuestion) throws -> RouteAnswer? {
    let family = question.destination.family
    let length = UInt8(family.addressBits)
    var request = RequestBuilder(
      route: family, prefixLength: length, sourceLength: question.source == nil ? 0 : length,
      sequence: session.nextSequence())
    request.put(UInt16(RTA_DST.rawValue), bytes: question.destination.octets)
    if let source = question.source { request.put(UInt16(RTA_SRC.rawValue), bytes: source.octets) }
    for (type, number) in [(RTA_IIF, question.input), (RTA_OIF, question.output), (RTA_MARK, question.mark)]
    where number != 0 {
      request.put(UInt16(type.rawValue), host: number)
    }
    var answer: RouteAnswer?
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
    return answer
  }

  /// What the rules of a family look at; nothing where the kernel has no routing rules.
  private func ruleFields(_ family: AddressFamily) -> RuleFields {
    if let known = rules[family] { return known }
    // struct fib_rule_hdr.
    var header = [UInt8](repeating: 0, count: 12)
    header[0] = family.rawValue
    let request = RequestBuilder(
      type: UInt16(RTM_GETRULE), flags: .dump, sequence: session.nextSequence(), header: header)
    var result = RuleFields()
    _ = try? session.dump("list routing rules", request.bytes) { _, payload in
      guard payload.byteCount >= 12 else { return true }
      // Bits of the source.
      if payload.uint8(at: 2) > 0 { result.areAny = true }
      var attributes = AttributeCursor(payload, from: 12)
      while try attributes.advance() {
        switch Int(attributes.type) {
        case FRA_FWMARK, FRA_FWMASK:
          result.areAny = true
          result.haveMark = true
        case FRA_IIFNAME, FRA_OIFNAME, FRA_L3MDEV: result.areAny = true
        default: break
        }
      }
      return true
    }
    rules[family] = result
    return result
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
