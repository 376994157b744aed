// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc
package import NetlinkWire

/// Changes of the ruleset that take effect together or not at all: one datagram with one batch.
package struct RulesetTransaction: Sendable {
  package private(set) var messages: [RulesetMessage] = []
  /// A number for the next anonymous set.
  private var lastSetID: UInt32 = 0

  package init() {}

  package mutating func append(_ message: RulesetMessage) { messages.append(message) }

  package mutating func append(contentsOf more: some Sequence<RulesetMessage>) {
    messages.append(contentsOf: more)
  }

  /// A number that no other anonymous set of this transaction has.
  package mutating func nextSetID() -> UInt32 {
    lastSetID += 1
    return lastSetID
  }

  package var isEmpty: Bool { messages.isEmpty }

  /// The whole batch as one datagram.
  ///
  /// - Parameters:
  ///   - sequence: of its first message, `NFNL_MSG_BATCH_BEGIN`; the others follow one by one.
  ///   - generation: the ruleset's generation that the batch is built on; a kernel whose ruleset has moved on
  ///     refuses it with ERESTART.
  ///   - isTrial: leave out the end, so that the kernel checks everything and then forgets it.
  /// - Returns: what is to be sent in one piece.
  package func datagram(sequence: UInt32, generation: UInt32?, isTrial: Bool) -> [UInt8] {
    let header = NetfilterHeader(
      family: NFTables.Family.unspecified, resourceID: UInt16(NetfilterSubsystem.nfTables))
    var writer = NetlinkWriter()
    let begin = writer.beginMessage(
      NetlinkHeader(type: NetfilterSubsystem.batchBegin, flags: .request, sequence: sequence), header)
    if let generation { writer.attribute(1, generation) }
    writer.endMessage(begin)
    var number = sequence
    for message in messages {
      number &+= 1
      var bytes = message.bytes
      unsafe withUnsafeBytes(of: number) { octets in
        for index in 0..<4 { bytes[8 + index] = unsafe octets[index] }
      }
      writer.raw(bytes)
      writer.pad()
    }
    guard !isTrial else { return writer.bytes }
    number &+= 1
    let end = writer.beginMessage(
      NetlinkHeader(type: NetfilterSubsystem.batchEnd, flags: .request, sequence: number), header)
    writer.endMessage(end)
    return writer.bytes
  }
}

/// The first refusal of a batch: which message, and what the kernel said of it.
package struct BatchRefusal: Error, Sendable {
  /// Nil for the batch as a whole.
  package var message: RulesetMessage?
  package var answer: Acknowledgement
}

extension NetlinkSession {
  /// Sends a transaction and waits until the kernel has carried it out or refused it.
  ///
  /// For `generation` and `isTrial` see ``RulesetTransaction/datagram(sequence:generation:isTrial:)``. Throws
  /// ``BatchRefusal`` for the first message that was refused, ``NetlinkError`` when nothing was sent.
  package func commit(_ transaction: RulesetTransaction, generation: UInt32?, isTrial: Bool = false) throws {
    // Each message may be refused, and a refusal takes this much of the receive buffer at most.
    if transaction.messages.count > 64 {
      _ = transport.enlargeReceiveBuffer(to: Int32(clamping: transaction.messages.count * 1024))
    }
    let first = nextSequence()
    for _ in 0...transaction.messages.count { _ = nextSequence() }
    try transport.send(transaction.datagram(sequence: first, generation: generation, isTrial: isTrial))
    // Answers to a batch come after it has been carried out, and only to what was refused. This request's answer
    // comes behind them, whoever is at the other end.
    let barrier = nextSequence()
    let request = RequestBuilder(
      type: NFTables.messageType(NFTables.Message.getGeneration), flags: .acknowledge, sequence: barrier,
      netfilter: NetfilterHeader(family: NFTables.Family.unspecified))
    try transport.send(request.bytes)
    let refusals = try answers(from: first, until: barrier)
    guard let refusal = refusals.min(by: { $0.request.sequence &- first < $1.request.sequence &- first })
    else { return }
    let index = Int(refusal.request.sequence &- first) - 1
    let messages = transaction.messages
    throw BatchRefusal(message: messages.indices.contains(index) ? messages[index] : nil, answer: refusal)
  }

  /// Refusals of requests from `first` on, read until the one numbered `barrier` has been answered; of more than any
  /// receive buffer holds, those that came first.
  private func answers(from first: UInt32, until barrier: UInt32) throws -> [Acknowledgement] {
    let buffer = ReceiveBuffer()
    var refusals: [Acknowledgement] = []
    var isComplete = false
    func read(_ datagram: RawSpan) throws {
      var messages = NetlinkMessageCursor(datagram)
      do throws(NetlinkFormatError) {
        while try messages.advance() {
          guard messages.type == NetlinkControlType.error else { continue }
          let answer = try Acknowledgement(messages.payload, flags: messages.flags)
          if messages.sequence == barrier {
            isComplete = true
          } else if messages.sequence &- first < barrier &- first, answer.errorNumber != 0 {
            refusals.append(answer)
          }
        }
      } catch {
        throw NetlinkError("change the ruleset", .badMessage, text: "\(error)")
      }
    }
    var overrun: NetlinkError?
    while !isComplete {
      do {
        try buffer.receive(from: transport, read)
      } catch let error as NetlinkError where error.number == .noBufferSpace {
        overrun = error
      }
      // The barrier's answer may be among what was lost.
      if overrun != nil, !transport.hasDatagram { break }
    }
    if let overrun, refusals.isEmpty { throw overrun }
    return refusals
  }
}
