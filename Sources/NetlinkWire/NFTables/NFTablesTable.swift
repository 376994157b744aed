// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_TABLE_*`.
  package struct Table: MessageFields, Hashable, Sendable {
    package enum Flag {
      package static let dormant: UInt32 = 1
      package static let owner: UInt32 = 2
      package static let persist: UInt32 = 4
    }
    package var name: String?
    package var flags: UInt32?
    /// Number of chains, sets, objects and flowtables.
    package var use: UInt32?
    package var handle: UInt64?
    package var userData: [UInt8]?
    /// Port id of the owning socket.
    package var owner: UInt32?
    /// Whether the flags are written before the counts, as Linux 6.1 does.
    package var showsFlagsFirst = false

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &name)
      if showsFlagsFirst { each(2, &flags) }
      each(3, &use)
      each(4, &handle)
      if !showsFlagsFirst { each(2, &flags) }
      each(7, &owner)
      each(6, &userData)
    }
  }

  /// `NFTA_GEN_*`: the generation of the ruleset and who asked for it.
  package struct Generation: MessageFields, Hashable, Sendable {
    package var id: UInt32?
    package var processID: UInt32?
    package var processName: String?

    package init(id: UInt32? = nil, processID: UInt32? = nil, processName: String? = nil) {
      self.id = id
      self.processID = processID
      self.processName = processName
    }

    package init() { self.init(id: nil) }

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &id)
      each(2, &processID)
      each(3, &processName)
    }
  }
}
