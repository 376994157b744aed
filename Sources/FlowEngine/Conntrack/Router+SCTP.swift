// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// The transition table of SCTP tracking.
///
/// Source: net/netfilter/nf_conntrack_proto_sctp.c, sctp_conntracks. Rows: kind of chunk; columns: NONE, CLOSED,
/// COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECD, SHUTDOWN_ACK_SENT, HEARTBEAT_SENT.
enum SCTPTransitions {
  static let invalid: UInt8 = 9
  static let established: UInt8 = 4

  private static let original: [11 of [9 of UInt8]] = [
    /* INIT          */ [1, 1, 2, 3, 4, 1, 1, 7, 2],
    /* INIT_ACK      */ [1, 1, 2, 3, 4, 5, 6, 7, 1],
    /* ABORT         */ [1, 1, 1, 1, 1, 1, 1, 1, 1],
    /* SHUTDOWN      */ [1, 1, 2, 3, 5, 5, 6, 7, 1],
    /* SHUTDOWN_ACK  */ [7, 1, 2, 3, 4, 7, 7, 7, 7],
    /* ERROR         */ [1, 1, 2, 3, 4, 5, 6, 7, 1],
    /* COOKIE_ECHO   */ [1, 1, 3, 3, 4, 5, 6, 7, 1],
    /* COOKIE_ACK    */ [1, 1, 2, 4, 4, 5, 6, 7, 1],
    /* SHUTDOWN_COMP */ [1, 1, 2, 3, 4, 5, 6, 1, 1],
    /* HEARTBEAT     */ [8, 1, 2, 3, 4, 5, 6, 7, 8],
    /* HEARTBEAT_ACK */ [1, 1, 2, 3, 4, 5, 6, 7, 8],
  ]

  private static let reply: [11 of [9 of UInt8]] = [
    /* INIT          */ [9, 1, 2, 3, 4, 5, 6, 7, 9],
    /* INIT_ACK      */ [9, 2, 2, 3, 4, 5, 6, 7, 9],
    /* ABORT         */ [9, 1, 1, 1, 1, 1, 1, 1, 9],
    /* SHUTDOWN      */ [9, 1, 2, 3, 6, 5, 6, 7, 9],
    /* SHUTDOWN_ACK  */ [9, 1, 2, 3, 4, 7, 7, 7, 9],
    /* ERROR         */ [9, 1, 2, 1, 4, 5, 6, 7, 9],
    /* COOKIE_ECHO   */ [9, 1, 3, 3, 4, 5, 6, 7, 9],
    /* COOKIE_ACK    */ [9, 1, 2, 4, 4, 5, 6, 7, 9],
    /* SHUTDOWN_COMP */ [9, 1, 2, 3, 4, 5, 6, 1, 9],
    /* HEARTBEAT     */ [9, 1, 2, 3, 4, 5, 6, 7, 8],
    /* HEARTBEAT_ACK */ [9, 1, 2, 3, 4, 5, 6, 7, 4],
  ]

  /// The row of a chunk type, or nil for chunks that change nothing.
  static func row(_ chunk: UInt8) -> Int? {
    switch chunk {
    case 1: 0
    case 2: 1
    case 6: 2
    case 7: 3
    case 8: 4
    case 9: 5
    case 10: 6
    case 11: 7
    case 14: 8
    case 4: 9
    case 5: 10
    default: nil
    }
  }

  /// The state after a chunk, ``invalid`` when there is none.
  static func next(_ direction: FlowDirection, _ row: Int, _ state: UInt8) -> UInt8 {
    direction == .original ? original[row][Int(state)] : reply[row][Int(state)]
  }
}

extension Router {
  /// Judges each chunk; the verification tags are in `auxiliary`, that of the original direction in the high half.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_sctp.c, nf_conntrack_sctp_packet.
  func trackSCTP(_ packet: inout Packet, _ slot: Int, isOutput: Bool) -> TrackerVerdict {
    guard let header = SCTPView(checking: packet.transportBytes) else { return .invalid }
    if verifiesChecksum(packet, isOutput: isOutput), !header.hasValidChecksum { return .invalid }
    let bytes = packet.transportBytes
    let direction = packet.direction
    let tag = header.verificationTag
    var tags: [2 of UInt32] = [
      UInt32(truncatingIfNeeded: conntrack[slot].auxiliary >> 32),
      UInt32(truncatingIfNeeded: conntrack[slot].auxiliary),
    ]
    let mine = Int(direction.rawValue)
    let other = Int(direction.opposite.rawValue)
    var state = conntrack[slot].sctpState
    let before = state
    var offset = SCTPView.headerLength
    var isFirst = true
    var refreshes = true
    while offset + 4 <= bytes.byteCount {
      let chunk = bytes.u8(offset)
      let length = Int(bytes.be16(offset + 2))
      guard length > 0 else { return .invalid }
      let isAlone = chunk == 1 || chunk == 2 || chunk == 14
      if isAlone, !isFirst || offset + (length + 3) / 4 * 4 + 4 <= bytes.byteCount { return .invalid }
      if chunk == 10 || chunk == 11, !isFirst { return .invalid }
      if !conntrack[slot].isConfirmed, chunk == 6 || chunk == 14 || chunk == 11 { return .invalid }
      if let row = SCTPTransitions.row(chunk) {
        switch chunk {
        case 1: if tag != 0 { return .invalid }
        case 6, 14:
          let reflected = bytes.u8(offset + 1) & 1 != 0
          if tags[mine] != 0, tag != (reflected ? tags[other] : tags[mine]) { return .invalid }
        case 4, 5:
          if tags[mine] == 0 { tags[mine] = tag } else if tags[mine] != tag { return .invalid }
        default: if tags[mine] != 0, tag != tags[mine] { return .invalid }
        }
        let next = SCTPTransitions.next(direction, row, state)
        guard next != SCTPTransitions.invalid else { return .invalid }
        if chunk == 1 || chunk == 2, offset + 8 <= bytes.byteCount {
          tags[other] = bytes.be32(offset + 4)
          if chunk == 1, state == 1, conntrack[slot].isConfirmed { refreshes = false }
        }
        state = next
      }
      isFirst = false
      offset += (length + 3) / 4 * 4
    }
    guard !isFirst else { return .invalid }
    conntrack[slot].auxiliary = UInt64(tags[0]) << 32 | UInt64(tags[1])
    conntrack[slot].sctpState = state
    if state != before { conntrack[slot].pendingEvents.insert(.protocolInfo) }
    if refreshes {
      refresh(slot, conntrack.settings.sctpTimeouts[Int(state)], packet.direction, octets: packet.length)
    }
    if state == SCTPTransitions.established, before != state, direction == .reply || before == 3 {
      conntrack[slot].status.insert(.assured)
      conntrack[slot].pendingEvents.insert(.assured)
    }
    return .accept
  }
}
