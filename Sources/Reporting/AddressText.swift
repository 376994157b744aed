// SPDX-License-Identifier: GPL-3.0-or-later
public import NetlinkWire

extension OutputBuffer {
  /// Appends an address in the form of inet_ntop(3).
  @inline(__always)
  package mutating func append(_ address: IPAddress) {
    if address.family == .ipv6 {
      append(ipv6: address)
    } else {
      append(ipv4: UInt32(truncatingIfNeeded: address.low))
    }
  }

  /// Appends an IPv4 address given in host byte order.
  @inline(__always)
  private mutating func append(ipv4 number: UInt32) {
    append(octet: UInt8(truncatingIfNeeded: number >> 24))
    append(byte: 0x2e)
    append(octet: UInt8(truncatingIfNeeded: number >> 16))
    append(byte: 0x2e)
    append(octet: UInt8(truncatingIfNeeded: number >> 8))
    append(byte: 0x2e)
    append(octet: UInt8(truncatingIfNeeded: number))
  }

  @inline(__always)
  private mutating func append(octet: UInt8) {
    if octet >= 100 {
      let hundreds = octet / 100
      append(byte: hundreds &+ 0x30)
      let rest = octet &- hundreds &* 100
      append(byte: rest / 10 &+ 0x30)
      append(byte: rest % 10 &+ 0x30)
    } else if octet >= 10 {
      append(byte: octet / 10 &+ 0x30)
      append(byte: octet % 10 &+ 0x30)
    } else {
      append(byte: octet &+ 0x30)
    }
  }

  /// RFC 5952 with glibc's habits: the first longest run of two or more zero groups is shortened, and an
  /// IPv4-compatible or IPv4-mapped address ends in dotted decimal.
  @inline(never)
  private mutating func append(ipv6 address: IPAddress) {
    func group(_ index: Int) -> UInt16 {
      let half = index < 4 ? address.high : address.low
      return UInt16(truncatingIfNeeded: half >> UInt64(48 &- 16 &* (index & 3)))
    }
    var best = (start: -1, length: 1)
    var index = 0
    while index < 8 {
      guard group(index) == 0 else {
        index &+= 1
        continue
      }
      let start = index
      while index < 8, group(index) == 0 { index &+= 1 }
      if index &- start > best.length { best = (start, index &- start) }
    }
    index = 0
    while index < 8 {
      if index == best.start {
        append("::")
        index &+= best.length
        continue
      }
      if index == 6, best.start == 0, best.length == 6 || (best.length == 5 && group(5) == 0xffff) {
        if best.length == 5 { append(byte: 0x3a) }
        append(ipv4: UInt32(truncatingIfNeeded: address.low))
        return
      }
      if index > 0, index != best.start &+ best.length || best.start < 0 { append(byte: 0x3a) }
      append(hexadecimal: UInt64(group(index)))
      index &+= 1
    }
  }
}

extension IPAddress: CustomStringConvertible {
  /// The address in the form of inet_ntop(3).
  public var description: String {
    var buffer = OutputBuffer(capacity: 64)
    buffer.append(self)
    return buffer.text
  }
}
