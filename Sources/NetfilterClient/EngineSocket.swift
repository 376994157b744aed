// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
private import Glibc
package import NetlinkWire
private import Synchronization

/// A connection to a running engine's control socket, which carries netlink datagrams as ``ControlRequestTag`` says.
///
/// Extended acknowledgements are on and acknowledgements do not repeat the request, as on a ``KernelSocket``. The
/// connection is closed with the last reference.
package final class EngineSocket: NetlinkTransport {
  /// Milliseconds in which a running engine has answered.
  private static let patience: Int32 = 5000

  package let descriptor: Int32
  /// What the engine calls the connection, in the events that its requests cause for instance (`nlmsg_pid`).
  package let portID: UInt32
  private let receiveFlags: Int32
  /// Barriers that are still to come: one for each datagram that was sent.
  private let awaited = Atomic<Int>(0)

  /// - Parameters:
  ///   - instance: the engine.
  ///   - netlinkProtocol: `NETLINK_NETFILTER`, `NETLINK_ROUTE` or `NETLINK_GENERIC`.
  ///   - isBlocking: whether ``receive(into:)`` waits.
  /// - Throws: ``NetlinkError``: ENOENT or ECONNREFUSED when no such engine runs, EACCES or EPERM when it is another
  ///   user's, EPROTONOSUPPORT for another protocol.
  package init(
    _ instance: EngineInstance, netlinkProtocol: Int32, isBlocking: Bool = true
  ) throws(NetlinkError) {
    let operation = "reach the engine '\(instance.name)' at \(instance.socketPath)"
    guard [NETLINK_NETFILTER, NETLINK_ROUTE, NETLINK_GENERIC].contains(netlinkProtocol) else {
      throw NetlinkError(operation, .protocolNotSupported)
    }
    let connected = unsafe ftctl_control_connect(instance.socketPath)
    guard connected >= 0 else {
      let error = ErrorNumber.current
      throw NetlinkError(operation, error, hint: Self.hint(error, instance))
    }
    receiveFlags = isBlocking ? 0 : Int32(MSG_DONTWAIT)
    descriptor = connected
    do throws(NetlinkError) {
      do throws(NetlinkError) {
        try Self.send(connected, ControlRequestTag.open, [UInt8(netlinkProtocol)])
      } catch {
        // An engine that refuses the connection has said why before it closed it.
        guard error.number.rawValue == EPIPE else { throw error }
      }
      portID = try Self.awaitPortID(connected)
      for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK] {
        try Self.send(
          connected, ControlRequestTag.option, ControlPacket.octets(UInt32(bitPattern: option), 1))
      }
    } catch {
      close(connected)
      throw NetlinkError(operation, error.number, hint: error.hint)
    }
  }

  deinit { close(descriptor) }

  private static func hint(_ error: ErrorNumber, _ instance: EngineInstance) -> String? {
    switch error {
    case .noSuchEntry, ErrorNumber(rawValue: ECONNREFUSED):
      let others = instances(in: instance.folder)
      return others.isEmpty
        ? "no engine runs here: 'ftctl --userspace run' starts one"
        : "there are: \(others.joined(separator: ", "))"
    case .accessDenied, .operationNotPermitted:
      return "the engine is another user's: only its owner and root may use it"
    default: return nil
    }
  }

  /// The names of the instances that run in `folder`, sorted; those that an ended one has left a socket of are none.
  package static func instances(in folder: String) -> [String] {
    FolderListing.names(folder).compactMap { EngineInstance.name(ofFile: $0) }
      .filter { EngineInstance(name: $0, folder: folder).map(runs) ?? false }
      .sorted()
  }

  /// Whether somebody takes connections, mine or others'. The lock is not tried: an engine that starts would find it taken.
  private static func runs(_ instance: EngineInstance) -> Bool {
    let connected = unsafe ftctl_control_connect(instance.socketPath)
    guard connected >= 0 else { return ErrorNumber.current == .accessDenied }
    close(connected)
    return true
  }

  private static func awaitPortID(_ descriptor: Int32) throws(NetlinkError) -> UInt32 {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // Safe: the structure outlives the call.
    let ready = try retryingInterrupts("wait for the engine") { unsafe poll(&waiting, 1, patience) }
    guard ready > 0 else {
      throw NetlinkError(
        "wait for the engine", ErrorNumber(rawValue: ETIMEDOUT), hint: "it runs, but does not answer")
    }
    var content = [UInt8](repeating: 0, count: 4)
    var tag: UInt8 = 0
    // Safe: at most four octets are written, and both outlive the call.
    let length = try retryingInterrupts("hear from the engine") {
      unsafe content.withUnsafeMutableBytes {
        unsafe ftctl_control_receive(descriptor, &tag, $0.baseAddress, $0.count, 0)
      }
    }
    let number = content.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    switch tag {
    case ControlAnswerTag.opened where length == 4: return number
    case ControlAnswerTag.failure where length == 4:
      throw NetlinkError(
        "hear from the engine", ErrorNumber(rawValue: Int32(bitPattern: number)),
        hint: "the engine is another user's: only its owner and root may use it")
    default: throw NetlinkError("hear from the engine", .badMessage)
    }
  }

  // MARK: Sending

  private static func send(
    _ descriptor: Int32, _ tag: UInt8, _ content: some Collection<UInt8>
  ) throws(NetlinkError) {
    let octets = Array(content)
    _ = try retryingInterrupts("send a request to the engine") {
      // Safe: the array's storage outlives the call.
      unsafe octets.withUnsafeBytes {
        unsafe ftctl_control_send(descriptor, tag, $0.baseAddress, $0.count)
      }
    }
  }

  package func send(_ datagram: [UInt8]) throws(NetlinkError) {
    awaited.add(1, ordering: .relaxed)
    guard datagram.count > ControlLimit.fragment else {
      return try Self.send(descriptor, ControlRequestTag.finalFragment, datagram)
    }
    var rest = datagram[...]
    while !rest.isEmpty {
      let piece = rest.prefix(ControlLimit.fragment)
      rest = rest.dropFirst(piece.count)
      try Self.send(
        descriptor, rest.isEmpty ? ControlRequestTag.finalFragment : ControlRequestTag.fragment, piece)
    }
  }

  package func subscribe(to group: UInt32) throws(NetlinkError) {
    try Self.send(
      descriptor, ControlRequestTag.option,
      ControlPacket.octets(UInt32(bitPattern: NETLINK_ADD_MEMBERSHIP), group))
  }

  /// The system's default, which an engine gives, too (`net.core.rmem_default`).
  package var receiveBuffer: Int32 { 212_992 }

  package func enlargeReceiveBuffer(to octets: Int32) -> Int32 {
    try? Self.send(
      descriptor, ControlRequestTag.receiveBuffer, ControlPacket.octets(UInt32(clamping: octets)))
    return octets
  }

  // MARK: Receiving

  package func receive(into buffer: inout MutableRawSpan) throws(NetlinkError) -> Int {
    while true {
      var tag: UInt8 = 0
      let length = try unsafe buffer.withUnsafeMutableBytes { memory throws(NetlinkError) in
        try retryingInterrupts("receive an answer of the engine") {
          // Safe: at most the span's length is written.
          unsafe ftctl_control_receive(descriptor, &tag, memory.baseAddress, memory.count, receiveFlags)
        }
      }
      switch tag {
      case ControlAnswerTag.datagram:
        guard length <= buffer.byteCount else { throw NetlinkError("receive an answer", .noSpace) }
        return length
      case ControlAnswerTag.failure where length == 4 && buffer.byteCount >= 4:
        throw NetlinkError(
          "receive an answer", ErrorNumber(rawValue: Int32(bitPattern: buffer.bytes.host32(at: 0))))
      case ControlAnswerTag.barrier: awaited.subtract(1, ordering: .relaxed)
      default: continue
      }
    }
  }

  package var hasDatagram: Bool {
    while true {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // Safe: the structure outlives the call.
      let ready = unsafe poll(&waiting, 1, awaited.load(ordering: .relaxed) > 0 ? -1 : 0)
      if ready < 0, ErrorNumber.current == .interrupted { continue }
      guard ready > 0 else { return false }
      var tag: UInt8 = 0
      // Safe: one octet is written at most.
      guard unsafe recv(descriptor, &tag, 1, Int32(MSG_PEEK)) > 0 else { return true }
      if tag == ControlAnswerTag.datagram || tag == ControlAnswerTag.failure { return true }
      if tag == ControlAnswerTag.barrier { awaited.subtract(1, ordering: .relaxed) }
      unsafe recv(descriptor, &tag, 1, 0)
    }
  }

  // MARK: The host

  /// Asks the engine's host.
  ///
  /// - Parameter request: a JSON object with the member `request`.
  /// - Returns: the answer, a JSON text; nothing for a request whose answer goes on: see ``nextHostText()``.
  /// - Throws: ``NetlinkError``.
  package func askHost(_ request: String) throws(NetlinkError) -> [UInt8] {
    try Self.send(descriptor, ControlRequestTag.hostRequest, request.utf8)
    var answer: [UInt8] = []
    while let piece = try nextHostText() { answer += piece }
    return answer
  }

  /// The next piece of the host's answer; nil at a barrier.
  ///
  /// - Throws: ``NetlinkError``: ECONNRESET when the engine has ended.
  package func nextHostText() throws(NetlinkError) -> [UInt8]? {
    var memory = [UInt8](repeating: 0, count: ControlLimit.fragment)
    while true {
      var tag: UInt8 = 0
      let length = try retryingInterrupts("receive an answer of the engine") {
        // Safe: at most the array's length is written.
        unsafe memory.withUnsafeMutableBytes {
          unsafe ftctl_control_receive(descriptor, &tag, $0.baseAddress, $0.count, receiveFlags)
        }
      }
      switch tag {
      case ControlAnswerTag.answer: return Array(memory.prefix(length))
      case ControlAnswerTag.barrier: return nil
      default: continue
      }
    }
  }
}
