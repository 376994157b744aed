// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire

/// Entries, tuples and changes that a template describes.
struct FlowTuples {
  var original: ConntrackTuple
  var reply: ConntrackTuple

  /// Both tuples of a flow. A direction without addresses is the other one turned round, ports included, whatever
  /// ports were given for it.
  ///
  /// nil for what the kernel refuses when conntrack 1.4.7 asks: the addresses of both directions, where both are
  /// needed, without the ports of one; and an ICMP flow whose addresses follow its type.
  init?(_ template: FlowTemplate, needsBoth: Bool = true) {
    let layer4 = template.layer4 ?? 0
    original = ConntrackTuple()
    reply = ConntrackTuple()
    original.layer4 = layer4
    reply.layer4 = layer4
    let anyAddress = IPAddress(high: 0, low: 0, family: template.family)
    let hasPorts = Layer4Protocol.hasPorts(layer4) || layer4 == Layer4Protocol.gre
    let hasOriginalPorts = template.port(.sourcePort) != nil || template.port(.destinationPort) != nil
    let hasReplyPorts = template.port(.replySourcePort) != nil || template.port(.replyDestinationPort) != nil
    if let type = template.octet(.icmpType) {
      original.icmpType = type
      original.icmpCode = template.octet(.icmpCode) ?? 0
      original.icmpID = template.port(.icmpID) ?? 0
      reply.icmpType = Self.inverse(ofType: type, layer4)
      reply.icmpCode = original.icmpCode
      reply.icmpID = original.icmpID
    }
    original.source = template.source ?? anyAddress
    original.destination = template.destination ?? anyAddress
    original.sourcePort = template.port(.sourcePort) ?? 0
    original.destinationPort = template.port(.destinationPort) ?? 0
    reply.source = template.replySource ?? anyAddress
    reply.destination = template.replyDestination ?? anyAddress
    reply.sourcePort = template.port(.replySourcePort) ?? 0
    reply.destinationPort = template.port(.replyDestinationPort) ?? 0
    // An ICMP of the other family has no tuple; the kernel would create some of them all the same.
    if needsBoth, layer4 == Layer4Protocol.icmp, template.family == .ipv6 { return nil }
    if needsBoth, layer4 == Layer4Protocol.icmpv6, template.family == .ipv4 { return nil }
    let hasOriginal = template.source != nil || template.destination != nil
    let hasReply = template.replySource != nil || template.replyDestination != nil
    if template.octet(.icmpType) != nil, needsBoth || !hasOriginal {
      guard template.icmpTypeFollowsAddress, !hasReply || template.icmpFollowsReplyAddress else { return nil }
    }
    if hasOriginal, !hasReply {
      reply.source = original.destination
      reply.destination = original.source
      reply.sourcePort = original.destinationPort
      reply.destinationPort = original.sourcePort
    } else if hasReply, !hasOriginal {
      original.source = reply.destination
      original.destination = reply.source
      // Ports of the original direction alone: conntrack 1.4.7 then makes an entry of protocol 0.
      if hasOriginalPorts, !hasReplyPorts {
        reply.sourcePort = original.destinationPort
        reply.destinationPort = original.sourcePort
      }
      original.sourcePort = reply.destinationPort
      original.destinationPort = reply.sourcePort
    } else if needsBoth, hasPorts, !hasReplyPorts {
      return nil
    }
    if let zone = template.originalZone {
      original.zone = zone
      original.hasZone = true
    }
    if let zone = template.replyZone {
      reply.zone = zone
      reply.hasZone = true
    }
  }

  /// The type of the answer; 0 where there is none, which the kernel refuses for a type that is no query.
  private static func inverse(ofType type: UInt8, _ layer4: UInt8) -> UInt8 {
    let pairs: [(UInt8, UInt8)] =
      layer4 == Layer4Protocol.icmpv6 ? [(128, 129), (139, 140)] : [(8, 0), (13, 14), (15, 16), (17, 18)]
    for (query, answer) in pairs {
      if type == query { return answer }
      if type == answer { return query }
    }
    return 0
  }

