// SPDX-License-Identifier: GPL-3.0-or-later
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

/// A packet's trace as text: a line for the packet, one for each step, and one that says how it ended.
struct TraceText {
  private let record: JSONValue

  init(_ record: JSONValue) { self.record = record }

  func write(to output: inout OutputBuffer) {
    let seconds = record["time"].flatMap { if case .number(let text) = $0 { text } else { nil } } ?? ""
    output.append(
      text: "#\(Self.number(record["packet"])) \(Self.clock(seconds)) on \(Self.text(record["device"])): ")
    output.append(text: Self.packet(record["headers"], record["length"]))
    if record["segment_size"] != nil {
      output.append(text: " in segments of \(Self.number(record["segment_size"]))")
    }
    output.append("\n")
    for step in record["steps"]?.array ?? [] {
      output.append(text: "  \(Self.line(step))\n")
    }
    if record["omitted"] != nil { output.append(text: "  … \(Self.number(record["omitted"])) more steps\n") }
    let reason = record["reason"].map { ": \(Self.words($0))" } ?? ""
    output.append(text: "  = \(Self.ending(Self.text(record["path"])))\(reason)\n")
  }

  private static func ending(_ path: String) -> String {
    switch path {
    case "fast": "fast path"
    case "classic": "classic path"
    case "hardware": "fast path in hardware"
    case "local": "for the router itself"
    case "link": "ended below IP"
    default: path
    }
  }

  private static func text(_ value: JSONValue?) -> String { value?.string ?? "" }

  private static func number(_ value: JSONValue?) -> String {
    if case .number(let text)? = value { text } else { "?" }
  }

  /// A name with underscores as words.
  private static func words(_ value: JSONValue?) -> String {
    String(text(value).map { $0 == "_" ? " " : $0 })
  }

  /// Seconds since 1970 as the time of day, to the microsecond.
  private static func clock(_ seconds: String) -> String {
    let parts = seconds.split(separator: ".")
    guard let first = parts.first, let whole = Int64(first) else { return seconds }
    let time = LocalCalendar.fields(whole)
    func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
    let fraction = parts.count > 1 ? "." + parts[1].prefix(6) : ""
    return "\(two(time.hour)):\(two(time.minute)):\(two(time.second))\(fraction)"
  }

  private static func ends(_ value: JSONValue?) -> String {
    func end(_ address: String, _ port: String) -> String {
      guard value?[port] != nil else { return text(value?[address]) }
      let isIPv6 = text(value?[address]).utf8.contains(UInt8(ascii: ":"))
      let shown = isIPv6 ? "[\(text(value?[address]))]" : text(value?[address])
      return "\(shown):\(number(value?[port]))"
    }
    return "\(end("src", "sport")) > \(end("dst", "dport"))"
  }

  private static func proto(_ value: JSONValue?) -> String {
    guard let number = value?.integer(as: UInt8.self) else { return "" }
    let name = Layer4Protocol.names.first { $0.number == number }.map { "\($0.name)" }
    return name ?? "protocol \(number)"
  }

  private static func packet(_ headers: JSONValue?, _ length: JSONValue?) -> String {
    var words: [String] = []
    if let tags = headers?["vlan"]?.array { words += tags.map { "vlan \(number($0))" } }
    if headers?["pppoe"] != nil { words.append("pppoe \(number(headers?["pppoe"]))") }
    let type = text(headers?["type"])
    switch type {
    case "ipv4", "ipv6": words.append(headers?["proto"] == nil ? type : proto(headers?["proto"]))
    case "arp": words.append("arp \(text(headers?["operation"]))")
    case "": words.append("no Ethernet header")
    default: words.append("type \(type)")
    }
    if headers?["src"] != nil { words.append(ends(headers)) }
    if let flags = headers?["flags"]?.strings { words.append("[\(flags.joined(separator: ","))]") }
    if headers?["icmp_type"] != nil {
      words.append("type \(number(headers?["icmp_type"])) code \(number(headers?["icmp_code"]))")
    }
    if headers?["fragment"] != nil { words.append("fragment at \(number(headers?["fragment"]))") }
    if headers?["ttl"] != nil { words.append("ttl \(number(headers?["ttl"]))") }
    return words.joined(separator: " ") + ", \(number(length)) octets"
  }

  private static func place(_ step: JSONValue, _ kind: String) -> String {
    guard step[kind] != nil else { return "of a former ruleset" }
    return "\(text(step["family"])) \(text(step["table"])) \(text(step[kind]))"
  }

  private static func line(_ step: JSONValue) -> String {
    let kind = text(step["step"])
    switch kind {
    case "device": return "device \(text(step["device"]))"
    case "flowtable":
      let reason = text(step["reason"]) == "fast_missed" ? "no flow" : words(step["reason"])
      return "flowtable \(place(step, "flowtable")): "
        + (text(step["result"]) == "hit" ? "hit" : "passed up, \(reason)")
    case "hook": return text(step["hook"])
    case "rule":
      let target = step["target"].map { " \(text($0))" } ?? ""
      return
        "  rule \(place(step, "chain")) handle \(number(step["handle"])): \(text(step["verdict"]))\(target)"
    case "policy": return "  policy \(place(step, "chain")): \(text(step["verdict"]))"
    case "conntrack":
      var words = [text(step["state"])]
      if step["tcp"] != nil { words.append(text(step["tcp"])) }
      if let status = step["status"]?.strings, !status.isEmpty { words.append(status.joined(separator: ",")) }
      return "conntrack: \(words.joined(separator: " "))"
    case "nat": return "nat: now \(ends(step))"
    case "route":
      if text(step["type"]) == "none" { return "route: none" }
      let gateway = step["gateway"].map { " via \(text($0))" } ?? ""
      return "route: \(text(step["type"])) on \(text(step["device"]))\(gateway)"
    case "neighbour":
      let mac = step["mac"].map { " \(text($0))" } ?? ""
      return "neighbour: \(text(step["address"])) on \(text(step["device"])) \(text(step["state"]))\(mac)"
    case "flow_added": return "  flow added to flowtable \(place(step, "flowtable"))"
    case "flow_refused":
      return "  flow refused by flowtable \(place(step, "flowtable")): \(words(step["reason"]))"
    case "answer": return "the router sends \(proto(step["proto"])) \(ends(step))"
    case "reason": return (step["drops"] == nil ? "" : "dropped: ") + words(step["reason"])
    case "sent":
      return "sent on \(text(step["device"])): \(packet(step["headers"], step["length"]))"
    default: return kind
    }
  }
}
