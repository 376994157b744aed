// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What a bridge has learned or was told of a station.
package struct StationKey: Hashable, Sendable {
  package var mac: MACAddress
  /// VLAN identifier, 0 without VLAN filtering.
  package var vlan: UInt16

  package init(mac: MACAddress, vlan: UInt16) {
    self.mac = mac
    self.vlan = vlan
  }
}

/// Where a station is.
package struct Station: Equatable, Sendable {
  package var port: UInt32
  /// When a frame of the station was last seen.
  package var updated: Instant
  package var isStatic = false

  package init(port: UInt32, updated: Instant, isStatic: Bool = false) {
    self.port = port
    self.updated = updated
    self.isStatic = isStatic
  }
}

/// A VLAN-aware learning bridge (802.1Q) without spanning tree.
///
/// Source: net/bridge. The bridge's own index stands for its local port in `primary` and `members`.
package struct Bridge: Sendable {
  /// How long an entry that was learned lives.
  package static let ageing = 300 * Instant.second

  package var ports: [UInt32] = []
  package var filtersVLANs = false
  /// VLAN of untagged frames (PVID) by port.
  package var primary: [UInt32: UInt16] = [:]
  /// VLANs by port; true: their frames leave untagged.
  package var members: [UInt32: [UInt16: Bool]] = [:]
  package var stations: [StationKey: Station] = [:]
  /// Whether the MTU was set, and does not follow the ports'.
  package var hasOwnMTU = false

  package init() {}

  /// Makes a port a member of a VLAN, or changes what it is there.
  ///
  /// Source: net/bridge/br_vlan.c, __vlan_flags_update.
  package mutating func join(_ port: UInt32, vlan: UInt16, untagged: Bool, primary isPrimary: Bool) {
    members[port, default: [:]][vlan] = untagged
    if isPrimary {
      primary[port] = vlan
    } else if primary[port] == vlan {
      primary[port] = nil
    }
  }

  /// Takes a port out of a VLAN; what was learned there is forgotten.
  ///
  /// Source: net/bridge/br_vlan.c, nbp_vlan_delete.
  package mutating func leave(_ port: UInt32, vlan: UInt16) {
    members[port]?[vlan] = nil
    if primary[port] == vlan { primary[port] = nil }
    stations = stations.filter { $0.key.vlan != vlan || $0.value.port != port || $0.value.isStatic }
  }

  /// Assigns a frame that enters by a port to a VLAN, as its tag, which may change, says. Nil: not admitted.
  ///
  /// Source: net/bridge/br_vlan.c, __allowed_ingress.
  func admit(_ packet: inout Packet, from port: UInt32) -> UInt16? {
    guard filtersVLANs else { return 0 }
    if packet.vlanTag != 0, packet.vlanTag >> 16 != UInt32(EtherType.vlan) {
      packet = Packet(frame: packet.taggedFrame().raw).inheriting(packet)
    }
    let id = UInt16(packet.vlanTag & 0x0fff)
    guard id == 0 else { return members[port]?[id] == nil ? nil : id }
    guard let vlan = primary[port] else { return nil }
    packet.vlanTag = UInt32(EtherType.vlan) << 16 | packet.vlanTag & 0xf000 | UInt32(vlan)
    return vlan
  }

  /// Makes a frame of a VLAN ready to leave by a port. False: the port is no member.
  ///
  /// Source: net/bridge/br_vlan.c, br_allowed_egress, br_handle_vlan.
  func release(_ packet: inout Packet, vlan: UInt16, to port: UInt32) -> Bool {
    guard filtersVLANs else { return true }
    guard let untagged = members[port]?[vlan] else { return false }
    if untagged { packet.vlanTag = 0 }
    return true
  }

  /// Where a station is, unless that was learned too long ago.
  package func station(_ mac: MACAddress, vlan: UInt16, at now: Instant) -> Station? {
    guard let found = stations[StationKey(mac: mac, vlan: vlan)] else { return nil }
    return found.isStatic || now.since(found.updated) < Self.ageing ? found : nil
  }
}

extension Packet {
  /// A frame whose tag was put back, with what is known of the old one.
  fileprivate func inheriting(_ other: Packet) -> Packet {
    var result = self
    result.input = other.input
    result.type = other.type
    result.mark = other.mark
    result.etherType = UInt16(other.vlanTag >> 16)
    result.network = result.link + EthernetView.headerLength
    return result
  }
}

extension Router {
  /// Makes a device a port of a bridge; both are members of `defaultVLAN`, untagged.
  package func addPort(_ port: UInt32, to bridge: UInt32, defaultVLAN: UInt16 = 1) {
    guard device(port) != nil, bridges[bridge] != nil else { return }
    devices[Int(port)]?.master = bridge
    bridges[bridge]?.ports.append(port)
    guard defaultVLAN != 0 else { return }
    for member in [bridge, port] {
      bridges[bridge]?.join(member, vlan: defaultVLAN, untagged: true, primary: true)
    }
  }

