// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// What netlink checks of each attribute of a request before anybody looks at the request.
///
/// The check is the lenient one that nfnetlink still makes: attributes of other types pass, more octets than a number
/// has pass, and what is no attribute ends the list.
/// Source (Linux 7.2): lib/nlattr.c, __nla_validate_parse, validate_nla; net/netlink/policy.c,
/// netlink_policy_dump_write_attr.
struct AttributePolicy: Equatable {
  /// What an attribute holds.
  enum Content: Equatable {
    case number8, number16, number32, number64
    /// A number of 32 bits, big endian, of which the bits of the mask alone may be set.
    case flags(UInt32)
    /// Octets, at most so many; 0 for any number.
    case octets(UInt32)
    /// Text, at most so long, whether or not a zero ends it.
    case text(UInt32)
    /// Text that a zero ends.
    case terminatedText(UInt32)
    case nested
    /// Never to be sent.
    case rejected

    /// The same, as a kernel checks it: masks of flags came after Linux 6.12.
    func known(to kernel: KernelGeneration) -> Content {
      if case .flags = self, kernel < .linux72 { return .number32 }
      return self
    }
  }

  /// NL_ATTR_TYPE_*.
  private enum TypeNumber {
    static let number8: UInt32 = 2
    static let number16: UInt32 = 3
    static let number32: UInt32 = 4
    static let number64: UInt32 = 5
    static let octets: UInt32 = 10
    static let text: UInt32 = 11
    static let terminatedText: UInt32 = 12
    static let nested: UInt32 = 13
  }

  /// NL_POLICY_TYPE_ATTR_*.
  private enum Attribute {
    static let type: UInt16 = 1
    static let minimum: UInt16 = 4
    static let maximum: UInt16 = 5
    static let maximumLength: UInt16 = 7
  }

  let content: Content

  /// What is wrong with an attribute; nil when nothing is.
  fileprivate func error(_ payload: RawSpan, at type: UInt16) -> ControlError? {
    let length = payload.byteCount
    let isInOrder: Bool
    switch content {
    case .number8: isInOrder = length >= 1
    case .number16: isInOrder = length >= 2
    case .number32: isInOrder = length >= 4
    case .number64: isInOrder = length >= 8
    case .flags(let mask):
      isInOrder = length >= 4
      if isInOrder, payload.bigEndian32(at: 0) & ~mask != 0 {
        return ControlError(ErrorNumber.invalid, at: [.type(type)], text: "reserved bit set")
      }
    case .octets(let limit): isInOrder = limit == 0 || length <= Int(limit)
    case .text(let limit): isInOrder = holdsText(payload, limit)
    case .terminatedText(let limit):
      guard (0..<min(length, Int(limit) + 1)).contains(where: { payload.uint8(at: $0) == 0 }) else {
        return refusal(ErrorNumber.invalid, type)
      }
      isInOrder = holdsText(payload, limit)
    case .nested: isInOrder = length == 0 || length >= 4
    case .rejected:
      return ControlError(ErrorNumber.invalid, at: [.type(type)], text: "unsupported attribute")
    }
    return isInOrder ? nil : refusal(ErrorNumber.outOfRange, type)
  }

  private func holdsText(_ payload: RawSpan, _ limit: UInt32) -> Bool {
    let length = payload.byteCount
    guard length >= 1 else { return false }
    return length - (payload.uint8(at: length - 1) == 0 ? 1 : 0) <= Int(limit)
  }

  private func refusal(_ number: Int32, _ type: UInt16) -> ControlError {
    ControlError(number, at: [.type(type)], text: "Attribute failed policy validation", policy: self)
  }

  /// Writes what the attribute should have been (NLMSGERR_ATTR_POLICY).
  func encode(into writer: inout NetlinkWriter) {
    // Nothing is said of flags.
    if case .flags = content { return }
    let nest = writer.beginNest(4)
    func range(_ type: UInt32, _ maximum: UInt64) {
      writer.attribute(Attribute.minimum, host64: 0)
      writer.attribute(Attribute.maximum, host64: maximum)
      writer.attribute(Attribute.type, host: type)
    }
    func length(_ type: UInt32, _ limit: UInt32) {
      if limit != 0 { writer.attribute(Attribute.maximumLength, host: limit) }
      writer.attribute(Attribute.type, host: type)
    }
    switch content {
    case .number8: range(TypeNumber.number8, UInt64(UInt8.max))
    case .number16: range(TypeNumber.number16, UInt64(UInt16.max))
    case .number32: range(TypeNumber.number32, UInt64(UInt32.max))
    case .number64: range(TypeNumber.number64, .max)
    case .flags: break
    case .octets(let limit): length(TypeNumber.octets, limit)
    case .text(let limit): length(TypeNumber.text, limit)
    case .terminatedText(let limit): length(TypeNumber.terminatedText, limit)
    case .nested: writer.attribute(Attribute.type, host: TypeNumber.nested)
    case .rejected: break
    }
    writer.endNest(nest)
  }
}

/// The attributes of one request of nfnetlink, as far as they are attributes.
struct RequestAttributes {
  /// Octets of the message that are its headers and attributes.
  private(set) var length = NetlinkHeader.encodedLength + NetfilterHeader.encodedLength
  /// The first attribute that is not as it should be.
  private(set) var error: ControlError?

