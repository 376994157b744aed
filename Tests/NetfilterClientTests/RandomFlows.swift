// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import TestSupport

/// Entries and predicates out of small pools, so that they meet often.
struct RandomFlows {
  /// Whether entries have all that the kernel always sends, and a hardware tag only with the tag of software.
  var isKernelLike = false
  private var random: SeededGenerator

  init(seed: UInt64, isKernelLike: Bool = false) {
    random = SeededGenerator(seed: seed)
    self.isKernelLike = isKernelLike
  }

  mutating func pick<Value>(_ values: [Value]) -> Value {
    values[Int.random(in: 0..<values.count, using: &random)]
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  // MARK: Pools

  static let addresses: [AddressFamily: [IPAddress]] = [
    .ipv4: [0, 0x0a00_0001, 0x0a00_0002, 0x0aff_ffff, 0xc000_0201, .max].map { IPAddress(ipv4: $0) },
    .ipv6: [
      (0, 0), (0, 1), (0x2001_0db8 << 32, 1), (0x2001_0db8 << 32, .max), (0x2001_0db8_0000_0001, 0),
      (.max, .max),
    ].map { IPAddress(high: $0.0, low: $0.1, family: .ipv6) },
  ]
  static let protocols: [UInt8] = [6, 6, 6, 17, 17, 1, 1, 58, 132, 33, 136, 47, 50, 0, 255]
  static let ports: [UInt16] = [0, 22, 80, 443, 8080, 65535]
  static let marks: [UInt32] = [0, 1, 2, 0x10, 0x11, 0x8000_0000, .max]
  static let zones: [UInt16] = [0, 1, 2, 65535]
  static let helpers = ["ftp", "sip", ""]
  static let carriers: [CarrierName] = [
    .device("eth0"), .flowtable(family: nil, table: nil, name: "f"),
    .flowtable(family: "inet", table: "x", name: "f"),
  ]
  static let amounts: [UInt64] = [0, 1, 2, 8, 60, 255, 1000, 65535, 4_000_000_000, .max]
  static let now: Int64 = 1_700_000_000

  // MARK: Entries

  /// An entry; what it lacks holds values all the same, as after the decoding of another entry.
  mutating func entry() -> ConntrackEntry {
    var entry = ConntrackEntry()
    let pool = Self.addresses[pick([.ipv4, .ipv6])] ?? []
    let layer4 = pick(Self.protocols)
    entry.original = tuple(pool, layer4)
    entry.reply = tuple(pool, layer4)
    entry.present = [.original, .reply]
    entry.statusField = status()
    entry.markField = pick(Self.marks)
    entry.labelsField = labels()
    entry.stateField = chance(5) ? UInt8(below(256)) : UInt8(below(10))
    entry.timeoutField = UInt32(truncatingIfNeeded: pick(Self.amounts))
    entry.idField = UInt32(truncatingIfNeeded: pick(Self.amounts))
    entry.useField = UInt32(below(3))
    entry.originalCountersField = counters()
    entry.replyCountersField = counters()
    entry.helperField = Array(pick(Self.helpers).utf8)
    entry.startField =
      UInt64(max(0, Self.now - Int64(pick([-5, 0, 1, 60, 1000, 1_800_000_000])))) * 1_000_000_000
    entry.stopField = entry.startField &+ 60_000_000_000
    entry.zoneField = pick(Self.zones)
    let isAlways = isKernelLike
    for field: ConntrackEntry.Presence in [.status, .mark] where isAlways || chance(90) {
      entry.present.insert(field)
    }
    for field: ConntrackEntry.Presence in [.labels, .timeout, .id, .use, .start, .originalCounters]
    where chance(70) { entry.present.insert(field) }
    if entry.present.contains(.originalCounters), chance(95) { entry.present.insert(.replyCounters) }
    if Layer4Protocol.hasState(layer4), chance(80) { entry.present.insert(.state) }
    if chance(10) { entry.present.insert(.stop) }
    if chance(25) { entry.present.insert(.helper) }
    placeZone(&entry)
    return entry
  }

  private mutating func placeZone(_ entry: inout ConntrackEntry) {
    let zone = pick([1, 2, 65535] as [UInt16])
    switch below(6) {
    case 0:
      entry.zoneField = zone
      entry.present.insert(.zone)
    case 1:
      entry.original.zone = zone
      entry.original.hasZone = true
    case 2:
      entry.reply.zone = zone
      entry.reply.hasZone = true
    default: break
    }
  }

  private mutating func tuple(_ pool: [IPAddress], _ layer4: UInt8) -> ConntrackTuple {
    var tuple = ConntrackTuple()
    tuple.source = pick(pool)
    tuple.destination = pick(pool)
    tuple.layer4 = layer4
    switch layer4 {
    case 6, 17, 33, 132, 136, 47:
      tuple.sourcePort = pick(Self.ports)
      tuple.destinationPort = pick(Self.ports)
    case 1, 58:
      tuple.icmpType = pick([0, 8, 255])
      tuple.icmpCode = pick([0, 1, 255])
      tuple.icmpID = pick([0, 1, 255, 65535])
    default: break
    }
    return tuple
  }

  private mutating func status() -> ConntrackStatus {
    var bits = ConntrackStatus(rawValue: UInt32(below(1 << 14)))
    if chance(40) { bits.insert(.offload) }
    if chance(30), !isKernelLike || bits.contains(.offload) { bits.insert(.hardwareOffload) }
    return bits
  }

  private mutating func labels() -> ConntrackLabels {
    ConntrackLabels(low: UInt64(below(8)) << 61 | UInt64(below(4)), high: UInt64(below(4)))
  }

  private mutating func counters() -> ConntrackCounters {
    var counters = ConntrackCounters()
    counters.packets = pick([0, 1, 30, 500])
    counters.bytes = pick([0, 1, 60, 1000])
    return counters
  }

  // MARK: Predicates

  mutating func test() -> FlowTest {
    switch below(18) {
    case 0: return .family(pick([.ipv4, .ipv6]))
    case 1, 2: return .layer4(pick(Self.protocols))
    case 3, 4: return .address(pick(FlowTest.AddressField.allCases), addresses())
    case 5, 6: return .port(pick(FlowTest.PortField.allCases), ports())
    case 7:
      let mask: UInt32 = pick([.max, .max, 0xff, 0x10, 0x8000_0001, 0])
      return .mark(value: pick(Self.marks) & (chance(95) ? mask : .max), mask: mask)
    case 8: return .labels(labels())
    case 9:
      let first = pick(Self.zones)
      return .zone(pick(FlowTest.ZoneField.allCases), first...(chance(70) ? first : .max))
    case 10:
      return .state(pick(FlowValueParser.stateNames + ["ESTABLISHED", "ESTABLISHED", "NONE", "ELSEWHERE"]))
    case 11: return .status(chance(60) ? pick(ConntrackStatus.names).bit : status().intersection(status()))
    case 12: return .translation(pick(FlowTest.Translation.allCases))
    case 13:
      return .translated(
        pick(FlowTest.Translation.allCases), chance(70) ? addresses() : nil, chance(50) ? ports() : nil)
    case 14: return .offload(pick(FlowTest.Tag.allCases))
    case 15, 16:
      let values = [pick(Self.amounts), pick(Self.amounts)].sorted()
      return .quantity(pick(FlowTest.Quantity.allCases), values[0]...(chance(30) ? values[0] : values[1]))
    default:
      return chance(50) ? .helper(pick(Self.helpers)) : .carried(pick(Self.carriers))
    }
  }

  private mutating func addresses() -> ClosedRange<IPAddress> {
    let pool = Self.addresses[pick([.ipv4, .ipv6])] ?? []
    switch below(3) {
    case 0:
      let single = pick(pool)
      return single...single
    case 1: return pick(pool).network(pick([0, 1, 8, 24, 31, 32, 64, 127, 128]))
    default:
      let ends = [pick(pool), pick(pool)].sorted()
      return ends[0]...ends[1]
    }
  }

  private mutating func ports() -> ClosedRange<UInt16> {
    let values = [pick(Self.ports), pick(Self.ports)].sorted()
    return values[0]...(chance(50) ? values[0] : values[1])
  }

  mutating func predicate(depth: Int = 3) -> FlowPredicate {
    guard depth > 0, chance(75) else { return .test(test()) }
    switch below(5) {
    case 0: return .not(predicate(depth: depth - 1))
    case 1, 2: return .all((0..<below(4)).map { _ in predicate(depth: depth - 1) })
    default: return .any((0..<below(4)).map { _ in predicate(depth: depth - 1) })
    }
  }

  /// Tests, some of them negated, that all must hold.
  mutating func conjunction() -> FlowPredicate {
    .all((0..<(2 + below(5))).map { _ in chance(30) ? .not(.test(test())) : .test(test()) })
  }

  /// A predicate that holds for the entry: tests turned around where they do not.
  mutating func predicate(holdingFor entry: ConntrackEntry, depth: Int = 2) -> FlowPredicate {
    let kind = depth > 0 ? below(4) : 0
    switch kind {
    case 1: return .all((0..<(1 + below(4))).map { _ in predicate(holdingFor: entry, depth: depth - 1) })
    case 2:
      var parts = (0..<below(3)).map { _ in predicate(depth: 1) }
      parts.append(predicate(holdingFor: entry, depth: depth - 1))
      parts.shuffle(using: &random)
      return .any(parts)
    case 3:
      let some = predicate(depth: 2)
      return PlainEvaluator.holds(some, entry) ? some : .not(some)
    default:
      let test = FlowPredicate.test(test())
      return PlainEvaluator.holds(test, entry) ? test : .not(test)
    }
  }
}

/// What a predicate means, told in the plainest way, to hold others against.
enum PlainEvaluator {
  /// Whether the flow is carried, as the tests have it: a function of the entry and the carrier's place.
  static func isCarried(_ carrier: CarrierName, _ entry: ConntrackEntry) -> Bool {
    let place = RandomFlows.carriers.firstIndex(of: carrier) ?? 0
    return (entry.idField >> UInt32(place) ^ UInt32(entry.original.layer4)) & 1 == 1
  }

