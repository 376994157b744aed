// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
package import FlowEngine
private import Glibc
private import Synchronization

/// A running engine: one thread that owns it, moves frames between its devices, lets time pass and serves the control
/// socket.
///
/// Each device gives a burst in turn, so that none starves another; the control socket and work from other threads come
/// after every few rounds, however busy the devices are.
///
/// `@unchecked Sendable`: after ``start()`` only the thread touches engine, server and ports until ``stop()`` has returned;
/// what others want done there is handed over under a mutex.
package final class EngineThread: @unchecked Sendable {
  /// What the thread owns.
  package struct State {
    package let engine: Engine
    package let server: ControlServer
    package internal(set) var ports: [TapPort?] = []
    /// Whether frames are taken from the ports.
    package var movesFrames = false

    /// Frames of a device are taken from and put on `port` from now on; nil: they go nowhere.
    package mutating func attach(_ port: TapPort?, to device: UInt32) {
      while ports.count <= Int(device) { ports.append(nil) }
      ports[Int(device)] = port
    }
  }

  /// Rounds of bursts between two looks at the control socket.
  private static let roundsOfBursts = 16
  /// Milliseconds after which a thread that has nothing to do looks at its devices.
  private static let longestPause: UInt64 = 1000

  private var state: State
  private let ready: ReadySet
  private let wake: Descriptor
  private var batch: FrameBatch
  private var watched: [Int32] = []
  private var thread = pthread_t()
  private let isStopping = Atomic<Bool>(false)
  private let work = Mutex<[@Sendable (inout State) -> Void]>([])
  private let vanished: @Sendable (String) -> Void

  /// - Parameters:
  ///   - engine: with its devices; nobody else may use it afterwards.
  ///   - server: likewise.
  ///   - largestFrame: octets of the longest frame that devices give.
  ///   - vanished: called in the thread with the name of a device that has been deleted.
  /// - Throws: ``HostError``.
  package init(
    _ engine: sending Engine, _ server: sending ControlServer, largestFrame: Int,
    vanished: @escaping @Sendable (String) -> Void
  ) throws {
    state = State(engine: engine, server: server)
    ready = try ReadySet()
    let wakeNumber = ftctl_event_descriptor()
    guard wakeNumber >= 0 else { throw HostError("make an event descriptor", ftctl_errno()) }
    wake = Descriptor(wakeNumber)
    batch = FrameBatch(largestFrame: largestFrame)
    self.vanished = vanished
    ready.watch(wakeNumber, .read, isNew: true)
    ready.watch(server.descriptor, .read, isNew: true)
  }

  /// Begins to serve; signals stay with the other threads.
  ///
  /// - Throws: ``HostError``.
  package func start() throws(HostError) {
    // Safe: the object is retained until the thread has taken it over.
    let created = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        // Safe: the argument is the object retained below, taken over exactly once.
        unsafe Unmanaged<EngineThread>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard created == 0 else { throw HostError("start a thread", created) }
  }

  /// Ends the thread and waits for it.
  ///
  /// - Returns: the engine, which is the caller's now.
  @discardableResult
  package func stop() -> Engine {
    isStopping.store(true, ordering: .relaxed)
    wakeUp()
    pthread_join(thread, nil)
    return state.engine
  }

  /// Calls `body` in the thread, between two bursts, and waits for its result.
  package func perform<Result: Sendable>(_ body: @escaping @Sendable (inout State) -> Result) -> Result {
    let answer = Answer<Result>()
    work.withLock { $0.append { state in answer.set(body(&state)) } }
    wakeUp()
    return answer.wait()
  }

  private func wakeUp() {
    var one: UInt64 = 1
    // Safe: the number outlives the call.
    _ = unsafe write(wake.number, &one, MemoryLayout<UInt64>.size)
  }

  // MARK: In the thread

  private func run() {
    state.engine.router.wallClockOffset = MonotonicClock.wallClockOffset
    state.engine.advance(to: MonotonicClock.now)
    watchPorts()
    var pause: Int32 = 0
    while !isStopping.load(ordering: .relaxed) {
      let events = ready.ready(waiting: pause)
      for (number, _) in events where number == wake.number { doWork() }
      if events.contains(where: { $0.number == state.server.descriptor }) {
        state.server.service(state.engine, now: MonotonicClock.now)
      }
      var isBusy = state.movesFrames
      for _ in 0..<Self.roundsOfBursts where isBusy { isBusy = moveBursts() }
      state.engine.advance(to: MonotonicClock.now)
      sendRest()
      state.server.publish(state.engine)
      pause = isBusy ? 0 : timeToDeadline()
    }
  }

  /// One burst of each device.
  ///
  /// - Returns: whether a device had any frames.
  private func moveBursts() -> Bool {
    var isBusy = false
    for index in state.ports.indices {
      guard let port = state.ports[index] else { continue }
      batch.removeAll()
      port.fill(&batch)
      if batch.count > 0 {
        isBusy = true
        move(UInt32(index))
      }
      if port.isGone { forget(UInt32(index)) }
    }
    return isBusy
  }

  /// Lets the engine deal with the batch, and sends what it says, in its order.
  private func move(_ device: UInt32) {
    state.engine.router.receive(&batch, on: device, at: MonotonicClock.now)
    let sent = state.engine.takeSent()
    var next = 0
    for position in 0..<batch.count {
      let before = batch.sentBefore(position)
      while next < before, next < sent.count {
        send(sent[next])
        next += 1
      }
      if case .forward(let output) = batch.outcome(position), let port = port(output) {
        let offload = batch.offload(position)
        let frame = batch.frame(position)
        port.send(frame.bytes, offload)
      }
    }
    while next < sent.count {
      send(sent[next])
      next += 1
    }
  }

  /// Sends what the engine made of its own accord.
  private func sendRest() {
    for frame in state.engine.takeSent() { send(frame) }
  }

  private func send(_ frame: SentFrame) {
    // Safe: the span does not outlive the array.
    port(frame.device)?.send(unsafe frame.bytes.span.bytes, frame.offload)
  }

  private func port(_ device: UInt32) -> TapPort? {
    Int(device) < state.ports.count ? state.ports[Int(device)] : nil
  }

  /// A device that has been deleted is down from now on.
  private func forget(_ device: UInt32) {
    guard let port = port(device) else { return }
    state.attach(nil, to: device)
    state.engine.router.setLink(device, up: false)
    watched.removeAll { $0 == port.number }
    vanished(port.name)
  }

  /// Milliseconds until something is due.
  private func timeToDeadline() -> Int32 {
    let nanoseconds = state.engine.router.nextDeadline.since(MonotonicClock.now)
    return Int32(min(nanoseconds / 1_000_000 + 1, Self.longestPause))
  }

  private func doWork() {
    var count: UInt64 = 0
    // Safe: read writes at most eight octets.
    _ = unsafe read(wake.number, &count, MemoryLayout<UInt64>.size)
    let items = work.withLock { list in
      defer { list = [] }
      return list
    }
    for item in items { item(&state) }
    watchPorts()
  }

  /// Watches the descriptors of ports that were attached since the last time; closed ones leave by themselves.
  private func watchPorts() {
    guard state.movesFrames else { return }
    let numbers = state.ports.compactMap { $0?.number }
    for number in numbers where !watched.contains(number) { ready.watch(number, .read, isNew: true) }
    watched = numbers
  }
}

/// A value that one thread makes and another waits for.
private final class Answer<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isThere: Descriptor

  init() { isThere = Descriptor(ftctl_event_descriptor()) }

  func set(_ new: Value) {
    value.withLock { $0 = new }
    var one: UInt64 = 1
    // Safe: the number outlives the call.
    _ = unsafe write(isThere.number, &one, MemoryLayout<UInt64>.size)
  }

  func wait() -> Value {
    while true {
      if let found = value.withLock({ $0 }) { return found }
      var waiting = pollfd(fd: isThere.number, events: Int16(POLLIN), revents: 0)
      // Safe: the structure outlives the call.
      _ = unsafe poll(&waiting, 1, 1000)
    }
  }
}
