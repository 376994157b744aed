// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import JSONDocument
package import PacketWire

extension Topology.Device {
  /// The kind, and the device below, if there is one.
  func kind(on router: Router) throws(DescriptionError) -> (DeviceKind, FlowEngine::Device?) {
    switch kind {
    case "tap", "veth", "dummy": return (.port, nil)
    case "bridge": return (.bridge, nil)
    case "vlan":
      let parent = try lower(on: router)
      let type = try tag()
      let id = try number("id", 1...4094)
      return (.vlan(VLANLink(parent: parent.index, id: id, type: type)), parent)
    case "pppoe":
      let parent = try lower(on: router)
      guard let remote = properties["remote"]?.string.flatMap({ AddressReader.mac($0) }) else {
        throw DescriptionError("device \(name) has no remote MAC address")
      }
      let session = try number("session", 1...65_534)
      return (.pppoe(PPPoESession(parent: parent.index, session: session, remote: remote)), parent)
    case "ipip", "ip6tnl":
      guard let local = properties["local"]?.string.flatMap({ AddressReader.address($0) }),
        let remote = properties["remote"]?.string.flatMap({ AddressReader.address($0) }),
        local.1 == remote.1, local.1 == (self.kind == "ipip" ? .ipv4 : .ipv6)
      else { throw DescriptionError("device \(name) lacks the ends of its tunnel") }
      return (.tunnel(TunnelEnds(family: local.1, local: local.0, remote: remote.0)), router.device(1))
    default: throw DescriptionError("device kind \(kind) is not supported")
    }
  }

  /// The type of a VLAN device's tags.
  private func tag() throws(DescriptionError) -> UInt16 {
    switch properties["protocol"]?.string?.lowercased() {
    case nil, "802.1q": return EtherType.vlan
    case "802.1ad": return EtherType.serviceVLAN
    case let other?:
      throw DescriptionError("the protocol of device \(name) is 802.1Q or 802.1ad, not \(other)")
    }
  }

  private func lower(on router: Router) throws(DescriptionError) -> FlowEngine::Device {
    guard let name = properties["parent"]?.string, let parent = router.device(named: name) else {
      throw DescriptionError("device \(name) stands on no device")
    }
    return parent
  }

  private func number(_ key: String, _ range: ClosedRange<Int>) throws(DescriptionError) -> UInt16 {
    guard let value = properties[key]?.int, range.contains(value) else {
      throw DescriptionError("device \(name) has no valid \(key)")
    }
    return UInt16(value)
  }

  /// What the device's own hardware can carry, where it has any: `true`, or an object with `table_size` (rules),
  /// `change_latency_us` and `statistics_latency_us`.
  func hardware() throws(DescriptionError) -> HardwareSettings? {
    guard let value = properties["hardware"] else { return nil }
    if let isThere = value.bool { return isThere ? HardwareSettings() : nil }
    guard let members = value.members else {
      throw DescriptionError("'hardware' of device \(name) is neither true nor an object")
    }
    var settings = HardwareSettings()
    for member in members {
      guard let number = member.value.int, (0...1_000_000_000).contains(number) else {
        throw DescriptionError(
          "'\(member.name)' of the hardware of device \(name) is not a number from 0 to 10^9")
      }
      switch member.name {
      case "table_size": settings.tableSize = number
      case "change_latency_us": settings.changeLatency = UInt64(number) * 1000
      case "statistics_latency_us": settings.statisticsLatency = UInt64(number) * 1000
      default:
        throw DescriptionError("the hardware of device \(name) has an unknown member, '\(member.name)'")
      }
    }
    return settings
  }

  /// Gives the device its hardware, or the conduit through whose hardware it offloads.
  func setHardware(_ index: UInt32, _ router: Router) throws(DescriptionError) {
    let settings = try hardware()
    let conduit = properties["conduit"]
    guard settings != nil || conduit != nil else { return }
    guard router.device(index)?.kind == .port else {
      throw DescriptionError("device \(name) of the kind \(kind) cannot have hardware for flows")
    }
    if let conduit {
      guard settings == nil else {
        throw DescriptionError("device \(name) has hardware of its own and a conduit")
      }
      guard let name = conduit.string, let below = router.device(named: name)?.index,
        router.hardware(of: below) != nil
      else { throw DescriptionError("the conduit of device \(name) is no device with hardware before it") }
      router.setConduit(index, below)
    } else {
      router.setHardware(index, settings)
    }
  }

  /// What may be left to be done to frames that the device sends.
  package func offloads() throws(DescriptionError) -> TAPOffloads {
    var result: TAPOffloads = []
    guard let value = properties["offloads"] else { return result }
    guard let names = value.strings else {
      throw DescriptionError("offloads of device \(name) are not a list of names")
    }
    for name in names {
      guard let known = TAPOffloads.names.first(where: { $0.name == name }) else {
        throw DescriptionError("device \(self.name) has an unknown offload, \(name)")
      }
      result.insert(known.value)
    }
    return result
  }

  /// The MTU of a device for which none is given.
  func usualMTU(_ kind: DeviceKind, _ lower: FlowEngine::Device?, _ router: Router) throws(DescriptionError)
    -> Int
  {
    switch kind {
    case .loopback, .port: return 1500
    case .vlan: return lower?.mtu ?? 1500
    case .pppoe: return 1492
    case .bridge: return try ports(on: router).map(\.mtu).min() ?? 1500
    case .tunnel(let ends):
      let route = router.lookUpRoute(ends.family, ends.remote, from: ends.local)
      let link = route.flatMap { router.device($0.device)?.mtu } ?? 1500
      return link - ends.family.headerLength
    }
  }

  private func ports(on router: Router) throws(DescriptionError) -> [FlowEngine::Device] {
    var result: [FlowEngine::Device] = []
    for port in properties["ports"]?.strings ?? [] {
      guard let port = router.device(named: port) else { throw DescriptionError("no device \(port)") }
      result.append(port)
    }
    return result
  }

  /// Ports, VLANs and filtering of a bridge.
  func setBridge(_ index: UInt32, _ router: Router) throws(DescriptionError) {
    let initial = UInt16(clamping: properties["default_pvid"]?.int ?? 1)
    router.bridges[index]?.filtersVLANs = properties["vlan_filtering"]?.bool ?? false
    router.bridges[index]?.hasOwnMTU = mtu != nil
    for port in try ports(on: router) { router.addPort(port.index, to: index, defaultVLAN: initial) }
    for port in properties["pvid"]?.members ?? [] {
      guard let member = router.device(named: port.name)?.index, let vlan = port.value.int else {
        throw DescriptionError("PVID of \(port.name) cannot be read")
      }
      router.bridges[index]?.leave(member, vlan: initial)
      router.bridges[index]?.join(member, vlan: UInt16(clamping: vlan), untagged: true, primary: true)
    }
    for port in properties["tagged"]?.members ?? [] {
      guard let member = router.device(named: port.name)?.index, let vlans = port.value.array else {
        throw DescriptionError("VLANs of \(port.name) cannot be read")
      }
      for vlan in vlans.compactMap(\.int) {
        router.bridges[index]?.join(member, vlan: UInt16(clamping: vlan), untagged: false, primary: false)
      }
    }
  }
}
