// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Selections of the kernel's table", .serialized)
struct SelectionTests {
  /// A selection and what it plainly means.
  struct Selection {
    var arguments: [String]
    var holds: (ListedFlow) -> Bool
  }

  /// What is kept of a listing.
  struct Outcome: Sendable {
    var status: Int32
    /// The ids at the ends of the lines.
    var ids: [UInt64]
    var error: String
    /// When it was made.
    var start: Date
    var end: Date
  }

  /// Runs `ftctl list -o id` with each of the selections, two at a time.
  static func list(_ selections: [[String]], in namespace: LiveNamespace) throws -> [Outcome] {
    let results = Mutex<[Int: Result<Outcome, any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: 2) { lane in
      for index in stride(from: lane, to: selections.count, by: 2) {
        let result = Result {
          let start = Date()
          let listing = try namespace.ftctl(["list", "-o", "id"] + selections[index])
          return Outcome(
            status: listing.status, ids: ids(listing.bytes), error: listing.error, start: start, end: Date())
        }
        results.withLock { $0[index] = result }
      }
    }
    return try results.withLock { done in try selections.indices.compactMap { try done[$0]?.get() } }
  }

  /// The numbers at the ends of lines, where ids stand.
  private static func ids(_ text: Data) -> [UInt64] {
    text.split(separator: 0x0a).map { line in
      var value: UInt64 = 0
      var place: UInt64 = 1
      for octet in line.reversed() {
        guard (0x30...0x39).contains(octet) else { break }
        value += UInt64(octet - 0x30) * place
        place *= 10
      }
      return value
    }
  }

  /// The ids of the flows that a selection means, so many seconds after they were listed.
  private static func matches(_ selection: Selection, _ flows: [ListedFlow], after seconds: UInt64)
    -> [UInt64]
  {
    flows.filter { flow in
      guard seconds > 0, let timeout = flow.timeout else { return selection.holds(flow) }
      var later = flow
      later.timeout = timeout > seconds ? timeout - seconds : 0
      return selection.holds(later)
    }.map { $0.numbers["id"] ?? 0 }
  }

  /// Compares what ftctl lists with the plain meaning of each selection.
  ///
  /// - Returns: how many flows were listed in all, and how many selections were refused as impossible.
  static func compare(
    _ selections: [Selection], _ flows: [ListedFlow], listed: ClosedRange<Date>, in table: ConntrackTable,
    seed: UInt64
  ) throws -> (hits: Int, refused: Int) {
    let results = try list(selections.map(\.arguments), in: table.namespace)
    #expect(results.count == selections.count)
    var hits = 0
    var refused = 0
    for (number, (selection, result)) in zip(selections, results).enumerated() {
      // Seconds may have passed for the flows since they were listed: at least and at most so many.
      let least = Int(result.start.timeIntervalSince(listed.upperBound))
      let most = max(least, Int(result.end.timeIntervalSince(listed.lowerBound)) + 1)
      let dependsOnTime = selection.arguments.contains { $0.contains("timeout") || $0.contains("expires") }
      let expected =
        (dependsOnTime ? Array(least...most) : [0]).lazy.map { seconds in
          matches(selection, flows, after: UInt64(max(0, seconds)))
        }.reduce(nil as [UInt64]?) { $0 == result.ids ? $0 : $1 } ?? []
      let what = Comment("seed \(seed), selection \(number): \(selection.arguments)")
      if result.status == 2 {
        refused += 1
        #expect(expected == [], what)
        #expect(result.error.hasPrefix("ftctl: nothing can match: "), what)
        #expect(result.error.split(separator: "\n").count == 1 && result.ids.isEmpty, what)
        continue
      }
      #expect(result.status == 0, "\(what) \(result.error)")
      let isEqual = result.ids == expected
      #expect(isEqual, "\(what): \(result.ids.count) flows instead of \(expected.count)")
      #expect(result.error.hasSuffix("ftctl: \(expected.count) flow entries have been shown.\n"), what)
      hits += expected.count
    }
    return (hits, refused)
  }

