// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

/// When output is coloured.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// Options of every subcommand; they may stand before it, too.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .customLong("netns"),
    help: ArgumentHelp(
      "Work in the network namespace of this name, as 'ip -n' does; some subcommands take 'all'",
      valueName: "name"),
    completion: .custom { words, _, _ in LiveValues.namespaces(for: words) })
  var namespace: String?

  @Option(
    help: ArgumentHelp(
      "Colour the output (default: auto, on a terminal unless NO_COLOR is set)", valueName: "when"))
  var color: ColorChoice = .auto

  @Flag(
    help: "Work with a running userspace engine in the kernel's place, see 'ftctl --userspace run'")
  var userspace = false

  @Option(
    help: ArgumentHelp(
      "The userspace engine's name (default: \(EngineInstance.defaultName))", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.instances() })
  var instance: String?

  /// Options that take a value, and those that do not.
  private static let valued: Set<String> = ["--netns", "--color", "--instance"]
  private static let flags: Set<String> = ["--userspace"]

  /// The arguments with the global options that stand before the subcommand moved behind it, where the
  /// subcommand's own parser finds them.
  static func movedBehindSubcommand(_ arguments: [String], of root: any ParsableCommand.Type) -> [String] {
    var rest = behindOptions(arguments[...])
    let moved = arguments[..<rest.startIndex]
    guard !moved.isEmpty else { return arguments }
    var path: [String] = []
    var command = root
    while let word = rest.first, let next = command.subcommand(word) {
      path.append(word)
      command = next
      rest = rest.dropFirst()
    }
    guard !path.isEmpty else { return arguments }
    return path + moved + rest
  }

  /// Turns to the engine that the command line to be completed names: options are not parsed then.
  static func turnToEngine(completing arguments: [String]) {
    guard arguments.first == "---completion", arguments.contains("--userspace") else { return }
    var global: [String] = ["--userspace"]
    if let place = arguments.firstIndex(of: "--instance"), place + 1 < arguments.count {
      global += arguments[place...place + 1]
    }
    // A name that is none leads nowhere, and nothing is completed.
    _ = try? GlobalOptions.parse(global)
  }

  /// The colours to use on standard output.
  var palette: Palette {
    switch color {
    case .always: .ansi
    case .never: .none
    case .auto: StandardOutput.isTerminal && !Self.noColor ? .ansi : .none
    }
  }

  /// `NO_COLOR` is set and not empty.
  private static var noColor: Bool {
    // Safe: the environment is not changed while the program runs.
    guard let value = unsafe getenv("NO_COLOR") else { return false }
    return unsafe value.pointee != 0
  }

  func validate() throws {
    if let instance {
      guard userspace else { throw ValidationError("--instance goes with --userspace") }
      guard EngineInstance(name: instance, folder: nil) != nil else {
        throw ValidationError(
          "--instance: '\(instance)' is no name: letters, digits, '-', '_' and '.' make one, at most 64")
      }
    }
    guard !userspace || namespace == nil else {
      throw ValidationError("--netns goes with the kernel: an engine has no network namespaces")
    }
    // At once, so that whatever asks the system from here on asks the engine.
    if userspace { NetlinkEndpoint.current = .engine(try engineInstance()) }
  }

  /// The engine that `--userspace` and `--instance` name.
  ///
  /// - Throws: `ValidationError` when the environment names a folder that no socket can be in.
  func engineInstance() throws -> EngineInstance {
    let folder = EngineInstance.folderVariable
    // Safe: the environment is not changed while the program runs.
    let value = unsafe getenv(folder).map { unsafe String(cString: $0) }
    guard let found = EngineInstance(name: instance ?? EngineInstance.defaultName, folder: value) else {
      throw ValidationError("\(folder): the path of the control socket would be too long")
    }
    return found
  }

  /// Whether the subcommand of a command line that is typed takes `--netns all`; so it seems while there is none.
  static func mayMeanEveryNamespace(_ words: [String]) -> Bool {
    let rest = behindOptions(words.dropFirst())
    guard let subcommand = rest.first else { return true }
    return switch subcommand {
    case "list", "count", "stats": true
    case "flowtable": rest.contains("list")
    default: Ftctl.subcommand(subcommand) == nil
    }
  }

  /// What follows the global options at the beginning.
  static func behindOptions(_ words: ArraySlice<String>) -> ArraySlice<String> {
    var rest = words
    while let word = rest.first {
      if valued.contains(word) {
        rest = rest.dropFirst(2)
      } else if flags.contains(word) || valued.contains(where: { word.hasPrefix($0 + "=") }) {
        rest = rest.dropFirst()
      } else {
        break
      }
    }
    return rest
  }

  /// Whether every named namespace is meant.
  var isEveryNamespace: Bool { namespace == "all" }

  /// Enters the namespace that `--netns` names.
  ///
  /// - Throws: ``CommandFailure`` for `all`, which only some subcommands take; ``NetlinkError``.
  func enterNamespace() throws {
    guard let namespace else { return }
    guard !isEveryNamespace else {
      throw CommandFailure(.usage, "--netns all is for list, count, stats and flowtable list")
    }
    try NetworkNamespace.enter(namespace)
  }

  /// Calls `body` once in the namespace that `--netns` names, or in each with its name for `all`.
  func forEachNamespace(_ body: (String?) throws -> Void) throws {
    if isEveryNamespace {
      try NetworkNamespace.forEach(body)
    } else {
      try enterNamespace()
      try body(nil)
    }
  }

  /// A session with the kernel of the current namespace, or with the engine.
  func session() throws -> NetlinkSession { NetlinkSession(try NetlinkEndpoint.open()) }
}

extension ParsableCommand {
  /// The subcommand of this name.
  static func subcommand(_ name: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0._commandName == name }
  }
}
