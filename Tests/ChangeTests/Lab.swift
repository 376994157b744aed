// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetlinkWire
import TestSupport

/// A network namespace of a test's own, with what these tests ask of it.
final class Lab: Sendable {
  /// Whether such tests can run here.
  static var isPossible: Bool { LiveNamespace.isPossible }
  typealias Result = ProgramResult

  /// Why flows cannot have the FTP helper here; nil when they can.
  static let lacksFTPHelper: String? = {
    guard isPossible, let lab = try? Lab() else { return "needs root and network namespaces" }
    return (try? lab.addFTPMaster())?.status == 0 ? nil : "the kernel has no FTP helper (nf_conntrack_ftp)"
  }()

  struct Failure: Error { var text: String }

  static let ftctlPath = BuiltProgram.ftctl
  static let fillPath = BuiltProgram.conntrackFill

  private let namespace: LiveNamespace
  var name: String { namespace.name }

  init() throws {
    guard let made = LiveNamespace() else { throw Failure(text: "no network namespace can be made") }
    namespace = made
  }

  /// Runs a command inside.
  @discardableResult
  func run(_ command: [String], input: Data = Data()) -> Result {
    namespace.run(command, input: String(decoding: input, as: UTF8.self), within: 500)
  }

  /// Runs ftctl in this namespace.
  @discardableResult
  func ftctl(_ arguments: String..., input: String = "") throws -> Result {
    try TestSupport.run([Self.ftctlPath, "--netns", name] + arguments, input: input, within: 500)
  }

  /// Adds the TCP flow 1.1.1.1:1000 -> 2.2.2.2:21 with the FTP helper.
  func addFTPMaster() throws -> Result {
    try ftctl(
      "add", "-p", "tcp", "-s", "1.1.1.1", "-d", "2.2.2.2", "--sport", "1000", "--dport", "21", "-t", "100",
      "--state", "ESTABLISHED", "--helper", "ftp")
  }

  /// Runs conntrack(8) inside.
  @discardableResult
  func conntrack(_ line: String) -> Result {
    run(["conntrack"] + line.split(separator: " ").map(String.init))
  }

  /// The table's lines, sorted, without what passes: the seconds that are left.
  func table() -> [String] {
    conntrack("-L -o extended,labels").lines.map { line in
      let words = line.split(separator: " ", maxSplits: 5)
      return words.enumerated().filter { $0.offset != 4 }.map { String($0.element) }.joined(separator: " ")
    }.sorted()
  }

  /// Calls `body` on a thread that is inside, and waits for its end.
  func entered<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let box = Box<Value>()
    try namespace.entered { box.value = try body() }
    guard let value = box.value else { throw Failure(text: "the thread has no result") }
    return value
  }

  /// Runs a program to its end.
  static func run(_ command: [String]) throws -> Result { try TestSupport.run(command, within: 500) }
}

/// What a thread leaves behind for the one that waits for it.
private final class Box<Value: Sendable>: @unchecked Sendable {
  var value: Value?
}

extension ConntrackEntry {
  /// A UDP flow from 10.0.x.y to 198.51.100.1, port 53, that lives for ten minutes.
  static func udp(_ number: Int, port: UInt16 = 53, mark: UInt32 = 0) -> ConntrackEntry {
    var entry = ConntrackEntry()
    entry.original.source = IPAddress(ipv4: 0x0a00_0000 + UInt32(number))
    entry.original.destination = IPAddress(ipv4: 0xc633_6401)
    entry.original.sourcePort = 1000
    entry.original.destinationPort = port
    entry.original.layer4 = Layer4Protocol.udp
    entry.reply = entry.original
    swap(&entry.reply.source, &entry.reply.destination)
    swap(&entry.reply.sourcePort, &entry.reply.destinationPort)
    entry.timeoutField = 600
    entry.markField = mark
    entry.present = [.original, .reply, .ports, .timeout, .mark]
    return entry
  }
}
