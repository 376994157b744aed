// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// ctnetlink: dumps, single entries, deletion, statistics.
// Source (Linux 7.2): nf_conntrack_netlink.c.
extension Router {
  /// Answers one message of the conntrack subsystem.
  ///
  /// - Parameters:
  ///   - message: as it came.
  ///   - payload: from `nfgenmsg` to the end of the attributes.
  ///   - client: who sent it.
  /// - Returns: the answer and what listeners are told.
  func controlConntrack(_ message: RawSpan, _ payload: RawSpan, _ client: ControlClient) -> ControlOutput {
    var output = ControlOutput()
    var writer = ReplyWriter(client: client)
    let flags = NetlinkFlags(rawValue: message.host16(at: 6))
    let number = UInt8(truncatingIfNeeded: message.host16(at: 4))
    let sequence = message.host32(at: 8)
    do throws(ControlError) {
      var isDump = false
      switch number {
      case ConntrackMessage.get, ConntrackMessage.getAndZeroCounters:
        isDump = flags.contains(.dump)
        let zeroes = number == ConntrackMessage.getAndZeroCounters
        let request = try ConntrackRequest(payload, generation)
        if isDump {
          var dump = ConntrackDump(
            client: client, sequence: sequence, zeroes: zeroes,
            filter: try filter(request, honoursFamily: true))
          if client.takesDumpsInParts {
            output.dump = dump
          } else {
            output.replies = continueDump(&dump, octets: .max).datagrams
          }
          return output
        } else {
          try sendOne(request, sequence, client, zeroes: zeroes, &writer)
        }
      case ConntrackMessage.new:
        let request = try ConntrackRequest(payload, generation)
        try createOrUpdate(request, flags, client)
      case ConntrackMessage.delete:
        // A flush by a filter's tuples came with Linux 6.10 or so; before, tuples meant one entry.
        try delete(
          try ConntrackRequest(payload, generation, ignoresFilter: generation < .linux612), client, &output)
      case ConntrackMessage.getStatistics: sendTotals(sequence, &writer)
      case ConntrackMessage.getStatisticsPerCPU:
        isDump = flags.contains(.dump)
        if isDump { sendStatistics(sequence, &writer) }
      case ConntrackMessage.getDying, ConntrackMessage.getUnconfirmed:
        guard flags.contains(.dump) else { throw ControlError(ErrorNumber.notSupported) }
        isDump = true
      default: throw ControlError(ErrorNumber.invalid)
      }
      if flags.contains(.echo) {
        output.events += takeConntrackEvents()
        echo(&output.events, to: client, &writer)
      }
      if isDump {
        writer.done(sequence: sequence)
      } else if flags.contains(.acknowledge) {
        writer.acknowledge(message, nil)
      }
    } catch {
      writer.acknowledge(message, error)
    }
    writer.flush()
    finish()
    output.replies = writer.datagrams
    return output
  }

  /// Shows a client the events that its own request has caused.
  func echo(_ events: inout [ControlEvent], to client: ControlClient, _ writer: inout ReplyWriter) {
    for index in events.indices {
      let datagram = events[index].datagram
      // Safe: the span does not outlive the array.
      guard unsafe datagram.span.bytes.host32(at: 12) == client.portID else { continue }
      writer.append(datagram: datagram)
      events[index].echoedTo = client.portID
    }
  }

  // MARK: Filters

  private func filter(_ request: ConntrackRequest, honoursFamily: Bool) throws(ControlError) -> EntryFilter {
    var filter = EntryFilter()
    if honoursFamily { filter.family = request.family }
    // Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_needs_filter: masks alone choose nothing.
    let hasZone = generation >= .linux612 && request.zone != nil
    guard
      filter.family != 0 || request.mark != nil || request.filter != nil || request.status != nil || hasZone
    else { return filter }
    if let mark = request.mark {
      filter.mark = .init(value: mark, mask: request.markMask ?? ~0)
    } else if request.markMask != nil {
      throw ControlError(ErrorNumber.invalid)
    }
    if let status = request.status {
      let mask = request.statusMask ?? status
      guard mask != 0 else { throw ControlError(ErrorNumber.invalid) }
      filter.status = .init(value: status, mask: mask)
    } else if request.statusMask != nil {
      throw ControlError(ErrorNumber.invalid)
    }
    if generation >= .linux612 { filter.zone = request.zone }
    if let flags = request.filter {
      guard request.family == 2 || request.family == 10 else { throw ControlError(ErrorNumber.notSupported) }
      if flags.original != 0, !request.hasOriginal { throw ControlError(ErrorNumber.invalid) }
      if flags.reply != 0, !request.hasReply { throw ControlError(ErrorNumber.invalid) }
      filter.originalFields = flags.original
      filter.replyFields = flags.reply
      filter.original = request.original
      filter.reply = request.reply
    }
    return filter
  }

