// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// The ruleset as `nft list ruleset` (1.0.6) prints it, read over netlink as nft reads it. Rules are turned
/// back into text for the matches that recorded scenarios use; anything else is shown by the names of its
/// expressions, so that a listing with it never counts as equal by accident.
struct RulesetText {
  private var tables: [(family: UInt8, NFTables.Table)] = []
  private var chains: [NFTables.Chain] = []
  private var rules: [NFTables.Rule] = []
  private var sets: [NFTables.Set] = []
  private var elements: [String: [NFTables.Element]] = [:]
  private var objects: [NFTables.Object] = []
  private var flowtables: [NFTables.Flowtable] = []

  /// - Parameter send: executes a request and returns the datagrams that answer it.
  /// - Returns: the lines, without line ends.
  static func lines(send: ([UInt8]) -> [[UInt8]]) -> [String] {
    var lines: [String] = []
    var all = RulesetText()
    all.read(NFTables.Message.getTable, family: 0, send) { text, message, family in
      if let table = try? NFTables.Table(message) { text.tables.append((family, table)) }
    }
    for (family, table) in all.tables {
      var text = RulesetText()
      text.load(family, table.name ?? "", send)
      lines += text.lines(of: table, family)
    }
    return lines
  }

  private mutating func read(
    _ type: UInt8, family: UInt8, _ send: ([UInt8]) -> [[UInt8]],
    content: (inout NetlinkWriter) -> Void = { _ in },
    take: (inout RulesetText, RawSpan, UInt8) -> Void
  ) {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(type: NFTables.messageType(type), flags: [.request, .dump], sequence: 0),
      NetfilterHeader(family: family))
    content(&writer)
    writer.endMessage(mark)
    for reply in send(writer.bytes) {
      // Safe: the span does not outlive the array.
      var messages = unsafe NetlinkMessageCursor(reply.span.bytes)
      while let more = try? messages.advance(), more {
        guard messages.type >> 8 == UInt16(NetfilterSubsystem.nfTables), messages.payload.byteCount >= 4
        else {
          continue
        }
        take(&self, messages.payload, messages.payload.uint8(at: 0))
      }
    }
  }

  private mutating func load(_ family: UInt8, _ name: String, _ send: ([UInt8]) -> [[UInt8]]) {
    read(NFTables.Message.getChain, family: family, send) { text, message, _ in
      if let chain = try? NFTables.Chain(message), chain.table == name { text.chains.append(chain) }
    }
    read(NFTables.Message.getRule, family: family, send) { text, message, _ in
      if let rule = try? NFTables.Rule(message), rule.table == name { text.rules.append(rule) }
    }
    read(NFTables.Message.getSet, family: family, send) { text, message, _ in
      if let set = try? NFTables.Set(message), set.table == name { text.sets.append(set) }
    }
    read(NFTables.Message.getObject, family: family, send) { text, message, _ in
      if let object = try? NFTables.Object(message), object.table == name { text.objects.append(object) }
    }
    read(NFTables.Message.getFlowtable, family: family, send) { text, message, _ in
      if let table = try? NFTables.Flowtable(message), table.table == name { text.flowtables.append(table) }
    }
    for set in sets {
      let request: (inout NetlinkWriter) -> Void = { writer in
        var list = NFTables.ElementList()
        list.table = name
        list.set = set.name
        list.encode(into: &writer)
      }
      read(NFTables.Message.getElement, family: family, send, content: request) { text, message, _ in
        guard let list = try? NFTables.ElementList(message) else { return }
        text.elements[set.name ?? "", default: []] += list.elements ?? []
      }
    }
  }

  private func lines(of table: NFTables.Table, _ family: UInt8) -> [String] {
    var blocks: [[String]] = []
    for object in objects { blocks.append(lines(of: object)) }
    for set in sets where (set.flags ?? 0) & NFTables.Set.Flag.anonymous == 0 {
      blocks.append(["set \(set.name ?? "") {", "\t# elements are not shown", "}"])
    }
    for flowtable in flowtables {
      var block = ["flowtable \(flowtable.name ?? "") {"]
      block.append(
        "\thook ingress priority \(Self.priority(flowtable.hook?.priority ?? 0, family: 5, hook: 0))")
      let devices = (flowtable.hook?.devices ?? []).map(\.text).sorted()
      if !devices.isEmpty { block.append("\tdevices = { \(devices.joined(separator: ", ")) }") }
      if (flowtable.flags ?? 0) & 1 != 0 { block.append("\tflags offload") }
      if (flowtable.flags ?? 0) & 2 != 0 { block.append("\tcounter") }
      blocks.append(block + ["}"])
    }
    for chain in chains { blocks.append(lines(of: chain, family)) }
    var lines = ["table \(NFTables.familyName(family)) \(table.name ?? "") {"]
    for (index, block) in blocks.enumerated() {
      if index > 0 { lines.append("") }
      lines += block.map { "\t" + $0 }
    }
    return lines + ["}"]
  }

  private func lines(of object: NFTables.Object) -> [String] {
    let name = object.name ?? ""
    guard object.type == NFTables.Object.Kind.counter, let data = object.data else {
      return ["# object \(name) of type \(object.type ?? 0)"]
    }
    var counters = NFTables.Counters()
    // Safe: the span does not outlive the array.
    var attributes = unsafe AttributeCursor(data.span.bytes)
    while let more = try? attributes.advance(), more {
      let value = (try? attributes.bigEndian64()) ?? 0
      if attributes.type == 1 { counters.bytes = value }
      if attributes.type == 2 { counters.packets = value }
    }
    return ["counter \(name) {", "\tpackets \(counters.packets) bytes \(counters.bytes)", "}"]
  }

  private func lines(of chain: NFTables.Chain, _ family: UInt8) -> [String] {
    var lines = ["chain \(chain.name ?? "") {"]
    if let hook = chain.hook {
      let number = hook.number ?? 0
      var text = "\ttype \(chain.type ?? "filter") hook \(Self.hookName(number, family))"
      let devices = hook.devices ?? []
      if devices.count == 1 {
        text += " device \"\(devices[0].text)\""
      } else if devices.count > 1 {
        text += " devices = { \(devices.map { "\"\($0.text)\"" }.joined(separator: ", ")) }"
      }
      text += " priority \(Self.priority(hook.priority ?? 0, family: family, hook: number)); "
      text += "policy \(chain.policy == 0 ? "drop" : "accept");"
      lines.append(text)
    }
    for rule in rules where rule.chain == chain.name {
      var writer = RuleText(family: family, elements: elements)
      lines.append("\t" + writer.text(rule.expressions ?? []))
    }
    return lines + ["}"]
  }

  static func hookName(_ number: UInt32, _ family: UInt8) -> String {
    if family == NFTables.Family.netdev { return number == 0 ? "ingress" : "egress" }
    let names = ["prerouting", "input", "forward", "output", "postrouting", "ingress"]
    return Int(number) < names.count ? names[Int(number)] : "\(number)"
  }

  /// A priority by the nearest name that fits the family and hook, if it is at most ten away.
  static func priority(_ value: Int32, family: UInt8, hook: UInt32) -> String {
    var names: [(String, Int32)] = [("filter", 0)]
    if [NFTables.Family.inet, NFTables.Family.ipv4, NFTables.Family.ipv6].contains(family) {
      names += [("raw", -300), ("mangle", -150), ("security", 50)]
      if hook == 0 { names.append(("dstnat", -100)) }
      if hook == 4 { names.append(("srcnat", 100)) }
    }
    for (name, base) in names where abs(Int(value) - Int(base)) <= 10 {
      if value == base { return name }
      return value > base ? "\(name) + \(value - base)" : "\(name) - \(base - value)"
    }
    return "\(value)"
  }
}
