// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// A packet and the router around it, as the rules see them: both are where they are, since a copy of a packet costs more than
/// most rules.
///
/// `@safe`: made by ``Router/meet(_:_:_:)`` alone, which lends it both for as long as it lives.
@safe
package struct RuleContext: ~Copyable, RuleEnvironment {
  private unowned(unsafe) let owner: Router
  private let place: UnsafeMutablePointer<Packet>
  let hook: Hook

  @unsafe
  fileprivate init(_ router: Router, _ place: UnsafeMutablePointer<Packet>, _ hook: Hook) {
    unsafe owner = router
    unsafe self.place = place
    self.hook = hook
  }

  var router: Router {
    @inline(__always) get { unsafe owner }
  }
  package var packet: Packet {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }

  package var octets: RawSpan { @_lifetime(borrow self) get { packet.bytes.raw } }
  package mutating func store(_ octet: UInt8, at offset: Int) { packet.bytes[offset] = octet }
  package var now: UInt64 { router.now.nanoseconds }
  package var wallClock: UInt64 { router.wallClock }
  package var isTraced: Bool { router.tracing.isOpen || router.ruleMessages.isHeard }

  package mutating func trace(_ trail: inout RuleTrail, _ step: RuleStep, _ rule: RulePacket) {
    if step == .noMatch, !router.tracing.recordsMismatches { return }
    router.note(.rule(chain: trail.chain, handle: trail.rule, step))
    if step != .noMatch { router.tell(.rule(step), &trail, rule, &packet) }
  }

  package mutating func traceEnd(_ trail: inout RuleTrail, _ rule: RulePacket) {
    router.tell(.end, &trail, rule, &packet)
  }

  package mutating func trace(_ trail: inout RuleTrail, accepts: Bool, _ rule: RulePacket) {
    router.note(.policy(chain: trail.base, accepts: accepts))
    router.tell(.policy(accepts: accepts), &trail, rule, &packet)
  }

  package mutating func randomNumber() -> UInt32 { UInt32(truncatingIfNeeded: router.random.next()) }

  package func deviceName(_ index: UInt32) -> UInt128 { router.links[index]?.paddedName ?? 0 }
  package func deviceType(_ index: UInt32) -> UInt16? { router.links[index]?.hardwareType }
  package func deviceGroup(_ index: UInt32) -> UInt32? { router.links[index]?.group }

  /// Slot of the packet's entry.
  private var slot: Int? { router.conntrack.slot(packet.entry) }
  package var hasConntrack: Bool { slot != nil }
  package var isUntracked: Bool { packet.tracking == .untracked }

  package var conntrackState: UInt32 { packet.tracking.ruleState }

  package func conntrack(_ key: ConntrackKey, direction: RuleDirection?) -> UInt64? {
    guard let slot else { return nil }
    let entry = router.conntrack[slot]
    let chosen = direction.map { $0 == .original ? FlowDirection.original : .reply }
    let tuple = entry.tuple(chosen ?? packet.direction)
    switch key {
    case .direction: return UInt64(packet.direction.rawValue)
    case .status: return UInt64(entry.status.rawValue)
    case .mark: return UInt64(entry.mark)
    case .expiration: return entry.remaining(router.now) / 1_000_000
    case .networkProtocol: return UInt64(entry.original.familyNumber)
    case .transportProtocol: return UInt64(entry.proto)
    case .sourcePort: return UInt64(tuple.sourcePort)
    case .destinationPort: return UInt64(tuple.destinationPort)
    case .packets, .bytes:
      guard entry.extensions.contains(.accounting) else { return 0 }
      let counters = router.counters(slot)
      let values = key == .packets ? counters.packets : counters.bytes
      guard let chosen else { return values[0] &+ values[1] }
      return values[Int(chosen.rawValue)]
    case .zone:
      guard let chosen else { return UInt64(entry.zone) }
      return UInt64(entry.tuple(chosen).zone)
    case .id: return UInt64(entry.id)
    }
  }

  package func conntrackAddress(isSource: Bool, direction: RuleDirection) -> UInt128? {
    guard let slot else { return nil }
    let tuple = router.conntrack[slot].tuple(direction == .original ? .original : .reply)
    let address = isSource ? tuple.source : tuple.destination
    return UInt128(address.high) << 64 | UInt128(address.low)
  }

  package func connection() -> (tuple: Tuple, isConfirmed: Bool)? {
    if let slot { return (router.conntrack[slot].original, router.conntrack[slot].isConfirmed) }
    return router.tuple(of: &packet).map { ($0.inZone(packet.zone), false) }
  }

  package func isOpen(_ connection: Tuple) -> Bool { router.isOpen(connection) }

  package func conntrackLabels() -> UInt128? { slot.map { router.conntrack[$0].labels } }

  package func conntrackHelper() -> UInt128? {
    guard let slot else { return nil }
    let master = router.conntrack.slot(router.conntrack[slot].master)
    return router.conntrack.helperName(router.conntrack[master ?? slot].helper)
  }

  package mutating func setConntrackMark(_ mark: UInt32) {
    guard let slot, router.conntrack[slot].mark != mark else { return }
    router.conntrack[slot].mark = mark
    router.conntrack[slot].pendingEvents.insert(.mark)
  }

  package mutating func setConntrackLabels(_ labels: UInt128) {
    guard let slot, router.conntrack[slot].extensions.contains(.labels),
      router.conntrack[slot].labels | labels != router.conntrack[slot].labels
    else { return }
    router.conntrack[slot].labels |= labels
    router.conntrack[slot].pendingEvents.insert(.label)
  }

  package mutating func setConntrackZone(_ zone: UInt16, direction: RuleDirection?) {
    guard packet.entry.isNone, !packet.hasZone else { return }
    packet.tracking = .none
    packet.hasZone = true
    packet.zone = zone
    packet.zoneDirections = direction == nil ? 3 : direction == .original ? 1 : 2
  }

  package mutating func setConntrackEventMask(_ mask: UInt32) {
    guard let slot, !router.conntrack[slot].isConfirmed else { return }
    router.conntrack[slot].eventMask = ConntrackEvents(rawValue: UInt16(truncatingIfNeeded: mask))
  }

  package mutating func assignHelper(_ name: UInt128, transportProtocol: UInt8) {
    guard let slot, !router.conntrack[slot].isConfirmed, router.conntrack[slot].helper == 0,
      router.conntrack[slot].proto == transportProtocol,
      let number = router.conntrack.helperNumber(name)
    else { return }
    router.conntrack[slot].helper = number
    router.conntrack[slot].extensions.insert(.helper)
    router.conntrack[slot].status.insert(.helper)
    router.conntrack[slot].pendingEvents.insert(.helper)
  }

  package mutating func setUntracked() {
    guard packet.tracking == .none, !packet.hasZone else { return }
    packet.tracking = .untracked
  }

  package mutating func translate(_ request: TranslationRequest, packet rule: RulePacket) -> RuleVerdict {
    packet.output = rule.outputDevice
    return router.bindTranslation(request, &packet, hook)
  }

  package func isTranslated(isSource: Bool) -> Bool {
    guard let slot else { return true }
    return router.conntrack[slot].status.contains(isSource ? .sourceNATDone : .destinationNATDone)
  }

  package mutating func offload(to flowtable: FlowtableID, packet: RulePacket) -> Bool {
    // Safe: the router outlives the context. Called by its plain name it would be retained meanwhile.
    unsafe Unmanaged.passUnretained(owner)._withUnsafeGuaranteedRef { router in
      router.addFlow(&self.packet, to: flowtable.number)
    }
  }

  package mutating func reject(_ rejection: Rejection, packet: RulePacket, hook: Hook) {
    router.rejections.append((self.packet, rejection))
  }

  package mutating func log(rule: UInt64, packet: RulePacket) {}

  package func routeSegmentSize(packet: RulePacket) -> UInt16? {
    guard let route = self.packet.route else { return nil }
    let headers = self.packet.family.headerLength + TCPView.minimumLength
    var smallest = router.ownMTU(of: route)
    if let back = router.lookUpRoute(self.packet.family, self.packet.source) {
      smallest = min(smallest, router.ownMTU(of: back))
    }
    return UInt16(clamping: max(0, smallest - headers))
  }

  package func routeNextHop(packet: RulePacket) -> UInt128? {
    guard let route = self.packet.route else { return nil }
    let hop = route.gateway ?? self.packet.destination
    return UInt128(hop.high) << 64 | UInt128(hop.low)
  }

  package func route(_ query: RouteQuery, packet: RulePacket) -> RouteAnswer {
    router.answer(query, self.packet, at: hook)
  }

  package mutating func transmit(on device: UInt32, isCopy: Bool, packet: RulePacket) {
    let start = self.packet.link >= 0 ? self.packet.link : self.packet.network
    let offload = self.packet.offload
    let moved = offload.isNone ? .none : offload.shifted(by: self.packet.offloadBase - start)
    router.emit(Array(self.packet.bytes[start...]), moved, on: device)
  }
}

