// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// rtnetlink, to be read only: devices, addresses, routes, routing rules and neighbours, for clients that ask for names, and for those
// that say which way a flow goes. Numbers are in host byte order, addresses in network order.
// Source (Linux 7.2): net/core/rtnetlink.c, net/core/neighbour.c, net/core/fib_rules.c, net/ipv4/route.c, net/bridge/br_fdb.c.
extension Router {
  private enum Message {
    static let newLink: UInt16 = 16
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let getAddress: UInt16 = 22
    static let newRoute: UInt16 = 24
    static let getRoute: UInt16 = 26
    static let newNeighbour: UInt16 = 28
    static let getNeighbour: UInt16 = 30
    static let newRule: UInt16 = 32
    static let getRule: UInt16 = 34
  }

  private enum Family {
    static let unspecified: UInt8 = 0
    static let ipv4: UInt8 = 2
    static let bridge: UInt8 = 7
    static let ipv6: UInt8 = 10
  }

  /// Executes one datagram of a client of `NETLINK_ROUTE`.
  ///
  /// - Parameters:
  ///   - datagram: as received; anything at all.
  ///   - client: who sent it.
  /// - Returns: what goes back to the client.
  package func controlRoutes(_ datagram: RawSpan, from client: ControlClient) -> ControlOutput {
    var output = ControlOutput()
    output.replies = ReplyWriter.answers(to: datagram, from: client) {
      header, payload, writer throws(ControlError) in
      try answer(header, payload, isDump: header.flags.contains(.dump), &writer)
    }
    return output
  }

  private func answer(
    _ request: NetlinkHeader, _ payload: RawSpan, isDump: Bool, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    let family = payload.byteCount > 0 ? payload.uint8(at: 0) : Family.unspecified
    func send(_ type: UInt16, _ content: (inout NetlinkWriter) -> Void) {
      var message = NetlinkWriter()
      let mark = message.beginMessage(
        NetlinkHeader(
          type: type, flags: isDump ? .multipart : [], sequence: request.sequence,
          portID: writer.client.portID))
      content(&message)
      message.endMessage(mark)
      writer.append(message.bytes)
    }
    switch request.type {
    case Message.getLink where isDump:
      for device in devices { if let device { send(Message.newLink) { write(device, to: &$0) } } }
    case Message.getLink:
      let device = try wantedDevice(payload)
      send(Message.newLink) { write(device, to: &$0) }
    case Message.getAddress where isDump:
      for device in devices {
        for address in device?.addresses ?? []
        where family == Family.unspecified || family == number(address.family) {
          guard let device else { continue }
          send(Message.newAddress) { write(address, of: device, to: &$0) }
        }
      }
    case Message.getRoute where isDump:
      for ipFamily in [IPFamily.ipv4, .ipv6]
      where family == Family.unspecified || family == number(ipFamily) {
        for entry in ipFamily == .ipv4 ? routes4.entries : routes6.entries {
          send(Message.newRoute) { write(entry, ipFamily, to: &$0) }
        }
      }
    case Message.getRoute:
      let wanted = try wantedRoute(payload)
      let found = try route(wanted)
      send(Message.newRoute) { write(found, wanted, to: &$0) }
    case Message.getRule where isDump:
      for ipFamily in [IPFamily.ipv4, .ipv6]
      where family == Family.unspecified || family == number(ipFamily) {
        for rule in (ipFamily == .ipv4 ? rules4 : rules6).all {
          send(Message.newRule) { write(rule, ipFamily, to: &$0) }
        }
      }
    case Message.getNeighbour where isDump && family == Family.bridge:
      for (index, bridge) in bridges.sorted(by: { $0.key < $1.key }) {
        for (key, station) in bridge.stations.sorted(by: { $0.key.mac.bits < $1.key.mac.bits }) {
          send(Message.newNeighbour) { write(key, station, bridge: index, to: &$0) }
        }
      }
    case Message.getNeighbour where isDump:
      let found = neighbours.entries.sorted {
        ($0.key.device, $0.key.address.high, $0.key.address.low)
          < ($1.key.device, $1.key.address.high, $1.key.address.low)
      }
      for (key, neighbour) in found where family == Family.unspecified || family == number(key.family) {
        send(Message.newNeighbour) { write(key, neighbour, to: &$0) }
      }
    default: throw ControlError(ErrorNumber.notSupported)
    }
  }

