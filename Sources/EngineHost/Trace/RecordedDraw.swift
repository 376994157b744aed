// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// The chance of a recorded run. A kernel that finds a translated port taken draws another at random; which one it
/// drew stands in the frame that it sent.
package enum RecordedDraw {
  /// The source port of a TCP segment or UDP datagram in a frame, the innermost of a tunnel; nil for other frames.
  package static func port(_ frame: [UInt8]) -> UInt16? {
    guard let header = NetworkHeader.all(in: frame).last else { return nil }
    let proto = header.next(in: frame)
    let transport = header.end(in: frame)
    guard proto == IPProtocol.tcp || proto == IPProtocol.udp, frame.count >= transport + 2 else { return nil }
    return frame.be16(transport)
  }
}
