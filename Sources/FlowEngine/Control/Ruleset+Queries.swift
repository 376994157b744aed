// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// GET requests of nf_tables: single objects and dumps.
// Source (Linux 7.2): nf_tables_api.c, nf_tables_get*, nf_tables_dump_*.
extension Ruleset {
  /// One dump or single request, while it is answered.
  private struct Query {
    let request: RequestContext
    let client: ControlClient
    let now: UInt64
    var isDump: Bool { request.flags.contains(.dump) }
    var isReset: Bool {
      [
        NFTables.Message.getObjectReset, NFTables.Message.getRuleReset, NFTables.Message.getElementReset,
      ].contains(request.message)
    }
  }

  /// Executes one message that is not part of a batch and appends its answer.
  ///
  /// - Parameters:
  ///   - message: with its `nlmsghdr`.
  ///   - payload: from `nfgenmsg` to the end of the attributes.
  ///   - client: who sent it.
  ///   - now: monotonic nanoseconds.
  /// - Returns: the answer, and the acknowledgement that was asked for or an error.
  package mutating func handleRequest(
    _ message: RawSpan, _ payload: RawSpan, from client: ControlClient, now: UInt64
  ) -> ControlOutput {
    var output = ControlOutput()
    var writer = ReplyWriter(client: client)
    let flags = NetlinkFlags(rawValue: message.host16(at: 6))
    guard payload.byteCount >= NetfilterHeader.encodedLength else { return output }
    let request = RequestContext(
      message: UInt8(truncatingIfNeeded: message.host16(at: 4)), flags: flags,
      sequence: message.host32(at: 8), family: payload.uint8(at: 0))
    let query = Query(request: request, client: client, now: now)
    // Nothing else shows what packets have done to sets.
    if request.message == NFTables.Message.getSet || Self.isElementQuery(request.message) {
      adoptElements(now: now)
    }
    do {
      try answer(query, payload, &writer)
      if query.isDump, request.message != NFTables.Message.getGeneration {
        writer.done(sequence: request.sequence, isJoined: Self.isElementQuery(request.message))
      } else if flags.contains(.acknowledge) {
        writer.acknowledge(message, nil)
      }
    } catch {
      writer.acknowledge(message, ControlError(error))
    }
    writer.flush()
    output.replies = writer.datagrams
    return output
  }

  private static func isElementQuery(_ message: UInt8) -> Bool {
    message == NFTables.Message.getElement || message == NFTables.Message.getElementReset
  }

  private mutating func answer(_ query: Query, _ payload: RawSpan, _ writer: inout ReplyWriter) throws {
    // These came with Linux 6.3 and 6.5.
    let newer = [NFTables.Message.getRuleReset, NFTables.Message.getElementReset]
    if kernel < .linux612, newer.contains(query.request.message) { throw ControlError(ErrorNumber.invalid) }
    switch query.request.message {
    case NFTables.Message.getTable: try answerTables(query, NFTables.Table(payload), &writer)
    case NFTables.Message.getChain: try answerChains(query, NFTables.Chain(payload), &writer)
    case NFTables.Message.getRule, NFTables.Message.getRuleReset:
      try answerRules(query, NFTables.Rule(payload), &writer)
    case NFTables.Message.getSet: try answerSets(query, NFTables.Set(payload), &writer)
    case NFTables.Message.getElement, NFTables.Message.getElementReset:
      try answerElements(query, NFTables.ElementList(payload), &writer)
    case NFTables.Message.getObject, NFTables.Message.getObjectReset:
      try answerObjects(query, NFTables.Object(payload), &writer)
    case NFTables.Message.getFlowtable: try answerFlowtables(query, NFTables.Flowtable(payload), &writer)
    case NFTables.Message.getGeneration:
      writer.append(generationMessage(query.client, sequence: query.request.sequence))
    default: throw ControlError(ErrorNumber.invalid)
    }
  }

  private func send(
    _ type: UInt8, _ query: Query, _ family: UInt8, _ writer: inout ReplyWriter, appends: Bool = false,
    _ content: (inout NetlinkWriter) -> Void
  ) {
    var flags: NetlinkFlags = query.isDump ? .multipart : []
    if query.isDump, appends { flags.insert(.append) }
    writer.append(
      message(
        type, flags, family: family, sequence: query.request.sequence, to: query.client, content))
  }

  private func tables(_ query: Query, named name: String? = nil) -> [TableModel] {
    model.tables.filter { table in
      (query.request.family == 0 || query.request.family == table.family)
        && (name == nil || name == table.name)
    }
  }

  /// The table that a single request names.
  private func table(
    _ query: Query, _ name: String?, isBlamed: Bool = true
  ) throws(ControlError) -> TableModel {
    guard let name else { throw ControlError(ErrorNumber.invalid) }
    guard let index = model.table(name, query.request.family) else {
      throw isBlamed ? ControlError(ErrorNumber.noEntry, attribute: 1) : ControlError(ErrorNumber.noEntry)
    }
    return model.tables[index]
  }

