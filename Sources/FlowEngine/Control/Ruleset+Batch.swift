// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// nfnetlink for nf_tables: batches and single requests.
// Source (Linux 7.2): net/netfilter/nfnetlink.c, nfnetlink_rcv_batch, nfnetlink_rcv_msg; nf_tables_api.c.

extension Ruleset {
  /// The outcome of one batch.
  private struct BatchResult {
    /// Acknowledgements in order: where the message lies in the datagram, and its error.
    var acknowledgements: [(offset: Int, error: ControlError?)] = []
    var isCommitted = false
    var mustValidateEachRule = false
    /// A module that is to be looked for before the batch is executed again.
    var missingModule: String?
    var transaction: Transaction
    var firstFlags: NetlinkFlags = []
    var firstSequence: UInt32 = 0
    var firstOffset = 0
  }

  /// Executes a datagram that begins with `NFNL_MSG_BATCH_BEGIN`.
  ///
  /// - Parameters:
  ///   - datagram: as received.
  ///   - client: who sent it.
  ///   - now: monotonic nanoseconds.
  /// - Returns: acknowledgements and errors in order, and the events of a commit.
  package mutating func handleBatch(
    _ datagram: RawSpan, from client: ControlClient, now: UInt64
  ) -> ControlOutput {
    var output = ControlOutput()
    adoptElements(now: now)
    let saved = model
    var sought: Set<String> = []
    var validatesEachRule = false
    var result = execute(datagram, client, now, validatesEachRule, sought)
    while result.mustValidateEachRule || result.missingModule != nil {
      restore(saved)
      if let module = result.missingModule { sought.insert(module) } else { validatesEachRule = true }
      result = execute(datagram, client, now, validatesEachRule, sought)
    }
    var writer = ReplyWriter(client: client)
    if result.isCommitted, !result.transaction.changes.isEmpty {
      model.generation = model.generation == .max ? 1 : model.generation + 1
      renameChains(result.transaction)
      updateSets(result.transaction)
      addDevices(result.transaction)
      // Before rebuilding, which forgets the counters of what was deleted.
      notify(result, &output, &writer)
      changeElements(result.transaction)
      rebuild()
    } else {
      restore(saved)
    }
    for (offset, error) in result.acknowledgements {
      let length = Int(datagram.host32(at: offset))
      // Kernels up to 6.12 do not say what is wrong with an attribute of a message in a batch.
      writer.append(
        datagram: ReplyWriter.acknowledgement(
          datagram.slice(offset, min(length, datagram.byteCount - offset)), error, client,
          saysLeftover: kernel >= .linux72))
    }
    writer.flush()
    output.replies = writer.datagrams
    return output
  }

  /// Forgets what a refused batch did. Handles that it used up stay used, and a set to which a rule was to add keeps the size
  /// that it got.
  private mutating func restore(_ saved: RulesetModel) {
    var handles: [UInt64: UInt64] = [:]
    let refused = model
    for table in model.tables { handles[table.handle] = table.handles }
    let tableHandles = model.tableHandles
    let flowtableNumbers = model.flowtableNumbers
    let anonymousChains = model.anonymousChains
    model = saved
    model.tableHandles = tableHandles
    model.flowtableNumbers = flowtableNumbers
    model.anonymousChains = anonymousChains
    for index in model.tables.indices {
      if let used = handles[model.tables[index].handle] { model.tables[index].handles = used }
      guard let table = refused.tables.first(where: { $0.handle == model.tables[index].handle }) else {
        continue
      }
      for place in model.tables[index].sets.indices where model.tables[index].sets[place].size ?? 0 == 0 {
        let handle = model.tables[index].sets[place].handle
        guard let set = table.set(handle: handle), table.sets[set].size == Self.impliedSetSize else {
          continue
        }
        model.tables[index].sets[place].size = Self.impliedSetSize
      }
    }
    rebuild()
  }

