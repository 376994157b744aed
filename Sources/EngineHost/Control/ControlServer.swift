// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
package import FlowEngine
private import Glibc
internal import JSONDocument
package import NetlinkWire
internal import Reporting

/// Serves an engine's control socket: netlink datagrams in and out for any number of clients, and requests to the host.
///
/// It has no thread: the one that owns the engine polls ``descriptor`` and calls ``service(_:now:)`` when it is readable,
/// and ``publish(_:)`` after each burst of frames. Neither blocks, and each does a bounded amount of work: what is left
/// keeps the descriptor readable.
package final class ControlServer {
  /// Connections at the same time; further ones wait until another closes.
  static let maximumClients = 256
  /// Octets of unfinished datagrams of all clients together.
  private static let assemblyRoom = 64 << 20
  /// Packets of one client in one call.
  private static let packetBudget = 32
  /// Octets of a dump that are made at a time.
  private static let dumpStep = 64 << 10

  private let lock: InstanceLock
  private let ready: ReadySet
  private var clients: [Int32: ControlClientState] = [:]
  private var services: [String: any HostService] = [:]
  private var buffer = [UInt8](repeating: 0, count: ControlLimit.fragment + 1)
  private var lastPortID: UInt32 = 0xffff_efff
  private var isListening = true
  /// Whose connections are taken, besides root's.
  private var owner: UInt32

  /// Takes the instance's name, and listens.
  ///
  /// - Throws: ``HostError``; ``HostError/isAlreadyRunning`` when another live process has the name.
  package init(_ instance: EngineInstance) throws(HostError) {
    lock = try InstanceLock.take(instance)
    ready = try ReadySet()
    owner = geteuid()
    ready.watch(lock.listener.number, .read, isNew: true)
    add(InstanceService(instance: instance.name, process: getpid()))
    add(SysctlService())
    add(StatisticsService())
    add(TraceService())
  }

  /// Readable when there is something to do.
  package var descriptor: Int32 { ready.descriptor.number }

  /// Whether a client is connected.
  package var hasClients: Bool { !clients.isEmpty }

  /// Octets that wait to be sent, of all clients together.
  package var queuedOctets: Int { clients.values.reduce(0) { $0 + $1.queuedOctets } }

  /// Dumps that wait for their clients to read on.
  var dumpsUnderWay: Int { clients.values.count { $0.dump != nil } }

  /// Answers host requests of the service's name from now on.
  package func add(_ service: any HostService) { services[service.name] = service }

  /// Takes connections and requests, answers them, and goes on with what could not be sent before.
  ///
  /// - Parameters:
  ///   - engine: between two bursts.
  ///   - now: the clock, to which the engine is advanced.
  package func service(_ engine: Engine, now: Instant) {
    if now > engine.router.now { engine.advance(to: now) }
    for (number, what) in ready.ready() {
      if number == lock.listener.number {
        accept()
      } else if let state = clients[number] {
        serve(state, number, what, engine)
      }
    }
    publish(engine)
  }

  /// Hands the events that the engine has collected, and what host services have to say, to those who asked for them.
  package func publish(_ engine: Engine) {
    let events = engine.router.takeConntrackEvents() + engine.router.ruleMessages.take()
    if !events.isEmpty { deliver(events, engine) }
    for (number, state) in clients {
      guard let name = state.service, !state.isFull, let service = services[name] else { continue }
      let texts = service.more(for: state.client.portID, engine)
      guard !texts.isEmpty else { continue }
      for text in texts { state.enqueue(ControlAnswerTag.answer, Array(text.utf8)) }
      settle(state, number, engine)
    }
  }

  // MARK: Connections

  private func accept() {
    for _ in 0..<Self.packetBudget {
      guard clients.count < Self.maximumClients else {
        listen(false)
        return
      }
      guard let connection = ControlConnection(of: lock.listener) else { return }
      guard connection.user == 0 || connection.user == owner else {
        connection.refuse(EPERM)
        continue
      }
      let number = connection.descriptor.number
      let portID = freePortID(preferring: UInt32(bitPattern: connection.process))
      clients[number] = ControlClientState(connection, portID: portID)
      ready.watch(number, .read, isNew: true)
    }
  }

  private func listen(_ listens: Bool) {
    guard listens != isListening else { return }
    isListening = listens
    ready.watch(lock.listener.number, listens ? .read : [], isNew: false)
  }

  /// Source (Linux 7.2): net/netlink/af_netlink.c, netlink_autobind: the process's number, or one that no process has.
  private func freePortID(preferring wanted: UInt32) -> UInt32 {
    func isFree(_ portID: UInt32) -> Bool {
      portID != 0 && !clients.values.contains { $0.client.portID == portID }
    }
    if isFree(wanted) { return wanted }
    repeat { lastPortID -= 1 } while !isFree(lastPortID)
    return lastPortID
  }

  private func close(_ state: ControlClientState, _ number: Int32, _ engine: Engine) {
    clients[number] = nil
    if state.purpose == .netfilter { engine.router.clientClosed(portID: state.client.portID) }
    if let name = state.service { services[name]?.clientClosed(state.client.portID, engine) }
    noteListeners(engine)
    listen(true)
  }

  /// Entries are made to report events, and rules to tell of packets, only while somebody listens.
  private func noteListeners(_ engine: Engine) {
    engine.router.ruleMessages.isHeard = clients.values.contains { $0.listens(to: NFTables.Group.trace) }
    engine.router.conntrack.isListening = clients.values.contains { $0.listensToConntrack }
  }

  // MARK: Service

  private func serve(
    _ state: ControlClientState, _ number: Int32, _ what: ReadySet.Interest, _ engine: Engine
  ) {
    guard state.flush() else { return close(state, number, engine) }
    if what.contains(.read) {
      for _ in 0..<Self.packetBudget where !state.isFull && state.dump == nil {
        let (outcome, length) = state.connection.receive(into: &buffer)
        if outcome == .wouldBlock { break }
        guard outcome == .done, take(length, state, engine) else { return close(state, number, engine) }
      }
    } else if !what.isDisjoint(with: .hangUp) {
      return close(state, number, engine)
    }
    settle(state, number, engine)
  }

  /// Sends what it can, goes on with a dump, and watches for what is to come next.
  private func settle(_ state: ControlClientState, _ number: Int32, _ engine: Engine) {
    guard state.flush() else { return close(state, number, engine) }
    if state.isDrained, var dump = state.dump {
      let step = engine.router.continueDump(&dump, octets: Self.dumpStep)
      for datagram in step.datagrams { state.enqueue(ControlAnswerTag.datagram, datagram) }
      state.dump = step.isDone ? nil : dump
      if step.isDone { state.enqueue(ControlAnswerTag.barrier) }
      guard state.flush() else { return close(state, number, engine) }
    }
    var interest: ReadySet.Interest = []
    if !state.isFull, state.dump == nil { interest.insert(.read) }
    if !state.isDrained || state.dump != nil { interest.insert(.write) }
    if interest != state.interest {
      state.interest = interest
      ready.watch(number, interest, isNew: false)
    }
  }

  /// Takes one packet, which lies in the buffer.
  ///
  /// - Returns: false when the connection is to end.
  private func take(_ length: Int, _ state: ControlClientState, _ engine: Engine) -> Bool {
    let packet = Array(buffer[..<length])
    // Safe: octets have no invalid bit pattern, and a span checks its bounds.
    guard let kind = try? unsafe ControlPacket(packet.span.bytes) else { return false }
    guard state.purpose != .unopened else {
      guard case .open(let netlinkProtocol) = kind, open(state, netlinkProtocol) else { return false }
      state.enqueue(ControlAnswerTag.opened, ControlPacket.octets(state.client.portID))
      return true
    }
    switch kind {
    case .open: return false
    case .bind(let portID, let groups): bind(state, portID, groups, engine)
    case .option(let option, let value):
      state.set(option, value)
      noteListeners(engine)
    case .receiveBuffer(let octets): state.setReceiveBuffer(octets)
    case .hostRequest: answer(Array(packet.dropFirst()), state, engine)
    case .fragment(let isLast):
      let content = packet[1...]
      if isLast, !state.assembly.isBegun {
        // Safe: as above.
        unsafe execute(content.span.bytes, state, engine)
      } else {
        assemble(content, isLast: isLast, state, engine)
      }
    }
    return true
  }

  private func open(_ state: ControlClientState, _ netlinkProtocol: UInt8) -> Bool {
    switch Int32(netlinkProtocol) {
    case NETLINK_NETFILTER: state.purpose = .netfilter
    case NETLINK_ROUTE: state.purpose = .route
    case NETLINK_GENERIC: state.purpose = .generic
    default: return false
    }
    return true
  }

  private func bind(_ state: ControlClientState, _ portID: UInt32, _ groups: UInt32, _ engine: Engine) {
    if portID != 0, !clients.values.contains(where: { $0.client.portID == portID }) {
      state.client.portID = portID
    }
    state.bind(groups: groups)
    noteListeners(engine)
  }

  // MARK: Netlink

  private func assemble(
    _ content: ArraySlice<UInt8>, isLast: Bool, _ state: ControlClientState, _ engine: Engine
  ) {
    let unfinished = clients.values.reduce(0) { $0 + $1.assembly.count }
    if unfinished + content.count > Self.assemblyRoom { state.assembly.giveUp() }
    state.assembly.append(content)
    guard isLast else { return }
    guard let datagram = state.assembly.finish() else {
      state.enqueue(ControlAnswerTag.failure, ControlPacket.octets(UInt32(bitPattern: ENOBUFS)))
      state.enqueue(ControlAnswerTag.barrier)
      return
    }
    // Safe: as above.
    unsafe execute(datagram.span.bytes, state, engine)
  }

  private func execute(_ datagram: RawSpan, _ state: ControlClientState, _ engine: Engine) {
    let output =
      switch state.purpose {
      case .netfilter: engine.router.control(datagram, from: state.client)
      case .route: engine.router.controlRoutes(datagram, from: state.client)
      case .generic: engine.router.controlGeneric(datagram, from: state.client)
      case .unopened: ControlOutput()
      }
    for reply in output.replies { state.enqueue(ControlAnswerTag.datagram, reply) }
    state.dump = output.dump
    if output.dump == nil { state.enqueue(ControlAnswerTag.barrier) }
    if !output.events.isEmpty { deliver(output.events, engine) }
  }

  private func deliver(_ events: [ControlEvent], _ engine: Engine) {
    for (number, state) in clients {
      var hasSome = false
      for event in events where state.listens(to: event.group) && event.echoedTo != state.client.portID {
        state.enqueueEvent(event.datagram)
        hasSome = true
      }
      if hasSome { settle(state, number, engine) }
    }
  }

  // MARK: Host requests

  private func answer(_ request: [UInt8], _ state: ControlClientState, _ engine: Engine) {
    var json: String
    do {
      let document = try JSONValue(parsing: request)
      guard let name = document["request"]?.string else { throw HostRequestError("no 'request' in it") }
      guard let service = services[name] else { throw HostRequestError("unknown request '\(name)'") }
      guard state.service == nil else { throw HostRequestError("another answer is not over") }
      let answer = try service.answer(document, from: state.client.portID, engine)
      json = answer.json
      if answer.goesOn { state.service = name }
    } catch {
      var text = OutputBuffer()
      text.append(#"{"error":"#)
      text.append(json: "\(error)")
      text.append("}")
      json = text.text
    }
    // A packet has to fit into a socket's buffer; the pieces are one text.
    var octets = Array(json.utf8)[...]
    while !octets.isEmpty {
      state.enqueue(ControlAnswerTag.answer, Array(octets.prefix(ControlLimit.fragment)))
      octets = octets.dropFirst(ControlLimit.fragment)
    }
    state.enqueue(ControlAnswerTag.barrier)
  }
}
