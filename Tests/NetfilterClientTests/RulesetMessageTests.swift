// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import TestSupport
import Testing

@testable import NetfilterClient

/// Octets of a line of hexadecimal digits.
private func octets(_ text: String) -> [UInt8] {
  var result: [UInt8] = []
  var rest = text[...]
  while !rest.isEmpty {
    result.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
    rest = rest.dropFirst(2)
  }
  return result
}

@Suite("messages of nf_tables")
struct RulesetMessageTests {
  // What nft 1.0.6 sent for
  //   table inet x { flowtable f { hook ingress priority 0; devices = { d1, d0 }; counter }
  //     chain y { type filter hook forward priority 0; policy accept; ip protocol tcp flow add @f } }
  // and for `delete flowtable inet x f`, recorded with strace.
  static let newFlowtable =
    "54000000160a010403000000000000000100000006000100780000000600020066000000280003800800010000000000080002000000000014000380070001006430000007000100643100000800070000000002"
  static let newRule =
    "fc000000060a010c04000000000000000100000006000100780000000600020079000000d800048024000180090001006d6574610000000014000280080002000000000f08000100000000012c00018008000100636d700020000280080001000000000108000200000000000c0003800500010002000000340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000000908000400000000012c00018008000100636d700020000280080001000000000108000200000000000c00038005000100060000002400018011000100666c6f775f6f66666c6f6164000000000c0002800600010066000000"
  static let deleteFlowtable =
    "24000000180a010001000000000000000100000006000100780000000600020066000000"

  static let flowtable = FlowtableDescription(
    family: NFTables.Family.inet, table: "x", name: "f", devices: [.name("d0"), .name("d1")],
    countsPackets: true)

  @Test("a flowtable is what nft sends, but for the header's flags and number")
  func flowtable() throws {
    let message = try RulesetMessage.addFlowtable(Self.flowtable, isExclusive: false)
    #expect(Array(message.bytes.dropFirst(16)) == Array(octets(Self.newFlowtable).dropFirst(16)))
    #expect(message.bytes.count == octets(Self.newFlowtable).count)
    #expect(message.operation == "change flowtable 'f' in inet x")
  }

  @Test("a rule is what nft sends")
  func rule() throws {
    let rule = try RulesetParser.rule("ip protocol tcp flow add @f", family: NFTables.Family.inet)
    let (expressions, sets) = rule.expressions { 1 }
    #expect(sets.isEmpty)
    let message = try RulesetMessage.addRule(
      NFTables.Family.inet, "x", "y", expressions, at: .atEnd, userData: [], operation: "add")
    #expect(Array(message.bytes.dropFirst(16)) == Array(octets(Self.newRule).dropFirst(16)))
  }

  @Test("a deletion is what nft sends")
  func deletion() throws {
    let message = try RulesetMessage.deleteFlowtable(NFTables.Family.inet, "x", "f")
    #expect(Array(message.bytes.dropFirst(16)) == Array(octets(Self.deleteFlowtable).dropFirst(16)))
  }

  @Test("a pattern of devices becomes a prefix without a final NUL")
  func prefix() throws {
    var description = Self.flowtable
    description.devices = [.name("d0"), .prefix("lan")]
    let message = try RulesetMessage.addFlowtable(description, isExclusive: true)
    let payload = unsafe message.bytes.span.bytes.slice(16, message.bytes.count - 16)
    let decoded = try NFTables.Flowtable(payload)
    #expect(decoded.hook?.devices == [.name("d0"), .prefix("lan")])
    #expect(decoded.hook?.number == 0)
    #expect(message.bytes.suffix(32).contains([7, 0, 2, 0] + Array("lan".utf8) + [0]))
  }

  @Test("a transaction is one datagram: begin with the generation, numbered messages, end")
  func datagram() throws {
    var transaction = RulesetTransaction()
    transaction.append(try .addTable(NFTables.Family.inet, "x"))
    transaction.append(try .addFlowtable(Self.flowtable, isExclusive: true))
    let bytes = transaction.datagram(sequence: 7, generation: 0x0102_0304, isTrial: false)
    var numbers: [UInt32] = []
    var types: [UInt16] = []
    var messages = unsafe NetlinkMessageCursor(bytes.span.bytes)
    while try messages.advance() {
      numbers.append(messages.sequence)
      types.append(messages.type)
      if messages.type == NetfilterSubsystem.batchBegin {
        #expect(messages.payload.copied == [0, 0, 0, 10, 8, 0, 1, 0, 1, 2, 3, 4])
      }
    }
    #expect(numbers == [7, 8, 9, 10])
    #expect(types == [0x10, 0xa00, 0xa16, 0x11])
    let trial = transaction.datagram(sequence: 7, generation: nil, isTrial: true)
    #expect(trial.count == bytes.count - 8 - 20)
  }

