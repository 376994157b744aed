// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_OBJ_*`: a stateful object with a name.
  package struct Object: Hashable, Sendable {
    package enum Kind {
      package static let counter: UInt32 = 1
      package static let quota: UInt32 = 2
      package static let conntrackHelper: UInt32 = 3
      package static let limit: UInt32 = 4
      package static let connectionLimit: UInt32 = 5
      package static let tunnel: UInt32 = 6
      package static let conntrackTimeout: UInt32 = 7
      package static let securityMark: UInt32 = 8
      package static let conntrackExpectation: UInt32 = 9
      package static let synproxy: UInt32 = 10
    }
    package var table: String?
    package var name: String?
    /// One of ``Kind``.
    package var type: UInt32?
    /// Attributes of the object, whose meaning hangs on the type.
    package var data: [UInt8]?
    package var use: UInt32?
    package var handle: UInt64?
    package var userData: [UInt8]?

    package init() {}

    /// Decodes the attributes that follow `nfgenmsg`.
    package init(_ payload: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
      while try attributes.advance() {
        switch attributes.type {
        case 1: table = attributes.payload.text
        case 2: name = attributes.payload.text
        case 3: type = try attributes.bigEndian32()
        case 4: data = attributes.payload.copied
        case 5: use = try attributes.bigEndian32()
        case 6: handle = try attributes.bigEndian64()
        case 8: userData = attributes.payload.copied
        default: break
        }
      }
    }

    /// Where the handle stands among the attributes.
    package enum HandlePlace {
      /// After the data: Linux 6.1.
      case last
      /// After the name: Linux 6.12.
      case afterName
      case afterType
    }

    package func encode(into writer: inout NetlinkWriter, handle place: HandlePlace = .afterType) {
      if let table { writer.attribute(1, text: table) }
      if let name { writer.attribute(2, text: name) }
      if let handle, place == .afterName { writer.attribute(6, handle) }
      if let type { writer.attribute(3, type) }
      if let handle, place == .afterType { writer.attribute(6, handle) }
      if let use { writer.attribute(5, use) }
      if let data {
        let nest = writer.beginNest(4, marked: false)
        writer.raw(data)
        writer.endNest(nest)
      }
      if let handle, place == .last { writer.attribute(6, handle) }
      if let userData { writer.attribute(8, bytes: userData) }
    }
  }

  /// `NFTA_CT_HELPER_*`: data of a ct helper object.
  package struct ConntrackHelper: Hashable, Sendable {
    package var name: String?
    package var networkProtocol: UInt16?
    package var transportProtocol: UInt8?

    /// Decodes an object's ``Object/data``.
    package init(_ data: RawSpan) throws(NetlinkFormatError) {
      var attributes = AttributeCursor(data)
      while try attributes.advance() {
        switch attributes.type {
        case 1: name = attributes.payload.text
        case 2: networkProtocol = try attributes.bigEndian16()
        case 3: transportProtocol = try attributes.uint8()
        default: break
        }
      }
    }

    package func encode(into writer: inout NetlinkWriter) {
      if let name { writer.attribute(1, text: name) }
      if let transportProtocol { writer.attribute(3, transportProtocol) }
      if let networkProtocol { writer.attribute(2, networkProtocol) }
    }
  }
}
