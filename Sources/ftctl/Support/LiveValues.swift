// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import NetfilterClient
import NetlinkWire

/// Values that exist on this machine now, for completion. They never fail: what cannot be known is left out.
enum LiveValues {
  /// Entries that are looked at for values in use: a few milliseconds' worth.
  private static let sample = 4000

  static func namespaces() -> [String] { NetworkNamespace.names() + ["all"] }

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

  static func statuses() -> [String] { ConntrackStatus.names.map(\.name) + ["UNREPLIED"] }

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

  /// Families, then tables, then what is in them: the words of `[FAMILY] TABLE NAME`.
  static func flowtableWords() -> [String] {
    let ruleset = try? NetlinkSession(NetlinkEndpoint.open()).ruleset(.flowtables)
    return unique(
      NFTables.flowtableFamilies.map(NFTables.familyName) + (ruleset?.tables ?? []).compactMap(\.object.name)
        + (ruleset?.flowtables ?? []).compactMap(\.object.name))
  }

  static func chainWords() -> [String] {
    let ruleset = try? NetlinkSession(NetlinkEndpoint.open()).ruleset(.chains)
    return unique(
      NFTables.flowtableFamilies.map(NFTables.familyName) + (ruleset?.tables ?? []).compactMap(\.object.name)
        + (ruleset?.chains ?? []).compactMap(\.object.name))
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
