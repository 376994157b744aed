// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

extension Router {
  /// Sets an entry as an administrator does (`ip neigh replace … nud permanent`).
  package func setNeighbour(_ key: NeighbourKey, _ mac: MACAddress, state: NeighbourState = .permanent) {
    let waiting = neighbours[key]?.queue ?? []
    var neighbour = Neighbour(state: state, mac: mac)
    neighbour.updated = now
    neighbour.confirmed = now
    neighbours[key] = neighbour
    bumpEpoch()
    send(waiting, to: mac, on: key.device)
  }

  /// Sends what waited for an address.
  private func send(_ waiting: [Packet], to mac: MACAddress, on index: UInt32) {
    for var packet in waiting { emit(&packet, to: mac, on: index) }
  }

  /// Removes an entry as an administrator does.
  package func removeNeighbour(_ key: NeighbourKey) {
    neighbours[key] = nil
    bumpEpoch()
  }

  /// Sends a packet to `hop` on a device: at once when the address is known, else when it has been found out.
  ///
  /// Source: net/core/neighbour.c, neigh_resolve_output, __neigh_event_send.
  func transmit(_ packet: inout Packet, to hop: Address, _ family: IPFamily, on index: UInt32) {
    guard let link = links[index], link.isUp else { return statistics.count(.deviceDown) }
    guard link.isEthernet else {
      if let device = device(index) { transmitHeaderless(packet, on: device) }
      return
    }
    if hop.isMulticast(family) {
      let group =
        family == .ipv6 ? MACAddress.group(ofIPv6: hop) : MACAddress(0x0100_5e00_0000 | hop.low & 0x7f_ffff)
      return emit(&packet, to: group, on: index)
    }
    if packet.route?.type == .broadcast { return emit(&packet, to: .broadcast, on: index) }
    let key = NeighbourKey(device: index, family: family, address: hop)
    if tracing.isOpen {
      let known = neighbours.link(key)
      note(.neighbour(key, known?.state ?? .none, known?.mac ?? .zero))
    }
    if let mac = usableAddress(key) { return emit(&packet, to: mac, on: index) }
    enqueue(packet, key)
  }

  /// Sends a packet as a frame of a device: from its address, and of the packet's type, unless others are given.
  func emit(
    _ packet: inout Packet, to mac: MACAddress, from source: MACAddress? = nil, type: UInt16? = nil,
    on index: UInt32
  ) {
    guard let link = links[index] else { return statistics.count(.deviceDown) }
    packet.pushEthernet(to: mac, from: source ?? link.mac, type: type ?? packet.family.ethertype)
    var bytes: [UInt8] = []
    swap(&bytes, &packet.bytes)
    emit(consume bytes, from: packet.link, packet.frameOffload, on: index)
  }

  /// The address to send to, if there is one; a stale one is to be probed soon.
  @inline(__always)
  func usableAddress(_ key: NeighbourKey) -> MACAddress? {
    guard let neighbour = neighbours.link(key), neighbour.state.isValid else { return nil }
    if neighbour.state == .stale {
      neighbours[key]?.state = .delay
      setDeadline(key, now.timer(after: NeighbourTimes.delay))
    }
    return neighbour.mac
  }

  private func setDeadline(_ key: NeighbourKey, _ deadline: Instant) {
    neighbours[key]?.deadline = deadline
    if deadline < neighbours.nextDeadline { neighbours.nextDeadline = deadline }
    bumpEpoch()
  }

  /// Lets a packet wait, and asks for the address unless that is under way.
  private func enqueue(_ packet: Packet, _ key: NeighbourKey) {
    let isAsked = neighbours[key]?.state == .incomplete
    if !isAsked {
      if neighbours[key] == nil {
        guard neighbours.makeRoom() else { return statistics.count(.neighbourQueueFull) }
        neighbours[key] = Neighbour(state: .none, mac: .zero)
      }
      neighbours[key]?.state = .incomplete
      neighbours[key]?.probes = 1
      setDeadline(key, now.timer(after: NeighbourTimes.retransmission))
    }
    let size = packet.length + NeighbourTimes.packetOverhead
    while let queued = neighbours[key]?.queuedOctets, queued > 0, queued + size > NeighbourTimes.queueOctets,
      let oldest = neighbours[key]?.queue.first
    {
      neighbours[key]?.queue.removeFirst()
      neighbours[key]?.queuedOctets -= oldest.length + NeighbourTimes.packetOverhead
      statistics.count(.neighbourQueueFull)
    }
    neighbours[key]?.queue.append(packet)
    neighbours[key]?.queuedOctets += size
    if !isAsked { solicit(key, for: packet, to: nil) }
  }

