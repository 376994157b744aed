// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// The model as messages, with what packets have changed in the meantime.
// Source (Linux 7.2): nf_tables_api.c, nf_tables_fill_*_info.
extension Ruleset {
  /// One message of this subsystem.
  func message(
    _ type: UInt8, _ flags: NetlinkFlags, family: UInt8, sequence: UInt32, to client: ControlClient,
    _ content: (inout NetlinkWriter) -> Void
  ) -> [UInt8] {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(
        type: NFTables.messageType(type), flags: flags, sequence: sequence, portID: client.portID),
      NetfilterHeader(family: family, resourceID: UInt16(truncatingIfNeeded: model.generation)))
    content(&writer)
    writer.endMessage(mark)
    return writer.bytes
  }

  func wire(_ table: TableModel) -> NFTables.Table {
    var wire = NFTables.Table()
    wire.name = table.name
    wire.use = table.use
    wire.handle = table.handle
    wire.flags = table.flags
    wire.owner = table.owner
    wire.userData = table.userData
    return wire
  }

  /// The order of a table's attributes has changed since Linux 6.1.
  func encode(_ wire: NFTables.Table, into writer: inout NetlinkWriter) {
    var wire = wire
    wire.showsFlagsFirst = kernel < .linux612
    wire.encode(into: &writer)
  }

  /// The handle of an object has changed its place from kernel to kernel.
  func encode(_ wire: NFTables.Object, into writer: inout NetlinkWriter) {
    var wire = wire
    wire.handlePlace =
      switch kernel {
      case .linux61: .last
      case .linux612: .afterName
      case .linux72: .afterType
      }
    wire.encode(into: &writer)
  }

  /// The order of a flowtable's attributes has changed since Linux 6.1.
  func encode(_ wire: NFTables.Flowtable, into writer: inout NetlinkWriter) {
    var wire = wire
    wire.showsUseFirst = kernel < .linux612
    wire.encode(into: &writer)
  }

  /// The order of a chain's attributes has changed since Linux 6.1.
  func encode(_ wire: NFTables.Chain, into writer: inout NetlinkWriter) {
    var wire = wire
    wire.showsHandleFirst = kernel < .linux612
    wire.encode(into: &writer)
  }

  /// - Parameters:
  ///   - chain: the chain.
  ///   - table: its table.
  ///   - references: of the table, as ``references(in:)`` counts them.
  /// - Returns: the chain as a dump shows it.
  func wire(_ chain: ChainModel, in table: TableModel, _ references: TableReferences) -> NFTables.Chain {
    var wire = NFTables.Chain()
    wire.table = table.name
    wire.name = chain.name
    wire.handle = chain.handle
    if let base = chain.base {
      var hook = NFTables.ChainHook()
      hook.number = base.hook
      hook.priority = base.priority
      if table.family == NFTables.Family.netdev || base.hook == 5 {
        hook.devices = base.devices
        if base.devices.count == 1, case .name(let name) = base.devices[0] { hook.device = name }
      }
      wire.hook = hook
      wire.policy = base.accepts ? 1 : 0
      wire.type = base.type
      if let cell = chain.counter {
        wire.counters = NFTables.Counters(bytes: cells[cell].b, packets: cells[cell].a)
      }
    }
    if chain.flags != 0 { wire.flags = chain.flags }
    // The rule that a chain without a name is bound to holds it twice.
    let isBound = chain.flags & NFTables.Chain.Flag.binding != 0
    wire.use = UInt32(chain.rules.count + (references.chains[chain.name] ?? 0) + (isBound ? 1 : 0))
    wire.userData = chain.userData
    return wire
  }

  func wire(
    _ rule: RuleModel, _ chain: ChainModel, in table: TableModel, previous: UInt64?, now: UInt64
  ) -> NFTables.Rule {
    var wire = NFTables.Rule()
    wire.table = table.name
    wire.chain = chain.name
    wire.handle = rule.handle
    wire.position = previous
    wire.expressions = rule.expressions.map { current($0, now: now) }
    wire.userData = rule.userData
    return wire
  }

  /// An expression with its present state.
  func current(_ loaded: LoadedExpression, now: UInt64) -> NFTables.Expression {
    guard let number = loaded.cell else { return loaded.expression }
    let cell = cells[number]
    switch loaded.expression {
    case .counter:
      return .counter(NFTables.Counters(bytes: cell.b, packets: cell.a))
    case .quota(var value):
      value.consumed = min(cell.a, cell.b)
      value.flags = cell.isInverted ? 1 : 0
      return .quota(value)
    case .last(var value):
      value.isSet = UInt32(truncatingIfNeeded: cell.b)
      value.milliseconds = cell.b == 0 ? 0 : (now > cell.a ? now - cell.a : 0) / 1_000_000
      return .last(value)
    default:
      return loaded.expression
    }
  }

  func wire(_ set: SetModel, in table: TableModel) -> NFTables.Set {
    var wire = NFTables.Set()
    wire.table = table.name
    wire.name = set.name
    wire.handle = set.handle
    if set.flags != 0 { wire.flags = set.flags }
    wire.keyType = set.keyType
    wire.keyLength = UInt32(set.keyLength)
    if set.isMap {
      wire.dataType = set.dataType
      wire.dataLength = UInt32(set.dataLength)
    }
    wire.objectType = set.objectType
    if set.timeout != 0 { wire.timeout = set.timeout }
    if set.collectionInterval != 0 { wire.collectionInterval = set.collectionInterval }
    if set.policy != 0 { wire.policy = set.policy }
    wire.userData = set.userData
    wire.description = .init(size: set.size, fieldLengths: set.fieldLengths.isEmpty ? nil : set.fieldLengths)
    if !set.expressions.isEmpty {
      wire.expressions = set.expressions
      wire.hasExpressionList = set.expressions.count > 1
    }
    if kernel >= .linux72 {
      wire.backend = "\(set.backend) [nf_tables]"
      wire.count = UInt32(clamping: set.elements.count)
    }
    return wire
  }

  func wire(_ element: ElementModel, in set: SetModel, now: UInt64) -> NFTables.Element {
    var wire = NFTables.Element()
    if element.key.flags & NFTables.Element.Flag.catchAll == 0 { wire.key = element.key.key }
    if !element.key.keyEnd.isEmpty { wire.keyEnd = element.key.keyEnd }
    wire.data = element.data
    wire.object = element.object
    if element.key.flags != 0 { wire.flags = element.key.flags }
    if !element.expressions.isEmpty {
      wire.expressions = element.expressions.map { current($0, now: now) }
      wire.hasExpressionList = element.expressions.count > 1
    }
    if let timeout = element.timeout, timeout != set.timeout { wire.timeout = timeout }
    // Linux 6.1 shows that of an element that a packet made, whatever it is.
    if element.isMadeByPacket, element.expiry != 0, kernel < .linux612 {
      wire.timeout = element.timeout ?? set.timeout
    }
    if element.expiry != 0 {
      wire.expiration = (element.expiry > now ? element.expiry - now : 0) / 1_000_000
    }
    wire.userData = element.userData
    return wire
  }

  func wire(
    _ object: ObjectModel, in table: TableModel, _ references: TableReferences, now: UInt64
  ) -> NFTables.Object {
    var wire = NFTables.Object()
    wire.table = table.name
    wire.name = object.name
    wire.handle = object.handle
    wire.type = object.type
    wire.use = UInt32(references.objects[.init(name: object.name, type: object.type)] ?? 0)
    wire.userData = object.userData
    switch object.type {
    case NFTables.Object.Kind.counter:
      let counters = NFTables.Counters(bytes: cells[object.cell].b, packets: cells[object.cell].a)
      wire.data = Self.attributes(of: .counter(counters))
    case NFTables.Object.Kind.quota:
      var quota = NFTables.Expression.Quota()
      quota.bytes = cells[object.cell].b
      quota.consumed = min(cells[object.cell].a, cells[object.cell].b)
      quota.flags = cells[object.cell].isInverted ? 1 : 0
      wire.data = Self.attributes(of: .quota(quota))
    default:
      wire.data = object.data
    }
    return wire
  }

  /// - Parameters:
  ///   - flowtable: the flowtable.
  ///   - table: its table.
  ///   - references: of the table.
  ///   - devices: the devices to show, when not all.
  /// - Returns: the flowtable as a dump shows it.
  func wire(
    _ flowtable: FlowtableModel, in table: TableModel, _ references: TableReferences,
    devices: [NFTables.Device]? = nil
  ) -> NFTables.Flowtable {
    var wire = NFTables.Flowtable()
    wire.table = table.name
    wire.name = flowtable.name
    wire.handle = flowtable.handle
    wire.use = UInt32(references.flowtables[flowtable.name] ?? 0)
    wire.flags = flowtable.flags
    wire.hook = NFTables.Flowtable.Hook(
      number: 0, priority: flowtable.priority, devices: devices ?? flowtable.devices)
    return wire
  }
}

extension Ruleset {
  /// Packets and octets of every named counter, over all tables, in order.
  package func namedCounters() -> [(name: String, packets: UInt64, bytes: UInt64)] {
    model.tables.flatMap { table in
      table.objects.filter { $0.type == NFTables.Object.Kind.counter }
    }.map { (name: $0.name, packets: cells[$0.cell].a, bytes: cells[$0.cell].b) }
  }

  /// Packets and octets of the first counter of a name.
  package func counter(named name: String) -> (packets: UInt64, bytes: UInt64)? {
    namedCounters().first { $0.name == name }.map { ($0.packets, $0.bytes) }
  }
}
