// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient

/// A network namespace of a test's own, removed when the test lets go of it.
package final class LiveNamespace: Sendable {
  /// Whether this process may make one, and has the tools to fill it.
  package static var isPossible: Bool { Machine.lacksForNamespaces == nil }

  package let name = "ftctl-test-\(UInt32.random(in: 0...UInt32.max))"

  /// nil where the system allows none.
  package init?() {
    guard (try? TestSupport.run(["ip", "netns", "add", name]))?.status == 0 else { return nil }
  }

  deinit { _ = try? TestSupport.run(["ip", "netns", "delete", name]) }

  /// The command that runs `command` inside.
  package func command(_ command: [String]) -> [String] { ["ip", "netns", "exec", name] + command }

  /// Runs a command inside; status 127 when it cannot be run.
  @discardableResult
  package func run(_ command: [String], input: String = "", within seconds: Double = 120) -> ProgramResult {
    do {
      return try TestSupport.run(self.command(command), input: input, within: seconds)
    } catch {
      return ProgramResult(status: 127, bytes: Data(), error: "\(error)")
    }
  }

  /// Runs ftctl in this namespace, which it enters by itself.
  package func ftctl(_ arguments: [String], environment: [String: String?] = [:]) throws -> ProgramResult {
    try TestSupport.run([BuiltProgram.ftctl, "--netns", name] + arguments, environment: environment)
  }

  /// Calls `body` on a thread that is inside.
  package func entered(_ body: @escaping () throws -> Void) throws {
    final class Outcome: @unchecked Sendable { var error: (any Error)? }
    struct Work: @unchecked Sendable { let body: () throws -> Void }
    let outcome = Outcome()
    let work = Work(body: body)
    let done = DispatchSemaphore(value: 0)
    let name = name
    Thread.detachNewThread {
      do {
        try NetworkNamespace.enter(name)
        try work.body()
      } catch {
        outcome.error = error
      }
      done.signal()
    }
    done.wait()
    if let error = outcome.error { throw error }
  }
}
