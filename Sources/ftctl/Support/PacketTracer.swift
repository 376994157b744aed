// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import EngineHost
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

/// The loop of `trace`: records of an engine in, their text out.
struct PacketTracer: ~Copyable {
  /// Milliseconds between two looks whether a flow that is followed still has an entry.
  private static let lookInterval: Int32 = 500

  private let socket: EngineSocket
  private let query: FlowQuery
  private let carriers: CarrierFinder?
  private let format: OutputFormat
  private let limit: Int
  private let followsFlow: Bool
  private let session: NetlinkSession
  private let json = JSONFormat()
  private var clock = Clock()
  private var output = OutputBuffer()
  private var count = 0
  private var lost: UInt64 = 0
  /// The flow that is followed: original tuple and zone.
  private var followed: (tuple: ConntrackTuple, zone: UInt16)?
  private var hasEntry = false

  init(
    _ socket: EngineSocket, query: FlowQuery, carriers: CarrierFinder?, format: OutputFormat, limit: Int,
    followsFlow: Bool, session: NetlinkSession
  ) {
    self.socket = socket
    self.query = query
    self.carriers = carriers
    self.format = format
    self.limit = limit
    self.followsFlow = followsFlow
    self.session = session
  }

  /// Prints packets until there are enough, SIGINT or SIGTERM, or the end of who reads them.
  mutating func run(_ request: String) throws {
    let signals = try retryingInterrupts("wait for signals") { ftctl_signal_descriptor() }
    defer { close(signals) }
    let refusal = try socket.askHost(request)
    if !refusal.isEmpty {
      let text = (try? JSONValue(parsing: refusal))?["error"]?.string ?? "unknown answer"
      throw CommandFailure(.failed, "the engine does not trace: \(text)")
    }
    StandardError.report("tracing")
    if format == .json { output.append(JSONFormat.arrayStart) }
    try StandardOutput.flush(&output)
    var waits = [
      pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: 1, events: 0, revents: 0),
    ]
    while count < limit {
      // Safe: poll reads and writes the array's three elements.
      let ready = unsafe poll(&waits, 3, hasEntry ? Self.lookInterval : -1)
      if waits[1].revents != 0 || waits[2].revents & Int16(POLLERR) != 0 { break }
      if waits[0].revents != 0 {
        guard let text = try socket.nextHostText() else { continue }
        try take(text)
        try StandardOutput.flush(&output)
      } else if ready == 0, try flowIsGone() {
        StandardError.report("the flow's entry is gone")
        break
      }
    }
    if format == .json { output.append(JSONFormat.arrayEnd) }
    try StandardOutput.flush(&output)
    StandardError.report(
      "\(count) packets have been traced." + (lost > 0 ? " \(lost) came too fast to be recorded." : ""))
  }

  /// Whether the flow that is followed has lost its entry.
  private func flowIsGone() throws -> Bool {
    guard let followed else { return false }
    return try session.conntrackEntry(followed.tuple, zone: followed.zone) == nil
  }

  /// Prints a record, if it is of a selected flow.
  private mutating func take(_ text: [UInt8]) throws {
    let record = try JSONValue(parsing: text)
    if let number = record["lost"]?.integer(as: UInt64.self) {
      lost += number
      return StandardError.report("\(number) packets came too fast to be recorded")
    }
    var entry = ConntrackEntry()
    let octets = Trace.octets(record["entry"]?.string ?? "") ?? []
    let hasFlow = octets.count > NetlinkHeader.encodedLength
    if hasFlow {
      // Safe: octets have no invalid bit pattern, and a span checks its bounds.
      try unsafe entry.decode(octets.span.bytes.extracting(NetlinkHeader.encodedLength..<octets.count))
    }
    guard query.isEverything || hasFlow && query.matches(entry, now: clock.now(), carriers: carriers) else {
      return
    }
    if followsFlow {
      guard hasFlow, follow(entry) else { return }
    }
    if format == .line {
      TraceText(record).write(to: &output)
    } else {
      if format == .json, count > 0 { output.append(JSONFormat.arraySeparator) }
      output.append(text: try object(record, hasFlow ? entry : nil).description)
      if format == .jsonl { output.append("\n") }
    }
    count += 1
  }

  /// Whether the entry is of the flow that is followed; the first is.
  private mutating func follow(_ entry: ConntrackEntry) -> Bool {
    if let followed { return followed.tuple == entry.original && followed.zone == entry.zone ?? 0 }
    followed = (entry.original, entry.zone ?? 0)
    hasEntry = entry.id != nil
    return true
  }

  /// The record with its flow in words instead of the engine's message.
  private func object(_ record: JSONValue, _ entry: ConntrackEntry?) throws -> JSONValue {
    var members = (record.members ?? []).filter { $0.name != "entry" }
    if let entry {
      var text = OutputBuffer()
      var context = FormatContext(labels: query.labels)
      context.now = Int64(time(nil))
      json.append(entry, context, to: &text)
      let flow = try JSONValue(parsing: Array(text.text.utf8))
      let place = members.firstIndex { $0.name == "steps" } ?? members.endIndex
      members.insert(JSONValue.Member("flow", flow), at: place)
    }
    return .object(members)
  }
}
