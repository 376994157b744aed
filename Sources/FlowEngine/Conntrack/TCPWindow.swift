// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension TCPSide {
  /// Takes over what the options of a SYN say; a side that is tracked liberally stays so.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, tcp_options.
  mutating func readOptions(_ segment: TCPSegment) {
    scale = 0
    flags.formIntersection(.liberal)
    if segment.permitsSelectiveAck { flags.insert(.selectiveAck) }
    if let offered = segment.windowScale {
      scale = offered
      flags.insert(.windowScale)
    }
  }
}

extension TCPTracking {
  enum WindowVerdict: Equatable {
    case ok
    /// Outside, and let through since the sender is tracked liberally.
    case tolerated
    case ignore
    case invalid
  }

  /// Whether a segment fits the windows that both sides have shown, and takes it in if so.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, tcp_in_window; the four conditions are those of
  /// "Real Stateful TCP Packet Filtering in IP Filter", G. van Rooij.
  @inline(__always)
  mutating func checkWindow(
    _ segment: inout TCPSegment, _ direction: FlowDirection, _ settings: inout ConntrackSettings
  ) -> WindowVerdict {
    var sender = self[direction]
    var receiver = self[direction.opposite]
    let verdict = Self.take(
      segment, from: &sender, to: &receiver, direction, state, isLiberal: settings.tcpLiberal)
    self[direction] = sender
    self[direction.opposite] = receiver
    if verdict == .ok, segment.kind == .ack { countRetransmission(segment, direction) }
    return verdict
  }

  @inline(__always)
  private static func take(
    _ segment: TCPSegment, from sender: inout TCPSide, to receiver: inout TCPSide, _ direction: FlowDirection,
    _ state: TCPState, isLiberal: Bool
  ) -> WindowVerdict {
    var sequence = segment.sequence
    var end = segment.end
    var ack = segment.acknowledgment
    var sack = ack
    if receiver.flags.contains(.selectiveAck), let highest = segment.highestSelectiveAck { sack = highest }
    let isSYN = segment.flags.contains(.syn)
    let hasACK = segment.flags.contains(.ack)
    if sender.maximumWindow == 0 {
      if isSYN {
        initialise(&sender, &receiver, segment, direction)
        if !hasACK { return .ok }
      } else {
        sender.end = end
        sender.maximumWindow = max(UInt32(segment.window) << UInt32(sender.scale), 1)
        sender.maximumEnd = end &+ sender.maximumWindow
        if receiver.maximumWindow == 0 {
          receiver.end = sack
          receiver.maximumEnd = sack
        } else if sack == receiver.end &+ 1 {
          receiver.end &+= 1
        }
      }
    } else if isSYN, isAfter(end, sender.end), state == .synSent || state == .synReceived {
      initialise(&sender, &receiver, segment, direction)
      if direction == .reply, !hasACK { return .ok }
    }
    if !hasACK || (segment.flags.contains(.rst) && ack == 0) {
      ack = receiver.end
      sack = receiver.end
    }
    if segment.flags.contains(.rst), sequence == 0, state == .synSent {
      sequence = sender.end
      end = sender.end
    }
    let failure = failure(&sender, receiver, sequence: sequence, end: end, sack: sack)
    if failure != .ok {
      return isLiberal || sender.flags.contains(.liberal) ? .tolerated : failure
    }
    let window = isSYN ? UInt32(segment.window) : UInt32(segment.window) << UInt32(sender.scale)
    sender.maximumWindow = max(sender.maximumWindow, window &+ (sack &- ack))
    if isAfter(end, sender.end) {
      sender.end = end
      sender.flags.insert(.dataUnacknowledged)
    }
    if hasACK {
      if !sender.flags.contains(.maximumAckSet) {
        sender.maximumAck = ack
        sender.flags.insert(.maximumAckSet)
      } else if isAfter(ack, sender.maximumAck) {
        sender.maximumAck = ack
      }
    }
    if receiver.maximumWindow != 0, isAfter(end, sender.maximumEnd) {
      receiver.maximumWindow &+= end &- sender.maximumEnd
    }
    if isAfter(sack &+ window, receiver.maximumEnd &- 1) {
      receiver.maximumEnd = sack &+ window &+ (window == 0 ? 1 : 0)
    }
    if ack == receiver.end { receiver.flags.remove(.dataUnacknowledged) }
    return .ok
  }

  @inline(never)
  private static func initialise(
    _ sender: inout TCPSide, _ receiver: inout TCPSide, _ segment: TCPSegment, _ direction: FlowDirection
  ) {
    sender.end = segment.end
    sender.maximumEnd = segment.end
    sender.maximumWindow = max(UInt32(segment.window), 1)
    sender.readOptions(segment)
    if direction == .reply, !(sender.flags.contains(.windowScale) && receiver.flags.contains(.windowScale)) {
      sender.scale = 0
      receiver.scale = 0
    }
  }

  /// The four conditions. A segment that overshoots a little is let through and remembered.
  private static func failure(
    _ sender: inout TCPSide, _ receiver: TCPSide, sequence: UInt32, end: UInt32, sack: UInt32
  ) -> WindowVerdict {
    let oldestAck = receiver.end &- max(66_000, sender.maximumWindow) &- 1
    let isAckRecent = isAfter(sack, oldestAck)
    let isAckSent = isBefore(sack, receiver.end &+ 1)
    let isInReceiveWindow = isAfter(end, sender.end &- receiver.maximumWindow &- 1)
    guard isBefore(sequence, sender.maximumEnd &+ 1) else {
      let overshoot = end &- sender.maximumEnd &+ 1
      if receiver.maximumWindow != 0, isInReceiveWindow, isAckRecent, isAckSent,
        overshoot <= receiver.maximumWindow
      {
        sender.end = end
        sender.flags.insert(.dataUnacknowledged)
        return .ignore
      }
      return .invalid
    }
    guard isAckSent else { return .invalid }
    guard receiver.maximumWindow == 0 || isInReceiveWindow, isAckRecent else { return .ignore }
    return .ok
  }

  @inline(__always)
  private mutating func countRetransmission(_ segment: TCPSegment, _ direction: FlowDirection) {
    if lastDirection == direction, lastSequence == segment.sequence, lastAck == segment.acknowledgment,
      lastEnd == segment.end, lastWindow == segment.window
    {
      retransmissions &+= retransmissions == .max ? 0 : 1
      return
    }
    lastDirection = direction
    lastSequence = segment.sequence
    lastAck = segment.acknowledgment
    lastEnd = segment.end
    lastWindow = segment.window
    retransmissions = 0
  }
}
