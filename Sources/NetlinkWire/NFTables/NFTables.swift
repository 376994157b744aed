// SPDX-License-Identifier: GPL-3.0-or-later

/// Messages of nf_tables (nfnetlink subsystem 10), typed. Every integer is big-endian on the wire; values
/// that take part in comparisons (set keys, `cmp` data, masks) are raw octets.
///
/// Source: include/uapi/linux/netfilter/nf_tables.h. Attribute order when encoded is the order in which the
/// kernel dumps them (net/netfilter/nf_tables_api.c, `nf_tables_fill_*_info`, and each expression's dump
/// function).
package enum NFTables {
  /// `NFT_MSG_*`, the low octet of a message type.
  package enum Message {
    package static let newTable: UInt8 = 0
    package static let getTable: UInt8 = 1
    package static let deleteTable: UInt8 = 2
    package static let newChain: UInt8 = 3
    package static let getChain: UInt8 = 4
    package static let deleteChain: UInt8 = 5
    package static let newRule: UInt8 = 6
    package static let getRule: UInt8 = 7
    package static let deleteRule: UInt8 = 8
    package static let newSet: UInt8 = 9
    package static let getSet: UInt8 = 10
    package static let deleteSet: UInt8 = 11
    package static let newElement: UInt8 = 12
    package static let getElement: UInt8 = 13
    package static let deleteElement: UInt8 = 14
    package static let newGeneration: UInt8 = 15
    package static let getGeneration: UInt8 = 16
    package static let trace: UInt8 = 17
    package static let newObject: UInt8 = 18
    package static let getObject: UInt8 = 19
    package static let deleteObject: UInt8 = 20
    package static let getObjectReset: UInt8 = 21
    package static let newFlowtable: UInt8 = 22
    package static let getFlowtable: UInt8 = 23
    package static let deleteFlowtable: UInt8 = 24
    package static let getRuleReset: UInt8 = 25
    package static let destroyTable: UInt8 = 26
    package static let destroyChain: UInt8 = 27
    package static let destroyRule: UInt8 = 28
    package static let destroySet: UInt8 = 29
    package static let destroyElement: UInt8 = 30
    package static let destroyObject: UInt8 = 31
    package static let destroyFlowtable: UInt8 = 32
    package static let getElementReset: UInt8 = 33
  }

  /// `NFPROTO_*`: the families that tables have.
  package enum Family {
    package static let unspecified: UInt8 = 0
    package static let inet: UInt8 = 1
    package static let ipv4: UInt8 = 2
    package static let arp: UInt8 = 3
    package static let netdev: UInt8 = 5
    package static let bridge: UInt8 = 7
    package static let ipv6: UInt8 = 10
  }

  /// The family's name as nft writes it; its number where it has none.
  package static func familyName(_ number: UInt8) -> String {
    switch number {
    case Family.inet: "inet"
    case Family.ipv4: "ip"
    case Family.ipv6: "ip6"
    case Family.arp: "arp"
    case Family.netdev: "netdev"
    case Family.bridge: "bridge"
    default: "\(number)"
    }
  }

  /// The family of this name; nil for any other word.
  package static func family(named name: some StringProtocol) -> UInt8? {
    [Family.inet, Family.ipv4, Family.ipv6, Family.arp, Family.netdev, Family.bridge].first {
      familyName($0) == name
    }
  }

  /// `nlmsg_type` of a message of this subsystem.
  package static func messageType(_ message: UInt8) -> UInt16 {
    UInt16(NetfilterSubsystem.nfTables) << 8 | UInt16(message)
  }

  /// `NFTA_LIST_ELEM`: the type of each member of a list.
  package static let listElement: UInt16 = 1

  /// Code of a verdict, as rules and verdict maps hold it.
  package enum VerdictCode {
    package static let drop: Int32 = 0
    package static let accept: Int32 = 1
    package static let stolen: Int32 = 2
    package static let queue: Int32 = 3
    package static let `continue`: Int32 = -1
    package static let `break`: Int32 = -2
    package static let jump: Int32 = -3
    package static let goto: Int32 = -4
    package static let `return`: Int32 = -5
  }

  /// `NFNLGRP_*`: whom nf_tables tells of changes, and of traced packets.
  package enum Group {
    package static let ruleset: UInt32 = 7
    package static let trace: UInt32 = 9
  }

  /// `NFTA_TRACE_*`.
  package enum TraceAttribute {
    package static let table: UInt16 = 1
    package static let chain: UInt16 = 2
    package static let ruleHandle: UInt16 = 3
    package static let type: UInt16 = 4
    package static let verdict: UInt16 = 5
    package static let id: UInt16 = 6
    package static let linkHeader: UInt16 = 7
    package static let networkHeader: UInt16 = 8
    package static let transportHeader: UInt16 = 9
    package static let inputDevice: UInt16 = 10
    package static let inputType: UInt16 = 11
    package static let outputDevice: UInt16 = 12
    package static let outputType: UInt16 = 13
    package static let mark: UInt16 = 14
    package static let networkProtocol: UInt16 = 15
    package static let policy: UInt16 = 16
    package static let conntrackID: UInt16 = 18
    package static let conntrackDirection: UInt16 = 19
    package static let conntrackStatus: UInt16 = 20
    package static let conntrackState: UInt16 = 21
  }

  /// `NFT_TRACETYPE_*`.
  package enum TraceType {
    package static let policy: UInt32 = 1
    package static let `return`: UInt32 = 2
    package static let rule: UInt32 = 3
  }

  /// `NFTA_VERDICT_*`.
  package struct Verdict: AttributeFields, Hashable, Sendable {
    /// One of ``VerdictCode``.
    package var code: Int32
    /// Target of a jump or goto.
    package var chain: String?
    /// Target by the id that the chain had in the same transaction.
    package var chainID: UInt32?

    package init(code: Int32, chain: String? = nil, chainID: UInt32? = nil) {
      self.code = code
      self.chain = chain
      self.chainID = chainID
    }

    package init() { self.init(code: VerdictCode.drop) }

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &code)
      each(2, &chain)
      each(3, &chainID)
    }
  }

  /// `NFTA_DATA_*`: what a register or a map element holds.
  package enum Data: AttributePayload, Hashable, Sendable {
    /// Octets as they lie in the register.
    case value([UInt8])
    case verdict(Verdict)

    /// Nil when the nest holds neither a value nor a verdict.
    package static func read(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> Data? {
      var attributes = cursor.nested
      var found: Data?
      while try attributes.advance() {
        switch attributes.type {
        case 1: found = .value(attributes.payload.copied)
        case 2: found = try Verdict.read(attributes).map { .verdict($0) }
        default: break
        }
      }
      return found
    }

    package func write(_ type: UInt16, into writer: inout NetlinkWriter) {
      let nest = writer.beginNest(type, marked: false)
      switch self {
      case .value(let octets): octets.write(1, into: &writer)
      case .verdict(let verdict): verdict.write(2, into: &writer)
      }
      writer.endNest(nest)
    }
  }

  /// A chain's or a table's packet and octet count (`NFTA_COUNTER_*`).
  package struct Counters: AttributeFields, Hashable, Sendable {
    package var bytes: UInt64
    package var packets: UInt64

    package init(bytes: UInt64 = 0, packets: UInt64 = 0) {
      self.bytes = bytes
      self.packets = packets
    }

    package init() { self.init(bytes: 0) }

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &bytes)
      each(2, &packets)
    }
  }

  /// A device that a base chain or a flowtable is attached to.
  package enum Device: AttributeMember, Hashable, Sendable {
    /// `NFTA_DEVICE_NAME`.
    case name(String)
    /// `NFTA_DEVICE_PREFIX`: every device whose name begins so.
    case prefix(String)

    /// The name or the prefix.
    package var text: String {
      switch self {
      case .name(let text), .prefix(let text): text
      }
    }

    package static func readAll(_ cursor: AttributeCursor) throws(NetlinkFormatError) -> [Device]? {
      var devices: [Device] = []
      var attributes = cursor.nested
      while try attributes.advance() {
        switch attributes.type {
        case 1: devices.append(.name(attributes.payload.text))
        case 2: devices.append(.prefix(attributes.payload.text))
        default: break
        }
      }
      return devices
    }

    package static func write(_ all: [Device], _ type: UInt16, into writer: inout NetlinkWriter) {
      let nest = writer.beginNest(type, marked: false)
      for device in all {
        switch device {
        case .name(let text): writer.attribute(1, text: text)
        case .prefix(let text): writer.attribute(2, text: text)
        }
      }
      writer.endNest(nest)
    }
  }
}
