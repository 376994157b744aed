// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// Changes the flows of a selection, many at a time, while the table is read.
struct FlowAnnotation: ~Copyable {
  private let query: FlowQuery
  private let wanted: ConntrackUpdate
  private let isDryRun: Bool
  private var report: ChangeReport
  private(set) var matched = 0
  private var changed = 0
  private var vanished = 0
  private var unchanged = 0
  /// What the kernel kept of a time-out that was too long for it; nil where it kept all.
  private var keptTimeout: UInt32?

  /// Longer time-outs may be more than the kernel has a number for: 2^31 - 1 ticks, of which there are 1000 in a second
  /// at most.
  /// Source: net/netfilter/nf_conntrack_netlink.c, ctnetlink_change_timeout; nf_conntrack.h, __nf_ct_set_timeout.
  private static let surelyKept = UInt32(Int32.max / 1000)

  init(_ query: FlowQuery, _ wanted: ConntrackUpdate, isDryRun: Bool, report: consuming ChangeReport) {
    self.query = query
    self.wanted = wanted
    self.isDryRun = isDryRun
    self.report = report
  }

  /// Does it.
  ///
  /// - Throws: ``NetlinkError``, with what is known about its cause; ``Interruption`` after what had begun was done.
  mutating func run(_ options: GlobalOptions) throws {
    let session = try options.session()
    let carriers = try query.carriers(isShown: false)
    var queue = RequestQueue(session, operation: "change a conntrack entry")
    let reader = (wanted.timeout ?? 0) > Self.surelyKept && !isDryRun ? try options.session() : nil
    var kept: UInt32?
    if !isDryRun { Interruption.expect() }
    var progress = Progress("changed")
    defer { progress.finish() }
    var waiting: [(entry: ConntrackEntry, changes: [FlowChange])] = []
    var base = 0
    var seen = 0
    var done = 0
    var gone = 0
    var same = 0
    func answer(_ place: Int, _ error: NetlinkError?) throws {
      var (entry, changes) = waiting[place - base]
      if place - base == waiting.count - 1 {
        base += waiting.count
        waiting.removeAll(keepingCapacity: true)
      }
      if let error {
        guard error.number == .noSuchEntry else { throw explained(error, entry) }
        gone += 1
      } else {
        done += 1
        if let reader, let timeout = try cutTimeout(of: entry, reader) {
          kept = timeout
          entry.timeoutField = timeout
          for index in changes.indices where changes[index].name == "timeout" {
            changes[index].new = .number(timeout)
          }
        }
        report.append(entry, changes: changes)
      }
    }
    defer {
      keptTimeout = kept
      matched = seen
      changed = done
      vanished = gone
      unchanged = same
    }
    FlowQuery.report(
      try query.forEach(in: try options.session(), carriers: carriers) { entry, _ in
        guard !GuardedDeletion.isHolder(entry) else { return true }
        seen += 1
        let (update, changes) = difference(entry)
        guard !changes.isEmpty else {
          same += 1
          return true
        }
        let after = changedEntry(entry, update)
        guard !isDryRun else {
          done += 1
          report.append(after, changes: changes)
          return true
        }
        let key = ConntrackKey(entry)
        waiting.append((after, changes))
        try queue.append({ ConntrackRequest.update(key, update, sequence: $1, into: &$0) }, answer: answer)
        progress.update(seen)
        return !Interruption.hasCome
      })
    try queue.finish(answer: answer)
    if !isDryRun { try Interruption.check() }
  }

  /// Writes what is left, and says on stderr what was done.
  mutating func finish() {
    report.finish()
    let verb = isDryRun ? "would be changed" : "have been changed"
    StandardError.report(
      "\(changed) flow entries \(verb)." + (unchanged > 0 ? " \(unchanged) are as wanted." : "")
        + (vanished > 0 ? " \(vanished) had gone before." : ""))
    guard let asked = wanted.timeout, asked > Self.surelyKept else { return }
    if let keptTimeout {
      StandardError.report("--set-timeout: the kernel has cut \(asked) seconds to \(keptTimeout)")
    } else if isDryRun, changed > 0 {
      StandardError.report(
        "--set-timeout: the kernel may cut \(asked) seconds: it has room for \(Self.surelyKept) at least")
    }
  }

  /// Tells whether all was reported.
  ///
  /// - Throws: ``CommandFailure`` when not.
  func checkReport() throws { try report.check() }