  private func answerTables(
    _ query: Query, _ message: NFTables.Table, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    let list = query.isDump ? tables(query) : [try table(query, message.name)]
    for table in list {
      send(NFTables.Message.newTable, query, table.family, &writer) { encode(wire(table), into: &$0) }
    }
  }

  private func answerChains(
    _ query: Query, _ message: NFTables.Chain, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    if query.isDump {
      for table in tables(query) {
        let references = references(in: table)
        for chain in table.chains {
          let wire = wire(chain, in: table, references)
          send(NFTables.Message.newChain, query, table.family, &writer) { encode(wire, into: &$0) }
        }
      }
      return
    }
    let table = try table(query, message.table)
    guard let name = message.name else { throw ControlError(ErrorNumber.invalid) }
    guard let index = table.chain(name) else { throw ControlError(ErrorNumber.noEntry, attribute: 3) }
    let wire = wire(table.chains[index], in: table, references(in: table))
    send(NFTables.Message.newChain, query, table.family, &writer) { encode(wire, into: &$0) }
  }

  private mutating func answerRules(
    _ query: Query, _ message: NFTables.Rule, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    var list = tables(query, named: message.table)
    if !query.isDump {
      let table = try table(query, message.table)
      guard let name = message.chain, let index = table.chain(name) else {
        throw ControlError(ErrorNumber.noEntry, attribute: 2)
      }
      guard let handle = message.handle else { throw ControlError(ErrorNumber.invalid) }
      guard table.chains[index].rules.contains(where: { $0.handle == handle }) else {
        throw ControlError(ErrorNumber.noEntry, attribute: 3)
      }
      list = [table]
    }
    for table in list {
      for chain in table.chains where message.chain == nil || message.chain == chain.name {
        var previous: UInt64?
        for rule in chain.rules {
          if query.isDump || rule.handle == message.handle {
            // A rule that is asked for alone has no position.
            let wire = wire(
              rule, chain, in: table, previous: query.isDump ? previous : nil, now: query.now)
            send(NFTables.Message.newRule, query, table.family, &writer, appends: true) {
              wire.encode(into: &$0)
            }
            if query.isReset { for loaded in rule.expressions { reset(loaded.cell) } }
          }
          previous = rule.handle
        }
      }
    }
  }

  private func answerSets(
    _ query: Query, _ message: NFTables.Set, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    if query.isDump {
      if let name = message.table, tables(query, named: name).isEmpty {
        throw ControlError(ErrorNumber.noEntry, attribute: 1)
      }
      for table in tables(query, named: message.table) {
        for set in table.sets {
          let wire = wire(set, in: table)
          send(NFTables.Message.newSet, query, table.family, &writer) { wire.encode(into: &$0) }
        }
      }
      return
    }
    let table = try table(query, message.table)
    guard let name = message.name else { throw ControlError(ErrorNumber.invalid) }
    guard let index = table.set(name) else { throw unknown(2) }
    let wire = wire(table.sets[index], in: table)
    send(NFTables.Message.newSet, query, table.family, &writer) { wire.encode(into: &$0) }
  }

  private mutating func answerElements(
    _ query: Query, _ message: NFTables.ElementList, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    let table = try table(query, message.table)
    guard let name = message.set else { throw ControlError(ErrorNumber.invalid) }
    guard let index = table.set(name) else { throw unknown(2) }
    let set = table.sets[index]
    var chosen = set.elements.filter { !hasExpired($0, now: query.now) }
    if !query.isDump {
      guard let wanted = message.elements else { throw ControlError(ErrorNumber.invalid) }
      for (number, element) in wanted.enumerated() {
        guard let found = find(element, set, now: query.now) else {
          throw ControlError(ErrorNumber.noEntry, at: [.type(3), .member(number)])
        }
        sendElements([found], set, table, query, &writer)
        writer.flush()
        if query.isReset { for loaded in found.expressions { reset(loaded.cell) } }
      }
      return
    }
    let rest = chosen.filter { $0.key.flags & NFTables.Element.Flag.catchAll != 0 }
    chosen.removeAll { $0.key.flags & NFTables.Element.Flag.catchAll != 0 }
    if set.isInterval {
      // The kernel walks its tree from the greatest boundary down; a range's end comes before the next
      // one's start.
      chosen.sort { left, right in
        if left.key.key != right.key.key { return right.key.key.lexicographicallyPrecedes(left.key.key) }
        return left.key.flags & 1 < right.key.flags & 1
      }
    }
    if !chosen.isEmpty {
      sendElements(chosen, set, table, query, &writer)
      writer.flush()
    }
    // The kernel finds out with one more message that nothing is left but the element for everything else.
    sendElements(rest, set, table, query, &writer)
    if query.isReset {
      for element in chosen + rest { for loaded in element.expressions { reset(loaded.cell) } }
    }
  }

