// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What the tracker reads of one segment. Sequence numbers in host order.
package struct TCPSegment: Sendable {
  package var flags: TCPFlags
  package var kind: TCPSegmentKind
  package var sequence: UInt32
  package var acknowledgment: UInt32
  package var window: UInt16
  /// Sequence number plus payload, SYN and FIN.
  package var end: UInt32
  /// Window scale option, at most 14, or nil.
  package var windowScale: UInt8?
  package var permitsSelectiveAck = false
  /// Highest edge of the selective acknowledgment blocks, or nil.
  package var highestSelectiveAck: UInt32?

  /// - Parameter view: the segment, its octets ending with the payload.
  @inline(__always)
  package init(_ view: borrowing TCPView) {
    flags = view.flags
    kind = TCPSegmentKind(view.flags)
    sequence = view.sequence
    acknowledgment = view.acknowledgment
    window = view.window
    end =
      view.sequence &+ UInt32(truncatingIfNeeded: view.payloadLength)
      &+ (view.flags.contains(.syn) ? 1 : 0) &+ (view.flags.contains(.fin) ? 1 : 0)
    let limit = TCPView.minimumLength
    if view.headerLength > limit { readOptions(view) }
  }

  @inline(never)
  private mutating func readOptions(_ view: borrowing TCPView) {
    let acknowledgment = self.acknowledgment
    var scale: UInt8?
    var permits = false
    var highest: UInt32?
    view.forEachOption { kind, option in
      switch (kind, option.byteCount) {
      case (3, 3): scale = min(option.u8(2), 14)
      case (4, 2): permits = true
      case (5, let length) where length >= 10 && (length - 2) % 8 == 0:
        var offset = 6
        while offset < length {
          let edge = option.be32(offset)
          if Int32(bitPattern: edge &- (highest ?? acknowledgment)) > 0 { highest = edge }
          offset += 8
        }
      default: break
      }
    }
    windowScale = scale
    permitsSelectiveAck = permits
    highestSelectiveAck = highest
  }

  /// Whether the flags are of a set that a TCP sends; PSH, ECE and CWR do not count.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, tcp_valid_flags.
  package static func isValid(_ flags: TCPFlags) -> Bool {
    switch flags.subtracting([.psh, .ece, .cwr]) {
    case [.syn], [.syn, .urg], [.syn, .ack], [.rst], [.rst, .ack], [.fin, .ack], [.fin, .ack, .urg], [.ack],
      [.ack, .urg]:
      true
    default: false
    }
  }
}

/// Whether `a` is before `b` in sequence space.
@inline(__always)
func isBefore(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: a &- b) < 0 }

/// Whether `a` is after `b` in sequence space.
@inline(__always)
func isAfter(_ a: UInt32, _ b: UInt32) -> Bool { isBefore(b, a) }
