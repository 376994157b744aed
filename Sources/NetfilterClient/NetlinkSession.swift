// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Requests and their answers over a transport, one after another.
package final class NetlinkSession {
  package let transport: any NetlinkTransport
  private var sequence: UInt32 = 0

  package init(_ transport: any NetlinkTransport) { self.transport = transport }

  /// A number for the next request that no earlier one of this session had.
  package func nextSequence() -> UInt32 {
    sequence &+= 1
    return sequence
  }

  /// Sends a dump request and reads the answer while it arrives.
  ///
  /// - Parameters:
  ///   - operation: what is tried, for errors.
  ///   - request: the request, whose sequence number came from ``nextSequence()``.
  ///   - body: reads one message's type and payload; returns false when it wants no more, after which the session
  ///     must not be used again.
  /// - Returns: whether the table changed in a way that the kernel noticed (`NLM_F_DUMP_INTR`).
  /// - Throws: ``NetlinkError`` for a refusal, a broken answer or a failed receive; what `body` throws.
  package func dump(
    _ operation: String, _ request: [UInt8], _ body: (UInt16, RawSpan) throws -> Bool
  ) throws -> Bool {
    try transport.send(request)
    let expected = sequence
    var wasInterrupted = false
    // What `body` throws is passed on as it is.
    var bodysError: NetlinkError?
    let ring = BlockRing()
    do {
      try ring.pump(from: transport) { block in
        var messages = NetlinkMessageCursor(block)
        while try messages.advance() {
          guard messages.sequence == expected else { continue }
          let flags = messages.flags
          if flags.contains(.dumpInterrupted) { wasInterrupted = true }
          switch messages.type {
          case NetlinkControlType.done:
            guard messages.payload.byteCount >= 4 else { continue }
            let end = try Acknowledgement(messages.payload, flags: flags, isDone: true)
            if end.errorNumber != 0 { throw NetlinkError(operation, end) }
          case NetlinkControlType.error:
            let end = try Acknowledgement(messages.payload, flags: flags)
            if end.errorNumber != 0 { throw NetlinkError(operation, end) }
          case 0..<NetlinkControlType.firstFamilyType:
            continue
          default:
            do {
              guard try body(messages.type, messages.payload) else { return false }
            } catch let error as NetlinkError {
              bodysError = error
              throw error
            }
          }
        }
        return true
      }
    } catch let error as NetlinkFormatError {
      throw NetlinkError(operation, .badMessage, text: "\(error)")
    } catch let error as NetlinkError where error != bodysError && error.operation != operation {
      throw NetlinkError(operation, error.number, text: error.text, hint: error.hint)
    }
    return wasInterrupted
  }

  /// Sends a request that asks for an acknowledgement (`NLM_F_ACK`) and waits for it.
  ///
  /// - Parameters:
  ///   - operation: what is tried, for errors.
  ///   - request: the request, whose sequence number came from ``nextSequence()``.
  ///   - body: reads what is sent before the acknowledgement: the object of a get, or an echo.
  /// - Throws: ``NetlinkError`` for a refusal, a broken answer or a failed receive; what `body` throws.
  package func transact(
    _ operation: String, _ request: [UInt8], _ body: (UInt16, RawSpan) throws -> Void = { _, _ in }
  ) throws {
    try transport.send(request)
    let expected = sequence
    let buffer = ReceiveBuffer()
    var isComplete = false
    do {
      while !isComplete {
        try buffer.receive(from: transport) { datagram in
          var messages = NetlinkMessageCursor(datagram)
          while try !isComplete && messages.advance() {
            guard messages.sequence == expected else { continue }
            switch messages.type {
            case NetlinkControlType.error:
              let answer = try Acknowledgement(messages.payload, flags: messages.flags)
              guard answer.errorNumber == 0 else { throw NetlinkError(operation, answer) }
              isComplete = true
            case 0..<NetlinkControlType.firstFamilyType:
              continue
            default:
              try body(messages.type, messages.payload)
            }
          }
        }
      }
    } catch let error as NetlinkFormatError {
      throw NetlinkError(operation, .badMessage, text: "\(error)")
    } catch let error as NetlinkError where error.operation != operation {
      throw NetlinkError(operation, error.number, text: error.text, hint: error.hint)
    }
  }
}

extension NetlinkError {
  /// A refusal, as acknowledged.
  package init(_ operation: String, _ answer: Acknowledgement) {
    self.init(operation, ErrorNumber(rawValue: answer.errorNumber), text: answer.text)
  }
}
