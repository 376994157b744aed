// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

extension FlowPredicate {
  /// Why no entry can match, in words; nil when one may.
  ///
  /// An entry is what the kernel sends: both tuples, of one family, IPv4 or IPv6, and a zone that holds for both
  /// directions or for one. What else it may lack is taken as lacking, which makes the opposite of a test true.
  /// A predicate that unfolds into more than 4096 alternatives is taken as possible.
  package func contradiction() -> String? {
    guard let alternatives = alternatives(isNegated: false, origin: nil) else { return nil }
    for alternative in alternatives where FlowConstraints.areSatisfiable(alternative) { return nil }
    guard let first = alternatives.first else { return "the selection is empty whatever the flow" }
    return Contradiction.reason(for: first)
  }

  private static let maximumAlternatives = 4096
  private static let maximumLiterals = 200_000

  /// The disjunctive normal form: one of the lists must hold as a whole. nil when it is too large.
  private func alternatives(isNegated: Bool, origin: FlowLiteral.Origin?) -> [[FlowLiteral]]? {
    switch self {
    case .not(let part): return part.alternatives(isNegated: !isNegated, origin: origin)
    case .all(let parts):
      return isNegated ? Self.sum(parts, isNegated, origin) : Self.product(parts, isNegated, origin)
    case .any(let parts):
      return isNegated ? Self.product(parts, isNegated, origin) : Self.sum(parts, isNegated, origin)
    case .test(let test):
      let origin = origin ?? FlowLiteral.Origin(test: test, isNegated: isNegated)
      if let parts = test.parts { return parts.alternatives(isNegated: isNegated, origin: origin) }
      return [[FlowLiteral(test: test, isNegated: isNegated, origin: origin)]]
    }
  }

  private static func sum(
    _ parts: [FlowPredicate], _ isNegated: Bool, _ origin: FlowLiteral.Origin?
  ) -> [[FlowLiteral]]? {
    var result: [[FlowLiteral]] = []
    for part in parts {
      guard let more = part.alternatives(isNegated: isNegated, origin: origin),
        result.count + more.count <= maximumAlternatives
      else { return nil }
      result += more
    }
    return result
  }

  private static func product(
    _ parts: [FlowPredicate], _ isNegated: Bool, _ origin: FlowLiteral.Origin?
  ) -> [[FlowLiteral]]? {
    // Alternatives of parts that have one only are put together at once, so that long conjunctions stay cheap.
    var common: [FlowLiteral] = []
    var result: [[FlowLiteral]] = [[]]
    for part in parts {
      guard let more = part.alternatives(isNegated: isNegated, origin: origin) else { return nil }
      if more.count == 1 {
        common += more[0]
        continue
      }
      guard result.count * more.count <= maximumAlternatives else { return nil }
      result = result.flatMap { left in more.map { left + $0 } }
    }
    let total = result.reduce(common.count * result.count) { $0 + $1.count }
    guard total <= maximumLiterals else { return nil }
    return result.map { common + $0 }
  }
}

/// A test that must hold, or whose opposite must.
struct FlowLiteral: Equatable, Sendable {
  /// What the user asked for, of which the test is a part.
  struct Origin: Equatable, Sendable {
    var test: FlowTest
    var isNegated: Bool

    /// In the words of a selection.
    var words: String {
      if case .status(let bits) = test, bits.rawValue.nonzeroBitCount == 1 {
        return (isNegated ? "status !" : "status ") + bits.words
      }
      return (isNegated ? "not " : "") + test.words
    }
  }

  var test: FlowTest
  var isNegated: Bool
  var origin: Origin
}

extension FlowTest {
  /// The simpler tests that this one consists of; nil when it is simple.
  fileprivate var parts: FlowPredicate? {
    switch self {
    case .status(let bits):
      guard bits.rawValue.nonzeroBitCount > 1 else { return nil }
      return .all(
        (0..<32).filter { bits.rawValue >> $0 & 1 == 1 }.map {
          .test(.status(ConntrackStatus(rawValue: 1 << $0)))
        })
    case .translation(.source): return .test(.status(.sourceNAT))
    case .translation(.destination): return .test(.status(.destinationNAT))
    case .translation(.any): return .any([.test(.status(.sourceNAT)), .test(.status(.destinationNAT))])
    case .translated(.any, let address, let port):
      return .any([
        .test(.translated(.source, address, port)), .test(.translated(.destination, address, port)),
      ])
    case .translated(let kind, let address, let port):
      var parts: [FlowPredicate] = [.test(.status(kind == .source ? .sourceNAT : .destinationNAT))]
      if let address {
        parts.append(.test(.address(kind == .source ? .replyDestination : .replySource, address)))
      }
      if let port { parts.append(.test(.port(kind == .source ? .replyDestination : .replySource, port))) }
      return .all(parts)
    case .offload(.any): return .any([.test(.status(.offload)), .test(.status(.hardwareOffload))])
    case .offload(.software):
      return .all([.test(.status(.offload)), .not(.test(.status(.hardwareOffload)))])
    case .offload(.hardware): return .test(.status(.hardwareOffload))
    case .offload(.none):
      // No bits at all: the entry must have a status.
      return .all([
        .test(.status([])), .not(.test(.status(.offload))), .not(.test(.status(.hardwareOffload))),
      ])
    case .family, .layer4, .address, .port, .mark, .labels, .zone, .state, .quantity, .helper, .carried:
      return nil
    }
  }
}

