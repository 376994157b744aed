// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A question about one flow that is answered by its entry alone.
package enum FlowTest: Equatable, Sendable {
  /// One of an entry's addresses.
  package enum AddressField: String, Sendable, CaseIterable {
    case source = "src", destination = "dst", replySource = "reply-src", replyDestination = "reply-dst"
  }
  /// One of an entry's ports.
  package enum PortField: String, Sendable, CaseIterable {
    case source = "sport", destination = "dport", replySource = "reply-sport", replyDestination =
      "reply-dport"
  }
  /// Which zone: the one of both directions, or one direction's.
  package enum ZoneField: String, Sendable, CaseIterable {
    case both = "zone", original = "orig-zone", reply = "reply-zone"
  }
  /// A number that the kernel keeps about a flow.
  package enum Quantity: String, Sendable, CaseIterable {
    /// Layer 3 octets of both directions.
    case bytes
    /// Packets of both directions.
    case packets
    /// Whole seconds since the entry's start.
    case age
    /// Seconds until the entry expires.
    case timeout
    case id
    case use
    case icmpType = "icmp-type", icmpCode = "icmp-code", icmpID = "icmp-id"
  }
  /// A kind of translation.
  package enum Translation: String, Sendable, CaseIterable {
    case source = "snat", destination = "dnat", any = "nat"
  }
  /// How a flow is forwarded.
  package enum Tag: String, Sendable, CaseIterable {
    case any, software, hardware, none
  }

  case family(AddressFamily)
  case layer4(UInt8)
  case address(AddressField, ClosedRange<IPAddress>)
  case port(PortField, ClosedRange<UInt16>)
  /// `mark & mask == value`
  case mark(value: UInt32, mask: UInt32)
  /// All of these labels.
  case labels(ConntrackLabels)
  case zone(ZoneField, ClosedRange<UInt16>)
  /// One of the states of TCP, SCTP and DCCP with this name.
  case state(String)
  /// All of these bits.
  case status(ConntrackStatus)
  case translation(Translation)
  /// The address, and the port where one is given, that one direction was translated to; both of the same direction.
  case translated(Translation, ClosedRange<IPAddress>?, ClosedRange<UInt16>?)
  case offload(Tag)
  case quantity(Quantity, ClosedRange<UInt64>)
  case helper(String)
  /// A flowtable, or a device, that carries the flow: answered by what the caller finds out about routes.
  case carried(CarrierName)
}

extension FlowTest {
  /// One zone.
  package static func zone(_ field: ZoneField, _ number: UInt16) -> FlowTest { .zone(field, number...number) }
}

/// What `--flowtable` and `--device` name.
package enum CarrierName: Hashable, Sendable {
  /// Family and table are absent where the user gave the name alone.
  case flowtable(family: String?, table: String?, name: String)
  case device(String)
}

/// Tests joined by and, or, not.
package indirect enum FlowPredicate: Equatable, Sendable {
  /// True when all are; of none, true.
  case all([FlowPredicate])
  /// True when one is; of none, false.
  case any([FlowPredicate])
  case not(FlowPredicate)
  case test(FlowTest)

  /// What matches every flow.
  package static let everything = FlowPredicate.all([])

  /// Whether it matches every flow.
  package var isEverything: Bool {
    if case .all(let parts) = self { return parts.allSatisfy(\.isEverything) }
    return false
  }

  /// Calls `body` with each test, negated or not.
  package func forEachTest(_ body: (FlowTest) -> Void) {
    switch self {
    case .all(let parts), .any(let parts): parts.forEach { $0.forEachTest(body) }
    case .not(let part): part.forEachTest(body)
    case .test(let test): body(test)
    }
  }
}
