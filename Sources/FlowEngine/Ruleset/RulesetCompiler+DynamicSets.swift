// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Sets that packets change, and the statements that change them.
extension Ruleset {
  /// Lists the sets of a table that its rules change, and those whose elements count connections.
  mutating func addDynamicSets(of index: Int, to scope: inout CompilerScope) {
    var changed: Set<String> = []
    var counting: Set<String> = []
    for chain in scope.table.chains {
      for rule in chain.rules {
        for loaded in rule.expressions {
          guard case .dynamicSet(let value) = loaded.expression, let name = value.set else { continue }
          changed.insert(name)
          if Self.countsConnections(value.elementExpressions ?? []) { counting.insert(name) }
        }
      }
    }
    for (place, set) in scope.table.sets.enumerated() where set.isDynamic {
      let doElements = set.elements.contains { Self.countsConnections($0.expressions.lazy.map(\.expression)) }
      if doElements || Self.countsConnections(set.expressions) {
        counting.insert(set.name)
      }
      guard changed.contains(set.name) || counting.contains(set.name), let number = scope.sets[set.name]
      else { continue }
      scope.dynamicSets[set.name] = UInt32(program.dynamicSets.count)
      let milliseconds = set.collectionInterval == 0 ? 1000 : UInt64(set.collectionInterval)
      program.dynamicSets.append(
        DynamicSet(
          set: number, table: UInt32(index), place: UInt32(place), capacity: 0,
          limit: min(set.size ?? .max, DynamicSet.mostElements), timeout: set.timeout,
          interval: milliseconds * 1_000_000, countsConnections: counting.contains(set.name)))
    }
  }

  /// Whether there is a `connlimit` among the expressions.
  static func countsConnections(_ expressions: some Sequence<NFTables.Expression>) -> Bool {
    expressions.contains {
      if case .connectionLimit = $0 { true } else { false }
    }
  }

  /// In front of a lookup in a set whose elements count connections: the lookup itself does not run them.
  mutating func gateLookup(_ value: NFTables.Expression.Lookup, _ scope: CompilerScope) {
    guard let name = value.set, let dynamic = scope.dynamicSets[name], (value.flags ?? 0) & 1 == 0,
      program.dynamicSets[Int(dynamic)].countsConnections
    else { return }
    var instruction = Instruction(.elementState)
    instruction.source = register(value.source)
    instruction.a = scope.sets[name] ?? 0
    program.code.append(instruction)
  }

  mutating func compile(_ value: NFTables.Expression.DynamicSet, _ scope: CompilerScope) {
    guard let name = value.set, let target = scope.dynamicSets[name], let place = scope.table.set(name) else {
      return
    }
    let set = scope.table.sets[place]
    var instruction = Instruction(.dynamicSet)
    instruction.source = register(value.keySource)
    instruction.destination = register(value.dataSource)
    instruction.length = UInt16(truncatingIfNeeded: set.dataLength)
    instruction.selector = UInt8(truncatingIfNeeded: value.operation ?? 0)
    instruction.detail = UInt16(truncatingIfNeeded: (value.flags ?? 0) & 1)
    instruction.a = UInt32(program.dynamicStatements.count)
    let loader = ExpressionLoader(
      kernel: kernel, table: scope.table, now: 0, setNames: [:], chainNames: [:])
    let expressions = value.elementExpressions ?? set.expressions
    var statement = DynamicStatement(
      target: target, timeout: value.timeout ?? 0, firstPrototype: UInt32(program.prototypes.count),
      prototypeCount: 0)
    for expression in expressions {
      guard let cell = try? loader.loadState(expression).cell else { continue }
      program.prototypes.append(cell)
      statement.prototypeCount += 1
    }
    program.dynamicStatements.append(statement)
    program.templates.append(expressions)
    program.code.append(instruction)
  }
}