extension Ruleset {
  /// Whether chains are attached to a device at egress.
  @inline(__always)
  func hasEgress(device: UInt32) -> Bool {
    let place = Int(device) * 2 + 1
    return place < program.deviceRanges.count && program.deviceRanges[place].count > 0
  }
}

extension Router {
  /// Whether `connection` is a tuple of a live entry whose connection is not over.
  func isOpen(_ connection: Tuple) -> Bool {
    guard let hit = conntrack.find(connection), !conntrack[hit.slot].isExpired(now) else { return false }
    let state = conntrack[hit.slot].tcp.state
    return connection.proto != IPProtocol.tcp || (state != .timeWait && state != .close)
  }

  /// What the rules need to know of `packet`.
  @inline(__always)
  func rulePacket(_ packet: inout Packet) -> RulePacket {
    var result = RulePacket(
      family: packet.etherType == EtherType.ipv4
        ? .ipv4 : packet.etherType == EtherType.ipv6 ? .ipv6 : .other,
      networkOffset: Int32(packet.network), transportOffset: Int32(packet.transport),
      endOffset: Int32(packet.bytes.count))
    result.linkOffset = Int32(packet.link)
    result.transportProtocol = packet.proto
    result.fragmentOffset = UInt16(truncatingIfNeeded: packet.fragmentOffset / 8)
    result.etherType = packet.etherType
    result.vlanTag = packet.vlanTag
    result.inputDevice = packet.input
    result.outputDevice = packet.output
    result.mark = packet.mark
    result.priority = packet.priority
    result.packetType = packet.type.rawValue
    result.trace = packet.trace
    result.isPartial = packet.isPartial
    return result
  }

