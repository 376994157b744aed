// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

@Suite("expressions on packets")
struct ExpressionTests {
  /// A bench with one forward chain that holds one rule ending in drop: `.drop` means that the rule matched.
  private func bench(_ expressions: NFTables.Expression..., kernel: KernelGeneration = .linux72)
    -> RulesetBench
  {
    var bench = RulesetBench(kernel)
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = "y"
    rule.expressions = expressions + [Rules.drop]
    batch.add(NFTables.Message.newRule, [.create, .append]) { rule.encode(into: &$0) }
    let errors = RulesetBench.errors(bench.send(batch))
    #expect(errors == [])
    return bench
  }

  @Test(
    "cmp compares octets from the first on",
    arguments: [
      (UInt32(0), [UInt8](arrayLiteral: 20, 81), true), (0, [20, 82], false), (1, [20, 82], true),
      (2, [20, 82], true), (2, [20, 81], false), (3, [20, 81], true), (4, [20, 80], true),
      (4, [20, 81], false),
      (5, [20, 81], true), (5, [21, 0], false), (2, [21, 0], true),
    ])
  func compare(operation: UInt32, value: [UInt8], matches: Bool) {
    // The destination port is 5201, 0x1451.
    var bench = bench(Rules.payload(2, 2, 2), Rules.compare(value, operation))
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == (matches ? .drop : .accept))
  }

  @Test("iifname with a star compares a prefix of the name")
  func namePrefix() {
    var bench = bench(Rules.meta(6), Rules.compare(Array("la".utf8)))
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .drop)
    packet.inputDevice = 2
    #expect(bench.forward(&packet, &environment) == .accept)
  }

  @Test("transport fields of later fragments and of packets too short do not match")
  func missingOctets() {
    var bench = bench(Rules.payload(2, 0, 2))
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .drop)
    packet.fragmentOffset = 1
    #expect(bench.forward(&packet, &environment) == .accept)
    packet.fragmentOffset = 0
    packet.endOffset = 35
    #expect(bench.forward(&packet, &environment) == .accept)
    packet.transportOffset = -1
    #expect(bench.forward(&packet, &environment) == .accept)
  }

  @Test("bitwise masks, shifts and combines")
  func bitwise() {
    var mask = NFTables.Expression.Bitwise()
    mask.source = 1
    mask.destination = 1
    mask.length = 4
    mask.mask = .value([0xff, 0xff, 0, 0])
    mask.xor = .value([0, 0, 0, 1])
    // 198.51.100.2 masked to /16, then the last bit set.
    var bench = bench(Rules.payload(1, 16, 4), .bitwise(mask), Rules.compare([198, 51, 0, 1]))
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .drop)

    var shift = NFTables.Expression.Bitwise()
    shift.source = 1
    shift.destination = 1
    shift.length = 4
    shift.operation = 1
    shift.data = .value([3, 0, 0, 0])
    var shifting = self.bench(Rules.meta(3), .bitwise(shift), Rules.compare([40, 0, 0, 0]))
    packet.mark = 5
    #expect(shifting.forward(&packet, &environment) == .drop)
  }

  @Test("byteorder swaps numbers of two, four and eight octets")
  func byteOrder() {
    var swap = NFTables.Expression.ByteOrder()
    swap.source = 1
    swap.destination = 1
    swap.operation = 1
    swap.length = 4
    swap.size = 4
    // meta length in network order: 40 octets from the IPv4 header on.
    var bench = bench(Rules.meta(0), .byteOrder(swap), Rules.compare([0, 0, 0, 40]))
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .drop)
  }

  @Test(
    "before 7.2, byteorder of one octet, as nft sends it for a protocol in a concatenation, changes nothing")
  func byteOrderOfOctet() {
    var swap = NFTables.Expression.ByteOrder()
    swap.source = 1
    swap.destination = 1
    swap.operation = 1
    swap.length = 1
    swap.size = 2
    var bench = bench(Rules.meta(16), .byteOrder(swap), Rules.compare([6]), kernel: .linux612)
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .drop)
  }

  @Test("payload writes keep the header checksum right")
  func payloadWrite() {
    var store = NFTables.Expression.Payload()
    store.source = 1
    store.base = 1
    store.offset = 8
    store.length = 2
    store.checksumType = 1
    store.checksumOffset = 10
    var bench = bench(Rules.load([5, 6]), .payload(store))
    var (environment, packet) = TestPacket.ipv4()
    func sum(_ bytes: [UInt8]) -> UInt32 {
      var total: UInt32 = 0
      for index in stride(from: 14, to: 34, by: 2) {
        total += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
      }
      while total >> 16 != 0 { total = total & 0xffff + total >> 16 }
      return total
    }
    let checksum = ~UInt16(truncatingIfNeeded: sum(environment.bytes))
    environment.bytes[24] = UInt8(checksum >> 8)
    environment.bytes[25] = UInt8(checksum & 0xff)
    #expect(sum(environment.bytes) == 0xffff)
    #expect(bench.forward(&packet, &environment) == .drop)
    #expect(environment.bytes[22] == 5)
    #expect(sum(environment.bytes) == 0xffff)
  }

  @Test("the MSS option is only ever lowered")
  func segmentSize() {
    var store = NFTables.Expression.ExtensionHeader()
    store.source = 1
    store.type = 2
    store.offset = 2
    store.length = 2
    store.operation = 1
    for (wanted, left) in [
      ([UInt8](arrayLiteral: 5, 0x14), [UInt8](arrayLiteral: 5, 0x14)), ([6, 0], [5, 0xb4]),
    ] {
      var bench = bench(Rules.load(wanted), .extensionHeader(store))
      var (environment, packet) = TestPacket.ipv4()
      // 24 octets of TCP header with MSS 1460.
      environment.bytes.insert(contentsOf: [2, 4, 5, 0xb4], at: 54)
      environment.bytes[46] = 0x60
      packet.endOffset += 4
      #expect(bench.forward(&packet, &environment) == .drop)
      #expect(Array(environment.bytes[56..<58]) == left)
      // A checksum that is left to the device has nothing of the option in it.
      let changed = environment.bytes.be16(50)
      environment.bytes.store(be16: 0x0505, at: 56)
      packet.isPartial = true
      #expect(bench.forward(&packet, &environment) == .drop)
      #expect(environment.bytes.be16(50) == changed)
    }
  }

  @Test("the checksum follows an MSS at an odd place as if its place were even")
  func oddSegmentSize() {
    var store = NFTables.Expression.ExtensionHeader()
    store.source = 1
    store.type = 2
    store.offset = 2
    store.length = 2
    store.operation = 1
    var bench = bench(Rules.load([4, 0xb0]), .extensionHeader(store))
    var (environment, packet) = TestPacket.ipv4()
    environment.bytes.insert(contentsOf: [1, 2, 4, 5, 0xb4, 0, 0, 0], at: 54)
    environment.bytes[46] = 0x70
    packet.endOffset += 8
    let before = environment.bytes.be16(50)
    #expect(bench.forward(&packet, &environment) == .drop)
    #expect(Array(environment.bytes[57..<59]) == [4, 0xb0])
    #expect(environment.bytes.be16(50) == Checksum.replacing(before, UInt16(0x05b4), with: UInt16(0x04b0)))
  }

  @Test("limit lets a burst through and refills with time")
  func limit() {
    var limit = NFTables.Expression.Limit()
    limit.rate = 10
    limit.unit = 1
    limit.burst = 3
    var bench = bench(.limit(limit))
    var (environment, packet) = TestPacket.ipv4()
    let burst = (0..<5).map { _ in bench.forward(&packet, &environment) }
    #expect(burst == [.drop, .drop, .drop, .accept, .accept])
    environment.now = 100_000_000
    #expect(bench.forward(&packet, &environment) == .drop)
    #expect(bench.forward(&packet, &environment) == .accept)
  }

  @Test("quota counts octets until it is used up")
  func quota() {
    var quota = NFTables.Expression.Quota()
    quota.bytes = 100
    var bench = bench(.quota(quota))
    var (environment, packet) = TestPacket.ipv4()
    let verdicts = (0..<3).map { _ in bench.forward(&packet, &environment) }
    // 40 octets each: 40 and 80 are within, 120 is not.
    #expect(verdicts == [.drop, .drop, .accept])
  }

  @Test("jump returns behind the jump, goto does not, and the base chain's policy ends both")
  func jumps() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2, policy: 0)
    batch.chain("sub")
    batch.chain("other")
    batch.rule("sub", Rules.load([1, 0, 0, 0]), Rules.setMeta(3))
    batch.rule("sub", Rules.verdict(NFTables.VerdictCode.return))
    batch.rule("sub", Rules.load([9, 0, 0, 0]), Rules.setMeta(3))
    batch.rule("other", Rules.load([2, 0, 0, 0]), Rules.setMeta(2))
    batch.rule("y", Rules.jump("sub"))
    batch.rule("y", Rules.goto("other"))
    batch.rule("y", Rules.accept)
    #expect(bench.send(batch).replies == [])
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .drop)
    #expect(packet.mark == 1)
    #expect(packet.priority == 2)
  }

  @Test("of base chains with one priority the one registered last runs first")
  func order() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("first", hook: 2)
    batch.chain("second", hook: 2)
    batch.rule("first", Rules.load([1, 0, 0, 0]), Rules.setMeta(3))
    batch.rule("second", Rules.load([2, 0, 0, 0]), Rules.setMeta(3))
    bench.send(batch)
    var (environment, packet) = TestPacket.ipv4()
    #expect(bench.forward(&packet, &environment) == .accept)
    #expect(packet.mark == 1)
  }

  @Test("a flow rule whose flow is not taken stops there")
  func flowOffload() {
    var bench = RulesetBench()
    var batch = BatchBuilder()
    batch.table()
    batch.chain("y", hook: 2)
    batch.flowtable("f", devices: ["lan0"])
    batch.rule("y", Rules.flow("f"), Rules.drop)
    bench.send(batch)
    var (environment, packet) = TestPacket.ipv4()
    environment.accepts = false
    #expect(bench.forward(&packet, &environment) == .accept)
    environment.accepts = true
    #expect(bench.forward(&packet, &environment) == .drop)
    #expect(environment.offloads == [bench.ruleset.flowtables()[0].id])
  }
}
