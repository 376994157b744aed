// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A packet, as far as it decides about its route.
package struct RouteQuestion: Hashable, Sendable {
  package var destination: IPAddress
  /// nil where the router is still to choose it.
  package var source: IPAddress?
  /// Index of the device that the packet comes in on; 0 for what the router itself sends.
  package var input: UInt32 = 0
  /// Index of the device that it has to leave by; 0 for any.
  package var output: UInt32 = 0
  package var mark: UInt32 = 0

  package init(
    to destination: IPAddress, from source: IPAddress? = nil, input: UInt32 = 0, output: UInt32 = 0,
    mark: UInt32 = 0
  ) {
    self.destination = destination
    self.source = source
    self.input = input
    self.output = output
    self.mark = mark
  }

  /// The command that asks the same.
  package func command(_ links: NetworkLinks) -> String {
    var words = ["ip route get", RuleValueText.address(destination.octets)]
    if let source { words += ["from", RuleValueText.address(source.octets)] }
    for (word, index) in [("iif", input), ("oif", output)] where index != 0 {
      words += [word, links[index]?.name ?? "\(index)"]
    }
    if mark != 0 { words += ["mark", "0x" + String(mark, radix: 16)] }
    return words.joined(separator: " ")
  }
}

/// The answer to "where do packets like this go".
package struct RouteAnswer: Hashable, Sendable {
  /// `RTN_*`: 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit.
  package var type: UInt8
  /// Index of the device.
  package var device: UInt32
  /// The next hop; nil when the address itself is on the link.
  package var gateway: IPAddress?

  /// Whether the address is the router's own.
  package var isLocal: Bool { type == 2 }
}

/// A question about one end of a flow, and its answer.
package struct FlowRoute: Sendable {
  package var question: RouteQuestion
  package var answer: RouteAnswer?
  /// Why there is no answer.
  package var error: ErrorNumber?
  /// Whether there is none because the route back to the source leads through another device.
  package var isReversed = false
}

/// Where packets towards the two ends of a flow go.
package struct FlowRoutes: Sendable {
  /// Towards the source of its first packet.
  package var client: FlowRoute
  /// Towards that packet's destination, after translation.
  package var server: FlowRoute
  /// That of replies as they come in, which they need until there is a flow; nil where routing rules do not matter.
  package var replies: FlowRoute?
}
