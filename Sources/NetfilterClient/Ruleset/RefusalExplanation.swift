// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc
internal import NetlinkWire

extension RulesetRefusal {
  /// What a refusal means: the attribute that the kernel points at is resolved to the object it names.
  ///
  /// Source: net/netfilter/nf_tables_api.c, `nf_tables_newflowtable`, `nf_tables_delflowtable`, `nf_tables_newrule`,
  /// `nf_tables_newchain`; which errno comes with which offset differs between them.
  ///
  /// `session` asks the kernel what its answer leaves open; without one it stays open.
  package init(_ refusal: BatchRefusal, asking session: NetlinkSession?) {
    self.init(refusal)
    guard let session, let message = refusal.message else { return }
    let place = message.attribute(at: refusal.answer.offset)
    switch (message.kind, number) {
    case (NFTables.Message.newFlowtable, .noSuchEntry), (NFTables.Message.newFlowtable, .exists):
      if place.path.isEmpty { explainDevices(message, session) }
    case (NFTables.Message.newRule, .noSuchEntry):
      guard place.path.first == 4, (try? session.supportsFlowRules(message.family)) == false else { return }
      kind = .notSupported
      hint = "this kernel has no flow rules: \(Self.noFlowtablesHint)"
    default: break
    }
  }

  /// Kernels before 6.2 do not point at the device that they refuse; that of a missing module points nowhere too.
  private mutating func explainDevices(_ message: RulesetMessage, _ session: NetlinkSession) {
    let names = message.devices
    if number == .exists {
      var seen: Set<String> = []
      if let name = names.first(where: { !seen.insert($0).inserted }) { blame(device: name, Self.isTwice) }
    } else if let name = names.first(where: { unsafe if_nametoindex($0) == 0 }),
      (try? session.supportsFlowtables(message.family)) == true
    {
      kind = .failed
      blame(device: name, Self.isMissing)
    }
  }

  private mutating func blame(device name: String, _ reason: String) {
    operation += ": device '\(name)'"
    hint = reason
  }

  private static let isTwice = "the device is named twice"
  private static let isMissing =
    "there is no such device, and this kernel (before 6.16) wants it first: see 'ip link'"

  private init(_ refusal: BatchRefusal) {
    let answer = refusal.answer
    let number = ErrorNumber(rawValue: answer.errorNumber)
    guard let message = refusal.message else {
      self.init("change the ruleset", number, text: answer.text)
      if number == .notSupported {
        kind = .notSupported
        hint =
          "this kernel has no nf_tables: try 'modprobe nf_tables', or boot a kernel with CONFIG_NF_TABLES"
      } else if number.rawValue == ERESTART {
        hint = "somebody else changed the ruleset meanwhile; try again"
      }
      return
    }
    self.init(message.operation, number, text: answer.text)
    let place = message.attribute(at: answer.offset)
    switch message.kind {
    case NFTables.Message.newFlowtable: explainFlowtable(message, place)
    case NFTables.Message.deleteFlowtable: explainDeletedFlowtable(place)
    case NFTables.Message.newRule: explainRule(message, place)
    case NFTables.Message.newChain: explainChain(place)
    default: explainOther(place)
    }
  }

  private mutating func explainTable(_ place: RulesetMessage.Place) -> Bool {
    guard place.path.first == 1 else { return false }
    switch number {
    case .noSuchEntry:
      hint = "there is no table '\(place.text)' of this family; 'nft list tables' shows those that there are"
    case .operationNotPermitted:
      hint = "table '\(place.text)' is owned by another process, which alone may change it"
      kind = .notPermitted
    default:
      if number.rawValue == ERANGE { hint = "the table's name is too long: 255 octets at most" }
    }
    return hint != nil
  }

  private mutating func explainFlowtable(_ message: RulesetMessage, _ place: RulesetMessage.Place) {
    if explainTable(place) { return }
    let isDevice = place.path.count == 3 && place.path[0] == 3 && place.path[1] == 3
    if isDevice { operation += ": device '\(place.text)'" }
    switch (number.rawValue, isDevice) {
    case (ENOENT, true):
      hint = Self.isMissing
    case (EEXIST, true): hint = Self.isTwice
    case (E2BIG, true): hint = "a device's name has 15 octets at most"
    case (EINVAL, _) where isDevice || message.hasPatterns:
      hint = "this kernel (before 6.16) takes no patterns of device names"
    case (ENOENT, false):
      if place.path.first == 2 {
        hint = "hook and priority are missing"
      } else {
        kind = .notSupported
        hint = "this kernel has no flowtables: \(Self.noFlowtablesHint)"
        if !NFTables.flowtableFamilies.contains(message.family) {
          hint = "flowtables are in tables of family inet, ip or ip6"
          kind = .failed
        }
      }
    case (EEXIST, false):
      hint =
        place.path.first == 2
        ? "it exists already; --ensure brings it into line instead"
        : "one of its devices is in another flowtable of this table already"
    case (EOPNOTSUPP, false):
      if message.asksForHardware {
        kind = .notSupported
        hint =
          "the driver of one of its devices cannot offload flows; leave out --hw-offload, or see 'ftctl doctor' and "
          + "'ethtool -k DEVICE' (hw-tc-offload)"
      } else {
        hint = "priority and hardware offload of an existing flowtable cannot be changed; delete it first"
      }
    case (EFBIG, _): hint = "a flowtable takes 255 devices at most"
    case (ERANGE, _): hint = "a name has 255 octets at most"
    case (EINVAL, false):
      hint = "this kernel does not know one of the flags: counter needs 5.7, hardware offload 5.5"
    default: break
    }
  }

