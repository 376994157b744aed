// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// An expectation as a JSON object, with the names that a flow's object has.
package struct ExpectationJSONFormat: Sendable {
  package init() {}

  /// Appends the expectation's object, without a line end.
  package func append(_ expectation: ConntrackExpectation, to output: inout OutputBuffer) {
    output.append(text: "{\"family\":\"\(expectation.tuple.family == .ipv6 ? "ipv6" : "ipv4")\",\"proto\":\"")
    output.append(Layer4Protocol.name(of: expectation.tuple.layer4))
    output.append(text: "\",\"proto_number\":\(expectation.tuple.layer4)")
    if let timeout = expectation.timeout { output.append(text: ",\"timeout\":\(timeout)") }
    append("tuple", expectation.tuple, to: &output)
    append("mask", expectation.mask, to: &output)
    append("master", expectation.master, to: &output)
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
      append("nat", tuple, to: &output)
    }
    output.append(byte: 0x7d)
  }

  private func append(_ name: StaticString, _ tuple: ConntrackTuple, to output: inout OutputBuffer) {
    output.append(text: ",\"\(name)\":{\"src\":\"")
    output.append(tuple.source)
    output.append("\",\"dst\":\"")
    output.append(tuple.destination)
    output.append(text: "\",\"sport\":\(tuple.sourcePort),\"dport\":\(tuple.destinationPort)}")
  }
}
