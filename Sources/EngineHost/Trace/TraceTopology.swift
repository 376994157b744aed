// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import JSONDocument
import PacketWire

/// Builds the router that a trace describes.
enum TraceTopology {
  /// - Throws: ``TraceError`` for devices or addresses that the engine does not have.
  static func build(_ trace: Trace, on router: Router) throws(TraceError) {
    for device in trace.devices { try add(device, to: router) }
    for (name, value) in trace.sysctls.sorted(by: { $0.key < $1.key }) {
      guard router.conntrack.settings.set(name, to: UInt64(clamping: value)) else {
        throw TraceError("unknown sysctl \(name)")
      }
    }
    for neighbour in trace.neighbours {
      try setNeighbour(neighbour.device, neighbour.address, neighbour.mac, on: router)
    }
    for route in trace.routes {
      try setRoute(
        route.destination, route.gateway, route.device, mtu: route.mtu ?? 0, replaces: false, on: router)
    }
  }

  private static func add(_ device: Trace.Device, to router: Router) throws(TraceError) {
    if device.properties["offloads"]?.strings?.isEmpty == false {
      throw TraceError("offloads of device \(device.name) are not supported")
    }
    let (kind, lower) = try TraceDevice.kind(device, router)
    guard let mac = device.mac.flatMap({ AddressReader.mac($0) }) ?? lower?.mac else {
      throw TraceError("device \(device.name) has no MAC address")
    }
    let usualMTU = try TraceDevice.mtu(device, kind, lower, router)
    let mtu = device.mtu ?? usualMTU
    let index = router.addDevice(device.name, kind, mac: mac, mtu: mtu)
    if kind == .bridge { try TraceDevice.setBridge(index, device, router) }
    router.setLink(index, up: true)
    for text in device.addresses {
      let words = text.split(separator: " ")
      guard let first = words.first, let own = AddressReader.prefix(first) else {
        throw TraceError("address \(text) is not one")
      }
      guard words.count == 3, words[1] == "peer" else {
        router.addAddress(
          index, DeviceAddress(family: own.family, address: own.address, prefixLength: own.length))
        continue
      }
      guard let peer = AddressReader.prefix(words[2]) else { throw TraceError("address \(text) is not one") }
      router.addAddress(
        index,
        DeviceAddress(
          family: own.family, address: own.address, prefixLength: peer.length, peer: peer.address))
    }
  }

  static func setNeighbour(
    _ device: String, _ text: String, _ mac: String, on router: Router
  ) throws(TraceError) {
    guard let index = router.device(named: device)?.index else { throw TraceError("no device \(device)") }
    guard let (address, family) = AddressReader.address(text), let mac = AddressReader.mac(mac) else {
      throw TraceError("neighbour \(text) is not an address")
    }
    router.setNeighbour(NeighbourKey(device: index, family: family, address: address), mac)
  }

  static func setRoute(
    _ destination: String, _ gateway: String?, _ device: String, mtu: Int, replaces: Bool, on router: Router
  ) throws(TraceError) {
    guard let index = router.device(named: device)?.index else { throw TraceError("no device \(device)") }
    let hop = gateway.flatMap { AddressReader.address($0) }
    if gateway != nil, hop == nil { throw TraceError("gateway \(gateway ?? "") is not an address") }
    let whole: (address: Address, length: Int, family: IPFamily)
    if destination == "default" {
      whole = (.unspecified, 0, hop?.1 ?? .ipv4)
    } else if let read = AddressReader.prefix(destination) {
      whole = read
    } else {
      throw TraceError("route to \(destination) is not a prefix")
    }
    let entry = RouteEntry(
      whole.address.masked(to: whole.length, whole.family), whole.length, .unicast, device: index,
      gateway: hop?.0, gatewayFamily: hop?.1 ?? whole.family, metric: whole.family == .ipv6 ? 1024 : 0,
      mtu: mtu)
    router.addRoute(whole.family, entry, replacing: replaces)
  }
}
