// SPDX-License-Identifier: GPL-3.0-or-later

#if canImport(Glibc)
  private import Glibc
#endif

/// Growing memory that text is formatted into: the only file of this module that handles pointers.
///
/// `@safe`: nothing outside can reach beyond `count`, and every append makes room first.
@safe
package struct OutputBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Octets written since the last ``removeAll()``.
  package private(set) var count = 0

  /// - Parameter capacity: octets to make room for at once; the buffer grows beyond when it must.
  package init(capacity: Int = 1 << 16) {
    self.capacity = max(capacity, 64)
    unsafe base = .allocate(capacity: self.capacity)
  }

  deinit { unsafe base.deallocate() }

  /// Forgets the text and keeps the memory.
  package mutating func removeAll() { count = 0 }

  /// Shortens the text to its first `length` octets. Longer than the text is our own mistake and traps.
  package mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= count)
    count = length
  }

  /// The octet at `index`. Traps outside the text.
  package subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count)
    return unsafe base[index]
  }

  /// Calls `body` with the text as it lies in memory.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// The text, U+FFFD standing for what is not UTF-8.
  package var text: String {
    unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
  }

  /// A copy of the octets from `start` on.
  package func copy(from start: Int = 0) -> [UInt8] {
    precondition(start >= 0 && start <= count)
    return unsafe Array(UnsafeBufferPointer(start: base + start, count: count - start))
  }

  @inline(never)
  private mutating func grow(toFit needed: Int) {
    let larger = max(capacity * 2, count + needed)
    let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    unsafe fresh.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = fresh
    capacity = larger
  }

  /// Makes room for `needed` octets and returns where they go.
  @inline(__always)
  private mutating func room(_ needed: Int) -> UnsafeMutablePointer<UInt8> {
    if capacity &- count < needed { grow(toFit: needed) }
    return unsafe base + count
  }

  // MARK: Text

  /// Appends text known at compile time.
  @inline(__always)
  package mutating func append(_ literal: StaticString) {
    let length = literal.utf8CodeUnitCount
    let target = unsafe room(length)
    // Safe: room() promises `length` octets, and a StaticString with UTF-8 storage has as many.
    unsafe target.update(from: literal.utf8Start, count: length)
    count &+= length
  }

  /// Appends one octet.
  @inline(__always)
  package mutating func append(byte: UInt8) {
    let target = unsafe room(1)
    unsafe target[0] = byte
    count &+= 1
  }

  /// Appends octets as they are.
  package mutating func append(bytes: borrowing [UInt8]) {
    let target = unsafe room(bytes.count)
    for index in 0..<bytes.count { unsafe target[index] = bytes[index] }
    count &+= bytes.count
  }

  /// Appends a text's UTF-8.
  package mutating func append(text: String) {
    for unit in text.utf8 { append(byte: unit) }
  }

  /// Appends the text of another buffer.
  package mutating func append(contentsOf other: borrowing OutputBuffer) {
    let length = other.count
    let target = unsafe room(length)
    unsafe target.update(from: other.base, count: length)
    count &+= length
  }

  /// Appends `length` octets of another buffer from `start` on. Traps outside its text.
  package mutating func append(from other: borrowing OutputBuffer, at start: Int, count length: Int) {
    precondition(start >= 0 && length >= 0 && start + length <= other.count)
    let target = unsafe room(length)
    unsafe target.update(from: other.base + start, count: length)
    count &+= length
  }

  /// Appends `length` times the octet.
  package mutating func append(byte: UInt8, count length: Int) {
    guard length > 0 else { return }
    let target = unsafe room(length)
    unsafe target.update(repeating: byte, count: length)
    count &+= length
  }

  /// Replaces the octet at `index`. Traps outside the text.
  package mutating func replace(at index: Int, with byte: UInt8) {
    precondition(index >= 0 && index < count)
    unsafe base[index] = byte
  }

  // MARK: Numbers

  /// Appends `value` in decimal.
  @inline(__always)
  package mutating func append(decimal value: UInt64) {
    let target = unsafe room(20)
    if value < 10 {
      unsafe target[0] = UInt8(truncatingIfNeeded: value) &+ 0x30
      count &+= 1
    } else if value < 100 {
      unsafe Self.writePair(value, to: target)
      count &+= 2
    } else {
      count &+=
        unsafe value < 100_000_000 ? Self.writeShort(value, to: target) : Self.writeLong(value, to: target)
    }
  }

  /// Appends a signed `value` in decimal.
  package mutating func append(signed value: Int64) {
    if value < 0 { append(byte: 0x2d) }
    append(decimal: value.magnitude)
  }

  @inline(__always)
  package mutating func append(decimal value: UInt32) { append(decimal: UInt64(value)) }
  @inline(__always)
  package mutating func append(decimal value: UInt16) { append(decimal: UInt64(value)) }
  @inline(__always)
  package mutating func append(decimal value: UInt8) { append(decimal: UInt64(value)) }

  /// Appends `value` in lower-case hexadecimal without leading zeros.
  package mutating func append(hexadecimal value: UInt64) {
    let digits = max(1, (67 &- value.leadingZeroBitCount) / 4)
    let target = unsafe room(digits)
    for index in 0..<digits {
      let nibble = UInt8(truncatingIfNeeded: value >> UInt64(4 &* (digits &- 1 &- index))) & 0xf
      unsafe target[index] = nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x57
    }
    count &+= digits
  }

  /// Writes the two digits of a value below 100.
  @inline(__always)
  private static func writePair(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) {
    let tens = (value &* 205) >> 11  // exact for values below 100
    unsafe target[0] = UInt8(truncatingIfNeeded: tens) &+ 0x30
    unsafe target[1] = UInt8(truncatingIfNeeded: value &- tens &* 10) &+ 0x30
  }

  /// Writes the digits of a value from 100 to 99999999 and returns how many.
  private static func writeShort(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let high = value / 10_000
    let low = value &- high &* 10_000
    guard high > 0 else { return unsafe writeLeading(low, to: target) }
    let length = unsafe writeLeading(high, to: target)
    unsafe writeFour(low, to: target + length)
    return length &+ 4
  }

  /// Writes four digits, zeros first.
  @inline(__always)
  private static func writeFour(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) {
    let top = (value &* 5243) >> 19  // value / 100, exact below 10000
    unsafe writePair(top, to: target)
    unsafe writePair(value &- top &* 100, to: target + 2)
  }

  /// Writes a value below 10000 without leading zeros and returns the number of digits.
  @inline(__always)
  private static func writeLeading(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let top = (value &* 5243) >> 19
    let rest = value &- top &* 100
    if top == 0 {
      if rest < 10 {
        unsafe target[0] = UInt8(truncatingIfNeeded: rest) &+ 0x30
        return 1
      }
      unsafe writePair(rest, to: target)
      return 2
    }
    if top < 10 {
      unsafe target[0] = UInt8(truncatingIfNeeded: top) &+ 0x30
      unsafe writePair(rest, to: target + 1)
      return 3
    }
    unsafe writePair(top, to: target)
    unsafe writePair(rest, to: target + 2)
    return 4
  }

  /// Writes the digits of a value from 100000000 on and returns how many, at most 20.
  @inline(never)
  private static func writeLong(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let high = value / 100_000_000
    let low = value &- high &* 100_000_000
    let length: Int
    if high < 10 {
      unsafe target[0] = UInt8(truncatingIfNeeded: high) &+ 0x30
      length = 1
    } else if high < 100 {
      unsafe writePair(high, to: target)
      length = 2
    } else {
      length = unsafe high < 100_000_000 ? writeShort(high, to: target) : writeLong(high, to: target)
    }
    let top = low / 10_000
    unsafe writeFour(top, to: target + length)
    unsafe writeFour(low &- top &* 10_000, to: target + length + 4)
    return length &+ 8
  }

  /// Appends a decimal padded with zeros on the left to `width` digits.
  package mutating func append(decimal value: UInt64, width: Int) {
    let start = count
    append(decimal: value)
    let missing = width - (count - start)
    guard missing > 0 else { return }
    let target = unsafe room(missing)
    let digits = count - start
    for index in stride(from: digits - 1, through: 0, by: -1) {
      unsafe (target - digits)[index + missing] = (target - digits)[index]
    }
    for index in 0..<missing { unsafe (target - digits)[index] = 0x30 }
    count += missing
  }
}
