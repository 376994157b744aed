// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire
import Testing

@testable import FlowEngine

@Suite("Batches that nft sent are loaded and evaluated")
struct RulesetLoadingTests {
  /// Loads a recorded batch; the errors that came back.
  static func load(_ hex: String, into ruleset: inout Ruleset) -> [[UInt8]] {
    ruleset.deviceAppeared(index: 1, name: Array("lan0".utf8))
    ruleset.deviceAppeared(index: 2, name: Array("wan0".utf8))
    let octets = RecordedBatch.octets(hex)
    // Safe: the span does not outlive the array.
    return unsafe ruleset.handleBatch(
      octets.span.bytes, from: ControlClient(portID: 7), now: 0
    )
    .replies
  }

  @Test(
    "every recorded batch loads without an error",
    arguments: [
      RecordedBatch.setsAndMaps, RecordedBatch.sourceNAT, RecordedBatch.ingressChains, RecordedBatch.helper,
    ])
  func loads(hex: String) {
    for kernel in KernelGeneration.allCases {
      var ruleset = Ruleset(kernel: kernel, seed: 1)
      #expect(Self.load(hex, into: &ruleset) == [])
      #expect(ruleset.model.generation == 2)
    }
  }

  @Test("sets, intervals, goto and verdict maps choose the flows")
  func setsAndMaps() {
    var ruleset = Ruleset(kernel: .linux612, seed: 1)
    #expect(Self.load(RecordedBatch.setsAndMaps, into: &ruleset) == [])
    // 192.0.2.2 is in the interval set, 5201 in the anonymous one: the flow is added.
    var (environment, packet) = TestPacket.ipv4()
    #expect(
      ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment) == .accept)
    #expect(environment.offloads.count == 1)
    // 192.0.2.10 lies between the two ranges of the set.
    (environment, packet) = TestPacket.ipv4(source: [192, 0, 2, 10])
    #expect(
      ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment) == .accept)
    #expect(environment.offloads.isEmpty)
    (environment, packet) = TestPacket.ipv4(source: [192, 0, 2, 127])
    _ = ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment)
    #expect(environment.offloads.count == 1)
    (environment, packet) = TestPacket.ipv4(source: [192, 0, 2, 128])
    _ = ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment)
    #expect(environment.offloads.isEmpty)
    // Answers to a client go through the verdict map once they are established.
    (environment, packet) = TestPacket.ipv4(source: [198, 51, 100, 2], destination: [192, 0, 2, 2])
    environment.conntrackState = 2
    _ = ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment)
    #expect(environment.offloads.count == 1)
    (environment, packet) = TestPacket.ipv4()
    environment.conntrackState = 1
    #expect(
      ruleset.run(.forward, from: .min, below: .max, packet: &packet, environment: &environment) == .drop)
    #expect(ruleset.counter(named: "classic")?.packets == 6)
  }

  @Test("snat hands the address to the translation, for packets of its device only")
  func sourceNAT() {
    var ruleset = Ruleset(kernel: .linux612, seed: 1)
    #expect(Self.load(RecordedBatch.sourceNAT, into: &ruleset) == [])
    var (environment, packet) = TestPacket.ipv4()
    #expect(ruleset.runTranslation(.postrouting, packet: &packet, environment: &environment) == .accept)
    #expect(environment.translations.first?.minimumAddress == 0xc633_644d)
    #expect(environment.translations.first?.isSource == true)
    (environment, packet) = TestPacket.ipv4()
    packet.outputDevice = 1
    #expect(ruleset.runTranslation(.postrouting, packet: &packet, environment: &environment) == .accept)
    #expect(environment.translations.isEmpty)
  }

  @Test("flowtables and ingress chains of a device are ordered by priority")
  func ingressOrder() {
    var ruleset = Ruleset(kernel: .linux612, seed: 1)
    #expect(Self.load(RecordedBatch.ingressChains, into: &ruleset) == [])
    #expect(ruleset.ingressHookCount(device: 1) == 3)
    #expect(ruleset.ingressHookCount(device: 2) == 1)
    #expect(ruleset.ingressHook(device: 1, at: 1) == .flowtable(FlowtableID(number: 1)))
    var (environment, packet) = TestPacket.ipv4()
    guard case .chain(let first) = ruleset.ingressHook(device: 1, at: 0) else {
      Issue.record("the first hook is a chain")
      return
    }
    #expect(ruleset.run(ingressChain: first, packet: &packet, environment: &environment) == .accept)
    #expect(ruleset.counter(named: "early")?.packets == 1)
    #expect(ruleset.counter(named: "late")?.packets == 0)
  }

  @Test("a ct helper object is assigned by a rule")
  func helper() {
    var ruleset = Ruleset(kernel: .linux612, seed: 1)
    #expect(Self.load(RecordedBatch.helper, into: &ruleset) == [])
    var (environment, packet) = TestPacket.ipv4(destinationPort: 21)
    _ = ruleset.run(.prerouting, from: .min, below: .max, packet: &packet, environment: &environment)
    #expect(environment.helper == MockEnvironment.packed("ftp"))
  }
}
