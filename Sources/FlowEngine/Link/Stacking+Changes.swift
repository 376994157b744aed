// SPDX-License-Identifier: GPL-3.0-or-later

extension Router {
  /// What stands on a device that goes up or down follows it: VLAN devices with it, a port's stations are forgotten.
  ///
  /// Source: net/8021q/vlan.c, vlan_device_event; net/bridge/br_stp_if.c, br_stp_disable_port.
  func followLink(_ index: UInt32, up: Bool) {
    if !up, let master = device(index)?.master, master != 0 { forgetStations(port: index, of: master) }
    for upper in devices {
      if let upper, case .vlan(let link) = upper.kind, link.parent == index { setLink(upper.index, up: up) }
    }
  }

  /// Takes a device that goes away out of its bridge, and away with it what stands on it.
  func leaveStack(_ index: UInt32) {
    for upper in devices {
      guard let upper else { continue }
      switch upper.kind {
      case .vlan(let link) where link.parent == index: removeDevice(upper.index)
      case .pppoe(let session) where session.parent == index: removeDevice(upper.index)
      default: break
      }
    }
    if let master = device(index)?.master, master != 0 {
      bridges[master]?.ports.removeAll { $0 == index }
      bridges[master]?.members[index] = nil
      bridges[master]?.primary[index] = nil
      forgetStations(port: index, of: master)
    }
    if let bridge = bridges.removeValue(forKey: index) {
      for port in bridge.ports { devices[Int(port)]?.master = 0 }
    }
  }

  private func forgetStations(port: UInt32, of bridge: UInt32) {
    let stations = bridges[bridge]?.stations ?? [:]
    bridges[bridge]?.stations = stations.filter { $0.value.port != port }
  }
}
