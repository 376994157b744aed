// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// What to print, and how.
struct DropInOutput: OptionSet, Sendable {
  let rawValue: UInt8
  static let xml = DropInOutput(rawValue: 1)
  static let extended = DropInOutput(rawValue: 2)
  static let timestamp = DropInOutput(rawValue: 4)
  static let id = DropInOutput(rawValue: 8)
  static let kernelTimestamp = DropInOutput(rawValue: 16)
  static let labels = DropInOutput(rawValue: 32)
  /// Accepted, and without effect: the cause of an event is always shown.
  static let userspace = DropInOutput(rawValue: 64)
  static let save = DropInOutput(rawValue: 128)
}

/// A command line of conntrack(8), read and checked.
struct DropInLine {
  private(set) var command: DropInCommand?
  private(set) var table = DropInTable.conntrack
  private(set) var given = DropInOptionSet()
  private(set) var givenLayer4: Set<Layer4Option> = []
  private(set) var template = FlowTemplate()
  /// What to print: what `-o` says, and labels where an option is about them.
  var output: DropInOutput { namesLabels ? outputKinds.union(.labels) : outputKinds }
  private var outputKinds: DropInOutput = []
  private var namesLabels = false
  /// The events to wait for; empty is all.
  private(set) var events: Set<FlowEvent> = []
  /// Octets to ask for as receive buffer.
  private(set) var bufferSize: Int32?
  /// The names of labels, once an option has asked for them.
  private(set) var labelNames = ConntrackLabelMap()
  private var hasReadLabelNames = false
  private var scanner: OptionScanner

  /// Reads the words behind the program's name.
  ///
  /// - Throws: ``DropInFailure`` for the first thing that is wrong, in the order of conntrack(8).
  init(_ words: [String]) throws(DropInFailure) {
    scanner = OptionScanner(words)
    while let found = try scanner.next() {
      switch found.meaning {
      case .command(let command): try take(command, found.argument)
      case .option(let option): try take(option, found.argument)
      case .layer4(let option):
        template.numbers[option] = try ArgumentValues.number(
          found.argument ?? "", of: option, template.layer4 ?? 0)
        givenLayer4.insert(option)
        noteDirections(option)
      }
    }
    if given.contains(.anyNAT), given.contains(.sourceNAT) || given.contains(.destinationNAT) {
      throw .usage("cannot specify `--src-nat' or `--dst-nat' with `--any-nat'")
    }
    try OptionRules(command, table).check(given)
    if let layer4 = template.layer4 { try Layer4Module(layer4).check(givenLayer4, command, table) }
  }

  /// What is wrong about the combination, which conntrack(8) notices only when it sets to work.
  func checkSelection() throws(DropInFailure) {
    guard table == .conntrack,
      command == .list || command == .event || command == .delete || command == .update
    else { return }
    let selecting = DropInOptionSet(
      .source, .destination, .replySource, .replyDestination, .layer4, .mark, .securityMark, .status, .id,
      .zone,
      .originalZone, .replyZone, .label)
    if command == .list, given.contains(.zero), !given.isDisjoint(with: selecting) {
      throw .usage("Can't use -z with filtering parameters")
    }
    if template.sourceMask != nil, template.source == nil {
      throw .usage("Can't use --mask-src without --src")
    }
    if template.destinationMask != nil, template.destination == nil {
      throw .usage("Can't use --mask-dst without --dst")
    }
  }

  /// Notes which directions an option of ICMP finds described by those before it.
  private mutating func noteDirections(_ option: Layer4Option) {
    if option == .icmpType {
      template.icmpTypeFollowsAddress =
        !given.isDisjoint(with: DropInOptionSet(.source, .destination))
        || template.sourceNAT?.address != nil || template.destinationNAT?.address != nil
    }
    if option == .icmpType || option == .icmpCode || option == .icmpID,
      !given.isDisjoint(with: DropInOptionSet(.replySource, .replyDestination))
    {
      template.icmpFollowsReplyAddress = true
    }
  }

  // MARK: Taking options

