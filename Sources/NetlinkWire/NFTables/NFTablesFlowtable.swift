// SPDX-License-Identifier: GPL-3.0-or-later

extension NFTables {
  /// `NFTA_FLOWTABLE_*`.
  package struct Flowtable: MessageFields, Hashable, Sendable {
    package enum Flag {
      package static let hardwareOffload: UInt32 = 1
      package static let counter: UInt32 = 2
    }
    /// `NFTA_FLOWTABLE_HOOK_*`.
    package struct Hook: AttributeFields, Hashable, Sendable {
      package var number: UInt32?
      package var priority: Int32?
      package var devices: [Device]?

      package init(number: UInt32? = nil, priority: Int32? = nil, devices: [Device]? = nil) {
        self.number = number
        self.priority = priority
        self.devices = devices
      }

      package init() { self.init(number: nil) }

      package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
        each(1, &number)
        each(2, &priority)
        each(3, &devices)
      }
    }
    package var table: String?
    package var name: String?
    package var hook: Hook?
    /// Number of rules that refer to it.
    package var use: UInt32?
    package var handle: UInt64?
    package var flags: UInt32?
    /// Whether the number of rules is written before the handle, as Linux 6.1 does.
    package var showsUseFirst = false

    package init() {}

    package mutating func fields(_ each: inout some FieldVisitor & ~Escapable) {
      each(1, &table)
      each(2, &name)
      if showsUseFirst { each(4, &use) }
      each(5, &handle)
      if !showsUseFirst { each(4, &use) }
      each(7, &flags)
      each(3, &hook)
    }
  }
}
