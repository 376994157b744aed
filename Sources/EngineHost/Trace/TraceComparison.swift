// SPDX-License-Identifier: GPL-3.0-or-later

/// Says whether what the engine did equals what was recorded. These alone may differ: the IPv4
/// identification and checksum, the IPv6 flow label and fragment identification of packets that the router
/// makes itself; time-outs by as much as a slow machine explains; `use=`; and the order of equal lines.
package enum TraceComparison {
  /// A frame with those fields zeroed that may differ, in packets in tunnels, too.
  static func masked(_ frame: [UInt8]) -> [UInt8] {
    var data = frame
    for header in NetworkHeader.all(in: frame) {
      let place = header.offset
      if header.isIPv6 {
        let next = header.next(in: frame)
        if [58, 6, 41, 4, 44].contains(next) {
          data[place + 1] &= 0xf0
          data[place + 2] = 0
          data[place + 3] = 0
        }
        if next == 44, data.count >= place + 48 {
          for offset in 44..<48 { data[place + offset] = 0 }
        }
      } else if isMadeByRouter(data, place) {
        for offset in [4, 5, 10, 11] { data[place + offset] = 0 }
      }
    }
    return data
  }

  /// Whether an IPv4 packet may be one that the router itself made: an ICMP error or echo reply, a tunnel's
  /// outer header, a TCP reset.
  private static func isMadeByRouter(_ data: [UInt8], _ place: Int) -> Bool {
    let number = data[place + 9]
    if number == 4 || number == 41 { return true }
    if number == 1, data.count > place + 20 {
      let start = place + Int(data[place] & 15) * 4
      if data.count > start, [3, 11, 12].contains(data[start]) { return true }
      return data[place + 20] == 0
    }
    return number == 6 && data.count > place + 33 && data[place + 33] & 4 != 0
  }

  package static func isSame(_ left: Trace.Frame, _ right: Trace.Frame) -> Bool {
    left.device == right.device && left.offload == right.offload
      && (left.octets == right.octets || masked(left.octets) == masked(right.octets))
  }

  /// A conntrack line without what may differ, and its time-out in seconds where it has one.
  static func key(_ line: String) -> (text: String, timeout: Int?) {
    var words = line.split(separator: " ", omittingEmptySubsequences: false).filter { !$0.hasPrefix("use=") }
    let filled = words.indices.filter { !words[$0].isEmpty }
    // family, its number, protocol, its number, and then the time-out unless the flow is offloaded.
    guard filled.count > 4, let timeout = UInt32(words[filled[4]]) else {
      return (words.joined(separator: " "), nil)
    }
    words.remove(at: filled[4])
    return (words.joined(separator: " "), Int(timeout))
  }

  /// Pairs of lines that are equal, and the first that are not.
  ///
  /// - Parameters:
  ///   - expected: recorded lines.
  ///   - actual: the engine's.
  ///   - elapsed: seconds since the recording began.
  /// - Returns: how many recorded lines have their equal, and the lines that have none, on either side.
  package static func compare(
    _ expected: [String], _ actual: [String], elapsed: Double
  ) -> (equal: Int, missing: [String], unexpected: [String]) {
    let slack = 2 + elapsed * 0.2
    var rest = actual
    var missing: [String] = []
    for line in expected {
      let wanted = key(line)
      let found = rest.firstIndex { candidate in
        let own = key(candidate)
        guard own.text == wanted.text, (own.timeout == nil) == (wanted.timeout == nil) else { return false }
        return Double(abs((own.timeout ?? 0) - (wanted.timeout ?? 0))) <= slack
      }
      if let found {
        rest.remove(at: found)
      } else {
        missing.append(line)
      }
    }
    return (expected.count - missing.count, missing, rest)
  }
}
