// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// What the expressions of one table refer to, resolved.
struct CompilerScope {
  var table: TableModel
  /// Number of each chain in ``Program/chains``.
  var chains: [String: UInt32]
  /// Number of each set in ``SetTable``.
  var sets: [String: UInt32]
  /// Number in ``Program/dynamicSets`` of each set that is there.
  var dynamicSets: [String: UInt32] = [:]
}

// Building the program that the packet path runs, from the model that the control plane keeps.
extension Ruleset {
  /// Builds everything anew. To be called after each change of the model or of the devices.
  mutating func rebuild() {
    adoptElements(now: 0)
    program.dynamicSets.removeAll()
    program.dynamicStatements.removeAll()
    program.prototypes.removeAll()
    program.templates.removeAll()
    program.code.removeAll()
    program.constants.removeAll()
    program.chains.removeAll()
    program.sets.removeAll()
    var scopes: [CompilerScope] = []
    for index in model.tables.indices { scopes.append(scope(of: index)) }
    // Verdict maps name chains, so all chains have their numbers before any set is laid out.
    for index in scopes.indices {
      for set in scopes[index].table.sets { lay(out: set, scopes[index]) }
      for chain in scopes[index].table.chains { compile(chain, scopes[index]) }
    }
    attachHooks(scopes)
    sweepCells()
  }

  private mutating func scope(of index: Int) -> CompilerScope {
    let table = model.tables[index]
    var scope = CompilerScope(table: table, chains: [:], sets: [:])
    for chain in table.chains {
      scope.chains[chain.name] = UInt32(program.chains.count)
      program.chains.append(0)
    }
    for set in table.sets {
      var header = SetHeader(layout: .exact, keyLength: UInt16(set.keyLength))
      if set.isConcatenation {
        header.layout = .ranges
      } else if set.isInterval {
        header.layout = .intervals
      }
      scope.sets[set.name] = program.sets.append(header)
    }
    addDynamicSets(of: index, to: &scope)
    return scope
  }

  private mutating func compile(_ chain: ChainModel, _ scope: CompilerScope) {
    guard let number = scope.chains[chain.name] else { return }
    program.chains[Int(number)] = UInt32(program.code.count)
    for rule in chain.rules {
      let start = program.code.count
      var header = Instruction(.beginRule)
      header.c = rule.handle
      program.code.append(header)
      for expression in rule.expressions { compile(expression, scope) }
      header.a = UInt32(program.code.count)
      program.code[start] = header
    }
    program.code.append(Instruction(.endChain))
  }

  // MARK: Sets

  private mutating func lay(out set: SetModel, _ scope: CompilerScope) {
    guard let number = scope.sets[set.name] else { return }
    var header = program.sets.headers[Int(number)]
    header.isVerdictMap = set.isVerdictMap
    header.dataWords =
      set.isVerdictMap ? 2 : set.isObjectMap ? 1 : set.isMap ? UInt16((set.dataLength + 3) / 4) : 0
    let dynamic = scope.dynamicSets[set.name]
    let tail = dynamic == nil ? 4 : SetHeader.ExtraWord.count
    header.stride = UInt32(header.cellWord + tail)
    var elements = set.elements.filter { $0.key.flags & NFTables.Element.Flag.catchAll == 0 }
    if header.layout == .intervals { elements.sort { Ruleset.isBefore($0.key, $1.key) } }
    header.first = UInt32(program.sets.words.count)
    header.count = UInt32(elements.count)
    for element in elements { appendRecord(element, header, set, scope) }
    if let element = set.elements.first(where: { $0.key.flags & NFTables.Element.Flag.catchAll != 0 }) {
      header.catchAll = UInt32(program.sets.words.count) + 1
      appendRecord(element, header, set, scope)
    }
    if header.layout == .exact { program.sets.appendBuckets(&header, capacity: header.count) }
    header.isSimple =
      header.layout == .exact && header.keyWords == 1 && header.catchAll == 0 && dynamic == nil
      && (0..<Int(header.count)).allSatisfy { number in
        let state = Int(header.first) + number * Int(header.stride) + header.cellWord
        return (state..<state + 3).allSatisfy { program.sets.words[$0] == 0 }
      }
    if let dynamic { program.dynamicSets[Int(dynamic)].capacity = header.count }
    if header.layout == .ranges {
      header.fields = UInt32(program.sets.words.count)
      header.fieldCount = UInt32(set.fieldLengths.count)
      for length in set.fieldLengths { program.sets.appendWord(length) }
    }
    program.sets.setHeader(Int(number), header)
  }

