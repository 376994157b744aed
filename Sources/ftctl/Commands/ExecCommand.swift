// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient
import NetlinkWire

struct ExecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec", abstract: "Run a program whose netlink sockets reach a userspace engine",
    discussion: """
      The program is not changed: a preloaded library gives it connections to the engine in place of its sockets to the \
      kernel's netfilter and routing. It must be dynamically linked, and must not be set-user-id. The status is the \
      program's own.

      EXAMPLES:
        ftctl --userspace exec -- nft -f router.nft
        ftctl --userspace exec -- nft list ruleset
        ftctl --userspace exec -- conntrack -E
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("The program and its arguments, behind '--'", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    guard global.userspace else {
      throw ValidationError("exec needs --userspace: programs reach the kernel without help")
    }
    guard !command.isEmpty else {
      throw ValidationError("exec needs a program and its arguments, behind '--'")
    }
  }

  func run() throws {
    let instance = try global.engineInstance()
    // Whether somebody is there is better said once, here, than by the program in its own way.
    _ = try NetlinkEndpoint.open()
    let library = try PreloadLibrary.path()
    try PreloadLibrary.setVariable(PreloadLibrary.socketVariable, instance.socketPath)
    try PreloadLibrary.setVariable("LD_PRELOAD", PreloadLibrary.preloading(library))
    throw CommandFailure(
      .failed, "cannot run '\(command[0])': \(PreloadLibrary.replaceProcess(command).explanation)")
  }
}

/// The library that carries other programs' netlink sockets to an engine.
enum PreloadLibrary {
  /// The environment's variable that tells the library where the engine is.
  static let socketVariable = "FTCTL_CONTROL_SOCKET"
  private static let file = "libftctl-preload.so"

  /// Where the library is: beside the program, or in the lib folder that belongs to its bin or sbin folder.
  ///
  /// - Throws: ``CommandFailure`` when it is nowhere.
  static func path() throws -> String {
    var memory = [UInt8](repeating: 0, count: Int(PATH_MAX))
    // Safe: readlink writes at most the memory's length.
    let length = unsafe memory.withUnsafeMutableBytes { octets in
      unsafe octets.withMemoryRebound(to: CChar.self) { text in
        unsafe text.baseAddress.map { unsafe readlink("/proc/self/exe", $0, text.count) } ?? -1
      }
    }
    let program = String(decoding: memory.prefix(max(0, length)), as: UTF8.self)
    let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    let candidates = ["", "/../lib", "/../lib/ftctl"].map { "\(folder)\($0)/\(file)" }
    guard let found = candidates.first(where: { unsafe access($0, R_OK) == 0 }) else {
      throw CommandFailure(
        .failed, "cannot find \(file)", hint: "it belongs beside ftctl, in \(folder), or in \(folder)/../lib")
    }
    return found
  }

  /// The value of LD_PRELOAD that puts the library before those that are preloaded anyway.
  static func preloading(_ library: String) -> String {
    // Safe: the environment is not changed while it is read.
    guard let others = unsafe getenv("LD_PRELOAD").map({ unsafe String(cString: $0) }), !others.isEmpty else {
      return library
    }
    return "\(library):\(others)"
  }

  /// - Throws: ``CommandFailure`` without memory.
  static func setVariable(_ name: String, _ value: String) throws {
    guard unsafe setenv(name, value, 1) == 0 else {
      throw CommandFailure(.failed, "cannot set '\(name)': \(ErrorNumber.current.explanation)")
    }
  }

  /// Becomes another program; returns only when that cannot be.
  static func replaceProcess(_ command: [String]) -> ErrorNumber {
    // Safe: the list ends with nil; when execvp succeeds, nothing is left to free.
    var words = unsafe command.map { unsafe strdup($0) } + [nil]
    signal(SIGPIPE, SIG_DFL)
    unsafe execvp(command[0], &words)
    let error = ErrorNumber.current
    unsafe words.forEach { unsafe free($0) }
    return error
  }
}
