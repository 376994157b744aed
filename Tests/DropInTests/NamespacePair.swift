// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Synchronization
import TestSupport

/// Two network namespaces of a test's own: conntrack(8) works in one, the drop-in in the other.
final class NamespacePair: Sendable {
  /// What one program did with one command line.
  struct Outcome: Equatable, Sendable {
    var status: Int32
    /// Lines of standard output, sorted: the order of a table is the kernel's.
    var output: [String]
    var error: String
    /// The whole table, sorted, after the last line; a dump is what takes time here.
    var table: [String] = []
  }

  /// Why these tests cannot run here; nil when they can.
  static let obstacle: String? = {
    guard geteuid() == 0 else { return "needs root" }
    for tool in ["ip", "nft", "nsenter", "timeout", "conntrack"] where path(of: tool) == nil {
      return "needs the program '\(tool)'"
    }
    guard shell("conntrack -V", nil).output.contains("v1.4.7") else { return "compares with conntrack 1.4.7" }
    guard let pair = try? NamespacePair() else { return "cannot make network namespaces here" }
    return shell("conntrack -C", pair.names[0]).status == 0 ? nil : "the kernel has no conntrack"
  }()

  let names: [String]
  private let folder: URL
  /// The drop-in under the name of what it stands in for.
  let dropIn: String

  /// What the second program's netlink sockets reach instead of the second namespace.
  private let engine: LiveEngine?

  /// - Parameter comparesEngine: whether the second program is conntrack(8) itself, on a userspace engine.
  /// - Throws: ``ProgramFailure``; the file system's errors.
  init(comparesEngine: Bool = false) throws {
    engine = comparesEngine ? try LiveEngine(kernel: "6.12") : nil
    let number = UInt32.random(in: 0...UInt32.max)
    names = ["ftctl-original-\(number)", "ftctl-dropin-\(number)"]
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("ftctl-dropin-\(number)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    dropIn = folder.appendingPathComponent("conntrack").path
    let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("ftctl").path
    try FileManager.default.createSymbolicLink(atPath: dropIn, withDestinationPath: built)
    // A rule that sets labels gives each entry room for them.
    let rules = "table t { chain c { type filter hook input priority 0\n ct label set 1\n }\n}\n"
    for name in names {
      guard Self.shell("ip netns add \(name)", nil).status == 0 else { throw CocoaError(.featureUnsupported) }
      _ = Self.shell(
        """
        ip link set lo up
        echo 1 >/proc/sys/net/netfilter/nf_conntrack_events
        printf '\(rules.replacing("\n", with: "\\n"))' | nft -f -
        """, name)
    }
    _ = try engine?.exec(["nft", "-f", "-"], input: rules)
  }

  deinit {
    for name in names { _ = Self.shell("ip netns delete \(name)", nil) }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Runs both programs on each line in turn, each in its namespace.
  ///
  /// - Parameters:
  ///   - lines: arguments in shell syntax, with `$CT` for the program where a line is more than that.
  ///   - seed: lines that conntrack(8) carries out first, in both namespaces, after emptying the table.
  ///   - isSeededAnew: whether that is done again before each line.
  /// - Returns: for each line what conntrack did, and what the drop-in did.
  func run(_ lines: [String], seed: [String] = [], isSeededAnew: Bool = false) -> [(Outcome, Outcome)] {
    // At the same time: a listing walks the buckets of the whole machine, and most of the time is spent there.
    let programs = ["conntrack", engine == nil ? dropIn : "conntrack"]
    let results = Mutex<[[Outcome]]>([[], []])
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      let outcomes = run(
        lines, seed, isSeededAnew, names[index], programs[index], on: index == 1 ? engine : nil)
      results.withLock { $0[index] = outcomes }
    }
    return results.withLock { Array(zip($0[0], $0[1])) }
  }

  private func run(
    _ lines: [String], _ seed: [String], _ isSeededAnew: Bool, _ namespace: String, _ program: String,
    on engine: LiveEngine?
  ) -> [Outcome] {
    let base = folder.appendingPathComponent(namespace).path
    let sowing = "conntrack -F 2>/dev/null\n" + seed.map { "conntrack \($0) >/dev/null 2>&1\n" }.joined()
    var script = "CT=\(program)\n\(sowing)"
    for (index, line) in lines.enumerated() {
      let isEvent = line.contains("-E") || line.contains("--event")
      let command =
        line.contains("$CT") ? line : "timeout \(isEvent ? "-s INT 0.3" : "20") $CT \(line) </dev/null"
      if isSeededAnew, index > 0 { script += sowing }
      script +=
        "{ \(command)\n} >\(base).\(index).out 2>\(base).\(index).err; echo $? >\(base).\(index).status\n"
    }
    script += "conntrack -L -o extended,labels >\(base).\(lines.count - 1).table 2>/dev/null\n"
    if let engine {
      let file = "\(base).sh"
      try? Data(script.utf8).write(to: URL(fileURLWithPath: file))
      _ = try? engine.exec(["sh", file])
    } else {
      _ = Self.shell(script, namespace)
    }
    return lines.indices.map { index in
      func text(_ kind: String) -> String {
        let data = FileManager.default.contents(atPath: "\(base).\(index).\(kind)") ?? Data()
        return Self.normalized(String(decoding: data, as: UTF8.self))
      }
      func sorted(_ kind: String) -> [String] { text(kind).split(separator: "\n").map(String.init).sorted() }
      return Outcome(
        status: Int32(text("status").trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1,
        output: sorted("out"), error: text("err"), table: index == lines.count - 1 ? sorted("table") : [])
    }
  }

  /// The text with what differs between two runs replaced: identifiers, ports of netlink, times, and timeouts that
  /// were set to 600 or 100.
  static func normalized(_ text: String) -> String {
    var result = text
    for (pattern, replacement) in [
      (#"\bid=\d{5,}"#, "id=N"), (#"<id>\d+"#, "<id>N"), (#"portid=\d+( progname=\w+)?"#, "portid=N"),
      (#"\[\d{9,}\.[\d ]{6,}\]"#, "[TIME]"), (#"\b([45][0-9][0-9]|600)(?=[ <\n]|$)"#, "T600"),
      (#"(?<=\d |-t |timeout>)([89][0-9]|100)(?= |<)"#, "T100"),
      (#"\b(found|insert|search_restart|insert_failed)=\d+"#, "$1=N"),
      (#"expect_(new|create|delete)=\d+"#, "expect_$1=N"),
      (#"\[(start|stop)=[^]]*\]"#, "[$1]"), (#"<(start|stop|deltatime)>\d+"#, "<$1>N"),
      (#"\bdelta-time=\d+"#, "delta-time=N"),
    ] {
      result = result.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
    }
    return result
  }

  private static func path(of tool: String) -> String? {
    ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(tool)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  /// Runs a shell script, in a namespace where one is named.
  static func shell(_ script: String, _ namespace: String?) -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    let command = ["sh", "-c", script]
    let words = namespace.map { ["nsenter", "--net=/run/netns/\($0)"] + command } ?? command
    process.executableURL = URL(fileURLWithPath: path(of: words[0]) ?? "/bin/sh")
    process.arguments = Array(words.dropFirst())
    process.standardOutput = pipe
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { return (127, "") }
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
