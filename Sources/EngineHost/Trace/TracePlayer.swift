// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
import JSONDocument
import NetlinkWire
import PacketWire
import Reporting

/// How many times the usual time the steps' own work took in a recording that does not tell.
package struct TracePace: Equatable, Sendable, CustomStringConvertible {
  /// Of each step.
  package var factor: Double
  /// Of the looks at conntrack beside that: starting its program takes longer on some machines than on others.
  package var looks: Double = 1
  /// Draws a further factor for each step, from half to two and a half; 0: there is none.
  package var seed: UInt64 = 0

  package static let usual = TracePace(factor: 1)

  /// Every pace that is tried, the likeliest first.
  package static let all: [TracePace] = {
    var factors = [1.0]
    for step in 1...20 {
      for sign in [-1, 1] { factors.append(Double(40 + sign * step) / 40) }
    }
    for tenth in 16...40 { factors.append(Double(tenth) / 10) }
    var paces: [TracePace] = []
    for looks in [1, 1.5, 2, 2.5, 0.7, 1.25, 1.75, 2.25, 2.75, 3] {
      for factor in factors { paces.append(TracePace(factor: factor, looks: looks)) }
    }
    let means = [0.6, 0.8, 1, 1.3, 1.7]
    for seed in 1...150 { paces.append(TracePace(factor: means[seed % means.count], seed: UInt64(seed))) }
    return paces
  }()

  package var description: String {
    if seed != 0 { return "uneven length (\(factor), \(seed))" }
    let looked = Double(Int(factor * looks * 1000 + 0.5)) / 1000
    return "\(factor) times the usual length" + (looks == 1 ? "" : ", looks \(looked) times")
  }

  fileprivate func factor(_ step: Trace.Step?, _ chance: inout RandomSource) -> Double {
    let usual = step?.conntrack == nil ? factor : factor * looks
    return seed == 0 ? usual : usual * (0.5 + Double(chance.number(below: 2001)) / 1000)
  }
}

