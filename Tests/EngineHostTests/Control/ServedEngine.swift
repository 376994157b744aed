// SPDX-License-Identifier: GPL-3.0-or-later

import CNetfilter
import FlowEngine
import Glibc
import NetlinkWire
import Synchronization
import TestSupport
import Testing

@testable import EngineHost

/// An engine that a thread of its own serves at a control socket in a folder of its own, until it is stopped.
///
/// `@unchecked Sendable`: only the thread touches server and engine; what a test wants done there is handed over
/// under the mutex, and the thread has ended when `stop()` returns.
final class ServedEngine: @unchecked Sendable {
  private static let numbers = Atomic<Int>(0)

  let instance: EngineInstance
  private let server: ControlServer
  private let engine = Engine(seed: 1)
  private var thread = pthread_t()
  private let isStopping = Atomic<Bool>(false)
  private let work = Mutex<[@Sendable (Engine, ControlServer) -> Void]>([])

  static func instance(_ name: String = EngineInstance.defaultName) throws -> EngineInstance {
    let number = numbers.add(1, ordering: .relaxed).newValue
    let folder = ScratchFolder.file("\(number)")
    return try #require(EngineInstance(name: name, folder: folder))
  }

  init(_ instance: EngineInstance? = nil, services: [any HostService] = []) throws {
    self.instance = try instance ?? Self.instance()
    server = try ControlServer(self.instance)
    for service in services { server.add(service) }
    let created = unsafe pthread_create(
      &thread, nil,
      { argument in
        // Safe: the argument is the object retained below, taken over exactly once.
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<ServedEngine>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    precondition(created == 0)
  }

  private func run() {
    while !isStopping.load(ordering: .relaxed) {
      var waiting = pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0)
      // Safe: the structure outlives the call.
      _ = unsafe poll(&waiting, 1, 10)
      var time = timespec()
      // Safe: the structure outlives the call.
      unsafe clock_gettime(CLOCK_MONOTONIC, &time)
      server.service(
        engine, now: Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)))
      let items = work.withLock { list in
        defer { list = [] }
        return list
      }
      for item in items { item(engine, server) }
    }
  }

  /// Calls `body` in the engine's thread and waits for its result.
  func perform<Result: Sendable>(_ body: @escaping @Sendable (Engine, ControlServer) -> Result) -> Result {
    let box = Box<Result>()
    work.withLock { $0.append { engine, server in box.set(body(engine, server)) } }
    while true {
      if let value = box.get() { return value }
      usleep(1000)
    }
  }

  /// Ends the thread.
  func stop() {
    isStopping.store(true, ordering: .relaxed)
    pthread_join(thread, nil)
  }
}

/// A value that one thread makes and another waits for.
private final class Box<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  func set(_ new: Value) { value.withLock { $0 = new } }
  func get() -> Value? { value.withLock { $0 } }
}
