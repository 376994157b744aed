// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import Testing

/// A message between its header and its end, as recorded.
private func octets(_ hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

/// Calls `body` with what follows the header of a recorded message.
private func withPayload<Result>(of message: [UInt8], _ body: (RawSpan) throws -> Result) rethrows -> Result {
  // Safe: the span does not outlive the array.
  try unsafe body(message.span.bytes.extracting(NetlinkHeader.encodedLength..<message.count))
}

/// Encodes a message as a kernel would: the given header, then the content.
private func message(like original: [UInt8], _ content: (inout NetlinkWriter) -> Void) -> [UInt8] {
  // Safe: the span does not outlive the array.
  var cursor = unsafe NetlinkMessageCursor(original.span.bytes)
  guard let more = try? cursor.advance(), more, let netfilter = NetfilterHeader(cursor.payload) else {
    return []
  }
  var writer = NetlinkWriter()
  let mark = writer.beginMessage(cursor.header, netfilter)
  content(&writer)
  writer.endMessage(mark)
  return writer.bytes
}

@Suite("nf_tables messages")
struct NFTablesCodecTests {
  @Test("what Linux 7.2 dumps for a flowtable decodes, and encodes to the same octets")
  func flowtableDump() throws {
    // nft add flowtable inet x f '{ hook ingress priority 0; devices = { d0, d1 }; counter; }'
    let recorded = octets(
      "68000000160a020800000000b900000001000024060001007800000006000200660000000c00050000000000000000020800"
        + "0400000000010800070000000002280003000800010000000000080002000000000014000300070001006430000007000100"
        + "64310000")
    let flowtable = try withPayload(of: recorded) { try NFTables.Flowtable($0) }
    #expect(flowtable.table == "x")
    #expect(flowtable.name == "f")
    #expect(flowtable.handle == 2)
    #expect(flowtable.use == 1)
    #expect(flowtable.flags == NFTables.Flowtable.Flag.counter)
    #expect(flowtable.hook?.devices == [.name("d0"), .name("d1")])
    #expect(message(like: recorded) { flowtable.encode(into: &$0) } == recorded)
  }

  @Test("a flowtable with a device prefix keeps it")
  func devicePrefix() throws {
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = "f"
    flowtable.hook = NFTables.Flowtable.Hook(
      number: 0, priority: -5, devices: [.prefix("eth"), .name("wan0")])
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(type: NFTables.messageType(NFTables.Message.newFlowtable), flags: .request),
      NetfilterHeader(family: 1))
    flowtable.encode(into: &writer)
    writer.endMessage(mark)
    #expect(try withPayload(of: writer.bytes) { try NFTables.Flowtable($0) } == flowtable)
  }

  @Test("the rule that nft sends for 'ip protocol tcp flow add @f' decodes into its five expressions")
  func ruleRequest() throws {
    let recorded = octets(
      "fc000000060a010c04000000000000000100000006000100780000000600020079000000d800048024000180090001006d65"
        + "746100000000140002800800020000"
        + "00000f08000100000000012c00018008000100636d700020000280080001000000000108000200000000000c000380050001"
        + "0002000000340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000000908"
        + "000400000000012c00018008000100636d700020000280080001000000000108000200000000000c00038005000100060000"
        + "002400018011000100666c6f775f6f66666c6f6164000000000c0002800600010066000000")
    let rule = try withPayload(of: recorded) { try NFTables.Rule($0) }
    #expect(rule.expressions?.map(\.name) == ["meta", "cmp", "payload", "cmp", "flow_offload"])
    guard case .flowOffload(let flow)? = rule.expressions?.last else {
      Issue.record("the last expression is flow_offload")
      return
    }
    #expect(flow.flowtable == "f")
    guard case .compare(let comparison)? = rule.expressions?[3] else {
      Issue.record("the fourth expression is cmp")
      return
    }
    #expect(comparison.data == .value([6]))
  }

  @Test(
    "what Linux 6.18 dumps for rules, sets and objects encodes to the same octets",
    arguments: [
      // nft add rule inet x sub 'counter accept comment "sub rule"'
      "a0000000060a0208000000000000000001000077060001007800000008000200737562000c0003000000000000000017600004002c"
        + "0001000c000100636f756e746572001c0002000c00010000000000000000000c0002000000000000000000300001000e000100"
        + "696d6d6564696174650000001c0002000800010000000000100002000c00020008000100000000010f00070000097375622072"
        + "756c650000",
      // nft add rule inet x raw 'ct zone set 5'
      "80000000060a000c01000000000000000100000e060001007800000008000200726177000c000300000000000000002750000400"
        + "2c0001000e000100696d6d6564696174650000001800020008000100000000010c00020006000100050000002000010007000100"
        + "637400001400020008000400000000010800020000000011",
    ])
  func ruleDump(hex: String) throws {
    let recorded = octets(hex)
    let rule = try withPayload(of: recorded) { try NFTables.Rule($0) }
    #expect(message(like: recorded) { rule.encode(into: &$0) } == recorded)
  }

  @Test("a counter object's dump encodes to the same octets")
  func objectDump() throws {
    // nft add counter inet x classic
    let recorded = octets(
      "60000000120a020800000000000000000100007306000100780000000c000200636c61737369630008000300000000010c000600"
        + "000000000000000908000500000000011c0004000c00010000000000000000000c0002000000000000000000")
    let object = try withPayload(of: recorded) { try NFTables.Object($0) }
    #expect(object.type == NFTables.Object.Kind.counter)
    #expect(object.use == 1)
    #expect(message(like: recorded) { object.encode(into: &$0) } == recorded)
  }

  @Test("a verdict map's element keeps its target")
  func elements() throws {
    // nft add element inet x vm '{ 99 : jump sub }'
    let recorded = octets(
      "500000000c0a0004000000000000000001000074060001007800000007000200766d00002c000300280001000c000100060001"
        + "0000630000180002001400020008000100fffffffd0800020073756200")
    let list = try withPayload(of: recorded) { try NFTables.ElementList($0) }
    #expect(list.elements?.first?.key == [0, 99])
    #expect(
      list.elements?.first?.data == .verdict(NFTables.Verdict(code: NFTables.VerdictCode.jump, chain: "sub")))
    #expect(message(like: recorded) { list.encode(into: &$0) } == recorded)
  }

  @Test(
    "cutting a message off anywhere never traps", arguments: [0x0a06, 0x0a09, 0x0a0c, 0x0a12, 0x0a16, 0x0a03])
  func truncation(type: Int) {
    let recorded = octets(
      "a0000000060a0208000000000000000001000077060001007800000008000200737562000c0003000000000000000017600004002c"
        + "0001000c000100636f756e746572001c0002000c00010000000000000000000c0002000000000000000000300001000e000100"
        + "696d6d6564696174650000001c0002000800010000000000100002000c00020008000100000000010f00070000097375622072"
        + "756c650000")
    var decoded = 0
    for end in 20...recorded.count {
      let part = Array(recorded[..<end])
      let isDecoded = withPayload(of: part) { payload in
        switch type {
        case 0x0a06: (try? NFTables.Rule(payload)) != nil
        case 0x0a09: (try? NFTables.Set(payload)) != nil
        case 0x0a0c: (try? NFTables.ElementList(payload)) != nil
        case 0x0a12: (try? NFTables.Object(payload)) != nil
        case 0x0a16: (try? NFTables.Flowtable(payload)) != nil
        default: (try? NFTables.Chain(payload)) != nil
        }
      }
      if isDecoded { decoded += 1 }
    }
    #expect(decoded < recorded.count - 19)
  }

  @Test("an unknown expression keeps its attributes")
  func unknownExpression() throws {
    var writer = NetlinkWriter()
    let nest = writer.beginNest(1, marked: false)
    writer.attribute(1, text: "novelty")
    let data = writer.beginNest(2, marked: false)
    writer.attribute(9, UInt32(7))
    writer.endNest(data)
    writer.endNest(nest)
    // Safe: the span does not outlive the array.
    var cursor = unsafe AttributeCursor(writer.bytes.span.bytes)
    #expect(try cursor.advance())
    let expression = try NFTables.Expression(cursor)
    #expect(expression == .other(name: "novelty", attributes: [8, 0, 9, 0, 0, 0, 0, 7]))
    var again = NetlinkWriter()
    expression?.encode(1, into: &again)
    #expect(again.bytes == writer.bytes)
  }
}
