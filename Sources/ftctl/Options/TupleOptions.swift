// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser

/// A field of a flow's tuples, as the options tell them apart.
enum TupleField {
  case proto, source, destination, replySource, replyDestination
  case sourcePort, destinationPort, replySourcePort, replyDestinationPort
}

/// What a group of ``TupleOptions`` is for.
protocol TupleUse {
  /// What the help says about a field.
  static func help(_ field: TupleField) -> ArgumentHelp
  /// How protocols are completed.
  static var protocols: CompletionKind { get }
  /// Whether the ports may be spelled as the keys of GRE, too.
  static var takesKeys: Bool { get }
}

extension TupleUse {
  fileprivate static func portNames(_ names: String..., key: String) -> NameSpecification {
    NameSpecification((names + (takesKeys ? [key] : [])).map { .customLong($0) })
  }
}

/// Protocol, addresses and ports of both directions of a flow; the spellings are conntrack(8)'s.
struct TupleOptions<Use: TupleUse>: ParsableArguments {
  @Option(
    name: [.letter("p"), .customLong("proto"), .customLong("protonum")], help: Use.help(.proto),
    completion: Use.protocols)
  var proto: String?

  @Option(name: [.letter("s"), .customLong("src"), .customLong("orig-src")], help: Use.help(.source))
  var src: String?

  @Option(name: [.letter("d"), .customLong("dst"), .customLong("orig-dst")], help: Use.help(.destination))
  var dst: String?

  @Option(name: [.letter("r"), .customLong("reply-src")], help: Use.help(.replySource))
  var replySource: String?

  @Option(name: [.letter("q"), .customLong("reply-dst")], help: Use.help(.replyDestination))
  var replyDestination: String?

  @Option(name: Use.portNames("sport", "orig-port-src", key: "srckey"), help: Use.help(.sourcePort))
  var sport: String?

  @Option(name: Use.portNames("dport", "orig-port-dst", key: "dstkey"), help: Use.help(.destinationPort))
  var dport: String?

  @Option(
    name: Use.portNames("reply-sport", "reply-port-src", key: "reply-key-src"),
    help: Use.help(.replySourcePort))
  var replySport: String?

  @Option(
    name: Use.portNames("reply-dport", "reply-port-dst", key: "reply-key-dst"),
    help: Use.help(.replyDestinationPort))
  var replyDport: String?

  func validate() throws {
    try GivenOptions.refuseRepeated(among: [
      "--proto": ["-p", "--protonum"], "--src": ["-s", "--orig-src"], "--dst": ["-d", "--orig-dst"],
      "--reply-src": ["-r"], "--reply-dst": ["-q"], "--sport": ["--orig-port-src", "--srckey"],
      "--dport": ["--orig-port-dst", "--dstkey"], "--reply-sport": ["--reply-port-src", "--reply-key-src"],
      "--reply-dport": ["--reply-port-dst", "--reply-key-dst"],
    ])
  }

  /// Each option's name, and its text where it was given.
  var texts: [(name: String, text: String?)] {
    [
      ("--proto", proto), ("--src", src), ("--dst", dst), ("--reply-src", replySource),
      ("--reply-dst", replyDestination), ("--sport", sport), ("--dport", dport),
      ("--reply-sport", replySport),
      ("--reply-dport", replyDport),
    ]
  }
}

/// The tuples select flows.
enum TupleSelection: TupleUse {
  static var protocols: CompletionKind { .list(ignoresCase: true) { LiveValues.protocols() } }
  static let takesKeys = false

  static func help(_ field: TupleField) -> ArgumentHelp {
    let address = "addr[/len]"
    let port = "port[-port]"
    return switch field {
    case .proto:
      ArgumentHelp("Layer 4 protocols: names or numbers, a comma between", valueName: "name|number")
    case .source: ArgumentHelp("Source in original direction", valueName: address)
    case .destination: ArgumentHelp("Destination in original direction", valueName: address)
    case .replySource: ArgumentHelp("Source in reply direction", valueName: address)
    case .replyDestination: ArgumentHelp("Destination in reply direction", valueName: address)
    case .sourcePort: ArgumentHelp("Source port or range of ports", valueName: port)
    case .destinationPort: ArgumentHelp("Destination port or range of ports", valueName: port)
    case .replySourcePort: ArgumentHelp("Source port in reply direction", valueName: port)
    case .replyDestinationPort: ArgumentHelp("Destination port in reply direction", valueName: port)
    }
  }
}

/// The tuples are those of a flow that is to be made.
enum TupleCreation: TupleUse {
  static var protocols: CompletionKind { .custom { _, _, _ in LiveValues.protocols() } }
  static let takesKeys = true

  static func help(_ field: TupleField) -> ArgumentHelp {
    switch field {
    case .proto: ArgumentHelp("Layer 4 protocol: a name or a number", valueName: "name|number")
    case .source: ArgumentHelp("Source in original direction", valueName: "addr")
    case .destination: ArgumentHelp("Destination in original direction", valueName: "addr")
    case .replySource: ArgumentHelp("Source in reply direction (default: the destination)", valueName: "addr")
    case .replyDestination:
      ArgumentHelp("Destination in reply direction (default: the source)", valueName: "addr")
    case .sourcePort: ArgumentHelp("Source port, or key of GRE", valueName: "port")
    case .destinationPort: ArgumentHelp("Destination port, or key of GRE", valueName: "port")
    case .replySourcePort:
      ArgumentHelp("Source port in reply direction (default: the destination port)", valueName: "port")
    case .replyDestinationPort:
      ArgumentHelp("Destination port in reply direction (default: the source port)", valueName: "port")
    }
  }
}
