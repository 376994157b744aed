// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A subscription to conntrack events.
package final class ConntrackEventSource {
  /// What a kernel's message announces.
  package enum Kind: Equatable, Sendable {
    case new, update, destroy
  }

  private let socket: any NetlinkTransport
  private let buffer = ReceiveBuffer()
  /// The receive buffer that the kernel granted, in octets.
  package let receiveBuffer: Int32

  /// The descriptor to poll.
  package var descriptor: Int32 { socket.descriptor }

  /// Joins the groups in the current network namespace; events are kept from now on.
  ///
  /// - Parameters:
  ///   - receiveBuffer: octets to ask for; an event takes about 640. nil is the system's default.
  ///   - groups: which of ``ConntrackGroup``.
  /// - Throws: ``NetlinkError``; EPERM without CAP_NET_ADMIN.
  package init(
    receiveBuffer: Int32?,
    groups: [UInt32] = [ConntrackGroup.new, ConntrackGroup.update, ConntrackGroup.destroy]
  ) throws(NetlinkError) {
    socket = try NetlinkEndpoint.open(isBlocking: false)
    if let receiveBuffer {
      self.receiveBuffer = socket.enlargeReceiveBuffer(to: receiveBuffer)
    } else {
      self.receiveBuffer = socket.receiveBuffer
    }
    for group in groups {
      do {
        try socket.subscribe(to: group)
      } catch {
        throw NetlinkError("subscribe to conntrack events", error.number, text: error.text)
      }
    }
  }

  /// Reads the events of one datagram.
  ///
  /// - Parameter body: reads an event, and the port id of the netlink client that caused it, or 0.
  /// - Returns: false when none is waiting.
  /// - Throws: ``NetlinkError``: ENOBUFS when the kernel had to drop events, once for each time that the buffer
  ///   was full; what `body` throws.
  package func read(_ body: (Kind, inout ConntrackEntry, UInt32) throws -> Void) throws -> Bool {
    do {
      try buffer.receive(from: socket) { datagram in
        var entry = ConntrackEntry()
        var messages = NetlinkMessageCursor(datagram)
        while try messages.advance() {
          let kind: Kind
          switch messages.type {
          case ConntrackMessage.type(ConntrackMessage.new):
            kind = messages.flags.contains(.create) ? .new : .update
          case ConntrackMessage.type(ConntrackMessage.delete):
            kind = .destroy
          default:
            continue
          }
          try entry.decode(messages.payload)
          try body(kind, &entry, messages.portID)
        }
      }
    } catch let error as NetlinkError where error.number == .wouldBlock {
      return false
    } catch let error as NetlinkFormatError {
      throw NetlinkError("read conntrack events", .badMessage, text: "\(error)")
    }
    return true
  }

  /// Reads the expectation events of one datagram.
  ///
  /// - Parameter body: reads an event.
  /// - Returns: false when none is waiting.
  /// - Throws: as ``read(_:)``.
  package func readExpectations(_ body: (Kind, ConntrackExpectation) throws -> Void) throws -> Bool {
    do {
      try buffer.receive(from: socket) { datagram in
        var messages = NetlinkMessageCursor(datagram)
        while try messages.advance() {
          switch messages.type {
          case ExpectationMessage.type(ExpectationMessage.new):
            let kind: Kind = messages.flags.contains(.create) ? .new : .update
            try body(kind, ConntrackExpectation(messages.payload))
          case ExpectationMessage.type(ExpectationMessage.delete):
            try body(.destroy, ConntrackExpectation(messages.payload))
          default:
            continue
          }
        }
      }
    } catch let error as NetlinkError where error.number == .wouldBlock {
      return false
    } catch let error as NetlinkFormatError {
      throw NetlinkError("read expectation events", .badMessage, text: "\(error)")
    }
    return true
  }
}
