// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation

/// A running engine of a test's own, without frames, that ends when the test lets go of it.
///
/// `@unchecked Sendable`: its program is touched where it begins and ends alone.
package final class LiveEngine: @unchecked Sendable {
  private let folder: URL
  private let program: RunningProgram

  /// - Parameters:
  ///   - devices: names of the engine's ports.
  ///   - kernel: the release whose behaviour it has.
  /// - Throws: ``ProgramFailure`` when it does not begin to serve.
  package init(devices: [String] = ["d0", "d1"], kernel: String = "7.2") throws {
    folder = URL(fileURLWithPath: "/tmp/ftctl-engine-\(UInt32.random(in: 0...UInt32.max))")
    program = try RunningProgram(
      [BuiltProgram.engineServer, "--kernel", kernel] + devices, environment: ["FTCTL_RUN_DIR": folder.path])
    let program = program
    guard program.wait(seconds: 20, until: { program.outputSoFar.contains("ready") }) else {
      throw ProgramFailure.timeLimit(20, ["EngineServer"])
    }
  }

  deinit {
    program.signal(9)
    _ = try? program.result()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Variables that lead ftctl to it.
  package var environment: [String: String?] { ["FTCTL_RUN_DIR": folder.path] }

  /// Runs `ftctl --userspace`.
  package func ftctl(_ arguments: [String], input: String = "") throws -> ProgramResult {
    try run([BuiltProgram.ftctl, "--userspace"] + arguments, environment: environment, input: input)
  }

  /// Runs an unmodified program by `ftctl --userspace exec`.
  package func exec(_ command: [String], input: String = "") throws -> ProgramResult {
    try ftctl(["exec", "--"] + command, input: input)
  }

  /// Starts an unmodified program by `ftctl --userspace exec`.
  package func start(_ command: [String]) throws -> RunningProgram {
    try RunningProgram([BuiltProgram.ftctl, "--userspace", "exec", "--"] + command, environment: environment)
  }
}
