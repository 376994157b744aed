// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
private import Glibc

/// Network namespaces by name, as `ip netns` keeps them under /run/netns.
package enum NetworkNamespace {
  private static let folder = "/run/netns"

  /// The names of all, sorted; empty where there are none.
  package static func names() -> [String] { FolderListing.names(folder).sorted() }

  /// Moves the calling thread into the namespace called `name`.
  ///
  /// - Throws: ``NetlinkError``: ENOENT when there is none, EPERM without CAP_SYS_ADMIN.
  package static func enter(_ name: String) throws(NetlinkError) {
    let operation = "enter network namespace '\(name)'"
    guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
      throw NetlinkError(operation, .invalid, hint: "a name is one of those that 'ip netns list' prints")
    }
    let descriptor: Int32
    do {
      descriptor = try retryingInterrupts(operation) {
        unsafe open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
      }
    } catch {
      let known = names()
      let hint =
        error.number != .noSuchEntry
        ? nil
        : known.isEmpty ? "there are no named namespaces" : "there are: \(known.joined(separator: ", "))"
      throw NetlinkError(operation, error.number, hint: hint)
    }
    defer { close(descriptor) }
    guard ftctl_enter_network_namespace(descriptor) == 0 else { throw NetlinkError(operation, .current) }
  }

  /// Calls `body` in each named namespace in turn, and returns to the one before.
  ///
  /// - Throws: ``NetlinkError`` when a namespace cannot be entered; what `body` throws.
  package static func forEach(_ body: (String) throws -> Void) throws {
    try returning {
      for name in names() {
        try enter(name)
        try body(name)
      }
    }
  }

  /// Calls `body` in the namespace called `name`, and returns to the one before.
  ///
  /// - Throws: ``NetlinkError`` when it cannot be entered; what `body` throws.
  package static func inside<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    try returning {
      try enter(name)
      return try body()
    }
  }

  /// Calls `body` in a namespace that a descriptor keeps, and returns to the one before.
  ///
  /// - Throws: ``NetlinkError`` when it cannot be entered; what `body` throws.
  package static func inside<Result>(_ descriptor: Int32, _ body: () throws -> Result) throws -> Result {
    try returning {
      guard ftctl_enter_network_namespace(descriptor) == 0 else {
        throw NetlinkError("enter a network namespace", .current)
      }
      return try body()
    }
  }

  /// Makes a namespace without a name, which lives as long as something keeps it.
  ///
  /// - Returns: a descriptor that does, for the caller to close.
  /// - Throws: ``NetlinkError``: EPERM without CAP_SYS_ADMIN.
  package static func make() throws -> Int32 {
    try returning {
      guard ftctl_unshare_network() == 0 else { throw NetlinkError("make a network namespace", .current) }
      return try current()
    }
  }

  /// A descriptor of the calling thread's namespace.
  private static func current() throws(NetlinkError) -> Int32 {
    try retryingInterrupts("open the current network namespace") {
      unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    }
  }

  /// Calls `body`, which may enter other namespaces, and returns to the one before.
  private static func returning<Result>(_ body: () throws -> Result) throws -> Result {
    let home = try current()
    defer {
      _ = ftctl_enter_network_namespace(home)
      close(home)
    }
    return try body()
  }
}
