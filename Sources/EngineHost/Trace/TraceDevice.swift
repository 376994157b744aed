// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import JSONDocument
import PacketWire

/// Reads what a trace says of a device that stands on others.
enum TraceDevice {
  /// The kind, and the device below, if there is one.
  static func kind(_ device: Trace.Device, _ router: Router) throws(TraceError) -> (DeviceKind, Device?) {
    switch device.kind {
    case "tap", "veth", "dummy": return (.port, nil)
    case "bridge": return (.bridge, nil)
    case "vlan":
      let parent = try lower(device, router)
      let type = device.properties["protocol"]?.string == "802.1ad" ? EtherType.serviceVLAN : EtherType.vlan
      let id = try number(device, "id", 1...4094)
      return (.vlan(VLANLink(parent: parent.index, id: id, type: type)), parent)
    case "pppoe":
      let parent = try lower(device, router)
      guard let remote = device.properties["remote"]?.string.flatMap({ AddressReader.mac($0) }) else {
        throw TraceError("device \(device.name) has no remote MAC address")
      }
      let session = try number(device, "session", 1...65_534)
      return (.pppoe(PPPoESession(parent: parent.index, session: session, remote: remote)), parent)
    case "ipip", "ip6tnl":
      guard let local = device.properties["local"]?.string.flatMap({ AddressReader.address($0) }),
        let remote = device.properties["remote"]?.string.flatMap({ AddressReader.address($0) }),
        local.1 == remote.1, local.1 == (device.kind == "ipip" ? .ipv4 : .ipv6)
      else { throw TraceError("device \(device.name) lacks the ends of its tunnel") }
      return (.tunnel(TunnelEnds(family: local.1, local: local.0, remote: remote.0)), router.device(1))
    default: throw TraceError("device kind \(device.kind) is not supported")
    }
  }

  private static func lower(_ device: Trace.Device, _ router: Router) throws(TraceError) -> Device {
    guard let name = device.properties["parent"]?.string, let parent = router.device(named: name) else {
      throw TraceError("device \(device.name) stands on no device")
    }
    return parent
  }

  private static func number(
    _ device: Trace.Device, _ key: String, _ range: ClosedRange<Int>
  ) throws(TraceError) -> UInt16 {
    guard let value = device.properties[key]?.int, range.contains(value) else {
      throw TraceError("device \(device.name) has no valid \(key)")
    }
    return UInt16(value)
  }

  /// The MTU of a device for which none is given.
  static func mtu(
    _ device: Trace.Device, _ kind: DeviceKind, _ lower: Device?, _ router: Router
  ) throws(TraceError) -> Int {
    switch kind {
    case .loopback, .port: return 1500
    case .vlan: return lower?.mtu ?? 1500
    case .pppoe: return 1492
    case .bridge: return try ports(device, router).map(\.mtu).min() ?? 1500
    case .tunnel(let ends):
      let route = router.lookUpRoute(ends.family, ends.remote)
      let link = route.flatMap { router.device($0.device)?.mtu } ?? 1500
      return link - ends.family.headerLength
    }
  }

  private static func ports(_ device: Trace.Device, _ router: Router) throws(TraceError) -> [Device] {
    var result: [Device] = []
    for name in device.properties["ports"]?.strings ?? [] {
      guard let port = router.device(named: name) else { throw TraceError("no device \(name)") }
      result.append(port)
    }
    return result
  }

  /// Ports, VLANs and filtering of a bridge.
  static func setBridge(_ index: UInt32, _ device: Trace.Device, _ router: Router) throws(TraceError) {
    let initial = UInt16(clamping: device.properties["default_pvid"]?.int ?? 1)
    router.bridges[index]?.filtersVLANs = device.properties["vlan_filtering"]?.bool ?? false
    for port in try ports(device, router) { router.addPort(port.index, to: index, defaultVLAN: initial) }
    for port in device.properties["pvid"]?.members ?? [] {
      guard let member = router.device(named: port.name)?.index, let vlan = port.value.int else {
        throw TraceError("PVID of \(port.name) cannot be read")
      }
      router.bridges[index]?.leave(member, vlan: 1)
      router.bridges[index]?.join(member, vlan: UInt16(clamping: vlan), untagged: true, primary: true)
    }
    for port in device.properties["tagged"]?.members ?? [] {
      guard let member = router.device(named: port.name)?.index, let vlans = port.value.array else {
        throw TraceError("VLANs of \(port.name) cannot be read")
      }
      for vlan in vlans.compactMap(\.int) {
        router.bridges[index]?.join(member, vlan: UInt16(clamping: vlan), untagged: false, primary: false)
      }
    }
  }
}
