// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Testing

@Suite("Writing and reading messages")
struct WriterTests {
  /// An attribute of a random message.
  indirect enum Node: Equatable {
    case octets(UInt16, [UInt8])
    case number(UInt16, UInt32)
    case text(UInt16, String)
    case nest(UInt16, [Node])

    static func random(depth: Int) -> Node {
      let type = UInt16.random(in: 0..<0x4000)
      switch Int.random(in: 0..<(depth > 0 ? 4 : 3)) {
      case 0: return .octets(type, (0..<Int.random(in: 0..<9)).map { _ in UInt8.random(in: 0...255) })
      case 1: return .number(type, UInt32.random(in: 0...UInt32.max))
      case 2: return .text(type, String("naïve flow".prefix(Int.random(in: 0...10))))
      default: return .nest(type, (0..<Int.random(in: 0..<4)).map { _ in random(depth: depth - 1) })
      }
    }

    func write(to writer: inout NetlinkWriter) {
      switch self {
      case .octets(let type, let octets): writer.attribute(type, bytes: octets)
      case .number(let type, let number): writer.attribute(type, number)
      case .text(let type, let text): writer.attribute(type, text: text)
      case .nest(let type, let nodes):
        let mark = writer.beginNest(type)
        for node in nodes { node.write(to: &writer) }
        writer.endNest(mark)
      }
    }

    /// Reads attributes of the same shapes back.
    static func read(_ cursor: consuming AttributeCursor, like shapes: [Node]) throws -> [Node] {
      var result: [Node] = []
      while try cursor.advance() {
        guard result.count < shapes.count else { break }
        switch shapes[result.count] {
        case .octets: result.append(.octets(cursor.type, cursor.payload.copied))
        case .number: result.append(.number(cursor.type, try cursor.bigEndian32()))
        case .text: result.append(.text(cursor.type, cursor.payload.text))
        case .nest(_, let nodes):
          let isMarked = cursor.isMarkedNested
          #expect(isMarked)
          result.append(.nest(cursor.type, try read(cursor.nested, like: nodes)))
        }
      }
      return result
    }
  }

  @Test("what is written is read back, message by message")
  func roundTrip() throws {
    for _ in 0..<300 {
      var writer = NetlinkWriter()
      var written: [(NetlinkHeader, NetfilterHeader, [Node])] = []
      for _ in 0..<Int.random(in: 1...4) {
        let header = NetlinkHeader(
          type: .random(in: 0x10...0xfff), flags: NetlinkFlags(rawValue: .random(in: 0...0xfff)),
          sequence: .random(in: 0...UInt32.max), portID: .random(in: 0...UInt32.max))
        let netfilter = NetfilterHeader(
          family: .random(in: 0...255), version: .random(in: 0...255), resourceID: .random(in: 0...0xffff))
        let nodes = (0..<Int.random(in: 0..<6)).map { _ in Node.random(depth: 3) }
        let mark = writer.beginMessage(header, netfilter)
        for node in nodes { node.write(to: &writer) }
        writer.endMessage(mark)
        written.append((header, netfilter, nodes))
      }
      #expect(writer.bytes.count % 4 == 0)
      let bytes = writer.bytes
      var messages = unsafe NetlinkMessageCursor(bytes.span.bytes)
      for (header, netfilter, nodes) in written {
        let isThere = try messages.advance()
        try #require(isThere)
        let found = messages.header
        var expected = header
        expected.length = UInt32(messages.message.byteCount)
        #expect(found == expected)
        let family = NetfilterHeader(messages.payload)
        #expect(family == netfilter)
        let read = try Node.read(AttributeCursor(messages.payload, from: 4), like: nodes)
        #expect(read == nodes)
      }
      let isMore = try messages.advance()
      #expect(!isMore)
    }
  }