  /// By key; where a range ends and the next begins at the same key, the end comes first.
  private static func isBefore(_ left: ElementKey, _ right: ElementKey) -> Bool {
    if left.key != right.key { return left.key.lexicographicallyPrecedes(right.key) }
    return left.flags & 1 > right.flags & 1
  }

  private mutating func appendRecord(
    _ element: ElementModel, _ header: SetHeader, _ set: SetModel, _ scope: CompilerScope
  ) {
    appendOctets(element.key.key, words: header.keyWords)
    if header.layout == .ranges {
      appendOctets(element.key.keyEnd.isEmpty ? element.key.key : element.key.keyEnd, words: header.keyWords)
    }
    switch element.data {
    case .verdict(let verdict)? where header.isVerdictMap:
      program.sets.appendWord(UInt32(bitPattern: verdict.code))
      program.sets.appendWord(verdict.chain.flatMap { scope.chains[$0] } ?? 0)
    case .value(let octets)? where !header.isVerdictMap && element.object == nil:
      appendOctets(octets, words: Int(header.dataWords))
    default:
      var cell: UInt32 = 0
      if let name = element.object,
        let object = scope.table.objects.first(where: { $0.name == name })
      {
        cell = object.cell + 1
      }
      for index in 0..<Int(header.dataWords) { program.sets.appendWord(index == 0 ? cell : 0) }
    }
    let chain = linkCells(element.expressions)
    let dynamic = scope.dynamicSets[set.name].map { program.dynamicSets[Int($0)] }
    let isApart = dynamic?.countsConnections ?? false
    program.sets.appendWord(isApart ? 0 : chain)
    program.sets.appendWord64(element.expiry)
    program.sets.appendWord(element.key.flags & NFTables.Element.Flag.intervalEnd)
    guard dynamic != nil else { return }
    program.sets.appendWord64(element.timeout ?? set.timeout)
    program.sets.appendWord(isApart ? chain : 0)
    program.sets.appendWord(0)
    program.sets.appendWord(UInt32((set.place(of: element.key) ?? -1) + 1))
  }

  /// Chains the cells of an element's expressions; the first one's number + 1, or 0.
  private mutating func linkCells(_ expressions: [LoadedExpression]) -> UInt32 {
    var next: UInt32 = 0
    for expression in expressions.reversed() {
      guard let cell = expression.cell else { continue }
      cells[cell].next = next
      next = cell + 1
    }
    return next
  }

  private mutating func appendOctets(_ octets: [UInt8], words: Int) {
    for index in 0..<words { program.sets.appendWord(word(octets, index)) }
  }

  /// The `index`-th word of a row of octets, zero behind its end.
  private func word(_ octets: [UInt8], _ index: Int) -> UInt32 {
    var word: UInt32 = 0
    for offset in 0..<4 where index * 4 + offset < octets.count {
      word |= UInt32(octets[index * 4 + offset]) << UInt32(8 * offset)
    }
    return word
  }

  // MARK: Cells

  /// Frees the cells of what is no longer in the model.
  private mutating func sweepCells() {
    var used = [Bool](repeating: false, count: cells.count)
    for table in model.tables {
      for object in table.objects { used[Int(object.cell)] = true }
      for chain in table.chains {
        if let cell = chain.counter { used[Int(cell)] = true }
        for rule in chain.rules {
          for expression in rule.expressions {
            if let cell = expression.cell { used[Int(cell)] = true }
          }
        }
      }
      for set in table.sets {
        for element in set.elements {
          for expression in element.expressions {
            if let cell = expression.cell { used[Int(cell)] = true }
          }
        }
      }
    }
    cells.keep(used)
  }
}
