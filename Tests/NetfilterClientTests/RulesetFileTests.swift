// SPDX-License-Identifier: GPL-3.0-or-later
import JSONDocument
import NetlinkWire
import TestSupport
import Testing

@testable import NetfilterClient

@Suite("files of flowtables and flow rules")
struct RulesetFileTests {
  static let text = """
    table inet filter {
    \tflowtable fast {
    \t\thook ingress priority filter + 1
    \t\tdevices = { d0, d1 }
    \t\tcounter
    \t}

    \tchain forward {
    \t\ttype filter hook forward priority filter; policy accept;
    \t\tip protocol tcp flow add @fast comment "first"
    \t\tmeta l4proto { tcp, udp } th dport { 80, 443, 8000-8100 } flow add @fast counter packets 3 bytes 4
    \t\tiifname "lan*" ct state established,related tcp dport 443 ip daddr 10.0.0.0/9 flow add @fast
    \t\tct original packets >= 30 ip6 saddr != fd00::/8 ct mark 0x00000005 flow add @fast
    \t}
    }

    """

  @Test("what is read is written again")
  func roundTrip() throws {
    let file = try RulesetParser.parse(Self.text)
    #expect(file.text == Self.text)
    #expect(try RulesetParser.parse(file.json.description) == file)
  }

  @Test("a file as people write it")
  func freeForm() throws {
    let file = try RulesetParser.parse(
      """
      #!/usr/sbin/nft -f
      table inet filter
      {
        flowtable fast { hook ingress priority 1; devices = { "d1",
          d0, }; counter; }
        chain forward { type filter hook forward priority 0; policy accept;
          ip protocol tcp flow offload @fast comment "first"; }
      }
      """)
    #expect(file.tables.first?.flowtables.first == DescribedFlowtable.fast)
    #expect(file.tables.first?.chains.first?.rules.count == 1)
  }

  @Test(
    "what is wrong is said with its line",
    arguments: [
      (
        "table inet x {\n  flowtable f { hook egress priority 0 }\n}", "line 2: a flowtable's hook is ingress"
      ),
      ("table inet x {\n  chain c {\n    tcp dport 80 accept\n  }\n}", "line 3: this rule adds no flows"),
      ("table bridge x { }", "line 1: bad family 'bridge'"),
      (
        "table inet x { flowtable f { hook ingress priority 0",
        "line 1: 'hook', 'devices', 'flags' or 'counter' is missing"
      ),
      ("table inet x {\n\n flowtable f { devices = { \"a }", "line 3: a string has no end"),
      ("table inet x { chain c { tcp dport x flow add @f } }", "line 1: unknown port 'x'"),
      ("table ip x { flowtable f { }; chain c { ip6 saddr ::1 flow add @f } }", "never matches here"),
      ("table inet x { chain c { flow add @f } }", "which the file does not describe"),
      (
        "table inet x { flowtable f { devices = { a } }; flowtable g { devices = { a } } }",
        "device 'a' is in its flowtables twice"
      ),
      ("{ \"nftables\": [ ] ", "bad JSON"),
      ("{ \"nftables\": [ { \"set\": {} } ] }", "only table, flowtable, chain and rule belong here"),
      ("tables", "line 1: 'tables' is not understood"),
    ])
  func refusals(text: String, message: String) {
    #expect {
      _ = try RulesetParser.parse(text)
    } throws: { error in
      let found = (error as? SelectionError)?.message ?? ""
      #expect(found.contains(message), "\(found)")
      return found.contains(message)
    }
  }

  @Test("no text makes the parser fail in another way", arguments: 0..<400)
  func mutations(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var octets = Array(
      (seed % 2 == 0 ? Self.text : (try? RulesetParser.parse(Self.text).json.description) ?? "").utf8)
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      let index = Int.random(in: 0..<octets.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0:
        octets.removeSubrange(index..<min(octets.count, index + Int.random(in: 1...20, using: &generator)))
      case 1: octets[index] = Array("{};,\"=\\-@9a\n".utf8).randomElement(using: &generator) ?? 0
      default: octets.insert(contentsOf: octets[index..<min(octets.count, index + 30)], at: index)
      }
      if octets.isEmpty { octets = [0x7b] }
    }
    // Whatever it is, it is a description or a refusal; a description is written in a form that reads the same.
    guard let file = try? RulesetParser.parse(String(decoding: octets, as: UTF8.self)) else { return }
    #expect((try? RulesetParser.parse(file.json.description)) == file)
  }

  @Test(
    "priorities",
    arguments: [("0", 0), ("filter", 0), ("filter - 5", -5), ("filter+10", 10), ("-2147483648", Int32.min)])
  func priorities(text: String, value: Int32) throws {
    #expect(try RulesetParser.priority(text, isFlowtable: true) == value)
    #expect(try RulesetParser.priority(RulesetText.priority(value), isFlowtable: true) == value)
  }

  @Test(
    "priorities that are none", arguments: ["", "raw", "filter 5", "filter+", "99999999999", "filter - -5x"])
  func badPriorities(text: String) {
    #expect(throws: SelectionError.self) { try RulesetParser.priority(text, isFlowtable: true) }
  }
}

