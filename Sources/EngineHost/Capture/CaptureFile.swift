// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
private import Glibc

/// Octets of a file, in order.
final class OctetReader {
  private static let step = 1 << 18

  let path: String
  private let descriptor: Descriptor
  private var block = [UInt8](repeating: 0, count: step)
  private var position = 0
  private var end = 0
  /// Octets before `position` in the file.
  private(set) var offset: UInt64 = 0

  /// - Throws: ``DescriptionError`` when the file cannot be opened.
  init(_ path: String) throws(DescriptionError) {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw DescriptionError("\(HostError("read '\(path)'", ftctl_errno()))") }
    self.path = path
    descriptor = Descriptor(number)
  }

  /// The next `count` octets.
  ///
  /// - Returns: nil at the end of the file; fewer never.
  /// - Throws: ``DescriptionError`` when the file ends among them, or cannot be read.
  func take(_ count: Int) throws(DescriptionError) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    while result.count < count {
      if position == end {
        try fill()
        guard end > 0 else {
          if result.isEmpty { return nil }
          throw error("the file ends within a record")
        }
      }
      let length = min(count - result.count, end - position)
      result += block[position..<(position + length)]
      position += length
    }
    offset += UInt64(count)
    return result
  }

  private func fill() throws(DescriptionError) {
    let number = descriptor.number
    // Safe: read writes at most the block's length.
    let length = unsafe block.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) }
    guard length >= 0 else { throw DescriptionError("\(HostError("read '\(path)'", ftctl_errno()))") }
    position = 0
    end = length
  }

  /// What is wrong, with the file and the offset.
  func error(_ what: String) -> DescriptionError { DescriptionError("\(path): at octet \(offset): \(what)") }
}

/// A frame of a capture.
package struct CapturedFrame: Equatable, Sendable {
  /// Nanoseconds since 1970.
  package var time: UInt64
  /// From the Ethernet header on.
  package var octets: [UInt8]
  /// Whether the capture holds the frame's beginning only.
  package var isCut: Bool

  package init(time: UInt64, octets: [UInt8], isCut: Bool = false) {
    self.time = time
    self.octets = octets
    self.isCut = isCut
  }
}

/// What tells one file from another, under whatever name.
package struct FileIdentity: Equatable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  /// Of a file that is not there yet, in the folder that the numbers are of.
  private let name: String?

  /// - Returns: nil where several may write, such as a terminal or a pipe, and where nothing can be.
  package init?(_ path: String) {
    var status = stat()
    // Safe: the structure outlives the calls.
    if unsafe stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else { return nil }
      name = nil
    } else {
      let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "."
      guard unsafe stat(String(folder), &status) == 0 else { return nil }
      name = path.split(separator: "/").last.map(String.init)
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}

/// Writes a capture: pcap with nanoseconds, Ethernet, little-endian.
///
/// Source: draft-ietf-opsawg-pcap.
package struct CaptureWriter: ~Copyable {
  private static let largest: UInt32 = 262_144
  private let path: String
  private let descriptor: Descriptor
  private var waiting: [UInt8] = []

  /// Makes the file, or empties it.
  ///
  /// - Throws: ``DescriptionError``.
  package init(_ path: String) throws(DescriptionError) {
    let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw DescriptionError("\(HostError("write '\(path)'", ftctl_errno()))") }
    self.path = path
    descriptor = Descriptor(number)
    append(0xa1b2_3c4d as UInt32)
    append(UInt32(2) | UInt32(4) << 16)
    append(0 as UInt32)
    append(0 as UInt32)
    append(Self.largest)
    append(1 as UInt32)
  }

  /// Adds a frame.
  ///
  /// - Throws: ``DescriptionError``, for a full disk, too.
  package mutating func write(_ frame: CapturedFrame) throws(DescriptionError) {
    append(UInt32(truncatingIfNeeded: frame.time / 1_000_000_000))
    append(UInt32(frame.time % 1_000_000_000))
    append(UInt32(clamping: frame.octets.count))
    append(UInt32(clamping: frame.octets.count))
    waiting += frame.octets
    if waiting.count >= 1 << 18 { try flush() }
  }

  /// Writes what waits.
  ///
  /// - Throws: ``DescriptionError``.
  package mutating func flush() throws(DescriptionError) {
    var rest = waiting[...]
    let number = descriptor.number
    while !rest.isEmpty {
      // Safe: the slice outlives the call.
      let length = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
      guard length > 0 else { throw DescriptionError("\(HostError("write '\(path)'", ftctl_errno()))") }
      rest = rest.dropFirst(length)
    }
    waiting.removeAll(keepingCapacity: true)
  }

  private mutating func append(_ value: UInt32) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      waiting.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
