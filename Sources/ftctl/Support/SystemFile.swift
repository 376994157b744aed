// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire

/// Files that are read whole: sysctls, configuration and descriptions.
enum SystemFile {
  /// Octets of a file at most.
  private static let limit = 16 << 20

  /// The file's text; `-` is standard input.
  ///
  /// - Throws: ``NetlinkError``: EFBIG for more than 16 MiB.
  static func contents(_ path: String) throws(NetlinkError) -> String {
    let file = try InputFile(path)
    var octets: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 14)
    while case let length = try file.read(into: &block), length > 0 {
      octets += block[..<length]
      guard octets.count <= limit else {
        throw NetlinkError("read '\(file.name)'", ErrorNumber(rawValue: EFBIG))
      }
    }
    return String(decoding: octets, as: UTF8.self)
  }

  /// The file's text; nil when it cannot be read.
  static func text(_ path: String) -> String? { try? contents(path) }

  /// The number in a sysctl of `net.netfilter`; nil where it does not exist.
  static func netfilterSetting(_ name: String) -> UInt64? { setting("net/netfilter/\(name)") }

  /// How a sysctl of `net.netfilter` gets a value, for hints.
  static func advice(_ name: String, _ value: UInt64) -> String {
    NetlinkEndpoint.current.isEngine
      ? "put \"sysctl\": {\"\(name)\": \(value)} into the engine's --topology file"
      : "sysctl -w net.netfilter.\(name)=\(value)"
  }

  /// The number in a sysctl, in the current network namespace or of the engine that is asked; nil where it does not exist.
  static func setting(_ path: String) -> UInt64? {
    if case .engine(let instance) = NetlinkEndpoint.current {
      let answer = EngineHostQuery.ask(instance, #"{"request":"sysctl","names":["\#(path)"]}"#)
      return answer?[path]?.double.flatMap { UInt64(exactly: $0) }
    }
    return text("/proc/sys/\(path)").flatMap { text in
      UInt64(text.split(whereSeparator: \.isWhitespace).first ?? "")
    }
  }

  /// Names of labels as this machine defines them; none where the file is missing.
  static func labelMap() -> ConntrackLabelMap {
    text(ConntrackLabelMap.defaultPath).map { ConntrackLabelMap(text: $0) } ?? ConntrackLabelMap()
  }
}
