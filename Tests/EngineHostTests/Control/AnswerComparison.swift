// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// One netlink message, made ready to be compared with that of another system in the same state.
///
/// What stays different is taken out here and nowhere else: hashes and clocks.
struct ComparableMessage: Equatable {
  /// The message, its header included, with zeros where something was taken out.
  private(set) var octets: [UInt8]
  /// Times that are left, in milliseconds, in the order of the message.
  private(set) var times: [UInt64] = []

  /// How far apart two times may be: the guest in which a recording was made is slow.
  private static let tolerance: UInt64 = 3000

  static func == (left: Self, right: Self) -> Bool {
    left.octets == right.octets && left.times.count == right.times.count
      && zip(left.times, right.times).allSatisfy { max($0, $1) - min($0, $1) <= tolerance }
  }

  private enum Mask {
    /// A hash with a secret of the system's (nf_ct_get_id, nf_expect_get_id).
    case hash
    /// A clock's time of day.
    case clock
    /// A time that is left: seconds in four octets, milliseconds in eight.
    case left
  }

  /// - Parameters:
  ///   - message: with its header, without padding.
  ///   - sortsElements: whether the elements of a set come in the order of a hash with a secret of the system's.
  init(_ message: [UInt8], sortsElements: Bool = false) {
    octets = message
    guard message.count >= 20 else { return }
    switch (message[5], message[4]) {
    case (1, 0), (1, 2):
      mask([12], .hash)
      mask([7], .left)
      mask([20, 1], .clock)
      mask([20, 2], .clock)
      mask([27], .clock)
    case (2, 0), (2, 2):
      mask([5], .hash)
      mask([4], .left)
    case (10, 12), (10, 14):
      if sortsElements { sortElements() }
      mask([3, 1, 5], .left)
    case (10, 17):
      mask([6], .hash)
      mask([18], .hash)
      // The router's own packets, which have no header of a link, have identifications of chance.
      if places([7]).isEmpty, let header = places([8]).first, header.count == 20 {
        for offset in [4, 5, 10, 11] { octets[header.lowerBound + offset] = 0 }
      }
    default: break
    }
  }

  /// Where the payloads of a kind of attribute lie.
  private func places(_ path: [UInt16]) -> [Range<Int>] {
    var ranges = [20..<octets.count]
    for type in path {
      ranges = ranges.flatMap { range in attributes(in: range).filter { $0.type == type }.map(\.payload) }
    }
    return ranges
  }

  private func attributes(in range: Range<Int>) -> [(type: UInt16, payload: Range<Int>)] {
    // Safe: the span ends before the array is written again.
    var cursor = unsafe AttributeCursor(
      octets.span.bytes.extracting(first: range.upperBound), from: range.lowerBound)
    var found: [(type: UInt16, payload: Range<Int>)] = []
    while let more = try? cursor.advance(), more {
      let start = cursor.attributeOffset + 4
      found.append((cursor.type, start..<start + cursor.payloadLength))
    }
    return found
  }

  private mutating func mask(_ path: [UInt16], _ mask: Mask) {
    for place in places(path) {
      if case .left = mask {
        let number = octets[place].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        times.append(place.count == 4 ? number * 1000 : number)
      }
      for index in place { octets[index] = 0 }
    }
  }

