// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import PacketWire
import Testing

@testable import FlowEngine

/// What translation and a full table do.
@Suite("translation")
struct TranslationTests {
  static let wanAddress = Address(ipv4: 0xc633_6401)

  @Test("a taken port is replaced by the one that chance gives, and the answer finds its way")
  func drawnPort() throws {
    let scene = Scene(rules: RecordedBatch.masquerading)
    scene.proto = IPProtocol.udp
    // The server speaks to the router's own port 40000 first, so that the client's port is taken there.
    scene.seenClient = Self.wanAddress
    scene.send(.server, [], [1])
    scene.router.drawnPort = 34_860
    #expect(scene.send(.client, [], [2]) == .classic)
    let frame = try #require(scene.sent.first).bytes
    #expect(frame.be32(26) == Self.wanAddress.ipv4)
    #expect(frame.be16(34) == 34_860)
    scene.clientPort = 34_860
    #expect(scene.send(.server, [], [3]) == .classic)
    let answer = try #require(scene.sent.first)
    #expect(answer.device == scene.lan)
    #expect(answer.bytes.be16(36) == 40_000)
  }

  @Test("a client keeps its port when it is free, and each of many clients' ports is its own")
  func distinctPorts() {
    let scene = Scene(rules: RecordedBatch.masquerading)
    scene.proto = IPProtocol.udp
    var seen: Set<UInt16> = []
    for port in 0..<300 {
      scene.clientPort = 2000 + UInt16(port)
      #expect(scene.send(.client, [], [1]) == .classic)
      if let frame = scene.sent.first { seen.insert(frame.bytes.be16(34)) }
    }
    #expect(seen == Set((0..<300).map { 2000 + UInt16($0) }))
  }

  @Test("a full table lets assured connections live, drops an unanswered one, else refuses")
  func fullTable() {
    let scene = Scene()
    scene.router.conntrack.settings.maximumEntries = 2
    scene.handshake()
    scene.clientPort = 41_000
    #expect(scene.send(.client, .syn) == .classic)
    scene.clientPort = 42_000
    #expect(scene.send(.client, .syn) == .classic)
    #expect(scene.router.statistics[.earlyDropped] == 1)
    #expect(scene.router.conntrack.count == 2)
    scene.router.deleteEntries { scene.router.conntrack[$0].original.sourcePort == 42_000 }
    scene.clientPort = 43_000
    scene.handshake()
    scene.clientPort = 44_000
    #expect(scene.send(.client, .syn) == .nowhere)
    #expect(scene.router.statistics[.tableFull] == 1)
  }

  @Test("when no port of the range is free the packet is dropped and counted, and the first flow lives on")
  func exhaustedPorts() {
    var batch = BatchBuilder()
    batch.table()
    batch.chain("nat", hook: 4, priority: 100, type: "nat")
    var masquerade = NFTables.Expression.Masquerade()
    masquerade.portMinimum = 1
    masquerade.portMaximum = 1
    batch.rule("nat", Rules.load([0x13, 0x88]), .masquerade(masquerade))
    let scene = Scene(rules: "")
    let datagram = batch.datagram()
    #expect(RulesetBench.errors(scene.engine.loadRules(datagram.raw, from: ControlClient(portID: 1))).isEmpty)
    scene.send(.client, .syn)
    #expect(scene.sent.first?.bytes.be16(34) == 5000)
    scene.clientPort = 41_000
    #expect(scene.send(.client, .syn) == .nowhere)
    #expect(scene.router.statistics[.insertFailed] == 1)
    #expect(scene.router.conntrack.count == 1)
    scene.clientPort = 40_000
    scene.send(.client, .syn, [], Oddity(sequence: 1000))
    #expect(scene.sent.first?.bytes.be16(34) == 5000)
  }

  /// A scene of an established TCP connection behind the router's own address.
  private func masqueraded() -> Scene {
    let scene = Scene(rules: RecordedBatch.masquerading)
    scene.seenClient = Self.wanAddress
    return scene.handshake()
  }

  /// "Host unreachable" from the server about a segment of the client's, quoted up to `octets` of the TCP header.
  private func unreachable(_ scene: Scene, quoting octets: Int) -> [UInt8] {
    scene.send(.client, .ack, [1])
    guard let segment = scene.sent.first?.bytes else { return [] }
    var body: [UInt8] = []
    ICMPMessage(
      type: ICMPType.destinationUnreachable, code: 1, word: 0, data: Array(segment[14..<(34 + octets)])
    ).emit(pseudoHeader: 0, into: &body)
    var bytes: [UInt8] = []
    EthernetHeader(destination: Scene.wanMAC, source: Scene.serverMAC, type: EtherType.ipv4).emit(
      into: &bytes)
    IPv4Header(proto: IPProtocol.icmp, source: Scene.server4, destination: Self.wanAddress)
      .emit(payloadLength: body.count, into: &bytes)
    return bytes + body
  }

  @Test("an error that quotes eight octets of TCP is translated, one that quotes less is dropped")
  func shortQuote() throws {
    let scene = masqueraded()
    scene.send(frame: unreachable(scene, quoting: 8), on: scene.wan)
    let error = try #require(scene.sent.first)
    #expect(error.device == scene.lan)
    #expect(error.bytes.be32(30) == Scene.client4.ipv4)
    #expect(error.bytes.be32(54) == Scene.client4.ipv4)
    #expect(scene.send(frame: unreachable(scene, quoting: 7), on: scene.wan) == .nowhere)
    #expect(scene.router.statistics[.translationFailed] == 1)
  }
}
