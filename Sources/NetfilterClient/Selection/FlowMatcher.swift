// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A predicate made ready for millions of entries: a flat list of tests with jumps, no recursion, no allocation.
package struct FlowMatcher: Sendable {
  /// One test and where to go on: an index of the next step, or one of the two ends.
  private struct Step: Sendable {
    var kind: Kind
    var field: UInt8 = 0
    var low = IPAddress.none
    var high = IPAddress.none
    var first: UInt64 = 0
    var last: UInt64 = 0
    var onTrue: Int32 = accept
    var onFalse: Int32 = reject
  }
  private enum Kind: UInt8, Sendable {
    case always, family, layer4, address, port, mark, labels, zone, state, status, translation,
      translatedAddress,
      translatedPort, offload, quantity, helper, carried
  }
  private static let accept: Int32 = -1
  private static let reject: Int32 = -2

  private var steps: [Step] = []
  private var entryPoint: Int32 = accept
  private var helpers: [[UInt8]] = []
  /// The carriers that ``FlowTest/carried(_:)`` tests name, in order of their numbers.
  package private(set) var carriers: [CarrierName] = []

  /// Whether every entry matches.
  package var matchesEverything: Bool { entryPoint == Self.accept }

  package init(_ predicate: FlowPredicate) {
    entryPoint = compile(predicate, onTrue: Self.accept, onFalse: Self.reject)
  }

  /// Whether the entry matches.
  ///
  /// - Parameters:
  ///   - entry: an entry as the kernel sent it; what it lacks matches no test.
  ///   - now: the wall clock in seconds since 1970, for ages.
  ///   - isCarried: whether the flow is carried by `carriers[i]`; asked only when a test needs it.
  /// - Returns: true when the predicate holds.
  package func matches(
    _ entry: borrowing ConntrackEntry, now: Int64,
    isCarried: (Int, borrowing ConntrackEntry) -> Bool = { _, _ in false }
  ) -> Bool {
    var position = entryPoint
    while position >= 0 {
      let step = steps[Int(position)]
      position = holds(step, entry, now, isCarried) ? step.onTrue : step.onFalse
    }
    return position == Self.accept
  }

  // MARK: Compiling

  private mutating func compile(_ predicate: FlowPredicate, onTrue: Int32, onFalse: Int32) -> Int32 {
    switch predicate {
    case .all(let parts):
      return parts.reversed().reduce(onTrue) { compile($1, onTrue: $0, onFalse: onFalse) }
    case .any(let parts):
      return parts.reversed().reduce(onFalse) { compile($1, onTrue: onTrue, onFalse: $0) }
    case .not(let part):
      return compile(part, onTrue: onFalse, onFalse: onTrue)
    case .test(.translated(.any, let address, let port)):
      // Address and port must be those of one direction.
      let either: [FlowPredicate] = [
        .test(.translated(.source, address, port)), .test(.translated(.destination, address, port)),
      ]
      return compile(.any(either), onTrue: onTrue, onFalse: onFalse)
    case .test(let test):
      var first = onTrue
      for var step in translate(test).reversed() {
        step.onTrue = first
        step.onFalse = onFalse
        steps.append(step)
        first = Int32(steps.count - 1)
      }
      return first
    }
  }

  /// The steps that must all hold for the test to hold.
  private mutating func translate(_ test: FlowTest) -> [Step] {
    switch test {
    case .family(let family): return [Step(kind: .family, first: UInt64(family.rawValue))]
    case .layer4(let number): return [Step(kind: .layer4, first: UInt64(number))]
    case .address(let field, let range):
      return [Step(kind: .address, field: field.index, low: range.lowerBound, high: range.upperBound)]
    case .port(let field, let range):
      return [
        Step(
          kind: .port, field: field.index, first: UInt64(range.lowerBound), last: UInt64(range.upperBound))
      ]
    case .mark(let value, let mask): return [Step(kind: .mark, first: UInt64(value), last: UInt64(mask))]
    case .labels(let labels): return [Step(kind: .labels, first: labels.low, last: labels.high)]
    case .zone(let field, let range):
      return [
        Step(
          kind: .zone, field: field.index, first: UInt64(range.lowerBound), last: UInt64(range.upperBound))
      ]
    case .state(let name):
      return [
        Step(
          kind: .state,
          low: IPAddress(high: stateMask(name, Layer4Protocol.tcp), low: 0, family: .unspecified),
          first: stateMask(name, Layer4Protocol.sctp), last: stateMask(name, Layer4Protocol.dccp))
      ]
    case .status(let bits): return [Step(kind: .status, first: UInt64(bits.rawValue))]
    case .translation(let kind): return [Step(kind: .translation, field: kind.index)]
    case .translated(let kind, let address, let port):
      var result = [Step(kind: .translation, field: kind.index)]
      if let address {
        result.append(
          Step(
            kind: .translatedAddress, field: kind.index, low: address.lowerBound, high: address.upperBound))
      }
      if let port {
        result.append(
          Step(
            kind: .translatedPort, field: kind.index, first: UInt64(port.lowerBound),
            last: UInt64(port.upperBound)))
      }
      return result
    case .offload(let tag): return [Step(kind: .offload, field: tag.index)]
    case .quantity(let quantity, let range):
      return [Step(kind: .quantity, field: quantity.index, first: range.lowerBound, last: range.upperBound)]
    case .helper(let name):
      helpers.append(Array(name.utf8))
      return [Step(kind: .helper, first: UInt64(helpers.count - 1))]
    case .carried(let name):
      if !carriers.contains(name) { carriers.append(name) }
      return [Step(kind: .carried, first: UInt64(carriers.firstIndex(of: name) ?? 0))]
    }
  }

  /// One bit for each state of the protocol that has this name.
  private func stateMask(_ name: String, _ layer4: UInt8) -> UInt64 {
    let names = ConnectionState.names(of: layer4)
    // A number without a name is printed as the first one.
    let unknown = "\(names[0])" == name ? UInt64.max << UInt64(names.count) : 0
    return names.indices.filter { "\(names[$0])" == name }.reduce(unknown) { $0 | 1 << UInt64($1) }
  }

  // MARK: Answering

  @inline(__always)
  private func holds(
    _ step: Step, _ entry: borrowing ConntrackEntry, _ now: Int64,
    _ isCarried: (Int, borrowing ConntrackEntry) -> Bool
  ) -> Bool {
    switch step.kind {
    case .always: return true
    case .family: return UInt64(entry.original.family.rawValue) == step.first
    case .layer4: return UInt64(entry.original.layer4) == step.first
    case .address: return Self.lies(Self.address(entry, step.field), step)
    case .port:
      guard Layer4Protocol.hasPorts(entry.original.layer4) else { return false }
      return Self.lies(UInt64(Self.port(entry, step.field)), step)
    case .mark:
      return entry.present.contains(.mark) && UInt64(entry.markField) & step.last == step.first
    case .labels:
      let labels = entry.present.contains(.labels) ? entry.labelsField : ConntrackLabels()
      return labels.low & step.first == step.first && labels.high & step.last == step.last
    case .zone: return Self.lies(UInt64(Self.zone(entry, step.field)), step)
    case .state: return Self.hasState(entry, step)
    case .status:
      return entry.present.contains(.status) && UInt64(entry.statusField.rawValue) & step.first == step.first
    case .translation: return Self.isTranslated(entry, step.field)
    case .translatedAddress: return Self.translatedAddress(entry, step)
    case .translatedPort: return Self.translatedPort(entry, step)
    case .offload: return Self.hasTag(entry, step.field)
    case .quantity:
      guard let value = Self.quantity(entry, step.field, now) else { return false }
      return Self.lies(value, step)
    case .helper: return entry.present.contains(.helper) && entry.helperField == helpers[Int(step.first)]
    case .carried: return isCarried(Int(step.first), entry)
    }
  }

  @inline(__always)
  private static func lies(_ value: UInt64, _ step: Step) -> Bool {
    value >= step.first && value <= step.last
  }

  @inline(__always)
  private static func lies(_ address: IPAddress, _ step: Step) -> Bool {
    guard address.family == step.low.family else { return false }
    if address.high == step.low.high, address.high == step.high.high {
      return address.low >= step.low.low && address.low <= step.high.low
    }
    return address >= step.low && address <= step.high
  }

  private static func address(_ entry: borrowing ConntrackEntry, _ field: UInt8) -> IPAddress {
    switch field {
    case 0: entry.original.source
    case 1: entry.original.destination
    case 2: entry.reply.source
    default: entry.reply.destination
    }
  }

  private static func port(_ entry: borrowing ConntrackEntry, _ field: UInt8) -> UInt16 {
    switch field {
    case 0: entry.original.sourcePort
    case 1: entry.original.destinationPort
    case 2: entry.reply.sourcePort
    default: entry.reply.destinationPort
    }
  }

  private static func zone(_ entry: borrowing ConntrackEntry, _ field: UInt8) -> UInt16 {
    switch field {
    case 0: entry.present.contains(.zone) ? entry.zoneField : 0
    case 1: entry.original.hasZone ? entry.original.zone : 0
    default: entry.reply.hasZone ? entry.reply.zone : 0
    }
  }

  private static func hasState(_ entry: borrowing ConntrackEntry, _ step: Step) -> Bool {
    guard entry.present.contains(.state) else { return false }
    let mask: UInt64 =
      switch entry.original.layer4 {
      case Layer4Protocol.tcp: step.low.high
      case Layer4Protocol.sctp: step.first
      case Layer4Protocol.dccp: step.last
      default: 0
      }
    return mask >> UInt64(min(entry.stateField, 63)) & 1 == 1
  }

  private static func isTranslated(_ entry: borrowing ConntrackEntry, _ kind: UInt8) -> Bool {
    guard entry.present.contains(.status) else { return false }
    let bits: ConntrackStatus =
      kind == 0 ? .sourceNAT : kind == 1 ? .destinationNAT : [.sourceNAT, .destinationNAT]
    return entry.statusField.rawValue & bits.rawValue != 0
  }

  private static func translatedAddress(_ entry: borrowing ConntrackEntry, _ step: Step) -> Bool {
    let source = entry.statusField.contains(.sourceNAT) && lies(entry.reply.destination, step)
    let destination = entry.statusField.contains(.destinationNAT) && lies(entry.reply.source, step)
    return step.field == 0 ? source : destination
  }

  private static func translatedPort(_ entry: borrowing ConntrackEntry, _ step: Step) -> Bool {
    guard Layer4Protocol.hasPorts(entry.original.layer4) else { return false }
    let source = entry.statusField.contains(.sourceNAT) && lies(UInt64(entry.reply.destinationPort), step)
    let destination =
      entry.statusField.contains(.destinationNAT) && lies(UInt64(entry.reply.sourcePort), step)
    return step.field == 0 ? source : destination
  }

  private static func hasTag(_ entry: borrowing ConntrackEntry, _ tag: UInt8) -> Bool {
    guard entry.present.contains(.status) else { return false }
    let isHardware = entry.statusField.contains(.hardwareOffload)
    let isOffloaded = entry.statusField.contains(.offload) || isHardware
    return switch tag {
    case 0: isOffloaded
    case 1: isOffloaded && !isHardware
    case 2: isHardware
    default: !isOffloaded
    }
  }

  private static func quantity(_ entry: borrowing ConntrackEntry, _ quantity: UInt8, _ now: Int64) -> UInt64?
  {
    let original = entry.present.contains(.originalCounters)
    let isICMP =
      entry.original.layer4 == Layer4Protocol.icmp || entry.original.layer4 == Layer4Protocol.icmpv6
    let reply = entry.present.contains(.replyCounters)
    return switch quantity {
    case 0: original ? entry.originalCountersField.bytes &+ (reply ? entry.replyCountersField.bytes : 0) : nil
    case 1:
      original ? entry.originalCountersField.packets &+ (reply ? entry.replyCountersField.packets : 0) : nil
    case 2:
      entry.present.contains(.start) ? UInt64(max(0, Int64(bitPattern: entry.deltaSeconds(now: now)))) : nil
    case 3: entry.present.contains(.timeout) ? UInt64(entry.timeoutField) : nil
    case 4: entry.present.contains(.id) ? UInt64(entry.idField) : nil
    case 5: entry.present.contains(.use) ? UInt64(entry.useField) : nil
    case 6: isICMP ? UInt64(entry.original.icmpType) : nil
    case 7: isICMP ? UInt64(entry.original.icmpCode) : nil
    default: isICMP ? UInt64(entry.original.icmpID) : nil
    }
  }
}

extension CaseIterable where Self: Equatable, AllCases.Index == Int {
  /// The case's place among all.
  fileprivate var index: UInt8 { UInt8(Self.allCases.firstIndex(of: self) ?? 0) }
}
