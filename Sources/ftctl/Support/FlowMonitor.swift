// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

/// The loop of `monitor`: events in, lines out, and a comparison with the table whenever events were lost.
struct FlowMonitor: ~Copyable {
  /// Datagrams that are read between two looks at signals and timers.
  private static let budget = 256
  /// A look at the tags may take at most this part of the time.
  private static let lookCost = 20.0

  private let source: ConntrackEventSource
  private let query: FlowQuery
  private let carriers: CarrierFinder?
  private let wanted: Set<FlowEvent>
  private let openSession: () throws -> NetlinkSession
  private var renderer: FlowRenderer
  private var knowledge = FlowKnowledge()
  /// Flows that a comparison has reported since the queue of events was last empty: their own events are old news.
  private var reportedByComparison: Set<UInt64> = []
  private var losses = 0
  private var interval: Double
  private let leastInterval: Double
  private var nextLook: Double

  init(
    source: ConntrackEventSource, query: FlowQuery, events: Set<FlowEvent>,
    openSession: @escaping () throws -> NetlinkSession, renderer: consuming FlowRenderer,
    offloadInterval: Double
  ) throws {
    self.source = source
    self.query = query
    wanted = events
    self.openSession = openSession
    self.renderer = renderer
    leastInterval = events.isDisjoint(with: [.offload, .classic]) ? 0 : offloadInterval
    interval = leastInterval
    nextLook = 0
    carriers = try query.carriers(isShown: self.renderer.showsCarrier)
  }

  /// Prints events until SIGINT, SIGTERM or the end of who reads them.
  mutating func run() throws {
    let signals = try retryingInterrupts("wait for signals") { ftctl_signal_descriptor() }
    defer { close(signals) }
    warnAboutSilentEntries()
    try compare(isFirst: true)
    try renderer.begin()
    nextLook = Clock.monotonicSeconds() + interval
    var waits = [
      pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: 1, events: 0, revents: 0),  // a reader that closes the pipe raises POLLERR
    ]
    while true {
      // Safe: poll reads and writes the array's three elements.
      _ = unsafe poll(&waits, 3, timeout())
      if waits[1].revents != 0 || waits[2].revents & Int16(POLLERR) != 0 { break }
      try readEvents()
      if leastInterval > 0, Clock.monotonicSeconds() >= nextLook { try lookAtTags() }
    }
    try renderer.finish()
    let lost = losses == 0 ? "" : ", events were lost and made up for \(losses) times"
    StandardError.report("\(renderer.count) flow events have been shown\(lost).")
  }

  /// Milliseconds to wait; -1 is for ever.
  private func timeout() -> Int32 {
    guard leastInterval > 0 else { return -1 }
    return Int32(min(max((nextLook - Clock.monotonicSeconds()) * 1000, 0), 60_000).rounded(.up))
  }

  /// Entries that were made while nobody listened have no events; says so where that is the setting.
  private func warnAboutSilentEntries() {
    guard SystemFile.netfilterSetting("nf_conntrack_events") == 2 else { return }
    StandardError.hint(
      "flows that are older than this monitor have no events: \(SystemFile.advice("nf_conntrack_events", 1)), "
        + "for new flows"
    )
  }

  // MARK: Events

  private mutating func readEvents() throws {
    for _ in 0..<Self.budget {
      do {
        let wasThere = try source.read { kind, entry, port in
          try handle(kind, &entry, port)
        }
        if !wasThere {
          reportedByComparison.removeAll()
          return
        }
      } catch let error as NetlinkError where error.number == .noBufferSpace {
        losses += 1
        StandardError.report(
          "the kernel had to drop events: the receive buffer of \(source.receiveBuffer) octets was full; reading the table"
        )
        try drain()
        try compare(isFirst: false)
      }
    }
  }

  /// Reads what was queued before events were lost, so that the comparison comes after it.
  private mutating func drain() throws {
    while true {
      do {
        guard try source.read({ kind, entry, port in try handle(kind, &entry, port) }) else { return }
      } catch let error as NetlinkError where error.number == .noBufferSpace {
        continue
      }
    }
  }

  private mutating func handle(
    _ kind: ConntrackEventSource.Kind, _ entry: inout ConntrackEntry, _ port: UInt32
  ) throws {
    let isOldNews = !reportedByComparison.isEmpty && reportedByComparison.contains(entry.identity)
    switch kind {
    case .new:
      _ = knowledge.observe(entry)
      if !isOldNews { try show(entry, .new, port) }
    case .update:
      let change = knowledge.observe(entry)
      try show(entry, .update, port)
      try showTag(entry, change)
    case .destroy:
      let wasKnown = knowledge.forget(entry)
      if wasKnown || !isOldNews { try show(entry, .destroy, port) }
    }
  }

  private mutating func showTag(_ entry: borrowing ConntrackEntry, _ change: FlowKnowledge.Change) throws {
    switch change {
    case .tagged: try show(entry, .offload)
    case .untagged: try show(entry, .classic)
    case .appeared where entry.offloadState != .none: try show(entry, .offload)
    case .appeared, .known: break
    }
  }

  private mutating func show(_ entry: borrowing ConntrackEntry, _ event: FlowEvent, _ port: UInt32 = 0) throws
  {
    guard wanted.contains(event) else { return }
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    guard query.isEverything || query.matches(entry, now: Int64(now.tv_sec), carriers: carriers) else {
      return
    }
    let time = entry.eventTime ?? UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    try renderer.append(
      entry, now: Int64(now.tv_sec), carrier: FlowCarrier.of(entry, carriers), event: event,
      eventTime: time, cause: port == 0 ? nil : Self.cause(port))
  }

  /// Which program caused an event, as conntrack(8) says it. The port id is most often a process id.
  private static func cause(_ port: UInt32) -> String {
    let name = SystemFile.text("/proc/\(port)/comm")?.split(whereSeparator: \.isNewline).first
    return "[USERSPACE] portid=\(port)" + (name.map { " progname=\($0)" } ?? "")
  }

  // MARK: Comparing with the table

  /// Reads the whole table, and unless this is the first time reports what differs from what was known.
  private mutating func compare(isFirst: Bool) throws {
    knowledge.beginComparison()
    let session = try openSession()
    _ = try session.dumpConntrack { entry in
      let change = knowledge.observe(entry)
      guard !isFirst else { return true }
      if change == .appeared {
        reportedByComparison.insert(entry.identity)
        try show(entry, .new)
      }
      try showTag(entry, change)
      return true
    }
    for record in knowledge.removeUnobserved() where !isFirst {
      let entry = record.entry
      reportedByComparison.insert(entry.identity)
      try show(entry, .destroy)
    }
    if !isFirst { StandardError.report("the table has been read: \(knowledge.count) flows are known") }
  }

  /// Reads the offloaded entries alone: the tag comes and goes without an event.
  private mutating func lookAtTags() throws {
    let start = Clock.monotonicSeconds()
    if try knowledge.hasTags || !CarrierFinder.listFlowtables().isEmpty {
      knowledge.beginComparison()
      _ = try openSession().dumpConntrack(KernelFilter(.test(.offload(.any)))) { entry in
        guard entry.offloadState != .none, let change = knowledge.observeTag(entry) else { return true }
        try showTag(entry, change)
        return true
      }
      for record in knowledge.removeUnobservedTags() { try show(record.entry, .classic) }
    }
    let end = Clock.monotonicSeconds()
    interval = max(leastInterval, (end - start) * Self.lookCost)
    nextLook = end + interval
  }
}
