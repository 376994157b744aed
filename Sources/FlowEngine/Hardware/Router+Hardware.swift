// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

// A simulated NIC, and a flowtable's dealings with it. Source (Linux 7.2): net/netfilter/nf_flow_table_offload.c; the
// numbers of statements are those of its description in the tests.
extension Router {
  // MARK: Devices

  /// Gives an Ethernet device hardware that carries flows; nil: takes it away, with the flows in it.
  package func setHardware(_ index: UInt32, _ settings: HardwareSettings?) {
    guard device(index)?.kind == .port else { return }
    hardware.set(settings, of: index)
    adoptHardware()
  }

  /// Makes a device a user port of the switch behind `conduit`, whose hardware then carries its flows, too; nil: an ordinary
  /// device.
  ///
  /// Source: net/dsa/user.c, dsa_user_setup_ft_block.
  package func setConduit(_ index: UInt32, _ conduit: UInt32?) {
    guard device(index)?.kind == .port else { return }
    hardware.set(conduit: conduit, of: index)
    adoptHardware()
  }

  private func adoptHardware() {
    ruleset.offloadingDevices = Set(devices.compactMap { $0?.index }.filter { hardware.table(of: $0) != nil })
    adoptFlowtables()
  }

  /// The device behind which a switch's user port is, or nil.
  package func conduit(of index: UInt32) -> UInt32? { hardware.conduits[index] }

  /// What a device's own hardware can do, and how many rules are in it; nil: it has none.
  package func hardware(of index: UInt32) -> (settings: HardwareSettings, rules: Int)? {
    hardware.tables[index].map { ($0.settings, $0.count) }
  }

  /// A device that goes down loses what is in its hardware; with a conduit its user ports go down.
  func hardwareFollowsLink(_ index: UInt32, up: Bool) {
    guard hardware.exists, !up else { return }
    if let table = hardware.tables[index] {
      statistics[.hardwareRemoved] &+= UInt64(table.removeAll { _ in true })
    }
    for port in hardware.conduits.filter({ $0.value == index }).keys.sorted() { setLink(port, up: false) }
  }

  /// A flowtable is bound to a device no longer: what came in by the binding leaves the hardware.
  func unbindHardware(_ flowtable: UInt32, _ device: UInt32) {
    guard let table = hardware.table(of: device) else { return }
    statistics[.hardwareRemoved] &+= UInt64(
      table.removeAll { $0.flowtable == flowtable && $0.entry.key.device == device })
  }

  // MARK: A flow's life

  /// A flow was added to a flowtable with `flags offload`.
  ///
  /// Source: nf_flow_table_core.c, flow_offload_add. In 7.2 a tunnel keeps a flow out of hardware (FT-152).
  func beginHardware(_ slot: Int) {
    for side in 0..<2 where flows.paths[flows.pairs[slot].sides[side].path].way.tunnelFamily != 0 { return }
    hardware.flows[slot] = HardwareFlow(cookie: hardware.nextCookie())
    queueHardware(.replace, slot)
  }

  /// A packet in software has moved the flow's time: hardware that does not carry it is asked again (FT-150).
  ///
  /// Source: nf_flow_table_core.c, flow_offload_refresh.
  @inline(never)
  func refreshHardware(_ slot: Int) {
    guard let flow = hardware.flows[slot], !flow.isDying,
      generation.closesOnClassicPath || !flows.pairs[slot].sides[0].flags.contains(.closing)
    else { return }
    queueHardware(.replace, slot)
  }

  /// What a collection does with a flow that is meant for hardware.
  ///
  /// - Returns: whether the flow may be freed now.
  ///
  /// Source: nf_flow_table_core.c, nf_flow_offload_gc_step.
  func collectHardware(_ slot: Int) -> Bool {
    guard let flow = hardware.flows[slot] else { return true }
    let flags = flows.pairs[slot].sides[0].flags
    if flags.isGone {
      if flow.isDead { return true }
      if !flow.isDying { destroyHardware(slot) }
    } else if flags.contains(.closing), !flow.isDying {
      destroyHardware(slot)
    } else if !flow.isDying {
      askForStatistics(slot)
    }
    return false
  }

  private func destroyHardware(_ slot: Int) {
    if queueHardware(.destroy, slot) { hardware.flows[slot]?.isDying = true }
  }

  /// Source: nf_flow_table_offload.c, nf_flow_offload_stats.
  private func askForStatistics(_ slot: Int) {
    let sides = flows.pairs[slot].sides
    let full = flowTimeout(sides[0].key.proto) * Instant.second
    let deadline = max(sides[0].deadline, sides[1].deadline)
    let left = deadline > now.nanoseconds ? deadline - now.nanoseconds : 0
    if left < full / 10 * 9 { queueHardware(.readStatistics, slot) }
  }

  /// A flow is freed at once: so are its rules.
  func forgetHardware(_ slot: Int) {
    guard let flow = hardware.flows[slot] else { return }
    removeRules(slot, flow.cookie)
    hardware.flows[slot] = nil
    if let entry = conntrack.slot(flows.details[slot].entry) {
      conntrack[entry].status.remove(.hardwareOffload)
    }
  }

  // MARK: Work

