// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Seconds in which conntrack's collection goes through the whole table.
  static let conntrackPeriod: UInt64 = 60

  /// Slots that one step of conntrack's collection looks at.
  private static let entriesOfStep = 256

  /// One step of conntrack's collection: expired entries go, offloaded ones are kept alive where the kernel does so.
  ///
  /// Source: net/netfilter/nf_conntrack_core.c, gc_worker.
  func collectConntrack() {
    let capacity = conntrack.entries.capacity
    let steps = max(1, (capacity + Self.entriesOfStep - 1) / Self.entriesOfStep)
    if conntrackStep >= steps { conntrackStep = 0 }
    let first = conntrackStep * Self.entriesOfStep
    for slot in first..<min(first + Self.entriesOfStep, capacity) {
      guard conntrack[slot].isConfirmed, !conntrack[slot].isDying else { continue }
      if conntrack[slot].isOffloaded, generation.conntrackExtendsOffloaded {
        if conntrack[slot].remaining(now) < 43_200 * Instant.second {
          conntrack[slot].deadline = now.adding(seconds: 86_400).nanoseconds
        }
      } else if conntrack[slot].isExpired(now) {
        delete(slot)
      }
    }
    conntrackStep += 1
    let interval = Self.conntrackPeriod * Instant.second / UInt64(steps)
    nextConntrackStep = nextConntrackStep.adding(nanoseconds: interval)
    finish()
  }

  /// Calls `body` with the slot of each live entry; expired ones are reaped, as a dump does. `body` may change it.
  package func forEachEntry(_ body: (Int) -> Void) {
    for slot in 0..<conntrack.entries.capacity { visitEntry(slot, body) }
    finish()
  }

  /// Calls `body` with `slot` if a live entry is there; an expired one is reaped, which ``finish()`` completes.
  func visitEntry(_ slot: Int, _ body: (Int) -> Void) {
    guard conntrack[slot].isConfirmed, !conntrack[slot].isDying else { return }
    if conntrack[slot].isExpired(now) { delete(slot) } else { body(slot) }
  }

  /// Deletes the entries that `isChosen` names.
  /// - Returns: how many there were.
  @discardableResult
  package func deleteEntries(portID: UInt32 = 0, where isChosen: (Int) -> Bool) -> Int {
    var count = 0
    for slot in 0..<conntrack.entries.capacity where conntrack[slot].isConfirmed && !conntrack[slot].isDying {
      guard isChosen(slot) else { continue }
      delete(slot, portID: portID)
      count += 1
    }
    finish()
    return count
  }

  /// Deletes one entry.
  package func deleteEntry(_ slot: Int, portID: UInt32 = 0) {
    delete(slot, portID: portID)
    finish()
  }

  /// Entries masqueraded behind a device that went down are deleted.
  func forgetMasqueraded(device: UInt32) {
    deleteEntries { conntrack[$0].masqueradeDevice == device }
  }

  /// Entries masqueraded behind an address that was removed are deleted.
  func forgetMasqueraded(address: Address, device: UInt32) {
    deleteEntries { conntrack[$0].masqueradeDevice == device && conntrack[$0].reply.destination == address }
  }
}
