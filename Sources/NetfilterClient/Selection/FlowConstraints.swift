// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

/// What is left for each field of an entry when a list of tests must hold.
struct FlowConstraints {
  /// What a range is about.
  private enum Field: Hashable {
    case address(FlowTest.AddressField, AddressFamily)
    case port(FlowTest.PortField)
    case zone(FlowTest.ZoneField)
    case quantity(FlowTest.Quantity)
  }

  /// The values that a field may have: an interval with holes.
  private struct Remainder {
    var lower: UInt128
    var upper: UInt128
    var isWanted = false
    var holes: [ClosedRange<UInt128>] = []

    /// Whether no value is left.
    var isEmpty: Bool {
      guard lower <= upper else { return true }
      var next = lower
      for hole in holes.sorted(by: { $0.lowerBound < $1.lowerBound }) where hole.upperBound >= next {
        if hole.lowerBound > next { return false }
        if hole.upperBound >= upper { return true }
        next = hole.upperBound + 1
      }
      return false
    }

    func contains(_ value: UInt128) -> Bool {
      value >= lower && value <= upper && !holes.contains { $0.contains(value) }
    }
  }

  private static let familyChoices: [AddressFamily] = [.ipv4, .ipv6]

  private var families = Self.familyChoices
  private var fields: [Field: Remainder] = [:]
  private var required: ConntrackStatus = []
  private var forbidden: ConntrackStatus = []
  private var hasStatus = false
  private var lacksStatus = false
  private var markValue: UInt32 = 0
  private var markMask: UInt32 = 0
  private var hasMark = false
  private var excludedMarks: [(value: UInt32, mask: UInt32)] = []
  private var labels = ConntrackLabels()
  private var excludedLabels: [ConntrackLabels] = []
  private var wantedProtocols: [UInt8] = []
  private var excludedProtocols: [UInt8] = []
  private var wantedStates: [String] = []
  private var excludedStates: [String] = []
  private var wantedHelpers: [String] = []
  private var excludedHelpers: [String] = []
  private var wantedCarriers: [CarrierName] = []
  private var excludedCarriers: [CarrierName] = []
  private var isImpossible = false

  /// Whether an entry may exist for which all literals hold. Some impossible lists are taken as possible.
  static func areSatisfiable(_ literals: [FlowLiteral]) -> Bool {
    var constraints = FlowConstraints()
    for literal in literals { constraints.add(literal) }
    return constraints.areSatisfiable
  }

  private mutating func add(_ literal: FlowLiteral) {
    let isNegated = literal.isNegated
    switch literal.test {
    case .family(let family): families.removeAll { ($0 == family) == isNegated }
    case .layer4(let number):
      if isNegated { excludedProtocols.append(number) } else { wantedProtocols.append(number) }
    case .address(let field, let range):
      let family = range.lowerBound.family
      guard family == range.upperBound.family, family != .unspecified else { return }
      if !isNegated { families.removeAll { $0 != family } }
      add(.address(field, family), range.lowerBound.number...range.upperBound.number, isNegated)
    case .port(let field, let range):
      add(.port(field), UInt128(range.lowerBound)...UInt128(range.upperBound), isNegated)
    case .zone(let field, let range):
      add(.zone(field), UInt128(range.lowerBound)...UInt128(range.upperBound), isNegated)
    case .quantity(let quantity, let range):
      add(.quantity(quantity), UInt128(range.lowerBound)...UInt128(range.upperBound), isNegated)
    case .mark(let value, let mask): addMark(value, mask, isNegated)
    case .labels(let wanted):
      if isNegated {
        excludedLabels.append(wanted)
      } else {
        labels = ConntrackLabels(low: labels.low | wanted.low, high: labels.high | wanted.high)
      }
    case .state(let name): if isNegated { excludedStates.append(name) } else { wantedStates.append(name) }
    case .status(let bits): addStatus(bits, isNegated)
    case .helper(let name): if isNegated { excludedHelpers.append(name) } else { wantedHelpers.append(name) }
    case .carried(let name):
      if isNegated { excludedCarriers.append(name) } else { wantedCarriers.append(name) }
    case .translation, .translated, .offload: break
    }
  }

  private mutating func add(_ field: Field, _ range: ClosedRange<UInt128>, _ isNegated: Bool) {
    var remainder = fields[field] ?? Remainder(lower: 0, upper: Self.highest(field))
    if isNegated {
      remainder.holes.append(range)
    } else {
      remainder.isWanted = true
      remainder.lower = max(remainder.lower, range.lowerBound)
      remainder.upper = min(remainder.upper, range.upperBound)
    }
    fields[field] = remainder
  }

