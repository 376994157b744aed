// SPDX-License-Identifier: GPL-3.0-or-later

/// Whose behaviour the engine reproduces. Every difference between kernels is a named property here, with the
/// rule of the difference specification and a recorded scenario that shows it.
package enum KernelGeneration: String, Sendable, CaseIterable {
  case linux6v1 = "6.1"
  case linux6v12 = "6.12"
  case linux7v2 = "7.2"

  /// The generation of a release such as `6.12.107+deb13-amd64`: the newest that is not newer.
  package init?(release: String) {
    let parts = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    guard parts.count == 2, parts[0] >= 5 else { return nil }
    if (parts[0], parts[1]) < (6, 12) {
      self = .linux6v1
    } else {
      self = (parts[0], parts[1]) < (6, 14) ? .linux6v12 : .linux7v2
    }
  }

  private var isBefore7: Bool { self != .linux7v2 }

  /// R-FIN: a FIN or RST that hits tears the flow down and goes the classic way. Shown by tcp4-close.
  package var closesOnClassicPath: Bool { isBefore7 }
  /// R-TD: the flowtable's time-out is always subtracted, the TCP state never changed. Shown by device-down4.
  package var teardownAlwaysSubtracts: Bool { isBefore7 }
  /// R-ADD-TIME: the entry's time is raised only when less than half a day is left. Shown by busy-flowtable4.
  package var keepsLongTimeouts: Bool { isBefore7 }
  /// R-CTGC: conntrack's own collection keeps offloaded entries alive, not the flowtable's.
  package var conntrackExtendsOffloaded: Bool { isBefore7 }
  /// R-FALLBACK: a flow is made even when a path or a flowtable's device is missing. Shown by one-device.
  package var offloadsWithoutPath: Bool { isBefore7 }
  /// R-XMIT-NEIGH: the fast path resolves neighbours as the classic path does.
  package var resolvesNeighbours: Bool { isBefore7 }
  /// R-NOTUN: tunnels are neither looked into nor pushed. Shown by ipip-wan.
  package var acceleratesTunnels: Bool { !isBefore7 }
  /// R-DEV: a flowtable may name devices that do not exist yet.
  package var flowtableDevicesMayBeAbsent: Bool { !isBefore7 }
  /// UDP-Lite has ports in its tuple.
  package var tracksUDPLite: Bool { isBefore7 }
}
