// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What a device is.
package enum DeviceKind: Equatable, Sendable {
  /// The loopback device.
  case loopback
  /// An Ethernet device whose frames the host of the engine takes and gives.
  case port
  /// A VLAN on another device.
  case vlan(VLANLink)
  /// A bridge; its ports and what it has learned are in ``Router/bridges``.
  case bridge
  /// A PPP device on a PPPoE session.
  case pppoe(PPPoESession)
  /// An IP tunnel.
  case tunnel(TunnelEnds)
}

/// An address of a device with its on-link prefix.
package struct DeviceAddress: Hashable, Sendable {
  package var family: IPFamily
  package var address: Address
  package var prefixLength: Int
  /// The other end of a point-to-point address, else the address itself.
  package var peer: Address

  package init(family: IPFamily, address: Address, prefixLength: Int, peer: Address? = nil) {
    self.family = family
    self.address = address
    self.prefixLength = prefixLength
    self.peer = peer ?? address
  }
}

/// A network device of the router.
package struct Device: Sendable {
  /// Index, from 1 (the loopback device) up; never used again.
  package let index: UInt32
  package var name: String
  package var kind: DeviceKind
  package var mac: MACAddress
  package var mtu: Int
  package var isUp = false
  package var addresses: [DeviceAddress] = []
  /// What may be left to be done to frames that the device sends.
  package var offloads: TAPOffloads = []
  package var group: UInt32 = 0
  /// The bridge whose port the device is, or 0.
  package internal(set) var master: UInt32 = 0

  package init(index: UInt32, name: String, kind: DeviceKind, mac: MACAddress, mtu: Int) {
    self.index = index
    self.name = name
    self.kind = kind
    self.mac = mac
    self.mtu = mtu
  }

  /// ARPHRD_*.
  package var hardwareType: UInt16 {
    switch kind {
    case .loopback: 772
    case .port, .vlan, .bridge: 1
    case .pppoe: 512
    case .tunnel(let ends): ends.family == .ipv4 ? 768 : 769
    }
  }

  /// Whether frames of the device have Ethernet headers and its neighbours have MAC addresses.
  package var isEthernet: Bool {
    switch kind {
    case .port, .vlan, .bridge: true
    case .loopback, .pppoe, .tunnel: false
    }
  }

  /// Sixteen octets of the name, zero padded, first octet most significant.
  package var paddedName: UInt128 {
    var result: UInt128 = 0
    var count = 0
    for octet in name.utf8.prefix(16) {
      result = result << 8 | UInt128(octet)
      count += 1
    }
    return result << UInt128(8 * (16 - count))
  }

  /// The address to speak from when `destination` is to be reached through this device.
  ///
  /// Source: net/ipv4/devinet.c, inet_select_addr; IPv6: the address that shares the longest prefix (RFC 6724).
  package func sourceAddress(towards destination: Address, _ family: IPFamily) -> Address? {
    let candidates = addresses.filter { $0.family == family }
    if family == .ipv4 {
      let onLink = candidates.first { $0.peer.matches(destination, prefixLength: $0.prefixLength, family) }
      return (onLink ?? candidates.first)?.address
    }
    var best: DeviceAddress?
    var bestLength = -1
    for candidate in candidates {
      let difference = (candidate.address.high ^ destination.high, candidate.address.low ^ destination.low)
      let shared =
        difference.0 != 0
        ? difference.0.leadingZeroBitCount : 64 + difference.1.leadingZeroBitCount
      if min(shared, candidate.prefixLength) > bestLength {
        best = candidate
        bestLength = min(shared, candidate.prefixLength)
      }
    }
    return best?.address
  }
}

/// What each packet asks about a device.
struct DeviceLink: BitwiseCopyable, Sendable {
  let mac: MACAddress
  let mtu: Int
  let isUp: Bool
  let isEthernet: Bool
  /// Whether the host takes its frames.
  let isPort: Bool
  let isLoopback: Bool
  let offloads: TAPOffloads
  let master: UInt32
  let group: UInt32
  let hardwareType: UInt16
  let paddedName: UInt128

  init(_ device: Device) {
    mac = device.mac
    mtu = device.mtu
    isUp = device.isUp
    isEthernet = device.isEthernet
    isPort = device.kind == .port
    isLoopback = device.kind == .loopback
    offloads = device.offloads
    master = device.master
    group = device.group
    hardwareType = device.hardwareType
    paddedName = device.paddedName
  }
}

/// What each packet asks about the devices, flat, since a copy of a device costs more than the question; made anew
/// whenever one changes.
struct DeviceLinks: Sendable {
  private let links: [DeviceLink?]
  /// Of devices that are up.
  private let addresses: [DeviceAddress]
  /// A bit for each value that the last six bits of these addresses have.
  private let endings: UInt64

  init(_ devices: [Device?]) {
    links = devices.map { $0.map(DeviceLink.init) }
    addresses = devices.flatMap { device in device.map { $0.isUp ? $0.addresses : [] } ?? [] }
    endings = addresses.reduce(0) { $0 | 1 << ($1.address.low & 63) }
  }

  subscript(index: UInt32) -> DeviceLink? {
    @inline(__always) get { Int(index) < links.count ? links[Int(index)] : nil }
  }

  /// Whether a device that is up can have the address: what tells most that are not.
  @inline(__always)
  func mayHave(_ address: Address) -> Bool { endings >> (address.low & 63) & 1 != 0 }

  /// Whether a device that is up has the address.
  func have(_ address: Address, _ family: IPFamily) -> Bool {
    addresses.contains { $0.family == family && $0.address == address }
  }
}
