// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A flow as a record of comma-separated values (RFC 4180): one fixed set of columns, in one order.
///
/// A field without a value is empty. A field of several values holds them with commas between, in quotes.
package struct CSVFormat: Sendable {
  /// A column: its name in the header, and what it holds.
  package struct Column: Sendable {
    package let name: StaticString
    package let about: StaticString
  }

  /// The columns in their order.
  package static let columns: [Column] = [
    Column(name: "event", about: "new, update, destroy, offload or classic (monitor)"),
    Column(name: "netns", about: "network namespace (with --netns all)"),
    Column(name: "family", about: "ipv4 or ipv6"),
    Column(name: "proto", about: "layer 4 protocol by name"),
    Column(name: "proto_number", about: "layer 4 protocol by number"),
    Column(name: "state", about: "TCP, SCTP or DCCP state"),
    Column(name: "timeout", about: "seconds until the entry expires"),
    Column(name: "src", about: "source of the original direction"),
    Column(name: "sport", about: "its port, or the source key of GRE"),
    Column(name: "dst", about: "destination of the original direction"),
    Column(name: "dport", about: "its port, or the destination key of GRE"),
    Column(name: "icmp_type", about: "ICMP or ICMPv6 type"),
    Column(name: "icmp_code", about: "ICMP or ICMPv6 code"),
    Column(name: "icmp_id", about: "ICMP or ICMPv6 identifier"),
    Column(name: "packets", about: "packets of the original direction"),
    Column(name: "bytes", about: "octets of the original direction"),
    Column(name: "reply_src", about: "source of the reply direction"),
    Column(name: "reply_sport", about: "its port or key"),
    Column(name: "reply_dst", about: "destination of the reply direction"),
    Column(name: "reply_dport", about: "its port or key"),
    Column(name: "reply_packets", about: "packets of the reply direction"),
    Column(name: "reply_bytes", about: "octets of the reply direction"),
    Column(name: "status", about: "names of the status bits that are set"),
    Column(name: "offload", about: "none, software or hardware"),
    Column(name: "flowtable", about: "family, table and name of the flowtable, with blanks between"),
    Column(name: "devices", about: "devices that the flow goes through"),
    Column(name: "mark", about: "mark"),
    Column(name: "zone", about: "zone of both directions"),
    Column(name: "orig_zone", about: "zone of the original direction alone"),
    Column(name: "reply_zone", about: "zone of the reply direction alone"),
    Column(name: "labels", about: "labels by name, or # and the bit"),
    Column(name: "helper", about: "connection tracking helper"),
    Column(name: "start", about: "when the flow began, in seconds since 1970"),
    Column(name: "stop", about: "when it ended"),
    Column(name: "age", about: "whole seconds from start to stop, or to now"),
    Column(name: "use", about: "references to the entry"),
    Column(name: "id", about: "the kernel's identifier of the entry"),
  ]

  package init() {}

  /// Appends the record of column names.
  package func appendHeader(to output: inout OutputBuffer) {
    for (index, column) in Self.columns.enumerated() {
      if index > 0 { output.append(byte: 0x2c) }
      output.append(column.name)
    }
    output.append("\r\n")
  }

  /// Appends the entry's record, its line end included.
  package func append(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, carrier: FlowCarrier? = nil,
    to output: inout OutputBuffer
  ) {
    switch context.event {
    case nil: break
    case .new: output.append("new")
    case .update: output.append("update")
    case .destroy: output.append("destroy")
    case .offload: output.append("offload")
    case .classic: output.append("classic")
    }
    output.append(byte: 0x2c)
    if let namespace = context.namespace { output.append(csv: Array(namespace.utf8)) }
    switch entry.original.family {
    case .ipv4: output.append(",ipv4,")
    case .ipv6: output.append(",ipv6,")
    default: output.append(",,")
    }
    output.append(Layer4Protocol.name(of: entry.original.layer4))
    output.append(byte: 0x2c)
    output.append(decimal: entry.original.layer4)
    output.append(byte: 0x2c)
    if let name = entry.stateName { output.append(name) }
    output.appendField(entry.timeout)
    append(entry.original, entry, to: &output)
    appendICMP(entry, to: &output)
    append(entry.originalCounters, to: &output)
    append(entry.reply, entry, to: &output)
    append(entry.replyCounters, to: &output)
    appendStatus(entry, carrier, to: &output)
    output.appendField(entry.mark)
    output.appendField(entry.zone.map(UInt32.init))
    output.appendField(entry.original.hasZone ? UInt32(entry.original.zone) : nil)
    output.appendField(entry.reply.hasZone ? UInt32(entry.reply.zone) : nil)
    output.append(byte: 0x2c)
    if entry.present.contains(.labels) { append(entry.labelsField, context.labels, to: &output) }
    output.append(byte: 0x2c)
    if entry.present.contains(.helper) { output.append(csv: entry.helperField) }
    appendTimes(entry, context, to: &output)
    output.appendField(entry.use)
    output.appendField(entry.id)
    output.append("\r\n")
  }

  private func append(
    _ tuple: ConntrackTuple, _ entry: borrowing ConntrackEntry, to output: inout OutputBuffer
  ) {
    let layer4 = entry.original.layer4
    let withPorts =
      entry.present.contains(.ports) && (Layer4Protocol.hasPorts(layer4) || layer4 == Layer4Protocol.gre)
    output.append(byte: 0x2c)
    output.append(tuple.source)
    output.appendField(withPorts ? UInt32(tuple.sourcePort) : nil)
    output.append(byte: 0x2c)
    output.append(tuple.destination)
    output.appendField(withPorts ? UInt32(tuple.destinationPort) : nil)
  }

  private func appendICMP(_ entry: borrowing ConntrackEntry, to output: inout OutputBuffer) {
    let layer4 = entry.original.layer4
    guard layer4 == Layer4Protocol.icmp || layer4 == Layer4Protocol.icmpv6 else {
      output.append(",,,")
      return
    }
    output.appendField(UInt32(entry.original.icmpType))
    output.appendField(UInt32(entry.original.icmpCode))
    output.appendField(UInt32(entry.original.icmpID))
  }

  private func append(_ counters: ConntrackCounters?, to output: inout OutputBuffer) {
    output.append(byte: 0x2c)
    if let counters { output.append(decimal: counters.packets) }
    output.append(byte: 0x2c)
    if let counters { output.append(decimal: counters.bytes) }
  }

  private func appendStatus(
    _ entry: borrowing ConntrackEntry, _ carrier: FlowCarrier?, to output: inout OutputBuffer
  ) {
    output.append(byte: 0x2c)
    if entry.present.contains(.status) {
      let isList = entry.statusField.rawValue.nonzeroBitCount > 1
      if isList { output.append(byte: 0x22) }
      var isFirst = true
      for (name, bit) in ConntrackStatus.names where entry.statusField.contains(bit) {
        if !isFirst { output.append(byte: 0x2c) }
        isFirst = false
        output.append(text: name)
      }
      if isList { output.append(byte: 0x22) }
      output.append(byte: 0x2c)
      output.append(entry.offloadState.name)
    } else {
      output.append(byte: 0x2c)
    }
    output.append(byte: 0x2c)
    if let flowtable = carrier?.flowtable {
      output.append(csv: Array("\(flowtable.family) \(flowtable.table) \(flowtable.name)".utf8))
    }
    output.append(byte: 0x2c)
    if let devices = carrier?.devices { output.append(csv: Array(devices.joined(separator: ",").utf8)) }
  }

  private func append(_ labels: ConntrackLabels, _ map: ConntrackLabelMap, to output: inout OutputBuffer) {
    let names = (0..<128).filter { labels[$0] }.map { map.name(of: $0) ?? "#\($0)" }
    output.append(csv: Array(names.joined(separator: ",").utf8))
  }

  private func appendTimes(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    output.append(byte: 0x2c)
    if let start = entry.start { output.append(seconds: start) }
    output.append(byte: 0x2c)
    if let stop = entry.stop { output.append(seconds: stop) }
    output.append(byte: 0x2c)
    guard entry.present.contains(.start) else { return }
    output.append(decimal: entry.ageSeconds(now: context.now))
  }
}

extension OutputBuffer {
  /// A comma, then the number where there is one.
  @inline(__always)
  fileprivate mutating func appendField(_ value: UInt32?) {
    append(byte: 0x2c)
    if let value { append(decimal: value) }
  }

  /// A record of these fields, its line end included.
  package mutating func append(csv fields: [String]) {
    for (index, field) in fields.enumerated() {
      if index > 0 { append(byte: 0x2c) }
      append(csv: Array(field.utf8))
    }
    append("\r\n")
  }

  /// A field, in quotes where it needs them (RFC 4180, section 2).
  package mutating func append(csv octets: borrowing [UInt8]) {
    var needsQuotes = false
    for index in octets.indices {
      switch octets[index] {
      case 0x2c, 0x22, 0x0d, 0x0a: needsQuotes = true
      default: break
      }
    }
    guard needsQuotes else {
      append(bytes: octets)
      return
    }
    append(byte: 0x22)
    for index in octets.indices {
      if octets[index] == 0x22 { append(byte: 0x22) }
      append(byte: octets[index])
    }
    append(byte: 0x22)
  }
}
