// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// A flow that is being put together, from options or from a line of a file, and what is known of it so far.
package struct FlowDraft {
  /// Tuples as they are after translation, status, timeout, mark, labels, zones, helper.
  package var entry = ConntrackEntry()
  package var layer4: UInt8?
  /// The reply's ends, where they are not the original's other ends.
  package var replySource: IPAddress?
  package var replyDestination: IPAddress?
  package var replySourcePort: UInt16?
  package var replyDestinationPort: UInt16?
  package var sourcePort: UInt16?
  package var destinationPort: UInt16?
  package var icmpType: UInt8?
  package var icmpCode: UInt8?
  package var icmpID: UInt16?
  package var stateName: String?
  package var zone: UInt16?
  package var originalZone: UInt16?
  package var replyZone: UInt16?
  package var originalTag: UInt32?
  package var replyTag: UInt32?
  package var timeouts = DefaultTimeouts()

  package init() {}

  /// The flow, checked, with what was left out made up: the reply is the original's inverse, changed by NAT.
  ///
  /// - Parameter isExclusive: whether a flow that exists is an error.
  /// - Returns: what is to be created.
  /// - Throws: ``RestoreError`` that names what is missing or does not fit.
  package func finished(isExclusive: Bool) throws(RestoreError) -> RestoredFlow {
    guard let layer4 else { throw RestoreError("no protocol") }
    var entry = entry
    entry.original.layer4 = layer4
    entry.reply.layer4 = layer4
    guard entry.original.source.family != .unspecified, entry.original.destination.family != .unspecified
    else {
      throw RestoreError("no source and destination address")
    }
    entry.reply.source = replySource ?? entry.original.destination
    entry.reply.destination = replyDestination ?? entry.original.source
    let family = entry.original.source.family
    for address in [entry.original.destination, entry.reply.source, entry.reply.destination]
    where address.family != family {
      throw RestoreError("addresses of different families")
    }
    try finishLayer4(&entry, layer4)
    try finishZones(&entry)
    entry.present.formUnion([.original, .reply])
    var wasOffloaded = false
    if entry.status?.contains(.offload) ?? false || entry.status?.contains(.hardwareOffload) ?? false {
      wasOffloaded = true
      finishOffloaded(&entry)
    }
    guard entry.present.contains(.timeout) else { throw RestoreError("no timeout") }
    var creation = ConntrackCreation(restoring: entry, isExclusive: isExclusive)
    if layer4 == Layer4Protocol.tcp, !entry.present.contains(.tcpFlags) {
      // The windows of the connection are not known: out-of-window segments must not be called invalid.
      var flags = ConntrackProtocolInfo.lenientTCPFlags
      if (entry.state ?? 0) >= 7 { flags |= ConntrackProtocolInfo.closeInitTCPFlag }
      creation.protocolInfo.originalTCPFlags = ConntrackProtocolInfo.TCPFlags(flags, mask: flags)
      creation.protocolInfo.replyTCPFlags = ConntrackProtocolInfo.TCPFlags(flags, mask: flags)
    }
    return RestoredFlow(creation: creation, wasOffloaded: wasOffloaded)
  }

  /// Gives the flow what the kernel held back while it was in a flowtable.
  private func finishOffloaded(_ entry: inout ConntrackEntry) {
    let isReplied = entry.statusField.contains(.seenReply)
    if !entry.present.contains(.timeout) {
      entry.timeoutField = timeouts.timeout(of: entry.original.layer4, isReplied: isReplied)
      entry.present.insert(.timeout)
    }
    if entry.original.layer4 == Layer4Protocol.tcp, !entry.present.contains(.state) {
      entry.stateField = 3
      entry.present.insert(.state)
    }
  }

  private func finishLayer4(_ entry: inout ConntrackEntry, _ layer4: UInt8) throws(RestoreError) {
    switch layer4 {
    case Layer4Protocol.icmp, Layer4Protocol.icmpv6:
      guard let icmpType, let icmpCode else { throw RestoreError("no ICMP type and code") }
      entry.original.icmpType = icmpType
      entry.original.icmpCode = icmpCode
      entry.original.icmpID = icmpID ?? 0
      guard let inverse = Self.inverse(ofICMP: icmpType, layer4) else {
        throw RestoreError("ICMP type \(icmpType) has no answer, so that there is no flow of it")
      }
      if !entry.present.contains(.reply) {
        entry.reply.icmpType = inverse
        entry.reply.icmpCode = icmpCode
        entry.reply.icmpID = entry.original.icmpID
      }
    case Layer4Protocol.gre:
      entry.original.sourcePort = sourcePort ?? 0
      entry.original.destinationPort = destinationPort ?? 0
      entry.reply.sourcePort = replySourcePort ?? entry.original.destinationPort
      entry.reply.destinationPort = replyDestinationPort ?? entry.original.sourcePort
      entry.present.insert(.ports)
    case _ where Layer4Protocol.hasPorts(layer4):
      // Kernels that do not track a protocol leave its ports out.
      if let sourcePort, let destinationPort {
        entry.original.sourcePort = sourcePort
        entry.original.destinationPort = destinationPort
        entry.reply.sourcePort = replySourcePort ?? destinationPort
        entry.reply.destinationPort = replyDestinationPort ?? sourcePort
        entry.present.insert(.ports)
      } else if layer4 == Layer4Protocol.tcp || layer4 == Layer4Protocol.udp || layer4 == Layer4Protocol.sctp
      {
        throw RestoreError("no source and destination port")
      }
    default:
      break
    }
    try finishState(&entry, layer4)
  }

  private func finishState(_ entry: inout ConntrackEntry, _ layer4: UInt8) throws(RestoreError) {
    if let stateName {
      guard let number = ConnectionState.names(of: layer4).firstIndex(where: { "\($0)" == stateName }) else {
        throw RestoreError("unknown state \(SelectionError.quoted(stateName)) of this protocol")
      }
      entry.stateField = UInt8(number)
      entry.present.insert(.state)
    }
    if let originalTag, let replyTag {
      entry.originalVerificationTag = originalTag
      entry.replyVerificationTag = replyTag
      entry.present.insert(.verificationTags)
    }
  }

  private func finishZones(_ entry: inout ConntrackEntry) throws(RestoreError) {
    guard [zone, originalZone, replyZone].count(where: { $0 != nil }) <= 1 else {
      throw RestoreError("one zone at a time: of both directions, or of one")
    }
    if let zone {
      entry.zoneField = zone
      entry.present.insert(.zone)
    }
    if let originalZone {
      entry.original.zone = originalZone
      entry.original.hasZone = true
    }
    if let replyZone {
      entry.reply.zone = replyZone
      entry.reply.hasZone = true
    }
  }

  /// The type of the answer to an ICMP or ICMPv6 message; nil where there is none.
  package static func inverse(ofICMP type: UInt8, _ layer4: UInt8) -> UInt8? {
    let pairs: [(UInt8, UInt8)] =
      layer4 == Layer4Protocol.icmp ? [(8, 0), (13, 14), (15, 16), (17, 18)] : [(128, 129), (139, 140)]
    for (request, answer) in pairs {
      if type == request { return answer }
      if type == answer { return request }
    }
    return nil
  }
}
