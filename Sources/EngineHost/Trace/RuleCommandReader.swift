// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// Reads the few nft commands that traces use, and builds the batch that nft would send: `add table`, `add
/// flowtable`, `add rule` with simple matches, `flush chain`, `delete` of tables, chains and flowtables.
/// Whole rulesets are loaded by nft itself.
struct RuleCommandReader {
  private var words: [String] = []
  private var place = 0
  private var sequence: UInt32 = 0
  private var writer = NetlinkWriter()
  private let text: String

  /// - Parameter text: the command as given to a shell, quotes included.
  init(_ text: String) {
    self.text = text
    var word = ""
    var separated: [String] = []
    func isPunctuation(_ character: Character) -> Bool { "{};,=".contains(character) }
    for character in text where character != "'" {
      if character.isWhitespace || isPunctuation(character) {
        if !word.isEmpty { separated.append(word) }
        word = ""
        if isPunctuation(character) { separated.append(String(character)) }
      } else if character != "\"" {
        word.append(character)
      }
    }
    if !word.isEmpty { separated.append(word) }
    words = separated
  }

  private var next: String? { place < words.count ? words[place] : nil }

  private mutating func take() throws(DescriptionError) -> String {
    guard let word = next else { throw DescriptionError("cannot read: nft \(text)") }
    place += 1
    return word
  }

  private mutating func expect(_ word: String) throws(DescriptionError) {
    guard try take() == word else { throw DescriptionError("cannot read: nft \(text)") }
  }

  /// The batch with all commands.
  ///
  /// - Throws: ``DescriptionError`` for anything that is not understood.
  mutating func batch() throws(DescriptionError) -> [UInt8] {
    frame(NetfilterSubsystem.batchBegin)
    while next != nil {
      if next == ";" {
        place += 1
        continue
      }
      try command()
    }
    frame(NetfilterSubsystem.batchEnd)
    return writer.bytes
  }

  private mutating func frame(_ type: UInt16) {
    let mark = writer.beginMessage(
      NetlinkHeader(type: type, flags: .request, sequence: sequence),
      NetfilterHeader(family: 0, resourceID: UInt16(NetfilterSubsystem.nfTables)))
    writer.endMessage(mark)
    sequence += 1
  }

  private mutating func message(
    _ type: UInt8, _ flags: NetlinkFlags, _ family: UInt8, _ content: (inout NetlinkWriter) -> Void
  ) {
    let mark = writer.beginMessage(
      NetlinkHeader(type: NFTables.messageType(type), flags: flags.union(.request), sequence: sequence),
      NetfilterHeader(family: family))
    content(&writer)
    writer.endMessage(mark)
    sequence += 1
  }

  private mutating func command() throws(DescriptionError) {
    let verb = try take()
    let subject = try take()
    switch (verb, subject) {
    case ("add", "table"), ("delete", "table"):
      let family = try family()
      var table = NFTables.Table()
      table.name = try take()
      message(verb == "add" ? NFTables.Message.newTable : NFTables.Message.deleteTable, [], family) {
        table.encode(into: &$0)
      }
    case ("add", "flowtable"): try addFlowtable()
    case ("delete", "flowtable"):
      let family = try family()
      var flowtable = NFTables.Flowtable()
      flowtable.table = try take()
      flowtable.name = try take()
      message(NFTables.Message.deleteFlowtable, [], family) { flowtable.encode(into: &$0) }
    case ("flush", "chain"):
      let family = try family()
      var rule = NFTables.Rule()
      rule.table = try take()
      rule.chain = try take()
      message(NFTables.Message.deleteRule, [], family) { rule.encode(into: &$0) }
    case ("delete", "chain"):
      let family = try family()
      var chain = NFTables.Chain()
      chain.table = try take()
      chain.name = try take()
      message(NFTables.Message.deleteChain, [], family) { chain.encode(into: &$0) }
    case ("add", "rule"), ("insert", "rule"): try addRule(appends: verb == "add")
    default: throw DescriptionError("cannot read: nft \(text)")
    }
  }

  private mutating func family() throws(DescriptionError) -> UInt8 {
    switch next {
    case "inet": place += 1; return NFTables.Family.inet
    case "ip": place += 1; return NFTables.Family.ipv4
    case "ip6": place += 1; return NFTables.Family.ipv6
    case "netdev": place += 1; return NFTables.Family.netdev
    case .some: return NFTables.Family.ipv4
    case nil: throw DescriptionError("cannot read: nft \(text)")
    }
  }

