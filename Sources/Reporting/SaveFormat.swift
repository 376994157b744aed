// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// The line that `conntrack -o save` prints: a command that `conntrack -R` reads back.
///
/// An entry or a new one becomes `-A`, an update `-U`, a destroyed one `-D`. The form has no room for mark,
/// labels, helper and counters; an offloaded entry lacks the timeout and the state that reading it needs.
/// One thing differs: where conntrack 1.4.7 has no name for an SCTP state (the heartbeat states), it prints
/// `(null)`, and this the state's name.
package struct SaveFormat: Sendable {
  package init() {}

  /// Appends the entry's line, without a line end.
  package func append(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, to output: inout OutputBuffer
  ) {
    switch context.event {
    case nil, .new: output.append("-A ")
    case .update, .offload, .classic: output.append("-U ")
    case .destroy: output.append("-D ")
    }
    if entry.present.contains(.timeout) { output.append("-t ", entry.timeoutField) }
    if entry.present.contains(.status) { append(entry.statusField, to: &output) }
    if entry.present.contains(.securityMark) { output.append("-c ", entry.securityMarkField) }
    if entry.present.contains(.zone) { output.append("-w ", UInt32(entry.zoneField)) }
    if entry.original.hasZone { output.append("--orig-zone ", UInt32(entry.original.zone)) }
    if entry.reply.hasZone { output.append("--reply-zone ", UInt32(entry.reply.zone)) }
    output.append("-s ")
    output.append(entry.original.source)
    output.append(" -d ")
    output.append(entry.original.destination)
    // A translated address goes by the NAT option; a port alone never does.
    let isDestinationNAT =
      entry.statusField.contains(.destinationNAT) && entry.original.destination != entry.reply.source
    output.append(isDestinationNAT && entry.present.contains(.status) ? " -g " : " -r ")
    output.append(entry.reply.source)
    let isSourceNAT =
      entry.statusField.contains(.sourceNAT) && entry.original.source != entry.reply.destination
    output.append(isSourceNAT && entry.present.contains(.status) ? " -n " : " -q ")
    output.append(entry.reply.destination)
    output.append(byte: 0x20)
    appendProtocol(entry, to: &output)
    output.truncate(to: output.count - 1)
  }

  private func append(_ status: ConntrackStatus, to output: inout OutputBuffer) {
    output.append("-u ")
    let start = output.count
    if status.contains(.expected) { output.append("EXPECTED,") }
    if status.contains(.seenReply) { output.append("SEEN_REPLY,") }
    if status.contains(.assured) { output.append("ASSURED,") }
    if status.contains(.fixedTimeout) { output.append("FIXED_TIMEOUT,") }
    if output.count == start { output.append("UNSET,") }
    output.truncate(to: output.count - 1)
    output.append(byte: 0x20)
  }

  private func appendProtocol(_ entry: borrowing ConntrackEntry, to output: inout OutputBuffer) {
    let layer4 = entry.original.layer4
    output.append("-p ")
    if Layer4Protocol.isNamed(layer4) {
      output.append(Layer4Protocol.name(of: layer4))
    } else {
      output.append(decimal: layer4)
    }
    output.append(byte: 0x20)
    switch layer4 {
    case Layer4Protocol.icmp:
      output.append("--icmp-type ", UInt32(entry.original.icmpType))
      output.append("--icmp-code ", UInt32(entry.original.icmpCode))
      output.append("--icmp-id ", UInt32(entry.original.icmpID))
    case Layer4Protocol.icmpv6:
      output.append("--icmpv6-type ", UInt32(entry.original.icmpType))
      output.append("--icmpv6-code ", UInt32(entry.original.icmpCode))
      output.append("--icmpv6-id ", UInt32(entry.original.icmpID))
    case Layer4Protocol.gre where entry.present.contains(.ports):
      output.append("--srckey ", UInt32(entry.original.sourcePort))
      output.append("--dstkey ", UInt32(entry.original.destinationPort))
      output.append("--reply-key-src ", UInt32(entry.reply.sourcePort))
      output.append("--reply-key-dst ", UInt32(entry.reply.destinationPort))
    default:
      guard Layer4Protocol.hasPorts(layer4) else { return }
      if entry.present.contains(.ports) {
        output.append("--sport ", UInt32(entry.original.sourcePort))
        output.append("--dport ", UInt32(entry.original.destinationPort))
        output.append("--reply-port-src ", UInt32(entry.reply.sourcePort))
        output.append("--reply-port-dst ", UInt32(entry.reply.destinationPort))
      }
      if entry.present.contains(.state), let name = entry.stateName {
        output.append("--state ")
        output.append(name)
        output.append(byte: 0x20)
      }
      if entry.present.contains(.verificationTags) {
        // conntrack(8) reads and writes the tags as if they were in host byte order on the wire.
        output.append("--orig-vtag ", entry.originalVerificationTag.bigEndian)
        output.append("--reply-vtag ", entry.replyVerificationTag.bigEndian)
      }
      if entry.present.contains(.dccpRole) {
        output.append("--role ")
        output.append(entry.dccpRoleField == 0 ? "client " : "server ")
      }
    }
  }
}

extension OutputBuffer {
  /// An option, its number and a blank.
  @inline(__always)
  fileprivate mutating func append(_ option: StaticString, _ value: UInt32) {
    append(option)
    append(decimal: value)
    append(byte: 0x20)
  }
}
