// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
package import FlowEngine
private import Glibc
internal import JSONDocument
package import NetlinkWire
private import PacketWire

/// A router that runs: an engine that a description has built, its TAP devices and its control socket.
///
/// It forwards nothing before ``forward()``, so that rules can be loaded first.
package final class RunningRouter {
  /// Calls its second argument in the network namespace that the first names; nil: the present one.
  package typealias Placement = @Sendable (String?, () throws -> Void) throws -> Void

  private var topology: Topology
  private let threads: EngineThreads
  private let queues: Int
  private let placement: Placement
  private let persists: Bool

  /// Builds the router, opens its devices and its control socket, and starts to answer there.
  ///
  /// - Parameters:
  ///   - topology: what to build; devices of the kind `tap` are TAP devices, in the namespace of their member `netns`.
  ///   - generation: whose behaviour to reproduce.
  ///   - seed: of all chance.
  ///   - instance: the control socket's name.
  ///   - queues: of each TAP device; each is served by a thread.
  ///   - persists: whether TAP devices stay when the program ends.
  ///   - placement: enters namespaces.
  ///   - vanished: called, in one of the engine's threads, with the name of a device that somebody has deleted.
  /// - Throws: ``DescriptionError``, ``HostError``, what `placement` throws.
  package init(
    _ topology: Topology, generation: KernelGeneration, seed: UInt64, instance: EngineInstance,
    queues: Int = 1,
    persists: Bool = false, placement: @escaping Placement, vanished: @escaping @Sendable (String) -> Void
  ) throws {
    self.topology = topology
    self.queues = queues
    self.placement = placement
    self.persists = persists
    let engine = Engine(generation: generation, seed: seed)
    engine.advance(to: MonotonicClock.now)
    try topology.build(on: engine.router)
    engine.router.addLinkLocalAddresses()
    // A packet of many segments, an Ethernet header and two VLAN tags.
    threads = try EngineThreads(
      engine, try ControlServer(instance), queues: queues, largestFrame: 65_535 + 22, vanished: vanished)
    try threads.start()
    do {
      try attach(topology.devices)
    } catch {
      threads.stop()
      throw error
    }
  }

  /// Opens the TAP devices among `devices`, and hands them to the engine.
  private func attach(_ devices: [Topology.Device]) throws {
    let taps = devices.filter { $0.kind == "tap" }
    try threads.withState { state in
      for tap in taps {
        guard let device = state.engine.router.device(named: tap.name) else { continue }
        try placement(tap.properties["netns"]?.string) {
          let wanted = tap.properties["offloads"] == nil ? TAPOffloads.all : try tap.offloads()
          let port = try TapPort(
            tap.name, mtu: device.mtu, offloads: wanted, queues: queues, persists: persists)
          state.engine.router.setOffloads(device.index, port.offloads)
          state.attach(port, to: device.index)
        }
      }
    }
  }

  /// Lets frames be moved from now on.
  package func forward() { threads.withState { $0.moveFrames() } }

  /// Serves until the next signal, with a thread less than before.
  ///
  /// - Returns: its number.
  package func serve(until signals: borrowing HostSignals) -> Int32 {
    threads.serve(until: signals.number)
    return signals.next()
  }

  /// How often each decision was taken.
  package var statistics: Statistics { threads.withState { $0.engine.router.statistics } }

  /// What happened at each TAP device.
  package var ports: [(name: String, counters: TapPort.Counters)] {
    threads.withState { state in state.ports.compactMap { $0.map { ($0.name, $0.counters) } } }
  }

  /// Makes the router what another description says; flows through devices that stay are kept.
  ///
  /// - Throws: as the initializer; what was changed before stays changed.
  package func update(to new: Topology) throws {
    let changes = try threads.withState { state in
      let indices = Dictionary(
        topology.devices.compactMap { device in
          state.engine.router.device(named: device.name).map { (device.name, $0.index) }
        }, uniquingKeysWith: { $1 })
      let changes = try new.update(from: topology, on: state.engine.router)
      state.engine.router.addLinkLocalAddresses()
      for name in changes.removed {
        if let index = indices[name] { state.attach(nil, to: index) }
      }
      return changes
    }
    topology = new
    let present = threads.withState { state in Set(state.ports.compactMap { $0?.name }) }
    // A device that somebody had deleted is made again, too.
    try attach(new.devices.filter { changes.added.contains($0.name) || !present.contains($0.name) })
    threads.withState { state in
      for tap in new.devices where tap.kind == "tap" {
        if let device = state.engine.router.device(named: tap.name), !device.isUp {
          state.engine.router.setLink(device.index, up: true)
        }
      }
    }
  }

  /// Ends it; TAP devices that do not persist are gone afterwards.
  package func stop() { threads.stop() }
}

extension Router {
  /// Gives each Ethernet device that has an IPv6 address a link-local one, without which neighbours are not asked for. A
  /// kernel does so by itself, unless it is told not to, as the routers of recorded traces were.
  ///
  /// Source: RFC 4291 appendix A; net/ipv6/addrconf.c, addrconf_addr_gen.
  fileprivate func addLinkLocalAddresses() {
    for case let device? in devices {
      switch device.kind {
      case .port, .vlan, .bridge: break
      case .loopback, .pppoe, .tunnel: continue
      }
      let own = device.addresses.filter { $0.family == .ipv6 }
      guard !own.isEmpty, !own.contains(where: { $0.address.isIPv6LinkLocal }) else { continue }
      let mac = device.mac.bits
      let identifier = (mac & 0xffff_ff00_0000) << 16 | 0xff_fe00_0000 | mac & 0xff_ffff
      let address = Address(high: 0xfe80 << 48, low: identifier ^ 1 << 57)
      addAddress(device.index, DeviceAddress(family: .ipv6, address: address, prefixLength: 64))
    }
  }
}

/// Signals that end or change a running router, taken from a descriptor instead of by a handler.
package struct HostSignals: ~Copyable {
  private let descriptor: Descriptor

  /// Can be read when a signal has come.
  var number: Int32 { descriptor.number }

  /// Blocks SIGINT, SIGTERM and SIGHUP in the calling thread and those that it starts.
  ///
  /// - Throws: ``HostError``.
  package init() throws(HostError) {
    let number = ftctl_host_signal_descriptor()
    guard number >= 0 else { throw HostError("wait for signals", ftctl_errno()) }
    descriptor = Descriptor(number)
  }

  /// Waits for the next signal.
  ///
  /// - Returns: its number.
  package func next() -> Int32 {
    while true {
      let signal = ftctl_next_signal(descriptor.number)
      if signal != 0 { return signal }
      var waiting = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
      // Safe: the structure outlives the call.
      _ = unsafe poll(&waiting, 1, -1)
    }
  }
}

/// What a service's host tells and asks of the system.
package enum HostProcess {
  /// Gives up all privileges for those of a user.
  ///
  /// - Throws: ``HostError``: ENOENT when there is no such user.
  package static func become(_ user: String) throws(HostError) {
    guard unsafe ftctl_become_user(user) == 0 else {
      throw HostError("become user '\(user)'", ftctl_errno())
    }
  }

  /// Tells the service manager, where one started the program, that the service is ready, or ends.
  package static func notify(_ state: String) { unsafe ftctl_notify_service_manager(state) }
}