  /// The element of a set that has a key, or for ranges the boundary that governs it.
  private func find(_ wanted: NFTables.Element, _ set: SetModel, now: UInt64) -> ElementModel? {
    let key = wanted.key ?? []
    let flags = wanted.flags ?? 0
    if !set.isInterval {
      if set.isConcatenation {
        return set.elements.first { contains($0, key, set.fieldLengths) && !hasExpired($0, now: now) }
      }
      guard let place = set.place(of: ElementKey(key: key, keyEnd: [], flags: flags)) else { return nil }
      return hasExpired(set.elements[place], now: now) ? nil : set.elements[place]
    }
    let sorted = set.elements.sorted { $0.key.key.lexicographicallyPrecedes($1.key.key) }
    if flags & 1 == 0 {
      let below = sorted.last { !key.lexicographicallyPrecedes($0.key.key) }
      return below.flatMap { $0.key.flags & 1 == 0 ? $0 : nil }
    }
    return sorted.first { $0.key.flags & 1 == 1 && !$0.key.key.lexicographicallyPrecedes(key) }
  }

  private func contains(_ element: ElementModel, _ key: [UInt8], _ fields: [UInt32]) -> Bool {
    guard key.count == element.key.key.count else { return false }
    let end = element.key.keyEnd.isEmpty ? element.key.key : element.key.keyEnd
    var place = 0
    for length in fields {
      let range = place..<min(key.count, place + Int(length))
      if key[range].lexicographicallyPrecedes(element.key.key[range]) { return false }
      if end[range].lexicographicallyPrecedes(key[range]) { return false }
      place += (Int(length) + 3) / 4 * 4
      guard place <= key.count else { return true }
    }
    return true
  }

  /// Sends elements in as many messages as their one nest, whose length has sixteen bits, requires.
  private func sendElements(
    _ elements: [ElementModel], _ set: SetModel, _ table: TableModel, _ query: Query,
    _ writer: inout ReplyWriter
  ) {
    var start = 0
    repeat {
      var list = NFTables.ElementList()
      list.table = table.name
      list.set = set.name
      list.elements = []
      var size = 0
      while start < elements.count, size < 3000 || list.elements?.isEmpty == true {
        let wire = wire(elements[start], in: set, now: query.now)
        list.elements?.append(wire)
        var measured = NetlinkWriter()
        wire.encode(into: &measured)
        size += measured.bytes.count
        start += 1
      }
      send(NFTables.Message.newElement, query, table.family, &writer) { list.encode(into: &$0) }
    } while start < elements.count
  }

  private mutating func answerObjects(
    _ query: Query, _ message: NFTables.Object, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    var list = tables(query, named: message.table)
    if !query.isDump {
      let table = try table(query, message.table)
      guard let name = message.name, let type = message.type else { throw ControlError(ErrorNumber.invalid) }
      guard table.object(name, type) != nil else { throw ControlError(ErrorNumber.noEntry, attribute: 2) }
      list = [table]
    }
    for table in list {
      let references = references(in: table)
      for object in table.objects {
        if let type = message.type, type != 0, type != object.type { continue }
        if !query.isDump, object.name != message.name { continue }
        let wire = wire(object, in: table, references, now: query.now)
        send(NFTables.Message.newObject, query, table.family, &writer, appends: true) {
          encode(wire, into: &$0)
        }
        if query.isReset { reset(object.cell) }
      }
    }
  }

  /// Zeroes a counter or a quota's consumption.
  private mutating func reset(_ cell: UInt32?) {
    guard let cell else { return }
    switch cells[cell].kind {
    case .counter:
      cells[cell].a = 0
      cells[cell].b = 0
    case .quota: cells[cell].a = 0
    default: break
    }
  }

  private func answerFlowtables(
    _ query: Query, _ message: NFTables.Flowtable, _ writer: inout ReplyWriter
  ) throws(ControlError) {
    if query.isDump {
      for table in tables(query, named: message.table) {
        let references = references(in: table)
        for flowtable in table.flowtables {
          let wire = wire(flowtable, in: table, references)
          send(NFTables.Message.newFlowtable, query, table.family, &writer, appends: true) {
            encode(wire, into: &$0)
          }
        }
      }
      return
    }
    guard let name = message.name else { throw ControlError(ErrorNumber.invalid) }
    let table = try table(query, message.table, isBlamed: kernel >= .linux612)
    guard let index = table.flowtable(name) else { throw unknown(2) }
    let wire = wire(table.flowtables[index], in: table, references(in: table))
    send(NFTables.Message.newFlowtable, query, table.family, &writer) { encode(wire, into: &$0) }
  }
}