  private mutating func explainDeletedFlowtable(_ place: RulesetMessage.Place) {
    if explainTable(place) { return }
    switch number {
    case .noSuchEntry:
      hint =
        place.path.isEmpty
        ? "it does not hold one of these devices"
        : "'ftctl flowtable list' shows the flowtables that there are"
    case ErrorNumber(rawValue: EBUSY):
      hint = "rules use it: 'ftctl rule list' shows them, and --force deletes them in the same batch"
    default: break
    }
  }

  private mutating func explainRule(_ message: RulesetMessage, _ place: RulesetMessage.Place) {
    if explainTable(place) { return }
    switch number.rawValue {
    case ENOENT:
      if place.path == [2] {
        hint = "there is no chain '\(place.text)' in this table; --create-chain makes a forward chain"
      } else if place.path.first == 4 {
        if let flowtable = message.flowtable {
          hint =
            "the table has no flowtable '\(flowtable)'; 'ftctl flowtable list' shows those that there are"
        }
      } else if place.path == [6] {
        hint = "there is no rule with this handle; 'ftctl rule list' shows them"
      }
    case EOPNOTSUPP:
      hint =
        "flows are made in forward chains only: neither this chain nor one that jumps to it may hook elsewhere"
    case EMLINK: hint = "the chain jumps back to itself, or too deep"
    default: break
    }
  }

  private mutating func explainChain(_ place: RulesetMessage.Place) {
    if explainTable(place) { return }
    switch number.rawValue {
    case EOPNOTSUPP, EEXIST: hint = "a chain of this name exists with another type, hook or priority"
    case ERANGE: hint = "a name has 255 octets at most"
    default: break
    }
  }

  private mutating func explainOther(_ place: RulesetMessage.Place) {
    switch number.rawValue {
    case EPERM where place.path.first == 1: _ = explainTable(place)
    case ERANGE: hint = "a name has 255 octets at most"
    case ENOENT: hint = "it is gone already; 'ftctl rule list' and 'ftctl flowtable list' show what there is"
    case EBUSY: hint = "something else still uses it"
    case EOPNOTSUPP: kind = .notSupported
    default: break
    }
  }
}

extension RulesetMessage {
  /// An attribute of the message.
  struct Place: Equatable {
    /// Types from the outermost nest to the attribute; empty when the kernel pointed nowhere.
    var path: [UInt16] = []
    /// The attribute's payload as text.
    var text = ""
  }

  /// The attribute that begins at `offset` octets from the message's header.
  func attribute(at offset: UInt32?) -> Place {
    guard let offset, offset >= 20, Int(offset) < bytes.count else { return Place() }
    var place = Place()
    let span = unsafe bytes.span.bytes
    do throws(NetlinkFormatError) {
      try Self.descend(span, from: 20, base: 0, to: Int(offset), into: &place)
    } catch {
      return Place()
    }
    return place
  }

  private static func descend(
    _ octets: RawSpan, from start: Int, base: Int, to offset: Int, into place: inout Place
  ) throws(NetlinkFormatError) {
    var attributes = AttributeCursor(octets, from: start)
    while try attributes.advance() {
      let begin = base + attributes.attributeOffset
      let end = begin + 4 + attributes.payloadLength
      guard offset >= begin, offset < end else { continue }
      place.path.append(attributes.type)
      if offset == begin {
        let text = attributes.payload.text
        // A number's octets are no name.
        place.text = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } ? text : ""
      } else {
        try descend(attributes.payload, from: 0, base: begin + 4, to: offset, into: &place)
      }
      return
    }
  }

  private var span: RawSpan {
    @_lifetime(borrow self) get { unsafe bytes.span.bytes }
  }

  /// Whether a flowtable's message has the flag of hardware offload.
  var asksForHardware: Bool {
    let payload = span.slice(16, bytes.count - 16)
    return ((try? NFTables.Flowtable(payload))?.flags ?? 0) & NFTables.Flowtable.Flag.hardwareOffload != 0
  }

  /// The devices that a flowtable's message names in full.
  var devices: [String] {
    hookedDevices.compactMap { if case .name(let name) = $0 { name } else { nil } }
  }

  /// Whether a flowtable's message has patterns of device names.
  var hasPatterns: Bool { devices.count < hookedDevices.count }

  private var hookedDevices: [NFTables.Device] {
    (try? NFTables.Flowtable(span.slice(16, bytes.count - 16)))?.hook?.devices ?? []
  }

  /// The flowtable that a rule's message adds flows to.
  var flowtable: String? {
    let payload = span.slice(16, bytes.count - 16)
    return (try? NFTables.Rule(payload))?.flowtables.first
  }
}
