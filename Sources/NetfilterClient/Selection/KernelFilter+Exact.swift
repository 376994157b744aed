// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

extension KernelFilter {
  /// The filter that lets pass just what `predicate` matches: fit for a flush, where nothing is checked again.
  ///
  /// nil where the kernel cannot say it: networks, ranges, alternatives, IPv6 addresses, states, labels, counters,
  /// times, and zones, whose direction the kernel's filter passes over.
  package init?(exactly predicate: FlowPredicate) {
    let filter = KernelFilter(predicate)
    guard filter.says(predicate) else { return nil }
    self = filter
  }

  /// Whether whatever passes the filter also passes the predicate.
  private func says(_ predicate: FlowPredicate) -> Bool {
    switch predicate {
    case .all(let parts): parts.allSatisfy(says)
    case .any(let parts): parts.count == 1 && says(parts[0])
    case .not(.test(.status(let bits))):
      bits.rawValue.nonzeroBitCount == 1 && forbiddenStatus.contains(bits)
    case .not(.test(.translation(.source))): forbiddenStatus.contains(.sourceNAT)
    case .not(.test(.translation(.destination))): forbiddenStatus.contains(.destinationNAT)
    case .not: false
    case .test(let test): says(test)
    }
  }

  private func says(_ test: FlowTest) -> Bool {
    switch test {
    case .family(let family): self.family == family
    case .layer4(let number): original.layer4 == number
    case .address(let field, let range):
      range.lowerBound == range.upperBound && address(field) == range.lowerBound
    case .port(let field, let range):
      range.lowerBound == range.upperBound && port(field) == range.lowerBound
    case .mark(let value, let mask): mask == 0 || (markMask & mask == mask && markValue & mask == value)
    case .status(let bits): requiredStatus.contains(bits)
    case .translation(.source): requiredStatus.contains(.sourceNAT)
    case .translation(.destination): requiredStatus.contains(.destinationNAT)
    case .translation(.any), .labels, .zone, .state, .translated, .offload, .quantity, .helper, .carried:
      false
    }
  }

  private func address(_ field: FlowTest.AddressField) -> IPAddress? {
    switch field {
    case .source: original.source
    case .destination: original.destination
    case .replySource: reply.source
    case .replyDestination: reply.destination
    }
  }

  private func port(_ field: FlowTest.PortField) -> UInt16? {
    switch field {
    case .source: original.sourcePort
    case .destination: original.destinationPort
    case .replySource: reply.sourcePort
    case .replyDestination: reply.destinationPort
    }
  }
}

extension FlowPredicate {
  /// Whether the predicate looks at nothing but what an entry is looked up by: its original tuple and its zone.
  /// Any entry in the place of one that matches then matches, too.
  package var looksAtTupleAlone: Bool {
    var result = true
    forEachTest { test in
      switch test {
      case .family, .layer4, .address(.source, _), .address(.destination, _), .port(.source, _),
        .port(.destination, _), .zone(.both, _), .zone(.original, _):
        break
      default: result = false
      }
    }
    return result
  }
}

extension NetlinkSession {
  /// Whether this kernel filters a flush by all that a ``KernelFilter`` can say (Linux 6.11). Changes nothing.
  ///
  /// Asks to delete what matches a tuple that no packet can have. A kernel that filters finds nothing and is content;
  /// one that does not takes the tuple for that of a single entry, and says that there is none. All other parts of a
  /// filter are older than this one (net/netfilter/nf_conntrack_netlink.c, `ctnetlink_del_conntrack`).
  /// - Throws: ``NetlinkError`` for any other refusal.
  package func honoursFilteredFlush() throws -> Bool {
    var filter = KernelFilter()
    filter.family = .ipv4
    filter.original.source = IPAddress(ipv4: 0xf000_0001)
    filter.original.destination = IPAddress(ipv4: 0xf000_0002)
    filter.original.layer4 = 253
    do {
      try transact("probe the kernel's flush", ConntrackRequest.flush(filter, sequence: nextSequence()))
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      return false
    } catch let error as NetlinkError where error.number == .invalid || error.number == .notSupported {
      return false
    }
    return true
  }
}
