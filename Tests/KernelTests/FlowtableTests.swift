// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

@Suite("Flowtables, flow rules and explanations of a real kernel", .serialized)
struct FlowtableTests {
  /// Each script prints a line for each of its checks and ends with the number of failures.
  @Test(
    "every check of the script passes",
    .enabled(if: Guest.lacks == nil, Comment(rawValue: Guest.lacks ?? "")), .timeLimit(.minutes(20)),
    arguments: ["flowtables.sh", "refusals.sh", "explain.sh"])
  func script(_ name: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ftctl-guest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = BuiltProgram.sourceRoot.appendingPathComponent("Tests/KernelTests/\(name)").path
    let result = try Guest.run(["sh", script, BuiltProgram.ftctl], writing: folder)
    let text = result.output
    #expect(text.contains("\n1.."), "the script did not come to its end")
    #expect(result.status == 0, "\(text)")
  }
}
