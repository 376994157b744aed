// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

/// A real kernel with flowtables, in a guest that sees this machine's files. `KERNEL_SUITE` names the Debian suite
/// whose kernel it is: trixie is Linux 6.12, sid the newest. Without it the guest is not started.
enum Guest {
  private static let program = BuiltProgram.sourceRoot.appendingPathComponent(".ci/vm").path

  private static var environment: [String: String?] {
    // The guest ends before the test gives up, which would leave it running.
    ["KERNEL_SUITE": ProcessInfo.processInfo.environment["KERNEL_SUITE"], "VM_SECONDS": "1100"]
  }

  /// Why there is none here; nil when there is.
  static let lacks: String? = {
    guard geteuid() == 0 else { return "needs root" }
    guard ProcessInfo.processInfo.environment["KERNEL_SUITE"] != nil else {
      return
        "needs KERNEL_SUITE, such as trixie or sid, which says whose kernel the guest is to run; .ci/test sets it"
    }
    do {
      let result = try TestSupport.run([program, "true"], environment: environment, within: 1150)
      return result.status == 0
        ? nil : "the guest does not start: \(result.errorLines.last ?? "no reason given")"
    } catch {
      return "the guest does not start: \(error)"
    }
  }()

  /// Runs a command in the guest, where `folder` can be written.
  static func run(_ command: [String], writing folder: URL) throws -> ProgramResult {
    try TestSupport.run([program, "--rw", folder.path] + command, environment: environment, within: 1150)
  }
}

@Suite("Offloaded flows of a real kernel", .serialized)
struct OffloadTests {
  private static let flows = (tcp: 8, udp: 4)

  @Test(
    "listings, selections, counts, JSON and events agree with the kernel about a flowtable's flows",
    .enabled(if: Guest.lacks == nil, Comment(rawValue: Guest.lacks ?? "")), .timeLimit(.minutes(20)))
  func offload() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "ftctl-guest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = BuiltProgram.sourceRoot.appendingPathComponent("Tests/KernelTests/offload.sh").path
    let result = try Guest.run(
      ["sh", script, BuiltProgram.ftctl, BuiltProgram.conntrackFill, folder.path], writing: folder)
    try #require(result.status == 0, "\(result.error)")

