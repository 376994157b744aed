// SPDX-License-Identifier: GPL-3.0-or-later

extension RawSpan {
  /// Octet at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public func u8(_ offset: Int) -> UInt8 {
    // Safe: UInt8 has no invalid bit patterns; the span checks bounds.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Big-endian 16-bit field at `offset` octets. Traps when out of bounds.
  @inlinable @inline(__always)
  public func be16(_ offset: Int) -> UInt16 {
    // Safe: UInt16 has no invalid bit patterns; the span checks bounds.
    unsafe UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// Big-endian 32-bit field at `offset` octets. Traps when out of bounds.
  @inlinable @inline(__always)
  public func be32(_ offset: Int) -> UInt32 {
    // Safe: UInt32 has no invalid bit patterns; the span checks bounds.
    unsafe UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Big-endian 64-bit field at `offset` octets. Traps when out of bounds.
  @inlinable @inline(__always)
  public func be64(_ offset: Int) -> UInt64 {
    // Safe: UInt64 has no invalid bit patterns; the span checks bounds.
    unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Eight octets at `offset` as a number, least significant first. The caller sees to it that they are there.
  @inlinable @inline(__always)
  @unsafe
  func uncheckedLittleEndian64(_ offset: Int) -> UInt64 {
    unsafe UInt64(
      littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  /// Six octets at `offset` as a MAC address. Traps when out of bounds.
  @inlinable @inline(__always)
  public func mac(_ offset: Int) -> MACAddress {
    MACAddress(UInt64(be16(offset)) << 32 | UInt64(be32(offset + 2)))
  }

  /// Four octets at `offset` as an IPv4 address. Traps when out of bounds.
  @inlinable @inline(__always)
  public func ipv4(_ offset: Int) -> Address { Address(ipv4: be32(offset)) }

  /// Sixteen octets at `offset` as an IPv6 address. Traps when out of bounds.
  @inlinable @inline(__always)
  public func ipv6(_ offset: Int) -> Address { Address(high: be64(offset), low: be64(offset + 8)) }

  /// The octets from `offset` to the end. Traps when `offset` is beyond the end.
  @inlinable @inline(__always)
  @_lifetime(copy self)
  public func dropping(_ offset: Int) -> RawSpan { extracting(droppingFirst: offset) }
}

extension [UInt8] {
  /// Appends `value` in network order.
  @inlinable
  public mutating func append(be16 value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  /// Appends `value` in network order.
  @inlinable
  public mutating func append(be32 value: UInt32) {
    append(be16: UInt16(truncatingIfNeeded: value >> 16))
    append(be16: UInt16(truncatingIfNeeded: value))
  }

  /// Appends `value` in network order.
  @inlinable
  public mutating func append(be64 value: UInt64) {
    append(be32: UInt32(truncatingIfNeeded: value >> 32))
    append(be32: UInt32(truncatingIfNeeded: value))
  }

  /// Appends the six octets of `address`.
  @inlinable
  public mutating func append(_ address: MACAddress) {
    append(be16: UInt16(truncatingIfNeeded: address.bits >> 32))
    append(be32: UInt32(truncatingIfNeeded: address.bits))
  }

  /// Appends the four octets of an IPv4 address.
  @inlinable
  public mutating func append(ipv4 address: Address) { append(be32: address.ipv4) }

  /// Appends the sixteen octets of an IPv6 address.
  @inlinable
  public mutating func append(ipv6 address: Address) {
    append(be64: address.high)
    append(be64: address.low)
  }

  /// Big-endian 16-bit field at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public func be16(_ offset: Int) -> UInt16 { raw.be16(offset) }

  /// Big-endian 32-bit field at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public func be32(_ offset: Int) -> UInt32 { raw.be32(offset) }

  /// Big-endian 64-bit field at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public func be64(_ offset: Int) -> UInt64 { raw.be64(offset) }

  /// Stores the octets of a number as they lie in memory. Traps when out of bounds.
  @inlinable @inline(__always)
  mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(octetsOf number: Number, at offset: Int) {
    precondition(offset >= 0 && offset <= count &- MemoryLayout<Number>.size)
    // Safe: the octets are inside the array.
    unsafe withUnsafeMutableBytes { unsafe $0.storeBytes(of: number, toByteOffset: offset, as: Number.self) }
  }

  /// Stores `value` in network order at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public mutating func store(be16 value: UInt16, at offset: Int) {
    store(octetsOf: value.bigEndian, at: offset)
  }

  /// Stores `value` in network order at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public mutating func store(be32 value: UInt32, at offset: Int) {
    store(octetsOf: value.bigEndian, at: offset)
  }

  /// Stores `value` in network order at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public mutating func store(be64 value: UInt64, at offset: Int) {
    store(octetsOf: value.bigEndian, at: offset)
  }

  /// Stores two numbers in network order, the second, which may overlap the first, `distance` octets after it. Traps when out of
  /// bounds.
  @inlinable @inline(__always)
  public mutating func store(be64 first: UInt64, at offset: Int, andAfter distance: Int, _ second: UInt64) {
    precondition(offset >= 0 && distance >= 0 && distance < count && offset <= count &- 8 &- distance)
    // Safe: the octets are inside the array.
    unsafe withUnsafeMutableBytes { octets in
      unsafe octets.storeBytes(of: first.bigEndian, toByteOffset: offset, as: UInt64.self)
      unsafe octets.storeBytes(of: second.bigEndian, toByteOffset: offset &+ distance, as: UInt64.self)
    }
  }

  /// Stores six octets at `offset`. Traps when out of bounds.
  @inlinable @inline(__always)
  public mutating func store(_ address: MACAddress, at offset: Int) {
    store(be16: UInt16(truncatingIfNeeded: address.bits >> 32), at: offset)
    store(be32: UInt32(truncatingIfNeeded: address.bits), at: offset + 2)
  }

  /// Stores an IPv6 address at `offset`. Traps when out of bounds.
  @inlinable
  public mutating func store(ipv6 address: Address, at offset: Int) {
    store(be64: address.high, at: offset)
    store(be64: address.low, at: offset + 8)
  }
}

extension [UInt8] {
  /// Appends all octets of `bytes`.
  package mutating func append(_ bytes: RawSpan) {
    // Safe: the buffer is not used after the closure.
    unsafe bytes.withUnsafeBytes { buffer in unsafe append(contentsOf: buffer) }
  }

  /// Becomes `bytes`, in the memory that it has where that is its own and enough.
  package mutating func overwrite(with bytes: RawSpan) {
    if count > bytes.byteCount { removeLast(count - bytes.byteCount) }
    let known = count
    // Safe: both have at least `known` octets, and an array's own octets are not those of a span.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        guard known > 0, let to = target.baseAddress, let from = source.baseAddress else { return }
        unsafe to.copyMemory(from: from, byteCount: known)
      }
    }
    if known < bytes.byteCount { append(bytes.dropping(known)) }
  }

  /// `room` octets of zero, at most 64, then `bytes`.
  package init(room: Int, before bytes: RawSpan) {
    // Not by `init(repeating:count:)` or `init(unsafeUninitializedCapacity:)`: outside the standard library these look up the type
    // of their storage each time.
    self.init()
    reserveCapacity(room + bytes.byteCount)
    let zeros = [64 of UInt8](repeating: 0)
    // Safe: the octets outlive the closure.
    if room > 0 { unsafe Swift.withUnsafeBytes(of: zeros) { unsafe append(contentsOf: $0[..<room]) } }
    append(bytes)
  }

  /// The octets of the array, for the views.
  @inlinable @inline(__always)
  public var raw: RawSpan {
    @_lifetime(borrow self) get {
      // Safe: UInt8 has no padding, every octet is initialised.
      unsafe span.bytes
    }
  }
}
