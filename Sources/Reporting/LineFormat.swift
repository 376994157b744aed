// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// What a line shows beyond conntrack(8)'s default.
package struct LineOptions: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The layer 3 protocol first.
  package static let extended = LineOptions(rawValue: 1)
  package static let id = LineOptions(rawValue: 2)
  /// The kernel's start and stop times (`ktimestamp` in conntrack(8)).
  package static let kernelTimestamp = LineOptions(rawValue: 4)
  package static let labels = LineOptions(rawValue: 8)
}

/// The line that `conntrack -L` prints, or for an event `conntrack -E`, byte for byte.
package struct LineFormat: Sendable {
  package var options: LineOptions
  package var palette: Palette

  package init(_ options: LineOptions = [], palette: Palette = .none) {
    self.options = options
    self.palette = palette
  }

  /// Appends the entry's line, without a line end.
  package func append(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    if let event = context.event { append(event, to: &output) }
    if options.contains(.extended) {
      switch entry.original.family {
      case .ipv4: output.append("ipv4     2 ")
      case .ipv6: output.append("ipv6     10 ")
      default:
        output.append("unknown  ")
        output.append(decimal: entry.original.family.rawValue)
        output.append(byte: 0x20)
      }
    }
    output.appendProtocolColumn(entry.original.layer4)
    if entry.present.contains(.timeout) {
      output.append(decimal: entry.timeoutField)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.state), let name = entry.stateName {
      output.append(name)
      output.append(byte: 0x20)
    }
    output.append(tuple: entry.original)
    if entry.original.hasZone {
      output.append("zone-orig=")
      output.append(decimal: entry.original.zone)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.originalCounters) { output.append(counters: entry.originalCountersField) }
    if entry.present.contains(.status), !entry.statusField.contains(.seenReply) {
      append("[UNREPLIED]", palette.unreplied, to: &output)
    }
    output.append(tuple: entry.reply, layer4: entry.original.layer4)
    if entry.reply.hasZone {
      output.append("zone-reply=")
      output.append(decimal: entry.reply.zone)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.replyCounters) { output.append(counters: entry.replyCountersField) }
    if entry.present.contains(.status) {
      if entry.statusField.contains(.hardwareOffload) {
        append("[HW_OFFLOAD]", palette.offload, to: &output)
      } else if entry.statusField.contains(.offload) {
        append("[OFFLOAD]", palette.offload, to: &output)
      } else if entry.statusField.contains(.assured) {
        append("[ASSURED]", palette.assured, to: &output)
      }
    }
    appendRest(entry, context, to: &output)
    output.truncate(to: output.count - 1)
  }

  /// The fields from the mark on; ends with a blank.
  @inline(__always)
  private func appendRest(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    if entry.present.contains(.mark) {
      output.append("mark=")
      output.append(decimal: entry.markField)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.securityMark) {
      output.append("secmark=")
      output.append(decimal: entry.securityMarkField)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.securityContext) {
      output.append("secctx=")
      output.append(bytes: entry.securityContextField)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.zone) {
      output.append("zone=")
      output.append(decimal: entry.zoneField)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.start) {
      output.append("delta-time=")
      output.append(decimal: entry.deltaSeconds(now: context.now))
      output.append(byte: 0x20)
      if options.contains(.kernelTimestamp) { appendTimes(entry, context, to: &output) }
    }
    if entry.present.contains(.helper) {
      output.append("helper=")
      output.append(bytes: entry.helperField)
      output.append(byte: 0x20)
    }
    if entry.present.contains(.use) {
      output.append("use=")
      output.append(decimal: entry.useField)
      output.append(byte: 0x20)
    }
    if options.contains(.id), entry.present.contains(.id) {
      output.append("id=")
      output.append(decimal: entry.idField)
      output.append(byte: 0x20)
    }
    if options.contains(.labels), entry.present.contains(.labels), context.labels.isDefined {
      appendLabels(entry.labelsField, context.labels, to: &output)
    }
  }

  @inline(never)
  private func appendTimes(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    output.append("[start=")
    output.append(text: context.calendar(Int64(entry.startField / 1_000_000_000)))
    output.append("] ")
    guard entry.present.contains(.stop) else { return }
    output.append("[stop=")
    output.append(text: context.calendar(Int64(entry.stopField / 1_000_000_000)))
    output.append("] ")
  }

  @inline(never)
  private func appendLabels(
    _ labels: ConntrackLabels, _ map: ConntrackLabelMap, to output: inout OutputBuffer
  ) {
    // Without a name to show, the library takes back the octet before the list: the equals sign.
    output.append("labels")
    var first = true
    for bit in 0..<128 where labels[bit] {
      guard let name = map.name(of: bit) else { continue }
      output.append(byte: first ? 0x3d : 0x2c)
      output.append(text: name)
      first = false
    }
    output.append(byte: 0x20)
  }

  /// The kind of the event, right-aligned in nine columns, and a blank.
  @inline(never)
  private func append(_ event: FlowEvent, to output: inout OutputBuffer) {
    switch event {
    case .new:
      output.append("    ")
      append("[NEW]", palette.created, to: &output)
    case .update:
      output.append(" ")
      append("[UPDATE]", palette.unreplied, to: &output)
    case .destroy:
      append("[DESTROY]", palette.destroyed, to: &output)
    case .offload:
      append("[OFFLOAD]", palette.offload, to: &output)
    case .classic:
      append("[CLASSIC]", palette.unreplied, to: &output)
    }
  }

  @inline(__always)
  private func append(_ tag: StaticString, _ color: StaticString, to output: inout OutputBuffer) {
    if palette.isActive {
      output.append(color)
      output.append(tag)
      output.append(palette.reset)
    } else {
      output.append(tag)
    }
    output.append(byte: 0x20)
  }
}