  private func number(_ family: IPFamily) -> UInt8 { family == .ipv4 ? Family.ipv4 : Family.ipv6 }

  private func octets(_ mac: MACAddress) -> [UInt8] {
    (0..<6).map { UInt8(truncatingIfNeeded: mac.bits >> UInt64(40 - 8 * $0)) }
  }

  private func octets(_ address: Address, _ family: IPFamily) -> [UInt8] {
    let words = family == .ipv4 ? [UInt64(address.low) << 32] : [address.high, address.low]
    let all = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    return Array(all.prefix(family.addressLength))
  }

  // MARK: Requests

  /// The device that a request names by index or by name.
  private func wantedDevice(_ payload: RawSpan) throws(ControlError) -> Device {
    guard payload.byteCount >= 16 else { throw ControlError(ErrorNumber.invalid) }
    let index = payload.host32(at: 4)
    if index != 0 {
      guard let device = device(index) else { throw ControlError(ErrorNumber.noDevice) }
      return device
    }
    var attributes = AttributeCursor(payload, from: 16)
    while let more = try? attributes.advance(), more {
      guard attributes.type == LinkAttribute.name else { continue }
      guard let device = device(named: attributes.payload.text) else {
        throw ControlError(ErrorNumber.noDevice)
      }
      return device
    }
    throw ControlError(ErrorNumber.invalid)
  }

  /// A request for one route.
  private struct WantedRoute {
    var family: IPFamily
    var key = RouteKey(to: .unspecified)
    /// Whether it is for packets that come in, not for the router's own.
    var isInput = false
    /// Whether the answer is to name the route's table (RTM_F_LOOKUP_TABLE), in place of the main one.
    var namesTable = false
  }

  /// Source: net/ipv4/route.c, inet_rtm_valid_getroute_req and inet_rtm_getroute; net/ipv6/route.c, inet6_rtm_getroute.
  private func wantedRoute(_ payload: RawSpan) throws(ControlError) -> WantedRoute {
    guard payload.byteCount >= 12 else { throw ControlError(ErrorNumber.invalid) }
    var wanted: WantedRoute
    switch payload.uint8(at: 0) {
    case Family.ipv4: wanted = WantedRoute(family: .ipv4)
    case Family.ipv6: wanted = WantedRoute(family: .ipv6)
    default: throw ControlError(ErrorNumber.notSupported)
    }
    wanted.namesTable = payload.host32(at: 8) & 0x1000 != 0
    var attributes = AttributeCursor(payload, from: 12)
    while let more = try? attributes.advance(), more {
      let content = attributes.payload
      switch attributes.type {
      case RouteAttribute.destination where content.byteCount == wanted.family.addressLength:
        wanted.key.destination = address(content)
      case RouteAttribute.source where content.byteCount == wanted.family.addressLength:
        wanted.key.source = address(content)
      case RouteAttribute.input where content.byteCount == 4 && content.host32(at: 0) != 0:
        wanted.key.input = content.host32(at: 0)
        wanted.isInput = true
      case RouteAttribute.device where content.byteCount == 4: wanted.key.output = content.host32(at: 0)
      case RouteAttribute.mark where content.byteCount == 4: wanted.key.mark = content.host32(at: 0)
      default: break
      }
    }
    guard !wanted.isInput || device(wanted.key.input) != nil else { throw ControlError(ErrorNumber.noDevice) }
    // Where packets that come in have to leave is not for the asker to say.
    if wanted.isInput { wanted.key.output = 0 }
    return wanted
  }

