// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

/// Sends many requests, several in one datagram, and tells the answer to each in the order in which they were
/// given. Holds no more than one datagram of requests.
///
/// Only the last request of a datagram asks for an acknowledgement: the kernel takes them in order and answers
/// each that it refuses, so that silence up to there is consent.
package struct RequestQueue: ~Copyable {
  /// Requests in a datagram. Refusals of all of them fit the receive buffer's default size four times.
  package static let usualLimit = 64

  private let session: NetlinkSession
  private let operation: String
  private let limit: Int
  private let buffer = ReceiveBuffer()
  private var builder = RequestBuilder()
  private var datagram: [UInt8] = []
  private var lastOffset = 0
  private var firstSequence: UInt32 = 0
  private var pending = 0
  private var answered = 0
  /// Refusals of the datagram on its way, by the request's place in it.
  private var refusals: [(place: Int, error: NetlinkError)] = []
  /// Whether the kernel lets us: without the privilege it answers the first request of a datagram alone, so that
  /// waiting for the last one's answer would not end.
  private var isPermitted = false

  /// - Parameters:
  ///   - session: its socket must not be in use for anything else, such as a dump that is being read.
  ///   - operation: what each request tries, for errors: "delete a conntrack entry".
  ///   - limit: requests in a datagram at most.
  package init(_ session: NetlinkSession, operation: String, limit: Int = usualLimit) {
    self.session = session
    self.operation = operation
    self.limit = limit
    datagram.reserveCapacity(limit * 384)
  }

  /// Requests that were given and not answered yet.
  package var unanswered: Int { pending }

  /// Adds a request, and sends what has gathered when that is a datagram's worth.
  ///
  /// - Parameters:
  ///   - build: begins a request with the sequence number it is given.
  ///   - answer: told the answer to each request that has been sent: its place among all of the queue, from 0, and
  ///     the refusal, or nil for success.
  /// - Throws: ``NetlinkError`` when nothing can be sent or received; what `answer` throws.
  package mutating func append(
    _ build: (inout RequestBuilder, UInt32) -> Void, answer: (Int, NetlinkError?) throws -> Void
  ) throws {
    let sequence = session.nextSequence()
    if pending == 0 { firstSequence = sequence }
    build(&builder, sequence)
    precondition(builder.isComplete, "a request is larger than its builder")
    lastOffset = datagram.count
    builder.append(to: &datagram)
    pending += 1
    if pending >= (isPermitted ? limit : 1) { try finish(answer: answer) }
  }

  /// Sends what is left and waits for its answers.
  ///
  /// - Throws: as ``append(_:answer:)``.
  package mutating func finish(answer: (Int, NetlinkError?) throws -> Void) throws {
    guard pending > 0 else { return }
    // `nlmsg_flags` is in host byte order.
    let flagsOffset = lastOffset + 6 + (1.littleEndian == 1 ? 0 : 1)
    datagram[flagsOffset] |= UInt8(truncatingIfNeeded: NetlinkFlags.acknowledge.rawValue)
    try session.transport.send(datagram)
    try receiveAnswers()
    let count = pending
    let base = answered
    let refused = refusals
    answered += count
    pending = 0
    datagram.removeAll(keepingCapacity: true)
    refusals.removeAll(keepingCapacity: true)
    isPermitted = isPermitted || refused.isEmpty || refused[0].error.number != .operationNotPermitted
    var next = refused.startIndex
    for place in 0..<count {
      if next < refused.endIndex, refused[next].place == place {
        try answer(base + place, refused[next].error)
        next += 1
      } else {
        try answer(base + place, nil)
      }
    }
  }

  private mutating func receiveAnswers() throws {
    let count = UInt32(pending)
    let first = firstSequence
    let operation = operation
    var found: [(place: Int, error: NetlinkError)] = []
    var isComplete = false
    do {
      while !isComplete {
        try buffer.receive(from: session.transport) { datagram in
          var messages = NetlinkMessageCursor(datagram)
          while try messages.advance() {
            let place = messages.sequence &- first
            guard messages.type == NetlinkControlType.error, place < count else { continue }
            let answer = try Acknowledgement(messages.payload, flags: messages.flags)
            if answer.errorNumber != 0 { found.append((Int(place), NetlinkError(operation, answer))) }
            if place == count - 1 { isComplete = true }
          }
        }
      }
    } catch let error as NetlinkFormatError {
      throw NetlinkError(operation, .badMessage, text: "\(error)")
    } catch let error as NetlinkError {
      throw NetlinkError(operation, error.number, text: error.text, hint: error.hint)
    }
    refusals = found
  }
}
