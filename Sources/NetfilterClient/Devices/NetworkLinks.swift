// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
private import NetlinkWire

/// A network device as rtnetlink(7) tells it.
package struct NetworkLink: Hashable, Sendable {
  package var index: UInt32
  package var name: String
  package var isUp: Bool
  /// Whether the link below works (`IFF_LOWER_UP`).
  package var hasCarrier: Bool
  /// `ARPHRD_*`: 1 is Ethernet, 772 the loopback.
  package var hardwareType: UInt16
  /// Octets.
  package var mtu: UInt32
  /// What kind of virtual device it is: `vlan`, `bridge`, `veth`; nil for others.
  package var kind: String?
  /// Index of the device that it is stacked on, where that is in the same network namespace.
  package var lower: UInt32?
  /// Index of the bridge or bond that it belongs to.
  package var master: UInt32?
  /// 1 to 4094.
  package var vlan: UInt16?
  /// The hardware address in network order.
  package var address: [UInt8] = []

  /// Whether neighbours are looked up on it: Ethernet, and not the loopback.
  package var isEthernet: Bool { hardwareType == 1 && address.count == 6 }
}

/// The network devices of a namespace and how they are stacked.
package struct NetworkLinks: Sendable {
  package let all: [NetworkLink]
  /// Devices that PPPoE sessions run over.
  package let pppoeCarriers: [String]

  package init(_ all: [NetworkLink], pppoeCarriers: [String] = []) {
    self.all = all
    self.pppoeCarriers = pppoeCarriers
  }

  package subscript(name: String) -> NetworkLink? { all.first { $0.name == name } }

  package subscript(index: UInt32) -> NetworkLink? { all.first { $0.index == index } }

  /// Devices directly above: VLANs, PPPoE sessions and the bridge or bond.
  package func uppers(of link: NetworkLink) -> [NetworkLink] {
    all.filter { upper in
      upper.lower == link.index && upper.index != link.index || link.master == upper.index
        || upper.kind == "ppp" && pppoeCarriers.contains(link.name)
    }
  }

  /// Devices directly below: what a VLAN is on, the ports of a bridge, what carries a PPPoE session.
  package func lowers(of link: NetworkLink) -> [NetworkLink] {
    all.filter { lower in
      link.lower == lower.index && lower.index != link.index || lower.master == link.index
        || link.kind == "ppp" && pppoeCarriers.contains(lower.name)
    }
  }

  /// Names of all devices that frames of this device may leave or enter by: those at the bottom of its stack.
  package func bottoms(of name: String) -> [String] {
    guard let link = self[name] else { return [name] }
    var result: [String] = []
    var seen: Set<UInt32> = []
    func descend(_ link: NetworkLink) {
      guard seen.insert(link.index).inserted else { return }
      let below = link.kind == "veth" ? [] : lowers(of: link)
      if below.isEmpty { result.append(link.name) }
      for lower in below { descend(lower) }
    }
    descend(link)
    return result
  }

  /// Reads all devices of the current network namespace.
  ///
  /// `pppoe`: the text of /proc/net/pppoe, where there is one.
  /// - Throws: ``NetlinkError``.
  package static func read(pppoe: String? = nil) throws -> NetworkLinks {
    let session = NetlinkSession(try NetlinkEndpoint.open(.route))
    let request = RequestBuilder(
      type: UInt16(RTM_GETLINK), flags: .dump, sequence: session.nextSequence(),
      header: [UInt8](repeating: 0, count: 16))
    var links: [NetworkLink] = []
    _ = try session.dump("list network devices", request.bytes) { type, payload in
      if type == UInt16(RTM_NEWLINK), let link = try decode(payload) { links.append(link) }
      return true
    }
    let carriers = (pppoe ?? "").split(separator: "\n").dropFirst().compactMap { line in
      line.split(separator: " ").last.map(String.init)
    }
    return NetworkLinks(links, pppoeCarriers: carriers)
  }

  private static func decode(_ payload: RawSpan) throws -> NetworkLink? {
    guard payload.byteCount >= 16 else { return nil }
    let flags = payload.host32(at: 8)
    var link = NetworkLink(
      index: payload.host32(at: 4), name: "", isUp: flags & 1 != 0, hasCarrier: flags & 0x10000 != 0,
      hardwareType: payload.host16(at: 2), mtu: 0)
    var isLowerElsewhere = false
    var attributes = AttributeCursor(payload, from: 16)
    while try attributes.advance() {
      switch Int(attributes.type) {
      case IFLA_ADDRESS: link.address = attributes.payload.copied
      case IFLA_IFNAME: link.name = attributes.payload.text
      case IFLA_MTU: link.mtu = try attributes.host32()
      case IFLA_LINK: link.lower = try attributes.host32()
      case IFLA_MASTER: link.master = try attributes.host32()
      case IFLA_LINK_NETNSID: isLowerElsewhere = true
      case IFLA_LINKINFO: try decodeInformation(attributes, into: &link)
      default: break
      }
    }
    if isLowerElsewhere || link.lower == 0 { link.lower = nil }
    return link.name.isEmpty ? nil : link
  }

  private static func decodeInformation(_ cursor: AttributeCursor, into link: inout NetworkLink) throws {
    var attributes = cursor.nested
    while try attributes.advance() {
      switch Int(attributes.type) {
      case IFLA_INFO_KIND: link.kind = attributes.payload.text
      case IFLA_INFO_DATA where link.kind == "vlan":
        var data = attributes.nested
        while try data.advance() {
          if Int(data.type) == IFLA_VLAN_ID, data.payloadLength == 2 {
            link.vlan = data.payload.host16(at: 0)
          }
        }
      default: break
      }
    }
  }
}
