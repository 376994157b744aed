// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// The nf_tables ruleset of a network namespace as it was at one moment.
package struct Ruleset: Sendable {
  /// An object and the family of its table.
  package struct Member<Object: Sendable>: Sendable {
    /// `NFPROTO_*`.
    package var family: UInt8
    package var object: Object
  }

  /// Parts that can be asked for; tables are always read.
  package struct Parts: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let flowtables = Parts(rawValue: 1)
    package static let chains = Parts(rawValue: 2)
    /// Rules, and the elements of anonymous sets that they use.
    package static let rules = Parts(rawValue: 4)
    package static let all: Parts = [.flowtables, .chains, .rules]
  }

  /// Number of the last change (`NFTA_GEN_ID`); what is built on this snapshot is refused when it has moved on.
  package var generation: UInt32 = 0
  package var tables: [Member<NFTables.Table>] = []
  package var chains: [Member<NFTables.Chain>] = []
  /// In the order of evaluation inside each chain.
  package var rules: [Member<NFTables.Rule>] = []
  package var flowtables: [Member<NFTables.Flowtable>] = []
  package var sets: [SetName: SetContent] = [:]

  package struct SetName: Hashable, Sendable {
    package var family: UInt8
    package var table: String
    package var name: String

    package init(family: UInt8, table: String, name: String) {
      self.family = family
      self.table = table
      self.name = name
    }
  }

  /// A set's declaration and, when it is anonymous, its elements.
  package struct SetContent: Sendable {
    package var set: NFTables.Set
    package var elements: [NFTables.Element]

    package init(set: NFTables.Set, elements: [NFTables.Element]) {
      self.set = set
      self.elements = elements
    }
  }

  package init() {}

  /// The table; nil when there is none.
  package func table(_ family: UInt8, _ name: String) -> NFTables.Table? {
    tables.first { $0.family == family && $0.object.name == name }?.object
  }

  package func chain(_ family: UInt8, _ table: String, _ name: String) -> NFTables.Chain? {
    chains.first { $0.family == family && $0.object.table == table && $0.object.name == name }?.object
  }

  package func flowtable(_ family: UInt8, _ table: String, _ name: String) -> NFTables.Flowtable? {
    flowtables.first { $0.family == family && $0.object.table == table && $0.object.name == name }?.object
  }

  /// All flowtables.
  package var descriptions: [FlowtableDescription] {
    flowtables.compactMap { FlowtableDescription(family: $0.family, $0.object) }
  }

  /// Rules of a table that add flows to the flowtable called `name`, or to any.
  package func flowRules(_ family: UInt8, _ table: String, flowtable name: String? = nil) -> [NFTables.Rule] {
    rules.filter { member in
      member.family == family && member.object.table == table
        && member.object.flowtables.contains { name == nil || $0 == name }
    }.map(\.object)
  }
}

extension NFTables.Rule {
  /// Names of the flowtables that the rule adds flows to.
  package var flowtables: [String] {
    (expressions ?? []).compactMap { expression in
      if case .flowOffload(let offload) = expression { offload.flowtable } else { nil }
    }
  }