  /// The time-out that the entry has now, where that is less than was asked for.
  ///
  /// - Throws: ``NetlinkError``.
  private func cutTimeout(of entry: borrowing ConntrackEntry, _ session: NetlinkSession) throws -> UInt32? {
    guard let asked = wanted.timeout, let now = try session.conntrackEntry(ConntrackKey(entry))?.timeout
    else {
      return nil
    }
    // A few seconds may have passed since.
    return UInt64(now) + 5 < UInt64(asked) ? now : nil
  }

  /// What has to change of this entry, as a request and as words.
  private func difference(_ entry: borrowing ConntrackEntry) -> (ConntrackUpdate, [FlowChange]) {
    var update = ConntrackUpdate()
    var changes: [FlowChange] = []
    if let helper = wanted.helper, helper != entry.helper {
      update.helper = helper
      changes.append(
        FlowChange(name: "helper", old: entry.helper.map(FlowChange.Value.text) ?? .none, new: .text(helper)))
    }
    if let timeout = wanted.timeout, timeout != entry.timeout {
      update.timeout = timeout
      changes.append(
        FlowChange(
          name: "timeout", old: entry.timeout.map(FlowChange.Value.number) ?? .none, new: .number(timeout)))
    }
    if let mark = wanted.mark, let old = entry.mark, mark.applied(to: old) != old {
      update.mark = mark
      changes.append(FlowChange(name: "mark", old: .number(old), new: .number(mark.applied(to: old))))
    }
    if let labels = wanted.labels {
      let old = entry.labels ?? ConntrackLabels()
      let new = labels.applied(to: old)
      if new != old {
        update.labels = labels
        changes.append(FlowChange(name: "labels", old: .list(names(old)), new: .list(names(new))))
      }
    }
    return (update, changes)
  }

  /// Names of labels, `#N` where bit N has none.
  private func names(_ labels: ConntrackLabels) -> [String] {
    (0..<128).filter { labels[$0] }.map { query.labels.name(of: $0) ?? "#\($0)" }
  }

  /// The entry as it is afterwards.
  private func changedEntry(_ entry: borrowing ConntrackEntry, _ update: ConntrackUpdate) -> ConntrackEntry {
    var result = copy entry
    if let helper = update.helper {
      result.helperField = Array(helper.utf8)
      result.present.insert(.helper)
    }
    if let timeout = update.timeout, entry.present.contains(.timeout) { result.timeoutField = timeout }
    if let mark = update.mark { result.markField = mark.applied(to: entry.markField) }
    if let labels = update.labels {
      result.labelsField = labels.applied(to: entry.labels ?? ConntrackLabels())
      if result.labelsField.isEmpty { result.present.remove(.labels) } else { result.present.insert(.labels) }
    }
    return result
  }

  /// The refusal with what is known about its cause.
  private func explained(_ refusal: NetlinkError, _ entry: borrowing ConntrackEntry) -> any Error {
    var error = refusal
    error.operation = "change the flow \(entry.shortName)"
    switch error.number {
    case .noSpace:
      error.hint =
        "entries have room for labels only if a rule used labels when they began, such as 'ct label set'"
    case .operationNotPermitted
    where wanted.timeout != nil && (entry.status?.contains(.fixedTimeout) ?? false):
      var failure = CommandFailure(error)
      failure.status = .failed
      failure.hint = "the timeout of a flow with the flag FIXED_TIMEOUT cannot be changed"
      return failure
    case .busy where wanted.helper != nil:
      error.hint = "the flow has another helper, which cannot be replaced"
    case .notSupported where wanted.helper != nil:
      error.hint =
        "a flow that lives without a helper cannot get one; or the kernel has no helper '\(wanted.helper ?? "")'"
    default: break
    }
    return error
  }
}

extension ConntrackEntry {
  /// Protocol and original direction, for errors.
  fileprivate var shortName: String {
    func end(_ address: IPAddress, _ port: UInt16) -> String {
      let text = SystemNames.text(of: address)
      guard Layer4Protocol.hasPorts(original.layer4) else { return text }
      return address.family == .ipv6 ? "[\(text)]:\(port)" : "\(text):\(port)"
    }
    let name = FlowValueParser.name(ofLayer4: original.layer4)
    let source = end(original.source, original.sourcePort)
    return "\(name) \(source) -> \(end(original.destination, original.destinationPort))"
  }
}
