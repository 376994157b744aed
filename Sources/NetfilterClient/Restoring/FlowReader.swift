// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Reads lines that `list -o jsonl` and `list -o save` print.
package struct FlowReader: Sendable {
  private let values: FlowValueParser
  private let timeouts: DefaultTimeouts
  private let isExclusive: Bool

  /// - Parameters:
  ///   - labels: names of labels.
  ///   - timeouts: for flows that were offloaded.
  ///   - isExclusive: whether a flow that exists is an error.
  package init(labels: ConntrackLabelMap, timeouts: DefaultTimeouts, isExclusive: Bool) {
    values = FlowValueParser(labelNames: labels)
    self.timeouts = timeouts
    self.isExclusive = isExclusive
  }

  /// Reads one line.
  ///
  /// - Parameter line: without its line end.
  /// - Returns: nil for a blank line and a comment (`#`).
  /// - Throws: ``RestoreError``.
  package func flow(_ line: RawSpan) throws(RestoreError) -> RestoredFlow? {
    var start = 0
    while start < line.byteCount, [0x20, 0x09, 0x0d].contains(line.uint8(at: start)) { start += 1 }
    guard start < line.byteCount else { return nil }
    let draft: FlowDraft
    switch line.uint8(at: start) {
    case UInt8(ascii: "#"): return nil
    case UInt8(ascii: "{"): draft = try json(line.slice(start, line.byteCount - start))
    case UInt8(ascii: "-"): draft = try save(line.slice(start, line.byteCount - start))
    default: throw RestoreError("neither a JSON object nor a line of 'conntrack -o save'")
    }
    return try draft.finished(isExclusive: isExclusive)
  }

  // MARK: JSON

  private func json(_ line: RawSpan) throws(RestoreError) -> FlowDraft {
    var cursor = JSONCursor(line)
    var draft = FlowDraft()
    draft.timeouts = timeouts
    try cursor.beginObject()
    var isFirst = true
    while let name = try cursor.nextMember(&isFirst) {
      switch name {
      case "event":
        guard try cursor.string() != "destroy" else { throw RestoreError("the flow has ended") }
      case "proto_number": draft.layer4 = try cursor.uint8()
      case "state": draft.stateName = try cursor.string()
      case "timeout":
        draft.entry.timeoutField = try cursor.uint32()
        draft.entry.present.insert(.timeout)
      case "original": try readTuple(&cursor, isReply: false, &draft)
      case "reply": try readTuple(&cursor, isReply: true, &draft)
      case "status": try readStatus(&cursor, &draft.entry)
      case "mark":
        draft.entry.markField = try cursor.uint32()
        draft.entry.present.insert(.mark)
      case "zone": draft.zone = try cursor.uint16()
      case "labels": try readLabels(&cursor, &draft.entry)
      case "tcp": try readTCP(&cursor, &draft.entry)
      case "sctp": try readSCTP(&cursor, &draft)
      case "dccp": try readDCCP(&cursor, &draft.entry)
      case "helper":
        draft.entry.helperField = Array(try cursor.string().utf8)
        draft.entry.present.insert(.helper)
      case "secmark":
        draft.entry.securityMarkField = try cursor.uint32()
        draft.entry.present.insert(.securityMark)
      case "master": try readMaster(&cursor, &draft.entry)
      case "seqadj": try readAdjustments(&cursor, &draft.entry)
      default: try cursor.skip()
      }
    }
    try cursor.end()
    return draft
  }

  private func readTuple(
    _ cursor: inout JSONCursor, isReply: Bool, _ draft: inout FlowDraft
  ) throws(RestoreError) {
    var isFirst = true
    try cursor.beginObject()
    while let name = try cursor.nextMember(&isFirst) {
      switch (name, isReply) {
      case ("src", false): draft.entry.original.source = try cursor.address()
      case ("dst", false): draft.entry.original.destination = try cursor.address()
      case ("src", true): draft.replySource = try cursor.address()
      case ("dst", true): draft.replyDestination = try cursor.address()
      case ("sport", false), ("srckey", false): draft.sourcePort = try cursor.uint16()
      case ("dport", false), ("dstkey", false): draft.destinationPort = try cursor.uint16()
      case ("sport", true), ("srckey", true): draft.replySourcePort = try cursor.uint16()
      case ("dport", true), ("dstkey", true): draft.replyDestinationPort = try cursor.uint16()
      case ("type", false): draft.icmpType = try cursor.uint8()
      case ("code", false): draft.icmpCode = try cursor.uint8()
      case ("id", false): draft.icmpID = try cursor.uint16()
      case ("type", true):
        draft.entry.reply.icmpType = try cursor.uint8()
        draft.entry.present.insert(.reply)
      case ("code", true): draft.entry.reply.icmpCode = try cursor.uint8()
      case ("id", true): draft.entry.reply.icmpID = try cursor.uint16()
      case ("zone", false): draft.originalZone = try cursor.uint16()
      case ("zone", true): draft.replyZone = try cursor.uint16()
      default: try cursor.skip()
      }
    }
  }

  private func readStatus(
    _ cursor: inout JSONCursor, _ entry: inout ConntrackEntry
  ) throws(RestoreError) {
    var isFirst = true
    try cursor.beginArray()
    entry.statusField = []
    while try cursor.nextElement(&isFirst) {
      let word = try cursor.string()
      if let known = ConntrackStatus.names.first(where: { $0.name == word }) {
        entry.statusField = entry.statusField.union(known.bit)
      } else {
        // A bit that had no name where it was written.
        guard word.hasPrefix("#"), let bit = UInt32(word.dropFirst()), bit < 32 else {
          throw RestoreError("unknown status \(SelectionError.quoted(word))")
        }
      }
    }
    entry.present.insert(.status)
  }

  private func readLabels(
    _ cursor: inout JSONCursor, _ entry: inout ConntrackEntry
  ) throws(RestoreError) {
    var isFirst = true
    try cursor.beginArray()
    entry.labelsField = ConntrackLabels()
    while try cursor.nextElement(&isFirst) {
      let word = try cursor.string()
      if word.hasPrefix("#"), let bit = Int(word.dropFirst()), (0..<128).contains(bit) {
        entry.labelsField[bit] = true
        continue
      }
      do {
        entry.labelsField[try values.label(word)] = true
      } catch {
        throw RestoreError(error.message)
      }
    }
    entry.present.insert(.labels)
  }

  private func readTCP(_ cursor: inout JSONCursor, _ entry: inout ConntrackEntry) throws(RestoreError) {
    var isFirst = true
    try cursor.beginObject()
    while let name = try cursor.nextMember(&isFirst) {
      switch name {
      case "wscale_original":
        entry.originalWindowScale = try cursor.uint8()
        entry.present.insert(.windowScale)
      case "wscale_reply":
        entry.replyWindowScale = try cursor.uint8()
        entry.present.insert(.windowScale)
      case "flags_original":
        entry.originalTCPFlags = try cursor.uint8()
        entry.present.insert(.tcpFlags)
      case "flags_reply":
        entry.replyTCPFlags = try cursor.uint8()
        entry.present.insert(.tcpFlags)
      default: try cursor.skip()
      }
    }
  }

  private func readSCTP(_ cursor: inout JSONCursor, _ draft: inout FlowDraft) throws(RestoreError) {
    var isFirst = true
    try cursor.beginObject()
    while let name = try cursor.nextMember(&isFirst) {
      switch name {
      case "vtag_original": draft.originalTag = try cursor.uint32()
      case "vtag_reply": draft.replyTag = try cursor.uint32()
      default: try cursor.skip()
      }
    }
  }

  private func readDCCP(_ cursor: inout JSONCursor, _ entry: inout ConntrackEntry) throws(RestoreError) {
    var isFirst = true
    try cursor.beginObject()
    while let name = try cursor.nextMember(&isFirst) {
      switch name {
      case "role":
        entry.dccpRoleField = try cursor.string() == "client" ? 0 : 1
        entry.present.insert(.dccpRole)
      case "handshake_seq":
        entry.dccpSequenceField = try cursor.number()
        entry.present.insert(.dccpSequence)
      default: try cursor.skip()
      }
    }
  }

  private func readMaster(
    _ cursor: inout JSONCursor, _ entry: inout ConntrackEntry
  ) throws(RestoreError) {
    var isFirst = true
    try cursor.beginObject()
    while let name = try cursor.nextMember(&isFirst) {
      switch name {
      case "proto_number": entry.master.layer4 = try cursor.uint8()
      case "src": entry.master.source = try cursor.address()
      case "dst": entry.master.destination = try cursor.address()
      case "sport", "srckey": entry.master.sourcePort = try cursor.uint16()
      case "dport", "dstkey": entry.master.destinationPort = try cursor.uint16()
      case "type": entry.master.icmpType = try cursor.uint8()
      case "code": entry.master.icmpCode = try cursor.uint8()
      case "id": entry.master.icmpID = try cursor.uint16()
      default: try cursor.skip()
      }
    }
    entry.present.insert(.master)
  }

  private func readAdjustments(
    _ cursor: inout JSONCursor, _ entry: inout ConntrackEntry
  ) throws(RestoreError) {
    var isFirst = true
    try cursor.beginObject()
    while let name = try cursor.nextMember(&isFirst) {
      var adjustment = SequenceAdjustment()
      var isFirstPart = true
      try cursor.beginObject()
      while let part = try cursor.nextMember(&isFirstPart) {
        switch part {
        case "position": adjustment.position = try cursor.uint32()
        case "before": adjustment.before = try cursor.signed32()
        case "after": adjustment.after = try cursor.signed32()
        default: try cursor.skip()
        }
      }
      if name == "original" {
        entry.originalSequence = adjustment
        entry.present.insert(.originalSequence)
      } else if name == "reply" {
        entry.replySequence = adjustment
        entry.present.insert(.replySequence)
      }
    }
  }
}
