// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// What kernels do to such sets when packets come was observed on Linux 6.1, 6.12, 6.18 and 7.2.
@Suite("sets that packets change")
struct DynamicSetTests {
  private typealias Flag = NFTables.Set.Flag
  private static let second: UInt64 = 1_000_000_000

  /// A set of addresses, or a map from addresses to `dataLength` octets.
  private static func set(
    flags: UInt32 = Flag.eval, size: UInt32? = 100, timeout: UInt64? = nil, dataLength: UInt32? = nil,
    expressions: [NFTables.Expression]? = nil
  ) -> NFTables.Set {
    var set = NFTables.Set()
    set.table = "x"
    set.name = "s"
    set.id = 1
    set.flags = flags
    set.keyType = 7
    set.keyLength = 4
    set.timeout = timeout
    set.dataType = dataLength.map { _ in 19 }
    set.dataLength = dataLength
    set.description = size.map { .init(size: $0) }
    set.expressions = expressions
    return set
  }

  private enum Operation: UInt32 {
    case add, update, delete
  }

  private static func dynset(
    _ operation: Operation = .add, _ expressions: [NFTables.Expression] = [], timeout: UInt64? = nil,
    data: UInt32? = nil, isInverted: Bool = false
  ) -> NFTables.Expression {
    var value = NFTables.Expression.DynamicSet()
    value.set = "s"
    value.operation = operation.rawValue
    value.keySource = 1
    value.dataSource = data
    value.timeout = timeout
    value.flags = (isInverted ? 1 : 0) | (expressions.count > 1 ? 2 : 0)
    value.expression = expressions.count == 1 ? expressions : nil
    value.expressions = expressions.count > 1 ? expressions : nil
    return .dynamicSet(value)
  }

  private static func limit(perHour rate: UInt64, burst: UInt32) -> NFTables.Expression {
    var value = NFTables.Expression.Limit()
    value.rate = rate
    value.unit = 3600
    value.burst = burst
    return .limit(value)
  }

  private static func connections(over count: UInt32) -> NFTables.Expression {
    var value = NFTables.Expression.ConnectionLimit()
    value.count = count
    value.flags = 1
    return .connectionLimit(value)
  }

  private static let source = Rules.payload(1, 12, 4)
  private static let port = Rules.payload(2, 2, 2)

  /// A bench with a set, and a rule for each destination port from 1 on, in whose last place packets are dropped.
  private static func bench(
    _ set: NFTables.Set, _ rules: [NFTables.Expression]..., kernel: KernelGeneration = .linux72,
    elements: [NFTables.Element] = []
  ) -> RulesetBench {
    var bench = RulesetBench(kernel)
    bench.now = 1000 * second
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.add(NFTables.Message.newSet) { set.encode(into: &$0) }
    if !elements.isEmpty { batch.elements("s", elements) }
    for (index, rule) in rules.enumerated() {
      var message = NFTables.Rule()
      message.table = "x"
      message.chain = "y"
      message.expressions = [port, Rules.compare([0, UInt8(index + 1)]), source] + rule + [Rules.drop]
      batch.add(NFTables.Message.newRule, [.create, .append]) { message.encode(into: &$0) }
    }
    #expect(RulesetBench.errors(bench.send(batch)) == [])
    return bench
  }

  /// Whether a packet from 10.0.x.y, of which the number is made, reached the end of the rule for `port`.
  private static func matches(
    _ bench: inout RulesetBench, _ host: Int, port: UInt16 = 1,
    _ change: (inout MockEnvironment) -> Void = { _ in }
  ) -> Bool {
    let address: [UInt8] = [10, 0, UInt8(host >> 8), UInt8(host & 0xff)]
    var (environment, packet) = TestPacket.ipv4(source: address, destinationPort: port)
    environment.now = bench.now
    change(&environment)
    return bench.forward(&packet, &environment) == .drop
  }

  /// The set's elements, as a dump shows them, by the last octet of their keys.
  private static func dump(_ bench: inout RulesetBench) -> [NFTables.Element] {
    var list = NFTables.ElementList()
    list.table = "x"
    list.set = "s"
    let replies = bench.ask(NFTables.Message.getElement, .dump) { list.encode(into: &$0) }
    var elements: [NFTables.Element] = []
    for reply in replies {
      // Safe: the span does not outlive the array.
      var cursor = unsafe NetlinkMessageCursor(reply.span.bytes)
      while let more = try? cursor.advance(), more {
        guard cursor.type == NFTables.messageType(NFTables.Message.newElement) else { continue }
        elements += (try? NFTables.ElementList(cursor.payload))?.elements ?? []
      }
    }
    return elements.sorted { ($0.key ?? []).lexicographicallyPrecedes($1.key ?? []) }
  }

