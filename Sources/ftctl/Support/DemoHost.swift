// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import EngineHost
import FlowEngine
import Glibc
import NetfilterClient

/// A host of the demonstration: a network namespace without a name, so that nothing is left of it when the program ends in
/// any way, with one device and the kernel's own TCP.
struct DemoHost {
  let device: String
  /// In host byte order.
  let address: UInt32
  let gateway: UInt32
  /// Keeps the namespace.
  let namespace: Int32

  /// Makes the namespace.
  ///
  /// - Throws: ``NetlinkError``: EPERM without CAP_SYS_ADMIN.
  init(_ device: String, address: UInt32, gateway: UInt32) throws {
    self.device = device
    self.address = address
    self.gateway = gateway
    namespace = try NetworkNamespace.make()
  }

  /// Gives the device, which is there by now, its address, and the host its route.
  func configure() throws {
    try inside {
      try check("give '\(device)' an address", unsafe ftctl_device_set_address(device, address.bigEndian, 24))
      try check("set a route by '\(device)'", ftctl_route_default(gateway.bigEndian))
    }
  }

  /// Listens at a TCP port.
  ///
  /// - Returns: a descriptor for the caller to close.
  func listen(_ port: UInt16) throws -> Int32 {
    try inside { try check("listen", ftctl_tcp_listen(port, DemoTransfer.limit)) }
  }

  /// Connects to a TCP port of another host.
  ///
  /// - Returns: a descriptor for the caller to close.
  func connect(to other: DemoHost, _ port: UInt16) throws -> Int32 {
    try inside {
      try check(
        "connect through the engine", ftctl_tcp_connect(other.address.bigEndian, port, DemoTransfer.limit))
    }
  }

  private func inside<Result>(_ body: () throws -> Result) throws -> Result {
    try NetworkNamespace.inside(namespace, body)
  }

  @discardableResult
  private func check(_ operation: String, _ result: Int32) throws -> Int32 {
    guard result >= 0 else { throw NetlinkError(operation, .current) }
    return result
  }
}

/// A TCP transfer: both ends in one thread, what one sends the other counts and checks.
struct DemoTransfer {
  /// Seconds that anything may take.
  static let limit: Int32 = 10
  /// What is sent, again and again.
  private static let block: [UInt8] = (0..<(1 << 18)).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }

  private(set) var sent = 0
  private(set) var received = 0
  /// Whether all octets were those that were sent.
  private(set) var isIntact = true
  /// How long it took.
  private(set) var nanoseconds: UInt64 = 0

  var bitsPerSecond: Double { Double(received) * 8e9 / Double(max(1, nanoseconds)) }

  /// Sends for some time, and waits until all has come.
  ///
  /// - Throws: ``CommandFailure`` when nothing moves any more.
  mutating func run(from sender: Int32, to receiver: Int32, milliseconds: UInt64) throws {
    let start = MonotonicClock.now
    let limit = milliseconds * 1_000_000
    var memory = [UInt8](repeating: 0, count: Self.block.count)
    repeat {
      let wantsMore = MonotonicClock.now.since(start) < limit
      var ends = [
        pollfd(fd: receiver, events: Int16(POLLIN), revents: 0),
        pollfd(fd: sender, events: Int16(POLLOUT), revents: 0),
      ]
      // Safe: both structures outlive the call.
      let ready = unsafe poll(&ends, wantsMore ? 2 : 1, Self.limit * 1000)
      guard ready > 0 else { throw CommandFailure(.failed, "the transfer through the engine stands still") }
      if ends[0].revents != 0 { try receive(receiver, &memory) }
      if wantsMore, ends[1].revents != 0 { try send(sender) }
    } while received < sent || MonotonicClock.now.since(start) < limit
    nanoseconds = MonotonicClock.now.since(start)
  }

  private mutating func send(_ descriptor: Int32) throws {
    let rest = Self.block[(sent % Self.block.count)...]
    // Safe: the slice outlives the call.
    let length = unsafe rest.withUnsafeBytes {
      unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
    }
    guard length > 0 else { throw NetlinkError("send through the engine", .current) }
    sent += length
  }

  private mutating func receive(_ descriptor: Int32, _ memory: inout [UInt8]) throws {
    let start = received % Self.block.count
    let room = Self.block.count - start
    // Safe: recv writes at most the memory's length.
    let length = unsafe memory.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, room, Int32(MSG_DONTWAIT))
    }
    guard length > 0 else { throw NetlinkError("receive through the engine", .current) }
    isIntact = isIntact && memory[..<length] == Self.block[start..<(start + length)]
    received += length
  }
}
