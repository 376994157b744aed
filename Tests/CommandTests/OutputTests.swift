// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite(
  "Output of list, get, count and stats", .serialized,
  .enabled(if: Machine.lacksForNamespaces == nil, networkReason))
struct OutputTests {
  private func objects(_ result: ProgramResult) throws -> [[String: Any]] {
    try #require(try JSONSerialization.jsonObject(with: result.bytes) as? [[String: Any]])
  }

  @Test("an empty table is done: status 0, and nothing but what the form needs")
  func emptyTable() throws {
    let table = try ConntrackTable(entries: 0)
    let namespace = table.namespace
    let expected = ["line": "", "jsonl": "", "xml": "", "save": ""]
    for (format, text) in expected {
      let result = try namespace.ftctl(["list", "-o", format])
      #expect(result.status == 0 && result.output == text, "\(format)")
      #expect(result.errorLines == ["ftctl: 0 flow entries have been shown."], "\(format)")
    }
    #expect(try objects(namespace.ftctl(["list", "-j"])).isEmpty)
    #expect(try namespace.ftctl(["list", "-o", "csv"]).lines.count == 1)
    #expect(try namespace.ftctl(["list", "-o", "table"]).lines.count <= 1)
    let got = try namespace.ftctl(["get", "-p", "tcp"])
    #expect(got.status == 3 && got.bytes.isEmpty)
    #expect(got.errorLines == ["ftctl: 0 flow entries have been shown."])
    #expect(try objects(namespace.ftctl(["get", "-p", "tcp", "-j"])).isEmpty)
    #expect(try namespace.ftctl(["count"]).output == "0\n")
    #expect(try namespace.ftctl(["count", "--by", "state"]).output == "")
    #expect(try objects(namespace.ftctl(["count", "--by", "state", "-j"])).isEmpty)
  }

  /// Members of the objects and their kinds, as ftctl-json(5) describes them.
  private func documented() throws -> [String: String] {
    var result: [String: String] = [:]
    for line in try BuiltProgram.sourceText("man/ftctl-json.5").split(separator: "\n")
    where line.hasPrefix(".It Va ") {
      let words = line.split(separator: " ")
      if words.count == 5 { result[String(words[2])] = String(words[4]) }
    }
    return result
  }

  /// Notes the path and kind of every member.
  private func note(_ value: Any, _ path: String, _ found: inout [String: Set<String>]) {
    switch value {
    case let object as [String: Any]:
      if !path.isEmpty { found[path, default: []].insert("object") }
      for (key, member) in object { note(member, path.isEmpty ? key : "\(path).\(key)", &found) }
    case let array as [Any]:
      found[path, default: []].insert("array")
      for member in array { note(member, "\(path)[]", &found) }
    case is String: found[path, default: []].insert("string")
    default: found[path, default: []].insert("number")
    }
  }

