// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// Conntrack entries and events as messages.
extension Router {
  /// One entry as a dump or a GET shows it.
  ///
  /// - Parameters:
  ///   - slot: of the entry.
  ///   - header: of the message; its length is set here.
  ///   - references: held by the one who asks: 1 for a GET, 0 for a dump.
  /// - Returns: the message.
  /// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_fill_info.
  func entryMessage(_ slot: Int, _ header: NetlinkHeader, references: UInt32) -> [UInt8] {
    let entry = conntrack[slot]
    var message = ConntrackMessageWriter()
    let mark = message.writer.beginMessage(header, NetfilterHeader(family: entry.original.familyNumber))
    message.tuples(entry, generation)
    message.status(entry)
    message.mark(entry)
    message.id(entry)
    let dependents = conntrack.dependents.isEmpty ? 0 : conntrack.dependents[conntrack.id(slot)] ?? 0
    message.use(1 + references + (entry.flow != 0 ? 1 : 0) + dependents)
    if entry.status.contains(.expected), let master = conntrack.slot(entry.master) {
      message.tuple(
        ConntrackAttribute.masterTuple, conntrack[master].original, zone: nil, generation: generation)
    }
    if !entry.isOffloaded {
      message.timeout(entry, now)
      message.protocolInfo(entry)
    }
    if entry.extensions.contains(.accounting) {
      let counters = counters(slot)
      message.counters(counters.packets, counters.bytes)
    }
    if entry.extensions.contains(.timestamps) { message.timestamps(start: entry.startTime, stop: 0) }
    if let name = conntrack.helperName(entry.helper) { message.helper(name) }
    if entry.extensions.contains(.labels), entry.labels != 0 { message.labels(entry.labels) }
    if entry.extensions.contains(.synproxy) { message.synproxy() }
    message.writer.endMessage(mark)
    return message.writer.bytes
  }

  /// Takes the events that conntrack has collected, as messages for their groups.
  package func takeConntrackEvents() -> [ControlEvent] {
    guard !conntrack.events.isEmpty else { return [] }
    let events = conntrack.events
    conntrack.events.removeAll(keepingCapacity: true)
    return events.map { event in
      let group: UInt32 =
        switch event.kind {
        case .new: ConntrackGroup.new
        case .update: ConntrackGroup.update
        case .destroy: ConntrackGroup.destroy
        }
      return ControlEvent(group: group, datagram: eventMessage(event))
    }
  }

  /// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_conntrack_event.
  private func eventMessage(_ event: ConntrackEvent) -> [UInt8] {
    let entry = event.entry
    var message = ConntrackMessageWriter()
    let type = event.kind == .destroy ? ConntrackMessage.delete : ConntrackMessage.new
    let flags: NetlinkFlags = event.kind == .new ? [.create, .exclusive] : []
    let mark = message.writer.beginMessage(
      NetlinkHeader(type: ConntrackMessage.type(type), flags: flags, portID: event.portID),
      NetfilterHeader(family: entry.original.familyNumber))
    message.tuples(entry, generation)
    message.id(entry)
    message.status(entry)
    if event.kind == .destroy {
      if entry.remaining(event.time) > 0 { message.timeout(entry, event.time) }
      if entry.extensions.contains(.accounting) { message.counters(entry.packets, entry.bytes) }
      if entry.extensions.contains(.timestamps) {
        message.timestamps(start: entry.startTime, stop: event.wallClock)
      }
      message.protocolInfo(entry, isBrief: true)
    } else {
      message.timeout(entry, event.time)
      if event.changes.contains(.protocolInfo) { message.protocolInfo(entry) }
      if let name = conntrack.helperName(entry.helper) { message.helper(name) }
      if event.changes.contains(.label), entry.extensions.contains(.labels), entry.labels != 0 {
        message.labels(entry.labels)
      }
      if event.changes.contains(.related), let master = conntrack.slot(entry.master) {
        message.tuple(
          ConntrackAttribute.masterTuple, conntrack[master].original, zone: nil, generation: generation)
      }
      if entry.extensions.contains(.synproxy) { message.synproxy() }
    }
    if entry.mark != 0 || event.changes.contains(.mark) { message.mark(entry) }
    if entry.extensions.contains(.timestamps), generation >= .linux72 {
      message.writer.attribute(ConntrackAttribute.eventTimestamp, event.wallClock)
    }
    message.writer.endMessage(mark)
    return message.writer.bytes
  }
}