  private static func hosts(_ bench: inout RulesetBench) -> [UInt8] {
    dump(&bench).compactMap { $0.key?.last }
  }

  private static func delete(_ bench: inout RulesetBench, host: UInt8) {
    var batch = BatchBuilder()
    var list = NFTables.ElementList()
    list.table = "x"
    list.set = "s"
    list.elements = [BatchBuilder.element([10, 0, 0, host])]
    batch.add(NFTables.Message.deleteElement) { list.encode(into: &$0) }
    #expect(RulesetBench.errors(bench.send(batch)) == [])
  }

  /// A batch that has nothing to do with the set.
  private static func reload(_ bench: inout RulesetBench) {
    var batch = BatchBuilder()
    batch.rule("y", Rules.counter)
    #expect(RulesetBench.errors(bench.send(batch)) == [])
  }

  @Test("a packet's address is added once, found by a lookup, listed, and deleted by another packet")
  func addAndDelete() {
    var bench = Self.bench(Self.set(), [Self.dynset()], [Rules.lookup("s")], [Self.dynset(.delete)])
    #expect(!Self.matches(&bench, 7, port: 2))
    #expect(Self.matches(&bench, 7))
    #expect(Self.matches(&bench, 7))
    #expect(Self.matches(&bench, 7, port: 2))
    #expect(Self.matches(&bench, 9))
    #expect(Self.hosts(&bench) == [7, 9])
    #expect(Self.matches(&bench, 7, port: 3))
    #expect(Self.matches(&bench, 8, port: 3))
    #expect(!Self.matches(&bench, 7, port: 2))
    #expect(Self.hosts(&bench) == [9])
  }