  private mutating func sortElements() {
    for list in places([3]) {
      let elements = attributes(in: list).map {
        Array(octets[$0.payload.lowerBound - 4..<$0.payload.upperBound])
      }
      // Elements are whole words: sorted, they fill the same room.
      let sorted = elements.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 }
      guard sorted.count == list.count else { continue }
      octets.replaceSubrange(list, with: sorted)
    }
  }

  /// The messages of a datagram.
  static func messages(of datagram: [UInt8]) -> [[UInt8]] {
    // Safe: the span does not outlive the array.
    var cursor = unsafe NetlinkMessageCursor(datagram.span.bytes)
    var messages: [[UInt8]] = []
    while let more = try? cursor.advance(), more { messages.append(cursor.message.copied) }
    return messages
  }

  /// The message as a person reads it: the header's fields, and each attribute on a line of its own.
  var lines: [String] {
    guard octets.count >= 20 else { return [hexadecimal(octets[...])] }
    let header = octets[0..<16]
    var lines = [
      "type \(octets[5])/\(octets[4]) flags \(hexadecimal(octets[6..<8])) header \(hexadecimal(header))"
    ]
    if octets[5] == 0, octets[4] == 2 {
      lines.append("error \(hexadecimal(octets[16..<20]))")
      let capped = octets[7] & 1 != 0
      let echoed = octets.count >= 24 ? (Int(octets[20]) | Int(octets[21]) << 8 + 3) & ~3 : 0
      let end = min(octets.count, 20 + (capped ? 16 : echoed))
      lines.append("about \(hexadecimal(octets[20..<end]))")
      lines += attributeLines(end..<octets.count, "  ")
    } else {
      lines.append("family \(hexadecimal(octets[16..<20]))")
      lines += attributeLines(20..<octets.count, "  ")
    }
    return lines
  }

  private func attributeLines(_ range: Range<Int>, _ indent: String) -> [String] {
    attributes(in: range).flatMap { type, payload in
      let inner = attributes(in: payload)
      let whole = inner.reduce(0) { $0 + ($1.payload.count + 7) & ~3 }
      let isNest = !inner.isEmpty && whole >= payload.count && inner.allSatisfy { 1...64 ~= $0.type }
      return isNest
        ? ["\(indent)\(type)"] + attributeLines(payload, indent + "  ")
        : ["\(indent)\(type) \(hexadecimal(octets[payload]))"]
    }
  }

  private func hexadecimal(_ octets: ArraySlice<UInt8>) -> String {
    octets.map { octet in String(octet >> 4, radix: 16) + String(octet & 15, radix: 16) }.joined()
  }
}

/// What comes of one request: the messages of each datagram.
struct ComparableAnswers: Equatable {
  var datagrams: [[ComparableMessage]]

  /// - Parameters:
  ///   - datagrams: in the order in which they came.
  ///   - request: what they answer.
  init(_ datagrams: [[UInt8]], to request: [UInt8]) {
    let isDump = request.count >= 20 && request[7] & 3 == 3
    let isOfEntries = request.count >= 20 && (request[5] == 1 || request[5] == 2)
    let isUnordered = isOfEntries && (isDump || request[4] == 2)
    self.datagrams = datagrams.map { datagram in
      ComparableMessage.messages(of: datagram).map { message in
        ComparableMessage(message, sortsElements: isDump && !Self.isOrdered(request))
      }
    }
    // A hash with a secret of the system's orders the entries of a dump, and so where its datagrams are cut, and what
    // a flush tells.
    if isUnordered {
      self.datagrams = [
        self.datagrams.flatMap { $0 }.sorted { left, right in
          let ends = (Self.isEnd(left.octets), Self.isEnd(right.octets))
          return ends.0 == ends.1 ? left.octets.lexicographicallyPrecedes(right.octets) : ends.1
        }
      ]
    }
  }

  private var times: [UInt64] { datagrams.flatMap { $0.flatMap(\.times) } }

  private static func isEnd(_ message: [UInt8]) -> Bool { message[5] == 0 }

  /// Whether the request is for the elements of the one set of the scenarios that keeps an order.
  private static func isOrdered(_ request: [UInt8]) -> Bool {
    request.split(separator: 0).contains { $0.elementsEqual("ranges".utf8) }
  }

  /// What differs, as the lines of a message that the other has not.
  func differences(from other: ComparableAnswers) -> String {
    func lines(_ answers: ComparableAnswers) -> [String] {
      answers.datagrams.flatMap { ["datagram"] + $0.flatMap(\.lines) }
    }
    let (expected, actual) = (lines(self), lines(other))
    if expected == actual { return "    times \(times) and \(other.times)" }
    return actual.difference(from: expected).map { change in
      switch change {
      case .insert(let offset, let line, _): "    + \(offset): \(line)"
      case .remove(let offset, let line, _): "    - \(offset): \(line)"
      }
    }.joined(separator: "\n")
  }
}
