// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What the kernel may be asked to filter a dump by: it lets pass every entry that the predicate matches, and more.
///
/// Older kernels pass over what they do not know, so the entries that arrive are checked again.
/// Source: net/netfilter/nf_conntrack_netlink.c, `ctnetlink_filter_match` and `ctnetlink_parse_filter`.
package struct KernelFilter: Equatable, Sendable {
  /// Exact values of one direction's tuple (`CTA_FILTER`, Linux 5.8).
  package struct Tuple: Equatable, Sendable {
    /// IPv4 only: kernels compare IPv6 addresses the wrong way round.
    package var source: IPAddress?
    /// IPv4 only.
    package var destination: IPAddress?
    /// Always there when a port is.
    package var layer4: UInt8?
    /// Of TCP and UDP only, in host byte order.
    package var sourcePort: UInt16?
    /// Of TCP and UDP only, in host byte order.
    package var destinationPort: UInt16?

    package init() {}

    /// Whether nothing is asked for.
    package var isEmpty: Bool { self == Tuple() }
  }

  /// `nfgen_family`; unspecified is every family.
  package var family = AddressFamily.unspecified
  /// `CTA_MARK`: passes what `mark & markMask == markValue` holds for.
  package var markValue: UInt32 = 0
  /// `CTA_MARK_MASK`; 0 is no filter.
  package var markMask: UInt32 = 0
  /// Bits that must be set (`CTA_STATUS` and `CTA_STATUS_MASK`, Linux 5.15).
  package var requiredStatus: ConntrackStatus = []
  /// Bits that must not be set.
  package var forbiddenStatus: ConntrackStatus = []
  /// `CTA_ZONE` (Linux 6.8): the zone's number whatever its direction; never 0.
  package var zone: UInt16?
  /// Empty unless `family` is given.
  package var original = Tuple()
  /// Empty unless `family` is given.
  package var reply = Tuple()

  package init() {}

  /// The narrowest filter that lets pass all that `predicate` matches.
  package init(_ predicate: FlowPredicate) {
    guard let facts = NecessaryFacts(predicate, isNegated: false) else { return }
    family = facts.family ?? .unspecified
    markValue = facts.markValue
    markMask = facts.markMask
    requiredStatus = facts.required
    forbiddenStatus = facts.forbidden
    zone = facts.zone
    guard family != .unspecified else { return }
    if family == .ipv4 {
      original.source = facts.addresses[.source]
      original.destination = facts.addresses[.destination]
      reply.source = facts.addresses[.replySource]
      reply.destination = facts.addresses[.replyDestination]
    }
    original.layer4 = facts.layer4
    guard let layer4 = facts.layer4, layer4 == Layer4Protocol.tcp || layer4 == Layer4Protocol.udp else {
      return
    }
    original.sourcePort = facts.ports[.source]
    original.destinationPort = facts.ports[.destination]
    reply.sourcePort = facts.ports[.replySource]
    reply.destinationPort = facts.ports[.replyDestination]
    if reply.sourcePort != nil || reply.destinationPort != nil { reply.layer4 = layer4 }
  }

  /// Whether nothing is asked for: the whole table passes.
  package var isEmpty: Bool { self == KernelFilter() }

  /// `CTA_STATUS_MASK`; 0 is no filter.
  package var statusMask: UInt32 { requiredStatus.union(forbiddenStatus).rawValue }
}

/// What every entry that a predicate matches has in common.
private struct NecessaryFacts {
  var family: AddressFamily?
  var layer4: UInt8?
  var zone: UInt16?
  var markValue: UInt32 = 0
  var markMask: UInt32 = 0
  var required: ConntrackStatus = []
  var forbidden: ConntrackStatus = []
  var addresses: [FlowTest.AddressField: IPAddress] = [:]
  var ports: [FlowTest.PortField: UInt16] = [:]

  init() {}

  /// nil when nothing can match.
  init?(_ predicate: FlowPredicate, isNegated: Bool) {
    switch predicate {
    case .not(let part): self.init(part, isNegated: !isNegated)
    case .test(let test): self.init(test, isNegated: isNegated)
    case .all(let parts): self.init(parts, isNegated: isNegated, isConjunction: !isNegated)
    case .any(let parts): self.init(parts, isNegated: isNegated, isConjunction: isNegated)
    }
  }

  private init?(_ parts: [FlowPredicate], isNegated: Bool, isConjunction: Bool) {
    var result: NecessaryFacts? = isConjunction ? NecessaryFacts() : nil
    for part in parts {
      let facts = NecessaryFacts(part, isNegated: isNegated)
      result = isConjunction ? Self.both(result, facts) : Self.either(result, facts)
    }
    guard let result else { return nil }
    self = result
  }