  @Test("JSON parses, has the members that ftctl-json(5) documents, and says what the lines say")
  func json() throws {
    let table = try ConntrackTable(entries: 3000, plain: 200, seed: 3, traffic: 8)
    let flows = try table.conntrack(["-L", "-o", "extended,id,labels"]).lines.compactMap(ListedFlow.init)
    let objects = try objects(table.ftctl(["list", "-j"]))
    try #require(objects.count == flows.count && flows.count > 2500)
    let schema = try documented()
    var found: [String: Set<String>] = [:]
    for (object, flow) in zip(objects, flows) {
      note(object, "", &found)
      #expect(object["id"] as? UInt64 == flow.numbers["id"])
      #expect(object["proto_number"] as? UInt64 == flow.layer4)
      #expect(object["family"] as? String == (flow.isIPv6 ? "ipv6" : "ipv4"))
      #expect(object["state"] as? String == flow.state)
      #expect(object["mark"] as? UInt64 == flow.numbers["mark"])
      #expect(object["zone"] as? UInt64 == flow.numbers["zone"])
      #expect(object["helper"] as? String == flow.helper)
      #expect(Set((object["labels"] as? [String]) ?? []) == Set(flow.labels.map { "bit\($0)" }))
      #expect((object["offload"] as? [String: Any])?["state"] as? String == "none")
      #expect(object["absent"] == nil)
      let status = Set((object["status"] as? [String]) ?? [])
      #expect(status.contains("SEEN_REPLY") != flow.tags.contains("UNREPLIED"))
      #expect(status.contains("ASSURED") == flow.tags.contains("ASSURED"))
      #expect(status.contains("SRC_NAT") == flow.isSourceNAT)
      #expect(status.contains("DST_NAT") == flow.isDestinationNAT)
      for (name, direction) in [("original", flow.original), ("reply", flow.reply)] {
        let member = try #require(object[name] as? [String: Any])
        #expect(
          member["src"] as? String == direction.sourceText
            && member["dst"] as? String == direction.destinationText)
        for (key, value) in direction.numbers {
          // Where the kernel keeps no ports for a protocol, conntrack prints 0 and JSON has no member.
          let isKept =
            value != 0 || !["sport", "dport"].contains(key) || flow.layer4 == 6 || flow.layer4 == 17
          #expect(member[key] as? UInt64 == value || (!isKept && member[key] == nil), "\(name).\(key)")
        }
      }
      #expect((object["nat"] != nil) == (flow.isSourceNAT || flow.isDestinationNAT))
      #expect(abs((object["timeout"] as? Int64 ?? 0) - Int64(flow.timeout ?? 0)) <= 60)
    }
    for (path, kinds) in found { #expect(kinds == [schema[path] ?? "undocumented"], "\(path)") }
    for path in [
      "nat.dport", "tcp.wscale_original", "sctp.vtag_reply", "original.srckey", "reply.type", "start", "age",
    ] {
      #expect(found[path] != nil, "\(path) was not among them")
    }
    // One object a line says the same.
    let lines = try table.ftctl(["list", "-o", "jsonl"]).lines
    #expect(lines.count == objects.count)
    for (line, object) in zip(lines, objects).prefix(200) {
      let member = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(member["id"] as? UInt64 == object["id"] as? UInt64)
    }
  }

  /// What a flow is counted under, for each key; nil where the listing does not show it.
  private static let keys: [(key: String, value: @Sendable (ListedFlow) -> String)] = [
    ("family", { $0.isIPv6 ? "ipv6" : "ipv4" }),
    (
      "proto",
      { flow in
        let names: [UInt64: String] = [
          6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6", 47: "gre", 132: "sctp", 33: "dccp", 136: "udplite",
        ]
        return names[flow.layer4] ?? "\(flow.layer4)"
      }
    ),
    ("state", { $0.state ?? "none" }), ("offload", { _ in "none" }), ("flowtable", { _ in "none" }),
    ("src", { $0.original.sourceText }), ("dst", { $0.original.destinationText }),
    ("reply-src", { $0.reply.sourceText }), ("reply-dst", { $0.reply.destinationText }),
    ("sport", { $0.original.numbers["sport"].map { "\($0)" } ?? "none" }),
    ("dport", { $0.original.numbers["dport"].map { "\($0)" } ?? "none" }),
    ("reply-sport", { $0.reply.numbers["sport"].map { "\($0)" } ?? "none" }),
    ("reply-dport", { $0.reply.numbers["dport"].map { "\($0)" } ?? "none" }),
    ("mark", { "\($0.numbers["mark"] ?? 0)" }), ("zone", { "\($0.numbers["zone"] ?? 0)" }),
    (
      "label",
      { flow in flow.labels.isEmpty ? "none" : flow.labels.sorted().map { "bit\($0)" }.joined(separator: "+")
      }
    ),
    ("helper", { $0.helper ?? "none" }),
    (
      "nat",
      { flow in
        flow.isSourceNAT
          ? flow.isDestinationNAT ? "snat+dnat" : "snat" : flow.isDestinationNAT ? "dnat" : "none"
      }
    ),
    ("assured", { $0.tags.contains("ASSURED") ? "yes" : "no" }),
    ("replied", { $0.tags.contains("UNREPLIED") ? "no" : "yes" }),
  ]

