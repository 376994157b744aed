// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import TestSupport
import Testing

@Suite(
  "Routes of flows, by the kernel's routing rules",
  .enabled(if: LiveNamespace.isPossible, Comment(rawValue: Machine.lacksForNamespaces ?? "")))
struct RoutingViewTests {
  /// A router between `lan`, where the client is, and two ways to the server; the plain one is `wan`.
  private static func view(
    _ setup: String, _ body: @escaping (RoutingView, NetworkLinks) throws -> Void
  ) throws {
    let namespace = try #require(LiveNamespace())
    let made = namespace.run(
      ["sh", "-ec"] + [
        """
        number=0
        for device in lan wan other; do
          ip link add $device type veth peer name far-$device
          ip link set $device up
          ip link set far-$device up
          ip addr add 10.9.$number.1/24 dev $device
          ip -6 addr add fd09:$number::1/64 dev $device nodad
          number=$((number + 1))
        done
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.other.rp_filter=0
        ip route add 10.7.0.0/16 via 10.9.1.2
        ip route add 10.7.0.0/16 via 10.9.2.2 table 100
        ip -6 route add fd07::/16 via fd09:1::2
        ip -6 route add fd07::/16 via fd09:2::2 table 100
        \(setup)
        """
      ])
    #expect(made.status == 0, "\(made.error)")
    try namespace.entered { try body(try RoutingView(), try NetworkLinks.read()) }
  }

  /// Looks at "DEVICE via GATEWAY" of either end, or its error, first the client's; at last why replies have none.
  private static func check(
    _ view: RoutingView, _ links: NetworkLinks, _ client: String, _ server: String, mark: UInt32 = 0,
    is expected: [String], location: SourceLocation = #_sourceLocation
  ) throws {
    let routes = view.routes(
      from: try #require(SystemNames.address(client)), to: try #require(SystemNames.address(server)),
      mark: mark)
    let lost = [routes.replies].compactMap { $0 }.filter { $0.answer == nil }
    let found = ([routes.client, routes.server] + lost).map { route in
      guard !route.isReversed else { return "reverse path" }
      guard let answer = route.answer else { return route.error?.symbol ?? "" }
      let gateway = answer.gateway.map { " via " + RuleValueText.address($0.octets) } ?? ""
      return (links[answer.device]?.name ?? "") + gateway
    }
    #expect(found == expected, sourceLocation: location)
  }

  @Test("without rules the destination decides")
  func plain() throws {
    try Self.view("") { view, links in
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", mark: 7, is: ["lan", "wan via 10.9.1.2"])
      try Self.check(view, links, "fd09:0::2", "fd07::1", is: ["lan", "wan via fd09:1::2"])
      try Self.check(view, links, "10.9.0.2", "10.8.0.1", is: ["lan", "ENETUNREACH"])
    }
  }

  @Test("the mark")
  func mark() throws {
    let rules =
      "for f in -4 -6; do ip $f rule add fwmark 7 lookup 100; ip $f rule add fwmark 5 prohibit; done"
    try Self.view(rules) { view, links in
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", mark: 7, is: ["lan", "other via 10.9.2.2"])
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", mark: 0, is: ["lan", "wan via 10.9.1.2"])
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", mark: 5, is: ["lan", "EACCES"])
      try Self.check(view, links, "fd09:0::2", "fd07::1", mark: 7, is: ["lan", "other via fd09:2::2"])
    }
  }

  @Test("a table with nothing but the other way leaves the client where its packets come from")
  func defaultRoute() throws {
    let rules = "ip rule add fwmark 7 lookup 200; ip route add default via 10.9.2.2 table 200"
    try Self.view(rules) { view, links in
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", mark: 7, is: ["lan", "other via 10.9.2.2"])
    }
  }

  @Test("the source, on the device where it comes in")
  func source() throws {
    let rules = """
      ip rule add from 10.9.0.2 iif lan lookup 100
      ip rule add from 10.9.0.3 iif wan lookup 100
      ip -6 rule add from fd09:0::2 iif lan lookup 100
      """
    try Self.view(rules) { view, links in
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", is: ["lan", "other via 10.9.2.2"])
      try Self.check(view, links, "10.9.0.3", "10.7.0.1", is: ["lan", "wan via 10.9.1.2"])
      try Self.check(view, links, "fd09:0::2", "fd07::1", is: ["lan", "other via fd09:2::2"])
    }
  }

  @Test("replies that have no route, or come by another device than leads back")
  func replies() throws {
    try Self.view("ip rule add from 10.7.0.1 iif wan prohibit") { view, links in
      try Self.check(view, links, "10.9.0.2", "10.7.0.1", is: ["lan", "wan via 10.9.1.2", "EACCES"])
      try Self.check(view, links, "10.9.0.2", "10.7.0.2", is: ["lan", "wan via 10.9.1.2"])
    }
    let strict = "ip rule add fwmark 7 lookup 100; sysctl -qw net.ipv4.conf.other.rp_filter=1"
    try Self.view(strict) { view, links in
      try Self.check(
        view, links, "10.9.0.2", "10.7.0.1", mark: 7, is: ["lan", "other via 10.9.2.2", "reverse path"])
    }
  }
}
