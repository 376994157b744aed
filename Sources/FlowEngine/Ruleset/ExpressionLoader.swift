// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// Checks the expressions of one rule as the kernel does when it loads them, and brings them into the form
/// in which the kernel dumps them.
///
/// Source (Linux 7.2): nf_tables_newrule, nft_parse_register_load and each expression's init function.
struct ExpressionLoader {
  let kernel: KernelGeneration
  let family: UInt8
  let table: TableModel
  /// Monotonic nanoseconds.
  let now: UInt64
  /// Names of the sets and chains that have ids in this transaction.
  let setNames: [UInt32: String]
  let chainNames: [UInt32: String]
  /// Words that an earlier expression of the rule has written.
  private var written: UInt32 = 0

  init(
    kernel: KernelGeneration, table: TableModel, now: UInt64, setNames: [UInt32: String],
    chainNames: [UInt32: String]
  ) {
    self.kernel = kernel
    family = table.family
    self.table = table
    self.now = now
    self.setNames = setNames
    self.chainNames = chainNames
  }

  /// An expression as it will be dumped, and the state that it needs.
  struct Loaded {
    var expression: NFTables.Expression
    var cell: StateCell?

    init(_ expression: NFTables.Expression, _ cell: StateCell? = nil) {
      self.expression = expression
      self.cell = cell
    }
  }

  // MARK: Registers

  /// First word of a register as numbered on the wire.
  ///
  /// - Throws: ERANGE for a number that is no register.
  static func word(_ register: UInt32) throws(ControlError) -> Int {
    switch register {
    case 0...4: return Int(register) * 4
    case 8...23: return Int(register) - 4
    default: throw ControlError(ErrorNumber.outOfRange)
    }
  }

  func needed<Value>(_ value: Value?) throws(ControlError) -> Value {
    guard let value else { throw ControlError(ErrorNumber.invalid) }
    return value
  }

  /// Checks that `length` octets may be read from a register.
  func checkLoad(_ register: UInt32?, _ length: Int) throws(ControlError) {
    let word = try Self.word(try needed(register))
    guard word >= 4, length > 0 else { throw ControlError(ErrorNumber.invalid) }
    guard word * 4 + length <= Registers.wordCount * 4 else { throw ControlError(ErrorNumber.outOfRange) }
    guard kernel >= .linux612 else { return }
    for index in word..<(word + (length + 3) / 4) where written >> UInt32(index) & 1 == 0 {
      throw ControlError(ErrorNumber.noData)
    }
  }

  /// Checks that `length` octets may be written to a register, and remembers that they are.
  mutating func checkStore(_ register: UInt32?, _ length: Int) throws(ControlError) {
    let word = try Self.word(try needed(register))
    guard word >= 4, length > 0 else { throw ControlError(ErrorNumber.invalid) }
    guard word * 4 + length <= Registers.wordCount * 4 else { throw ControlError(ErrorNumber.outOfRange) }
    for index in word..<(word + (length + 3) / 4) { written |= 1 << UInt32(index) }
  }

  /// Octets of a constant of at most `limit` octets.
  func octets(_ data: NFTables.Data?, limit: Int = 16) throws(ControlError) -> [UInt8] {
    guard case .value(let octets) = try needed(data), !octets.isEmpty else {
      throw ControlError(ErrorNumber.invalid)
    }
    guard octets.count <= limit else { throw ControlError(ErrorNumber.overflow) }
    return octets
  }

  /// Checks a verdict and resolves the chain that it names by id.
  ///
  /// Source (Linux 7.2): nft_verdict_init.
  func verdict(_ verdict: NFTables.Verdict) throws(ControlError) -> NFTables.Verdict {
    switch verdict.code {
    case NFTables.VerdictCode.accept, NFTables.VerdictCode.drop, NFTables.VerdictCode.continue,
      NFTables.VerdictCode.break, NFTables.VerdictCode.return:
      return NFTables.Verdict(code: verdict.code)
    case NFTables.VerdictCode.jump, NFTables.VerdictCode.goto:
      let name: String
      if let chain = verdict.chain {
        name = chain
      } else if let id = verdict.chainID {
        guard let known = chainNames[id] else { throw ControlError(ErrorNumber.noEntry) }
        name = known
      } else {
        throw ControlError(ErrorNumber.invalid)
      }
      guard let index = table.chain(name) else { throw ControlError(ErrorNumber.noEntry) }
      guard table.chains[index].base == nil else { throw ControlError(ErrorNumber.notSupported) }
      return NFTables.Verdict(code: verdict.code, chain: name)
    default:
      throw ControlError(ErrorNumber.invalid)
    }
  }

  /// The set that a lookup names, by name or by its id in this transaction.
  func set(_ name: String?, _ id: UInt32?) throws(ControlError) -> SetModel {
    if let name, let index = table.set(name) { return table.sets[index] }
    if let id, let name = setNames[id], let index = table.set(name) { return table.sets[index] }
    throw ControlError(ErrorNumber.noEntry)
  }

  // MARK: Expressions

  /// Names that the kernel knows and the engine does not.
  static let unsupported: Set<String> = [
    "match", "target", "queue", "tproxy", "socket", "synproxy", "osf", "xfrm", "tunnel", "inner", "secmark",
  ]

