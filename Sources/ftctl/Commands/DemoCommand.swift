// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import CNetfilter
import EngineHost
import FlowEngine
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Show a flow taking the fast path of the userspace engine",
    discussion: """
      Two network namespaces as hosts, the engine as the router between them, and a TCP transfer by the kernel's own \
      stack: what the engine then lists, and what the rules have counted. Needs root, or a kernel that lets users have \
      namespaces. Nothing of it is left afterwards.

      EXAMPLES:
        ftctl demo
        ftctl demo --seconds 5 --kernel 7.2
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Option(help: ArgumentHelp("How long the transfer takes (default: 2)", valueName: "seconds"))
  var seconds = 2

  @Option(
    help: ArgumentHelp(
      "Whose behaviour to show: 6.1, 6.12, 7.2 (default: 6.12)", valueName: "release"),
    completion: .list(KernelGeneration.allCases.map(\.rawValue)))
  var kernel = KernelGeneration.linux612.rawValue

  func validate() throws {
    guard (1...3600).contains(seconds) else { throw ValidationError("--seconds: 1 to 3600") }
    guard KernelGeneration(rawValue: kernel) != nil else {
      throw ValidationError(
        "--kernel: there are \(KernelGeneration.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  func run() throws {
    try becomeRoot()
    let folder = try TemporaryFolder("demo")
    // For the programs that are started, too.
    try PreloadLibrary.setVariable(EngineInstance.folderVariable, folder.path)
    let lan = try DemoHost("lan0", address: 0xc000_0202, gateway: 0xc000_0201)
    let wan = try DemoHost("wan0", address: 0xc633_6402, gateway: 0xc633_6401)
    guard let instance = EngineInstance(name: "demo", folder: folder.path) else {
      throw CommandFailure(.failed, "no path for a control socket in \(folder.path)")
    }
    NetlinkEndpoint.current = .engine(instance)
    var topology = Topology()
    topology.devices = [
      Topology.Device(
        "lan0", kind: "tap", addresses: ["192.0.2.1/24"], properties: .object([("netns", .string("lan"))])),
      Topology.Device(
        "wan0", kind: "tap", addresses: ["198.51.100.1/24"], properties: .object([("netns", .string("wan"))])),
    ]
    let places = ["lan": lan.namespace, "wan": wan.namespace]
    let router = try RunningRouter(
      topology, generation: KernelGeneration(rawValue: kernel) ?? .linux612,
      seed: UInt64.random(in: .min ... .max), instance: instance
    ) { name, body in
      if let place = name.flatMap({ places[$0] }) { try NetworkNamespace.inside(place, body) }
    } vanished: { _ in
    }
    defer { router.stop() }
    try lan.configure()
    try wan.configure()
    try show(
      "Two hosts, and the engine between them, which forwards as Linux \(kernel) does:\n\n"
        + "  lan 192.0.2.2 ──── lan0 [ engine ] wan0 ──── 198.51.100.2 wan")
    try FlowtableEnableCommand.parse(["lan0", "wan0", "--counter"]).run()
    router.forward()

    let listener = try wan.listen(5201)
    let client = try lan.connect(to: wan, 5201)
    let server = try wan.accept(listener)
    defer { [listener, client, server].forEach { close($0) } }
    var transfer = DemoTransfer()
    try transfer.run(from: client, to: server, milliseconds: UInt64(seconds) * 1000)
    try report(transfer, router)
    try show("\n$ ftctl --userspace list")
    try ListCommand.parse([]).run()
    try show("\n$ ftctl --userspace exec -- nft list ruleset")
    // The real nft shows the counter rule, too; where it is missing, our own listing has to do.
    if try EngineProgram.run(["nft", "list", "ruleset"], instance) != 0 {
      try RuleListCommand.parse([]).run()
    }
  }

  private func report(_ transfer: DemoTransfer, _ router: RunningRouter) throws {
    guard transfer.isIntact else { throw CommandFailure(.failed, "the transfer came through damaged") }
    let statistics = router.statistics
    let (fast, classic) = (statistics[.fastForwarded], statistics[.classicForwarded])
    let seconds = Double(transfer.nanoseconds) / 1e9
    let rate = transfer.bitsPerSecond / 1e9
    try show(
      "\nTCP: \(transfer.received >> 20) MiB, intact, at \(decimal(rate)) Gbit/s and "
        + "\(Int(Double(fast + classic) / seconds)) packets a second\n"
        + "     \(fast) packets took the fast path, \(classic) the normal one")
  }

  private func decimal(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }

  private func show(_ text: String) throws {
    var buffer = OutputBuffer()
    buffer.append(text: text)
    buffer.append("\n")
    try StandardOutput.flush(&buffer)
  }

  /// Namespaces need root; where users may have their own, root of one will do.
  private func becomeRoot() throws {
    guard geteuid() != 0 else { return }
    guard ftctl_unshare_user() == 0 else {
      throw CommandFailure(
        .notPermitted,
        "demo needs root: this kernel gives users no namespaces of their own: "
          + ErrorNumber.current.explanation,
        hint: "sudo ftctl demo")
    }
  }
}

extension DemoHost {
  /// The next connection.
  func accept(_ listener: Int32) throws -> Int32 {
    let number = Glibc.accept(listener, nil, nil)
    guard number >= 0 else { throw NetlinkError("accept a connection", .current) }
    return number
  }
}
