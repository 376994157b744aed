// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// Where a tuple was found.
package struct ConntrackHit: Equatable, Sendable {
  package var slot: Int
  package var direction: FlowDirection
}

/// What happened to an entry, for those who listen.
package struct ConntrackEvent: Sendable {
  package enum Kind: Sendable { case new, update, destroy }
  package var kind: Kind
  package var changes: ConntrackEvents
  /// The entry as it was, counters included.
  package var entry: ConntrackEntry
  package var slot: Int
  package var time: Instant
  /// Wall clock, nanoseconds since 1970.
  package var wallClock: UInt64
  /// Netlink port of the client that caused it, 0 for traffic and time.
  package var portID: UInt32
}

/// The table of tracked flows: storage, index by tuple and zone, and nothing that needs packets.
package struct ConntrackTable: ~Copyable {
  package var entries: Slab<ConntrackEntry, 10>
  private var index = HashIndex()
  /// What was read ahead for the next lookup, -1 for nothing; it holds while the index is as it was then.
  private var ahead = -1
  private var aheadVersion: UInt64 = 0
  package let seed: UInt64
  package var settings = ConntrackSettings()
  /// Confirmed entries.
  package private(set) var count = 0
  /// Names of helpers in use, sixteen octets each, first octet most significant.
  package private(set) var helperNames: [UInt128] = []
  /// Events that nobody has taken yet; filled only while `isListening`.
  package var events: [ConntrackEvent] = []
  /// How many live entries have an entry as their master, which each of them holds; no member for none.
  package private(set) var dependents: [EntryID: UInt32] = [:]
  /// Whether somebody listens to events.
  package var isListening = false
  /// Whether rules use labels, so that new entries get them.
  package var usesLabels = false
  private var nextGeneration: UInt32 = 1
  /// By-source index for translations: hash of protocol, source address and port.
  private var bySource = HashIndex()

  package init(seed: UInt64) {
    self.seed = seed
    entries = Slab(.blank)
  }

  /// The entry in `slot`.
  package subscript(slot: Int) -> ConntrackEntry {
    @inline(__always) _read { yield entries[slot] }
    @inline(__always) _modify { yield &entries[slot] }
  }

  /// The slot that `id` names, or nil when that entry is gone.
  @inline(__always)
  package func slot(_ id: EntryID) -> Int? {
    guard !id.isNone, Int(id.slot) < entries.capacity, entries[Int(id.slot)].generation == id.generation
    else { return nil }
    return Int(id.slot)
  }

  /// The name of the entry in `slot`.
  package func id(_ slot: Int) -> EntryID {
    EntryID(slot: UInt32(truncatingIfNeeded: slot), generation: entries[slot].generation)
  }

  /// The confirmed entry with `tuple`, its zone included, in either direction; expired ones too.
  ///
  /// Nothing is changed: only of a mutating function's value is the place passed, not a copy.
  package mutating func find(_ tuple: Tuple) -> ConntrackHit? {
    if ahead >= 0, aheadVersion == index.version, holds(ahead, tuple) { return hit(ahead) }
    let found = index.first(tuple.hash(seed)) { holds($0, tuple) }
    return found < 0 ? nil : hit(found)
  }

  /// Whether `key`, which is or was in the index, stands for `tuple`.
  @inline(__always)
  private func holds(_ key: Int, _ tuple: Tuple) -> Bool {
    entries[key >> 1].tuple(key & 1 == 0 ? .original : .reply) == tuple
  }

  @inline(__always)
  private func hit(_ key: Int) -> ConntrackHit {
    ConntrackHit(slot: key >> 1, direction: key & 1 == 0 ? .original : .reply)
  }

  /// From here on keys are read ahead.
  @inline(__always)
  mutating func beginReadingAhead() {
    ahead = -1
    aheadVersion = index.version
  }

  /// The next lookup begins with `key`, which ``fetchEntry(_:)`` gave since ``beginReadingAhead()``.
  @inline(__always)
  mutating func expect(_ key: Int) { ahead = key }

  /// Fetches where a lookup of `hash` begins into the cache.
  @inline(__always)
  mutating func fetchBucket(_ hash: UInt32) { index.fetch(hash) }

  /// Fetches the entry that a lookup of `hash` looks at first.
  /// - Returns: its key, for ``expect(_:)``, or -1 if there is none.
  @inline(__always)
  mutating func fetchEntry(_ hash: UInt32) -> Int {
    let key = index.first(hash) { _ in true }
    if key >= 0 { entries.fetch(key >> 1) }
    return key
  }

  /// Lets the TCP tracker judge a segment of the entry in `slot`. Here, where both the entry and the settings are, neither is
  /// copied. The segment is only read, too: it would be taken apart to be passed.
  @inline(__always)
  mutating func judge(_ segment: inout TCPSegment, _ slot: Int, _ direction: FlowDirection) -> TCPDecision {
    if !entries[slot].isConfirmed, !entries[slot].tcp.begin(segment, loose: settings.tcpLoose) {
      return .invalid
    }
    let status = entries[slot].status
    return entries[slot].tcp.handle(&segment, direction, status: status, &settings)
  }

  /// A new entry that is in no index yet.
  package mutating func create(original: Tuple, reply: Tuple) -> Int {
    let slot = entries.allocate()
    entries[slot] = ConntrackEntry(original: original, reply: reply)
    nextGeneration = nextGeneration &+ 1 == 0 ? 1 : nextGeneration &+ 1
    entries[slot].generation = nextGeneration
    let mixedID = mixed(UInt64(nextGeneration) ^ seed, 0x9e37_79b9_7f4a_7c15 ^ UInt64(original.hash(seed)))
    entries[slot].id = UInt32(truncatingIfNeeded: mixedID)
    return slot
  }

  /// Puts the entry in `slot` into the index; its tuples must be free.
  package mutating func insert(_ slot: Int) {
    let original = entries[slot].original.hash(seed)
    let reply = entries[slot].reply.hash(seed)
    index.insert(original, slot * 2)
    index.insert(reply, slot * 2 + 1)
    entries[slot].status.insert(.confirmed)
    count += 1
    if entries[slot].status.contains(.expected) { dependents[entries[slot].master, default: 0] += 1 }
    if !entries[slot].status.isDisjoint(with: .anyNAT) {
      bySource.insert(Self.sourceHash(entries[slot].original, seed), slot)
    }
  }

  /// Takes the entry in `slot` out of the index. The slot stays until ``release(_:)``.
  package mutating func unlink(_ slot: Int) {
    guard entries[slot].isConfirmed, !entries[slot].isDying else { return }
    index.remove(entries[slot].original.hash(seed), slot * 2)
    index.remove(entries[slot].reply.hash(seed), slot * 2 + 1)
    if !entries[slot].status.isDisjoint(with: .anyNAT) {
      bySource.remove(Self.sourceHash(entries[slot].original, seed), slot)
    }
    entries[slot].status.insert(.dying)
    count -= 1
    if entries[slot].status.contains(.expected) {
      let left = (dependents[entries[slot].master] ?? 1) - 1
      dependents[entries[slot].master] = left == 0 ? nil : left
    }
  }

  /// Frees the slot of an entry that is in no index.
  package mutating func release(_ slot: Int) { entries.release(slot) }

  /// An earlier translated entry with the same protocol, source address and port as `tuple`, that `accepts`.
  package func findBySource(_ tuple: Tuple, where accepts: (Int) -> Bool) -> Int? {
    let found = bySource.first(Self.sourceHash(tuple, seed)) { slot in
      let other = entries[slot].original
      return other.proto == tuple.proto && other.familyNumber == tuple.familyNumber
        && other.source == tuple.source && other.sourcePort == tuple.sourcePort && other.zone == tuple.zone
        && accepts(slot)
    }
    return found < 0 ? nil : found
  }

  private static func sourceHash(_ tuple: Tuple, _ seed: UInt64) -> UInt32 {
    var part = tuple
    part.destination = .unspecified
    part.destinationPort = 0
    return part.hash(seed)
  }

  /// The number of helper `name`, for ``ConntrackEntry/helper``; nil when 255 are in use.
  package mutating func helperNumber(_ name: UInt128) -> UInt8? {
    if let known = helperNames.firstIndex(of: name) { return UInt8(known + 1) }
    guard helperNames.count < 255 else { return nil }
    helperNames.append(name)
    return UInt8(helperNames.count)
  }

  /// The name of helper `number`, or nil for 0.
  package func helperName(_ number: UInt8) -> UInt128? {
    number == 0 || Int(number) > helperNames.count ? nil : helperNames[Int(number) - 1]
  }

  /// Whether `tuple` is a key of a live entry other than `slot`.
  package func isTaken(_ tuple: Tuple, except slot: Int, _ now: Instant) -> Bool {
    let found = index.first(tuple.hash(seed)) { key in
      key >> 1 != slot && entries[key >> 1].tuple(key & 1 == 0 ? .original : .reply) == tuple
        && !entries[key >> 1].isExpired(now)
    }
    return found >= 0
  }
}
