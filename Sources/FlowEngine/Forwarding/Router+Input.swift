// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// An IPv4 packet came in: its header is checked, padding is cut off, then the prerouting hook.
  ///
  /// Source: net/ipv4/ip_input.c, ip_rcv_core.
  func receiveIPv4(_ packet: inout Packet) {
    packet.family = .ipv4
    switch checkIPv4(&packet) {
    case .failure(let problem): return statistics.count(problem.reason)
    case .success(let total): packet.cut(to: total)
    }
    parseIPv4(&packet)
    prerouting(&packet)
  }

  /// Why a header was refused.
  struct HeaderProblem: Error {
    var reason: Reason
    init(_ reason: Reason) { self.reason = reason }
  }

  /// The total length that a sound IPv4 header says.
  @inline(__always)
  private func checkIPv4(_ packet: inout Packet) -> Result<Int, HeaderProblem> {
    guard packet.type != .otherHost else { return .failure(HeaderProblem(.otherHost)) }
    let bytes = packet.networkBytes
    guard bytes.byteCount >= IPv4View.minimumLength else { return .failure(HeaderProblem(.truncated)) }
    let headerLength = Int(bytes.u8(0) & 0x0f) * 4
    guard bytes.u8(0) >> 4 == 4, headerLength >= IPv4View.minimumLength, headerLength <= bytes.byteCount
    else {
      return .failure(HeaderProblem(.headerError))
    }
    guard Checksum.isValid(bytes.extracting(0..<headerLength)) else {
      return .failure(HeaderProblem(.checksumError))
    }
    let total = Int(bytes.be16(2))
    guard total <= bytes.byteCount, total >= headerLength else { return .failure(HeaderProblem(.truncated)) }
    return .success(total)
  }

  /// Fills in what the stages need to know of an IPv4 packet whose header is sound.
  @inline(__always)
  func parseIPv4(_ packet: inout Packet) {
    let start = packet.network
    let headerLength = Int(packet.bytes[start] & 0x0f) * 4
    packet.family = .ipv4
    packet.proto = packet.bytes[start + 9]
    packet.transport = start + headerLength
    packet.fragmentOffset = Int(packet.bytes.be16(start + 6) & 0x1fff) * 8
    packet.hasOptions = headerLength > IPv4View.minimumLength
  }

  /// An IPv6 packet came in.
  ///
  /// Source: net/ipv6/ip6_input.c, ip6_rcv_core.
  func receiveIPv6(_ packet: inout Packet) {
    // Source: net/ipv6/addrconf.c, ipv6_add_dev: a device that is too small does not take part.
    guard let link = links[packet.input], link.mtu >= IPv6View.leastMTU else {
      return statistics.count(.unknownType)
    }
    packet.family = .ipv6
    switch checkIPv6(&packet) {
    case .failure(let problem): return statistics.count(problem.reason)
    case .success(let total): packet.cut(to: total)
    }
    parseIPv6(&packet)
    prerouting(&packet)
  }

  /// The length that a sound IPv6 header says.
  private func checkIPv6(_ packet: inout Packet) -> Result<Int, HeaderProblem> {
    guard packet.type != .otherHost else { return .failure(HeaderProblem(.otherHost)) }
    let bytes = packet.networkBytes
    guard bytes.byteCount >= IPv6View.headerLength else { return .failure(HeaderProblem(.truncated)) }
    guard bytes.u8(0) >> 4 == 6 else { return .failure(HeaderProblem(.headerError)) }
    let isLoopback = links[packet.input]?.isLoopback == true
    let source = packet.source
    let destination = packet.destination
    let loopback = Address(high: 0, low: 1)
    guard isLoopback || (source != loopback && destination != loopback), !source.isMulticast(.ipv6),
      packet.type == .host || destination.isMulticast(.ipv6)
    else { return .failure(HeaderProblem(.martian)) }
    let payload = Int(bytes.be16(4))
    // A payload length of zero before a hop-by-hop header is a jumbogram's: the frame's length counts.
    if payload == 0, bytes.u8(6) == IPProtocol.hopByHop { return .success(bytes.byteCount) }
    let total = IPv6View.headerLength + payload
    return total <= bytes.byteCount ? .success(total) : .failure(HeaderProblem(.truncated))
  }

  /// Fills in what the stages need to know of an IPv6 packet.
  func parseIPv6(_ packet: inout Packet) {
    packet.family = .ipv6
    let found = IPv6Transport.find(
      packet.networkBytes, offset: IPv6View.headerLength, nextHeader: packet.bytes[packet.network + 6],
      end: packet.length)
    packet.proto = found.proto
    // "No next header" ends the chain without a transport header.
    let hasTransport = found.isComplete && found.proto != IPProtocol.none
    packet.transport = hasTransport ? packet.network + found.offset : -1
    packet.fragmentOffset = found.fragmentOffset
  }

  /// The prerouting hook, then the routing decision and where it leads.
  ///
  /// Source: include/uapi/linux/netfilter_ipv4.h, enum nf_ip_hook_priorities.
  func prerouting(_ packet: inout Packet) {
    noteFlow(&packet)
    note(.hook(.prerouting))
    guard runRules(.prerouting, below: -400, &packet) else { return }
    if tracks(packet.family), packet.tracking == .none {
      guard reassemble(&packet) else { return }
    }
    guard runRules(.prerouting, from: -400, below: -200, &packet) else { return }
    guard track(&packet, isOutput: false) else { return }
    guard runRules(.prerouting, from: -200, below: -100, &packet) else { return }
    guard translate(.prerouting, .destination, &packet) else { return }
    guard runRules(.prerouting, from: -100, &packet) else { return }
    routeInput(&packet)
  }

  /// Source: net/ipv4/route.c, ip_route_input_slow; net/ipv6/route.c, ip6_route_input.
  @inline(__always)
  private func routeInput(_ packet: inout Packet) {
    if packet.family == .ipv4 { routeInputIPv4(&packet) } else { routeInputIPv6(&packet) }
  }

  private func routeInputIPv4(_ packet: inout Packet) {
    let source = packet.source
    let destination = packet.destination
    if packet.hasOptions, !readOptions(&packet) { return statistics.count(.optionError) }
    if destination.isMulticast(.ipv4) {
      // Every host is a member of the group of all hosts, and the router of no other.
      return destination.ipv4 == 0xe000_0001 ? deliver(&packet) : statistics.count(.noListener)
    }
    guard !source.isMulticast(.ipv4), source.ipv4 != 0xffff_ffff, source.ipv4 >> 24 != 127,
      destination.ipv4 >> 24 != 127, destination.ipv4 != 0
    else { return statistics.count(.martian) }
    if destination.ipv4 == 0xffff_ffff { return deliver(&packet) }
    guard !source.isUnspecified else { return statistics.count(.martian) }
    guard !rules4.decide else { return followRules(&packet) }
    followIPv4(&packet, from: source, routes4.lookup(destination))
  }

  /// Has a packet that came in go where the rules lead.
  @inline(never)
  private func followRules(_ packet: inout Packet) {
    let route = inputRouteByRules(&packet)
    if packet.family == .ipv4 {
      followIPv4(&packet, from: packet.source, route)
    } else {
      followIPv6(&packet, route)
    }
  }

  /// Has an IPv4 packet that came in go where its route leads.
  @inline(__always)
  private func followIPv4(_ packet: inout Packet, from source: Address, _ route: Route?) {
    guard let route else {
      guard !isLocal(source, .ipv4) else { return statistics.count(.martian) }
      note(.route(nil))
      return sendUnroutable(packet, code: 0)
    }
    guard !isLocal(source, .ipv4) else { return statistics.count(.martian) }
    packet.route = route
    note(.route(route))
    switch route.type {
    case .local, .broadcast: deliver(&packet)
    case .unicast: forward(&packet)
    case .unreachable: sendUnroutable(packet, code: 1)
    case .prohibit: sendUnroutable(packet, code: 13)
    case .blackhole, .multicast: statistics.count(.noRoute)
    }
  }

  private func routeInputIPv6(_ packet: inout Packet) {
    let destination = packet.destination
    if destination.isMulticast(.ipv6) { return deliver(&packet) }
    if destination.isIPv6LinkLocal {
      let linkLocal = device(packet.input)?.addresses.filter {
        $0.family == .ipv6 && $0.address.isIPv6LinkLocal
      }
      guard let linkLocal, !linkLocal.isEmpty else { return followIPv6(&packet, nil) }
      return linkLocal.contains { $0.address == destination }
        ? deliver(&packet) : statistics.count(.noRoute)
    }
    guard !rules6.decide else { return followRules(&packet) }
    followIPv6(&packet, routes6.lookup(destination))
  }

  /// Has an IPv6 packet that came in go where its route leads.
  @inline(__always)
  private func followIPv6(_ packet: inout Packet, _ route: Route?) {
    guard let route else {
      note(.route(nil))
      statistics.count(.noRoute)
      return sendUnreachable(packet, code: 0)
    }
    packet.route = route
    note(.route(route))
    switch route.type {
    case .local: deliver(&packet)
    case .unicast: forward(&packet)
    case .unreachable, .prohibit:
      statistics.count(.noRoute)
      sendUnreachable(packet, code: route.type == .prohibit ? 1 : 0)
    case .blackhole, .broadcast, .multicast: statistics.count(.noRoute)
    }
  }
}
