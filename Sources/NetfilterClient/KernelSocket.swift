// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
private import Glibc

/// A socket of the `AF_NETLINK` family, opened through libmnl in the thread's network namespace.
///
/// Extended acknowledgements are on, acknowledgements do not repeat the request, and the kernel chooses the port
/// id. The socket is closed with the last reference.
@safe
package final class KernelSocket: NetlinkTransport {
  /// Netlink's protocol numbers.
  package enum Bus: Sendable {
    case netfilter, route, generic, xfrm

    var number: Int32 {
      switch self {
      case .netfilter: NETLINK_NETFILTER
      case .route: NETLINK_ROUTE
      case .generic: NETLINK_GENERIC
      case .xfrm: NETLINK_XFRM
      }
    }
  }

  // Safe to share: libmnl reads the structure and never writes it after bind; the kernel serialises the rest.
  private nonisolated(unsafe) let socket: OpaquePointer
  package let descriptor: Int32
  /// What the kernel calls the socket, in the events that its requests cause for instance (`nlmsg_pid`).
  package var portID: UInt32 { unsafe mnl_socket_get_portid(socket) }

  /// - Parameters:
  ///   - bus: who is at the other end.
  ///   - isBlocking: whether `receive(into:)` waits.
  /// - Throws: ``NetlinkError`` with the errno of socket(2) or bind(2).
  package init(_ bus: Bus = .netfilter, isBlocking: Bool = true) throws(NetlinkError) {
    let flags = Int32(SOCK_CLOEXEC.rawValue) | (isBlocking ? 0 : Int32(SOCK_NONBLOCK.rawValue))
    guard let opened = unsafe mnl_socket_open2(bus.number, flags) else {
      throw NetlinkError("open a netlink socket", .current)
    }
    guard unsafe mnl_socket_bind(opened, 0, 0) == 0 else {
      let error = NetlinkError("bind a netlink socket", .current)
      unsafe mnl_socket_close(opened)
      throw error
    }
    unsafe socket = opened
    descriptor = unsafe mnl_socket_get_fd(opened)
    // Kernels before 4.12 and 4.3 have neither; their answers are then longer or say less.
    var on: Int32 = 1
    unsafe mnl_socket_setsockopt(opened, NETLINK_EXT_ACK, &on, 4)
    unsafe mnl_socket_setsockopt(opened, NETLINK_CAP_ACK, &on, 4)
  }

  deinit { unsafe mnl_socket_close(socket) }

  package func send(_ datagram: [UInt8]) throws(NetlinkError) {
    do throws(NetlinkError) {
      try sendOnce(datagram)
    } catch  where error.number.rawValue == EMSGSIZE {
      // The send buffer bounds a datagram. The kernel doubles what is asked for and wants 32 octets beyond.
      _ = ftctl_set_send_buffer(descriptor, Int32(clamping: datagram.count + 32))
      try sendOnce(datagram)
    }
  }

  private func sendOnce(_ datagram: [UInt8]) throws(NetlinkError) {
    _ = try retryingInterrupts("send a netlink request of \(datagram.count) octets") {
      // Safe: the array's storage outlives the call.
      unsafe datagram.withUnsafeBytes { unsafe mnl_socket_sendto(socket, $0.baseAddress, $0.count) }
    }
  }

  package func receive(into buffer: inout MutableRawSpan) throws(NetlinkError) -> Int {
    // Safe: libmnl writes at most the span's length; truncation is reported as ENOSPC.
    try unsafe buffer.withUnsafeMutableBytes { memory throws(NetlinkError) in
      try retryingInterrupts("receive a netlink answer") {
        unsafe mnl_socket_recvfrom(socket, memory.baseAddress, memory.count)
      }
    }
  }

  package func subscribe(to group: UInt32) throws(NetlinkError) {
    var group = Int32(group)
    // Safe: the option is an int that lives through the call.
    _ = try retryingInterrupts("join a netlink multicast group") {
      unsafe mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, 4)
    }
  }

  package var receiveBuffer: Int32 { ftctl_receive_buffer(descriptor) }

  package func enlargeReceiveBuffer(to octets: Int32) -> Int32 {
    _ = ftctl_set_receive_buffer(descriptor, octets)
    return ftctl_receive_buffer(descriptor)
  }
}
