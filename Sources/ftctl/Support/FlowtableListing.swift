// SPDX-License-Identifier: GPL-3.0-or-later
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

/// Flowtables together with what the kernel keeps elsewhere: their flows, rules and devices.
struct FlowtableListing {
  struct Device {
    var device: NFTables.Device
    /// The devices that there are under this name; several for a pattern.
    var links: [NetworkLink]
    /// Names of what is stacked on them.
    var uppers: [String]
    var offload: HardwareOffload?
  }

  struct Item {
    var namespace: String?
    var description: FlowtableDescription
    var handle: UInt64?
    var use: UInt32?
    var rules: [(chain: String, handle: UInt64, rule: FlowRule)]
    var devices: [Device]
    var flows: UInt64 = 0
    var hardwareFlows: UInt64 = 0
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    /// Whether flows have counters here.
    var isCounted = false
  }

  private(set) var items: [Item] = []
  /// Offloaded flows that more than one flowtable, or none that is listed, may carry.
  private(set) var otherFlows: UInt64 = 0

  /// Adds the flowtables of the current namespace that `isWanted` picks.
  mutating func read(
    _ session: NetlinkSession, ruleset: Ruleset, namespace: String?, isWanted: (FlowtableDescription) -> Bool
  ) throws {
    let links = try NetworkLinks.read(pppoe: SystemFile.text("/proc/net/pppoe"))
    let features = try? FeatureReader()
    var added: [Item] = []
    for member in ruleset.flowtables {
      guard let description = FlowtableDescription(family: member.family, member.object),
        isWanted(description)
      else {
        continue
      }
      let rules = ruleset.flowRules(description.family, description.table, flowtable: description.name).map {
        rule in
        (
          chain: rule.chain ?? "", handle: rule.handle ?? 0,
          rule: FlowRule(rule, family: description.family, in: ruleset)
        )
      }
      let devices = description.devices.map { Self.device($0, links: links, features: features) }
      added.append(
        Item(
          namespace: namespace, description: description, handle: member.object.handle,
          use: member.object.use,
          rules: rules, devices: devices))
    }
    if !added.isEmpty { try count(session, into: &added) }
    items += added
  }

  private static func device(
    _ device: NFTables.Device, links: NetworkLinks, features: FeatureReader?
  ) -> Device {
    let found: [NetworkLink]
    switch device {
    case .name(let name): found = links.all.filter { $0.name == name }
    case .prefix(let prefix): found = links.all.filter { $0.name.hasPrefix(prefix) }
    }
    var uppers: [String] = []
    var rest = found
    while let link = rest.popLast() {
      for upper in links.uppers(of: link) where !uppers.contains(upper.name) {
        uppers.append(upper.name)
        rest.append(upper)
      }
    }
    return Device(
      device: device, links: found, uppers: uppers,
      offload: found.first.flatMap { features?.hardwareOffload(of: $0.name) })
  }

  /// Adds the offloaded flows to the flowtables that carry them.
  private mutating func count(_ session: NetlinkSession, into added: inout [Item]) throws {
    let carriers = try CarrierFinder(ordering: [])
    let offloaded = FlowPredicate.test(.offload(.any))
    _ = try session.dumpConntrack(KernelFilter(offloaded)) { entry in
      guard entry.offloadState != .none else { return true }
      let path = carriers.path(of: entry)
      guard let flowtable = path?.flowtable,
        let index = added.firstIndex(where: { item in
          item.description.name == flowtable.name && item.description.table == flowtable.table
            && NFTables.familyName(item.description.family) == flowtable.family
        })
      else {
        otherFlows += 1
        return true
      }
      added[index].flows += 1
      if entry.offloadState == .hardware { added[index].hardwareFlows += 1 }
      if let original = entry.originalCounters, let reply = entry.replyCounters {
        added[index].isCounted = true
        added[index].packets += original.packets &+ reply.packets
        added[index].bytes += original.bytes &+ reply.bytes
      }
      return true
    }
  }

