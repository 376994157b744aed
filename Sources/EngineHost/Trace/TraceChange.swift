// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import JSONDocument
import NetlinkWire
import PacketWire

/// A change made from outside while traffic flows, as a trace says it: `change` as data where there is one,
/// else the command itself.
struct TraceChange {
  private let change: JSONValue?
  private let command: String

  init(_ step: Trace.Step) {
    change = step.change
    command = step.command ?? ""
  }

  /// Applies the change.
  ///
  /// - Parameters:
  ///   - router: the data path.
  ///   - send: executes a datagram of netlink messages.
  /// - Returns: 0, or the errno with which the engine refused.
  /// - Throws: ``DescriptionError`` for changes that cannot be read.
  func apply(to router: Router, send: ([UInt8]) -> ControlOutput) throws(DescriptionError) -> Int32 {
    if command.hasPrefix("nft ") { return try applyRules(send) }
    guard let members = change?.members else { throw DescriptionError("cannot repeat: \(command)") }
    for member in members.sorted(by: { $0.name < $1.name }) {
      let value = member.value
      switch member.name {
      case "link": try setLink(value, router)
      case "neighbour":
        try Topology.setNeighbour(
          text(value["dev"]), text(value["ip"]), text(value["mac"]), on: router)
      case "route":
        try Topology.setRoute(
          text(value["to"]), value["via"]?.string, text(value["dev"]), mtu: value["mtu"]?.int ?? 0,
          replaces: true, on: router)
      case "vlan": try setMembership(value, router)
      case "fdb":
        let number = try setStation(value, router)
        if number != 0 { return number }
      case "mtu":
        let device = try device(value, router)
        guard let mtu = value["mtu"]?.int, (68...65_535).contains(mtu) else {
          throw DescriptionError("no MTU: \(command)")
        }
        if case .vlan(let link) = device.kind, mtu > router.device(link.parent)?.mtu ?? mtu {
          return ErrorNumber.outOfRange
        }
        router.setMTU(device.index, mtu)
      case "flush", "delete", "update":
        let number = changeEntries(member.name, value, send)
        if number != 0 { return number }
      default: throw DescriptionError("unknown change \(member.name)")
      }
    }
    return 0
  }

  private func text(_ value: JSONValue?) throws(DescriptionError) -> String {
    guard let text = value?.string else { throw DescriptionError("a change lacks a field: \(command)") }
    return text
  }

  private func device(_ value: JSONValue, _ router: Router) throws(DescriptionError) -> FlowEngine::Device {
    guard let device = router.device(named: try text(value["dev"])) else {
      throw DescriptionError("no such device: \(command)")
    }
    return device
  }

  private func setLink(_ value: JSONValue, _ router: Router) throws(DescriptionError) {
    let device = try device(value, router)
    guard let isUp = value["up"]?.bool else { throw DescriptionError("neither up nor down: \(command)") }
    router.setLink(device.index, up: isUp)
    // `ip link set … up; ip neigh replace …`: the neighbour entry went with the link.
    guard isUp, let start = command.range(ofText: "ip neigh replace ") else { return }
    let words = command[start...].split(separator: " ")
    guard words.count >= 8 else { throw DescriptionError("cannot repeat: \(command)") }
    try Topology.setNeighbour(String(words[7]), String(words[3]), String(words[5]), on: router)
  }

  // MARK: Bridges

  private func number(_ value: JSONValue?) throws(DescriptionError) -> UInt16? {
    guard let value else { return nil }
    guard let number = value.int, (1...4094).contains(number) else {
      throw DescriptionError("no VLAN: \(command)")
    }
    return UInt16(number)
  }

  /// `bridge vlan`: a port, or with `self` the bridge, becomes a member of a VLAN, is another one, or is none any more.
  private func setMembership(_ value: JSONValue, _ router: Router) throws(DescriptionError) {
    let device = try device(value, router)
    let bridge = value["self"]?.bool == true ? device.index : device.master
    guard let vlan = try number(value["vid"]), let adds = value["add"]?.bool, router.bridges[bridge] != nil
    else { throw DescriptionError("cannot repeat: \(command)") }
    if adds {
      router.bridges[bridge]?.join(
        device.index, vlan: vlan, untagged: value["untagged"]?.bool == true,
        primary: value["pvid"]?.bool == true)
    } else {
      router.bridges[bridge]?.leave(device.index, vlan: vlan)
    }
  }

  /// `bridge fdb`: a station is at a port, or there no more.
  ///
  /// - Returns: 0, or the errno with which a kernel refuses.
  private func setStation(_ value: JSONValue, _ router: Router) throws(DescriptionError) -> Int32 {
    let port = try device(value, router)
    guard let mac = AddressReader.mac(try text(value["mac"])), let bridge = router.bridges[port.master],
      let adds = value["add"]?.bool
    else { throw DescriptionError("cannot repeat: \(command)") }
    let vlan = try number(value["vlan"])
    guard (vlan != nil) == bridge.filtersVLANs else { throw DescriptionError("cannot repeat: \(command)") }
    // Source: net/bridge/br_fdb.c, br_fdb_add, br_fdb_delete.
    if let vlan, bridge.members[port.index]?[vlan] == nil { return ErrorNumber.invalid }
    let key = StationKey(mac: mac, vlan: vlan ?? 0)
    if adds {
      router.bridges[port.master]?.stations[key] = Station(
        port: port.index, updated: router.now, isStatic: value["static"]?.bool == true)
    } else {
      guard bridge.stations[key]?.port == port.index else { return ErrorNumber.noEntry }
      router.bridges[port.master]?.stations[key] = nil
    }
    return 0
  }

