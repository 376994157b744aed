// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What the TCP tracker decided about a segment.
package enum TCPDecision: Equatable, Sendable {
  /// The packet has no entry; nothing of the entry but what is noted below changed.
  case invalid
  /// As `invalid`, and the entry's time left is lowered to the given seconds when more than 120 are left.
  case invalidLowering(seconds: UInt64)
  /// The packet keeps its entry, which is neither refreshed nor accounted.
  case ignore
  /// The entry is a dead connection's: delete it and look the packet up again.
  case replace
  /// A reset before any answer: account, delete, and let the packet go on.
  case delete
  /// Refresh for so many seconds and account; what changed, for events.
  case refresh(seconds: UInt64, stateChanged: Bool, becomesAssured: Bool)
}

extension TCPTracking {
  /// Takes in the first segment of an entry.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, tcp_new.
  /// - Returns: false when the segment may not start an entry.
  @inline(never)
  package mutating func begin(_ segment: TCPSegment, loose: Bool) -> Bool {
    switch TCPTransitions.lookup(.original, segment.kind, .none) {
    case .to(.synSent):
      self = TCPTracking()
      var side = TCPSide()
      side.end = segment.end
      side.maximumWindow = max(UInt32(segment.window), 1)
      side.maximumEnd = segment.end
      side.readOptions(segment)
      self[.original] = side
    case .to(.established) where loose:
      self = TCPTracking()
      var side = TCPSide()
      side.end = segment.end
      side.maximumWindow = max(UInt32(segment.window), 1)
      side.maximumEnd = segment.end &+ side.maximumWindow
      side.flags = [.selectiveAck, .liberal]
      self[.original] = side
      self[.reply].flags = [.selectiveAck, .liberal]
    case .to, .ignore, .invalid: return false
    }
    lastKind = .none
    return true
  }

  /// Judges a segment of a known entry. Segment and settings are only read: of what is not `inout`, a copy is made.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack_tcp_packet.
  @inline(__always)
  package mutating func handle(
    _ segment: inout TCPSegment, _ direction: FlowDirection, status: ConntrackStatus,
    _ settings: inout ConntrackSettings
  ) -> TCPDecision {
    var old = state
    let transition = TCPTransitions.lookup(direction, segment.kind, old)
    var next: TCPState
    var checksWindow = true
    switch transition {
    case .invalid: return .invalid
    case .ignore:
      guard resynchronises(segment, direction) else { return note(segment, direction) }
      old = .synSent
      next = .synReceived
    case .to(let target):
      next = target
      switch target {
      case .synSent where old.rawValue >= TCPState.timeWait.rawValue:
        let closing = self[.original].flags.union(self[.reply].flags).contains(.closeInit)
        if closing || (lastDirection == direction && lastKind == .rst) { return .replace }
        return note(segment, direction)
      case .synSent2: lastFlags.insert(.simultaneousOpen)
      case .synReceived where direction == .reply && segment.kind == .ack:
        if lastFlags.contains(.simultaneousOpen) { next = .established }
      case .timeWait where old == .lastAck && segment.kind == .ack:
        if lastDirection != direction, lastKind == .syn, lastFlags.contains(.challengeAck) {
          lastFlags.remove(.challengeAck)
          return .ignore
        }
      case .close where segment.kind == .rst:
        switch judgeReset(segment, direction, status, &settings, old: old) {
        case .invalid: return .invalid
        case .skipWindow: checksWindow = false
        case .keepState: next = old
        case .normal: break
        }
      default: break
      }
    }
    if checksWindow {
      switch checkWindow(&segment, direction, &settings) {
      case .ok, .tolerated: break
      case .ignore: return .ignore
      case .invalid: return invalidInWindow(segment, direction, status, &settings)
      }
    }
    lastKind = segment.kind
    lastDirection = direction
    state = next
    if old != next, next == .finWait { self[direction].flags.insert(.closeInit) }
    return refresh(segment, direction, old: old, next: next, status: status, &settings)
  }

