// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Generic netlink, as far as it tells which devices have hardware for flows: the family `ethtool` and its features.
// Source (Linux 7.2): net/netlink/genetlink.c, ctrl_getfamily; net/ethtool/features.c; include/uapi/linux/ethtool_netlink.h.
extension Router {
  private enum Generic {
    static let controller: UInt16 = 0x10
    static let ethtool: UInt16 = 0x15
    static let getFamily: UInt8 = 3
    static let newFamily: UInt8 = 1
    static let familyID: UInt16 = 1
    static let familyName: UInt16 = 2
    /// The request and its reply.
    static let features: UInt8 = 11
    /// Octets of `struct genlmsghdr`.
    static let headerLength = 4
  }

  /// Executes one datagram of a client of `NETLINK_GENERIC`.
  ///
  /// - Parameters:
  ///   - datagram: as received; anything at all.
  ///   - client: who sent it.
  /// - Returns: what goes back to the client.
  package func controlGeneric(_ datagram: RawSpan, from client: ControlClient) -> ControlOutput {
    var output = ControlOutput()
    output.replies = ReplyWriter.answers(to: datagram, from: client) {
      header, payload, writer throws(ControlError) in
      // Neither is a list of things: a dump is refused as an unknown command is.
      guard !header.flags.contains(.dump) else { throw ControlError(ErrorNumber.notSupported) }
      let content = try answer(header.type, payload)
      var message = NetlinkWriter()
      let mark = message.beginMessage(
        NetlinkHeader(type: header.type, flags: [], sequence: header.sequence, portID: client.portID))
      message.raw(content.bytes)
      message.endMessage(mark)
      writer.append(message.bytes)
    }
    return output
  }

  private func answer(_ type: UInt16, _ payload: RawSpan) throws(ControlError) -> NetlinkWriter {
    guard payload.byteCount >= Generic.headerLength else { throw ControlError(ErrorNumber.invalid) }
    let command = payload.uint8(at: 0)
    switch (type, command) {
    case (Generic.controller, Generic.getFamily): return try family(payload)
    case (Generic.ethtool, Generic.features): return try features(payload)
    case (Generic.controller, _), (Generic.ethtool, _): throw ControlError(ErrorNumber.notSupported)
    default: throw ControlError(ErrorNumber.noEntry)
    }
  }

  private func family(_ payload: RawSpan) throws(ControlError) -> NetlinkWriter {
    var attributes = AttributeCursor(payload, from: Generic.headerLength)
    while let more = try? attributes.advance(), more {
      guard attributes.type == Generic.familyName, attributes.payload.text == "ethtool" else { continue }
      var answer = NetlinkWriter()
      answer.raw([Generic.newFamily, 2, 0, 0])
      answer.attribute(Generic.familyName, text: "ethtool")
      let id = Generic.ethtool
      answer.attribute(
        Generic.familyID, bytes: [UInt8(truncatingIfNeeded: id), UInt8(truncatingIfNeeded: id >> 8)])
      return answer
    }
    throw ControlError(ErrorNumber.noEntry)
  }

  private func features(_ payload: RawSpan) throws(ControlError) -> NetlinkWriter {
    guard let device = try wantedHeaderDevice(payload) else { throw ControlError(ErrorNumber.noDevice) }
    var answer = NetlinkWriter()
    answer.raw([Generic.features, 1, 0, 0])
    let header = answer.beginNest(1)
    answer.attribute(1, host: device.index)
    answer.attribute(2, text: device.name)
    answer.endNest(header)
    // What the hardware can, what is wanted, what is active; each a list of the bits that are set.
    for set in UInt16(2)...4 {
      let nest = answer.beginNest(set)
      answer.flag(1)
      let bits = answer.beginNest(3)
      if hardware.table(of: device.index) != nil {
        let bit = answer.beginNest(1)
        answer.attribute(2, text: "hw-tc-offload")
        answer.endNest(bit)
      }
      answer.endNest(bits)
      answer.endNest(nest)
    }
    return answer
  }

  /// The device that a request's header names by number or name.
  private func wantedHeaderDevice(_ payload: RawSpan) throws(ControlError) -> Device? {
    var attributes = AttributeCursor(payload, from: Generic.headerLength)
    while let more = try? attributes.advance(), more {
      guard attributes.type == 1 else { continue }
      var header = attributes.nested
      while let more = try? header.advance(), more {
        switch header.type {
        case 1 where header.payloadLength == 4: return device(header.payload.host32(at: 0))
        case 2: return device(named: header.payload.text)
        default: continue
        }
      }
    }
    throw ControlError(ErrorNumber.invalid)
  }
}
