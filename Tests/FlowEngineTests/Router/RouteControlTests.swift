// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// Answers about routing rules and the tables of routes, as Linux 7.2 gave them to the same requests.
@Suite("rtnetlink on the engine")
struct RouteControlTests {
  /// lan0 is 2 and wan0 3, as they were.
  private static func router() -> Router {
    let router = Router(generation: .linux72, seed: 1)
    for (name, octet) in [("lan0", UInt64(1)), ("wan0", 2), ("wan1", 3)] {
      let index = router.addDevice(name, .port, mac: MACAddress(0x0200_0000_0001 | octet << 8), mtu: 1500)
      router.setLink(index, up: true)
      let address = Address(ipv4: 0x0a00_0001 | UInt32(octet - 1) << 16)
      router.addAddress(index, DeviceAddress(family: .ipv4, address: address, prefixLength: 24))
    }
    return router
  }

  /// The payloads that answer a request, in hexadecimal digits.
  private static func answers(
    _ router: Router, _ type: UInt16, _ flags: NetlinkFlags, _ content: (inout NetlinkWriter) -> Void
  ) -> [String] {
    var writer = NetlinkWriter()
    let mark = writer.beginMessage(NetlinkHeader(type: type, flags: flags.union(.request), sequence: 1))
    content(&writer)
    writer.endMessage(mark)
    let request = writer.bytes
    var result: [String] = []
    for datagram in router.controlRoutes(request.raw, from: ControlClient(portID: 1)).replies {
      var messages = NetlinkMessageCursor(datagram.raw)
      while let more = try? messages.advance(), more {
        guard messages.type != 3 else { continue }
        result.append("\(messages.type) " + messages.payload.copied.map { hexadecimal($0) }.joined())
      }
    }
    return result
  }

  private static func hexadecimal(_ octet: UInt8) -> String {
    String(octet >> 4, radix: 16) + String(octet & 15, radix: 16)
  }

  private static func rules(_ router: Router, _ family: UInt8) -> [String] {
    answers(router, 34, .dump) { $0.raw([family] + [UInt8](repeating: 0, count: 11)) }
  }

  @Test("the kernel's own rules")
  func ownRules() {
    let router = Self.router()
    let ipv4 = [
      "32 02000000ff0000010000000008000f00ff00000008000e00ffffffff0500150002000000",
      "32 02000000fe0000010000000008000f00fe00000008000e00ffffffff050015000200000008000600fe7f0000",
      "32 02000000fd0000010000000008000f00fd00000008000e00ffffffff050015000200000008000600ff7f0000",
    ]
    let ipv6 = [
      "32 0a000000ff0000010000000008000f00ff00000008000e00ffffffff0500150002000000",
      "32 0a000000fe0000010000000008000f00fe00000008000e00ffffffff050015000200000008000600fe7f0000",
    ]
    #expect(Self.rules(router, 2) == ipv4)
    #expect(Self.rules(router, 10) == ipv6)
    #expect(Self.rules(router, 0) == ipv4 + ipv6)
  }

