// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What flows can be counted by.
package enum GroupingKey: String, CaseIterable, Sendable {
  case family, proto, state, offload, flowtable, src, dst, sport, dport
  case replySource = "reply-src", replyDestination = "reply-dst", replySport = "reply-sport",
    replyDport = "reply-dport"
  case mark, zone, label, helper, nat, assured, replied

  /// The word in output, where no hyphen may stand.
  package var name: String { rawValue.split(separator: "-").joined(separator: "_") }
}

/// Flows that agree in all keys, and what they carried.
package struct FlowGroup: Sendable {
  /// A value for each key, as its text; labels as their bits' text.
  package var values: [Value]
  package var flows: UInt64 = 0
  /// Packets and layer 3 octets of both directions; nil when none of the flows is counted.
  package var counters: ConntrackCounters?

  /// One key's value.
  package enum Value: Hashable, Sendable {
    case text(String)
    case number(UInt64)
    case address(IPAddress)
    case labels(ConntrackLabels)
  }
}

/// Adds flows up by their values of some keys, in memory that grows with the number of combinations alone.
package struct FlowGroups {
  /// The values of up to four keys as words; no allocation while flows are added.
  private struct Words: Hashable {
    var pairs: SIMD8<UInt64> = .zero
    /// A bit for each key whose value is an IPv6 address.
    var isIPv6: UInt8 = 0
  }
  private struct Sums {
    var flows: UInt64 = 0
    var counters = ConntrackCounters()
    var isCounted = false
  }
  /// Keys at most.
  package static let maximumKeys = 4

  private let keys: [GroupingKey]
  /// For each number of a state, the place of its name among all names, from 1: states of different protocols that
  /// share a name are counted together.
  private let tcpStates = Self.statePlaces(ConnectionState.tcp)
  private let sctpStates = Self.statePlaces(ConnectionState.sctp)
  private let dccpStates = Self.statePlaces(ConnectionState.dccp)
  private var places: [Words: Int] = [:]
  private var sums: [Sums] = []
  private var texts: [String] = []
  private var numberOfText: [String: UInt64] = [:]

  /// - Parameter keys: at most ``maximumKeys``.
  package init(_ keys: [GroupingKey]) {
    precondition(keys.count <= Self.maximumKeys)
    self.keys = keys
  }

  /// Adds a flow.
  package mutating func add(_ entry: borrowing ConntrackEntry, carriers: CarrierFinder?) {
    guard !keys.isEmpty else { return }
    var words = Words()
    for index in 0..<keys.count {
      let (high, low) = value(keys[index], entry, carriers)
      words.pairs[2 * index] = high
      words.pairs[2 * index + 1] = low
      if entry.original.family == .ipv6 {
        words.isIPv6 |= Self.isAddress(keys[index]) ? 1 << UInt8(index) : 0
      }
    }
    let place: Int
    if let known = places[words] {
      place = known
    } else {
      place = sums.count
      places[words] = place
      sums.append(Sums())
    }
    sums[place].flows += 1
    guard entry.present.contains(.originalCounters) else { return }
    sums[place].isCounted = true
    sums[place].counters.packets &+= entry.originalCountersField.packets &+ entry.replyCountersField.packets
    sums[place].counters.bytes &+= entry.originalCountersField.bytes &+ entry.replyCountersField.bytes
  }

  /// The groups, most flows first; among equals, in order of their values.
  package var sorted: [FlowGroup] {
    places.sorted { left, right in
      let (more, less) = (sums[left.value].flows, sums[right.value].flows)
      if more != less { return more > less }
      for index in 0..<8 where left.key.pairs[index] != right.key.pairs[index] {
        return left.key.pairs[index] < right.key.pairs[index]
      }
      return left.key.isIPv6 < right.key.isIPv6
    }.map { words, place in
      FlowGroup(
        values: keys.indices.map { index in
          text(
            keys[index], words.pairs[2 * index], words.pairs[2 * index + 1],
            isIPv6: words.isIPv6 >> UInt8(index) & 1 == 1)
        }, flows: sums[place].flows, counters: sums[place].isCounted ? sums[place].counters : nil)
    }
  }

  private static func statePlaces(_ names: [StaticString]) -> SIMD16<UInt8> {
    var result = SIMD16<UInt8>()
    for number in 0..<16 {
      // A number without a name is printed as the first one.
      let name = "\(names[number < names.count ? number : 0])"
      result[number] = UInt8((FlowValueParser.stateNames.firstIndex(of: name) ?? 0) + 1)
    }
    return result
  }

  private static func isAddress(_ key: GroupingKey) -> Bool {
    switch key {
    case .src, .dst, .replySource, .replyDestination: true
    default: false
    }
  }

  // MARK: Values as words

  private mutating func value(
    _ key: GroupingKey, _ entry: borrowing ConntrackEntry, _ carriers: CarrierFinder?
  ) -> (UInt64, UInt64) {
    func word(_ address: IPAddress) -> (UInt64, UInt64) { (address.high, address.low) }
    let hasPorts = Layer4Protocol.hasPorts(entry.original.layer4)
    func port(_ number: UInt16) -> (UInt64, UInt64) { hasPorts ? (0, UInt64(number)) : (1, 0) }
    let status = entry.present.contains(.status) ? entry.statusField : []
    switch key {
    case .family: return (0, UInt64(entry.original.family.rawValue))
    case .proto: return (0, UInt64(entry.original.layer4))
    case .state:
      guard entry.present.contains(.state) else { return (0, 0) }
      let index = min(Int(entry.stateField), 15)
      return switch entry.original.layer4 {
      case Layer4Protocol.tcp: (0, UInt64(tcpStates[index]))
      case Layer4Protocol.sctp: (0, UInt64(sctpStates[index]))
      case Layer4Protocol.dccp: (0, UInt64(dccpStates[index]))
      default: (0, 0)
      }
    case .offload:
      return (0, status.contains(.hardwareOffload) ? 2 : status.contains(.offload) ? 1 : 0)
    case .flowtable:
      guard let found = carriers?.path(of: entry)?.flowtable else { return (1, 0) }
      return (0, number(of: "\(found.family) \(found.table) \(found.name)"))
    case .src: return word(entry.original.source)
    case .dst: return word(entry.original.destination)
    case .replySource: return word(entry.reply.source)
    case .replyDestination: return word(entry.reply.destination)
    case .sport: return port(entry.original.sourcePort)
    case .dport: return port(entry.original.destinationPort)
    case .replySport: return port(entry.reply.sourcePort)
    case .replyDport: return port(entry.reply.destinationPort)
    case .mark: return (0, UInt64(entry.present.contains(.mark) ? entry.markField : 0))
    case .zone: return (0, UInt64(entry.present.contains(.zone) ? entry.zoneField : 0))
    case .label:
      return entry.present.contains(.labels) ? (entry.labelsField.high, entry.labelsField.low) : (0, 0)
    case .helper:
      guard let helper = entry.helper else { return (1, 0) }
      return (0, number(of: helper))
    case .nat: return (0, UInt64(status.rawValue >> 4 & 3))
    case .assured: return (0, status.contains(.assured) ? 1 : 0)
    case .replied: return (0, status.contains(.seenReply) ? 1 : 0)
    }
  }

  private mutating func number(of text: String) -> UInt64 {
    if let known = numberOfText[text] { return known }
    texts.append(text)
    numberOfText[text] = UInt64(texts.count - 1)
    return UInt64(texts.count - 1)
  }

  // MARK: Words as values

  private func text(
    _ key: GroupingKey, _ high: UInt64, _ low: UInt64, isIPv6: Bool
  ) -> FlowGroup.Value {
    switch key {
    case .family: return .text(low == UInt64(AddressFamily.ipv6.rawValue) ? "ipv6" : "ipv4")
    case .proto: return .text(FlowValueParser.name(ofLayer4: UInt8(truncatingIfNeeded: low)))
    case .state: return .text(low == 0 ? "none" : FlowValueParser.stateNames[Int(low) - 1])
    case .offload: return .text(["none", "software", "hardware"][Int(low)])
    case .flowtable, .helper: return .text(high == 1 ? "none" : texts[Int(low)])
    case .src, .dst, .replySource, .replyDestination:
      return .address(IPAddress(high: high, low: low, family: isIPv6 ? .ipv6 : .ipv4))
    case .sport, .dport, .replySport, .replyDport: return high == 1 ? .text("none") : .number(low)
    case .mark, .zone: return .number(low)
    case .label: return .labels(ConntrackLabels(low: low, high: high))
    case .nat: return .text(["none", "snat", "dnat", "snat+dnat"][Int(low)])
    case .assured, .replied: return .text(low == 1 ? "yes" : "no")
    }
  }
}
