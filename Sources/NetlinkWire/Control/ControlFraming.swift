// SPDX-License-Identifier: GPL-3.0-or-later

// How netlink datagrams travel over an engine's control socket (AF_UNIX, SOCK_SEQPACKET). The first octet of each packet is a
// tag; numbers are in host byte order. Sources/CPreload/ControlPackets.h says the same to the preloaded library.

/// What a client sends.
package enum ControlRequestTag {
  /// Opens: u8 netlink protocol. The first packet of a connection; answered by ``ControlAnswerTag/opened``.
  package static let open = UInt8(ascii: "s")
  /// A piece of a netlink datagram; more follow.
  package static let fragment = UInt8(ascii: "M")
  /// The last or only piece of a netlink datagram, which is then executed; answered until a barrier.
  package static let finalFragment = UInt8(ascii: "F")
  /// bind(2): u32 port id, 0 for the one that the server chose; u32 mask of multicast groups.
  package static let bind = UInt8(ascii: "b")
  /// setsockopt(2) of level SOL_NETLINK: i32 option, i32 value.
  package static let option = UInt8(ascii: "o")
  /// The receive buffer that the client asks for: u32 octets of events that may wait for it.
  package static let receiveBuffer = UInt8(ascii: "r")
  /// A request to the engine's host, in JSON; answered by ``ControlAnswerTag/answer`` and a barrier.
  package static let hostRequest = UInt8(ascii: "q")
}

/// What the server sends.
package enum ControlAnswerTag {
  /// u32 port id of the client.
  package static let opened = UInt8(ascii: "S")
  /// A netlink datagram.
  package static let datagram = UInt8(ascii: "D")
  /// All answers to one request have been sent.
  package static let barrier = UInt8(ascii: "B")
  /// i32 errno for the next receive: ENOBUFS when events were lost, EPERM when the connection is refused.
  package static let failure = UInt8(ascii: "E")
  /// A piece of the host's answer, in JSON.
  package static let answer = UInt8(ascii: "Q")
}

/// Bounds of what travels.
package enum ControlLimit {
  /// Octets of one packet's content that a client sends: beyond it, socket buffers may be too small.
  package static let fragment = 128 << 10
  /// Octets of one netlink datagram.
  package static let datagram = 16 << 20
  /// Octets of one request to the host.
  package static let hostRequest = 64 << 10
}

/// Why a packet is none of the protocol's.
package enum ControlFormatError: Error, Equatable, Sendable {
  case empty
  case unknownTag(UInt8)
  /// The tag of a packet whose content has another size than it should.
  case size(tag: UInt8)
}

/// One packet of a client, decoded. The content of a fragment and of a host request is what follows the tag.
package enum ControlPacket: Equatable, Sendable {
  case open(netlinkProtocol: UInt8)
  case fragment(isLast: Bool)
  case bind(portID: UInt32, groups: UInt32)
  case option(Int32, value: Int32)
  case receiveBuffer(octets: UInt32)
  case hostRequest

  /// - Parameter packet: as received, its tag included.
  /// - Throws: ``ControlFormatError``.
  package init(_ packet: RawSpan) throws(ControlFormatError) {
    guard packet.byteCount > 0 else { throw .empty }
    let tag = packet.uint8(at: 0)
    let length = packet.byteCount - 1
    func require(_ isGood: Bool) throws(ControlFormatError) {
      guard isGood else { throw .size(tag: tag) }
    }
    switch tag {
    case ControlRequestTag.open:
      try require(length == 1)
      self = .open(netlinkProtocol: packet.uint8(at: 1))
    case ControlRequestTag.fragment, ControlRequestTag.finalFragment:
      try require(length <= ControlLimit.fragment)
      self = .fragment(isLast: tag == ControlRequestTag.finalFragment)
    case ControlRequestTag.bind:
      try require(length == 8)
      self = .bind(portID: packet.host32(at: 1), groups: packet.host32(at: 5))
    case ControlRequestTag.option:
      try require(length == 8)
      self = .option(
        Int32(bitPattern: packet.host32(at: 1)), value: Int32(bitPattern: packet.host32(at: 5)))
    case ControlRequestTag.receiveBuffer:
      try require(length == 4)
      self = .receiveBuffer(octets: packet.host32(at: 1))
    case ControlRequestTag.hostRequest:
      try require(length <= ControlLimit.hostRequest)
      self = .hostRequest
    default: throw .unknownTag(tag)
    }
  }

  /// The octets of the numbers, as a packet holds them behind its tag.
  package static func octets(_ numbers: UInt32...) -> [UInt8] {
    numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
  }
}

/// Puts the fragments of a datagram together.
package struct DatagramAssembly: Sendable {
  private var octets: [UInt8] = []
  /// The datagram became longer than ``ControlLimit/datagram``: what is left of it is passed over.
  private(set) package var isOverlong = false
  /// Whether a first fragment was taken and the last was not.
  package var isBegun: Bool { isOverlong || !octets.isEmpty }
  /// Octets that it holds.
  package var count: Int { octets.count }

  package init() {}

  /// Appends a fragment's content.
  package mutating func append(_ content: some Collection<UInt8>) {
    guard !isOverlong else { return }
    guard octets.count + content.count <= ControlLimit.datagram else { return giveUp() }
    octets.append(contentsOf: content)
  }

  /// Passes over this datagram, what it holds and what is still to come.
  package mutating func giveUp() {
    isOverlong = true
    octets = []
  }

  /// Ends the datagram.
  /// - Returns: nil when it was overlong.
  package mutating func finish() -> [UInt8]? {
    let result = isOverlong ? nil : octets
    octets = []
    isOverlong = false
    return result
  }
}