/// Words for a list of tests that exclude each other.
enum Contradiction {
  /// Why the literals, which cannot all hold, cannot: the few that matter, told in one line.
  static func reason(for literals: [FlowLiteral]) -> String {
    var core = literals.count <= 1024 ? literals : []
    var index = 0
    while index < core.count {
      var without = core
      without.remove(at: index)
      if FlowConstraints.areSatisfiable(without) { index += 1 } else { core = without }
    }
    if core.count == 1, let reason = alone(core[0]) { return reason }
    if core.count == 2, let reason = pair(core[0], core[1]) ?? pair(core[1], core[0]) { return reason }
    var words: [String] = []
    for literal in core where !words.contains(literal.origin.words) { words.append(literal.origin.words) }
    guard let last = words.last else { return "the tests exclude each other" }
    guard words.count > 1 else { return "\(last) matches no flow" }
    if words.count > 6 { return "\(words[0]), \(words[1]) and \(words.count - 2) more exclude each other" }
    if words.count == 2, case .status(let left) = core[0].origin.test,
      case .status(let right) = core[1].origin.test,
      left == right
    {
      return "status \(left.words) and !\(left.words) exclude each other"
    }
    return words.dropLast().joined(separator: ", ") + " and \(last) exclude each other"
  }

  private static func alone(_ literal: FlowLiteral) -> String? {
    guard !literal.isNegated else { return nil }
    switch literal.test {
    case .mark(let value, let mask) where value & ~mask != 0:
      return "\(literal.origin.words): the value has bits that the mask takes away"
    case .quantity(let quantity, let range) where range.lowerBound > quantity.maximum:
      return "\(quantity.rawValue) is at most \(quantity.maximum)"
    case .state(let name): return "state \(name) does not exist"
    default: return nil
    }
  }

  private static func pair(_ left: FlowLiteral, _ right: FlowLiteral) -> String? {
    guard !left.isNegated, !right.isNegated else { return families(left, right) }
    switch (left.test, right.test) {
    case (.layer4(let first), .layer4(let second)):
      return "a flow has one protocol, not both \(FlowValueParser.name(ofLayer4: first)) and "
        + FlowValueParser.name(ofLayer4: second)
    case (.layer4(let number), .port):
      return "a port needs a protocol with ports (tcp, udp, udplite, sctp, dccp), not "
        + FlowValueParser.name(ofLayer4: number)
    case (.layer4(let number), .state(let name)):
      return "state \(name) does not exist for \(FlowValueParser.name(ofLayer4: number))"
    case (.layer4(let number), .quantity(let quantity, _)):
      return
        "\(quantity.rawValue) needs the protocol icmp or icmpv6, not \(FlowValueParser.name(ofLayer4: number))"
    case (.port, .quantity(let quantity, _)):
      return "\(left.origin.words) needs a protocol with ports (tcp, udp, udplite, sctp, dccp), and "
        + "\(quantity.rawValue) icmp or icmpv6"
    case (.family(let family), .address(_, let range)):
      return "\(range.words) is not an \(family.words) address"
    case (.family, .family): return "a flow is either ipv4 or ipv6"
    case (.address(_, let first), .address(_, let second))
    where first.lowerBound.family != second.lowerBound.family:
      return "\(first.words) and \(second.words) are of different families"
    case (.state(let first), .state(let second)):
      return "a flow has one state, not both \(first) and \(second)"
    case (.helper(let first), .helper(let second)):
      return "a flow has one helper, not both \(first) and \(second)"
    case (.zone(let first, _), .zone(let second, _)) where first != second:
      return
        "\(left.origin.words) and \(right.origin.words) exclude each other: a zone holds for both directions "
        + "or for one"
    default: return nil
    }
  }

  private static func families(_ left: FlowLiteral, _ right: FlowLiteral) -> String? {
    guard case .family = left.test, case .family = right.test, left.isNegated, right.isNegated else {
      return nil
    }
    return "a flow is either ipv4 or ipv6"
  }
}
