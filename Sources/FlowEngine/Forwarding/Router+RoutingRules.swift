// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What the rules and tables say of a packet.
enum RoutingDecision {
  case route(node: Int, RouteEntry)
  /// A rule itself says what happens; `nil`: as if there were no route.
  case rule(RouteType?)
}

extension Router {
  /// Adds a routing rule, which makes cached decisions stale.
  ///
  /// - Parameters:
  ///   - family: whose packets it is for.
  ///   - rule: without a priority it comes before all but the first.
  /// - Returns: false when it exists.
  @discardableResult
  package func addRule(_ family: IPFamily, _ rule: RoutingRule) -> Bool {
    guard family == .ipv4 ? rules4.add(rule) : rules6.add(rule) else { return false }
    rulesChanged(family)
    return true
  }

  /// Removes the first routing rule that is `rule`, at any priority where that has none; cached decisions are stale.
  /// - Returns: false when there is none.
  @discardableResult
  package func removeRule(_ family: IPFamily, _ rule: RoutingRule) -> Bool {
    guard family == .ipv4 ? rules4.remove(rule) : rules6.remove(rule) else { return false }
    rulesChanged(family)
    return true
  }

  /// Source: net/core/fib_rules.c, flush_route_cache; net/ipv4/fib_rules.c, fib4_rule_flush_cache.
  private func rulesChanged(_ family: IPFamily) {
    attachRules()
    if family == .ipv4 { routes4.invalidateAll() } else { routes6.invalidateAll() }
    bumpEpoch()
  }

  /// Has the rules' devices be found by their present names.
  ///
  /// Source: net/core/fib_rules.c, fib_rules_event.
  func attachRules() {
    guard rules4.decide || rules6.decide else { return }
    rules4.resolve { device(named: $0)?.index }
    rules6.resolve { device(named: $0)?.index }
  }

  /// Whether the rules of a family are to be asked.
  @inline(__always)
  func rulesDecide(_ family: IPFamily) -> Bool { family == .ipv4 ? rules4.decide : rules6.decide }

  /// The route to `destination` of what the router itself sends.
  ///
  /// - Parameters:
  ///   - family: of the addresses.
  ///   - destination: where the packet goes.
  ///   - source: unspecified where it is still to be chosen.
  ///   - mark: the packet's.
  ///   - device: restricts it to routes through that device; IPv6 rules prefer them.
  /// - Returns: the decision, or nil where there is no route.
  package func lookUpRoute(
    _ family: IPFamily, _ destination: Address, from source: Address = .unspecified, mark: UInt32 = 0,
    device: UInt32? = nil
  ) -> Route? {
    if rulesDecide(family) {
      return routeByRules(
        family, RouteKey(to: destination, from: source, output: device ?? 0, mark: mark))
    }
    guard let device else {
      return family == .ipv4 ? routes4.lookup(destination) : routes6.lookup(destination)
    }
    func isUsable(_ entry: RouteEntry) -> Bool { entry.device == device || entry.type == .local }
    return family == .ipv4
      ? routes4.lookup(destination, where: isUsable) : routes6.lookup(destination, where: isUsable)
  }

  /// The route of a packet that came in, by the rules: its mark is that after prerouting.
  ///
  /// Source: net/ipv4/route.c, ip_route_input_slow; net/ipv6/route.c, ip6_route_input.
  func inputRouteByRules(_ packet: inout Packet) -> Route? {
    routeByRules(
      packet.family,
      RouteKey(to: packet.destination, from: packet.source, input: packet.input, mark: packet.mark))
  }

  /// The route that the rules lead to, or nil.
  @inline(never)
  func routeByRules(_ family: IPFamily, _ key: RouteKey) -> Route? {
    switch decision(family, key) {
    case .route(let node, let entry):
      return family == .ipv4
        ? routes4.take(node, entry, key.destination) : routes6.take(node, entry, key.destination)
    case .rule(let type?):
      return Route(
        type: type, device: 0, gateway: nil, gatewayFamily: family, mtu: 0, preferredSource: nil,
        validity: family == .ipv4 ? routes4.allValidity : routes6.allValidity)
    case .rule(nil), nil: return nil
    }
  }

  /// What decides about `key`, for who only asks; nil: nothing does.
  ///
  /// Source: net/ipv4/fib_rules.c, fib4_rule_action; net/ipv6/fib6_rules.c, __fib6_rule_action. "Unreachable" of a rule is what
  /// no route at all is.
  func decision(_ family: IPFamily, _ key: RouteKey) -> RoutingDecision? {
    (family == .ipv4 ? rules4 : rules6).first(for: key) { action in
      switch action {
      case .lookUp(let table): return find(family, key, in: table)
      case .blackhole: return .rule(.blackhole)
      case .prohibit: return .rule(.prohibit)
      case .unreachable: return .rule(nil)
      }
    }
  }

  /// IPv4 takes routes through the output device only, IPv6 takes others where there is none.
  private func find(_ family: IPFamily, _ key: RouteKey, in table: UInt32) -> RoutingDecision? {
    func isUsable(_ entry: RouteEntry) -> Bool {
      key.output == 0 || entry.device == key.output || entry.type == .local
    }
    let found =
      family == .ipv4
      ? routes4.find(key.destination, in: table, isUsable)
      : routes6.find(key.destination, in: table, isUsable)
        ?? (key.output == 0 ? nil : routes6.find(key.destination, in: table) { _ in true })
    return found.map { .route(node: $0.node, $0.entry) }
  }
}
