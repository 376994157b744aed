// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire

extension CommandFailure {
  /// A change of the ruleset that was refused.
  init(_ refusal: RulesetRefusal) {
    var message = "cannot \(refusal.operation): \(refusal.number.explanation)"
    if let text = refusal.text { message += ": \(text)" }
    let status: ExitStatus =
      switch refusal.kind {
      case .failed: .failed
      case .notPermitted: .notPermitted
      case .notSupported: .notSupported
      }
    self.init(status, message, hint: refusal.hint ?? (status == .notPermitted ? Self.privilegesHint : nil))
  }

  static let privilegesHint = "run it as root, or with CAP_NET_ADMIN in this network namespace"
}

/// Changes the ruleset in steps that take effect together or not at all.
struct RulesetEditor {
  let session: NetlinkSession

  /// Times that a change is built anew because somebody else was faster.
  private static let attempts = 5
  /// `ERESTART`, which the C library does not name everywhere.
  private static let restart = ErrorNumber(rawValue: 85)

  /// Builds a change on the ruleset as it is and has it carried out in one batch; starts again when the ruleset
  /// has moved on meanwhile.
  ///
  /// - Parameters:
  ///   - isTrial: have the kernel check it only.
  ///   - build: the change; an empty one sends nothing.
  /// - Returns: whether there was anything to change.
  /// - Throws: ``RulesetRefusal``, ``NetlinkError``, what `build` throws.
  @discardableResult
  func change(
    isTrial: Bool = false, _ build: (Ruleset) throws -> RulesetTransaction
  ) throws -> Bool {
    var remaining = Self.attempts
    while true {
      let ruleset = try session.ruleset()
      let transaction = try build(ruleset)
      guard !transaction.isEmpty else { return false }
      do {
        try session.commit(transaction, generation: ruleset.generation, isTrial: isTrial)
        return true
      } catch let refusal as BatchRefusal {
        remaining -= 1
        if refusal.message == nil, refusal.answer.errorNumber == Self.restart.rawValue, remaining > 0 {
          continue
        }
        throw RulesetRefusal(refusal, asking: session)
      }
    }
  }

  /// Ends the program when this kernel has no flowtables.
  ///
  /// `purpose`: what the user wants, behind "cannot".
  /// - Throws: ``CommandFailure`` with the status of what is not supported; ``NetlinkError``.
  func requireFlowtables(for purpose: String, in ruleset: Ruleset? = nil) throws {
    let ruleset = try ruleset ?? session.ruleset(.flowtables)
    guard ruleset.flowtables.isEmpty, SystemFile.netfilterSetting("nf_flowtable_tcp_timeout") == nil else {
      return
    }
    for family in NFTables.flowtableFamilies where try session.supportsFlowtables(family) { return }
    throw CommandFailure(
      .notSupported, "cannot \(purpose): this kernel has no flowtables", hint: RulesetRefusal.noFlowtablesHint
    )
  }

  /// A family that can have flowtables.
  static func flowtableFamily(_ word: String) throws -> UInt8 {
    guard let family = NFTables.family(named: word), NFTables.flowtableFamilies.contains(family) else {
      throw CommandFailure(
        .usage, "bad family \(SelectionError.quoted(word))",
        hint: "flowtables are in tables of family inet, ip or ip6")
    }
    return family
  }

  /// Family, table and the last word of `[FAMILY] TABLE NAME`; without a family it is ip, as in nft.
  static func name(_ words: [String], _ noun: String) throws -> (family: UInt8, table: String, name: String) {
    guard words.count == 2 || words.count == 3, !words.contains("") else {
      throw CommandFailure(
        .usage,
        "a \(noun) is named [FAMILY] TABLE \(noun == "chain" ? "CHAIN" : "NAME"), by two or three words, "
          + (words.contains("") ? "none of them empty" : "not \(words.count)"),
        hint: "for example: inet filter \(noun == "chain" ? "forward" : "f")")
    }
    let family = words.count == 3 ? try flowtableFamily(words[0]) : NFTables.Family.ipv4
    return (family, words[words.count - 2], words[words.count - 1])
  }

  /// Refuses names under which nothing is to be made, since nft could not write them.
  static func requireWords(_ names: [String]) throws {
    for name in names where !RulesetText.isWord(name) {
      throw CommandFailure(
        .usage, "bad name \(SelectionError.quoted(name)): nft cannot write it",
        hint: RulesetText.keywords.contains(name)
          ? "it is a word of nft's own language"
          : "letters, digits, '_', '-', '.' and '/' make a name, a letter or '_' first")
    }
  }

  /// Ends the program when the place that a listing is limited to is not there.
  ///
  /// - Parameters:
  ///   - words: family, table and chain, as far as they are given.
  ///   - purpose: what the user wants, behind "cannot".
  ///   - ruleset: with its tables and chains.
  /// - Throws: ``CommandFailure``.
  static func requirePlace(_ words: [String], for purpose: String, in ruleset: Ruleset) throws {
    guard words.count > 1 else { return }
    let family = try flowtableFamily(words[0])
    let place = "table '\(words[1])' of family \(words[0])"
    guard ruleset.table(family, words[1]) != nil else {
      throw CommandFailure(
        .failed, "cannot \(purpose) of \(place): there is no such table",
        hint: "'nft list tables' shows those that there are")
    }
    guard words.count < 3 || ruleset.chain(family, words[1], words[2]) != nil else {
      throw CommandFailure(
        .failed, "cannot \(purpose) of chain '\(words[2])' in \(place): there is no such chain",
        hint: "'nft list chains' shows those that there are")
    }
  }

  /// Devices as they were named: several words, or commas between; an asterisk at the end stands for any rest.
  static func devices(_ words: [String]) throws -> [NFTables.Device] {
    var result: [NFTables.Device] = []
    for word in words.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      guard !word.isEmpty, word != "*" else { throw CommandFailure(.usage, "a device's name is empty") }
      guard RulesetText.isQuotable(String(word)) else {
        throw CommandFailure(.usage, "bad device name \(SelectionError.quoted(word)): nft cannot write it")
      }
      let device: NFTables.Device =
        word.hasSuffix("*") ? .prefix(String(word.dropLast())) : .name(String(word))
      result.append(device)
    }
    return result
  }
}
