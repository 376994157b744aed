// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import EngineHost
import FlowEngine
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Let the userspace engine forward the frames of captures, and capture what leaves",
    discussion: """
      Reads pcap or pcapng files, one or more for each device, on the captures' own clock and as fast as it can. The same \
      captures give the same frames. --report tells for each flow which frame offloaded it, how many frames took which \
      path, and why.

      EXAMPLES:
        ftctl --userspace replay --topology router.json --ruleset router.nft --in lan0=a.pcap --out wan0=b.pcap --report
        ftctl --userspace replay --tap lan0=192.0.2.1/24 --tap wan0=198.51.100.1/24 --enable --in lan0=a.pcap --report
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Router") var router: RouterOptions

  @Option(
    name: .customLong("in"),
    help: ArgumentHelp("Frames that arrive on a device; repeatable", valueName: "device=file"))
  var inputs: [String]

  @Option(
    name: .customLong("out"),
    help: ArgumentHelp("Where to write the frames that leave a device; repeatable", valueName: "device=file"))
  var outputs: [String] = []

  @Flag(help: "Send TCP flows between the TAP devices along the fast path, as 'flowtable enable' does")
  var enable = false

  @Option(
    help: ArgumentHelp("Rules in nft's syntax, loaded by nft(8)", valueName: "file"), completion: .file())
  var ruleset: String?

  @Flag(help: "Tell what became of each flow's frames")
  var report = false

  @Flag(name: [.customShort("j"), .customLong("json")], help: "The report as JSON")
  var isJSON = false

  func validate() throws {
    guard global.userspace else {
      throw ValidationError("replay needs --userspace: the kernel takes no captures")
    }
    guard router.topology != nil || !router.tap.isEmpty else {
      throw ValidationError("replay needs --tap or --topology: a router has devices")
    }
  }

  func run() throws {
    let inputs = try inputs.map { try pair($0, "--in") }
    let outputs = try outputs.map { try pair($0, "--out") }
    try check(outputs, beside: inputs)
    let topology = try router.description()
    let engine = try engine(topology)
    var replay = Replay(engine)
    for (device, file) in inputs { try replay.addInput(file, device: device) }
    for (device, file) in outputs { try replay.addOutput(file, device: device) }
    try replay.run()
    guard report || isJSON else { return }
    var buffer = OutputBuffer()
    for line in isJSON ? [replay.report.json.description] : replay.report.lines {
      buffer.append(text: line)
      buffer.append("\n")
    }
    try StandardOutput.flush(&buffer)
  }

  /// Refuses outputs that would take each other's frames, or an input's file.
  private func check(
    _ outputs: [(device: String, file: String)], beside inputs: [(device: String, file: String)]
  ) throws {
    var taken = inputs.compactMap { FileIdentity($0.file) }
    var devices: Set<String> = []
    for (device, file) in outputs {
      guard devices.insert(device).inserted else {
        throw CommandFailure(.usage, "--out: device '\(device)' has two files")
      }
      guard let identity = FileIdentity(file) else { continue }
      guard !taken.contains(identity) else {
        throw CommandFailure(.usage, "--out: '\(file)' is another device's file, or a file of --in")
      }
      taken.append(identity)
    }
  }

  private func pair(_ text: String, _ option: String) throws -> (device: String, file: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw CommandFailure(.usage, "\(option): '\(text)' is not DEVICE=FILE")
    }
    return (parts[0], parts[1])
  }

  /// The engine with its devices and rules: it answers at a control socket of its own until they are loaded.
  private func engine(_ topology: Topology) throws -> Engine {
    let folder = try TemporaryFolder("replay")
    try PreloadLibrary.setVariable(EngineInstance.folderVariable, folder.path)
    guard let instance = EngineInstance(name: "replay", folder: folder.path) else {
      throw CommandFailure(.failed, "no path for a control socket in \(folder.path)")
    }
    NetlinkEndpoint.current = .engine(instance)
    let engine = Engine(generation: try router.generation(), seed: 1)
    try topology.build(on: engine.router)
    let threads = try EngineThreads(engine, try ControlServer(instance), largestFrame: 1500) { _ in }
    try threads.start()
    let loading = Result {
      if enable {
        try FlowtableEnableCommand.parse(topology.devices.filter { $0.kind == "tap" }.map(\.name)).run()
      }
      if let ruleset { try EngineProgram.load(ruleset, instance) }
    }
    let loaded = threads.stop()
    try loading.get()
    return loaded
  }
}
