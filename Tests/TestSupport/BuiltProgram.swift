// SPDX-License-Identifier: GPL-3.0-or-later
package import Foundation

/// The programs of this package, as they were built with the tests; ftctl is another one where FTCTL_PROGRAM names it.
package enum BuiltProgram {
  private static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path

  package static let ftctl = ProcessInfo.processInfo.environment["FTCTL_PROGRAM"] ?? "\(folder)/ftctl"
  package static let engineServer = "\(folder)/EngineServer"
  package static let conntrackFill = "\(folder)/ConntrackFill"

  /// The folder that holds Package.swift.
  package static let sourceRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A file of the package.
  package static func sourceText(_ path: String) throws -> String {
    try String(contentsOf: sourceRoot.appendingPathComponent(path), encoding: .utf8)
  }
}

/// What a test needs of the machine.
package enum Machine {
  /// Why tests in network namespaces of their own cannot run here; nil when they can.
  package static let lacksForNamespaces: String? = {
    guard geteuid() == 0 else { return "needs root" }
    for tool in ["ip", "nft", "conntrack", "sysctl", "sh"] where (try? RunningProgram.path(of: tool)) == nil {
      return "needs the program '\(tool)'"
    }
    guard let namespace = LiveNamespace() else { return "cannot make network namespaces here" }
    guard namespace.run(["conntrack", "-C"]).status == 0 else { return "the kernel has no conntrack" }
    return nil
  }()

  /// Whether a program is installed.
  package static func has(_ program: String) -> Bool { (try? RunningProgram.path(of: program)) != nil }
}
