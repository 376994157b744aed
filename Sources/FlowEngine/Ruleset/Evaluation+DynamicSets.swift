// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Sets that packets change.
// Source (Linux 7.2): nft_dynset.c, nft_dynset_eval; nft_set_hash.c, nft_rhash_update, nft_rhash_delete, nft_rhash_gc.
extension Ruleset {
  /// `dynset`.
  @inline(never)
  mutating func stepDynamicSet<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: inout Environment
  ) -> StepOutcome {
    let statement = program.dynamicStatements[Int(instruction.a)]
    let target = Int(statement.target)
    let set = Int(program.dynamicSets[target].set)
    let header = program.sets.headers[set]
    let isInverted = instruction.detail != 0
    var record = program.sets.findExact(header, &walk.registers, Int(instruction.source))
    let isAlive = record.map { program.sets.isAlive($0, header, now: walk.now) } ?? false
    if instruction.selector == 2 {
      if isAlive, let record { removeElement(target, record) }
      return .next
    }
    if isAlive, let record {
      if instruction.selector == 1 { refresh(record, statement, walk.now) }
    } else {
      record = addElement(record, instruction, &walk, environment)
    }
    guard let record else { return isInverted ? .next : .leaveRule }
    let chain = program.sets.chain(of: record, program.sets.headers[set])
    let outcome = runChain(chain, packet, walk.now, &environment)
    guard outcome == .next else { return outcome }
    return isInverted ? .leaveRule : .next
  }

  /// Runs the cells of the element that a lookup is about to find, in a set whose elements count connections.
  @inline(never)
  mutating func stepElementState<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: inout Environment
  ) -> StepOutcome {
    let set = Int(instruction.a)
    guard let record = program.sets.find(set, &walk.registers, Int(instruction.source), now: walk.now) else {
      return .next
    }
    return runChain(program.sets.chain(of: record, program.sets.headers[set]), packet, walk.now, &environment)
  }

  private mutating func runChain<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ chain: UInt32, _ packet: RulePacket, _ now: UInt64, _ environment: inout Environment
  ) -> StepOutcome {
    var chain = chain
    while chain != 0 {
      let number = chain - 1
      chain = cells[number].next
      if cells[number].kind == .connections {
        let outcome = cells.countConnection(number, kernel, environment)
        guard outcome == .next else { return outcome }
      } else {
        guard cells[number].count(byteCount: packet.byteCount, now: now) else { return .leaveRule }
      }
    }
    return .next
  }

  /// When an element ends that has so many milliseconds from now on; 0 for never.
  private func expiry(_ milliseconds: UInt64, _ now: UInt64) -> UInt64 {
    guard milliseconds != 0 else { return 0 }
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, tooLate) = now.addingReportingOverflow(nanoseconds)
    return overflow || tooLate ? .max : sum
  }

  /// Milliseconds that a statement gives to elements; 0 for ever.
  private func timeout(of statement: DynamicStatement) -> UInt64 {
    statement.timeout != 0 ? statement.timeout : program.dynamicSets[Int(statement.target)].timeout
  }

  /// `update` of an element that is there: its time begins anew, if it has one.
  private mutating func refresh(_ record: Int, _ statement: DynamicStatement, _ now: UInt64) {
    let target = Int(statement.target)
    let header = program.sets.headers[Int(program.dynamicSets[target].set)]
    let place = record + header.cellWord
    guard program.sets.word64(place + 1) != 0 else { return }
    let timeout = timeout(of: statement)
    // The element shows the time that it was made for all the same. An update that says no time ends it, where the set says
    // none either.
    program.sets.setWord64(place + 1, timeout == 0 ? max(1, now) : expiry(timeout, now))
    program.dynamicSets[target].isChanged = true
  }

  /// Makes an element of the key, and for maps the data, that the registers hold.
  ///
  /// - Returns: its record; nil when the set is full.
  private mutating func addElement<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ old: Int?, _ instruction: Instruction, _ walk: inout Walk, _ environment: borrowing Environment
  ) -> Int? {
    let statement = program.dynamicStatements[Int(instruction.a)]
    let target = Int(statement.target)
    let set = Int(program.dynamicSets[target].set)
    if let old { removeElement(target, old) }
    if program.sets.headers[set].count >= program.dynamicSets[target].limit {
      collect(target, walk.now, environment)
      guard program.sets.headers[set].count < program.dynamicSets[target].limit else { return nil }
    }
    if program.sets.headers[set].count == program.dynamicSets[target].capacity {
      let capacity = max(8, program.dynamicSets[target].capacity * 2)
      program.sets.grow(set, to: capacity)
      program.dynamicSets[target].capacity = capacity
    }
    let record = program.sets.insert(set, &walk.registers, Int(instruction.source))
    let header = program.sets.headers[set]
    if header.dataWords != 0, instruction.destination != Instruction.none {
      let octets = Int(instruction.length)
      program.sets.copy(
        &walk.registers, Int(instruction.destination), to: record + header.dataWord, octets: octets)
    }
    let place = record + header.cellWord
    let chain = addCells(statement, walk.now)
    let counts = program.dynamicSets[target].countsConnections
    program.sets.setWord(place + (counts ? SetHeader.ExtraWord.cell : 0), chain)
    let timeout = timeout(of: statement)
    program.sets.setWord64(place + 1, expiry(timeout, walk.now))
    program.sets.setWord64(place + SetHeader.ExtraWord.timeout, timeout)
    program.sets.setWord(place + SetHeader.ExtraWord.statement, instruction.a + 1)
    program.dynamicSets[target].isChanged = true
    return record
  }

  /// Copies of a statement's cells, linked; the first one's number + 1, or 0.
  ///
  /// Source (Linux 7.2): nft_limit_clone, nft_quota_clone, nft_last_clone, nft_counter_clone, nft_connlimit_clone.
  private mutating func addCells(_ statement: DynamicStatement, _ now: UInt64) -> UInt32 {
    var next: UInt32 = 0
    for index in (0..<Int(statement.prototypeCount)).reversed() {
      var cell = program.prototypes[Int(statement.firstPrototype) + index]
      switch cell.kind {
      case .limit: cell.b = now
      case .quota, .last:
        cell.a = 0
        if cell.kind == .last { cell.b = 0 }
      default: break
      }
      cell.next = next
      next = cells.add(cell) + 1
    }
    return next
  }

  private mutating func removeElement(_ target: Int, _ record: Int) {
    let set = Int(program.dynamicSets[target].set)
    cells.removeChain(program.sets.chain(of: record, program.sets.headers[set]))
    program.sets.remove(set, record: record)
    program.dynamicSets[target].isChanged = true
  }

  /// Takes out the elements whose time is up, and of those that count connections the ones that have none any more, unless that
  /// was done a moment ago.
  private mutating func collect<Registry: ConnectionRegistry & ~Copyable & ~Escapable>(
    _ target: Int, _ now: UInt64, _ registry: borrowing Registry
  ) {
    let dynamic = program.dynamicSets[target]
    guard dynamic.collected == 0 || now >= dynamic.collected &+ dynamic.interval else { return }
    program.dynamicSets[target].collected = max(1, now)
    removeExpired(target, now)
    guard dynamic.countsConnections else { return }
    let set = Int(dynamic.set)
    for number in (0..<program.sets.headers[set].count).reversed() {
      let header = program.sets.headers[set]
      let record = Int(header.first + number * header.stride)
      var chain = program.sets.chain(of: record, header)
      var isIdle = false
      while chain != 0 {
        if cells[chain - 1].kind == .connections, cells.collectConnections(chain - 1, registry) {
          isIdle = true
        }
        chain = cells[chain - 1].next
      }
      if isIdle { removeElement(target, record) }
    }
  }

  private mutating func removeExpired(_ target: Int, _ now: UInt64) {
    let set = Int(program.dynamicSets[target].set)
    for number in (0..<program.sets.headers[set].count).reversed() {
      let header = program.sets.headers[set]
      let record = Int(header.first + number * header.stride)
      if !program.sets.isAlive(record, header, now: now) { removeElement(target, record) }
    }
  }

  /// Whether some set's elements go when their connections have gone.
  var hasCountingSets: Bool {
    for target in 0..<program.dynamicSets.count where program.dynamicSets[target].countsConnections {
      return true
    }
    return false
  }

  /// Takes out elements that count connections and have none any more, a second (or what the set says) after the last time.
  ///
  /// - Parameters:
  ///   - now: monotonic nanoseconds.
  ///   - registry: knows what is open.
  @inline(never)
  mutating func collectConnections<Registry: ConnectionRegistry & ~Copyable & ~Escapable>(
    now: UInt64, _ registry: borrowing Registry
  ) {
    for target in 0..<program.dynamicSets.count where program.dynamicSets[target].countsConnections {
      if program.dynamicSets[target].collected == 0 {
        program.dynamicSets[target].collected = max(1, now)
      } else {
        collect(target, now, registry)
      }
    }
  }

  // MARK: The model is told

  /// Brings into the model what packets have done to sets. To be called before the model is read or changed.
  ///
  /// - Parameter now: monotonic nanoseconds; elements whose time is up go.
  mutating func adoptElements(now: UInt64) {
    for target in 0..<program.dynamicSets.count {
      removeExpired(target, now)
      guard program.dynamicSets[target].isChanged else { continue }
      program.dynamicSets[target].isChanged = false
      adoptElements(of: target)
    }
  }

  private mutating func adoptElements(of target: Int) {
    let dynamic = program.dynamicSets[target]
    let header = program.sets.headers[Int(dynamic.set)]
    let set = model.tables[Int(dynamic.table)].sets[Int(dynamic.place)]
    let keyOctets = Int(header.keyLength)
    // Those that the model has keep their order.
    var records = [Int](repeating: -1, count: set.elements.count)
    var fresh: [Int] = []
    for number in 0..<Int(header.count) {
      let record = Int(header.first) + number * Int(header.stride)
      let place = program.sets.words[record + header.cellWord + SetHeader.ExtraWord.place]
      if place == 0 { fresh.append(record) } else { records[Int(place) - 1] = record }
    }
    var elements: [ElementModel] = []
    elements.reserveCapacity(Int(header.count) + 1)
    for (place, element) in set.elements.enumerated() {
      if records[place] >= 0 {
        elements.append(element)
        adopt(&elements[elements.count - 1], records[place], header, elements.count, set)
      } else if element.key.flags & NFTables.Element.Flag.catchAll != 0 {
        elements.append(element)
      }
    }
    for record in fresh {
      let key = ElementKey(key: octets(record, keyOctets), keyEnd: [], flags: 0)
      var element = ElementModel(
        key: key, data: nil, object: nil, timeout: nil, expiry: 0, userData: nil, expressions: [],
        hasExpressionList: set.hasExpressionList)
      element.isMadeByPacket = true
      if set.isMap { element.data = .value(octets(record + header.dataWord, set.dataLength)) }
      let statement = program.sets.words[record + header.cellWord + SetHeader.ExtraWord.statement]
      var chain = program.sets.chain(of: record, header)
      for expression in statement == 0 ? [] : program.templates[Int(statement) - 1] where chain != 0 {
        element.expressions.append(LoadedExpression(expression: expression, cell: chain - 1))
        chain = cells[chain - 1].next
      }
      elements.append(element)
      adopt(&elements[elements.count - 1], record, header, elements.count, set)
    }
    model.tables[Int(dynamic.table)].sets[Int(dynamic.place)].replaceAll(elements)
  }

  /// Takes an element's times from its record, and notes there which element of the model it is.
  private mutating func adopt(
    _ element: inout ElementModel, _ record: Int, _ header: SetHeader, _ place: Int, _ set: SetModel
  ) {
    let word = record + header.cellWord
    element.expiry = program.sets.word64(word + 1)
    let timeout = program.sets.word64(word + SetHeader.ExtraWord.timeout)
    element.timeout = timeout == set.timeout ? nil : timeout
    program.sets.setWord(word + SetHeader.ExtraWord.place, UInt32(place))
  }

  private func octets(_ place: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: program.sets.words[place + $0 / 4] >> UInt32(8 * ($0 % 4))) }
  }
}
