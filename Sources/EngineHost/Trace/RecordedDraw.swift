// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// The chance of a recorded run. A kernel that finds a translated port taken draws another at random; which one it
/// drew stands in the frame that it sent.
enum RecordedDraw {
  /// The source port of a TCP segment or UDP datagram in a frame, behind VLAN tags and a PPPoE session; nil for
  /// other frames.
  static func port(_ frame: [UInt8]) -> UInt16? {
    guard frame.count >= EthernetView.headerLength else { return nil }
    var type = frame.be16(12)
    var offset = EthernetView.headerLength
    while type == EtherType.vlan || type == EtherType.serviceVLAN {
      guard frame.count >= offset + VLANTagView.length else { return nil }
      type = frame.be16(offset + 2)
      offset += VLANTagView.length
    }
    if type == EtherType.pppoeSession {
      guard frame.count >= offset + PPPoEView.headerLength else { return nil }
      type = frame.be16(offset + 6) == PPPoEView.protocolIPv6 ? EtherType.ipv6 : EtherType.ipv4
      offset += PPPoEView.headerLength
    }
    let proto: UInt8
    let transport: Int
    if type == EtherType.ipv4, frame.count >= offset + IPv4View.minimumLength {
      proto = frame[offset + 9]
      transport = offset + Int(frame[offset] & 0x0f) * 4
    } else if type == EtherType.ipv6, frame.count >= offset + IPv6View.headerLength {
      proto = frame[offset + 6]
      transport = offset + IPv6View.headerLength
    } else {
      return nil
    }
    guard proto == IPProtocol.tcp || proto == IPProtocol.udp, frame.count >= transport + 2 else { return nil }
    return frame.be16(transport)
  }
}
