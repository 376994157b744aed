// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the flows of the conntrack table")

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run() throws {
    try global.enterNamespace()
    let session = NetlinkSession(try KernelSocket())
    var output = OutputBuffer(capacity: 1 << 17)
    let context = FormatContext(now: Int64(time(nil)))
    let format = LineFormat(palette: global.palette)
    var first = true
    let summary = try session.dumpConntrack { entry in
      format.append(entry, context, to: &output)
      output.append(byte: 0x0a)
      if output.count > 1 << 16 || first {
        first = false
        try StandardOutput.flush(&output)
      }
      return true
    }
    try StandardOutput.flush(&output)
    StandardError.report("\(summary.entries) flow entries have been shown.")
  }
}
