// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// What one run of a program took.
package struct Cost {
  package var wall = Double.infinity
  /// User and system time.
  package var cpu = Double.infinity
  /// Largest resident set, in KiB.
  package var peak = 0
  /// Until the first octet of output; only measured where output is read.
  package var first = Double.infinity

  package init() {}

  package mutating func take(_ other: Cost) {
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
package func run(_ arguments: [String], readsFirst: Bool = false) -> Cost {
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

package func shell(_ command: String) {
  guard system(command) == 0 else { fatalError("failed: \(command)") }
}

/// A network namespace of the benchmark's own, on a machine whose limits allow `entries` entries.
package struct BenchNamespace {
  package let name = "ftctl-bench-\(getpid())"
  /// The folder of ftctl and its helpers: `FTCTL_BIN`, or the package's release build.
  package let product = getenv("FTCTL_BIN").map { String(cString: $0) } ?? ".build/release"
  /// What a command that is to run inside begins with.
  package var inside: [String] { ["ip", "netns", "exec", name] }

  package init(entries: Int) {
    Measuring.shell("ip netns add \(name)")
    // The limits are the machine's; they are only raised.
    for (name, least) in [("max", 2 * entries + 10_000), ("buckets", entries)] {
      Measuring.shell(
        "test $(sysctl -n net.netfilter.nf_conntrack_\(name)) -ge \(least)"
          + " || sysctl -qw net.netfilter.nf_conntrack_\(name)=\(least)")
    }
  }

  package func remove() { system("ip netns del \(name)") }

  /// Runs a command line of a shell inside.
  package func shell(_ command: String) {
    Measuring.shell(inside.joined(separator: " ") + " sh -c '\(command)'")
  }

  /// Runs a program inside and measures it.
  package func measure(_ arguments: [String], readsFirst: Bool = false) -> Cost {
    run(inside + arguments, readsFirst: readsFirst)
  }
}

// MARK: Text

/// The text right-aligned in `width` columns.
package func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
/// The number with so many digits behind the point.
package func fixed(_ value: Double, _ digits: Int) -> String {
  let scale = Int(pow(10, Double(digits)))
  let number = Int((value * Double(scale)).rounded())
  let fraction = "\(scale + number % scale)".dropFirst()
  return "\(number / scale).\(fraction)"
}
/// The text left-aligned in `width` columns.
package func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
