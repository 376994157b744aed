// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire
import Testing

@Suite("internet checksum")
struct ChecksumTests {
  @Test("the example of RFC 1071 section 3")
  func example() {
    let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
    #expect(Checksum.fold(Checksum.sum(bytes.raw)) == 0xddf2)
    #expect(Checksum.compute(bytes.raw) == ~0xddf2)
  }

  @Test("an odd last octet is the high half of a word")
  func oddLength() {
    #expect(Checksum.fold(Checksum.sum([0x12, 0x34, 0x56].raw)) == 0x1234 + 0x5600)
  }

  @Test("octets of any number add up to what their words do, one by one, on top of any sum")
  func everyLength() {
    var generator = SystemRandomNumberGenerator()
    for count in 0...100 {
      for bytes in [
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) },
        [UInt8](repeating: 0xff, count: count), [UInt8](repeating: 0, count: count),
      ] {
        var words: UInt64 = 0
        for (offset, octet) in bytes.enumerated() { words += UInt64(octet) << (offset % 2 == 0 ? 8 : 0) }
        for initial: UInt64 in [0, 1, 0xffff, 0x1_fffe, 0x3_ffff_ffff] {
          let sum = Checksum.sum(bytes.raw, initial)
          #expect(sum < 1 << 33)
          #expect(Checksum.fold(sum) == Checksum.fold(initial + words))
        }
      }
    }
  }

  @Test("a changed word changes the checksum as a new sum would")
  func incremental() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      var bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let before = Checksum.compute(bytes.raw)
      let old = bytes.be32(8)
      let new = UInt32.random(in: 1..<UInt32.max, using: &generator)
      bytes.store(be32: new, at: 8)
      let after = Checksum.compute(bytes.raw)
      let updated = Checksum.replacing(before, old, with: new)
      // 0 and 0xffff are the same number in one's complement.
      #expect(updated == after || (updated ^ after == 0xffff && (updated == 0 || after == 0)))
    }
  }

  @Test("a delta is added with the borrow at the low end, for every checksum")
  func delta() {
    for delta: UInt16 in [0, 1, 0x00ff, 0x7fff, 0x8000, 0xfffe, 0xffff] {
      for checksum in 0...UInt16.max {
        let (difference, borrow) = checksum.subtractingReportingOverflow(delta)
        #expect(Checksum.adding(delta, to: checksum) == (borrow ? difference &- 1 : difference))
      }
    }
  }

  @Test(
    "a TTL that goes down keeps a header valid, and 0xffff becomes 0",
    arguments: [UInt16(0), 1, 0x0700, 0xfeff, 0xfeee])
  func timeToLive(checksum: UInt16) {
    let wide = UInt32(checksum) + 0x100
    #expect(
      Checksum.decrementingTTL(checksum) == UInt16(truncatingIfNeeded: wide >= 0xffff ? wide + 1 : wide))
  }

  @Test("the pseudo headers of both families")
  func pseudoHeader() {
    let sum = Checksum.pseudoHeader(
      Address(ipv4: 0xc000_0202), Address(ipv4: 0xc633_6402), proto: 6, length: 20)
    #expect(Checksum.fold(sum) == Checksum.fold(0xc000 + 0x0202 + 0xc633 + 0x6402 + 6 + 20))
  }

  @Test("CRC-32C of the digits")
  func castagnoli() {
    #expect(CRC32C(Array("123456789".utf8).raw).value == 0xe306_9283)
  }

  /// RFC 3720 appendix B.4.
  @Test("CRC-32C of zeros, ones, and counted octets")
  func castagnoliVectors() {
    #expect(CRC32C([UInt8](repeating: 0, count: 32).raw).value == 0x8a91_36aa)
    #expect(CRC32C([UInt8](repeating: 0xff, count: 32).raw).value == 0x62a8_ab43)
    #expect(CRC32C([UInt8](0..<32).raw).value == 0x46dd_794e)
  }

  @Test("the checksum of an SCTP packet leaves its own field out")
  func sctp() {
    var bytes = [UInt8](0..<28)
    bytes.replaceSubrange(8..<12, with: [0, 0, 0, 0])
    let crc = CRC32C(bytes.raw).value
    bytes.replaceSubrange(8..<12, with: (0..<4).map { UInt8(truncatingIfNeeded: crc >> ($0 * 8)) })
    #expect(SCTPView(checking: bytes.raw)?.hasValidChecksum == true)
    bytes[27] ^= 1
    #expect(SCTPView(checking: bytes.raw)?.hasValidChecksum == false)
  }
}
