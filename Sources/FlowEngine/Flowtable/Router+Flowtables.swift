// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Takes over what the ruleset now says of flowtables and of conntrack. To be called after each change of it.
  package func adoptRuleset() {
    let needs = ruleset.conntrackNeeds()
    tracks4 = needs.tracks4
    tracks6 = needs.tracks6
    conntrack.usesLabels = needs.usesLabels
    if needs.counts { conntrack.settings.accounting = true }
    adoptFlowtables()
    bumpEpoch()
  }

  /// Makes, changes and deletes flowtables as the ruleset has them.
  func adoptFlowtables() {
    let wanted = ruleset.flowtables()
    for settings in wanted {
      let number = settings.id.number
      guard let known = flowtables[number] else {
        flowtables[number] = Flowtable(
          id: number, familyNumber: settings.family, counts: settings.countsPackets,
          offloadsToHardware: settings.offloadsToHardware, devices: settings.devices)
        if flowtables.count == 1, flows.count == 0 { nextFlowStep = now.timer(after: Instant.second) }
        continue
      }
      for device in known.devices where !settings.devices.contains(device) { unbindHardware(number, device) }
      flowtables[number]?.devices = settings.devices
      flowtables[number]?.counts = settings.countsPackets
    }
    for number in flowtables.keys.sorted() where !wanted.contains(where: { $0.id.number == number }) {
      deleteFlowtable(number)
    }
  }

  /// Deletes a flowtable; its flows are torn down and freed.
  private func deleteFlowtable(_ number: UInt32) {
    var all: [Int] = []
    forEachFlow(of: number) { all.append($0) }
    for slot in all {
      tearDown(slot)
      free(slot)
    }
    flowtables[number] = nil
  }

  /// Calls `body` with the slot of each flow of a flowtable.
  private func forEachFlow(of id: UInt32, _ body: (Int) -> Void) {
    for slot in 0..<flows.details.capacity
    where flows.details[slot].isUsed && flows.details[slot].flowtable == id {
      body(slot)
    }
  }

  /// Ends a flow for the packets: conntrack takes over with what it last knew. The next collection frees it.
  ///
  /// Source: net/netfilter/nf_flow_table_core.c, flow_offload_teardown, flow_offload_fixup_ct.
  func tearDown(_ slot: Int) {
    let flags = flows.pairs[slot].sides[0].flags
    let isFirst = !flags.contains(.teardown)
    flows.set(.teardown, slot)
    if isFirst { statistics.count(.flowTornDown) }
    guard let entry = conntrack.slot(flows.details[slot].entry), !conntrack[entry].isDying else { return }
    if isOwner(slot, entry) { transferCounters(entry) }
    conntrack[entry].status.remove(.offload)
    if isOwner(slot, entry) { conntrack[entry].flow = 0 }
    guard isFirst || generation.teardownAlwaysSubtracts else { return }
    repair(entry, isClosing: flags.contains(.closing), isExpired: isExpired(slot))
  }

  private func isOwner(_ slot: Int, _ entry: Int) -> Bool { Int(conntrack[entry].flow) == slot + 1 }

  /// Whether a flow has been idle for its time.
  private func isExpired(_ slot: Int) -> Bool {
    max(flows.pairs[slot].sides[0].deadline, flows.pairs[slot].sides[1].deadline) <= now.nanoseconds
  }

  /// Sets time and state of an entry that leaves the flowtable.
  private func repair(_ slot: Int, isClosing: Bool, isExpired: Bool) {
    let settings = conntrack.settings
    let proto = conntrack[slot].proto
    var base: UInt64
    switch proto {
    case IPProtocol.tcp:
      for direction in [FlowDirection.original, .reply] {
        conntrack[slot].tcp[direction].maximumWindow = 0
        if !generation.teardownAlwaysSubtracts { conntrack[slot].tcp[direction].flags.remove(.maximumAckSet) }
      }
      if isClosing {
        conntrack[slot].tcp.state = .close
        conntrack[slot].tcp[.original].flags.insert(.closeInit)
        let seconds = settings.tcpTimeouts[Int(TCPState.close.rawValue)]
        conntrack[slot].deadline = now.adding(seconds: seconds).nanoseconds
        return
      }
      base = settings.tcpTimeouts[Int(conntrack[slot].tcp.state.rawValue)]
    case IPProtocol.udp:
      let isAnswered = generation.teardownTakesAnswered || conntrack[slot].status.contains(.seenReply)
      base = isAnswered ? settings.udpStreamTimeout : settings.udpTimeout
    default: return
    }
    if isExpired || generation.teardownAlwaysSubtracts {
      let idle = flowTimeout(proto)
      base = base > idle ? base - idle : 0
    }
    let deadline = now.adding(seconds: base).nanoseconds
    if deadline < conntrack[slot].deadline { conntrack[slot].deadline = deadline }
  }

  /// Marks a flow whose entry is gone: found no more, freed by the next collection.
  func markDying(_ slot: Int) {
    flows.set(.dying, slot)
    flows.details[slot].entry = .none
  }

  /// Hands what a flow has counted over to its entry.
  func transferCounters(_ entry: Int) {
    guard conntrack[entry].flow != 0 else { return }
    let slot = Int(conntrack[entry].flow) - 1
    for side in 0..<2 {
      if conntrack[entry].extensions.contains(.accounting) {
        conntrack[entry].packets[side] &+= UInt64(flows.pairs[slot].sides[side].packets)
        conntrack[entry].bytes[side] &+= flows.pairs[slot].sides[side].bytes
      }
      flows.pairs[slot].sides[side].packets = 0
      flows.pairs[slot].sides[side].bytes = 0
    }
  }

  private func free(_ slot: Int) {
    if hardware.exists { forgetHardware(slot) }
    if let entry = conntrack.slot(flows.details[slot].entry), isOwner(slot, entry) {
      transferCounters(entry)
      conntrack[entry].flow = 0
    }
    flows.remove(slot)
    statistics.count(.flowFreed)
  }

  /// Flows through a device that goes down are torn down and freed at once.
  ///
  /// Source: net/netfilter/nf_flow_table_core.c, nf_flow_table_cleanup.
  func tearDownFlows(on index: UInt32) {
    for slot in 0..<flows.details.capacity where flows.details[slot].isUsed {
      let pair = flows.pairs[slot]
      guard pair.sides[0].key.device == index || pair.sides[1].key.device == index else { continue }
      tearDown(slot)
      free(slot)
    }
  }

  /// Slots that one step of the flows' collection looks at, and flows that it ends at most: few enough that no frame
  /// waits long for it.
  static let collectionStep = 1024
  static let mostEnded = 256

  /// Nanoseconds from one collection of the flows to the next.
  var collectionPeriod: UInt64 { nextFlowStep.timer(after: Instant.second).since(nextFlowStep) }

  /// One step of the flows' collection: idle flows and those whose entry is gone end. Every flow is looked at once a
  /// second, unless more have ended than a step takes: then it goes on with the rest a millisecond later.
  ///
  /// Source: net/netfilter/nf_flow_table_core.c, nf_flow_offload_gc_step. The kernel goes through a flowtable at once.
  func collectFlows() {
    let capacity = flows.details.capacity
    let steps = max(1, (capacity + Self.collectionStep - 1) / Self.collectionStep)
    if flowStep >= steps { (flowStep, flowRest) = (0, 0) }
    let first = flowStep * Self.collectionStep
    let end = min(first + Self.collectionStep, capacity)
    var ended = 0
    for slot in (first + flowRest)..<max(end, first + flowRest) where flows.details[slot].isUsed {
      if ended == Self.mostEnded {
        flowRest = slot - first
        nextFlowStep = nextFlowStep.adding(nanoseconds: Instant.second / 1000)
        return
      }
      if collectFlow(slot) { ended += 1 }
    }
    flowRest = 0
    flowStep += 1
    nextFlowStep = nextFlowStep.adding(nanoseconds: collectionPeriod / UInt64(steps))
  }

  /// Looks at one flow. True: it has ended.
  private func collectFlow(_ slot: Int) -> Bool {
    if hardware.exists, generation.collectionSparesPending, hardware.flows[slot]?.isPending == true {
      return false
    }
    let flags = flows.pairs[slot].sides[0].flags
    if flags.contains(.dying) || isExpired(slot) {
      tearDown(slot)
    } else if !generation.conntrackExtendsOffloaded, !flags.contains(.teardown) {
      extendEntry(slot)
    }
    if hardware.exists, !collectHardware(slot) { return false }
    guard flows.pairs[slot].sides[0].flags.isGone else { return false }
    free(slot)
    return true
  }

  /// Keeps the entry of a living flow from running out.
  ///
  /// Source: net/netfilter/nf_flow_table_core.c, nf_flow_table_extend_ct_timeout.
  private func extendEntry(_ slot: Int) {
    guard let entry = conntrack.slot(flows.details[slot].entry) else { return }
    let ct = conntrack[entry]
    guard ct.isConfirmed, ct.isOffloaded, !ct.isExpired(now), ct.remaining(now) < 300 * Instant.second else {
      return
    }
    let seconds: UInt64
    switch ct.proto {
    case IPProtocol.udp: seconds = 86_400
    case IPProtocol.tcp:
      switch ct.tcp.state {
      case .established: seconds = 86_400
      case .finWait, .closeWait, .lastAck, .timeWait: seconds = 300
      case .none, .synSent, .synReceived, .close, .synSent2: return
      }
    default:
      // The kernel has no rule for others and lets them end at the next look.
      conntrack[entry].deadline = now.adding(nanoseconds: 4_000_000).nanoseconds
      return
    }
    conntrack[entry].deadline = now.adding(seconds: seconds).nanoseconds
  }
}
