// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads captures of Ethernet frames in the forms pcap and pcapng, in either byte order, one frame at a time.
///
/// Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
package final class CaptureReader {
  /// Most octets of a block.
  private static let largestBlock = 16 << 20
  private static let largestFrame = 262_144
  private static let ethernet = 1

  private struct Interface {
    var isEthernet: Bool
    /// Units of a time stamp in a second: a power of ten or of two.
    var exponent = 6
    var isBinary = false
    /// Seconds to add.
    var offset: Int64 = 0
  }

  private enum Form {
    case pcap(fraction: UInt64)
    case pcapng
  }

  private let input: OctetReader
  private var form = Form.pcapng
  private var isSwapped = false
  private var interfaces: [Interface] = []
  private var lastTime: UInt64 = 0

  /// Opens the file and reads its header.
  ///
  /// - Throws: ``DescriptionError`` that names the file, and the offset of what is wrong there.
  package init(_ path: String) throws(DescriptionError) {
    input = try OctetReader(path)
    guard let head = try input.take(4) else { throw DescriptionError("\(path): the file is empty") }
    switch Self.number(head, at: 0, swapped: false) {
    case 0xa1b2_c3d4: form = .pcap(fraction: 1000)
    case 0xd4c3_b2a1: (form, isSwapped) = (.pcap(fraction: 1000), true)
    case 0xa1b2_3c4d: form = .pcap(fraction: 1)
    case 0x4d3c_b2a1: (form, isSwapped) = (.pcap(fraction: 1), true)
    case 0x0a0d_0d0a: try readSection()
    default: throw DescriptionError("\(path): neither pcap nor pcapng")
    }
    if case .pcap = form {
      guard let rest = try input.take(20) else { throw input.error("the header ends too early") }
      guard Int(number(rest, at: 16) & 0x0fff_ffff) == Self.ethernet else {
        throw DescriptionError("\(path): not a capture of Ethernet frames")
      }
    }
  }

  /// The next frame; nil at the end.
  ///
  /// - Throws: ``DescriptionError`` as above.
  package func next() throws(DescriptionError) -> CapturedFrame? {
    switch form {
    case .pcap(let fraction): return try nextRecord(fraction)
    case .pcapng:
      while let block = try takeBlock() {
        if let frame = try frame(block.type, block.body) { return frame }
      }
      return nil
    }
  }

  private func nextRecord(_ fraction: UInt64) throws(DescriptionError) -> CapturedFrame? {
    guard let head = try input.take(16) else { return nil }
    let length = Int(number(head, at: 8))
    guard length <= Self.largestFrame else { throw input.error("a frame of \(length) octets") }
    guard let octets = try input.take(length) else { throw input.error("the file ends within a record") }
    let time = UInt64(number(head, at: 0)) * 1_000_000_000 + UInt64(number(head, at: 4)) * fraction
    return CapturedFrame(time: time, octets: octets, isCut: length < Int(number(head, at: 12)))
  }

  // MARK: pcapng

  /// A section header, whose type has been read: from here on, its byte order counts, and its interfaces only.
  private func readSection() throws(DescriptionError) {
    guard let head = try input.take(8) else { throw input.error("the section ends too early") }
    switch Self.number(head, at: 4, swapped: false) {
    case 0x1a2b_3c4d: isSwapped = false
    case 0x4d3c_2b1a: isSwapped = true
    default: throw input.error("the section's byte order is unknown")
    }
    interfaces.removeAll()
    _ = try body(length: number(head, at: 0), taken: 12)
  }

  private func takeBlock() throws(DescriptionError) -> (type: UInt32, body: [UInt8])? {
    guard let kind = try input.take(4) else { return nil }
    if Self.number(kind, at: 0, swapped: false) == 0x0a0d_0d0a {
      try readSection()
      return (0x0a0d_0d0a, [])
    }
    guard let length = try input.take(4) else { throw input.error("the file ends within a block") }
    return (number(kind, at: 0), try body(length: number(length, at: 0), taken: 8))
  }

  /// The rest of a block of which `taken` octets have been read, without the length at its end.
  private func body(length: UInt32, taken: Int) throws(DescriptionError) -> [UInt8] {
    guard length.isMultiple(of: 4), Int(length) >= taken + 4, Int(length) <= Self.largestBlock else {
      throw input.error("a block of \(length) octets")
    }
    guard let body = try input.take(Int(length) - taken - 4), let end = try input.take(4),
      number(end, at: 0) == length
    else { throw input.error("a block ends otherwise than it begins") }
    return body
  }

  private func frame(_ type: UInt32, _ body: [UInt8]) throws(DescriptionError) -> CapturedFrame? {
    switch type {
    case 1:
      guard body.count >= 8 else { throw input.error("an interface without its fields") }
      interfaces.append(interface(body))
      guard interfaces.count <= 65_536 else { throw input.error("too many interfaces") }
      return nil
    case 6:
      guard body.count >= 20, Int(number(body, at: 0)) < interfaces.count else {
        throw input.error("a frame of an interface that there is not")
      }
      let interface = interfaces[Int(number(body, at: 0))]
      let ticks = UInt64(number(body, at: 4)) << 32 | UInt64(number(body, at: 8))
      lastTime = Self.nanoseconds(ticks, interface)
      return try frame(body, at: 20, length: number(body, at: 12), whole: number(body, at: 16), interface)
    case 3:
      guard body.count >= 4, let interface = interfaces.first else {
        throw input.error("a frame of an interface that there is not")
      }
      let whole = number(body, at: 0)
      return try frame(
        body, at: 4, length: min(whole, UInt32(clamping: body.count - 4)), whole: whole, interface)
    default: return nil
    }
  }

  private func frame(
    _ body: [UInt8], at start: Int, length: UInt32, whole: UInt32, _ interface: Interface
  ) throws(DescriptionError) -> CapturedFrame? {
    guard Int(length) <= body.count - start, Int(length) <= Self.largestFrame else {
      throw input.error("a frame of \(length) octets in a block of \(body.count)")
    }
    guard interface.isEthernet else { return nil }
    return CapturedFrame(
      time: lastTime, octets: Array(body[start..<(start + Int(length))]), isCut: length < whole)
  }

  private func interface(_ body: [UInt8]) -> Interface {
    var result = Interface(isEthernet: Int(half(body, at: 0)) == Self.ethernet)
    var offset = 8
    while offset + 4 <= body.count {
      let (code, length) = (half(body, at: offset), Int(half(body, at: offset + 2)))
      offset += 4
      guard code != 0, offset + length <= body.count else { break }
      if code == 9, length >= 1 {
        result.isBinary = body[offset] & 0x80 != 0
        result.exponent = Int(body[offset] & 0x7f)
      } else if code == 14, length >= 8 {
        let (first, second) = (number(body, at: offset), number(body, at: offset + 4))
        let (high, low) = isSwapped ? (first, second) : (second, first)
        result.offset = Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
      }
      offset += (length + 3) / 4 * 4
    }
    return result
  }

  /// A time stamp in nanoseconds since 1970, the nearest that there is.
  private static func nanoseconds(_ ticks: UInt64, _ interface: Interface) -> UInt64 {
    let seconds: UInt64
    let rest: UInt64
    if interface.isBinary {
      guard interface.exponent < 64 else { return 0 }
      seconds = ticks >> UInt64(interface.exponent)
      let fraction = ticks & ((1 << UInt64(interface.exponent)) - 1)
      let product = fraction.multipliedFullWidth(by: 1_000_000_000)
      rest =
        interface.exponent == 0
        ? 0 : product.high << UInt64(64 - interface.exponent) | product.low >> UInt64(interface.exponent)
    } else {
      guard interface.exponent < 20 else { return 0 }
      var unit: UInt64 = 1
      for _ in 0..<interface.exponent { unit *= 10 }
      seconds = ticks / unit
      rest = ticks % unit / max(1, unit / 1_000_000_000) * max(1, 1_000_000_000 / unit)
    }
    let sum = Int64(clamping: seconds).addingReportingOverflow(interface.offset)
    guard !sum.overflow, sum.partialValue >= 0, sum.partialValue < 18_000_000_000 else { return 0 }
    return UInt64(sum.partialValue) * 1_000_000_000 + rest
  }

  // MARK: Numbers

  private func number(_ octets: [UInt8], at offset: Int) -> UInt32 {
    Self.number(octets, at: offset, swapped: isSwapped)
  }

  private func half(_ octets: [UInt8], at offset: Int) -> UInt16 {
    let value = UInt16(octets[offset]) | UInt16(octets[offset + 1]) << 8
    return isSwapped ? value.byteSwapped : value
  }

  /// Four octets as a little-endian number, or, `swapped`, as a big-endian one.
  private static func number(_ octets: [UInt8], at offset: Int, swapped: Bool) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 { value |= UInt32(octets[offset + index]) << UInt32(8 * index) }
    return swapped ? value.byteSwapped : value
  }
}
