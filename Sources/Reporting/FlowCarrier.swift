// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Where an offloaded flow is carried: what conntrack itself does not tell.
package struct FlowCarrier: Sendable, Hashable {
  /// A flowtable by its full name.
  package struct Flowtable: Sendable, Hashable {
    /// The table's family as nft writes it: `ip`, `ip6`, `inet`.
    package var family: String
    package var table: String
    package var name: String

    package init(family: String, table: String, name: String) {
      self.family = family
      self.table = table
      self.name = name
    }
  }

  /// The flowtable, where it is known.
  package var flowtable: Flowtable?
  /// Names of the devices that the flow goes through.
  package var devices: [String]

  package init(flowtable: Flowtable? = nil, devices: [String] = []) {
    self.flowtable = flowtable
    self.devices = devices
  }
}

/// By which path a flow's packets go, as the entry's tag tells.
package enum OffloadState: Sendable, Hashable, CaseIterable {
  case none, software, hardware

  /// The word that output uses.
  package var name: StaticString {
    switch self {
    case .none: "none"
    case .software: "software"
    case .hardware: "hardware"
    }
  }
}

extension ConntrackEntry {
  /// By which path the flow's packets go.
  package var offloadState: OffloadState {
    guard present.contains(.status) else { return .none }
    if statusField.contains(.hardwareOffload) { return .hardware }
    return statusField.contains(.offload) ? .software : .none
  }
}
