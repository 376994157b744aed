// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire

// Source (Linux 7.2): nf_tables_api.c, nf_tables_newobj, nf_tables_delobj; nft_ct_helper_obj_init.
extension Ruleset {
  private typealias Kind = NFTables.Object.Kind

  mutating func newObject(
    _ message: NFTables.Object, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    try checkName(message.name, 2)
    guard message.table != nil, let name = message.name, let type = message.type, let data = message.data
    else {
      throw ControlError(ErrorNumber.invalid)
    }
    let table = try findTable(message.table, request, transaction.client)
    if let existing = model.tables[table].object(name, type) {
      if request.flags.contains(.exclusive) { throw ControlError(ErrorNumber.exists, attribute: 2) }
      if request.flags.contains(.replace) { throw ControlError(ErrorNumber.notSupported) }
      guard type == Kind.quota else { return }
      try updateQuota(table, existing, data, transaction)
      let handle = model.tables[table].objects[existing].handle
      transaction.note(.newObject(table: model.tables[table].handle, object: handle, type: type), request)
      return
    }
    let (cell, shown) = try objectCell(type, data, model.tables[table], transaction)
    let handle = model.tables[table].nextHandle()
    model.tables[table].objects.append(
      ObjectModel(
        name: name, type: type, handle: handle, data: shown, userData: message.userData, cell: cells.add(cell)
      ))
    transaction.note(.newObject(table: model.tables[table].handle, object: handle, type: type), request)
  }

  /// A quota's amount may be changed; for other objects adding them again does nothing.
  private mutating func updateQuota(
    _ table: Int, _ index: Int, _ data: [UInt8], _ transaction: Transaction
  ) throws(ControlError) {
    let (cell, shown) = try objectCell(Kind.quota, data, model.tables[table], transaction)
    let number = model.tables[table].objects[index].cell
    model.tables[table].objects[index].data = shown
    cells[number].b = cell.b
    cells[number].isInverted = cell.isInverted
  }

  /// The state of a new object, and its data as it is dumped.
  private func objectCell(
    _ type: UInt32, _ data: [UInt8], _ table: TableModel, _ transaction: Transaction
  ) throws(ControlError) -> (StateCell, [UInt8]) {
    let loader = ExpressionLoader(
      kernel: kernel, table: table, now: transaction.now, setNames: [:], chainNames: [:])
    switch type {
    case Kind.counter, Kind.quota, Kind.limit, Kind.connectionLimit:
      let name =
        switch type {
        case Kind.counter: "counter"
        case Kind.quota: "quota"
        case Kind.limit: "limit"
        default: "connlimit"
        }
      guard let expression = Self.expression(name: name, attributes: data) else {
        throw ControlError(ErrorNumber.invalid)
      }
      let loaded = try loader.loadState(expression)
      return (loaded.cell ?? StateCell(.inert), Self.attributes(of: loaded.expression))
    case Kind.conntrackHelper:
      return try helperCell(data, table)
    case Kind.conntrackTimeout:
      try checkTracked(table)
      return (StateCell(.inert), Self.timeoutPolicy(data, table.family))
    case Kind.conntrackExpectation: return (StateCell(.inert), try Self.expectation(data, table.family))
    default:
      // Those that the kernel has, and the engine has not, are named.
      guard (1...10).contains(type) else { throw ControlError(ErrorNumber.noEntry) }
      throw ControlError(
        ErrorNumber.notSupported, at: [.type(3)], text: "object type \(type) is not supported by the engine")
    }
  }

  /// Refuses a table whose packets are not tracked.
  private func checkTracked(_ table: TableModel) throws(ControlError) {
    let untracked = [NFTables.Family.netdev, NFTables.Family.arp]
    if untracked.contains(table.family) { throw ControlError(ErrorNumber.protocolFault) }
  }

  /// An expectation as it is dumped: of IPv4 or of IPv6, as the table is unless that is for both.
  private static func expectation(_ data: [UInt8], _ family: UInt8) throws(ControlError) -> [UInt8] {
    // Safe: the span does not outlive the array that it borrows.
    var attributes = unsafe AttributeCursor(data.span.bytes)
    while let more = try? attributes.advance(), more {
      guard attributes.type == 1, let network = try? attributes.bigEndian16() else { continue }
      try checkFamily(network, family)
      return data
    }
    try checkFamily(UInt16(family), family)
    var writer = NetlinkWriter()
    writer.attribute(1, UInt16(family))
    writer.raw(data)
    return writer.bytes
  }

