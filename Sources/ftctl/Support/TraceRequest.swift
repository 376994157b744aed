// SPDX-License-Identifier: GPL-3.0-or-later
import JSONDocument
import NetfilterClient
import NetlinkWire

/// What an engine is asked for a trace: what the selection implies and the engine can tell early. Each packet is looked at
/// again here.
enum TraceRequest {
  /// The request, a JSON text.
  static func text(_ predicate: FlowPredicate, device: String?, showsMismatches: Bool) -> String {
    var family: AddressFamily?
    var protocols: [UInt8] = []
    var addresses: [JSONValue] = []
    var ports: [JSONValue] = []
    func add(_ predicate: FlowPredicate) {
      switch predicate {
      case .all(let parts): parts.forEach(add)
      case .any(let parts):
        if parts.count == 1 { return add(parts[0]) }
        let numbers = parts.compactMap { part -> UInt8? in
          if case .test(.layer4(let number)) = part { number } else { nil }
        }
        if numbers.count == parts.count, protocols.isEmpty { protocols = numbers }
      case .not: break
      case .test(.family(let wanted)): family = wanted
      case .test(.layer4(let number)): if protocols.isEmpty { protocols = [number] }
      case .test(.address(let field, let range)):
        addresses.append(
          .object([
            ("field", .string(field.rawValue)),
            ("lower", .string(RuleValueText.address(range.lowerBound.octets))),
            ("upper", .string(RuleValueText.address(range.upperBound.octets))),
          ]))
      case .test(.port(let field, let range)):
        ports.append(
          .object([
            ("field", .string(name(field))), ("lower", .number(range.lowerBound)),
            ("upper", .number(range.upperBound)),
          ]))
      case .test: break
      }
    }
    add(predicate)
    return JSONValue.object([
      ("request", .string("trace")),
      ("family", family.map { .string($0 == .ipv6 ? "ipv6" : "ipv4") }),
      ("protocols", protocols.isEmpty ? nil : .array(protocols.map { .number($0) })),
      ("addresses", addresses.isEmpty ? nil : .array(addresses)),
      ("ports", ports.isEmpty ? nil : .array(ports)),
      ("device", device.map { .string($0) }), ("mismatches", showsMismatches ? .bool(true) : nil),
    ]).description
  }

  private static func name(_ field: FlowTest.PortField) -> String {
    switch field {
    case .source: "src"
    case .destination: "dst"
    case .replySource: "reply-src"
    case .replyDestination: "reply-dst"
    }
  }
}
