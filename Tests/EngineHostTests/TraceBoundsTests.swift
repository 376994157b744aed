// SPDX-License-Identifier: GPL-3.0-or-later

import EngineHost
import JSONDocument
import Testing

@Suite("traces that say what cannot be")
struct TraceBoundsTests {
  /// A trace of a router with one device.
  private static func trace(_ steps: String) throws -> Trace {
    let text = """
      {"name": "bounds", "kernel": "7.2.0", "devices": [{"name": "lan0", "kind": "tap", "mac": "02:00:00:00:01:01",
       "addresses": ["192.0.2.1/24"]}], "steps": [\(steps)]}
      """
    return try Trace(JSONValue(parsing: Array(text.utf8)))
  }

  /// An IPIP packet for the router whose headers, both, begin with this octet.
  private static func tunnelled(_ first: String) -> String {
    let header = first + "00" + "0028" + "00010000" + "40" + "04" + "0000" + "c0000202" + "c0000201"
    return "020000000101" + "020000000102" + "0800" + header + header
  }

  private static let empty = tunnelled("40")

  @Test("a header of no length is no header")
  func headers() throws {
    let octets = try #require(Trace.octets(Self.empty))
    #expect(octets.count == 54)
    #expect(RecordedDraw.port(octets) == nil)
    let frame = Trace.Frame(device: "lan0", octets: octets)
    #expect(TraceComparison.isSame(frame, frame))
    let other = Trace.Frame(device: "lan0", octets: octets.dropLast() + [2])
    #expect(!TraceComparison.isSame(frame, other))
  }

  @Test("a frame with such a header is dropped; one that a recording says was sent is a difference")
  func frames() throws {
    let arrives = try Self.trace(#"{"in": "lan0", "frame": "\#(Self.empty)", "out": []}"#)
    #expect(TracePlayer(arrives).play().differences.isEmpty)
    for input in [Self.empty, Self.tunnelled("45")] {
      let leaves = try Self.trace(
        #"{"in": "lan0", "frame": "\#(input)", "out": [{"dev": "lan0", "frame": "\#(Self.empty)"}]}"#)
      let result = TracePlayer(leaves).play()
      #expect(result.differences.map(\.step) == [1])
      #expect(result.differences.first?.detail.first?.hasPrefix("expected a frame on lan0: ") == true)
      #expect(result.frames == 1 && result.framesEqual == 0)
    }
  }

  @Test(
    "a time that is no number of seconds up to a year is an error with its name",
    arguments: ["1e300", "-1", "31536001"])
  func times(number: String) {
    for name in ["wait", "at"] {
      #expect(throws: DescriptionError("\(name) is no number of seconds up to a year")) {
        try Self.trace("{\"\(name)\": \(number)}")
      }
    }
  }

  @Test("steps that wait for more than a year together are an error")
  func manyWaits() {
    let year = #"{"wait": 31536000}"#
    #expect(throws: Never.self) { try Self.trace(year) }
    #expect(throws: DescriptionError("the steps wait for more than a year")) {
      try Self.trace([String](repeating: year, count: 700).joined(separator: ", "))
    }
  }

  @Test("a path smaller than a tunnel's header carries nothing, and that is said")
  func smallPath() throws {
    var trace = try Verification.trace(at: TracePlayerTests.folder + "/7.2/mtu-under-tunnel.json")
    trace.topology.routes.append(
      Topology.Route(destination: "198.51.100.2/32", gateway: nil, device: "wan0", mtu: 1))
    trace.steps.removeSubrange(1...)
    let differences = TracePlayer(trace).play().differences
    #expect(differences.map(\.step) == [1])
  }

  @Test("time stands still where a step begins before the last one did")
  func backwards() throws {
    let look = #"{"conntrack": [], "at": "#
    let first = #"{"wait": 31536000, "at": 31536000, "out": []}"#
    let second = #"{"command": "true", "at": 9, "change": {}}"#
    let trace = try Self.trace("\(first), \(second), \(look)20}, \(look)3}, \(look)0}")
    #expect(trace.isTimed)
    #expect(TracePlayer(trace).play().differences.isEmpty)
  }
}
