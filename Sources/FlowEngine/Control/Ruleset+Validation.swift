// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// How often each thing of a table is referred to.
struct TableReferences {
  struct ObjectName: Hashable {
    var name: String
    var type: UInt32
  }
  var chains: [String: Int] = [:]
  var sets: [String: Int] = [:]
  var objects: [ObjectName: Int] = [:]
  var flowtables: [String: Int] = [:]
}

// Source (Linux 7.2): nf_tables_api.c, nft_table_validate, nft_chain_validate; the validate function of each
// expression.
extension Ruleset {
  /// Counts the references inside a table.
  func references(in table: TableModel) -> TableReferences {
    var result = TableReferences()
    for chain in table.chains {
      for rule in chain.rules {
        for loaded in rule.expressions { count(loaded.expression, in: &result) }
      }
    }
    for set in table.sets {
      for element in set.elements {
        if case .verdict(let verdict)? = element.data, let chain = verdict.chain {
          result.chains[chain, default: 0] += 1
        }
        if let name = element.object, let type = set.objectType {
          result.objects[.init(name: name, type: type), default: 0] += 1
        }
      }
    }
    return result
  }

  private func count(_ expression: NFTables.Expression, in result: inout TableReferences) {
    switch expression {
    case .immediate(let value):
      if case .verdict(let verdict)? = value.data, let chain = verdict.chain {
        result.chains[chain, default: 0] += 1
      }
    case .lookup(let value): result.sets[value.set ?? "", default: 0] += 1
    case .dynamicSet(let value): result.sets[value.set ?? "", default: 0] += 1
    case .objectReference(let value):
      if let set = value.set {
        result.sets[set, default: 0] += 1
      } else {
        result.objects[.init(name: value.object ?? "", type: value.type ?? 0), default: 0] += 1
      }
    case .flowOffload(let value): result.flowtables[value.flowtable ?? "", default: 0] += 1
    default: break
    }
  }

  /// Checks the tables that a batch has changed.
  func validationError(_ transaction: Transaction) -> ControlError? {
    for table in model.tables where transaction.tablesToValidate.contains(table.handle) {
      if let error = validationError(of: table) { return error }
    }
    return nil
  }

  /// Anonymous sets and bound chains live with the rule that uses them: whether one of this batch has none.
  func hasUnbound(_ transaction: Transaction) -> Bool {
    for change in transaction.changes {
      guard case .newChain(let handle, let number) = change.subject, let table = table(handle),
        let index = table.chain(handle: number)
      else { continue }
      let chain = table.chains[index]
      if chain.flags & NFTables.Chain.Flag.binding != 0, references(in: table).chains[chain.name] == nil {
        return true
      }
    }
    for table in model.tables {
      let anonymous = table.sets.filter(\.isAnonymous)
      guard !anonymous.isEmpty, transaction.setNames.contains(where: { $0.key.table == table.handle }) else {
        continue
      }
      let used = references(in: table).sets
      if anonymous.contains(where: { used[$0.name] == nil }) { return true }
    }
    return false
  }

  /// Follows the jumps from each base chain: nesting, and expressions at hooks where they make no sense.
  func validationError(of table: TableModel) -> ControlError? {
    var byName: [String: ChainModel] = [:]
    for chain in table.chains { byName[chain.name] = chain }
    var sets: [String: SetModel] = [:]
    for set in table.sets where set.isVerdictMap { sets[set.name] = set }
    for chain in table.chains {
      guard let base = chain.base else { continue }
      var validator = ChainValidator(family: table.family, base: base, chains: byName, maps: sets)
      if let error = validator.error(in: chain, level: 0) { return error }
    }
    return nil
  }
}

/// The walk from one base chain through everything that it reaches.
private struct ChainValidator {
  let family: UInt8
  let base: BaseModel
  let chains: [String: ChainModel]
  let maps: [String: SetModel]
  /// The deepest level at which each chain was found in order.
  private var known: [String: Int] = [:]

  init(family: UInt8, base: BaseModel, chains: [String: ChainModel], maps: [String: SetModel]) {
    self.family = family
    self.base = base
    self.chains = chains
    self.maps = maps
  }

  mutating func error(in chain: ChainModel, level: Int) -> ControlError? {
    guard level < 16 else { return ControlError(ErrorNumber.tooManyLinks) }
    if let deepest = known[chain.name], deepest >= level { return nil }
    for rule in chain.rules {
      for loaded in rule.expressions {
        if let error = error(at: loaded.expression, level: level) { return error }
      }
    }
    known[chain.name] = level
    return nil
  }

  private mutating func error(at expression: NFTables.Expression, level: Int) -> ControlError? {
    switch expression {
    case .immediate(let value):
      guard case .verdict(let verdict)? = value.data else { return nil }
      return follow(verdict, level)
    case .lookup(let value):
      guard value.destination != nil, let map = maps[value.set ?? ""] else { return nil }
      for element in map.elements {
        guard case .verdict(let verdict)? = element.data else { continue }
        if let error = follow(verdict, level) { return error }
      }
      return nil
    default:
      return isAllowed(expression) ? nil : ControlError(ErrorNumber.notSupported)
    }
  }

  private mutating func follow(_ verdict: NFTables.Verdict, _ level: Int) -> ControlError? {
    guard let name = verdict.chain, let target = chains[name] else { return nil }
    return error(in: target, level: level + 1)
  }

  /// Whether an expression may be reached from this base chain.
  private func isAllowed(_ expression: NFTables.Expression) -> Bool {
    let isIP = [NFTables.Family.inet, NFTables.Family.ipv4, NFTables.Family.ipv6].contains(family)
    switch expression {
    case .flowOffload: return isIP && base.hook == 2
    case .nat(let value):
      guard base.type == "nat" else { return false }
      return value.type == 0 ? [1, 4].contains(base.hook) : [0, 3].contains(base.hook)
    case .masquerade: return base.type == "nat" && base.hook == 4
    case .redirect: return base.type == "nat" && [0, 3].contains(base.hook)
    case .reject:
      switch family {
      case NFTables.Family.netdev: return base.hook == 0
      case NFTables.Family.bridge: return [0, 1].contains(base.hook)
      case NFTables.Family.inet: return base.hook <= 3 || base.hook == 5
      default: return base.hook <= 3
      }
    case .route: return isIP && [2, 3, 4].contains(base.hook)
    case .fib(let value):
      if value.result == 1 || value.result == 2 { return [0, 1, 2, 5].contains(base.hook) || !isIP }
      return base.hook != 5
    case .meta(let value):
      if value.source != nil, value.key == 19 {
        return family == NFTables.Family.netdev ? base.hook == 0 : base.hook == 0
      }
      return true
    case .forward, .duplicate: return family == NFTables.Family.netdev
    default: return true
    }
  }
}
