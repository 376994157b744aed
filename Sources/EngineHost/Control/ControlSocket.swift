// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
private import Glibc
private import NetlinkWire

/// A file descriptor that is closed with its owner.
package struct Descriptor: ~Copyable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}

/// A connection of the control socket, from the server's side. Never blocks.
struct ControlConnection: ~Copyable {
  /// What became of a packet.
  enum Outcome: Equatable { case done, wouldBlock, closed }

  let descriptor: Descriptor
  let user: UInt32
  let process: Int32

  /// The next connection of a listening socket.
  ///
  /// - Returns: nil when there is none.
  init?(of listener: borrowing Descriptor) {
    var user: UInt32 = 0
    var process: Int32 = 0
    // Safe: both outlive the call.
    let accepted = unsafe ftctl_control_accept(listener.number, &user, &process)
    guard accepted >= 0 else { return nil }
    descriptor = Descriptor(accepted)
    self.user = user
    self.process = process
  }

  /// Sends one packet.
  func send(_ tag: UInt8, _ content: [UInt8]) -> Outcome {
    // Safe: the array's storage outlives the call.
    let result = unsafe content.withUnsafeBytes { octets in
      unsafe ftctl_control_send(descriptor.number, tag, octets.baseAddress, octets.count)
    }
    return result == 0 ? .done : Self.outcome(of: ftctl_errno())
  }

  /// Tells the other end that it has no business here, with the number of an error, before the connection is closed.
  ///
  /// What it had sent already is taken in first: a socket closed with unread packets is reset, and the answer is lost
  /// with it.
  consuming func refuse(_ number: Int32) {
    _ = send(ControlAnswerTag.failure, ControlPacket.octets(UInt32(bitPattern: number)))
    shutdown(descriptor.number, Int32(SHUT_RD))
    // recv writes nothing here; it answers with the length of the packet that it takes off.
    while recv(descriptor.number, nil, 0, Int32(MSG_TRUNC)) > 0 {}
  }

  /// Receives one packet into `buffer`, its tag included.
  ///
  /// - Returns: what happened, and the packet's length; a packet longer than the buffer ends the connection.
  func receive(into buffer: inout [UInt8]) -> (outcome: Outcome, length: Int) {
    let capacity = buffer.count
    var received = 0
    // Safe: recv writes at most `capacity` octets.
    received = unsafe buffer.withUnsafeMutableBytes { octets in
      unsafe recv(descriptor.number, octets.baseAddress, capacity, Int32(MSG_TRUNC))
    }
    if received < 0 { return (Self.outcome(of: ftctl_errno()), 0) }
    return received == 0 || received > capacity ? (.closed, 0) : (.done, received)
  }

  private static func outcome(of number: Int32) -> Outcome {
    switch number {
    case EAGAIN, EINTR, ENOBUFS: .wouldBlock
    default: .closed
    }
  }

  /// The name of the process at the other end; empty when it cannot be read.
  var processName: String {
    let file = unsafe open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var name = [UInt8](repeating: 0, count: 16)
    // Safe: read writes at most 16 octets.
    let length = unsafe name.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    guard length > 0 else { return "" }
    return String(decoding: name.prefix(length).prefix { $0 != 0x0a }, as: UTF8.self)
  }
}

/// Which descriptors are ready: an epoll(7) instance.
struct ReadySet: ~Copyable {
  struct Interest: OptionSet {
    let rawValue: UInt32
    static let read = Interest(rawValue: EPOLLIN.rawValue)
    static let write = Interest(rawValue: EPOLLOUT.rawValue)
    static let hangUp = Interest(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
  }

  let descriptor: Descriptor

  /// - Throws: ``HostError``.
  init() throws(HostError) {
    let number = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard number >= 0 else { throw HostError("make an epoll instance", ftctl_errno()) }
    descriptor = Descriptor(number)
  }

  /// Watches `number` for `interest` from now on.
  func watch(_ number: Int32, _ interest: Interest, isNew: Bool) {
    var event = unsafe epoll_event(events: interest.rawValue, data: epoll_data(fd: number))
    // Safe: the event outlives the call.
    _ = unsafe epoll_ctl(descriptor.number, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, number, &event)
  }

  /// The descriptors that are ready, at most 64; none when none is within that many milliseconds.
  func ready(waiting milliseconds: Int32 = 0) -> [(number: Int32, what: Interest)] {
    var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
    // Safe: epoll_wait writes at most 64 events.
    let count = unsafe events.withUnsafeMutableBufferPointer {
      unsafe epoll_wait(descriptor.number, $0.baseAddress, 64, milliseconds)
    }
    return unsafe events.prefix(max(0, Int(count))).map { event in
      // Safe: `watch` stores nothing else in the union.
      unsafe (event.data.fd, Interest(rawValue: event.events))
    }
  }
}