  @Test(
    "every option, and 500 combinations of options and expressions, select what they mean",
    .enabled(if: Machine.lacksForNamespaces == nil, networkReason), .timeLimit(.minutes(40)))
  func randomSelections() throws {
    let seed: UInt64 = 7_20_6_12
    let table = try ConntrackTable(entries: 1500, plain: 500, seed: seed, traffic: 40)
    let start = Date()
    let listing = try table.conntrack(["-L", "-o", "extended,id,labels"])
    let listed = start...Date()
    let flows = listing.lines.compactMap(ListedFlow.init)
    try #require(flows.count == listing.lines.count)
    try #require(flows.count > 1900)
    var maker = ConditionMaker(flows: flows, seed: seed)

    var single: [Selection] = []
    for kind in ConditionMaker.Kind.allCases {
      for _ in 0..<2 {
        let condition = maker.condition(kind)
        if !condition.option.isEmpty {
          single.append(Selection(arguments: condition.option, holds: condition.holds))
        }
        single.append(Selection(arguments: ["--where", condition.expression], holds: condition.holds))
      }
    }
    let alone = try Self.compare(single, flows, listed: listed, in: table, seed: seed)
    #expect(alone.hits > 10_000)
    #expect(alone.refused < 20)

    var combined: [Selection] = []
    for _ in 0..<500 {
      var arguments: [String] = []
      var parts: [(ListedFlow) -> Bool] = []
      for kind in ConditionMaker.Kind.options.shuffled(using: &maker.random).prefix(
        Int.random(in: 0...3, using: &maker.random))
      {
        let condition = maker.condition(kind)
        arguments += condition.option
        parts.append(condition.holds)
      }
      if arguments.isEmpty || maker.random.chance(50) {
        let condition = maker.expression(depth: 3)
        arguments += ["--where", condition.expression]
        parts.append(condition.holds)
      }
      combined.append(Selection(arguments: arguments) { flow in parts.allSatisfy { $0(flow) } })
    }
    let together = try Self.compare(combined, flows, listed: listed, in: table, seed: seed)
    #expect(together.hits > 20_000)
    #expect(together.refused < 250)
  }

  /// Selections that no flow can match, and a word of the reason.
  static let impossible: [([String], String)] = [
    (["-p", "icmp", "--dport", "80"], "icmp"), (["-p", "udp", "--state", "ESTABLISHED"], "state"),
    (["-f", "ipv6", "-s", "10.0.0.0/8"], "ipv6"), (["-s", "10.0.0.1", "-d", "2001:db8::1"], "families"),
    (["--offload", "none", "-u", "OFFLOAD"], "OFFLOAD"), (["-w", "3", "--orig-zone", "4"], "zone"),
    (["-u", "!SEEN_REPLY", "--where", "status = seen_reply"], "SEEN_REPLY"),
    (["--where", "tcp and udp"], "udp"), (["--where", "dport < 10 and dport > 20"], "dport"),
    (["-m", "1/1", "--where", "mark = 2"], "mark"), (["--where", "not (tcp or not tcp)"], "tcp"),
  ]

  @Test("a selection that nothing can match is wrong usage, in one line that says why", arguments: impossible)
  func contradictions(_ arguments: [String], _ word: String) throws {
    let result = try run([BuiltProgram.ftctl, "list"] + arguments)
    #expect(result.status == 2)
    #expect(result.bytes.isEmpty)
    #expect(result.errorLines.count == 1)
    #expect(result.error.hasPrefix("ftctl: nothing can match: "))
    #expect(result.error.contains(word))
  }

  @Test("a device without a name is wrong usage")
  func emptyDevice() throws {
    let result = try run([BuiltProgram.ftctl, "list", "--device", ""])
    #expect(result.status == 2)
    #expect(result.error == "ftctl: --device: a device's name is not empty\n")
  }

  @Test("the plain meaning reads every field of a line")
  func lines() throws {
    let line =
      "ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=3 id=77 zone-orig=4 packets=1 bytes=30"
      + " [UNREPLIED] src=10.0.0.2 dst=9.9.9.9 type=0 code=3 id=77 packets=2 bytes=12 mark=5 delta-time=7"
      + " helper=tftp use=2 id=4000000000 labels=bit3,bit127"
    let flow = try #require(ListedFlow(line))
    #expect(flow.timeout == 29 && flow.state == nil && flow.layer4 == 1 && !flow.isIPv6)
    #expect(flow.original.numbers["id"] == 77 && flow.numbers["id"] == 4_000_000_000)
    #expect(flow.sum("bytes") == 42 && flow.sum("packets") == 3)
    #expect(flow.isSourceNAT && !flow.isDestinationNAT)
    #expect(flow.labels == [3, 127] && flow.helper == "tftp" && flow.tags == ["UNREPLIED"])
    #expect(flow.numbers["zone-orig"] == 4)
    #expect(Address("10.1.2.3")?.agrees(with: try #require(Address("10.1.3.3")), length: 23) == true)
    #expect(Address("10.1.2.3")?.agrees(with: try #require(Address("10.1.3.3")), length: 24) == false)
    #expect(Address("10.1.2.3")?.agrees(with: try #require(Address("::")), length: 0) == false)
  }
}
