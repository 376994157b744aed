// SPDX-License-Identifier: GPL-3.0-or-later

/// Why received octets are not a netlink message.
public enum NetlinkFormatError: Error, Equatable, Sendable {
  /// A message header whose length is shorter than a header or longer than what was received.
  case messageLength(UInt32)
  /// An attribute whose length is shorter than its header or longer than what contains it.
  case attributeLength(UInt16)
  /// A payload of another size than its type has; the attribute's type.
  case payloadSize(UInt16)
}

/// `struct nlmsghdr` (include/uapi/linux/netlink.h). All fields are in host byte order.
public struct NetlinkHeader: Equatable, Sendable {
  /// Octets of the header on the wire.
  public static let encodedLength = 16

  /// The whole message in octets, this header included, trailing padding excluded.
  public var length: UInt32
  /// `nlmsg_type`: for nfnetlink, subsystem << 8 | message.
  public var type: UInt16
  /// `nlmsg_flags` (`NLM_F_*`).
  public var flags: NetlinkFlags
  /// `nlmsg_seq`; an answer repeats its request's.
  public var sequence: UInt32
  /// `nlmsg_pid`: the port id of the sender; 0 is the kernel.
  public var portID: UInt32

  /// A header with these fields; the length is set when the message is written.
  public init(
    length: UInt32 = 0, type: UInt16, flags: NetlinkFlags, sequence: UInt32 = 0, portID: UInt32 = 0
  ) {
    self.length = length
    self.type = type
    self.flags = flags
    self.sequence = sequence
    self.portID = portID
  }
}

/// `NLM_F_*` (include/uapi/linux/netlink.h). Bits 0x100 to 0x800 mean one thing in a GET, another in a NEW
/// request, a third in a DELETE.
@frozen
public struct NetlinkFlags: OptionSet, Hashable, Sendable {
  /// The bits of `nlmsg_flags`.
  public let rawValue: UInt16
  /// The flags with these bits of `nlmsg_flags`.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Whether all bits of `member` are set. OptionSet's own is not specialised across modules.
  @inlinable @inline(__always)
  public func contains(_ member: NetlinkFlags) -> Bool { rawValue & member.rawValue == member.rawValue }

  /// A request; every one has it (`NLM_F_REQUEST`).
  public static let request = NetlinkFlags(rawValue: 0x1)
  /// One of several messages that `NLMSG_DONE` ends.
  public static let multipart = NetlinkFlags(rawValue: 0x2)
  /// Asks for an `NLMSG_ERROR`, also for success.
  public static let acknowledge = NetlinkFlags(rawValue: 0x4)
  /// Asks for the resulting object.
  public static let echo = NetlinkFlags(rawValue: 0x8)
  /// The table changed while it was dumped.
  public static let dumpInterrupted = NetlinkFlags(rawValue: 0x10)
  /// The dump was filtered as asked.
  public static let dumpFiltered = NetlinkFlags(rawValue: 0x20)
  /// GET: the whole table.
  public static let root = NetlinkFlags(rawValue: 0x100)
  /// GET: all that match.
  public static let match = NetlinkFlags(rawValue: 0x200)
  /// GET: root and match together.
  public static let dump: NetlinkFlags = [.root, .match]
  /// NEW: replaces an existing object.
  public static let replace = NetlinkFlags(rawValue: 0x100)
  /// NEW: fails when the object exists.
  public static let exclusive = NetlinkFlags(rawValue: 0x200)
  /// NEW: makes the object when it is missing.
  public static let create = NetlinkFlags(rawValue: 0x400)
  /// NEW: at the end of the list.
  public static let append = NetlinkFlags(rawValue: 0x800)
  /// DELETE: not what belongs to the object.
  public static let nonRecursive = NetlinkFlags(rawValue: 0x100)
  /// In an acknowledgement: the request's payload was cut off (NLM_F_CAPPED).
  public static let capped = NetlinkFlags(rawValue: 0x100)
  /// In an acknowledgement: extended attributes follow (NLM_F_ACK_TLVS).
  public static let acknowledgementAttributes = NetlinkFlags(rawValue: 0x200)
}

/// Message types below `NLMSG_MIN_TYPE`, common to all families.
public enum NetlinkControlType {
  /// To be passed over.
  public static let noop: UInt16 = 1
  /// An acknowledgement, with an errno.
  public static let error: UInt16 = 2
  /// The end of several messages.
  public static let done: UInt16 = 3
  /// Data was lost.
  public static let overrun: UInt16 = 4
  /// The first type that belongs to a family.
  public static let firstFamilyType: UInt16 = 0x10
}

