// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

@Suite("ctnetlink on the engine")
struct ConntrackControlTests {
  private let router: Router
  private var client = ControlClient(portID: 5)

  init() {
    router = Router(generation: .linux72, seed: 1)
    router.conntrack.isListening = true
  }

  private static func tuple(
    _ type: UInt16, _ source: UInt32, _ destination: UInt32, _ sourcePort: UInt16, _ destinationPort: UInt16,
    zone: UInt16? = nil, into writer: inout NetlinkWriter
  ) {
    let tuple = writer.beginNest(type)
    let addresses = writer.beginNest(ConntrackAttribute.Tuple.addresses)
    writer.attribute(ConntrackAttribute.Address.ipv4Source, source)
    writer.attribute(ConntrackAttribute.Address.ipv4Destination, destination)
    writer.endNest(addresses)
    let layer4 = writer.beginNest(ConntrackAttribute.Tuple.layer4)
    writer.attribute(ConntrackAttribute.Layer4.number, Layer4Protocol.udp)
    writer.attribute(ConntrackAttribute.Layer4.sourcePort, sourcePort)
    writer.attribute(ConntrackAttribute.Layer4.destinationPort, destinationPort)
    writer.endNest(layer4)
    if let zone { writer.attribute(ConntrackAttribute.Tuple.zone, zone) }
    writer.endNest(tuple)
  }

  private func send(
    _ type: UInt16, _ flags: NetlinkFlags, family: UInt8 = 2, _ content: (inout NetlinkWriter) -> Void
  ) -> ControlOutput {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(
      NetlinkHeader(type: type, flags: flags.union(.request), sequence: 9), NetfilterHeader(family: family))
    content(&writer)
    writer.endMessage(mark)
    // Safe: the span does not outlive the array.
    return unsafe router.control(writer.bytes.span.bytes, from: client)
  }

  /// A UDP flow from 10.0.0.1 to 10.0.0.2.
  private func create(
    port: UInt16, _ flags: NetlinkFlags = [.create, .exclusive],
    _ more: (inout NetlinkWriter) -> Void = { _ in }
  ) -> ControlOutput {
    send(ConntrackMessage.type(ConntrackMessage.new), flags) { writer in
      Self.tuple(ConntrackAttribute.originalTuple, 0x0a00_0001, 0x0a00_0002, port, 53, into: &writer)
      Self.tuple(ConntrackAttribute.replyTuple, 0x0a00_0002, 0x0a00_0001, 53, port, into: &writer)
      more(&writer)
    }
  }

  private func listed(family: UInt8 = 0, _ content: (inout NetlinkWriter) -> Void = { _ in })
    -> [NetlinkWire::ConntrackEntry]
  {
    let output = send(ConntrackMessage.type(ConntrackMessage.get), .dump, family: family, content)
    var entries: [NetlinkWire::ConntrackEntry] = []
    for reply in output.replies {
      // Safe: the span does not outlive the array.
      var cursor = unsafe NetlinkMessageCursor(reply.span.bytes)
      while let more = try? cursor.advance(), more {
        var entry = NetlinkWire::ConntrackEntry()
        if cursor.type == ConntrackMessage.type(ConntrackMessage.new),
          (try? entry.decode(cursor.payload)) != nil
        {
          entries.append(entry)
        }
      }
    }
    return entries.sorted { $0.original.sourcePort < $1.original.sourcePort }
  }

  private func number(_ output: ControlOutput) -> Int32? { RulesetBench.errors(output).first?.number }

  private static func timeout(_ seconds: UInt32) -> (inout NetlinkWriter) -> Void {
    { $0.attribute(ConntrackAttribute.timeout, seconds) }
  }

  @Test("an entry that a client makes is listed with what it was given, and announced")
  func creation() {
    let output = create(port: 1000) { writer in
      writer.attribute(ConntrackAttribute.timeout, UInt32(60))
      writer.attribute(ConntrackAttribute.mark, UInt32(7))
    }
    #expect(output.replies == [])
    #expect(output.events.map(\.group) == [ConntrackGroup.new])
    let entries = listed()
    #expect(entries.count == 1)
    #expect(entries.first?.markField == 7)
    #expect(entries.first?.timeoutField == 60)
    #expect(entries.first?.statusField == .confirmed)
    router.advance(to: Instant(seconds: 61))
    #expect(listed().isEmpty)
  }

