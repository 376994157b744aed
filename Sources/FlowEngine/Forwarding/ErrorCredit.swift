// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// How soon each IPv4 host is told again that no route takes its packets.
///
/// The kernel gathers credit for a host, a second's worth for each second up to five, and spends a second's worth on each
/// such answer: of a burst the first five packets are answered, then one a second. Until Linux 6.12 every error that it
/// sends to the host also cuts the credit to what `net.ipv4.icmp_ratelimit` allows, which is 0 here: then one packet a
/// second is answered from the first.
///
/// Source: net/ipv4/route.c, ip_error; net/ipv4/icmp.c, icmpv4_xrlim_allow and inet_peer_xrlim_allow.
struct ErrorCredit {
  /// Credit that an answer costs, nanoseconds.
  private static let cost = Instant.second
  /// Credit that a host has at most: what one has that was never heard of.
  private static let most = 5 * Instant.second
  /// Hosts that are remembered at most; beyond it those whose credit is full are forgotten, or all.
  private static let limit = 4096

  private struct Account {
    /// Nanoseconds' worth, at `time`.
    var credit: UInt64
    var time: Instant
  }

  private var accounts: [Address: Account] = [:]

  private func credit(_ host: Address, at now: Instant) -> UInt64 {
    guard let account = accounts[host] else { return Self.most }
    return min(Self.most, account.credit &+ now.since(account.time))
  }

  private mutating func set(_ host: Address, _ credit: UInt64, at now: Instant) {
    if accounts.count >= Self.limit, accounts[host] == nil {
      accounts = accounts.filter { $0.value.credit &+ now.since($0.value.time) < Self.most }
      if accounts.count >= Self.limit { accounts.removeAll(keepingCapacity: true) }
    }
    accounts[host] = Account(credit: credit, time: now)
  }

  /// Takes what an answer to an unroutable packet costs; false when the host has not that much.
  mutating func take(_ host: Address, at now: Instant) -> Bool {
    let credit = credit(host, at: now)
    guard credit >= Self.cost else { return false }
    set(host, credit - Self.cost, at: now)
    return true
  }

  /// Takes all, for an error of any kind.
  mutating func takeAll(_ host: Address, at now: Instant) { set(host, 0, at: now) }
}
