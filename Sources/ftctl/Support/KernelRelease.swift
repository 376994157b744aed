// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import JSONDocument
import NetfilterClient

/// The kernel's release, for what depends on it.
struct KernelRelease: Comparable {
  var major: Int
  var minor: Int
  /// All of it, as uname(1) prints it.
  var text: String

  /// The running kernel's, or that of the kernel which the engine that is asked behaves like.
  static let current: KernelRelease = {
    if case .engine(let instance) = NetlinkEndpoint.current {
      let answer = EngineHostQuery.ask(instance, #"{"request":"instance"}"#)
      return KernelRelease(text: answer?["kernel"]?.string ?? "")
    }
    var name = utsname()
    guard unsafe uname(&name) == 0 else { return KernelRelease(text: "") }
    let text = unsafe withUnsafeBytes(of: name.release) { octets in
      unsafe String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
    }
    return KernelRelease(text: text)
  }()

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
    text = "\(major).\(minor)"
  }

  init(text: String) {
    let parts = text.split(separator: ".").prefix(2).map { part in Int(part.prefix { $0.isNumber }) ?? 0 }
    major = parts.first ?? 0
    minor = parts.count > 1 ? parts[1] : 0
    self.text = text
  }

  static func < (left: KernelRelease, right: KernelRelease) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  static func == (left: KernelRelease, right: KernelRelease) -> Bool {
    (left.major, left.minor) == (right.major, right.minor)
  }
}
