// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Measuring

// Measures `ftctl add --from` against `conntrack -R`, and `ftctl flush` with a selection that the kernel's own filter
// cannot say against one that it can and against a dump that is only received, in turn and in one run, on a table of its
// own. See ../README.md.

let arguments = CommandLine.arguments
let entries = arguments.count > 1 ? Int(arguments[1]) ?? 1_000_000 : 1_000_000
let part = arguments.count > 2 ? Int(arguments[2]) ?? 100_000 : 100_000
let rounds = arguments.count > 3 ? Int(arguments[3]) ?? 3 : 3
guard part < entries else { fatalError("usage: Changes ENTRIES PART ROUNDS, the part being the smaller") }
let here = arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
  separator: "/")
let bench = BenchNamespace(entries: entries)
defer { bench.remove() }
let ftctl = "\(bench.product)/ftctl"
let folder = "/tmp/\(bench.name)"
shell("mkdir \(folder)")
defer { system("rm -r \(folder)") }

// The part: UDP flows from 192.0.2.0/24, all with a mark that no other has.
let files = (save: "\(folder)/part.save", json: "\(folder)/part.jsonl")
let file = fopen(files.save, "w")
for index in 0..<part {
  let address = "192.0.2.\(index % 256)"
  let port = 1024 + index / 256
  fputs(
    "-A -t 86400 -u SEEN_REPLY -s \(address) -d 198.51.100.1 -r 198.51.100.1 -q \(address) -p udp"
      + " --sport \(port) --dport 53 --reply-port-src 53 --reply-port-dst \(port)\n", file)
}
fclose(file)
bench.shell(
  "\(ftctl) add --from \(files.save) && \(ftctl) annotate --src 192.0.2.0/24 --set-mark 0x5eedface >/dev/null"
)
bench.shell("\(ftctl) list -o jsonl >\(files.json)")

@MainActor
func measure(_ name: String, _ programs: [[String]], per count: Int, _ prepare: () -> Void) {
  var costs = [Cost](repeating: Cost(), count: programs.count)
  for _ in 0..<rounds {
    for (index, program) in programs.enumerated() {
      prepare()
      costs[index].take(bench.measure(program))
    }
  }
  print("\n\(name), best of \(rounds) rounds in turn")
  print(padded("program", 36) + "  wall s  / first    cpu s  / first   cpu us/entry  peak MiB")
  for (program, cost) in zip(programs, costs) {
    let words = program.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    print(
      padded(words.joined(separator: " "), 36)
        + column(fixed(cost.wall, 3), 8) + column(fixed(cost.wall / costs[0].wall, 3), 9)
        + column(fixed(cost.cpu, 3), 9) + column(fixed(cost.cpu / costs[0].cpu, 3), 9)
        + column(fixed(cost.cpu / Double(count) * 1e6, 2), 15)
        + column(fixed(Double(cost.peak) / 1024, 1), 10))
  }
}

measure(
  "restoring \(part) entries",
  [
    ["conntrack", "-R", files.save], [ftctl, "add", "--from", files.save],
    [ftctl, "add", "--from", files.json],
  ], per: part
) { bench.shell("conntrack -F 2>/dev/null") }

bench.shell("\(bench.product)/ConntrackFill \(entries - part) 1 plain")
measure(
  "flushing \(part) of \(entries) entries, first with the kernel's own filter, then a dump that is only received",
  [
    [ftctl, "flush", "--mark", "0x5eedface"], ["\(here)/dump"], [ftctl, "flush", "--src", "192.0.2.0/24"],
    [ftctl, "delete", "--src", "192.0.2.0/24"],
  ], per: part
) { bench.shell("\(ftctl) add --skip-existing --from \(files.json) 2>/dev/null") }
bench.shell("test $(conntrack -C) = \(entries - part)")