  @Test("a name that no message takes is refused before anything is sent")
  func longName() {
    #expect(throws: RulesetRefusal.self) {
      try RulesetMessage.addTable(NFTables.Family.inet, String(repeating: "x", count: 70_000))
    }
    #expect(throws: RulesetRefusal.self) {
      var description = Self.flowtable
      description.devices = (0..<5000).map { .name("d\($0)") }
      _ = try RulesetMessage.addFlowtable(description, isExclusive: true)
    }
  }

  /// What the kernel answered to the deletion above while a rule used the flowtable: EBUSY at the name.
  @Test("a refusal names the object, and says what to do")
  func busy() throws {
    let message = try RulesetMessage.deleteFlowtable(NFTables.Family.inet, "x", "f")
    let answer = Acknowledgement(
      errorNumber: 16, request: NetlinkHeader(type: 0xa18, flags: .request), offset: 28)
    let refusal = RulesetRefusal(BatchRefusal(message: message, answer: answer), asking: nil)
    #expect(refusal.operation == "delete flowtable 'f' in inet x")
    #expect(refusal.hint?.contains("--force") == true)
    #expect(message.attribute(at: 28) == .init(path: [2], text: "f"))
    #expect(message.attribute(at: 29).path == [2])
    #expect(message.attribute(at: 4000).path == [])
    #expect(message.attribute(at: nil).path == [])
  }

  @Test("a device that the kernel points at is named")
  func device() throws {
    let message = try RulesetMessage.addFlowtable(Self.flowtable, isExclusive: true)
    // HOOK begins at 36; its number and priority, then DEVS at 56 with the first device at 60.
    let answer = Acknowledgement(
      errorNumber: 2, request: NetlinkHeader(type: 0xa16, flags: .request), offset: 68)
    #expect(message.attribute(at: 60) == .init(path: [3, 3, 1], text: "d0"))
    let refusal = RulesetRefusal(BatchRefusal(message: message, answer: answer), asking: nil)
    #expect(refusal.operation == "create flowtable 'f' in inet x: device 'd1'")
    #expect(refusal.kind == .failed)
  }

  @Test("ENOENT that points nowhere is a kernel without flowtables")
  func unsupported() throws {
    let message = try RulesetMessage.addFlowtable(Self.flowtable, isExclusive: true)
    let answer = Acknowledgement(errorNumber: 2, request: NetlinkHeader(type: 0xa16, flags: .request))
    #expect(RulesetRefusal(BatchRefusal(message: message, answer: answer), asking: nil).kind == .notSupported)
  }

  @Test("user data of rules")
  func userData() {
    let data =
      RuleUserData.part(RuleUserData.comment, Array("all".utf8) + [0])
      + RuleUserData.part(RuleUserData.enabled, [7])
    #expect(RuleUserData.value(RuleUserData.enabled, in: data) == [7])
    #expect(RuleUserData.value(5, in: data) == nil)
    #expect(RuleUserData.value(RuleUserData.enabled, in: Array(data.dropLast())) == nil)
    var rule = NFTables.Rule()
    rule.userData = data
    #expect(rule.comment == "all")
  }
}

extension Collection where Element: Equatable {
  /// Whether `other` occurs in one piece.
  fileprivate func contains(_ other: [Element]) -> Bool {
    indices.contains { self[$0...].starts(with: other) }
  }
}

@Suite("Transactions of any size", .serialized)
struct LargeTransactionTests {
  private static let count = 20_000

  /// Runs in a namespace's thread with a session to its kernel.
  private func inNamespace(_ body: @escaping (LiveNamespace, NetlinkSession) throws -> Void) throws {
    let namespace = try #require(LiveNamespace())
    try namespace.entered { try body(namespace, NetlinkSession(try KernelSocket())) }
  }

  @Test(
    "a batch larger than the send buffer takes effect as a whole",
    .enabled(if: LiveNamespace.isPossible, Comment(rawValue: Machine.lacksForNamespaces ?? "")))
  func large() throws {
    try inNamespace { namespace, session in
      var transaction = RulesetTransaction()
      transaction.append(try .addTable(NFTables.Family.inet, "x"))
      for index in 0..<Self.count {
        transaction.append(try .addChain(NFTables.Family.inet, "x", "chain-\(index)", base: nil))
      }
      #expect(transaction.datagram(sequence: 1, generation: nil, isTrial: false).count > 1 << 19)
      try session.commit(transaction, generation: nil)
      let listing = namespace.run(["nft", "list", "chains"])
      #expect(
        String(decoding: listing.bytes, as: UTF8.self).split(separator: "chain chain-").count == Self.count
          + 1)
    }
  }

  @Test(
    "of many refusals the first is told, and nothing takes effect",
    .enabled(if: LiveNamespace.isPossible, Comment(rawValue: Machine.lacksForNamespaces ?? "")))
  func refused() throws {
    try inNamespace { namespace, session in
      var transaction = RulesetTransaction()
      transaction.append(try .addTable(NFTables.Family.inet, "x"))
      for index in 0..<Self.count {
        transaction.append(try .addChain(NFTables.Family.inet, "none-\(index)", "c", base: nil))
      }
      let refusal = #expect(throws: BatchRefusal.self) { try session.commit(transaction, generation: nil) }
      #expect(refusal?.message == transaction.messages[1])
      #expect(refusal?.answer.errorNumber == ErrorNumber.noSuchEntry.rawValue)
      #expect(namespace.run(["nft", "list", "ruleset"]).bytes.isEmpty)
      // The session goes on.
      _ = try session.rulesetGeneration()
    }
  }
}
