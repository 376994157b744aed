// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import EngineHost
import FlowEngine
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire
import PacketWire

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a router with flowtables in this process, between TAP devices",
    discussion: """
      Makes or adopts the TAP devices, forwards between them as a Linux router with flowtables does, and answers netlink \
      at a control socket until SIGTERM or SIGINT. SIGHUP has the topology file read again. The devices' addresses are \
      the router's: hosts are at the other end of each device.

      EXAMPLES:
        ftctl --userspace run --tap lan0=192.0.2.1/24 --tap wan0=198.51.100.1/24 --route default=198.51.100.2 --enable
        ftctl --userspace run --tap lan0@left=192.0.2.1/24 --tap wan0@right=198.51.100.1/24
        ftctl --userspace run --topology router.json --ruleset router.nft --kernel 7.2
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Router") var router: RouterOptions

  @Flag(
    help: "Send TCP flows between the TAP devices along the fast path, as 'flowtable enable' does")
  var enable = false

  @Option(
    help: ArgumentHelp("Rules in nft's syntax, loaded by nft(8)", valueName: "file"), completion: .file())
  var ruleset: String?

  @Option(
    help: ArgumentHelp(
      "Queues of each TAP device, each served by a thread of its own; at most 64", valueName: "number"))
  var queues = 1

  @Option(help: ArgumentHelp("The user to become once the devices are open", valueName: "name"))
  var user: String?

  @Flag(help: "Leave the TAP devices there when the router ends")
  var persist = false

  func validate() throws {
    guard global.userspace else {
      throw ValidationError("run needs --userspace: the kernel routes without help")
    }
    guard router.topology != nil || !router.tap.isEmpty else {
      throw ValidationError("run needs --tap or --topology: a router has devices")
    }
    guard (1...64).contains(queues) else {
      throw ValidationError("--queues: \(queues) is not between 1 and 64")
    }
  }

  func run() throws {
    let instance = try global.engineInstance()
    let topology = try router.description()
    let signals = try HostSignals()
    let running = try RunningRouter(
      topology, generation: try router.generation(), seed: UInt64.random(in: .min ... .max),
      instance: instance, queues: queues, persists: persist, placement: Self.place
    ) { name in
      StandardError.report("device '\(name)' has gone; SIGHUP makes it again")
    }
    defer { running.stop() }
    if enable {
      let taps = topology.devices.filter { $0.kind == "tap" }.map(\.name)
      let command = try FlowtableEnableCommand.parse(taps + Self.words(instance))
      try command.run()
    }
    if let ruleset { try EngineProgram.load(ruleset, instance) }
    if let user { try HostProcess.become(user) }
    running.forward()
    StandardError.report(
      "instance '\(instance.name)' forwards as Linux \(try router.generation().rawValue) between "
        + topology.devices.filter { $0.kind == "tap" }.map(\.name).joined(separator: ", "))
    HostProcess.notify("READY=1")
    serve(running, signals)
    HostProcess.notify("STOPPING=1")
  }

  /// Until a signal ends it.
  private func serve(_ running: RunningRouter, _ signals: borrowing HostSignals) {
    while running.serve(until: signals) == SIGHUP {
      do {
        try running.update(to: try router.description())
        StandardError.report("the topology has been read again")
      } catch {
        StandardError.report(CommandFailure(error))
      }
    }
  }

  private static let place: RunningRouter.Placement = { name, body in
    if let name { try NetworkNamespace.inside(name, body) } else { try body() }
  }

  /// The global options that name an engine.
  static func words(_ instance: EngineInstance) -> [String] { ["--userspace", "--instance", instance.name] }
}

/// What a router of the userspace engine is made of.
struct RouterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A TAP device, in a named network namespace where one is given, and the router's addresses there; repeatable",
      valueName: "device[@netns]=address/length[,…]"))
  var tap: [String] = []

  @Option(
    help: ArgumentHelp(
      "A device of --tap that carries flows in simulated hardware; repeatable", valueName: "device"))
  var hardware: [String] = []

  @Option(
    help: ArgumentHelp(
      "A route by a gateway, or on a device's link; repeatable", valueName: "prefix=gateway|device"))
  var route: [String] = []

  @Option(
    help: ArgumentHelp(
      "Devices, routes, rules, neighbours and sysctls as JSON; ftctl-engine(7) describes it",
      valueName: "file"),
    completion: .file(extensions: ["json"]))
  var topology: String?

  @Option(
    help: ArgumentHelp(
      "Whose behaviour to reproduce: 6.1, 6.12, 7.2 (default: 6.12)", valueName: "release"),
    completion: .list(KernelGeneration.allCases.map(\.rawValue)))
  var kernel: String?

  /// - Throws: ``CommandFailure``.
  func generation() throws -> KernelGeneration {
    guard let kernel else { return .linux612 }
    guard let generation = KernelGeneration(rawValue: kernel) else {
      let known = KernelGeneration.allCases.map(\.rawValue).joined(separator: ", ")
      throw CommandFailure(.usage, "--kernel: unknown release '\(kernel)'", hint: "there are: \(known)")
    }
    return generation
  }

  /// The router that file and options describe together.
  ///
  /// - Throws: ``CommandFailure``.
  func description() throws -> Topology {
    var result = Topology()
    if let topology { result = try TopologyFile.read(topology) }
    for text in tap { result.devices.append(try device(text)) }
    if let topology, result.devices.isEmpty {
      throw CommandFailure(.failed, "\(topology): a router has devices, and none is described")
    }
    for name in hardware where !tap.contains(where: { $0.prefix { $0 != "=" && $0 != "@" } == name }) {
      throw CommandFailure(.usage, "--hardware: there is no --tap '\(name)'")
    }
    for text in route { result.routes.append(try route(text, result)) }
    return result
  }

  private func device(_ text: String) throws -> Topology.Device {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let place = parts[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(place[0])
    guard (1...15).contains(name.utf8.count), !name.contains("/") else {
      throw CommandFailure(.usage, "--tap: '\(name)' is no name of a device")
    }
    let addresses =
      parts.count == 2
      ? parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
    for address in addresses where AddressReader.prefix(address) == nil {
      throw CommandFailure(.usage, "--tap \(name): '\(address)' is no address with a prefix length")
    }
    return Topology.Device(
      name, kind: "tap", addresses: addresses,
      properties: .object([
        ("netns", place.count == 2 ? .string(String(place[1])) : nil),
        ("hardware", hardware.contains(name) ? .bool(true) : nil),
      ]))
  }

  private func route(_ text: String, _ topology: Topology) throws -> Topology.Route {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts[0] == "default" || AddressReader.prefix(parts[0]) != nil else {
      throw CommandFailure(.usage, "--route: '\(text)' is not PREFIX=GATEWAY or PREFIX=DEVICE")
    }
    if topology.devices.contains(where: { $0.name == parts[1] }) {
      return Topology.Route(destination: parts[0], gateway: nil, device: parts[1])
    }
    guard let (gateway, family) = AddressReader.address(parts[1]) else {
      throw CommandFailure(.usage, "--route: '\(parts[1])' is neither an address nor a device")
    }
    let device = topology.devices.first { device in
      device.addresses.contains { text in
        guard let own = AddressReader.prefix(text.split(separator: " ").last ?? "") else { return false }
        return own.family == family && own.address.matches(gateway, prefixLength: own.length, family)
      }
    }
    guard let device else {
      throw CommandFailure(.usage, "--route: no device's addresses reach the gateway \(parts[1])")
    }
    return Topology.Route(destination: parts[0], gateway: parts[1], device: device.name)
  }
}
