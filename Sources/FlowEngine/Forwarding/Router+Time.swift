// SPDX-License-Identifier: GPL-3.0-or-later

extension Router {
  /// When something happens next by time alone.
  package var nextDeadline: Instant {
    min(
      min(neighbours.nextDeadline, reassembly.nextDeadline, nextConntrackStep, nextFlowStep),
      min(hardware.nextDeadline, routes4.nextPathDeadline, routes6.nextPathDeadline))
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
    if hardware.nextDeadline <= now { serveHardware() }
    routes4.forgetPaths(at: now)
    routes6.forgetPaths(at: now)
    if nextFlowStep <= now { collectFlows() }
    if nextConntrackStep <= now { collectConntrack() }
    finish()
  }

  /// Collections of empty tables need not be run one by one.
  private func skipIdle(to target: Instant) {
    guard target.since(now) > 2 * Instant.second else { return }
    if flows.count == 0, nextFlowStep < target {
      let period = collectionPeriod
      nextFlowStep = nextFlowStep.adding(nanoseconds: target.since(nextFlowStep) / period * period)
    }
    if conntrack.count == 0, nextConntrackStep < target {
      let periods = target.since(nextConntrackStep) / (Self.conntrackPeriod * Instant.second)
      nextConntrackStep = nextConntrackStep.adding(seconds: periods * Self.conntrackPeriod)
    }
  }
}