  @Test("count adds up by every key what the listing shows, in every form")
  func counts() throws {
    let table = try ConntrackTable(entries: 1200, seed: 5, traffic: 5)
    let namespace = table.namespace
    let flows = try table.conntrack(["-L", "-o", "extended,id,labels"]).lines.compactMap(ListedFlow.init)
    #expect(try namespace.ftctl(["count"]).output == "\(flows.count)\n")
    #expect(try namespace.ftctl(["count", "-p", "tcp"]).output == "\(flows.count { $0.layer4 == 6 })\n")
    for (key, value) in Self.keys {
      let name = key.replacing("-", with: "_")
      let expected = Dictionary(grouping: flows, by: value).mapValues(\.count)
      var counted: [String: Int] = [:]
      var last = Int.max
      for object in try objects(table.ftctl(["count", "--by", key, "-j"])) {
        let flows = try #require(object["flows"] as? Int)
        #expect(flows <= last, "most flows come first")
        last = flows
        let value = "\(object[name] ?? "missing")"
        #expect(counted[value] == nil, "'\(value)' stands in two groups")
        counted[value] = flows
      }
      #expect(counted == expected, "--by \(key)")
    }
    let byTwo = Dictionary(grouping: flows) { "\($0.state ?? "none") \($0.isIPv6 ? "ipv6" : "ipv4")" }
      .mapValues(\.count)
    let lines = try namespace.ftctl(["count", "--by", "state,family", "-o", "csv"]).lines
    #expect(lines.count == byTwo.count + 1 && lines.first == "state,family,flows,packets,bytes")
    for line in lines.dropFirst() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      #expect(byTwo["\(cells[0]) \(cells[1])"] == Int(cells[2]))
    }
    #expect(try namespace.ftctl(["count", "--by", "src", "--top", "3"]).lines.count == 3)
    let plain = try namespace.ftctl(["count", "--by", "proto"]).lines
    #expect(plain.allSatisfy { $0.contains(" proto=") })
    #expect(try namespace.ftctl(["count", "--by", "proto", "-o", "table"]).lines.count == plain.count + 1)
    #expect(try namespace.ftctl(["count", "--by", "proto", "-o", "jsonl"]).lines.count == plain.count)
    let metrics = try namespace.ftctl(["count", "--by", "proto", "-o", "prometheus"]).lines
    let tcp = flows.count { $0.layer4 == 6 }
    #expect(metrics.contains("ftctl_flows{proto=\"tcp\"} \(tcp)"))
    #expect(metrics.contains("# TYPE ftctl_flows gauge"))
  }

  @Test("stats shows the fill and the sum of the CPUs' counters, in every form")
  func statistics() throws {
    let table = try ConntrackTable(entries: 300, seed: 6, traffic: 3)
    let namespace = table.namespace
    let entries = try table.conntrack(["-C"]).output.trimmingCharacters(in: .whitespacesAndNewlines)
    var sums: [String: Int] = [:]
    for line in try table.conntrack(["-S"]).lines {
      for pair in line.split(whereSeparator: \.isWhitespace).map({ $0.split(separator: "=") })
      where pair[0] != "cpu" {
        sums[String(pair[0]), default: 0] += Int(pair[1]) ?? 0
      }
    }
    try #require((sums["insert"] ?? 0) > 0)
    let lines = try namespace.ftctl(["stats"]).lines
    #expect(lines.count == 2 && lines.first?.hasPrefix("entries=\(entries) ") == true)
    let words = Set(lines.last?.split(separator: " ").map(String.init) ?? [])
    for (name, value) in sums { #expect(words.contains("\(name)=\(value)")) }
    let object = try #require(try objects(namespace.ftctl(["stats", "-j"])).first)
    #expect(object["entries"] as? Int == Int(entries))
    #expect((object["counters"] as? [String: Int]) == sums)
    let cpus = try #require(object["cpus"] as? [[String: Int]])
    for (name, value) in sums { #expect(cpus.reduce(0) { $0 + ($1[name] ?? 0) } == value) }
    #expect(try namespace.ftctl(["stats", "--per-cpu"]).lines.count == 2 + cpus.count)
    let metrics = try namespace.ftctl(["stats", "-o", "prometheus"]).lines
    #expect(metrics.contains("ftctl_conntrack_entries \(entries)"))
    #expect(metrics.contains("ftctl_conntrack_events_total{event=\"insert\"} \(sums["insert"] ?? 0)"))
    let rows = try namespace.ftctl(["stats", "-o", "csv"]).lines
    #expect(rows.first == "counter,total" && rows.contains("entries,\(entries)"))
    #expect(try namespace.ftctl(["stats", "-o", "table"]).lines.count == rows.count)
    #expect(try namespace.ftctl(["stats", "-o", "jsonl"]).lines.count == 1)
  }

  @Test("--limit ends a listing early, --sort and --columns shape a table")
  func tables() throws {
    let table = try ConntrackTable(entries: 400, seed: 8)
    let namespace = table.namespace
    for format in ["line", "jsonl", "save"] {
      let result = try namespace.ftctl(["list", "--limit", "7", "-o", format])
      #expect(
        result.lines.count == 7 && result.errorLines == ["ftctl: 7 flow entries have been shown."],
        "\(format)")
    }
    #expect(try objects(namespace.ftctl(["list", "--limit", "3", "-j"])).count == 3)
    #expect(try namespace.ftctl(["list", "--limit", "7", "-o", "xml"]).lines.count == 10)
    #expect(try namespace.ftctl(["list", "--limit", "7", "-o", "csv"]).lines.count == 8)
    let sorted = try namespace.ftctl([
      "list", "-o", "table", "--columns", "id", "--sort", "id", "--limit", "50",
    ]).lines
    let ids = sorted.dropFirst().compactMap { UInt64($0.trimmingCharacters(in: .whitespaces)) }
    let all = try table.conntrack(["-L", "-o", "extended,id"]).lines.compactMap {
      ListedFlow($0)?.numbers["id"]
    }
    #expect(sorted.count == 51 && ids == Array(all.sorted(by: >).prefix(50)))
    let reversed = try namespace.ftctl([
      "list", "-o", "table", "--columns", "id", "--sort", "id", "--reverse",
    ]).lines
    #expect(
      reversed.dropFirst().compactMap { UInt64($0.trimmingCharacters(in: .whitespaces)) } == all.sorted())
    #expect(try namespace.ftctl(["list", "-o", "table", "--wide"]).lines.first?.contains("LABELS") == true)
  }

  @Test("zeroing reads the counters once")
  func zeroing() throws {
    let table = try ConntrackTable(entries: 0, traffic: 4)
    let first = try table.namespace.ftctl(["list", "-z"])
    let flow = try #require(
      first.lines.first { $0.contains("dport=7004 ") }.flatMap { ListedFlow("ipv4     2 \($0) id=0") })
    #expect((flow.sum("packets") ?? 0) > 0)
    let second = try table.namespace.ftctl(["list", "--dport", "7004"])
    #expect(second.output.contains("packets=0 bytes=0 [UNREPLIED]"))
  }

  @Test("--netns all visits each named namespace and names it")
  func everyNamespace() throws {
    let tables = [try ConntrackTable(entries: 20, seed: 1), try ConntrackTable(entries: 30, seed: 2)]
    let names = tables.map(\.namespace.name)
    // In a mount namespace where only these two have names.
    let mounts = """
      set -e
      folder=$(mktemp -d); mount -t tmpfs none $folder
      for name in \(names.joined(separator: " ")); do touch $folder/$name; mount --bind /run/netns/$name $folder/$name; done
      mount --rbind $folder /run/netns
      exec '\(BuiltProgram.ftctl)' "$@"
      """
    func ftctl(_ arguments: [String]) throws -> ProgramResult {
      let result = try run(["unshare", "-m", "sh", "-c", mounts, "sh"] + arguments)
      #expect(result.status == 0, "\(result.error)")
      return result
    }
    let lines = try ftctl(["--netns", "all", "list"]).lines
    for (name, count) in zip(names, [20, 30]) {
      #expect(lines.count { $0.hasSuffix(" netns=\(name)") } == count)
    }
    #expect(lines.count == 50)
    let objects = try objects(ftctl(["list", "--netns", "all", "-j"]))
    for (name, count) in zip(names, [20, 30]) {
      #expect(objects.count { $0["netns"] as? String == name } == count)
    }
    let elements = try ftctl(["list", "--netns", "all", "-o", "xml"]).lines
    let saved = try ftctl(["list", "--netns", "all", "-o", "save"]).lines
    for (name, count) in zip(names, [20, 30]) {
      #expect(elements.count { $0.hasSuffix("<netns>\(name)</netns></flow>") } == count)
      let start = try #require(saved.firstIndex { $0 == "# network namespace \(name)" })
      #expect(saved[(start + 1)...].prefix { $0.hasPrefix("-A ") }.count == count)
    }
    #expect(saved.count == 52)
    let counts = try ftctl(["count", "--netns=all"]).lines
    for (name, count) in zip(names, [20, 30]) {
      #expect(counts.contains { $0.trimmingPrefix(while: \.isWhitespace) == "\(count) netns=\(name)" })
    }
    let metrics = try ftctl(["stats", "--netns", "all", "-o", "prometheus"]).lines
    for (name, count) in zip(names, [20, 30]) {
      #expect(metrics.contains("ftctl_conntrack_entries{netns=\"\(name)\"} \(count)"))
    }
  }

  @Test("global options stand before or after the subcommand, and colour changes no text")
  func globalOptions() throws {
    let table = try ConntrackTable(entries: 40, seed: 9)
    let name = table.namespace.name
    let program = BuiltProgram.ftctl
    func plain(_ text: String) -> String { text.replacing(#/\u{1b}\[[0-9;]*m/#, with: "") }
    func steady(_ text: String) -> String {
      text.replacing(#/(?m)^(\S+ +\d+) \d+ /#, with: "").replacing(#/delta-time=\d+/#, with: "")
    }
    let expected = steady(try run([program, "list", "--netns", name]).output)
    #expect(!expected.isEmpty && !expected.contains("\u{1b}"))
    for arguments in [
      ["--netns", name, "list"], ["--netns=\(name)", "list"], ["--color", "never", "--netns", name, "list"],
      ["--color=auto", "list", "--netns=\(name)"],
    ] {
      #expect(steady(try run([program] + arguments).output) == expected, "\(arguments)")
    }
    for arguments in [
      ["--color", "always", "--netns", name, "list"], ["list", "--netns", name, "--color=always"],
    ] {
      let coloured = try run([program] + arguments, environment: ["NO_COLOR": "1"]).output
      #expect(coloured.contains("\u{1b}["))
      #expect(steady(plain(coloured)) == expected)
    }
    // On a terminal colour is automatic, unless NO_COLOR forbids it.
    guard Machine.has("script") else { return }
    let command = "\(program) list --netns \(name)"
    let terminal = ["script", "-qec", command, "/dev/null"]
    #expect(try run(terminal, environment: ["NO_COLOR": nil]).output.contains("\u{1b}["))
    #expect(try run(terminal, environment: ["NO_COLOR": ""]).output.contains("\u{1b}["))
    #expect(try !run(terminal, environment: ["NO_COLOR": "1"]).output.contains("\u{1b}["))
  }

  @Test("a reader that closes the pipe ends the listing quietly")
  func closedPipe() throws {
    let table = try ConntrackTable(entries: 4000, seed: 10)
    for format in ["line", "json", "xml", "table", "csv"] {
      let script =
        "set -o pipefail; '\(BuiltProgram.ftctl)' --netns \(table.namespace.name) list -o \(format) | head -1 | wc -l"
      let result = try run(["bash", "-c", script])
      #expect(
        result.status == 0 && result.error.isEmpty && result.lines.first == "1", "\(format): \(result.error)")
    }
    let full = try run([
      "sh", "-c", "'\(BuiltProgram.ftctl)' --netns \(table.namespace.name) list > /dev/full",
    ])
    #expect(full.status == 1)
    #expect(full.errorLines.first == "ftctl: cannot write the output: No space left on device (ENOSPC)")
  }
}
