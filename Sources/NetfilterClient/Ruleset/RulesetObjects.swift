// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
package import NetlinkWire

extension NFTables {
  /// Families of tables that can hold flowtables, in the order in which they are offered.
  package static let flowtableFamilies: [UInt8] = [Family.inet, Family.ipv4, Family.ipv6]
}

/// What a flowtable is to be, or is.
package struct FlowtableDescription: Hashable, Sendable {
  /// `NFPROTO_*` of its table.
  package var family: UInt8
  package var table: String
  package var name: String
  /// Of the ingress hook; smaller runs earlier.
  package var priority: Int32
  package var devices: [NFTables.Device]
  package var countsPackets: Bool
  package var offloadsToHardware: Bool

  package init(
    family: UInt8, table: String, name: String, priority: Int32 = 0, devices: [NFTables.Device] = [],
    countsPackets: Bool = false, offloadsToHardware: Bool = false
  ) {
    self.family = family
    self.table = table
    self.name = name
    self.priority = priority
    self.devices = devices
    self.countsPackets = countsPackets
    self.offloadsToHardware = offloadsToHardware
  }

  /// What the kernel says of it; nil without table or name.
  package init?(family: UInt8, _ flowtable: NFTables.Flowtable) {
    guard let table = flowtable.table, let name = flowtable.name else { return nil }
    let flags = flowtable.flags ?? 0
    self.init(
      family: family, table: table, name: name, priority: flowtable.hook?.priority ?? 0,
      devices: (flowtable.hook?.devices ?? []).sorted {
        $0.text.utf8.lexicographicallyPrecedes($1.text.utf8)
      },
      countsPackets: flags & NFTables.Flowtable.Flag.counter != 0,
      offloadsToHardware: flags & NFTables.Flowtable.Flag.hardwareOffload != 0)
  }

  /// `NFTA_FLOWTABLE_FLAGS`.
  package var flags: UInt32 {
    (countsPackets ? NFTables.Flowtable.Flag.counter : 0)
      | (offloadsToHardware ? NFTables.Flowtable.Flag.hardwareOffload : 0)
  }
}

/// Where a base chain is attached.
package struct BaseChain: Hashable, Sendable {
  /// `filter`, `nat` or `route`.
  package var type: String
  /// `NF_INET_*`.
  package var hook: UInt32
  package var priority: Int32
  /// 0 drop, 1 accept; nil for the kernel's choice, or to leave it.
  package var policy: UInt32?

  package init(type: String = "filter", hook: UInt32, priority: Int32 = 0, policy: UInt32? = nil) {
    self.type = type
    self.hook = hook
    self.priority = priority
    self.policy = policy
  }

  /// `NF_INET_FORWARD`, where flows are made.
  package static let forwardHook: UInt32 = 2

  /// Names of the hooks of inet, ip and ip6, in order of their numbers.
  package static let hookNames = ["prerouting", "input", "forward", "output", "postrouting", "ingress"]
}

/// A set without a name that one rule of a transaction uses.
package struct AnonymousSet: Hashable, Sendable {
  package struct Element: Hashable, Sendable {
    package var key: [UInt8]
    package var isIntervalEnd: Bool

    package init(_ key: [UInt8], isIntervalEnd: Bool = false) {
      self.key = key
      self.isIntervalEnd = isIntervalEnd
    }
  }

  /// What tells it from the transaction's other sets.
  package var id: UInt32
  /// nft's number of the data type (`TYPE_*`), which the kernel only keeps.
  package var keyType: UInt32
  /// Octets.
  package var keyLength: UInt32
  /// Whether keys are numbers in the machine's order.
  package var isHostOrder: Bool
  package var hasIntervals: Bool
  package var elements: [Element]

  package init(
    id: UInt32, keyType: UInt32, keyLength: UInt32, isHostOrder: Bool, hasIntervals: Bool, elements: [Element]
  ) {
    self.id = id
    self.keyType = keyType
    self.keyLength = keyLength
    self.isHostOrder = isHostOrder
    self.hasIntervals = hasIntervals
    self.elements = elements
  }

  /// The name that every anonymous set is sent with; the kernel numbers them.
  static let name = "__set%d"

  /// A new libnftnl object, to be freed by the caller.
  func build(table: String) -> OpaquePointer? {
    guard let set = unsafe nftnl_set_alloc() else { return nil }
    unsafe nftnl_set_set_str(set, UInt16(NFTNL_SET_TABLE.rawValue), table)
    unsafe nftnl_set_set_str(set, UInt16(NFTNL_SET_NAME.rawValue), Self.name)
    unsafe nftnl_set_set_u32(
      set, UInt16(NFTNL_SET_FLAGS.rawValue),
      NFTables.Set.Flag.anonymous | NFTables.Set.Flag.constant
        | (hasIntervals ? NFTables.Set.Flag.interval : 0))
    unsafe nftnl_set_set_u32(set, UInt16(NFTNL_SET_KEY_TYPE.rawValue), keyType)
    unsafe nftnl_set_set_u32(set, UInt16(NFTNL_SET_KEY_LEN.rawValue), keyLength)
    unsafe nftnl_set_set_u32(set, UInt16(NFTNL_SET_ID.rawValue), id)
    if !hasIntervals {
      unsafe nftnl_set_set_u32(set, UInt16(NFTNL_SET_DESC_SIZE.rawValue), UInt32(elements.count))
    }
    // nft prints keys in the order that this tells: type 0 (key byte order), 4 octets, 1 host, 2 network.
    let order: [UInt8] = [0, 4, isHostOrder ? 1 : 2, 0, 0, 0]
    // Safe: libnftnl copies the octets.
    unsafe order.withUnsafeBytes {
      _ = unsafe nftnl_set_set_data(
        set, UInt16(NFTNL_SET_USERDATA.rawValue), $0.baseAddress, UInt32($0.count))
    }
    return unsafe set
  }
}
