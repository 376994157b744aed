// SPDX-License-Identifier: GPL-3.0-or-later

import EngineHost
import FlowEngine
import Testing

@Suite("recorded scenarios, played on the engine")
struct TracePlayerTests {
  static let folder =
    "\(#filePath)".split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/Traces"

  @Test(
    "every scenario equals the recording of its kernel, frame by frame and in batches",
    arguments: ["6.1", "6.12", "7.2"], [false, true])
  func equal(kernel: String, inBatches: Bool) throws {
    var report: [String] = []
    var verification = Verification()
    verification.inBatches = inBatches
    let summary = try verification.run(folder: "\(Self.folder)/\(kernel)") { report.append($0) }
    #expect(summary.scenarios >= 14)
    #expect(summary.isEqual, "\(report.joined(separator: "\n"))")
    #expect(summary.framesEqual == summary.frames && summary.frames > 100)
    #expect(summary.linesEqual == summary.lines && summary.lines > 10)
  }

  @Test("a scenario played as another kernel differs where the kernels do, and the report says in which step")
  func otherKernel() throws {
    var report: [String] = []
    let verification = Verification(generation: .linux612, names: ["tcp6-close"])
    let summary = try verification.run(folder: "\(Self.folder)/7.2") { report.append($0) }
    #expect(!summary.isEqual)
    #expect(summary.line == report.last)
    #expect(report.first?.hasPrefix("tcp6-close: ") == true)
    #expect(report.dropFirst().first?.hasPrefix("  step ") == true)
  }

  @Test("a changed recording is found out")
  func changedRecording() throws {
    var trace = try Verification.trace(at: "\(Self.folder)/6.12/tcp4-basic.json")
    #expect(TracePlayer(trace).play().differences.isEmpty)
    let index = try #require(trace.steps.firstIndex { !$0.outputs.isEmpty })
    trace.steps[index].outputs[0].octets[22] &+= 1
    let difference = TracePlayer(trace).play().differences.first
    #expect(difference?.step == index + 1)
    #expect(difference?.detail.first?.hasPrefix("time to live: expected ") == true)
  }

  @Test("a timer that ran out between other frames is found with steps of another length, and that is said")
  func paces() throws {
    var report: [String] = []
    let verification = Verification(names: ["fuzz-13"])
    let summary = try verification.run(folder: "\(Self.folder)/7.2") { report.append($0) }
    #expect(summary.isEqual)
    #expect(report.first == "fuzz-13: equal with steps of 0.85 times the usual length")
    let trace = try Verification.trace(at: "\(Self.folder)/7.2/fuzz-13.json")
    #expect(!TracePlayer(trace).play().differences.isEmpty)
  }

  @Test("a folder that is not there, and a file that is no trace, are errors with their names")
  func unreadable() {
    #expect(throws: DescriptionError.self) { try Verification().run(folder: "/nonexistent") { _ in } }
    #expect(throws: DescriptionError.self) { try Verification.trace(at: #filePath) }
  }
}
