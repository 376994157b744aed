// SPDX-License-Identifier: GPL-3.0-or-later

/// What is to be done to a flow in hardware. Each kind has a queue of its own, whose items are done one after another.
///
/// Source: net/netfilter/nf_flow_table_offload.c, flow_offload_queue_work.
enum HardwareWork: Int, CaseIterable, Sendable {
  /// Adds the flow's rules, or brings them up to date.
  case replace
  case destroy
  case readStatistics
}

/// A flow of a flowtable with `flags offload`, as the flowtable sees it.
///
/// Source: include/net/netfilter/nf_flow_table.h, enum nf_flow_flags.
struct HardwareFlow: Equatable, Sendable {
  /// What rules and work are known by: a slot is used again, a cookie never.
  let cookie: UInt64
  /// Work is queued; only one item at a time.
  var isPending = false
  /// The deletion from hardware was asked for.
  var isDying = false
  /// It is done.
  var isDead = false
}

/// The hardware of all devices, the flows that are meant for it, and the work that waits.
struct HardwareOffload: ~Copyable {
  struct Item: Equatable {
    var due: Instant
    var work: HardwareWork
    var slot: Int
    var cookie: UInt64
  }

  /// By the device that has the hardware: a NIC, or a switch's conduit.
  private(set) var tables: [UInt32: HardwareTable] = [:]
  /// User ports of switches: by their device, their conduit.
  private(set) var conduits: [UInt32: UInt32] = [:]
  /// Flows by their slot.
  var flows: [Int: HardwareFlow] = [:]
  private var queues: [[Item]] = Array(repeating: [], count: HardwareWork.allCases.count)
  /// When the last item of each queue is done.
  private var busyUntil: [Instant] = Array(
    repeating: Instant(nanoseconds: 0), count: HardwareWork.allCases.count)
  private var lastCookie: UInt64 = 0
  /// When the next item is done.
  private(set) var nextDeadline = Instant.distantFuture

  init() {}

  /// Whether any device has hardware: what is looked at for each frame.
  @inline(__always)
  var exists: Bool { !tables.isEmpty }

  /// The hardware that a device's frames meet first.
  func table(of device: UInt32) -> HardwareTable? { tables[conduits[device] ?? device] }

  /// Gives a device hardware, empty; nil: takes it away.
  mutating func set(_ settings: HardwareSettings?, of device: UInt32) {
    tables[device] = settings.map { HardwareTable($0) }
  }

  /// Makes a device a user port of the switch behind `conduit`; nil: an ordinary device.
  mutating func set(conduit: UInt32?, of device: UInt32) { conduits[device] = conduit }

  /// A number that no flow had.
  mutating func nextCookie() -> UInt64 {
    lastCookie += 1
    return lastCookie
  }

  /// Queues work for a flow, unless some is queued already. False: it is.
  @discardableResult
  mutating func queue(_ work: HardwareWork, _ slot: Int, at now: Instant, taking nanoseconds: UInt64) -> Bool
  {
    guard let flow = flows[slot], !flow.isPending else { return false }
    flows[slot]?.isPending = true
    let due = max(now, busyUntil[work.rawValue]).adding(nanoseconds: nanoseconds)
    busyUntil[work.rawValue] = due
    queues[work.rawValue].append(Item(due: due, work: work, slot: slot, cookie: flow.cookie))
    nextDeadline = min(nextDeadline, due)
    return true
  }

  /// Takes the items that are done by `now`, in the order in which they are, whose flows still exist.
  mutating func takeDone(by now: Instant) -> [Item] {
    var done: [Item] = []
    for number in queues.indices {
      let count = queues[number].prefix { $0.due <= now }.count
      done += queues[number].prefix(count)
      queues[number].removeFirst(count)
    }
    nextDeadline = queues.compactMap { $0.first?.due }.min() ?? .distantFuture
    return done.filter { flows[$0.slot]?.cookie == $0.cookie }.sorted {
      ($0.due, $0.work.rawValue, $0.cookie) < ($1.due, $1.work.rawValue, $1.cookie)
    }
  }
}
