// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// Requests that travel in one datagram, and the answers to all of them.
///
/// Only the last request asks for an acknowledgement: the kernel takes them in order and answers each that it
/// refuses, so that silence up to there is consent. Without the privilege, the kernel answers the first alone and
/// drops the others: send one request by itself first.
package struct RequestBatch: ~Copyable {
  /// Requests in a datagram. Refusals of all of them fit the receive buffer's default size four times.
  package static let usualLimit = 64

  private let session: NetlinkSession
  private let operation: String
  private let buffer = ReceiveBuffer()
  private var builder = RequestBuilder()
  private var datagram: [UInt8] = []
  private var lastOffset = 0
  private var firstSequence: UInt32 = 0
  /// Requests in the datagram.
  package private(set) var count = 0

  /// - Parameters:
  ///   - session: its socket must not be in use for anything else, such as a dump that is being read.
  ///   - operation: what each request tries, for errors: "delete a conntrack entry".
  package init(_ session: NetlinkSession, operation: String) {
    self.session = session
    self.operation = operation
    datagram.reserveCapacity(Self.usualLimit * 384)
  }

  /// Adds a request.
  ///
  /// - Parameter build: begins a request with the sequence number it is given.
  package mutating func append(_ build: (inout RequestBuilder, UInt32) -> Void) {
    let sequence = session.nextSequence()
    if count == 0 { firstSequence = sequence }
    build(&builder, sequence)
    precondition(builder.isComplete, "a request is larger than its builder")
    lastOffset = datagram.count
    builder.append(to: &datagram)
    count += 1
  }

  /// Sends the requests, waits for all answers, and begins anew.
  ///
  /// - Parameter reply: reads what a request asked for: the request's place, from 0, the message's type and payload.
  /// - Returns: refusals by the request's place, in order.
  /// - Throws: ``NetlinkError`` when nothing can be sent or received; what `reply` throws.
  package mutating func exchange(
    _ reply: (Int, UInt16, RawSpan) throws -> Void = { _, _, _ in }
  ) throws -> [(place: Int, error: NetlinkError)] {
    guard count > 0 else { return [] }
    // `nlmsg_flags` is in host byte order.
    let flagsOffset = lastOffset + 6 + (1.littleEndian == 1 ? 0 : 1)
    datagram[flagsOffset] |= UInt8(truncatingIfNeeded: NetlinkFlags.acknowledge.rawValue)
    defer {
      count = 0
      datagram.removeAll(keepingCapacity: true)
    }
    let total = UInt32(count)
    let first = firstSequence
    let operation = operation
    var refusals: [(place: Int, error: NetlinkError)] = []
    var isComplete = false
    do {
      try session.transport.send(datagram)
      while !isComplete {
        try buffer.receive(from: session.transport) { datagram in
          var messages = NetlinkMessageCursor(datagram)
          while try messages.advance() {
            let place = messages.sequence &- first
            guard place < total else { continue }
            guard messages.type == NetlinkControlType.error else {
              if messages.type >= NetlinkControlType.firstFamilyType {
                try reply(Int(place), messages.type, messages.payload)
              }
              continue
            }
            let answer = try Acknowledgement(messages.payload, flags: messages.flags)
            if answer.errorNumber != 0 { refusals.append((Int(place), NetlinkError(operation, answer))) }
            if place == total - 1 { isComplete = true }
          }
        }
      }
    } catch let error as NetlinkFormatError {
      throw NetlinkError(operation, .badMessage, text: "\(error)")
    } catch let error as NetlinkError where error.operation != operation {
      throw NetlinkError(operation, error.number, text: error.text, hint: error.hint)
    }
    return refusals
  }
}