  /// Checks one expression.
  ///
  /// - Throws: ``ControlError`` with the kernel's errno; ENOENT for a name that no kernel knows, EOPNOTSUPP
  /// for
  ///   one that only the engine lacks.
  mutating func load(_ expression: NFTables.Expression) throws(ControlError) -> Loaded {
    if Self.unsupported.contains(expression.name) {
      throw ControlError(
        ErrorNumber.notSupported, text: "expression \(expression.name) is not supported by the engine")
    }
    switch expression {
    case .immediate(let value): return try loadImmediate(value)
    case .compare(let value):
      guard try needed(value.operation) <= 5 else { throw ControlError(ErrorNumber.invalid) }
      let data = try octets(value.data)
      try checkLoad(value.source, data.count)
    case .range(let value):
      let from = try octets(value.from)
      let to = try octets(value.to)
      guard from.count == to.count else { throw ControlError(ErrorNumber.invalid) }
      try checkLoad(value.source, from.count)
      guard try needed(value.operation) <= 1 else { throw ControlError(ErrorNumber.invalid) }
    case .bitwise(let value): return try loadBitwise(value)
    case .byteOrder(var value):
      try loadByteOrder(value)
      value.showsLengthFirst = kernel < .linux612
      return Loaded(.byteOrder(value))
    case .payload(let value): return try loadPayload(value)
    case .meta(let value): try loadMeta(value)
    case .conntrack(let value): return try loadConntrack(value)
    case .lookup(let value): return try loadLookup(value)
    case .extensionHeader(let value): return try loadExtension(value)
    case .fib(let value): try loadFib(value)
    case .route(let value): try loadRoute(value)
    case .numberGenerator(let value): return try loadNumber(value)
    case .hash(let value): return try loadHash(value)
    case .counter, .quota, .limit, .last, .connectionLimit: return try loadState(expression)
    case .dynamicSet(let value): return try loadDynamicSet(value)
    case .log(let value): return try loadLog(value)
    case .reject(let value): return try loadReject(value)
    case .nat(let value): return try loadNAT(value)
    case .masquerade(let value): return try loadMasquerade(value)
    case .redirect(let value): return try loadRedirect(value)
    case .flowOffload(let value):
      guard table.flowtable(try needed(value.flowtable)) != nil else {
        throw ControlError(ErrorNumber.noEntry)
      }
    case .notrack: break
    case .objectReference(let value): return try loadObject(value)
    case .duplicate(let value):
      guard family == NFTables.Family.netdev else { throw ControlError(ErrorNumber.noEntry) }
      try checkLoad(value.device, 4)
    case .forward(let value):
      guard family == NFTables.Family.netdev else { throw ControlError(ErrorNumber.noEntry) }
      try checkLoad(value.device, 4)
      guard value.address == nil else { throw ControlError(ErrorNumber.notSupported) }
    case .other: throw ControlError(ErrorNumber.noEntry)
    }
    return Loaded(expression)
  }

  private mutating func loadImmediate(
    _ value: NFTables.Expression.Immediate
  ) throws(ControlError) -> Loaded {
    let destination = try needed(value.destination)
    switch try needed(value.data) {
    case .value:
      let data = try octets(value.data)
      try checkStore(destination, data.count)
      return Loaded(.immediate(value))
    case .verdict(let verdict):
      guard try Self.word(destination) == 0 else { throw ControlError(ErrorNumber.invalid) }
      var result = value
      result.data = .verdict(try self.verdict(verdict))
      return Loaded(.immediate(result))
    }
  }

  private mutating func loadLookup(_ value: NFTables.Expression.Lookup) throws(ControlError) -> Loaded {
    guard value.set != nil || value.setID != nil else { throw ControlError(ErrorNumber.invalid) }
    let set = try set(value.set, value.setID)
    try checkLoad(value.source, set.keyLength)
    let flags = value.flags ?? 0
    guard flags & ~1 == 0 else { throw ControlError(ErrorNumber.invalid) }
    if let destination = value.destination {
      guard flags & 1 == 0, set.isMap else { throw ControlError(ErrorNumber.invalid) }
      if set.isVerdictMap {
        guard try Self.word(destination) == 0 else { throw ControlError(ErrorNumber.invalid) }
      } else {
        try checkStore(destination, set.dataLength)
      }
    } else if set.isMap, set.isAnonymous {
      throw ControlError(ErrorNumber.invalid)
    }
    var result = value
    result.set = set.name
    result.setID = nil
    result.flags = flags
    return Loaded(.lookup(result))
  }

  private func loadObject(_ value: NFTables.Expression.ObjectReference) throws(ControlError) -> Loaded {
    var result = value
    if value.source != nil {
      guard value.set != nil || value.setID != nil else { throw ControlError(ErrorNumber.invalid) }
      let set = try set(value.set, value.setID)
      guard set.isObjectMap else { throw ControlError(ErrorNumber.invalid) }
      try checkLoad(value.source, set.keyLength)
      result.set = set.name
      result.setID = nil
      return Loaded(.objectReference(result))
    }
    guard let name = value.object, let type = value.type else { throw ControlError(ErrorNumber.invalid) }
    guard table.object(name, type) != nil else { throw ControlError(ErrorNumber.noEntry) }
    return Loaded(.objectReference(result))
  }
}
