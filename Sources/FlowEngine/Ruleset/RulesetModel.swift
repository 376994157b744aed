// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// The ruleset as the control plane knows it: a value, so that a batch works on a copy and a refused batch
/// leaves nothing behind. State that packets change (counters, token buckets) is kept outside, in numbered
/// cells.
struct RulesetModel {
  var tables: [TableModel] = []
  /// Number of the present generation; never 0.
  var generation: UInt32 = 1
  var tableHandles: UInt64 = 0
  /// Counts the registrations of hooks, to order those of equal priority.
  var registrations: UInt64 = 0
  var flowtableNumbers: UInt32 = 0
  /// Counts the chains without names, which are named by number.
  var anonymousChains: UInt64 = 0

  func table(_ name: String, _ family: UInt8) -> Int? {
    tables.firstIndex { $0.name == name && $0.family == family }
  }
}

struct TableModel {
  var family: UInt8
  var name: String
  var handle: UInt64
  var flags: UInt32
  var userData: [UInt8]?
  /// Port id of the socket that owns the table.
  var owner: UInt32?
  /// The last handle given to a chain, rule, set, object or flowtable.
  var handles: UInt64 = 0
  var chains: [ChainModel] = []
  var sets: [SetModel] = []
  var objects: [ObjectModel] = []
  var flowtables: [FlowtableModel] = []

  var isDormant: Bool { flags & NFTables.Table.Flag.dormant != 0 }

  /// Number of chains, sets, objects and flowtables. Anonymous sets belong to their rule and do not count.
  var use: UInt32 {
    UInt32(chains.count + sets.count { !$0.isAnonymous } + objects.count + flowtables.count)
  }

  /// Takes out all that the table holds.
  mutating func removeAll() {
    chains = []
    sets = []
    objects = []
    flowtables = []
  }

  mutating func nextHandle() -> UInt64 {
    handles += 1
    return handles
  }

  func chain(_ name: String) -> Int? { chains.firstIndex { $0.name == name } }
  func chain(handle: UInt64) -> Int? { chains.firstIndex { $0.handle == handle } }
  func set(_ name: String) -> Int? { sets.firstIndex { $0.name == name } }
  func set(handle: UInt64) -> Int? { sets.firstIndex { $0.handle == handle } }
  func flowtable(_ name: String) -> Int? { flowtables.firstIndex { $0.name == name } }
  func flowtable(handle: UInt64) -> Int? { flowtables.firstIndex { $0.handle == handle } }
  func object(_ name: String, _ type: UInt32) -> Int? {
    objects.firstIndex { $0.name == name && $0.type == type }
  }
  func object(handle: UInt64, _ type: UInt32) -> Int? {
    objects.firstIndex { $0.handle == handle && $0.type == type }
  }
}

/// Where a base chain is attached.
struct BaseModel: Equatable {
  var type: String
  var hook: UInt32
  var priority: Int32
  var accepts: Bool
  var devices: [NFTables.Device]
  /// Whether the devices came as a list, to be dumped as one.
  var hasDevices: Bool
  var registration: UInt64
}

struct ChainModel {
  var name: String
  var handle: UInt64
  var base: BaseModel?
  var flags: UInt32
  var userData: [UInt8]?
  var rules: [RuleModel] = []
  /// Cell of the policy's counter.
  var counter: UInt32?
}

struct RuleModel {
  var handle: UInt64
  var expressions: [LoadedExpression]
  var userData: [UInt8]?
}

/// An expression as the kernel would dump it, and the cell of its state.
struct LoadedExpression: Equatable {
  var expression: NFTables.Expression
  var cell: UInt32?
}

struct SetModel {
  var name: String
  var handle: UInt64
  var flags: UInt32
  var keyType: UInt32
  var keyLength: Int
  var dataType: UInt32?
  var dataLength: Int
  var policy: UInt32
  var size: UInt32?
  var fieldLengths: [UInt32]
  var hasDescription: Bool
  var timeout: UInt64
  var collectionInterval: UInt32
  var userData: [UInt8]?
  var objectType: UInt32?
  var expressions: [NFTables.Expression]
  var hasExpressionList: Bool
  /// Whether it had a size when it was made, which decides what keeps its elements.
  var wasMadeWithSize = false
  private(set) var elements: [ElementModel] = []
  private var places: [ElementKey: Int] = [:]

