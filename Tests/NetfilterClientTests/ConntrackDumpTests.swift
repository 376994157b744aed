// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Synchronization
import TestSupport
import Testing

@testable import NetfilterClient

@Suite("Dumps of the conntrack table")
struct ConntrackDumpTests {
  /// A transport that plays datagrams, each made from the sequence number of the request, and then an errno.
  private final class Script: NetlinkTransport {
    let descriptor: Int32 = -1
    private let datagrams: @Sendable (UInt32) -> [[UInt8]]
    private let state = Mutex<(sequence: UInt32, next: Int, requests: Int)>((0, 0, 0))

    init(_ datagrams: @escaping @Sendable (UInt32) -> [[UInt8]]) { self.datagrams = datagrams }

    var requests: Int { state.withLock { $0.requests } }

    func send(_ datagram: [UInt8]) throws(NetlinkError) {
      let sequence = UInt32(datagram[8]) | UInt32(datagram[9]) << 8
      state.withLock { $0 = (sequence, 0, $0.requests + 1) }
    }

    func subscribe(to group: UInt32) throws(NetlinkError) {}
    var receiveBuffer: Int32 { 0 }
    func enlargeReceiveBuffer(to octets: Int32) -> Int32 { octets }

    func receive(into buffer: inout MutableRawSpan) throws(NetlinkError) -> Int {
      let (sequence, index) = state.withLock { state in
        defer { state.next += 1 }
        return (state.sequence, state.next)
      }
      let all = datagrams(sequence)
      guard index < all.count else { throw NetlinkError("receive", .noBufferSpace) }
      for (offset, octet) in all[index].enumerated() {
        buffer.storeBytes(of: octet, toByteOffset: offset, as: UInt8.self)
      }
      return all[index].count
    }
  }

  /// A datagram with an entry for each port; the id is the port's, too.
  private static func entries(
    _ ports: some Sequence<UInt16>, _ sequence: UInt32, flags: NetlinkFlags = .multipart
  ) -> [UInt8] {
    var writer = NetlinkWriter()
    for port in ports {
      let message = writer.beginMessage(
        NetlinkHeader(type: 0x100, flags: flags, sequence: sequence), NetfilterHeader(family: 2))
      let tuple = writer.beginNest(ConntrackAttribute.originalTuple)
      let addresses = writer.beginNest(ConntrackAttribute.Tuple.addresses)
      writer.attribute(1, UInt32(0xc000_0201))
      writer.attribute(2, UInt32(0xc633_6402))
      writer.endNest(addresses)
      let layer4 = writer.beginNest(ConntrackAttribute.Tuple.layer4)
      writer.attribute(1, UInt8(6))
      writer.attribute(2, port)
      writer.attribute(3, UInt16(443))
      writer.endNest(layer4)
      writer.endNest(tuple)
      writer.attribute(ConntrackAttribute.id, UInt32(port))
      writer.endMessage(message)
    }
    return writer.bytes
  }

  private static func done(_ sequence: UInt32, flags: NetlinkFlags = .multipart) -> [UInt8] {
    var writer = NetlinkWriter()
    let message = writer.beginMessage(
      NetlinkHeader(type: NetlinkControlType.done, flags: flags, sequence: sequence))
    writer.raw([0, 0, 0, 0])
    writer.endMessage(message)
    return writer.bytes
  }

  private static func refusal(_ number: Int32, _ sequence: UInt32) -> [UInt8] {
    var writer = NetlinkWriter()
    let message = writer.beginMessage(
      NetlinkHeader(type: NetlinkControlType.error, flags: [], sequence: sequence))
    let value = UInt32(bitPattern: -number)
    writer.raw((0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) })
    writer.raw([UInt8](repeating: 0, count: 16))
    writer.endMessage(message)
    return writer.bytes
  }

  private func ports(_ script: Script, _ filter: KernelFilter = KernelFilter()) throws -> (
    [UInt16], DumpSummary
  ) {
    var result: [UInt16] = []
    let summary = try NetlinkSession(script).dumpConntrack(filter) { entry in
      result.append(entry.original.sourcePort)
      return true
    }
    return (result, summary)
  }

  @Test("a bucket that is sent again is passed on once")
  func repeatedBucket() throws {
    let script = Script { sequence in
      // The dump resumed in a bucket that begins with port 90; 200 is new in it.
      [
        Self.entries(1...100, sequence), Self.entries([200] + Array(90...100) + Array(101...150), sequence),
        Self.done(sequence),
      ]
    }
    let (found, summary) = try ports(script)
    #expect(found == Array(1...100) + [200] + Array(101...150))
    #expect(summary.entries == 151)
    #expect(summary.repeated == 11)
    #expect(!summary.wasInterrupted)
  }

  @Test("entries that share everything but the zone or the id are not taken for one")
  func similarEntries() {
    var first = ConntrackEntry()
    first.present = [.original, .id]
    first.idField = 7
    var second = first
    second.idField = 8
    var third = first
    third.present.insert(.zone)
    third.zoneField = 3
    #expect(Set([first.identity, second.identity, third.identity]).count == 3)
  }

  @Test("the last 256 identities are remembered, whatever came before")
  func memory() {
    var recent = RecentIdentities()
    var generator = SeededGenerator(seed: 11)
    var sent: [UInt64] = []
    for _ in 0..<20_000 {
      let identity = generator.next()
      let isNew = recent.insert(identity)
      #expect(isNew)
      sent.append(identity)
      if sent.count % 97 == 0 {
        for old in sent.suffix(256) {
          let isNew = recent.insert(old)
          #expect(!isNew)
        }
      }
    }
  }

  @Test("a dump that the kernel calls interrupted says so")
  func interrupted() throws {
    let script = Script { sequence in
      [Self.entries([1, 2], sequence, flags: [.multipart, .dumpInterrupted]), Self.done(sequence)]
    }
    let (found, summary) = try ports(script)
    #expect(found == [1, 2])
    #expect(summary.wasInterrupted)
  }

  @Test("answers to other requests are passed over")
  func foreignSequence() throws {
    let script = Script { sequence in
      [Self.entries([9], sequence + 5) + Self.entries([1], sequence), Self.done(sequence)]
    }
    #expect(try ports(script).0 == [1])
  }

  @Test("a refusal is the errno, under the operation's name")
  func refusal() {
    let script = Script { [Self.refusal(1, $0)] }
    #expect(throws: NetlinkError("list conntrack entries", .operationNotPermitted)) { try ports(script) }
  }

  @Test("a kernel that refuses the filter is asked again without")
  func refusedFilter() throws {
    var filter = KernelFilter()
    filter.zone = 5
    let script = Script { sequence in
      sequence == 1
        ? [Self.refusal(22, sequence)] : [Self.entries([4], sequence), Self.done(sequence)]
    }
    #expect(try ports(script, filter).0 == [4])
    #expect(script.requests == 2)
  }

  @Test("entries before a failure are passed on, then the failure is thrown")
  func failure() {
    let script = Script { [Self.entries([1, 2, 3], $0)] }
    var found: [UInt16] = []
    #expect(throws: NetlinkError("list conntrack entries", .noBufferSpace)) {
      _ = try NetlinkSession(script).dumpConntrack { entry in
        found.append(entry.original.sourcePort)
        return true
      }
    }
    #expect(found == [1, 2, 3])
  }

  @Test("octets that are no netlink message end the dump with an error")
  func malformed() {
    let script = Script { Array([Self.entries([1], $0) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 12)]) }
    #expect(throws: NetlinkError.self) { try ports(script) }
  }
}
