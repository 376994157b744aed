// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
import JSONDocument
import PacketWire

extension Topology {
  /// Makes the router's devices and all else that is described.
  ///
  /// - Throws: ``DescriptionError`` for what the engine does not have.
  package func build(on router: Router) throws(DescriptionError) {
    for device in devices { try Self.add(device, to: router) }
    try setSysctls(on: router)
    for neighbour in neighbours {
      try Self.setNeighbour(neighbour.device, neighbour.address, neighbour.mac, on: router)
    }
    for route in routes {
      try Self.setRoute(
        route.destination, route.gateway, route.device, mtu: route.mtu ?? 0, table: route.table,
        replaces: false, on: router)
    }
    for rule in rules { try rule.add(to: router) }
  }

  func setSysctls(on router: Router) throws(DescriptionError) {
    for (name, value) in sysctls.sorted(by: { $0.key < $1.key }) {
      guard router.conntrack.settings.set(name, to: UInt64(clamping: value)) else {
        throw DescriptionError("unknown sysctl \(name)")
      }
    }
  }

  static func add(_ device: Device, to router: Router) throws(DescriptionError) {
    let (kind, lower) = try device.kind(on: router)
    let mac = try device.address() ?? lower?.mac ?? MACAddress(localFor: device.name)
    let usualMTU = try device.usualMTU(kind, lower, router)
    let mtu = device.mtu ?? usualMTU
    guard (68...65_535).contains(mtu) else {
      throw DescriptionError("device \(device.name) cannot have an MTU of \(mtu)")
    }
    let index = router.addDevice(device.name, kind, mac: mac, mtu: mtu)
    router.setOffloads(index, try device.offloads())
    if kind == .bridge { try device.setBridge(index, router) }
    try device.setHardware(index, router)
    router.setLink(index, up: true)
    for text in device.addresses { router.addAddress(index, try address(text)) }
  }

  /// An address as `ADDRESS/LENGTH` or `ADDRESS peer ADDRESS/LENGTH`.
  static func address(_ text: String) throws(DescriptionError) -> DeviceAddress {
    let words = text.split(separator: " ")
    guard let first = words.first, let own = AddressReader.prefix(first) else {
      throw DescriptionError("address \(text) is not one")
    }
    guard words.count == 3, words[1] == "peer" else {
      guard words.count == 1 else { throw DescriptionError("address \(text) is not one") }
      return DeviceAddress(family: own.family, address: own.address, prefixLength: own.length)
    }
    guard let peer = AddressReader.prefix(words[2]) else {
      throw DescriptionError("address \(text) is not one")
    }
    return DeviceAddress(
      family: own.family, address: own.address, prefixLength: peer.length, peer: peer.address)
  }

  static func setNeighbour(
    _ device: String, _ text: String, _ mac: String, on router: Router
  ) throws(DescriptionError) {
    let key = try neighbourKey(device, text, router)
    guard let mac = AddressReader.mac(mac) else {
      throw DescriptionError("neighbour \(text) has no hardware address")
    }
    router.setNeighbour(key, mac)
  }

  static func neighbourKey(
    _ device: String, _ text: String, _ router: Router
  ) throws(DescriptionError) -> NeighbourKey {
    guard let index = router.device(named: device)?.index else {
      throw DescriptionError("no device \(device)")
    }
    guard let (address, family) = AddressReader.address(text) else {
      throw DescriptionError("neighbour \(text) is not an address")
    }
    return NeighbourKey(device: index, family: family, address: address)
  }

  static func setRoute(
    _ destination: String, _ gateway: String?, _ device: String, mtu: Int, table: UInt32? = nil,
    replaces: Bool, on router: Router
  ) throws(DescriptionError) {
    guard let index = router.device(named: device)?.index else {
      throw DescriptionError("no device \(device)")
    }
    let hop = gateway.flatMap { AddressReader.address($0) }
    if gateway != nil, hop == nil { throw DescriptionError("gateway \(gateway ?? "") is not an address") }
    let whole = try self.destination(destination, gateway: gateway)
    let entry = RouteEntry(
      whole.address.masked(to: whole.length, whole.family), whole.length, .unicast, device: index,
      gateway: hop?.0, gatewayFamily: hop?.1 ?? whole.family, metric: whole.family == .ipv6 ? 1024 : 0,
      mtu: mtu, table: table)
    router.addRoute(whole.family, entry, replacing: replaces)
  }

  /// Where a route leads; `default` is of its gateway's family.
  static func destination(
    _ text: String, gateway: String?
  ) throws(DescriptionError) -> (address: Address, length: Int, family: IPFamily) {
    if text == "default" {
      return (.unspecified, 0, gateway.flatMap { AddressReader.address($0) }?.1 ?? .ipv4)
    }
    guard let read = AddressReader.prefix(text) else {
      throw DescriptionError("route to \(text) is not a prefix")
    }
    return read
  }
}

extension Topology.Device {
  /// The MAC address that is given, if one is.
  fileprivate func address() throws(DescriptionError) -> MACAddress? {
    guard let mac else { return nil }
    guard let address = AddressReader.mac(mac) else {
      throw DescriptionError("\(mac), the MAC address of device \(name), is not one")
    }
    return address
  }
}

extension MACAddress {
  /// A locally administered unicast address (IEEE 802, the second lowest bit of the first octet) that follows from a name,
  /// so that the router's neighbours find it where it was before.
  fileprivate init(localFor name: String) {
    // FNV-1a
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for octet in name.utf8 { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
    self.init(0x0200_0000_0000 | hash & 0x00ff_ffff_ffff)
  }
}
