// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// A line that is no flow: what is wrong with it, lower case, without a trailing full stop.
package struct RestoreError: Error, Equatable, Sendable, CustomStringConvertible {
  package var message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}

/// A flow as a line of a file describes it, ready to be created.
package struct RestoredFlow: Sendable {
  package var creation: ConntrackCreation
  /// Whether the flow was in a flowtable. The kernel then told neither its timeout nor its state: usual ones are
  /// put in their place, and the flow comes back on the classic path.
  package var wasOffloaded: Bool
}

/// Seconds that a flow lives whose timeout is not known.
package struct DefaultTimeouts: Sendable {
  /// An established TCP connection.
  package var tcp: UInt32 = 432_000
  /// UDP in one direction, and in both.
  package var udp: UInt32 = 30
  package var udpStream: UInt32 = 120
  /// Every other protocol.
  package var generic: UInt32 = 600

  package init() {}

  func timeout(of layer4: UInt8, isReplied: Bool) -> UInt32 {
    switch layer4 {
    case Layer4Protocol.tcp: tcp
    case Layer4Protocol.udp, Layer4Protocol.udplite: isReplied ? udpStream : udp
    default: generic
    }
  }
}
