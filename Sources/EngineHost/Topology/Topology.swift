// SPDX-License-Identifier: GPL-3.0-or-later
package import FlowEngine
package import JSONDocument
package import PacketWire

/// A router as a description names its parts: devices, addresses, routes, routing rules, permanent neighbours and sysctls. Recorded traces
/// and the files of `run` and `replay` have the same members.
package struct Topology: Sendable {
  package struct Device: Sendable {
    package var name: String
    package var kind: String
    package var mac: String?
    package var mtu: Int?
    package var addresses: [String]
    /// All that the description says about the device.
    package var properties: JSONValue

    package init(_ name: String, kind: String, addresses: [String] = [], properties: JSONValue) {
      self.name = name
      self.kind = kind
      self.addresses = addresses
      self.properties = properties
      mac = properties["mac"]?.string
      mtu = properties["mtu"]?.int
    }
  }

  package struct Route: Equatable, Sendable {
    package var destination: String
    package var gateway: String?
    package var device: String
    package var mtu: Int?
    /// Number of the table, nil for the main one.
    package var table: UInt32?

    package init(
      destination: String, gateway: String?, device: String, mtu: Int? = nil, table: UInt32? = nil
    ) {
      self.destination = destination
      self.gateway = gateway
      self.device = device
      self.mtu = mtu
      self.table = table
    }
  }

  /// A routing rule of one family.
  package struct Rule: Equatable, Sendable {
    package var family: IPFamily
    package var rule: RoutingRule
  }

  package struct Neighbour: Sendable {
    package var device: String
    package var address: String
    package var mac: String
  }

  /// In order: a device comes after those that it stands on.
  package var devices: [Device] = []
  package var routes: [Route] = []
  package var rules: [Rule] = []
  package var neighbours: [Neighbour] = []
  package var sysctls: [String: Int] = [:]

  package init() {}
}

/// Why a description of a router, or of what one did, cannot be used.
package struct DescriptionError: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}

extension Topology {
  /// Reads the members `devices`, `routes`, `rules`, `neighbours` and `sysctl` of an object; others are left alone.
  ///
  /// - Throws: ``DescriptionError`` with what is missing or of the wrong kind.
  package init(_ document: JSONValue) throws(DescriptionError) {
    func text(_ value: JSONValue?, _ what: String) throws(DescriptionError) -> String {
      guard let text = value?.string else { throw DescriptionError("\(what) is missing or not a string") }
      return text
    }
    for device in try Self.list("devices", document) {
      let name = try text(device["name"], "a device's name")
      if devices.contains(where: { $0.name == name }) {
        throw DescriptionError("there are two devices '\(name)'")
      }
      devices.append(
        Device(
          name, kind: try text(device["kind"], "the kind of device '\(name)'"),
          addresses: device["addresses"]?.strings ?? [], properties: device))
    }
    for route in try Self.list("routes", document) {
      routes.append(
        Route(
          destination: try text(route["to"], "a route's destination ('to')"), gateway: route["via"]?.string,
          device: try text(route["dev"], "a route's device ('dev')"), mtu: route["mtu"]?.int,
          table: try route["table"].map { value throws(DescriptionError) in
            try Self.table(value, "a route's table")
          }))
    }
    for rule in try Self.list("rules", document) { rules.append(try Rule(rule)) }
    for neighbour in try Self.list("neighbours", document) {
      neighbours.append(
        Neighbour(
          device: try text(neighbour["dev"], "a neighbour's device ('dev')"),
          address: try text(neighbour["ip"], "a neighbour's address ('ip')"),
          mac: try text(neighbour["mac"], "a neighbour's MAC address ('mac')")))
    }
    for sysctl in document["sysctl"]?.members ?? [] {
      guard let number = sysctl.value.int, number >= 0 else {
        throw DescriptionError("sysctl \(sysctl.name) is not a number")
      }
      sysctls[sysctl.name] = number
    }
  }

  static func list(_ member: String, _ document: JSONValue) throws(DescriptionError) -> [JSONValue] {
    guard let value = document[member] else { return [] }
    guard let list = value.array else { throw DescriptionError("'\(member)' is not an array") }
    return list
  }
}
