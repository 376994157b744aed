// SPDX-License-Identifier: GPL-3.0-or-later
package import JSONDocument

/// A recording of what a kernel did with a router's frames: one JSON document. What is recorded is
/// compared; what the engine needs to know to repeat it is the rest.
package struct Trace: Sendable {
  package struct Device: Sendable {
    package var name: String
    package var kind: String
    package var mac: String?
    package var mtu: Int?
    package var addresses: [String]
    /// Everything else that the recording says about the device.
    package var properties: JSONValue
  }

  package struct Route: Sendable {
    package var destination: String
    package var gateway: String?
    package var device: String
    package var mtu: Int?
  }

  package struct Neighbour: Sendable {
    package var device: String
    package var address: String
    package var mac: String
  }

  package struct Frame: Equatable, Sendable {
    package var device: String
    package var octets: [UInt8]
    /// The virtio-net header's fields, where the device has offloads.
    package var offload: JSONValue?

    package init(device: String, octets: [UInt8], offload: JSONValue? = nil) {
      self.device = device
      self.octets = octets
      self.offload = offload
    }
  }

  /// What one step does, and what the kernel answered.
  package struct Step: Sendable {
    package var note: String?
    /// The frame that arrives.
    package var input: Frame?
    /// Seconds that pass.
    package var wait: Double?
    /// A change made from outside: the command, and what it changes as data.
    package var command: String?
    package var change: JSONValue?
    package var status: Int?
    package var outputs: [Frame]
    /// By how many packets each named counter grew; nil where nothing was counted.
    package var counted: [String: Int]?
    /// Lines of `conntrack -L -o extended`.
    package var conntrack: [String]?
    /// Lines of `nft list ruleset`.
    package var ruleset: [String]?
  }

  package var name: String
  package var about: String
  package var kernel: String
  package var devices: [Device]
  package var routes: [Route]
  package var neighbours: [Neighbour]
  package var sysctls: [String: Int]
  /// The datagrams that loaded the ruleset.
  package var batches: [[UInt8]]
  package var steps: [Step]
}

/// Why a document is not a trace.
package struct TraceError: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}

extension Trace {
  /// - Throws: ``TraceError`` with what is missing or of the wrong kind.
  package init(_ document: JSONValue) throws(TraceError) {
    func text(_ value: JSONValue?, _ what: String) throws(TraceError) -> String {
      guard let text = value?.string else { throw TraceError("\(what) is missing or not a string") }
      return text
    }
    name = try text(document["name"], "name")
    about = document["about"]?.string ?? ""
    kernel = try text(document["kernel"], "kernel")
    devices = []
    for device in document["devices"]?.array ?? [] {
      devices.append(
        Device(
          name: try text(device["name"], "a device's name"),
          kind: try text(device["kind"], "a device's kind"),
          mac: device["mac"]?.string, mtu: device["mtu"]?.int, addresses: device["addresses"]?.strings ?? [],
          properties: device))
    }
    routes = []
    for route in document["routes"]?.array ?? [] {
      routes.append(
        Route(
          destination: try text(route["to"], "a route's destination"), gateway: route["via"]?.string,
          device: try text(route["dev"], "a route's device"), mtu: route["mtu"]?.int))
    }
    neighbours = []
    for neighbour in document["neighbours"]?.array ?? [] {
      neighbours.append(
        Neighbour(
          device: try text(neighbour["dev"], "a neighbour's device"),
          address: try text(neighbour["ip"], "a neighbour's address"),
          mac: try text(neighbour["mac"], "a neighbour's MAC address")))
    }
    sysctls = [:]
    for sysctl in document["sysctl"]?.members ?? [] {
      guard let number = sysctl.value.int else { throw TraceError("sysctl \(sysctl.name) is not a number") }
      sysctls[sysctl.name] = number
    }
    batches = []
    for batch in document["ruleset_netlink"]?.array ?? [] {
      guard let hex = batch.string, let octets = Self.octets(hex) else {
        throw TraceError("ruleset_netlink is not hexadecimal")
      }
      batches.append(octets)
    }
    steps = []
    for step in document["steps"]?.array ?? [] { steps.append(try Step(step)) }
  }

  /// The octets of a text of hexadecimal digits, two for each; nil for anything else.
  package static func octets(_ hex: String) -> [UInt8]? {
    let units = Array(hex.utf8)
    guard units.count.isMultiple(of: 2) else { return nil }
    func digit(_ unit: UInt8) -> UInt8? {
      switch unit {
      case 0x30...0x39: unit - 0x30
      case 0x61...0x66: unit - 0x57
      case 0x41...0x46: unit - 0x37
      default: nil
      }
    }
    var octets: [UInt8] = []
    octets.reserveCapacity(units.count / 2)
    for index in stride(from: 0, to: units.count, by: 2) {
      guard let high = digit(units[index]), let low = digit(units[index + 1]) else { return nil }
      octets.append(high << 4 | low)
    }
    return octets
  }
}

extension Trace.Step {
  fileprivate init(_ step: JSONValue) throws(TraceError) {
    note = step["note"]?.string
    input = nil
    if let hex = step["frame"]?.string {
      guard let octets = Trace.octets(hex), let device = step["in"]?.string else {
        throw TraceError("a frame is not hexadecimal or names no device")
      }
      input = Trace.Frame(device: device, octets: octets, offload: step["vnet"])
    }
    wait = step["wait"]?.double
    command = step["command"]?.string
    change = step["change"]
    status = step["status"]?.int
    outputs = []
    for frame in step["out"]?.array ?? [] {
      guard let hex = frame["frame"]?.string, let octets = Trace.octets(hex),
        let device = frame["dev"]?.string
      else { throw TraceError("a frame is not hexadecimal or names no device") }
      outputs.append(Trace.Frame(device: device, octets: octets, offload: frame["vnet"]))
    }
    counted = step["counted"]?.members.map { members in
      Dictionary(uniqueKeysWithValues: members.compactMap { one in one.value.int.map { (one.name, $0) } })
    }
    conntrack = step["conntrack"]?.strings
    ruleset = step["ruleset"]?.strings
  }
}
