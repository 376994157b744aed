// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire
import Testing

@Suite("virtio-net headers: what is left to be done to a frame")
struct VirtioHeaderTests {
  private static let source4 = Address(ipv4: 0xc000_0202)
  private static let destination4 = Address(ipv4: 0xc633_6402)
  private static let source6 = Address(high: 0x2001_0db8_0001_0000, low: 2)
  private static let destination6 = Address(high: 0x2001_0db8_0002_0000, low: 2)

  /// A TCP or UDP frame with a right checksum, or with one left open.
  private static func frame(
    _ family: IPFamily, isTCP: Bool = true, payload: Int, flags: TCPFlags = .ack, isOpen: Bool = true
  ) -> [UInt8] {
    let source = family == .ipv4 ? source4 : source6
    let destination = family == .ipv4 ? destination4 : destination6
    let data = (0..<payload).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var body: [UInt8] = []
    if isTCP {
      var header = TCPHeader(sourcePort: 1, destinationPort: 2, flags: flags)
      header.sequence = 0xffff_ff00
      header.emit(from: source, to: destination, options: [], payload: data, into: &body)
    } else {
      UDPHeader(sourcePort: 1, destinationPort: 2).emit(
        from: source, to: destination, payload: data, into: &body)
    }
    let proto = isTCP ? IPProtocol.tcp : IPProtocol.udp
    if isOpen {
      let sum = Checksum.pseudoHeader(source, destination, proto: proto, length: body.count)
      body.store(be16: Checksum.fold(sum), at: isTCP ? 16 : 6)
    }
    var bytes: [UInt8] = []
    EthernetHeader(destination: MACAddress(2), source: MACAddress(4), type: family.ethertype).emit(
      into: &bytes)
    if family == .ipv4 {
      var header = IPv4Header(proto: proto, source: source, destination: destination)
      header.identification = 0xfffe
      header.emit(payloadLength: body.count, options: [], into: &bytes)
    } else {
      IPv6Header(nextHeader: proto, source: source, destination: destination)
        .emit(payloadLength: body.count, into: &bytes)
    }
    return bytes + body
  }

  private static func header(_ family: IPFamily, isTCP: Bool = true, size: UInt16 = 1000) -> VirtioHeader {
    var header = VirtioHeader()
    header.flags = VirtioHeader.needsChecksum
    header.checksumStart = family == .ipv4 ? 34 : 54
    header.checksumOffset = isTCP ? 16 : 6
    header.headerLength = header.checksumStart + (isTCP ? 20 : 8)
    header.segmentSize = size
    header.type =
      size == 0 ? 0 : isTCP ? (family == .ipv4 ? VirtioHeader.tcp4 : VirtioHeader.tcp6) : VirtioHeader.udp
    return header
  }

  private static func accepted(_ header: VirtioHeader, _ frame: [UInt8]) throws -> VirtioHeader {
    let accepted = header.accepted(for: frame.raw)
    return try #require(accepted)
  }

  @Test("ten octets, little-endian, there and back")
  func octets() throws {
    let bytes: [UInt8] = [1, 0x81, 0x36, 0, 0xa8, 5, 0x22, 0, 16, 0]
    let read = VirtioHeader(bytes.raw)
    let header = try #require(read)
    #expect(header.isPartial && header.kind == VirtioHeader.tcp4)
    #expect(header.headerLength == 54 && header.segmentSize == 1448)
    #expect(header.checksumStart == 34 && header.checksumOffset == 16)
    #expect(header.bytes == bytes)
    var written = [UInt8](repeating: 0xff, count: 12)
    var span = written.mutableSpan
    var octets = unsafe span.mutableBytes
    header.store(in: &octets)
    #expect(written == bytes + [0xff, 0xff])
    let short = VirtioHeader(bytes.raw.extracting(first: 9))
    #expect(short == nil)
    #expect(VirtioHeader.none.bytes == [UInt8](repeating: 0, count: 10))
  }