  init(
    name: String, handle: UInt64, flags: UInt32, keyType: UInt32, keyLength: Int
  ) {
    self.name = name
    self.handle = handle
    self.flags = flags
    self.keyType = keyType
    self.keyLength = keyLength
    dataLength = 0
    policy = 0
    fieldLengths = []
    hasDescription = false
    timeout = 0
    collectionInterval = 0
    expressions = []
    hasExpressionList = false
  }

  var isMap: Bool { flags & NFTables.Set.Flag.map != 0 }
  var isObjectMap: Bool { flags & NFTables.Set.Flag.object != 0 }
  var isVerdictMap: Bool { dataType == NFTables.Set.verdictType }
  var isAnonymous: Bool { flags & NFTables.Set.Flag.anonymous != 0 }
  /// Ranges of one field, with their ends as elements of their own.
  var isInterval: Bool { flags & NFTables.Set.Flag.interval != 0 && !isConcatenation }
  /// Ranges of several fields.
  var isConcatenation: Bool { flags & NFTables.Set.Flag.concatenation != 0 }

  /// What the kernel would keep the elements in, by its symbol's name.
  ///
  /// Source (Linux 7.2): nf_tables_api.c, nft_select_set_ops, and the estimate functions of the types.
  var backend: String {
    typealias Flag = NFTables.Set.Flag
    if flags & Flag.interval != 0 {
      return flags & Flag.concatenation != 0 ? "nft_set_pipapo_avx2_type" : "nft_set_rbtree_type"
    }
    if flags & (Flag.timeout | Flag.eval) != 0 { return "nft_set_rhash_type" }
    if keyLength <= 2 { return "nft_set_bitmap_type" }
    guard wasMadeWithSize else { return "nft_set_rhash_type" }
    return keyLength == 4 ? "nft_set_hash_fast_type" : "nft_set_hash_type"
  }
  /// Whether the packet path may add to it, and whether its elements are looked after from time to time.
  var isDynamic: Bool { backend == "nft_set_rhash_type" }

  func place(of key: ElementKey) -> Int? { places[key] }

  mutating func insert(_ element: ElementModel) {
    places[element.key] = elements.count
    elements.append(element)
  }

  mutating func replace(at place: Int, _ element: ElementModel) { elements[place] = element }

  mutating func remove(at place: Int) {
    places[elements[place].key] = nil
    let last = elements.removeLast()
    guard place < elements.count else { return }
    elements[place] = last
    places[last.key] = place
  }

  mutating func removeAll() {
    elements.removeAll()
    places.removeAll()
  }

  /// Takes other elements in place of those that there are; each has a key of its own.
  mutating func replaceAll(_ others: [ElementModel]) {
    elements = others
    places.removeAll(keepingCapacity: true)
    for (place, element) in others.enumerated() { places[element.key] = place }
  }
}

/// What tells elements of one set apart.
struct ElementKey: Hashable {
  var key: [UInt8]
  var keyEnd: [UInt8]
  /// Interval end and catch-all.
  var flags: UInt32
}

struct ElementModel {
  var key: ElementKey
  var data: NFTables.Data?
  var object: String?
  /// Milliseconds; nil for the set's own.
  var timeout: UInt64?
  /// When it ends, nanoseconds on the engine's clock; 0 for never.
  var expiry: UInt64
  var userData: [UInt8]?
  var expressions: [LoadedExpression]
  var hasExpressionList: Bool
  /// Whether a packet made it.
  var isMadeByPacket = false
}

struct ObjectModel {
  var name: String
  var type: UInt32
  var handle: UInt64
  /// The object's attributes as the kernel dumps them, for objects without state.
  var data: [UInt8]
  var userData: [UInt8]?
  var cell: UInt32
}

struct FlowtableModel {
  var name: String
  var handle: UInt64
  var priority: Int32
  var flags: UInt32
  var devices: [NFTables.Device]
  var id: FlowtableID
  var registration: UInt64
}
