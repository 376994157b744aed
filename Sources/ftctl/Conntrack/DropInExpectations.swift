// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

/// Does what a command line asks for on the expectation table.
struct DropInExpectations {
  let line: DropInLine

  private func open() throws -> NetlinkSession { NetlinkSession(try NetlinkEndpoint.open()) }

  func run(_ command: DropInCommand) throws {
    switch command {
    case .list: try list()
    case .get: try get()
    case .create: try open().createExpectation(expectation)
    case .delete: try delete()
    case .flush:
      try open().flushExpectations()
      StandardError.line("\(DropInFailure.prefix)expectation table has been emptied.")
    case .count:
      var count = 0
      try open().dumpExpectations { _ in
        count += 1
        return true
      }
      print(count)
    case .statistics:
      let names: [UInt16: String] = [1: "expect_new", 2: "expect_create", 3: "expect_delete"]
      for cpu in try open().expectationStatistics() { print(DropInSession.text(of: cpu) { names[$0] }) }
    case .add, .update, .event, .version, .help: break
    }
  }

  private func report(_ count: Int) {
    StandardError.line("\(DropInFailure.prefix)\(count) expectations have been shown.")
  }

  private func list() throws {
    var printer = ExpectationPrinter(line)
    try open().dumpExpectations(line.template.family) { expectation in
      try printer.append(expectation)
      return true
    }
    try printer.finish()
    report(printer.count)
  }

  /// The tuple that `-s -d --sport --dport` describe: of the expectation for `-G` and `-D`, of its master for `-I`.
  private var tuple: ConntrackTuple {
    let template = line.template
    let anyAddress = IPAddress(high: 0, low: 0, family: template.family)
    var tuple = ConntrackTuple()
    tuple.source = template.source ?? anyAddress
    tuple.destination = template.destination ?? anyAddress
    tuple.layer4 = template.layer4 ?? 0
    tuple.sourcePort = template.port(.sourcePort) ?? 0
    tuple.destinationPort = template.port(.destinationPort) ?? 0
    return tuple
  }

  private func get() throws {
    guard let found = try open().expectation(ExpectationKey(tuple: tuple)) else {
      throw NetlinkError("look up an expectation", .noSuchEntry)
    }
    var printer = ExpectationPrinter(line)
    try printer.append(found)
    try printer.finish()
  }

  /// conntrack 1.4.7 forgets to count what it has deleted, says 0 and ends with 1 whatever happened.
  private func delete() throws {
    guard try open().deleteExpectation(ExpectationKey(tuple: tuple)) else {
      throw NetlinkError("delete an expectation", .noSuchEntry)
    }
    report(1)
  }

  /// The expectation to create. conntrack 1.4.7 leaves its protocol to chance (40 was seen); it is `-p`'s.
  private var expectation: ConntrackExpectation {
    let template = line.template
    let anyAddress = IPAddress(high: 0, low: 0, family: template.family)
    var expectation = ConntrackExpectation()
    expectation.master = tuple
    expectation.tuple.layer4 = template.layer4 ?? 0
    expectation.tuple.source = template.tupleSource ?? anyAddress
    expectation.tuple.destination = template.tupleDestination ?? anyAddress
    expectation.tuple.sourcePort = template.port(.tupleSourcePort) ?? 0
    expectation.tuple.destinationPort = template.port(.tupleDestinationPort) ?? 0
    expectation.mask.layer4 = expectation.tuple.layer4
    expectation.mask.source = template.sourceMask ?? anyAddress
    expectation.mask.destination = template.destinationMask ?? anyAddress
    expectation.mask.sourcePort = template.port(.maskSourcePort) ?? 0
    expectation.mask.destinationPort = template.port(.maskDestinationPort) ?? 0
    expectation.timeout = template.timeout
    return expectation
  }
}

/// Prints expectations as conntrack(8) does: of the output types it knows XML and the time of printing.
struct ExpectationPrinter: ~Copyable {
  private let output: DropInOutput
  private var buffer = OutputBuffer()
  private var hasXMLHeader = false
  private(set) var count = 0

  init(_ line: DropInLine) { output = line.output }

  mutating func append(_ expectation: ConntrackExpectation, event: FlowEvent? = nil) throws {
    count += 1
    if output.contains(.xml) {
      if !hasXMLHeader { buffer.append(ExpectationXMLFormat.header) }
      hasXMLHeader = true
      ExpectationXMLFormat().append(expectation, event: event, to: &buffer)
    } else {
      if output.contains(.timestamp) { buffer.appendTimeOfPrinting() }
      ExpectationLineFormat().append(expectation, event: event, to: &buffer)
    }
    buffer.append(byte: 0x0a)
    if event != nil || buffer.count > 1 << 15 { try StandardOutput.flush(&buffer) }
  }

  mutating func finish() throws {
    if hasXMLHeader { buffer.append(ExpectationXMLFormat.footer) }
    try StandardOutput.flush(&buffer)
  }
}

extension OutputBuffer {
  /// `[seconds.microseconds]` of now, and a tab.
  mutating func appendTimeOfPrinting() {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    append(byte: 0x5b)
    append(signed: Int64(time.tv_sec))
    append(byte: 0x2e)
    append(decimal: UInt64(time.tv_nsec / 1000), width: 6)
    append("]\t")
  }
}
