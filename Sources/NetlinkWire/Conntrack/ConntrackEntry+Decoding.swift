// SPDX-License-Identifier: GPL-3.0-or-later

// Decoding of ctnetlink messages. Attributes that are unknown are skipped: newer kernels may send more.

extension ConntrackEntry {
  /// Decodes the payload of a conntrack message into `self`; everything known before is forgotten.
  ///
  /// - Parameter payload: what follows the netlink header: `nfgenmsg`, then attributes.
  /// - Throws: ``NetlinkFormatError`` for octets that are not such a message; `self` is then unspecified.
  /// Source: net/netfilter/nf_conntrack_netlink.c, `ctnetlink_fill_info`, `ctnetlink_conntrack_event`.
  package mutating func decode(_ payload: RawSpan) throws(NetlinkFormatError) {
    guard payload.byteCount >= NetfilterHeader.encodedLength else {
      throw .messageLength(UInt32(payload.byteCount))
    }
    present = []
    original = ConntrackTuple()
    reply = ConntrackTuple()
    var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
    while try attributes.advance() {
      switch attributes.type {
      case ConntrackAttribute.originalTuple:
        if try original.decode(attributes.payload) { present.insert(.ports) }
        present.insert(.original)
      case ConntrackAttribute.replyTuple:
        _ = try reply.decode(attributes.payload)
        present.insert(.reply)
      case ConntrackAttribute.status:
        statusField = ConntrackStatus(rawValue: try attributes.bigEndian32())
        present.insert(.status)
      case ConntrackAttribute.timeout:
        timeoutField = try attributes.bigEndian32()
        present.insert(.timeout)
      case ConntrackAttribute.mark:
        markField = try attributes.bigEndian32()
        present.insert(.mark)
      case ConntrackAttribute.use:
        useField = try attributes.bigEndian32()
        present.insert(.use)
      case ConntrackAttribute.id:
        idField = try attributes.bigEndian32()
        present.insert(.id)
      case ConntrackAttribute.zone:
        zoneField = try attributes.bigEndian16()
        present.insert(.zone)
      case ConntrackAttribute.protocolInfo:
        try decodeProtocolInfo(attributes.nested)
      case ConntrackAttribute.originalCounters:
        try originalCountersField.decode(attributes.payload)
        present.insert(.originalCounters)
      case ConntrackAttribute.replyCounters:
        try replyCountersField.decode(attributes.payload)
        present.insert(.replyCounters)
      case ConntrackAttribute.timestamp:
        try decodeTimestamp(attributes.nested)
      case ConntrackAttribute.labels:
        decodeLabels(attributes.payload)
      default:
        try decodeRare(attributes)
      }
    }
  }

  /// Attributes that few entries have, kept out of the loop above.
  @inline(never)
  private mutating func decodeRare(_ attributes: AttributeCursor) throws(NetlinkFormatError) {
    switch attributes.type {
    case ConntrackAttribute.masterTuple:
      master = ConntrackTuple()
      _ = try master.decode(attributes.payload)
      present.insert(.master)
    case ConntrackAttribute.help:
      try decodeHelp(attributes.nested)
    case ConntrackAttribute.securityContext:
      var nested = attributes.nested
      while try nested.advance() {
        guard nested.type == 1 else { continue }
        securityContextField = nested.payload.textOctets
        present.insert(.securityContext)
      }
    case ConntrackAttribute.securityMark:
      securityMarkField = try attributes.bigEndian32()
      present.insert(.securityMark)
    case ConntrackAttribute.originalSequenceAdjustment:
      try originalSequence.decode(attributes.nested)
      present.insert(.originalSequence)
    case ConntrackAttribute.replySequenceAdjustment:
      try replySequence.decode(attributes.nested)
      present.insert(.replySequence)
    case ConntrackAttribute.synproxy:
      present.insert(.synproxy)
    case ConntrackAttribute.eventTimestamp:
      eventTimeField = try attributes.bigEndian64()
      present.insert(.eventTime)
    default:
      break
    }
  }