  @Test("numbers are big-endian unless told otherwise, flags are empty, and rolling back takes all away")
  func numbers() {
    var writer = NetlinkWriter()
    writer.attribute(1, UInt8(0xab))
    writer.attribute(2, UInt16(0x0102))
    writer.attribute(3, UInt64(0x0102_0304_0506_0708))
    writer.attribute(4, host: UInt32(0x0102_0304).littleEndian)
    writer.flag(5)
    let bytes: [UInt8] = [
      5, 0, 1, 0, 0xab, 0, 0, 0, 6, 0, 2, 0, 1, 2, 0, 0, 12, 0, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8,
      8, 0, 4, 0, 4, 3, 2, 1, 4, 0, 5, 0,
    ]
    #expect(writer.bytes == bytes)
    let mark = writer.beginNest(6, marked: false)
    writer.attribute(1, text: "x")
    #expect(writer.bytes.count == bytes.count + 12)
    writer.rollBack(to: mark)
    #expect(writer.bytes == bytes)
  }
}

@Suite("Acknowledgements")
struct AcknowledgementTests {
  private let request = NetlinkHeader(
    length: 28, type: 0x0a06, flags: [.request, .acknowledge], sequence: 77, portID: 5)

  private func payload(
    error: Int32, request header: NetlinkHeader? = nil, body: [UInt8] = [],
    _ attributes: (inout NetlinkWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var writer = NetlinkWriter()
    writer.raw(
      (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: error).littleEndian >> UInt32(8 * $0)) })
    if let header {
      _ = writer.beginMessage(header)
      var bytes = writer.bytes
      bytes[4] = UInt8(header.length)
      writer.removeAll()
      writer.raw(bytes)
    }
    writer.raw(body)
    attributes(&writer)
    return writer.bytes
  }

  private func decode(
    _ bytes: [UInt8], _ flags: NetlinkFlags, isDone: Bool = false
  ) throws(NetlinkFormatError) -> Acknowledgement {
    unsafe try Acknowledgement(bytes.span.bytes, flags: flags, isDone: isDone)
  }

  @Test("success repeats the request's header alone")
  func success() throws {
    let answer = try decode(payload(error: 0, request: request), .capped)
    #expect(answer == Acknowledgement(errorNumber: 0, request: request))
  }

  @Test("the kernel's words follow the header when it is capped, else the whole request")
  func attributes() throws {
    let words: (inout NetlinkWriter) -> Void = { writer in
      writer.attribute(1, text: "Missing attribute")
      writer.attribute(2, host: 24)
      writer.attribute(5, host: 9)
      writer.attribute(99, UInt32(1))
    }
    let expected = Acknowledgement(
      errorNumber: 22, request: request, text: "Missing attribute", offset: 24, missingAttribute: 9)
    let capped: NetlinkFlags = [.capped, .acknowledgementAttributes]
    #expect(try decode(payload(error: -22, request: request, words), capped) == expected)
    let whole = payload(error: -22, request: request, body: Array(repeating: 0xee, count: 12), words)
    #expect(try decode(whole, .acknowledgementAttributes) == expected)
    // Without the flag nothing behind the request is read.
    #expect(
      try decode(payload(error: -22, request: request, words), .capped)
        == Acknowledgement(errorNumber: 22, request: request))
  }

  @Test("the end of a dump carries an errno and words, but no request")
  func done() throws {
    let bytes = payload(error: -4) { $0.attribute(1, text: "interrupted") }
    let answer = try decode(bytes, .acknowledgementAttributes, isDone: true)
    #expect(answer.errorNumber == 4 && answer.text == "interrupted")
  }

  @Test("the lowest number there is has a positive errno, too")
  func lowest() throws {
    #expect(try decode(payload(error: .min, request: request), .capped).errorNumber == .max)
  }

  @Test("an answer that is cut off is an error", arguments: 0..<20)
  func cutOff(_ count: Int) {
    let bytes = Array(payload(error: -1, request: request).prefix(count))
    #expect(throws: NetlinkFormatError.messageLength(UInt32(count))) { try decode(bytes, []) }
  }

  @Test("a request that claims more than there is ends the answer, and attributes of wrong size are refused")
  func lies() throws {
    var liar = request
    liar.length = 255
    #expect(try decode(payload(error: -1, request: liar), .acknowledgementAttributes).text == nil)
    let flags: NetlinkFlags = [.capped, .acknowledgementAttributes]
    let bytes = payload(error: -1, request: request) { $0.attribute(2, UInt16(1)) }
    #expect(throws: NetlinkFormatError.payloadSize(2)) { try decode(bytes, flags) }
  }
}
