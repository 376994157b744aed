// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire

/// Small files: sysctls and configuration.
enum SystemFile {
  /// The file's text, at most 1 MiB of it; nil when it cannot be read.
  static func text(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var octets: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 14)
    while octets.count < 1 << 20 {
      // Safe: read writes at most the block's length.
      let length = unsafe block.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if length < 0, ErrorNumber.current == .interrupted { continue }
      guard length > 0 else { break }
      octets += block[..<length]
    }
    return String(decoding: octets, as: UTF8.self)
  }

  /// The number in a sysctl of `net.netfilter`; nil where it does not exist.
  static func netfilterSetting(_ name: String) -> UInt64? { setting("net/netfilter/\(name)") }

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
