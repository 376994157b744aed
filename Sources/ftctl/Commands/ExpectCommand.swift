// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire
import Reporting

struct ExpectCommand: SubcommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "expect", abstract: "Show and change the flows that helpers expect",
    discussion: """
      An expectation lets a flow that a helper has announced, such as the data connection of FTP, pass as related to \
      its master.

      EXAMPLES:
        ftctl expect list
        ftctl expect flush --helper ftp
        ftctl expect get -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 2121
      """,
    subcommands: [
      ExpectListCommand.self, ExpectGetCommand.self, ExpectAddCommand.self, ExpectDeleteCommand.self,
      ExpectFlushCommand.self,
    ])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// The forms of expectations.
enum ExpectationForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .json, .jsonl]
}

struct ExpectListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List expectations",
    discussion: """
      EXAMPLES:
        ftctl expect list
        ftctl expect list -o jsonl --helper sip
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Output") var output: OutputOptions<ExpectationForms>

  @Option(
    name: [.letter("f"), .customLong("family")], help: ArgumentHelp("Address family", valueName: "ipv4|ipv6"),
    completion: .list(["ipv4", "ipv6"]))
  var family: String?

  @Option(
    help: ArgumentHelp("Those of this helper alone", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.helpers() })
  var helper: String?

  func run() throws {
    var writer = ExpectationWriter(try output.choice().format)
    let wanted: AddressFamily
    do throws(SelectionError) {
      wanted = if let family { try FlowValueParser().family(family) } else { .unspecified }
    } catch {
      throw CommandFailure(.usage, "--family: \(error.message)")
    }
    try global.enterNamespace()
    try global.session().dumpExpectations(wanted) { expectation in
      guard wanted == .unspecified || expectation.tuple.family == wanted else { return true }
      guard helper == nil || expectation.helper == helper else { return true }
      try writer.append(expectation)
      return true
    }
    try writer.finish()
    StandardError.report("\(writer.count) expectations have been shown.")
  }
}

struct ExpectGetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Show one expectation, and fail when there is none",
    discussion: """
      EXAMPLES:
        ftctl expect get -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 2121
        ftctl expect get -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 5000 -j
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Expected flow") var tuple: ExpectedTupleOptions
  @OptionGroup(title: "Output") var output: OutputOptions<ExpectationForms>

  func run() throws {
    var writer = ExpectationWriter(try output.choice().format)
    let key = try tuple.key()
    try global.enterNamespace()
    guard let found = try global.session().expectation(key) else {
      StandardError.report("0 expectations have been shown.")
      throw CommandFailure.nothingMatched
    }
    try writer.append(found)
    try writer.finish()
    StandardError.report("1 expectations have been shown.")
  }
}

struct ExpectDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete one expectation, and fail when there is none",
    discussion: """
      EXAMPLES:
        ftctl expect delete -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 2121
        ftctl expect delete -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 2121 --dry-run
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Expected flow") var tuple: ExpectedTupleOptions

  @Flag(name: .customLong("dry-run"), help: "Change nothing; say whether there is one")
  var isDryRun = false

  @Flag(name: .customLong("allow-none"), help: "End with status 0, not 3, when there is none")
  var allowsNone = false

  func run() throws {
    let key = try tuple.key()
    try global.enterNamespace()
    let session = try global.session()
    var isDeleted = false
    if let found = try session.expectation(key) {
      isDeleted = try isDryRun || session.deleteExpectation(ExpectationKey(found))
    }
    let count = isDeleted ? 1 : 0
    StandardError.report("\(count) expectations \(isDryRun ? "would be" : "have been") deleted.")
    guard isDeleted || allowsNone else { throw CommandFailure.nothingMatched }
  }
}

struct ExpectFlushCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flush", abstract: "Delete all expectations, or those of a helper",
    discussion: """
      EXAMPLES:
        ftctl expect flush
        ftctl expect flush --helper ftp --dry-run
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Option(
    help: ArgumentHelp("Those of this helper alone", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.helpers() })
  var helper: String?

  @Flag(name: .customLong("dry-run"), help: "Change nothing; say how many would be deleted")
  var isDryRun = false

  func run() throws {
    try global.enterNamespace()
    var count = 0
    try global.session().dumpExpectations { expectation in
      if helper == nil || expectation.helper == helper { count += 1 }
      return true
    }
    guard !isDryRun else {
      StandardError.report("\(count) expectations would be deleted.")
      return
    }
    try global.session().flushExpectations(helper: helper)
    StandardError.report("\(count) expectations have been deleted.")
  }
}