  private mutating func decodeProtocolInfo(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case 1: try decodeTCP(cursor.nested)
      case 2: try decodeDCCP(cursor.nested)
      case 3: try decodeSCTP(cursor.nested)
      default: break
      }
    }
  }

  private mutating func decodeTCP(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case 1:
        stateField = try cursor.uint8()
        present.insert(.state)
      case 2:
        originalWindowScale = try cursor.uint8()
        present.insert(.windowScale)
      case 3:
        replyWindowScale = try cursor.uint8()
        present.insert(.windowScale)
      case 4:
        originalTCPFlags = UInt8(truncatingIfNeeded: try cursor.bigEndian16() >> 8)
        present.insert(.tcpFlags)
      case 5:
        replyTCPFlags = UInt8(truncatingIfNeeded: try cursor.bigEndian16() >> 8)
        present.insert(.tcpFlags)
      default: break
      }
    }
  }

  private mutating func decodeDCCP(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case 1:
        stateField = try cursor.uint8()
        present.insert(.state)
      case 2:
        dccpRoleField = try cursor.uint8()
        present.insert(.dccpRole)
      case 3:
        dccpSequenceField = try cursor.bigEndian64()
        present.insert(.dccpSequence)
      default: break
      }
    }
  }

  private mutating func decodeSCTP(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case 1:
        stateField = try cursor.uint8()
        present.insert(.state)
      case 2:
        originalVerificationTag = try cursor.bigEndian32()
        present.insert(.verificationTags)
      case 3:
        replyVerificationTag = try cursor.bigEndian32()
        present.insert(.verificationTags)
      default: break
      }
    }
  }

  private mutating func decodeTimestamp(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case 1:
        startField = try cursor.bigEndian64()
        present.insert(.start)
      case 2:
        stopField = try cursor.bigEndian64()
        present.insert(.stop)
      default: break
      }
    }
  }

  private mutating func decodeHelp(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      guard cursor.type == 1 else { continue }
      helperField = cursor.payload.textOctets
      present.insert(.helper)
    }
  }

  /// A bitmap of any length: bits above 127 do not exist in any kernel and are dropped.
  private mutating func decodeLabels(_ octets: RawSpan) {
    labelsField = ConntrackLabels()
    for index in 0..<min(octets.byteCount, 8) {
      labelsField.low |= UInt64(octets.uint8(at: index)) << UInt64(8 * index)
    }
    for index in 8..<max(8, min(octets.byteCount, 16)) {
      labelsField.high |= UInt64(octets.uint8(at: index)) << UInt64(8 * (index - 8))
    }
    present.insert(.labels)
  }
}

extension ConntrackTuple {
  /// Adds what the attributes of a tuple say (`ctnetlink_dump_tuples`).
  ///
  /// - Returns: whether there were ports or GRE keys.
  mutating func decode(_ payload: RawSpan) throws(NetlinkFormatError) -> Bool {
    if decodeUsual(payload) { return true }
    var cursor = AttributeCursor(payload)
    var hasPorts = false
    while try cursor.advance() {
      switch cursor.type {
      case ConntrackAttribute.Tuple.addresses: try decodeAddresses(cursor.nested)
      case ConntrackAttribute.Tuple.layer4: hasPorts = try decodeLayer4(cursor.nested)
      case ConntrackAttribute.Tuple.zone:
        zone = try cursor.bigEndian16()
        hasZone = true
      default: break
      }
    }
    return hasPorts
  }

  /// Decodes the layout that kernels have always sent for IPv4 with ports: compares every attribute header at its
  /// place and takes the values between. This is five times as fast as walking.
  ///
  /// - Returns: false, with nothing changed, for any other layout.
  @inline(__always)
  private mutating func decodeUsual(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount == 48, 1.littleEndian == 1 else { return false }
    // Addresses nest of two attributes; layer 4 nest of an octet and two 16-bit numbers.
    let unexpected =
      (bytes.host32(at: 0) ^ 0x8001_0014) | (bytes.host32(at: 4) ^ 0x0001_0008)
      | (bytes.host32(at: 12) ^ 0x0002_0008) | (bytes.host32(at: 20) ^ 0x8002_001c)
      | (bytes.host32(at: 24) ^ 0x0001_0005) | (bytes.host32(at: 32) ^ 0x0002_0006)
      | (bytes.host32(at: 40) ^ 0x0003_0006)
    guard unexpected == 0 else { return false }
    source = IPAddress(ipv4: bytes.bigEndian32(at: 8))
    destination = IPAddress(ipv4: bytes.bigEndian32(at: 16))
    layer4 = bytes.uint8(at: 28)
    sourcePort = bytes.bigEndian16(at: 36)
    destinationPort = bytes.bigEndian16(at: 44)
    return true
  }