  @Test("a direction may have a zone of its own beside the default zone, and beside no other")
  func zones() {
    func create(zone: UInt16, port: UInt16) -> ControlOutput {
      self.create(port: port) { writer in
        let type = ConntrackAttribute.originalTuple
        Self.tuple(type, 0x0a00_0001, 0x0a00_0002, port, 53, zone: 2, into: &writer)
        writer.attribute(ConntrackAttribute.zone, zone)
        writer.attribute(ConntrackAttribute.timeout, UInt32(60))
      }
    }
    #expect(create(zone: 0, port: 1).replies == [])
    #expect(number(create(zone: 1, port: 2)) == ErrorNumber.invalid)
    #expect(listed().count == 1)
  }

  @Test("a time-out is no longer than the kernel can count its ticks, whether given at first or later")
  func longTimeouts() {
    _ = create(port: 1000, [.create, .exclusive], Self.timeout(1_000_000_000))
    _ = create(port: 1001, [.create, .exclusive], Self.timeout(60))
    _ = create(port: 1001, [], Self.timeout(.max))
    _ = create(port: 1002, [.create, .exclusive], Self.timeout(8_589_934))
    #expect(listed().map(\.timeoutField) == [8_589_934, 8_589_934, 8_589_934])
  }

  @Test("creating without what the kernel needs has its errno")
  func refusals() {
    #expect(number(create(port: 1)) == ErrorNumber.invalid)
    #expect(number(create(port: 1, [], Self.timeout(5))) == ErrorNumber.noEntry)
    #expect(create(port: 1, [.create, .exclusive], Self.timeout(5)).replies == [])
    #expect(number(create(port: 1, [.create, .exclusive], Self.timeout(5))) == ErrorNumber.exists)
    #expect(
      number(
        create(port: 2) { writer in
          writer.attribute(ConntrackAttribute.timeout, UInt32(5))
          writer.attribute(ConntrackAttribute.status, NetlinkWire::ConntrackStatus.assured.rawValue)
        }) == ErrorNumber.busy)
    #expect(
      number(
        create(port: 2) { writer in
          writer.attribute(ConntrackAttribute.timeout, UInt32(5))
          writer.attribute(ConntrackAttribute.labels, bytes: [UInt8](repeating: 1, count: 20))
        }) == ErrorNumber.outOfRange)
    // An entry that is not assured would make room.
    #expect(
      create(port: 1, []) { writer in
        let status: NetlinkWire::ConntrackStatus = [.confirmed, .seenReply, .assured]
        writer.attribute(ConntrackAttribute.status, status.rawValue)
      }.replies == [])
    router.conntrack.settings.maximumEntries = 1
    #expect(number(create(port: 3, [.create, .exclusive], Self.timeout(5))) == ErrorNumber.noMemory)
  }

  @Test("an update sets bits and never clears them, and a mark by its mask")
  func update() {
    _ = create(port: 1000, [.create, .exclusive], Self.timeout(60))
    let seen = NetlinkWire::ConntrackStatus([.confirmed, .seenReply, .assured]).rawValue
    #expect(create(port: 1000, []) { $0.attribute(ConntrackAttribute.status, seen) }.replies == [])
    #expect(listed().first?.statusField == [.confirmed, .seenReply, .assured])
    let less = NetlinkWire::ConntrackStatus.confirmed.rawValue
    #expect(
      number(create(port: 1000, []) { $0.attribute(ConntrackAttribute.status, less) }) == ErrorNumber.busy)
    _ = create(port: 1000, []) { $0.attribute(ConntrackAttribute.mark, UInt32(0xff)) }
    let output = create(port: 1000, []) { writer in
      writer.attribute(ConntrackAttribute.mark, UInt32(0x20))
      writer.attribute(ConntrackAttribute.markMask, UInt32(0xf0))
    }
    #expect(listed().first?.markField == 0x2f)
    #expect(output.events.map(\.group) == [ConntrackGroup.update])
  }

  @Test("a dump is filtered by family, mark and status")
  func filters() {
    for port: UInt16 in 1...4 {
      _ = create(port: port) { writer in
        writer.attribute(ConntrackAttribute.timeout, UInt32(60))
        writer.attribute(ConntrackAttribute.mark, UInt32(port & 1))
      }
    }
    #expect(listed().count == 4)
    #expect(listed(family: 2).count == 4)
    #expect(listed(family: 10).isEmpty)
    #expect(listed { $0.attribute(ConntrackAttribute.mark, UInt32(1)) }.map(\.original.sourcePort) == [1, 3])
    #expect(
      listed { $0.attribute(ConntrackAttribute.status, NetlinkWire::ConntrackStatus.assured.rawValue) }
        .isEmpty)
  }

  @Test("one entry is deleted by its tuple, and only if the id fits")
  func deletion() {
    _ = create(port: 1000, [.create, .exclusive], Self.timeout(60))
    let id = listed().first?.idField ?? 0
    func delete(_ id: UInt32) -> ControlOutput {
      send(ConntrackMessage.type(ConntrackMessage.delete), []) { writer in
        Self.tuple(ConntrackAttribute.originalTuple, 0x0a00_0001, 0x0a00_0002, 1000, 53, into: &writer)
        writer.attribute(ConntrackAttribute.id, id)
      }
    }
    #expect(number(delete(id &+ 1)) == ErrorNumber.noEntry)
    let output = delete(id)
    #expect(output.replies == [])
    #expect(output.events.map(\.group) == [ConntrackGroup.destroy])
    #expect(listed().isEmpty)
  }

  @Test("a flush by family needs a version other than 0, as in the kernel")
  func flush() {
    _ = create(port: 1000, [.create, .exclusive], Self.timeout(60))
    #expect(send(ConntrackMessage.type(ConntrackMessage.delete), [], family: 10) { _ in }.replies == [])
    #expect(listed().isEmpty)
  }

  @Test("an expectation needs a master with a helper, and goes with it")
  func expectations() {
    func expect(master port: UInt16) -> ControlOutput {
      send(0x0200, [.create, .exclusive]) { writer in
        Self.tuple(1, 0x0a00_0001, 0x0a00_0002, port, 53, into: &writer)
        Self.tuple(2, 0x0a00_0002, 0x0a00_0001, 0, 5000, into: &writer)
        Self.tuple(3, .max, .max, 0, .max, into: &writer)
      }
    }
    #expect(number(expect(master: 1)) == ErrorNumber.noEntry)
    _ = create(port: 1, [.create, .exclusive], Self.timeout(60))
    #expect(number(expect(master: 1)) == ErrorNumber.notSupported)
    _ = create(port: 2) { writer in
      writer.attribute(ConntrackAttribute.timeout, UInt32(60))
      let help = writer.beginNest(ConntrackAttribute.help)
      writer.attribute(1, text: "tftp")
      writer.endNest(help)
    }
    let output = expect(master: 2)
    #expect(output.replies == [])
    #expect(output.events.map(\.group) == [ConntrackGroup.newExpectation])
    #expect(number(expect(master: 2)) == ErrorNumber.exists)
    #expect(send(0x0201, .dump) { _ in }.replies.count == 2)
    _ = send(ConntrackMessage.type(ConntrackMessage.delete), []) { _ in }
    #expect(send(0x0201, .dump) { _ in }.replies.count == 1)
  }

  @Test("a client without the privilege gets EPERM, once")
  func privilege() {
    var other = self
    other.client.isPrivileged = false
    let output = other.send(ConntrackMessage.type(ConntrackMessage.get), .dump) { _ in }
    #expect(output.replies.count == 1)
    #expect(number(output) == ErrorNumber.notPermitted)
  }
}
