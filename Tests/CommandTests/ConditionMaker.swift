// SPDX-License-Identifier: GPL-3.0-or-later
import TestSupport

/// One condition: as options, as a `--where` expression, and what it plainly means for a listed flow.
struct Condition {
  /// The option and its values; empty where there is no option for it.
  var option: [String] = []
  var expression: String
  var holds: (ListedFlow) -> Bool
}

/// Makes random conditions that have something to do with the flows of a listing.
struct ConditionMaker {
  /// What a condition is about.
  enum Kind: String, CaseIterable {
    case family, proto, src, dst, replySource, replyDestination, sport, dport, replySport, replyDport, mark,
      label
    case zone, originalZone, replyZone, state, status, sourceNAT, destinationNAT, anyNAT, offload, minBytes
    case minPackets, olderThan, expiresWithin
    /// These have no option.
    case address, port, helper, id, use, icmpType, icmpCode, icmpID, timeout

    /// Those with an option.
    static let options = allCases.filter { !whereOnly.contains($0) }
    private static let whereOnly: Set<Kind> = [
      .address, .port, .helper, .id, .use, .icmpType, .icmpCode, .icmpID, .timeout,
    ]
  }

  let flows: [ListedFlow]
  var random: SeededGenerator

  init(flows: [ListedFlow], seed: UInt64) {
    self.flows = flows
    random = SeededGenerator(seed: seed)
  }

  private mutating func sample(_ condition: (ListedFlow) -> Bool = { _ in true }) -> ListedFlow {
    for _ in 0..<200 {
      let flow = random.pick(flows)
      if condition(flow) { return flow }
    }
    return random.pick(flows)
  }