  static func holds(_ predicate: FlowPredicate, _ entry: ConntrackEntry) -> Bool {
    switch predicate {
    case .all(let parts):
      for part in parts where !holds(part, entry) { return false }
      return true
    case .any(let parts):
      for part in parts where holds(part, entry) { return true }
      return false
    case .not(let part): return !holds(part, entry)
    case .test(let test): return holds(test, entry)
    }
  }

  private static func holds(_ test: FlowTest, _ entry: ConntrackEntry) -> Bool {
    let hasPorts = [6, 17, 33, 132, 136].contains(entry.original.layer4)
    switch test {
    case .family(let family): return entry.original.source.family == family
    case .layer4(let number): return entry.original.layer4 == number
    case .address(let field, let range): return isIn(range, address(field, entry))
    case .port(let field, let range): return hasPorts && range.contains(port(field, entry))
    case .mark(let value, let mask):
      guard let mark = entry.mark else { return false }
      return mark & mask == value
    case .labels(let wanted):
      let labels = entry.labels ?? ConntrackLabels()
      return (0..<128).allSatisfy { !wanted[$0] || labels[$0] }
    case .zone(let field, let range): return range.contains(zone(field, entry))
    case .state(let name): return entry.stateName.map { "\($0)" } == name
    case .status(let bits): return entry.status.map { $0.isSuperset(of: bits) } ?? false
    case .translation(let kind): return holds(.translated(kind, nil, nil), entry)
    case .translated(let kind, let addresses, let ports):
      guard let status = entry.status else { return false }
      var ends: [(address: IPAddress, port: UInt16)] = []
      if kind != .destination, status.contains(.sourceNAT) {
        ends.append((entry.reply.destination, entry.reply.destinationPort))
      }
      if kind != .source, status.contains(.destinationNAT) {
        ends.append((entry.reply.source, entry.reply.sourcePort))
      }
      return ends.contains { end in
        (addresses.map { isIn($0, end.address) } ?? true)
          && (ports.map { hasPorts && $0.contains(end.port) } ?? true)
      }
    case .offload(let tag):
      guard let status = entry.status else { return false }
      let isHardware = status.contains(.hardwareOffload)
      let isTagged = isHardware || status.contains(.offload)
      switch tag {
      case .any: return isTagged
      case .software: return isTagged && !isHardware
      case .hardware: return isHardware
      case .none: return !isTagged
      }
    case .quantity(let quantity, let range): return value(quantity, entry).map(range.contains) ?? false
    case .helper(let name): return entry.helper == name
    case .carried(let name): return isCarried(name, entry)
    }
  }

