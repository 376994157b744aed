// SPDX-License-Identifier: GPL-3.0-or-later
import FlowEngine
import Foundation
import TestSupport
import Testing

@testable import EngineHost

@Suite("Captures")
struct CaptureTests {
  private static let frames = [
    CapturedFrame(time: 1_700_000_000_000_000_001, octets: Array(0..<60)),
    CapturedFrame(time: 1_700_000_000_123_456_789, octets: [UInt8](repeating: 7, count: 1514)),
    CapturedFrame(time: 1_700_000_001_000_000_000, octets: []),
  ]

  private static func path() -> String { ScratchFolder.file("capture") }

  private static func write(_ octets: [UInt8]) throws -> String {
    let path = path()
    try Data(octets).write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func read(_ path: String) throws -> [CapturedFrame] {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let reader = try CaptureReader(path)
    var result: [CapturedFrame] = []
    while let frame = try reader.next() { result.append(frame) }
    return result
  }

  private static func number(_ value: UInt32, _ isBig: Bool) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * (isBig ? 3 - $0 : $0))) }
  }

  /// pcapng with one interface whose time stamps count nanoseconds.
  private static func pcapng(_ isBig: Bool) -> [UInt8] {
    func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
      let length = number(UInt32(body.count + 12), isBig)
      return number(type, isBig) + length + body + length
    }
    func half(_ value: UInt16) -> [UInt8] {
      isBig ? number(UInt32(value), true).suffix(2) : Array(number(UInt32(value), false).prefix(2))
    }
    var result = block(
      0x0a0d_0d0a, number(0x1a2b_3c4d, isBig) + half(1) + half(0) + [UInt8](repeating: 0xff, count: 8))
    result += block(
      1, half(1) + half(0) + number(0, isBig) + half(9) + half(1) + [9, 0, 0, 0] + half(0) + half(0))
    result += block(0x0bad, [1, 2, 3, 4])
    for frame in frames {
      let count = frame.octets.count
      let padding = [UInt8](repeating: 0, count: (4 - count % 4) % 4)
      result += block(
        6,
        number(0, isBig) + number(UInt32(frame.time >> 32), isBig)
          + number(UInt32(truncatingIfNeeded: frame.time), isBig)
          + number(UInt32(count), isBig) + number(UInt32(count), isBig) + frame.octets + padding)
    }
    return result
  }

  private static func pcap(_ isBig: Bool) -> [UInt8] {
    var result = number(0xa1b2_3c4d, isBig) + [UInt8](repeating: 0, count: 16) + number(1, isBig)
    for frame in frames {
      result +=
        number(UInt32(frame.time / 1_000_000_000), isBig) + number(UInt32(frame.time % 1_000_000_000), isBig)
      result +=
        number(UInt32(frame.octets.count), isBig) + number(UInt32(frame.octets.count), isBig) + frame.octets
    }
    return result
  }

  @Test("what is written is read")
  func roundTrip() throws {
    let path = Self.path()
    var writer = try CaptureWriter(path)
    for frame in Self.frames { try writer.write(frame) }
    try writer.flush()
    #expect(try Self.read(path) == Self.frames)
  }

  @Test("pcap and pcapng in both byte orders", arguments: [false, true])
  func orders(_ isBig: Bool) throws {
    #expect(try Self.read(Self.write(Self.pcap(isBig))) == Self.frames)
    #expect(try Self.read(Self.write(Self.pcapng(isBig))) == Self.frames)
  }

  @Test("microseconds; a frame that was cut short")
  func microseconds() throws {
    var octets = Self.number(0xa1b2_c3d4, false) + [UInt8](repeating: 0, count: 16) + Self.number(1, false)
    octets += [10, 5, 2, 3].flatMap { Self.number($0, false) } + [1, 2]
    #expect(
      try Self.read(Self.write(octets)) == [CapturedFrame(time: 10_000_005_000, octets: [1, 2], isCut: true)])
  }

  @Test("whatever is in a file, reading it ends with frames or an error that names it")
  func mutations() throws {
    var random = RandomSource(seed: 5)
    var refused = 0
    for number in 0..<2000 {
      var octets = number.isMultiple(of: 2) ? Self.pcap(number % 4 == 0) : Self.pcapng(number % 4 == 1)
      for _ in 0...random.number(below: 4) {
        octets[Int(random.number(below: UInt64(octets.count)))] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.number(below: 3) == 0 { octets.removeLast(Int(random.number(below: UInt64(octets.count)))) }
      let path = try Self.write(octets)
      do {
        #expect(try Self.read(path).allSatisfy { $0.octets.count <= 262_144 })
      } catch let error as DescriptionError {
        refused += 1
        #expect(error.description.hasPrefix(path))
      }
    }
    #expect(refused > 100)
  }

  @Test(
    "frames of a recorded trace give the recorded frames, and the report names the frame that offloaded the flow"
  )
  func replay() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Traces/6.12")
    let trace = try Verification.trace(at: folder.appendingPathComponent("tcp4-basic.json").path)
    let engine = Engine(generation: .linux612, seed: 1)
    try trace.topology.build(on: engine.router)
    for batch in trace.batches {
      // Safe: the span does not outlive the array.
      _ = unsafe engine.router.control(batch.span.bytes, from: ControlClient(portID: 1))
    }
    var files: [String: String] = [:]
    var expected: [String: [[UInt8]]] = [:]
    var writers: [String: [CapturedFrame]] = [:]
    var time: UInt64 = 1_700_000_000_000_000_000
    // Up to the first change from outside, which a capture does not hold.
    for step in trace.steps.prefix(while: { $0.command == nil && $0.change == nil }) {
      time += UInt64((step.wait ?? 0.1) * 1e9)
      if let frame = step.input {
        writers[frame.device, default: []].append(CapturedFrame(time: time, octets: frame.octets))
      }
      for frame in step.outputs { expected[frame.device, default: []].append(frame.octets) }
    }
    var replay = Replay(engine)
    for (device, frames) in writers {
      let path = Self.path()
      var writer = try CaptureWriter(path)
      for frame in frames { try writer.write(frame) }
      try writer.flush()
      try replay.addInput(path, device: device)
      files["in \(device)"] = path
    }
    for device in expected.keys {
      files["out \(device)"] = Self.path()
      try replay.addOutput(files["out \(device)"] ?? "", device: device)
    }
    try replay.run()
    #expect(!expected.isEmpty)
    for (device, frames) in expected {
      #expect(try Self.read(files["out \(device)"] ?? "").map(\.octets) == frames, "\(device)")
    }
    let report = replay.report
    #expect(report.flows.count == 1)
    #expect(report.flows.first?.offloadedBy != nil)
    #expect((report.flows.first?.fast ?? 0) > 0)
    for path in files.values { try? FileManager.default.removeItem(atPath: path) }
  }
}
