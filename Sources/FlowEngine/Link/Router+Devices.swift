// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

extension Router {
  /// The device with `index`, or nil.
  @inline(__always)
  package func device(_ index: UInt32) -> Device? {
    Int(index) < devices.count ? devices[Int(index)] : nil
  }

  /// The device called `name`, or nil.
  package func device(named name: String) -> Device? {
    for device in devices { if let device, device.name == name { return device } }
    return nil
  }

  /// Adds a device, down and without addresses.
  /// - Returns: its index.
  package func addDevice(_ name: String, _ kind: DeviceKind, mac: MACAddress, mtu: Int) -> UInt32 {
    let index = UInt32(devices.count)
    devices.append(Device(index: index, name: name, kind: kind, mac: mac, mtu: mtu))
    if kind == .bridge { bridges[index] = Bridge() }
    ruleset.deviceAppeared(index: index, name: Array(name.utf8))
    attachRules()
    adoptFlowtables()
    bumpEpoch()
    return index
  }

  /// Removes a device with its addresses, routes and neighbours.
  package func removeDevice(_ index: UInt32) {
    guard device(index) != nil else { return }
    setLink(index, up: false)
    for address in device(index)?.addresses ?? [] { removeAddress(index, address) }
    ruleset.deviceVanished(index: index)
    adoptFlowtables()
    leaveStack(index)
    hardware.set(nil, of: index)
    hardware.set(conduit: nil, of: index)
    devices[Int(index)] = nil
    attachRules()
    bumpEpoch()
  }

  /// Gives a device an address, and the routes that follow from it.
  package func addAddress(_ index: UInt32, _ address: DeviceAddress) {
    guard device(index) != nil, devices[Int(index)]?.addresses.contains(address) == false else { return }
    devices[Int(index)]?.addresses.append(address)
    if devices[Int(index)]?.isUp == true { addRoutes(of: address, index) }
    invalidateRoutes(address.family)
  }

  /// Takes an address from a device, with its routes and the flows masqueraded behind it.
  package func removeAddress(_ index: UInt32, _ address: DeviceAddress) {
    devices[Int(index)]?.addresses.removeAll { $0 == address }
    removeRoutes(of: address, index)
    invalidateRoutes(address.family)
    forgetMasqueraded(address: address.address, device: index)
  }

  private func invalidateRoutes(_ family: IPFamily) {
    if family == .ipv4 { routes4.invalidateAll() } else { routes6.invalidateAll() }
    bumpEpoch()
  }

  /// Source: net/ipv4/fib_frontend.c, fib_add_ifaddr; net/ipv6/addrconf.c, addrconf_prefix_route.
  private func addRoutes(of address: DeviceAddress, _ index: UInt32) {
    let full = address.family.addressLength * 8
    add(
      address.family,
      RouteEntry(address.address, full, .local, device: index, preferredSource: address.address))
    if device(index)?.kind == .loopback {
      if address.prefixLength < full {
        add(address.family, RouteEntry(address.address, address.prefixLength, .local, device: index))
      }
      return
    }
    guard address.prefixLength < full || address.peer != address.address else { return }
    add(
      address.family,
      RouteEntry(
        address.peer, address.prefixLength, .unicast, device: index,
        gatewayFamily: address.family, metric: address.family == .ipv6 ? 256 : 0,
        preferredSource: address.family == .ipv4 ? address.address : nil))
    if address.family == .ipv4, address.prefixLength < 31 {
      let ones = UInt64(0xffff_ffff) >> UInt64(address.prefixLength)
      let broadcast = Address(high: 0, low: address.address.low | ones)
      add(.ipv4, RouteEntry(broadcast, 32, .broadcast, device: index, preferredSource: address.address))
    }
  }

  private func add(_ family: IPFamily, _ entry: RouteEntry) {
    var entry = entry
    entry.gatewayFamily = family
    if family == .ipv4 { routes4.add(entry) } else { routes6.add(entry) }
  }

  private func removeRoutes(of address: DeviceAddress, _ index: UInt32) {
    let full = address.family.addressLength * 8
    let onLink = address.peer.masked(to: address.prefixLength, address.family)
    func isGone(_ entry: RouteEntry) -> Bool {
      guard entry.device == index else { return false }
      if entry.preferredSource == address.address { return true }
      if entry.type == .local { return entry.prefix == address.address && entry.prefixLength == full }
      return entry.gateway == nil && entry.prefix == onLink && entry.prefixLength == address.prefixLength
        && entry.table == RoutingTable.main
    }
    if address.family == .ipv4 { routes4.remove(where: isGone) } else { routes6.remove(where: isGone) }
  }

