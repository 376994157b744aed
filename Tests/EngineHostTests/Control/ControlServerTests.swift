// SPDX-License-Identifier: GPL-3.0-or-later

import CNetfilter
import FlowEngine
import Glibc
import NetfilterClient
import NetlinkWire
import Testing

@testable import EngineHost

@Suite("The control socket")
struct ControlServerTests {
  private let served: ServedEngine

  init() throws { served = try ServedEngine() }

  private func session() throws -> NetlinkSession {
    NetlinkSession(try EngineSocket(served.instance, netlinkProtocol: NETLINK_NETFILTER))
  }

  /// Makes so many UDP entries from 10.0.0.0/8 on, in the engine's own thread.
  private func fill(_ count: UInt32) {
    served.perform { engine, _ in
      for number in 0..<count {
        var writer = NetlinkWriter()
        let mark = writer.beginMessage(
          NetlinkHeader(
            type: ConntrackMessage.type(ConntrackMessage.new), flags: [.request, .create, .exclusive]),
          NetfilterHeader(family: 2))
        tuple(ConntrackAttribute.originalTuple, 0x0a00_0000 + number, 0xc000_0201, 1000, 53, &writer)
        tuple(ConntrackAttribute.replyTuple, 0xc000_0201, 0x0a00_0000 + number, 53, 1000, &writer)
        writer.attribute(ConntrackAttribute.timeout, UInt32(600))
        writer.endMessage(mark)
        // Safe: the span does not outlive the array.
        _ = unsafe engine.router.control(writer.bytes.span.bytes, from: ControlClient(portID: 1))
      }
      _ = engine.router.takeConntrackEvents()
    }
  }

  @Test("lists, looks up and counts as a kernel does")
  func requests() throws {
    defer { served.stop() }
    fill(3)
    let session = try session()
    var sources: [String] = []
    _ = try session.dumpConntrack { entry in
      sources.append("\(entry.original.source.octets)")
      return true
    }
    #expect(sources.sorted() == ["[10, 0, 0, 0]", "[10, 0, 0, 1]", "[10, 0, 0, 2]"])
    #expect(try session.conntrackFill().entries == 3)
    #expect(try session.rulesetGeneration() == 1)
  }

  @Test("only its owner may connect, and the name is free again after the end")
  func files() throws {
    var status = stat()
    let result = unsafe stat(served.instance.socketPath, &status)
    #expect(result == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(throws: HostError.self) { try ControlServer(served.instance) }
    do {
      _ = try ControlServer(served.instance)
    } catch {
      #expect(error.isAlreadyRunning)
      #expect(error.description == "engine instance 'default' is already running (process \(getpid()))")
    }
    // A socket and a lock file that a killed process left stop nobody.
    let left = try ServedEngine.instance("left")
    unsafe mkdir(left.folder, 0o755)
    let stale = unsafe ftctl_control_listen(left.socketPath)
    close(stale)
    close(unsafe open(left.lockPath, O_CREAT | O_RDWR, 0o600))
    let server = try ControlServer(left)
    #expect(server.descriptor >= 0)
    served.stop()
  }

  @Test("a dump of 50000 entries waits for a client that does not read, in bounded memory")
  func backpressure() throws {
    defer { served.stop() }
    fill(50_000)
    let session = try session()
    let request = ConntrackRequest.dump(KernelFilter(), isZeroingCounters: false, sequence: 77)
    try session.transport.send(request)
    var queued = 0
    for _ in 0..<50 {
      queued = max(queued, served.perform { _, server in server.queuedOctets })
      usleep(2000)
    }
    #expect(served.perform { _, server in server.dumpsUnderWay } == 1)
    #expect(queued < 600_000)
    // Another client is served meanwhile.
    #expect(try self.session().conntrackFill().entries == 50_000)
    var memory = [UInt8](repeating: 0, count: 1 << 16)
    var entries = 0
    var isDone = false
    while !isDone {
      var span = memory.mutableSpan
      var bytes = unsafe span.mutableBytes
      let length = try session.transport.receive(into: &bytes)
      // Safe: the span ends before the array is written again.
      var messages = unsafe NetlinkMessageCursor(memory.span.bytes.extracting(first: length))
      while try messages.advance() {
        if messages.type == NetlinkControlType.done { isDone = true } else { entries += 1 }
      }
    }
    #expect(entries == 50_000)
  }

