// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_TABLE_*`.
  package struct Table: Hashable, Sendable {
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

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: name = attributes.payload.text
        case 2: flags = try attributes.bigEndian32()
        case 3: use = try attributes.bigEndian32()
        case 4: handle = try attributes.bigEndian64()
        case 6: userData = attributes.payload.copied
        case 7: owner = try attributes.bigEndian32()
        default: break
        }
      }
    }

    /// - Parameters:
    ///   - writer: where the attributes go.
    ///   - flagsFirst: the order of Linux 6.1.
    package func encode(into writer: inout NetlinkWriter, flagsFirst: Bool = false) {
      if let name { writer.attribute(1, text: name) }
      if flagsFirst, let flags { writer.attribute(2, flags) }
      if let use { writer.attribute(3, use) }
      if let handle { writer.attribute(4, handle) }
      if !flagsFirst, let flags { writer.attribute(2, flags) }
      if let owner { writer.attribute(7, owner) }
      if let userData { writer.attribute(6, bytes: userData) }
    }
  }

  /// `NFTA_GEN_*`: the generation of the ruleset and who asked for it.
  package struct Generation: Hashable, Sendable {
    package var id: UInt32?
    package var processID: UInt32?
    package var processName: String?

    package init(id: UInt32? = nil, processID: UInt32? = nil, processName: String? = nil) {
      self.id = id
      self.processID = processID
      self.processName = processName
    }

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: id = try attributes.bigEndian32()
        case 2: processID = try attributes.bigEndian32()
        case 3: processName = attributes.payload.text
        default: break
        }
      }
    }

    package func encode(into writer: inout NetlinkWriter) {
      if let id { writer.attribute(1, id) }
      if let processID { writer.attribute(2, processID) }
      if let processName { writer.attribute(3, text: processName) }
    }
  }
}