  private mutating func addFlowtable() throws(DescriptionError) {
    let family = try family()
    var flowtable = NFTables.Flowtable()
    flowtable.table = try take()
    flowtable.name = try take()
    flowtable.flags = 0
    flowtable.hook = NFTables.Flowtable.Hook(number: 0, priority: 0, devices: [])
    try expect("{")
    while next != "}" {
      switch try take() {
      case "hook":
        try expect("ingress")
        try expect("priority")
        flowtable.hook?.priority = try priority()
      case "devices":
        try expect("=")
        try expect("{")
        while next != "}" {
          let word = try take()
          if word != "," { flowtable.hook?.devices?.append(.name(word)) }
        }
        try expect("}")
      case "counter": flowtable.flags = NFTables.Flowtable.Flag.counter
      case ";": break
      default: throw DescriptionError("cannot read: nft \(text)")
      }
    }
    try expect("}")
    flowtable.hook?.devices?.sort { $0.text < $1.text }
    message(NFTables.Message.newFlowtable, .create, family) { flowtable.encode(into: &$0) }
  }

  private mutating func priority() throws(DescriptionError) -> Int32 {
    let word = try take()
    if let number = Int32(word) { return number }
    guard word == "filter" else { throw DescriptionError("cannot read: nft \(text)") }
    guard next == "+" || next == "-" else { return 0 }
    let sign: Int32 = try take() == "-" ? -1 : 1
    guard let number = Int32(try take()) else { throw DescriptionError("cannot read: nft \(text)") }
    return sign * number
  }

  private mutating func addRule(appends: Bool) throws(DescriptionError) {
    let family = try family()
    var rule = NFTables.Rule()
    rule.table = try take()
    rule.chain = try take()
    var expressions: [NFTables.Expression] = []
    while let word = next, word != ";" { expressions += try statement(word, family) }
    rule.expressions = expressions
    message(NFTables.Message.newRule, appends ? [.create, .append] : .create, family) {
      rule.encode(into: &$0)
    }
  }

  private mutating func statement(_ word: String, _ family: UInt8) throws(DescriptionError) -> [NFTables
    .Expression]
  {
    place += 1
    switch word {
    case "meta":
      try expect("l4proto")
      return [Self.meta(16), Self.compare([try protocolNumber()])]
    case "tcp", "udp":
      let port = try take()
      guard ["sport", "dport"].contains(port), let number = UInt16(try take()) else {
        throw DescriptionError("cannot read: nft \(text)")
      }
      return [
        Self.meta(16), Self.compare([word == "tcp" ? 6 : 17]),
        Self.payload(base: 2, offset: port == "sport" ? 0 : 2, length: 2),
        Self.compare([UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]),
      ]
    case "counter":
      if next == "name" {
        place += 1
        var reference = NFTables.Expression.ObjectReference()
        reference.type = NFTables.Object.Kind.counter
        reference.object = try take()
        return [.objectReference(reference)]
      }
      return [.counter(NFTables.Counters())]
    case "flow":
      _ = try take()
      let name = try take()
      guard name.hasPrefix("@") else { throw DescriptionError("cannot read: nft \(text)") }
      var flow = NFTables.Expression.FlowOffload()
      flow.flowtable = String(name.dropFirst())
      return [.flowOffload(flow)]
    case "accept", "drop":
      var verdict = NFTables.Expression.Immediate()
      verdict.destination = 0
      verdict.data = .verdict(
        NFTables.Verdict(code: word == "drop" ? NFTables.VerdictCode.drop : NFTables.VerdictCode.accept))
      return [.immediate(verdict)]
    default: throw DescriptionError("cannot read: nft \(text)")
    }
  }

  private mutating func protocolNumber() throws(DescriptionError) -> UInt8 {
    switch try take() {
    case "tcp": return 6
    case "udp": return 17
    case "icmp": return 1
    case "icmpv6", "ipv6-icmp": return 58
    default: throw DescriptionError("cannot read: nft \(text)")
    }
  }

  private static func meta(_ key: UInt32) -> NFTables.Expression {
    var meta = NFTables.Expression.Meta()
    meta.key = key
    meta.destination = 1
    return .meta(meta)
  }

  private static func payload(base: UInt32, offset: UInt32, length: UInt32) -> NFTables.Expression {
    var payload = NFTables.Expression.Payload()
    payload.destination = 1
    payload.base = base
    payload.offset = offset
    payload.length = length
    return .payload(payload)
  }

  private static func compare(_ octets: [UInt8]) -> NFTables.Expression {
    var comparison = NFTables.Expression.Comparison()
    comparison.source = 1
    comparison.operation = 0
    comparison.data = .value(octets)
    return .compare(comparison)
  }
}
