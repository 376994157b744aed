// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// Expectations over netlink: made, listed and deleted by clients. No helper of the engine's own makes any.
// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_new_expect, ctnetlink_get_expect, ctnetlink_del_expect.
extension Router {
  private typealias Attribute = ConntrackAttribute

  /// A decoded request.
  private struct Request {
    var family: UInt8
    var master: Tuple?
    var tuple: Tuple?
    var mask: Tuple?
    var timeout: UInt32?
    var id: UInt32?
    var helper: String?
    var zone: UInt16 = 0
    var flags: UInt32 = 0
    var classNumber: UInt32 = 0
  }

  /// What a helper allows: how many expectations of a class an entry may have, and how long, in seconds, each lives.
  private struct Policy {
    var limit: Int
    var lifetime: UInt64
  }

  /// By helper and class.
  ///
  /// Source (Linux 7.2): the nf_conntrack_expect_policy of each net/netfilter/nf_conntrack_*.c.
  private static let policies: [UInt128: [Policy]] = {
    let media = Policy(limit: 4, lifetime: 180)
    let named: [String: [Policy]] = [
      "ftp": [Policy(limit: 1, lifetime: 300)], "tftp": [Policy(limit: 1, lifetime: 300)],
      "sane": [Policy(limit: 1, lifetime: 300)], "irc": [Policy(limit: 8, lifetime: 300)],
      "amanda": [Policy(limit: 4, lifetime: 180)], "pptp": [Policy(limit: 2, lifetime: 300)],
      "netbios-ns": [Policy(limit: 1, lifetime: 3)], "snmp": [Policy(limit: 1, lifetime: 30)],
      "RAS": [Policy(limit: 32, lifetime: 240)], "Q.931": [Policy(limit: 18, lifetime: 240)],
      "H.245": [Policy(limit: 18, lifetime: 240)],
      "sip": [Policy(limit: 1, lifetime: 180), media, media, Policy(limit: 2, lifetime: 180)],
    ]
    var policies: [UInt128: [Policy]] = [:]
    for (name, list) in named {
      if let helper = Ruleset.packedHelperName(name) { policies[helper] = list }
    }
    return policies
  }()

  /// Answers one message of the expectation subsystem.
  ///
  /// - Parameters:
  ///   - message: as it came.
  ///   - payload: from `nfgenmsg` to the end of the attributes.
  ///   - client: who sent it.
  /// - Returns: the answer and what listeners are told.
  func controlExpectations(_ message: RawSpan, _ payload: RawSpan, _ client: ControlClient) -> ControlOutput {
    var output = ControlOutput()
    var writer = ReplyWriter(client: client)
    let flags = NetlinkFlags(rawValue: message.host16(at: 6))
    let number = UInt8(truncatingIfNeeded: message.host16(at: 4))
    let sequence = message.host32(at: 8)
    expireExpectations(&output)
    do throws(ControlError) {
      var isDump = false
      switch number {
      case 0: try add(try decode(payload), flags, client, &output)
      case 1:
        isDump = flags.contains(.dump)
        isDump = try list(try decode(payload), sequence, isDump: isDump, &writer)
      case 2: try delete(try decode(payload), client, &output)
      case 3:
        isDump = flags.contains(.dump)
        if isDump { sendStatistics(sequence, &writer) }
      default: throw ControlError(ErrorNumber.invalid)
      }
      if flags.contains(.echo) { echo(&output.events, to: client, &writer) }
      if isDump {
        writer.done(sequence: sequence)
      } else if flags.contains(.acknowledge) {
        writer.acknowledge(message, nil)
      }
    } catch {
      writer.acknowledge(message, error)
    }
    writer.flush()
    output.replies = writer.datagrams
    return output
  }

