// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// What the recorder says of packets.
@Suite("traces")
struct TraceRecordTests {
  private func records(_ scene: Scene, client: UInt32 = 1) -> [TraceRecord] {
    scene.router.tracing.take(for: client).records
  }

  private func traced(_ filter: TraceFilter = TraceFilter(), rules: String = RecordedBatch.plain) -> Scene {
    let scene = Scene(rules: rules)
    scene.router.tracing.setFilter(filter, for: 1)
    return scene
  }

  @Test("the first packet of a flow meets every stage, in order")
  func stages() throws {
    let scene = traced()
    #expect(scene.send(.client, .syn) == .classic)
    let record = try #require(records(scene).first)
    #expect(record.device == scene.lan)
    #expect(record.length == record.head.count)
    var stages: [String] = []
    for step in record.steps {
      switch step {
      case .flowtable(_, .fastMissed): stages.append("miss")
      case .hook(let hook): stages.append("\(hook)")
      case .tracked(.new, _, .synSent): stages.append("new")
      case .route(let route): stages.append("route \(route?.device ?? 0)")
      case .rule(_, _, .next): stages.append("rule")
      case .flowRefused(_, .notEstablished): stages.append("refused")
      case .policy(_, accepts: true): stages.append("policy")
      case .counted(let reason): stages.append("\(reason)")
      case .neighbour(_, .permanent, Scene.serverMAC): stages.append("neighbour")
      case .sent(let device, _, _): stages.append("sent \(device)")
      default: stages.append("\(step)")
      }
    }
    #expect(
      stages == [
        "miss", "prerouting", "new", "route \(scene.wan)", "forward", "rule", "refused", "policy",
        "classicForwarded", "postrouting", "inserted", "neighbour", "sent \(scene.wan)",
      ])
  }

  @Test("an offloaded flow hits, a refused packet says why, and so does a dropped one")
  func reasons() throws {
    let scene = traced()
    scene.handshake()
    let added = records(scene).flatMap(\.steps).contains { if case .flowAdded = $0 { true } else { false } }
    #expect(added)
    #expect(scene.send(.client, .ack) == .fast)
    var steps = try #require(records(scene).first).steps
    #expect(steps.count == 2)
    guard case .flowtable(_, .fastForwarded) = steps[0], case .sent(scene.wan, _, _) = steps[1] else {
      Issue.record("\(steps)")
      return
    }
    scene.send(.client, .ack, [], Oddity(timeToLive: 1))
    steps = try #require(records(scene).first).steps
    #expect(steps.contains { if case .flowtable(_, .fastTimeToLive) = $0 { true } else { false } })
    #expect(steps.contains(.counted(.timeExceeded)))
    #expect(steps.contains { if case .answer(IPProtocol.icmp, _, _) = $0 { true } else { false } })
    // The fast path looks at no checksum.
    let other = traced()
    other.send(.client, .syn, [], Oddity(damage: { $0[24] ^= 1 }))
    #expect(try #require(records(other).first).steps.contains(.counted(.checksumError)))
  }

  @Test("rules that do not match are told when they are asked for")
  func mismatches() throws {
    func verdicts(_ wantsMismatches: Bool) throws -> [RuleStep] {
      var filter = TraceFilter()
      filter.recordsMismatches = wantsMismatches
      let scene = traced(filter, rules: RecordedBatch.setsAndMaps)
      scene.send(.client, .syn)
      return try #require(records(scene).first).steps.compactMap {
        if case .rule(_, _, let step) = $0 { step } else { nil }
      }
    }
    let all = try verdicts(true)
    #expect(all.contains(.noMatch))
    #expect(try verdicts(false) == all.filter { $0 != .noMatch })
  }

  @Test("chains and flowtables have their names back")
  func names() throws {
    let scene = traced()
    scene.handshake()
    for step in records(scene).flatMap(\.steps) {
      switch step {
      case .rule(let chain, _, _), .policy(let chain, _):
        #expect(scene.router.ruleset.tracedChain(chain) == TracedChain(family: 1, table: "x", chain: "y"))
      case .flowAdded(let number), .flowtable(let number, _):
        #expect(
          scene.router.ruleset.tracedFlowtable(number) == TracedChain(family: 1, table: "x", chain: "f"))
      default: break
      }
    }
    #expect(scene.router.ruleset.tracedChain(99) == nil)
  }

  @Test("a filter keeps the flows that it names, both directions; each client has its own")
  func filters() throws {
    var filter = TraceFilter()
    filter.protocols = [IPProtocol.tcp]
    filter.addresses = [TraceFilter.Addresses(.source, .ipv4, Scene.client4, Scene.client4)]
    filter.ports = [TraceFilter.Ports(.destination, 5201...5201)]
    let scene = traced(filter)
    var other = TraceFilter()
    other.protocols = [IPProtocol.udp]
    scene.router.tracing.setFilter(other, for: 2)
    scene.send(.client, .syn)
    scene.send(.server, [.syn, .ack])
    #expect(records(scene, client: 2).isEmpty)
    #expect(records(scene).map(\.device) == [scene.lan, scene.wan])
    scene.serverPort = 80
    scene.send(.client, .syn)
    #expect(records(scene).isEmpty)
    scene.router.tracing.setFilter(nil, for: 1)
    scene.router.tracing.setFilter(nil, for: 2)
    #expect(!scene.router.tracing.isOn)
  }

  @Test("records that nobody takes are lost, and counted")
  func losses() {
    let scene = traced()
    for _ in 0..<TraceRecorder.capacity + 5 { scene.send(.client, .syn) }
    let taken = scene.router.tracing.take(for: 1)
    #expect(taken.records.count == TraceRecorder.capacity)
    #expect(taken.lost == 5)
    #expect(scene.router.tracing.take(for: 1).lost == 0)
  }
}