  private static func isIn(_ range: ClosedRange<IPAddress>, _ address: IPAddress) -> Bool {
    guard address.family == range.lowerBound.family else { return false }
    func isOrdered(_ left: IPAddress, _ right: IPAddress) -> Bool {
      !right.octets.lexicographicallyPrecedes(left.octets)
    }
    return isOrdered(range.lowerBound, address) && isOrdered(address, range.upperBound)
  }

  private static func address(_ field: FlowTest.AddressField, _ entry: ConntrackEntry) -> IPAddress {
    switch field {
    case .source: entry.original.source
    case .destination: entry.original.destination
    case .replySource: entry.reply.source
    case .replyDestination: entry.reply.destination
    }
  }

  private static func port(_ field: FlowTest.PortField, _ entry: ConntrackEntry) -> UInt16 {
    switch field {
    case .source: entry.original.sourcePort
    case .destination: entry.original.destinationPort
    case .replySource: entry.reply.sourcePort
    case .replyDestination: entry.reply.destinationPort
    }
  }

  private static func zone(_ field: FlowTest.ZoneField, _ entry: ConntrackEntry) -> UInt16 {
    switch field {
    case .both: entry.zone ?? 0
    case .original: entry.original.hasZone ? entry.original.zone : 0
    case .reply: entry.reply.hasZone ? entry.reply.zone : 0
    }
  }

