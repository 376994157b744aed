// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import Testing

@testable import FlowEngine

@Suite("changes within one batch, and elements that are added again")
struct RulesetChangeTests {
  private func errors(_ bench: inout RulesetBench, _ build: (inout BatchBuilder) -> Void) -> [Int32] {
    var batch = BatchBuilder()
    build(&batch)
    return RulesetBench.errors(bench.send(batch)).map(\.number)
  }

  private func rename(_ handle: UInt64, _ name: String, _ batch: inout BatchBuilder) {
    var chain = NFTables.Chain()
    chain.table = "x"
    chain.handle = handle
    chain.name = name
    batch.add(NFTables.Message.newChain, []) { chain.encode(into: &$0) }
  }

  private func dormant(_ flags: UInt32, _ batch: inout BatchBuilder) {
    var table = NFTables.Table()
    table.name = "x"
    table.flags = flags
    batch.add(NFTables.Message.newTable, []) { table.encode(into: &$0) }
  }

  @Test("a chain has its new name once the batch is committed")
  func rename() {
    var bench = RulesetBench()
    #expect(
      errors(&bench) {
        $0.table()
        $0.chain("a")
        $0.chain("b")
        $0.rule("b", Rules.jump("a"))
      } == [])
    #expect(
      errors(&bench) {
        rename(1, "c", &$0)
        $0.rule("c", Rules.accept)
      } == [ErrorNumber.noEntry])
    #expect(
      errors(&bench) {
        rename(1, "c", &$0)
        rename(2, "c", &$0)
      } == [ErrorNumber.exists])
    #expect(
      errors(&bench) {
        rename(1, "c", &$0)
        $0.rule("a", Rules.accept)
      } == [])
    let table = bench.ruleset.model.tables[0]
    #expect(table.chains.map(\.name) == ["c", "b"])
    #expect(table.chains[0].rules.count == 1)
    #expect(table.chains[1].rules.first?.expressions.first?.expression == Rules.jump("c"))
  }

  @Test("a batch that changes chains puts no table to sleep", arguments: KernelGeneration.allCases)
  func dormantTable(_ kernel: KernelGeneration) {
    var bench = RulesetBench(kernel)
    #expect(
      errors(&bench) {
        $0.table()
        $0.chain("a", hook: 2)
      } == [])
    #expect(
      errors(&bench) {
        dormant(1, &$0)
        $0.chain("b", hook: 2)
      } == [ErrorNumber.invalid])
    #expect(
      errors(&bench) {
        $0.chain("a", hook: 2, policy: 0)
        dormant(1, &$0)
      } == (kernel >= .linux612 ? [ErrorNumber.invalid] : []))
  }

  @Test("only with a device that is there is a chain's hardware flag refused")
  func hardwareChain() {
    func answer(_ family: UInt8, _ priority: Int32, _ device: String? = nil) -> Int32? {
      var bench = RulesetBench()
      var batch = BatchBuilder(family: family)
      batch.table()
      var chain = NFTables.Chain()
      chain.table = "x"
      chain.name = "y"
      chain.type = "filter"
      chain.flags = NFTables.Chain.Flag.hardwareOffload
      chain.hook = NFTables.ChainHook()
      chain.hook?.number = 0
      chain.hook?.priority = priority
      chain.hook?.device = device
      batch.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
      return RulesetBench.errors(bench.send(batch)).first?.number
    }
    #expect(answer(NFTables.Family.inet, 1) == nil)
    #expect(answer(NFTables.Family.inet, 0) == ErrorNumber.notSupported)
    #expect(answer(NFTables.Family.inet, 0x10000) == ErrorNumber.notSupported)
    #expect(answer(NFTables.Family.netdev, 1) == ErrorNumber.invalid)
    #expect(answer(NFTables.Family.netdev, 1, "lan0") == ErrorNumber.notSupported)
    #expect(answer(NFTables.Family.netdev, 1, "absent0") == nil)
  }

  @Test("a batch begins again once when something may be in a module: its handles are used up twice")
  func handlesOfBatchThatBeginsAgain() {
    var bench = RulesetBench()
    func send(_ build: (inout BatchBuilder) -> Void) -> [Int32] {
      var batch = BatchBuilder(family: NFTables.Family.bridge)
      build(&batch)
      return RulesetBench.errors(bench.send(batch)).map(\.number)
    }
    #expect(send { $0.table() } == [])
    #expect(
      send {
        $0.chain("a")
        $0.flowtable("f")
        $0.flowtable("f")
      } == [ErrorNumber.noEntry, ErrorNumber.noEntry])
    #expect(send { $0.chain("x") } == [])
    #expect(bench.ruleset.model.tables[0].chains.map(\.handle) == [6])
  }

  @Test("what a set's size counts", arguments: KernelGeneration.allCases)
  func size(_ kernel: KernelGeneration) {
    var bench = RulesetBench(kernel)
    let range = NFTables.Set.Flag.interval
    let all = NFTables.Element.Flag.catchAll
    let end = NFTables.Element.Flag.intervalEnd
    #expect(
      errors(&bench) {
        $0.table()
        $0.set("s", id: 1, keyLength: 1, size: 2)
        $0.set("r", id: 2, flags: range, keyLength: 1, size: 1)
      } == [])
    var rest = NFTables.Element()
    rest.flags = all
    #expect(
      errors(&bench) { $0.elements("s", [rest, BatchBuilder.element([1]), BatchBuilder.element([2])]) } == [])
    #expect(errors(&bench) { $0.elements("s", [BatchBuilder.element([3])]) } == [ErrorNumber.tooManyInSystem])
    let one = [
      BatchBuilder.element([0], flags: end), BatchBuilder.element([4]), BatchBuilder.element([5], flags: end),
    ]
    #expect(
      errors(&bench) { $0.elements("r", one) } == (kernel >= .linux612 ? [] : [ErrorNumber.tooManyInSystem]))
    #expect(
      errors(&bench) { $0.elements("r", one + [BatchBuilder.element([7])]) } == [ErrorNumber.tooManyInSystem])
  }

  @Test("a flowtable gets devices with the commit")
  func devicesOfFlowtable() {
    var bench = RulesetBench()
    #expect(
      errors(&bench) {
        $0.table()
        $0.flowtable("f")
        $0.flowtable("g")
      } == [])
    for name in ["f", "g"] {
      #expect(
        errors(&bench) {
          $0.flowtable("f", devices: ["lan0"])
          $0.flowtable(name, devices: ["lan0"])
        } == [ErrorNumber.exists])
    }
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = "f"
    flowtable.hook = NFTables.Flowtable.Hook(number: 0, priority: 0, devices: [.name("lan0")])
    #expect(
      errors(&bench) {
        $0.flowtable("f", devices: ["lan0"])
        $0.add(NFTables.Message.deleteFlowtable, []) { flowtable.encode(into: &$0) }
      } == [ErrorNumber.noEntry])
    #expect(
      errors(&bench) {
        $0.flowtable("f", devices: ["lan0"])
        $0.flowtable("h", devices: ["lan0"])
      } == [])
    let devices = bench.ruleset.model.tables[0].flowtables.map(\.devices)
    #expect(devices == [[.name("lan0")], [], [.name("lan0")]])
  }

  @Test("a chain gets devices with the commit")
  func devicesOfChain() {
    var bench = RulesetBench()
    var batch = BatchBuilder(family: NFTables.Family.netdev)
    batch.table()
    var chain = NFTables.Chain()
    chain.table = "x"
    chain.name = "y"
    chain.type = "filter"
    chain.hook = NFTables.ChainHook()
    chain.hook?.number = 0
    chain.hook?.priority = 0
    chain.hook?.devices = [.name("lan0")]
    batch.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
    #expect(bench.send(batch).replies == [])
    chain.hook?.devices = [.name("lan0"), .name("wan0")]
    batch = BatchBuilder(family: NFTables.Family.netdev)
    batch.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
    var twice = batch
    twice.add(NFTables.Message.newChain) { chain.encode(into: &$0) }
    #expect(RulesetBench.errors(bench.send(twice)).map(\.number) == [ErrorNumber.exists])
    #expect(bench.send(batch).replies == [])
    #expect(bench.ruleset.model.tables[0].chains[0].base?.devices == [.name("wan0"), .name("lan0")])
  }

  @Test("a set that is added again gets its new time with the commit")
  func timeOfSet() {
    var bench = RulesetBench()
    func set(_ timeout: UInt64?, _ flags: UInt32, _ request: NetlinkFlags, _ batch: inout BatchBuilder) {
      var set = NFTables.Set()
      set.table = "x"
      set.name = "s"
      set.id = 1
      set.flags = NFTables.Set.Flag.timeout | flags
      set.keyLength = 1
      set.timeout = timeout
      batch.add(NFTables.Message.newSet, request) { set.encode(into: &$0) }
    }
    #expect(
      errors(&bench) {
        $0.table()
        set(nil, 0, .create, &$0)
      } == [])
    #expect(
      errors(&bench) {
        set(1000, 0, .create, &$0)
        $0.elements("s", [BatchBuilder.element([1])])
      } == [])
    #expect(errors(&bench) { $0.elements("s", [BatchBuilder.element([2])]) } == [])
    let elements = bench.ruleset.model.tables[0].sets[0].elements
    #expect(elements.map(\.expiry) == [0, 1_000_000_000])
    #expect(elements.map(\.timeout) == [0, nil])
    // That it is there already is found before that it could not be.
    let ranges = NFTables.Set.Flag.interval | NFTables.Set.Flag.eval
    #expect(errors(&bench) { set(nil, ranges, [.create, .exclusive], &$0) } == [ErrorNumber.exists])
  }

  @Test("an element that is added again gets its new time with the commit, and only if that differs")
  func timesOfElements() {
    var bench = RulesetBench()
    #expect(
      errors(&bench) {
        $0.table()
        $0.set("s", id: 1, flags: NFTables.Set.Flag.timeout, keyLength: 1)
      } == [])
    func add(_ timeouts: UInt64?...) -> Int {
      var batch = BatchBuilder()
      batch.elements("s", timeouts.map { BatchBuilder.element([1], timeout: $0) })
      let output = bench.send(batch)
      #expect(output.replies == [])
      return output.events.count
    }
    func expiry() -> UInt64? { bench.ruleset.model.tables[0].sets[0].elements.first?.expiry }
    #expect(add(1000) == 2)
    bench.now = 1_000_000
    #expect(add(1000) == 0)
    #expect(expiry() == 1_000_000_000)
    #expect(add(2000, 1000) == 2)
    #expect(expiry() == 2_001_000_000)
    #expect(add(nil) == 2)
    #expect(expiry() == 0)
    var late = BatchBuilder.element([2])
    late.expiration = 5
    #expect(errors(&bench) { $0.elements("s", [late]) } == [ErrorNumber.notSupported])
  }
}
