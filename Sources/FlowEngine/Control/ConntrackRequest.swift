// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

/// A ctnetlink request, decoded with the kernel's checks.
///
/// Source (Linux 7.2): nf_conntrack_netlink.c, ct_nla_policy, ctnetlink_parse_tuple_filter.
struct ConntrackRequest {
  /// Fields of a tuple that a filter compares (CTA_FILTER_F_*).
  enum FilterFlag {
    static let source: UInt32 = 1
    static let destination: UInt32 = 2
    static let zone: UInt32 = 4
    static let number: UInt32 = 8
    static let sourcePort: UInt32 = 0x10
    static let destinationPort: UInt32 = 0x20
    static let icmpType: UInt32 = 0x140
    static let all: UInt32 = 0xfff
    static let layer4: UInt32 = 0xff0
  }

  /// The range of a translation to set up.
  struct Translation {
    var minimum: Address?
    var maximum: Address?
    var ports: (UInt16, UInt16)?
  }

  struct TCPInfo {
    var state: UInt8?
    var scales: (UInt8?, UInt8?) = (nil, nil)
    /// Flags and mask, by direction.
    var flags: ((UInt8, UInt8)?, (UInt8, UInt8)?) = (nil, nil)
  }

  struct SCTPInfo {
    var state: UInt8?
    /// Verification tags, by direction.
    var tags: (UInt32?, UInt32?) = (nil, nil)
  }

  let family: UInt8
  let version: UInt8
  var original: Tuple?
  var reply: Tuple?
  var hasOriginal = false
  var hasReply = false
  var hasMaster = false
  var master: Tuple?
  var zone: UInt16?
  /// The zone of both directions, if it is another than the default, beside which a direction may still have its own.
  var commonZone: UInt16? { zone == 0 ? nil : zone }
  /// A zone inside the tuple of one direction.
  var tupleZones: (UInt16?, UInt16?) = (nil, nil)
  var status: UInt32?
  var statusMask: UInt32?
  var mark: UInt32?
  var markMask: UInt32?
  var timeout: UInt32?
  var id: UInt32?
  var labels: UInt128?
  var labelsMask: UInt128?
  var helper: String?
  var tcp: TCPInfo?
  var sctp: SCTPInfo?
  var sourceTranslation: Translation?
  var destinationTranslation: Translation?
  /// CTA_FILTER: which fields of the original and of the reply tuple count.
  var filter: (original: UInt32, reply: UInt32)?

  /// Decodes what follows the netlink header.
  ///
  /// - Parameters:
  ///   - payload: from `nfgenmsg` on.
  ///   - generation: whose protocols have ports.
  ///   - ignoresFilter: whether a filter is passed over, so that tuples have to be whole.
  /// - Throws: ``ControlError`` as the kernel's parser would.
  init(
    _ payload: RawSpan, _ generation: KernelGeneration, ignoresFilter: Bool = false
  ) throws(ControlError) {
    guard let header = NetfilterHeader(payload) else { throw ControlError(ErrorNumber.invalid) }
    family = header.family
    version = header.version
    do {
      if !ignoresFilter {
        try decodeFilter(AttributeCursor(payload, from: NetfilterHeader.encodedLength))
      }
      try decode(payload, generation)
    } catch {
      throw ControlError(error)
    }
  }

  private mutating func decode(_ payload: RawSpan, _ generation: KernelGeneration) throws {
    var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
    while try attributes.advance() {
      switch attributes.type {
      case ConntrackAttribute.originalTuple:
        hasOriginal = true
        (original, tupleZones.0) = try tuple(attributes, filter?.original, generation)
      case ConntrackAttribute.replyTuple:
        hasReply = true
        (reply, tupleZones.1) = try tuple(attributes, filter?.reply, generation)
        // Source (Linux 7.2): nf_conntrack_netlink.c, ctnetlink_parse_tuple_zone: a second zone finds the first one set.
        if tupleZones.1 != nil, tupleZones.0 ?? 0 != 0 { throw ControlError(ErrorNumber.invalid) }
      case ConntrackAttribute.masterTuple:
        hasMaster = true
        (master, _) = try tuple(attributes, nil, generation)
      case ConntrackAttribute.status: status = try attributes.bigEndian32()
      case ConntrackAttribute.statusMask: statusMask = try attributes.bigEndian32()
      case ConntrackAttribute.mark: mark = try attributes.bigEndian32()
      case ConntrackAttribute.markMask: markMask = try attributes.bigEndian32()
      case ConntrackAttribute.timeout: timeout = try attributes.bigEndian32()
      case ConntrackAttribute.id: id = try attributes.bigEndian32()
      case ConntrackAttribute.zone: zone = try attributes.bigEndian16()
      case ConntrackAttribute.labels: labels = try labels(attributes)
      case ConntrackAttribute.labelsMask: labelsMask = try labels(attributes)
      case ConntrackAttribute.help:
        var nested = attributes.nested
        while try nested.advance() { if nested.type == 1 { helper = nested.payload.text } }
      case ConntrackAttribute.protocolInfo:
        var nested = attributes.nested
        while try nested.advance() {
          if nested.type == 1 { tcp = try tcpInfo(nested.nested) }
          if nested.type == 3 { sctp = try sctpInfo(nested.nested) }
        }
      case ConntrackAttribute.sourceNAT: sourceTranslation = try translation(attributes.nested)
      case ConntrackAttribute.destinationNAT: destinationTranslation = try translation(attributes.nested)
      case ConntrackAttribute.eventTimestamp: throw ControlError(ErrorNumber.invalid)
      default: break
      }
    }
  }

