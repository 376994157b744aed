// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// What one run of a program took.
public struct Cost {
  public var wall = Double.infinity
  /// User and system time.
  public var cpu = Double.infinity
  /// Largest resident set, in KiB.
  public var peak = 0
  /// Until the first octet of output; only measured where output is read.
  public var first = Double.infinity

  public init() {}

  public mutating func take(_ other: Cost) {
    wall = min(wall, other.wall)
    cpu = min(cpu, other.cpu)
    peak = max(peak, other.peak)
    first = min(first, other.first)
  }
}

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Runs a program with its output thrown away, or read by us until the first octet when `readsFirst`.
public func run(_ arguments: [String], readsFirst: Bool = false) -> Cost {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  var ends: [Int32] = [0, 0]
  if readsFirst {
    pipe(&ends)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
  } else {
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
  }
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
  var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
  defer { words.forEach { free($0) } }
  var process = pid_t()
  let start = now()
  guard posix_spawnp(&process, arguments[0], &actions, nil, &words, environ) == 0 else {
    fatalError("cannot run \(arguments[0])")
  }
  var cost = Cost()
  if readsFirst {
    close(ends[1])
    var octet = [UInt8](repeating: 0, count: 1 << 16)
    _ = read(ends[0], &octet, octet.count)
    cost.first = now() - start
    while read(ends[0], &octet, octet.count) > 0 {}
    close(ends[0])
  }
  var status: Int32 = 0
  var usage = rusage()
  wait4(process, &status, 0, &usage)
  cost.wall = now() - start
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
  cost.cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime)
  cost.peak = usage.ru_maxrss
  guard status == 0 else { fatalError("\(arguments.joined(separator: " ")) ended with status \(status)") }
  return cost
}

public func shell(_ command: String) {
  guard system(command) == 0 else { fatalError("failed: \(command)") }
}

/// A network namespace of the benchmark's own, on a machine whose limits allow `entries` entries.
public struct BenchNamespace {
  public let name = "ftctl-bench-\(getpid())"
  /// The folder of ftctl and its helpers: `FTCTL_BIN`, or the package's release build.
  public let product = getenv("FTCTL_BIN").map { String(cString: $0) } ?? ".build/release"
  /// What a command that is to run inside begins with.
  public var inside: [String] { ["ip", "netns", "exec", name] }

  public init(entries: Int) {
    Measuring.shell("ip netns add \(name)")
    // The limits are the machine's; they are only raised.
    for (name, least) in [("max", 2 * entries + 10_000), ("buckets", entries)] {
      Measuring.shell(
        "test $(sysctl -n net.netfilter.nf_conntrack_\(name)) -ge \(least)"
          + " || sysctl -qw net.netfilter.nf_conntrack_\(name)=\(least)")
    }
  }

  public func remove() { system("ip netns del \(name)") }

  /// Runs a command line of a shell inside.
  public func shell(_ command: String) {
    Measuring.shell(inside.joined(separator: " ") + " sh -c '\(command)'")
  }

  /// Runs a program inside and measures it.
  public func measure(_ arguments: [String], readsFirst: Bool = false) -> Cost {
    run(inside + arguments, readsFirst: readsFirst)
  }
}

// MARK: Text

/// The text right-aligned in `width` columns.
public func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
/// The number with so many digits behind the point.
public func fixed(_ value: Double, _ digits: Int) -> String {
  let scale = Int(pow(10, Double(digits)))
  let number = Int((value * Double(scale)).rounded())
  let fraction = "\(scale + number % scale)".dropFirst()
  return "\(number / scale).\(fraction)"
}
/// The text left-aligned in `width` columns.
public func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