  @Test("what the kernel refuses with EINVAL is refused")
  func refused() {
    let frame = Self.frame(.ipv4, payload: 3000)
    func outcome(_ change: (inout VirtioHeader) -> Void) -> VirtioHeader? {
      var header = Self.header(.ipv4)
      change(&header)
      return header.accepted(for: frame.raw)
    }
    #expect(outcome { _ in } != nil)
    #expect(outcome { $0.type = 2 } == nil)
    #expect(outcome { $0.type = VirtioHeader.udpFragments } == nil)
    #expect(outcome { $0.type = VirtioHeader.ecn } == nil)
    #expect(outcome { $0.segmentSize = 0 } == nil)
    #expect(outcome { $0.segmentSize = 0xffff } == nil)
    #expect(outcome { $0.checksumStart = 0xffff } == nil)
    #expect(outcome { $0.checksumStart = 3040 } == nil)
    #expect(outcome { $0.checksumStart = 19 } == nil)
    #expect(outcome { $0.checksumOffset = 14 } == nil)
    #expect(outcome { $0.headerLength = 4000 } == nil)
    #expect(outcome { $0.type = VirtioHeader.udp } == nil)
    #expect(
      outcome {
        $0.flags = 0; $0.type = VirtioHeader.udp
      } == nil)
    var empty = VirtioHeader()
    empty.headerLength = 4000
    let refused = empty.accepted(for: frame.raw)
    #expect(refused == nil)
  }

  @Test("a frame of one segment is none of many, and a valid checksum is no work")
  func normalized() throws {
    let frame = Self.frame(.ipv4, payload: 900)
    let one = try Self.accepted(Self.header(.ipv4), frame)
    #expect(one.isPartial && !one.isSegmented && one.segmentSize == 0 && one.headerLength == 0)
    var valid = VirtioHeader()
    valid.flags = VirtioHeader.dataValid
    let taken = valid.accepted(for: frame.raw)
    #expect(taken == VirtioHeader.none)
  }

  @Test(
    "segments carry all octets once, with right headers", arguments: [IPFamily.ipv4, .ipv6], [true, false])
  func segments(family: IPFamily, isTCP: Bool) throws {
    let frame = Self.frame(family, isTCP: isTCP, payload: 2500, flags: [.ack, .psh, .fin, .cwr])
    let header = try Self.accepted(Self.header(family, isTCP: isTCP), frame)
    let pieces = try #require(Segmentation.prepare(frame, header, []))
    #expect(pieces.count == 3)
    var payload: [UInt8] = []
    for (number, piece) in pieces.enumerated() {
      #expect(piece.header == .none)
      let found = FrameLayout(piece.bytes.raw)
      let layout = try #require(found)
      let body = Array(piece.bytes[layout.transport...])
      let start = isTCP ? 20 : 8
      if family == .ipv4 {
        let isValid = Checksum.isValid(piece.bytes.raw.extracting(14..<34))
        #expect(isValid)
        #expect(Int(piece.bytes.be16(16)) == piece.bytes.count - 14)
        #expect(piece.bytes.be16(18) == UInt16(0xfffe) &+ UInt16(number))
      } else {
        #expect(Int(piece.bytes.be16(18)) == body.count)
      }
      let source = family == .ipv4 ? Self.source4 : Self.source6
      let destination = family == .ipv4 ? Self.destination4 : Self.destination6
      let sum = Checksum.pseudoHeader(source, destination, proto: layout.proto, length: body.count)
      let isValid = Checksum.isValid(body.raw, sum)
      #expect(isValid)
      if isTCP {
        let flags = TCPFlags(rawValue: body[13])
        #expect(flags.contains(.cwr) == (number == 0))
        #expect(flags.contains(.fin) == (number == 2) && flags.contains(.psh) == (number == 2))
        #expect(body.be32(4) == UInt32(0xffff_ff00) &+ UInt32(number * 1000))
      } else {
        #expect(Int(body.be16(4)) == body.count)
      }
      payload += body[start...]
    }
    #expect(payload == (0..<2500).map { UInt8(truncatingIfNeeded: $0 &* 7) })
  }

  @Test("a device is left what it can do, and no more")
  func capabilities() throws {
    let frame = Self.frame(.ipv4, payload: 2500)
    var header = try Self.accepted(Self.header(.ipv4), frame)
    let whole = try #require(Segmentation.prepare(frame, header, [.checksum, .tcp4]))
    #expect(whole.count == 1 && whole[0].bytes == frame && whole[0].header.segmentSize == 1000)
    #expect(try #require(Segmentation.prepare(frame, header, [.checksum, .tcp6])).count == 3)
    #expect(try #require(Segmentation.prepare(frame, header, [.tcp4])).allSatisfy { $0.header.isNone })
    let open = try #require(Segmentation.prepare(frame, header, [.checksum]))
    #expect(open.count == 3 && open.allSatisfy { $0.header.isPartial && !$0.header.isSegmented })
    header.type |= VirtioHeader.ecn
    #expect(try #require(Segmentation.prepare(frame, header, [.checksum, .tcp4])).count == 3)
    #expect(try #require(Segmentation.prepare(frame, header, [.checksum, .tcp4, .tcpECN])).count == 1)
  }

  @Test("a frame that is not what its header says is dropped")
  func liar() throws {
    let frame = Self.frame(.ipv4, isTCP: false, payload: 2500)
    let header = try Self.accepted(Self.header(.ipv4), frame)
    #expect(Segmentation.prepare(frame, header, []) == nil)
    #expect(Segmentation.prepare(frame, header, [.checksum, .tcp4]) == nil)
  }

  @Test("random headers and frames: no crash, and nothing is left to a device that can do nothing")
  func random() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var header = VirtioHeader()
      header.flags = UInt8.random(in: 0...3, using: &generator)
      header.type = [0, 1, 4, 5, 0x81, 0x84, 3][Int.random(in: 0..<7, using: &generator)]
      header.headerLength = UInt16.random(in: 0...200, using: &generator)
      header.segmentSize = UInt16.random(in: 0...300, using: &generator)
      header.checksumStart = UInt16.random(in: 0...100, using: &generator)
      header.checksumOffset = Bool.random(using: &generator) ? 16 : 6
      var frame = Self.frame(
        Bool.random(using: &generator) ? .ipv4 : .ipv6, isTCP: Bool.random(using: &generator),
        payload: Int.random(in: 0...900, using: &generator))
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        frame[Int.random(in: 12..<frame.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      frame.removeLast(Int.random(in: 0...frame.count / 2, using: &generator))
      guard let accepted = header.accepted(for: frame.raw) else { continue }
      let moved = accepted.isNone ? .none : accepted.shifted(by: Int.random(in: -60...60, using: &generator))
      for offloads: TAPOffloads in [[], [.checksum, .tcp4, .tcp6, .udp4, .udp6]] {
        guard let pieces = Segmentation.prepare(frame, moved, offloads), offloads.isEmpty else { continue }
        #expect(pieces.allSatisfy { $0.header.isNone })
      }
    }
  }
}
