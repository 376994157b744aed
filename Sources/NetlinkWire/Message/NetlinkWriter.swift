// SPDX-License-Identifier: GPL-3.0-or-later

/// Appends netlink messages to a buffer: header, payload, attributes, with lengths patched when a part ends.
///
/// A mark returned by `begin…` must be closed with the matching `end…`, innermost first.
package struct NetlinkWriter: Sendable {
  /// What was written so far; every message is padded to four octets.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Where a part begins, to be closed later.
  package struct Mark: Sendable { fileprivate let offset: Int }

  /// Forgets what was written and keeps the memory.
  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Removes all that was written since `mark`, that part's header included.
  package mutating func rollBack(to mark: Mark) { bytes.removeLast(bytes.count - mark.offset) }

  // MARK: Messages

  /// Begins a message; its length is set by ``endMessage(_:)``.
  package mutating func beginMessage(_ header: NetlinkHeader) -> Mark {
    let mark = Mark(offset: bytes.count)
    appendHost(UInt32(0))
    appendHost(header.type)
    appendHost(header.flags.rawValue)
    appendHost(header.sequence)
    appendHost(header.portID)
    return mark
  }

  /// Begins an nfnetlink message: `nlmsghdr`, then `nfgenmsg`.
  package mutating func beginMessage(_ header: NetlinkHeader, _ netfilter: NetfilterHeader) -> Mark {
    let mark = beginMessage(header)
    bytes.append(netfilter.family)
    bytes.append(netfilter.version)
    appendBig(netfilter.resourceID)
    return mark
  }

  /// Sets the length of the message begun at `mark`.
  package mutating func endMessage(_ mark: Mark) {
    patch(UInt32(bytes.count - mark.offset), at: mark.offset)
    pad()
  }

  // MARK: Attributes

  /// Begins a nest, marked `NLA_F_NESTED` unless told otherwise (nf_tables answers carry no mark).
  package mutating func beginNest(_ type: UInt16, marked: Bool = true) -> Mark {
    let mark = Mark(offset: bytes.count)
    appendHost(UInt16(0))
    appendHost(marked ? type | 0x8000 : type)
    return mark
  }

  /// Sets the length of the nest begun at `mark`. Traps when it exceeds 65535 octets: that is our own mistake.
  package mutating func endNest(_ mark: Mark) {
    patch(UInt16(bytes.count - mark.offset), at: mark.offset)
  }

  /// An attribute whose payload are these octets.
  package mutating func attribute(_ type: UInt16, bytes payload: some Collection<UInt8>) {
    header(type, length: payload.count)
    bytes.append(contentsOf: payload)
    pad()
  }

  /// An attribute that holds `text` and a NUL octet.
  package mutating func attribute(_ type: UInt16, text: String) {
    header(type, length: text.utf8.count + 1)
    bytes.append(contentsOf: text.utf8)
    bytes.append(0)
    pad()
  }

  /// An attribute without payload.
  package mutating func flag(_ type: UInt16) { header(type, length: 0) }

  /// An octet.
  package mutating func attribute(_ type: UInt16, _ value: UInt8) {
    header(type, length: 1)
    bytes.append(value)
    pad()
  }

  /// A 16-bit number, big-endian on the wire.
  package mutating func attribute(_ type: UInt16, _ value: UInt16) {
    header(type, length: 2)
    appendBig(value)
    pad()
  }

  /// A 32-bit number, big-endian on the wire.
  package mutating func attribute(_ type: UInt16, _ value: UInt32) {
    header(type, length: 4)
    appendBig(value)
  }

  /// A 64-bit number, big-endian on the wire.
  package mutating func attribute(_ type: UInt16, _ value: UInt64) {
    header(type, length: 8)
    appendBig(value)
  }

  /// A 32-bit number in host byte order.
  package mutating func attribute(_ type: UInt16, host value: UInt32) {
    header(type, length: 4)
    appendHost(value)
  }

  /// A 64-bit number in host byte order.
  package mutating func attribute(_ type: UInt16, host64 value: UInt64) {
    header(type, length: 8)
    appendHost(value)
  }

  // MARK: Payload

  /// Octets as they are, without header or padding.
  package mutating func raw(_ payload: some Collection<UInt8>) { bytes.append(contentsOf: payload) }

  /// Pads with zeros to a multiple of four octets.
  package mutating func pad() {
    while bytes.count & 3 != 0 { bytes.append(0) }
  }

  private mutating func header(_ type: UInt16, length: Int) {
    appendHost(UInt16(length + 4))
    appendHost(type)
  }

  private mutating func appendHost<Number: FixedWidthInteger>(_ value: Number) {
    appendBig(value.bigEndian)
  }

  private mutating func appendBig<Number: FixedWidthInteger>(_ value: Number) {
    var shift = Number.bitWidth
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
    }
  }

  private mutating func patch<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
    let wire = value.bigEndian
    for index in 0..<(Number.bitWidth / 8) {
      bytes[offset + index] = UInt8(truncatingIfNeeded: wire >> Number(Number.bitWidth - 8 * (index + 1)))
    }
  }
}
