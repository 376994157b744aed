// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation

/// A folder for the files of this process's tests, gone when it ends.
package enum ScratchFolder {
  private static let path: String = {
    let path = "/tmp/ftctl-tests-\(getpid())"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: "/tmp/ftctl-tests-\(getpid())") }
    return path
  }()

  /// A path in the folder that no other test has.
  package static func file(_ name: String) -> String {
    "\(path)/\(UInt64.random(in: 0...UInt64.max))-\(name)"
  }
}
