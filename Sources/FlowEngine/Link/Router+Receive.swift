// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

extension Router {
  /// Takes in one frame, from its Ethernet header on, and lets everything happen that follows from it. `offload`: what
  /// is left to be done to the frame, as the device's other end says.
  ///
  /// Source: net/core/dev.c, __netif_receive_skb_core; net/ethernet/eth.c, eth_type_trans.
  package func receive(
    _ frame: RawSpan, offload: VirtioHeader = .none, on index: UInt32, at time: Instant
  ) {
    advance(to: time)
    statistics.count(.received)
    guard let accepted = offload.accepted(for: frame) else { return statistics.count(.offloadRefused) }
    if tracing.isOn { return takeTraced(frame, accepted, on: index) }
    take(frame, accepted, on: index)
    finish()
  }

  /// Takes in a frame whose header was accepted: the device's hardware first, then the stack.
  func take(_ frame: RawSpan, _ offload: VirtioHeader, on index: UInt32) {
    if hardware.exists, forwardInHardware(frame, offload, on: index) { return }
    admit([UInt8](room: Packet.headroom, before: frame), offload, on: index, skipsIngress: false)
  }

  /// What follows for a frame that was counted and whose header was accepted. `frame`: behind a packet's room. `skipsIngress`:
  /// the device's hooks have been run already.
  func admit(_ frame: consuming [UInt8], _ offload: VirtioHeader, on index: UInt32, skipsIngress: Bool) {
    guard let link = links[index], link.isUp else { return statistics.count(.deviceDown) }
    guard frame.count >= Packet.headroom + EthernetView.headerLength else {
      return statistics.count(.tooShort)
    }
    var packet = Packet(withRoom: consume frame, offload: offload)
    packet.input = index
    packet.classify(for: link.mac)
    packet.etherType = packet.bytes.be16(packet.link + 12)
    packet.network = packet.link + EthernetView.headerLength
    enter(&packet, skipsIngress: skipsIngress)
  }

  /// What a device of the stack does with a frame: its tag, its hooks, then whom it is for.
  @inline(never)
  func enter(_ packet: inout Packet, skipsIngress: Bool) {
    if packet.vlanTag == 0,
      packet.etherType == EtherType.vlan || packet.etherType == EtherType.serviceVLAN
    {
      guard takeTag(&packet) else { return }
    }
    guard skipsIngress || runIngress(&packet) else { return }
    demultiplex(&packet)
  }

  /// Moves the outermost VLAN tag out of the frame. False: the frame ends within it.
  func takeTag(_ packet: inout Packet) -> Bool {
    guard packet.length >= VLANTagView.length else {
      statistics.count(.tooShort)
      return false
    }
    let control = packet.bytes.be16(packet.network)
    packet.vlanTag = UInt32(packet.etherType) << 16 | UInt32(control)
    packet.etherType = packet.bytes.be16(packet.network + 2)
    // The addresses move up so that they stand in front of the type that follows the tag.
    for offset in stride(from: 11, through: 0, by: -1) {
      packet.bytes[packet.link + 4 + offset] = packet.bytes[packet.link + offset]
    }
    packet.link += 4
    packet.network += 4
    return true
  }

  /// What the frame is for: a VLAN device, a bridge, or a protocol.
  @inline(__always)
  func demultiplex(_ packet: inout Packet) {
    if packet.vlanTag != 0, let upper = vlanDevice(on: packet.input, tag: packet.vlanTag) {
      guard upper.isUp else { return statistics.count(.deviceDown) }
      packet.vlanTag = 0
      packet.input = upper.index
      note(.device(upper.index))
      if packet.type == .otherHost, packet.bytes.raw.mac(packet.link) == upper.mac { packet.type = .host }
      return enter(&packet, skipsIngress: false)
    }
    if let master = links[packet.input]?.master, master != 0 {
      note(.device(master))
      return bridge(&packet, master)
    }
    if packet.vlanTag != 0 {
      // No VLAN device takes the tag: priority tags are dropped from the frame, others are for somebody else.
      guard packet.vlanTag & 0x0fff == 0 else { return statistics.count(.unknownTag) }
      packet.vlanTag = 0
    }
    switch packet.etherType {
    case EtherType.arp: receiveARP(packet)
    case EtherType.ipv4: receiveIPv4(&packet)
    case EtherType.ipv6: receiveIPv6(&packet)
    case EtherType.pppoeSession: receivePPPoE(&packet)
    default: statistics.count(.unknownType)
    }
  }

  /// Chains and flowtables of the device, by priority. False: the packet is gone.
  @inline(__always)
  func runIngress(_ packet: inout Packet) -> Bool {
    let count = ruleset.ingressHookCount(device: packet.input)
    for position in 0..<count {
      switch ruleset.ingressHook(device: packet.input, at: position) {
      case .flowtable(let id):
        guard let flowtable = flowtables[id.number] else { continue }
        if forwardFast(&packet, flowtable) { return false }
      case .chain(let chain):
        guard passesIngress(chain, &packet) else { return false }
      }
    }
    return true
  }

  /// What is left to do when a frame has gone its way: entries that were not confirmed or were deleted are freed.
  func finish() {
    if !unconfirmed.isEmpty {
      for slot in unconfirmed where !conntrack[slot].isConfirmed && !conntrack[slot].isCondemned {
        conntrack.release(slot)
      }
      unconfirmed.removeAll(keepingCapacity: true)
    }
    if !condemned.isEmpty {
      for slot in condemned { conntrack.release(slot) }
      condemned.removeAll(keepingCapacity: true)
    }
  }

