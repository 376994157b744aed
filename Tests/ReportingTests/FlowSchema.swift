// SPDX-License-Identifier: GPL-3.0-or-later

/// The schema of ftctl-json(5) as data: each member's path and type.
///
/// A path's parts are divided by dots; `[]` marks the elements of an array.
enum FlowSchema {
  enum Kind: String { case object, array, string, number }

  private static let tuple: [(String, Kind)] = [
    ("src", .string), ("dst", .string), ("sport", .number), ("dport", .number), ("type", .number),
    ("code", .number), ("id", .number), ("srckey", .number), ("dstkey", .number),
  ]
  private static let direction = tuple + [("zone", .number), ("packets", .number), ("bytes", .number)]
  private static let adjustment: [(String, Kind)] = [
    ("position", .number), ("before", .number), ("after", .number),
  ]

  private static func group(_ name: String, _ members: [(String, Kind)]) -> [(String, Kind)] {
    [(name, .object)] + members.map { ("\(name).\($0.0)", $0.1) }
  }

  /// Path to type of every member there is.
  static let members: [String: Kind] = Dictionary(
    uniqueKeysWithValues: [
      ("event", .string), ("event_time", .number), ("netns", .string), ("family", .string),
      ("proto", .string),
      ("proto_number", .number), ("state", .string), ("timeout", .number), ("status", .array),
      ("status[]", .string), ("absent", .array), ("absent[]", .string), ("mark", .number), ("zone", .number),
      ("labels", .array), ("labels[]", .string), ("use", .number), ("id", .number), ("start", .number),
      ("stop", .number), ("age", .number), ("helper", .string), ("secmark", .number), ("secctx", .string),
    ]
      + group("original", direction) + group("reply", direction)
      + group(
        "offload",
        [
          ("state", .string), ("flowtable", .object), ("flowtable.family", .string),
          ("flowtable.table", .string),
          ("flowtable.name", .string), ("devices", .array), ("devices[]", .string),
        ])
      + group(
        "nat",
        [("src", .string), ("sport", .number), ("dst", .string), ("dport", .number), ("id", .number)])
      + group(
        "tcp",
        [
          ("wscale_original", .number), ("wscale_reply", .number), ("flags_original", .number),
          ("flags_reply", .number),
        ])
      + group("sctp", [("vtag_original", .number), ("vtag_reply", .number)])
      + group("dccp", [("role", .string), ("handshake_seq", .number)])
      + group("master", [("proto", .string), ("proto_number", .number)] + tuple)
      + group("seqadj", [])
      + group("seqadj.original", adjustment) + group("seqadj.reply", adjustment))

  /// Members that every flow has.
  static let required: Set = [
    "family", "proto", "proto_number", "original", "original.src", "original.dst", "reply", "reply.src",
    "reply.dst",
    "status", "offload", "offload.state", "id",
  ]

  /// Collects the paths of `value`, and what contradicts the schema.
  static func check(_ value: Any, at path: String = "", _ paths: inout Set<String>, _ faults: inout [String])
  {
    let kind: Kind
    switch value {
    case let object as [String: Any]:
      kind = .object
      for (key, member) in object {
        check(member, at: path.isEmpty ? key : "\(path).\(key)", &paths, &faults)
      }
    case let array as [Any]:
      kind = .array
      for member in array { check(member, at: "\(path)[]", &paths, &faults) }
    case is String: kind = .string
    default: kind = .number
    }
    guard !path.isEmpty else { return }
    paths.insert(path)
    if members[path] != kind {
      faults.append("\(path) is a \(kind), not \(members[path]?.rawValue ?? "known")")
    }
  }
}
