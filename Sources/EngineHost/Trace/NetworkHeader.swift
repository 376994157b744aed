// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// Where an IP header stands in a recorded frame.
struct NetworkHeader: Equatable {
  var isIPv6: Bool
  /// Octets from the frame's first on.
  var offset: Int

  /// The number of the protocol that follows it.
  func next(in frame: [UInt8]) -> UInt8 { frame[offset + (isIPv6 ? 6 : 9)] }

  /// Where what follows it begins; extension headers count as such.
  func end(in frame: [UInt8]) -> Int {
    offset + (isIPv6 ? IPv6View.headerLength : Int(frame[offset] & 0x0f) * 4)
  }

  /// The IP headers of a frame that are there as a whole, behind VLAN tags and a PPPoE session: the outermost first, then
  /// those of the packets in tunnels.
  static func all(in frame: [UInt8]) -> [NetworkHeader] {
    guard frame.count >= EthernetView.headerLength else { return [] }
    var type = frame.be16(12)
    var offset = EthernetView.headerLength
    while type == EtherType.vlan || type == EtherType.serviceVLAN, frame.count >= offset + VLANTagView.length
    {
      type = frame.be16(offset + 2)
      offset += VLANTagView.length
    }
    if type == EtherType.pppoeSession, frame.count >= offset + PPPoEView.headerLength {
      switch frame.be16(offset + 6) {
      case PPPoEView.protocolIPv4: type = EtherType.ipv4
      case PPPoEView.protocolIPv6: type = EtherType.ipv6
      default: return []
      }
      offset += PPPoEView.headerLength
    }
    guard type == EtherType.ipv4 || type == EtherType.ipv6 else { return [] }
    var headers: [NetworkHeader] = []
    var inner: NetworkHeader? = NetworkHeader(isIPv6: type == EtherType.ipv6, offset: offset)
    while let header = inner, header.isWhole(in: frame) {
      headers.append(header)
      switch header.next(in: frame) {
      case IPProtocol.ipip: inner = NetworkHeader(isIPv6: false, offset: header.end(in: frame))
      case IPProtocol.ipv6: inner = NetworkHeader(isIPv6: true, offset: header.end(in: frame))
      default: inner = nil
      }
    }
    return headers
  }

  /// A header that says it is shorter than it can be is none: what follows it would begin within.
  private func isWhole(in frame: [UInt8]) -> Bool {
    let least = offset + (isIPv6 ? IPv6View.headerLength : IPv4View.minimumLength)
    return frame.count >= least && end(in: frame) >= least && frame.count >= end(in: frame)
  }
}