  @inline(__always)
  private func takeBack(_ rule: RulePacket, _ packet: inout Packet) {
    packet.mark = rule.mark
    packet.priority = rule.priority
    packet.trace = rule.trace
    if let type = PacketType(rawValue: rule.packetType) { packet.type = type }
  }

  /// Runs the filtering chains of `hook` from one priority to another. False: the packet is gone.
  @inline(__always)
  func runRules(_ hook: Hook, from: Int = .min, below: Int = .max, _ packet: inout Packet) -> Bool {
    guard ruleset.filters(hook, packet.family == .ipv4 ? .ipv4 : .ipv6) else { return true }
    return runChains(hook, from: from, below: below, &packet)
  }

  @inline(never)
  private func runChains(_ hook: Hook, from: Int, below: Int, _ packet: inout Packet) -> Bool {
    let family: PacketFamily = packet.family == .ipv4 ? .ipv4 : .ipv6
    let chains = ruleset.chains(hook, family, from: from, below: below)
    guard !chains.isEmpty else { return true }
    return meet(hook, &packet) { rule, context in
      ruleset.run(chains, hook, packet: &rule, environment: &context)
    }
  }

  /// Lets `rules` judge a packet. False: the packet is gone.
  @inline(__always)
  private func meet(
    _ hook: Hook, _ packet: inout Packet, _ rules: (inout RulePacket, inout RuleContext) -> RuleVerdict
  ) -> Bool {
    var rule = rulePacket(&packet)
    // Safe: the packet stays where it is until the context is gone.
    let verdict = unsafe withUnsafeMutablePointer(to: &packet) { place in
      var context = unsafe RuleContext(self, place, hook)
      return rules(&rule, &context)
    }
    takeBack(rule, &packet)
    finishRuleMessages()
    if !rejections.isEmpty { sendRejections() }
    return survives(verdict)
  }

