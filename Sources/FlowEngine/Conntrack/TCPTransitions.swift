// SPDX-License-Identifier: GPL-3.0-or-later

/// What the transition table says about a segment.
package enum TCPTransition: Equatable, Sendable {
  case to(TCPState)
  case ignore
  case invalid
}

/// The transition table of TCP tracking.
///
/// Source: net/netfilter/nf_conntrack_proto_tcp.c, tcp_conntracks. Rows: direction, then kind of segment;
/// columns: the state before, in the order of ``TCPState``.
package enum TCPTransitions {
  private static let ig: UInt8 = 10
  private static let iv: UInt8 = 11

  //                                            NO  SS  SR  ES  FW  CW  LA  TW  CL  S2
  private static let original: [6 of [10 of UInt8]] = [
    /* SYN     */ [1, 1, ig, ig, ig, ig, ig, 1, 1, 9],
    /* SYN+ACK */ [iv, iv, 2, iv, iv, iv, iv, iv, iv, 2],
    /* FIN     */ [iv, iv, 4, 4, 6, 6, 6, 7, 8, iv],
    /* ACK     */ [3, iv, 3, 3, 5, 5, 7, 7, 8, iv],
    /* RST     */ [iv, 8, 8, 8, 8, 8, 8, 8, 8, 8],
    /* none    */ [iv, iv, iv, iv, iv, iv, iv, iv, iv, iv],
  ]

  private static let reply: [6 of [10 of UInt8]] = [
    /* SYN     */ [iv, 9, iv, iv, iv, iv, iv, 1, iv, 9],
    /* SYN+ACK */ [iv, 2, ig, ig, ig, ig, ig, ig, ig, 2],
    /* FIN     */ [iv, iv, 4, 4, 6, 6, 6, 7, 8, iv],
    /* ACK     */ [iv, ig, 2, 3, 5, 5, 7, 7, 8, ig],
    /* RST     */ [iv, 8, 8, 8, 8, 8, 8, 8, 8, 8],
    /* none    */ [iv, iv, iv, iv, iv, iv, iv, iv, iv, iv],
  ]

  /// The transition for a segment of `kind` in `direction` while in `state`.
  @inline(__always)
  package static func lookup(_ direction: FlowDirection, _ kind: TCPSegmentKind, _ state: TCPState)
    -> TCPTransition
  {
    let row = Int(kind.rawValue)
    let cell =
      direction == .original ? original[row][Int(state.rawValue)] : reply[row][Int(state.rawValue)]
    if cell == ig { return .ignore }
    guard let next = TCPState(rawValue: cell) else { return .invalid }
    return .to(next)
  }
}
