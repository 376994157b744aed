// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A subscription to conntrack events.
package final class ConntrackEventSource {
  /// What a kernel's message announces.
  package enum Kind: Equatable, Sendable {
    case new, update, destroy
  }

  private let socket: KernelSocket
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  /// The receive buffer that the kernel granted, in octets.
  package let receiveBuffer: Int32

  /// The descriptor to poll.
  package var descriptor: Int32 { socket.descriptor }

  /// Joins the groups in the current network namespace; events are kept from now on.
  ///
  /// - Parameter receiveBuffer: octets to ask for; an event takes about 640.
  /// - Throws: ``NetlinkError``; EPERM without CAP_NET_ADMIN.
  package init(receiveBuffer: Int32) throws(NetlinkError) {
    socket = try KernelSocket(.netfilter, isBlocking: false)
    self.receiveBuffer = socket.enlargeReceiveBuffer(to: receiveBuffer)
    for group in [ConntrackGroup.new, ConntrackGroup.update, ConntrackGroup.destroy] {
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
    guard let length = try receive() else { return false }
    var entry = ConntrackEntry()
    do {
      let span = buffer.span
      let bytes = unsafe span.bytes
      var messages = NetlinkMessageCursor(bytes.extracting(first: length))
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
    } catch let error as NetlinkFormatError {
      throw NetlinkError("read conntrack events", .badMessage, text: "\(error)")
    }
    return true
  }

  /// The length of the next datagram, now in `buffer`; nil when none is waiting.
  private func receive() throws(NetlinkError) -> Int? {
    var span = buffer.mutableSpan
    var bytes = unsafe span.mutableBytes
    do {
      return try socket.receive(into: &bytes)
    } catch {
      if error.number == .wouldBlock { return nil }
      throw error
    }
  }
}