  /// A table may stand behind a command, or be attached to it. conntrack 1.4.7 throws away what is attached:
  /// `-Fexpect` and `--flush=expect` empty the flows.
  private mutating func take(_ command: DropInCommand, _ attached: String?) throws(DropInFailure) {
    if let word = attached ?? scanner.takeFollowingWord() {
      table = try DropInTable(abbreviation: word)
      if table == .expect, !command.isForExpectations {
        throw .usage("Can't do --\(command.name) on expectations")
      }
      if table == .dying || table == .unconfirmed, command != .list {
        throw .usage("Can't do that command with tables `dying' and `unconfirmed'")
      }
    }
    guard self.command == nil else { throw .usage("Invalid commands combination") }
    self.command = command
  }

  private mutating func take(_ option: DropInOption, _ argument: String?) throws(DropInFailure) {
    let text = argument ?? ""
    given.insert(option)
    switch option {
    case .source, .destination, .replySource, .replyDestination, .tupleSource, .tupleDestination, .maskSource,
      .maskDestination:
      try takeAddress(option, text)
    case .layer4: try takeLayer4(text)
    case .family: try template.family.settle(on: ArgumentValues.family(text))
    case .timeout: template.timeout = ArgumentValues.decimal(text)
    case .status: try takeStatus(text)
    case .mark: template.mark = ArgumentValues.mark(text)
    case .securityMark: template.securityMark = ArgumentValues.unsigned(text, base: 0)
    case .id: template.id = ArgumentValues.unsigned(text, base: 0)
    case .zone: template.zone = UInt16(truncatingIfNeeded: ArgumentValues.unsigned(text, base: 0))
    case .originalZone:
      template.originalZone = UInt16(truncatingIfNeeded: ArgumentValues.unsigned(text, base: 0))
    case .replyZone: template.replyZone = UInt16(truncatingIfNeeded: ArgumentValues.unsigned(text, base: 0))
    case .sourceNAT, .destinationNAT, .anyNAT: try takeTranslation(option, argument)
    case .output: try takeOutput(text)
    case .eventMask: try takeEvents(text)
    case .bufferSize: bufferSize = Int32(truncatingIfNeeded: ArgumentValues.decimal(text))
    case .label, .labelAdd, .labelDelete: try takeLabels(option, argument)
    case .natRange: StandardError.line("WARNING: ignoring -a, deprecated option.")
    case .zero: break
    }
  }

  private mutating func takeAddress(_ option: DropInOption, _ text: String) throws(DropInFailure) {
    var value: (address: IPAddress, mask: IPAddress?)
    switch option {
    case .source, .destination, .tupleSource, .tupleDestination:
      value = try ArgumentValues.network(text, &template.family)
    default: value = (try ArgumentValues.plainAddress(text, option.name, &template.family), nil)
    }
    switch option {
    case .source: template.source = value.address
    case .destination: template.destination = value.address
    case .replySource: template.replySource = value.address
    case .replyDestination: template.replyDestination = value.address
    case .tupleSource: template.tupleSource = value.address
    case .tupleDestination: template.tupleDestination = value.address
    case .maskSource: template.sourceMask = value.address
    default: template.destinationMask = value.address
    }
    guard let mask = value.mask else { return }
    // A prefix stands for the mask option, and is refused where that is.
    if option == .source || option == .tupleSource {
      template.sourceMask = mask
      given.insert(.maskSource)
    } else {
      template.destinationMask = mask
      given.insert(.maskDestination)
    }
  }

  /// A second `-p` with another protocol replaces the first with all its options.
  private mutating func takeLayer4(_ text: String) throws(DropInFailure) {
    let number = try ArgumentValues.layer4(text)
    guard template.layer4 != number else { return }
    template.layer4 = number
    template.numbers.removeAll()
    givenLayer4.removeAll()
    scanner.forms = OptionForm.common + Layer4Module(number).forms
  }

  private mutating func takeStatus(_ text: String) throws(DropInFailure) {
    let settable: [(String, ConntrackStatus)] = [
      ("ASSURED", .assured), ("SEEN_REPLY", .seenReply), ("UNSET", []), ("FIXED_TIMEOUT", .fixedTimeout),
      ("EXPECTED", .expected), ("OFFLOAD", .offload), ("HW_OFFLOAD", .hardwareOffload),
    ]
    var required = template.requiredStatus
    var forbidden = template.forbiddenStatus
    try ArgumentValues.forEachWord(text) { word throws(DropInFailure) in
      let isNegated = word.hasPrefix("!")
      let name = isNegated ? word.dropFirst() : word
      // Of a negated word the message leaves out the mark.
      let rest = text[name.startIndex...]
      guard !name.isEmpty else { throw .usage("Bad parameter `\(rest)'") }
      let found = ArgumentValues.lookUp(name, settable)
      if found.isIgnored { return true }
      if let bits = found.value {
        if isNegated { forbidden.formUnion(bits) } else { required.formUnion(bits) }
        return true
      }
      // The only word that is not taken cut short or in another case.
      if !isNegated, name == "UNREPLIED" {
        forbidden.insert(.seenReply)
        return true
      }
      if isNegated { throw .usage("Bad parameter `\(rest)'") }
      return false
    }
    template.requiredStatus = required
    template.forbiddenStatus = forbidden
  }

