// SPDX-License-Identifier: GPL-3.0-or-later

/// Which options go with a command: conntrack(8)'s table of combinations, measured on 1.4.7.
struct OptionRules: Sendable {
  private var required: DropInOptionSet
  private var optional: DropInOptionSet
  /// Whether one direction's two addresses must be there.
  private var needsDirection: Bool

  private init(
    required: DropInOptionSet = DropInOptionSet(), optional: [DropInOption] = [], needsDirection: Bool = false
  ) {
    self.required = required
    self.optional = DropInOptionSet()
    for option in optional { self.optional.insert(option) }
    self.needsDirection = needsDirection
  }

  private static let addresses: [DropInOption] = [.source, .destination, .replySource, .replyDestination]
  private static let masks: [DropInOption] = [.maskSource, .maskDestination]
  private static let zones: [DropInOption] = [.zone, .originalZone, .replyZone]
  private static let eitherNAT: [DropInOption] = [.sourceNAT, .destinationNAT]
  /// What selects entries wherever entries are selected.
  private static let selection: [DropInOption] =
    addresses + masks + eitherNAT + [.layer4, .mark, .family, .output, .label]

  /// The rules of a command; nil is a line without one, where nothing is allowed.
  init(_ command: DropInCommand?, _ table: DropInTable) {
    switch (command, table) {
    case (.list, .expect): self.init(optional: [.family, .output])
    case (.create, .expect):
      self.init(
        required: DropInOptionSet(
          .source, .destination, .layer4, .timeout, .tupleSource, .tupleDestination, .maskSource,
          .maskDestination),
        optional: [.replySource, .replyDestination, .status])
    case (.delete, .expect), (.get, .expect):
      self.init(
        required: DropInOptionSet(.source, .destination, .layer4),
        optional: [.replySource, .replyDestination])
    case (.event, .expect): self.init(optional: [.output])
    case (.list, _):
      self.init(optional: Self.selection + Self.zones + [.status, .zero, .anyNAT, .securityMark])
    case (.create, _), (.add, _):
      self.init(
        required: DropInOptionSet(.layer4, .timeout),
        optional: Self.addresses + Self.zones + Self.eitherNAT + [.status, .mark, .labelAdd],
        needsDirection: true)
    case (.update, _):
      self.init(optional: Self.selection + [.timeout, .status, .id, .labelAdd, .labelDelete])
    case (.delete, _):
      self.init(optional: Self.selection + Self.zones + [.timeout, .status, .id])
    case (.get, _):
      self.init(
        required: DropInOptionSet(.layer4), optional: Self.addresses + [.id, .output, .label],
        needsDirection: true)
    case (.flush, .conntrack): self.init(optional: [.family])
    case (.event, _):
      self.init(optional: Self.selection + Self.zones + [.eventMask, .anyNAT, .securityMark, .bufferSize])
    case (.help, _): self.init(optional: [.layer4])
    case (.flush, _), (.count, _), (.statistics, _), (.version, _), (nil, _): self.init()
    }
  }

  /// - Throws: ``DropInFailure`` for the first option, in their order, that is missing or has no business here.
  func check(_ given: DropInOptionSet) throws(DropInFailure) {
    for option in DropInOption.allCases where option != .natRange {
      let isGiven = given.contains(option)
      if !isGiven, required.contains(option) {
        throw .usage("You need to supply the `--\(option.name)' option for this command")
      }
      if isGiven, !required.contains(option), !optional.contains(option) {
        throw .usage("Illegal option `--\(option.name)' with this command")
      }
    }
    guard needsDirection else { return }
    let original = (given.contains(.source), given.contains(.destination))
    let reply = (given.contains(.replySource), given.contains(.replyDestination))
    if original == (true, true) || reply == (true, true) { return }
    if original == (false, false), reply != (false, false) {
      throw .usage("you have to specify `--reply-src' and `--reply-dst'")
    }
    throw .usage("you have to specify `--src' and `--dst'")
  }
}