  // ip rule add fwmark 0x1/0xff lookup 100
  // ip rule add not from 10.3.0.0/16 to 10.4.0.0/24 iif lan0 lookup 1000 pref 500
  // ip rule add iif nosuch oif wan0 prohibit
  // ip rule add fwmark 0/1 unreachable pref 501
  // ip rule add from 1.2.3.4 blackhole pref 501    (twice: the second is refused)
  // ip rule add from 1.2.3.4 blackhole             (twice)
  // ip -6 rule add from fd03::/64 lookup main
  @Test("an administrator's rules")
  func administratorRules() {
    func prefix(_ address: UInt32, _ length: Int) -> RoutingRule.Prefix {
      RoutingRule.Prefix(Address(ipv4: address), length)
    }
    let router = Self.router()
    router.addRule(.ipv4, RoutingRule(mark: 1, markMask: 0xff, .lookUp(100)))
    router.addRule(
      .ipv4,
      RoutingRule(
        priority: 500, from: prefix(0x0a03_0000, 16), to: prefix(0x0a04_0000, 24), input: "lan0",
        isInverted: true, .lookUp(1000)))
    router.addRule(.ipv4, RoutingRule(input: "nosuch", output: "wan0", .prohibit))
    router.addRule(.ipv4, RoutingRule(priority: 501, mark: 0, markMask: 1, .unreachable))
    let host = prefix(0x0102_0304, 32)
    #expect(router.addRule(.ipv4, RoutingRule(priority: 501, from: host, .blackhole)))
    #expect(!router.addRule(.ipv4, RoutingRule(priority: 501, from: host, .blackhole)))
    #expect(router.addRule(.ipv4, RoutingRule(from: host, .blackhole)))
    #expect(router.addRule(.ipv4, RoutingRule(from: host, .blackhole)))
    let fd03 = RoutingRule.Prefix(Address(high: 0xfd03_0000_0000_0000, low: 0), 64)
    router.addRule(.ipv6, RoutingRule(from: fd03, .lookUp(RoutingTable.main)))
    let before = "08000e00ffffffff0500150000000000"
    #expect(
      Self.rules(router, 2).dropFirst().dropLast(2) == [
        "32 02002000000000060000000008000f0000000000\(before)08000600f10100000800020001020304",
        "32 02002000000000060000000008000f0000000000\(before)08000600f20100000800020001020304",
        "32 02000000000000080800000008000f0000000000\(before)0b0003006e6f7375636800000900110077616e3000000000"
          + "08000600f3010000",
        "32 02181000fc0000010200000008000f00e8030000\(before)090003006c616e300000000008000600f4010000"
          + "080001000a040000080002000a030000",
        "32 02000000000000070000000008000f0000000000\(before)08000600f50100000800100001000000",
        "32 02002000000000060000000008000f0000000000\(before)08000600f50100000800020001020304",
        "32 02000000640000010000000008000f0064000000\(before)08000600fd7f000008000a000100000008001000ff000000",
      ])
    #expect(
      Self.rules(router, 10)[1]
        == "32 0a004000fe0000010000000008000f00fe000000\(before)08000600fd7f0000"
        + "14000200fd030000000000000000000000000000")
  }

  @Test("the route of a mark, and the table where it was found")
  func routeByMark() {
    let router = Self.router()
    func add(_ device: UInt32, _ gateway: UInt32, _ table: UInt32?) {
      router.addRoute(
        .ipv4,
        RouteEntry(
          Address(ipv4: 0x0a07_0000), 16, .unicast, device: device, gateway: Address(ipv4: gateway),
          table: table))
    }
    add(3, 0x0a01_0002, nil)
    add(4, 0x0a02_0002, 1000)
    router.addRule(.ipv4, RoutingRule(mark: 1, .lookUp(1000)))
    func route(_ mark: UInt32, _ flags: UInt32) -> [String] {
      Self.answers(router, 26, []) { writer in
        let wire = flags.littleEndian
        writer.raw([2, 32, 0, 0, 0, 0, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: wire >> ($0 * 8)) })
        writer.attribute(1, bytes: [10, 7, 0, 1])
        if mark != 0 { writer.attribute(16, host: mark) }
      }
    }
    let main = "24 02200000fe0300010000000008000f00fe000000080001000a070001"
    let other = "24 02200000fc0300010000000008000f00e8030000080001000a070001"
    #expect(route(0, 0x1000) == [main + "080005000a0100020800040003000000"])
    #expect(route(1, 0x1000) == [other + "080005000a02000208000400040000000800100001000000"])
    #expect(route(1, 0) == [main + "080005000a02000208000400040000000800100001000000"])
    let routes = Self.answers(router, 26, .dump) { $0.raw([2] + [UInt8](repeating: 0, count: 11)) }
    #expect(
      routes.contains(
        "24 02100000fc0300010000000008000f00e8030000080001000a070000080005000a0200020800040004000000"))
    #expect(
      routes.contains(
        "24 02180000fe03fd010000000008000f00fe000000080001000a000000080007000a0000010800040002000000"))
    #expect(
      routes.contains(
        "24 02200000ff03fd030000000008000f00ff000000080001000a0000ff080007000a0000010800040002000000"))
  }

  // lan0, wan0 and wan1 with fd00::1, fd01::1 and fd02::1 besides, 10.7.0.0/16 and fd07::/16 via wan0, in table 1000 via wan1
  // ip [-6] rule add fwmark 1 lookup 1000
  // ip [-6] rule add fwmark 5 prohibit
  // ip rule add from 10.0.0.9 iif lan0 lookup 1000; ip -6 rule add from fd00::9 iif lan0 lookup 1000
  // ip route get DESTINATION [from SOURCE] [iif N] [oif N] [mark N], on Linux 6.18
  @Test(
    "the route by source, devices and mark",
    arguments: [
      ("10.7.0.1", "3 via 10.1.0.2"), ("10.7.0.1 mark 1", "4 via 10.2.0.2"),
      ("10.7.0.1 from 10.0.0.2", "error 101"), ("10.7.0.1 from 10.0.0.1", "3 via 10.1.0.2 from 10.0.0.1"),
      ("10.7.0.1 from 10.0.0.2 iif 2", "3 via 10.1.0.2 from 10.0.0.2 iif 2"),
      ("10.7.0.1 from 10.0.0.2 iif 2 mark 1", "4 via 10.2.0.2 from 10.0.0.2 iif 2"),
      ("10.7.0.1 from 10.0.0.2 iif 2 mark 5", "error 13"),
      ("10.7.0.1 from 10.0.0.9 iif 2", "4 via 10.2.0.2 from 10.0.0.9 iif 2"),
      ("10.7.0.1 from 10.0.0.9 iif 3", "3 via 10.1.0.2 from 10.0.0.9 iif 3"),
      ("10.0.0.2 from 10.7.0.1 iif 4", "2 from 10.7.0.1 iif 4"), ("10.7.0.1 iif 2", "error 22"),
      ("10.7.0.1 from 10.0.0.2 iif 99", "error 19"), ("10.7.0.1 oif 99", "error 19"),
      ("10.7.0.1 oif 2", "2"), ("10.7.0.1 oif 4", "4"), ("10.7.0.1 oif 4 mark 1", "4 via 10.2.0.2"),
      ("10.0.0.2 oif 4", "4"), ("10.0.0.2 oif 2 mark 1", "2"), ("10.7.0.1 oif 2 mark 5", "2"),
      ("172.16.0.1 from 10.0.0.2 iif 2", "error 101"), ("172.16.0.1 oif 2", "2"),
      ("fd07::1", "3 via fd01::2"), ("fd07::1 mark 1", "4 via fd02::2"),
      ("fd07::1 from fd00::2", "3 via fd01::2 from fd00::2"),
      ("fd07::1 from fd00::2 iif 2", "3 via fd01::2 from fd00::2 iif 2"),
      ("fd07::1 from fd00::2 iif 2 mark 1", "4 via fd02::2 from fd00::2 iif 2"),
      ("fd07::1 from fd00::9 iif 2", "4 via fd02::2 from fd00::9 iif 2"),
      ("fd07::1 iif 2", "3 via fd01::2 iif 2"), ("fd07::1 oif 2", "error 101"),
      ("fd07::1 from fd00::2 oif 2", "3 via fd01::2 from fd00::2"), ("fd07::1 oif 4", "error 101"),
      ("fd07::1 from fd00::2 iif 99", "error 19"), ("2001::1 from fd00::2 iif 2", "error 101"),
    ])
  func routeByKey(_ words: String, _ expected: String) throws {
    let router = Self.router()
    func ipv6(_ net: UInt64, _ host: UInt64) -> Address {
      Address(high: (0xfd00 | net) << 48, low: host)
    }
    for device in UInt32(2)...4 {
      router.addAddress(
        device, DeviceAddress(family: .ipv6, address: ipv6(UInt64(device - 2), 1), prefixLength: 64))
    }
    for (device, table) in [(UInt32(3), UInt32?.none), (4, 1000)] {
      router.addRoute(
        .ipv4,
        RouteEntry(
          Address(ipv4: 0x0a07_0000), 16, .unicast, device: device,
          gateway: Address(ipv4: 0x0a00_0002 | (device - 2) << 16), table: table))
      router.addRoute(
        .ipv6,
        RouteEntry(
          ipv6(7, 0), 16, .unicast, device: device, gateway: ipv6(UInt64(device - 2), 2),
          gatewayFamily: .ipv6, table: table))
    }
    for family in [IPFamily.ipv4, .ipv6] {
      let source = family == .ipv4 ? Address(ipv4: 0x0a00_0009) : ipv6(0, 9)
      router.addRule(family, RoutingRule(mark: 1, .lookUp(1000)))
      router.addRule(family, RoutingRule(mark: 5, .prohibit))
      router.addRule(
        family,
        RoutingRule(from: .init(source, family.addressLength * 8), input: "lan0", .lookUp(1000)))
    }
    let parts = words.split(separator: " ").map(String.init)
    let isIPv6 = parts[0].contains(":")
    let bits = UInt8(isIPv6 ? 128 : 32)
    let answer = Self.answers(router, 26, []) { writer in
      writer.raw(
        [isIPv6 ? 10 : 2, bits, parts.contains("from") ? bits : 0] + [UInt8](repeating: 0, count: 9))
      writer.attribute(1, bytes: Self.octets(parts[0]))
      for place in stride(from: 1, to: parts.count, by: 2) {
        let value = parts[place + 1]
        switch parts[place] {
        case "from": writer.attribute(2, bytes: Self.octets(value))
        case "iif": writer.attribute(3, host: UInt32(value) ?? 0)
        case "oif": writer.attribute(4, host: UInt32(value) ?? 0)
        default: writer.attribute(16, host: UInt32(value) ?? 0)
        }
      }
    }
    #expect(answer.count == 1)
    #expect(Self.words(try #require(answer.first)) == expected)
  }

  /// An address of these tests: four numbers, or a group, two colons and a group.
  private static func octets(_ text: String) -> [UInt8] {
    guard text.contains(":") else { return text.split(separator: ".").compactMap { UInt8($0) } }
    let groups = text.split(separator: ":").compactMap { UInt16($0, radix: 16) }
    return [UInt8(groups[0] >> 8), UInt8(groups[0] & 0xff)] + [UInt8](repeating: 0, count: 13)
      + [UInt8(groups[1])]
  }

  private static func text(_ octets: [UInt8]) -> String {
    octets.count == 4
      ? octets.map { "\($0)" }.joined(separator: ".")
      : hexadecimal(octets[0]) + hexadecimal(octets[1]) + "::" + String(octets[15], radix: 16)
  }

  /// What an answer says of device, gateway, source and input device, or its error.
  private static func words(_ answer: String) -> String {
    let digits = Array(answer.split(separator: " ")[1])
    let octets = stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0
    }
    func number(_ place: Int) -> Int32 {
      (0..<4).reversed().reduce(0) { $0 << 8 | Int32(octets[place + $1]) }
    }
    guard answer.hasPrefix("24 ") else { return "error \(-number(0))" }
    var parts: [UInt8: [UInt8]] = [:]
    var place = 12
    while place + 4 <= octets.count {
      let length = Int(octets[place])
      parts[octets[place + 2]] = Array(octets[(place + 4)..<(place + length)])
      place += (length + 3) & ~3
    }
    return (parts[4].map { "\($0[0])" } ?? "") + (parts[5].map { " via " + text($0) } ?? "")
      + (parts[2].map { " from " + text($0) } ?? "") + (parts[3].map { " iif \($0[0])" } ?? "")
  }
}
