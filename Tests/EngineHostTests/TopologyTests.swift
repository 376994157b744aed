// SPDX-License-Identifier: GPL-3.0-or-later
import FlowEngine
import Foundation
import JSONDocument
import PacketWire
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

  @Test(
    "what a description has no place for is refused, with its own place",
    arguments: [
      (
        #"{"devices": [{"name": "a", "kind": "tap", "adresses": []}]}"#,
        "devices[0] has an unknown member, 'adresses'"
      ),
      (
        #"{"devices": [{"name": "a", "kind": "vlan", "netns": "x"}]}"#,
        "devices[0] has an unknown member, 'netns'"
      ),
      (
        #"{"devices": [{"name": "a", "kind": "tap", "addresses": "x"}]}"#,
        "'addresses' of devices[0] is not an array"
      ),
      (#"{"devices": [{"name": "a", "kind": "tap", "mtu": "9000"}]}"#, "'mtu' of devices[0] is not a number"),
      (#"{"devices": [7]}"#, "a device's name is missing"),
      (#"{"devices": {}}"#, "'devices' of the description is not an array"),
      (#"{"routes": [{"to": "default", "gw": "x", "dev": "a"}]}"#, "routes[0] has an unknown member, 'gw'"),
      (#"{"neighbours": [{"dev": "a", "addr": "x"}]}"#, "neighbours[0] has an unknown member, 'addr'"),
      (#"{"device": []}"#, "the description has an unknown member, 'device'"),
      (#"{"sysctl": []}"#, "'sysctl' of the description is not an object"),
      ("[]", "the description is not an object"),
    ])
  func unknown(text: String, complaint: String) {
    let error = #expect(throws: DescriptionError.self) {
      try Topology(ofRouter: JSONValue(parsing: Array(text.utf8)))
    }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }

  @Test("a trace may say more of its devices than the engine needs")
  func moreMembers() throws {
    let router = try Self.build(
      #""name": "x", "devices": [{"name": "a", "kind": "tap", "commands": ["ip link set a up"]}]"#)
    #expect(router.device(named: "a") != nil)
  }

  @Test("a VLAN's protocol is one of two")
  func protocols() throws {
    func devices(_ name: String) -> String {
      #""devices": [{"name": "a", "kind": "tap"}, {"name": "b", "kind": "vlan", "parent": "a", "id": 7, "protocol": ""#
        + "\(name)\"}]"
    }
    #expect(try Self.build(devices("802.1ad")).device(named: "b") != nil)
    #expect(try Self.build(devices("802.1Q")).device(named: "b") != nil)
    #expect(throws: DescriptionError.self) { try Self.build(devices("802.1d")) }
  }

  private static let crossroads = """
    "devices": [{"name": "lan0", "kind": "tap", "addresses": ["192.0.2.1/24"]},
     {"name": "wan0", "kind": "tap", "addresses": ["198.51.100.1/24", "2001:db8:2::1/64"]},
     {"name": "wan1", "kind": "tap", "addresses": ["203.0.113.1/24"]}],
    "routes": [{"to": "default", "via": "198.51.100.2", "dev": "wan0"},
     {"to": "default", "via": "203.0.113.2", "dev": "wan1", "table": 100}]
    """

  @Test("rules say in which table a route is looked up, and change with the description")
  func rules() throws {
    func topology(_ rules: String) throws -> Topology {
      try Topology(JSONValue(parsing: Array("{\(Self.crossroads), \"rules\": [\(rules)]}".utf8)))
    }
    let first = try topology(
      """
      {"fwmark": "0x1/0xff", "iif": "lan0", "table": 100},
      {"priority": 7, "not": true, "from": "192.0.2.0/24", "to": "all", "oif": "wan0", "action": "prohibit"},
      {"family": "ipv6", "fwmark": 5, "table": "main"}, {"from": "2001:db8::/32", "action": "blackhole"}
      """)
    let router = Router(seed: 1)
    try first.build(on: router)
    let source = RoutingRule.Prefix(Address(ipv4: 0xc000_0200), 24)
    #expect(
      router.rules4.all.dropFirst().dropLast(2) == [
        RoutingRule(priority: 7, from: source, output: "wan0", isInverted: true, .prohibit),
        RoutingRule(priority: 32_765, input: "lan0", mark: 1, markMask: 0xff, .lookUp(100)),
      ])
    #expect(router.rules6.all.map(\.priority) == [0, 32_764, 32_765, 32_766])
    #expect(router.rules6.all[2] == RoutingRule(priority: 32_765, mark: 5, .lookUp(254)))
    #expect(router.routes4.entries.filter { $0.prefixLength == 0 }.map(\.table).sorted() == [100, 254])
    let second = try topology(#"{"fwmark": "0x1/0xff", "iif": "lan0", "table": 100}, {"table": "default"}"#)
    _ = try second.update(from: first, on: router)
    #expect(router.rules4.all.map(\.action) == [255, 253, 100, 254, 253].map { .lookUp($0) })
    #expect(router.rules6.all.count == 2)
  }

  @Test(
    "rules that cannot be are refused",
    arguments: [
      (#"{"form": "192.0.2.0/24", "table": 1}"#, "unknown member, 'form'"),
      (#"{"from": "192.0.2.0/24"}"#, "neither a 'table' nor an 'action'"),
      (#"{"table": 1, "action": "prohibit"}"#, "both a 'table' and an 'action'"),
      (#"{"table": "wan"}"#, "'wan' is neither a number nor local, main or default"),
      (#"{"table": 0}"#, "neither a number nor local, main or default"),
      (#"{"action": "drop"}"#, "none of blackhole, unreachable, prohibit"),
      (#"{"from": "192.0.2.0/33", "table": 1}"#, "'from', 192.0.2.0/33, is not a prefix"),
      (#"{"from": "192.0.2.0/24", "to": "2001:db8::/32", "table": 1}"#, "different families"),
      (#"{"from": "192.0.2.0/24", "family": "ipv6", "table": 1}"#, "different families"),
      (#"{"family": "inet", "table": 1}"#, "neither ipv4 nor ipv6"),
      (#"{"fwmark": "1/", "table": 1}"#, "'fwmark' is neither a mark nor MARK/MASK"),
      (#"{"fwmark": -1, "table": 1}"#, "'fwmark' is not a number of 32 bits"),
      (#"{"iif": "lan9", "table": 1}"#, "no device lan9"),
      (#"{"not": 1, "table": 1}"#, "'not' is not a boolean"),
      (#"{"priority": 5, "table": 1}, {"priority": 5, "table": 1}"#, "two equal rules of priority 5"),
      (#"7"#, "a rule is not an object"),
    ])
  func refusedRules(rules: String, complaint: String) {
    let error = #expect(throws: DescriptionError.self) {
      try Self.build("\(Self.crossroads), \"rules\": [\(rules)]")
    }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }
}
