// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
internal import FlowEngine
private import Glibc
private import Synchronization

/// A thread that moves the frames of one queue of each device.
///
/// Reading and writing frames is nearly all of the work, and needs nothing of the others. A burst in hand, the thread takes
/// the engine, which is one, so that both directions of a flow meet in it whatever queues they came along; it holds it for
/// the time of a burst. The kernel sends a flow's frames along one queue, so that they stay in order.
///
/// `@unchecked Sendable`: after ``start()`` only the thread touches the queues until ``stop()`` has returned, and only
/// the caller whether it runs.
final class QueueWorker: @unchecked Sendable {
  /// Rounds of turns between two looks at the clock and the control socket.
  private static let roundsOfTurns = 8
  /// Frames of a device after which it is another's turn: bursts may be of one frame only, and the acknowledgments of each
  /// would wake who sends them.
  private static let framesOfTurn = 64
  /// Milliseconds after which a thread that has nothing to do looks at its devices.
  private static let longestPause: UInt64 = 1000

  private let shared: SharedEngine
  /// Which queue of each device.
  private let index: Int
  /// The control socket, where this thread serves it.
  private let server: Int32?
  /// Octets.
  private let largestFrame: Int
  private let vanished: @Sendable (String) -> Void
  private let ready: ReadySet
  private let wake: Descriptor
  private let isStopping = Atomic<Bool>(false)
  /// The revision of the shared state that the thread knows.
  private let known = Atomic<Int>(0)

  private var thread = pthread_t()
  /// Whether there is the thread; for the caller.
  private(set) var isRunning = false
  /// By the engine's index of the device.
  private var queues: [TapQueue?] = []
  private var watched: [Int32] = []

  /// - Parameters:
  ///   - shared: the engine.
  ///   - index: which queue of each device.
  ///   - server: the control socket, when this thread serves it.
  ///   - largestFrame: octets of the longest frame that devices give.
  ///   - vanished: called in the thread with the name of a device that has been deleted.
  /// - Throws: ``HostError``.
  init(
    _ shared: SharedEngine, index: Int, server: Int32?, largestFrame: Int,
    vanished: @escaping @Sendable (String) -> Void
  ) throws(HostError) {
    self.shared = shared
    self.index = index
    self.server = server
    self.vanished = vanished
    ready = try ReadySet()
    let number = ftctl_event_descriptor()
    guard number >= 0 else { throw HostError("make an event descriptor", ftctl_errno()) }
    wake = Descriptor(number)
    self.largestFrame = largestFrame
    ready.watch(number, .read, isNew: true)
    if let server { ready.watch(server, .read, isNew: true) }
  }

  /// Begins to work.
  ///
  /// - Throws: ``HostError``.
  func start() throws(HostError) {
    isStopping.store(false, ordering: .relaxed)
    // Safe: the object is retained until the thread has taken it over.
    let created = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        // Safe: the argument is the object retained below, taken over exactly once.
        unsafe Unmanaged<QueueWorker>.fromOpaque(argument).takeRetainedValue().run(until: nil)
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard created == 0 else { throw HostError("start a thread", created) }
    isRunning = true
  }

  /// Ends the thread, where it runs, and waits for it.
  func stop() {
    guard isRunning else { return }
    isStopping.store(true, ordering: .relaxed)
    wakeUp()
    pthread_join(thread, nil)
    isRunning = false
  }

  /// Does the thread's work in the calling thread until `descriptor` can be read; the thread ends before.
  func work(until descriptor: Int32) {
    stop()
    isStopping.store(false, ordering: .relaxed)
    ready.watch(descriptor, .read, isNew: true)
    run(until: descriptor)
  }

  /// Has the thread look at the shared state again.
  func wakeUp() {
    var one: UInt64 = 1
    // Safe: the number outlives the call.
    _ = unsafe write(wake.number, &one, MemoryLayout<UInt64>.size)
  }

  /// Whether the thread works with this revision of the shared state, or a later one.
  func knows(_ revision: Int) -> Bool { known.load(ordering: .acquiring) >= revision }

  // MARK: In the thread

