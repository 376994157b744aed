// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Replays of captures")
struct ReplayTests {
  private let folder = ScratchFolder.file("replay")
  /// A capture of a frame that no device forwards.
  private static let capture =
    header + Data([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 14, 0, 0, 0, 14]) + Data(count: 14)
  private static let header =
    Data([0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4]) + Data(count: 8) + Data([0, 4, 0, 0, 0, 0, 0, 1])

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Self.capture.write(to: file("in"))
    try Self.header.write(to: file("empty"))
    try (Self.header + Data([1, 2, 3])).write(to: file("bad"))
    try Data("kept".utf8).write(to: file("kept"))
    try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "in")
  }

  private func file(_ name: String) -> URL { URL(fileURLWithPath: "\(folder)/\(name)") }

  private func replay(_ words: [String]) throws -> ProgramResult {
    try run(
      ["sh", "-c", "cd \"$0\" && exec \"$@\"", folder, BuiltProgram.ftctl, "--userspace", "replay"]
        + ["--tap", "lan0=10.0.0.1/24", "--tap", "wan0=10.0.1.1/24"] + words)
  }

  @Test("a capture without frames gives one without frames")
  func empty() throws {
    #expect(try replay(["--in", "lan0=empty", "--out", "wan0=out"]).status == 0)
    #expect(try Data(contentsOf: file("out")).count == 24)
    let full = try replay(["--in", "lan0=empty", "--out", "wan0=/dev/full"])
    #expect(full.status == 1)
    #expect(full.error.contains("No space left on device (ENOSPC)"))
  }

  @Test(
    "an output that would take an input's file or another output's is wrong usage",
    arguments: [
      ["lan0=in"], ["wan0=./in"], ["wan0=link"], ["lan0=new", "lan0=other"], ["lan0=new", "wan0=./new"],
      ["lan0=kept", "wan0=kept"],
    ])
  func clashes(_ outputs: [String]) throws {
    let words = outputs.flatMap { ["--out", $0] }
    let result = try replay(["--in", "lan0=in"] + words)
    #expect(result.status == 2)
    #expect(result.error.hasPrefix("ftctl: --out: "))
    #expect(try Data(contentsOf: file("in")) == Self.capture)
    #expect(try Data(contentsOf: file("kept")) == Data("kept".utf8))
    #expect(!FileManager.default.fileExists(atPath: file("new").path))
  }

  @Test("several outputs may go where nothing is kept")
  func nowhere() throws {
    #expect(
      try replay(["--in", "lan0=in", "--out", "lan0=/dev/null", "--out", "wan0=/dev/null"]).status == 0)
  }

  @Test("a bad input or device leaves the outputs as they were")
  func badInput() throws {
    #expect(try replay(["--in", "lan0=bad", "--out", "wan0=kept"]).status == 1)
    #expect(try replay(["--in", "lan0=in", "--in", "wan0=nosuch", "--out", "wan0=kept"]).status == 1)
    #expect(try replay(["--in", "lan0=in", "--out", "wan0=kept", "--out", "x=new"]).status == 1)
    #expect(try Data(contentsOf: file("kept")) == Data("kept".utf8))
  }
}
