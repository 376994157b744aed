// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

@testable import FlowEngine

/// Builds batches as clients send them, message by message.
struct BatchBuilder {
  private var writer = NetlinkWriter()
  private var sequence: UInt32 = 0
  let family: UInt8

  init(family: UInt8 = NFTables.Family.inet) {
    self.family = family
    frame(NetfilterSubsystem.batchBegin)
  }

  private mutating func frame(_ type: UInt16) {
    let mark = writer.beginMessage(
      NetlinkHeader(type: type, flags: .request, sequence: sequence),
      NetfilterHeader(family: 0, resourceID: 10))
    writer.endMessage(mark)
    sequence += 1
  }

  mutating func add(_ type: UInt8, _ flags: NetlinkFlags = .create, _ content: (inout NetlinkWriter) -> Void)
  {
    let mark = writer.beginMessage(
      NetlinkHeader(type: NFTables.messageType(type), flags: flags.union(.request), sequence: sequence),
      NetfilterHeader(family: family))
    content(&writer)
    writer.endMessage(mark)
    sequence += 1
  }

  mutating func table(_ name: String = "x", _ flags: NetlinkFlags = []) {
    var table = NFTables.Table()
    table.name = name
    add(NFTables.Message.newTable, flags) { table.encode(into: &$0) }
  }

  mutating func chain(
    _ name: String, hook: UInt32? = nil, priority: Int32 = 0, type: String = "filter", policy: UInt32? = nil,
    flags: NetlinkFlags = .create
  ) {
    var chain = NFTables.Chain()
    chain.table = "x"
    chain.name = name
    chain.policy = policy
    if let hook {
      chain.type = type
      chain.hook = NFTables.ChainHook()
      chain.hook?.number = hook
      chain.hook?.priority = priority
    }
    add(NFTables.Message.newChain, flags) { chain.encode(into: &$0) }
  }

  mutating func rule(_ chain: String, _ expressions: NFTables.Expression...) {
    var rule = NFTables.Rule()
    rule.table = "x"
    rule.chain = chain
    rule.expressions = expressions
    add(NFTables.Message.newRule, [.create, .append]) { rule.encode(into: &$0) }
  }

  mutating func flowtable(
    _ name: String, devices: [String] = [], priority: Int32? = 0, flags: UInt32? = 0,
    _ requestFlags: NetlinkFlags = .create
  ) {
    var flowtable = NFTables.Flowtable()
    flowtable.table = "x"
    flowtable.name = name
    flowtable.flags = flags
    flowtable.hook = NFTables.Flowtable.Hook(
      number: priority == nil ? nil : 0, priority: priority, devices: devices.map { .name($0) })
    add(NFTables.Message.newFlowtable, requestFlags) { flowtable.encode(into: &$0) }
  }

  mutating func set(
    _ name: String, id: UInt32, flags: UInt32 = 0, keyLength: UInt32, dataType: UInt32? = nil,
    dataLength: UInt32? = nil, fields: [UInt32]? = nil, size: UInt32? = nil
  ) {
    var set = NFTables.Set()
    set.table = "x"
    set.name = name
    set.id = id
    set.flags = flags
    set.keyType = 7
    set.keyLength = keyLength
    set.dataType = dataType
    set.dataLength = dataLength
    if fields != nil || size != nil { set.description = .init(size: size, fieldLengths: fields) }
    add(NFTables.Message.newSet) { set.encode(into: &$0) }
  }

  mutating func elements(_ set: String, _ elements: [NFTables.Element], _ flags: NetlinkFlags = .create) {
    var list = NFTables.ElementList()
    list.table = "x"
    list.set = set
    list.elements = elements
    add(NFTables.Message.newElement, flags) { list.encode(into: &$0) }
  }

  /// The whole batch, with or without its end.
  func datagram(ends: Bool = true) -> [UInt8] {
    var copy = self
    if ends { copy.frame(NetfilterSubsystem.batchEnd) }
    return copy.writer.bytes
  }

  static func element(_ key: [UInt8], end: [UInt8]? = nil, flags: UInt32? = nil, timeout: UInt64? = nil)
    -> NFTables.Element
  {
    var element = NFTables.Element()
    element.key = key
    element.keyEnd = end
    element.flags = flags
    element.timeout = timeout
    return element
  }
}

/// Expressions in few words.
enum Rules {
  static func verdict(_ code: Int32, _ chain: String? = nil) -> NFTables.Expression {
    var value = NFTables.Expression.Immediate()
    value.destination = 0
    value.data = .verdict(NFTables.Verdict(code: code, chain: chain))
    return .immediate(value)
  }

  static let accept = verdict(NFTables.VerdictCode.accept)
  static let drop = verdict(NFTables.VerdictCode.drop)
  static func jump(_ chain: String) -> NFTables.Expression { verdict(NFTables.VerdictCode.jump, chain) }
  static func goto(_ chain: String) -> NFTables.Expression { verdict(NFTables.VerdictCode.goto, chain) }
  static let counter = NFTables.Expression.counter(NFTables.Counters())