  mutating func condition(_ kind: Kind) -> Condition {
    switch kind {
    case .family:
      let isIPv6 = random.chance(50)
      let name = isIPv6 ? "ipv6" : "ipv4"
      return Condition(
        option: ["-f", name],
        expression: random.pick([name, "family = \(name)", "family == \(name.uppercased())"])
      ) { $0.isIPv6 == isIPv6 }
    case .proto: return layer4()
    case .src:
      return address("--src", "src") {
        [$0.original.src]
      } text: {
        $0.original.sourceText
      }
    case .dst:
      return address("-d", "dst") {
        [$0.original.dst]
      } text: {
        $0.original.destinationText
      }
    case .replySource:
      return address("-r", "reply-src") {
        [$0.reply.src]
      } text: {
        $0.reply.sourceText
      }
    case .replyDestination:
      return address("--reply-dst", "reply_dst") {
        [$0.reply.dst]
      } text: {
        $0.reply.destinationText
      }
    case .address:
      var result = address("", "addr") {
        [$0.original.src, $0.original.dst]
      } text: {
        $0.original.sourceText
      }
      result.option = []
      return result
    case .sport: return port("--sport", "sport") { [$0.original.numbers["sport"]] }
    case .dport: return port("--dport", "dport") { [$0.original.numbers["dport"]] }
    case .replySport: return port("--reply-sport", "reply-sport") { [$0.reply.numbers["sport"]] }
    case .replyDport: return port("--reply-port-dst", "reply-dport") { [$0.reply.numbers["dport"]] }
    case .port:
      var result = port("", "port") { [$0.original.numbers["sport"], $0.original.numbers["dport"]] }
      result.option = []
      return result
    case .mark: return mark()
    case .label:
      let bit = sample { !$0.labels.isEmpty }.labels.sorted().first ?? 5
      let other = random.chance(30) ? Int.random(in: 0..<128, using: &random) : bit
      let option = other == bit ? ["-l", "\(bit)"] : ["-l", "\(bit),\(other)"]
      return Condition(
        option: option, expression: other == bit ? "label = \(bit)" : "label \(bit) and label == \(other)"
      ) {
        $0.labels.contains(bit) && $0.labels.contains(other)
      }
    case .zone: return zone("-w", "zone", "zone")
    case .originalZone: return zone("--orig-zone", "orig-zone", "zone-orig")
    case .replyZone: return zone("--reply-zone", "reply-zone", "zone-reply")
    case .state:
      let names = [
        sample { $0.state != nil }.state ?? "NONE", random.pick(["ESTABLISHED", "CLOSE_WAIT", "OPEN"]),
      ]
      let wanted = Set(random.chance(50) ? names : [names[0]])
      let list = wanted.sorted().joined(separator: ",")
      return Condition(
        option: ["--state", random.chance(30) ? list.lowercased() : list],
        expression: "state in {\(list)}"
      ) { flow in flow.state.map(wanted.contains) ?? false }
    case .status: return status()
    case .sourceNAT: return translation("--src-nat", "snat", source: true, destination: false)
    case .destinationNAT: return translation("--dst-nat", "dnat", source: false, destination: true)
    case .anyNAT: return translation("--any-nat", "nat", source: true, destination: true)
    case .offload:
      let tag = random.pick(["any", "software", "hardware", "none", "none"])
      return Condition(option: ["--offload", tag], expression: "offload = \(tag)") { flow in
        let isHardware = flow.tags.contains("HW_OFFLOAD")
        switch tag {
        case "any": return isHardware || flow.tags.contains("OFFLOAD")
        case "software": return flow.tags.contains("OFFLOAD")
        case "hardware": return isHardware
        default: return !isHardware && !flow.tags.contains("OFFLOAD")
        }
      }
    case .minBytes: return atLeast("--min-bytes", "bytes")
    case .minPackets: return atLeast("--min-packets", "packets")
    case .olderThan:
      let (text, isPossible) = random.pick([("0", true), ("1d", false), ("0s", true), ("24h", false)])
      return Condition(option: ["--older-than", text], expression: "age >= \(text)") {
        isPossible && $0.numbers["delta-time"] != nil
      }
    case .expiresWithin, .timeout:
      let limit = sample().timeout ?? 100_000
      let text = kind == .timeout ? "timeout > \(limit)" : "timeout <= \(limit)s"
      let isAbove = kind == .timeout
      return Condition(option: isAbove ? [] : ["--expires-within", "\(limit)"], expression: text) { flow in
        flow.timeout.map { isAbove ? $0 > limit : $0 <= limit } ?? false
      }
    case .helper:
      let name = random.pick(["tftp", "ftp"])
      return Condition(expression: "helper = \(name)") { $0.helper == name }
    case .id: return number("id") { $0.numbers["id"] }
    case .use: return number("use") { $0.numbers["use"] }
    case .icmpType: return number("icmp-type") { $0.original.numbers["type"] }
    case .icmpCode: return number("icmp_code") { $0.original.numbers["code"] }
    case .icmpID: return number("icmp-id") { $0.isICMP ? $0.original.numbers["id"] : nil }
    }
  }

  private mutating func layer4() -> Condition {
    let names: [UInt64: String] = [
      6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6", 47: "gre", 132: "sctp", 33: "dccp", 136: "udplite",
    ]
    var wanted: Set<UInt64> = [sample().layer4]
    if random.chance(40) { wanted.insert(sample().layer4) }
    let words = wanted.sorted().map { number in
      random.chance(70) ? names[number] ?? "\(number)" : "\(number)"
    }
    let expression =
      words.count == 1 && UInt64(words[0]) == nil ? words[0] : "proto in { \(words.joined(separator: ", ")) }"
    return Condition(option: ["-p", words.joined(separator: ",")], expression: expression) {
      wanted.contains($0.layer4)
    }
  }

  private mutating func address(
    _ option: String, _ field: String, _ value: @escaping (ListedFlow) -> [Address],
    text: (ListedFlow) -> String
  ) -> Condition {
    let flow = sample()
    let word = text(flow)
    let base = Address(word) ?? flow.original.src
    let bits = base.octets.count * 8
    guard random.chance(60) else {
      return Condition(
        option: [option, word],
        expression: random.pick(["\(field) = \(word)", "\(field) \(word)", "\(field) in {\(word)}"])
      ) { flow in value(flow).contains(base) }
    }
    let length = Int.random(in: random.chance(80) ? bits / 4...bits : 0...bits, using: &random)
    let network = "\(word)/\(length)"
    if random.chance(25) {
      return Condition(option: [option, network], expression: "not \(field) not in \(network)") { flow in
        value(flow).contains { $0.agrees(with: base, length: length) }
      }
    }
    return Condition(option: [option, network], expression: "\(field) in \(network)") { flow in
      value(flow).contains { $0.agrees(with: base, length: length) }
    }
  }