  /// The rule's comment (`NFTNL_UDATA_RULE_COMMENT`).
  package var comment: String? {
    RuleUserData.value(RuleUserData.comment, in: userData ?? []).map { octets in
      String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

/// A rule's own octets: parts of type, length and value.
package enum RuleUserData {
  /// `NFTNL_UDATA_RULE_COMMENT`.
  package static let comment: UInt8 = 0
  /// What `flowtable enable` made in the same transaction; nft passes over types that it does not know.
  package static let enabled: UInt8 = 0xf7

  /// The value of the first part of this type.
  package static func value(_ type: UInt8, in octets: [UInt8]) -> [UInt8]? {
    var offset = 0
    while offset + 2 <= octets.count {
      let length = Int(octets[offset + 1])
      guard offset + 2 + length <= octets.count else { return nil }
      if octets[offset] == type { return Array(octets[(offset + 2)..<(offset + 2 + length)]) }
      offset += 2 + length
    }
    return nil
  }

  /// A part. The value has 255 octets at most.
  package static func part(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, UInt8(value.count)] + value
  }
}

extension NetlinkSession {
  /// Times that a snapshot is tried when the ruleset changes under it.
  private static let attempts = 20

  /// Reads the number of the ruleset's last change.
  /// - Throws: ``NetlinkError``.
  package func rulesetGeneration() throws -> UInt32 {
    var generation: UInt32 = 0
    let request = RequestBuilder(
      type: NFTables.messageType(NFTables.Message.getGeneration), flags: .acknowledge,
      sequence: nextSequence(),
      netfilter: NetfilterHeader(family: NFTables.Family.unspecified))
    do {
      try transact("read the ruleset", request.bytes) { type, payload in
        guard type == NFTables.messageType(NFTables.Message.newGeneration) else { return }
        generation = try NFTables.Generation(payload).id ?? 0
      }
    } catch let error as NetlinkError where error.number == .invalid {
      throw NetlinkError(
        "read the ruleset", .notSupported, text: error.text,
        hint: "this kernel has no nf_tables: try 'modprobe nf_tables', or boot a kernel with CONFIG_NF_TABLES"
      )
    }
    return generation
  }

  /// Reads the ruleset, all of it from one generation.
  ///
  /// - Throws: ``NetlinkError``; EAGAIN when the ruleset never stands still.
  package func ruleset(_ parts: Ruleset.Parts = .all) throws -> Ruleset {
    for _ in 0..<Self.attempts {
      var ruleset = Ruleset()
      ruleset.generation = try rulesetGeneration()
      let wasInterrupted = try read(parts, into: &ruleset)
      if try !wasInterrupted && rulesetGeneration() == ruleset.generation { return ruleset }
    }
    throw NetlinkError("read the ruleset", .wouldBlock, hint: "something changes the ruleset all the time")
  }

  private func read(_ parts: Ruleset.Parts, into ruleset: inout Ruleset) throws -> Bool {
    var wasInterrupted = try dumpObjects(NFTables.Message.getTable) { family, payload in
      ruleset.tables.append(.init(family: family, object: try NFTables.Table(payload)))
    }
    func more(_ kind: UInt8, _ body: (UInt8, RawSpan) throws -> Void) throws {
      if try dumpObjects(kind, body) { wasInterrupted = true }
    }
    if parts.contains(.flowtables) {
      try more(NFTables.Message.getFlowtable) { family, payload in
        ruleset.flowtables.append(.init(family: family, object: try NFTables.Flowtable(payload)))
      }
    }
    if parts.contains(.chains) {
      try more(NFTables.Message.getChain) { family, payload in
        ruleset.chains.append(.init(family: family, object: try NFTables.Chain(payload)))
      }
    }
    if parts.contains(.rules) {
      try more(NFTables.Message.getRule) { family, payload in
        ruleset.rules.append(.init(family: family, object: try NFTables.Rule(payload)))
      }
      try more(NFTables.Message.getSet) { family, payload in
        let set = try NFTables.Set(payload)
        guard let table = set.table, let name = set.name else { return }
        ruleset.sets[.init(family: family, table: table, name: name)] = .init(set: set, elements: [])
      }
      for (name, content) in ruleset.sets where (content.set.flags ?? 0) & NFTables.Set.Flag.anonymous != 0 {
        let (elements, interrupted) = try self.elements(of: name)
        ruleset.sets[name]?.elements = elements
        if interrupted { wasInterrupted = true }
      }
    }
    return wasInterrupted
  }

  private func dumpObjects(_ kind: UInt8, _ body: (UInt8, RawSpan) throws -> Void) throws -> Bool {
    let request = RequestBuilder(
      type: NFTables.messageType(kind), flags: .dump, sequence: nextSequence(),
      netfilter: NetfilterHeader(family: NFTables.Family.unspecified))
    return try dump("read the ruleset", request.bytes) { _, payload in
      if let header = NetfilterHeader(payload) { try body(header.family, payload) }
      return true
    }
  }

  private func elements(of name: Ruleset.SetName) throws -> ([NFTables.Element], Bool) {
    var request = RequestBuilder(
      type: NFTables.messageType(NFTables.Message.getElement), flags: .dump, sequence: nextSequence(),
      netfilter: NetfilterHeader(family: name.family))
    request.put(1, text: name.table)
    request.put(2, text: name.name)
    var elements: [NFTables.Element] = []
    do {
      let interrupted = try dump("read the ruleset", request.bytes) { _, payload in
        elements += try NFTables.ElementList(payload).elements ?? []
        return true
      }
      return (elements, interrupted)
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      // The set went away between the two dumps.
      return ([], true)
    }
  }
}
