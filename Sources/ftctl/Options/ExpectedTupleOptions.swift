// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire

/// The tuple of an expected flow, with the spellings of the selection.
struct ExpectedTupleOptions: ParsableArguments {
  @Option(
    name: [.letter("p"), .customLong("proto")],
    help: ArgumentHelp("Layer 4 protocol: a name or a number", valueName: "name|number"),
    completion: .list(["tcp", "udp", "sctp"]))
  var proto: String

  @Option(name: [.letter("s"), .customLong("src")], help: ArgumentHelp("Source", valueName: "addr"))
  var src: String

  @Option(name: [.letter("d"), .customLong("dst")], help: ArgumentHelp("Destination", valueName: "addr"))
  var dst: String

  @Option(help: ArgumentHelp("Source port (default: 0)", valueName: "port"))
  var sport: String?

  @Option(help: ArgumentHelp("Destination port", valueName: "port"))
  var dport: String

  @Option(
    name: [.letter("w"), .customLong("zone")],
    help: ArgumentHelp("Zone of the master, 0 to 65535 (default: 0)", valueName: "n"))
  var zone: UInt16?

  /// What the expectation is addressed by.
  ///
  /// - Throws: ``CommandFailure`` of wrong usage, one line that names the option.
  func key() throws -> ExpectationKey {
    let parser = FlowValueParser()
    func option<Value>(_ name: String, _ parse: () throws -> Value) throws -> Value {
      do {
        return try parse()
      } catch let error as SelectionError {
        throw CommandFailure(.usage, "\(name): \(error.message)")
      }
    }
    var tuple = ConntrackTuple()
    let layer4 = try option("--proto") { try parser.layer4(proto) }
    guard Layer4Protocol.hasPorts(layer4) else {
      throw CommandFailure(
        .usage, "--proto: a flow with ports is expected, not \(FlowValueParser.name(ofLayer4: layer4))")
    }
    tuple.layer4 = layer4
    tuple.source = try option("--src") { try parser.address(src) }
    tuple.destination = try option("--dst") { try parser.address(dst) }
    guard tuple.source.family == tuple.destination.family else {
      throw CommandFailure(.usage, "addresses of different families")
    }
    tuple.sourcePort =
      try option("--sport") { try sport.map { try parser.ports($0, layer4: layer4).lowerBound } } ?? 0
    tuple.destinationPort = try option("--dport") { try parser.ports(dport, layer4: layer4).lowerBound }
    return ExpectationKey(tuple: tuple, zone: zone == 0 ? nil : zone)
  }
}