  /// Puts a frame, which begins at `start` of the octets, on a device: its egress chains first. What is left to be done to it is
  /// done as far as the device below cannot.
  @inline(__always)
  func emit(_ bytes: consuming [UInt8], from start: Int = 0, _ offload: VirtioHeader, on index: UInt32) {
    guard let link = links[index], link.isUp else { return statistics.count(.deviceDown) }
    if link.isPort, !ruleset.hasEgress(device: index), offload.isFinished {
      statistics.count(.sent)
      return handOver(consume bytes, from: start, offload, on: index)
    }
    emitElse(consume bytes, from: start, offload, on: index)
  }

  /// Puts a frame on a device which needs more than to be handed over.
  @inline(never)
  private func emitElse(
    _ bytes: consuming [UInt8], from start: Int, _ offload: VirtioHeader, on index: UInt32
  ) {
    guard let link = links[index] else { return }
    if start > 0 { bytes.removeFirst(start) }
    if !link.isLoopback, ruleset.hasEgress(device: index) {
      guard passesEgress(&bytes, offload, on: index) else { return }
    }
    if link.isPort { return leave(consume bytes, offload, on: index, link.offloads) }
    switch device(index)?.kind {
    case .vlan(let link):
      let tagged = Packet.tagged(bytes, type: link.type, control: link.id)
      emit(tagged, offload.isNone ? .none : offload.shifted(by: VLANTagView.length), on: link.parent)
    case .bridge: transmit(bytes, offload, onBridge: index)
    case .port, .loopback, .pppoe, .tunnel, nil: break
    }
  }

  /// Gives a frame to the host, or the frames that it becomes when the port cannot do what is left to be done to it.
  private func leave(
    _ bytes: consuming [UInt8], _ offload: VirtioHeader, on index: UInt32, _ abilities: TAPOffloads
  ) {
    guard
      let frames = Segmentation.prepare(
        bytes, offload, abilities, insideTunnels: generation.checksumsInsideTunnels)
    else {
      return statistics.count(.offloadRefused)
    }
    if frames.count > 1 { statistics.count(.segmented) }
    for frame in frames {
      statistics.count(.sent)
      handOver(frame.bytes, frame.header, on: index)
    }
  }

  /// Lets the caller have a frame that has left, which begins at `start` of the octets.
  @inline(__always)
  func handOver(
    _ bytes: consuming [UInt8], from start: Int = 0, _ offload: VirtioHeader, on index: UInt32
  ) {
    noteSent(bytes, from: start, on: index)
    guard awaitsParcel else {
      return append(SentFrame(device: index, bytes: consume bytes, from: start, offload: offload))
    }
    awaitsParcel = false
    parcel.device = index
    parcel.offload = offload
    parcel.start = start
    parcel.storage = consume bytes
  }

  @inline(never)
  private func append(_ frame: consuming SentFrame) {
    if let first = parcel.storage.take() { sent.append(parcel.frame(of: first)) }
    sent.append(frame)
  }

  /// Runs the egress chains of a device on a frame. False: the frame is gone.
  ///
  /// Source: include/linux/netfilter_netdev.h, nf_hook_egress.
  private func passesEgress(_ bytes: inout [UInt8], _ offload: VirtioHeader, on index: UInt32) -> Bool {
    guard bytes.count >= EthernetView.headerLength else { return false }
    var packet = Packet(frame: bytes.raw, offload: offload)
    packet.type = .outgoing
    packet.output = index
    packet.etherType = packet.bytes.be16(packet.link + 12)
    packet.network = packet.link + EthernetView.headerLength
    parse(&packet)
    guard runEgressRules(&packet, index) else { return false }
    bytes = packet.frame()
    return true
  }

  /// Runs a chain of the ingress hook on a packet, whose headers are read for it alone. False: the packet is gone.
  @inline(never)
  private func passesIngress(_ chain: UInt32, _ packet: inout Packet) -> Bool {
    parse(&packet)
    defer {
      packet.family = .ipv4
      packet.transport = -1
      packet.proto = 0
      packet.fragmentOffset = 0
      packet.hasOptions = false
    }
    return runDeviceChain(chain, &packet)
  }

  /// Reads the headers of an IP packet in a frame for rules, if they are sound.
  ///
  /// Source: include/net/netfilter/nf_tables_ipv4.h, __nft_set_pktinfo_ipv4_validate; …_ipv6.h likewise.
  private func parse(_ packet: inout Packet) {
    let start = packet.network
    if packet.etherType == EtherType.ipv4, packet.length >= IPv4View.minimumLength {
      let header = Int(packet.bytes[start] & 0x0f) * 4
      let total = Int(packet.bytes.be16(start + 2))
      guard packet.bytes[start] >> 4 == 4, header >= IPv4View.minimumLength, header <= total,
        total <= packet.length
      else { return }
      parseIPv4(&packet)
    } else if packet.etherType == EtherType.ipv6, packet.length >= IPv6View.headerLength {
      guard packet.bytes[start] >> 4 == 6,
        IPv6View.headerLength + Int(packet.bytes.be16(start + 4)) <= packet.length
      else { return }
      parseIPv6(&packet)
    }
  }
}

extension Packet {
  /// Says for whom a frame is that came in on a device with address `own`.
  ///
  /// Source: net/ethernet/eth.c, eth_skb_pkt_type.
  @inline(__always)
  mutating func classify(for own: MACAddress) {
    let destination = bytes.raw.mac(link)
    if destination.isMulticast {
      type = destination == .broadcast ? .broadcast : .multicast
    } else {
      type = destination == own ? .host : .otherHost
    }
  }
}