  private mutating func port(
    _ option: String, _ field: String, _ value: @escaping (ListedFlow) -> [UInt64?]
  ) -> Condition {
    let port = value(sample(\.hasPorts)).compactMap { $0 }.first ?? 80
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let last = min(65535, port + UInt64.random(in: 0...5000, using: &random))
      return Condition(option: [option, "\(port)-\(last)"], expression: "\(field) in \(port)-\(last)") {
        flow in
        value(flow).contains { $0.map { (port...last).contains($0) } ?? false }
      }
    case 1:
      return Condition(option: [option, "\(port)-65535"], expression: "\(field) >= \(port)") { flow in
        value(flow).contains { $0.map { $0 >= port } ?? false }
      }
    case 2:
      return Condition(option: [option, "0-\(port)"], expression: "\(field) <= \(port)") { flow in
        value(flow).contains { $0.map { $0 <= port } ?? false }
      }
    default:
      return Condition(option: [option, "\(port)"], expression: "\(field) == \(port)") { flow in
        value(flow).contains(port)
      }
    }
  }

  private mutating func mark() -> Condition {
    let own = UInt32(truncatingIfNeeded: sample { $0.numbers["mark"] != 0 }.numbers["mark"] ?? 0)
    let mask =
      random.chance(50)
      ? UInt32.max : UInt32(truncatingIfNeeded: random.next()) >> UInt32.random(in: 0..<31, using: &random)
    let value = own & mask
    let text = mask == .max ? "\(value)" : "0x\(String(value, radix: 16))/0x\(String(mask, radix: 16))"
    if mask == .max, random.chance(30) {
      return Condition(option: ["-m", text], expression: "mark >= \(value) and mark <= \(value)") {
        $0.numbers["mark"] == UInt64(value)
      }
    }
    return Condition(option: ["-m", text], expression: "mark = \(text)") { flow in
      flow.numbers["mark"].map { UInt32(truncatingIfNeeded: $0) & mask == value } ?? false
    }
  }

  private mutating func zone(_ option: String, _ field: String, _ key: String) -> Condition {
    let first = random.chance(30) ? 0 : sample { $0.numbers[key] != nil }.numbers[key] ?? 0
    let last = random.chance(50) ? first : first + 3
    let text = first == last ? "\(first)" : "\(first)-\(last)"
    return Condition(option: [option, text], expression: "\(field) = \(text)") { flow in
      (first...last).contains(flow.numbers[key] ?? 0)
    }
  }

  private mutating func status() -> Condition {
    let meanings: [(word: String, holds: (ListedFlow) -> Bool)] = [
      ("ASSURED", { $0.tags.contains("ASSURED") }), ("SEEN_REPLY", { !$0.tags.contains("UNREPLIED") }),
      ("UNREPLIED", { $0.tags.contains("UNREPLIED") }), ("SRC_NAT", { $0.isSourceNAT }),
      ("DST_NAT", { $0.isDestinationNAT }), ("OFFLOAD", { $0.tags.contains("OFFLOAD") }),
      ("CONFIRMED", { _ in true }), ("HELPER", { _ in false }), ("assu", { $0.tags.contains("ASSURED") }),
    ]
    var chosen: [(word: String, isNegated: Bool, holds: (ListedFlow) -> Bool)] = []
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      let meaning = random.pick(
        meanings.filter { meaning in
          // HELPER is set or not without a sign of it in the line.
          meaning.word != "HELPER"
            && !chosen.contains { $0.word.prefix(4).lowercased() == meaning.word.prefix(4).lowercased() }
            && !(["SEEN_REPLY", "UNREPLIED"].contains(meaning.word)
              && chosen.contains { ["SEEN_REPLY", "UNREPLIED"].contains($0.word) })
        })
      chosen.append((meaning.word, random.chance(40), meaning.holds))
    }
    let parts = chosen
    return Condition(
      option: ["-u", parts.map { ($0.isNegated ? "!" : "") + $0.word }.joined(separator: ",")],
      expression: parts.map { "status \($0.isNegated ? "!=" : "=") \($0.word)" }.joined(separator: " and ")
    ) { flow in parts.allSatisfy { $0.holds(flow) != $0.isNegated } }
  }

  private mutating func translation(_ option: String, _ field: String, source: Bool, destination: Bool)
    -> Condition
  {
    func ends(_ flow: ListedFlow) -> [(address: Address, port: UInt64?, text: String)] {
      var result: [(Address, UInt64?, String)] = []
      if source, flow.isSourceNAT {
        result.append((flow.reply.dst, flow.reply.numbers["dport"], flow.reply.destinationText))
      }
      if destination, flow.isDestinationNAT {
        result.append((flow.reply.src, flow.reply.numbers["sport"], flow.reply.sourceText))
      }
      return result
    }
    guard random.chance(60), let end = ends(sample { !ends($0).isEmpty }).first else {
      return Condition(option: [option], expression: field) { !ends($0).isEmpty }
    }
    let isIPv6 = end.address.octets.count == 16
    if let port = end.port, random.chance(50) {
      let text = isIPv6 ? "[\(end.text)]:\(port)" : "\(end.text):\(port)"
      return Condition(option: [option, text], expression: "\(field) = '\(text)'") { flow in
        ends(flow).contains { $0.address == end.address && $0.port == port }
      }
    }
    return Condition(option: [option, end.text], expression: "\(field) = \(end.text)") { flow in
      ends(flow).contains { $0.address == end.address }
    }
  }

  private mutating func atLeast(_ option: String, _ name: String) -> Condition {
    let limit = random.chance(20) ? 0 : sample { ($0.sum(name) ?? 0) > 0 }.sum(name) ?? 1
    return Condition(
      option: [option, "\(limit)"],
      expression: random.pick(["\(name) >= \(limit)", "\(name) > \(limit) or \(name) = \(limit)"])
    ) { flow in
      flow.sum(name).map { $0 >= limit } ?? false
    }
  }

  private mutating func number(_ field: String, _ value: @escaping (ListedFlow) -> UInt64?) -> Condition {
    let own = value(sample { value($0) != nil }) ?? 1
    switch Int.random(in: 0..<3, using: &random) {
    case 0: return Condition(expression: "\(field) = \(own)") { value($0) == own }
    case 1:
      return Condition(expression: "\(field) in {\(own), \(own / 2)}") { [own, own / 2].contains(value($0)) }
    default:
      return Condition(expression: "\(field) <= \(own)") { flow in value(flow).map { $0 <= own } ?? false }
    }
  }

  /// A random expression of conditions.
  mutating func expression(depth: Int) -> Condition {
    guard depth > 0, random.chance(75) else {
      let simple = condition(random.pick(Kind.allCases))
      return Condition(expression: "(\(simple.expression))", holds: simple.holds)
    }
    let left = expression(depth: depth - 1)
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      return Condition(expression: "\(random.pick(["not ", "!"]))(\(left.expression))") { !left.holds($0) }
    case 1...2:
      let right = expression(depth: depth - 1)
      return Condition(
        expression: "\(left.expression) \(random.pick(["and", "&&"])) \(right.expression)",
        holds: { left.holds($0) && right.holds($0) }
      )
      .parenthesised
    default:
      let right = expression(depth: depth - 1)
      return Condition(
        expression: "\(left.expression) \(random.pick(["or", "||"])) \(right.expression)",
        holds: { left.holds($0) || right.holds($0) }
      )
      .parenthesised
    }
  }
}

extension Condition {
  fileprivate var parenthesised: Condition { Condition(expression: "(\(expression))", holds: holds) }
}
