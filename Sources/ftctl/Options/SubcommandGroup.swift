// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser

/// A command that does nothing but through its subcommands: alone it is wrong usage, not help that a script takes for success.
protocol SubcommandGroup: ParsableCommand {}

extension SubcommandGroup {
  func run() throws {
    let names = Self.configuration.subcommands.map { $0._commandName }
    throw ValidationError("\(Self._commandName) needs a subcommand: \(names.joined(separator: ", "))")
  }
}