  /// Runs the translating chains of `hook`. False: the packet is gone.
  func runTranslationRules(_ hook: Hook, _ packet: inout Packet) -> Bool {
    meet(hook, &packet) { rule, context in
      ruleset.runTranslation(hook, packet: &rule, environment: &context)
    }
  }

  /// Runs one chain of a device's ingress hook. False: the packet is gone.
  func runDeviceChain(_ chain: UInt32, _ packet: inout Packet) -> Bool {
    meet(.ingress, &packet) { rule, context in
      ruleset.run(ingressChain: chain, packet: &rule, environment: &context)
    }
  }

  /// Runs the egress chains of a device. False: the packet is gone.
  func runEgressRules(_ packet: inout Packet, _ device: UInt32) -> Bool {
    meet(.egress, &packet) { rule, context in
      ruleset.runEgress(device: device, packet: &rule, environment: &context)
    }
  }

  /// Sends what `reject` statements asked for. Not before the rules have been left: the answers meet rules too.
  private func sendRejections() {
    while !rejections.isEmpty {
      let (packet, rejection) = rejections.removeFirst()
      reject(packet, rejection)
    }
  }

  @inline(__always)
  private func survives(_ verdict: RuleVerdict) -> Bool {
    switch verdict {
    case .accept: return true
    case .drop: statistics.count(.ruleDropped)
    case .stolen: statistics.count(.ruleStolen)
    }
    return false
  }

  /// What `fib` finds for `packet`.
  func answer(_ query: RouteQuery, _ packet: Packet, at hook: Hook) -> RouteAnswer {
    let bySource = query.flags & RouteQuery.Flag.source != 0
    let address = bySource ? packet.source : packet.destination
    var device: UInt32?
    if query.flags & RouteQuery.Flag.inputDevice != 0 { device = packet.input }
    if query.flags & RouteQuery.Flag.outputDevice != 0 { device = packet.output }
    if address.isMulticast(packet.family) { return RouteAnswer(device: packet.input, type: 5) }
    if packet.family == .ipv4 ? rules4.decide : rules6.decide {
      return answerByRules(query, packet, address, device, at: hook)
    }
    guard let route = lookUpRoute(packet.family, address, device: device) else {
      return RouteAnswer(device: 0, type: 0)
    }
    return RouteAnswer(device: route.device, type: UInt32(route.type.rawValue))
  }

  /// The rules meet the packet as one of the router's own, with its mark only where the expression asks for that, and a device
  /// is compared with the route that was found. The type of an IPv4 address is that of the local table, whatever the rules.
  ///
  /// Source: net/ipv4/netfilter/nft_fib_ipv4.c, nft_fib4_eval and nft_fib4_eval_type; net/ipv6/netfilter/nft_fib_ipv6.c,
  /// nft_fib6_flowi_init.
  private func answerByRules(
    _ query: RouteQuery, _ packet: Packet, _ address: Address, _ device: UInt32?, at hook: Hook
  ) -> RouteAnswer {
    let bySource = query.flags & RouteQuery.Flag.source != 0
    var key = RouteKey(to: address, from: bySource ? packet.destination : packet.source)
    if query.flags & RouteQuery.Flag.mark != 0 { key.mark = packet.mark }
    if bySource, hook == .forward, query.flags & RouteQuery.Flag.inputDevice != 0 {
      key.input = packet.output
    }
    let found = routeByRules(packet.family, key)
    var type = found?.type ?? .unreachable
    if packet.family == .ipv4 {
      let own = routes4.find(address, in: RoutingTable.local) { device == nil || $0.device == device }
      type = own?.entry.type ?? .unicast
    }
    var answer = RouteAnswer(device: 0, type: UInt32(type.rawValue))
    if let found, found.type == .local || device == nil || device == found.device {
      answer.device = found.device
    }
    return answer
  }
}