  // MARK: Rules

  private func applyRules(_ send: ([UInt8]) -> ControlOutput) throws(DescriptionError) -> Int32 {
    var reader = RuleCommandReader(String(command.dropFirst(4)))
    let batch = try reader.batch()
    for reply in send(batch).replies {
      if let number = NetlinkReply.error(reply) { return number }
    }
    return 0
  }

  // MARK: Conntrack

  /// What conntrack(8) does: dump, choose, then one message for each entry.
  private func changeEntries(_ name: String, _ value: JSONValue, _ send: ([UInt8]) -> ControlOutput) -> Int32
  {
    if name == "flush" {
      return firstError(
        send(
          request(ConntrackMessage.delete, [.request, .acknowledge], family: 0) { _ in }))
    }
    let mark = (value["mark"]?.int).map { UInt32(clamping: $0) }
    let isUpdate = name == "update"
    // conntrack(8) fails when there is nothing to change.
    let chosen = entries(send).filter { matches($0, value) && !(isUpdate && $0.entry.mark == mark) }
    guard !chosen.isEmpty else { return ErrorNumber.noEntry }
    var result: Int32 = 0
    for entry in chosen {
      let answer: ControlOutput
      if isUpdate {
        answer = send(
          request(
            ConntrackMessage.new, [.request, .acknowledge], family: namesFamily(value) ? entry.family : 0
          ) { writer in
            writer.raw(entry.tuple)
            if let mark { writer.attribute(ConntrackAttribute.mark, mark) }
          })
      } else {
        answer = send(
          request(ConntrackMessage.delete, [.request, .acknowledge], family: entry.family) { writer in
            writer.raw(entry.tuple)
          })
      }
      let number = firstError(answer)
      if number != 0 { result = number }
    }
    return result
  }

  /// Whether a command says of which family the entries are; conntrack(8) 1.4.7 updates none without, for it asks the kernel to
  /// change entries of family 0.
  private func namesFamily(_ value: JSONValue) -> Bool {
    value["src"] != nil || value["dst"] != nil
      || command.split(separator: " ").contains { ["-f", "--family", "-s", "-d"].contains($0) }
  }

  private func firstError(_ output: ControlOutput) -> Int32 {
    for reply in output.replies {
      if let number = NetlinkReply.error(reply) { return number }
    }
    return 0
  }

  private func request(
    _ message: UInt8, _ flags: NetlinkFlags, family: UInt8, _ content: (inout NetlinkWriter) -> Void
  ) -> [UInt8] {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(type: ConntrackMessage.type(message), flags: flags, sequence: 1),
      NetfilterHeader(family: family))
    content(&writer)
    writer.endMessage(mark)
    return writer.bytes
  }

  private struct Listed {
    var family: UInt8
    var entry: NetlinkWire::ConntrackEntry
    /// The original tuple's attribute as it was dumped.
    var tuple: [UInt8]
  }

  private func entries(_ send: ([UInt8]) -> ControlOutput) -> [Listed] {
    var listed: [Listed] = []
    let replies = send(request(ConntrackMessage.get, [.request, .dump], family: 0) { _ in }).replies
    for reply in replies {
      // Safe: the span does not outlive the array.
      var messages = unsafe NetlinkMessageCursor(reply.span.bytes)
      while let more = try? messages.advance(), more {
        var entry = NetlinkWire::ConntrackEntry()
        guard messages.type == ConntrackMessage.type(ConntrackMessage.new),
          (try? entry.decode(messages.payload)) != nil
        else { continue }
        var attributes = AttributeCursor(messages.payload, from: NetfilterHeader.encodedLength)
        guard let found = try? attributes.advance(), found else { continue }
        let length = attributes.payloadLength + 4
        let tuple = messages.payload.slice(attributes.attributeOffset, length).copied
        listed.append(Listed(family: messages.payload.uint8(at: 0), entry: entry, tuple: tuple))
      }
    }
    return listed
  }

  /// Whether an entry is one that the change names by protocol, ports or addresses of its original direction.
  private func matches(_ listed: Listed, _ value: JSONValue) -> Bool {
    let tuple = listed.entry.original
    if let name = value["protocol"]?.string {
      let numbers = ["tcp": UInt8(6), "udp": 17, "icmp": 1, "icmpv6": 58, "gre": 47, "sctp": 132]
      guard numbers[name] == tuple.layer4 else { return false }
    }
    if let port = value["sport"]?.int, port != Int(tuple.sourcePort) { return false }
    if let port = value["dport"]?.int, port != Int(tuple.destinationPort) { return false }
    for (key, own) in [("src", tuple.source), ("dst", tuple.destination)] {
      guard let text = value[key]?.string else { continue }
      guard let (address, family) = AddressReader.address(text), family.rawValue == listed.family,
        address.high == own.high, address.low == own.low
      else { return false }
    }
    return true
  }
}

extension String {
  /// Where `text` begins.
  fileprivate func range(ofText text: String) -> Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start }
      start = index(after: start)
    }
    return nil
  }
}