  private static func checkFamily(_ network: UInt16, _ family: UInt8) throws(ControlError) {
    guard [NFTables.Family.ipv4, NFTables.Family.ipv6].contains(where: { UInt16($0) == network }) else {
      throw ControlError(ErrorNumber.addressFamilyNotSupported)
    }
    guard network == UInt16(family) || family == NFTables.Family.inet else {
      throw ControlError(ErrorNumber.invalid)
    }
  }

  /// A timeout policy as it is dumped: the kernel's defaults stand where it says nothing,
  /// the table's family among them.
  ///
  /// Source (Linux 7.2): nft_ct.c, nft_ct_timeout_obj_dump; nf_conntrack_proto_tcp.c, tcp_timeout_obj_to_nlattr;
  /// nf_conntrack_proto_udp.c, udp_timeout_obj_to_nlattr.
  private static func timeoutPolicy(_ data: [UInt8], _ family: UInt8) -> [UInt8] {
    var network = UInt16(family)
    var transport: UInt8?
    var given: [UInt16: UInt32] = [:]
    // Safe: the span does not outlive the array that it borrows.
    var attributes = unsafe AttributeCursor(data.span.bytes)
    while let more = try? attributes.advance(), more {
      switch attributes.type {
      case 1: network = (try? attributes.bigEndian16()) ?? network
      case 2: transport = try? attributes.uint8()
      case 3:
        var timeouts = attributes.nested
        while let more = try? timeouts.advance(), more { given[timeouts.type] = try? timeouts.bigEndian32() }
      default: break
      }
    }
    let defaults = ConntrackSettings()
    var timeouts: [UInt64]
    switch transport {
    case IPProtocol.tcp:
      timeouts = (1...9).map { defaults.tcpTimeouts[$0] }
      timeouts += [defaults.tcpRetransmissionTimeout, defaults.tcpUnacknowledgedTimeout]
    case IPProtocol.udp: timeouts = [defaults.udpTimeout, defaults.udpStreamTimeout]
    default: return data
    }
    var writer = NetlinkWriter()
    if let transport { writer.attribute(2, transport) }
    writer.attribute(1, network)
    let nest = writer.beginNest(3)
    for (index, value) in timeouts.enumerated() {
      let type = UInt16(index + 1)
      writer.attribute(type, given[type] ?? UInt32(clamping: value))
    }
    writer.endNest(nest)
    return writer.bytes
  }

  private func helperCell(
    _ data: [UInt8], _ table: TableModel
  ) throws(ControlError) -> (StateCell, [UInt8]) {
    // Safe: the span does not outlive the array that it borrows.
    let decoded = unsafe try? NFTables.ConntrackHelper(AttributeCursor(data.span.bytes))
    guard var helper = decoded, let name = helper.name, let transport = helper.transportProtocol,
      transport != 0
    else { throw ControlError(ErrorNumber.invalid) }
    let wanted = helper.networkProtocol ?? UInt16(table.family)
    helper.networkProtocol = try Self.helperFamily(name, transport, wanted, table.family)
    try checkTracked(table)
    guard let octets = Self.packedHelperName(name) else { throw ControlError(ErrorNumber.noEntry) }
    var cell = StateCell(.helper)
    cell.a = UInt64(truncatingIfNeeded: octets >> 64)
    cell.b = UInt64(truncatingIfNeeded: octets)
    cell.c = UInt64(transport)
    var writer = NetlinkWriter()
    helper.encode(into: &writer)
    return (cell, writer.bytes)
  }

