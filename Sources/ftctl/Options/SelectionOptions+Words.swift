// SPDX-License-Identifier: GPL-3.0-or-later

extension SelectionOptions {
  /// The options as they were given: why a flow was selected.
  var words: String {
    var result: [String] = []
    func add(_ name: String, _ value: String?) {
      guard let value else { return }
      let isPlain =
        !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"'\"\\".utf8.contains($0) }
      result.append("\(name) \(isPlain ? value : "'\(value)'")")
    }
    func list(_ values: [String]) -> String? { values.isEmpty ? nil : values.joined(separator: ",") }
    add("--family", family)
    for (name, text) in tuple.texts { add(name, text) }
    add("--mark", mark)
    add("--label", list(label))
    add("--zone", zone)
    add("--orig-zone", originalZone)
    add("--reply-zone", replyZone)
    add("--state", state)
    add("--status", status)
    add("--src-nat", sourceNAT)
    add("--dst-nat", destinationNAT)
    add("--any-nat", anyNAT)
    add("--offload", offload)
    add("--flowtable", flowtable.isEmpty ? nil : flowtable.joined(separator: " "))
    add("--device", device)
    add("--min-bytes", minimumBytes)
    add("--min-packets", minimumPackets)
    add("--older-than", olderThan)
    add("--expires-within", expiresWithin)
    for expression in `where` { add("--where", expression) }
    return result.joined(separator: " ")
  }
}
