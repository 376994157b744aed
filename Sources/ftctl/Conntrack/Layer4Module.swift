// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

/// The options that a protocol adds, in the order in which their presence is checked. GRE's keys are ports here, as
/// they are in a tuple.
enum Layer4Option: Int, CaseIterable, Sendable {
  case sourcePort, destinationPort, replySourcePort, replyDestinationPort
  case maskSourcePort, maskDestinationPort, tupleSourcePort, tupleDestinationPort
  case state, originalTag, replyTag, role
  case icmpType, icmpCode, icmpID
}

/// What conntrack(8) knows about one protocol: its options and which commands they go with.
struct Layer4Module: Sendable {
  /// Whether an option is needed, allowed or neither.
  private enum Rule { case required, optional, illegal }

  let number: UInt8
  /// The options' long names, the first of each being the one that messages use.
  private let names: [(option: Layer4Option, names: [String])]

  private static let portNames: [(option: Layer4Option, names: [String])] = [
    (.sourcePort, ["sport", "orig-port-src"]), (.destinationPort, ["dport", "orig-port-dst"]),
    (.replySourcePort, ["reply-port-src"]), (.replyDestinationPort, ["reply-port-dst"]),
    (.maskSourcePort, ["mask-port-src"]), (.maskDestinationPort, ["mask-port-dst"]),
  ]
  private static let tupleNames: [(option: Layer4Option, names: [String])] = [
    (.tupleSourcePort, ["tuple-port-src"]), (.tupleDestinationPort, ["tuple-port-dst"]),
  ]

  /// The module of a protocol; any number has one, most of them without options.
  init(_ number: UInt8) {
    self.number = number
    switch number {
    case Layer4Protocol.tcp: names = Self.portNames + [(.state, ["state"])] + Self.tupleNames
    case Layer4Protocol.udp, Layer4Protocol.udplite: names = Self.portNames + Self.tupleNames
    case Layer4Protocol.sctp:
      names =
        Self.portNames + [(.state, ["state"])] + Self.tupleNames
        + [(.originalTag, ["orig-vtag"]), (.replyTag, ["reply-vtag"])]
    case Layer4Protocol.dccp:
      names = Self.portNames + [(.state, ["state"])] + Self.tupleNames + [(.role, ["role"])]
    case Layer4Protocol.gre:
      names = [
        (.sourcePort, ["srckey", "orig-key-src"]), (.destinationPort, ["dstkey", "orig-key-dst"]),
        (.replySourcePort, ["reply-key-src"]), (.replyDestinationPort, ["reply-key-dst"]),
        (.maskSourcePort, ["mask-key-src"]), (.maskDestinationPort, ["mask-key-dst"]),
        (.tupleSourcePort, ["tuple-key-src"]), (.tupleDestinationPort, ["tuple-key-dst"]),
      ]
    case Layer4Protocol.icmp:
      names = [(.icmpType, ["icmp-type"]), (.icmpCode, ["icmp-code"]), (.icmpID, ["icmp-id"])]
    case Layer4Protocol.icmpv6:
      names = [(.icmpType, ["icmpv6-type"]), (.icmpCode, ["icmpv6-code"]), (.icmpID, ["icmpv6-id"])]
    default: names = []
    }
  }

  /// The options as the scanner wants them.
  var forms: [OptionForm] {
    names.flatMap { option, names in
      names.map { OptionForm(name: $0, letter: nil, argument: .required, meaning: .layer4(option)) }
    }
  }

  private var hasPairs: Bool { names.contains { $0.option == .sourcePort } }

  private func rule(_ option: Layer4Option, _ command: DropInCommand?, _ table: DropInTable) -> Rule {
    let isCreation = command == .create || command == .add
    switch (command, table) {
    case (nil, _), (.help, _): return .optional
    case (.create, .expect):
      switch option {
      case .sourcePort, .destinationPort, .maskSourcePort, .maskDestinationPort, .tupleSourcePort,
        .tupleDestinationPort:
        return .required
      // GRE wants the reply's keys where the others refuse the reply's ports; neither uses them.
      case .replySourcePort, .replyDestinationPort: return number == Layer4Protocol.gre ? .required : .illegal
      default: return .illegal
      }
    case (.delete, .expect), (.get, .expect):
      switch option {
      case .sourcePort, .destinationPort, .replySourcePort, .replyDestinationPort: return .required
      default: return .illegal
      }
    case (_, .expect): return .illegal
    default: break
    }
    switch option {
    case .sourcePort, .destinationPort, .replySourcePort, .replyDestinationPort: return .optional
    case .maskSourcePort, .maskDestinationPort, .tupleSourcePort, .tupleDestinationPort: return .illegal
    case .state: return isCreation ? .required : .optional
    case .originalTag, .replyTag:
      if isCreation { return .required }
      return command == .update || command == .get ? .optional : .illegal
    case .role: return isCreation ? .required : .illegal
    case .icmpType, .icmpCode: return isCreation || command == .get ? .required : .optional
    case .icmpID: return .optional
    }
  }

  /// - Throws: ``DropInFailure`` for the first option, in their order, that is missing or has no business here.
  func check(
    _ given: Set<Layer4Option>, _ command: DropInCommand?, _ table: DropInTable
  ) throws(DropInFailure) {
    for (option, names) in names {
      let isGiven = given.contains(option)
      switch rule(option, command, table) {
      case .required where !isGiven:
        throw .usage("You need to supply the `--\(names[0])' option for this command")
      case .illegal where isGiven:
        throw .usage("Illegal option `--\(names[0])' with this command")
      default: break
      }
    }
    let needsPair = command == .create || command == .add || command == .get
    guard needsPair, table != .expect, hasPairs else { return }
    let original = (given.contains(.sourcePort), given.contains(.destinationPort))
    let reply = (given.contains(.replySourcePort), given.contains(.replyDestinationPort))
    if original == (true, true) || reply == (true, true) { return }
    let isGRE = number == Layer4Protocol.gre
    if original == (false, false), reply != (false, false) {
      if number == Layer4Protocol.dccp {
        throw .usage("you have to specify `--reply-port-src' and `--report-port-dst'")
      }
      let word = isGRE ? "key" : "port"
      throw .usage("you have to specify `--reply-src-\(word)' and `--reply-dst-\(word)'")
    }
    throw .usage(
      isGRE ? "you have to specify `--srckey' and `--dstkey'" : "you have to specify `--sport' and `--dport'")
  }
}
