// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient
import NetlinkWire

/// Values that exist on this machine now, for completion. They never fail: what cannot be known is left out.
enum LiveValues {
  /// Entries that are looked at for values in use: a few milliseconds' worth.
  private static let sample = 4000

  /// `words`: the whole command line.
  static func namespaces(for words: [String]) -> [String] {
    NetworkNamespace.names() + (GlobalOptions.mayMeanEveryNamespace(words) ? ["all"] : [])
  }

  /// Running engines.
  static func instances() -> [String] {
    // Safe: the environment is not changed while the program runs.
    let folder = unsafe getenv(EngineInstance.folderVariable).map { unsafe String(cString: $0) }
    return EngineSocket.instances(in: EngineInstance(folder: folder)?.folder ?? EngineInstance.defaultFolder)
  }

  static func devices() -> [String] { NetworkDevice.names() }

  static func protocols() -> [String] { Layer4Protocol.names.map { "\($0.name)" } }

  static func states() -> [String] {
    var result: [String] = []
    for name in ConnectionState.tcp + ConnectionState.sctp + ConnectionState.dccp
    where !result.contains("\(name)") {
      result.append("\(name)")
    }
    return result
  }

  static func labels() -> [String] { SystemFile.labelMap().allNames }

  static func flowtables() -> [String] {
    var result: [String] = []
    for flowtable in (try? CarrierFinder.listFlowtables()) ?? [] where !result.contains(flowtable.name) {
      result.append(flowtable.name)
    }
    return result
  }

  /// Helpers that the kernel's own modules have.
  static func helpers() -> [String] {
    ["amanda", "ftp", "h323", "irc", "netbios-ns", "pptp", "sane", "sip", "snmp", "tftp"]
  }

  /// What may come next of the words `[FAMILY] TABLE NAME` of a flowtable.
  ///
  /// - Parameters:
  ///   - words: the whole command line.
  ///   - index: of the word that is completed.
  /// - Returns: families and tables, a family's tables, or a table's flowtables.
  static func flowtableWords(_ words: [String], _ index: Int) -> [String] {
    nextWords(words, index, .flowtables) {
      $0.flowtables.map { ($0.family, $0.object.table, $0.object.name) }
    }
  }

  /// The same for a chain.
  static func chainWords(_ words: [String], _ index: Int) -> [String] {
    nextWords(words, index, .chains) { $0.chains.map { ($0.family, $0.object.table, $0.object.name) } }
  }

  private static func nextWords(
    _ words: [String], _ index: Int, _ parts: Ruleset.Parts,
    _ members: (Ruleset) -> [(family: UInt8, table: String?, name: String?)]
  ) -> [String] {
    enterNamespace(of: words)
    let ruleset = try? NetlinkSession(NetlinkEndpoint.open()).ruleset(parts)
    let before = words.prefix(max(0, index))
    func tables(_ family: UInt8) -> [String] {
      (ruleset?.tables ?? []).filter { $0.family == family }.compactMap(\.object.name)
    }
    func family(_ word: String?) -> UInt8? {
      word.flatMap(NFTables.family(named:)).flatMap { NFTables.flowtableFamilies.contains($0) ? $0 : nil }
    }
    if let family = family(before.last) { return unique(tables(family)) }
    let named = family(before.dropLast().last) ?? NFTables.Family.ipv4
    if let table = before.last, tables(named).contains(table) {
      return unique(
        ruleset.map(members)?.filter { $0.family == named && $0.table == table }.compactMap(\.name) ?? [])
    }
    return unique(NFTables.flowtableFamilies.map(NFTables.familyName) + tables(NFTables.Family.ipv4))
  }

  /// Values are those of the namespace that the command line names.
  private static func enterNamespace(of words: [String]) {
    for (word, next) in zip(words, words.dropFirst()) where word == "--netns" {
      try? NetworkNamespace.enter(next)
    }
  }

  private static func unique(_ words: [String]) -> [String] {
    var seen: Set<String> = []
    return words.filter { seen.insert($0).inserted }
  }

  /// Zones of the first entries of the table.
  static func zones() -> [String] {
    var found: Set<UInt16> = []
    var seen = 0
    _ = try? NetlinkSession(NetlinkEndpoint.open()).dumpConntrack { entry in
      if let zone = entry.zone { found.insert(zone) }
      if entry.original.hasZone { found.insert(entry.original.zone) }
      if entry.reply.hasZone { found.insert(entry.reply.zone) }
      seen += 1
      return seen < sample
    }
    return found.sorted().map { "\($0)" }
  }
}
