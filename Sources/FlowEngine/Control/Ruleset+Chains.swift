// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newchain, nf_tables_addchain, nf_tables_updchain,
// nf_tables_delchain, nft_chain_parse_hook.
extension Ruleset {
  private typealias Flag = NFTables.Chain.Flag

  mutating func newChain(
    _ message: NFTables.Chain, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    try checkName(message.name, 3)
    let table = try findTable(message.table, request, transaction.client)
    var existing: Int?
    if let handle = message.handle {
      guard let found = model.tables[table].chain(handle: handle) else {
        throw ControlError(ErrorNumber.noEntry, attribute: 2)
      }
      existing = found
    } else if let name = message.name {
      existing = model.tables[table].chain(name)
    } else if message.id == nil {
      throw ControlError(ErrorNumber.invalid)
    }
    var accepts = true
    if let policy = message.policy {
      if let existing {
        if model.tables[table].chains[existing].base == nil {
          throw ControlError(ErrorNumber.notSupported, attribute: 5)
        }
      } else if message.hook == nil {
        throw ControlError(ErrorNumber.notSupported, attribute: 5)
      }
      guard policy <= 1 else { throw ControlError(ErrorNumber.invalid) }
      accepts = policy == 1
    }
    guard (message.flags ?? 0) & ~(Flag.base | Flag.hardwareOffload | Flag.binding) == 0 else {
      throw ControlError(ErrorNumber.notSupported)
    }
    if let existing {
      if request.flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists, attribute: 3) }
      if request.flags.contains(.replace) { throw ControlError(ErrorNumber.notSupported) }
      if message.counters != nil, model.tables[table].chains[existing].base == nil {
        throw ControlError(ErrorNumber.notSupported)
      }
      return try updateChain(message, table, existing, accepts, request, &transaction)
    }
    try addChain(message, table, accepts, request, &transaction)
  }

  private mutating func addChain(
    _ message: NFTables.Chain, _ table: Int, _ accepts: Bool, _ request: RequestContext,
    _ transaction: inout Transaction
  ) throws(ControlError) {
    let flags = message.flags ?? 0
    var base: BaseModel?
    if let hook = message.hook {
      guard !transaction.toggledTables.contains(model.tables[table].handle) else {
        throw ControlError(ErrorNumber.invalid)
      }
      guard flags & Flag.binding == 0 else { throw ControlError(ErrorNumber.notSupported) }
      base = try baseModel(hook, message, request.family, accepts)
    } else {
      if flags & Flag.base != 0 { throw ControlError(ErrorNumber.invalid) }
      if flags & Flag.hardwareOffload != 0 { throw ControlError(ErrorNumber.notSupported) }
      if message.name == nil, flags & Flag.binding == 0 { throw ControlError(ErrorNumber.invalid) }
    }
    let handle = model.tables[table].nextHandle()
    if message.name == nil { model.anonymousChains += 1 }
    let name = message.name ?? "__chain\(model.anonymousChains)"
    var chain = ChainModel(
      name: name, handle: handle, base: base,
      flags: base == nil ? flags & Flag.binding : flags | Flag.base, userData: message.userData)
    if base != nil { model.registrations += 1 }
    if base != nil, let counters = message.counters {
      var cell = StateCell(.counter)
      cell.a = counters.packets
      cell.b = counters.bytes
      chain.counter = cells.add(cell)
    }
    model.tables[table].chains.append(chain)
    if let id = message.id {
      transaction.chainNames[.init(table: model.tables[table].handle, id: id)] = name
    }
    transaction.note(.newChain(table: model.tables[table].handle, chain: handle), request)
  }

  /// Checks where a new base chain is to be attached.
  private func baseModel(
    _ hook: NFTables.ChainHook, _ message: NFTables.Chain, _ family: UInt8, _ accepts: Bool
  ) throws(ControlError) -> BaseModel {
    guard let number = hook.number, let priority = hook.priority else {
      throw kernel < .linux612
        ? ControlError(ErrorNumber.invalid) : ControlError(ErrorNumber.noEntry, attribute: 3)
    }
    let type = message.type ?? "filter"
    guard let hooks = Self.hooks(of: type, family) else {
      var unknown = ControlError(ErrorNumber.noEntry, attribute: 7)
      unknown.missingModule = "nft-chain-\(family)-\(type)"
      throw unknown
    }
    guard hooks.contains(number) else { throw ControlError(ErrorNumber.notSupported) }
    if type == "nat", priority <= -200 { throw ControlError(ErrorNumber.notSupported) }
    let isOnDevice = Self.isOnDevice(family, number)
    var devices = hook.devices ?? []
    if let device = hook.device { devices.append(.name(device)) }
    if !isOnDevice, hook.device != nil || hook.devices != nil { throw ControlError(ErrorNumber.notSupported) }
    // Chains without a device came with Linux 6.4.
    if isOnDevice, devices.isEmpty, kernel < .linux612 { throw ControlError(ErrorNumber.invalid) }
    if isOnDevice { try checkDevices(hook) }
    if (message.flags ?? 0) & Flag.hardwareOffload != 0 {
      if isOnDevice, devices.isEmpty { throw ControlError(ErrorNumber.invalid) }
      // Without a device that is there the flag means nothing.
      guard boundDevices(devices).isEmpty, (1...0xffff).contains(priority) else {
        throw ControlError(ErrorNumber.notSupported)
      }
    }
    return BaseModel(
      type: type, hook: number, priority: priority, accepts: accepts, devices: devices,
      hasDevices: hook.devices != nil, registration: model.registrations + 1)
  }

  /// Hooks at which chains of a type may be attached; nil for a type that does not exist.
  private static func hooks(of type: String, _ family: UInt8) -> Set<UInt32>? {
    switch (type, family) {
    case ("filter", NFTables.Family.inet): [0, 1, 2, 3, 4, 5]
    case ("filter", NFTables.Family.ipv4), ("filter", NFTables.Family.ipv6),
      ("filter", NFTables.Family.bridge):
      [0, 1, 2, 3, 4]
    case ("filter", NFTables.Family.netdev), ("filter", NFTables.Family.arp): [0, 1]
    case ("nat", NFTables.Family.inet), ("nat", NFTables.Family.ipv4), ("nat", NFTables.Family.ipv6):
      [0, 1, 3, 4]
    case ("route", NFTables.Family.inet), ("route", NFTables.Family.ipv4), ("route", NFTables.Family.ipv6):
      [3]
    default: nil
    }
  }

  /// Whether the chains of a hook are attached to devices.
  private static func isOnDevice(_ family: UInt8, _ hook: UInt32) -> Bool {
    family == NFTables.Family.netdev || (family == NFTables.Family.inet && hook == 5)
  }

  /// Checks the devices of a chain's hook: a list of them, or one.
  private func checkDevices(_ hook: NFTables.ChainHook) throws(ControlError) {
    try checkDevices(hook.devices ?? [], path: [.type(4), .type(4)])
    if let device = hook.device {
      try checkDevices([.name(device)], path: [.type(4), .type(3)], isList: false)
    }
  }

  /// Checks the devices of one message.
  ///
  /// - Parameters:
  ///   - devices: as they came.
  ///   - path: the way to their list, or to the one that there is.
  ///   - isList: whether the path leads to a list.
  /// - Throws: E2BIG, EEXIST, EFBIG or ENOENT, since Linux 6.4 blaming the device.
  func checkDevices(
    _ devices: [NFTables.Device], path: [AttributeStep], isList: Bool = true
  ) throws(ControlError) {
    for (index, device) in devices.enumerated() {
      let blamed = kernel < .linux612 ? [] : path + (isList ? [.member(index)] : [])
      if device.text.utf8.count > 15 {
        // Kernels up to 6.12 look for a device of the first fifteen octets.
        throw ControlError(
          kernel >= .linux72 ? ErrorNumber.argumentsTooLong : ErrorNumber.noEntry, at: blamed)
      }
      if devices[..<index].contains(device) { throw ControlError(ErrorNumber.exists, at: blamed) }
      if index >= 255 { throw ControlError(ErrorNumber.fileTooBig, at: blamed) }
      if kernel < .linux72, !self.devices.values.contains(device.text) {
        throw ControlError(ErrorNumber.noEntry, at: blamed)
      }
    }
  }

  private mutating func updateChain(
    _ message: NFTables.Chain, _ table: Int, _ index: Int, _ accepts: Bool, _ request: RequestContext,
    _ transaction: inout Transaction
  ) throws(ControlError) {
    var chain = model.tables[table].chains[index]
    if let flags = message.flags, (flags ^ chain.flags) & ~(Flag.base | Flag.binding) != 0 {
      throw ControlError(ErrorNumber.notSupported)
    }
    let blamed: UInt16 = message.handle == nil ? 3 : 2
    if let hook = message.hook {
      guard let base = chain.base else { throw ControlError(ErrorNumber.exists, attribute: blamed) }
      if kernel < .linux612 {
        let wanted = try baseModel(hook, message, request.family, accepts)
        guard wanted.hook == base.hook, wanted.priority == base.priority else {
          throw ControlError(ErrorNumber.exists, attribute: blamed)
        }
      }
      if let number = hook.number, number != base.hook { throw ControlError(ErrorNumber.notSupported) }
      if let priority = hook.priority, priority != base.priority {
        throw ControlError(ErrorNumber.notSupported)
      }
      if let type = message.type, Self.hooks(of: type, request.family) == nil {
        throw ControlError(ErrorNumber.noEntry, attribute: 7)
      }
      var added = hook.devices ?? []
      if let device = hook.device { added.append(.name(device)) }
      if Self.isOnDevice(request.family, base.hook) {
        try checkDevices(hook)
      } else if hook.device != nil || hook.devices != nil {
        throw ControlError(ErrorNumber.notSupported)
      }
      if let type = message.type, type != base.type {
        throw ControlError(ErrorNumber.exists, attribute: blamed)
      }
      // Devices may be added to a chain since Linux 6.4.
      if kernel < .linux612, !added.isEmpty, added != base.devices {
        throw ControlError(ErrorNumber.exists, attribute: blamed)
      }
      if !added.isEmpty {
        let handle = model.tables[table].handle
        added.removeAll { base.devices.contains($0) }
        try transaction.check(added, against: transaction.chainDevices, handle)
        transaction.chainDevices.append(.init(table: handle, owner: chain.handle, devices: added))
      }
    }
    if message.handle != nil, let name = message.name {
      // Its own name is taken as well.
      let handle = model.tables[table].handle
      guard model.tables[table].chain(name) == nil,
        !transaction.renames.contains(where: { $0.table == handle && $0.name == name })
      else {
        throw ControlError(ErrorNumber.exists, attribute: 3)
      }
      transaction.renames.append((handle, chain.handle, name))
    }
    if message.policy != nil { chain.base?.accepts = accepts }
    if chain.base != nil, let counters = message.counters {
      var cell = StateCell(.counter)
      cell.a = counters.packets
      cell.b = counters.bytes
      chain.counter = cells.add(cell)
    }
    model.tables[table].chains[index] = chain
    transaction.tablesWithChangedChains.insert(model.tables[table].handle)
    transaction.note(.newChain(table: model.tables[table].handle, chain: chain.handle), request)
  }

  /// Gives chains the names that a batch has for them, which only then take effect.
  mutating func renameChains(_ transaction: Transaction) {
    for (handle, number, name) in transaction.renames {
      guard let table = model.tables.firstIndex(where: { $0.handle == handle }),
        let chain = model.tables[table].chain(handle: number)
      else { continue }
      renameTargets(table, from: model.tables[table].chains[chain].name, to: name)
      model.tables[table].chains[chain].name = name
    }
  }

  /// Jumps hold their target's name: they follow it.
  private mutating func renameTargets(_ table: Int, from old: String, to new: String) {
    for chain in model.tables[table].chains.indices {
      for rule in model.tables[table].chains[chain].rules.indices {
        for place in model.tables[table].chains[chain].rules[rule].expressions.indices {
          guard
            case .immediate(var value) =
              model.tables[table].chains[chain].rules[rule].expressions[place].expression,
            case .verdict(var verdict)? = value.data, verdict.chain == old
          else { continue }
          verdict.chain = new
          value.data = .verdict(verdict)
          model.tables[table].chains[chain].rules[rule].expressions[place].expression = .immediate(value)
        }
      }
    }
    for set in model.tables[table].sets.indices where model.tables[table].sets[set].isVerdictMap {
      for place in model.tables[table].sets[set].elements.indices {
        var element = model.tables[table].sets[set].elements[place]
        guard case .verdict(var verdict)? = element.data, verdict.chain == old else { continue }
        verdict.chain = new
        element.data = .verdict(verdict)
        model.tables[table].sets[set].replace(at: place, element)
      }
    }
  }

  mutating func deleteChain(
    _ message: NFTables.Chain, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    let table = try findTable(message.table, request, transaction.client)
    let attribute: UInt16 = message.handle == nil ? 3 : 2
    guard message.handle != nil || message.name != nil else { throw ControlError(ErrorNumber.invalid) }
    let found =
      message.handle.map { model.tables[table].chain(handle: $0) }
      ?? message.name.flatMap { model.tables[table].chain($0) }
    guard let index = found else {
      if request.message == NFTables.Message.destroyChain { return }
      throw ControlError(ErrorNumber.noEntry, attribute: attribute)
    }
    let chain = model.tables[table].chains[index]
    if chain.base != nil { transaction.tablesWithChangedChains.insert(model.tables[table].handle) }
    // Devices are taken from a chain since Linux 6.4.
    if let hook = message.hook, request.family == NFTables.Family.netdev, kernel >= .linux612,
      var base = chain.base
    {
      let devices = (hook.devices ?? []) + (hook.device.map { [.name($0)] } ?? [])
      for device in devices {
        guard let place = base.devices.firstIndex(of: device) else { throw ControlError(ErrorNumber.noEntry) }
        base.devices.remove(at: place)
      }
      model.tables[table].chains[index].base = base
      transaction.note(.deletedChain(table: model.tables[table], chain: chain, devices: devices), request)
      return
    }
    if request.flags.contains(.nonRecursive), !chain.rules.isEmpty { throw ControlError(ErrorNumber.busy) }
    if references(in: model.tables[table]).chains[chain.name] ?? 0 > 0 {
      // Rules of the chain itself that jump to it do not exist: loops are refused.
      throw ControlError(ErrorNumber.busy, attribute: attribute)
    }
    for rule in chain.rules { removeRule(table, chain.handle, rule.handle, request, &transaction) }
    guard let place = model.tables[table].chain(handle: chain.handle) else { return }
    model.tables[table].chains.remove(at: place)
    transaction.note(.deletedChain(table: model.tables[table], chain: chain, devices: nil), request)
  }
}
