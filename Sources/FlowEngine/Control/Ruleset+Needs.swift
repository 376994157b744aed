// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

extension Ruleset {
  /// The flowtables of all tables, in order of creation.
  package func flowtables() -> [FlowtableSettings] {
    model.tables.flatMap { table in table.flowtables.map { (table.family, $0) } }.map { family, flowtable in
      FlowtableSettings(
        id: flowtable.id, family: family,
        countsPackets: flowtable.flags & NFTables.Flowtable.Flag.counter != 0,
        offloadsToHardware: flowtable.flags & NFTables.Flowtable.Flag.hardwareOffload != 0,
        devices: boundDevices(flowtable.devices))
    }.sorted { $0.id.number < $1.id.number }
  }

  /// What the loaded rules and objects ask of conntrack. The kernel switches it on as they are loaded.
  ///
  /// Source (Linux 7.2): nf_ct_netns_get as called by nft_ct.c, nft_nat.c, nft_masq.c, nft_redir.c,
  /// nft_flow_offload.c; nft_ct_get_init for counters and labels.
  package func conntrackNeeds() -> ConntrackNeeds {
    var needs = ConntrackNeeds()
    for table in model.tables {
      let tracking = [NFTables.Object.Kind.conntrackHelper, NFTables.Object.Kind.connectionLimit]
      let counts = table.sets.contains { Self.countsConnections($0.expressions) }
      if counts || table.objects.contains(where: { tracking.contains($0.type) }) {
        needs.track(table.family)
      }
      for chain in table.chains {
        for rule in chain.rules {
          for loaded in rule.expressions where note(loaded.expression, in: &needs) {
            // A translation says of which family it is, and needs no more in a table of both.
            if case .nat(let value) = loaded.expression, let family = value.family {
              needs.track(UInt8(truncatingIfNeeded: family))
            } else {
              needs.track(table.family)
            }
          }
        }
      }
    }
    return needs
  }

  /// Whether the expression needs conntrack; notes what else it asks for.
  private func note(_ expression: NFTables.Expression, in needs: inout ConntrackNeeds) -> Bool {
    switch expression {
    case .conntrack(let value):
      switch value.key {
      case 14, 15, 16: needs.counts = true
      case 13: needs.usesLabels = true
      default: break
      }
      return true
    case .nat, .masquerade, .redirect, .flowOffload, .connectionLimit: return true
    case .dynamicSet(let value):
      return Self.countsConnections(value.elementExpressions ?? [])
    default: return false
    }
  }
}
