// SPDX-License-Identifier: GPL-3.0-or-later

/// Sends any number of requests, many in a datagram, and tells the answer to each in the order in which they were
/// given. Holds no more than one datagram of requests.
package struct RequestQueue: ~Copyable {
  private var batch: RequestBatch
  private let limit: Int
  private var answered = 0
  /// Whether the kernel lets us; until that is known, each request travels alone.
  private var isPermitted = false

  /// - Parameters:
  ///   - session: its socket must not be in use for anything else, such as a dump that is being read.
  ///   - operation: what each request tries, for errors: "delete a conntrack entry".
  ///   - limit: requests in a datagram at most.
  package init(_ session: NetlinkSession, operation: String, limit: Int = RequestBatch.usualLimit) {
    batch = RequestBatch(session, operation: operation)
    self.limit = limit
  }

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
    batch.append(build)
    if batch.count >= (isPermitted ? limit : 1) { try finish(answer: answer) }
  }

  /// Sends what is left and waits for its answers.
  ///
  /// - Throws: as ``append(_:answer:)``.
  package mutating func finish(answer: (Int, NetlinkError?) throws -> Void) throws {
    let count = batch.count
    guard count > 0 else { return }
    let base = answered
    let refusals = try batch.exchange()
    answered += count
    isPermitted = isPermitted || refusals.isEmpty || refusals[0].error.number != .operationNotPermitted
    var next = refusals.startIndex
    for place in 0..<count {
      if next < refusals.endIndex, refusals[next].place == place {
        try answer(base + place, refusals[next].error)
        next += 1
      } else {
        try answer(base + place, nil)
      }
    }
  }
}