  /// A frame came in on a port: it is learned from, then passed up or sent on.
  ///
  /// Source: net/bridge/br_input.c, br_handle_frame, br_handle_frame_finish.
  func bridge(_ packet: inout Packet, _ index: UInt32) {
    guard let own = device(index), own.isUp, let bridge = bridges[index] else {
      return statistics.count(.deviceDown)
    }
    let port = packet.input
    let source = packet.bytes.raw.mac(packet.link + 6)
    let destination = packet.bytes.raw.mac(packet.link)
    guard !source.isMulticast, source != .zero else { return statistics.count(.headerError) }
    guard let vlan = bridge.admit(&packet, from: port) else { return statistics.count(.unknownTag) }
    learn(source, vlan, port, index)
    if destination == own.mac { packet.type = .host }
    if isOwn(destination, in: vlan, of: bridge, own) { return passUp(&packet, vlan, index) }
    // Addresses of link-local protocols are not forwarded; spanning tree's are, when nobody speaks it.
    let isReserved = destination.bits & ~0x0f == 0x0180_c200_0000 && destination.bits & 0x0f != 0
    if isReserved { return passUp(&packet, vlan, index) }
    if destination.isMulticast {
      flood(packet, vlan, index, except: port)
      return passUp(&packet, vlan, index)
    }
    if let known = bridge.station(destination, vlan: vlan, at: now) {
      if known.port != port { send(packet, vlan, index, to: known.port) }
    } else {
      flood(packet, vlan, index, except: port)
    }
  }

  /// Whether an address is the bridge's or a port's; where VLANs are filtered, of one that is a member of the VLAN.
  ///
  /// Source: net/bridge/br_vlan.c, __vlan_add, which makes such addresses known in a VLAN.
  private func isOwn(_ mac: MACAddress, in vlan: UInt16, of bridge: Bridge, _ own: Device) -> Bool {
    func isThere(_ port: UInt32) -> Bool { !bridge.filtersVLANs || bridge.members[port]?[vlan] != nil }
    return mac == own.mac && isThere(own.index)
      || bridge.ports.contains { device($0)?.mac == mac && isThere($0) }
  }

  /// A station that was set moves, too, when it is seen elsewhere; it only does not age.
  ///
  /// Source: net/bridge/br_fdb.c, br_fdb_update.
  private func learn(_ mac: MACAddress, _ vlan: UInt16, _ port: UInt32, _ index: UInt32) {
    let key = StationKey(mac: mac, vlan: vlan)
    guard let bridge = bridges[index], let own = device(index), !isOwn(mac, in: vlan, of: bridge, own)
    else { return }
    let isStatic = bridge.stations[key]?.isStatic == true
    bridges[index]?.stations[key] = Station(port: port, updated: now, isStatic: isStatic)
  }

  /// Source: net/bridge/br_input.c, br_pass_frame_up.
  private func passUp(_ packet: inout Packet, _ vlan: UInt16, _ index: UInt32) {
    guard bridges[index]?.release(&packet, vlan: vlan, to: index) == true else {
      return statistics.count(.unknownTag)
    }
    packet.input = index
    enter(&packet, skipsIngress: false)
  }

  /// Sends a frame of the bridge device itself.
  ///
  /// Source: net/bridge/br_device.c, br_dev_xmit.
  func transmit(_ bytes: [UInt8], _ offload: VirtioHeader, onBridge index: UInt32) {
    guard let bridge = bridges[index], bytes.count >= EthernetView.headerLength else { return }
    var packet = Packet(frame: bytes.raw, offload: offload)
    packet.type = .outgoing
    packet.input = index
    packet.etherType = packet.bytes.be16(packet.link + 12)
    packet.network = packet.link + EthernetView.headerLength
    if packet.etherType == EtherType.vlan || packet.etherType == EtherType.serviceVLAN {
      guard takeTag(&packet) else { return }
    }
    guard let vlan = bridge.admit(&packet, from: index) else { return statistics.count(.unknownTag) }
    let destination = packet.bytes.raw.mac(packet.link)
    if !destination.isMulticast, let known = bridge.station(destination, vlan: vlan, at: now) {
      return send(packet, vlan, index, to: known.port)
    }
    flood(packet, vlan, index, except: 0)
  }

  private func flood(_ packet: Packet, _ vlan: UInt16, _ index: UInt32, except port: UInt32) {
    for other in bridges[index]?.ports ?? [] where other != port { send(packet, vlan, index, to: other) }
  }

  /// Source: net/bridge/br_forward.c, br_dev_queue_push_xmit; net/core/dev.c, __is_skb_forwardable.
  private func send(_ packet: Packet, _ vlan: UInt16, _ index: UInt32, to port: UInt32) {
    guard let device = device(port), device.isUp else { return statistics.count(.deviceDown) }
    var packet = packet
    guard bridges[index]?.release(&packet, vlan: vlan, to: port) == true else { return }
    let largest = device.mtu + EthernetView.headerLength + VLANTagView.length
    guard packet.offload.isSegmented || packet.bytes.count - packet.link <= largest else {
      return statistics.count(.tooBig)
    }
    emit(packet.taggedFrame(), packet.taggedOffload, on: port)
  }
}