  /// An address of either family, as many octets as that has.
  private func address(_ content: RawSpan) -> Address {
    content.byteCount == 4
      ? Address(ipv4: content.bigEndian32(at: 0))
      : Address(high: content.bigEndian64(at: 0), low: content.bigEndian64(at: 8))
  }

  /// The route that packets like these take.
  ///
  /// Source: net/ipv4/route.c, ip_route_input_slow and ip_route_output_key_hash_rcu; net/ipv6/route.c,
  /// ip6_route_output_flags_noref.
  private func route(_ wanted: WantedRoute) throws(ControlError) -> RouteEntry {
    let key = wanted.key
    if wanted.family == .ipv4 { try checkEnds(wanted) }
    var entry: RouteEntry?
    var refusal: RouteType?
    switch decision(wanted.family, key) {
    case .route(_, let found): entry = found
    case .rule(let type): refusal = type
    case nil: break
    }
    let isRefused = (refusal ?? entry?.type)?.isRefusal ?? true
    if key.output != 0 {
      // IPv4 takes the address for one of the link. Without a source IPv6 has no other device's routes.
      if wanted.family == .ipv4, isRefused {
        return RouteEntry(key.destination, 32, .unicast, device: key.output)
      }
      if wanted.family == .ipv6, key.source.isUnspecified, let found = entry, found.type == .unicast,
        found.device != key.output
      {
        entry = nil
      }
    }
    switch refusal ?? entry?.type {
    case .unreachable: throw ControlError(ErrorNumber.hostUnreachable)
    case .prohibit: throw ControlError(ErrorNumber.accessDenied)
    case .blackhole: throw ControlError(ErrorNumber.invalid)
    case .unicast, .local, .broadcast, .multicast, nil: break
    }
    guard let entry else { throw ControlError(ErrorNumber.unreachable) }
    if wanted.isInput, wanted.family == .ipv4, entry.type == .unicast, !sysctls.forwards4 {
      throw ControlError(ErrorNumber.hostUnreachable)
    }
    return entry
  }

  /// What IPv4 has to say of a packet's source and of the device that it is to leave by, before there is a route.
  private func checkEnds(_ wanted: WantedRoute) throws(ControlError) {
    let key = wanted.key
    if wanted.isInput {
      guard !key.source.isUnspecified else { throw ControlError(ErrorNumber.invalid) }
      return
    }
    guard key.source.isUnspecified || routes4.best(key.source)?.type == .local else {
      throw ControlError(ErrorNumber.unreachable)
    }
    guard key.output == 0 || device(key.output) != nil else { throw ControlError(ErrorNumber.noDevice) }
  }

  // MARK: Devices

  private enum LinkAttribute {
    static let address: UInt16 = 1
    static let name: UInt16 = 3
    static let mtu: UInt16 = 4
    static let link: UInt16 = 5
    static let master: UInt16 = 10
    static let operationalState: UInt16 = 16
    static let information: UInt16 = 18
    static let group: UInt16 = 27
    static let informationKind: UInt16 = 1
    static let informationData: UInt16 = 2
    static let vlanID: UInt16 = 1
    static let vlanProtocol: UInt16 = 5
  }

