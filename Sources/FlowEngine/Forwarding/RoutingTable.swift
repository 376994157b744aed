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

  package init(
    _ prefix: Address, _ prefixLength: Int, _ type: RouteType, device: UInt32, gateway: Address? = nil,
    gatewayFamily: IPFamily = .ipv4, metric: UInt32 = 0, mtu: Int = 0, preferredSource: Address? = nil
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
  }
}

/// A routing decision (dst): where a packet goes next, and by what it can be told that the decision is stale.
package struct Route: Equatable, Sendable, BitwiseCopyable {
  package var type: RouteType
  package var device: UInt32
  package var gateway: Address?
  package var gatewayFamily: IPFamily
  /// MTU of the route, 0 for the device's.
  package var mtu: Int
  package var preferredSource: Address?
  /// What the decision depends on.
  package var validity: RouteValidity
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

/// Longest-prefix routing of one family, with the kernel's rules of what a change makes stale.
///
/// Source: net/ipv4/fib_trie.c, net/ipv6/ip6_fib.c.
package struct RoutingTable: ~Copyable {
  private struct Node: Sendable {
    var serial: UInt32
    var prefix: Address
    var length: Int
    var entries: [RouteEntry]
    var wasUsed = false
    /// Destinations whose path's MTU is known, and how large it is for IPv6.
    var exceptions: [Address: Int] = [:]
    /// How many of IPv4 there ever were.
    var exceptionCount: UInt32 = 0

    /// Remembers the MTU of the path to a destination; of too many, none is remembered any more.
    mutating func remember(_ destination: Address, _ mtu: Int) {
      if exceptions.count >= RoutingTable.mostExceptions { exceptions = [:] }
      exceptions[destination] = mtu
    }
  }
  /// Destinations of one prefix that are remembered at most.
  private static let mostExceptions = 4096
  private let family: IPFamily
  private var nodes: [Node] = []
  /// Numbers of nodes, which are never removed.
  private var index = HashIndex(capacityLog2: 6)
  /// Lengths in use, longest first.
  private var usedLengths: [Int] = []
  /// Changes with every event that makes all cached decisions stale.
  package private(set) var generation: UInt32 = 1
  private var lastSerial: UInt32 = 1
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
    let node = self.node(entry.prefix, entry.prefixLength)
    let same = nodes[node].entries.firstIndex {
      $0.metric == entry.metric && ($0.type == .local) == (entry.type == .local)
    }
    if let same {
      guard replacing || nodes[node].entries[same] != entry else { return false }
      if replacing { nodes[node].entries[same] = entry } else { nodes[node].entries.append(entry) }
    } else {
      nodes[node].entries.append(entry)
    }
    nodes[node].entries.sort {
      ($0.type != .local ? 1 : 0, $0.metric) < ($1.type != .local ? 1 : 0, $1.metric)
    }
    changed(entry.prefix, entry.prefixLength)
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
        changed(nodes[index].prefix, nodes[index].length)
      } else if nodes[index].wasUsed {
        generation &+= 1
      }
    }
  }

  /// Marks what a change of the prefix makes stale: everything for IPv4; the prefix and those around it for IPv6.
  private mutating func changed(_ prefix: Address, _ length: Int) {
    generation &+= 1
    guard family == .ipv6 else { return }
    for index in nodes.indices where nodes[index].length <= length {
      if nodes[index].prefix == prefix.masked(to: nodes[index].length, family) {
        nodes[index].serial = nextSerial()
      }
    }
  }

  private mutating func node(_ prefix: Address, _ length: Int) -> Int {
    if let known = known(prefix, length) { return known }
    nodes.append(Node(serial: nextSerial(), prefix: prefix, length: length, entries: []))
    index.insert(hash(prefix, length), nodes.count - 1)
    if !usedLengths.contains(length) {
      usedLengths.append(length)
      usedLengths.sort(by: >)
    }
    return nodes.count - 1
  }

  private func hash(_ prefix: Address, _ length: Int) -> UInt32 {
    let hash = mixed(prefix.high ^ 0x9e37_79b9_7f4a_7c15 ^ UInt64(length), prefix.low ^ 0xbf58_476d_1ce4_e5b9)
    return UInt32(truncatingIfNeeded: hash)
  }

  /// The number of the node of a prefix, or nil.
  private func known(_ prefix: Address, _ length: Int) -> Int? {
    let number = index.first(hash(prefix, length)) {
      nodes[$0].length == length && nodes[$0].prefix == prefix
    }
    return number < 0 ? nil : number
  }

  /// All routes, for listing.
  package var entries: [RouteEntry] { nodes.flatMap(\.entries) }

  /// The best route to `destination`, or nil.
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
    nodes[node].wasUsed = true
    return Route(
      type: entry.type, device: entry.device, gateway: entry.gateway, gatewayFamily: entry.gatewayFamily,
      mtu: entry.mtu, preferredSource: entry.preferredSource,
      validity: RouteValidity(
        generation: family == .ipv4 ? generation : nodes[node].serial, node: Int32(node),
        exceptions: nodes[node].exceptions[destination] != nil ? .max : nodes[node].exceptionCount))
  }

  /// The MTU of the path to an IPv4 destination became known: decisions for its prefix are to be made anew, but for those to
  /// destinations of which it had been known.
  ///
  /// Source: net/ipv4/route.c, update_or_create_fnhe.
  /// - Returns: false when it had been known.
  mutating func addException(_ destination: Address) -> Bool {
    guard let node = find(destination, { _ in true })?.node, nodes[node].exceptions[destination] == nil
    else { return false }
    version &+= 1
    nodes[node].remember(destination, 0)
    nodes[node].exceptionCount = (nodes[node].exceptionCount &+ 1) & 0x7fff_ffff
    return true
  }

  /// The path to an IPv6 destination became known to carry less than its route: all decisions for its prefix are stale.
  ///
  /// Source: net/ipv6/route.c, __ip6_rt_update_pmtu and rt6_insert_exception.
  /// - Returns: false when it had been known to carry no more.
  mutating func lowerPathMTU(_ destination: Address, to mtu: Int) -> Bool {
    guard let node = find(destination, { _ in true })?.node,
      mtu < nodes[node].exceptions[destination] ?? .max
    else { return false }
    version &+= 1
    nodes[node].remember(destination, mtu)
    nodes[node].serial = nextSerial()
    return true
  }

  /// The best route to `destination`, for who only asks: no decision depends on it.
  package func best(_ destination: Address) -> RouteEntry? { find(destination) { _ in true }?.entry }

  private func find(
    _ destination: Address, _ isUsable: (RouteEntry) -> Bool
  ) -> (node: Int, entry: RouteEntry)? {
    for length in usedLengths {
      guard let node = known(destination.masked(to: length, family), length),
        let entry = nodes[node].entries.first(where: isUsable)
      else { continue }
      return (node, entry)
    }
    return nil
  }

  /// What a decision that follows no table depends on: everything.
  package var allValidity: RouteValidity { RouteValidity(generation: generation, node: -1) }
}