  private func matches(_ slot: Int, _ filter: EntryFilter) -> Bool {
    let entry = conntrack[slot]
    if filter.family != 0, entry.original.familyNumber != filter.family { return false }
    if let mark = filter.mark, entry.mark & mark.mask != mark.value { return false }
    if let status = filter.status, entry.status.rawValue & status.mask != status.value { return false }
    if let zone = filter.zone, entry.zone != zone { return false }
    guard let original = filter.originalFields, let reply = filter.replyFields else { return true }
    if let wanted = filter.original, !matches(entry.original, wanted, original) { return false }
    // The zone inside a filter's tuple is taken and never looked at.
    if let wanted = filter.reply, !matches(entry.reply, wanted, reply) { return false }
    return true
  }

  /// Whether a tuple is what a filter asks for. With IPv6 an address has to be another than the one asked for, as
  /// kernels compare them the wrong way round, other than those of Debian's 6.12 of late 2026.
  ///
  /// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_filter_match_tuple.
  private func matches(_ tuple: Tuple, _ wanted: Tuple, _ flags: UInt32) -> Bool {
    typealias Flag = ConntrackRequest.FilterFlag
    let comparesRight = tuple.family == .ipv4 || generation == .linux612
    if flags & Flag.source != 0, (tuple.source == wanted.source) != comparesRight { return false }
    if flags & Flag.destination != 0, (tuple.destination == wanted.destination) != comparesRight {
      return false
    }
    guard flags & Flag.number != 0 else { return true }
    if tuple.proto != wanted.proto { return false }
    switch tuple.proto {
    case IPProtocol.tcp, IPProtocol.udp:
      if flags & Flag.sourcePort != 0, tuple.sourcePort != wanted.sourcePort { return false }
      if flags & Flag.destinationPort != 0, tuple.destinationPort != wanted.destinationPort { return false }
    case IPProtocol.icmp where tuple.family == .ipv4, IPProtocol.icmpv6 where tuple.family == .ipv6:
      let shift: UInt32 = tuple.family == .ipv4 ? 0 : 3
      if flags >> shift & 0x40 != 0, tuple.icmpType != wanted.icmpType { return false }
      if flags >> shift & 0x80 != 0, tuple.icmpCode != wanted.icmpCode { return false }
      if flags >> shift & 0x100 != 0, tuple.sourcePort != wanted.sourcePort { return false }
    default: break
    }
    return true
  }

  // MARK: Requests

  /// Goes on with a dump.
  ///
  /// - Parameters:
  ///   - dump: from ``ControlOutput/dump``.
  ///   - octets: how much to answer now, about.
  /// - Returns: the next datagrams, and whether they end the dump.
  package func continueDump(_ dump: inout ConntrackDump, octets: Int) -> (datagrams: [[UInt8]], isDone: Bool)
  {
    var writer = ReplyWriter(client: dump.client)
    var room = octets
    var flags: NetlinkFlags = .multipart
    if dump.filter.isActive { flags.insert(.dumpFiltered) }
    let header = NetlinkHeader(
      type: ConntrackMessage.type(ConntrackMessage.new), flags: flags, sequence: dump.sequence,
      portID: dump.client.portID)
    while room > 0, dump.nextSlot < conntrack.entries.capacity {
      let slot = dump.nextSlot
      dump.nextSlot += 1
      visitEntry(slot) { slot in
        guard matches(slot, dump.filter) else { return }
        let message = entryMessage(slot, header, references: 0)
        room -= message.count
        writer.append(message)
        if dump.zeroes { zeroCounters(slot) }
      }
    }
    finish()
    let isDone = dump.nextSlot >= conntrack.entries.capacity
    if isDone {
      let isFiltered = dump.filter.isActive && generation >= .linux612
      writer.done(sequence: dump.sequence, flags: isFiltered ? .dumpFiltered : [])
    }
    writer.flush()
    return (writer.datagrams, isDone)
  }

