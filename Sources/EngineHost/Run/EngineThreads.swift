// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
private import Glibc

/// A running engine: a thread for each queue of its devices moves frames, lets time pass, and the first of them serves the
/// control socket.
package final class EngineThreads {
  private let shared: SharedEngine
  private let workers: [QueueWorker]

  /// - Parameters:
  ///   - engine: with its devices; nobody else may use it afterwards.
  ///   - server: likewise.
  ///   - queues: of each device.
  ///   - largestFrame: octets of the longest frame that devices give.
  ///   - vanished: called in one of the threads with the name of a device that has been deleted.
  /// - Throws: ``HostError``.
  package init(
    _ engine: sending Engine, _ server: sending ControlServer, queues: Int = 1, largestFrame: Int,
    vanished: @escaping @Sendable (String) -> Void
  ) throws(HostError) {
    let control = server.descriptor
    let shared = SharedEngine(engine, server)
    var workers: [QueueWorker] = []
    for index in 0..<queues {
      workers.append(
        try QueueWorker(
          shared, index: index, server: index == 0 ? control : nil, largestFrame: largestFrame,
          vanished: vanished))
    }
    self.shared = shared
    self.workers = workers
  }

  /// Begins to serve; signals stay with the other threads.
  ///
  /// - Throws: ``HostError``.
  package func start() throws(HostError) {
    for worker in workers { try worker.start() }
  }

  /// Does the first thread's work in the calling thread, in its stead, until `descriptor` can be read.
  ///
  /// A process of one thread is spared the counting of references to the descriptors that it uses. Only the caller's own
  /// calls may follow, which find that thread gone.
  package func serve(until descriptor: Int32) { workers[0].work(until: descriptor) }

  /// Ends the threads and waits for them.
  ///
  /// - Returns: the engine, which is the caller's now.
  @discardableResult
  package func stop() -> Engine {
    for worker in workers { worker.stop() }
    return shared.withState { $0.engine }
  }

  /// Calls `body` between two bursts. When it has changed the devices, all threads work with the new ones afterwards.
  func withState<Result>(_ body: (inout SharedEngine.State) throws -> Result) rethrows -> Result {
    let before = shared.revision
    defer {
      let revision = shared.revision
      if revision != before {
        for worker in workers where worker.isRunning {
          worker.wakeUp()
          while !worker.knows(revision) { usleep(100) }
        }
      }
    }
    return try shared.withState(body)
  }
}
