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
///
/// What only reads is mutating, too: a call that is not copies the table out of the class that holds it.
package struct NeighbourTable: ~Copyable {
  package private(set) var entries: [(key: NeighbourKey, neighbour: Neighbour)] = []
  private var index = HashIndex(capacityLog2: 6)
  private let seed: UInt64
  /// Where the entry was that was looked up last: often it is the next one, too.
  private var recent = 0
  /// Where the search for an entry to evict goes on.
  private var hand = 0
  /// The earliest instant at which a neighbour's state may end; at or before the true one.
  package var nextDeadline = Instant.distantFuture

  package init(seed: UInt64) { self.seed = seed }

  package subscript(key: NeighbourKey) -> Neighbour? {
    mutating get {
      let place = find(key)
      return place < 0 ? nil : entries[place].neighbour
    }
    _modify {
      let place = find(key)
      var value = place < 0 ? nil : entries[place].neighbour
      // What waits has one owner at a time, or each change would copy it.
      if place >= 0 { entries[place].neighbour.queue = [] }
      defer { store(value, key, place) }
      yield &value
    }
  }

  /// State and address of an entry, without what waits for it.
  package mutating func link(_ key: NeighbourKey) -> (state: NeighbourState, mac: MACAddress)? {
    let place = find(key)
    return place < 0 ? nil : (entries[place].neighbour.state, entries[place].neighbour.mac)
  }

  /// The entry's place, or -1.
  @inline(__always)
  private mutating func find(_ key: NeighbourKey) -> Int {
    if recent < entries.count, entries[recent].key == key { return recent }
    return search(key)
  }

  @inline(never)
  private mutating func search(_ key: NeighbourKey) -> Int {
    let place = index.first(hash(key)) { entries[$0].key == key }
    if place >= 0 { recent = place }
    return place
  }

  private func hash(_ key: NeighbourKey) -> UInt32 {
    let place = UInt64(key.device) << 8 | UInt64(key.family.rawValue)
    let rest = mixed(key.address.high ^ place, seed | 1)
    return UInt32(truncatingIfNeeded: mixed(key.address.low ^ seed, rest))
  }

  /// Puts a value where the entry of `key` is, or is to be when `place` is negative; nil removes it.
  private mutating func store(_ value: Neighbour?, _ key: NeighbourKey, _ place: Int) {
    switch (value, place) {
    case (let value?, 0...): entries[place].neighbour = value
    case (let value?, _):
      index.insert(hash(key), entries.count)
      entries.append((key, value))
    case (nil, 0...): remove(place)
    case (nil, _): break
    }
  }

  /// Removes an entry; the last one takes its place.
  private mutating func remove(_ place: Int) {
    let last = entries.count - 1
    index.remove(hash(entries[place].key), place)
    if place != last {
      index.remove(hash(entries[last].key), last)
      index.insert(hash(entries[last].key), place)
      entries.swapAt(place, last)
    }
    entries.removeLast()
  }

  /// Removes the entries of `device`, of one family or both, permanent ones too, with what waits for them.
  package mutating func flush(device: UInt32, _ family: IPFamily? = nil) {
    for place in entries.indices.reversed() {
      let key = entries[place].key
      if key.device == device, (family ?? key.family) == key.family { remove(place) }
    }
  }

  /// Makes room for one more entry: true unless the table is full of entries that may not go.
  package mutating func makeRoom() -> Bool {
    guard entries.count >= NeighbourTimes.maximumEntries else { return true }
    for _ in entries.indices {
      hand = (hand + 1) % entries.count
      switch entries[hand].neighbour.state {
      case .stale, .failed, .none:
        remove(hand)
        return true
      case .incomplete, .reachable, .delay, .probe, .noARP, .permanent: break
      }
    }
    return false
  }

  /// The entry of `key`, made without an address if there is none and the table has room: its state and address.
  @discardableResult
  package mutating func knownOrNew(_ key: NeighbourKey) -> (state: NeighbourState, mac: MACAddress) {
    if let known = link(key) { return known }
    if makeRoom() { self[key] = Neighbour(state: .none, mac: .zero) }
    return (.none, .zero)
  }

  /// Keys of entries whose state ends at or before `now`.
  package func due(_ now: Instant) -> [NeighbourKey] {
    entries.filter { $0.neighbour.deadline <= now }.map(\.key)
      .sorted { ($0.device, $0.address.high, $0.address.low) < ($1.device, $1.address.high, $1.address.low) }
  }

  /// Finds out anew when the next state ends.
  package mutating func renewDeadline() {
    nextDeadline = entries.map(\.neighbour.deadline).min() ?? .distantFuture
  }
}