  private mutating func decodeFilter(_ cursor: AttributeCursor) throws {
    var attributes = cursor
    while try attributes.advance() {
      guard attributes.type == ConntrackAttribute.filter else { continue }
      guard attributes.isMarkedNested else { throw ControlError(ErrorNumber.invalid) }
      var flags: (original: UInt32, reply: UInt32) = (0, 0)
      var nested = attributes.nested
      while try nested.advance() {
        switch nested.type {
        case 1: flags.original = try nested.host32()
        case 2: flags.reply = try nested.host32()
        default: throw ControlError(ErrorNumber.invalid)
        }
      }
      for side in [flags.original, flags.reply] {
        guard side & ~FilterFlag.all == 0 else { throw ControlError(ErrorNumber.invalid) }
        if side & FilterFlag.layer4 != 0, side & FilterFlag.number == 0 {
          throw ControlError(ErrorNumber.invalid)
        }
      }
      filter = flags
    }
  }

  private func labels(_ attribute: AttributeCursor) throws(ControlError) -> UInt128 {
    let length = attribute.payloadLength
    guard length <= 16 else { throw ControlError(ErrorNumber.outOfRange) }
    guard length > 0, length.isMultiple(of: 4) else { throw ControlError(ErrorNumber.invalid) }
    var labels: UInt128 = 0
    for index in 0..<length { labels |= UInt128(attribute.payload.uint8(at: index)) << UInt128(8 * index) }
    return labels
  }

  private func tcpInfo(_ cursor: AttributeCursor) throws -> TCPInfo {
    var info = TCPInfo()
    var attributes = cursor
    while try attributes.advance() {
      switch attributes.type {
      case 1:
        info.state = try attributes.uint8()
        guard info.state ?? 0 <= 9 else { throw ControlError(ErrorNumber.outOfRange) }
      case 2, 3:
        let scale = try attributes.uint8()
        guard scale <= 14 else { throw ControlError(ErrorNumber.outOfRange) }
        if attributes.type == 2 { info.scales.0 = scale } else { info.scales.1 = scale }
      case 4: info.flags.0 = try flags(attributes)
      case 5: info.flags.1 = try flags(attributes)
      default: break
      }
    }
    return info
  }

  private func sctpInfo(_ cursor: AttributeCursor) throws -> SCTPInfo {
    var info = SCTPInfo()
    var attributes = cursor
    while try attributes.advance() {
      switch attributes.type {
      case 1: info.state = try attributes.uint8()
      case 2: info.tags.0 = try attributes.bigEndian32()
      case 3: info.tags.1 = try attributes.bigEndian32()
      default: break
      }
    }
    return info
  }

  /// Flags of one side and their mask.
  private func flags(_ attribute: AttributeCursor) throws(ControlError) -> (UInt8, UInt8) {
    guard attribute.payloadLength == 2 else { throw ControlError(ErrorNumber.outOfRange) }
    return (attribute.payload.uint8(at: 0), attribute.payload.uint8(at: 1))
  }

  private func translation(_ cursor: AttributeCursor) throws -> Translation {
    var result = Translation()
    var attributes = cursor
    while try attributes.advance() {
      switch attributes.type {
      case 1 where family == 2: result.minimum = Address(ipv4: try attributes.bigEndian32())
      case 2 where family == 2: result.maximum = Address(ipv4: try attributes.bigEndian32())
      case 4 where family == 10: result.minimum = try address16(attributes)
      case 5 where family == 10: result.maximum = try address16(attributes)
      case 3:
        var ports = attributes.nested
        var first: UInt16?
        var last: UInt16?
        while try ports.advance() {
          switch ports.type {
          case 1: first = try ports.bigEndian16()
          case 2: last = try ports.bigEndian16()
          default: break
          }
        }
        if let first { result.ports = (first, last ?? first) }
      default: break
      }
    }
    if result.maximum == nil { result.maximum = result.minimum }
    return result
  }

  private func address16(_ attribute: AttributeCursor) throws(ControlError) -> Address {
    guard attribute.payloadLength == 16 else { throw ControlError(ErrorNumber.outOfRange) }
    return Address(high: attribute.payload.bigEndian64(at: 0), low: attribute.payload.bigEndian64(at: 8))
  }

