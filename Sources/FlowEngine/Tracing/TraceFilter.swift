// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// Which packets are recorded, by their flow: what a wider selection implies, so that few packets of others are kept.
package struct TraceFilter: Equatable, Sendable {
  /// A field of the flow's two tuples.
  package enum Field: String, Sendable, CaseIterable {
    case source = "src", destination = "dst", replySource = "reply-src", replyDestination = "reply-dst"
  }

  package struct Addresses: Equatable, Sendable {
    package var field: Field
    package var family: IPFamily
    package var lower: Address
    package var upper: Address

    package init(_ field: Field, _ family: IPFamily, _ lower: Address, _ upper: Address) {
      self.field = field
      self.family = family
      self.lower = lower
      self.upper = upper
    }
  }

  package struct Ports: Equatable, Sendable {
    package var field: Field
    package var range: ClosedRange<UInt16>

    package init(_ field: Field, _ range: ClosedRange<UInt16>) {
      self.field = field
      self.range = range
    }
  }

  package var family: IPFamily?
  /// One of these; empty: any.
  package var protocols: [UInt8] = []
  package var addresses: [Addresses] = []
  package var ports: [Ports] = []
  /// The device by which frames come; 0: any.
  package var device: UInt32 = 0
  /// Rules that did not match are recorded as well.
  package var recordsMismatches = false

  package init() {}

  /// Whether frames that belong to no flow (ARP, for one) are selected.
  var takesAll: Bool { family == nil && protocols.isEmpty && addresses.isEmpty && ports.isEmpty }

  /// Whether a flow is selected.
  func matches(_ original: Tuple, _ reply: Tuple) -> Bool {
    if let family, original.family != family { return false }
    guard protocols.isEmpty || protocols.contains(original.proto) else { return false }
    for wanted in addresses {
      guard original.family == wanted.family else { return false }
      let address =
        switch wanted.field {
        case .source: original.source
        case .destination: original.destination
        case .replySource: reply.source
        case .replyDestination: reply.destination
        }
      guard !Self.isBelow(address, wanted.lower), !Self.isBelow(wanted.upper, address) else { return false }
    }
    for wanted in ports {
      let port =
        switch wanted.field {
        case .source: original.sourcePort
        case .destination: original.destinationPort
        case .replySource: reply.sourcePort
        case .replyDestination: reply.destinationPort
        }
      guard wanted.range.contains(port) else { return false }
    }
    return true
  }

  private static func isBelow(_ left: Address, _ right: Address) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

/// Records what happens to frames while somebody wants to know, and costs a test of ``isOn`` for a batch of them otherwise.
package struct TraceRecorder: Sendable {
  /// Records that wait to be taken; further ones are lost, and counted.
  package static let capacity = 1024

  /// Whether frames are recorded: set when there are filters.
  package private(set) var isOn = false
  /// Who wants which packets, by the port id of the client.
  package private(set) var filters: [UInt32: TraceFilter] = [:]
  /// A frame is under way and is recorded.
  private(set) var isOpen = false
  private(set) var recordsMismatches = false
  private var record = TraceRecord()
  private var entry = EntryID.none
  private var tuple: Tuple?
  private var last = Statistics()
  private var number: UInt64 = 0
  private var records: [(record: TraceRecord, clients: [UInt32])] = []
  /// Frames whose records were lost since the last were taken.
  private var lost: UInt64 = 0

  package init() {}

  /// Records packets for a client from now on; nil: no more.
  package mutating func setFilter(_ filter: TraceFilter?, for client: UInt32) {
    filters[client] = filter
    isOn = !filters.isEmpty
    recordsMismatches = filters.values.contains { $0.recordsMismatches }
    if !isOn { records.removeAll() }
  }

  /// The records for a client since the last call, oldest first, and how many were lost.
  package mutating func take(for client: UInt32) -> (records: [TraceRecord], lost: UInt64) {
    guard !records.isEmpty || lost > 0 else { return ([], 0) }
    let result = records.filter { $0.clients.contains(client) }.map(\.record)
    for index in records.indices { records[index].clients.removeAll { $0 == client } }
    records.removeAll { $0.clients.isEmpty }
    defer { lost = 0 }
    return (result, lost)
  }

  mutating func begin(
    _ frame: RawSpan, _ offload: VirtioHeader, _ device: UInt32, _ now: Instant, _ wallClock: UInt64,
    _ statistics: Statistics, generation: UInt32
  ) {
    number += 1
    record = TraceRecord()
    record.number = number
    record.time = now
    record.wallClock = wallClock
    record.device = device
    record.length = frame.byteCount
    record.head.append(frame.extracting(0..<min(frame.byteCount, TraceRecord.headLength)))
    record.offload = offload
    record.generation = generation
    last = statistics
    entry = .none
    tuple = nil
    isOpen = true
  }

  mutating func add(_ step: TraceStep, _ statistics: Statistics) {
    noteCounts(statistics)
    append(step)
  }

  /// What the packet's flow is, as far as is known.
  mutating func identify(_ entry: EntryID, _ tuple: Tuple?) {
    if !entry.isNone { self.entry = entry }
    if self.tuple == nil { self.tuple = tuple }
  }

  private mutating func append(_ step: TraceStep) {
    if record.steps.count < TraceRecord.stepLimit {
      record.steps.append(step)
    } else {
      record.omitted += 1
    }
  }

  /// Notes what was counted since the last step and is not told by a step of its own.
  private mutating func noteCounts(_ statistics: Statistics) {
    for reason in Reason.allCases where !reason.hasStep && statistics[reason] != last[reason] {
      append(.counted(reason))
    }
    last = statistics
  }

  /// Ends the record of the frame under way. `describe`: the tuples and the message of its flow.
  mutating func end(
    _ statistics: Statistics,
    _ describe: (EntryID, Tuple?) -> (original: Tuple, reply: Tuple, message: [UInt8])?
  ) {
    noteCounts(statistics)
    isOpen = false
    let flow = describe(entry, tuple)
    var clients: [UInt32] = []
    for (client, filter) in filters {
      guard filter.device == 0 || filter.device == record.device else { continue }
      if filter.takesAll || flow.map({ filter.matches($0.original, $0.reply) }) ?? false {
        clients.append(client)
      }
    }
    guard !clients.isEmpty else { return }
    guard records.count < Self.capacity else {
      lost += 1
      return
    }
    record.entry = flow?.message ?? []
    records.append((record, clients))
  }
}

extension Reason {
  /// Whether a step of its own tells it.
  fileprivate var hasStep: Bool {
    switch self {
    case .received, .sent, .tracked, .untracked, .flowAdded, .flowRefused, .fastForwarded, .fastMissed,
      .fastFragment,
      .fastOptions, .fastTimeToLive, .fastProtocol, .fastTruncated, .fastTooBig, .fastClosed, .fastReopened,
      .fastStale,
      .fastUnknownEncapsulation:
      true
    default: false
    }
  }
}
