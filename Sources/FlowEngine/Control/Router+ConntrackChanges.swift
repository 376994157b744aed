// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// ctnetlink: entries made and changed by clients.
// Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_new_conntrack, ctnetlink_create_conntrack,
// ctnetlink_change_conntrack.
extension Router {
  func createOrUpdate(
    _ request: ConntrackRequest, _ flags: NetlinkFlags, _ client: ControlClient
  ) throws(ControlError) {
    if request.commonZone != nil, request.tupleZones.0 != nil || request.tupleZones.1 != nil {
      throw ControlError(ErrorNumber.invalid)
    }
    let originalZone = request.commonZone ?? request.tupleZones.0 ?? 0
    let replyZone = request.commonZone ?? request.tupleZones.1 ?? 0
    var found: Int?
    if let original = request.original { found = findLive(original.inZone(originalZone))?.slot }
    if found == nil, let reply = request.reply { found = findLive(reply.inZone(replyZone))?.slot }
    if let slot = found {
      if flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists) }
      return try update(slot, request, client)
    }
    guard flags.contains(.create) else { throw ControlError(ErrorNumber.noEntry) }
    guard let original = request.original, let reply = request.reply, original.proto == reply.proto,
      let timeout = request.timeout
    else { throw ControlError(ErrorNumber.invalid) }
    try create(
      request, original.inZone(originalZone), reply.inZone(replyZone), timeout: timeout, client)
  }

  private func create(
    _ request: ConntrackRequest, _ original: Tuple, _ reply: Tuple, timeout: UInt32, _ client: ControlClient
  ) throws(ControlError) {
    // Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_change_status: the entry is confirmed, neither expected nor dying.
    let fixed: ConntrackStatus = [.expected, .confirmed, .dying]
    if let status = request.status, status & fixed.rawValue != ConntrackStatus.confirmed.rawValue {
      throw ControlError(ErrorNumber.busy)
    }
    if conntrack.count >= conntrack.settings.maximumEntries, !dropEarly() {
      throw ControlError(ErrorNumber.noMemory)
    }
    var master: Int?
    if request.hasMaster {
      guard let tuple = request.master, let hit = findLive(tuple.inZone(request.commonZone ?? 0)) else {
        throw ControlError(ErrorNumber.noEntry)
      }
      master = hit.slot
    }
    var helper: UInt8 = 0
    if let name = request.helper { helper = try helperNumber(name) }
    let slot = conntrack.create(original: original, reply: reply)
    let directions: UInt8
    if request.commonZone != nil || (request.tupleZones.0 == nil && request.tupleZones.1 == nil) {
      directions = 3
    } else {
      directions = (request.tupleZones.0 == nil ? 0 : 1) | (request.tupleZones.1 == nil ? 0 : 2)
    }
    prepare(
      slot, zone: request.commonZone ?? request.tupleZones.0 ?? request.tupleZones.1 ?? 0,
      directions: directions)
    conntrack[slot].extensions.insert(.synproxy)
    if helper != 0 {
      conntrack[slot].helper = helper
      conntrack[slot].extensions.insert(.helper)
      conntrack[slot].status.insert(.helper)
    }
    do throws(ControlError) {
      try bindTranslations(request, slot)
      if let sctp = request.sctp { try apply(sctp, slot) }
    } catch {
      conntrack.release(slot)
      throw error
    }
    let settable = (request.status ?? 0) & ~Self.unchangeableStatus
    conntrack[slot].status.formUnion(ConntrackStatus(rawValue: settable))
    conntrack[slot].deadline = now.end(afterRequested: timeout).nanoseconds
    conntrack[slot].mark = request.mark ?? 0
    // Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_new_conntrack: labels without room are no error here.
    let hasLabels = request.labels != nil && conntrack[slot].extensions.contains(.labels)
    if hasLabels { conntrack[slot].labels = request.labels ?? 0 }
    if let tcp = request.tcp { apply(tcp, slot) }
    if let master {
      conntrack[slot].master = conntrack.id(master)
      conntrack[slot].status.insert(.expected)
    }
    if conntrack[slot].extensions.contains(.timestamps) { conntrack[slot].startTime = wallClock }
    conntrack.insert(slot)
    statistics.count(.insertedByClient)
    var changes: ConntrackEvents = [master == nil ? .new : .related, .reply, .assured, .mark]
    if original.proto == IPProtocol.tcp || original.proto == IPProtocol.sctp { changes.insert(.protocolInfo) }
    if helper != 0 { changes.insert(.helper) }
    if hasLabels { changes.insert(.label) }
    conntrack[slot].pendingEvents = changes
    deliverEvents(slot, portID: client.portID)
  }

  /// Bits that a client cannot set: they say what the engine itself has done.
  private static let unchangeableStatus: UInt32 = {
    let bits: ConntrackStatus = [
      .expected, .confirmed, .dying, .sequenceAdjusted, .sourceNAT, .destinationNAT, .sourceNATDone,
      .destinationNATDone, .offload, .hardwareOffload,
    ]
    return bits.rawValue | 0x1800
  }()

  private func helperNumber(_ name: String) throws(ControlError) -> UInt8 {
    guard let octets = Ruleset.packedHelperName(name), let number = conntrack.helperNumber(octets) else {
      throw ControlError(ErrorNumber.notSupported)
    }
    return number
  }

  private func bindTranslations(_ request: ConntrackRequest, _ slot: Int) throws(ControlError) {
    guard request.sourceTranslation != nil || request.destinationTranslation != nil else { return }
    let parts: [(ConntrackRequest.Translation?, TranslationPart)] = [
      (request.destinationTranslation, .destination), (request.sourceTranslation, .source),
    ]
    for (wanted, part) in parts {
      var range = TranslationRange()
      if let minimum = wanted?.minimum {
        range.flags.insert(.addresses)
        range.minimumAddress = minimum
        range.maximumAddress = wanted?.maximum ?? minimum
      }
      if let ports = wanted?.ports {
        range.flags.insert(.ports)
        range.minimumPort = ports.0
        range.maximumPort = ports.1
      }
      guard bind(slot, range, part) else { throw ControlError(ErrorNumber.invalid) }
    }
  }

  private func apply(_ info: ConntrackRequest.TCPInfo, _ slot: Int) {
    guard conntrack[slot].proto == IPProtocol.tcp else { return }
    if let state = info.state.flatMap(TCPState.init(rawValue:)) { conntrack[slot].tcp.state = state }
    for (direction, flags) in [(FlowDirection.original, info.flags.0), (.reply, info.flags.1)] {
      if let (value, mask) = flags {
        let old = conntrack[slot].tcp[direction].flags.rawValue
        conntrack[slot].tcp[direction].flags = TCPSideFlags(rawValue: old & ~mask | value & mask)
      }
    }
    for (direction, scale) in [(FlowDirection.original, info.scales.0), (.reply, info.scales.1)] {
      // A scale counts only where both sides were told to have one.
      if let scale, info.scales.0 != nil, info.scales.1 != nil,
        conntrack[slot].tcp[.original].flags.contains(.windowScale),
        conntrack[slot].tcp[.reply].flags.contains(.windowScale)
      {
        conntrack[slot].tcp[direction].scale = scale
      }
    }
  }

  /// State and both tags belong together.
  private func apply(_ info: ConntrackRequest.SCTPInfo, _ slot: Int) throws(ControlError) {
    guard conntrack[slot].proto == IPProtocol.sctp else { return }
    guard let state = info.state, let original = info.tags.0, let reply = info.tags.1, state <= 9 else {
      throw ControlError(ErrorNumber.invalid)
    }
    conntrack[slot].sctpState = state
    conntrack[slot].auxiliary = UInt64(original) << 32 | UInt64(reply)
  }

  // MARK: Update

  /// Changes an entry step by step; what was done before a step that fails stays done.
  private func update(_ slot: Int, _ request: ConntrackRequest, _ client: ControlClient) throws(ControlError)
  {
    if request.sourceTranslation != nil || request.destinationTranslation != nil || request.hasMaster {
      throw ControlError(ErrorNumber.notSupported)
    }
    // What listeners are shown after every change, whatever it was.
    var changes: ConntrackEvents = [.reply, .assured, .protocolInfo, .helper, .mark, .label]
    defer {
      conntrack[slot].pendingEvents.formUnion(changes)
      deliverEvents(slot, portID: client.portID)
    }
    do throws(ControlError) {
      try changeHelper(slot, request)
      if let timeout = request.timeout {
        if conntrack[slot].status.contains(.fixedTimeout) { throw ControlError(ErrorNumber.notPermitted) }
        if conntrack[slot].isDying { throw ControlError(ErrorNumber.timerExpired) }
        conntrack[slot].deadline = now.end(afterRequested: timeout).nanoseconds
      }
      if let status = request.status { try changeStatus(slot, status) }
      if let tcp = request.tcp { apply(tcp, slot) }
      if let sctp = request.sctp { try apply(sctp, slot) }
      if let mark = request.mark {
        let mask = request.markMask ?? ~0
        conntrack[slot].mark = conntrack[slot].mark & ~mask ^ mark
      }
      if let labels = request.labels {
        guard conntrack[slot].extensions.contains(.labels) else { throw ControlError(ErrorNumber.noSpace) }
        conntrack[slot].labels = conntrack[slot].labels & ~(request.labelsMask ?? ~0) ^ labels
      }
    } catch {
      changes = []
      throw error
    }
  }

  private func changeHelper(_ slot: Int, _ request: ConntrackRequest) throws(ControlError) {
    guard let name = request.helper else { return }
    let current = conntrack.helperName(conntrack[slot].helper)
    let wanted = Ruleset.packedHelperName(name)
    if !conntrack[slot].master.isNone {
      guard current != nil, current == wanted else { throw ControlError(ErrorNumber.busy) }
      return
    }
    guard let current else { throw ControlError(ErrorNumber.notSupported) }
    guard let wanted else { throw ControlError(ErrorNumber.notSupported) }
    guard current == wanted else { throw ControlError(ErrorNumber.busy) }
  }

  private func changeStatus(_ slot: Int, _ wanted: UInt32) throws(ControlError) {
    let old = conntrack[slot].status.rawValue
    let fixed: ConntrackStatus = [.expected, .confirmed, .dying]
    if (old ^ wanted) & fixed.rawValue != 0 { throw ControlError(ErrorNumber.busy) }
    let sticky: ConntrackStatus = [.seenReply, .assured]
    if old & ~wanted & sticky.rawValue != 0 { throw ControlError(ErrorNumber.busy) }
    conntrack[slot].status = ConntrackStatus(rawValue: old | wanted & ~Self.unchangeableStatus)
  }
}