  /// - Parameter descriptor: ends the work when it can be read.
  private func run(until descriptor: Int32?) {
    var batch = FrameBatch(largestFrame: largestFrame)
    var pause: Int32 = 0
    while !isStopping.load(ordering: .relaxed) {
      let events = ready.ready(waiting: pause)
      if events.contains(where: { $0.number == wake.number }) { takeWakeUp() }
      if let descriptor, events.contains(where: { $0.number == descriptor }) { return }
      if known.load(ordering: .relaxed) != shared.revision { lookAtPorts() }
      if let server, events.contains(where: { $0.number == server }) {
        shared.withState { $0.server.service($0.engine, now: MonotonicClock.now) }
      }
      var isBusy = !queues.isEmpty
      for _ in 0..<Self.roundsOfTurns where isBusy { isBusy = takeTurns(&batch) }
      let (rest, deadline) = shared.withState { state in (state.letTimePass(), state.timeToDeadline) }
      let queues = queues
      for frame in rest { Self.queue(frame.device, queues)?.send(frame) }
      pause = isBusy ? 0 : Int32(min(deadline, Self.longestPause))
    }
  }

  /// The turn of each device, so that none starves another.
  ///
  /// - Returns: whether a device may have more frames.
  private func takeTurns(_ batch: inout FrameBatch) -> Bool {
    let queues = queues
    var isBusy = false
    for device in queues.indices {
      guard let queue = queues[device] else { continue }
      var left = Self.framesOfTurn
      var hasMore = true
      while hasMore, left > 0 {
        batch.removeAll()
        hasMore = queue.fill(&batch)
        if batch.count > 0 { move(&batch, UInt32(device), queues) }
        left -= batch.count
      }
      if hasMore { isBusy = true }
      if queue.isGone { forget(UInt32(device)) }
    }
    return isBusy
  }

  /// Lets the engine deal with the batch, and sends what it says, in its order.
  private func move(_ batch: inout FrameBatch, _ device: UInt32, _ queues: [TapQueue?]) {
    let sent = shared.withState { state in
      state.engine.router.receive(&batch, on: device, at: MonotonicClock.now)
      return state.engine.takeSent()
    }
    var next = 0
    var position = 0
    while position < batch.count {
      let before = batch.sentBefore(position)
      while next < before, next < sent.count {
        Self.queue(sent[next].device, queues)?.send(sent[next])
        next += 1
      }
      if case .forward(let output) = batch.outcome(position), let queue = Self.queue(output, queues) {
        position = queue.send(&batch, from: position, leavingOn: output, sentBefore: before)
      } else {
        position += 1
      }
    }
    for frame in sent[next...] { Self.queue(frame.device, queues)?.send(frame) }
  }

  private static func queue(_ device: UInt32, _ queues: [TapQueue?]) -> TapQueue? {
    Int(device) < queues.count ? queues[Int(device)] : nil
  }

  /// A device that has been deleted is down from now on.
  private func forget(_ device: UInt32) {
    let name = shared.withState { state -> String? in
      // Another thread may have seen it first, or the device may have been made again.
      guard let port = state.ports[Int(device)], port.queues.contains(where: { $0 === queues[Int(device)] })
      else { return nil }
      state.attach(nil, to: device)
      state.engine.router.setLink(device, up: false)
      return port.name
    }
    if let name { vanished(name) }
    lookAtPorts()
  }

  private func takeWakeUp() {
    var count: UInt64 = 0
    // Safe: read writes at most eight octets.
    _ = unsafe read(wake.number, &count, MemoryLayout<UInt64>.size)
  }

  /// Works with the ports that there are now. Descriptors that were closed leave the set by themselves.
  private func lookAtPorts() {
    let revision = shared.withState { state in
      queues =
        state.movesFrames
        ? state.ports.map { port in port.flatMap { index < $0.queues.count ? $0.queues[index] : nil } } : []
      return state.revision
    }
    let numbers = queues.compactMap { $0?.number }
    for number in numbers where !watched.contains(number) { ready.watch(number, .read, isNew: true) }
    watched = numbers
    known.store(revision, ordering: .releasing)
  }
}
