// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// ctnetlink: dumps, single entries, deletion, statistics.
// Source (Linux 7.2): nf_conntrack_netlink.c.
extension Router {
  /// Answers one message of the conntrack subsystem.
  func controlConntrack(_ message: RawSpan, _ client: ControlClient) -> ControlOutput {
    var output = ControlOutput()
    var writer = ReplyWriter(client: client)
    let flags = NetlinkFlags(rawValue: message.host16(at: 6))
    let number = UInt8(truncatingIfNeeded: message.host16(at: 4))
    let sequence = message.host32(at: 8)
    let payload = message.slice(NetlinkHeader.encodedLength, message.byteCount - NetlinkHeader.encodedLength)
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
        try delete(try ConntrackRequest(payload, generation), client)
      case ConntrackMessage.getStatistics: sendTotals(sequence, &writer)
      case ConntrackMessage.getStatisticsPerCPU:
        isDump = flags.contains(.dump)
        if isDump { sendStatistics(sequence, &writer) }
      case ConntrackMessage.getDying, ConntrackMessage.getUnconfirmed:
        guard flags.contains(.dump) else { throw ControlError(ErrorNumber.notSupported) }
        isDump = true
      default: throw ControlError(ErrorNumber.invalid)
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

  // MARK: Filters

  private func filter(_ request: ConntrackRequest, honoursFamily: Bool) throws(ControlError) -> EntryFilter {
    var filter = EntryFilter()
    if honoursFamily { filter.family = request.family }
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
      filter.originalZone = request.tupleZones.0
      filter.replyZone = request.tupleZones.1
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
    if let wanted = filter.reply, !matches(entry.reply, wanted, reply) { return false }
    if original & ConntrackRequest.FilterFlag.zone != 0, entry.zone != filter.originalZone ?? 0 {
      return false
    }
    if reply & ConntrackRequest.FilterFlag.zone != 0, entry.zone != filter.replyZone ?? 0 {
      return false
    }
    return true
  }

  /// The kernel compares IPv6 addresses the wrong way round; the engine does what the filter says.
  private func matches(_ tuple: Tuple, _ wanted: Tuple, _ flags: UInt32) -> Bool {
    typealias Flag = ConntrackRequest.FilterFlag
    if flags & Flag.source != 0, tuple.source != wanted.source { return false }
    if flags & Flag.destination != 0, tuple.destination != wanted.destination { return false }
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
    if isDone { writer.done(sequence: dump.sequence) }
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
      zone = request.zone ?? request.tupleZones.0 ?? 0
    } else if let reply = request.reply {
      tuple = reply
      zone = request.zone ?? request.tupleZones.1 ?? 0
    } else {
      throw ControlError(ErrorNumber.invalid)
    }
    if request.zone != nil, request.tupleZones.0 != nil || request.tupleZones.1 != nil {
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

  private func delete(_ request: ConntrackRequest, _ client: ControlClient) throws(ControlError) {
    if request.filter == nil, request.hasOriginal || request.hasReply {
      guard let slot = try findEntry(request) else { throw ControlError(ErrorNumber.noEntry) }
      if let id = request.id, id != conntrack[slot].id { throw ControlError(ErrorNumber.noEntry) }
      deleteEntry(slot, portID: client.portID)
      return
    }
    let filter = try filter(request, honoursFamily: request.version != 0 || request.filter != nil)
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