/// Walks the messages of one received datagram.
///
/// `advance()` moves to the next message; `header` and `payload` then describe it. Lengths are checked there, so
/// that the accessors cannot fail. A length that would not move the cursor forward is an error, never a loop.
@frozen
public struct NetlinkMessageCursor: ~Escapable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var nextOffset = 0
  @usableFromInline var offset = 0
  @usableFromInline var length = 0

  /// - Parameter bytes: a whole datagram, as received.
  @inlinable @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { self.bytes = bytes }

  /// Moves to the next message.
  ///
  /// - Returns: false at the end. Fewer octets than a header at the end are padding.
  /// - Throws: ``NetlinkFormatError/messageLength(_:)``.
  @inlinable
  public mutating func advance() throws(NetlinkFormatError) -> Bool {
    guard bytes.byteCount &- nextOffset >= NetlinkHeader.encodedLength else { return false }
    let announced = bytes.host32(at: nextOffset)
    guard announced >= NetlinkHeader.encodedLength, announced <= UInt32(bytes.byteCount &- nextOffset) else {
      throw .messageLength(announced)
    }
    offset = nextOffset
    length = Int(announced)
    nextOffset = Swift.min(bytes.byteCount, offset &+ ((length &+ 3) & ~3))
    return true
  }

  /// `nlmsg_type` of the current message.
  @inlinable public var type: UInt16 { bytes.host16(at: offset &+ 4) }
  /// `nlmsg_flags` of the current message.
  @inlinable public var flags: NetlinkFlags { NetlinkFlags(rawValue: bytes.host16(at: offset &+ 6)) }
  /// `nlmsg_seq` of the current message.
  @inlinable public var sequence: UInt32 { bytes.host32(at: offset &+ 8) }
  /// `nlmsg_pid` of the current message.
  @inlinable public var portID: UInt32 { bytes.host32(at: offset &+ 12) }
  /// All of the current message's header.
  @inlinable public var header: NetlinkHeader {
    NetlinkHeader(length: UInt32(length), type: type, flags: flags, sequence: sequence, portID: portID)
  }
  /// What follows the current message's header.
  @inlinable public var payload: RawSpan {
    @_lifetime(copy self) get { bytes.slice(offset &+ 16, length &- 16) }
  }
  /// The current message with its header.
  @inlinable public var message: RawSpan {
    @_lifetime(copy self) get { bytes.slice(offset, length) }
  }
}

/// `struct nfgenmsg` (include/uapi/linux/netfilter/nfnetlink.h), which begins each nfnetlink payload.
public struct NetfilterHeader: Equatable, Sendable {
  /// Octets on the wire.
  public static let encodedLength = 4

  /// `AF_UNSPEC`, `AF_INET` … or an `NFPROTO_*` number.
  public var family: UInt8
  /// `NFNETLINK_V0`, except where a request means something by another number.
  public var version: UInt8
  /// Big-endian on the wire: the subsystem of a batch, the CPU of per-CPU statistics, the low half of the
  /// generation in nf_tables messages.
  public var resourceID: UInt16

  /// A header with these fields.
  public init(family: UInt8, version: UInt8 = 0, resourceID: UInt16 = 0) {
    self.family = family
    self.version = version
    self.resourceID = resourceID
  }

  /// `nil` when `payload` is too short.
  public init?(_ payload: RawSpan) {
    guard payload.byteCount >= Self.encodedLength else { return nil }
    family = payload.uint8(at: 0)
    version = payload.uint8(at: 1)
    resourceID = payload.bigEndian16(at: 2)
  }
}

/// Subsystem numbers of nfnetlink (`NFNL_SUBSYS_*`), the high octet of a message type.
public enum NetfilterSubsystem {
  /// No subsystem: batch control.
  public static let none: UInt8 = 0
  /// Connection tracking entries.
  public static let conntrack: UInt8 = 1
  /// Expectations of related connections.
  public static let conntrackExpectations: UInt8 = 2
  /// Tables, chains, rules, sets, objects and flowtables.
  public static let nfTables: UInt8 = 10
  /// `NFNL_MSG_BATCH_BEGIN`.
  public static let batchBegin: UInt16 = 0x10
  /// `NFNL_MSG_BATCH_END`.
  public static let batchEnd: UInt16 = 0x11
}