/// Plays a trace on an engine of its own, on a virtual clock, and notes where it differs from the recording.
package struct TracePlayer {
  /// What was found; counts are of recorded things.
  package struct Result: Sendable {
    package var framesEqual = 0
    package var frames = 0
    package var linesEqual = 0
    package var lines = 0
    /// Every difference, in order; empty when the scenario is equal.
    package var differences: [TraceDifference] = []

    package init() {}
  }

  private let trace: Trace
  private let pace: TracePace
  private var chance: RandomSource
  private let engine: Engine
  /// Whether frames go in as batches do from devices, each in one of its own.
  private let inBatches: Bool
  private let client: ControlClient
  private var elapsed = 0.0
  /// Nanoseconds on the virtual clock.
  private var clock: UInt64 = 0
  /// Seconds on the virtual clock where the recording's begin.
  private var lead = 0.0
  private var result = Result()

  /// Seconds from the ruleset to the first step.
  private static let setup = 0.75

  /// Seconds that a step listens for a frame, and for another after one.
  private static let patience = (first: 0.2, next: 0.05)

  /// Seconds that a step takes for its own work, as recorded time-outs show: starting a program takes its time there. Frames
  /// that leave meanwhile are found by the next step.
  private static func work(of step: Trace.Step) -> Double {
    if step.wait != nil { return 0 }
    if step.conntrack != nil { return 0.3 }
    return step.command != nil ? 0.2 : 0.025
  }

  /// - Parameters:
  ///   - trace: what was recorded.
  ///   - generation: whose behaviour to reproduce; nil: that of the kernel that recorded it.
  ///   - pace: how long each step's own work took.
  ///   - inBatches: whether frames go in as they do from devices.
  package init(
    _ trace: Trace, generation: KernelGeneration? = nil, pace: TracePace = .usual, inBatches: Bool = false
  ) {
    self.inBatches = inBatches
    self.trace = trace
    self.pace = pace
    chance = RandomSource(seed: pace.seed)
    engine = Engine(generation: generation ?? KernelGeneration(release: trace.kernel), seed: 1)
    var client = ControlClient(portID: 1)
    client.wantsExtendedAcknowledgements = true
    self.client = client
  }

  /// Plays all steps.
  package consuming func play() -> Result {
    do throws(DescriptionError) {
      try trace.topology.build(on: engine.router)
      for batch in trace.batches { try load(batch) }
      // The recorder waits before its first step; what the router sent meanwhile is not recorded. Collections of the
      // flowtable, one a second, count from here.
      advance(seconds: Self.setup * pace.factor(nil, &chance))
      lead = Double(clock) / 1_000_000_000 - (trace.steps.first?.start ?? 0)
      _ = engine.takeSent()
    } catch {
      result.differences.append(TraceDifference(step: 0, what: "setup", detail: [error.description]))
      countUnplayed()
      return result
    }
    for (index, step) in trace.steps.enumerated() {
      play(step, number: index + 1, work: work(ofStep: index))
      if index + 1 < trace.steps.count, let start = trace.steps[index + 1].start { advance(to: start + lead) }
    }
    return result
  }

  /// Seconds that a step took for its own work, as recorded, or as is usual.
  private mutating func work(ofStep index: Int) -> Double {
    let step = trace.steps[index]
    guard let start = step.start, index + 1 < trace.steps.count, let end = trace.steps[index + 1].start else {
      return Self.work(of: step) * pace.factor(step, &chance)
    }
    if step.conntrack != nil { return max(0, end - start) }
    return step.command == nil ? 0 : max(0, end - start - Self.patience.first)
  }

  /// Nothing of a scenario that cannot be set up is equal.
  private mutating func countUnplayed() {
    for step in trace.steps {
      result.frames += step.outputs.count
      result.lines += step.conntrack?.count ?? 0
    }
  }

  private func load(_ batch: [UInt8]) throws(DescriptionError) {
    for reply in control(batch).replies {
      if let error = NetlinkReply.error(reply) {
        throw DescriptionError("the ruleset was refused: errno \(error)")
      }
    }
  }

  /// Sends a datagram to the engine.
  func control(_ datagram: [UInt8]) -> ControlOutput {
    // Safe: the span does not outlive the array.
    unsafe engine.router.control(datagram.span.bytes, from: client)
  }

  /// Lets time pass up to so many seconds after the start, unless that is past.
  private mutating func advance(to seconds: Double) {
    advance(seconds: max(0, seconds - Double(clock) / 1_000_000_000))
  }

  private mutating func advance(seconds: Double) {
    clock += UInt64(seconds * 1_000_000_000)
    engine.advance(to: Instant(nanoseconds: clock))
  }

  private mutating func play(_ step: Trace.Step, number: Int, work: Double) {
    let what =
      step.note ?? step.command ?? (step.wait != nil ? "wait" : step.input != nil ? "frame" : "look")
    elapsed += step.wait ?? 0.3
    let before = counters()
    engine.router.drawnPort = step.outputs.lazy.compactMap { RecordedDraw.port($0.octets) }.first
    if let input = step.input { receive(input, number, what) }
    if step.command != nil || step.change != nil { change(step, number, what) }
    if step.command != nil { advance(seconds: work) }
    if step.conntrack == nil, step.ruleset == nil { compareFrames(step, number, what) }
    if let counted = step.counted { compareCounters(counted, since: before, number, what) }
    if let lines = step.conntrack { compareConntrack(lines, work: work, number, what) }
    if let lines = step.ruleset { compareRuleset(lines, number, what) }
    if step.command == nil, step.conntrack == nil { advance(seconds: work) }
  }

  private mutating func note(_ number: Int, _ what: String, _ detail: [String]) {
    result.differences.append(TraceDifference(step: number, what: what, detail: detail))
  }

  private mutating func receive(_ frame: Trace.Frame, _ number: Int, _ what: String) {
    guard let device = engine.router.device(named: frame.device) else {
      return note(number, what, ["no device \(frame.device)"])
    }
    let (offload, time) = (frame.offload ?? .none, Instant(nanoseconds: clock))
    guard inBatches else {
      // Safe: the span does not outlive the array.
      return unsafe engine.receive(frame.octets.span.bytes, offload: offload, on: device.index, at: time)
    }
    let earlier = engine.takeSent()
    var batch = FrameBatch(largestFrame: frame.octets.count)
    // Safe: as above.
    unsafe batch.append(frame.octets.span.bytes, offload: offload)
    engine.router.receive(&batch, on: device.index, at: time)
    engine.router.sent = earlier + batch.merged(with: engine.takeSent())
  }

  private mutating func change(_ step: Trace.Step, _ number: Int, _ what: String) {
    do throws(DescriptionError) {
      let status = try TraceChange(step).apply(to: engine.router) { control($0) }
      if let expected = step.status, (expected == 0) != (status == 0) {
        note(number, what, ["expected exit status \(expected), got errno \(status)"])
      }
    } catch {
      note(number, what, [error.description])
    }
  }

  // MARK: Comparing

  /// Frames as the recorder reads those that have left by now: one of each device in turn.
  private func readInTurn() -> [SentFrame] {
    var frames = engine.takeSent()
    var result: [SentFrame] = []
    let devices = trace.topology.devices.compactMap { engine.router.device(named: $0.name)?.index }
    while !frames.isEmpty {
      let before = result.count
      for device in devices {
        guard let place = frames.firstIndex(where: { $0.device == device }) else { continue }
        result.append(frames.remove(at: place))
      }
      if result.count == before { return result + frames }
    }
    return result
  }

  /// Listens until no frame has come for a while; the time of a wait is full in any case.
  private mutating func listen(_ wait: Double?) -> [SentFrame] {
    var frames = readInTurn()
    let hasCome = { (frames: [SentFrame]) in frames.contains { !RecordedNoise.isNoise($0.bytes) } }
    var patience = hasCome(frames) ? Self.patience.next : Self.patience.first
    if let wait {
      advance(seconds: wait)
      return frames + engine.takeSent()
    }
    var end = clock + UInt64(patience * 1_000_000_000)
    while clock < end {
      clock = min(end, max(clock + 1, engine.router.nextDeadline.nanoseconds))
      engine.advance(to: Instant(nanoseconds: clock))
      let more = engine.takeSent()
      if more.isEmpty { continue }
      if hasCome(more) { patience = Self.patience.next }
      end = clock + UInt64(patience * 1_000_000_000)
      frames += more
    }
    return frames
  }

  /// Compares what left since frames were read last, and leaves while the step waits or listens.
  private mutating func compareFrames(_ step: Trace.Step, _ number: Int, _ what: String) {
    let headed = Set(trace.topology.devices.lazy.filter { $0.properties["offloads"] != nil }.map(\.name))
    let sent = listen(step.wait)
    let actual = sent.compactMap { sent in
      engine.router.device(sent.device).map { device in
        Trace.Frame(
          device: device.name, octets: sent.bytes, offload: headed.contains(device.name) ? sent.offload : nil)
      }
    }.filter { !RecordedNoise.isNoise($0.octets) }
    result.frames += step.outputs.count
    var detail: [String] = []
    for index in 0..<max(actual.count, step.outputs.count) {
      let expected = index < step.outputs.count ? step.outputs[index] : nil
      let got = index < actual.count ? actual[index] : nil
      if let expected, let got, TraceComparison.isSame(expected, got) {
        result.framesEqual += 1
      } else if detail.isEmpty {
        detail = FrameDescription.difference(expected, got)
      }
    }
    if !detail.isEmpty { note(number, what, detail) }
  }

  private func counters() -> [String: UInt64] {
    var sums: [String: UInt64] = [:]
    for counter in engine.router.ruleset.namedCounters() { sums[counter.name] = counter.packets }
    return sums
  }

  private mutating func compareCounters(
    _ expected: [String: Int], since before: [String: UInt64], _ number: Int, _ what: String
  ) {
    var actual: [String: Int] = [:]
    for (name, packets) in counters() where packets != before[name] ?? 0 {
      actual[name] = Int(clamping: packets) - Int(clamping: before[name] ?? 0)
    }
    guard actual != expected else { return }
    let names = Set(actual.keys).union(expected.keys).sorted()
    note(
      number, what,
      names.filter { actual[$0] != expected[$0] }.map {
        "counter \($0): expected +\(expected[$0] ?? 0), got +\(actual[$0] ?? 0)"
      })
  }

  /// Compares listings of both families; the recorder runs a program for one after the other, which lists at its end.
  private mutating func compareConntrack(
    _ expected: [String], work: Double, _ number: Int, _ what: String
  ) {
    var actual: [String] = []
    for family: UInt8 in [2, 10] {
      advance(seconds: work * 0.45)
      actual += conntrackLines(of: family)
    }
    advance(seconds: work * 0.1)
    let comparison = TraceComparison.compare(expected, actual, elapsed: elapsed)
    result.lines += expected.count
    result.linesEqual += comparison.equal
    let detail =
      comparison.missing.map { "expected \($0)" } + comparison.unexpected.map { "got      \($0)" }
    if !detail.isEmpty { note(number, what, detail) }
  }

  /// What `conntrack -L -f FAMILY -o extended` would print, by way of ctnetlink.
  private func conntrackLines(of family: UInt8) -> [String] {
    let format = LineFormat(.extended)
    let context = FormatContext()
    var request = NetlinkWriter()
    let mark = request.beginMessage(
      NetlinkHeader(
        type: ConntrackMessage.type(ConntrackMessage.get), flags: [.request, .dump], sequence: 1),
      NetfilterHeader(family: family))
    request.endMessage(mark)
    return control(request.bytes).replies.flatMap { ConntrackLines.lines(of: $0, format, context) }
  }

  private mutating func compareRuleset(_ expected: [String], _ number: Int, _ what: String) {
    let actual = RulesetText.lines { control($0).replies }
    guard actual != expected else { return }
    let place = zip(expected, actual).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let index = place ?? min(expected.count, actual.count)
    note(
      number, what,
      [
        "ruleset line \(index + 1): expected \(index < expected.count ? expected[index] : "nothing")",
        "got \(index < actual.count ? actual[index] : "nothing")",
      ])
  }
}

/// Something that the engine did otherwise than the recording.
package struct TraceDifference: Equatable, Sendable {
  /// Number of the step, from 1; 0 for the setup.
  package var step: Int
  /// The step's note, its command, or what kind of step it is.
  package var what: String
  package var detail: [String]
}