  private func zeroCounters(_ slot: Int) {
    transferCounters(slot)
    conntrack[slot].packets = [0, 0]
    conntrack[slot].bytes = [0, 0]
  }

  /// The live entry that a request's tuple names, in either direction.
  func findEntry(_ request: ConntrackRequest) throws(ControlError) -> Int? {
    let tuple: Tuple
    let zone: UInt16
    if let original = request.original {
      tuple = original
      zone = request.commonZone ?? request.tupleZones.0 ?? 0
    } else if let reply = request.reply {
      tuple = reply
      zone = request.commonZone ?? request.tupleZones.1 ?? 0
    } else {
      throw ControlError(ErrorNumber.invalid)
    }
    if request.commonZone != nil, request.tupleZones.0 != nil || request.tupleZones.1 != nil {
      throw ControlError(ErrorNumber.invalid)
    }
    return findLive(tuple.inZone(zone))?.slot
  }

  private func sendOne(
    _ request: ConntrackRequest, _ sequence: UInt32, _ client: ControlClient, zeroes: Bool,
    _ writer: inout ReplyWriter
  ) throws(ControlError) {
    guard let slot = try findEntry(request) else { throw ControlError(ErrorNumber.noEntry) }
    let header = NetlinkHeader(
      type: ConntrackMessage.type(ConntrackMessage.new), flags: .multipart, sequence: sequence,
      portID: client.portID)
    writer.append(entryMessage(slot, header, references: 1))
    if zeroes { zeroCounters(slot) }
  }

  private func delete(
    _ request: ConntrackRequest, _ client: ControlClient, _ output: inout ControlOutput
  ) throws(ControlError) {
    if request.filter == nil, request.hasOriginal || request.hasReply {
      guard let slot = try findEntry(request) else { throw ControlError(ErrorNumber.noEntry) }
      if let id = request.id, id != conntrack[slot].id { throw ControlError(ErrorNumber.noEntry) }
      forgetExpectations(&output) { $0 == slot }
      deleteEntry(slot, portID: client.portID)
      return
    }
    let filter = try filter(request, honoursFamily: request.version != 0 || request.filter != nil)
    forgetExpectations(&output) { matches($0, filter) }
    deleteEntries(portID: client.portID) { matches($0, filter) }
  }

  private func sendTotals(_ sequence: UInt32, _ writer: inout ReplyWriter) {
    var message = NetlinkWriter()
    let mark = message.beginMessage(
      NetlinkHeader(
        type: ConntrackMessage.type(ConntrackMessage.getStatistics), flags: .multipart, sequence: sequence,
        portID: writer.client.portID), NetfilterHeader(family: 0))
    message.attribute(1, UInt32(clamping: conntrack.count))
    message.attribute(2, UInt32(clamping: conntrack.settings.maximumEntries))
    message.endMessage(mark)
    writer.append(message.bytes)
  }

  /// Statistics of the one CPU that there is.
  private func sendStatistics(_ sequence: UInt32, _ writer: inout ReplyWriter) {
    var message = NetlinkWriter()
    let mark = message.beginMessage(
      NetlinkHeader(
        type: ConntrackMessage.type(ConntrackMessage.getStatisticsPerCPU), flags: .multipart,
        sequence: sequence, portID: writer.client.portID), NetfilterHeader(family: 0))
    let numbers: [(UInt16, UInt64)] = [
      (2, 0), (4, statistics[.invalid]), (8, statistics[.insertedByClient]), (9, statistics[.insertFailed]),
      (10, statistics[.tableFull]), (11, statistics[.earlyDropped]), (12, statistics[.icmpError]),
      (13, statistics[.searchRestarted]), (14, statistics[.clashResolved]), (15, statistics[.chainTooLong]),
    ]
    for (type, value) in numbers { message.attribute(type, UInt32(truncatingIfNeeded: value)) }
    message.endMessage(mark)
    writer.append(message.bytes)
  }
}