  @Test("thousands of addresses come and go, and none is lost or found where it should not be")
  func many() {
    var bench = Self.bench(
      Self.set(size: 5000), [Self.dynset()], [Rules.lookup("s")], [Self.dynset(.delete)])
    var present: Set<Int> = []
    var random: UInt32 = 1
    for step in 0..<20_000 {
      random = random &* 1_664_525 &+ 1_013_904_223
      let host = Int(random >> 19)
      if random & 0x1000 == 0 {
        if present.count < 5000 || present.contains(host) {
          #expect(Self.matches(&bench, host))
          present.insert(host)
        } else {
          #expect(!Self.matches(&bench, host))
        }
      } else {
        #expect(Self.matches(&bench, host, port: 3))
        present.remove(host)
      }
      #expect(Self.matches(&bench, host, port: 2) == present.contains(host))
      if step % 4000 == 0 { Self.reload(&bench) }
      if step % 3001 == 0 { #expect(Self.dump(&bench).count == present.count) }
    }
    for host in 0..<8192 { #expect(Self.matches(&bench, host, port: 2) == present.contains(host)) }
    #expect(Self.dump(&bench).map { Int($0.key?[2] ?? 0) << 8 | Int($0.key?[3] ?? 0) } == present.sorted())
  }

  @Test("elements and their state survive batches, refused ones too")
  func reload() throws {
    var bench = Self.bench(Self.set(), [Self.dynset(.update, [Rules.counter])], [Self.dynset()])
    for host in [1, 2, 1] { #expect(Self.matches(&bench, host)) }
    Self.reload(&bench)
    #expect(Self.matches(&bench, 3, port: 2))
    #expect(Self.matches(&bench, 1))
    var wrong = BatchBuilder()
    wrong.rule("y", Rules.counter)
    wrong.rule("nosuch", Rules.counter)
    #expect(RulesetBench.errors(bench.send(wrong)).count == 1)
    #expect(Self.matches(&bench, 1))
    let elements = Self.dump(&bench)
    #expect(elements.map { $0.key?.last } == [1, 2, 3])
    let counts = elements.map { element -> UInt64? in
      guard case .counter(let counters)? = element.expressions?.first else { return nil }
      return counters.packets
    }
    #expect(counts == [4, 1, nil])
    bench.ruleset.deviceVanished(index: 1)
    #expect(Self.matches(&bench, 4))
    #expect(Self.hosts(&bench) == [1, 2, 3, 4])
  }

  @Test("what a client adds and deletes, and what packets do, come together")
  func together() {
    var element = BatchBuilder.element([10, 0, 0, 1])
    element.userData = [1, 2, 3]
    var bench = Self.bench(
      Self.set(), [Self.dynset()], [Self.dynset(.delete)],
      elements: [element, BatchBuilder.element([10, 0, 0, 2])])
    for host in 1...3 { #expect(Self.matches(&bench, host)) }
    Self.delete(&bench, host: 3)
    #expect(Self.matches(&bench, 2, port: 2))
    #expect(Self.matches(&bench, 4))
    Self.delete(&bench, host: 4)
    #expect(Self.hosts(&bench) == [1])
    #expect(Self.dump(&bench).first?.userData == [1, 2, 3])
    // Deleted and added by packets, it is another element.
    #expect(Self.matches(&bench, 1, port: 2))
    #expect(Self.matches(&bench, 1))
    #expect(Self.dump(&bench).first?.userData == nil)
  }

  @Test("a full set takes no more until time is up for some; the rule is left there")
  func full() {
    let set = Self.set(flags: Flag.eval | Flag.timeout, size: 2, timeout: 10_000)
    var bench = Self.bench(
      set, [Self.dynset()], [Self.dynset(isInverted: true)], [Self.dynset(timeout: 90_000)])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 2, port: 3))
    #expect(!Self.matches(&bench, 3))
    #expect(Self.matches(&bench, 3, port: 2))
    #expect(!Self.matches(&bench, 2, port: 2))
    bench.now += 11 * Self.second
    #expect(Self.matches(&bench, 3))
    #expect(!Self.matches(&bench, 4))
    #expect(Self.hosts(&bench) == [2, 3])
  }

  @Test("times are the statement's, or the set's, and begin anew with an update only")
  func timeouts() {
    let set = Self.set(flags: Flag.eval | Flag.timeout, timeout: 60_000)
    var bench = Self.bench(
      set, [Self.dynset(timeout: 20_000)], [Self.dynset()], [Self.dynset(.update, timeout: 30_000)],
      [Rules.lookup("s")])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 2, port: 2))
    bench.now += 5 * Self.second
    #expect(Self.matches(&bench, 1))
    var elements = Self.dump(&bench)
    #expect(elements.map(\.timeout) == [20_000, nil])
    #expect(elements.map(\.expiration) == [15_000, 55_000])
    #expect(Self.matches(&bench, 1, port: 3))
    #expect(Self.matches(&bench, 2, port: 3))
    elements = Self.dump(&bench)
    #expect(elements.map(\.expiration) == [30_000, 30_000])
    #expect(elements.map(\.timeout) == [20_000, nil])
    bench.now += 31 * Self.second
    #expect(!Self.matches(&bench, 1, port: 4))
    #expect(Self.dump(&bench).isEmpty)
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 1, port: 4))
  }

  @Test("an update without a time, in a set without one, ends an element that has one")
  func endingUpdate() {
    var bench = Self.bench(
      Self.set(flags: Flag.eval | Flag.timeout), [Self.dynset(timeout: 5000)], [Self.dynset(.update)])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 1, port: 2))
    #expect(Self.matches(&bench, 2, port: 2))
    #expect(Self.hosts(&bench) == [2])
  }

  @Test("an element without a time has none after an update either")
  func permanent() {
    var bench = Self.bench(
      Self.set(flags: Flag.eval | Flag.timeout), [Self.dynset(.update, timeout: 5000)],
      elements: [BatchBuilder.element([10, 0, 0, 1])])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 2))
    #expect(Self.dump(&bench).map(\.expiration) == [nil, 5000])
  }

  @Test("Linux 6.1 shows the time of an element that a packet made, were it the set's own")
  func shownTimeout() {
    let set = Self.set(flags: Flag.eval | Flag.timeout, timeout: 60_000)
    var bench = Self.bench(set, [Self.dynset()], kernel: .linux61)
    #expect(Self.matches(&bench, 1))
    #expect(Self.dump(&bench).map(\.timeout) == [60_000])
    Self.reload(&bench)
    #expect(Self.dump(&bench).map(\.timeout) == [60_000])
  }

  @Test("a map's element gets the packet's data, and keeps it")
  func data() {
    let set = Self.set(flags: Flag.eval | Flag.map, dataLength: 4)
    var bench = Self.bench(
      set, [Rules.load([1, 2, 3, 4], to: 9), Self.dynset(.update, data: 9)],
      [Rules.load([5, 6, 7, 8], to: 9), Self.dynset(.update, data: 9)],
      [Rules.lookup("s", to: 9), Rules.compare([1, 2, 3, 4], 0, 9)])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 1, port: 2))
    #expect(Self.matches(&bench, 2, port: 2))
    #expect(Self.matches(&bench, 1, port: 3))
    #expect(!Self.matches(&bench, 2, port: 3))
    #expect(Self.dump(&bench).map(\.data) == [.value([1, 2, 3, 4]), .value([5, 6, 7, 8])])
  }

  @Test("each element of a meter has a limit of its own")
  func meter() {
    var bench = Self.bench(Self.set(), [Self.dynset(.update, [Self.limit(perHour: 1, burst: 2)])])
    for host in [1, 2] {
      #expect(Self.matches(&bench, host))
      #expect(Self.matches(&bench, host))
      #expect(!Self.matches(&bench, host))
    }
    bench.now += 3600 * Self.second
    #expect(Self.matches(&bench, 1))
    #expect(!Self.matches(&bench, 1))
    let shown = Self.dump(&bench)
    #expect(shown.count == 2)
    guard case .limit(let value)? = shown.first?.expressions?.first else {
      Issue.record("no limit")
      return
    }
    #expect(value.burst == 2)
    #expect(value.rate == 1)
  }

  @Test("two expressions run one after the other, and the first that breaks ends the rule")
  func expressions() {
    var quota = NFTables.Expression.Quota()
    quota.bytes = 100
    var bench = Self.bench(
      Self.set(), [Self.dynset(.update, [Rules.counter, .quota(quota)])], [Rules.lookup("s")])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 1))
    #expect(!Self.matches(&bench, 1))
    #expect(!Self.matches(&bench, 1, port: 2))
    guard let element = Self.dump(&bench).first, case .counter(let counters)? = element.expressions?.first,
      case .quota(let shown)? = element.expressions?.last
    else {
      Issue.record("no counter and quota")
      return
    }
    #expect(counters.packets == 4)
    #expect(element.hasExpressionList)
    // More than the quota is not shown.
    #expect(shown.consumed == 100)
  }

  @Test("the set's own expression is the elements', when the statement says none")
  func inheritedExpression() {
    let set = Self.set(flags: Flag.eval | Flag.expressions, expressions: [Rules.counter])
    var bench = Self.bench(set, [Self.dynset()])
    #expect(Self.matches(&bench, 1))
    #expect(Self.matches(&bench, 1))
    guard case .counter(let counters)? = Self.dump(&bench).first?.expressions?.first else {
      Issue.record("no counter")
      return
    }
    #expect(counters.packets == 2)
    #expect(counters.bytes == 80)
  }

  @Test("an element that a lookup finds runs its expressions, and a deleted one gives its cells back")
  func cells() {
    var bench = Self.bench(
      Self.set(), [Self.dynset(.add, [Rules.counter])], [Rules.lookup("s")], [Self.dynset(.delete)])
    let before = bench.ruleset.cells.count
    for host in 0..<50 {
      #expect(Self.matches(&bench, host))
      #expect(Self.matches(&bench, host, port: 2))
      guard case .counter(let counters)? = Self.dump(&bench).first?.expressions?.first else {
        Issue.record("no counter")
        return
      }
      #expect(counters.packets == 2)
      #expect(Self.matches(&bench, host, port: 3))
    }
    #expect(bench.ruleset.cells.count == before + 1)
  }

  @Test("a set that a statement uses has a size, and cannot be deleted; with the rule that ends")
  func use() {
    var bench = Self.bench(Self.set(size: nil), [Self.dynset()])
    #expect(bench.ruleset.model.tables[0].sets[0].size == 65535)
    var batch = BatchBuilder()
    let set = Self.set(size: nil)
    batch.add(NFTables.Message.deleteSet, []) { set.encode(into: &$0) }
    #expect(RulesetBench.errors(bench.send(batch)).map(\.number) == [ErrorNumber.busy])
    var flush = BatchBuilder()
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    flush.add(NFTables.Message.deleteRule, []) { rule.encode(into: &$0) }
    flush.add(NFTables.Message.deleteSet, []) { set.encode(into: &$0) }
    #expect(RulesetBench.errors(bench.send(flush)) == [])
    #expect(bench.ruleset.model.tables[0].sets.isEmpty)
  }

  @Test("a set keeps the size that it got for the sake of a rule that was refused with its batch")
  func refusedSize() {
    var bench = Self.bench(Self.set(size: nil), [Rules.lookup("s")])
    #expect(bench.ruleset.model.tables[0].sets[0].size == nil)
    var batch = BatchBuilder()
    batch.rule("y", Self.source, Self.dynset())
    batch.rule("nosuch", Rules.drop)
    #expect(RulesetBench.errors(bench.send(batch)).count == 1)
    #expect(bench.ruleset.model.tables[0].sets[0].size == 65535)
  }

  @Test(
    "a set that is added again gets the new times and the new size; its elements keep theirs",
    arguments: [KernelGeneration.linux61, .linux612, .linux72])
  func addedAgain(kernel: KernelGeneration) {
    let set = Self.set(flags: Flag.eval | Flag.timeout, size: 5, timeout: 60_000)
    var bench = Self.bench(
      set, [Self.dynset()], kernel: kernel, elements: [BatchBuilder.element([10, 0, 0, 1])])
    var batch = BatchBuilder()
    let other = Self.set(flags: Flag.eval | Flag.timeout, size: 9, timeout: 90_000)
    batch.add(NFTables.Message.newSet) { other.encode(into: &$0) }
    #expect(RulesetBench.errors(bench.send(batch)) == [])
    #expect(bench.ruleset.model.tables[0].sets[0].size == (kernel == .linux61 ? 5 : 9))
    #expect(Self.matches(&bench, 2))
    let elements = Self.dump(&bench)
    #expect(elements.map(\.expiration) == [60_000, 90_000])
    #expect(elements.map(\.timeout) == (kernel == .linux61 ? [nil, 90_000] : [60_000, nil]))
  }

  // MARK: Connections

  private static func tuple(_ port: UInt16) -> Tuple {
    Tuple(
      family: .ipv4, proto: 17, source: Address(ipv4: 0x0a00_0001), destination: Address(ipv4: 0x0a00_0002),
      sourcePort: port, destinationPort: 53)
  }

  /// Sends the packet of a connection, of which it is the first unless it is open.
  private static func connects(
    _ bench: inout RulesetBench, _ port: UInt16, _ open: inout Set<Tuple>, host: Int = 1, rule: UInt16 = 1
  ) -> Bool {
    let tuple = tuple(port)
    let known = open
    let isOver = matches(&bench, host, port: rule) {
      $0.connectionTuple = tuple
      $0.isConfirmed = known.contains(tuple)
      $0.openConnections = known
    }
    // A connection that was not dropped is confirmed behind the rules.
    if !isOver { open.insert(tuple) }
    return isOver
  }

  @Test("connections over the number match, the packet's own counted, and no more once others have gone")
  func connectionLimit() {
    var bench = Self.bench(Self.set(), [Self.connections(over: 2)])
    var open: Set<Tuple> = []
    #expect(!Self.connects(&bench, 1, &open))
    #expect(!Self.connects(&bench, 2, &open))
    #expect(Self.connects(&bench, 3, &open))
    #expect(Self.connects(&bench, 3, &open))
    Self.reload(&bench)
    #expect(Self.connects(&bench, 4, &open))
    open.remove(Self.tuple(1))
    #expect(!Self.connects(&bench, 4, &open))
    #expect(Self.connects(&bench, 1, &open))
  }

  /// What happened to forwarded datagrams of these ports on each kernel.
  @Test(
    "connections that were there before the rule, and those that were refused, are counted as the kernel counts them",
    arguments: [
      (KernelGeneration.linux61, [false, false, false, false, true, false, false]),
      (.linux612, [false, false, true, true, true, true, true]),
      (.linux72, [false, false, true, true, true, true, true]),
    ])
  func olderConnections(kernel: KernelGeneration, expected: [Bool]) {
    var bench = Self.bench(Self.set(), [Self.connections(over: 2)], kernel: kernel)
    var open: Set<Tuple> = [Self.tuple(1), Self.tuple(2)]
    let matched = [1, 2, 3, 4, 5, 1, 3].map { Self.connects(&bench, $0, &open) }
    #expect(matched == expected)
  }

  @Test("a packet that shows no connection is dropped")
  func noConnection() {
    var bench = Self.bench(Self.set(), [Self.connections(over: 5), Rules.accept])
    #expect(Self.matches(&bench, 1))
  }

  @Test("each element counts the connections of its own")
  func connectionMeter() {
    var bench = Self.bench(Self.set(), [Self.dynset(.add, [Self.connections(over: 1)])], [Rules.lookup("s")])
    var open: Set<Tuple> = []
    #expect(!Self.connects(&bench, 1, &open))
    #expect(Self.connects(&bench, 2, &open))
    #expect(!Self.connects(&bench, 3, &open, host: 2))
    Self.reload(&bench)
    #expect(Self.connects(&bench, 4, &open))
    #expect(Self.connects(&bench, 4, &open, rule: 2))
    #expect(!Self.connects(&bench, 5, &open, host: 3, rule: 2))
    #expect(Self.hosts(&bench) == [1, 2])
    // An element that counts nothing any more goes when a second has passed.
    open.remove(Self.tuple(1))
    let registry = OpenConnections(open: open)
    bench.ruleset.collectConnections(now: bench.now, registry)
    #expect(Self.hosts(&bench) == [1, 2])
    bench.now += 2 * Self.second
    bench.ruleset.collectConnections(now: bench.now, registry)
    #expect(Self.hosts(&bench) == [2])
  }

  private struct OpenConnections: ConnectionRegistry {
    var open: Set<Tuple>
    func isOpen(_ connection: Tuple) -> Bool { open.contains(connection) }
  }

  @Test("rules that count connections have them tracked")
  func needs() {
    let plain = Self.bench(Self.set(), [Self.dynset()])
    #expect(!plain.ruleset.conntrackNeeds().tracks4)
    let rule = Self.bench(Self.set(), [Self.connections(over: 1)])
    #expect(rule.ruleset.conntrackNeeds().tracks4)
    let meter = Self.bench(Self.set(), [Self.dynset(.add, [Self.connections(over: 1)])])
    #expect(meter.ruleset.conntrackNeeds().tracks4)
  }

  /// A router with rules behind those that track connections; a set of addresses of each of which one connection may be open.
  private static func scene() -> Scene {
    let scene = Scene(rules: "")
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    let set = set()
    batch.add(NFTables.Message.newSet) { set.encode(into: &$0) }
    batch.rule("y", source, dynset(.add, [connections(over: 1)]), Rules.drop)
    let datagram = batch.datagram()
    #expect(RulesetBench.errors(scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))) == [])
    return scene
  }

  @Test("a connection of the router's that was reset or has ended by time is counted no more")
  func closedConnections() {
    let scene = Self.scene()
    scene.handshake()
    let sequences = (scene.clientSequence, scene.serverSequence)
    scene.clientPort = 40001
    scene.send(.client, .syn)
    #expect(scene.sent.isEmpty)
    scene.clientPort = 40000
    (scene.clientSequence, scene.serverSequence) = sequences
    scene.send(.client, [.rst, .ack])
    #expect(scene.sent.count == 1)
    scene.clientPort = 40001
    scene.handshake()
    scene.clientPort = 40002
    scene.send(.client, .syn)
    #expect(scene.sent.isEmpty)
    scene.wait(6 * 86400)
    scene.send(.client, .syn)
    #expect(scene.sent.count == 1)
  }

  @Test("the element of an address without connections goes while somebody looks")
  func idleElement() {
    let scene = Self.scene()
    scene.proto = IPProtocol.udp
    func count() -> Int {
      var list = NFTables.ElementList()
      list.table = "x"
      list.set = "s"
      var writer = NetlinkWriter()
      let mark = writer.beginMessage(
        NetlinkHeader(
          type: NFTables.messageType(NFTables.Message.getElement), flags: [.request, .dump], sequence: 1),
        NetfilterHeader(family: NFTables.Family.inet))
      list.encode(into: &writer)
      writer.endMessage(mark)
      let message = writer.bytes
      _ = scene.router.control(message.raw, from: ControlClient(portID: 1))
      return scene.router.ruleset.model.tables[0].sets[0].elements.count
    }
    scene.send(.client)
    #expect(scene.sent.count == 1)
    #expect(count() == 1)
    scene.wait(5)
    #expect(count() == 1)
    scene.wait(200)
    #expect(count() == 0)
  }
}
