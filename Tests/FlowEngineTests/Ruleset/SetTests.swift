// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import Testing

@testable import FlowEngine

@Suite("sets")
struct SetTests {
  private typealias Flag = NFTables.Set.Flag

  /// A bench with a set, its elements, and a rule that drops packets whose destination port is in it.
  private func bench(
    flags: UInt32, _ elements: [NFTables.Element], keyLength: UInt32 = 2, fields: [UInt32]? = nil,
    load: [NFTables.Expression] = [Rules.payload(2, 2, 2)], inverted: Bool = false
  ) -> RulesetBench {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.set("s", id: 1, flags: flags, keyLength: keyLength, fields: fields)
    batch.elements("s", elements)
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    rule.expressions = load + [Rules.lookup("s", inverted: inverted), Rules.drop]
    batch.add(NFTables.Message.newRule, [.create, .append]) { rule.encode(into: &$0) }
    let errors = RulesetBench.errors(bench.send(batch))
    #expect(errors == [])
    return bench
  }

  private func drops(_ bench: inout RulesetBench, port: UInt16, source: [UInt8] = [192, 0, 2, 2]) -> Bool {
    var (environment, packet) = TestPacket.ipv4(source: source, destinationPort: port)
    environment.now = bench.now
    return bench.forward(&packet, &environment) == .drop
  }

  @Test("a thousand keys are each found, and nothing else")
  func exact() {
    let ports = (0..<1000).map { UInt16($0 * 7) }
    let elements = ports.map { BatchBuilder.element([UInt8($0 >> 8), UInt8($0 & 0xff)]) }
    var bench = bench(flags: 0, elements)
    for port in UInt16(0)..<7100 {
      #expect(drops(&bench, port: port) == (port % 7 == 0 && port < 7000))
    }
  }

  @Test("an interval holds its start and all before its end; the last may be open")
  func intervals() {
    let elements = [
      BatchBuilder.element([0, 0], flags: 1), BatchBuilder.element([0, 80]),
      BatchBuilder.element([0, 91], flags: 1), BatchBuilder.element([0xff, 0]),
    ]
    var bench = bench(flags: Flag.interval, elements)
    for (port, isInside) in [
      (79, false), (80, true), (90, true), (91, false), (65279, false), (65280, true), (65535, true),
    ] {
      #expect(drops(&bench, port: UInt16(port)) == isInside)
    }
  }

  @Test("intervals that touch are told apart, those that overlap are refused")
  func overlap() {
    let touching = [
      BatchBuilder.element([0, 80]), BatchBuilder.element([0, 90], flags: 1), BatchBuilder.element([0, 90]),
      BatchBuilder.element([0, 95], flags: 1),
    ]
    var bench = bench(flags: Flag.interval, touching)
    #expect(drops(&bench, port: 90))
    #expect(!drops(&bench, port: 95))
    var batch = BatchBuilder()
    batch.elements("s", [BatchBuilder.element([0, 85]), BatchBuilder.element([0, 88], flags: 1)])
    #expect(RulesetBench.errors(bench.send(batch)).map(\.number) == [ErrorNumber.exists])
  }

  @Test("ranges of concatenated fields match field by field")
  func concatenation() {
    let element = BatchBuilder.element([10, 0, 0, 0, 0, 80, 0, 0], end: [10, 255, 255, 255, 0, 90, 0, 0])
    var bench = bench(
      flags: Flag.interval | Flag.concatenation, [element], keyLength: 8, fields: [4, 2],
      load: [Rules.payload(1, 12, 4, to: 1), Rules.payload(2, 2, 2, to: 9)])
    #expect(drops(&bench, port: 85, source: [10, 1, 2, 3]))
    #expect(!drops(&bench, port: 91, source: [10, 1, 2, 3]))
    #expect(!drops(&bench, port: 85, source: [11, 0, 0, 0]))
  }