  // MARK: Output

  func write(_ format: OutputFormat, palette: Palette, to output: inout OutputBuffer) {
    switch format {
    case .json:
      let objects = items.map { item in JSONValue.object([("flowtable", item.json)]) }
      let root = JSONValue.object([("nftables", .array([RulesetText.metainfo] + objects))])
      output.append(text: root.description + "\n")
    case .table: writeTable(palette: palette, to: &output)
    case .prometheus: writePrometheus(to: &output)
    default: writeText(to: &output)
    }
  }

  /// nft syntax, what nft does not know behind number signs.
  private func writeText(to output: inout OutputBuffer) {
    var open: (namespace: String?, family: UInt8, table: String)?
    for item in items {
      let place = (item.namespace, item.description.family, item.description.table)
      if open == nil || open?.namespace != place.0 || open?.family != place.1 || open?.table != place.2 {
        if open != nil { output.append("}\n") }
        if let namespace = item.namespace, open?.namespace != namespace {
          output.append(text: "# network namespace \(namespace)\n")
        }
        output.append(text: "table \(NFTables.familyName(place.1)) \(RulesetText.name(place.2)) {\n")
        open = place
      }
      output.append(text: "\tflowtable \(RulesetText.name(item.description.name)) { # \(item.summary)\n")
      for line in RulesetText.lines(of: item.description) { output.append(text: "\t\t\(line)\n") }
      for device in item.devices { output.append(text: "\t\t# \(device.text)\n") }
      for rule in item.rules {
        output.append(
          text: "\t\t# rule \(rule.handle) of chain \(rule.chain): \(Self.oneLine(rule.rule.text))\n")
      }
      if item.rules.isEmpty { output.append("\t\t# no rule adds flows to it\n") }
      output.append("\t}\n")
    }
    if open != nil { output.append("}\n") }
  }

  /// Text that stays on its line.
  static func oneLine(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
  }

  private func writeTable(palette: Palette, to output: inout OutputBuffer) {
    let showsNamespace = items.contains { $0.namespace != nil }
    var rows = [
      (showsNamespace ? ["NETNS"] : []) + [
        "FAMILY", "TABLE", "FLOWTABLE", "PRIORITY", "DEVICES", "FLAGS", "RULES", "FLOWS", "PACKETS", "BYTES",
      ]
    ]
    for item in items {
      let flags =
        (item.description.offloadsToHardware ? ["offload"] : [])
        + (item.description.countsPackets ? ["counter"] : [])
      rows.append(
        (showsNamespace ? [item.namespace ?? ""] : []) + [
          NFTables.familyName(item.description.family), item.description.table, item.description.name,
          RulesetText.priority(item.description.priority),
          item.devices.map { $0.isPresent ? $0.name : "\($0.name)(absent)" }.joined(separator: ","),
          flags.joined(separator: ","), "\(item.rules.count)", "\(item.flows)",
          item.isCounted ? "\(item.packets)" : "", item.isCounted ? "\(item.bytes)" : "",
        ])
    }
    AlignedText.write(rows, rightAlignedFrom: showsNamespace ? 7 : 6, palette: palette, to: &output)
  }

  private func writePrometheus(to output: inout OutputBuffer) {
    var flows = PrometheusFamily(
      name: "ftctl_flowtable_flows", help: "Flows that the flowtable carries.", kind: .gauge)
    var bytes = PrometheusFamily(
      name: "ftctl_flowtable_flow_bytes", help: "Octets of the flows that the flowtable carries.",
      kind: .gauge)
    var packets = PrometheusFamily(
      name: "ftctl_flowtable_flow_packets", help: "Packets of the flows that the flowtable carries.",
      kind: .gauge)
    var rules = PrometheusFamily(
      name: "ftctl_flowtable_rules", help: "Rules that add flows to the flowtable.", kind: .gauge)
    var devices = PrometheusFamily(
      name: "ftctl_flowtable_device_up", help: "Whether a device of the flowtable is there and up.",
      kind: .gauge)
    for item in items {
      let labels =
        (item.namespace.map { [("netns", $0)] } ?? []) + [
          ("family", NFTables.familyName(item.description.family)), ("table", item.description.table),
          ("flowtable", item.description.name),
        ]
      flows.add(labels + [("offload", "software")], item.flows - item.hardwareFlows)
      flows.add(labels + [("offload", "hardware")], item.hardwareFlows)
      if item.isCounted {
        bytes.add(labels, item.bytes)
        packets.add(labels, item.packets)
      }
      let count = UInt64(item.rules.count)
      rules.add(labels, count)
      for device in item.devices {
        devices.add(labels + [("device", device.name)], UInt64(device.isUp ? 1 : 0))
      }
    }
    for family in [flows, bytes, packets, rules, devices] { output.append(family) }
  }
}