  private static func highest(_ field: Field) -> UInt128 {
    switch field {
    case .address(_, let family): family == .ipv6 ? .max : UInt128(UInt32.max)
    case .port, .zone: UInt128(UInt16.max)
    case .quantity(let quantity): UInt128(quantity.maximum)
    }
  }

  private mutating func addStatus(_ bits: ConntrackStatus, _ isNegated: Bool) {
    if !isNegated {
      hasStatus = true
      required.formUnion(bits)
    } else if bits.isEmpty {
      lacksStatus = true
    } else if bits.rawValue.nonzeroBitCount == 1 {
      forbidden.formUnion(bits)
    }
  }

  private mutating func addMark(_ value: UInt32, _ mask: UInt32, _ isNegated: Bool) {
    guard !isNegated else {
      excludedMarks.append((value, mask))
      return
    }
    hasMark = true
    if value & ~mask != 0 || (value ^ markValue) & mask & markMask != 0 { isImpossible = true }
    markValue |= value & mask
    markMask |= mask
  }

  // MARK: Answers

  private var areSatisfiable: Bool {
    !isImpossible && hasPossibleStatus && hasPossibleMark && hasPossibleLabels && hasPossibleNames
      && hasPossibleAddresses && hasPossibleZones && hasPossibleQuantities && hasPossibleProtocol
  }

  private var hasPossibleStatus: Bool { required.isDisjoint(with: forbidden) && !(hasStatus && lacksStatus) }

  private var hasPossibleMark: Bool {
    !hasMark || !excludedMarks.contains { $0.mask & ~markMask == 0 && markValue & $0.mask == $0.value }
  }

  private var hasPossibleLabels: Bool {
    !excludedLabels.contains { $0.low & ~labels.low == 0 && $0.high & ~labels.high == 0 }
  }

  private var hasPossibleNames: Bool {
    guard let helper = wantedHelpers.first else { return hasPossibleCarriers }
    return wantedHelpers.allSatisfy { $0 == helper } && !excludedHelpers.contains(helper)
      && hasPossibleCarriers
  }

  private var hasPossibleCarriers: Bool { !wantedCarriers.contains { excludedCarriers.contains($0) } }

  private var hasPossibleAddresses: Bool {
    families.contains { family in
      FlowTest.AddressField.allCases.allSatisfy { fields[.address($0, family)].map { !$0.isEmpty } ?? true }
    }
  }

  /// An entry has one zone, of both directions or of one; the fields without it are 0.
  private var hasPossibleZones: Bool {
    let remainders = FlowTest.ZoneField.allCases.compactMap { fields[.zone($0)] }
    return !remainders.contains { $0.isEmpty } && remainders.filter { !$0.contains(0) }.count <= 1
  }

  private var hasPossibleQuantities: Bool {
    FlowTest.Quantity.allCases.allSatisfy { quantity in
      guard let remainder = fields[.quantity(quantity)], remainder.isWanted else { return true }
      return !remainder.isEmpty
    }
  }

  private var hasPossibleProtocol: Bool {
    let ports = FlowTest.PortField.allCases.compactMap { fields[.port($0)] }
    let messages = FlowTest.Quantity.allCases.filter(\.isOfICMP).compactMap { fields[.quantity($0)] }
    if wantedProtocols.isEmpty, excludedProtocols.isEmpty, wantedStates.isEmpty, ports.isEmpty,
      messages.isEmpty
    {
      return true
    }
    let portsAreWanted = ports.contains(where: \.isWanted)
    let portsAreLeft = !ports.contains { $0.isEmpty }
    let messagesAreWanted = messages.contains(where: \.isWanted)
    let messagesAreLeft = !messages.contains { $0.isEmpty }
    return (0...UInt8.max).contains { number in
      guard wantedProtocols.allSatisfy({ $0 == number }), !excludedProtocols.contains(number) else {
        return false
      }
      if Layer4Protocol.hasPorts(number) ? !portsAreLeft : portsAreWanted { return false }
      let isICMP = number == Layer4Protocol.icmp || number == Layer4Protocol.icmpv6
      if isICMP ? !messagesAreLeft : messagesAreWanted { return false }
      return wantedStates.isEmpty || hasPossibleState(number)
    }
  }

  private func hasPossibleState(_ layer4: UInt8) -> Bool {
    ConnectionState.names(of: layer4).contains { name in
      wantedStates.allSatisfy { $0 == "\(name)" } && !excludedStates.contains("\(name)")
    }
  }
}

extension FlowTest.Quantity {
  /// Whether only ICMP and ICMPv6 have it.
  var isOfICMP: Bool { self == .icmpType || self == .icmpCode || self == .icmpID }
}

extension IPAddress {
  /// The address as one number.
  fileprivate var number: UInt128 { UInt128(high) << 64 | UInt128(low) }
}