enum DescribedFlowtable {
  static let fast = FlowtableDescription(
    family: NFTables.Family.inet, table: "filter", name: "fast", priority: 1,
    devices: [.name("d0"), .name("d1")],
    countsPackets: true)
}

@Suite("differences between the ruleset and a file")
struct RulesetDifferenceTests {
  /// A ruleset as the kernel would list it after the file was applied; rules have handles from 10 on.
  private static func ruleset(_ text: String) throws -> Ruleset {
    let file = try RulesetParser.parse(text)
    var ruleset = Ruleset()
    var handle: UInt64 = 10
    for table in file.tables {
      var object = NFTables.Table()
      object.name = table.name
      ruleset.tables.append(.init(family: table.family, object: object))
      for description in table.flowtables {
        var flowtable = NFTables.Flowtable()
        flowtable.table = table.name
        flowtable.name = description.name
        flowtable.flags = description.flags
        flowtable.hook = .init(number: 0, priority: description.priority, devices: description.devices)
        ruleset.flowtables.append(.init(family: table.family, object: flowtable))
      }
      for described in table.chains {
        var chain = NFTables.Chain()
        chain.table = table.name
        chain.name = described.name
        if let base = described.base {
          var hook = NFTables.ChainHook()
          hook.number = base.hook
          hook.priority = base.priority
          chain.hook = hook
          chain.type = base.type
          chain.policy = base.policy
        }
        ruleset.chains.append(.init(family: table.family, object: chain))
        for rule in described.rules {
          var sets: [AnonymousSet] = []
          var number: UInt32 = 0
          var (expressions, found) = rule.expressions {
            number += 1
            return number
          }
          sets += found
          for index in expressions.indices {
            guard case .lookup(var lookup) = expressions[index],
              let set = sets.first(where: { $0.id == lookup.setID })
            else {
              continue
            }
            let name = "__set\(handle)_\(set.id)"
            lookup.set = name
            expressions[index] = .lookup(lookup)
            var declaration = NFTables.Set()
            declaration.flags =
              NFTables.Set.Flag.anonymous | (set.hasIntervals ? NFTables.Set.Flag.interval : 0)
            let elements = set.elements.map { member in
              var element = NFTables.Element()
              element.key = member.key
              if member.isIntervalEnd { element.flags = NFTables.Element.Flag.intervalEnd }
              return element
            }
            ruleset.sets[.init(family: table.family, table: table.name, name: name)] = .init(
              set: declaration, elements: elements.reversed())
          }
          var object = NFTables.Rule()
          object.table = table.name
          object.chain = described.name
          object.handle = handle
          object.expressions = expressions
          object.userData = rule.comment.map { RuleUserData.part(RuleUserData.comment, Array($0.utf8) + [0]) }
          ruleset.rules.append(.init(family: table.family, object: object))
          handle += 1
        }
      }
    }
    return ruleset
  }

