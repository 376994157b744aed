// SPDX-License-Identifier: GPL-3.0-or-later

extension OutputBuffer {
  /// Appends a JSON string, quotes included.
  package mutating func append(json text: String) {
    append(byte: 0x22)
    for unit in text.utf8 { append(jsonASCIIOrPart: unit) }
    append(byte: 0x22)
  }

  /// Appends octets as a JSON string, quotes included; U+FFFD stands for each octet that is not part of UTF-8.
  package mutating func append(json octets: borrowing [UInt8]) {
    append(byte: 0x22)
    var index = 0
    while index < octets.count {
      if octets[index] < 0x80 {
        append(jsonASCIIOrPart: octets[index])
        index &+= 1
        continue
      }
      let length = Self.sequenceLength(octets, at: index)
      if length == 0 {
        append("\u{fffd}")
        index &+= 1
      } else {
        for part in index..<(index + length) { append(byte: octets[part]) }
        index &+= length
      }
    }
    append(byte: 0x22)
  }

  /// Appends an octet of UTF-8, with JSON's escapes (RFC 8259 section 7) where it needs one.
  @inline(__always)
  private mutating func append(jsonASCIIOrPart octet: UInt8) {
    if octet >= 0x20, octet != 0x22, octet != 0x5c {
      append(byte: octet)
    } else {
      append(jsonEscape: octet)
    }
  }

  @inline(never)
  private mutating func append(jsonEscape octet: UInt8) {
    switch octet {
    case 0x22: append("\\\"")
    case 0x5c: append("\\\\")
    case 0x08: append("\\b")
    case 0x09: append("\\t")
    case 0x0a: append("\\n")
    case 0x0c: append("\\f")
    case 0x0d: append("\\r")
    default:
      append("\\u00")
      append(byte: octet >> 4 &+ 0x30)
      let low = octet & 0xf
      append(byte: low < 10 ? low &+ 0x30 : low &+ 0x57)
    }
  }

  /// How many octets the well-formed sequence at `index` has (Unicode, table 3-7); 0 where there is none.
  private static func sequenceLength(_ octets: borrowing [UInt8], at index: Int) -> Int {
    let first = octets[index]
    let length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    guard length > 0, index + length <= octets.count else { return 0 }
    let range: ClosedRange<UInt8>
    switch first {
    case 0xe0: range = 0xa0...0xbf
    case 0xed: range = 0x80...0x9f
    case 0xf0: range = 0x90...0xbf
    case 0xf4: range = 0x80...0x8f
    default: range = 0x80...0xbf
    }
    guard range.contains(octets[index + 1]) else { return 0 }
    for part in 2..<max(2, length) where octets[index + part] & 0xc0 != 0x80 { return 0 }
    return length
  }
}
