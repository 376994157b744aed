// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What happens to packets that follow a route (RTN_*).
package enum RouteType: UInt8, Sendable, BitwiseCopyable {
  case unicast = 1
  case local = 2
  case broadcast = 3
  case multicast = 5
  case blackhole = 6
  case unreachable = 7
  case prohibit = 8

  /// Whether packets go nowhere.
  var isRefusal: Bool { self == .blackhole || self == .unreachable || self == .prohibit }
}

/// A route as the administrator or an address made it.
package struct RouteEntry: Equatable, Sendable {
  package var prefix: Address
  package var prefixLength: Int
  package var type: RouteType
  package var device: UInt32
  /// Next hop, or nil when destinations are on the link.
  package var gateway: Address?
  package var gatewayFamily: IPFamily
  package var metric: UInt32
  /// MTU of the route, 0 for the device's.
  package var mtu: Int
  package var preferredSource: Address?
  /// Number of the table that the route is in.
  package var table: UInt32

  /// Without a table, routes to the router itself are in the local one and others in the main one.
  package init(
    _ prefix: Address, _ prefixLength: Int, _ type: RouteType, device: UInt32, gateway: Address? = nil,
    gatewayFamily: IPFamily = .ipv4, metric: UInt32 = 0, mtu: Int = 0, preferredSource: Address? = nil,
    table: UInt32? = nil
  ) {
    self.prefix = prefix
    self.prefixLength = prefixLength
    self.type = type
    self.device = device
    self.gateway = gateway
    self.gatewayFamily = gatewayFamily
    self.metric = metric
    self.mtu = mtu
    self.preferredSource = preferredSource
    self.table = table ?? (type == .local || type == .broadcast ? RoutingTable.local : RoutingTable.main)
  }
}

/// A routing decision (dst): where a packet goes next, and by what it can be told that the decision is stale.
package struct Route: Equatable, Sendable, BitwiseCopyable {
  package var type: RouteType
  package var device: UInt32
  package var gateway: Address?
  package var gatewayFamily: IPFamily
  /// MTU of the route, 0 for the device's.
  package var mtu: UInt32
  /// MTU that the path to the destination is known to have, 0 for none.
  package var pathMTU: UInt16 = 0
  /// Whether that counts for what is forwarded over IPv4, too.
  package var isPathMTULocked = false
  package var preferredSource: Address?
  /// What the decision depends on.
  package var validity: RouteValidity

  /// What the route says of packets that are forwarded, 0 for nothing.
  ///
  /// Source: include/net/ip.h, ip_dst_mtu_maybe_forward; include/net/ip6_route.h, ip6_dst_mtu_maybe_forward.
  @inline(__always)
  var forwardingMTU: Int { isPathMTULocked ? Int(pathMTU) : Int(mtu) }

  /// What the route says of the router's own packets, 0 for nothing.
  ///
  /// Source: net/ipv4/route.c, ipv4_mtu; net/ipv6/route.c, ip6_mtu.
  @inline(__always)
  var ownMTU: Int { pathMTU > 0 ? Int(pathMTU) : Int(mtu) }
}

/// What is known of the path to one destination.
struct PathException {
  /// 0: nothing any more.
  var mtu: UInt16
  /// Whether it counts for what is forwarded over IPv4, too: it was said to be too small to be believed.
  var isLocked = false
  /// When it is forgotten.
  var deadline: Instant
}

/// The state of the routing tables when a decision was made.
///
/// IPv4 knows one generation for all; IPv6 a serial number for each prefix.
package struct RouteValidity: Hashable, Sendable, BitwiseCopyable {
  package var generation: UInt32
  /// Node of the prefix; -1: none.
  package var node: Int32
  /// How many destinations of the prefix had a path of their own then; all ones: this one has.
  package var exceptions: UInt32 = .max
}

/// A decision that is kept for packets to the same destination.
struct RecentDecision: BitwiseCopyable {
  var destination: Address
  /// Of the table when it was made; 0 for none.
  var version: UInt32
  var route: Route
}