  /// `struct ifinfomsg` and attributes.
  private func write(_ device: Device, to message: inout NetlinkWriter) {
    // IFF_UP, IFF_RUNNING and IFF_LOWER_UP; IFF_LOOPBACK; IFF_BROADCAST and IFF_MULTICAST; IFF_POINTOPOINT and IFF_NOARP.
    var flags: UInt32 = device.isUp ? 0x1_0041 : 0
    switch device.kind {
    case .loopback: flags |= 0x8
    case .port, .vlan, .bridge: flags |= 0x1002
    case .pppoe, .tunnel: flags |= 0x90
    }
    message.raw([0, 0] + host(device.hardwareType) + host(device.index) + host(flags) + host(UInt32(0)))
    message.attribute(LinkAttribute.name, text: device.name)
    message.attribute(LinkAttribute.mtu, host: UInt32(clamping: device.mtu))
    message.attribute(LinkAttribute.operationalState, device.isUp ? UInt8(6) : 2)
    message.attribute(LinkAttribute.group, host: device.group)
    if device.isEthernet || device.kind == .loopback {
      message.attribute(LinkAttribute.address, bytes: octets(device.mac))
    }
    if device.master != 0 { message.attribute(LinkAttribute.master, host: device.master) }
    switch device.kind {
    case .loopback: break
    case .port: information("tun", to: &message) { _ in }
    case .bridge: information("bridge", to: &message) { _ in }
    case .tunnel(let ends): information(ends.family == .ipv4 ? "ipip" : "ip6tnl", to: &message) { _ in }
    case .vlan(let link):
      message.attribute(LinkAttribute.link, host: link.parent)
      information("vlan", to: &message) { message in
        message.attribute(LinkAttribute.vlanID, bytes: host(link.id))
        message.attribute(LinkAttribute.vlanProtocol, link.type)
      }
    case .pppoe(let session):
      // The kernel's own PPP devices do not tell what carries them; these do.
      if session.parent != 0 { message.attribute(LinkAttribute.link, host: session.parent) }
      information("ppp", to: &message) { _ in }
    }
  }

  private func information(
    _ kind: String, to message: inout NetlinkWriter, _ data: (inout NetlinkWriter) -> Void
  ) {
    let nest = message.beginNest(LinkAttribute.information)
    message.attribute(LinkAttribute.informationKind, text: kind)
    let inner = message.beginNest(LinkAttribute.informationData)
    data(&message)
    message.endNest(inner)
    message.endNest(nest)
  }

