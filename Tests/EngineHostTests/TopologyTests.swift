// SPDX-License-Identifier: GPL-3.0-or-later
import FlowEngine
import Foundation
import JSONDocument
import TestSupport
import Testing

@testable import EngineHost

@Suite("descriptions of routers")
struct TopologyTests {
  private static func build(_ devices: String) throws -> Router {
    let topology = try Topology(try JSONValue(parsing: Array("{\(devices)}".utf8)))
    let router = Router(seed: 1)
    try topology.build(on: router)
    return router
  }

  @Test("a session that ended with its device's change is there again when the router is described anew")
  func sessions() throws {
    func topology(_ mtu: Int) throws -> Topology {
      let text = """
        {"devices": [{"name": "wan0", "kind": "tap", "mtu": \(mtu)},
         {"name": "ppp0", "kind": "pppoe", "parent": "wan0", "session": 17, "remote": "02:00:00:00:02:02"}]}
        """
      return try Topology(JSONValue(parsing: Array(text.utf8)))
    }
    let router = Router(seed: 1)
    let first = try topology(1500)
    try first.build(on: router)
    let before = try #require(router.device(named: "ppp0"))
    #expect(try topology(1400).update(from: first, on: router) == Topology.DeviceChanges())
    let after = try #require(router.device(named: "ppp0"))
    #expect(after.index == before.index && after.kind == before.kind)
    #expect(router.device(named: "wan0")?.mtu == 1400)
  }

  @Test("the manual's examples can be built")
  func manual() throws {
    let page = try BuiltProgram.sourceText("man/ftctl-engine.7")
    let examples = page.components(separatedBy: "\n\"devices\": [").dropFirst().map {
      "\"devices\": [" + ($0.components(separatedBy: "\n]\n").first ?? "") + "]"
    }
    #expect(examples.count == 2)
    for example in examples {
      let router = try Self.build(example)
      #expect(router.devices.count > 4)
    }
    let router = try Self.build(examples[1])
    let eth0 = try #require(router.device(named: "eth0")?.index)
    #expect(router.hardware(of: eth0)?.settings.tableSize == 1024)
    #expect(router.hardware(of: eth0)?.settings.changeLatency == 500_000)
    #expect(router.conduit(of: try #require(router.device(named: "lan2")?.index)) == eth0)
  }

  @Test(
    "hardware that cannot be is refused, with the device's name",
    arguments: [
      (#"{"name": "a", "kind": "tap", "hardware": 7}"#, "neither true nor an object"),
      (#"{"name": "a", "kind": "tap", "hardware": {"size": 7}}"#, "unknown member, 'size'"),
      (
        #"{"name": "a", "kind": "tap", "hardware": {"table_size": -1}}"#,
        "'table_size' of the hardware of device a"
      ),
      (#"{"name": "a", "kind": "bridge", "hardware": true}"#, "kind bridge cannot have hardware"),
      (#"{"name": "a", "kind": "tap", "conduit": "b"}"#, "conduit of device a"),
      (#"{"name": "b", "kind": "tap"}, {"name": "a", "kind": "tap", "conduit": "b"}"#, "conduit of device a"),
      (
        #"{"name": "b", "kind": "tap", "hardware": true}, {"name": "a", "kind": "tap", "hardware": true, "conduit": "b"}"#,
        "device a has hardware of its own"
      ),
    ])
  func refused(device: String, complaint: String) {
    let error = #expect(throws: DescriptionError.self) { try Self.build("\"devices\": [\(device)]") }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }
}
