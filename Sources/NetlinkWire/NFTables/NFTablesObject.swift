// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_OBJ_*`: a stateful object with a name.
  package struct Object: MessageFields, Hashable, Sendable {
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
    package var handlePlace = HandlePlace.afterType

    package init() {}

    /// Where the handle stands among the attributes.
    package enum HandlePlace {
      /// After the data: Linux 6.1.
      case last
      /// After the name: Linux 6.12.
      case afterName
      case afterType
    }

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &table)
      each(2, &name)
      if handlePlace == .afterName { each(6, &handle) }
      each(3, &type)
      if handlePlace == .afterType { each(6, &handle) }
      each(5, &use)
      each(4, &data)
      if handlePlace == .last { each(6, &handle) }
      each(8, &userData)
    }
  }

  /// `NFTA_CT_HELPER_*`: data of a ct helper object.
  package struct ConntrackHelper: AttributeFields, Hashable, Sendable {
    package var name: String?
    package var networkProtocol: UInt16?
    package var transportProtocol: UInt8?

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &name)
      each(3, &transportProtocol)
      each(2, &networkProtocol)
    }
  }
}