  private static func value(_ quantity: FlowTest.Quantity, _ entry: ConntrackEntry) -> UInt64? {
    let isICMP = entry.original.layer4 == 1 || entry.original.layer4 == 58
    switch quantity {
    case .bytes: return entry.originalCounters.map { $0.bytes + (entry.replyCounters?.bytes ?? 0) }
    case .packets: return entry.originalCounters.map { $0.packets + (entry.replyCounters?.packets ?? 0) }
    case .age:
      guard let start = entry.start else { return nil }
      let end = entry.stop.map { Int64($0 / 1_000_000_000) } ?? RandomFlows.now
      return UInt64(max(0, end - Int64(start / 1_000_000_000)))
    case .timeout: return entry.timeout.map(UInt64.init)
    case .id: return entry.id.map(UInt64.init)
    case .use: return entry.use.map(UInt64.init)
    case .icmpType: return isICMP ? UInt64(entry.original.icmpType) : nil
    case .icmpCode: return isICMP ? UInt64(entry.original.icmpCode) : nil
    case .icmpID: return isICMP ? UInt64(entry.original.icmpID) : nil
    }
  }
}

extension FlowMatcher {
  /// The matcher's answer with the carriers of the tests.
  func matchesAsTested(_ entry: ConntrackEntry) -> Bool {
    matches(entry, now: RandomFlows.now) { PlainEvaluator.isCarried(carriers[$0], $1) }
  }
}