    func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }
    func lines(_ name: String) throws -> [Substring] {
      String(decoding: try data(name), as: UTF8.self).split(whereSeparator: \.isNewline)
    }
    func objects(_ name: String) throws -> [[String: Any]] {
      try #require(try JSONSerialization.jsonObject(with: data(name)) as? [[String: Any]])
    }
    try compareForms(folder, data, lines)
    try checkSelections(lines)
    try checkJSON(objects)
    try checkEvents(lines)
    try checkClearing(data, lines)
  }

  private func compareForms(
    _ folder: URL, _ data: (String) throws -> Data, _ lines: (String) throws -> [Substring]
  ) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let forms = names.filter { $0.hasSuffix(".ours") }.map { String($0.dropLast(5)) }
    #expect(forms.count == 10)
    for form in forms {
      let listing = TickingListing(
        form: form == "xml" ? .xml : form == "save" ? .save : .line(isExtended: form.contains("extended")))
      let difference = listing.difference(
        try data("\(form).before"), try data("\(form).ours"), try data("\(form).after"))
      #expect(difference == nil, "-o \(form)")
      #expect(try lines("\(form).ours").count > 250)
      let footers = try [lines("\(form).ours.err").last, lines("\(form).before.err").last]
      #expect(footers[0]?.split(separator: ": ").last == footers[1]?.split(separator: ": ").last)
    }
    let offloaded = try lines("line.ours").filter { $0.contains("[OFFLOAD]") }
    #expect(offloaded.count == Self.flows.tcp + Self.flows.udp)
    #expect(offloaded.allSatisfy { $0.firstMatch(of: #/^(tcp      6|udp      17) src=/#) != nil })
  }

  private func checkSelections(_ lines: (String) throws -> [Substring]) throws {
    let (tcp, udp) = Self.flows
    for name in ["software", "any", "status", "named", "full", "lan"] {
      let found = try lines(name)
      #expect(found.count == tcp + udp && found.allSatisfy { $0.contains(" [OFFLOAD] ") }, "\(name)")
    }
    for name in ["hardware", "idle", "lo"] { #expect(try lines(name).isEmpty, "\(name)") }
    let none = try lines("none")
    #expect(
      none.count == (try lines("line.ours").count) - tcp - udp && !none.contains { $0.contains("OFFLOAD") })
    #expect(try lines("where").count { $0.hasPrefix("tcp ") } == tcp && lines("where").count == tcp)
    let table = try lines("table")
    #expect(table.count == tcp + udp + 1)
    #expect(
      table.dropFirst().allSatisfy { $0.contains("OFFLOAD") && $0.contains("f") && $0.contains("wan0") })
  }

  private func checkJSON(_ objects: (String) throws -> [[String: Any]]) throws {
    let (tcp, udp) = Self.flows
    var seen = ["tcp": 0, "udp": 0]
    for object in try objects("json") {
      let offload = try #require(object["offload"] as? [String: Any])
      guard offload["state"] as? String == "software" else {
        #expect(offload["state"] as? String == "none")
        #expect(object["absent"] == nil && object["timeout"] != nil)
        continue
      }
      let proto = try #require(object["proto"] as? String)
      seen[proto, default: 0] += 1
      #expect(object["timeout"] == nil && object["state"] == nil)
      #expect(object["absent"] as? [String] == (proto == "tcp" ? ["timeout", "state"] : ["timeout"]))
      #expect((object["status"] as? [String])?.contains("OFFLOAD") == true)
      #expect(offload["flowtable"] as? [String: String] == ["family": "inet", "table": "x", "name": "f"])
      #expect(Set(offload["devices"] as? [String] ?? []) == ["lan0", "wan0"])
      #expect((object["nat"] as? [String: Any])?["src"] as? String == "10.0.2.1")
      #expect((object["labels"] as? [String])?.count == 1)
    }
    #expect(seen == ["tcp": tcp, "udp": udp])
    let software = try objects("count").first { $0["offload"] as? String == "software" }
    #expect(software?["flows"] as? Int == tcp + udp)
    let carried = try objects("flowtables").filter { $0["flowtable"] as? String == "inet x f" }
    #expect(carried.count == 2 && carried.reduce(0) { $0 + ($1["flows"] as? Int ?? 0) } == tcp + udp)
  }

  private func checkEvents(_ lines: (String) throws -> [Substring]) throws {
    let count = Self.flows.tcp + Self.flows.udp
    let events = try lines("monitor")
    func ids(_ tag: String) -> Set<Substring> {
      Set(events.filter { $0.contains(tag) }.compactMap { $0.split(separator: " id=").last })
    }
    #expect(ids("[OFFLOAD]").count == count)
    #expect(ids("[CLASSIC]") == ids("[OFFLOAD]"))
    #expect(try lines("monitor.err").last?.hasSuffix(" flow events have been shown.") == true)
  }

  /// What `offload clear` took off the fast path, and what it left there.
  private func checkClearing(
    _ data: (String) throws -> Data, _ lines: (String) throws -> [Substring]
  ) throws {
    struct Listing: Decodable {
      struct Object: Decodable {
        struct Content: Decodable { var elem: [UInt16]? }
        var set: Content?
      }
      var nftables: [Object]
    }
    for (name, status, cleared) in [
      ("dry", 0, 0), ("udp", 0, Self.flows.udp), ("one", 0, 1), ("where", 0, Self.flows.tcp - 1),
      ("none", 3, 0),
    ] {
      #expect(try lines("clear.\(name).status").first == "\(status)", "\(name)")
      let before = try lines("clear.\(name).before")
      let after = try lines("clear.\(name).after")
      #expect(before.count == Self.flows.tcp + Self.flows.udp, "\(name)")
      // The same entries, by their ids.
      let kept = Set(after.compactMap { $0.split(separator: " id=").last })
      let gone = before.filter { !kept.contains($0.split(separator: " id=").last ?? "") }
      #expect(after.count == before.count - cleared && gone.count == cleared, "\(name)")
      let proto: Substring? = name == "udp" ? "udp" : cleared > 0 ? "tcp" : nil
      #expect(gone.allSatisfy { $0.prefix(3) == proto }, "\(name)")
      // And only their next packets were seen in the forward chain.
      let objects = try JSONDecoder().decode(Listing.self, from: data("clear.\(name).classic")).nftables
      let seen = objects.compactMap(\.set?.elem).joined()
      #expect(seen.sorted() == gone.compactMap(sourcePort).sorted(), "\(name)")
    }
    let report = try lines("clear.udp").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    #expect(report.count == Self.flows.udp)
  }

  private func sourcePort(_ line: Substring) -> UInt16? {
    line.firstMatch(of: #/ sport=(\d+) /#).flatMap { UInt16($0.1) }
  }
}