  @Test("a batch of many fragments is one transaction; one beyond the limit is refused")
  func fragments() throws {
    defer { served.stop() }
    let session = try session()
    func batch(octets: Int) -> [UInt8] {
      var writer = NetlinkWriter()
      func frame(_ type: UInt16) {
        let mark = writer.beginMessage(
          NetlinkHeader(type: type, flags: .request), NetfilterHeader(family: 0, resourceID: 10))
        writer.endMessage(mark)
      }
      frame(NetfilterSubsystem.batchBegin)
      var number = 0
      while writer.bytes.count < octets {
        let mark = writer.beginMessage(
          NetlinkHeader(
            type: NFTables.messageType(NFTables.Message.newTable), flags: [.request, .create],
            sequence: UInt32(number + 1)), NetfilterHeader(family: 1))
        var table = NFTables.Table()
        table.name = "t\(number % 3)"
        table.userData = [UInt8](repeating: 7, count: 256)
        table.encode(into: &writer)
        writer.endMessage(mark)
        number += 1
      }
      frame(NetfilterSubsystem.batchEnd)
      return writer.bytes
    }
    try session.transport.send(batch(octets: 400_000))
    #expect(try session.ruleset().tables.count == 3)
    try session.transport.send([UInt8](repeating: 0, count: ControlLimit.datagram + 1))
    var memory = [UInt8](repeating: 0, count: 4096)
    #expect(throws: NetlinkError("receive an answer", .noBufferSpace)) {
      var span = memory.mutableSpan
      var bytes = unsafe span.mutableBytes
      _ = try session.transport.receive(into: &bytes)
    }
    #expect(try session.ruleset().tables.count == 3)
  }

  @Test("events reach those who joined their group; who is too slow is told once")
  func events() throws {
    defer { served.stop() }
    let quick = try EngineSocket(served.instance, netlinkProtocol: NETLINK_NETFILTER, isBlocking: false)
    let slow = try EngineSocket(served.instance, netlinkProtocol: NETLINK_NETFILTER, isBlocking: false)
    _ = quick.enlargeReceiveBuffer(to: 32 << 20)
    _ = slow.enlargeReceiveBuffer(to: 4096)
    try quick.subscribe(to: ConntrackGroup.new)
    try slow.subscribe(to: ConntrackGroup.new)
    while served.perform({ engine, _ in engine.router.conntrack.isListening }) == false {}
    let maker = try session()
    for number: UInt32 in 0..<5000 {
      var writer = NetlinkWriter()
      let mark = writer.beginMessage(
        NetlinkHeader(
          type: ConntrackMessage.type(ConntrackMessage.new),
          flags: [.request, .create, .exclusive, .acknowledge]),
        NetfilterHeader(family: 2))
      tuple(ConntrackAttribute.originalTuple, 0x0a00_0000 + number, 0xc000_0201, 1000, 53, &writer)
      tuple(ConntrackAttribute.replyTuple, 0xc000_0201, 0x0a00_0000 + number, 53, 1000, &writer)
      writer.attribute(ConntrackAttribute.timeout, UInt32(600))
      writer.endMessage(mark)
      try maker.transport.send(writer.bytes)
      _ = try receive(maker.transport)
    }
    let quickly = drain(quick)
    #expect(quickly.datagrams == 5000)
    #expect(quickly.losses == 0)
    let slowly = drain(slow)
    #expect(slowly.datagrams < 5000)
    #expect(slowly.losses == 1)
  }

  @Test(
    "messages about traced packets reach those who joined their group, and are made only while there are any")
  func ruleMessages() throws {
    defer { served.stop() }
    let scenario = try #require(try RuleMessageTests.scenarios("6.12").first)
    let (batch, frame) = (scenario.batch, scenario.steps[0].frame)
    served.perform { engine, _ in
      _ = RuleMessageTests.furnish(engine)
      // Safe: the span does not outlive the array.
      _ = unsafe engine.loadRules(batch.span.bytes, from: ControlClient(portID: 1))
    }
    func receive(while isHeard: Bool) {
      while served.perform({ engine, _ in engine.router.ruleMessages.isHeard }) != isHeard {}
      served.perform { engine, server in
        // Safe: as above.
        unsafe engine.receive(frame.span.bytes, on: 2, at: engine.router.now)
        server.publish(engine)
      }
    }
    receive(while: false)
    do {
      let socket = try EngineSocket(served.instance, netlinkProtocol: NETLINK_NETFILTER, isBlocking: false)
      try socket.subscribe(to: NFTables.Group.trace)
      receive(while: true)
      #expect(drain(socket).datagrams == scenario.steps[0].messages.count)
    }
    receive(while: false)
    #expect(served.perform { engine, _ in engine.router.ruleMessages.take().isEmpty })
  }

  @Test("who is shown what came of a request is not told it again as a listener")
  func echo() throws {
    defer { served.stop() }
    let socket = try EngineSocket(served.instance, netlinkProtocol: NETLINK_NETFILTER, isBlocking: false)
    try socket.subscribe(to: ConntrackGroup.new)
    while served.perform({ engine, _ in engine.router.conntrack.isListening }) == false {}
    for flags: NetlinkFlags in [[.echo, .acknowledge], [.acknowledge]] {
      var writer = NetlinkWriter()
      let mark = writer.beginMessage(
        NetlinkHeader(
          type: ConntrackMessage.type(ConntrackMessage.new), flags: flags.union([.request, .create])),
        NetfilterHeader(family: 2))
      let port: UInt16 = flags.contains(.echo) ? 1000 : 1001
      tuple(ConntrackAttribute.originalTuple, 0x0a00_0001, 0xc000_0201, port, 53, &writer)
      tuple(ConntrackAttribute.replyTuple, 0xc000_0201, 0x0a00_0001, 53, port, &writer)
      writer.attribute(ConntrackAttribute.timeout, UInt32(600))
      writer.endMessage(mark)
      try socket.send(writer.bytes)
      #expect(drain(socket).datagrams == 2)
    }
  }

  @Test("the host answers in JSON, and says what it does not know")
  func hostRequests() throws {
    defer { served.stop() }
    let socket = try EngineSocket(served.instance, netlinkProtocol: NETLINK_NETFILTER)
    func ask(_ request: String) throws -> String {
      String(decoding: try socket.askHost(request), as: UTF8.self)
    }
    #expect(
      try ask(#"{"request":"instance"}"#) == #"{"instance":"default","pid":\#(getpid()),"kernel":"6.12"}"#)
    #expect(
      try ask(#"{"request":"sysctl","names":["net/netfilter/nf_conntrack_max","no_such"]}"#)
        == #"{"net/netfilter/nf_conntrack_max":262144}"#)
    #expect(try ask(#"{"request":"nothing"}"#) == #"{"error":"unknown request 'nothing'"}"#)
    #expect(try ask("[").contains("it ends too early"))
  }

  @Test("packets that mean nothing end their connection and nothing else")
  func hostilePackets() throws {
    defer { served.stop() }
    var random = SystemRandomNumberGenerator()
    for round in 0..<200 {
      let descriptor = unsafe ftctl_control_connect(served.instance.socketPath)
      #expect(descriptor >= 0)
      defer { close(descriptor) }
      if round % 2 == 0 {
        let open: [UInt8] = [12]
        _ = unsafe ftctl_control_send(descriptor, ControlRequestTag.open, open, 1)
      }
      for _ in 0..<4 {
        let tags = Array("sMFborqXD".utf8)
        let content = (0..<Int.random(in: 0...64, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
        guard let tag = tags.randomElement(using: &random) else { continue }
        _ = unsafe ftctl_control_send(descriptor, tag, content, content.count)
      }
    }
    #expect(try session().conntrackFill().entries == 0)
  }

  private func receive(_ transport: any NetlinkTransport) throws -> Int {
    var memory = [UInt8](repeating: 0, count: 1 << 16)
    var span = memory.mutableSpan
    var bytes = unsafe span.mutableBytes
    return try transport.receive(into: &bytes)
  }

  /// Receives until nothing more comes.
  private func drain(_ socket: EngineSocket) -> (datagrams: Int, losses: Int) {
    var datagrams = 0
    var losses = 0
    var idle = 0
    while idle < 100 {
      do {
        _ = try receive(socket)
        datagrams += 1
        idle = 0
      } catch let error as NetlinkError where error.number == .noBufferSpace {
        losses += 1
      } catch {
        idle += 1
        usleep(1000)
      }
    }
    return (datagrams, losses)
  }
}

/// A UDP tuple as an attribute.
private func tuple(
  _ type: UInt16, _ source: UInt32, _ destination: UInt32, _ sourcePort: UInt16, _ destinationPort: UInt16,
  _ writer: inout NetlinkWriter
) {
  let tuple = writer.beginNest(type)
  let addresses = writer.beginNest(ConntrackAttribute.Tuple.addresses)
  writer.attribute(ConntrackAttribute.Address.ipv4Source, source)
  writer.attribute(ConntrackAttribute.Address.ipv4Destination, destination)
  writer.endNest(addresses)
  let layer4 = writer.beginNest(ConntrackAttribute.Tuple.layer4)
  writer.attribute(ConntrackAttribute.Layer4.number, Layer4Protocol.udp)
  writer.attribute(ConntrackAttribute.Layer4.sourcePort, sourcePort)
  writer.attribute(ConntrackAttribute.Layer4.destinationPort, destinationPort)
  writer.endNest(layer4)
  writer.endNest(tuple)
}
