// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Finds names for numbers; given by the caller, as it may ask servers and files.
package struct NameResolver: Sendable {
  /// A host's name.
  package var host: @Sendable (IPAddress) -> String?
  /// A service's name by port and layer 4 protocol.
  package var service: @Sendable (UInt16, UInt8) -> String?

  package init(
    host: @escaping @Sendable (IPAddress) -> String?, service: @escaping @Sendable (UInt16, UInt8) -> String?
  ) {
    self.host = host
    self.service = service
  }
}

/// Flows as a table for people: aligned columns, sorted and limited as asked.
///
/// Counters and durations are shortened (1.2M, 4d23h) unless `isWide`. How rows are kept: ``TextTable``.
package struct TableFormat: ~Copyable {
  package let columns: [TableColumn]
  private let isWide: Bool
  private let sort: TableColumn?
  private let names: NameResolver?
  private var table: TextTable
  private var scratch = OutputBuffer(capacity: 1 << 10)

  /// - Parameters:
  ///   - columns: left to right; the usual ones, and with `isWide` more, when nil.
  ///   - isWide: numbers in full.
  ///   - sort: the column by which rows are ordered, upwards; in the order of the kernel when nil.
  ///   - isReversed: downwards. Rows without a value stay last.
  ///   - limit: rows to show at most.
  ///   - maximumRows: rows that are kept at most while sorting.
  ///   - names: finds names for addresses and ports; numbers when nil.
  ///   - palette: the header is set off, and tags have colours.
  package init(
    columns: [TableColumn]? = nil, isWide: Bool = false, sort: TableColumn? = nil, isReversed: Bool = false,
    limit: Int? = nil, maximumRows: Int = TextTable.defaultMaximumRows, names: NameResolver? = nil,
    palette: Palette = .none
  ) {
    let chosen = columns ?? (isWide ? TableColumn.usual + TableColumn.more : TableColumn.usual)
    self.columns = chosen
    self.isWide = isWide
    self.sort = sort
    self.names = names
    table = TextTable(
      chosen.map { TextTable.Column($0.rawValue.uppercased(), isNumber: $0.isNumber) }, isSorted: sort != nil,
      isReversed: isReversed, limit: limit, maximumRows: maximumRows, palette: palette)
  }

  /// Whether further flows would change nothing, so that the dump may stop.
  package var isFull: Bool { table.isFull }
  /// Flows given so far.
  package var count: Int { table.count }
  /// Flows that will not be shown, because of a limit.
  package var omitted: Int { table.omitted }

  /// Takes a flow; a table that is not sorted prints it as soon as widths are known.
  package mutating func append(
    _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext, carrier: FlowCarrier? = nil,
    to output: inout OutputBuffer
  ) {
    for column in columns {
      scratch.removeAll()
      let style = appendCell(column, entry, context, carrier)
      table.withCell(style) { [length = scratch.count] cell in
        cell.append(from: scratch, at: 0, count: length)
      }
    }
    var key = TextTable.SortKey()
    if let sort { key = sortKey(sort, entry, context, carrier) }
    table.endRow(key, to: &output)
  }

  /// Prints the rows kept so far of a table that is not sorted.
  package mutating func flush(to output: inout OutputBuffer) { table.flush(to: &output) }

  /// Prints what is left.
  package mutating func finish(to output: inout OutputBuffer) { table.finish(to: &output) }

  // MARK: Cells

  /// Writes a cell's text to `scratch`: nothing where there is no value.
  private mutating func appendCell(
    _ column: TableColumn, _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext,
    _ carrier: FlowCarrier?
  ) -> TextTable.Style {
    switch column {
    case .event: return appendEvent(context.event)
    case .netns: scratch.append(text: context.namespace ?? "")
    case .family: scratch.append(text: entry.original.family == .ipv6 ? "ipv6" : "ipv4")
    case .proto:
      if Layer4Protocol.isNamed(entry.original.layer4) {
        scratch.append(Layer4Protocol.name(of: entry.original.layer4))
      } else {
        scratch.append(decimal: entry.original.layer4)
      }
    case .state: appendState(entry)
    case .source: appendEnd(entry.original.source, entry.original.sourcePort, entry)
    case .destination: appendEnd(entry.original.destination, entry.original.destinationPort, entry)
    case .translation: appendTranslation(entry)
    case .tag: return appendTag(entry)
    case .flowtable:
      guard let flowtable = carrier?.flowtable else { break }
      scratch.append(
        text: isWide ? "\(flowtable.family) \(flowtable.table) \(flowtable.name)" : flowtable.name)
    case .devices: scratch.append(text: carrier?.devices.joined(separator: ",") ?? "")
    case .packets: if let packets = entry.totalPackets { append(number: packets) }
    case .bytes: if let bytes = entry.totalBytes { append(number: bytes) }
    case .bitrate:
      if let rate = context.rate ?? entry.meanRate(now: context.now) { append(number: rate.bits) }
    case .pktrate:
      if let rate = context.rate ?? entry.meanRate(now: context.now) { append(number: rate.packets) }
    case .expires: if let timeout = entry.timeout { append(seconds: UInt64(timeout)) }
    case .mark: if let mark = entry.mark { scratch.append(decimal: mark) }
    case .zone: appendZone(entry)
    case .labels:
      if entry.present.contains(.labels) {
        appendList((0..<128).filter { entry.labelsField[$0] }.map { context.labels.name(of: $0) ?? "#\($0)" })
      }
    case .helper: scratch.append(text: entry.helper ?? "")
    case .status:
      appendList(ConntrackStatus.names.filter { entry.status?.contains($0.bit) ?? false }.map(\.name))
    case .age:
      if entry.present.contains(.start) { append(seconds: entry.ageSeconds(now: context.now)) }
    case .start: if let start = entry.start { scratch.append(seconds: start) }
    case .use: if let use = entry.use { scratch.append(decimal: use) }
    case .id: if let id = entry.id { scratch.append(decimal: id) }
    }
    return .plain
  }

  private mutating func appendEvent(_ event: FlowEvent?) -> TextTable.Style {
    switch event {
    case nil: return .plain
    case .new:
      scratch.append("new")
      return .created
    case .update:
      scratch.append("update")
      return .unreplied
    case .destroy:
      scratch.append("destroy")
      return .destroyed
    case .offload:
      scratch.append("offload")
      return .offload
    case .classic:
      scratch.append("classic")
      return .unreplied
    }
  }

  private mutating func appendState(_ entry: borrowing ConntrackEntry) {
    switch entry.original.layer4 {
    case Layer4Protocol.icmp, Layer4Protocol.icmpv6:
      scratch.append(decimal: entry.original.icmpType)
      scratch.append("/")
      scratch.append(decimal: entry.original.icmpCode)
    default:
      if let name = entry.stateName { scratch.append(name) }
    }
  }

  /// An address, and the port, key or identifier that belongs to it.
  private mutating func appendEnd(_ address: IPAddress, _ port: UInt16, _ entry: borrowing ConntrackEntry) {
    let layer4 = entry.original.layer4
    let hasPort = Layer4Protocol.hasPorts(layer4) && entry.present.contains(.ports)
    append(address, inBrackets: hasPort)
    if hasPort {
      scratch.append(":")
      append(port, layer4)
    } else if layer4 == Layer4Protocol.gre, entry.present.contains(.ports) {
      scratch.append(" 0x")
      scratch.append(hexadecimal: UInt64(port))
    }
  }

  private mutating func append(_ address: IPAddress, inBrackets: Bool) {
    if let name = names?.host(address) {
      scratch.append(text: name)
    } else if inBrackets, address.family == .ipv6 {
      scratch.append("[")
      scratch.append(address)
      scratch.append("]")
    } else {
      scratch.append(address)
    }
  }

  private mutating func append(_ port: UInt16, _ layer4: UInt8) {
    if let name = names?.service(port, layer4) {
      scratch.append(text: name)
    } else {
      scratch.append(decimal: port)
    }
  }

  private mutating func appendTranslation(_ entry: borrowing ConntrackEntry) {
    let (original, reply) = (entry.original, entry.reply)
    if entry.isSourceTranslated {
      scratch.append("snat ")
      appendNew(
        original.source, original.sourcePort, reply.destination, reply.destinationPort, original.layer4)
    }
    if entry.isDestinationTranslated {
      if scratch.count > 0 { scratch.append(" ") }
      scratch.append("dnat ")
      appendNew(
        original.destination, original.destinationPort, reply.source, reply.sourcePort, original.layer4)
    }
  }

  /// What is new of an address and port.
  private mutating func appendNew(
    _ address: IPAddress, _ port: UInt16, _ newAddress: IPAddress, _ newPort: UInt16, _ layer4: UInt8
  ) {
    let isNewPort = Layer4Protocol.hasPorts(layer4) && port != newPort
    if address != newAddress { append(newAddress, inBrackets: isNewPort) }
    guard isNewPort else { return }
    scratch.append(":")
    append(newPort, layer4)
  }

  private mutating func appendTag(_ entry: borrowing ConntrackEntry) -> TextTable.Style {
    guard entry.present.contains(.status) else { return .plain }
    switch entry.offloadState {
    case .hardware:
      scratch.append("HW_OFFLOAD")
      return .offload
    case .software:
      scratch.append("OFFLOAD")
      return .offload
    case .none: break
    }
    if !entry.statusField.contains(.seenReply) {
      scratch.append("UNREPLIED")
      return .unreplied
    }
    guard entry.statusField.contains(.assured) else { return .plain }
    scratch.append("ASSURED")
    return .assured
  }

  private mutating func appendZone(_ entry: borrowing ConntrackEntry) {
    if let zone = entry.zone { scratch.append(decimal: zone) }
    if entry.original.hasZone {
      scratch.append("o")
      scratch.append(decimal: entry.original.zone)
    }
    if entry.reply.hasZone {
      scratch.append("r")
      scratch.append(decimal: entry.reply.zone)
    }
  }

  private mutating func append(number: UInt64) {
    if isWide { scratch.append(decimal: number) } else { scratch.append(human: number) }
  }

  private mutating func append(seconds: UInt64) {
    if isWide { scratch.append(decimal: seconds) } else { scratch.append(duration: seconds) }
  }

  private mutating func appendList(_ words: [String]) { scratch.append(text: words.joined(separator: ",")) }

  // MARK: Order

  /// Where a row stands when ordered by `column`: numbers by value, addresses by family, value and port, other
  /// cells by their text.
  private mutating func sortKey(
    _ column: TableColumn, _ entry: borrowing ConntrackEntry, _ context: borrowing FormatContext,
    _ carrier: FlowCarrier?
  ) -> TextTable.SortKey {
    func key(_ number: UInt64?) -> TextTable.SortKey { number.map { TextTable.SortKey($0) } ?? .absent }
    func key(_ address: IPAddress, _ port: UInt16) -> TextTable.SortKey {
      var key = TextTable.SortKey()
      key.first = UInt32(address.family.rawValue)
      (key.high, key.low, key.last) = (address.high, address.low, UInt32(port))
      return key
    }
    switch column {
    case .source: return key(entry.original.source, entry.original.sourcePort)
    case .destination: return key(entry.original.destination, entry.original.destinationPort)
    case .packets: return key(entry.totalPackets)
    case .bytes: return key(entry.totalBytes)
    case .expires: return key(entry.timeout.map(UInt64.init))
    case .mark: return key(entry.mark.map(UInt64.init))
    case .zone:
      let zone = entry.zone ?? (entry.original.hasZone ? entry.original.zone : nil)
      return key((zone ?? (entry.reply.hasZone ? entry.reply.zone : nil)).map(UInt64.init))
    case .age: return key(entry.present.contains(.start) ? entry.ageSeconds(now: context.now) : nil)
    case .start: return key(entry.start)
    case .use: return key(entry.use.map(UInt64.init))
    case .id: return key(entry.id.map(UInt64.init))
    case .bitrate: return key((context.rate ?? entry.meanRate(now: context.now))?.bits)
    case .pktrate: return key((context.rate ?? entry.meanRate(now: context.now))?.packets)
    case .event, .netns, .family, .proto, .state, .translation, .tag, .flowtable, .devices, .labels, .helper,
      .status:
      scratch.removeAll()
      _ = appendCell(column, entry, context, carrier)
      return scratch.count == 0 ? .absent : TextTable.SortKey(text: scratch.copy())
    }
  }
}

extension ConntrackEntry {
  /// Packets of both directions; nil where the kernel does not count them.
  package var totalPackets: UInt64? {
    guard present.contains(.originalCounters) || present.contains(.replyCounters) else { return nil }
    return (originalCounters?.packets ?? 0) &+ (replyCounters?.packets ?? 0)
  }

  /// Octets of both directions; nil where the kernel does not count them.
  package var totalBytes: UInt64? {
    guard present.contains(.originalCounters) || present.contains(.replyCounters) else { return nil }
    return (originalCounters?.bytes ?? 0) &+ (replyCounters?.bytes ?? 0)
  }
}
