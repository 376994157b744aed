// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A flow as a JSON object, by the schema of ftctl-json(5).
///
/// What the message did not have is left out; what the kernel holds back from an offloaded entry is named in
/// `absent`.
package struct JSONFormat: Sendable {
  /// What an array begins with, what stands between two objects, and what ends it. A stream (`jsonl`) has a
  /// line end after each object instead.
  package static let arrayStart: StaticString = "["
  package static let arraySeparator: StaticString = ",\n"
  package static let arrayEnd: StaticString = "]\n"

  package init() {}

  /// Appends the entry's object, without a line end.
  ///
  /// - Parameters:
  ///   - entry: what the kernel said.
  ///   - context: the time, names of labels, and what happened to the entry.
  ///   - carrier: which flowtable and devices carry the flow, where that is known.
  ///   - output: where the text goes.
  package func append(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, carrier: FlowCarrier? = nil,
    to output: inout OutputBuffer
  ) {
    appendOpen(entry, context, carrier: carrier, to: &output)
    output.append(byte: 0x7d)
  }

  /// As ``append(_:_:carrier:to:)``, without the brace that ends the object: more members may follow, each behind a comma.
  @inline(__always)
  package func appendOpen(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, carrier: FlowCarrier?,
    to output: inout OutputBuffer
  ) {
    output.append(byte: 0x7b)
    if let event = context.event { appendEvent(event, entry, to: &output) }
    if let namespace = context.namespace {
      output.append("\"netns\":")
      output.append(json: namespace)
      output.append(byte: 0x2c)
    }
    appendProtocol(entry, to: &output)
    output.append(",\"original\":{")
    appendTuple(entry.original, layer4: entry.original.layer4, entry.present, to: &output)
    if entry.present.contains(.originalCounters) { append(entry.originalCountersField, to: &output) }
    output.append("},\"reply\":{")
    appendTuple(entry.reply, layer4: entry.original.layer4, entry.present, to: &output)
    if entry.present.contains(.replyCounters) { append(entry.replyCountersField, to: &output) }
    output.append(byte: 0x7d)
    if entry.present.contains(.status) { appendStatus(entry, carrier, to: &output) }
    appendTranslation(entry, to: &output)
    if entry.present.contains(.mark) { output.append(",\"mark\":", entry.markField) }
    if entry.present.contains(.zone) { output.append(",\"zone\":", UInt32(entry.zoneField)) }
    if entry.present.contains(.labels) { append(entry.labelsField, context.labels, to: &output) }
    if entry.present.contains(.use) { output.append(",\"use\":", entry.useField) }
    if entry.present.contains(.id) { output.append(",\"id\":", entry.idField) }
    if entry.present.contains(.start) { appendTimes(entry, context, to: &output) }
    appendProtocolInfo(entry, to: &output)
    if entry.present.rawValue & Self.rare.rawValue != 0 { appendRare(entry, to: &output) }
  }

  private static let rare: ConntrackEntry.Presence = [
    .helper, .securityContext, .securityMark, .master, .originalSequence, .replySequence,
  ]

  @inline(never)
  private func appendEvent(
    _ event: FlowEvent, _ entry: borrowing ConntrackEntry, to output: inout OutputBuffer
  ) {
    switch event {
    case .new: output.append("\"event\":\"new\",")
    case .update: output.append("\"event\":\"update\",")
    case .destroy: output.append("\"event\":\"destroy\",")
    case .offload: output.append("\"event\":\"offload\",")
    case .classic: output.append("\"event\":\"classic\",")
    }
    guard entry.present.contains(.eventTime) else { return }
    output.append("\"event_time\":")
    output.append(seconds: entry.eventTimeField)
    output.append(byte: 0x2c)
  }

  @inline(__always)
  private func appendProtocol(_ entry: borrowing ConntrackEntry, to output: inout OutputBuffer) {
    switch entry.original.family {
    case .ipv4: output.append("\"family\":\"ipv4\",")
    case .ipv6: output.append("\"family\":\"ipv6\",")
    default: break
    }
    switch entry.original.layer4 {
    case Layer4Protocol.tcp: output.append("\"proto\":\"tcp\",\"proto_number\":6")
    case Layer4Protocol.udp: output.append("\"proto\":\"udp\",\"proto_number\":17")
    default:
      output.append("\"proto\":\"")
      output.append(Layer4Protocol.name(of: entry.original.layer4))
      output.append("\",\"proto_number\":")
      output.append(decimal: entry.original.layer4)
    }
    if entry.present.contains(.state), let name = entry.stateName {
      output.append(",\"state\":\"")
      output.append(name)
      output.append(byte: 0x22)
    }
    if entry.present.contains(.timeout) { output.append(",\"timeout\":", entry.timeoutField) }
  }

  /// The members of a tuple, without braces.
  @inline(__always)
  private func appendTuple(
    _ tuple: borrowing ConntrackTuple, layer4: UInt8, _ present: ConntrackEntry.Presence,
    to output: inout OutputBuffer
  ) {
    output.append("\"src\":\"")
    output.append(tuple.source)
    output.append("\",\"dst\":\"")
    output.append(tuple.destination)
    output.append(byte: 0x22)
    switch layer4 {
    case Layer4Protocol.tcp, Layer4Protocol.udp, Layer4Protocol.udplite, Layer4Protocol.sctp,
      Layer4Protocol.dccp:
      guard present.contains(.ports) else { break }
      output.append(",\"sport\":", UInt32(tuple.sourcePort))
      output.append(",\"dport\":", UInt32(tuple.destinationPort))
    case Layer4Protocol.icmp, Layer4Protocol.icmpv6:
      output.append(",\"type\":", UInt32(tuple.icmpType))
      output.append(",\"code\":", UInt32(tuple.icmpCode))
      output.append(",\"id\":", UInt32(tuple.icmpID))
    case Layer4Protocol.gre:
      guard present.contains(.ports) else { break }
      output.append(",\"srckey\":", UInt32(tuple.sourcePort))
      output.append(",\"dstkey\":", UInt32(tuple.destinationPort))
    default:
      break
    }
    if tuple.hasZone { output.append(",\"zone\":", UInt32(tuple.zone)) }
  }

  @inline(__always)
  private func append(_ counters: ConntrackCounters, to output: inout OutputBuffer) {
    output.append(",\"packets\":")
    output.append(decimal: counters.packets)
    output.append(",\"bytes\":")
    output.append(decimal: counters.bytes)
  }

  /// `status`, `offload` and `absent`.
  @inline(__always)
  private func appendStatus(
    _ entry: borrowing ConntrackEntry, _ carrier: FlowCarrier?, to output: inout OutputBuffer
  ) {
    output.append(",\"status\":[")
    var bits = entry.statusField.rawValue
    while bits != 0 {
      let bit = bits.trailingZeroBitCount
      bits &= bits &- 1
      if bit < 16 {
        output.append(ConntrackStatus.quotedName(of: bit))
      } else {
        output.append("\"#")
        output.append(decimal: UInt64(bit))
        output.append(byte: 0x22)
      }
      if bits != 0 { output.append(byte: 0x2c) }
    }
    let offload = entry.offloadState
    if offload == .none, carrier == nil {
      output.append("],\"offload\":{\"state\":\"none\"}")
      return
    }
    output.append("],\"offload\":{\"state\":\"")
    output.append(offload.name)
    output.append(byte: 0x22)
    if let carrier { append(carrier, to: &output) }
    output.append(byte: 0x7d)
    guard offload != .none else { return }
    let lacksTimeout = !entry.present.contains(.timeout)
    let lacksState = !entry.present.contains(.state) && Layer4Protocol.hasState(entry.original.layer4)
    if lacksTimeout, lacksState {
      output.append(",\"absent\":[\"timeout\",\"state\"]")
    } else if lacksTimeout {
      output.append(",\"absent\":[\"timeout\"]")
    } else if lacksState {
      output.append(",\"absent\":[\"state\"]")
    }
  }

  @inline(never)
  private func append(_ carrier: FlowCarrier, to output: inout OutputBuffer) {
    if let flowtable = carrier.flowtable {
      output.append(",\"flowtable\":{\"family\":")
      output.append(json: flowtable.family)
      output.append(",\"table\":")
      output.append(json: flowtable.table)
      output.append(",\"name\":")
      output.append(json: flowtable.name)
      output.append(byte: 0x7d)
    }
    guard !carrier.devices.isEmpty else { return }
    output.append(",\"devices\":[")
    for (index, device) in carrier.devices.enumerated() {
      if index > 0 { output.append(byte: 0x2c) }
      output.append(json: device)
    }
    output.append(byte: 0x5d)
  }

  /// `nat`: what the original direction's source and destination became, where they changed.
  @inline(__always)
  private func appendTranslation(_ entry: borrowing ConntrackEntry, to output: inout OutputBuffer) {
    let isNewSource = entry.original.source != entry.reply.destination
    let isNewDestination = entry.original.destination != entry.reply.source
    let hasPorts = Layer4Protocol.hasPorts(entry.original.layer4)
    let isNewSourcePort = hasPorts && entry.original.sourcePort != entry.reply.destinationPort
    let isNewDestinationPort = hasPorts && entry.original.destinationPort != entry.reply.sourcePort
    let isNewID = entry.original.icmpID != entry.reply.icmpID
    guard isNewSource || isNewDestination || isNewSourcePort || isNewDestinationPort || isNewID else {
      return
    }
    output.append(",\"nat\":{")
    if isNewSource {
      output.append("\"src\":\"")
      output.append(entry.reply.destination)
      output.append("\",")
    }
    if isNewSourcePort { output.append("\"sport\":", UInt32(entry.reply.destinationPort), byte: 0x2c) }
    if isNewDestination {
      output.append("\"dst\":\"")
      output.append(entry.reply.source)
      output.append("\",")
    }
    if isNewDestinationPort { output.append("\"dport\":", UInt32(entry.reply.sourcePort), byte: 0x2c) }
    if isNewID { output.append("\"id\":", UInt32(entry.reply.icmpID), byte: 0x2c) }
    output.truncate(to: output.count - 1)
    output.append(byte: 0x7d)
  }

  @inline(never)
  private func append(_ labels: ConntrackLabels, _ map: ConntrackLabelMap, to output: inout OutputBuffer) {
    output.append(",\"labels\":[")
    var isFirst = true
    for bit in 0..<128 where labels[bit] {
      if !isFirst { output.append(byte: 0x2c) }
      isFirst = false
      if let name = map.name(of: bit) {
        output.append(json: name)
      } else {
        output.append("\"#")
        output.append(decimal: UInt64(bit))
        output.append(byte: 0x22)
      }
    }
    output.append(byte: 0x5d)
  }

  private func appendTimes(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    output.append(",\"start\":")
    output.append(seconds: entry.startField)
    if entry.present.contains(.stop) {
      output.append(",\"stop\":")
      output.append(seconds: entry.stopField)
    }
    output.append(",\"age\":")
    output.append(decimal: entry.ageSeconds(now: context.now))
  }

  @inline(__always)
  private func appendProtocolInfo(_ entry: borrowing ConntrackEntry, to output: inout OutputBuffer) {
    if entry.present.contains(.windowScale) || entry.present.contains(.tcpFlags) {
      output.append(",\"tcp\":{")
      if entry.present.contains(.windowScale) {
        output.append("\"wscale_original\":", UInt32(entry.originalWindowScale), byte: 0x2c)
        output.append("\"wscale_reply\":", UInt32(entry.replyWindowScale), byte: 0x2c)
      }
      if entry.present.contains(.tcpFlags) {
        output.append("\"flags_original\":", UInt32(entry.originalTCPFlags), byte: 0x2c)
        output.append("\"flags_reply\":", UInt32(entry.replyTCPFlags), byte: 0x2c)
      }
      output.truncate(to: output.count - 1)
      output.append(byte: 0x7d)
    }
    if entry.present.contains(.verificationTags) {
      output.append(",\"sctp\":{\"vtag_original\":", entry.originalVerificationTag)
      output.append(",\"vtag_reply\":", entry.replyVerificationTag, byte: 0x7d)
    }
    if entry.present.contains(.dccpRole) || entry.present.contains(.dccpSequence) {
      output.append(",\"dccp\":{")
      if entry.present.contains(.dccpRole) {
        output.append(entry.dccpRoleField == 0 ? "\"role\":\"client\"," : "\"role\":\"server\",")
      }
      if entry.present.contains(.dccpSequence) {
        output.append("\"handshake_seq\":")
        output.append(decimal: entry.dccpSequenceField)
        output.append(byte: 0x2c)
      }
      output.truncate(to: output.count - 1)
      output.append(byte: 0x7d)
    }
  }

  @inline(never)
  private func appendRare(_ entry: borrowing ConntrackEntry, to output: inout OutputBuffer) {
    if entry.present.contains(.helper) {
      output.append(",\"helper\":")
      output.append(json: entry.helperField)
    }
    if entry.present.contains(.securityMark) { output.append(",\"secmark\":", entry.securityMarkField) }
    if entry.present.contains(.securityContext) {
      output.append(",\"secctx\":")
      output.append(json: entry.securityContextField)
    }
    if entry.present.contains(.master) {
      output.append(",\"master\":{\"proto\":\"")
      output.append(Layer4Protocol.name(of: entry.master.layer4))
      output.append("\",\"proto_number\":", UInt32(entry.master.layer4), byte: 0x2c)
      appendTuple(entry.master, layer4: entry.master.layer4, .ports, to: &output)
      output.append(byte: 0x7d)
    }
    guard entry.present.contains(.originalSequence) || entry.present.contains(.replySequence) else { return }
    output.append(",\"seqadj\":{")
    if entry.present.contains(.originalSequence) {
      output.append("\"original\":")
      append(entry.originalSequence, to: &output)
    }
    if entry.present.contains(.replySequence) {
      if entry.present.contains(.originalSequence) { output.append(byte: 0x2c) }
      output.append("\"reply\":")
      append(entry.replySequence, to: &output)
    }
    output.append(byte: 0x7d)
  }

  private func append(_ adjustment: SequenceAdjustment, to output: inout OutputBuffer) {
    output.append("{\"position\":", adjustment.position)
    output.append(",\"before\":")
    output.append(signed: Int64(Int32(bitPattern: adjustment.before)))
    output.append(",\"after\":")
    output.append(signed: Int64(Int32(bitPattern: adjustment.after)))
    output.append(byte: 0x7d)
  }
}