  /// Chooses the time-out after an accepted segment.
  @inline(__always)
  private func refresh(
    _ segment: TCPSegment, _ direction: FlowDirection, old: TCPState, next: TCPState, status: ConntrackStatus,
    _ settings: inout ConntrackSettings
  ) -> TCPDecision {
    let normal = settings.tcpTimeouts[Int(next.rawValue)]
    let unacknowledged = self[.original].flags.union(self[.reply].flags).contains(.dataUnacknowledged)
    var seconds = normal
    if retransmissions >= settings.tcpMaximumRetransmissions, normal > settings.tcpRetransmissionTimeout {
      seconds = settings.tcpRetransmissionTimeout
    } else if segment.kind == .rst {
      seconds = settings.tcpTimeouts[Int(TCPState.close.rawValue)]
    } else if unacknowledged, normal > settings.tcpUnacknowledgedTimeout {
      seconds = settings.tcpUnacknowledgedTimeout
    } else if lastWindow == 0, normal > settings.tcpRetransmissionTimeout {
      seconds = settings.tcpRetransmissionTimeout
    }
    var becomesAssured = false
    if !status.contains(.seenReply) {
      if segment.kind == .rst { return .delete }
      if segment.kind == .syn, old == .synSent { return .ignore }
      if next == .established { seconds = min(seconds, settings.tcpUnacknowledgedTimeout) }
    } else if !status.contains(.assured), old == .synReceived || old == .established, next == .established {
      becomesAssured = true
    }
    return .refresh(seconds: seconds, stateChanged: old != next, becomesAssured: becomesAssured)
  }

  /// Whether a SYN+ACK answers a SYN that had been ignored; if so, takes the noted values over.
  @inline(never)
  private mutating func resynchronises(_ segment: TCPSegment, _ direction: FlowDirection) -> Bool {
    guard segment.kind == .synAck, lastKind == .syn, lastDirection != direction,
      segment.acknowledgment == lastEnd
    else { return false }
    var side = self[lastDirection]
    side.end = lastEnd
    side.maximumEnd = lastEnd
    side.maximumWindow = max(UInt32(lastWindow), 1)
    side.scale = lastWindowScale
    lastFlags.remove(.challengeAck)
    side.flags = lastFlags
    self[lastDirection] = side
    self[direction] = TCPSide()
    return true
  }

  /// Remembers an ignored segment.
  @inline(never)
  private mutating func note(_ segment: TCPSegment, _ direction: FlowDirection) -> TCPDecision {
    lastKind = segment.kind
    lastDirection = direction
    lastSequence = segment.sequence
    lastEnd = segment.end
    lastWindow = segment.window
    if segment.kind == .syn, direction == .original {
      lastFlags = []
      lastWindowScale = 0
      if let scale = segment.windowScale {
        lastFlags.insert(.windowScale)
        lastWindowScale = scale
      }
      if segment.permitsSelectiveAck { lastFlags.insert(.selectiveAck) }
      if state == .lastAck { lastFlags.insert(.challengeAck) }
    }
    if state == .synSent, segment.kind == .ack, direction == .reply { lastAck = segment.acknowledgment }
    return .ignore
  }

  private enum ResetJudgement { case normal, invalid, keepState, skipWindow }

  @inline(never)
  private func judgeReset(
    _ segment: TCPSegment, _ direction: FlowDirection, _ status: ConntrackStatus,
    _ settings: inout ConntrackSettings,
    old: TCPState
  ) -> ResetJudgement {
    switch old {
    case .finWait, .closeWait, .lastAck, .timeWait, .close: return .skipWindow
    case .none, .synSent, .synReceived, .established, .synSent2: break
    }
    let peer = self[direction.opposite]
    if peer.flags.contains(.maximumAckSet), lastKind != .syn {
      let established = old == .established && status.contains(.assured)
      if segment.sequence == 0, !established { return .normal }
      if isBefore(segment.sequence, peer.maximumAck), !settings.tcpIgnoresInvalidReset { return .invalid }
      if !established || segment.sequence == peer.maximumAck { return .normal }
      if lastKind == .ack, lastDirection == direction, segment.sequence == lastEnd { return .normal }
      // No exact match: a challenge acknowledgment may follow, so the connection is kept.
      return .keepState
    }
    let answersIgnored =
      (status.contains(.seenReply) && lastKind == .syn) || (!status.contains(.assured) && lastKind == .ack)
    if answersIgnored, segment.acknowledgment == lastEnd { return .skipWindow }
    if old == .synSent, lastKind == .ack, lastDirection == .reply, segment.sequence == lastAck {
      return .skipWindow
    }
    return .normal
  }

  /// An invalid FIN or RST from each side lowers the time left.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, nf_tcp_handle_invalid.
  @inline(never)
  private mutating func invalidInWindow(
    _ segment: TCPSegment, _ direction: FlowDirection, _ status: ConntrackStatus,
    _ settings: inout ConntrackSettings
  ) -> TCPDecision {
    guard segment.kind == .fin || segment.kind == .rst, status.contains(.assured),
      !status.contains(.fixedTimeout)
    else { return .invalid }
    if lastDirection != direction, lastKind == .rst || lastKind == .fin {
      return .invalidLowering(seconds: settings.tcpUnacknowledgedTimeout)
    }
    lastKind = segment.kind
    lastDirection = direction
    return .invalid
  }
}
