// SPDX-License-Identifier: GPL-3.0-or-later

import EngineHost
import FlowEngine
import NetlinkWire
import PacketWire
import Testing

/// Scripted messages to an engine that has a kernel's behaviour, and what that kernel answered to the same messages in
/// the same state: Answers/scenarios.py has the messages, Answers/record.py has asked the kernels.
@Suite("What the engine answers, beside what kernels answered")
struct AnswerTests {
  /// Requests to which the engine is known to answer differently, and why.
  struct KnownDifference {
    var scenario: String
    var steps: Set<String>
    var reason: String
  }

  static let knownDifferences = [
    KnownDifference(
      scenario: "objects-unsupported", steps: ["a proxy"],
      reason: "The engine has no objects of this type, and says so."),
    KnownDifference(
      scenario: "expressions-unsupported",
      steps: ["a hash of both directions", "a queue", "a proxy"],
      reason: "The engine has no such expressions, and says so; the generation stays behind the kernel's."),
    KnownDifference(
      scenario: "rules-refused", steps: ["after a module was looked for in vain", "what was made"],
      reason: "Looking for a module, the kernel executes the batch anew, and each time uses up a handle."),
  ]

  @Test("octet for octet, apart from hashes and clocks", arguments: ["6.1", "6.12", "7.2"])
  func equal(kernel: String) throws {
    let recording = try AnswerRecording(kernel: kernel)
    #expect(KernelGeneration(release: recording.release).rawValue == kernel)
    #expect(recording.scenarios.count == 22)
    let compared = try recording.scenarios.reduce(0) { try $0 + play($1, kernel) }
    #expect(compared > 2100)
    for known in Self.knownDifferences {
      let steps = recording.scenarios.first { $0.name == known.scenario }?.steps ?? []
      #expect(known.steps.isSubset(of: steps.map(\.text)))
    }
  }

  @Test("another octet is found, and so is a time that is too far away; a hash is not looked at")
  func differences() throws {
    let recording = try AnswerRecording(kernel: "7.2")
    let scenario = try #require(recording.scenarios.first { $0.name == "conntrack-get" })
    let step = try #require(scenario.steps.first { $0.text == "one, plain" })
    let answer = try #require(step.answers.first)
    func changed(at place: Int) -> ComparableAnswers {
      var octets = answer
      octets[place] ^= 4
      return ComparableAnswers([octets], to: step.request)
    }
    func payload(of type: UInt16) -> Int? {
      // Safe: the span does not outlive the array.
      var attributes = unsafe AttributeCursor(answer.span.bytes, from: 20)
      while let more = try? attributes.advance(), more {
        if attributes.type == type { return attributes.attributeOffset + 4 }
      }
      return nil
    }
    let original = ComparableAnswers([answer], to: step.request)
    let mark = try #require(payload(of: ConntrackAttribute.mark))
    let id = try #require(payload(of: ConntrackAttribute.id))
    let timeout = try #require(payload(of: ConntrackAttribute.timeout))
    #expect(changed(at: mark + 3) != original)
    #expect(changed(at: 6) != original)
    #expect(changed(at: timeout + 3) != original)
    #expect(changed(at: id) == original)
    #expect(original.differences(from: changed(at: mark + 3)).contains("8 00000005"))
  }

  private static func engine(_ kernel: String) -> Engine {
    let engine = Engine(generation: KernelGeneration(rawValue: kernel) ?? .linux612, seed: 1)
    engine.advance(to: Instant(seconds: 1000))
    engine.router.conntrack.isListening = true
    for (number, name) in ["d0", "d1"].enumerated() {
      let index = engine.router.addDevice(
        name, .port, mac: MACAddress(0x0200_0000_0000 + UInt64(number)), mtu: 1500)
      engine.router.setLink(index, up: true)
    }
    return engine
  }

  private static func clients(_ scenario: AnswerRecording.Scenario) -> [String: ControlClient] {
    var plain = ControlClient(portID: 1000)
    plain.processID = scenario.processID
    plain.processName = scenario.processName
    var extended = plain
    extended.portID = 2000
    extended.wantsExtendedAcknowledgements = true
    var capped = extended
    capped.portID = 3000
    capped.wantsCappedAcknowledgements = true
    return ["plain": plain, "ext": extended, "capped": capped]
  }

  /// Plays a scenario on an engine of its own and compares after each step.
  ///
  /// - Returns: the number of messages that were compared.
  private func play(_ scenario: AnswerRecording.Scenario, _ kernel: String) throws -> Int {
    let engine = Self.engine(kernel)
    let clients = Self.clients(scenario)
    var compared = 0
    for step in scenario.steps {
      for setting in step.settings {
        let isKnown = engine.router.conntrack.settings.set(setting.name, to: setting.value)
        #expect(isKnown)
      }
      let client = try #require(clients[step.client])
      // Safe: the span does not outlive the array.
      let output = unsafe engine.router.control(step.request.span.bytes, from: client)
      // Listeners of different groups cannot tell what came first.
      let events = (UInt32(1)...7).flatMap { (group: UInt32) -> [[UInt8]] in
        output.events.filter { $0.group == group }.map(\.datagram)
      }
      let title = "\(kernel) \(scenario.name): \(step.text)"
      let known = Self.knownDifferences.first { $0.scenario == scenario.name && $0.steps.contains(step.text) }
      func compareAll() {
        compared += compare(step.answers, output.replies, to: step.request, "\(title): answer")
        compared += compare(step.events.map(\.datagram), events, to: step.request, "\(title): event")
      }
      if let known {
        withKnownIssue(Comment(rawValue: known.reason)) { compareAll() }
      } else {
        compareAll()
      }
    }
    return compared
  }

  /// - Returns: the number of messages that were expected.
  private func compare(
    _ expected: [[UInt8]], _ actual: [[UInt8]], to request: [UInt8], _ title: String
  ) -> Int {
    let expectation = ComparableAnswers(expected, to: request)
    let reality = ComparableAnswers(actual, to: request)
    if expectation != reality {
      Issue.record("\(title)\n\(expectation.differences(from: reality))")
    }
    return expectation.datagrams.reduce(0) { $0 + $1.count }
  }
}