  private func host<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    let wire = value.bigEndian
    return (0..<(Number.bitWidth / 8)).map {
      UInt8(truncatingIfNeeded: wire >> Number(Number.bitWidth - 8 * ($0 + 1)))
    }
  }

  /// `struct ifaddrmsg` and attributes.
  private func write(_ address: DeviceAddress, of device: Device, to message: inout NetlinkWriter) {
    let isLoopback = device.kind == .loopback
    message.raw(
      [number(address.family), UInt8(address.prefixLength), 0x80, isLoopback ? 254 : 0] + host(device.index))
    message.attribute(1, bytes: octets(address.peer, address.family))
    if address.family == .ipv4 {
      message.attribute(2, bytes: octets(address.address, address.family))
      message.attribute(3, text: device.name)
    }
  }

  // MARK: Routes

  private enum RouteAttribute {
    static let destination: UInt16 = 1
    static let source: UInt16 = 2
    static let input: UInt16 = 3
    static let device: UInt16 = 4
    static let gateway: UInt16 = 5
    static let priority: UInt16 = 6
    static let preferredSource: UInt16 = 7
    static let table: UInt16 = 15
    static let mark: UInt16 = 16
    static let via: UInt16 = 18
  }

  /// A table's number where there is one octet for it (RT_TABLE_COMPAT for those that do not fit).
  private func octet(table: UInt32) -> UInt8 { UInt8(exactly: table) ?? 252 }

  /// `struct rtmsg`.
  private func routeHeader(
    _ route: RouteEntry, _ family: IPFamily, length: Int, sourceLength: Int = 0, table: UInt32
  ) -> [UInt8] {
    // RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_UNIVERSE.
    let scope: UInt8 = route.type == .local ? 254 : route.gateway == nil ? 253 : 0
    return [
      number(family), UInt8(length), UInt8(sourceLength), 0, octet(table: table), 3, scope,
      route.type.rawValue,
    ] + host(UInt32(0))
  }

  private func gateway(
    _ gateway: Address?, _ gatewayFamily: IPFamily, of family: IPFamily, to message: inout NetlinkWriter
  ) {
    guard let gateway else { return }
    if gatewayFamily == family {
      message.attribute(RouteAttribute.gateway, bytes: octets(gateway, family))
    } else {
      message.attribute(
        RouteAttribute.via, bytes: host(UInt16(number(gatewayFamily))) + octets(gateway, gatewayFamily))
    }
  }

  private func write(_ entry: RouteEntry, _ family: IPFamily, to message: inout NetlinkWriter) {
    message.raw(routeHeader(entry, family, length: entry.prefixLength, table: entry.table))
    message.attribute(RouteAttribute.table, host: entry.table)
    if entry.prefixLength > 0 {
      message.attribute(RouteAttribute.destination, bytes: octets(entry.prefix, family))
    }
    if entry.metric != 0 { message.attribute(RouteAttribute.priority, host: entry.metric) }
    if let source = entry.preferredSource {
      message.attribute(RouteAttribute.preferredSource, bytes: octets(source, family))
    }
    gateway(entry.gateway, entry.gatewayFamily, of: family, to: &message)
    if entry.device != 0 { message.attribute(RouteAttribute.device, host: entry.device) }
  }

  private func write(_ route: RouteEntry, _ wanted: WantedRoute, to message: inout NetlinkWriter) {
    let family = wanted.family
    let table = wanted.namesTable || family == .ipv6 ? route.table : RoutingTable.main
    let bits = family.addressLength * 8
    let source = wanted.key.source.isUnspecified ? nil : wanted.key.source
    message.raw(
      routeHeader(route, family, length: bits, sourceLength: source == nil ? 0 : bits, table: table))
    message.attribute(RouteAttribute.table, host: table)
    message.attribute(RouteAttribute.destination, bytes: octets(wanted.key.destination, family))
    if let source { message.attribute(RouteAttribute.source, bytes: octets(source, family)) }
    gateway(route.gateway, route.gatewayFamily, of: family, to: &message)
    message.attribute(RouteAttribute.device, host: route.device)
    if !wanted.isInput, let preferred = route.preferredSource, family == .ipv6 || preferred != source {
      message.attribute(RouteAttribute.preferredSource, bytes: octets(preferred, family))
    }
    if family == .ipv4, wanted.key.mark != 0 { message.attribute(RouteAttribute.mark, host: wanted.key.mark) }
    if wanted.isInput { message.attribute(RouteAttribute.input, host: wanted.key.input) }
  }

  // MARK: Rules

  private enum RuleAttribute {
    static let destination: UInt16 = 1
    static let source: UInt16 = 2
    static let input: UInt16 = 3
    static let priority: UInt16 = 6
    static let mark: UInt16 = 10
    static let suppressedLength: UInt16 = 14
    static let table: UInt16 = 15
    static let markMask: UInt16 = 16
    static let output: UInt16 = 17
    static let origin: UInt16 = 21
  }

  /// `struct fib_rule_hdr` and attributes.
  ///
  /// Source: net/core/fib_rules.c, fib_nl_fill_rule.
  private func write(_ rule: RoutingRule, _ family: IPFamily, to message: inout NetlinkWriter) {
    let table: UInt32 = if case .lookUp(let table) = rule.action { table } else { 0 }
    // FR_ACT_*: the numbers are those of routes' types but for the lookup.
    let action: UInt8 =
      switch rule.action {
      case .lookUp: 1
      case .blackhole: 6
      case .unreachable: 7
      case .prohibit: 8
      }
    func isDetached(_ name: String?) -> Bool { name.map { device(named: $0) == nil } ?? false }
    // FIB_RULE_INVERT, FIB_RULE_IIF_DETACHED, FIB_RULE_OIF_DETACHED.
    var flags: UInt32 = rule.isInverted ? 0x2 : 0
    if isDetached(rule.input) { flags |= 0x8 }
    if isDetached(rule.output) { flags |= 0x10 }
    message.raw(
      [
        number(family), UInt8(rule.destination.length), UInt8(rule.source.length), 0, octet(table: table), 0,
        0, action,
      ] + host(flags))
    message.attribute(RuleAttribute.table, host: table)
    message.attribute(RuleAttribute.suppressedLength, host: UInt32.max)
    // RTPROT_KERNEL, RTPROT_UNSPEC.
    message.attribute(RuleAttribute.origin, UInt8(rule.isDefault ? 2 : 0))
    if let input = rule.input { message.attribute(RuleAttribute.input, text: input) }
    if let output = rule.output { message.attribute(RuleAttribute.output, text: output) }
    if let priority = rule.priority, priority != 0 {
      message.attribute(RuleAttribute.priority, host: priority)
    }
    if rule.mark != 0 { message.attribute(RuleAttribute.mark, host: rule.mark) }
    if rule.mark | rule.markMask != 0 { message.attribute(RuleAttribute.markMask, host: rule.markMask) }
    if rule.destination.length > 0 {
      message.attribute(RuleAttribute.destination, bytes: octets(rule.destination.address, family))
    }
    if rule.source.length > 0 {
      message.attribute(RuleAttribute.source, bytes: octets(rule.source.address, family))
    }
  }

  // MARK: Neighbours

  private enum NeighbourAttribute {
    static let destination: UInt16 = 1
    static let linkAddress: UInt16 = 2
    static let cacheInformation: UInt16 = 3
    static let vlan: UInt16 = 5
    static let master: UInt16 = 9
  }

  /// NUD_*.
  private func number(_ state: NeighbourState) -> UInt16 {
    switch state {
    case .none: 0
    case .incomplete: 0x01
    case .reachable: 0x02
    case .stale: 0x04
    case .delay: 0x08
    case .probe: 0x10
    case .failed: 0x20
    case .noARP: 0x40
    case .permanent: 0x80
    }
  }

  /// `struct nda_cacheinfo`: confirmed, used, updated, in hundredths of a second ago; references.
  private func cacheInformation(confirmed: Instant, updated: Instant, to message: inout NetlinkWriter) {
    func ago(_ instant: Instant) -> [UInt8] { host(UInt32(clamping: now.since(instant) / 10_000_000)) }
    message.attribute(
      NeighbourAttribute.cacheInformation,
      bytes: ago(confirmed) + ago(updated) + ago(updated) + host(UInt32(0)))
  }

  /// `struct ndmsg` and attributes.
  private func write(_ key: NeighbourKey, _ neighbour: Neighbour, to message: inout NetlinkWriter) {
    message.raw(
      [number(key.family), 0, 0, 0] + host(key.device) + host(number(neighbour.state)) + [0, 1])
    message.attribute(NeighbourAttribute.destination, bytes: octets(key.address, key.family))
    if neighbour.state.isValid {
      message.attribute(NeighbourAttribute.linkAddress, bytes: octets(neighbour.mac))
    }
    cacheInformation(confirmed: neighbour.confirmed, updated: neighbour.updated, to: &message)
  }

  /// An entry of a bridge's forwarding database. The bridge's own index stands for its local port.
  private func write(
    _ key: StationKey, _ station: Station, bridge: UInt32, to message: inout NetlinkWriter
  ) {
    // NTF_MASTER; NUD_PERMANENT, NUD_NOARP for static entries, NUD_REACHABLE for those that were learned.
    let state: UInt16 = station.port == bridge ? 0x80 : station.isStatic ? 0x40 : 0x02
    message.raw(
      [Family.bridge, 0, 0, 0] + host(station.port) + host(state) + [station.port == bridge ? 0 : 2, 0])
    message.attribute(NeighbourAttribute.linkAddress, bytes: octets(key.mac))
    message.attribute(NeighbourAttribute.master, host: bridge)
    if key.vlan != 0 { message.attribute(NeighbourAttribute.vlan, bytes: host(key.vlan)) }
    cacheInformation(confirmed: station.updated, updated: station.updated, to: &message)
  }
}
