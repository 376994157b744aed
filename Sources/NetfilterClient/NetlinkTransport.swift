// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc

/// Carries netlink datagrams to a kernel, or to an engine that answers in its place, and back.
///
/// One thread at a time may receive; another may send meanwhile.
package protocol NetlinkTransport: AnyObject, Sendable {
  /// The descriptor to poll for received datagrams.
  var descriptor: Int32 { get }

  /// Sends one datagram: one request, or several that belong together; a long one needs privileges where it is longer
  /// than net.core.wmem_max.
  ///
  /// - Throws: ``NetlinkError`` with the errno of sendto(2): EMSGSIZE when it is too long.
  func send(_ datagram: [UInt8]) throws(NetlinkError)

  /// Waits for a datagram and writes it to the start of `buffer`.
  ///
  /// - Returns: its length in octets.
  /// - Throws: ``NetlinkError``: ENOBUFS when datagrams were lost, ENOSPC when this one did not fit, EAGAIN when
  ///   the descriptor does not block and nothing is there.
  func receive(into buffer: inout MutableRawSpan) throws(NetlinkError) -> Int

  /// Joins a multicast group of nfnetlink.
  func subscribe(to group: UInt32) throws(NetlinkError)

  /// Octets of datagrams that may wait to be received.
  var receiveBuffer: Int32 { get }

  /// Asks for room for `octets` of datagrams that wait to be received, beyond the usual limit where privileges allow.
  ///
  /// - Returns: the size that was granted.
  func enlargeReceiveBuffer(to octets: Int32) -> Int32

  /// Whether a datagram, or an error, waits to be received, once all that was sent has been executed.
  var hasDatagram: Bool { get }
}

extension NetlinkTransport {
  /// The kernel executes a request before the call that sends it returns.
  package var hasDatagram: Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // Safe: the structure lives through the call.
    return unsafe poll(&entry, 1, 0) > 0
  }
}