  /// The entry to create; nil for what the kernel would refuse.
  static func creation(_ template: FlowTemplate) -> ConntrackCreation? {
    guard let tuples = FlowTuples(template) else { return nil }
    let layer4 = tuples.original.layer4
    var entry = ConntrackEntry()
    entry.original = tuples.original
    entry.reply = tuples.reply
    entry.present = [.original, .reply, .timeout, .status, .ports]
    entry.timeoutField = template.timeout ?? 0
    entry.statusField = template.requiredStatus
    if let mark = template.mark {
      entry.markField = mark.value
      entry.present.insert(.mark)
    }
    if let zone = template.zone {
      entry.zoneField = zone
      entry.present.insert(.zone)
    }
    if let labels = template.labelsToAdd {
      entry.labelsField = labels
      entry.present.insert(.labels)
    }
    var creation = ConntrackCreation(entry)
    creation.protocolInfo = protocolInfo(template, layer4) ?? ConntrackProtocolInfo()
    creation.sourceNAT = target(template.sourceNAT, layer4)
    creation.destinationNAT = target(template.destinationNAT, layer4)
    return creation
  }

  /// The port counts for TCP and UDP only: for the other protocols that have some, conntrack 1.4.7 does not send it.
  private static func target(_ translation: FlowTemplate.Translation?, _ layer4: UInt8) -> NATTarget? {
    guard let translation, let address = translation.address else { return nil }
    let hasPort = layer4 == Layer4Protocol.tcp || layer4 == Layer4Protocol.udp
    let ports = hasPort ? translation.port.map { $0...$0 } : nil
    return NATTarget(address...address, ports: ports)
  }

  /// The protocol's state. A TCP flow's windows are not known, so that both ends are tracked leniently, and one
  /// that is closing is marked so.
  private static func protocolInfo(_ template: FlowTemplate, _ layer4: UInt8) -> ConntrackProtocolInfo? {
    guard
      template.octet(.state) != nil || template.numbers[.originalTag] != nil
        || template.numbers[.replyTag] != nil
    else { return nil }
    var info = ConntrackProtocolInfo()
    info.state = template.octet(.state)
    info.originalVerificationTag = template.numbers[.originalTag]?.bigEndian
    info.replyVerificationTag = template.numbers[.replyTag]?.bigEndian
    info.dccpRole = template.octet(.role)
    if layer4 == Layer4Protocol.tcp, let state = info.state {
      let isClosing = state >= 7
      let flags =
        ConntrackProtocolInfo.lenientTCPFlags | (isClosing ? ConntrackProtocolInfo.closeInitTCPFlag : 0)
      info.originalTCPFlags = ConntrackProtocolInfo.TCPFlags(flags, mask: flags)
      info.replyTCPFlags = info.originalTCPFlags
    }
    return info
  }

  /// What the template changes about an entry; nil where that is nothing.
  static func update(_ template: FlowTemplate, _ entry: borrowing ConntrackEntry) -> ConntrackUpdate? {
    var update = ConntrackUpdate()
    if let timeout = template.timeout, timeout != entry.timeout { update.timeout = timeout }
    let status = entry.status ?? []
    // What is negated does not select here and cannot be set: no bit can be taken away.
    if !status.contains(template.requiredStatus) { update.status = status.union(template.requiredStatus) }
    if let mark = template.mark {
      let change = MaskedMark(mark.value, mask: mark.mask)
      if change.applied(to: entry.mark ?? 0) != entry.mark ?? 0 { update.mark = change }
    }
    if var info = protocolInfo(template, entry.original.layer4),
      template.octet(.state) != entry.state || template.numbers[.originalTag] != nil
        || template.numbers[.replyTag] != nil
    {
      // The kernel wants an SCTP state with both tags.
      if entry.original.layer4 == Layer4Protocol.sctp {
        info.state = info.state ?? entry.state
        info.originalVerificationTag = info.originalVerificationTag ?? entry.originalVerificationTag
        info.replyVerificationTag = info.replyVerificationTag ?? entry.replyVerificationTag
      }
      update.protocolInfo = info
    }
    if let labels = template.labelsToAdd {
      update.labels = MaskedLabels(setting: labels, clearing: ConntrackLabels())
    } else if let labels = template.labelsToDelete, entry.labels != nil {
      let all = ConntrackLabels(low: .max, high: .max)
      update.labels = MaskedLabels(setting: ConntrackLabels(), clearing: labels ?? all)
    }
    return update.isEmpty ? nil : update
  }
}
