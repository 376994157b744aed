// SPDX-License-Identifier: GPL-3.0-or-later

extension Router {
  /// What stands on a device that goes up or down follows it: VLAN devices with it, a port's stations are forgotten, sessions end.
  ///
  /// Source: net/8021q/vlan.c, vlan_device_event; net/bridge/br_stp_if.c, br_stp_disable_port.
  func followLink(_ index: UInt32, up: Bool) {
    if !up {
      endSessions(on: index)
      if let master = device(index)?.master, master != 0 { forgetStations(port: index, of: master) }
    }
    for upper in devices {
      if let upper, case .vlan(let link) = upper.kind, link.parent == index { setLink(upper.index, up: up) }
    }
  }

  /// What stands on a device whose MTU changes follows it: VLAN devices have no larger one, a bridge has its ports' smallest.
  ///
  /// Source: net/8021q/vlan.c, vlan_device_event.
  func followMTU(_ index: UInt32, _ mtu: Int) {
    endSessions(on: index)
    for upper in devices {
      if let upper, case .vlan(let link) = upper.kind, link.parent == index, upper.mtu > mtu {
        changeMTU(upper.index, mtu)
      }
    }
    if let master = device(index)?.master, master != 0 { fitMTU(ofBridge: master) }
  }

  /// Source: net/bridge/br_if.c, br_mtu_auto_adjust.
  private func fitMTU(ofBridge index: UInt32) {
    guard let bridge = bridges[index], !bridge.hasOwnMTU else { return }
    let smallest = bridge.ports.compactMap { device($0)?.mtu }.min() ?? 1500
    if smallest != device(index)?.mtu { changeMTU(index, smallest) }
  }

  /// Takes a device that goes away out of its bridge, and away with it what stands on it.
  func leaveStack(_ index: UInt32) {
    for upper in devices {
      if let upper, case .vlan(let link) = upper.kind, link.parent == index { removeDevice(upper.index) }
    }
    if let master = device(index)?.master, master != 0 {
      bridges[master]?.ports.removeAll { $0 == index }
      bridges[master]?.members[index] = nil
      bridges[master]?.primary[index] = nil
      forgetStations(port: index, of: master)
      fitMTU(ofBridge: master)
    }
    if let bridge = bridges.removeValue(forKey: index) {
      for port in bridge.ports { devices[Int(port)]?.master = 0 }
    }
  }

  /// PPPoE sessions on a device end when it goes down, or its address or MTU changes. The devices on them stay, and nobody is
  /// there any more.
  ///
  /// Source: drivers/net/ppp/pppoe.c, pppoe_device_event, pppoe_flush_dev.
  func endSessions(on index: UInt32) {
    for upper in devices {
      guard let upper, case .pppoe(var session) = upper.kind, session.parent == index else { continue }
      session.parent = 0
      devices[Int(upper.index)]?.kind = .pppoe(session)
      bumpEpoch()
    }
  }

  /// Gives a PPPoE device a session, in place of the one that it has or had.
  package func connect(_ index: UInt32, _ session: PPPoESession) {
    guard case .pppoe(let old)? = device(index)?.kind, old != session else { return }
    devices[Int(index)]?.kind = .pppoe(session)
    bumpEpoch()
  }

  private func forgetStations(port: UInt32, of bridge: UInt32) {
    let stations = bridges[bridge]?.stations ?? [:]
    bridges[bridge]?.stations = stations.filter { $0.value.port != port }
  }
}
