// SPDX-License-Identifier: GPL-3.0-or-later

@testable import FlowEngine

/// A packet and its surroundings as plain values that a test sets, and a record of what the rules asked for.
struct MockEnvironment: RuleEnvironment {
  var bytes: [UInt8]
  // Safe: the span borrows the array for as long as the caller borrows this value.
  var octets: RawSpan { @_lifetime(borrow self) get { unsafe bytes.span.bytes } }
  mutating func store(_ octet: UInt8, at offset: Int) { bytes[offset] = octet }

  var now: UInt64 = 0
  var wallClock: UInt64 = 0
  var randomNumbers: UInt32 = 0
  mutating func randomNumber() -> UInt32 {
    randomNumbers &+= 0x4000_0000
    return randomNumbers
  }

  var names: [UInt32: String] = [1: "lan0", 2: "wan0"]
  func deviceName(_ index: UInt32) -> UInt128 { Self.packed(names[index] ?? "") }
  func deviceType(_ index: UInt32) -> UInt16? { names[index] == nil ? nil : 1 }
  func deviceGroup(_ index: UInt32) -> UInt32? { names[index] == nil ? nil : 0 }

  var hasConntrack = true
  var isUntracked = false
  var conntrackState: UInt32 = 8
  var values: [ConntrackKey: UInt64] = [:]
  var labels: UInt128 = 0
  var helper: UInt128?
  func conntrack(_ key: ConntrackKey, direction: RuleDirection?) -> UInt64? { values[key] ?? 0 }
  func conntrackAddress(isSource: Bool, direction: RuleDirection) -> UInt128? {
    isSource ? 0xc000_0202 : 0xc633_6402
  }
  /// The connection of the packet, and those that are open.
  var connectionTuple: Tuple?
  var isConfirmed = false
  var openConnections: Set<Tuple> = []
  func connection() -> (tuple: Tuple, isConfirmed: Bool)? { connectionTuple.map { ($0, isConfirmed) } }
  func isOpen(_ connection: Tuple) -> Bool { openConnections.contains(connection) }
  func conntrackLabels() -> UInt128? { labels }
  func conntrackHelper() -> UInt128? { helper }
  mutating func setConntrackMark(_ mark: UInt32) { values[.mark] = UInt64(mark) }
  mutating func setConntrackLabels(_ labels: UInt128) { self.labels = labels }
  mutating func setConntrackZone(_ zone: UInt16, direction: RuleDirection?) { values[.zone] = UInt64(zone) }
  mutating func setConntrackEventMask(_ mask: UInt32) {}
  mutating func assignHelper(_ name: UInt128, transportProtocol: UInt8) { helper = name }
  mutating func setUntracked() { isUntracked = true }

  var translations: [TranslationRequest] = []
  mutating func translate(_ request: TranslationRequest, packet: RulePacket) -> RuleVerdict {
    translations.append(request)
    return .accept
  }
  func isTranslated(isSource: Bool) -> Bool { translations.contains { $0.isSource == isSource } }

  var offloads: [FlowtableID] = []
  var accepts = true
  mutating func offload(to flowtable: FlowtableID, packet: RulePacket) -> Bool {
    if accepts { offloads.append(flowtable) }
    return accepts
  }

  var rejections: [Rejection] = []
  mutating func reject(_ rejection: Rejection, packet: RulePacket, hook: Hook) {
    rejections.append(rejection)
  }
  var logged: [UInt64] = []
  mutating func log(rule: UInt64, packet: RulePacket) { logged.append(rule) }

  var segmentSize: UInt16? = 1460
  func routeSegmentSize(packet: RulePacket) -> UInt16? { segmentSize }
  func routeNextHop(packet: RulePacket) -> UInt128? { 0xc633_6402 }
  func route(_ query: RouteQuery, packet: RulePacket) -> RouteAnswer { RouteAnswer(device: 2, type: 1) }
  var transmitted: [UInt32] = []
  mutating func transmit(on device: UInt32, isCopy: Bool, packet: RulePacket) { transmitted.append(device) }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A name as the rules see it: sixteen octets, the first the most significant.
  static func packed(_ name: String) -> UInt128 {
    var value: UInt128 = 0
    for (index, unit) in name.utf8.prefix(16).enumerated() {
      value |= UInt128(unit) << UInt128(8 * (15 - index))
    }
    return value
  }
}

/// Packets of the tests: an Ethernet frame with IPv4 and TCP or UDP.
enum TestPacket {
  static func ipv4(
    protocol number: UInt8 = 6, source: [UInt8] = [192, 0, 2, 2], destination: [UInt8] = [198, 51, 100, 2],
    sourcePort: UInt16 = 40000, destinationPort: UInt16 = 5201, payload: Int = 0
  ) -> (MockEnvironment, RulePacket) {
    let transport = number == 6 ? 20 : 8
    var bytes = [UInt8](repeating: 0, count: 14 + 20 + transport + payload)
    bytes[12] = 8
    bytes[14] = 0x45
    bytes[16] = UInt8((20 + transport + payload) >> 8)
    bytes[17] = UInt8((20 + transport + payload) & 0xff)
    bytes[22] = 64
    bytes[23] = number
    bytes.replaceSubrange(26..<30, with: source)
    bytes.replaceSubrange(30..<34, with: destination)
    bytes.replaceSubrange(34..<36, with: [UInt8(sourcePort >> 8), UInt8(sourcePort & 0xff)])
    bytes.replaceSubrange(36..<38, with: [UInt8(destinationPort >> 8), UInt8(destinationPort & 0xff)])
    if number == 6 { bytes[46] = 0x50 }
    var packet = RulePacket(
      family: .ipv4, networkOffset: 14, transportOffset: 34, endOffset: Int32(bytes.count))
    packet.transportProtocol = number
    packet.linkOffset = 0
    packet.inputDevice = 1
    packet.outputDevice = 2
    return (MockEnvironment(bytes), packet)
  }
}
