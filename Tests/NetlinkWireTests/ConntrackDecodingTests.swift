// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetlinkWire
import TestSupport
import Testing

private func decode(_ payload: [UInt8]) throws(NetlinkFormatError) -> ConntrackEntry {
  var entry = ConntrackEntry()
  unsafe try entry.decode(payload.span.bytes)
  return entry
}

/// Messages that a kernel sent (Linux 6.18), by name: `conntrack-FAMILY-PROTOCOL`.
private let recorded: [(name: String, bytes: [UInt8])] = {
  let folder = BuiltProgram.sourceRoot.appendingPathComponent("Tests/Corpus/FuzzNetlink")
  let files =
    (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
  return files.filter { $0.lastPathComponent.hasPrefix("conntrack-") }.sorted { $0.path < $1.path }.compactMap
  { file in
    (try? Data(contentsOf: file)).map { (file.lastPathComponent, Array($0)) }
  }
}()

@Suite("Decoding conntrack messages")
struct ConntrackDecodingTests {
  /// One entry in a kernel's layout, of which a test may change parts.
  private struct Layout {
    var addresses: [(UInt16, UInt32)] = [(1, 0x0a00_0001), (2, 0xc633_6402)]
    var layer4 = UInt8(6)
    var ports: [(UInt16, UInt16)] = [(2, 40_000), (3, 443)]
    var counters: [(UInt16, UInt64)] = [(1, 0x0102_0304_0506), (2, 0xffff_ffff_ffff_fff0)]
    /// Appends an attribute that no kernel knows to each nest.
    var hasUnknown = false
    var isMarked = true

    var payload: [UInt8] {
      var writer = NetlinkWriter()
      writer.raw([2, 0, 0, 0])
      for type: UInt16 in [1, 2] {
        let tuple = writer.beginNest(type, marked: isMarked)
        let address = writer.beginNest(1, marked: isMarked)
        for (type, value) in addresses { writer.attribute(type, value) }
        unknown(&writer)
        writer.endNest(address)
        let proto = writer.beginNest(2, marked: isMarked)
        writer.attribute(1, layer4)
        for (type, value) in ports { writer.attribute(type, value) }
        unknown(&writer)
        writer.endNest(proto)
        writer.endNest(tuple)
      }
      for type: UInt16 in [9, 10] {
        let nest = writer.beginNest(type, marked: isMarked)
        for (type, value) in counters { writer.attribute(type, value) }
        unknown(&writer)
        writer.endNest(nest)
      }
      return writer.bytes
    }

    private func unknown(_ writer: inout NetlinkWriter) {
      if hasUnknown { writer.attribute(0x3fff, text: "of the future") }
    }
  }

  @Test("the layout that kernels send is decoded as any other with the same contents")
  func layouts() throws {
    for _ in 0..<100 {
      var usual = Layout()
      usual.addresses = [(1, .random(in: 0...UInt32.max)), (2, .random(in: 0...UInt32.max))]
      usual.ports = [(2, .random(in: 0...0xffff)), (3, .random(in: 0...0xffff))]
      usual.counters = [(1, .random(in: 0...UInt64.max)), (2, .random(in: 0...UInt64.max))]
      usual.layer4 = .random(in: 0...255)
      let expected = try decode(usual.payload)
      #expect(expected.original.source == IPAddress(ipv4: usual.addresses[0].1))
      #expect(expected.reply.destination == IPAddress(ipv4: usual.addresses[1].1))
      #expect(
        expected.original.sourcePort == usual.ports[0].1 && expected.reply.destinationPort == usual.ports[1].1
      )
      #expect(expected.original.layer4 == usual.layer4)
      #expect(expected.originalCounters?.packets == usual.counters[0].1)
      #expect(expected.replyCounters?.bytes == usual.counters[1].1)
      var reversed = usual
      reversed.addresses.reverse()
      reversed.ports.reverse()
      reversed.counters.reverse()
      var unknown = usual
      unknown.hasUnknown = true
      var unmarked = usual
      unmarked.isMarked = false
      for other in [reversed, unknown, unmarked] {
        #expect(other.payload != usual.payload)
        #expect(try decode(other.payload) == expected)
      }
    }
  }

  @Test("an entry is decoded anew: nothing of the one before is left")
  func reuse() throws {
    var entry = ConntrackEntry()
    for (_, bytes) in recorded {
      unsafe try? entry.decode(Array(bytes[16...]).span.bytes)
    }
    let plain = Layout().payload
    unsafe try entry.decode(plain.span.bytes)
    let fresh = try decode(plain)
    #expect(entry.present == fresh.present && entry.identity == fresh.identity)
    #expect(
      entry.helper == nil && entry.labels == nil && entry.zone == nil && entry.state == nil && entry.id == nil
    )
  }

  @Test("every message that a kernel sent is decoded, to what its name says")
  func corpus() throws {
    try #require(recorded.count >= 28)
    for (name, bytes) in recorded {
      var messages = unsafe NetlinkMessageCursor(bytes.span.bytes)
      let isThere = try messages.advance()
      let type = messages.type
      #expect(isThere && type == ConntrackMessage.type(ConntrackMessage.new), "\(name)")
      var entry = ConntrackEntry()
      try entry.decode(messages.payload)
      let parts = name.split(separator: "-")
      #expect(
        entry.original.family.rawValue == UInt8(parts[1]) && entry.original.layer4 == UInt8(parts[2]),
        "\(name)")
      #expect(entry.reply.family == entry.original.family && entry.reply.layer4 == entry.original.layer4)
      #expect(
        entry.status?.contains(.confirmed) == true && entry.id != nil && entry.timeout != nil
          && entry.use == 1)
      #expect(
        (entry.state != nil) == ["6", "132", "33"].contains(String(parts[2])) || parts[2] == "33", "\(name)")
      let isMore = try messages.advance()
      #expect(!isMore)
    }
  }

  @Test("the fields of a recorded TCP entry are those that the kernel meant")
  func recordedTCP() throws {
    let bytes = try #require(recorded.first { $0.name == "conntrack-2-6" }?.bytes)
    let entry = try decode(Array(bytes[16...]))
    #expect("\(entry.original.source)" == "10.0.3.164" && "\(entry.original.destination)" == "198.51.100.169")
    #expect(entry.original.sourcePort == 19_426 && entry.original.destinationPort == 53)
    #expect("\(entry.reply.source)" == "198.51.100.169" && entry.reply.sourcePort == 53)
    #expect(entry.status == [.seenReply, .confirmed])
    #expect(entry.mark == 0 && entry.id == 0x1bc6_36ee && entry.use == 1)
    #expect(!entry.isSourceTranslated && !entry.isDestinationTranslated)
  }

  @Test("a message that is cut off anywhere is refused or decoded, and never traps")
  func truncated() {
    for (_, bytes) in recorded {
      let payload = Array(bytes[16...])
      for length in 0..<payload.count {
        let cut = Array(payload[..<length])
        do {
          let entry = try decode(cut)
          #expect(length >= 4)
          _ = entry.identity
        } catch {
          if length < 4 { #expect(error == .messageLength(UInt32(length))) }
        }
      }
    }
  }

  @Test("a message with any one bit turned is refused or decoded, and never traps")
  func turnedBits() {
    var refused = 0
    var decoded = 0
    for (_, bytes) in recorded.prefix(12) {
      var payload = Array(bytes[16...])
      for index in payload.indices {
        for bit: UInt8 in [1, 4, 0x20, 0x80] {
          payload[index] ^= bit
          if let entry = try? decode(payload) {
            decoded += 1
            _ = entry.stateName
            _ = entry.deltaSeconds(now: 0)
          } else {
            refused += 1
          }
          payload[index] ^= bit
        }
      }
    }
    #expect(refused > 500 && decoded > 5000)
  }

  @Test("an attribute of a wrong size is refused by its type")
  func wrongSizes() {
    for type: UInt16 in [3, 7, 8, 11, 12] {
      var writer = NetlinkWriter()
      writer.raw([2, 0, 0, 0])
      writer.attribute(type, UInt16(1))
      #expect(throws: NetlinkFormatError.payloadSize(type)) { try decode(writer.bytes) }
    }
  }

  @Test("labels of any length are taken, bits above 127 dropped", arguments: [0, 4, 8, 12, 16, 20])
  func labels(_ length: Int) throws {
    var writer = NetlinkWriter()
    writer.raw([2, 0, 0, 0])
    writer.attribute(22, bytes: Array(repeating: 0x81, count: length))
    let labels = try #require(try decode(writer.bytes).labels)
    for bit in 0..<128 { #expect(labels[bit] == (bit < length * 8 && (bit % 8 == 0 || bit % 8 == 7))) }
  }
}