  private init?(_ test: FlowTest, isNegated: Bool) {
    if isNegated {
      assumeOpposite(of: test)
      return
    }
    switch test {
    case .family(let family): self.family = family == .unspecified ? nil : family
    case .layer4(let number): layer4 = number
    case .address(let field, let range): assume(field, range)
    case .port(let field, let range): assume(field, range)
    case .mark(let value, let mask):
      guard value & ~mask == 0 else { return nil }
      markValue = value
      markMask = mask
    case .zone(_, let range):
      // A zone of one direction is the entry's only zone, and so is one of both.
      if range.lowerBound == range.upperBound, range.lowerBound != 0 { zone = range.lowerBound }
    case .state(let name):
      let protocols = [Layer4Protocol.tcp, Layer4Protocol.sctp, Layer4Protocol.dccp].filter {
        ConnectionState.names(of: $0).contains { "\($0)" == name }
      }
      if protocols.count == 1 { layer4 = protocols[0] }
    case .status(let bits): required = bits
    case .translation(.source): required = .sourceNAT
    case .translation(.destination): required = .destinationNAT
    case .translation(.any): break
    case .translated(.any, let address, let port):
      let source = NecessaryFacts(.translated(.source, address, port), isNegated: false)
      let destination = NecessaryFacts(.translated(.destination, address, port), isNegated: false)
      guard let both = Self.either(source, destination) else { return nil }
      self = both
    case .translated(let kind, let address, let port):
      required = kind == .source ? .sourceNAT : .destinationNAT
      if let address { assume(kind == .source ? .replyDestination : .replySource, address) }
      if let port { assume(kind == .source ? .replyDestination : .replySource, port) }
    case .offload(.any):
      // The hardware's bit is set only on an entry that has this one.
      required = .offload
    case .offload(.software):
      required = .offload
      forbidden = .hardwareOffload
    case .offload(.hardware): required = .hardwareOffload
    case .offload(.none): forbidden = [.offload, .hardwareOffload]
    case .labels, .quantity, .helper, .carried: break
    }
  }

  private mutating func assumeOpposite(of test: FlowTest) {
    switch test {
    case .family(let family): self.family = family == .ipv4 ? .ipv6 : family == .ipv6 ? .ipv4 : nil
    case .status(let bits):
      // Of several bits any one may be missing.
      if bits.rawValue.nonzeroBitCount == 1 { forbidden = bits }
    case .translation(.source): forbidden = .sourceNAT
    case .translation(.destination): forbidden = .destinationNAT
    case .translation(.any): forbidden = [.sourceNAT, .destinationNAT]
    case .offload(.any): forbidden = [.offload, .hardwareOffload]
    case .offload(.hardware): forbidden = .hardwareOffload
    case .offload(.none): required = .offload
    case .offload(.software): break
    case .layer4, .address, .port, .mark, .labels, .zone, .state, .translated, .quantity, .helper, .carried:
      break
    }
  }

  private mutating func assume(_ field: FlowTest.AddressField, _ range: ClosedRange<IPAddress>) {
    let family = range.lowerBound.family
    guard family != .unspecified else { return }
    self.family = family
    if family == .ipv4, range.lowerBound == range.upperBound { addresses[field] = range.lowerBound }
  }

  private mutating func assume(_ field: FlowTest.PortField, _ range: ClosedRange<UInt16>) {
    if range.lowerBound == range.upperBound { ports[field] = range.lowerBound }
  }

  // MARK: Joining

  /// What holds when both parts match; nil when they cannot.
  private static func both(_ left: NecessaryFacts?, _ right: NecessaryFacts?) -> NecessaryFacts? {
    guard var result = left, let right else { return nil }
    guard agree(&result.family, right.family), agree(&result.layer4, right.layer4),
      agree(&result.zone, right.zone),
      (result.markValue ^ right.markValue) & result.markMask & right.markMask == 0
    else { return nil }
    result.markValue |= right.markValue
    result.markMask |= right.markMask
    result.required.formUnion(right.required)
    result.forbidden.formUnion(right.forbidden)
    guard result.required.isDisjoint(with: result.forbidden) else { return nil }
    for (field, address) in right.addresses {
      guard agree(&result.addresses[field], address) else { return nil }
    }
    for (field, port) in right.ports {
      guard agree(&result.ports[field], port) else { return nil }
    }
    return result
  }

  private static func agree<Value: Equatable>(_ value: inout Value?, _ other: Value?) -> Bool {
    guard let other else { return true }
    guard let known = value else {
      value = other
      return true
    }
    return known == other
  }

  /// What holds when one of the parts matches.
  private static func either(_ left: NecessaryFacts?, _ right: NecessaryFacts?) -> NecessaryFacts? {
    guard var result = left, let right else { return left ?? right }
    if result.family != right.family { result.family = nil }
    if result.layer4 != right.layer4 { result.layer4 = nil }
    if result.zone != right.zone { result.zone = nil }
    result.markMask &= right.markMask & ~(result.markValue ^ right.markValue)
    result.markValue &= result.markMask
    result.required.formIntersection(right.required)
    result.forbidden.formIntersection(right.forbidden)
    result.addresses = result.addresses.filter { right.addresses[$0.key] == $0.value }
    result.ports = result.ports.filter { right.ports[$0.key] == $0.value }
    return result
  }
}
