// SPDX-License-Identifier: GPL-3.0-or-later

/// Every difference between the kernels' data paths, named, with a recorded scenario that shows it.
extension KernelGeneration {
  private var isBefore7: Bool { self < .linux72 }

  /// R-FIN: a FIN or RST that hits tears the flow down and goes the classic way. Shown by tcp4-close.
  package var closesOnClassicPath: Bool { isBefore7 }
  /// R-TD: the flowtable's time-out is always subtracted, the TCP state never changed. Shown by device-down4.
  package var teardownAlwaysSubtracts: Bool { isBefore7 }
  /// R-TD: a UDP entry that leaves a flowtable gets the time of one that was answered, whether it was or not. Shown by stack-704.
  package var teardownTakesAnswered: Bool { self < .linux612 }
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
  /// Checksums of packets in tunnels are left to a TAP device. Shown by segments-9104 and, finished, by segments-38.
  package var checksumsInsideTunnels: Bool { !isBefore7 }
  /// R-HW: a collection passes over flows for which hardware work is queued.
  package var collectionSparesPending: Bool { !isBefore7 }
  /// Every error to a host counts against its answers for missing routes. Shown by icmp-ttl-then-no-route.
  package var errorsTakeCredit: Bool { isBefore7 }
  /// UDP-Lite has ports in its tuple.
  package var tracksUDPLite: Bool { isBefore7 }
  /// An error about a datagram of the router's own tells of its path, though no socket sent it. Shown by pmtu4-quoted.
  package var learnsFromDatagrams: Bool { self >= .linux612 }
  /// So does one about UDP-Lite over IPv6. Shown by pmtu6-quoted.
  package var learnsFromUDPLite: Bool { learnsFromDatagrams && tracksUDPLite }
  /// Messages about traced packets show their conntrack entries. Shown by the recordings of RuleMessageTests.
  package var showsTracedEntries: Bool { !isBefore7 }
  /// Messages about traced packets have a type of their own for the end of a chain; a rule that chooses a packet and returns is
  /// not told of. Shown by the recordings of RuleMessageTests.
  package var tellsReturnsApart: Bool { self < .linux612 }
}
