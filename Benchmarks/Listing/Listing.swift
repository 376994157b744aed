// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Measuring

// Measures `ftctl list` and its relatives against a dump that is only received and against `conntrack -L`, in one run
// and in turn, on a table of its own. See ../README.md for the command.

let arguments = CommandLine.arguments
let entries = arguments.count > 1 ? Int(arguments[1]) ?? 1_000_000 : 1_000_000
let rounds = arguments.count > 2 ? Int(arguments[2]) ?? 5 : 5
let here =
  arguments[0].contains("/")
  ? arguments[0].split(separator: "/", omittingEmptySubsequences: false)
    .dropLast().joined(separator: "/") : "."
let bench = BenchNamespace(entries: entries)
defer { bench.remove() }
let product = bench.product
bench.shell("sysctl -qw net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1")
bench.shell("\(product)/ConntrackFill \(entries) 1 plain")

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
// The machine's speed changes from second to second: each run is compared with the bare dumps before and after it.
var ratios = [[Double]](repeating: [], count: programs.count)
for _ in 0..<rounds {
  var before = bench.measure(programs[0].arguments)
  for (index, program) in programs.enumerated() {
    let cost = bench.measure(program.arguments, readsFirst: program.readsFirst)
    let after = bench.measure(programs[0].arguments)
    costs[index].take(cost)
    ratios[index].append(2 * cost.wall / (before.wall + after.wall))
    before = after
  }
}
print("\(entries) entries, \(rounds) rounds in turn: best times, median ratio to the dumps before and after")
print(padded("program", 32) + "  wall s   / dump    cpu s  / conntrack  peak MiB")
for (index, program) in programs.enumerated() {
  let cost = costs[index]
  let ratio = ratios[index].sorted()[rounds / 2]
  print(
    padded(program.name, 32)
      + column(fixed(cost.wall, 3), 8) + column(fixed(ratio, 3), 9)
      + column(fixed(cost.cpu, 3), 9) + column(fixed(cost.cpu / costs[1].cpu, 3), 13)
      + column(fixed(Double(cost.peak) / 1024, 1), 10)
      + (program.readsFirst ? "   first line after \(fixed(cost.first * 1000, 1)) ms" : ""))
}
// Completion scripts ask thus, with the shell's name in the environment.
setenv("SAP_SHELL", "bash", 1)
for words in ["nft add table inet t", "nft add chain inet t c"] { bench.shell(words) }
let asked = ["\(product)/ftctl", "---completion", "list", "--"]
let starts: [(name: String, arguments: [String])] = [
  ("ftctl --version", ["\(product)/ftctl", "--version"]), ("conntrack -V", ["conntrack", "-V"]),
  ("completion of list --netns", asked + ["--netns", "2", "0", "ftctl", "list", "--netns", ""]),
  ("completion of list --zone", asked + ["--zone", "2", "0", "ftctl", "list", "--zone", ""]),
  (
    "completion of a chain",
    ["\(product)/ftctl", "---completion", "rule", "add", "--", "positional@0", "5", "0"]
      + ["ftctl", "rule", "add", "inet", "t", ""]
  ),
]
var startCosts = [Cost](repeating: Cost(), count: starts.count)
for _ in 0..<50 {
  for (index, program) in starts.enumerated() { startCosts[index].take(run(program.arguments)) }
}
for (program, cost) in zip(starts, startCosts) { print("\(program.name): \(fixed(cost.wall * 1000, 2)) ms") }
