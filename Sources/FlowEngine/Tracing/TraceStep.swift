// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// How a packet left a rule that is traced.
package enum RuleStep: Equatable, Sendable, BitwiseCopyable {
  /// The rule ended without a verdict.
  case next
  /// An expression did not match.
  case noMatch
  case accept, drop, stolen
  /// Into the chain of this number.
  case jump(UInt32), goto(UInt32)
  case `return`
}

/// Why `flow add` made no flow of a packet's entry, in the order in which the kernel looks.
///
/// Source: net/netfilter/nft_flow_offload.c, nft_flow_offload_eval.
package enum OffloadRefusal: UInt8, Sendable, CaseIterable {
  case noFlowtable, untracked, options, noHeader, closing, notEstablished, translatedGRE, unsupportedProtocol,
    helper,
    sequenceAdjusted, clash, unconfirmed, alreadyOffloaded, noRoute, noPath, dying
}

/// One thing that happened to a packet on its way, as a value: indices and numbers instead of names.
package enum TraceStep: Equatable, Sendable {
  /// The frame goes on as one of this device: a VLAN device, a bridge, a PPPoE session or a tunnel.
  case device(UInt32)
  /// A flowtable looked for the packet's flow: `fastForwarded`, or why it passes the packet up.
  case flowtable(UInt32, Reason)
  /// The packet is at a hook of the IP stack.
  case hook(Hook)
  /// A rule was evaluated. `chain`: its number in the program.
  case rule(chain: UInt32, handle: UInt64, RuleStep)
  /// The policy of a base chain decided.
  case policy(chain: UInt32, accepts: Bool)
  /// The packet's conntrack entry, or that it has none.
  case tracked(TrackingState, ConntrackStatus, TCPState)
  /// Addresses and ports were rewritten to these.
  case translated(source: TraceEnd, destination: TraceEnd)
  /// The routing decision; nil: none.
  case route(Route?)
  /// The next hop's entry when the packet came to it.
  case neighbour(NeighbourKey, NeighbourState, MACAddress)
  /// `flow add` made a flow in the flowtable.
  case flowAdded(UInt32)
  /// `flow add` did not.
  case flowRefused(UInt32, OffloadRefusal)
  /// The router sends a packet of its own; what follows is about it.
  case answer(proto: UInt8, source: TraceEnd, destination: TraceEnd)
  /// Something that is counted happened.
  case counted(Reason)
  /// A frame was put on a device.
  case sent(device: UInt32, octets: Int, head: [UInt8])
}

/// An address and a port, 0 where the protocol has none.
package struct TraceEnd: Equatable, Sendable, BitwiseCopyable {
  package var family: IPFamily
  package var address: Address
  package var port: UInt16
}

/// What happened to one frame, from the device it came by to wherever it ended.
package struct TraceRecord: Sendable {
  /// Counts the frames since tracing began, those that were not selected too, from 1.
  package var number: UInt64 = 0
  package var time = Instant(nanoseconds: 0)
  /// Nanoseconds since 1970.
  package var wallClock: UInt64 = 0
  package var device: UInt32 = 0
  /// Octets of the frame.
  package var length = 0
  /// The frame's first octets, from its Ethernet header on; at most ``headLength``.
  package var head: [UInt8] = []
  /// What was left to be done to it when it arrived.
  package var offload = VirtioHeader.none
  /// The flow's entry as ctnetlink shows it, or the tuples alone for a packet without one; empty when it has none.
  package var entry: [UInt8] = []
  package var steps: [TraceStep] = []
  /// Steps beyond ``stepLimit``.
  package var omitted = 0
  /// Of the ruleset: numbers of chains mean those of this one alone.
  package var generation: UInt32 = 0

  /// Octets of a frame that are kept: all headers that the engine looks at.
  package static let headLength = 128
  /// Steps that are kept of one frame: a frame may meet each rule of a large ruleset.
  package static let stepLimit = 512
}
