// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newflowtable, nft_flowtable_update,
// nft_flowtable_parse_hook, nf_tables_delflowtable.
extension Ruleset {
  private typealias Flag = NFTables.Flowtable.Flag

  mutating func newFlowtable(
    _ message: NFTables.Flowtable, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    try checkName(message.name, 2)
    guard message.table != nil, let name = message.name, let hook = message.hook else {
      throw ControlError(ErrorNumber.invalid)
    }
    let table = try findTable(message.table, request, transaction.client)
    if let existing = model.tables[table].flowtable(name) {
      if request.flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists, attribute: 2) }
      return try updateFlowtable(table, existing, hook, message.flags, request, &transaction)
    }
    // The kernel gives the handle away before it looks further: a refused flowtable uses one up.
    let handle = model.tables[table].nextHandle()
    let families = [NFTables.Family.inet, NFTables.Family.ipv4, NFTables.Family.ipv6]
    guard families.contains(request.family) else {
      var unknown = ControlError(ErrorNumber.noEntry)
      unknown.missingModule = "nf-flowtable-\(request.family)"
      throw unknown
    }
    if let flags = message.flags, flags & ~(Flag.hardwareOffload | Flag.counter) != 0 {
      throw ControlError(ErrorNumber.notSupported)
    }
    guard let number = hook.number, let priority = hook.priority else {
      throw kernel < .linux612
        ? ControlError(ErrorNumber.invalid) : ControlError(ErrorNumber.noEntry, attribute: 2)
    }
    guard number == 0 else { throw ControlError(ErrorNumber.notSupported) }
    let devices = hook.devices ?? []
    try checkDevices(devices, path: [.type(3), .type(3)])
    try checkFree(devices, table)
    if (message.flags ?? 0) & Flag.hardwareOffload != 0 { try checkHardware(devices) }
    model.registrations += 1
    model.flowtableNumbers += 1
    model.tables[table].flowtables.append(
      FlowtableModel(
        name: name, handle: handle, priority: priority, flags: message.flags ?? 0, devices: devices,
        id: FlowtableID(number: model.flowtableNumbers), registration: model.registrations))
    transaction.note(
      .newFlowtable(table: model.tables[table].handle, flowtable: handle, devices: nil), request)
  }

  /// A device is in one flowtable of a table at most.
  private func checkFree(_ devices: [NFTables.Device], _ table: Int) throws(ControlError) {
    for flowtable in model.tables[table].flowtables {
      for taken in flowtable.devices {
        guard !devices.contains(where: { overlap($0, taken) }) else { throw ControlError(ErrorNumber.exists) }
      }
    }
  }

  private func overlap(_ left: NFTables.Device, _ right: NFTables.Device) -> Bool {
    switch (left, right) {
    case (.name(let one), .name(let other)): one == other
    case (.name(let name), .prefix(let prefix)), (.prefix(let prefix), .name(let name)):
      name.hasPrefix(prefix)
    case (.prefix(let one), .prefix(let other)): one.hasPrefix(other) || other.hasPrefix(one)
    }
  }

  /// A device that exists must be able to offload.
  private func checkHardware(_ devices: [NFTables.Device]) throws(ControlError) {
    guard boundDevices(devices).allSatisfy({ offloadingDevices.contains($0) }) else {
      throw ControlError(ErrorNumber.notSupported)
    }
  }

  private mutating func updateFlowtable(
    _ table: Int, _ index: Int, _ hook: NFTables.Flowtable.Hook, _ flags: UInt32?, _ request: RequestContext,
    _ transaction: inout Transaction
  ) throws(ControlError) {
    var flowtable = model.tables[table].flowtables[index]
    if let number = hook.number, number != 0 { throw ControlError(ErrorNumber.notSupported) }
    if let priority = hook.priority, priority != flowtable.priority {
      throw ControlError(ErrorNumber.notSupported)
    }
    let devices = hook.devices ?? []
    try checkDevices(devices, path: [.type(3), .type(3)])
    let added = devices.filter { !flowtable.devices.contains($0) }
    if let flags {
      guard (flags ^ flowtable.flags) & Flag.hardwareOffload == 0 else {
        throw ControlError(ErrorNumber.notSupported)
      }
      flowtable.flags = flags
    }
    let handle = model.tables[table].handle
    try transaction.check(added, against: transaction.flowtableDevices, handle)
    try checkFree(added, table)
    if flowtable.flags & Flag.hardwareOffload != 0 { try checkHardware(added) }
    transaction.flowtableDevices.append(.init(table: handle, owner: flowtable.handle, devices: added))
    model.tables[table].flowtables[index] = flowtable
    transaction.note(.newFlowtable(table: handle, flowtable: flowtable.handle, devices: added), request)
  }

  /// Gives flowtables and chains the devices that a batch has for them, which only then takes effect.
  mutating func addDevices(_ transaction: Transaction) {
    for change in transaction.flowtableDevices {
      guard let table = model.tables.firstIndex(where: { $0.handle == change.table }),
        let index = model.tables[table].flowtable(handle: change.owner)
      else { continue }
      model.tables[table].flowtables[index].devices.insert(contentsOf: change.devices, at: 0)
    }
    for change in transaction.chainDevices {
      guard let table = model.tables.firstIndex(where: { $0.handle == change.table }),
        let index = model.tables[table].chain(handle: change.owner)
      else { continue }
      model.tables[table].chains[index].base?.devices.insert(contentsOf: change.devices, at: 0)
    }
  }

  mutating func deleteFlowtable(
    _ message: NFTables.Flowtable, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    guard message.table != nil, message.name != nil || message.handle != nil else {
      throw ControlError(ErrorNumber.invalid)
    }
    let table = try findTable(message.table, request, transaction.client)
    let attribute: UInt16 = message.handle == nil ? 2 : 5
    let found =
      message.handle.map { model.tables[table].flowtable(handle: $0) }
      ?? message.name.flatMap { model.tables[table].flowtable($0) }
    guard let index = found else {
      if request.message == NFTables.Message.destroyFlowtable { return }
      throw ControlError(ErrorNumber.noEntry, attribute: attribute)
    }
    let flowtable = model.tables[table].flowtables[index]
    if let hook = message.hook {
      if let number = hook.number, number != 0 { throw ControlError(ErrorNumber.notSupported) }
      if let priority = hook.priority, priority != flowtable.priority {
        throw ControlError(ErrorNumber.notSupported)
      }
      let devices = hook.devices ?? []
      try checkDevices(devices, path: [.type(3), .type(3)])
      for device in devices where !flowtable.devices.contains(device) {
        throw ControlError(ErrorNumber.noEntry)
      }
      model.tables[table].flowtables[index].devices.removeAll { devices.contains($0) }
      transaction.note(
        .deletedFlowtable(table: model.tables[table], flowtable: flowtable, devices: devices), request)
      return
    }
    if references(in: model.tables[table]).flowtables[flowtable.name] ?? 0 > 0 {
      throw ControlError(ErrorNumber.busy, attribute: attribute)
    }
    model.tables[table].flowtables.remove(at: index)
    transaction.note(
      .deletedFlowtable(table: model.tables[table], flowtable: flowtable, devices: nil), request)
  }
}
