// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_FLOWTABLE_*`.
  package struct Flowtable: Hashable, Sendable {
    package enum Flag {
      package static let hardwareOffload: UInt32 = 1
      package static let counter: UInt32 = 2
    }
    /// `NFTA_FLOWTABLE_HOOK_*`.
    package struct Hook: Hashable, Sendable {
      package var number: UInt32?
      package var priority: Int32?
      package var devices: [Device]?

      package init(number: UInt32? = nil, priority: Int32? = nil, devices: [Device]? = nil) {
        self.number = number
        self.priority = priority
        self.devices = devices
      }
    }
    package var table: String?
    package var name: String?
    package var hook: Hook?
    /// Number of rules that refer to it.
    package var use: UInt32?
    package var handle: UInt64?
    package var flags: UInt32?

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: table = attributes.payload.text
        case 2: name = attributes.payload.text
        case 3: hook = try Hook(attributes)
        case 4: use = try attributes.bigEndian32()
        case 5: handle = try attributes.bigEndian64()
        case 7: flags = try attributes.bigEndian32()
        default: break
        }
      }
    }

    /// - Parameters:
    ///   - writer: where the attributes go.
    ///   - useFirst: the order of Linux 6.1.
    package func encode(into writer: inout NetlinkWriter, useFirst: Bool = false) {
      if let table { writer.attribute(1, text: table) }
      if let name { writer.attribute(2, text: name) }
      if useFirst, let use { writer.attribute(4, use) }
      if let handle { writer.attribute(5, handle) }
      if !useFirst, let use { writer.attribute(4, use) }
      if let flags { writer.attribute(7, flags) }
      if let hook { hook.encode(3, into: &writer) }
    }
  }
}

extension NFTables.Flowtable.Hook {
  init(_ cursor: AttributeCursor) throws(NetlinkFormatError) {
    self.init()
    var attributes = cursor.nested
    while try attributes.advance() {
      switch attributes.type {
      case 1: number = try attributes.bigEndian32()
      case 2: priority = Int32(bitPattern: try attributes.bigEndian32())
      case 3: devices = try NFTables.Device.list(attributes)
      default: break
      }
    }
  }

  func encode(_ type: UInt16, into writer: inout NetlinkWriter) {
    let nest = writer.beginNest(type, marked: false)
    if let number { writer.attribute(1, number) }
    if let priority { writer.attribute(2, UInt32(bitPattern: priority)) }
    if let devices { NFTables.Device.encode(devices, as: 3, into: &writer) }
    writer.endNest(nest)
  }
}