struct ExpectAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add an expectation",
    discussion: """
      The master is a flow of the table that has a helper: its addresses and ports are those of its original \
      direction. How long the expectation lives is the helper's to say.

      EXAMPLES:
        ftctl expect add -p tcp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 2121 --mask-sport 0 \\
          --master-src 192.0.2.1 --master-dst 198.51.100.1 --master-sport 40000 --master-dport 21
        ftctl expect add -p udp -s 192.0.2.1 -d 198.51.100.1 --sport 0 --dport 5000 --mask-sport 0 --master-proto tcp \\
          --master-src 192.0.2.1 --master-dst 198.51.100.1 --master-sport 40000 --master-dport 5060 --permanent
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Expected flow") var tuple: ExpectedTupleOptions

  @Option(
    name: .customLong("mask-src"),
    help: ArgumentHelp("Bits of the source that count (default: all)", valueName: "addr"))
  var maskSource: String?

  @Option(
    name: .customLong("mask-sport"),
    help: ArgumentHelp("Bits of the source port that count (default: 0xffff)", valueName: "mask"))
  var maskPort: String?

  @Option(
    name: .customLong("master-proto"),
    help: ArgumentHelp(
      "Protocol of the master (default: that of the expected flow)", valueName: "name|number"))
  var masterProto: String?

  @Option(name: .customLong("master-src"), help: ArgumentHelp("Source of the master", valueName: "addr"))
  var masterSource: String

  @Option(name: .customLong("master-dst"), help: ArgumentHelp("Destination of the master", valueName: "addr"))
  var masterDestination: String

  @Option(
    name: .customLong("master-sport"), help: ArgumentHelp("Source port of the master", valueName: "port"))
  var masterSport: String

  @Option(
    name: .customLong("master-dport"), help: ArgumentHelp("Destination port of the master", valueName: "port")
  )
  var masterDport: String

  @Option(
    help: ArgumentHelp("Helper of the expected flow", valueName: "name"),
    completion: .custom { _, _, _ in LiveValues.helpers() })
  var helper: String?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp("Class of the master's helper (default: 0)", valueName: "n"))
  var number: UInt32?

  @Flag(help: "Keep the expectation when its flow has come")
  var permanent = false

  @Flag(help: "Expect nothing until the flag is taken away")
  var inactive = false

  @Flag(name: .customLong("dry-run"), help: "Change nothing; check the options")
  var isDryRun = false

  func run() throws {
    let expectation = try expectation()
    try global.enterNamespace()
    if !isDryRun {
      do {
        try global.session().createExpectation(expectation)
      } catch let error as NetlinkError {
        throw explained(error)
      }
    }
    StandardError.report("1 expectations \(isDryRun ? "would be" : "have been") added.")
  }

  private func expectation() throws -> ConntrackExpectation {
    var result = ConntrackExpectation()
    let key = try tuple.key()
    result.tuple = key.tuple
    result.zone = key.zone
    let parser = FlowValueParser()
    func option<Value>(_ name: String, _ parse: () throws -> Value) throws -> Value {
      do {
        return try parse()
      } catch let error as SelectionError {
        throw CommandFailure(.usage, "\(name): \(error.message)")
      }
    }
    result.master.layer4 =
      try option("--master-proto") { try masterProto.map(parser.layer4) } ?? key.tuple.layer4
    result.master.source = try option("--master-src") { try parser.address(masterSource) }
    result.master.destination = try option("--master-dst") { try parser.address(masterDestination) }
    result.master.sourcePort = try option("--master-sport") { try parser.ports(masterSport).lowerBound }
    result.master.destinationPort = try option("--master-dport") { try parser.ports(masterDport).lowerBound }
    let all: IPAddress =
      key.tuple.family == .ipv6
      ? IPAddress(high: .max, low: .max, family: .ipv6) : IPAddress(ipv4: .max)
    result.mask = key.tuple
    result.mask.source = try option("--mask-src") { try maskSource.map(parser.address) } ?? all
    result.mask.destination = all
    result.mask.sourcePort = try option("--mask-sport") {
      guard let maskPort else { return UInt16.max }
      let mask = try parser.mark(maskPort).value
      guard let port = UInt16(exactly: mask) else { throw SelectionError("bad mask: it is 0 to 0xffff") }
      return port
    }
    result.mask.destinationPort = .max
    let families = [result.master.source, result.master.destination, result.mask.source].map(\.family)
    guard families.allSatisfy({ $0 == key.tuple.family }) else {
      throw CommandFailure(.usage, "addresses of different families")
    }
    result.helper = helper
    result.class = number
    var flags: ExpectationFlags = permanent ? .permanent : []
    if inactive { flags.insert(.inactive) }
    if !flags.isEmpty { result.flags = flags }
    return result
  }

  private func explained(_ refusal: NetlinkError) -> NetlinkError {
    var error = refusal
    switch error.number {
    case .noSuchEntry: error.hint = "the master is not in the conntrack table: 'ftctl list' shows what is"
    case .notSupported: error.hint = "the master has no helper: 'ct helper set' gives it one when it begins"
    case .exists: error.hint = "it is there already: 'ftctl expect list'"
    case .busy: error.hint = "it overlaps with another expectation"
    default: break
    }
    return error
  }
}
