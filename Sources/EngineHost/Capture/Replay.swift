// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
private import PacketWire

/// Lets an engine deal with the frames of captures, in the order of their times, and captures what leaves it.
///
/// The captures' own time is the engine's clock, so that the same captures give the same frames.
package struct Replay: ~Copyable {
  /// The engine's clock when the first frame arrives.
  private static let start: UInt64 = 1_000_000_000
  /// Nanoseconds of a pause in which everything that is due happens at its own time; later, at the pause's end.
  private static let closelyWatched: UInt64 = 60_000_000_000

  private let engine: Engine
  private var inputs: [CaptureInput] = []
  private var outputPaths: [UInt32: String] = [:]
  private var outputs: [UInt32: CaptureOutput] = [:]
  /// What became of the frames.
  package private(set) var report = ReplayReport()

  /// - Parameter engine: with its devices and rules.
  package init(_ engine: Engine) { self.engine = engine }

  /// Frames of the capture arrive on the device.
  ///
  /// - Throws: ``DescriptionError``: no such device; what is wrong with the file.
  package mutating func addInput(_ path: String, device: String) throws(DescriptionError) {
    inputs.append(CaptureInput(try CaptureReader(path), device: try index(of: device)))
  }

  /// Frames that leave the device are captured, in a file that is not made before ``run()``.
  ///
  /// - Throws: ``DescriptionError``: no such device.
  package mutating func addOutput(_ path: String, device: String) throws(DescriptionError) {
    outputPaths[try index(of: device)] = path
  }

  private func index(of name: String) throws(DescriptionError) -> UInt32 {
    guard let device = engine.router.device(named: name) else { throw DescriptionError("no device \(name)") }
    return device.index
  }

  /// Plays everything. No output is made, or emptied, before a first frame of every input has been read.
  ///
  /// - Throws: ``DescriptionError`` of the first file that cannot be read on or written; what left before is captured.
  package mutating func run() throws(DescriptionError) {
    for input in inputs { try input.advance() }
    for (device, path) in outputPaths { outputs[device] = CaptureOutput(try CaptureWriter(path)) }
    do throws(DescriptionError) {
      try play()
    } catch {
      for output in outputs.values { try output.flush() }
      throw error
    }
    for output in outputs.values { try output.flush() }
  }

  private mutating func play() throws(DescriptionError) {
    guard let first = inputs.compactMap(\.frame?.time).min() else { return }
    let base = first &- Self.start
    engine.router.wallClockOffset = base
    while let input = inputs.min(by: { ($0.frame?.time ?? .max) < ($1.frame?.time ?? .max) }),
      let frame = input.frame
    {
      try pass(until: Instant(nanoseconds: frame.time &- base), base)
      receive(frame, on: input.device)
      try capture(base)
      try input.advance()
    }
  }

  /// Lets time pass, each thing that is due at its own time.
  private func pass(until time: Instant, _ base: UInt64) throws(DescriptionError) {
    let router = engine.router
    let end = min(time, router.now.adding(nanoseconds: Self.closelyWatched))
    while router.now < end, router.nextDeadline <= end {
      let before = router.now
      engine.advance(to: max(router.nextDeadline, router.now))
      try capture(base)
      if router.now == before { break }
    }
    engine.advance(to: time)
    try capture(base)
  }

  private mutating func receive(_ frame: CapturedFrame, on device: UInt32) {
    report.frames += 1
    guard !frame.isCut else {
      report.cut += 1
      return
    }
    let before = engine.router.statistics
    // Safe: the span does not outlive the array.
    unsafe engine.receive(frame.octets.span.bytes, on: device, at: engine.router.now)
    report.note(frame.octets, device, before, engine.router)
  }

  private func capture(_ base: UInt64) throws(DescriptionError) {
    for sent in engine.takeSent() {
      guard let output = outputs[sent.device] else { continue }
      try output.write(CapturedFrame(time: engine.router.now.nanoseconds &+ base, octets: sent.bytes))
    }
  }
}

/// A capture with its next frame.
private final class CaptureInput {
  private let reader: CaptureReader
  let device: UInt32
  private(set) var frame: CapturedFrame?

  init(_ reader: CaptureReader, device: UInt32) {
    self.reader = reader
    self.device = device
  }

  func advance() throws(DescriptionError) { frame = try reader.next() }
}

/// A capture that is written.
private final class CaptureOutput {
  private var writer: CaptureWriter

  init(_ writer: consuming CaptureWriter) { self.writer = writer }

  func write(_ frame: CapturedFrame) throws(DescriptionError) { try writer.write(frame) }
  func flush() throws(DescriptionError) { try writer.flush() }
}