  private mutating func decodeAddresses(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    while try cursor.advance() {
      switch cursor.type {
      case ConntrackAttribute.Address.ipv4Source:
        source = IPAddress(ipv4: try cursor.bigEndian32())
      case ConntrackAttribute.Address.ipv4Destination:
        destination = IPAddress(ipv4: try cursor.bigEndian32())
      case ConntrackAttribute.Address.ipv6Source:
        source = try cursor.ipv6()
      case ConntrackAttribute.Address.ipv6Destination:
        destination = try cursor.ipv6()
      default: break
      }
    }
  }

  private mutating func decodeLayer4(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) -> Bool {
    var hasPorts = false
    while try cursor.advance() {
      switch cursor.type {
      case ConntrackAttribute.Layer4.number: layer4 = try cursor.uint8()
      case ConntrackAttribute.Layer4.sourcePort:
        sourcePort = try cursor.bigEndian16()
        hasPorts = true
      case ConntrackAttribute.Layer4.destinationPort: destinationPort = try cursor.bigEndian16()
      case ConntrackAttribute.Layer4.icmpID, ConntrackAttribute.Layer4.icmpv6ID:
        icmpID = try cursor.bigEndian16()
      case ConntrackAttribute.Layer4.icmpType, ConntrackAttribute.Layer4.icmpv6Type:
        icmpType = try cursor.uint8()
      case ConntrackAttribute.Layer4.icmpCode, ConntrackAttribute.Layer4.icmpv6Code:
        icmpCode = try cursor.uint8()
      default: break
      }
    }
    return hasPorts
  }
}

extension ConntrackCounters {
  fileprivate mutating func decode(_ payload: RawSpan) throws(NetlinkFormatError) {
    // The usual layout: two 64-bit attributes without padding between.
    if payload.byteCount == 24, payload.host32(at: 0) == 0x0001_000c, payload.host32(at: 12) == 0x0002_000c {
      packets = payload.bigEndian64(at: 4)
      bytes = payload.bigEndian64(at: 16)
      return
    }
    self = ConntrackCounters()
    var cursor = AttributeCursor(payload)
    while try cursor.advance() {
      switch cursor.type {
      case 1: packets = try cursor.bigEndian64()
      case 2: bytes = try cursor.bigEndian64()
      default: break
      }
    }
  }
}

extension SequenceAdjustment {
  fileprivate mutating func decode(_ cursor: consuming AttributeCursor) throws(NetlinkFormatError) {
    self = SequenceAdjustment()
    while try cursor.advance() {
      switch cursor.type {
      case 1: position = try cursor.bigEndian32()
      case 2: before = try cursor.bigEndian32()
      case 3: after = try cursor.bigEndian32()
      default: break
      }
    }
  }
}

extension AttributeCursor {
  @inline(__always)
  fileprivate func ipv6() throws(NetlinkFormatError) -> IPAddress {
    guard payloadLength == 16 else { throw .payloadSize(type) }
    return IPAddress(
      high: bytes.bigEndian64(at: payloadOffset), low: bytes.bigEndian64(at: payloadOffset &+ 8),
      family: .ipv6)
  }
}

extension RawSpan {
  /// The octets up to the first NUL octet or the end.
  fileprivate var textOctets: [UInt8] {
    var result: [UInt8] = []
    for index in 0..<byteCount {
      let octet = uint8(at: index)
      if octet == 0 { break }
      result.append(octet)
    }
    return result
  }
}
