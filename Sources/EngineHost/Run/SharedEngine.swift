// SPDX-License-Identifier: GPL-3.0-or-later

internal import FlowEngine
private import Synchronization

/// An engine with its devices and its control socket, with which one thread at a time works.
///
/// `@unchecked Sendable`: the state is reached with the mutex held only.
final class SharedEngine: @unchecked Sendable {
  /// What the mutex guards.
  struct State {
    let engine: Engine
    let server: ControlServer
    /// The TAP devices, by the engine's index.
    fileprivate(set) var ports: [TapPort?] = []
    /// Whether frames are taken from the ports.
    fileprivate(set) var movesFrames = false
    /// Changes with the ports, and with whether frames are taken from them.
    fileprivate(set) var revision = 1

    /// Frames of a device are taken from and put on `port` from now on; nil: they go nowhere.
    mutating func attach(_ port: TapPort?, to device: UInt32) {
      while ports.count <= Int(device) { ports.append(nil) }
      ports[Int(device)] = port
      revision += 1
    }

    /// Frames are taken from the ports from now on.
    mutating func moveFrames() {
      movesFrames = true
      revision += 1
    }

    /// What is due by now happens, and its frames are handed over, with those that are left from before.
    mutating func letTimePass() -> [SentFrame] {
      let now = MonotonicClock.now
      if now > engine.router.now { engine.advance(to: now) }
      server.publish(engine)
      return engine.takeSent()
    }

    /// Milliseconds until something is due.
    var timeToDeadline: UInt64 { engine.router.nextDeadline.since(MonotonicClock.now) / 1_000_000 + 1 }
  }

  private let mutex = Mutex<Void>(())
  private var state: State
  private let published = Atomic<Int>(1)

  /// - Parameters:
  ///   - engine: with its devices; nobody else may use it afterwards.
  ///   - server: likewise.
  init(_ engine: sending Engine, _ server: sending ControlServer) {
    engine.router.wallClockOffset = MonotonicClock.wallClockOffset
    engine.advance(to: MonotonicClock.now)
    state = State(engine: engine, server: server)
  }

  /// The state's revision, to be looked at without the mutex.
  var revision: Int { published.load(ordering: .acquiring) }

  /// Calls `body` with the state, while no other thread has it.
  func withState<Result, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var result: Swift.Result<Result, Failure>?
    mutex.withLock { _ in
      do throws(Failure) {
        result = .success(try body(&state))
      } catch {
        result = .failure(error)
      }
      published.store(state.revision, ordering: .releasing)
    }
    guard let result else { preconditionFailure("the mutex has called its closure") }
    return try result.get()
  }
}