  @discardableResult
  private func queueHardware(_ work: HardwareWork, _ slot: Int) -> Bool {
    var latency: UInt64 = 0
    for side in 0..<2 {
      guard let settings = hardware.table(of: flows.pairs[slot].sides[side].key.device)?.settings else {
        continue
      }
      latency = max(latency, work == .readStatistics ? settings.statisticsLatency : settings.changeLatency)
    }
    return hardware.queue(work, slot, at: now, taking: latency)
  }

  /// Does the work that is due.
  func serveHardware() {
    for item in hardware.takeDone(by: now) {
      // Work of the same instant may have ended the flow.
      guard hardware.flows[item.slot]?.cookie == item.cookie else { continue }
      switch item.work {
      case .replace: addRules(item.slot, item.cookie)
      case .destroy:
        removeRules(item.slot, item.cookie)
        if let entry = conntrack.slot(flows.details[item.slot].entry) {
          conntrack[entry].status.remove(.hardwareOffload)
        }
        hardware.flows[item.slot]?.isDead = true
      case .readStatistics: takeStatistics(item.slot, item.cookie)
      }
      hardware.flows[item.slot]?.isPending = false
    }
  }

  /// Adds a rule for each direction; one that is taken is enough for the tag.
  ///
  /// Source: nf_flow_table_offload.c, flow_offload_work_add, flow_offload_rule_add.
  private func addRules(_ slot: Int, _ cookie: UInt64) {
    var added = false
    for side in 0..<2 {
      guard let rule = rule(slot, side, cookie), let table = hardware.table(of: rule.entry.key.device),
        table.replace(rule)
      else { continue }
      added = true
    }
    statistics.count(added ? .hardwareAdded : .hardwareRefused)
    guard added, let entry = conntrack.slot(flows.details[slot].entry) else { return }
    conntrack[entry].status.insert(.hardwareOffload)
  }

  private func removeRules(_ slot: Int, _ cookie: UInt64) {
    for side in 0..<2 {
      let key = Self.hardwareKey(flows.pairs[slot].sides[side].key)
      guard let table = hardware.table(of: key.device) else { continue }
      if table.remove(key, key.hash(flows.seed), cookie: cookie) { statistics.count(.hardwareRemoved) }
    }
  }

  /// Source: nf_flow_table_offload.c, flow_offload_work_stats.
  private func takeStatistics(_ slot: Int, _ cookie: UInt64) {
    var lastUsed: UInt64 = 0
    for side in 0..<2 {
      let key = Self.hardwareKey(flows.pairs[slot].sides[side].key)
      guard let table = hardware.table(of: key.device) else { continue }
      let found = table.find(key, key.hash(flows.seed))
      guard found >= 0, table[found].cookie == cookie else { continue }
      lastUsed = max(lastUsed, table[found].lastUsed)
      if flowtables[flows.details[slot].flowtable]?.counts == true {
        flows.pairs[slot].sides[side].packets &+= UInt32(truncatingIfNeeded: table[found].packets)
        flows.pairs[slot].sides[side].bytes &+= table[found].bytes
      }
      table[found].packets = 0
      table[found].bytes = 0
    }
    guard lastUsed > 0 else { return }
    let deadline = lastUsed &+ flowTimeout(flows.pairs[slot].sides[0].key.proto) * Instant.second
    for side in 0..<2 where flows.pairs[slot].sides[side].deadline < deadline {
      flows.pairs[slot].sides[side].deadline = deadline
    }
  }

  // MARK: Rules

  /// What hardware compares of a key: it knows no flowtables.
  static func hardwareKey(_ key: FlowKey) -> FlowKey {
    var key = key
    key.kind &= 0xffff
    return key
  }

  /// The rule for a direction of a flow, or nil where the device has no words for it: frames that arrive with anything but
  /// 802.1Q tags, and ones that leave by a device without hardware.
  private func rule(_ slot: Int, _ side: Int, _ cookie: UInt64) -> HardwareRule? {
    let pair = flows.pairs[slot]
    var entry = pair.sides[side]
    let other = pair.sides[1 - side].key
    entry.key = Self.hardwareKey(entry.key)
    entry.hash = entry.key.hash(flows.seed)
    guard let output = device(other.device), output.kind == .port, output.isUp,
      hardware.table(of: output.index) != nil, Self.hasOnlyTags(entry.key.encapsulation)
    else { return nil }
    var path = flows.paths[entry.path]
    let way = path.way
    path.output = output.index
    path.exit = .device
    if way.transmit == .direct {
      path.setLink(to: way.destination, from: way.source, other.encapsulation, other.family)
    } else {
      let key = NeighbourKey(device: way.routeDevice, family: way.hopFamily, address: way.nextHop)
      guard let neighbour = neighbours.link(key), neighbour.state.isValid else { return nil }
      path.setLink(to: neighbour.mac, from: output.mac, other.encapsulation, other.family)
    }
    return HardwareRule(
      entry: entry, path: path, newSource: other.destination, newDestination: other.source, cookie: cookie,
      flowtable: flows.details[slot].flowtable)
  }

  private static func hasOnlyTags(_ encapsulation: UInt64) -> Bool {
    [UInt16(truncatingIfNeeded: encapsulation >> 32), UInt16(truncatingIfNeeded: encapsulation)].allSatisfy {
      $0 == 0 || $0 == EtherType.vlan
    }
  }
}
