// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire

/// Creates the flows of a file, many at a time, and knows which line each answer is about.
final class FlowRestorer {
  /// Flows that wait for their master at most.
  private static let waitingLimit = 4096

  private let session: NetlinkSession
  private let reader: FlowReader
  private let skipsExisting: Bool
  private let isDryRun: Bool
  private var queue: RequestQueue
  /// Lines of the requests that are not answered, the first of them at `base`.
  private var lines: [Int] = []
  private var base = 0
  /// Flows with a master among them, by place: the master may come later in the file.
  private var children: [Int: ConntrackCreation] = [:]
  private var waiting: [(line: Int, creation: ConntrackCreation)] = []
  private var name = ""
  private var progress = Progress("added")

  /// Whether there was a line of the file.
  private(set) var hasRead = false
  /// Flows that were added, or that would be.
  private(set) var added = 0
  /// Flows that were there.
  private(set) var existing = 0
  /// Flows that had been in a flowtable.
  private(set) var offloaded = 0

  init(
    _ session: NetlinkSession, labels: ConntrackLabelMap, skipsExisting: Bool, isDryRun: Bool
  ) {
    self.session = session
    self.skipsExisting = skipsExisting
    self.isDryRun = isDryRun
    reader = FlowReader(labels: labels, timeouts: .ofThisMachine, isExclusive: true)
    queue = RequestQueue(session, operation: "add")
  }

  /// Adds all flows of a file.
  ///
  /// - Throws: ``CommandFailure`` that names the line; ``NetlinkError``.
  func restore(_ path: String) throws {
    var file = try LineReader(path)
    name = file.name
    defer { progress.finish() }
    do {
      try file.forEachLine { number, line in
        hasRead = true
        let flow: RestoredFlow?
        do throws(RestoreError) {
          flow = try reader.flow(line)
        } catch {
          throw CommandFailure(.failed, "\(name):\(number): \(error.message)")
        }
        if let flow { try add(flow, line: number) }
      }
    } catch {
      // What stands before the line has been read: it is added, so that the counts are true.
      try? queue.finish(answer: answer)
      throw error
    }
    try queue.finish(answer: answer)
    try addWaiting()
  }

  private func add(_ flow: RestoredFlow, line: Int) throws {
    if flow.wasOffloaded { offloaded += 1 }
    guard !isDryRun else {
      added += 1
      return
    }
    let creation = flow.creation
    if creation.entry.present.contains(.master) { children[base + lines.count] = creation }
    lines.append(line)
    try queue.append({ ConntrackRequest.create(creation, sequence: $1, into: &$0) }, answer: answer)
    progress.update(added)
  }

  private func answer(_ place: Int, _ error: NetlinkError?) throws {
    let line = lines[place - base]
    if place - base == lines.count - 1 {
      base += lines.count
      lines.removeAll(keepingCapacity: true)
    }
    let child = children.isEmpty ? nil : children.removeValue(forKey: place)
    guard let error else {
      added += 1
      return
    }
    if error.number == .exists, skipsExisting {
      existing += 1
    } else if error.number == .noSuchEntry, let child, waiting.count < Self.waitingLimit {
      waiting.append((line, child))
    } else {
      throw failure(error, line: line, creation: child)
    }
  }

  /// Adds what waited for its master, as long as that helps.
  private func addWaiting() throws {
    while !waiting.isEmpty {
      let tried = waiting
      waiting = []
      for (line, creation) in tried {
        do {
          try session.createConntrack(creation)
          added += 1
        } catch let error as NetlinkError where error.number == .noSuchEntry {
          waiting.append((line, creation))
        } catch let error as NetlinkError where error.number == .exists && skipsExisting {
          existing += 1
        } catch let error as NetlinkError {
          throw failure(error, line: line, creation: creation)
        }
      }
      guard waiting.count < tried.count else {
        throw CommandFailure(
          .failed, "\(name):\(waiting[0].line): the flow's master is not in the table",
          hint: waiting.count > 1 ? "so it is with \(waiting.count - 1) more flows" : nil)
      }
    }
  }

  private func failure(_ error: NetlinkError, line: Int, creation: ConntrackCreation?) -> CommandFailure {
    var failure = CommandFailure(error.explained(session))
    let what = "cannot add the flow of \(name):\(line)"
    failure.message = what + failure.message.dropFirst("cannot add".count)
    return failure
  }

  /// Says on stderr what was done.
  func reportCounts() {
    let verb = isDryRun ? "would be added" : "have been added"
    StandardError.report(
      "\(added) flow entries \(verb)." + (existing > 0 ? " \(existing) were there already." : ""))
    if offloaded > 0 {
      StandardError.report(
        "\(offloaded) of them had been offloaded: they come back on the classic path, with default timeouts.")
    }
  }
}

extension NetlinkError {
  /// The same error, with what is known about its cause when an entry is created or changed.
  func explained(_ session: NetlinkSession) -> NetlinkError {
    var error = self
    switch number {
    case .exists: error.hint = "the flow is there already; '--skip-existing' passes over those of a file"
    case .noMemory:
      if let fill = try? session.conntrackFill(), let maximum = fill.maximum {
        error.hint =
          "the table has \(fill.entries) of at most \(maximum) flow entries: "
          + SystemFile.advice("nf_conntrack_max", UInt64(maximum) * 2)
      }
    case .noSpace:
      error.hint = "entries have room for labels only while a rule uses labels, such as 'ct label set'"
    case .notSupported:
      error.hint = "unknown helper, or NAT is not there: 'modprobe nf_conntrack_NAME', 'modprobe nf_nat'"
    default: break
    }
    return error
  }
}

extension DefaultTimeouts {
  /// As the sysctls of this network namespace say.
  static var ofThisMachine: DefaultTimeouts {
    var result = DefaultTimeouts()
    func read(_ name: String, _ value: inout UInt32) {
      if let seconds = SystemFile.netfilterSetting(name) { value = UInt32(clamping: seconds) }
    }
    read("nf_conntrack_tcp_timeout_established", &result.tcp)
    read("nf_conntrack_udp_timeout", &result.udp)
    read("nf_conntrack_udp_timeout_stream", &result.udpStream)
    read("nf_conntrack_generic_timeout", &result.generic)
    return result
  }
}
