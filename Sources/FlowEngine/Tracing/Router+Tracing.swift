// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// What the stages tell the recorder. Off the record, each costs one test.
extension Router {
  /// Notes a step of the frame under way.
  @inline(__always)
  func note(_ step: @autoclosure () -> TraceStep) {
    if tracing.isOpen { record(step()) }
  }

  @inline(never)
  private func record(_ step: TraceStep) { tracing.add(step, statistics) }

  /// Takes in one frame whose header was accepted, and records what happens to it.
  func takeTraced(_ frame: RawSpan, _ offload: VirtioHeader, on index: UInt32) {
    beginTrace(frame, offload, on: index)
    take(frame, offload, on: index)
    endTrace()
    finish()
  }

  /// Begins the record of a frame, before anything is known of it.
  private func beginTrace(_ frame: RawSpan, _ offload: VirtioHeader, on device: UInt32) {
    tracing.begin(
      frame, offload, device, now, wallClock, statistics, generation: ruleset.model.generation)
  }

  /// Ends the record of the frame under way, before what it left behind is freed.
  private func endTrace() {
    tracing.end(statistics) { entry, tuple in
      var message = ConntrackMessageWriter()
      let header = NetlinkHeader(type: ConntrackMessage.type(ConntrackMessage.new), flags: [])
      if let slot = conntrack.slot(entry) {
        let found = conntrack[slot]
        return (found.original, found.reply, entryMessage(slot, header, references: 0))
      }
      guard let tuple, let reply = tuple.inverted else { return nil }
      let mark = message.writer.beginMessage(header, NetfilterHeader(family: tuple.familyNumber))
      message.tuple(ConntrackAttribute.originalTuple, tuple, zone: nil, generation: generation)
      message.tuple(ConntrackAttribute.replyTuple, reply, zone: nil, generation: generation)
      message.writer.endMessage(mark)
      return (tuple, reply, message.writer.bytes)
    }
  }

  /// Notes what conntrack made of a packet.
  @inline(__always)
  func noteTracking(_ packet: inout Packet) {
    if tracing.isOpen { recordTracking(&packet) }
  }

  @inline(never)
  private func recordTracking(_ packet: inout Packet) {
    noteFlow(&packet)
    let slot = conntrack.slot(packet.entry)
    let tcp = slot.map { conntrack[$0].proto == IPProtocol.tcp ? conntrack[$0].tcp.state : .none } ?? .none
    record(.tracked(packet.tracking, slot.map { conntrack[$0].status } ?? [], tcp))
  }

  /// Notes the flow that a packet belongs to.
  @inline(__always)
  func noteFlow(_ packet: inout Packet) {
    if tracing.isOpen { recordFlow(&packet) }
  }

  @inline(never)
  private func recordFlow(_ packet: inout Packet) {
    tracing.identify(packet.entry, packet.transport >= 0 ? tuple(of: &packet) : nil)
  }

  /// The flow of a direction that the fast path found.
  func noteFlow(_ found: Int) {
    guard tracing.isOpen else { return }
    tracing.identify(flows.details[found >> 1].entry, nil)
  }

  /// Source and destination of a packet.
  func ends(_ packet: Packet) -> (source: TraceEnd, destination: TraceEnd) {
    var ports: (UInt16, UInt16) = (0, 0)
    let hasPorts =
      packet.proto == IPProtocol.tcp || packet.proto == IPProtocol.udp || packet.proto == IPProtocol.sctp
    if hasPorts, packet.fragmentOffset == 0, packet.transport >= 0, packet.transport + 4 <= packet.bytes.count
    {
      ports = (packet.bytes.be16(packet.transport), packet.bytes.be16(packet.transport + 2))
    }
    return (
      TraceEnd(family: packet.family, address: packet.source, port: ports.0),
      TraceEnd(family: packet.family, address: packet.destination, port: ports.1)
    )
  }

  /// Notes that a packet's addresses or ports are others than before.
  func noteTranslation(_ packet: Packet, since before: (source: TraceEnd, destination: TraceEnd)) {
    let after = ends(packet)
    guard after.source != before.source || after.destination != before.destination else { return }
    record(.translated(source: after.source, destination: after.destination))
  }

  /// Notes a packet of the router's own.
  func noteAnswer(_ packet: Packet) {
    guard tracing.isOpen else { return }
    let ends = ends(packet)
    record(.answer(proto: packet.proto, source: ends.source, destination: ends.destination))
  }

  /// Notes a frame on its way out.
  @inline(__always)
  func noteSent(_ bytes: borrowing [UInt8], from start: Int, on device: UInt32) {
    if tracing.isOpen { recordSent(bytes.raw.dropping(start), on: device) }
  }

  @inline(never)
  private func recordSent(_ frame: RawSpan, on device: UInt32) {
    let head = frame.extracting(0..<min(frame.byteCount, TraceRecord.headLength))
    record(.sent(device: device, octets: frame.byteCount, head: [UInt8](room: 0, before: head)))
  }
}

/// Where the names are of what a trace's numbers mean.
package struct TracedChain: Equatable, Sendable {
  /// NFPROTO_*.
  package var family: UInt8
  package var table: String
  package var chain: String

  package init(family: UInt8, table: String, chain: String) {
    self.family = family
    self.table = table
    self.chain = chain
  }
}

extension Ruleset {
  /// The number of the present generation.
  package var generation: UInt32 { model.generation }

  /// The chain that has this number in the program.
  package func tracedChain(_ number: UInt32) -> TracedChain? {
    var rest = Int(number)
    for table in model.tables {
      if rest < table.chains.count {
        return TracedChain(family: table.family, table: table.name, chain: table.chains[rest].name)
      }
      rest -= table.chains.count
    }
    return nil
  }

  /// Table and name of a flowtable.
  package func tracedFlowtable(_ number: UInt32) -> TracedChain? {
    for table in model.tables {
      if let found = table.flowtables.first(where: { $0.id.number == number }) {
        return TracedChain(family: table.family, table: table.name, chain: found.name)
      }
    }
    return nil
  }
}
