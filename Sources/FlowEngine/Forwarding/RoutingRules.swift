// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What routing rules compare of a packet.
package struct RouteKey: BitwiseCopyable, Sendable {
  package var destination: Address
  /// Unspecified where the source is still to be chosen.
  package var source: Address
  /// Index of the device that the packet came in on; the loopback device's for what the router itself sends.
  package var input: UInt32
  /// Index of the device that the packet is to leave by, 0 for any.
  package var output: UInt32
  package var mark: UInt32

  /// The loopback device's index (LOOPBACK_IFINDEX).
  package static let loopback: UInt32 = 1

  package init(
    to destination: Address, from source: Address = .unspecified, input: UInt32 = loopback,
    output: UInt32 = 0,
    mark: UInt32 = 0
  ) {
    self.destination = destination
    self.source = source
    self.input = input
    self.output = output
    self.mark = mark
  }
}

/// A routing rule: for which packets what is to be done.
package struct RoutingRule: Equatable, Sendable {
  /// FR_ACT_*.
  package enum Action: Equatable, Sendable {
    /// The route is looked up in a table; where that has none, the rules behind are asked.
    case lookUp(UInt32)
    case blackhole
    case unreachable
    case prohibit
  }

  /// An address and how many of its first bits count; none: any address.
  package struct Prefix: Equatable, Sendable {
    package var address: Address
    package var length: Int

    /// Every address.
    package static let all = Prefix(.unspecified, 0)

    package init(_ address: Address, _ length: Int) {
      self.address = address
      self.length = length
    }
  }

  /// Rules are asked from the lowest on; nil has one given to a rule that is added.
  package var priority: UInt32?
  package var source: Prefix
  package var destination: Prefix
  /// Name of the device that the packet came in on; nil for any.
  package var input: String?
  /// Name of the device that the packet is to leave by; nil for any.
  package var output: String?
  package var mark: UInt32
  /// The bits of the mark that count.
  package var markMask: UInt32
  /// Whether the rule is for the packets that the rest does not describe.
  package var isInverted: Bool
  package var action: Action
  /// Whether the kernel made the rule itself.
  package internal(set) var isDefault = false

  package init(
    priority: UInt32? = nil, from source: Prefix = .all, to destination: Prefix = .all, input: String? = nil,
    output: String? = nil, mark: UInt32 = 0, markMask: UInt32? = nil, isInverted: Bool = false,
    _ action: Action
  ) {
    self.priority = priority
    self.source = source
    self.destination = destination
    self.input = input
    self.output = output
    self.mark = mark
    self.markMask = markMask ?? (mark == 0 ? 0 : .max)
    self.isInverted = isInverted
    self.action = action
  }

  /// Whether both do the same with the same packets; a priority that is not given is any.
  func isSame(as other: RoutingRule) -> Bool {
    var other = other
    if priority == nil { other.priority = nil }
    other.isDefault = isDefault
    return self == other
  }
}

/// The routing rules of one family, in the order in which they are asked.
///
/// Source: net/core/fib_rules.c; net/ipv4/fib_rules.c; net/ipv6/fib6_rules.c.
package struct RoutingRules: Sendable {
  /// A rule, and its devices' indices: 0 for any, all ones for a device that is not there.
  private struct Place: Sendable {
    var rule: RoutingRule
    var input: UInt32 = 0
    var output: UInt32 = 0
  }

  private let family: IPFamily
  private var places: [Place]
  private let defaults: [RoutingRule]
  private var hasFallbackRoutes = false
  /// Whether routes may follow from anything but the local and the main table.
  private(set) var decide = false

  /// The kernel's own rules.
  package init(_ family: IPFamily) {
    self.family = family
    var tables: [(UInt32, UInt32)] = [(0, RoutingTable.local), (32_766, RoutingTable.main)]
    if family == .ipv4 { tables.append((32_767, RoutingTable.fallback)) }
    defaults = tables.map { priority, table in
      var rule = RoutingRule(priority: priority, .lookUp(table))
      rule.isDefault = true
      return rule
    }
    places = defaults.map { Place(rule: $0) }
  }

  /// All rules, for listing.
  package var all: [RoutingRule] { places.map(\.rule) }

  /// From now on the rules are asked: a route was made in a table that the kernel's own rules name beside the usual two.
  mutating func routesAppeared(in table: UInt32) {
    guard table == RoutingTable.fallback else { return }
    hasFallbackRoutes = true
    decide = true
  }

  /// Adds a rule behind those of the same priority. Without one it comes before all but the first.
  ///
  /// Source: net/core/fib_rules.c, fib_newrule and fib_default_rule_pref.
  /// - Returns: false when it exists.
  mutating func add(_ rule: RoutingRule) -> Bool {
    var rule = rule
    let second = places.count > 1 ? places[1].rule.priority ?? 0 : 0
    let priority = rule.priority ?? (second > 0 ? second - 1 : 0)
    rule.priority = priority
    guard !places.contains(where: { $0.rule == rule }) else { return false }
    let behind = places.firstIndex { $0.rule.priority ?? 0 > priority } ?? places.count
    places.insert(Place(rule: rule), at: behind)
    decide = true
    return true
  }

  /// Removes the first rule that is the same.
  /// - Returns: false when there is none.
  mutating func remove(_ rule: RoutingRule) -> Bool {
    guard let place = places.firstIndex(where: { rule.isSame(as: $0.rule) }) else { return false }
    places.remove(at: place)
    decide = hasFallbackRoutes || all != defaults
    return true
  }

  /// Devices came, went or have another name: the rules' names are looked up anew.
  mutating func resolve(_ index: (String) -> UInt32?) {
    for place in places.indices {
      places[place].input = places[place].rule.input.map { index($0) ?? .max } ?? 0
      places[place].output = places[place].rule.output.map { index($0) ?? .max } ?? 0
    }
  }

  /// Calls `body` with what the rules say that `key` meets, in their order, until it finds something.
  func first<Found>(for key: RouteKey, _ body: (RoutingRule.Action) -> Found?) -> Found? {
    for place in places where meets(place, key) {
      if let found = body(place.rule.action) { return found }
    }
    return nil
  }

  /// Source: net/core/fib_rules.c, fib_rule_match; net/ipv4/fib_rules.c, fib4_rule_match; net/ipv6/fib6_rules.c,
  /// fib6_rule_match: a source that is still to be chosen is in no prefix of IPv6.
  private func meets(_ place: Place, _ key: RouteKey) -> Bool {
    let rule = place.rule
    let isMeant =
      (place.input == 0 || place.input == key.input) && (place.output == 0 || place.output == key.output)
      && (rule.mark ^ key.mark) & rule.markMask == 0
      && key.destination.matches(rule.destination.address, prefixLength: rule.destination.length, family)
      && (rule.source.length == 0 || family == .ipv4 || !key.source.isUnspecified)
      && key.source.matches(rule.source.address, prefixLength: rule.source.length, family)
    return isMeant != rule.isInverted
  }
}