/// Longest-prefix routing of one family, in as many tables as there are, with the kernel's rules of what a change makes stale.
///
/// The local and the main table are looked through as one unless routing rules ask for either.
///
/// Source: net/ipv4/fib_trie.c, net/ipv6/ip6_fib.c.
package struct RoutingTable: ~Copyable {
  private struct Node: Sendable {
    var serial: UInt32
    /// Of the table, 0 for the local and the main one.
    var group: UInt32
    var prefix: Address
    var length: Int
    var entries: [RouteEntry]
    var wasUsed = false
    /// Destinations whose path's MTU is known.
    var exceptions: [Address: PathException] = [:]
    /// How many of IPv4 there ever were.
    var exceptionCount: UInt32 = 0

    /// Remembers the MTU of the path to a destination; of too many, none is remembered any more.
    mutating func remember(_ destination: Address, _ path: PathException) {
      if exceptions.count >= RoutingTable.mostExceptions { exceptions = [:] }
      exceptions[destination] = path
    }
  }
  /// Number of the table that the kernel's last rule of IPv4 names (RT_TABLE_DEFAULT).
  package static let fallback: UInt32 = 253
  /// Number of the table for routes without one (RT_TABLE_MAIN).
  package static let main: UInt32 = 254
  /// Number of the table for the router's own addresses (RT_TABLE_LOCAL).
  package static let local: UInt32 = 255
  /// Destinations of one prefix that are remembered at most.
  private static let mostExceptions = 4096
  private let family: IPFamily
  private var nodes: [Node] = []
  /// Numbers of nodes, which are never removed.
  private var index = HashIndex(capacityLog2: 6)
  /// Lengths in use in the local and the main table, longest first.
  private var usedLengths: [Int] = []
  /// Those in use in others.
  private var otherLengths: [Int] = []
  /// Changes with every event that makes all cached decisions stale.
  package private(set) var generation: UInt32 = 1
  private var lastSerial: UInt32 = 1
  /// When the MTU of a path is forgotten next.
  private(set) var nextPathDeadline = Instant.distantFuture
  /// Decisions that were made lately, at the hash of their destinations.
  private var recent = Row<RecentDecision>(capacity: 256)
  /// Changes with everything on which a decision depends.
  private var version: UInt32 = 1

  /// An empty table.
  package init(_ family: IPFamily) {
    self.family = family
    let nowhere = Route(
      type: .blackhole, device: 0, gateway: nil, gatewayFamily: family, mtu: 0, preferredSource: nil,
      validity: RouteValidity(generation: 0, node: -1))
    for _ in 0..<256 {
      recent.append(RecentDecision(destination: .unspecified, version: 0, route: nowhere))
    }
  }

  /// Makes every cached decision stale (rt_cache_flush, rt_genid_bump_ipv6).
  package mutating func invalidateAll() {
    version &+= 1
    generation &+= 1
    for index in nodes.indices { nodes[index].serial = nextSerial() }
  }

  private mutating func nextSerial() -> UInt32 {
    lastSerial &+= 1
    return lastSerial
  }

  /// Whether a decision still holds.
  @inline(__always)
  package func isValid(_ validity: RouteValidity) -> Bool {
    let node = Int(validity.node)
    if family == .ipv4 {
      guard validity.generation == generation else { return false }
      guard validity.exceptions != .max, nodes.indices.contains(node) else { return true }
      return nodes[node].exceptionCount == validity.exceptions
    }
    return node < nodes.count && nodes[node].serial == validity.generation
  }

  /// Adds a route; `replacing` takes the place of one with the same prefix, metric and type.
  /// - Returns: false when it exists.
  @discardableResult
  package mutating func add(_ entry: RouteEntry, replacing: Bool = false) -> Bool {
    version &+= 1
    var entry = entry
    entry.prefix = entry.prefix.masked(to: entry.prefixLength, family)
    let group = Self.group(entry.table)
    let node = self.node(entry.prefix, entry.prefixLength, group)
    let same = nodes[node].entries.firstIndex { $0.metric == entry.metric && $0.table == entry.table }
    if let same {
      guard replacing || nodes[node].entries[same] != entry else { return false }
      if replacing { nodes[node].entries[same] = entry } else { nodes[node].entries.append(entry) }
    } else {
      nodes[node].entries.append(entry)
    }
    nodes[node].entries.sort { ($1.table, $0.metric) < ($0.table, $1.metric) }
    changed(entry.prefix, entry.prefixLength, group)
    return true
  }

  /// Removes routes that `isGone` names.
  package mutating func remove(where isGone: (RouteEntry) -> Bool) {
    version &+= 1
    for index in nodes.indices {
      let before = nodes[index].entries.count
      nodes[index].entries.removeAll(where: isGone)
      guard nodes[index].entries.count != before else { continue }
      if family == .ipv6 {
        nodes[index].exceptions = [:]
        changed(nodes[index].prefix, nodes[index].length, nodes[index].group)
      } else if nodes[index].wasUsed {
        generation &+= 1
      }
    }
  }

  /// Marks what a change of the prefix makes stale: everything for IPv4; the prefix and those around it for IPv6.
  private mutating func changed(_ prefix: Address, _ length: Int, _ group: UInt32) {
    generation &+= 1
    guard family == .ipv6 else { return }
    for index in nodes.indices where nodes[index].length <= length && nodes[index].group == group {
      if nodes[index].prefix == prefix.masked(to: nodes[index].length, family) {
        nodes[index].serial = nextSerial()
      }
    }
  }

  /// What nodes have of their table.
  private static func group(_ table: UInt32) -> UInt32 { table == main || table == local ? 0 : table }

  private mutating func node(_ prefix: Address, _ length: Int, _ group: UInt32) -> Int {
    if let known = known(prefix, length, group) { return known }
    nodes.append(Node(serial: nextSerial(), group: group, prefix: prefix, length: length, entries: []))
    index.insert(hash(prefix, length, group), nodes.count - 1)
    if group == 0 { Self.note(length, in: &usedLengths) } else { Self.note(length, in: &otherLengths) }
    return nodes.count - 1
  }

  private static func note(_ length: Int, in lengths: inout [Int]) {
    guard !lengths.contains(length) else { return }
    lengths.append(length)
    lengths.sort(by: >)
  }

  private func hash(_ prefix: Address, _ length: Int, _ group: UInt32) -> UInt32 {
    let kind = UInt64(length) | UInt64(group) << 8
    let hash = mixed(prefix.high ^ 0x9e37_79b9_7f4a_7c15 ^ kind, prefix.low ^ 0xbf58_476d_1ce4_e5b9)
    return UInt32(truncatingIfNeeded: hash)
  }

  /// The number of the node of a prefix, or nil.
  private func known(_ prefix: Address, _ length: Int, _ group: UInt32) -> Int? {
    let number = index.first(hash(prefix, length, group)) {
      nodes[$0].length == length && nodes[$0].prefix == prefix && nodes[$0].group == group
    }
    return number < 0 ? nil : number
  }

  /// All routes, for listing.
  package var entries: [RouteEntry] { nodes.flatMap(\.entries) }

  /// The best route to `destination` in the local and the main table, or nil.
  package mutating func lookup(_ destination: Address) -> Route? {
    let mixed = (destination.low ^ destination.high) &* 0x9e37_79b9_7f4a_7c15
    let place = Int(mixed >> 56)
    if recent[place].version == version, recent[place].destination == destination {
      return recent[place].route
    }
    guard let route = lookup(destination, where: { _ in true }) else { return nil }
    recent[place] = RecentDecision(destination: destination, version: version, route: route)
    return route
  }

  /// The best route to `destination` among those that `isUsable` admits, or nil.
  package mutating func lookup(_ destination: Address, where isUsable: (RouteEntry) -> Bool) -> Route? {
    guard let (node, entry) = find(destination, isUsable) else { return nil }
    return take(node, entry, destination)
  }

  /// The decision that follows from a route which was found for `destination`.
  @inline(__always)
  mutating func take(_ node: Int, _ entry: RouteEntry, _ destination: Address) -> Route {
    nodes[node].wasUsed = true
    let path = nodes[node].exceptions.isEmpty ? nil : nodes[node].exceptions[destination]
    return Route(
      type: entry.type, device: entry.device, gateway: entry.gateway, gatewayFamily: entry.gatewayFamily,
      mtu: UInt32(clamping: entry.mtu), pathMTU: path?.mtu ?? 0, isPathMTULocked: path?.isLocked ?? false,
      preferredSource: entry.preferredSource,
      validity: RouteValidity(
        generation: family == .ipv4 ? generation : nodes[node].serial, node: Int32(node),
        exceptions: path != nil ? .max : nodes[node].exceptionCount))
  }

  /// The MTU of the path to a destination by `route` became known. If nothing was known of it before, decisions for its prefix
  /// are to be made anew: all of IPv6, of IPv4 those to destinations of which nothing is known.
  ///
  /// Source: net/ipv4/route.c, update_or_create_fnhe; net/ipv6/route.c, __ip6_rt_update_pmtu and rt6_insert_exception.
  /// - Returns: whether decisions became stale.
  mutating func learn(_ path: PathException, of destination: Address, by route: Route) -> Bool {
    let node = Int(route.validity.node)
    guard nodes.indices.contains(node) else { return false }
    version &+= 1
    let isNew = nodes[node].exceptions[destination] == nil
    nodes[node].remember(destination, path)
    nextPathDeadline = min(nextPathDeadline, path.deadline)
    guard isNew else { return false }
    if family == .ipv4 {
      nodes[node].exceptionCount = (nodes[node].exceptionCount &+ 1) & 0x7fff_ffff
    } else {
      nodes[node].serial = nextSerial()
    }
    return true
  }

  /// A device of IPv4 routes got another MTU: what is known of paths through it follows.
  ///
  /// Source: net/ipv4/fib_semantics.c, fnhe_update_mtu.
  mutating func followMTU(of device: UInt32, from old: Int, to new: Int) {
    version &+= 1
    for node in nodes.indices where !nodes[node].exceptions.isEmpty {
      guard nodes[node].entries.first?.device == device else { continue }
      for (destination, path) in nodes[node].exceptions {
        let follows = path.isLocked ? new <= path.mtu : new < path.mtu || old == path.mtu
        guard follows else { continue }
        nodes[node].exceptions[destination]?.mtu = UInt16(clamping: new)
        nodes[node].exceptions[destination]?.isLocked = false
      }
    }
  }

  /// Forgets the MTU of paths of which nothing was heard for long.
  ///
  /// Source: net/ipv4/route.c, ipv4_mtu; net/ipv6/route.c, rt6_find_cached_rt.
  mutating func forgetPaths(at now: Instant) {
    guard nextPathDeadline <= now else { return }
    version &+= 1
    nextPathDeadline = .distantFuture
    for node in nodes.indices where !nodes[node].exceptions.isEmpty {
      nodes[node].exceptions = nodes[node].exceptions.filter { $0.value.deadline > now }
      for path in nodes[node].exceptions.values { nextPathDeadline = min(nextPathDeadline, path.deadline) }
    }
  }

  /// The best route to `destination` in the local and the main table, for who only asks: no decision depends on it.
  package func best(_ destination: Address) -> RouteEntry? { find(destination) { _ in true }?.entry }

  private func find(
    _ destination: Address, _ isUsable: (RouteEntry) -> Bool
  ) -> (node: Int, entry: RouteEntry)? {
    for length in usedLengths {
      guard let node = known(destination.masked(to: length, family), length, 0),
        let entry = nodes[node].entries.first(where: isUsable)
      else { continue }
      return (node, entry)
    }
    return nil
  }

  /// The best route to `destination` in one table among those that `isUsable` admits, with its node, or nil.
  func find(
    _ destination: Address, in table: UInt32, _ isUsable: (RouteEntry) -> Bool
  ) -> (node: Int, entry: RouteEntry)? {
    let group = Self.group(table)
    for length in group == 0 ? usedLengths : otherLengths {
      guard let node = known(destination.masked(to: length, family), length, group),
        let entry = nodes[node].entries.first(where: { $0.table == table && isUsable($0) })
      else { continue }
      return (node, entry)
    }
    return nil
  }

  /// What a decision that follows no table depends on: everything.
  package var allValidity: RouteValidity { RouteValidity(generation: generation, node: -1) }
}
