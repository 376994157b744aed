// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// An expectation as text: the line of `conntrack -L expect`, and a JSON object by the schema of ftctl-json(5).
package struct ExpectationFormat: Sendable {
  package init() {}

  /// Appends conntrack(8)'s line, without a line end.
  package func appendLine(_ expectation: ConntrackExpectation, to output: inout OutputBuffer) {
    if let timeout = expectation.timeout { output.append(text: "\(timeout) ") }
    output.append(text: "proto=\(expectation.tuple.layer4) ")
    appendTuple(expectation.tuple, "", to: &output)
    output.append("mask-src=")
    output.append(expectation.mask.source)
    output.append(" mask-dst=")
    output.append(expectation.mask.destination)
    appendPorts(expectation.mask, to: &output)
    output.append(byte: 0x20)
    appendTuple(expectation.master, "master-", to: &output)
    if let zone = expectation.zone { output.append(text: "zone=\(zone) ") }
    if let flags = expectation.flags {
      let names = ExpectationFlags.names.filter { flags.contains($0.flag) }.map { "\($0.name)" }
      if !names.isEmpty { output.append(text: names.joined(separator: ",") + " ") }
    }
    if let number = expectation.class { output.append(text: "class=\(number) ") }
    if let helper = expectation.helper { output.append(text: "helper=\(helper) ") }
    output.truncate(to: output.count - 1)
  }

  /// Addresses and ports with a blank behind.
  private func appendTuple(_ tuple: ConntrackTuple, _ prefix: String, to output: inout OutputBuffer) {
    output.append(text: "\(prefix)src=")
    output.append(tuple.source)
    output.append(text: " \(prefix)dst=")
    output.append(tuple.destination)
    appendPorts(tuple, to: &output)
    output.append(byte: 0x20)
  }

  private func appendPorts(_ tuple: ConntrackTuple, to output: inout OutputBuffer) {
    output.append(text: " sport=\(tuple.sourcePort) dport=\(tuple.destinationPort)")
  }

  /// Appends the expectation's object, without a line end.
  package func appendJSON(_ expectation: ConntrackExpectation, to output: inout OutputBuffer) {
    output.append(text: "{\"family\":\"\(expectation.tuple.family == .ipv6 ? "ipv6" : "ipv4")\",\"proto\":\"")
    output.append(Layer4Protocol.name(of: expectation.tuple.layer4))
    output.append(text: "\",\"proto_number\":\(expectation.tuple.layer4)")
    if let timeout = expectation.timeout { output.append(text: ",\"timeout\":\(timeout)") }
    appendJSON("tuple", expectation.tuple, to: &output)
    appendJSON("mask", expectation.mask, to: &output)
    appendJSON("master", expectation.master, to: &output)
    if let zone = expectation.zone { output.append(text: ",\"zone\":\(zone)") }
    if let flags = expectation.flags {
      let names = ExpectationFlags.names.filter { flags.contains($0.flag) }.map { "\"\($0.name)\"" }
      output.append(text: ",\"flags\":[\(names.joined(separator: ","))]")
    }
    if let number = expectation.class { output.append(text: ",\"class\":\(number)") }
    if let id = expectation.id { output.append(text: ",\"id\":\(id)") }
    if let helper = expectation.helper {
      output.append(",\"helper\":")
      output.append(json: helper)
    }
    if let function = expectation.function {
      output.append(",\"function\":")
      output.append(json: function)
    }
    if let direction = expectation.natDirection, let tuple = expectation.natTuple {
      output.append(text: ",\"nat_direction\":\"\(direction == 0 ? "original" : "reply")\"")
      appendJSON("nat", tuple, to: &output)
    }
    output.append(byte: 0x7d)
  }

  private func appendJSON(_ name: StaticString, _ tuple: ConntrackTuple, to output: inout OutputBuffer) {
    output.append(text: ",\"\(name)\":{\"src\":\"")
    output.append(tuple.source)
    output.append("\",\"dst\":\"")
    output.append(tuple.destination)
    output.append(text: "\",\"sport\":\(tuple.sourcePort),\"dport\":\(tuple.destinationPort)}")
  }
}
