// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import Reporting

/// Entries of dumps as conntrack(8) prints them.
enum ConntrackLines {
  /// The lines of one datagram of a dump.
  static func lines(of datagram: [UInt8], _ format: LineFormat, _ context: FormatContext) -> [String] {
    var lines: [String] = []
    // Safe: the span does not outlive the array.
    var messages = unsafe NetlinkMessageCursor(datagram.span.bytes)
    while let more = try? messages.advance(), more {
      guard messages.type == ConntrackMessage.type(ConntrackMessage.new) else { continue }
      var entry = NetlinkWire::ConntrackEntry()
      guard (try? entry.decode(messages.payload)) != nil else { continue }
      var output = OutputBuffer()
      format.append(entry, context, to: &output)
      lines.append(String(decoding: output.copy(), as: UTF8.self))
    }
    return lines
  }
}

/// Errors in answers.
enum NetlinkReply {
  /// The errno of the first refused request in a datagram; nil when there is none.
  static func error(_ datagram: [UInt8]) -> Int32? {
    // Safe: the span does not outlive the array.
    var messages = unsafe NetlinkMessageCursor(datagram.span.bytes)
    while let more = try? messages.advance(), more {
      guard messages.type == NetlinkControlType.error, messages.payload.byteCount >= 4 else { continue }
      let number = Int32(bitPattern: messages.payload.host32(at: 0))
      if number != 0 { return -number }
    }
    return nil
  }
}