  @Test("an inverted lookup matches what is not there")
  func inverted() {
    var bench = bench(flags: 0, [BatchBuilder.element([0, 80])], inverted: true)
    #expect(!drops(&bench, port: 80))
    #expect(drops(&bench, port: 81))
  }

  @Test("the catch-all element matches what no other does")
  func catchAll() {
    var element = NFTables.Element()
    element.flags = NFTables.Element.Flag.catchAll
    var bench = bench(flags: 0, [BatchBuilder.element([0, 80]), element])
    #expect(drops(&bench, port: 80))
    #expect(drops(&bench, port: 4711))
  }

  @Test("an element whose time is up matches no more and may be added again")
  func timeouts() {
    var bench = bench(flags: Flag.timeout, [BatchBuilder.element([0, 80], timeout: 1000)])
    #expect(drops(&bench, port: 80))
    bench.now = 1_000_000_001
    #expect(!drops(&bench, port: 80))
    var batch = BatchBuilder()
    batch.elements("s", [BatchBuilder.element([0, 80], timeout: 1000)], [.create, .exclusive])
    #expect(bench.send(batch).replies == [])
    #expect(drops(&bench, port: 80))
  }

  @Test("a full set refuses more")
  func full() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.set("s", id: 1, keyLength: 2, size: 2)
    batch.elements("s", [BatchBuilder.element([0, 1]), BatchBuilder.element([0, 2])])
    #expect(bench.send(batch).replies == [])
    var more = BatchBuilder()
    more.elements("s", [BatchBuilder.element([0, 3])])
    #expect(RulesetBench.errors(bench.send(more)).map(\.number) == [ErrorNumber.tooManyInSystem])
  }

  @Test("an anonymous set gets the first free name and goes with its rule")
  func anonymous() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.set("__set%d", id: 1, flags: Flag.anonymous | Flag.constant, keyLength: 2)
    var list = NFTables.ElementList()
    list.table = "x"
    list.set = "__set%d"
    list.setID = 1
    list.elements = [BatchBuilder.element([0, 80])]
    batch.add(NFTables.Message.newElement) { list.encode(into: &$0) }
    batch.rule("y", Rules.payload(2, 2, 2), Rules.lookup("__set%d", id: 1), Rules.drop)
    #expect(bench.send(batch).replies == [])
    #expect(bench.ruleset.model.tables[0].sets.map(\.name) == ["__set0"])
    #expect(drops(&bench, port: 80))
    var flush = BatchBuilder()
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    flush.add(NFTables.Message.deleteRule, []) { rule.encode(into: &$0) }
    #expect(bench.send(flush).replies == [])
    #expect(bench.ruleset.model.tables[0].sets.isEmpty)
  }

  @Test("an anonymous set that no rule uses fails the batch")
  func unbound() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.set("__set%d", id: 1, flags: Flag.anonymous | Flag.constant, keyLength: 2)
    #expect(RulesetBench.errors(bench.send(batch)).map(\.number) == [ErrorNumber.invalid])
    #expect(bench.ruleset.model.tables.isEmpty)
  }

  @Test("in an anonymous set a range may begin where another ends that has no end of its own")
  func touchingAnonymous() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.set("__set%d", id: 1, flags: Flag.anonymous | Flag.constant | Flag.interval, keyLength: 2)
    var list = NFTables.ElementList()
    list.table = "x"
    list.set = "__set%d"
    list.setID = 1
    list.elements = [
      BatchBuilder.element([0, 80]), BatchBuilder.element([0, 85]), BatchBuilder.element([0, 90], flags: 1),
    ]
    batch.add(NFTables.Message.newElement) { list.encode(into: &$0) }
    batch.rule("y", Rules.payload(2, 2, 2), Rules.lookup("__set%d", id: 1), Rules.drop)
    #expect(RulesetBench.errors(bench.send(batch)) == [])
    for (port, isInside) in [(79, false), (84, true), (85, true), (90, false)] {
      #expect(drops(&bench, port: UInt16(port)) == isInside)
    }
  }
}