  private mutating func execute(
    _ datagram: RawSpan, _ client: ControlClient, _ now: UInt64, _ validatesEachRule: Bool,
    _ sought: Set<String>
  ) -> BatchResult {
    var result = BatchResult(
      transaction: Transaction(client: client, now: now, validatesEachRule: validatesEachRule))
    var messages = NetlinkMessageCursor(datagram)
    var isFirst = true
    var offset = 0
    var failed = false
    while true {
      let more: Bool
      do {
        more = try messages.advance()
      } catch {
        // A length that makes no sense: nothing is done and nothing is said.
        result.acknowledgements.removeAll()
        return result
      }
      guard more else { break }
      defer { offset += (Int(messages.header.length) + 3) & ~3 }
      let request = RequestContext(
        message: UInt8(truncatingIfNeeded: messages.type), flags: messages.flags, sequence: messages.sequence,
        family: messages.payload.byteCount > 0 ? messages.payload.uint8(at: 0) : 0)
      let wantsAcknowledgement = messages.flags.contains(.acknowledge)
      // The frame of a batch is acknowledged since Linux 6.10.
      let wantsFrameAcknowledgement = wantsAcknowledgement && kernel >= .linux612
      if isFirst {
        isFirst = false
        if let error = begin(messages.payload) {
          result.acknowledgements.append((offset, error))
          return result
        }
        if wantsFrameAcknowledgement { result.acknowledgements.append((offset, nil)) }
        continue
      }
      guard messages.payload.byteCount >= NetfilterHeader.encodedLength else {
        result.acknowledgements.removeAll()
        return result
      }
      if result.firstFlags.rawValue == 0 {
        result.firstFlags = messages.flags
        result.firstSequence = messages.sequence
        result.firstOffset = offset
      }
      if messages.type == NetfilterSubsystem.batchBegin {
        result.acknowledgements.removeAll()
        return result
      }
      if messages.type == NetfilterSubsystem.batchEnd {
        if wantsFrameAcknowledgement { result.acknowledgements.append((offset, nil)) }
        return finish(&result, failed: failed)
      }
      do throws(ControlError) {
        try execute(messages.type, messages.message, request, &result.transaction)
        if wantsAcknowledgement { result.acknowledgements.append((offset, nil)) }
      } catch {
        if let module = error.missingModule, !sought.contains(module) {
          result.missingModule = module
          return result
        }
        failed = true
        result.acknowledgements.append((offset, error))
      }
    }
    // No END: the batch is checked, then rolled back (`nft -c`).
    if !failed, validationError(result.transaction) != nil {
      result.mustValidateEachRule = !validatesEachRule
    }
    return result
  }

  private func begin(_ payload: RawSpan) -> ControlError? {
    guard let header = NetfilterHeader(payload) else { return ControlError(ErrorNumber.invalid) }
    let subsystem = header.resourceID == 0x0a00 ? 10 : header.resourceID
    guard subsystem < 13 else { return ControlError(ErrorNumber.invalid) }
    guard subsystem == 10 else { return ControlError(ErrorNumber.notSupported) }
    var attributes = AttributeCursor(payload, from: NetfilterHeader.encodedLength)
    while let more = try? attributes.advance(), more {
      if attributes.type == 1, let wanted = try? attributes.bigEndian32(), wanted != 0,
        wanted != model.generation
      {
        return ControlError(ErrorNumber.restart)
      }
    }
    return nil
  }

  private mutating func finish(_ result: inout BatchResult, failed: Bool) -> BatchResult {
    guard !failed else { return result }
    if validationError(result.transaction) != nil {
      result.mustValidateEachRule = !result.transaction.validatesEachRule
      return result
    }
    if hasUnbound(result.transaction) {
      // The kernel blames the first message of the batch, whichever it was, before it says how each fared.
      result.acknowledgements.insert((result.firstOffset, ControlError(ErrorNumber.invalid)), at: 0)
      return result
    }
    result.isCommitted = true
    return result
  }

  /// Executes one message of a batch.
  private mutating func execute(
    _ type: UInt16, _ message: RawSpan, _ request: RequestContext, _ transaction: inout Transaction
  ) throws(ControlError) {
    guard request.flags.contains(.request), type >= NetlinkControlType.firstFamilyType,
      type >> 8 == UInt16(NetfilterSubsystem.nfTables)
    else { throw ControlError(ErrorNumber.invalid) }
    let attributes = RequestAttributes(message, kernel)
    if let error = attributes.error {
      throw kernel >= .linux72 ? error : ControlError(error.number)
    }
    let payload = message.slice(
      NetlinkHeader.encodedLength, attributes.length - NetlinkHeader.encodedLength)
    do {
      try perform(payload, request, &transaction)
    } catch {
      throw ControlError(error)
    }
  }

