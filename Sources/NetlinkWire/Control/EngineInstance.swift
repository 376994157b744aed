// SPDX-License-Identifier: GPL-3.0-or-later

/// A running engine's name, and where its control socket is.
package struct EngineInstance: Equatable, Sendable {
  package static let defaultName = "default"
  /// The environment's variable that names another folder.
  package static let folderVariable = "FTCTL_RUN_DIR"
  /// The folder of the sockets unless the environment names another.
  package static let defaultFolder = "/run/ftctl"
  private static let suffix = ".sock"

  /// The name alone.
  package let name: String
  /// Where its files are.
  package let folder: String

  /// `nil` when the name is none, or the path would be too long for a socket's address.
  ///
  /// - Parameters:
  ///   - name: of the instance: letters, digits, `-`, `_` and `.`, not first; at most 64.
  ///   - folder: of the sockets; nil or empty: the default.
  package init?(name: String = defaultName, folder: String?) {
    let isWord = name.utf8.allSatisfy { octet in
      switch octet {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isWord, (1...64).contains(name.utf8.count), !name.hasPrefix(".") else { return nil }
    self.name = name
    self.folder = folder.flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultFolder
    // sun_path holds 108 octets with the NUL.
    guard socketPath.utf8.count < 108, !socketPath.utf8.contains(0) else { return nil }
  }

  /// The control socket.
  package var socketPath: String { "\(folder)/\(name)\(Self.suffix)" }
  /// The file that a live instance keeps locked.
  package var lockPath: String { "\(folder)/\(name).lock" }

  /// The instance's name of a socket file, or nil when the file is something else.
  package static func name(ofFile file: String) -> String? {
    file.hasSuffix(suffix) && file.utf8.count > suffix.utf8.count ? String(file.dropLast(suffix.count)) : nil
  }
}