  /// A tuple; with `flags` only the fields that they name have to be there.
  private func tuple(
    _ cursor: AttributeCursor, _ flags: UInt32?, _ generation: KernelGeneration
  ) throws -> (Tuple, UInt16?) {
    guard let ipFamily = IPFamily(rawValue: family) else { throw ControlError(ErrorNumber.notSupported) }
    let wanted = flags ?? FilterFlag.all & ~FilterFlag.zone
    var result = Tuple(family: ipFamily, proto: 0, source: .unspecified, destination: .unspecified)
    var zone: UInt16?
    var fields = TupleFields()
    var attributes = cursor.nested
    while try attributes.advance() {
      switch attributes.type {
      case ConntrackAttribute.Tuple.addresses:
        try fields.addresses(attributes.nested, into: &result, ipFamily)
      case ConntrackAttribute.Tuple.layer4: try fields.layer4(attributes.nested)
      case ConntrackAttribute.Tuple.zone: zone = try attributes.bigEndian16()
      default: break
      }
    }
    if wanted & FilterFlag.source != 0, !fields.hasSource { throw ControlError(ErrorNumber.invalid) }
    if wanted & FilterFlag.destination != 0, !fields.hasDestination {
      throw ControlError(ErrorNumber.invalid)
    }
    if wanted & FilterFlag.number != 0 {
      guard let number = fields.number else { throw ControlError(ErrorNumber.invalid) }
      result.proto = number
      try fields.fill(&result, isComplete: flags == nil, wanted, generation)
    }
    return (result, zone)
  }
}

/// What was found inside a tuple.
private struct TupleFields {
  var hasSource = false
  var hasDestination = false
  var number: UInt8?
  var sourcePort: UInt16?
  var destinationPort: UInt16?
  var icmpID: UInt16?
  var icmpType: UInt8?
  var icmpCode: UInt8?
  var icmpv6ID: UInt16?
  var icmpv6Type: UInt8?
  var icmpv6Code: UInt8?

  mutating func addresses(_ cursor: AttributeCursor, into tuple: inout Tuple, _ family: IPFamily) throws {
    var attributes = cursor
    while try attributes.advance() {
      switch (attributes.type, family) {
      case (1, .ipv4):
        tuple.source = Address(ipv4: try attributes.bigEndian32())
        hasSource = true
      case (2, .ipv4):
        tuple.destination = Address(ipv4: try attributes.bigEndian32())
        hasDestination = true
      case (3, .ipv6), (4, .ipv6):
        guard attributes.payloadLength == 16 else { throw ControlError(ErrorNumber.outOfRange) }
        let address = Address(
          high: attributes.payload.bigEndian64(at: 0), low: attributes.payload.bigEndian64(at: 8))
        if attributes.type == 3 {
          tuple.source = address
          hasSource = true
        } else {
          tuple.destination = address
          hasDestination = true
        }
      default: break
      }
    }
  }

  mutating func layer4(_ cursor: AttributeCursor) throws {
    var attributes = cursor
    while try attributes.advance() {
      switch attributes.type {
      case 1: number = try attributes.uint8()
      case 2: sourcePort = try attributes.bigEndian16()
      case 3: destinationPort = try attributes.bigEndian16()
      case 4: icmpID = try attributes.bigEndian16()
      case 5: icmpType = try attributes.uint8()
      case 6: icmpCode = try attributes.uint8()
      case 7: icmpv6ID = try attributes.bigEndian16()
      case 8: icmpv6Type = try attributes.uint8()
      case 9: icmpv6Code = try attributes.uint8()
      default: break
      }
    }
  }

  /// Moves the layer 4 fields into a tuple.
  ///
  /// - Throws: EINVAL when one that is wanted is missing, or an ICMP type has no answer.
  func fill(
    _ tuple: inout Tuple, isComplete: Bool, _ wanted: UInt32, _ generation: KernelGeneration
  ) throws(ControlError) {
    func value<Number: FixedWidthInteger>(_ field: Number?, _ flag: UInt32) throws(ControlError) -> Number {
      if let field { return field }
      if isComplete || wanted & flag != 0 { throw ControlError(ErrorNumber.invalid) }
      return 0
    }
    switch (tuple.proto, tuple.family) {
    case (IPProtocol.icmp, .ipv4):
      tuple.sourcePort = try value(icmpID, 0x100)
      tuple.destinationPort =
        UInt16(try value(icmpType, 0x40)) << 8 | UInt16(try value(icmpCode, 0x80))
      if isComplete, tuple.inverted == nil { throw ControlError(ErrorNumber.invalid) }
    case (IPProtocol.icmpv6, .ipv6):
      tuple.sourcePort = try value(icmpv6ID, 0x800)
      tuple.destinationPort =
        UInt16(try value(icmpv6Type, 0x200)) << 8 | UInt16(try value(icmpv6Code, 0x400))
      if isComplete, tuple.inverted == nil { throw ControlError(ErrorNumber.invalid) }
    case (IPProtocol.icmp, .ipv6), (IPProtocol.icmpv6, .ipv4):
      // The kernel refuses ICMP of the other family.
      if isComplete { throw ControlError(ErrorNumber.invalid) }
    default:
      guard ConntrackMessageWriter.hasPorts(tuple.proto, generation) else { return }
      tuple.sourcePort = try value(sourcePort, ConntrackRequest.FilterFlag.sourcePort)
      tuple.destinationPort = try value(destinationPort, ConntrackRequest.FilterFlag.destinationPort)
    }
  }
}