  static func meta(_ key: UInt32, to register: UInt32 = 1) -> NFTables.Expression {
    var value = NFTables.Expression.Meta()
    value.key = key
    value.destination = register
    return .meta(value)
  }

  static func setMeta(_ key: UInt32, from register: UInt32 = 1) -> NFTables.Expression {
    var value = NFTables.Expression.Meta()
    value.key = key
    value.source = register
    return .meta(value)
  }

  static func payload(_ base: UInt32, _ offset: UInt32, _ length: UInt32, to register: UInt32 = 1)
    -> NFTables.Expression
  {
    var value = NFTables.Expression.Payload()
    value.destination = register
    value.base = base
    value.offset = offset
    value.length = length
    return .payload(value)
  }

  static func compare(_ octets: [UInt8], _ operation: UInt32 = 0, _ register: UInt32 = 1)
    -> NFTables.Expression
  {
    var value = NFTables.Expression.Comparison()
    value.source = register
    value.operation = operation
    value.data = .value(octets)
    return .compare(value)
  }

  static func load(_ octets: [UInt8], to register: UInt32 = 1) -> NFTables.Expression {
    var value = NFTables.Expression.Immediate()
    value.destination = register
    value.data = .value(octets)
    return .immediate(value)
  }

  static func lookup(_ set: String, id: UInt32? = nil, to register: UInt32? = nil, inverted: Bool = false)
    -> NFTables.Expression
  {
    var value = NFTables.Expression.Lookup()
    value.set = set
    value.setID = id
    value.source = 1
    value.destination = register
    value.flags = inverted ? 1 : nil
    return .lookup(value)
  }

  static func flow(_ name: String) -> NFTables.Expression {
    var value = NFTables.Expression.FlowOffload()
    value.flowtable = name
    return .flowOffload(value)
  }
}

/// A ruleset and a client, for tests that send batches.
struct RulesetBench: ~Copyable {
  var ruleset: Ruleset
  var client = ControlClient(portID: 5)
  var now: UInt64 = 0

  init(_ kernel: KernelGeneration = .linux72) {
    ruleset = Ruleset(kernel: kernel, seed: 1)
    client.wantsExtendedAcknowledgements = true
    ruleset.deviceAppeared(index: 1, name: Array("lan0".utf8))
    ruleset.deviceAppeared(index: 2, name: Array("wan0".utf8))
  }

  /// Sends a batch.
  @discardableResult
  mutating func send(_ batch: BatchBuilder, ends: Bool = true) -> ControlOutput {
    let datagram = batch.datagram(ends: ends)
    // Safe: the span does not outlive the array.
    return unsafe ruleset.handleBatch(datagram.span.bytes, from: client, now: now)
  }

  /// Sends a request that is no batch; its answers.
  mutating func ask(
    _ type: UInt8, _ flags: NetlinkFlags, _ content: (inout NetlinkWriter) -> Void
  ) -> [[UInt8]] {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(type: NFTables.messageType(type), flags: flags.union(.request), sequence: 1),
      NetfilterHeader(family: NFTables.Family.inet))
    content(&writer)
    writer.endMessage(mark)
    let message = writer.bytes
    // Safe: the span does not outlive the array.
    return unsafe ruleset.handleRequest(
      message.span.bytes, message.span.bytes.slice(16, message.count - 16), from: client, now: now
    ).replies
  }

  /// Errors of the answers: sequence number, errno and offset of each.
  static func errors(_ output: ControlOutput) -> [Refusal] {
    output.replies.compactMap { reply in
      // Safe: the span does not outlive the array.
      var cursor = unsafe NetlinkMessageCursor(reply.span.bytes)
      guard let more = try? cursor.advance(), more, cursor.type == NetlinkControlType.error,
        let answer = try? Acknowledgement(cursor.payload, flags: cursor.flags)
      else { return nil }
      return Refusal(
        sequence: answer.request.sequence, number: answer.errorNumber, offset: answer.offset,
        text: answer.text)
    }
  }

  /// Runs the forward chains on a packet.
  mutating func forward(_ packet: inout RulePacket, _ environment: inout MockEnvironment) -> RuleVerdict {
    ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment)
  }
}

extension Ruleset {
  /// Runs the filtering chains of `hook` whose priority is at least `from` and below `below`, in order.
  mutating func run(
    _ hook: Hook, from: Int, below: Int, packet: inout RulePacket, environment: inout MockEnvironment
  ) -> RuleVerdict {
    let chains = chains(hook, packet.family, from: from, below: below)
    return run(chains, hook, packet: &packet, environment: &environment)
  }
}

/// One error that came back.
struct Refusal: Equatable {
  var sequence: UInt32
  var number: Int32
  var offset: UInt32?
  var text: String?

  init(sequence: UInt32, number: Int32, offset: UInt32? = nil, text: String? = nil) {
    self.sequence = sequence
    self.number = number
    self.offset = offset
    self.text = text
  }
}
