// SPDX-License-Identifier: GPL-3.0-or-later

/// `NLMSG_ERROR`: the answer to one request, with what the kernel adds to it (`NLMSGERR_ATTR_*`).
package struct Acknowledgement: Equatable, Sendable {
  /// 0 for success, else a positive errno.
  package var errorNumber: Int32
  /// The request's own header.
  package var request: NetlinkHeader
  /// The kernel's text (`NLMSGERR_ATTR_MSG`), verbatim.
  package var text: String?
  /// Where in the request the offending attribute begins, in octets from its header (`NLMSGERR_ATTR_OFFS`).
  package var offset: UInt32?
  /// The type of an attribute that the request lacks (`NLMSGERR_ATTR_MISS_TYPE`).
  package var missingAttribute: UInt32?

  package init(
    errorNumber: Int32, request: NetlinkHeader, text: String? = nil, offset: UInt32? = nil,
    missingAttribute: UInt32? = nil
  ) {
    self.errorNumber = errorNumber
    self.request = request
    self.text = text
    self.offset = offset
    self.missingAttribute = missingAttribute
  }

  /// Decodes the payload of an `NLMSG_ERROR`, or of an `NLMSG_DONE` that carries an error.
  ///
  /// - Parameters:
  ///   - payload: what follows the message's header.
  ///   - flags: the message's flags: whether the request was cut off and whether attributes follow.
  ///   - isDone: whether this is an `NLMSG_DONE`, which carries an errno and attributes, but no request.
  /// - Throws: ``NetlinkFormatError`` for anything that is cut off.
  package init(_ payload: RawSpan, flags: NetlinkFlags, isDone: Bool = false) throws(NetlinkFormatError) {
    guard payload.byteCount >= 4 else { throw .messageLength(UInt32(payload.byteCount)) }
    let status = Int32(bitPattern: payload.host32(at: 0))
    errorNumber = status == .min ? .max : abs(status)
    var offset = 4
    if isDone {
      request = NetlinkHeader(type: 0, flags: [])
    } else {
      guard payload.byteCount >= 4 + NetlinkHeader.encodedLength else {
        throw .messageLength(UInt32(payload.byteCount))
      }
      request = NetlinkHeader(
        length: payload.host32(at: 4), type: payload.host16(at: 8),
        flags: NetlinkFlags(rawValue: payload.host16(at: 10)), sequence: payload.host32(at: 12),
        portID: payload.host32(at: 16))
      offset += NetlinkHeader.encodedLength
      // The kernel repeats the whole failed request unless NETLINK_CAP_ACK or success cut it short.
      if !flags.contains(.capped), errorNumber != 0 {
        let rest = (max(UInt64(request.length), 16) - 16 + 3) & ~3
        offset += Int(min(rest, UInt64(payload.byteCount - offset)))
      }
    }
    guard flags.contains(.acknowledgementAttributes) else { return }
    var attributes = AttributeCursor(payload, from: offset)
    while try attributes.advance() {
      switch attributes.type {
      case 1: text = attributes.payload.text
      case 2: self.offset = try attributes.host32()
      case 5: missingAttribute = try attributes.host32()
      default: break
      }
    }
  }
}
