// SPDX-License-Identifier: GPL-3.0-or-later

/// The checksum of SCTP (RFC 9260 appendix A): CRC-32 with Castagnoli's polynomial.
package struct CRC32C {
  private static let table: [256 of UInt32] = {
    var table: [256 of UInt32] = .init(repeating: 0)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 != 0 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
      table[index] = value
    }
    return table
  }()

  private var register = UInt32.max

  /// Takes in `bytes`.
  package init(_ bytes: RawSpan) { update(bytes) }

  /// The checksum of what was taken in; its least significant octet comes first on the wire.
  package var value: UInt32 { ~register }

  /// Takes in `bytes`.
  package mutating func update(_ bytes: RawSpan) {
    for offset in 0..<bytes.byteCount { update(bytes.u8(offset)) }
  }

  /// Takes in so many zero octets.
  package mutating func update(zeros count: Int) {
    for _ in 0..<count { update(0) }
  }

  private mutating func update(_ octet: UInt8) {
    register = register >> 8 ^ Self.table[Int(UInt8(truncatingIfNeeded: register) ^ octet)]
  }
}
