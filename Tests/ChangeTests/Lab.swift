// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient
import NetlinkWire

/// A network namespace of a test's own, with ftctl beside it; removed when the test lets go of it.
final class Lab: Sendable {
  /// Why such tests cannot run here; nil when they can.
  static let obstacle: String? = {
    guard geteuid() == 0 else { return "needs root" }
    guard let lab = try? Lab() else { return "cannot make network namespaces here" }
    guard lab.conntrack("-C").status == 0 else { return "needs conntrack(8) and a kernel with conntrack" }
    return nil
  }()
  static var isPossible: Bool { obstacle == nil }

  struct Result: Sendable {
    var status: Int32
    var bytes: Data
    var error: String
    var output: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [Substring] { output.split(separator: "\n") }
  }

  struct Failure: Error { var text: String }

  private static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path
  static let ftctlPath = "\(folder)/ftctl"
  static let fillPath = "\(folder)/ConntrackFill"

  let name = "ftctl-test-\(UInt32.random(in: 0...UInt32.max))"

  init() throws {
    let made = try Self.run(["ip", "netns", "add", name])
    guard made.status == 0 else { throw Failure(text: made.error) }
  }

  deinit { _ = try? Self.run(["ip", "netns", "delete", name]) }

  /// Runs a command inside.
  @discardableResult
  func run(_ command: [String], input: Data = Data()) -> Result {
    do {
      return try Self.run(["ip", "netns", "exec", name] + command, input: input)
    } catch {
      return Result(status: 127, bytes: Data(), error: "\(error)")
    }
  }

  /// Runs ftctl in this namespace.
  @discardableResult
  func ftctl(_ arguments: String..., input: String = "") throws -> Result {
    try Self.run([Self.ftctlPath, "--netns", name] + arguments, input: Data(input.utf8))
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
    let done = DispatchSemaphore(value: 0)
    let name = name
    Thread.detachNewThread {
      box.result = Swift.Result {
        try NetworkNamespace.enter(name)
        return try body()
      }
      done.signal()
    }
    done.wait()
    guard let result = box.result else { throw Failure(text: "the thread has no result") }
    return try result.get()
  }

  /// Runs a program to its end.
  static func run(_ command: [String], input: Data = Data()) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ftctl-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String, _ data: Data = Data()) throws -> URL {
      let url = folder.appendingPathComponent(name)
      try data.write(to: url)
      return url
    }
    let process = Process()
    let paths = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(command[0])" }
    let path =
      command[0].hasPrefix("/") ? command[0] : paths.first(where: FileManager.default.isExecutableFile)
    guard let path else { throw Failure(text: "no program '\(command[0])'") }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = Array(command.dropFirst())
    process.standardInput = try FileHandle(forReadingFrom: file("input", input))
    let output = try file("output")
    let error = try file("error")
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationReason == .exit
        ? process.terminationStatus : 128 + process.terminationStatus,
      bytes: try Data(contentsOf: output),
      error: String(decoding: try Data(contentsOf: error), as: UTF8.self))
  }
}

/// What a thread leaves behind for the one that waits for it.
private final class Box<Value: Sendable>: @unchecked Sendable {
  var result: Swift.Result<Value, any Error>?
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
