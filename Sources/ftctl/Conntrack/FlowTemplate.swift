// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

/// What a command line says about flows: what to select, and what to set.
struct FlowTemplate {
  /// A translation: of which kind, and to what.
  struct Translation {
    var address: IPAddress?
    var port: UInt16?
  }

  var family = AddressFamily.unspecified
  var source: IPAddress?
  var destination: IPAddress?
  var replySource: IPAddress?
  var replyDestination: IPAddress?
  /// Bits of the original addresses that count; nil is all.
  var sourceMask: IPAddress?
  var destinationMask: IPAddress?
  var tupleSource: IPAddress?
  var tupleDestination: IPAddress?
  var layer4: UInt8?
  /// Whether the type of an ICMP flow stands behind an address of the original direction or a translation.
  /// conntrack 1.4.7 knows the answer's type only then.
  var icmpTypeFollowsAddress = false
  /// Whether any option of ICMP stands behind an address of the reply direction. conntrack 1.4.7 gives that direction
  /// its protocol only then.
  var icmpFollowsReplyAddress = false
  /// Numbers of the protocol's options.
  var numbers: [Layer4Option: UInt32] = [:]
  var timeout: UInt32?
  var requiredStatus: ConntrackStatus = []
  var forbiddenStatus: ConntrackStatus = []
  var mark: (value: UInt32, mask: UInt32)?
  var securityMark: UInt32?
  var id: UInt32?
  var zone: UInt16?
  var originalZone: UInt16?
  var replyZone: UInt16?
  var sourceNAT: Translation?
  var destinationNAT: Translation?
  var anyNAT: Translation?
  /// Labels that an entry must have.
  var labels: ConntrackLabels?
  var labelsToAdd: ConntrackLabels?
  /// Labels to take away; the inner nil is all of them.
  var labelsToDelete: ConntrackLabels??

  func port(_ option: Layer4Option) -> UInt16? { numbers[option].map { UInt16(truncatingIfNeeded: $0) } }
  func octet(_ option: Layer4Option) -> UInt8? { numbers[option].map { UInt8(truncatingIfNeeded: $0) } }
}

/// How much of a template selects.
enum TemplateUse {
  /// All of it.
  case selection
  /// Addresses, protocol, ports, id, labels and translations; the rest is what to set.
  case update
}

extension FlowTemplate {
  /// Whether the entry is one of those that are meant. Everything that is given counts.
  ///
  /// conntrack 1.4.7 passes over some of it, and `-D` then deletes more than was asked for: the keys of GRE, and
  /// the timeout where nothing else is given. Here they are compared like the rest.
  func matches(_ entry: borrowing ConntrackEntry, _ use: TemplateUse) -> Bool {
    guard family == .unspecified || entry.original.family == family else { return false }
    guard matchesTuples(entry) else { return false }
    if let id, entry.id != id { return false }
    if let labels {
      let set = entry.labels ?? ConntrackLabels()
      guard labels.low & ~set.low == 0, labels.high & ~set.high == 0 else { return false }
    }
    guard matchesTranslation(entry) else { return false }
    guard use == .selection else { return true }
    let status = entry.status ?? []
    guard status.contains(requiredStatus), status.rawValue & forbiddenStatus.rawValue == 0 else {
      return false
    }
    if let mark, (entry.mark ?? 0) & mark.mask != mark.value { return false }
    if let securityMark, let actual = entry.securityMark, actual != securityMark { return false }
    if let timeout, entry.timeout != timeout { return false }
    if let state = octet(.state), entry.state != state { return false }
    if let tag = numbers[.originalTag], entry.originalVerificationTag != tag.bigEndian { return false }
    if let tag = numbers[.replyTag], entry.replyVerificationTag != tag.bigEndian { return false }
    if let zone, (entry.zone ?? 0) != zone { return false }
    if let originalZone, (entry.original.hasZone ? entry.original.zone : 0) != originalZone { return false }
    if let replyZone, (entry.reply.hasZone ? entry.reply.zone : 0) != replyZone { return false }
    return true
  }

  private func matchesTuples(_ entry: borrowing ConntrackEntry) -> Bool {
    let original = entry.original
    let reply = entry.reply
    if let source, !source.equals(original.source, under: sourceMask) { return false }
    if let destination, !destination.equals(original.destination, under: destinationMask) { return false }
    if let replySource, reply.source != replySource { return false }
    if let replyDestination, reply.destination != replyDestination { return false }
    guard let layer4 else { return true }
    guard original.layer4 == layer4 else { return false }
    guard !numbers.isEmpty else { return true }
    if let port = port(.sourcePort), original.sourcePort != port { return false }
    if let port = port(.destinationPort), original.destinationPort != port { return false }
    if let port = port(.replySourcePort), reply.sourcePort != port { return false }
    if let port = port(.replyDestinationPort), reply.destinationPort != port { return false }
    if let type = octet(.icmpType), original.icmpType != type { return false }
    if let code = octet(.icmpCode), original.icmpCode != code { return false }
    if let id = port(.icmpID), original.icmpID != id { return false }
    return true
  }

  /// conntrack 1.4.7 leaves IPv6 addresses out of the comparison, so that `-D -n 2001:db8::1` deletes the flows of
  /// all translated sources; and it takes a translated ICMP source for a translated destination as well.
  private func matchesTranslation(_ entry: borrowing ConntrackEntry) -> Bool {
    let status = entry.status ?? []
    let original = entry.original
    let reply = entry.reply
    func source(_ translation: Translation) -> Bool {
      status.contains(.sourceNAT)
        && translation.turned(
          (original.source, original.sourcePort), into: (reply.destination, reply.destinationPort))
    }
    func destination(_ translation: Translation) -> Bool {
      status.contains(.destinationNAT)
        && translation.turned(
          (original.destination, original.destinationPort), into: (reply.source, reply.sourcePort))
    }
    if let sourceNAT, !source(sourceNAT) { return false }
    if let destinationNAT, !destination(destinationNAT) { return false }
    if let anyNAT, !source(anyNAT), !destination(anyNAT) { return false }
    return true
  }
}

extension FlowTemplate.Translation {
  /// Whether this is what became of an address and a port. What stayed as it was is not translated, and so does not
  /// match even where it is the same.
  fileprivate func turned(
    _ before: (address: IPAddress, port: UInt16), into after: (address: IPAddress, port: UInt16)
  ) -> Bool {
    if let address, address != after.address || address == before.address { return false }
    if let port, port != after.port || port == before.port { return false }
    return true
  }
}

extension IPAddress {
  /// Whether two addresses of one family agree in the bits of a mask; nil is all bits.
  fileprivate func equals(_ other: IPAddress, under mask: IPAddress?) -> Bool {
    guard let mask else { return self == other }
    return family == other.family && (high ^ other.high) & mask.high == 0 && (low ^ other.low) & mask.low == 0
  }
}
