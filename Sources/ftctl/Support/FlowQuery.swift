// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// A selection made ready to be asked: by the kernel where that is sound, and here for every entry again.
struct FlowQuery {
  let predicate: FlowPredicate
  let labels: ConntrackLabelMap
  private let matcher: FlowMatcher
  private let filter: KernelFilter

  /// - Parameters:
  ///   - options: the selection.
  ///   - other: what must hold besides.
  /// - Throws: ``CommandFailure`` of wrong usage.
  init(_ options: SelectionOptions, and other: FlowPredicate? = nil) throws {
    labels = SystemFile.labelMap()
    let selected = try options.predicate(labels: labels)
    predicate = other.map { .all([selected, $0]) } ?? selected
    if other != nil, let reason = predicate.contradiction() {
      throw CommandFailure(.usage, "nothing can match: \(reason)")
    }
    matcher = FlowMatcher(predicate)
    filter = KernelFilter(predicate)
  }

  /// Whether every flow is meant.
  var isEverything: Bool { predicate.isEverything }

  /// What carries flows in the current namespace, if the selection or the output asks for it.
  func carriers(isShown: Bool) throws -> CarrierFinder? {
    guard isShown || !matcher.carriers.isEmpty else { return nil }
    let finder = try CarrierFinder(ordering: matcher.carriers)
    return finder
  }

  /// Reads all matching entries once.
  ///
  /// - Parameters:
  ///   - session: where to ask.
  ///   - carriers: from ``carriers(isShown:)``.
  ///   - isZeroingCounters: whether the counters of all that the kernel sends restart from 0.
  ///   - body: reads an entry, with the wall clock in seconds; returns false when it wants no more.
  /// - Returns: what the dump was; its `entries` are those that matched.
  /// - Throws: ``NetlinkError``; what `body` throws.
  func forEach(
    in session: NetlinkSession, carriers: CarrierFinder?, isZeroingCounters: Bool = false,
    _ body: (inout ConntrackEntry, Int64) throws -> Bool
  ) throws -> DumpSummary {
    var clock = Clock()
    var matched = 0
    let matchesEverything = matcher.matchesEverything
    var summary = try session.dumpConntrack(filter, isZeroingCounters: isZeroingCounters) { entry in
      let now = clock.now()
      guard matchesEverything || matches(entry, now: now, carriers: carriers) else { return true }
      matched += 1
      return try body(&entry, now)
    }
    summary.entries = matched
    return summary
  }

  /// Whether the entry is among the selected.
  func matches(_ entry: borrowing ConntrackEntry, now: Int64, carriers: CarrierFinder?) -> Bool {
    matcher.matches(entry, now: now) { number, entry in carriers?.carries(number, entry) ?? false }
  }

  /// Says on stderr what makes a selection look empty: counters or times that the kernel does not keep.
  func warnAboutMissingData() {
    var needsCounters = false
    var needsTimes = false
    predicate.forEachTest { test in
      guard case .quantity(let quantity, _) = test else { return }
      if quantity == .bytes || quantity == .packets { needsCounters = true }
      if quantity == .age { needsTimes = true }
    }
    if needsCounters, SystemFile.netfilterSetting("nf_conntrack_acct") == 0 {
      StandardError.hint(
        "flows are not counted here: \(SystemFile.advice("nf_conntrack_acct", 1)), for new flows")
    }
    if needsTimes, SystemFile.netfilterSetting("nf_conntrack_timestamp") == 0 {
      StandardError.hint(
        "flows have no start time here: \(SystemFile.advice("nf_conntrack_timestamp", 1)), for new flows")
    }
  }

  /// Says on stderr when a listing may not be whole.
  static func report(_ summary: DumpSummary) {
    if summary.wasInterrupted {
      StandardError.report("the table changed while it was read: entries may be missing")
    }
  }
}
