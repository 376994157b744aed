// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import JSONDocument
import PacketWire

extension Topology {
  /// The number of a routing table: a number, or the name of one of the kernel's own.
  static func table(_ value: JSONValue, _ what: String) throws(DescriptionError) -> UInt32 {
    switch value.string {
    case "local": return RoutingTable.local
    case "main": return RoutingTable.main
    case "default": return RoutingTable.fallback
    case nil: break
    case let name?: throw DescriptionError("\(what) '\(name)' is neither a number nor local, main or default")
    }
    guard let number = value.int.flatMap({ UInt32(exactly: $0) }), number > 0 else {
      throw DescriptionError("\(what) is neither a number nor local, main or default")
    }
    return number
  }
}

extension Topology.Rule {
  /// Reads a rule with ip-rule(8)'s words. Members that are not known are refused: without one of its conditions a rule would be
  /// for too many packets.
  init(_ value: JSONValue) throws(DescriptionError) {
    guard let members = value.members else { throw DescriptionError("a rule is not an object") }
    var rule = RoutingRule(.unreachable)
    var action: RoutingRule.Action?
    var families: [IPFamily] = []
    func set(_ new: RoutingRule.Action) throws(DescriptionError) {
      guard action == nil else { throw DescriptionError("a rule has both a 'table' and an 'action'") }
      action = new
    }
    for member in members {
      let value = member.value
      switch member.name {
      case "priority": rule.priority = try Self.number(value, "priority")
      case "family": families.append(try Self.family(value))
      case "from": (rule.source, families) = try Self.prefix(value, "from", families)
      case "to": (rule.destination, families) = try Self.prefix(value, "to", families)
      case "iif": rule.input = try Self.text(value, "iif")
      case "oif": rule.output = try Self.text(value, "oif")
      case "fwmark": (rule.mark, rule.markMask) = try Self.mark(value)
      case "not":
        guard let isInverted = value.bool else { throw DescriptionError("a rule's 'not' is not a boolean") }
        rule.isInverted = isInverted
      case "table": try set(.lookUp(Topology.table(value, "a rule's table")))
      case "action": try set(Self.action(value))
      default: throw DescriptionError("a rule has an unknown member, '\(member.name)'")
      }
    }
    guard let action else { throw DescriptionError("a rule has neither a 'table' nor an 'action'") }
    guard Set(families).count <= 1 else {
      throw DescriptionError("a rule's addresses are of different families")
    }
    rule.action = action
    self.init(family: families.first ?? .ipv4, rule: rule)
  }

  /// - Throws: ``DescriptionError`` where the router has the rule, or lacks its devices.
  func add(to router: Router) throws(DescriptionError) {
    for name in [rule.input, rule.output] {
      if let name, router.device(named: name) == nil { throw DescriptionError("no device \(name)") }
    }
    guard router.addRule(family, rule) else {
      throw DescriptionError("there are two equal rules of priority \(rule.priority ?? 0)")
    }
  }

  private static func text(_ value: JSONValue, _ name: String) throws(DescriptionError) -> String {
    guard let text = value.string else { throw DescriptionError("a rule's '\(name)' is not a string") }
    return text
  }

  private static func number(_ value: JSONValue, _ name: String) throws(DescriptionError) -> UInt32 {
    guard let number = value.int.flatMap({ UInt32(exactly: $0) }) else {
      throw DescriptionError("a rule's '\(name)' is not a number of 32 bits")
    }
    return number
  }

  private static func family(_ value: JSONValue) throws(DescriptionError) -> IPFamily {
    switch value.string {
    case "ipv4": return .ipv4
    case "ipv6": return .ipv6
    default: throw DescriptionError("a rule's 'family' is neither ipv4 nor ipv6")
    }
  }

  private static func prefix(
    _ value: JSONValue, _ name: String, _ families: [IPFamily]
  ) throws(DescriptionError) -> (RoutingRule.Prefix, [IPFamily]) {
    let text = try text(value, name)
    if text == "all" { return (.all, families) }
    guard let read = AddressReader.prefix(text) else {
      throw DescriptionError("a rule's '\(name)', \(text), is not a prefix")
    }
    return (RoutingRule.Prefix(read.address, read.length), families + [read.family])
  }

  /// A number, or `NUMBER` or `NUMBER/MASK` in decimal or, behind `0x`, hexadecimal digits.
  private static func mark(_ value: JSONValue) throws(DescriptionError) -> (UInt32, UInt32) {
    func read(_ digits: Substring) throws(DescriptionError) -> UInt32 {
      let isHexadecimal = digits.hasPrefix("0x") || digits.hasPrefix("0X")
      guard let number = isHexadecimal ? UInt32(digits.dropFirst(2), radix: 16) : UInt32(digits) else {
        throw DescriptionError("a rule's 'fwmark' is neither a mark nor MARK/MASK")
      }
      return number
    }
    guard let text = value.string else {
      let mark = try number(value, "fwmark")
      return (mark, mark == 0 ? 0 : .max)
    }
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let mark = try read(parts[0])
    return (mark, parts.count == 2 ? try read(parts[1]) : mark == 0 ? 0 : .max)
  }

  private static func action(_ value: JSONValue) throws(DescriptionError) -> RoutingRule.Action {
    switch value.string {
    case "blackhole": return .blackhole
    case "unreachable": return .unreachable
    case "prohibit": return .prohibit
    default: throw DescriptionError("a rule's 'action' is none of blackhole, unreachable, prohibit")
    }
  }
}