extension ConntrackStatus {
  /// The name of status bit `bit`, 0 to 15, in quotes.
  @inline(__always)
  fileprivate static func quotedName(of bit: Int) -> StaticString {
    switch bit {
    case 0: "\"EXPECTED\""
    case 1: "\"SEEN_REPLY\""
    case 2: "\"ASSURED\""
    case 3: "\"CONFIRMED\""
    case 4: "\"SRC_NAT\""
    case 5: "\"DST_NAT\""
    case 6: "\"SEQ_ADJUST\""
    case 7: "\"SRC_NAT_DONE\""
    case 8: "\"DST_NAT_DONE\""
    case 9: "\"DYING\""
    case 10: "\"FIXED_TIMEOUT\""
    case 11: "\"TEMPLATE\""
    case 12: "\"NAT_CLASH\""
    case 13: "\"HELPER\""
    case 14: "\"OFFLOAD\""
    default: "\"HW_OFFLOAD\""
    }
  }
}

extension OutputBuffer {
  @inline(__always)
  fileprivate mutating func append(_ key: StaticString, _ value: UInt32) {
    append(key)
    append(decimal: value)
  }

  @inline(__always)
  fileprivate mutating func append(_ key: StaticString, _ value: UInt32, byte: UInt8) {
    append(key)
    append(decimal: value)
    append(byte: byte)
  }

  /// Nanoseconds as seconds with nine decimals.
  package mutating func append(seconds nanoseconds: UInt64) {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    append(decimal: seconds)
    append(byte: 0x2e)
    append(decimal: rest, width: 9)
  }
}