  /// Asks who has the address of `key`; `mac` for a unicast question.
  ///
  /// Source: net/ipv4/arp.c, arp_solicit; net/ipv6/ndisc.c, ndisc_solicit.
  private func solicit(_ key: NeighbourKey, for packet: Packet?, to mac: MACAddress?) {
    guard let device = device(key.device) else { return }
    if key.family == .ipv4 {
      var own = device.sourceAddress(towards: key.address, .ipv4)
      if let packet, packet.family == .ipv4, isLocal(packet.source, .ipv4) { own = packet.source }
      guard let source = own else { return }
      sendARP(ARPPacket.request, device, to: mac ?? .broadcast, source, .zero, key.address)
      return
    }
    let linkLocal = device.addresses.first { $0.family == .ipv6 && $0.address.isIPv6LinkLocal }?.address
    var own = linkLocal
    if let packet, packet.family == .ipv6,
      device.addresses.contains(where: { $0.family == .ipv6 && $0.address == packet.source })
    {
      own = packet.source
    }
    guard let source = own else { return }
    var data: [UInt8] = []
    data.append(ipv6: key.address)
    data += [1, 1]
    data.append(device.mac)
    let message = ICMPMessage(type: ICMPv6Type.neighbourSolicitation, code: 0, data: data)
    let destination = mac == nil ? key.address.solicitedNodeGroup : key.address
    sendDiscovery(message, device, from: source, to: destination, mac ?? .group(ofIPv6: destination))
  }

  private func sendARP(
    _ operation: UInt16, _ device: Device, to mac: MACAddress, _ sender: Address, _ targetMAC: MACAddress,
    _ target: Address
  ) {
    var bytes: [UInt8] = []
    EthernetHeader(destination: mac, source: device.mac, type: EtherType.arp).emit(into: &bytes)
    ARPPacket(
      operation: operation, senderHardware: device.mac, sender: sender, targetHardware: targetMAC,
      target: target
    ).emit(into: &bytes)
    emit(bytes, .none, on: device.index)
  }

  /// Sends a neighbour discovery message through the output hook.
  private func sendDiscovery(
    _ message: ICMPMessage, _ device: Device, from source: Address, to destination: Address, _ mac: MACAddress
  ) {
    var packet = ownPacket(.ipv6, from: source, to: destination, service: 0, message, hopLimit: 255)
    packet.output = device.index
    guard runRules(.output, below: -200, &packet), track(&packet, isOutput: true),
      runRules(.output, from: -200, &packet)
    else { return }
    emit(&packet, to: mac, on: device.index)
  }

  /// Source: net/ipv4/arp.c, arp_process.
  func receiveARP(_ packet: Packet) {
    guard packet.type != .otherHost, let view = ARPView(checking: packet.networkBytes),
      let device = device(packet.input)
    else { return statistics.count(.headerError) }
    let arp = ARPPacket(view)
    guard arp.operation == ARPPacket.request || arp.operation == ARPPacket.reply,
      !arp.target.isMulticast(.ipv4), arp.target.ipv4 >> 24 != 127
    else { return statistics.count(.headerError) }
    let key = NeighbourKey(device: device.index, family: .ipv4, address: arp.sender)
    let isUnaddressed = arp.sender.isUnspecified
    if arp.operation == ARPPacket.request, isLocal(arp.target, .ipv4), mayAsk(arp.sender) {
      if !isUnaddressed {
        neighbours.knownOrNew(key)
        update(key, arp.senderHardware, to: .stale, overrides: true)
      }
      statistics.count(.replySent)
      return sendARP(
        ARPPacket.reply, device, to: arp.senderHardware, arp.target, arp.senderHardware, arp.sender)
    }
    guard !isUnaddressed, let known = neighbours[key] else { return }
    let isAnswer = arp.operation == ARPPacket.reply && packet.type == .host
    let isGratuitous =
      arp.sender == arp.target
      && (arp.operation == ARPPacket.request || arp.senderHardware == arp.targetHardware)
    let overrides =
      isGratuitous || now.since(known.updated) > NeighbourTimes.lock || known.state == .incomplete
    update(key, arp.senderHardware, to: isAnswer ? .reachable : .stale, overrides: overrides)
  }

  /// Whether a question from this address is answered: one from which a packet could come in, or from none.
  ///
  /// Source: net/ipv4/route.c, ip_route_input_slow.
  private func mayAsk(_ sender: Address) -> Bool {
    sender.isUnspecified
      || !sender.isMulticast(.ipv4) && sender.ipv4 != 0xffff_ffff && !isLocal(sender, .ipv4)
  }

  /// Takes in what was learned about a neighbour, and sends what waited for it.
  ///
  /// Source: net/core/neighbour.c, __neigh_update.
  private func update(_ key: NeighbourKey, _ mac: MACAddress, to state: NeighbourState, overrides: Bool) {
    guard let known = neighbours[key], known.state != .permanent, known.state != .noARP else { return }
    if known.state.isValid, known.mac != mac, !overrides {
      return
    }
    if known.state.isValid, known.mac == mac, state == .stale { return }
    neighbours[key]?.mac = mac
    neighbours[key]?.state = state
    neighbours[key]?.updated = now
    neighbours[key]?.probes = 0
    if state == .reachable {
      neighbours[key]?.confirmed = now
      setDeadline(key, now.timer(after: NeighbourTimes.reachable))
    } else {
      setDeadline(key, .distantFuture)
    }
    let waiting = known.queue
    neighbours[key]?.queue = []
    neighbours[key]?.queuedOctets = 0
    // What is sent to a stale address makes it be probed.
    if !waiting.isEmpty { _ = usableAddress(key) }
    send(waiting, to: mac, on: key.device)
  }

