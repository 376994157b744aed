// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
import JSONDocument
import PacketWire

extension Topology {
  /// What another description of the same router changes about its devices.
  package struct DeviceChanges: Equatable, Sendable {
    /// Names of devices that are there no longer.
    package var removed: [String] = []
    /// Names of devices that are new, or are of another kind now.
    package var added: [String] = []
  }

  /// Makes the router, which an earlier description has built, what this one says. Devices that both have keep their flows
  /// and neighbours.
  ///
  /// - Returns: which devices came and went.
  /// - Throws: ``DescriptionError``; what was changed before stays changed.
  package func update(from old: Topology, on router: Router) throws(DescriptionError) -> DeviceChanges {
    var changes = DeviceChanges()
    for device in old.devices.reversed() {
      let same = devices.first { $0.name == device.name }
      guard same == nil || same?.standsDifferently(from: device) == true else { continue }
      changes.removed.append(device.name)
      if let index = router.device(named: device.name)?.index { router.removeDevice(index) }
    }
    for device in devices {
      if let before = old.devices.first(where: { $0.name == device.name }),
        !changes.removed.contains(device.name), let index = router.device(named: device.name)?.index
      {
        try Self.update(index, device, from: before, on: router)
      } else {
        changes.added.append(device.name)
        try Self.add(device, to: router)
      }
    }
    for route in old.routes where !routes.contains(route) {
      guard let index = router.device(named: route.device)?.index,
        let (address, length, family) = try? Self.destination(route.destination, gateway: route.gateway)
      else { continue }
      router.removeRoute(family, address, length, device: index, table: route.table ?? RoutingTable.main)
    }
    for rule in old.rules where !rules.contains(rule) { router.removeRule(rule.family, rule.rule) }
    for neighbour in old.neighbours
    where !neighbours.contains(where: { $0.device == neighbour.device && $0.address == neighbour.address }) {
      // Where the device has gone, its neighbours went with it.
      guard let key = try? Self.neighbourKey(neighbour.device, neighbour.address, router) else { continue }
      router.removeNeighbour(key)
    }
    for neighbour in neighbours {
      try Self.setNeighbour(neighbour.device, neighbour.address, neighbour.mac, on: router)
    }
    for route in routes {
      try Self.setRoute(
        route.destination, route.gateway, route.device, mtu: route.mtu ?? 0, table: route.table,
        replaces: true, on: router)
    }
    for rule in rules where !old.rules.contains(rule) { try rule.add(to: router) }
    try setSysctls(on: router)
    return changes
  }

  private static func update(
    _ index: UInt32, _ device: Device, from old: Device, on router: Router
  ) throws(DescriptionError) {
    if let mtu = device.mtu, mtu != router.device(index)?.mtu { router.setMTU(index, mtu) }
    if let mac = device.mac.flatMap({ AddressReader.mac($0) }), mac != router.device(index)?.mac {
      router.setMAC(index, mac)
    }
    // Sessions that ended when the device below changed.
    if case .pppoe(let session) = try device.kind(on: router).0 { router.connect(index, session) }
    for text in old.addresses where !device.addresses.contains(text) {
      router.removeAddress(index, try address(text))
    }
    for text in device.addresses where !old.addresses.contains(text) {
      router.addAddress(index, try address(text))
    }
  }
}

extension Topology.Device {
  /// Whether the device is of another kind, or stands on others than it did.
  fileprivate func standsDifferently(from other: Self) -> Bool {
    guard kind == other.kind else { return true }
    let followed: Set<String> = ["name", "mac", "mtu", "addresses"]
    func rest(_ device: Self) -> [String: String] {
      Dictionary(
        (device.properties.members ?? []).filter { !followed.contains($0.name) }.map {
          ($0.name, $0.value.description)
        }, uniquingKeysWith: { $1 })
    }
    return rest(self) != rest(other)
  }
}
