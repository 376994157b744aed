// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetlinkWire
import Synchronization
import Testing

@testable import NetfilterClient

@Suite("Blocks of a dump")
struct BlockRingTests {
  /// A transport that always has another datagram, of one message that ends nothing.
  private final class Endless: NetlinkTransport {
    let descriptor: Int32 = -1
    let received = Atomic<Int>(0)

    func send(_ datagram: [UInt8]) throws(NetlinkError) {}
    func subscribe(to group: UInt32) throws(NetlinkError) {}
    var receiveBuffer: Int32 { 0 }
    func enlargeReceiveBuffer(to octets: Int32) -> Int32 { octets }

    func receive(into buffer: inout MutableRawSpan) throws(NetlinkError) -> Int {
      var writer = NetlinkWriter()
      writer.endMessage(
        writer.beginMessage(NetlinkHeader(type: 0x100, flags: .multipart), NetfilterHeader(family: 2)))
      for (index, octet) in writer.bytes.enumerated() {
        buffer.storeBytes(of: octet, toByteOffset: index, as: UInt8.self)
      }
      received.add(1, ordering: .relaxed)
      return writer.bytes.count
    }
  }

  private struct Enough: Error {}

  @Test("a reader that stops while every slot is full does not wait for ever", .timeLimit(.minutes(10)))
  func stopping() throws {
    for round in 0..<20 {
      let transport = Endless()
      let ring = BlockRing()
      do {
        try ring.pump(from: transport) { _ in
          // Until the receiver has filled all that there is.
          while transport.received.load(ordering: .relaxed) < 8 { usleep(100) }
          usleep(2000)
          if round % 2 == 0 { throw Enough() }
          return false
        }
        #expect(round % 2 == 1)
      } catch is Enough {
        #expect(round % 2 == 0)
      }
    }
  }
}
