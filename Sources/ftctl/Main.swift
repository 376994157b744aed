// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient

/// The program: parse, run, and turn whatever went wrong into one line and a status.
@main
enum Main {
  static func main() {
    StandardStreams.occupyClosed()
    let commandLine = CommandLine.arguments
    if let words = DropIn.words(of: commandLine) { exit(DropIn.run(words)) }
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(commandLine.dropFirst())
    exit(run(arguments).rawValue)
  }

  private static func run(_ arguments: [String]) -> ExitStatus {
    do {
      // Scripts ask for it often, and the parser takes longer than all else.
      if arguments == ["--version"] {
        try StandardOutput.write(Ftctl.version + "\n")
        return .done
      }
      try refuseUnknownSubcommand(arguments)
      GlobalOptions.turnToEngine(completing: arguments)
      var command = try Ftctl.parseAsRoot(GlobalOptions.movedBehindSubcommand(arguments, of: Ftctl.self))
      try command.run()
      return .done
    } catch {
      return end(with: error)
    }
  }

  /// Refuses a subcommand that there is not: the parser calls it an argument, or shows the help of the last command
  /// that there is.
  private static func refuseUnknownSubcommand(_ arguments: [String]) throws {
    var words = GlobalOptions.behindOptions(arguments[...])
    let isHelp = words.first == "help"
    if isHelp { words = words.dropFirst().filter { !$0.hasPrefix("-") }[...] }
    var command: any ParsableCommand.Type = Ftctl.self
    for word in words {
      let names = command.configuration.subcommands.map { $0._commandName }
      // What follows are the subcommand's arguments; help takes none.
      guard isHelp || !names.isEmpty && !word.hasPrefix("-") else { return }
      guard let next = command.subcommand(word) else {
        throw ValidationError(
          "there is no subcommand \(SelectionError.quoted(word))"
            + SelectionError.suggestion(for: word, among: names))
      }
      command = next
    }
  }

  private static func end(with error: any Error) -> ExitStatus {
    if error is OutputClosed { return .done }
    if let interruption = error as? Interruption { interruption.endProgram() }
    switch Ftctl.exitCode(for: error) {
    case .success:
      do {
        try StandardOutput.write(Ftctl.fullMessage(for: error) + "\n")
        return .done
      } catch {
        return end(with: error)
      }
    case .validationFailure:
      var words = Ftctl.message(for: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
      if words.hasSuffix(".") { words.removeLast() }
      // A word in capitals, such as a variable's name, stays as it is.
      let isSentence = words.dropFirst().first?.isUppercase != true
      StandardError.report(isSentence ? words.prefix(1).lowercased() + words.dropFirst() : words)
      StandardError.hint("'ftctl help' and 'ftctl help SUBCOMMAND' show what there is")
      return .usage
    default:
      let failure = CommandFailure(error)
      StandardError.report(failure)
      return failure.status
    }
  }
}

/// The root command.
struct Ftctl: ParsableCommand {
  static let version = "ftctl 0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "ftctl",
    abstract:
      "Show and manage the flows of a Linux router: conntrack entries and the flowtables that carry them",
    discussion: """
      EXAMPLES:
        ftctl list --proto tcp --dport 443    HTTPS flows, as conntrack shows them
        ftctl list -o table --sort bytes      for people, the largest first
        ftctl count --by state,offload        how many flows are in which state
        ftctl monitor --events offload        flows as they take the fast path
      """,
    version: version,
    groupedSubcommands: [
      CommandGroup(
        name: "Flows",
        subcommands: [
          ListCommand.self, GetCommand.self, CountCommand.self, StatsCommand.self, MonitorCommand.self,
          TopCommand.self,
          AnnotateCommand.self, DeleteCommand.self, FlushCommand.self, AddCommand.self, ExpectCommand.self,
          OffloadCommand.self,
        ]),
      CommandGroup(
        name: "Flowtables",
        subcommands: [FlowtableCommand.self, RuleCommand.self, ApplyCommand.self, ExportCommand.self]),
      CommandGroup(name: "Diagnosis", subcommands: [ExplainCommand.self, DoctorCommand.self]),
      CommandGroup(
        name: "Userspace",
        subcommands: [
          DemoCommand.self, RunCommand.self, ReplayCommand.self, TraceCommand.self, VerifyCommand.self,
          ExecCommand.self,
        ]),
      CommandGroup(name: "Drop-in", subcommands: [ConntrackCommand.self]),
    ])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}
