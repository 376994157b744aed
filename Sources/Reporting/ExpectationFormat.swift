// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// The line that `conntrack -L expect` prints, or for an event `conntrack -E expect`, byte for byte.
package struct ExpectationLineFormat: Sendable {
  package init() {}

  /// Appends the expectation's line, without a line end.
  package func append(
    _ expectation: ConntrackExpectation, event: FlowEvent? = nil, to output: inout OutputBuffer
  ) {
    switch event {
    case .new: output.append("    [NEW] ")
    case .update: output.append(" [UPDATE] ")
    case .destroy: output.append("[DESTROY] ")
    case nil, .offload, .classic: break
    }
    let layer4 = expectation.tuple.layer4
    if let timeout = expectation.timeout {
      output.append(decimal: timeout)
      output.append(byte: 0x20)
    }
    output.append("proto=")
    output.append(decimal: layer4)
    output.append(byte: 0x20)
    append(expectation.tuple, "", layer4, to: &output)
    append(expectation.mask, "mask-", layer4, to: &output)
    append(expectation.master, "master-", expectation.master.layer4, to: &output)
    if let zone = expectation.zone {
      output.append("zone=")
      output.append(decimal: zone)
      output.append(byte: 0x20)
    }
    append(expectation.flags ?? [], to: &output)
    if let number = expectation.class {
      output.append("class=")
      output.append(decimal: number)
      output.append(byte: 0x20)
    }
    if let helper = expectation.helper {
      output.append("helper=")
      output.append(text: helper)
      output.append(byte: 0x20)
    }
    output.truncate(to: output.count - 1)
  }

  private func append(
    _ tuple: ConntrackTuple, _ prefix: StaticString, _ layer4: UInt8, to output: inout OutputBuffer
  ) {
    output.append(prefix)
    output.append("src=")
    output.append(tuple.source)
    output.append(byte: 0x20)
    output.append(prefix)
    output.append("dst=")
    output.append(tuple.destination)
    output.append(byte: 0x20)
    guard Layer4Protocol.hasPorts(layer4) else { return }
    output.append("sport=")
    output.append(decimal: tuple.sourcePort)
    output.append(" dport=")
    output.append(decimal: tuple.destinationPort)
    output.append(byte: 0x20)
  }

  private func append(_ flags: ExpectationFlags, to output: inout OutputBuffer) {
    var isFirst = true
    for (name, flag) in ExpectationFlags.names where flags.contains(flag) {
      if !isFirst { output.append(byte: 0x2c) }
      output.append(name)
      isFirst = false
    }
    if !isFirst { output.append(byte: 0x20) }
  }
}

/// The element that `conntrack -L expect -o xml` prints, byte for byte.
package struct ExpectationXMLFormat: Sendable {
  /// What precedes the first element; an empty listing has neither header nor footer.
  package static let header: StaticString = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<expect>\n"
  /// What follows the last element.
  package static let footer: StaticString = "</expect>\n"

  package init() {}

  /// Appends the expectation's element, without a line end.
  package func append(
    _ expectation: ConntrackExpectation, event: FlowEvent? = nil, to output: inout OutputBuffer
  ) {
    switch event {
    case .new: output.append("<flow type=\"new\">")
    case .update: output.append("<flow type=\"update\">")
    case .destroy: output.append("<flow type=\"destroy\">")
    case nil, .offload, .classic: output.append("<flow>")
    }
    let layer4 = expectation.tuple.layer4
    output.append(
      expectation.tuple.family == .ipv6
        ? "<layer3 protonum=\"10\" protoname=\"ipv6\">" : "<layer3 protonum=\"2\" protoname=\"ipv4\">")
    appendAddresses("expected", expectation.tuple, to: &output)
    appendAddresses("mask", expectation.mask, to: &output)
    appendAddresses("master", expectation.master, to: &output)
    output.append("</layer3><layer4 protonum=\"")
    output.append(decimal: layer4)
    output.append("\" protoname=\"")
    output.append(Layer4Protocol.name(of: layer4))
    output.append("\">")
    appendPorts("expected", expectation.tuple, layer4, to: &output)
    appendPorts("mask", expectation.mask, layer4, to: &output)
    appendPorts("master", expectation.master, expectation.master.layer4, to: &output)
    output.append("</layer4><meta>")
    if let helper = expectation.helper {
      output.append("<helper-name>")
      output.append(text: helper)
      output.append("</helper-name>")
    }
    if let timeout = expectation.timeout { append("timeout", timeout, to: &output) }
    if let number = expectation.class { append("class", number, to: &output) }
    if let zone = expectation.zone { append("zone", UInt32(zone), to: &output) }
    output.append("</meta></flow>")
  }

  private func appendAddresses(
    _ element: StaticString, _ tuple: ConntrackTuple, to output: inout OutputBuffer
  ) {
    open(element, to: &output)
    output.append("<src>")
    output.append(tuple.source)
    output.append("</src><dst>")
    output.append(tuple.destination)
    output.append("</dst>")
    close(element, to: &output)
  }

  private func appendPorts(
    _ element: StaticString, _ tuple: ConntrackTuple, _ layer4: UInt8, to output: inout OutputBuffer
  ) {
    open(element, to: &output)
    if Layer4Protocol.hasPorts(layer4) {
      append("sport", UInt32(tuple.sourcePort), to: &output)
      append("dport", UInt32(tuple.destinationPort), to: &output)
    }
    close(element, to: &output)
  }

  private func append(_ element: StaticString, _ value: UInt32, to output: inout OutputBuffer) {
    open(element, to: &output)
    output.append(decimal: value)
    close(element, to: &output)
  }

  private func open(_ element: StaticString, to output: inout OutputBuffer) {
    output.append(byte: 0x3c)
    output.append(element)
    output.append(byte: 0x3e)
  }

  private func close(_ element: StaticString, to output: inout OutputBuffer) {
    output.append("</")
    output.append(element)
    output.append(byte: 0x3e)
  }
}