extension OutputBuffer {
  /// The protocol's name in eight columns, a blank, its number, a blank.
  @inline(__always)
  mutating func appendProtocolColumn(_ layer4: UInt8) {
    switch layer4 {
    case Layer4Protocol.tcp: append("tcp      6 ")
    case Layer4Protocol.udp: append("udp      17 ")
    case Layer4Protocol.icmp: append("icmp     1 ")
    case Layer4Protocol.icmpv6: append("icmpv6   58 ")
    case Layer4Protocol.gre: append("gre      47 ")
    case Layer4Protocol.sctp: append("sctp     132 ")
    case Layer4Protocol.dccp: append("dccp     33 ")
    case Layer4Protocol.udplite: append("udplite  136 ")
    default:
      append("unknown  ")
      append(decimal: layer4)
      append(byte: 0x20)
    }
  }

  @inline(__always)
  mutating func append(tuple: borrowing ConntrackTuple) { append(tuple: tuple, layer4: tuple.layer4) }

  /// `src= dst=`, then what the protocol has; each followed by a blank.
  @inline(__always)
  mutating func append(tuple: borrowing ConntrackTuple, layer4: UInt8) {
    append("src=")
    append(tuple.source)
    append(" dst=")
    append(tuple.destination)
    append(byte: 0x20)
    switch layer4 {
    case Layer4Protocol.tcp, Layer4Protocol.udp, Layer4Protocol.udplite, Layer4Protocol.sctp,
      Layer4Protocol.dccp:
      append("sport=")
      append(decimal: tuple.sourcePort)
      append(" dport=")
      append(decimal: tuple.destinationPort)
      append(byte: 0x20)
    case Layer4Protocol.icmp, Layer4Protocol.icmpv6:
      append("type=")
      append(decimal: tuple.icmpType)
      append(" code=")
      append(decimal: tuple.icmpCode)
      append(" id=")
      append(decimal: tuple.icmpID)
      append(byte: 0x20)
    case Layer4Protocol.gre:
      append("srckey=0x")
      append(hexadecimal: UInt64(tuple.sourcePort))
      append(" dstkey=0x")
      append(hexadecimal: UInt64(tuple.destinationPort))
      append(byte: 0x20)
    default:
      break
    }
  }

  @inline(__always)
  mutating func append(counters: ConntrackCounters) {
    append("packets=")
    append(decimal: counters.packets)
    append(" bytes=")
    append(decimal: counters.bytes)
    append(byte: 0x20)
  }
}
