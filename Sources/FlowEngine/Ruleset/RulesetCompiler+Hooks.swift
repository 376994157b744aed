// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Which chains run where.
extension Ruleset {
  private struct Attachment {
    var base: BaseChain
    var flowtable: UInt32 = 0
    /// Index of the device at ingress and egress.
    var device: UInt32 = 0
  }

  /// Sorts the base chains and flowtables of all tables into their hooks.
  mutating func attachHooks(_ scopes: [CompilerScope]) {
    var filters = [[BaseChain]](repeating: [], count: 21)
    var translators = filters
    var ingress: [Attachment] = []
    var egress: [Attachment] = []
    for scope in scopes {
      for chain in scope.table.chains where !scope.table.isDormant {
        guard let model = chain.base, let number = scope.chains[chain.name] else { continue }
        let base = BaseChain(
          chain: number, priority: model.priority, sequence: model.registration, accepts: model.accepts,
          nfproto: scope.table.family == NFTables.Family.netdev ? NFTables.Family.netdev : 0,
          counter: chain.counter.map { $0 + 1 } ?? 0)
        if scope.table.family == NFTables.Family.netdev || model.hook == 5 {
          for index in boundDevices(model.devices) {
            let attachment = Attachment(base: base, device: index)
            if scope.table.family == NFTables.Family.netdev, model.hook == 1 {
              egress.append(attachment)
            } else {
              ingress.append(attachment)
            }
          }
        } else if let hook = Hook(rawValue: UInt8(truncatingIfNeeded: model.hook)) {
          for family in families(scope.table.family) {
            let place = Program.place(hook, family)
            if model.type == "nat" { translators[place].append(base) } else { filters[place].append(base) }
          }
        }
      }
      for flowtable in scope.table.flowtables {
        let base = BaseChain(
          chain: 0, priority: flowtable.priority, sequence: flowtable.registration, accepts: true, nfproto: 0,
          counter: 0)
        for index in boundDevices(flowtable.devices) {
          ingress.append(Attachment(base: base, flowtable: flowtable.id.number + 1, device: index))
        }
      }
    }
    program.baseChains.removeAll()
    program.filters.removeAll()
    program.translators.removeAll()
    program.filtered = 0
    for (place, list) in filters.enumerated() {
      program.filters.append(append(list))
      if !list.isEmpty { program.filtered |= 1 << UInt32(place) }
    }
    program.translated = 0
    for (place, list) in translators.enumerated() {
      program.translators.append(append(list))
      if !list.isEmpty { program.translated |= 1 << UInt32(place % 3) }
    }
    attach(ingress, egress)
  }

  private mutating func append(_ list: [BaseChain]) -> HookRange {
    let range = HookRange(first: UInt32(program.baseChains.count), count: UInt32(list.count))
    for base in list.sorted(by: Ruleset.runsBefore) { program.baseChains.append(base) }
    return range
  }

  private static func runsBefore(_ left: BaseChain, _ right: BaseChain) -> Bool {
    left.priority != right.priority ? left.priority < right.priority : left.sequence > right.sequence
  }

  private mutating func attach(_ ingress: [Attachment], _ egress: [Attachment]) {
    program.deviceHooks.removeAll()
    program.deviceRanges.removeAll()
    let last = max(ingress.map(\.device).max() ?? 0, egress.map(\.device).max() ?? 0)
    for device in 0...last {
      for list in [ingress, egress] {
        let chosen = list.filter { $0.device == device }.sorted { Ruleset.runsBefore($0.base, $1.base) }
        program.deviceRanges.append(
          HookRange(first: UInt32(program.deviceHooks.count), count: UInt32(chosen.count)))
        for attachment in chosen {
          program.deviceHooks.append(DeviceHook(base: attachment.base, flowtable: attachment.flowtable))
        }
      }
    }
  }

  private func families(_ family: UInt8) -> [PacketFamily] {
    switch family {
    case NFTables.Family.inet: [.ipv4, .ipv6]
    case NFTables.Family.ipv4: [.ipv4]
    case NFTables.Family.ipv6: [.ipv6]
    default: []
    }
  }

  /// Indices of the devices that exist and bear one of the names.
  func boundDevices(_ names: [NFTables.Device]) -> [UInt32] {
    devices.filter { device in
      names.contains { name in
        switch name {
        case .name(let text): device.value == text
        case .prefix(let text): device.value.hasPrefix(text)
        }
      }
    }.map(\.key).sorted()
  }

  /// A device has appeared, or has a new name: chains and flowtables that name it take hold of it.
  package mutating func deviceAppeared(index: UInt32, name: [UInt8]) {
    devices[index] = String(decoding: name, as: UTF8.self)
    rebuild()
  }

  /// A device has gone. Before Linux 6.16 it also leaves the lists of those that named it.
  package mutating func deviceVanished(index: UInt32) {
    guard let name = devices.removeValue(forKey: index) else { return }
    if kernel < .linux72 {
      for table in model.tables.indices {
        for flowtable in model.tables[table].flowtables.indices {
          model.tables[table].flowtables[flowtable].devices.removeAll { $0 == .name(name) }
        }
        for chain in model.tables[table].chains.indices {
          model.tables[table].chains[chain].base?.devices.removeAll { $0 == .name(name) }
        }
      }
    }
    rebuild()
  }
}