  /// Source: net/ipv6/ndisc.c, ndisc_recv_ns, ndisc_recv_na.
  func receiveNeighbourDiscovery(_ packet: Packet) {
    guard packet.timeToLive == 255, let view = NeighbourDiscoveryView(checking: packet.transportBytes),
      packet.bytes[packet.transport + 1] == 0, !view.target.isMulticast(.ipv6),
      let device = device(packet.input)
    else { return statistics.count(.headerError) }
    let target = view.target
    if view.type == ICMPv6Type.neighbourAdvertisement {
      let key = NeighbourKey(device: device.index, family: .ipv6, address: target)
      guard !view.isSolicited || !packet.destination.isMulticast(.ipv6), let known = neighbours[key],
        known.state != .failed,
        let mac = view.linkLayerAddress(option: 2) ?? (known.state.isValid ? known.mac : nil)
      else { return }
      let overrides = view.isOverride || known.state == .incomplete
      // Another address that does not override makes the known one doubtful.
      if known.state == .reachable, mac != known.mac, !overrides {
        return become(key, .stale, until: .distantFuture)
      }
      return update(key, mac, to: view.isSolicited ? .reachable : .stale, overrides: overrides)
    }
    guard device.addresses.contains(where: { $0.family == .ipv6 && $0.address == target }) else {
      return statistics.count(.noListener)
    }
    let source = packet.source
    let senderMAC = view.linkLayerAddress(option: 1)
    // Who asks for an address to take it has none, and is asked at the group.
    guard !source.isUnspecified || (senderMAC == nil && packet.destination.isMulticast(.ipv6)) else {
      return statistics.count(.headerError)
    }
    if !source.isUnspecified, let senderMAC {
      let key = NeighbourKey(device: device.index, family: .ipv6, address: source)
      neighbours.knownOrNew(key)
      update(key, senderMAC, to: .stale, overrides: true)
    }
    var data: [UInt8] = []
    data.append(ipv6: target)
    // Only a question to the group is answered with the address, and so that it replaces what was known.
    let isToGroup = packet.destination.isMulticast(.ipv6)
    if isToGroup {
      data += [2, 1]
      data.append(device.mac)
    }
    let flags: UInt32 =
      (sysctls.forwards6 ? 0x8000_0000 : 0) | (source.isUnspecified ? 0 : 0x4000_0000)
      | (isToGroup ? 0x2000_0000 : 0)
    let message = ICMPMessage(type: ICMPv6Type.neighbourAdvertisement, code: 0, word: flags, data: data)
    statistics.count(.replySent)
    if source.isUnspecified {
      let everyone = Address(high: 0xff02_0000_0000_0000, low: 1)
      return sendDiscovery(message, device, from: target, to: everyone, .group(ofIPv6: everyone))
    }
    var answer = ownPacket(.ipv6, from: target, to: source, service: 0, message, hopLimit: 255)
    answer.output = device.index
    guard runRules(.output, below: -200, &answer), track(&answer, isOutput: true),
      runRules(.output, from: -200, &answer)
    else { return }
    transmit(&answer, to: source, .ipv6, on: device.index)
  }

  /// Moves on the neighbours whose state ends by now.
  ///
  /// Source: net/core/neighbour.c, neigh_timer_handler.
  func serveNeighbours() {
    for key in neighbours.due(now) {
      guard let neighbour = neighbours[key] else { continue }
      switch neighbour.state {
      case .reachable: become(key, .stale, until: .distantFuture)
      case .delay:
        become(key, .probe, until: now.timer(after: NeighbourTimes.retransmission))
        neighbours[key]?.probes = 1
        solicit(key, for: nil, to: neighbour.mac)
      case .probe, .incomplete:
        let limit =
          neighbour.state == .probe ? NeighbourTimes.unicastProbes : NeighbourTimes.multicastProbes
        if neighbour.probes < limit {
          neighbours[key]?.probes += 1
          setDeadline(key, now.timer(after: NeighbourTimes.retransmission))
          let target = neighbour.state == .probe ? neighbour.mac : nil
          solicit(key, for: neighbour.queue.first, to: target)
        } else {
          fail(key)
        }
      case .none, .stale, .failed, .noARP, .permanent: neighbours[key]?.deadline = .distantFuture
      }
    }
    neighbours.renewDeadline()
    finish()
  }

  private func become(_ key: NeighbourKey, _ state: NeighbourState, until deadline: Instant) {
    neighbours[key]?.state = state
    setDeadline(key, deadline)
  }

  /// Nobody answered: what waited is lost, and its senders are told.
  private func fail(_ key: NeighbourKey) {
    let waiting = neighbours[key]?.queue ?? []
    neighbours[key]?.queue = []
    neighbours[key]?.queuedOctets = 0
    become(key, .failed, until: .distantFuture)
    for packet in waiting {
      statistics.count(.unresolved)
      sendUnreachable(packet, code: packet.family == .ipv4 ? 1 : 3)
    }
  }
}
