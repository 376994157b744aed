// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

extension FlowExplainer {
  /// What has changed under an offloaded flow, as far as that can be seen.
  func staleness(
    _ entry: borrowing ConntrackEntry, _ client: Side, _ server: Side, flowtable: CarrierFinder.Flowtable?
  ) -> [Finding] {
    var found: [Finding] = []
    // Seconds; how long the entry has been there is known only where it has a time stamp.
    let age = entry.start.map { $0 < settings.now ? (settings.now - $0) / 1_000_000_000 : 0 }
    for side in [client, server] {
      let address = RuleValueText.address(side.address.octets)
      guard let route = side.route, route.type == 1, let link = links[side.device] else {
        found.append(Self.unroutable(side, "there is no route to \(address) any more"))
        continue
      }
      if !link.isUp || !link.hasCarrier {
        found.append(
          Finding(
            "device-down",
            "device \(link.name), towards \(address), is \(link.isUp ? "without carrier" : "down")"))
      }
      if flowtable == nil, !carriers.isCarried(link.name) {
        found.append(
          Finding(
            "route", "the route to \(address) leads through \(link.name), which is in no flowtable",
            evidence: ["'\(side.question)'"],
            hint:
              "the flow still takes the way that it was made with, or only one direction takes the fast path")
        )
      }
      found += staleNeighbour(side, link, age: age)
    }
    return found
  }

  private func staleNeighbour(_ side: Side, _ link: NetworkLink, age: UInt64?) -> [Finding] {
    guard link.isEthernet else { return [] }
    let hop = side.route?.gateway ?? side.address
    let text = RuleValueText.address(hop.octets)
    guard let neighbour = routing.neighbour(hop, on: link.index), neighbour.isValid else {
      let state = routing.neighbour(hop, on: link.index)?.stateName ?? "no entry"
      return [
        Finding(
          "neighbour", "the hardware address of \(text) is not known any more on \(link.name)",
          evidence: ["neighbour: \(state)"],
          hint: "see 'ip neighbour show \(text)'")
      ]
    }
    // Behind a bridge the flow keeps the address and the port that it was made with.
    var bridge = link
    if link.kind == "vlan", let lower = links.lowers(of: link).first { bridge = lower }
    guard bridge.kind == "bridge" else { return [] }
    guard let port = routing.forwardingEntry(neighbour.hardwareAddress, of: bridge.index),
      port.device != bridge.index
    else {
      return [
        Finding(
          "fdb", "bridge \(bridge.name) does not know the port of \(text) any more",
          evidence: ["no forwarding entry for \(Self.hexadecimal(neighbour.hardwareAddress))"],
          hint:
            "the flow still sends to the port that it was made with: 'ftctl offload clear' makes it look again"
        )
      ]
    }
    var found: [Finding] = []
    for (what, code, seconds) in [
      ("the port of \(text) on \(bridge.name)", "fdb", port.secondsSinceUpdate),
      (
        "the hardware address of \(text)", "neighbour",
        neighbour.isPermanent ? nil : neighbour.secondsSinceUpdate
      ),
    ] {
      guard let seconds, let age, age > UInt64(seconds) + 1 else { continue }
      found.append(
        Finding(
          code, "\(what) may have changed since the flow was made",
          evidence: ["changed \(seconds) s ago, the entry is \(age) s old"],
          hint: "the flow keeps what it was made with: 'ftctl offload clear' makes it look again"))
    }
    return found
  }
}

extension Neighbour {
  /// Whether the entry never changes by itself.
  fileprivate var isPermanent: Bool { state & 0xc0 != 0 }
}
