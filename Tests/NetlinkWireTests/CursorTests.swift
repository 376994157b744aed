// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Testing

/// The types and payload lengths of all attributes.
private func walk(_ bytes: [UInt8], from offset: Int = 0) throws(NetlinkFormatError) -> [(UInt16, Int)] {
  var cursor = unsafe AttributeCursor(bytes.span.bytes, from: offset)
  var result: [(UInt16, Int)] = []
  while try cursor.advance() { result.append((cursor.type, cursor.payloadLength)) }
  return result
}

/// The types and payload lengths of all messages.
private func walkMessages(_ bytes: [UInt8]) throws(NetlinkFormatError) -> [(UInt16, Int)] {
  var cursor = unsafe NetlinkMessageCursor(bytes.span.bytes)
  var result: [(UInt16, Int)] = []
  while try cursor.advance() { result.append((cursor.type, cursor.payload.byteCount)) }
  return result
}

private func header(length: UInt32, type: UInt16 = 0x100) -> [UInt8] {
  let words = [length.littleEndian, UInt32(type).littleEndian, 0, 0]
  return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
}

@Suite("Cursors over attributes and messages")
struct CursorTests {
  @Test("an attribute shorter than its header is an error, never a loop", arguments: UInt8(0)..<4)
  func tooShort(_ length: UInt8) {
    #expect(throws: NetlinkFormatError.attributeLength(UInt16(length))) { try walk([length, 0, 1, 0]) }
    // Behind a good one, too.
    #expect(throws: NetlinkFormatError.attributeLength(UInt16(length))) {
      try walk([5, 0, 1, 0, 7, 0, 0, 0, length, 0, 1, 0, 0, 0, 0, 0])
    }
  }

  @Test("an attribute longer than the rest is an error", arguments: [5, 8, 9, 255])
  func tooLong(_ length: UInt8) {
    #expect(throws: NetlinkFormatError.attributeLength(UInt16(length))) { try walk([length, 0, 1, 0]) }
    #expect(throws: NetlinkFormatError.attributeLength(UInt16(length) + 0xff00)) {
      try walk([length, 0xff, 1, 0, 0, 0, 0, 0])
    }
  }

  @Test("fewer octets than a header at the end are padding", arguments: 0..<4)
  func padding(_ count: Int) throws {
    let attributes = try walk([4, 0, 9, 0] + Array(repeating: 0xff, count: count))
    #expect(attributes.count == 1 && attributes[0] == (9, 0))
  }

  @Test("the last attribute needs no padding")
  func unpaddedEnd() throws {
    for length in 1...4 {
      let attributes = try walk([UInt8(4 + length), 0, 3, 0] + Array(repeating: 1, count: length))
      #expect(attributes.count == 1 && attributes[0] == (3, length))
    }
  }

  @Test("the flag bits are no part of a type")
  func flagBits() throws {
    let bytes: [UInt8] = [4, 0, 7, 0x80, 4, 0, 7, 0x40, 4, 0, 7, 0]
    var cursor = unsafe AttributeCursor(bytes.span.bytes)
    var marks: [Bool] = []
    while try cursor.advance() {
      let type = cursor.type
      #expect(type == 7)
      marks.append(cursor.isMarkedNested)
    }
    #expect(marks == [true, false, false])
  }

  @Test("a number of another size than its attribute has is an error that names the type", arguments: 0..<10)
  func numberSizes(_ length: Int) throws {
    let bytes: [UInt8] = [UInt8(4 + length), 0, 42, 0] + (0..<UInt8(length)).map { $0 + 1 }
    var cursor = unsafe AttributeCursor(bytes.span.bytes)
    let isThere = try cursor.advance()
    #expect(isThere)
    func read<Number>(_ size: Int, _ expected: Number, _ body: () throws(NetlinkFormatError) -> Number)
    where Number: Equatable {
      do {
        let value = try body()
        #expect(length == size && value == expected)
      } catch {
        #expect(length != size && error == .payloadSize(42))
      }
    }
    read(1, 1) { () throws(NetlinkFormatError) in try cursor.uint8() }
    read(2, 0x0102) { () throws(NetlinkFormatError) in try cursor.bigEndian16() }
    read(4, 0x0102_0304) { () throws(NetlinkFormatError) in try cursor.bigEndian32() }
    read(4, UInt32(0x0403_0201).littleEndian) { () throws(NetlinkFormatError) in try cursor.host32() }
    read(8, 0x0102_0304_0506_0708) { () throws(NetlinkFormatError) in try cursor.bigEndian64() }
  }

  @Test(
    "a message shorter than its header or longer than the datagram is an error",
    arguments: [0, 1, 15, 17, 100, UInt32.max])
  func messageLengths(_ length: UInt32) {
    #expect(throws: NetlinkFormatError.messageLength(length)) { try walkMessages(header(length: length)) }
  }

  @Test("messages are padded to four octets, the last one needs not be")
  func messages() throws {
    let bytes =
      header(length: 17, type: 1) + [9, 0, 0, 0] + header(length: 16, type: 2) + header(length: 18, type: 3)
      + [1, 2]
    #expect(try walkMessages(bytes).elementsEqual([(1, 1), (2, 0), (3, 2)], by: ==))
    #expect(try walkMessages([]).isEmpty)
    #expect(try walkMessages(Array(repeating: 0xff, count: 15)).isEmpty)
  }

  @Test("any octets end a walk after at most a step for every four of them")
  func anything() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      let count = Int.random(in: 0..<64, using: &random)
      // Small numbers are lengths that make sense, so that walks come further.
      let bytes = (0..<count).map { _ in
        UInt8.random(in: 0...(Bool.random(using: &random) ? 12 : 255), using: &random)
      }
      if let attributes = try? walk(bytes) { #expect(attributes.count * 4 <= count) }
      if let messages = try? walkMessages(bytes) { #expect(messages.count * 16 <= count) }
    }
  }
}

@Suite("Netlink flags")
struct FlagTests {
  @Test("flags have the numbers of linux/netlink.h")
  func numbers() {
    let numbers: [(NetlinkFlags, UInt16)] = [
      (.request, 0x01), (.multipart, 0x02), (.acknowledge, 0x04), (.echo, 0x08), (.dumpInterrupted, 0x10),
      (.dumpFiltered, 0x20), (.root, 0x100), (.match, 0x200), (.dump, 0x300), (.replace, 0x100),
      (.exclusive, 0x200), (.create, 0x400), (.append, 0x800), (.nonRecursive, 0x100), (.capped, 0x100),
      (.acknowledgementAttributes, 0x200),
    ]
    for (flag, number) in numbers { #expect(flag.rawValue == number) }
  }

  @Test("flags contain another only when all its bits are set")
  func contains() {
    let flags: NetlinkFlags = [.request, .root]
    #expect(flags.contains(.request) && flags.contains([.request, .root]) && flags.contains([]))
    #expect(!flags.contains(.dump) && !flags.contains(.acknowledge))
    #expect(NetlinkFlags.dump.contains(.match))
  }
}