  private mutating func perform(
    _ payload: RawSpan, _ request: RequestContext, _ transaction: inout Transaction
  ) throws {
    typealias Message = NFTables.Message
    // DESTROY messages came with Linux 6.3.
    if kernel < .linux612, (Message.destroyTable...Message.destroyFlowtable).contains(request.message) {
      throw ControlError(ErrorNumber.invalid)
    }
    switch request.message {
    case Message.newTable: try newTable(NFTables.Table(payload), request, &transaction)
    case Message.deleteTable, Message.destroyTable:
      try deleteTable(NFTables.Table(payload), request, &transaction)
    case Message.newChain: try newChain(NFTables.Chain(payload), request, &transaction)
    case Message.deleteChain, Message.destroyChain:
      try deleteChain(NFTables.Chain(payload), request, &transaction)
    case Message.newRule: try newRule(NFTables.Rule(payload), request, &transaction)
    case Message.deleteRule, Message.destroyRule:
      try deleteRule(NFTables.Rule(payload), request, &transaction)
    case Message.newSet: try newSet(NFTables.Set(payload), request, &transaction)
    case Message.deleteSet, Message.destroySet:
      try deleteSet(NFTables.Set(payload), request, &transaction)
    case Message.newElement: try newElements(NFTables.ElementList(payload), request, &transaction)
    case Message.deleteElement, Message.destroyElement:
      try deleteElements(NFTables.ElementList(payload), request, &transaction)
    case Message.newObject: try newObject(NFTables.Object(payload), request, &transaction)
    case Message.deleteObject, Message.destroyObject:
      try deleteObject(NFTables.Object(payload), request, &transaction)
    case Message.newFlowtable: try newFlowtable(NFTables.Flowtable(payload), request, &transaction)
    case Message.deleteFlowtable, Message.destroyFlowtable:
      try deleteFlowtable(NFTables.Flowtable(payload), request, &transaction)
    default: throw ControlError(ErrorNumber.invalid)
    }
  }

  // MARK: Commit

  private func notify(_ result: BatchResult, _ output: inout ControlOutput, _ writer: inout ReplyWriter) {
    var datagram: [UInt8] = []
    var isEchoed = false
    func flush() {
      guard !datagram.isEmpty else { return }
      let port = isEchoed ? result.transaction.client.portID : 0
      output.events.append(ControlEvent(group: NFTables.Group.ruleset, datagram: datagram, echoedTo: port))
      if isEchoed { writer.append(datagram: datagram) }
      datagram = []
    }
    for change in result.transaction.changes {
      for message in events(for: change, result.transaction) {
        let isEcho = change.request.flags.contains(.echo)
        if datagram.count + message.count >= Self.eventDatagramLimit || isEcho != isEchoed { flush() }
        isEchoed = isEcho
        datagram += message
      }
    }
    flush()
    datagram = generationMessage(result.transaction.client, sequence: result.firstSequence)
    isEchoed = result.firstFlags.contains(.echo)
    flush()
  }

  /// Octets that a datagram of events does not reach, unless one message does.
  ///
  /// Source (Linux 7.2): nf_tables_api.c, nft_commit_notify; NLMSG_GOODSIZE where pages have 4096 octets.
  private static let eventDatagramLimit = 3776

  /// `NFT_MSG_NEWGEN`.
  func generationMessage(_ client: ControlClient, sequence: UInt32) -> [UInt8] {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(
        type: NFTables.messageType(NFTables.Message.newGeneration), flags: [], sequence: sequence,
        portID: client.portID),
      NetfilterHeader(family: 0, resourceID: UInt16(truncatingIfNeeded: model.generation)))
    NFTables.Generation(
      id: model.generation, processID: client.processID, processName: String(client.processName.prefix(15))
    ).encode(into: &writer)
    writer.endMessage(mark)
    return writer.bytes
  }
}
