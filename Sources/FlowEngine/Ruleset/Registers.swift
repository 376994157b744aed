// SPDX-License-Identifier: GPL-3.0-or-later

/// Registers of the rules: twenty 32-bit words whose octets lie in memory as the kernel's do (words 0…3 are
/// the verdict's, 4…19 hold data). The engine runs on little-endian machines: the first octet of a word is
/// its lowest.
///
/// Source (Linux 7.2): struct nft_regs, nft_reg_store8 and its kin.
struct Registers {
  static let wordCount = 20
  private var words: InlineArray<20, UInt32> = InlineArray(repeating: 0)

  init() {}

  @inline(__always)
  subscript(_ word: Int) -> UInt32 {
    get { words[word] }
    set { words[word] = newValue }
  }

  /// The octet at `index` from the first octet of `word` on.
  @inline(__always)
  func octet(_ word: Int, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: words[word + index >> 2] >> UInt32(8 * (index & 3)))
  }

  /// Stores an octet and leaves the others of its word.
  @inline(__always)
  mutating func setOctet(_ word: Int, _ index: Int, _ value: UInt8) {
    let place = word + index >> 2
    let shift = UInt32(8 * (index & 3))
    words[place] = words[place] & ~(0xff << shift) | UInt32(value) << shift
  }

  /// A number of eight octets in host order.
  @inline(__always)
  mutating func store64(_ word: Int, _ value: UInt64) {
    words[word] = UInt32(truncatingIfNeeded: value)
    words[word + 1] = UInt32(truncatingIfNeeded: value >> 32)
  }

  /// Two octets in network order, the rest of the word cleared.
  @inline(__always)
  mutating func storeBig16(_ word: Int, _ value: UInt16) { words[word] = UInt32(value.byteSwapped) }

  /// Sixteen octets; the first is the most significant of `value`.
  @inline(__always)
  mutating func store128(_ word: Int, _ value: UInt128) {
    for index in 0..<4 {
      words[word + index] = UInt32(truncatingIfNeeded: value >> UInt128(96 - 32 * index)).byteSwapped
    }
  }

  /// Sixteen octets as a number whose most significant octet is the first.
  @inline(__always)
  func load128(_ word: Int) -> UInt128 {
    var value: UInt128 = 0
    for index in 0..<4 { value = value << 32 | UInt128(words[word + index].byteSwapped) }
    return value
  }

  /// Two octets in network order.
  @inline(__always)
  func loadBig16(_ word: Int) -> UInt16 { UInt16(truncatingIfNeeded: words[word]).byteSwapped }

  /// Two octets in host order.
  @inline(__always)
  func load16(_ word: Int) -> UInt16 { UInt16(truncatingIfNeeded: words[word]) }
}

/// Mask of the octets of a value's last word that belong to it.
@inline(__always)
func lastWordMask(octets length: Int) -> UInt32 {
  length & 3 == 0 ? 0xffff_ffff : (1 << UInt32(8 * (length & 3))) - 1
}
