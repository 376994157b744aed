// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

/// In the guest, because the limit is one of the whole machine.
@Suite("A full conntrack table", .serialized)
struct FullTableTests {
  @Test(
    "what does not fit is told with the table's limit, nothing is pushed out, and deleting makes room",
    .enabled(if: Guest.lacks == nil, Comment(rawValue: Guest.lacks ?? "")), .timeLimit(.minutes(20)))
  func full() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ftctl-full-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = BuiltProgram.sourceRoot.appendingPathComponent("Tests/KernelTests/full.sh").path
    let result = try Guest.run(["sh", script, BuiltProgram.ftctl, folder.path], writing: folder)
    try #require(result.status == 0, "\(result.error)")
    func text(_ name: String) throws -> String {
      try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }
    let hint =
      "hint: the table has 40 of at most 40 flow entries: sysctl -w net.netfilter.nf_conntrack_max=80\nstatus 1\n"
    let flows = folder.appendingPathComponent("flows").path
    #expect(
      try text("file")
        == "ftctl: 40 flow entries have been added.\nftctl: cannot add the flow of \(flows):41: Cannot allocate memory (ENOMEM)\n\(hint)"
    )
    #expect(
      try text("add") == "ftctl: cannot create a conntrack entry: Cannot allocate memory (ENOMEM)\n\(hint)")
    #expect(try text("original").contains("Operation failed: not enough memory\nstatus 1"))
    #expect(try text("dropin") == text("original"))
    #expect(try text("stats").contains("40"))
    #expect(try text("count") == "40\nstatus 0\n")
    #expect(try text("delete").contains("ftctl: 7 flow entries have been deleted.\nstatus 0"))
    #expect(try text("left") == "33\nstatus 0\n")
    #expect(try text("again") == "ftctl: 1 flow entries have been added.\nstatus 0\n")
  }
}
