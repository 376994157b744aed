// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// The element that `conntrack -o xml` prints for a flow, byte for byte.
///
/// What that form does not say, this does not say either: no ICMP type, code and id, no offload tag, and the
/// states of SCTP and DCCP under TCP's names. Two things differ: characters that XML reserves are escaped, and where
/// flows of several network namespaces are listed, each says of which it is.
package struct XMLFormat: Sendable {
  /// What precedes the first element; an empty listing has neither header nor footer.
  package static let header: StaticString = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<conntrack>\n"
  /// What follows the last element.
  package static let footer: StaticString = "</conntrack>\n"

  /// Whether the kernel's start and stop times are shown (`-o ktimestamp` of conntrack(8)).
  package var showsKernelTimestamp: Bool
  /// Whether labels are shown: only those that have a name.
  package var showsLabels: Bool
  /// Whether the time of printing is shown, in the local calendar (`-E -o timestamp`).
  package var showsTime: Bool

  package init(showsKernelTimestamp: Bool = false, showsLabels: Bool = false, showsTime: Bool = false) {
    self.showsKernelTimestamp = showsKernelTimestamp
    self.showsLabels = showsLabels
    self.showsTime = showsTime
  }

  /// Appends the entry's element, without a line end.
  package func append(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    switch context.event {
    case nil: output.append("<flow>")
    case .new: output.append("<flow type=\"new\">")
    case .update, .offload, .classic: output.append("<flow type=\"update\">")
    case .destroy: output.append("<flow type=\"destroy\">")
    }
    output.append("<meta direction=\"original\">")
    append(entry.original, layer4: entry.original.layer4, to: &output)
    if entry.present.contains(.originalCounters) { append(entry.originalCountersField, to: &output) }
    output.append("</meta><meta direction=\"reply\">")
    append(entry.reply, layer4: entry.original.layer4, to: &output)
    if entry.present.contains(.replyCounters) { append(entry.replyCountersField, to: &output) }
    output.append("</meta><meta direction=\"independent\">")
    appendIndependent(entry, context, to: &output)
    output.append("</meta>")
    if showsTime { append(context.localTime(context.now), to: &output) }
    if entry.present.contains(.helper) {
      output.append("<helper>")
      output.append(xml: entry.helperField)
      output.append("</helper>")
    }
    if let namespace = context.namespace {
      output.append("<netns>")
      output.append(xml: Array(namespace.utf8))
      output.append("</netns>")
    }
    output.append("</flow>")
  }

  private func appendIndependent(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    if entry.present.contains(.state) {
      let names = ConnectionState.tcp
      output.append("<state>")
      output.append(names[Int(entry.stateField) < names.count ? Int(entry.stateField) : 0])
      output.append("</state>")
    }
    if entry.present.contains(.timeout) { output.append("timeout", entry.timeoutField) }
    if entry.present.contains(.mark) { output.append("mark", entry.markField) }
    if showsLabels, entry.present.contains(.labels), context.labels.isDefined {
      append(entry.labelsField, context.labels, to: &output)
    }
    if entry.present.contains(.securityMark) { output.append("secmark", entry.securityMarkField) }
    if entry.present.contains(.securityContext) {
      output.append("<secctx>")
      output.append(xml: entry.securityContextField)
      output.append("</secctx>")
    }
    if entry.present.contains(.zone) { output.append("zone", UInt32(entry.zoneField)) }
    if entry.present.contains(.use) { output.append("use", entry.useField) }
    if entry.present.contains(.id) { output.append("id", entry.idField) }
    if entry.present.contains(.status) {
      if entry.statusField.contains(.assured) { output.append("<assured/>") }
      if !entry.statusField.contains(.seenReply) { output.append("<unreplied/>") }
    }
    guard entry.present.contains(.start) else { return }
    if showsKernelTimestamp {
      output.append("<timestamp><start>")
      output.append(decimal: entry.startField)
      output.append("</start>")
      if entry.present.contains(.stop) {
        output.append("<stop>")
        output.append(decimal: entry.stopField)
        output.append("</stop>")
      }
      output.append("</timestamp>")
    }
    output.append("<deltatime>")
    // Unlike the line, the element rounds a destroyed entry's nanoseconds after the subtraction.
    if entry.present.contains(.stop) {
      output.append(decimal: (entry.stopField &- entry.startField) / 1_000_000_000)
    } else {
      output.append(decimal: entry.deltaSeconds(now: context.now))
    }
    output.append("</deltatime>")
  }

  private func append(_ tuple: borrowing ConntrackTuple, layer4: UInt8, to output: inout OutputBuffer) {
    switch tuple.family {
    case .ipv4: output.append("<layer3 protonum=\"2\" protoname=\"ipv4\">")
    case .ipv6: output.append("<layer3 protonum=\"10\" protoname=\"ipv6\">")
    default: output.append("<layer3 protonum=\"0\" protoname=\"unknown\">")
    }
    output.append("<src>")
    output.append(tuple.source)
    output.append("</src><dst>")
    output.append(tuple.destination)
    output.append("</dst></layer3><layer4 protonum=\"")
    output.append(decimal: layer4)
    output.append("\" protoname=\"")
    output.append(Layer4Protocol.name(of: layer4))
    output.append("\">")
    if Layer4Protocol.hasPorts(layer4) {
      output.append("sport", UInt32(tuple.sourcePort))
      output.append("dport", UInt32(tuple.destinationPort))
    } else if layer4 == Layer4Protocol.gre {
      output.append("<srckey>0x")
      output.append(hexadecimal: UInt64(tuple.sourcePort))
      output.append("</srckey><dstkey>0x")
      output.append(hexadecimal: UInt64(tuple.destinationPort))
      output.append("</dstkey>")
    }
    output.append("</layer4>")
    if tuple.hasZone { output.append("zone", UInt32(tuple.zone)) }
  }

  private func append(_ counters: ConntrackCounters, to output: inout OutputBuffer) {
    output.append("<counters><packets>")
    output.append(decimal: counters.packets)
    output.append("</packets><bytes>")
    output.append(decimal: counters.bytes)
    output.append("</bytes></counters>")
  }

  private func append(_ labels: ConntrackLabels, _ map: ConntrackLabelMap, to output: inout OutputBuffer) {
    output.append("<labels>")
    for bit in 0..<128 where labels[bit] {
      guard let name = map.name(of: bit) else { continue }
      output.append("<label>")
      output.append(xml: Array(name.utf8))
      output.append("</label>")
    }
    output.append("</labels>")
  }

  private func append(_ time: LocalTime, to output: inout OutputBuffer) {
    output.append("<when>")
    output.append("hour", UInt32(clamping: time.hour))
    output.append("<min>")
    output.append(decimal: UInt64(clamping: time.minute), width: 2)
    output.append("</min><sec>")
    output.append(decimal: UInt64(clamping: time.second), width: 2)
    output.append("</sec>")
    output.append("wday", UInt32(clamping: time.weekday + 1))
    output.append("day", UInt32(clamping: time.day))
    output.append("month", UInt32(clamping: time.month))
    output.append("year", UInt32(clamping: time.year))
    output.append("</when>")
  }
}

extension OutputBuffer {
  /// An element that holds a number.
  @inline(__always)
  fileprivate mutating func append(_ element: StaticString, _ value: UInt32) {
    append(byte: 0x3c)
    append(element)
    append(byte: 0x3e)
    append(decimal: value)
    append("</")
    append(element)
    append(byte: 0x3e)
  }

  /// Octets as character data: what XML reserves as entities, what it forbids as U+FFFD.
  fileprivate mutating func append(xml octets: borrowing [UInt8]) {
    for index in octets.indices {
      switch octets[index] {
      case 0x26: append("&amp;")
      case 0x3c: append("&lt;")
      case 0x3e: append("&gt;")
      case 0..<0x20: append("\u{fffd}")
      default: append(byte: octets[index])
      }
    }
  }
}
