// SPDX-License-Identifier: GPL-3.0-or-later
package import JSONDocument
package import PacketWire

/// A recording of what a kernel did with a router's frames: one JSON document. What is recorded is
/// compared; what the engine needs to know to repeat it is the rest.
package struct Trace: Sendable {
  package struct Frame: Equatable, Sendable {
    package var device: String
    package var octets: [UInt8]
    /// The virtio-net header, where the device has offloads.
    package var offload: VirtioHeader?

    package init(device: String, octets: [UInt8], offload: VirtioHeader? = nil) {
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
    /// When the step began, seconds since the router was set up; nil where it was not recorded.
    package var start: Double?
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
  /// The router.
  package var topology: Topology
  /// The datagrams that loaded the ruleset.
  package var batches: [[UInt8]]
  package var steps: [Step]

  /// Whether the recording tells when each step began.
  package var isTimed: Bool { steps.allSatisfy { $0.start != nil } }
}

extension Trace {
  /// - Throws: ``DescriptionError`` with what is missing or of the wrong kind.
  package init(_ document: JSONValue) throws(DescriptionError) {
    func text(_ value: JSONValue?, _ what: String) throws(DescriptionError) -> String {
      guard let text = value?.string else { throw DescriptionError("\(what) is missing or not a string") }
      return text
    }
    name = try text(document["name"], "name")
    about = document["about"]?.string ?? ""
    kernel = try text(document["kernel"], "kernel")
    topology = try Topology(document)
    batches = []
    for batch in document["ruleset_netlink"]?.array ?? [] {
      guard let hex = batch.string, let octets = Self.octets(hex) else {
        throw DescriptionError("ruleset_netlink is not hexadecimal")
      }
      batches.append(octets)
    }
    steps = []
    for step in document["steps"]?.array ?? [] { steps.append(try Step(step)) }
    guard steps.reduce(0, { $0 + ($1.wait ?? 0) }) <= Step.longest else {
      throw DescriptionError("the steps wait for more than a year")
    }
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

extension VirtioHeader {
  /// The header that an object describes; fields that it leaves out are zero.
  fileprivate static func read(_ value: JSONValue?) throws(DescriptionError) -> VirtioHeader? {
    guard let value else { return nil }
    func field<Field: FixedWidthInteger>(_ name: String) throws(DescriptionError) -> Field {
      guard let number = value[name] else { return 0 }
      guard let field = number.int.flatMap({ Field(exactly: $0) }) else {
        throw DescriptionError("\(name) of a virtio-net header cannot be read")
      }
      return field
    }
    var header = VirtioHeader()
    header.flags = try field("flags")
    header.type = try field("gso_type")
    header.headerLength = try field("hdr_len")
    header.segmentSize = try field("gso_size")
    header.checksumStart = try field("csum_start")
    header.checksumOffset = try field("csum_offset")
    return header
  }
}

extension Trace.Step {
  /// Seconds that a trace may take: a year.
  fileprivate static let longest = 31_536_000.0

  /// A time of a step, a year at most.
  private static func seconds(_ step: JSONValue, _ name: String) throws(DescriptionError) -> Double? {
    guard let seconds = step[name]?.double else { return nil }
    guard (0...longest).contains(seconds) else {
      throw DescriptionError("\(name) is no number of seconds up to a year")
    }
    return seconds
  }

  fileprivate init(_ step: JSONValue) throws(DescriptionError) {
    note = step["note"]?.string
    input = nil
    if let hex = step["frame"]?.string {
      guard let octets = Trace.octets(hex), let device = step["in"]?.string else {
        throw DescriptionError("a frame is not hexadecimal or names no device")
      }
      input = Trace.Frame(device: device, octets: octets, offload: try VirtioHeader.read(step["vnet"]))
    }
    start = try Self.seconds(step, "at")
    wait = try Self.seconds(step, "wait")
    command = step["command"]?.string
    change = step["change"]
    status = step["status"]?.int
    outputs = []
    for frame in step["out"]?.array ?? [] {
      guard let hex = frame["frame"]?.string, let octets = Trace.octets(hex),
        let device = frame["dev"]?.string
      else { throw DescriptionError("a frame is not hexadecimal or names no device") }
      outputs.append(
        Trace.Frame(device: device, octets: octets, offload: try VirtioHeader.read(frame["vnet"])))
    }
    counted = step["counted"]?.members.map { members in
      Dictionary(uniqueKeysWithValues: members.compactMap { one in one.value.int.map { (one.name, $0) } })
    }
    conntrack = step["conntrack"]?.strings
    ruleset = step["ruleset"]?.strings
  }
}
