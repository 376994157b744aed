// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// States of a tracked TCP connection, by the kernel's numbers (enum tcp_conntrack).
package enum TCPState: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case none, synSent, synReceived, established, finWait, closeWait, lastAck, timeWait, close, synSent2
}

/// Flags of one side of a tracked TCP connection (IP_CT_TCP_FLAG_*).
package struct TCPSideFlags: OptionSet, Sendable, BitwiseCopyable {
  package var rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let windowScale = TCPSideFlags(rawValue: 0x01)
  package static let selectiveAck = TCPSideFlags(rawValue: 0x02)
  package static let closeInit = TCPSideFlags(rawValue: 0x04)
  package static let liberal = TCPSideFlags(rawValue: 0x08)
  package static let dataUnacknowledged = TCPSideFlags(rawValue: 0x10)
  package static let maximumAckSet = TCPSideFlags(rawValue: 0x20)
  package static let challengeAck = TCPSideFlags(rawValue: 0x40)
  package static let simultaneousOpen = TCPSideFlags(rawValue: 0x80)
}

/// What the tracker knows of one sender (struct ip_ct_tcp_state). Sequence numbers in host order.
package struct TCPSide: BitwiseCopyable, Sendable {
  /// Highest sequence number plus length sent.
  package var end: UInt32 = 0
  /// Highest sequence number that the other side lets this one send.
  package var maximumEnd: UInt32 = 0
  /// Largest window advertised, 0 while nothing is known of this side.
  package var maximumWindow: UInt32 = 0
  /// Highest acknowledgment sent.
  package var maximumAck: UInt32 = 0
  package var scale: UInt8 = 0
  package var flags: TCPSideFlags = []
}

/// Kinds of segment that the transition table knows (enum tcp_bit_set), in the table's order.
package enum TCPSegmentKind: UInt8, Sendable, CaseIterable, BitwiseCopyable {
  case syn, synAck, fin, ack, rst, none

  /// The first kind that fits `flags`.
  @inline(__always)
  package init(_ flags: TCPFlags) {
    if flags.contains(.rst) {
      self = .rst
    } else if flags.contains(.syn) {
      self = flags.contains(.ack) ? .synAck : .syn
    } else if flags.contains(.fin) {
      self = .fin
    } else {
      self = flags.contains(.ack) ? .ack : .none
    }
  }
}

/// State of a tracked TCP connection (struct ip_ct_tcp).
package struct TCPTracking: BitwiseCopyable, Sendable {
  /// Who sends in the original direction.
  private var original = TCPSide()
  /// Who sends in the reply direction.
  private var reply = TCPSide()
  package var state: TCPState = .none
  package var lastDirection: FlowDirection = .original
  package var lastKind: TCPSegmentKind = .none
  package var retransmissions: UInt8 = 0
  package var lastWindowScale: UInt8 = 0
  package var lastFlags: TCPSideFlags = []
  package var lastWindow: UInt16 = 0
  package var lastSequence: UInt32 = 0
  package var lastAck: UInt32 = 0
  package var lastEnd: UInt32 = 0

  package init() {}

  /// The side that sends in `direction`.
  package subscript(direction: FlowDirection) -> TCPSide {
    @inline(__always) get { direction == .original ? original : reply }
    @inline(__always) set { if direction == .original { original = newValue } else { reply = newValue } }
  }
}
