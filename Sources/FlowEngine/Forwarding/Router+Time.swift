// SPDX-License-Identifier: GPL-3.0-or-later

extension Router {
  /// When something happens next by time alone.
  package var nextDeadline: Instant {
    var next = min(neighbours.nextDeadline, reassembly.nextDeadline, nextConntrackTick)
    for flowtable in flowtables.values { next = min(next, flowtable.nextCollection) }
    return next
  }

  /// Lets time pass up to `target`: collections, neighbours' states, datagrams that wait, each at its instant and
  /// in order. Time that lies in the past is ignored.
  package func advance(to target: Instant) {
    while now < target {
      let next = nextDeadline
      guard next <= target else { break }
      if now < next { now = next }
      serve()
      skipIdle(to: target)
    }
    if now < target { now = target }
  }

  /// Serves what is due now.
  private func serve() {
    if neighbours.nextDeadline <= now { serveNeighbours() }
    if reassembly.nextDeadline <= now { expireFragments() }
    for id in flowtables.keys.sorted() {
      guard let due = flowtables[id]?.nextCollection, due <= now else { continue }
      collectFlows(of: id)
      flowtables[id]?.nextCollection = due.adding(seconds: 1)
    }
    if nextConntrackTick <= now {
      collectConntrack()
      nextConntrackTick = nextConntrackTick.adding(seconds: 1)
    }
    finish()
  }

  /// Collections of empty tables need not be run one by one.
  private func skipIdle(to target: Instant) {
    guard target.since(now) > 2 * Instant.second else { return }
    let seconds = target.since(now) / Instant.second
    if flows.count == 0 {
      for id in flowtables.keys {
        guard let next = flowtables[id]?.nextCollection, next < target else { continue }
        flowtables[id]?.nextCollection = next.adding(seconds: target.since(next) / Instant.second)
      }
    }
    if conntrack.count == 0, nextConntrackTick < target {
      conntrackTick = Int((UInt64(conntrackTick) + seconds) % UInt64(Self.conntrackTicks))
      nextConntrackTick = nextConntrackTick.adding(seconds: target.since(nextConntrackTick) / Instant.second)
    }
  }
}
