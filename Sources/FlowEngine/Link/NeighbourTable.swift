// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// States of a neighbour entry, by the kernel's names (NUD_*).
package enum NeighbourState: UInt8, Sendable {
  case none, incomplete, reachable, stale, delay, probe, failed, noARP, permanent

  /// Whether the entry has an address to send to.
  package var isValid: Bool {
    switch self {
    case .reachable, .stale, .delay, .probe, .noARP, .permanent: true
    case .none, .incomplete, .failed: false
    }
  }
}

/// Whose hardware address an entry holds.
package struct NeighbourKey: Hashable, Sendable {
  package var device: UInt32
  package var family: IPFamily
  package var address: Address

  package init(device: UInt32, family: IPFamily, address: Address) {
    self.device = device
    self.family = family
    self.address = address
  }
}

/// One neighbour: state, address, and what waits for it.
package struct Neighbour: Sendable {
  package var state: NeighbourState
  package var mac: MACAddress
  /// When the state ends by itself.
  package var deadline = Instant.distantFuture
  package var confirmed = Instant(nanoseconds: 0)
  package var updated = Instant(nanoseconds: 0)
  package var probes = 0
  /// Packets that wait for the address, oldest first.
  package var queue: [Packet] = []
  package var queuedOctets = 0

  package init(state: NeighbourState, mac: MACAddress) {
    self.state = state
    self.mac = mac
  }
}

/// Times and limits of neighbour discovery, the kernel's defaults.
///
/// Source: net/ipv4/arp.c, arp_tbl; net/ipv6/ndisc.c, nd_tbl. The kernel draws the reachable time at random
/// between half and one and a half of the base; the engine takes the base.
package enum NeighbourTimes {
  package static let reachable = 30 * Instant.second
  package static let delay = 5 * Instant.second
  package static let retransmission = Instant.second
  package static let lock = Instant.second
  package static let multicastProbes = 3
  package static let unicastProbes = 3
  /// Octets of memory, as the kernel counts it, that may wait for one address.
  package static let queueOctets = 212_992
  /// What the kernel counts for a small packet beside its octets.
  package static let packetOverhead = 768
  /// Entries that a table may hold.
  package static let maximumEntries = 1024
}

/// The neighbours of all devices, both families.
package struct NeighbourTable: Sendable {
  package private(set) var neighbours: [NeighbourKey: Neighbour] = [:]
  /// The earliest instant at which a neighbour's state may end; at or before the true one.
  package var nextDeadline = Instant.distantFuture

  package init() {}

  package subscript(key: NeighbourKey) -> Neighbour? {
    get { neighbours[key] }
    _modify { yield &neighbours[key] }
  }

  /// Removes the entries of `device`, of one family or both, permanent ones too, with what waits for them.
  package mutating func flush(device: UInt32, _ family: IPFamily? = nil) {
    neighbours = neighbours.filter { $0.key.device != device || (family ?? $0.key.family) != $0.key.family }
  }

  /// Makes room for one more entry: true unless the table is full of entries that may not go.
  package mutating func makeRoom() -> Bool {
    if neighbours.count < NeighbourTimes.maximumEntries { return true }
    let victim = neighbours.first { key, neighbour in
      switch neighbour.state {
      case .stale, .failed, .none: true
      case .incomplete, .reachable, .delay, .probe, .noARP, .permanent: false
      }
    }
    guard let victim else { return false }
    neighbours[victim.key] = nil
    return true
  }

  /// Keys of entries whose state ends at or before `now`.
  package func due(_ now: Instant) -> [NeighbourKey] {
    neighbours.filter { $0.value.deadline <= now }.map(\.key)
      .sorted { ($0.device, $0.address.high, $0.address.low) < ($1.device, $1.address.high, $1.address.low) }
  }

  /// Finds out anew when the next state ends.
  package mutating func renewDeadline() {
    nextDeadline = neighbours.values.map(\.deadline).min() ?? .distantFuture
  }
}
