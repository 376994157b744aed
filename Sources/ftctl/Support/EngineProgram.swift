// SPDX-License-Identifier: GPL-3.0-or-later
import EngineHost
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire

/// A router's description in a file.
enum TopologyFile {
  /// - Throws: ``CommandFailure`` that names the file, and line and column where its text is not JSON.
  static func read(_ path: String) throws -> Topology {
    let text = try SystemFile.contents(path)
    do {
      return try Topology(ofRouter: JSONValue(parsing: text))
    } catch {
      throw CommandFailure(.failed, "\(path): \(error)")
    }
  }
}

/// Other programs that work on an engine of ours.
enum EngineProgram {
  /// Has nft(8) load a file of rules into an engine that serves its control socket in another thread.
  ///
  /// - Throws: ``CommandFailure``; nft has said why.
  static func load(_ file: String, _ instance: EngineInstance) throws {
    guard try run(["nft", "-f", file], instance) == 0 else {
      throw CommandFailure(.failed, "cannot load '\(file)': nft has refused it")
    }
  }

  /// Runs a program by `exec` and waits for it.
  ///
  /// - Returns: its status as waitpid(2) tells it.
  /// - Throws: ``CommandFailure`` when it cannot be started.
  static func run(_ command: [String], _ instance: EngineInstance) throws -> Int32 {
    let program = CommandLine.arguments.first ?? "ftctl"
    let words = [program] + RunCommand.words(instance) + ["exec", "--"] + command
    // Safe: the lists end with nil and outlive the calls.
    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // The program has signals blocked, which its child shall get.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child = pid_t()
    let number = unsafe posix_spawn(&child, "/proc/self/exe", nil, &attributes, &arguments, environ)
    guard number == 0 else {
      let explanation = ErrorNumber(rawValue: number).explanation
      throw CommandFailure(.failed, "cannot start '\(command[0])': \(explanation)")
    }
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0, ErrorNumber.current == .interrupted {}
    return status
  }
}

/// A folder for the control socket of an engine that nobody else is to use; gone with its owner.
struct TemporaryFolder: ~Copyable {
  let path: String

  /// - Parameter purpose: a word for its name.
  /// - Throws: ``CommandFailure``.
  init(_ purpose: String) throws {
    var template = Array("/tmp/ftctl-\(purpose)-XXXXXX".utf8CString)
    // Safe: the template ends with NUL and is written in place.
    guard unsafe mkdtemp(&template) != nil else {
      throw CommandFailure(.failed, "cannot make a folder in '/tmp': \(ErrorNumber.current.explanation)")
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { unsafe rmdir(path) }
}
