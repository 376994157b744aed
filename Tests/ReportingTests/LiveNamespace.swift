// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient

/// A network namespace of a test's own, removed when the test lets go of it.
final class LiveNamespace: Sendable {
  /// Whether this process may make one, and has the tools to fill it.
  static var isPossible: Bool {
    geteuid() == 0 && tool("ip") != nil && tool("conntrack") != nil && LiveNamespace() != nil
  }

  let name = "ftctl-test-\(UInt32.random(in: 0...UInt32.max))"

  init?() {
    guard Self.run(["ip", "netns", "add", name]).status == 0 else { return nil }
  }

  deinit { _ = Self.run(["ip", "netns", "delete", name]) }

  struct Result: Sendable {
    var status: Int32
    var output: String
    var error: String
  }

  /// Runs a command inside.
  func run(_ command: [String], input: String = "") -> Result {
    Self.run(["ip", "netns", "exec", name] + command, input: input)
  }

  /// Calls `body` on a thread that is inside.
  func entered(_ body: @escaping () throws -> Void) throws {
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

  private static func tool(_ name: String) -> String? {
    ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(name)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  private static func run(_ command: [String], input: String = "") -> Result {
    guard let path = tool(command[0]) else {
      return Result(status: 127, output: "", error: "no \(command[0])")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = Array(command.dropFirst())
    let pipes = (input: Pipe(), output: Pipe(), error: Pipe())
    process.standardInput = pipes.input
    process.standardOutput = pipes.output
    process.standardError = pipes.error
    do { try process.run() } catch { return Result(status: 126, output: "", error: "\(error)") }
    pipes.input.fileHandleForWriting.write(Data(input.utf8))
    try? pipes.input.fileHandleForWriting.close()
    let output = pipes.output.fileHandleForReading.readDataToEndOfFile()
    let error = pipes.error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      error: String(decoding: error, as: UTF8.self))
  }
}