  private func decode(_ payload: RawSpan) throws(ControlError) -> Request {
    var request = Request(family: payload.uint8(at: 0))
    do {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: request.master = try tuple(attributes, request.family)
        case 2: request.tuple = try tuple(attributes, request.family)
        case 3: request.mask = try tuple(attributes, request.family)
        case 4: request.timeout = try attributes.bigEndian32()
        case 5: request.id = try attributes.bigEndian32()
        case 6: request.helper = attributes.payload.text
        case 7: request.zone = try attributes.bigEndian16()
        case 8: request.flags = try attributes.bigEndian32()
        case 9: request.classNumber = try attributes.bigEndian32()
        default: break
        }
      }
    } catch let error as ControlError {
      throw error
    } catch {
      throw ControlError(ErrorNumber.invalid)
    }
    return request
  }

  /// A tuple in an attribute, read as ctnetlink reads that of an entry.
  private func tuple(_ attribute: AttributeCursor, _ family: UInt8) throws -> Tuple {
    var writer = NetlinkWriter()
    writer.raw([family, 0, 0, 0])
    let nest = writer.beginNest(Attribute.originalTuple)
    writer.raw(attribute.payload.copied)
    writer.endNest(nest)
    // Safe: the span does not outlive the array.
    let request = try unsafe ConntrackRequest(writer.bytes.span.bytes, generation)
    guard let tuple = request.original else { throw ControlError(ErrorNumber.invalid) }
    return tuple
  }

  private func add(
    _ request: Request, _ flags: NetlinkFlags, _ client: ControlClient, _ output: inout ControlOutput
  ) throws(ControlError) {
    guard let tuple = request.tuple, let mask = request.mask, let masterTuple = request.master else {
      throw ControlError(ErrorNumber.invalid)
    }
    let wanted = tuple.inZone(request.zone)
    if let index = expectations.entries.firstIndex(where: { $0.tuple == wanted }) {
      if flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists) }
      if let timeout = request.timeout {
        expectations.setDeadline(now.adding(seconds: UInt64(timeout)).nanoseconds, at: index)
      }
      return
    }
    guard flags.contains(.create) else { throw ControlError(ErrorNumber.noEntry) }
    guard let hit = findLive(masterTuple.inZone(request.zone)) else {
      throw ControlError(ErrorNumber.noEntry)
    }
    guard let helper = conntrack.helperName(conntrack[hit.slot].helper) else {
      throw ControlError(ErrorNumber.notSupported)
    }
    let master = conntrack.id(hit.slot)
    let policies = Self.policies[helper] ?? []
    guard Int(request.classNumber) < policies.count else { throw ControlError(ErrorNumber.invalid) }
    let policy = policies[Int(request.classNumber)]
    // Source (Linux 7.2): net/netfilter/nf_conntrack_expect.c, __nf_ct_expect_check: the oldest makes room.
    let siblings = expectations.entries.filter {
      $0.master == master && $0.classNumber == request.classNumber
    }
    if siblings.count >= policy.limit, let oldest = siblings.first {
      remove(0, &output) { $0.id == oldest.id }
    }
    guard expectations.entries.count < conntrack.settings.maximumExpectations else {
      throw ControlError(ErrorNumber.tooManyOpen)
    }
    let expectation = Expectation(
      tuple: wanted, sourceMask: mask.source, sourcePortMask: mask.sourcePort, master: master,
      deadline: now.adding(seconds: policy.lifetime).nanoseconds, id: expectations.takeID(),
      flags: request.flags & 3, classNumber: request.classNumber, zone: request.zone, helper: helper)
    expectations.add(expectation)
    note(expectation, isNew: true, client.portID, &output)
  }

  /// Answers a GET.
  ///
  /// - Returns: whether the answer is a dump, with an end.
  private func list(
    _ request: Request, _ sequence: UInt32, isDump: Bool, _ writer: inout ReplyWriter
  ) throws(ControlError) -> Bool {
    let client = writer.client
    let type = UInt16(NetfilterSubsystem.conntrackExpectations) << 8
    if isDump {
      var master: EntryID?
      if let tuple = request.master {
        guard let hit = findLive(tuple.inZone(request.zone)) else { throw ControlError(ErrorNumber.noEntry) }
        guard conntrack[hit.slot].helper != 0 else { return false }
        master = conntrack.id(hit.slot)
      }
      for expectation in expectations.entries {
        if request.family != 0, expectation.tuple.familyNumber != request.family { continue }
        if let master, expectation.master != master { continue }
        let header = NetlinkHeader(
          type: type, flags: .multipart, sequence: sequence, portID: client.portID)
        writer.append(message(expectation, header))
      }
      return true
    }
    guard let tuple = request.tuple ?? request.master else { throw ControlError(ErrorNumber.invalid) }
    guard let found = expectations.entries.first(where: { $0.tuple == tuple.inZone(request.zone) }),
      request.id == nil || request.id == found.id
    else { throw ControlError(ErrorNumber.noEntry) }
    writer.append(
      message(found, NetlinkHeader(type: type, flags: .multipart, sequence: sequence, portID: client.portID)))
    return false
  }

  private func delete(
    _ request: Request, _ client: ControlClient, _ output: inout ControlOutput
  ) throws(ControlError) {
    if let tuple = request.tuple {
      let count = remove(client.portID, &output) {
        $0.tuple == tuple.inZone(request.zone) && (request.id == nil || request.id == $0.id)
      }
      guard count > 0 else { throw ControlError(ErrorNumber.noEntry) }
    } else if let name = request.helper {
      let helper = Ruleset.packedHelperName(name)
      remove(client.portID, &output) { $0.helper == helper }
    } else {
      remove(client.portID, &output) { _ in true }
    }
  }

  /// Those whose time is up, or whose master is gone, go.
  private func expireExpectations(_ output: inout ControlOutput) {
    remove(0, &output) { expectation in
      expectation.deadline <= now.nanoseconds || conntrack.slot(expectation.master) == nil
    }
  }

  /// Those whose master is about to be deleted go with it.
  ///
  /// - Parameters:
  ///   - output: where their events go.
  ///   - isDeleted: whether the entry in a slot is deleted.
  func forgetExpectations(_ output: inout ControlOutput, ofEntriesWhere isDeleted: (Int) -> Bool) {
    remove(0, &output) { expectation in conntrack.slot(expectation.master).map(isDeleted) ?? true }
  }

  /// Removes the expectations that `isChosen` names, and tells listeners on whose behalf: `portID`, or 0.
  ///
  /// - Returns: how many there were.
  @discardableResult
  private func remove(
    _ portID: UInt32, _ output: inout ControlOutput, where isChosen: (Expectation) -> Bool
  ) -> Int {
    let removed = expectations.remove(where: isChosen)
    for expectation in removed { note(expectation, isNew: false, portID, &output) }
    return removed.count
  }

  private func note(
    _ expectation: Expectation, isNew: Bool, _ portID: UInt32, _ output: inout ControlOutput
  ) {
    let type = UInt16(NetfilterSubsystem.conntrackExpectations) << 8 | (isNew ? 0 : 2)
    let flags: NetlinkFlags = isNew ? [.create, .exclusive] : []
    output.events.append(
      ControlEvent(
        group: isNew ? ConntrackGroup.newExpectation : ConntrackGroup.destroyExpectation,
        datagram: message(expectation, NetlinkHeader(type: type, flags: flags, portID: portID))))
  }

  /// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_exp_dump_expect.
  private func message(_ expectation: Expectation, _ header: NetlinkHeader) -> [UInt8] {
    var message = ConntrackMessageWriter()
    let tuple = expectation.tuple
    let mark = message.writer.beginMessage(header, NetfilterHeader(family: tuple.familyNumber))
    message.tuple(2, tuple, zone: nil, generation: generation)
    var mask = tuple
    mask.source = expectation.sourceMask
    mask.sourcePort = expectation.sourcePortMask
    let isIPv4 = tuple.family == .ipv4
    mask.destination = isIPv4 ? Address(ipv4: .max) : Address(high: .max, low: .max)
    mask.destinationPort = .max
    message.tuple(3, mask, zone: nil, generation: generation)
    if let slot = conntrack.slot(expectation.master) {
      message.tuple(1, conntrack[slot].original, zone: nil, generation: generation)
    }
    let left = Instant(nanoseconds: expectation.deadline).since(now) / Instant.second
    message.writer.attribute(4, UInt32(clamping: left))
    message.writer.attribute(5, expectation.id)
    message.writer.attribute(8, expectation.flags)
    message.writer.attribute(9, expectation.classNumber)
    var name: [UInt8] = []
    for index in 0..<16 {
      let octet = UInt8(truncatingIfNeeded: expectation.helper >> UInt128(120 - 8 * index))
      if octet == 0 { break }
      name.append(octet)
    }
    message.writer.attribute(6, bytes: name + [0])
    message.writer.endMessage(mark)
    return message.writer.bytes
  }

  /// Statistics of the one CPU: helpers of the engine's own create and delete nothing.
  private func sendStatistics(_ sequence: UInt32, _ writer: inout ReplyWriter) {
    var message = NetlinkWriter()
    let mark = message.beginMessage(
      NetlinkHeader(
        // The kernel answers with the number of the other subsystem.
        type: ConntrackMessage.type(3), flags: .multipart, sequence: sequence, portID: writer.client.portID),
      NetfilterHeader(family: 0))
    for type: UInt16 in 1...3 { message.attribute(type, UInt32(0)) }
    message.endMessage(mark)
    writer.append(message.bytes)
  }
}
