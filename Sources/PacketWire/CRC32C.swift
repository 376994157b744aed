// SPDX-License-Identifier: GPL-3.0-or-later

/// The checksum of SCTP (RFC 9260 appendix A): CRC-32 with Castagnoli's polynomial.
package enum CRC32C {
  private static let table: [256 of UInt32] = {
    var table: [256 of UInt32] = .init(repeating: 0)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 != 0 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
      table[index] = value
    }
    return table
  }()

  /// The checksum of `bytes`; its least significant octet comes first on the wire.
  package static func compute(_ bytes: RawSpan) -> UInt32 {
    var crc = UInt32.max
    for offset in 0..<bytes.byteCount {
      crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes.u8(offset))]
    }
    return ~crc
  }
}
