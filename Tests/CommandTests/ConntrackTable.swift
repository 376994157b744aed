// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport

/// A conntrack table in a namespace of its own, with entries of every kind in it that do not expire while a test
/// runs. Programs that are run inside see an /etc of the test's own, where every label has a name: `bit0` to `bit127`.
final class ConntrackTable {
  let namespace: LiveNamespace
  private let configuration: URL

  enum Failure: Error {
    case noNamespace
    case command(String)
  }

  /// Makes a table.
  ///
  /// - Parameters:
  ///   - entries: random entries, made by ConntrackFill.
  ///   - plain: more of them, made while the kernel neither counted nor kept times.
  ///   - seed: of the random entries.
  ///   - traffic: UDP flows with real packets, one to `traffic` of them, and one with a helper.
  /// - Throws: ``Failure`` with what a command said.
  init(entries: Int, plain: Int = 0, seed: UInt64 = 1, traffic: Int = 0) throws {
    guard let namespace = LiveNamespace() else { throw Failure.noNamespace }
    self.namespace = namespace
    configuration = FileManager.default.temporaryDirectory.appendingPathComponent("\(namespace.name)-etc")
    try writeConfiguration()
    let rules = """
      add table inet t
      add ct helper inet t tftp { type "tftp" protocol udp; }
      add chain inet t output { type filter hook output priority 0; }
      add rule inet t output ct label set 1
      add rule inet t output ct state new udp dport 69 ct helper set "tftp"
      """
    // A kernel without the helper has its rules refused as a whole: the others go in alone then.
    if namespace.run(["nft", "-f", "-"], input: rules).status != 0 {
      let fewer = rules.split(separator: "\n").filter { !$0.contains("tftp") }.joined(separator: "\n")
      try command(["nft", "-f", "-"], input: fewer)
    }
    try command(["ip", "link", "set", "lo", "up"])
    try set("udp_timeout", 300_000)
    try set("udp_timeout_stream", 300_000)
    if plain > 0 { try fill(plain, seed: seed &+ 1000) }
    try set("acct", 1)
    try set("timestamp", 1)
    if entries > 0 { try fill(entries, seed: seed) }
    guard traffic > 0 else { return }
    let script = """
      for i in $(seq 1 \(traffic)); do for j in $(seq 1 $i); do head -c $((i * 3)) /dev/zero >&3; done 3>/dev/udp/127.0.0.1/$((7000 + i)); done
      echo x >/dev/udp/127.0.0.1/69
      """
    try command(["bash", "-c", script])
  }

  deinit { try? FileManager.default.removeItem(at: configuration) }

  /// What programs need of /etc, and names for all labels.
  private func writeConfiguration() throws {
    let files = FileManager.default
    try files.createDirectory(
      at: configuration.appendingPathComponent("xtables"), withIntermediateDirectories: true)
    for name in ["passwd", "protocols", "services", "nsswitch.conf", "localtime", "ld.so.cache", "hosts"] {
      let path = URL(fileURLWithPath: "/etc/\(name)").resolvingSymlinksInPath().path
      if files.fileExists(atPath: path) {
        try files.copyItem(atPath: path, toPath: configuration.appendingPathComponent(name).path)
      }
    }
    let labels = (0..<128).map { "\($0) bit\($0)\n" }.joined()
    try Data(labels.utf8).write(to: configuration.appendingPathComponent("xtables/connlabel.conf"))
  }

  /// Runs a command inside that must succeed.
  @discardableResult
  func command(_ command: [String], input: String = "") throws -> ProgramResult {
    let result = namespace.run(command, input: input)
    guard result.status == 0 else { throw Failure.command("\(command): \(result.error)\(result.output)") }
    return result
  }

  /// Sets a sysctl of net.netfilter, by its name behind `nf_conntrack_`.
  func set(_ name: String, _ value: Int) throws {
    try command(["sysctl", "-qw", "net.netfilter.nf_conntrack_\(name)=\(value)"])
  }

  /// Adds random entries.
  func fill(_ count: Int, seed: UInt64) throws {
    try command([BuiltProgram.conntrackFill, "\(count)", "\(seed)"])
  }

  /// Runs a program inside, with the labels' names in its sight.
  ///
  /// The mount is in the mount namespace that `ip netns exec` makes, and goes with it.
  func run(_ command: [String], environment: [String: String?] = [:]) throws -> ProgramResult {
    let mount = "mount --bind '\(configuration.path)' /etc && exec \"$@\""
    return try TestSupport.run(
      namespace.command(["sh", "-c", mount, "sh"] + command), environment: environment, within: 300)
  }

  /// Runs ftctl inside.
  func ftctl(_ arguments: [String]) throws -> ProgramResult { try run([BuiltProgram.ftctl] + arguments) }

  /// Runs conntrack(8) inside.
  func conntrack(_ arguments: [String]) throws -> ProgramResult {
    let result = try run(["conntrack"] + arguments)
    guard result.status == 0 else { throw Failure.command("conntrack \(arguments): \(result.error)") }
    return result
  }
}