  private mutating func takeOutput(_ text: String) throws(DropInFailure) {
    let kinds: [(String, DropInOutput)] = [
      ("xml", .xml), ("extended", .extended), ("timestamp", .timestamp), ("id", .id),
      ("ktimestamp", .kernelTimestamp), ("labels", .labels), ("userspace", .userspace), ("save", .save),
    ]
    var chosen = outputKinds
    try ArgumentValues.forEachWord(text) { word throws(DropInFailure) in
      let found = ArgumentValues.lookUp(word, kinds)
      if let kind = found.value { chosen.insert(kind) }
      return found.isIgnored || found.value != nil
    }
    outputKinds = chosen
    if chosen.contains(.labels) { readLabelNames() }
    if chosen.contains(.save), !chosen.isSubset(of: [.save, .userspace]) {
      throw .refused("cannot combine save output with any other output type, use -o save only")
    }
  }

  private mutating func takeEvents(_ text: String) throws(DropInFailure) {
    let kinds: [(String, Set<FlowEvent>)] = [
      ("ALL", [.new, .update, .destroy]), ("NEW", [.new]), ("UPDATES", [.update]), ("DESTROY", [.destroy]),
    ]
    var chosen = events
    try ArgumentValues.forEachWord(text) { word throws(DropInFailure) in
      let found = ArgumentValues.lookUp(word, kinds)
      if let kinds = found.value { chosen.formUnion(kinds) }
      return found.isIgnored || found.value != nil
    }
    events = chosen
  }

  /// The argument may follow or be attached. conntrack 1.4.7 throws away an attached one: `-D --src-nat=192.0.2.1`
  /// then deletes all flows with a translated source.
  private mutating func takeTranslation(_ option: DropInOption, _ attached: String?) throws(DropInFailure) {
    let text = attached ?? scanner.takeFollowingWord()
    let value = try ArgumentValues.translation(text, option.name, &template.family)
    switch option {
    case .sourceNAT: template.sourceNAT = value
    case .destinationNAT: template.destinationNAT = value
    default: template.anyNAT = value
    }
  }

  // MARK: Labels

  /// As with translations, conntrack 1.4.7 throws away what is attached: `-U --label-del=x` takes away all labels.
  private mutating func takeLabels(_ option: DropInOption, _ attached: String?) throws(DropInFailure) {
    if given.contains(.labelAdd), given.contains(.labelDelete) {
      throw .refused("cannot use --label-add and --label-del at the same time")
    }
    readLabelNames()
    let text = option == .labelDelete ? attached ?? scanner.takeFollowingWord() : attached
    var labels: ConntrackLabels?
    if let text {
      var bits = ConntrackLabels()
      for name in text.split(separator: ",", omittingEmptySubsequences: false) {
        guard let bit = labelNames.bit(named: String(name)) else { throw .usage("unknown label '\(name)'") }
        bits[bit] = true
      }
      labels = bits
    }
    let none = ConntrackLabels()
    switch option {
    case .label: template.labels = (template.labels ?? none).union(labels ?? none)
    case .labelAdd: template.labelsToAdd = (template.labelsToAdd ?? none).union(labels ?? none)
    default: template.labelsToDelete = .some(labels)
    }
    namesLabels = true
  }

  /// A file that is not there is missed each time.
  private mutating func readLabelNames() {
    guard !hasReadLabelNames else { return }
    guard let text = SystemFile.text(ConntrackLabelMap.defaultPath) else {
      StandardError.line("nfct_labelmap_new: No such file or directory")
      return
    }
    hasReadLabelNames = true
    labelNames = ConntrackLabelMap(text: text)
  }
}

extension ConntrackLabels {
  fileprivate func union(_ other: ConntrackLabels) -> ConntrackLabels {
    ConntrackLabels(low: low | other.low, high: high | other.high)
  }
}