  /// Helpers that the kernel has, with their transport protocols; their names are known here, their protocol parsers are
  /// not run.
  private static let helpers: [String: Set<UInt8>] = [
    "ftp": [IPProtocol.tcp], "sip": [IPProtocol.tcp, IPProtocol.udp], "tftp": [IPProtocol.udp],
    "irc": [IPProtocol.tcp], "amanda": [IPProtocol.udp], "netbios-ns": [IPProtocol.udp],
    "snmp": [IPProtocol.udp], "snmp_trap": [IPProtocol.udp], "pptp": [IPProtocol.tcp],
    "sane": [IPProtocol.tcp], "RAS": [IPProtocol.udp], "Q.931": [IPProtocol.tcp], "H.245": [IPProtocol.udp],
  ]

  /// Those of them that have no IPv6.
  private static let helpersOfIPv4: Set<String> = ["irc", "netbios-ns", "snmp", "snmp_trap", "pptp"]

  /// For which network protocols a helper of a table is, of those that are wanted.
  private static func helperFamily(
    _ name: String, _ transport: UInt8, _ wanted: UInt16, _ family: UInt8
  ) throws(ControlError) -> UInt16 {
    let exists = helpers[name]?.contains(transport) == true
    let hasIPv6 = exists && !helpersOfIPv4.contains(name)
    switch UInt8(exactly: wanted) {
    case NFTables.Family.ipv4:
      if family == NFTables.Family.ipv6 { throw ControlError(ErrorNumber.invalid) }
      guard exists else { throw ControlError(ErrorNumber.noEntry) }
      return wanted
    case NFTables.Family.ipv6:
      if family == NFTables.Family.ipv4 { throw ControlError(ErrorNumber.invalid) }
      guard hasIPv6 else { throw ControlError(ErrorNumber.noEntry) }
      return wanted
    case NFTables.Family.inet, NFTables.Family.bridge, NFTables.Family.netdev:
      guard exists else { throw ControlError(ErrorNumber.noEntry) }
      return UInt16(hasIPv6 ? NFTables.Family.inet : NFTables.Family.ipv4)
    default: throw ControlError(ErrorNumber.addressFamilyNotSupported)
    }
  }

  /// The name of a helper as sixteen octets, the first the most significant; nil for one that does not exist.
  static func packedHelperName(_ name: String) -> UInt128? {
    guard helpers[name] != nil else { return nil }
    var octets: UInt128 = 0
    for (index, unit) in name.utf8.enumerated() { octets |= UInt128(unit) << UInt128(8 * (15 - index)) }
    return octets
  }

  /// Decodes the data of a counter, quota or limit object, which look as the expression of that name does.
  static func expression(name: String, attributes: [UInt8]) -> NFTables.Expression? {
    var writer = NetlinkWriter()
    let nest = writer.beginNest(1, marked: false)
    writer.attribute(1, text: name)
    let data = writer.beginNest(2, marked: false)
    writer.raw(attributes)
    writer.endNest(data)
    writer.endNest(nest)
    // Safe: the span does not outlive the array that it borrows.
    var cursor = unsafe AttributeCursor(writer.bytes.span.bytes)
    guard let more = try? cursor.advance(), more else { return nil }
    return try? NFTables.Expression(cursor)
  }

  /// The attributes of an expression, without its name.
  static func attributes(of expression: NFTables.Expression) -> [UInt8] {
    var writer = NetlinkWriter()
    expression.encodeAttributes(into: &writer)
    return writer.bytes
  }

  mutating func deleteObject(
    _ message: NFTables.Object, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    guard message.table != nil, let type = message.type, message.name != nil || message.handle != nil else {
      throw ControlError(ErrorNumber.invalid)
    }
    let table = try findTable(message.table, request, transaction.client)
    let attribute: UInt16 = message.handle == nil ? 2 : 6
    let found =
      message.handle.map { model.tables[table].object(handle: $0, type) }
      ?? message.name.flatMap { model.tables[table].object($0, type) }
    guard let index = found else {
      if request.message == NFTables.Message.destroyObject { return }
      throw ControlError(ErrorNumber.noEntry, attribute: attribute)
    }
    let object = model.tables[table].objects[index]
    if references(in: model.tables[table]).objects[.init(name: object.name, type: type)] ?? 0 > 0 {
      throw ControlError(ErrorNumber.busy, attribute: attribute)
    }
    model.tables[table].objects.remove(at: index)
    transaction.note(.deletedObject(table: model.tables[table], object: object), request)
  }
}
