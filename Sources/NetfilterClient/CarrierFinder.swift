// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
private import Glibc
package import NetlinkWire

/// Finds out which flowtable and devices carry an offloaded flow: what conntrack entries do not say.
///
/// The devices are those of the routes to either end; the flowtable is the one of the flow's family that holds
/// both. Where more than one does, none is named, for the entry does not tell. Answers about routes are kept, so
/// that a listing asks once per address, or per pair of them where routing rules look at more. Works in the network
/// namespace where it was made.
package final class CarrierFinder {
  /// A flowtable as the kernel lists it.
  package struct Flowtable: Equatable, Sendable {
    /// `ip`, `ip6` or `inet`.
    package var family: String
    package var table: String
    package var name: String
    /// Names; one that ends with an asterisk stands for all that begin so.
    package var devices: [String]

    /// Whether the device, or one of those that it is stacked on, is among the flowtable's.
    package func covers(_ device: String, in links: NetworkLinks) -> Bool {
      if includes(device) { return true }
      return links.bottoms(of: device).contains { includes($0) }
    }

    /// Whether exactly this device is among the flowtable's.
    package func includes(_ device: String) -> Bool {
      devices.contains { $0 == device || $0.hasSuffix("*") && device.hasPrefix($0.dropLast()) }
    }
  }

  /// What carries a flow.
  package struct Path: Equatable, Sendable {
    package var flowtable: Flowtable?
    /// Names, the one towards the flow's source first; one where both are the same.
    package var devices: [String]
  }

  private let names: [CarrierName]
  private let routing: RoutingView
  private let flowtables: [Flowtable]
  private let links: NetworkLinks
  private var nameOfDevice: [UInt32: String?] = [:]

  /// - Parameter names: carriers to be asked for by number later.
  /// - Throws: ``NetlinkError`` when a named flowtable or device does not exist, or the kernel does not answer.
  package init(ordering names: [CarrierName]) throws {
    self.names = names
    flowtables = try Self.listFlowtables()
    routing = try RoutingView()
    links = try NetworkLinks.read()
    for name in names { try checkExistence(of: name) }
  }

  /// All flowtables of the current network namespace.
  /// - Throws: ``NetlinkError``.
  package static func listFlowtables() throws -> [Flowtable] {
    let session = NetlinkSession(try NetlinkEndpoint.open())
    let request = RequestBuilder(
      type: NFTables.messageType(NFTables.Message.getFlowtable), flags: .dump,
      sequence: session.nextSequence(),
      netfilter: NetfilterHeader(family: NFTables.Family.unspecified))
    var result: [Flowtable] = []
    _ = try session.dump("list flowtables", request.bytes) { _, payload in
      let found = try NFTables.Flowtable(payload)
      guard let header = NetfilterHeader(payload), let table = found.table, let name = found.name else {
        return true
      }
      let devices = (found.hook?.devices ?? []).map { device in
        switch device {
        case .name(let name): name
        case .prefix(let prefix): prefix + "*"
        }
      }
      result.append(
        Flowtable(family: NFTables.familyName(header.family), table: table, name: name, devices: devices))
      return true
    }
    return result
  }

  private func checkExistence(of name: CarrierName) throws(NetlinkError) {
    switch name {
    case .device(let device):
      guard links[device] != nil else {
        throw NetlinkError("find device '\(device)'", ErrorNumber(rawValue: ENODEV))
      }
    case .flowtable(_, _, let text):
      guard !flowtables.contains(where: { matches(name, $0) }) else { return }
      let known = flowtables.map { "\($0.family) \($0.table) \($0.name)" }.joined(separator: ", ")
      throw NetlinkError(
        "find flowtable '\(text)'", .noSuchEntry,
        hint: known.isEmpty ? "there are no flowtables in this network namespace" : "there are: \(known)")
    }
  }

  private func matches(_ name: CarrierName, _ flowtable: Flowtable) -> Bool {
    guard case .flowtable(let family, let table, let name) = name else { return false }
    return flowtable.name == name && (family ?? flowtable.family) == flowtable.family
      && (table ?? flowtable.table) == flowtable.table
  }

  /// Whether the flow is offloaded and carried by the carrier of this number.
  package func carries(_ number: Int, _ entry: borrowing ConntrackEntry) -> Bool {
    guard let path = path(of: entry) else { return false }
    switch names[number] {
    case .device(let device): return path.devices.contains(device)
    case .flowtable: return path.flowtable.map { matches(names[number], $0) } ?? false
    }
  }

  /// What carries the flow; nil when it is not offloaded.
  package func path(of entry: borrowing ConntrackEntry) -> Path? {
    let tags: ConntrackStatus = [.offload, .hardwareOffload]
    guard entry.present.contains(.status), entry.statusField.rawValue & tags.rawValue != 0 else { return nil }
    var devices: [String] = []
    let routes = routing.routes(of: entry)
    for route in [routes.client, routes.server] {
      if let device = device(route), !devices.contains(device) { devices.append(device) }
    }
    let family = entry.original.family == .ipv6 ? "ip6" : "ip"
    let candidates = flowtables.filter { flowtable in
      (flowtable.family == "inet" || flowtable.family == family) && !devices.isEmpty
        && devices.allSatisfy { flowtable.covers($0, in: links) }
    }
    return Path(flowtable: candidates.count == 1 ? candidates[0] : nil, devices: devices)
  }

  /// Whether the device, or one that it is stacked on, is in any flowtable.
  package func isCarried(_ device: String) -> Bool { flowtables.contains { $0.covers(device, in: links) } }

  private func device(_ route: FlowRoute) -> String? {
    guard let index = route.answer?.device else { return nil }
    if let known = nameOfDevice[index] { return known }
    let found = links[index]?.name
    nameOfDevice[index] = .some(found)
    return found
  }
}
