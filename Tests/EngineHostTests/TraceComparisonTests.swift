// SPDX-License-Identifier: GPL-3.0-or-later

import EngineHost
import Testing

@Suite("what counts as equal to a recording")
struct TraceComparisonTests {
  private let line =
    "ipv4     2 tcp      6 431965 ESTABLISHED src=192.0.2.2 dst=198.51.100.2 sport=40000 dport=5201 "
    + "src=198.51.100.2 dst=192.0.2.2 sport=5201 dport=40000 [ASSURED] mark=0 use=1"

  @Test("a time-out may differ by what a slow machine explains, and no more")
  func timeouts() {
    let later = line.replacing("431965", with: "431967")
    let muchLater = line.replacing("431965", with: "431999")
    #expect(TraceComparison.compare([line], [later], elapsed: 0).equal == 1)
    #expect(TraceComparison.compare([line], [muchLater], elapsed: 0).equal == 0)
    #expect(TraceComparison.compare([line], [muchLater], elapsed: 200).equal == 1)
    let never = line.replacing("431965", with: "\(Int.min)")
    #expect(TraceComparison.compare([line], [never], elapsed: 200).equal == 0)
  }

  @Test("use= does not count, a mark does")
  func fields() {
    #expect(TraceComparison.compare([line], [line.replacing("use=1", with: "use=2")], elapsed: 0).equal == 1)
    #expect(
      TraceComparison.compare([line], [line.replacing("mark=0", with: "mark=1")], elapsed: 0).equal == 0)
  }

  @Test("an offloaded entry has no time-out, and one that has one is another")
  func offloaded() {
    let offloaded = line.replacing("431965 ESTABLISHED ", with: "").replacing("[ASSURED]", with: "[OFFLOAD]")
    #expect(TraceComparison.compare([offloaded], [offloaded], elapsed: 0).equal == 1)
    let timed = line.replacing("ESTABLISHED ", with: "").replacing("[ASSURED]", with: "[OFFLOAD]")
    #expect(TraceComparison.compare([offloaded], [timed], elapsed: 0).equal == 0)
  }

  @Test("lines that are missing or too many are named")
  func surplus() {
    let result = TraceComparison.compare([line], [], elapsed: 0)
    #expect(result.missing == [line])
    #expect(TraceComparison.compare([], [line], elapsed: 0).unexpected == [line])
  }

  @Test("the identification of an ICMP error may differ, that of a forwarded packet may not")
  func frames() {
    var error = [UInt8](repeating: 0, count: 70)
    error[12] = 8
    error[14] = 0x45
    error[23] = 1
    error[34] = 11
    var other = error
    other[18] = 0x77
    let left = Trace.Frame(device: "lan0", octets: error, offload: nil)
    #expect(TraceComparison.isSame(left, Trace.Frame(device: "lan0", octets: other, offload: nil)))
    #expect(!TraceComparison.isSame(left, Trace.Frame(device: "wan0", octets: error, offload: nil)))
    error[23] = 17
    other[23] = 17
    #expect(
      !TraceComparison.isSame(
        Trace.Frame(device: "lan0", octets: error, offload: nil),
        Trace.Frame(device: "lan0", octets: other, offload: nil)))
  }

  /// An IPIP packet from an Ethernet device, with a packet of the given protocol in it.
  private static func tunnelled(_ proto: UInt8, _ identification: UInt8, _ payload: [UInt8]) -> [UInt8] {
    func header(_ proto: UInt8, _ length: Int) -> [UInt8] {
      [0x45, 0, 0, UInt8(length), 0, identification, 0, 0, 64, proto, identification, 0]
        + [UInt8](repeating: 1, count: 8)
    }
    return [UInt8](repeating: 2, count: 12) + [8, 0] + header(4, 40 + payload.count)
      + header(proto, 20 + payload.count) + payload
  }

  @Test("in a tunnel, the identification of an ICMP error may differ, that of a forwarded packet may not")
  func tunnels() {
    let error: [UInt8] = [3, 1, 0, 0, 0, 0, 0, 0]
    let datagram: [UInt8] = [0x9c, 0x40, 0, 53, 0, 8, 0, 0]
    func isSame(_ proto: UInt8, _ payload: [UInt8]) -> Bool {
      TraceComparison.isSame(
        Trace.Frame(device: "wan0", octets: Self.tunnelled(proto, 1, payload)),
        Trace.Frame(device: "wan0", octets: Self.tunnelled(proto, 2, payload)))
    }
    #expect(isSame(1, error))
    #expect(!isSame(17, datagram))
  }

  @Test("the port that a kernel drew is found behind tags, sessions and tunnels")
  func drawnPorts() {
    let datagram: [UInt8] = [0x9c, 0x40, 0, 53, 0, 8, 0, 0]
    #expect(RecordedDraw.port(Self.tunnelled(17, 1, datagram)) == 40000)
    #expect(RecordedDraw.port(Self.tunnelled(1, 1, datagram)) == nil)
    var tagged = Self.tunnelled(17, 1, datagram)
    tagged.insert(contentsOf: [0x88, 0xa8, 0, 30, 0x81, 0, 0, 31], at: 12)
    #expect(RecordedDraw.port(tagged) == 40000)
    #expect(RecordedDraw.port(Array(tagged.dropLast(8))) == nil)
    var session = Self.tunnelled(17, 1, datagram)
    session.replaceSubrange(12..<14, with: [0x88, 0x64, 0x11, 0, 0, 17, 0, 50, 0, 0x21])
    #expect(RecordedDraw.port(session) == 40000)
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}
