// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import Testing

@testable import FlowEngine

@Suite("nf_tables batches: errors, rollback, generations, events")
struct RulesetControlTests {
  @Test("a batch without flags that succeeds is answered with silence and moves the generation by one")
  func silence() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    let output = bench.send(batch)
    #expect(output.replies == [])
    #expect(bench.ruleset.model.generation == 2)
    #expect(output.events.map(\.group) == [7, 7])
  }

  @Test("a failing message rolls everything back, and the later ones report their errors too")
  func rollback() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.rule("nowhere", Rules.accept)
    batch.chain("y", hook: 9)
    let output = bench.send(batch)
    // The chain's name follows the table's name: its attribute begins at octet 28.
    #expect(
      RulesetBench.errors(output) == [
        Refusal(sequence: 2, number: ErrorNumber.noEntry, offset: 28),
        Refusal(sequence: 3, number: ErrorNumber.notSupported),
      ])
    #expect(bench.ruleset.model.tables.isEmpty)
    #expect(bench.ruleset.model.generation == 1)
    #expect(output.events == [])
  }

  @Test("a batch without its end is checked and forgotten")
  func check() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    #expect(bench.send(batch, ends: false).replies == [])
    #expect(bench.ruleset.model.tables.isEmpty)
    batch.rule("nowhere", Rules.accept)
    #expect(RulesetBench.errors(bench.send(batch, ends: false)).map(\.number) == [ErrorNumber.noEntry])
  }

  @Test("FT-110 the octets of the answer to deleting a flowtable in use are the kernel's")
  func busyFlowtable() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.flowtable("f", devices: ["lan0"])
    batch.rule("y", Rules.flow("f"))
    #expect(bench.send(batch).replies == [])
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = "f"
    var deletion = BatchBuilder()
    deletion.add(NFTables.Message.deleteFlowtable, []) { flowtable.encode(into: &$0) }
    bench.client.portID = 0xc5
    let replies = bench.send(deletion).replies
    #expect(replies.count == 1)
    let expected = RecordedBatch.octets(
      "400000000200000201000000c5000000f0ffffff24000000180a010001000000000000000100000006000100780000000600"
        + "020066000000080002001c000000")
    #expect(replies.first == expected)
  }

  @Test("FT-141, FT-144 each refusal has the kernel's errno, offset and text")
  func refusals() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.flowtable("f", devices: ["lan0"])
    #expect(bench.send(batch).replies == [])

    func refused(_ bench: inout RulesetBench, _ build: (inout BatchBuilder) -> Void) -> Refusal? {
      var batch = BatchBuilder()
      build(&batch)
      return RulesetBench.errors(bench.send(batch)).first
    }
    #expect(
      refused(&bench) { $0.table("x", .exclusive) }
        == Refusal(sequence: 1, number: ErrorNumber.exists, offset: 20))
    #expect(
      refused(&bench) { $0.flowtable("f", devices: ["lan0"], [.create, .exclusive]) }
        == Refusal(sequence: 1, number: ErrorNumber.exists, offset: 28))
    #expect(
      refused(&bench) { $0.flowtable("g", devices: ["lan0"]) }
        == Refusal(sequence: 1, number: ErrorNumber.exists))
    #expect(
      refused(&bench) { $0.flowtable("f", priority: 5) }
        == Refusal(sequence: 1, number: ErrorNumber.notSupported))
    #expect(refused(&bench) { $0.flowtable("g", flags: 8) }?.text == "reserved bit set")
    #expect(
      refused(&bench) { $0.flowtable("g", priority: nil) }
        == Refusal(sequence: 1, number: ErrorNumber.noEntry, offset: 28))
    #expect(
      refused(&bench) { $0.flowtable("g", devices: ["sixteen-letters!"]) }?.number
        == ErrorNumber.argumentsTooLong)
    #expect(refused(&bench) { $0.rule("y", Rules.flow("nope")) }?.number == ErrorNumber.noEntry)
    #expect(
      refused(&bench) { $0.table(String(repeating: "a", count: 256)) }?.number == ErrorNumber.outOfRange)
    #expect(
      refused(&bench) { $0.rule("y", .other(name: "novelty", attributes: [])) }
        == Refusal(sequence: 1, number: ErrorNumber.noEntry, offset: 40))
    #expect(
      refused(&bench) { $0.rule("y", .other(name: "synproxy", attributes: [])) }?.number
        == ErrorNumber.notSupported)
    #expect(refused(&bench) { $0.rule("y", Rules.compare([1])) }?.number == ErrorNumber.noData)
    #expect(bench.ruleset.model.generation == 2)
  }

  @Test("FT-118, FT-142 before Linux 6.16 a flowtable's devices must exist, later they may come")
  func absentDevices() {
    for (kernel, number) in [(KernelGeneration.linux612, ErrorNumber.noEntry), (.linux72, nil)] {
      var bench = RulesetBench(kernel)
      var batch = BatchBuilder()
      batch.table()
      batch.flowtable("f", devices: ["late0"])
      #expect(RulesetBench.errors(bench.send(batch)).first?.number == number)
    }
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.flowtable("f", devices: ["late0"])
    bench.send(batch)
    #expect(bench.ruleset.flowtables().first?.devices == [])
    bench.ruleset.deviceAppeared(index: 9, name: Array("late0".utf8))
    #expect(bench.ruleset.flowtables().first?.devices == [9])
    #expect(bench.ruleset.ingressHookCount(device: 9) == 1)
    bench.ruleset.deviceVanished(index: 9)
    #expect(bench.ruleset.ingressHookCount(device: 9) == 0)
  }

  @Test("FT-024 a flow rule outside of forward is refused, also through a jump, and the jump is blamed")
  func flowOutsideForward() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("in", hook: 1)
    batch.chain("sub")
    batch.flowtable("f")
    batch.rule("sub", Rules.flow("f"))
    #expect(bench.send(batch).replies == [])
    var jump = BatchBuilder()
    jump.rule("in", Rules.jump("sub"))
    #expect(
      RulesetBench.errors(bench.send(jump)) == [Refusal(sequence: 1, number: ErrorNumber.notSupported)])
  }

  @Test("chains that jump in a circle are refused once a base chain reaches them")
  func loops() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("a")
    batch.chain("b")
    batch.rule("a", Rules.jump("b"))
    batch.rule("b", Rules.jump("a"))
    #expect(bench.send(batch).replies == [])
    var reach = BatchBuilder()
    reach.chain("y", hook: 2)
    reach.rule("y", Rules.jump("a"))
    #expect(
      RulesetBench.errors(bench.send(reach)) == [Refusal(sequence: 2, number: ErrorNumber.tooManyLinks)])
    #expect(bench.ruleset.model.tables[0].chains.count == 2)
  }

  @Test("a batch for another generation is not executed")
  func generation() {
    var bench = RulesetBench()
    var writer = NetlinkWriter()
    var mark = writer.beginMessage(
      NetlinkHeader(type: NetfilterSubsystem.batchBegin, flags: .request),
      NetfilterHeader(family: 0, resourceID: 10))
    writer.attribute(1, UInt32(77))
    writer.endMessage(mark)
    mark = writer.beginMessage(
      NetlinkHeader(type: NetfilterSubsystem.batchEnd, flags: .request, sequence: 1),
      NetfilterHeader(family: 0, resourceID: 10))
    writer.endMessage(mark)
    // Safe: the span does not outlive the array.
    let output = unsafe bench.ruleset.handleBatch(writer.bytes.span.bytes, from: bench.client, now: 0)
    #expect(RulesetBench.errors(output).map(\.number) == [ErrorNumber.restart])
  }

  @Test("delete a rule and its flowtable and add both again, in one batch")
  func sameBatch() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.flowtable("f", devices: ["lan0"])
    batch.rule("y", Rules.flow("f"))
    bench.send(batch)
    let before = bench.ruleset.flowtables().first?.id
    var again = BatchBuilder()
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    again.add(NFTables.Message.deleteRule, []) { rule.encode(into: &$0) }
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = "f"
    again.add(NFTables.Message.deleteFlowtable, []) { flowtable.encode(into: &$0) }
    again.flowtable("f", devices: ["lan0"])
    again.rule("y", Rules.flow("f"))
    #expect(bench.send(again).replies == [])
    #expect(bench.ruleset.flowtables().count == 1)
    #expect(bench.ruleset.flowtables().first?.id != before)
  }

  @Test("counters outlive batches that do not touch them, refused and accepted ones")
  func countersSurvive() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.rule("y", Rules.counter)
    bench.send(batch)
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .accept)
    var refused = BatchBuilder()
    refused.rule("nowhere", Rules.counter)
    bench.send(refused)
    var more = BatchBuilder()
    more.chain("z", hook: 2, priority: 5)
    bench.send(more)
    #expect(bench.forward(&packet, &environment) == .accept)
    let loaded = bench.ruleset.model.tables[0].chains[0].rules[0].expressions[0]
    #expect(bench.ruleset.current(loaded, now: 0) == .counter(NFTables.Counters(bytes: 80, packets: 2)))
  }

  @Test("a chain's change is refused for its hook and priority first, then for its type")
  func chainChanges() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 3)
    #expect(bench.send(batch).replies == [])

    func refused(_ build: (inout NFTables.Chain) -> Void) -> Refusal? {
      var chain = NFTables.Chain()
      chain.table = "x"
      chain.name = "y"
      chain.type = "filter"
      chain.hook = NFTables.ChainHook()
      chain.hook?.number = 3
      chain.hook?.priority = 0
      build(&chain)
      var batch = BatchBuilder()
      batch.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
      return RulesetBench.errors(bench.send(batch)).first
    }
    #expect(refused { _ in } == nil)
    let unsupported = Refusal(sequence: 1, number: ErrorNumber.notSupported)
    #expect(
      refused {
        $0.type = "route"
        $0.hook?.priority = 1
      } == unsupported)
    #expect(refused { $0.type = "route" } == Refusal(sequence: 1, number: ErrorNumber.exists, offset: 28))
    #expect(refused { $0.type = "novelty" }?.number == ErrorNumber.noEntry)
    #expect(refused { $0.hook?.device = "lan0" } == unsupported)
  }

  @Test("a chain cannot be given the name that it has")
  func renameToItself() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y")
    bench.send(batch)
    var chain = NFTables.Chain()
    chain.table = "x"
    chain.name = "y"
    chain.handle = 1
    batch = BatchBuilder()
    batch.add(NFTables.Message.newChain, []) { chain.encode(into: &$0) }
    #expect(RulesetBench.errors(bench.send(batch)).map(\.number) == [ErrorNumber.exists])
    chain.name = "z"
    batch = BatchBuilder()
    batch.add(NFTables.Message.newChain, []) { chain.encode(into: &$0) }
    #expect(bench.send(batch).replies == [])
    #expect(bench.ruleset.model.tables[0].chains.map(\.name) == ["z"])
  }

  @Test("emptying a set that is empty is no change")
  func emptySet() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.set("s", id: 1, keyLength: 4)
    bench.send(batch)
    func empty() -> ControlOutput {
      var list = NFTables.ElementList()
      list.table = "x"
      list.set = "s"
      var batch = BatchBuilder()
      batch.add(NFTables.Message.deleteElement, []) { list.encode(into: &$0) }
      return bench.send(batch)
    }
    #expect(empty().events == [])
    #expect(bench.ruleset.model.generation == 2)
    batch = BatchBuilder()
    batch.elements("s", [BatchBuilder.element([1, 2, 3, 4])])
    bench.send(batch)
    #expect(!empty().events.isEmpty)
    #expect(bench.ruleset.model.generation == 4)
  }

  @Test("a timeout policy that names no network protocol has its table's")
  func timeoutPolicyFamily() {
    var bench = RulesetBench()
    var batch = BatchBuilder(family: NFTables.Family.ipv4)
    batch.table()
    var object = NFTables.Object()
    object.table = "x"
    object.name = "o"
    object.type = NFTables.Object.Kind.conntrackTimeout
    object.data = [5, 0, 2, 0, 6, 0, 0, 0, 4, 0, 3, 0]
    batch.add(NFTables.Message.newObject) { object.encode(into: &$0) }
    #expect(bench.send(batch).replies == [])
    let data = bench.ruleset.model.tables[0].objects.first?.data
    #expect(data.map { Array($0[8..<16]) } == [6, 0, 1, 0, 0, 2, 0, 0])
  }

  @Test("an owned table is nobody else's, and goes with its owner")
  func owner() {
    var bench = RulesetBench()
    var table = NFTables.Table()
    table.name = "x"
    table.flags = NFTables.Table.Flag.owner
    var batch = BatchBuilder()
    batch.add(NFTables.Message.newTable, []) { table.encode(into: &$0) }
    bench.send(batch)
    bench.client.portID = 6
    var other = BatchBuilder()
    other.chain("y")
    #expect(
      RulesetBench.errors(bench.send(other)) == [
        Refusal(sequence: 1, number: ErrorNumber.notPermitted, offset: 20)
      ])
    bench.ruleset.clientClosed(portID: 5)
    #expect(bench.ruleset.model.tables.isEmpty)
  }

  @Test("no datagram traps: every recorded batch, cut off and with each octet changed")
  func hostileOctets() {
    let recorded = RecordedBatch.octets(RecordedBatch.ingressChains)
    var answered = 0
    for position in stride(from: 0, to: recorded.count, by: 3) {
      var bench = RulesetBench()
      var octets = recorded
      octets[position] ^= 0xff
      // Safe: the spans do not outlive the arrays.
      answered += unsafe bench.ruleset.handleBatch(octets.span.bytes, from: bench.client, now: 0).replies
        .count
      let cut = Array(recorded[..<position])
      guard cut.count >= NetlinkHeader.encodedLength else { continue }
      answered += unsafe bench.ruleset.handleBatch(cut.span.bytes, from: bench.client, now: 0).replies.count
    }
    #expect(answered > 0)
  }
}
