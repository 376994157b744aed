// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check what kernel, modules, sysctls and devices can do for the fast path",
    discussion: """
      A line for each check: ok, note, warn or fail, what was found, and what to do. The status is 5 when this kernel has \
      no flowtables, 4 without privileges, else 0. Checks make no change: the kernel is asked to check and to forget.

      EXAMPLES:
        ftctl doctor
        ftctl doctor -j | jq '.checks[] | select(.level != "ok")'
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Flag(name: [.customShort("j"), .customLong("json")], help: "One JSON object instead of lines")
  var isJSON = false

  func run() throws {
    try global.enterNamespace()
    // An engine that does not run has nothing to be examined.
    if NetlinkEndpoint.current.isEngine { _ = try global.session() }
    var report = DoctorReport()
    report.examine { try global.session() }
    var buffer = OutputBuffer()
    if isJSON {
      buffer.append(text: report.json.description + "\n")
    } else {
      for check in report.checks {
        buffer.append(text: "\(check.level.padded) \(check.name): \(FlowtableListing.oneLine(check.text))\n")
        if let hint = check.hint { buffer.append(text: "     hint: \(hint)\n") }
      }
    }
    try StandardOutput.flush(&buffer)
    if let status = report.status { throw CommandFailure(status, "") }
  }
}

/// What this machine can do for the fast path.
struct DoctorReport {
  enum Level: String {
    case ok, note, warn, fail

    var padded: String { rawValue + String(repeating: " ", count: 4 - rawValue.count) }
  }

  struct Check {
    var name: String
    var level: Level
    var text: String
    var hint: String?
    /// Values for programs.
    var values: [(String, JSONValue?)] = []
  }

  private(set) var checks: [Check] = []
  /// The status to end with; nil when all is well enough.
  private(set) var status: ExitStatus?

  var json: JSONValue {
    .object([
      ("kernel", .string(KernelRelease.current.text)),
      (
        "checks",
        .array(
          checks.map { check in
            .object(
              [
                ("name", .string(check.name)), ("level", .string(check.level.rawValue)),
                ("text", .string(check.text)),
                ("hint", check.hint.map { .string($0) }),
              ] + check.values)
          })
      ),
    ])
  }

  private mutating func add(
    _ name: String, _ level: Level, _ text: String, hint: String? = nil, _ values: [(String, JSONValue?)] = []
  ) {
    checks.append(Check(name: name, level: level, text: text, hint: hint, values: values))
  }

  /// Makes all checks.
  mutating func examine(_ open: () throws -> NetlinkSession) {
    examineRelease()
    do {
      let session = try open()
      let generation = try session.rulesetGeneration()
      add("permissions", .ok, "the ruleset may be read and changed", [("generation", .number(generation))])
      examineModules()
      try examineSupport(session)
      if status == nil { try examineRuleset(session) }
    } catch let error as NetlinkError {
      let failure = CommandFailure(error)
      status = failure.status
      add(
        failure.status == .notPermitted ? "permissions" : "nf_tables", .fail, failure.message,
        hint: failure.hint)
    } catch {
      status = .failed
      add("nf_tables", .fail, "\(error)")
    }
    examineSettings()
    examineDevices()
  }

  private mutating func examineRelease() {
    let release = KernelRelease.current
    add("kernel", .ok, "Linux \(release.text)", [("release", .string(release.text))])
    if release < KernelRelease(6, 4) {
      add(
        "deletion", .note, "entries of offloaded flows may refuse to be deleted before Linux 6.4",
        hint: "delete the flowtable to end its flows")
    }
    if release < KernelRelease(6, 16) {
      add(
        "device-names", .note,
        "devices must exist before they enter a flowtable, and leave it for good when they go (before Linux 6.16)",
        hint: "run 'ftctl apply' or 'flowtable add --ensure' again when a device comes back")
    }
    if release < KernelRelease(6, 19) {
      add(
        "partial-paths", .note,
        "a flow is made even when one of its devices is in no flowtable; that side then takes the normal path (before Linux 6.19)",
        hint:
          "list the lowest devices: ports rather than bridges, eth0 rather than eth0.10; see 'ftctl explain'")
    } else {
      add(
        "whole-paths", .note,
        "flowtables must hold the lowest devices, ports rather than bridges, eth0 rather than eth0.10, or no flow is made"
      )
    }
    if release < KernelRelease(6, 14) {
      add("fin-rst", .note, "FIN and RST end a flow's time on the fast path at once (before Linux 6.14)")
    }
  }

  private mutating func examineModules() {
    guard !NetlinkEndpoint.current.isEngine else { return }
    let loaded = Set(
      (SystemFile.text("/proc/modules") ?? "").split(separator: "\n").compactMap {
        $0.split(separator: " ").first.map(String.init)
      })
    let names = ["nf_conntrack", "nf_tables", "nf_flow_table", "nf_flow_table_inet", "nft_flow_offload"]
    let present = names.filter(loaded.contains)
    add(
      "modules", .ok,
      present.isEmpty
        ? "none loaded; built in, or not needed yet" : "loaded: \(present.joined(separator: ", "))",
      [("loaded", .array(present.map { .string($0) }))])
  }

  private mutating func examineSupport(_ session: NetlinkSession) throws {
    let families = try NFTables.flowtableFamilies.filter { try session.supportsFlowtables($0) }
    let names = families.map(NFTables.familyName)
    guard let family = families.first else {
      status = .notSupported
      add(
        "flowtables", .fail, "this kernel has no flowtables", hint: RulesetRefusal.noFlowtablesHint,
        [("families", .array([]))])
      return
    }
    add(
      "flowtables", .ok, "families: \(names.joined(separator: ", "))",
      [("families", .array(names.map { .string($0) }))])
    if try session.supportsFlowRules(family) {
      add("flow-rules", .ok, "rules can add flows")
    } else {
      status = .notSupported
      add(
        "flow-rules", .fail, "rules cannot add flows",
        hint: "try 'modprobe nft_flow_offload', or boot a kernel with CONFIG_NFT_FLOW_OFFLOAD")
    }
    let counts = try session.supportsFlowtables(family, countsPackets: true)
    add(
      "counters", counts ? .ok : .note,
      counts ? "flowtables can count" : "flowtables cannot count before Linux 5.7")
  }

  private mutating func examineRuleset(_ session: NetlinkSession) throws {
    let ruleset = try session.ruleset()
    let descriptions = ruleset.descriptions
    guard !descriptions.isEmpty else {
      add(
        "ruleset", .note, "there are no flowtables", hint: "'ftctl flowtable enable DEVICE DEVICE' makes one")
      return
    }
    for description in descriptions {
      let place =
        "flowtable \(description.name) in \(NFTables.familyName(description.family)) \(description.table)"
      let rules = ruleset.flowRules(description.family, description.table, flowtable: description.name)
      if rules.isEmpty {
        add("ruleset", .warn, "\(place): no rule adds flows to it", hint: "see 'ftctl rule add'")
      } else if description.devices.isEmpty {
        add(
          "ruleset", .warn, "\(place): it has no devices", hint: "see 'ftctl flowtable add --ensure --device'"
        )
      } else {
        add("ruleset", .ok, "\(place): \(description.devices.count) devices, \(rules.count) rules")
      }
    }
  }

  private mutating func examineSettings() {
    let accounting = SystemFile.netfilterSetting("nf_conntrack_acct")
    switch accounting {
    case 0?:
      add(
        "accounting", .note, "flows are not counted: net.netfilter.nf_conntrack_acct = 0",
        hint:
          "\(SystemFile.advice("nf_conntrack_acct", 1)), for new flows; flowtables count only with 'counter'")
    case nil: add("accounting", .note, "nf_conntrack is not loaded")
    default: add("accounting", .ok, "net.netfilter.nf_conntrack_acct = 1")
    }
    for name in ["nf_flowtable_tcp_timeout", "nf_flowtable_udp_timeout"] {
      guard let value = SystemFile.netfilterSetting(name) else { continue }
      let level: Level = value < 10 ? .warn : .ok
      add(
        name, level, "\(value) s without a packet end a flow's time on the fast path",
        hint: level == .warn
          ? "flows leave the fast path between bursts: \(SystemFile.advice(name, 30))" : nil,
        [("seconds", .number(value))])
    }
    if let maximum = SystemFile.netfilterSetting("nf_conntrack_max") {
      let count = SystemFile.netfilterSetting("nf_conntrack_count") ?? 0
      let isNearlyFull = maximum > 0 && count * 10 >= maximum * 9
      add(
        "table", isNearlyFull ? .warn : .ok, "\(count) of \(maximum) conntrack entries",
        hint: isNearlyFull
          ? "\(SystemFile.advice("nf_conntrack_max", maximum * 2)); see 'ftctl stats'" : nil,
        [("entries", .number(count)), ("max", .number(maximum))])
    }
    for (name, path) in [
      ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
      ("net.ipv6.conf.all.forwarding", "net/ipv6/conf/all/forwarding"),
    ] {
      guard let value = SystemFile.setting(path) else { continue }
      let isOn = value != 0
      add(
        "forwarding", isOn ? .ok : .warn, "\(name) = \(isOn ? 1 : 0)",
        hint: isOn ? nil : "only forwarded flows are offloaded: sysctl -w \(name)=1")
    }
  }

  private mutating func examineDevices() {
    guard let links = try? NetworkLinks.read(pppoe: SystemFile.text("/proc/net/pppoe")) else { return }
    let features = try? FeatureReader()
    for link in links.all where link.hardwareType != 772 {
      let offload = features?.hardwareOffload(of: link.name)
      let text: String
      var hint: String?
      switch offload {
      case .on?: text = "hardware offload on"
      case .off?:
        text = "hardware offload possible, switched off"
        hint = "ethtool -K \(link.name) hw-tc-offload on"
      case HardwareOffload.none?: text = "no hardware offload"
      case nil: text = "hardware offload not known"
      }
      add(
        "device", .ok, "\(link.name): \(link.isUp ? "up" : "down"), \(text)", hint: hint,
        [("device", .string(link.name)), ("hw_tc_offload", offload.map { .string($0.rawValue) })])
    }
  }
}