  @Test("there is none to the file that a ruleset was made of")
  func none() throws {
    let ruleset = try Self.ruleset(RulesetFileTests.text)
    #expect(RulesetFile(ruleset).text == RulesetFileTests.text)
    let difference = try RulesetDifference(from: ruleset, to: try RulesetParser.parse(RulesetFileTests.text))
    #expect(difference.lines == [])
    #expect(difference.transaction.isEmpty)
  }

  private static func file(_ rules: [String], devices: String = "a, b", priority: String = "0") -> String {
    """
    table inet x {
      flowtable f { hook ingress priority \(priority); devices = { \(devices) } }
      chain c { type filter hook forward priority 0; policy accept;
        \(rules.map { "tcp dport \($0) flow add @f" }.joined(separator: "\n"))
      }
    }
    """
  }

  @Test("rules keep their order: those that stay are not touched, new ones go to their places")
  func rules() throws {
    let ruleset = try Self.ruleset(Self.file(["1", "2", "3"]))
    let difference = try RulesetDifference(
      from: ruleset, to: try RulesetParser.parse(Self.file(["0", "1", "9", "3", "4", "5"])))
    #expect(
      difference.lines == [
        "- rule inet x c handle 11: tcp dport 2 flow add @f", "+ rule inet x c: tcp dport 0 flow add @f",
        "+ rule inet x c: tcp dport 9 flow add @f", "+ rule inet x c: tcp dport 4 flow add @f",
        "+ rule inet x c: tcp dport 5 flow add @f",
      ])
    let positions = try difference.transaction.messages.filter { $0.kind == NFTables.Message.newRule }.map {
      message in
      let payload = unsafe message.bytes.span.bytes.slice(16, message.bytes.count - 16)
      let flags = unsafe message.bytes.span.bytes.host16(at: 6)
      return "\(try NFTables.Rule(payload).position ?? 0) \(flags & 0x800 != 0 ? "behind" : "before")"
    }
    #expect(positions == ["10 before", "12 before", "12 behind", "12 behind"])
  }

  @Test("a device that comes or goes changes the flowtable only")
  func devices() throws {
    let ruleset = try Self.ruleset(Self.file(["1"]))
    let difference = try RulesetDifference(
      from: ruleset, to: try RulesetParser.parse(Self.file(["1"], devices: "b, c")))
    #expect(
      difference.lines == ["~ flowtable inet x f: device a removed", "~ flowtable inet x f: device c added"])
    #expect(
      difference.transaction.messages.map(\.kind) == [
        NFTables.Message.deleteFlowtable, NFTables.Message.newFlowtable,
      ])
  }

  @Test("another priority makes the flowtable and its rules anew, in one batch")
  func priority() throws {
    let ruleset = try Self.ruleset(Self.file(["1"]))
    let difference = try RulesetDifference(
      from: ruleset, to: try RulesetParser.parse(Self.file(["1"], priority: "7")))
    #expect(
      difference.transaction.messages.map(\.kind) == [
        NFTables.Message.deleteRule, NFTables.Message.deleteFlowtable, NFTables.Message.newFlowtable,
        NFTables.Message.newRule,
      ])
  }

  @Test("tables that the file does not name are left alone, unless it is to be all")
  func exclusive() throws {
    let ruleset = try Self.ruleset(Self.file(["1"]))
    let other = try RulesetParser.parse("table ip y { }")
    #expect(try RulesetDifference(from: ruleset, to: other).lines == ["+ table ip y"])
    #expect(
      try RulesetDifference(from: ruleset, to: other, isExclusive: true).lines == [
        "+ table ip y", "- flowtable inet x f", "- rule inet x c handle 10: tcp dport 1 flow add @f",
      ])
  }

  @Test("a chain that exists elsewhere is refused")
  func chain() throws {
    let ruleset = try Self.ruleset(Self.file(["1"]))
    let text = Self.file(["1"]).replacing("forward priority 0", with: "forward priority 5")
    #expect(throws: RulesetRefusal.self) {
      try RulesetDifference(from: ruleset, to: try RulesetParser.parse(text))
    }
  }
}
