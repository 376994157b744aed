// SPDX-License-Identifier: GPL-3.0-or-later

/// Memory for one received datagram.
///
/// `@safe`: what `body` is given ends where the datagram ends, and does not outlive the call.
@safe
final class ReceiveBuffer {
  /// Twice what the kernel fills at most, so that no datagram is cut off.
  private static let size = 1 << 16
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)

  deinit { unsafe memory.deallocate() }

  /// Waits for a datagram and reads it.
  ///
  /// - Throws: ``NetlinkError`` of the transport; what `body` throws.
  func receive<Result>(
    from transport: any NetlinkTransport, _ body: (RawSpan) throws -> Result
  ) throws -> Result {
    var span = unsafe MutableRawSpan(_unsafeStart: memory, byteCount: Self.size)
    let length = try transport.receive(into: &span)
    precondition(length >= 0 && length <= Self.size)
    return try body(unsafe RawSpan(_unsafeStart: memory, byteCount: length))
  }
}
