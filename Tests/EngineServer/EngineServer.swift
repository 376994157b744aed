// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import EngineHost
import FlowEngine
import Glibc
import NetlinkWire
import PacketWire

/// Serves an engine's control socket without frames: `EngineServer [--kernel RELEASE] [--instance NAME] DEVICE…`. Each
/// device is a port that is up. Ends with SIGTERM, as any program does.
@main
enum EngineServer {
  static func main() {
    var generation = KernelGeneration.linux612
    var name = EngineInstance.defaultName
    var devices: [String] = []
    var words = CommandLine.arguments.dropFirst()
    while let word = words.popFirst() {
      switch word {
      case "--kernel": generation = words.popFirst().flatMap { KernelGeneration(rawValue: $0) } ?? generation
      case "--instance": name = words.popFirst() ?? name
      default: devices.append(word)
      }
    }
    // Safe: the environment is not changed while the program runs.
    let folder = unsafe getenv(EngineInstance.folderVariable).map { unsafe String(cString: $0) }
    guard let instance = EngineInstance(name: name, folder: folder) else { exit(2) }
    let engine = Engine(generation: generation, seed: 1)
    engine.advance(to: now(CLOCK_MONOTONIC))
    engine.router.wallClockOffset =
      now(CLOCK_REALTIME).nanoseconds &- now(CLOCK_MONOTONIC).nanoseconds
    for (number, device) in devices.enumerated() {
      let index = engine.router.addDevice(
        device, .port, mac: MACAddress(0x0200_0000_0000 + UInt64(number)), mtu: 1500)
      engine.router.setLink(index, up: true)
    }
    do {
      let server = try ControlServer(instance)
      print("ready")
      fflush(nil)
      while true {
        var waiting = pollfd(fd: server.descriptor, events: Int16(POLLIN), revents: 0)
        // Safe: the structure outlives the call.
        _ = unsafe poll(&waiting, 1, 100)
        server.service(engine, now: now(CLOCK_MONOTONIC))
      }
    } catch {
      print(error.description)
      exit(1)
    }
  }

  private static func now(_ clock: Int32) -> Instant {
    var time = timespec()
    // Safe: the structure outlives the call.
    unsafe clock_gettime(clock, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }
}
