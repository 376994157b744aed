// SPDX-License-Identifier: GPL-3.0-or-later
package import Foundation
import Glibc

/// How a program ended, and what it wrote.
package struct ProgramResult: Sendable {
  /// The exit status; 128 and the signal's number when a signal ended it.
  package var status: Int32
  /// Standard output as it came.
  package var bytes: Data
  /// Standard error.
  package var error: String

  /// Standard output as text.
  package var output: String { String(decoding: bytes, as: UTF8.self) }
  /// The lines of standard output.
  package var lines: [Substring] { output.split(whereSeparator: \.isNewline) }
  /// The lines of standard error.
  package var errorLines: [Substring] { error.split(whereSeparator: \.isNewline) }
}

/// Why a program could not be run to its end.
package enum ProgramFailure: Error {
  /// No such program in the usual places.
  case missing(String)
  /// The system did not start it, and the errno.
  case cannotStart(String, Int32)
  /// It did not end within so many seconds, and was killed.
  case timeLimit(Double, [String])
}

/// A program that was started; what it writes goes to files, so that it never waits for a reader.
package final class RunningProgram {
  private let command: [String]
  private let folder: URL
  /// Its process id.
  package let identifier: Int32
  /// How it ended, as waitpid(2) tells it.
  private var ending: Int32?

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - command: the program, by path or by name, and its arguments.
  ///   - environment: variables that differ from this process's; nil removes one.
  ///   - input: what it reads on standard input.
  /// - Throws: ``ProgramFailure``; the file system's errors.
  package init(_ command: [String], environment: [String: String?] = [:], input: Data = Data()) throws {
    self.command = command
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("ftctl-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try input.write(to: folder.appendingPathComponent("input"))
    var variables = ProcessInfo.processInfo.environment
    for (name, value) in environment { variables[name] = value }
    identifier = try Self.spawn(
      Self.path(of: command[0]), command, variables.map { "\($0)=\($1)" }, in: folder.path)
  }

  deinit {
    if ending == nil, !hasEnded() {
      signal(SIGKILL)
      while !hasEnded() { usleep(1000) }
    }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Starts a process whose standard streams are files of the folder. (Foundation's own way of starting processes
  /// crashes now and then when two threads use it.)
  private static func spawn(
    _ path: String, _ arguments: [String], _ environment: [String], in folder: String
  ) throws -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let write = O_WRONLY | O_CREAT | O_TRUNC
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "\(folder)/input", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/output", write, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "\(folder)/error", write, 0o600)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigaddset(&signals, SIGPIPE)
    unsafe sigaddset(&signals, SIGINT)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    // Safe: both lists end with nil and are freed after the call, which copies what they point to.
    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (words + variables).forEach { unsafe free($0) } }
    var identifier: pid_t = 0
    let status = unsafe posix_spawn(&identifier, path, &actions, &attributes, &words, &variables)
    guard status == 0 else { throw ProgramFailure.cannotStart(path, status) }
    return identifier
  }

  private func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// Whether it is over.
  private func hasEnded() -> Bool {
    if ending != nil { return true }
    var status: Int32 = 0
    guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return false }
    ending = status
    return true
  }

  /// The path of a program: one with a slash as it is, else where system programs stand.
  package static func path(of name: String) throws -> String {
    guard !name.contains("/") else { return name }
    let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"]
    guard
      let path = folders.map({ "\($0)/\(name)" }).first(where: FileManager.default.isExecutableFile(atPath:))
    else { throw ProgramFailure.missing(name) }
    return path
  }

  /// Sends it a signal.
  package func signal(_ number: Int32) {
    if ending == nil { kill(identifier, number) }
  }

  /// What it has written to standard output up to now.
  package var outputSoFar: String {
    String(decoding: (try? Data(contentsOf: file("output"))) ?? Data(), as: UTF8.self)
  }

  /// What it has written to standard error up to now.
  package var errorSoFar: String {
    String(decoding: (try? Data(contentsOf: file("error"))) ?? Data(), as: UTF8.self)
  }

  /// Looks every 20 ms whether `condition` holds.
  ///
  /// - Returns: whether it did within so many seconds.
  package func wait(seconds: Double, until condition: () -> Bool) -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while !condition() {
      guard Date() < end else { return false }
      usleep(20_000)
    }
    return true
  }

  /// Waits for its end.
  ///
  /// - Throws: ``ProgramFailure/timeLimit(_:_:)`` after so many seconds.
  package func result(within seconds: Double = 120) throws -> ProgramResult {
    let end = Date().addingTimeInterval(seconds)
    var pause: UInt32 = 500
    while !hasEnded() {
      guard Date() < end else {
        signal(SIGKILL)
        throw ProgramFailure.timeLimit(seconds, command)
      }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
    let status = ending ?? 0
    let number = status & 0x7f
    return ProgramResult(
      status: number == 0 ? status >> 8 & 0xff : 128 + number, bytes: try Data(contentsOf: file("output")),
      error: errorSoFar)
  }
}

/// Runs a command to its end.
package func run(
  _ command: [String], environment: [String: String?] = [:], input: String = "", within seconds: Double = 120
) throws -> ProgramResult {
  try RunningProgram(command, environment: environment, input: Data(input.utf8)).result(within: seconds)
}