extension FlowtableListing.Item {
  /// What is behind the brace: handle, rules, flows.
  fileprivate var summary: String {
    var words = handle.map { ["handle \($0)"] } ?? []
    words.append("flows \(flows)")
    if hardwareFlows > 0 { words.append("in hardware \(hardwareFlows)") }
    if isCounted { words.append("packets \(packets) bytes \(bytes)") }
    return words.joined(separator: ", ")
  }

  fileprivate var json: JSONValue {
    guard case .object(var members) = RulesetText.json(description, handle: handle, use: use) else {
      return .null
    }
    func add(_ name: String, _ value: JSONValue?) {
      if let value { members.append(JSONValue.Member(name, value)) }
    }
    add("netns", namespace.map { .string($0) })
    add("flows", .number(flows))
    add("hardware_flows", hardwareFlows > 0 ? .number(hardwareFlows) : nil)
    add("packets", isCounted ? .number(packets) : nil)
    add("bytes", isCounted ? .number(bytes) : nil)
    add(
      "rules",
      .array(
        rules.map {
          .object([
            ("chain", .string($0.chain)), ("handle", .number($0.handle)), ("text", .string($0.rule.text)),
          ])
        }))
    add("devices", .array(devices.map(\.json)))
    return .object(members)
  }
}

extension FlowtableListing.Device {
  var name: String {
    switch device {
    case .name(let name): name
    case .prefix(let prefix): "\(prefix)*"
    }
  }

  var isPresent: Bool { !links.isEmpty }
  var isUp: Bool { links.contains { $0.isUp && $0.hasCarrier } }

  /// State in a word.
  private static func state(_ link: NetworkLink?) -> String {
    guard let link else { return "absent" }
    return link.isUp ? (link.hasCarrier ? "up" : "up, no carrier") : "down"
  }

  fileprivate var text: String {
    var words: [String]
    if case .prefix = device, !links.isEmpty {
      let states = links.map { "\(FlowtableListing.oneLine($0.name)) \(Self.state($0))" }
      words = ["device \(FlowtableListing.oneLine(name)): \(states.joined(separator: ", "))"]
    } else {
      words = ["device \(FlowtableListing.oneLine(name)): \(Self.state(links.first))"]
    }
    if links.count == 1, let link = links.first {
      words.append("mtu \(link.mtu)")
      if let kind = link.kind { words.append(kind) }
    }
    if !uppers.isEmpty { words.append("below \(uppers.joined(separator: ", "))") }
    switch offload {
    case .on: words.append("hardware offload on")
    case .off: words.append("hardware offload possible, switched off")
    case HardwareOffload.none?: words.append("no hardware offload")
    case nil: break
    }
    return words.joined(separator: ", ")
  }

  fileprivate var json: JSONValue {
    .object([
      ("name", .string(name)), ("state", .string(Self.state(links.first))),
      ("mtu", links.first.map { .number($0.mtu) }),
      ("kind", links.first?.kind.map { .string($0) }),
      ("stacked", uppers.isEmpty ? nil : .array(uppers.map { .string($0) })),
      ("hw_tc_offload", offload.map { .string($0.rawValue) }),
    ])
  }
}
