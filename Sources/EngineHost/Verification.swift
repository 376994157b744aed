// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
import Glibc
import JSONDocument

/// `ftctl --userspace verify`: plays the traces of a folder and says what equals the recording.
package struct Verification {
  /// Sums over all scenarios.
  package struct Summary: Equatable, Sendable {
    package var scenariosEqual = 0
    package var scenarios = 0
    package var framesEqual = 0
    package var frames = 0
    package var linesEqual = 0
    package var lines = 0

    /// Whether everything was equal, and there was something.
    package var isEqual: Bool { scenarios > 0 && scenariosEqual == scenarios }

    /// `scenarios N/M equal, frames a/b equal, conntrack lines c/d equal`.
    package var line: String {
      "scenarios \(scenariosEqual)/\(scenarios) equal, frames \(framesEqual)/\(frames) equal, "
        + "conntrack lines \(linesEqual)/\(lines) equal"
    }
  }

  /// Whose behaviour to reproduce; nil: that of the kernel that recorded each trace.
  package var generation: KernelGeneration?
  /// Scenarios to play; empty: all.
  package var names: [String]
  /// Whether frames go in as they do from devices.
  package var inBatches = false
  /// All differences are shown, not only the first of each scenario.
  package var showsAll = false

  package init(generation: KernelGeneration? = nil, names: [String] = []) {
    self.generation = generation
    self.names = names
  }

  /// The traces of a folder, by name.
  ///
  /// - Throws: ``DescriptionError`` when the folder cannot be read, holds none, or lacks one that was named.
  package func files(in folder: String) throws(DescriptionError) -> [(name: String, path: String)] {
    var found: [String] = []
    guard let directory = unsafe opendir(folder) else {
      throw DescriptionError("\(HostError("read '\(folder)'", errno))")
    }
    defer { unsafe closedir(directory) }
    while let entry = unsafe readdir(directory) {
      // Safe: d_name is a NUL-terminated array inside the entry, which lives until the next call.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name.hasSuffix(".json") { found.append(String(name.dropLast(5))) }
    }
    guard !found.isEmpty else { throw DescriptionError("no scenarios in '\(folder)'") }
    if let missing = names.first(where: { !found.contains($0) }) {
      throw DescriptionError("no scenario '\(missing)' in '\(folder)'")
    }
    return found.filter { names.isEmpty || names.contains($0) }.sorted().map { ($0, "\(folder)/\($0).json") }
  }

  /// Reads a trace.
  ///
  /// - Throws: ``DescriptionError`` with what is wrong with the file.
  package static func trace(at path: String) throws(DescriptionError) -> Trace {
    guard let file = unsafe fopen(path, "rb") else {
      throw DescriptionError("\(HostError("read '\(path)'", errno))")
    }
    defer { unsafe fclose(file) }
    var octets: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&block, 1, block.count, file)
      if count == 0 { break }
      octets += block[..<count]
      guard octets.count <= 256 << 20 else { throw DescriptionError("\(path) is too large") }
    }
    do {
      return try Trace(JSONValue(parsing: octets))
    } catch let error as JSONError {
      throw DescriptionError("\(path): \(error.description)")
    } catch let error as DescriptionError {
      throw DescriptionError("\(path): \(error.description)")
    } catch {
      throw DescriptionError("\(path): not a trace")
    }
  }

  /// The result of the first pace at which everything is equal; that of the usual one where there is none.
  ///
  /// A trace does not tell when its frames arrived. Where the usual times of steps do not give what was recorded, because a
  /// timer of the kernel's ran out between other frames, the steps may have taken more or less time.
  private func played(_ trace: Trace, _ note: (String) -> Void) -> TracePlayer.Result {
    var usual: TracePlayer.Result?
    for pace in trace.isTimed ? [.usual] : TracePace.all {
      let result = TracePlayer(trace, generation: generation, pace: pace, inBatches: inBatches).play()
      if result.differences.isEmpty {
        if pace != .usual { note("equal with steps of \(pace)") }
        return result
      }
      usual = usual ?? result
    }
    return usual ?? TracePlayer.Result()
  }

  /// Plays every trace of a folder.
  ///
  /// - Parameters:
  ///   - folder: with files that end in `.json`.
  ///   - write: takes each line of the report, without line end.
  /// - Returns: the sums.
  /// - Throws: ``DescriptionError`` when the folder cannot be read.
  package func run(folder: String, write: (String) -> Void) throws(DescriptionError) -> Summary {
    var summary = Summary()
    for (name, path) in try files(in: folder) {
      summary.scenarios += 1
      let trace: Trace
      do throws(DescriptionError) {
        trace = try Self.trace(at: path)
      } catch {
        write("\(name): \(error.description)")
        continue
      }
      let result = played(trace) { write("\(name): \($0)") }
      summary.framesEqual += result.framesEqual
      summary.frames += result.frames
      summary.linesEqual += result.linesEqual
      summary.lines += result.lines
      if result.differences.isEmpty {
        summary.scenariosEqual += 1
        continue
      }
      write("\(name): \(result.differences.count) differences")
      for difference in showsAll ? result.differences[...] : result.differences.prefix(1) {
        write("  step \(difference.step) (\(difference.what)):")
        for line in difference.detail { write("    \(line)") }
      }
    }
    write(summary.line)
    return summary
  }
}
