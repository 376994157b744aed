// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// Builds the datagrams that answer one request.
struct ReplyWriter {
  /// Octets that a datagram of a dump holds at most, unless one object needs more.
  ///
  /// Source (Linux 7.2): net/netlink/af_netlink.c, netlink_dump; NLMSG_GOODSIZE where pages have 4096 octets. (To a
  /// client that has read with a greater buffer the kernel sends greater datagrams.)
  static let datagramLimit = 3776

  let client: ControlClient
  private(set) var datagrams: [[UInt8]] = []
  private var writer = NetlinkWriter()

  init(client: ControlClient) { self.client = client }

  /// The datagrams that answer every request of one datagram, each executed by `execute`, which writes what it finds: an
  /// acknowledgement where one is wanted or an error to be told, and the end of a dump.
  ///
  /// Source: net/netlink/af_netlink.c, netlink_rcv_skb and netlink_dump.
  static func answers(
    to datagram: RawSpan, from client: ControlClient,
    _ execute: (NetlinkHeader, RawSpan, inout ReplyWriter) throws(ControlError) -> Void
  ) -> [[UInt8]] {
    var datagrams: [[UInt8]] = []
    var messages = NetlinkMessageCursor(datagram)
    while let more = try? messages.advance(), more {
      guard messages.flags.contains(.request), messages.type >= NetlinkControlType.firstFamilyType else {
        continue
      }
      var writer = ReplyWriter(client: client)
      do throws(ControlError) {
        try execute(messages.header, messages.payload, &writer)
        if messages.flags.contains(.dump) {
          writer.done(sequence: messages.sequence)
        } else if messages.flags.contains(.acknowledge) {
          writer.acknowledge(messages.message, nil)
        }
      } catch {
        writer.acknowledge(messages.message, error)
      }
      writer.flush()
      datagrams += writer.datagrams
    }
    return datagrams
  }

  /// Appends one message; the present datagram is closed first when the message does not fit.
  mutating func append(_ message: [UInt8]) {
    if !writer.bytes.isEmpty, writer.bytes.count + message.count > Self.datagramLimit { flush() }
    writer.raw(message)
  }

  /// Closes the present datagram.
  mutating func flush() {
    guard !writer.bytes.isEmpty else { return }
    datagrams.append(writer.bytes)
    writer.removeAll()
  }

  /// Appends a datagram that is whole.
  mutating func append(datagram: [UInt8]) {
    flush()
    datagrams.append(datagram)
  }

  /// Ends a dump: `NLMSG_DONE`.
  ///
  /// - Parameters:
  ///   - sequence: of the request.
  ///   - flags: besides the one that says that it is one of several messages.
  ///   - isJoined: it follows what the present datagram holds, and has none of its own.
  mutating func done(sequence: UInt32, flags: NetlinkFlags = [], isJoined: Bool = false) {
    if !isJoined { flush() }
    let mark = writer.beginMessage(
      NetlinkHeader(
        type: NetlinkControlType.done, flags: flags.union(.multipart), sequence: sequence,
        portID: client.portID))
    writer.raw([0, 0, 0, 0])
    writer.endMessage(mark)
    flush()
  }

  /// Appends an acknowledgement: `NLMSG_ERROR` about the request in `message`, in a datagram of its own.
  mutating func acknowledge(_ message: RawSpan, _ error: ControlError?) {
    flush()
    datagrams.append(Self.acknowledgement(message, error, client))
  }

  /// `NLMSG_ERROR`. A failed request is echoed whole unless the client wants it capped; a successful one
  /// never is. What follows the attributes of a request is ignored, and the client is told so.
  ///
  /// - Parameters:
  ///   - message: the request.
  ///   - error: why it failed; nil for success.
  ///   - client: who sent it.
  ///   - saysLeftover: whether the client is told of what follows the attributes.
  /// - Returns: the message.
  static func acknowledgement(
    _ message: RawSpan, _ error: ControlError?, _ client: ControlClient, saysLeftover: Bool = true
  ) -> [UInt8] {
    let isCapped = error == nil || client.wantsCappedAcknowledgements
    var flags: NetlinkFlags = isCapped ? .capped : []
    let offset = error.flatMap { $0.path.isEmpty ? nil : attributeOffset(message, $0.path) }
    var text = error?.text
    if saysLeftover, client.wantsExtendedAcknowledgements, text == nil, RequestAttributes.hasLeftover(message)
    {
      text = "bytes leftover after parsing attributes"
    }
    let hasAttributes = client.wantsExtendedAcknowledgements && (offset != nil || text != nil)
    if hasAttributes { flags.insert(.acknowledgementAttributes) }
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(
        type: NetlinkControlType.error, flags: flags, sequence: message.host32(at: 8), portID: client.portID))
    let number = UInt32(bitPattern: -(error?.number ?? 0))
    writer.raw((0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) })
    let echoed = isCapped ? NetlinkHeader.encodedLength : message.byteCount
    writer.raw(message.slice(0, echoed).copied)
    writer.pad()
    if hasAttributes {
      if let text { writer.attribute(1, text: text) }
      if let offset { writer.attribute(2, host: offset) }
      error?.policy?.encode(into: &writer)
    }
    writer.endMessage(mark)
    return writer.bytes
  }

  /// Offset of an attribute in a message, from its `nlmsghdr` on.
  static func attributeOffset(_ message: RawSpan, _ path: [AttributeStep]) -> UInt32? {
    var start = NetlinkHeader.encodedLength + NetfilterHeader.encodedLength
    var end = message.byteCount
    var found: UInt32?
    for step in path {
      guard start <= end else { return nil }
      var cursor = AttributeCursor(message.slice(0, end), from: start)
      var remaining = step.occurrence
      found = nil
      while let more = try? cursor.advance(), more {
        if let type = step.type, cursor.type != type { continue }
        if remaining == 0 {
          found = UInt32(cursor.attributeOffset)
          break
        }
        remaining -= 1
      }
      guard found != nil else { return nil }
      start = cursor.attributeOffset + 4
      end = start + cursor.payloadLength
    }
    return found
  }
}
