// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import EngineHost
import FlowEngine

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Play recorded traces of a kernel on the userspace engine and compare",
    discussion: """
      Prints the first difference of each scenario that is not equal, and a summary: frames octet by octet, conntrack \
      lines, named counters. Status 0 only when all are equal.

      EXAMPLES:
        ftctl --userspace verify Tests/EngineHostTests/Traces/6.12
        ftctl --userspace verify --kernel 7.2 traces/7.2 tcp4-basic
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Option(
    help: ArgumentHelp(
      "Whose behaviour to reproduce: 6.1, 6.12, 7.2 (default: of the kernel that recorded each trace)",
      valueName: "release"), completion: .list(KernelGeneration.allCases.map(\.rawValue)))
  var kernel: String?

  @Flag(help: "Print the scenarios' names and play none")
  var list = false

  @Flag(help: "Print all differences of a scenario, not only the first")
  var all = false

  @Argument(help: "A folder of traces", completion: .directory)
  var folder: String

  @Argument(help: "Scenarios to play (default: all)")
  var names: [String] = []

  func run() throws {
    var verification = Verification(names: names)
    verification.showsAll = all
    if let kernel {
      guard let generation = KernelGeneration(rawValue: kernel) else {
        let known = KernelGeneration.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandFailure(.usage, "--kernel: unknown release '\(kernel)'", hint: "there are: \(known)")
      }
      verification.generation = generation
    }
    do {
      if list {
        for file in try verification.files(in: folder) { print(file.name) }
        return
      }
      let summary = try verification.run(folder: folder) { print($0) }
      guard summary.isEqual else { throw CommandFailure(.failed, "") }
    } catch let error as DescriptionError {
      throw CommandFailure(.failed, error.description)
    }
  }
}
