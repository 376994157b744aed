// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_HOOK_*`: where a base chain is attached.
  package struct ChainHook: AttributeFields, Hashable, Sendable {
    package var number: UInt32?
    package var priority: Int32?
    /// `NFTA_HOOK_DEV`: the device, when there is one only.
    package var device: String?
    package var devices: [Device]?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &number)
      each(2, &priority)
      each(4, &devices)
      each(3, &device)
    }
  }

  /// `NFTA_CHAIN_*`.
  package struct Chain: MessageFields, Hashable, Sendable {
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
    /// Whether the handle is written before the name, as Linux 6.1 does.
    package var showsHandleFirst = false

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &table)
      if showsHandleFirst { each(2, &handle) }
      each(3, &name)
      if !showsHandleFirst { each(2, &handle) }
      each(4, &hook)
      each(5, &policy)
      each(7, &type)
      var statistics = counters.map(Statistics.init)
      each(8, &statistics)
      counters = statistics?.counters
      each(10, &flags)
      each(6, &use)
      each(11, &id)
      each(12, &userData)
    }

    /// Source (Linux 7.2): nf_tables_api.c, nft_dump_stats: not in the order of a rule's counter.
    private struct Statistics: AttributeFields {
      var counters = Counters()

      init() {}
      init(_ counters: Counters) { self.counters = counters }

      mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
        each(2, &counters.packets)
        each(1, &counters.bytes)
      }
    }
  }

  /// `NFTA_RULE_*`.
  package struct Rule: MessageFields, Hashable, Sendable {
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
      try self.init(attributes)
      while expressions == nil, try attributes.advance() {
        if attributes.type == 4 { namelessExpression = try Expression.firstNameless(attributes) }
      }
    }

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &table)
      each(2, &chain)
      each(3, &handle)
      each(6, &position)
      each(4, &expressions)
      each.presence(5, &hasCompatibility)
      each(7, &userData)
      each(9, &id)
      each(10, &positionID)
      each(11, &chainID)
    }
  }
}
