// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// How soon each IPv4 host is told again that no route takes its packets.
///
/// The kernel gathers credit for a host, a second's worth for each second up to five, and spends a second's worth on each
/// such answer. Every other error that it sends to the host takes all of its credit, as these answers themselves do: with
/// `net.ipv4.icmp_ratelimit` 0, as here, what is left is cut to nothing. So of a burst, one packet a second is answered.
/// A host whose last answer is a second ago is like one that was never heard of.
///
/// Source: net/ipv4/route.c, ip_error; net/ipv4/icmp.c, icmpv4_xrlim_allow and inet_peer_xrlim_allow.
struct ErrorCredit {
  /// Credit that an answer costs, nanoseconds.
  private static let cost = Instant.second
  /// Hosts that are remembered at most; beyond it those that have credit again are forgotten, or all.
  private static let limit = 4096

  /// When each host's credit was spent last.
  private var spent: [Address: Instant] = [:]

  /// Whether a host may be told at `now` that no route takes its packet.
  func allows(_ host: Address, at now: Instant) -> Bool {
    spent[host].map { now.since($0) >= Self.cost } ?? true
  }

  /// An error of any kind goes to a host.
  mutating func spend(_ host: Address, at now: Instant) {
    if spent.count >= Self.limit, spent[host] == nil {
      spent = spent.filter { now.since($0.value) < Self.cost }
      if spent.count >= Self.limit { spent.removeAll(keepingCapacity: true) }
    }
    spent[host] = now
  }
}
