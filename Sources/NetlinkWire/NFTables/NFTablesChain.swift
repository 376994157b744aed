// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_HOOK_*`: where a base chain is attached.
  package struct ChainHook: Hashable, Sendable {
    package var number: UInt32?
    package var priority: Int32?
    /// `NFTA_HOOK_DEV`: the device, when there is one only.
    package var device: String?
    package var devices: [Device]?

    package init() {}

    init(_ cursor: AttributeCursor) throws(NetlinkFormatError) {
      var attributes = cursor.nested
      while try attributes.advance() {
        switch attributes.type {
        case 1: number = try attributes.bigEndian32()
        case 2: priority = Int32(bitPattern: try attributes.bigEndian32())
        case 3: device = attributes.payload.text
        case 4: devices = try Device.list(attributes)
        default: break
        }
      }
    }

    func encode(_ type: UInt16, into writer: inout NetlinkWriter) {
      let nest = writer.beginNest(type, marked: false)
      if let number { writer.attribute(1, number) }
      if let priority { writer.attribute(2, UInt32(bitPattern: priority)) }
      if let devices { Device.encode(devices, as: 4, into: &writer) }
      if let device { writer.attribute(3, text: device) }
      writer.endNest(nest)
    }
  }

  /// `NFTA_CHAIN_*`.
  package struct Chain: Hashable, Sendable {
    package enum Flag {
      package static let base: UInt32 = 1
      package static let hardwareOffload: UInt32 = 2
      package static let binding: UInt32 = 4
    }
    package var table: String?
    package var name: String?
    package var handle: UInt64?
    package var hook: ChainHook?
    /// 0 drop, 1 accept.
    package var policy: UInt32?
    /// Number of rules, and of jumps to the chain.
    package var use: UInt32?
    package var type: String?
    package var counters: Counters?
    package var flags: UInt32?
    /// Names the chain inside its transaction.
    package var id: UInt32?
    package var userData: [UInt8]?

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: table = attributes.payload.text
        case 2: handle = try attributes.bigEndian64()
        case 3: name = attributes.payload.text
        case 4: hook = try ChainHook(attributes)
        case 5: policy = try attributes.bigEndian32()
        case 6: use = try attributes.bigEndian32()
        case 7: type = attributes.payload.text
        case 8: counters = try Counters(attributes)
        case 10: flags = try attributes.bigEndian32()
        case 11: id = try attributes.bigEndian32()
        case 12: userData = attributes.payload.copied
        default: break
        }
      }
    }

    /// - Parameters:
    ///   - writer: where the attributes go.
    ///   - handleFirst: the order of Linux 6.1.
    package func encode(into writer: inout NetlinkWriter, handleFirst: Bool = false) {
      if let table { writer.attribute(1, text: table) }
      if handleFirst, let handle { writer.attribute(2, handle) }
      if let name { writer.attribute(3, text: name) }
      if !handleFirst, let handle { writer.attribute(2, handle) }
      if let hook { hook.encode(4, into: &writer) }
      if let policy { writer.attribute(5, policy) }
      if let type { writer.attribute(7, text: type) }
      if let counters {
        let nest = writer.beginNest(8, marked: false)
        // Source (Linux 7.2): nf_tables_api.c, nft_dump_stats: not in the order of a rule's counter.
        writer.attribute(2, counters.packets)
        writer.attribute(1, counters.bytes)
        writer.endNest(nest)
      }
      if let flags { writer.attribute(10, flags) }
      if let use { writer.attribute(6, use) }
      if let id { writer.attribute(11, id) }
      if let userData { writer.attribute(12, bytes: userData) }
    }
  }

  /// `NFTA_RULE_*`.
  package struct Rule: Hashable, Sendable {
    package var table: String?
    package var chain: String?
    package var handle: UInt64?
    /// Handle of the rule before which, or after which, this one is put; in dumps, of the one before it.
    package var position: UInt64?
    package var expressions: [Expression]?
    package var userData: [UInt8]?
    /// Which of the expressions, from 0, is the first that has no name.
    package var namelessExpression: Int?
    /// Whether the rule speaks of xtables compatibility (`NFTA_RULE_COMPAT`), which nothing here supports.
    package var hasCompatibility = false
    package var id: UInt32?
    package var positionID: UInt32?
    package var chainID: UInt32?

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`. ``expressions`` is nil when one of them has no name.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: table = attributes.payload.text
        case 2: chain = attributes.payload.text
        case 3: handle = try attributes.bigEndian64()
        case 4:
          expressions = try Expression.list(attributes)
          if expressions == nil { namelessExpression = try Expression.firstNameless(attributes) }
        case 5: hasCompatibility = true
        case 6: position = try attributes.bigEndian64()
        case 7: userData = attributes.payload.copied
        case 9: id = try attributes.bigEndian32()
        case 10: positionID = try attributes.bigEndian32()
        case 11: chainID = try attributes.bigEndian32()
        default: break
        }
      }
    }

    package func encode(into writer: inout NetlinkWriter) {
      if let table { writer.attribute(1, text: table) }
      if let chain { writer.attribute(2, text: chain) }
      if let handle { writer.attribute(3, handle) }
      if let position { writer.attribute(6, position) }
      if let expressions { Expression.encode(expressions, as: 4, into: &writer) }
      if let userData { writer.attribute(7, bytes: userData) }
      if let id { writer.attribute(9, id) }
      if let positionID { writer.attribute(10, positionID) }
      if let chainID { writer.attribute(11, chainID) }
    }
  }
}