  /// - Parameters:
  ///   - message: with both headers.
  ///   - kernel: whose checks.
  init(_ message: RawSpan, _ kernel: KernelGeneration) {
    let policies = Self.policies(message.host16(at: 4))
    walk(message) { type, payload in
      policies[type].flatMap { AttributePolicy(content: $0.known(to: kernel)).error(payload, at: type) }
    }
  }

  /// Whether the message is a request of nfnetlink with more than attributes in it.
  static func hasLeftover(_ message: RawSpan) -> Bool {
    var attributes = RequestAttributes()
    guard message.byteCount > attributes.length, message.host16(at: 4) >= 0x100 else { return false }
    attributes.walk(message) { _, _ in nil }
    return attributes.length < message.byteCount
  }

  private init() {}

  /// Goes from attribute to attribute, up to the first in which `check` finds something wrong.
  private mutating func walk(_ message: RawSpan, _ check: (UInt16, RawSpan) -> ControlError?) {
    var cursor = AttributeCursor(message, from: length)
    while let more = try? cursor.advance(), more {
      error = check(cursor.type, cursor.payload)
      guard error == nil else { return }
      length = min(message.byteCount, (cursor.attributeOffset + 4 + cursor.payloadLength + 3) & ~3)
    }
  }

  private typealias Policies = [UInt16: AttributePolicy.Content]

  /// By the type of the message.
  private static func policies(_ type: UInt16) -> Policies {
    switch UInt8(truncatingIfNeeded: type >> 8) {
    case NetfilterSubsystem.conntrack: conntrack
    case NetfilterSubsystem.conntrackExpectations: expectation
    case NetfilterSubsystem.nfTables: tables(UInt8(truncatingIfNeeded: type))
    default: [:]
    }
  }

  /// Source (Linux 7.2): nf_conntrack_netlink.c, ct_nla_policy.
  private static let conntrack: Policies = {
    var policies: Policies = [
      ConntrackAttribute.status: .number32, ConntrackAttribute.timeout: .number32,
      ConntrackAttribute.mark: .number32, ConntrackAttribute.id: .number32,
      ConntrackAttribute.zone: .number16, ConntrackAttribute.markMask: .number32,
      ConntrackAttribute.labels: .octets(16), ConntrackAttribute.labelsMask: .octets(16),
      ConntrackAttribute.statusMask: .number32, ConntrackAttribute.eventTimestamp: .rejected,
    ]
    for type in [
      ConntrackAttribute.originalTuple, ConntrackAttribute.replyTuple, ConntrackAttribute.protocolInfo,
      ConntrackAttribute.help, ConntrackAttribute.sourceNAT, ConntrackAttribute.destinationNAT,
      ConntrackAttribute.masterTuple, ConntrackAttribute.filter, 15, 16,
    ] { policies[type] = .nested }
    return policies
  }()

  /// Source (Linux 7.2): nf_conntrack_netlink.c, exp_nla_policy.
  private static let expectation: Policies = [
    1: .nested, 2: .nested, 3: .nested, 4: .number32, 5: .number32, 6: .terminatedText(15), 7: .number16,
    8: .number32, 9: .number32, 10: .nested, 11: .terminatedText(0),
  ]

  private static let name = AttributePolicy.Content.text(255)
  private static let userData = AttributePolicy.Content.octets(256)

  /// Source (Linux 7.2): nf_tables_api.c, nft_table_policy and those of the other objects.
  private static func tables(_ message: UInt8) -> Policies {
    typealias Message = NFTables.Message
    return switch message {
    case Message.newTable, Message.getTable, Message.deleteTable, Message.destroyTable: table
    case Message.newChain, Message.getChain, Message.deleteChain, Message.destroyChain: chain
    case Message.newRule, Message.getRule, Message.getRuleReset, Message.deleteRule, Message.destroyRule: rule
    case Message.newSet, Message.getSet, Message.deleteSet, Message.destroySet: set
    case Message.newElement, Message.getElement, Message.getElementReset, Message.deleteElement,
      Message.destroyElement:
      element
    case Message.newObject, Message.getObject, Message.getObjectReset, Message.deleteObject,
      Message.destroyObject:
      object
    case Message.newFlowtable, Message.getFlowtable, Message.deleteFlowtable, Message.destroyFlowtable:
      flowtable
    default: [:]
    }
  }

  private static let table: Policies = [1: name, 2: .flags(7), 4: .number64, 6: userData]
  private static let chain: Policies = [
    1: name, 2: .number64, 3: name, 4: .nested, 5: .number32, 7: .text(42), 8: .nested, 10: .flags(7),
    11: .number32, 12: userData,
  ]
  private static let rule: Policies = [
    1: name, 2: name, 3: .number64, 4: .nested, 5: .nested, 6: .number64, 7: userData, 9: .number32,
    10: .number32, 11: .number32,
  ]
  private static let set: Policies = [
    1: name, 2: name, 3: .flags(NFTables.Set.Flag.all), 4: .number32, 5: .number32, 6: .number32,
    7: .number32, 8: .number32, 9: .nested, 10: .number32, 11: .number64, 12: .number32, 13: userData,
    15: .number32, 16: .number64, 17: .nested, 18: .nested,
  ]
  private static let element: Policies = [1: name, 2: name, 3: .nested, 4: .number32]
  private static let object: Policies = [
    1: name, 2: name, 3: .number32, 4: .nested, 6: .number64, 8: userData,
  ]
  private static let flowtable: Policies = [1: name, 2: name, 3: .nested, 5: .number64, 7: .flags(3)]
}