  /// Adds a route, or replaces the one with the same prefix and metric in its table.
  package func addRoute(_ family: IPFamily, _ entry: RouteEntry, replacing: Bool = false) {
    if family == .ipv4 {
      routes4.add(entry, replacing: replacing)
      rules4.routesAppeared(in: entry.table)
    } else {
      routes6.add(entry, replacing: replacing)
    }
    bumpEpoch()
  }

  /// Removes a route by prefix and device from a table.
  package func removeRoute(
    _ family: IPFamily, _ prefix: Address, _ length: Int, device: UInt32, table: UInt32 = RoutingTable.main
  ) {
    let prefix = prefix.masked(to: length, family)
    func isGone(_ entry: RouteEntry) -> Bool {
      entry.prefix == prefix && entry.prefixLength == length && entry.device == device
        && entry.type == .unicast && entry.table == table
    }
    if family == .ipv4 { routes4.remove(where: isGone) } else { routes6.remove(where: isGone) }
    bumpEpoch()
  }

  /// Sets a device up or down. Down takes its neighbours, its routes, its IPv6 addresses, the flows through it
  /// and the entries masqueraded behind it; up brings the routes of its addresses back.
  package func setLink(_ index: UInt32, up: Bool) {
    guard let device = device(index), device.isUp != up else { return }
    devices[Int(index)]?.isUp = up
    followLink(index, up: up)
    hardwareFollowsLink(index, up: up)
    if up {
      for address in device.addresses { addRoutes(of: address, index) }
    } else {
      tearDownFlows(on: index)
      forgetMasqueraded(device: index)
      neighbours.flush(device: index)
      devices[Int(index)]?.addresses.removeAll { $0.family == .ipv6 }
      routes4.remove { $0.device == index }
      routes6.remove { $0.device == index }
    }
    routes4.invalidateAll()
    routes6.invalidateAll()
    bumpEpoch()
  }

  /// Changes the MTU of a device. A bridge whose MTU is set does not follow its ports from then on.
  package func setMTU(_ index: UInt32, _ mtu: Int) {
    guard let device = device(index), device.mtu != mtu else { return }
    bridges[index]?.hasOwnMTU = true
    changeMTU(index, mtu)
  }

  /// Gives a device another MTU. IPv6 leaves one whose MTU is too small for it.
  ///
  /// Source: net/core/dev.c, netif_set_mtu_ext; net/ipv6/addrconf.c, addrconf_notify.
  func changeMTU(_ index: UInt32, _ mtu: Int) {
    let old = device(index)?.mtu ?? mtu
    devices[Int(index)]?.mtu = mtu
    routes4.followMTU(of: index, from: old, to: mtu)
    followMTU(index, mtu)
    if mtu < IPv6View.leastMTU {
      for address in device(index)?.addresses ?? [] where address.family == .ipv6 {
        removeAddress(index, address)
      }
      neighbours.flush(device: index, .ipv6)
      routes6.remove { $0.device == index }
    }
    routes4.invalidateAll()
    bumpEpoch()
  }

  /// Says what may be left to be done to frames that a device sends.
  package func setOffloads(_ index: UInt32, _ offloads: TAPOffloads) {
    devices[Int(index)]?.offloads = offloads
  }

  /// Changes the MAC address of a device.
  package func setMAC(_ index: UInt32, _ mac: MACAddress) {
    devices[Int(index)]?.mac = mac
    endSessions(on: index)
    routes4.invalidateAll()
    bumpEpoch()
  }

  /// Renames a device.
  package func rename(_ index: UInt32, to name: String) {
    devices[Int(index)]?.name = name
    ruleset.deviceVanished(index: index)
    ruleset.deviceAppeared(index: index, name: Array(name.utf8))
    attachRules()
    adoptFlowtables()
  }

  /// Whether `address` is one of the router's own.
  @inline(__always)
  package func isLocal(_ address: Address, _ family: IPFamily) -> Bool {
    links.mayHave(address) && links.have(address, family) || family == .ipv4 && address.low >> 24 == 127
  }

  /// Largest packet that may be forwarded along `route`.
  @inline(__always)
  package func mtu(of route: Route) -> Int { mtu(route.device, route.forwardingMTU) }

  /// Largest packet of the router's own that may follow `route` in one piece.
  func ownMTU(of route: Route) -> Int { mtu(route.device, route.ownMTU) }

  /// Largest packet on a device; `own` is what the route says, 0 for nothing.
  @inline(__always)
  func mtu(_ device: UInt32, _ own: Int) -> Int {
    let link = links[device]?.mtu ?? 1500
    return own > 0 ? min(own, 65_535) : min(link, 65_535)
  }
}
