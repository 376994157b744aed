// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// Deletes the flows of a selection: reads the table, and deletes many at a time while it is read.
struct FlowDeletion {
  let query: FlowQuery
  /// Whether nothing is deleted.
  let isDryRun: Bool
  /// Whether an entry that came after the look is spared even if it matches as well.
  let sparesLaterEntries: Bool
  /// What else must hold of an entry of the selection.
  let condition: (borrowing ConntrackEntry) -> Bool
  private(set) var matched = 0
  private(set) var deleted = 0
  private(set) var vanished = 0

  init(
    _ query: FlowQuery, isDryRun: Bool, sparesLaterEntries: Bool = true,
    where condition: @escaping (borrowing ConntrackEntry) -> Bool = { _ in true }
  ) {
    self.query = query
    self.isDryRun = isDryRun
    self.sparesLaterEntries = sparesLaterEntries
    self.condition = condition
  }

  /// Does it.
  ///
  /// - Parameters:
  ///   - options: the namespace's sessions.
  ///   - deletion: told of each entry that was deleted, or that would be.
  /// - Throws: ``NetlinkError``; ``Interruption`` after what had begun was done.
  mutating func run(_ options: GlobalOptions, _ deletion: (borrowing ConntrackEntry) -> Void) throws {
    let (query, condition) = (query, condition)
    let carriers = try query.carriers(isShown: false)
    var progress = Progress("deleted")
    defer { progress.finish() }
    var seen = 0
    if isDryRun {
      FlowQuery.report(
        try query.forEach(in: try options.session(), carriers: carriers) { entry, _ in
          guard !GuardedDeletion.isHolder(entry), condition(entry) else { return true }
          seen += 1
          deletion(entry)
          return true
        })
      matched = seen
      return
    }
    Interruption.expect()
    if !sparesLaterEntries, query.predicate.looksAtTupleAlone {
      try runPlainly(options, carriers: carriers, &progress)
      return
    }
    var clock = Clock()
    var deletions = GuardedDeletion(try options.session()) { entry in
      query.matches(entry, now: clock.now(), carriers: carriers) && condition(entry)
    }
    func note(_ entry: borrowing ConntrackEntry, _ outcome: GuardedDeletion.Outcome) {
      if outcome == .deleted { deletion(entry) }
    }
    defer {
      matched = seen
      deleted = deletions.deleted
      vanished = deletions.vanished
    }
    FlowQuery.report(
      try query.forEach(in: try options.session(), carriers: carriers) { entry, _ in
        guard !GuardedDeletion.isHolder(entry), condition(entry) else { return true }
        seen += 1
        try deletions.append(entry, outcome: note)
        progress.update(seen)
        return !Interruption.hasCome
      })
    try deletions.finish(outcome: note)
    try Interruption.check()
  }

  /// By tuple, zone and id alone: whatever is in the place of an entry that matched matches, too.
  private mutating func runPlainly(
    _ options: GlobalOptions, carriers: CarrierFinder?, _ progress: inout Progress
  ) throws {
    var queue = RequestQueue(try options.session(), operation: "delete a conntrack entry")
    var seen = 0
    var gone = 0
    defer {
      matched = seen
      vanished = gone
    }
    func answer(_ place: Int, _ error: NetlinkError?) throws {
      guard let error else {
        deleted += 1
        return
      }
      guard error.number == .noSuchEntry else { throw error }
      gone += 1
    }
    FlowQuery.report(
      try query.forEach(in: try options.session(), carriers: carriers) { entry, _ in
        seen += 1
        let key = ConntrackKey(entry)
        try queue.append({ ConntrackRequest.delete(key, sequence: $1, into: &$0) }, answer: answer)
        progress.update(seen)
        return !Interruption.hasCome
      })
    try queue.finish(answer: answer)
    try Interruption.check()
  }

  /// Says on stderr what was done.
  ///
  /// - Parameter verb: "deleted".
  func reportCounts(_ verb: String = "deleted") {
    if isDryRun {
      StandardError.report("\(matched) flow entries would be \(verb).")
    } else {
      StandardError.report(
        "\(deleted) flow entries have been \(verb)." + (vanished > 0 ? " \(vanished) had gone before." : ""))
    }
  }
}
