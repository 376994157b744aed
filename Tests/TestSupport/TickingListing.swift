// SPDX-License-Identifier: GPL-3.0-or-later
package import Foundation
import Glibc

/// Three listings of one table that did not change, one after the other: only seconds may differ, and those of the
/// second listing lie between those of the first and the third.
package struct TickingListing {
  /// Where the seconds stand in a line.
  package enum Form {
    /// conntrack's line, without or with the layer 3 protocol in front.
    case line(isExtended: Bool)
    case xml
    case save
  }

  private let form: Form

  package init(form: Form) { self.form = form }

  /// What is wrong with `middle`; nil when nothing is.
  package func difference(_ before: Data, _ middle: Data, _ after: Data) -> String? {
    let (before, after) = (named(before), named(after))
    // Safe: the three buffers outlive the closures, and every offset lies inside a line of its buffer.
    return unsafe before.withUnsafeBytes { first in
      unsafe middle.withUnsafeBytes { second in
        unsafe after.withUnsafeBytes { third in unsafe compare(first, second, third) }
      }
    }
  }

  /// conntrack 1.4.7 has no word for the last states of SCTP when it saves, and writes `(null)`; we name them.
  private func named(_ listing: Data) -> Data {
    guard case .save = form, listing.range(of: Data("(null)".utf8)) != nil else { return listing }
    let text = String(decoding: listing, as: UTF8.self)
    return Data(text.replacingOccurrences(of: "--state (null)", with: "--state HEARTBEAT_SENT").utf8)
  }

  private func compare(
    _ before: UnsafeRawBufferPointer, _ middle: UnsafeRawBufferPointer, _ after: UnsafeRawBufferPointer
  ) -> String? {
    var starts = (0, 0, 0)
    var number = 0
    while starts.0 < before.count && starts.1 < middle.count && starts.2 < after.count {
      number += 1
      let first = unsafe Self.line(before, &starts.0)
      let second = unsafe Self.line(middle, &starts.1)
      let third = unsafe Self.line(after, &starts.2)
      if unsafe Self.areEqual(second, first) || Self.areEqual(second, third) { continue }
      if let reason = unsafe mismatch(first, second, third) {
        return unsafe """
        line \(number): \(reason)
        before: \(Self.text(first))
        ours:   \(Self.text(second))
        after:  \(Self.text(third))
        """
      }
    }
    let rests = (before.count - starts.0, middle.count - starts.1, after.count - starts.2)
    return rests == (0, 0, 0) ? nil : "after \(number) lines, \(rests) octets are left over"
  }

  /// The line from `start` on, without its end; `start` moves behind it.
  private static func line(_ text: UnsafeRawBufferPointer, _ start: inout Int) -> UnsafeRawBufferPointer {
    let rest = unsafe UnsafeRawBufferPointer(rebasing: text[start...])
    guard let base = rest.baseAddress else { return unsafe rest }
    let length =
      unsafe memchr(base, 0x0a, rest.count).map { unsafe UnsafeRawPointer($0) - base } ?? rest.count
    start += length + 1
    return unsafe UnsafeRawBufferPointer(start: base, count: length)
  }

  private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let first = left.baseAddress, let second = right.baseAddress else { return true }
    return unsafe memcmp(first, second, left.count) == 0
  }

  private static func text(_ octets: UnsafeRawBufferPointer) -> String {
    unsafe String(decoding: octets, as: UTF8.self)
  }

  private func mismatch(
    _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, _ third: UnsafeRawBufferPointer
  ) -> String? {
    let parts = unsafe (self.parts(first), self.parts(second), self.parts(third))
    guard parts.0.seconds.count == parts.1.seconds.count, parts.2.seconds.count == parts.1.seconds.count
    else {
      return "other numbers of seconds"
    }
    for index in parts.1.seconds.indices {
      let ends = [parts.0.seconds[index], parts.2.seconds[index]].sorted()
      guard (ends[0]...ends[1]).contains(parts.1.seconds[index]) else {
        return "\(parts.1.seconds[index]) s does not lie between"
      }
    }
    return parts.0.rest == parts.1.rest ? nil : "other text"
  }

  /// The numbers of seconds in a line, and the line without them.
  private func parts(_ line: UnsafeRawBufferPointer) -> (seconds: [UInt64], rest: [UInt8]) {
    var seconds: [UInt64] = []
    var rest: [UInt8] = []
    var position = 0
    for place in unsafe places(line) where place >= position {
      var end = place
      var value: UInt64 = 0
      while end < line.count, unsafe (0x30...0x39).contains(line[end]) {
        value = unsafe value &* 10 &+ UInt64(line[end] - 0x30)
        end += 1
      }
      guard end > place else { continue }
      seconds.append(value)
      unsafe rest.append(contentsOf: line[position..<place])
      position = end
    }
    unsafe rest.append(contentsOf: line[position...])
    return (seconds, rest)
  }

  /// Where seconds may begin, in order.
  private func places(_ line: UnsafeRawBufferPointer) -> [Int] {
    switch form {
    case .line(let isExtended):
      // Names are padded to eight octets; a blank, the number and a blank follow each.
      var place = 0
      for _ in 0..<(isExtended ? 2 : 1) {
        place = unsafe Self.place(after: " ", in: line, from: place + 9) ?? line.count
      }
      return unsafe [place] + [Self.place(after: " delta-time=", in: line, from: place)].compactMap(\.self)
    case .xml:
      return ["<timeout>", "<deltatime>"].compactMap { unsafe Self.place(after: $0, in: line, from: 0) }
    case .save:
      return unsafe [Self.place(after: " -t ", in: line, from: 0)].compactMap { $0 }
    }
  }

  /// Where `mark` ends. It is looked for by its rarest letter, as most of the time goes into this.
  private static func place(after mark: StaticString, in line: UnsafeRawBufferPointer, from start: Int)
    -> Int?
  {
    let octets = unsafe UnsafeBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount)
    let pivot = unsafe octets.firstIndex(of: 0x2d) ?? octets.firstIndex(of: 0x6d) ?? 0
    guard let base = line.baseAddress, let first = octets.baseAddress else { return nil }
    var position = start + pivot
    while position < line.count {
      guard let found = unsafe memchr(base + position, Int32(first[pivot]), line.count - position) else {
        return nil
      }
      let begin = unsafe UnsafeRawPointer(found) - base - pivot
      if begin + octets.count <= line.count, unsafe memcmp(base + begin, first, octets.count) == 0 {
        return begin + octets.count
      }
      position = begin + pivot + 1
    }
    return nil
  }
}
