// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

// Measures `ftctl list` and its relatives against a dump that is only received and against `conntrack -L`, in one run
// and in turn, on a table of its own. See ../README.md for the command.

/// What one run of a program took.
struct Cost {
  var wall = Double.infinity
  /// User and system time.
  var cpu = Double.infinity
  /// Largest resident set, in KiB.
  var peak = 0
  /// Until the first octet of output; only measured where output is read.
  var first = Double.infinity

  mutating func take(_ other: Cost) {
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
func run(_ arguments: [String], readsFirst: Bool = false) -> Cost {
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

func shell(_ command: String) {
  guard system(command) == 0 else { fatalError("failed: \(command)") }
}

let arguments = CommandLine.arguments
let entries = arguments.count > 1 ? Int(arguments[1]) ?? 1_000_000 : 1_000_000
let rounds = arguments.count > 2 ? Int(arguments[2]) ?? 5 : 5
let here =
  arguments[0].contains("/")
  ? arguments[0].split(separator: "/", omittingEmptySubsequences: false)
    .dropLast().joined(separator: "/") : "."
let product = getenv("FTCTL_BIN").map { String(cString: $0) } ?? ".build/release"
let namespace = "ftctl-bench-\(getpid())"
shell("ip netns add \(namespace)")
defer { system("ip netns del \(namespace)") }
let inside = ["ip", "netns", "exec", namespace]
// The limits are the machine's; they are only raised.
for (name, least) in [("max", 2 * entries + 10_000), ("buckets", entries)] {
  shell(
    "test $(sysctl -n net.netfilter.nf_conntrack_\(name)) -ge \(least)"
      + " || sysctl -qw net.netfilter.nf_conntrack_\(name)=\(least)")
}
shell(
  inside.joined(separator: " ")
    + " sysctl -qw net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1")
shell(inside.joined(separator: " ") + " \(product)/ConntrackFill \(entries) 1 plain")

// Entering the namespace costs each of them the same.
let programs: [(name: String, arguments: [String], readsFirst: Bool)] = [
  ("dump, received only", ["\(here)/dump"], false),
  ("conntrack -L", ["conntrack", "-L"], false),
  ("ftctl list", ["\(product)/ftctl", "list"], false),
  ("ftctl list -o extended,id", ["\(product)/ftctl", "list", "-o", "extended,id"], false),
  ("ftctl list -o jsonl", ["\(product)/ftctl", "list", "-o", "jsonl"], false),
  ("ftctl list -j", ["\(product)/ftctl", "list", "-j"], false),
  ("ftctl list -o xml", ["\(product)/ftctl", "list", "-o", "xml"], false),
  ("ftctl list -o table", ["\(product)/ftctl", "list", "-o", "table"], false),
  ("ftctl count --by state", ["\(product)/ftctl", "count", "--by", "state"], false),
  ("ftctl count --by src", ["\(product)/ftctl", "count", "--by", "src", "--top", "10"], false),
  ("ftctl list --mark 0xffffffff", ["\(product)/ftctl", "list", "--mark", "0xffffffff"], false),
  ("ftctl list, into a pipe", ["\(product)/ftctl", "list"], true),
]
var costs = [Cost](repeating: Cost(), count: programs.count)
for _ in 0..<rounds {
  for (index, program) in programs.enumerated() {
    costs[index].take(run(inside + program.arguments, readsFirst: program.readsFirst))
  }
}
func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
func fixed(_ value: Double, _ digits: Int) -> String {
  let scale = Int(pow(10, Double(digits)))
  let number = Int((value * Double(scale)).rounded())
  let fraction = "\(scale + number % scale)".dropFirst()
  return "\(number / scale).\(fraction)"
}
func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
print("\(entries) entries, best of \(rounds) rounds in turn")
print(padded("program", 32) + "  wall s   / dump    cpu s  / conntrack  peak MiB")
for (index, program) in programs.enumerated() {
  let cost = costs[index]
  print(
    padded(program.name, 32)
      + column(fixed(cost.wall, 3), 8) + column(fixed(cost.wall / costs[0].wall, 3), 9)
      + column(fixed(cost.cpu, 3), 9) + column(fixed(cost.cpu / costs[1].cpu, 3), 13)
      + column(fixed(Double(cost.peak) / 1024, 1), 10)
      + (program.readsFirst ? "   first line after \(fixed(cost.first * 1000, 1)) ms" : ""))
}
// Completion scripts ask thus, with the shell's name in the environment.
setenv("SAP_SHELL", "bash", 1)
let asked = ["\(product)/ftctl", "---completion", "list", "--"]
let starts: [(name: String, arguments: [String])] = [
  ("ftctl --version", ["\(product)/ftctl", "--version"]), ("conntrack -V", ["conntrack", "-V"]),
  ("completion of list --netns", asked + ["--netns", "2", "0", "ftctl", "list", "--netns", ""]),
  ("completion of list --zone", asked + ["--zone", "2", "0", "ftctl", "list", "--zone", ""]),
]
var startCosts = [Cost](repeating: Cost(), count: starts.count)
for _ in 0..<50 {
  for (index, program) in starts.enumerated() { startCosts[index].take(run(program.arguments)) }
}
for (program, cost) in zip(starts, startCosts) { print("\(program.name): \(fixed(cost.wall * 1000, 2)) ms") }
