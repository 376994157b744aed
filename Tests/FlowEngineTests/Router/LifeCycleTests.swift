// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import PacketWire
import Testing

/// How flows end, and what conntrack is left with.
@Suite("life cycle")
struct LifeCycleTests {
  @Test(
    "FT-090, FT-091, FT-092 on 7.2 a FIN or RST is fast and the flow stays",
    arguments: [TCPFlags([.fin, .ack]), .rst])
  func closeFast(flags: TCPFlags) {
    let scene = Scene(.linux72).handshake()
    #expect(scene.send(.client, flags) == .fast)
    #expect(scene.isOffloaded)
    #expect(scene.send(.server, .ack) == .fast)
  }

  @Test(
    "R-FIN on 6.12 a FIN leaves the fast path and conntrack sees it",
    arguments: [KernelGeneration.linux61, .linux612])
  func closeClassic(kernel: KernelGeneration) {
    let scene = Scene(kernel).handshake()
    #expect(scene.send(.client, [.fin, .ack]) == .classic)
    #expect(!scene.isOffloaded)
    #expect(scene.entry?.tcp.state == .finWait)
    #expect(scene.send(.server, .ack) == .classic)
    #expect(!scene.isOffloaded)
  }

  @Test("FT-093 on 7.2 a SYN after a FIN tears the flow down and starts a new connection")
  func reopen() {
    let scene = Scene(.linux72).handshake()
    scene.send(.client, [.fin, .ack])
    #expect(scene.send(.client, .syn, [], Oddity(sequence: 90_000)) == .classic)
    #expect(!scene.isOffloaded)
    #expect(scene.entry?.tcp.state == .synSent)
  }

  @Test("FT-094 on 7.2 a SYN-ACK after a RST tears down: CLOSE, ten seconds")
  func synAckAfterReset() {
    let scene = Scene(.linux72).handshake()
    scene.send(.client, .rst)
    #expect(scene.send(.server, [.syn, .ack], [], Oddity(sequence: 7)) == .classic)
    #expect(scene.entry?.tcp.state == .close)
    #expect(scene.secondsLeft == 10)
  }

  @Test("FT-095 a SYN on a living flow is fast and changes nothing", arguments: FlowCreationTests.kernels)
  func synOnLiving(kernel: KernelGeneration) {
    let scene = Scene(kernel).handshake()
    #expect(scene.send(.client, .syn, [], Oddity(sequence: 1)) == .fast)
    #expect(scene.entry?.tcp.state == .established)
    #expect(scene.isOffloaded)
  }

  @Test("FT-096 on 7.2 a closed idle flow leaves CLOSE with ten seconds, then nothing")
  func closedIdle() {
    let scene = Scene(.linux72).handshake()
    scene.send(.client, [.fin, .ack])
    scene.wait(31.5)
    #expect(scene.entry?.tcp.state == .close)
    #expect(scene.secondsLeft <= 10)
    scene.wait(11)
    #expect(scene.entry == nil)
  }

  @Test("FT-097 and FT-098 an out-of-window segment is fast, and is accepted after the flow ended")
  func outOfWindow() {
    let scene = Scene(.linux72).handshake()
    #expect(scene.send(.client, .ack, [1], Oddity(sequence: 50_000_000)) == .fast)
    scene.router.setMTU(scene.wan, 1400)
    #expect(scene.send(.client, .ack, [1], Oddity(sequence: 90_000_000)) == .classic)
    #expect(scene.isOffloaded)
  }

  @Test("FT-100 link down: the flow is gone at once, the entry keeps its time")
  func linkDown() {
    let new = Scene(.linux72).handshake()
    new.router.setLink(new.wan, up: false)
    #expect(new.router.flows.count == 0)
    #expect(new.secondsLeft == 86_400)
    #expect(new.entry?.tcp.state == .established)
    let old = Scene(.linux612).handshake()
    old.router.setLink(old.wan, up: false)
    #expect(old.secondsLeft == 431_970)
  }

  @Test("FT-101 link down under UDP: the stream's time when replied, the short one when not")
  func linkDownDatagrams() {
    let replied = Scene(.linux72).exchange()
    replied.router.setLink(replied.wan, up: false)
    #expect(replied.secondsLeft == 120)
    let silent = Scene(.linux72)
    silent.proto = IPProtocol.udp
    silent.send(.client, [], [1])
    silent.send(.client, [], [2])
    silent.router.setLink(silent.wan, up: false)
    #expect(silent.secondsLeft == 30)
    let old = Scene(.linux612).exchange()
    old.router.setLink(old.wan, up: false)
    #expect(old.secondsLeft == 90)
  }

  @Test("FT-102 link down under a closed flow on 7.2: CLOSE, ten seconds")
  func linkDownClosing() {
    let scene = Scene(.linux72).handshake()
    scene.send(.client, [.fin, .ack])
    scene.router.setLink(scene.wan, up: false)
    #expect(scene.entry?.tcp.state == .close)
    #expect(scene.secondsLeft == 10)
  }

  @Test("FT-103 expiry subtracts the flowtable's time", arguments: FlowCreationTests.kernels)
  func expiry(kernel: KernelGeneration) {
    let scene = Scene(kernel)
    scene.router.conntrack.settings.flowtableUDPTimeout = 4
    scene.exchange()
    scene.wait(5.5)
    #expect(!scene.isOffloaded)
    #expect(scene.router.flows.count == 0)
    #expect((114...116).contains(scene.secondsLeft))
  }

  @Test("FT-104 an unreplied flow whose times are equal disappears with its flow")
  func expiryToZero() {
    let scene = Scene(.linux72)
    scene.router.conntrack.settings.flowtableUDPTimeout = 3
    scene.router.conntrack.settings.udpTimeout = 3
    scene.proto = IPProtocol.udp
    scene.send(.client, [], [1])
    scene.send(.client, [], [2])
    #expect(scene.isOffloaded)
    scene.wait(4.5)
    #expect(scene.entry == nil)
  }

  @Test("FT-105 a shorter sysctl for the state is what a link down leaves")
  func shorterState() {
    let scene = Scene(.linux72).handshake()
    _ = scene.router.conntrack.settings.set("net.netfilter.nf_conntrack_tcp_timeout_established", to: 600)
    scene.router.setLink(scene.wan, up: false)
    #expect(scene.secondsLeft == 600)
  }

  @Test(
    "FT-106 and FT-107 a deleted entry comes back as picked up, and is offloaded again",
    arguments: FlowCreationTests.kernels)
  func deleted(kernel: KernelGeneration) {
    let scene = Scene(kernel).handshake()
    scene.router.deleteEntries { _ in true }
    #expect(scene.send(.client, .ack, [1]) == .classic)
    #expect(!scene.isOffloaded)
    #expect(scene.secondsLeft == 300)
    #expect(scene.entry?.status.contains(.seenReply) == false)
    #expect(scene.send(.server, .ack, [1]) == .classic)
    #expect(scene.send(.client, .ack, [1]) == .classic)
    #expect(scene.isOffloaded)
    #expect(scene.router.flows.count == 2)
    scene.wait(1.5)
    #expect(scene.router.flows.count == 1)
    #expect(scene.send(.client, .ack, [1]) == .fast)
  }

  @Test("FT-111 on 7.2 a GRE entry whose time was lowered vanishes; on 6.12 it stays")
  func greTimeout() {
    for (kernel, stays) in [(KernelGeneration.linux72, false), (.linux612, true)] {
      let scene = Scene(kernel, rules: RecordedBatch.everything)
      scene.proto = IPProtocol.gre
      scene.send(.client, [], [1, 2])
      scene.send(.client, [], [1, 2])
      #expect(scene.send(.client, [], [1, 2], Oddity(options: [1, 1, 1, 0])) == .classic)
      scene.wait(2.5)
      #expect((scene.entry != nil) == stays)
    }
  }

  @Test("FT-112 a GRE flow that is torn down leaves its entry the day")
  func greTeardown() {
    let scene = Scene(.linux72, rules: RecordedBatch.everything)
    scene.proto = IPProtocol.gre
    scene.send(.client, [], [1, 2])
    scene.send(.client, [], [1, 2])
    scene.router.setLink(scene.wan, up: false)
    #expect(scene.secondsLeft == 86_400)
  }

  @Test("FT-115 teardown reports nothing; the event of the creating packet shows the flow")
  func events() throws {
    let scene = Scene(.linux72)
    scene.router.conntrack.isListening = true
    scene.handshake()
    let last = try #require(scene.router.conntrack.events.last)
    #expect(last.kind == .update)
    #expect(last.entry.status.contains([.offload, .assured]))
    #expect(last.entry.remaining(last.time) / Instant.second == 86_400)
    let count = scene.router.conntrack.events.count
    scene.router.setLink(scene.wan, up: false)
    #expect(scene.router.conntrack.events.count == count)
    scene.router.deleteEntries { _ in true }
    #expect(scene.router.conntrack.events.last?.kind == .destroy)
  }

  @Test("FT-116 traffic keeps a flow, silence ends it after its time", arguments: FlowCreationTests.kernels)
  func refresh(kernel: KernelGeneration) {
    let scene = Scene(kernel).exchange()
    for _ in 0..<80 {
      scene.wait(0.5)
      #expect(scene.send(.client, [], [1]) == .fast)
    }
    scene.wait(28)
    #expect(scene.isOffloaded)
    scene.wait(3)
    #expect(!scene.isOffloaded)
  }

  @Test("FT-119b on 7.2 a RST with options on a flow ends both ten seconds later, however busy")
  func resetWithOptions() {
    let scene = Scene(.linux72).handshake()
    #expect(scene.send(.client, .rst, [], Oddity(options: [1, 1, 1, 0])) == .classic)
    #expect(scene.isOffloaded)
    for _ in 0..<11 {
      scene.wait(1)
      scene.send(.client, .ack)
    }
    #expect(scene.entry?.status.contains(.seenReply) != true)
  }

  @Test("FT-119c on 7.2 a short time set on an offloaded entry is a day again after one collection")
  func shortenedTime() {
    let scene = Scene(.linux72).handshake()
    scene.router.forEachEntry { slot in
      scene.router.conntrack[slot].deadline = scene.router.now.adding(seconds: 50).nanoseconds
    }
    scene.wait(1.5)
    #expect(scene.secondsLeft > 86_000)
  }

  @Test(
    "FT-120 an IPv4 route that is added sends the next packet the classic way, which makes the flow anew",
    arguments: FlowCreationTests.kernels)
  func routeAdded(kernel: KernelGeneration) {
    let scene = Scene(kernel).handshake()
    scene.router.addRoute(.ipv4, RouteEntry(Address(ipv4: 0x0a06_0000), 16, .unicast, device: scene.wan))
    #expect(scene.send(.client, .ack) == .classic)
    #expect(scene.isOffloaded)
    #expect(scene.send(.client, .ack) == .fast)
  }

  @Test("FT-121 deleting a route that was never used has no effect")
  func unusedRoute() {
    let scene = Scene()
    scene.router.addRoute(.ipv4, RouteEntry(Address(ipv4: 0x0a06_0000), 16, .unicast, device: scene.wan))
    scene.handshake()
    scene.router.removeRoute(.ipv4, Address(ipv4: 0x0a06_0000), 16, device: scene.wan)
    #expect(scene.send(.client, .ack) == .fast)
  }

  @Test(
    "FT-122 an address that is added sends the next packet the classic way",
    arguments: [IPFamily.ipv4, .ipv6])
  func addressAdded(family: IPFamily) {
    let scene = Scene()
    scene.family = family
    scene.handshake()
    let address = family == .ipv4 ? Address(ipv4: 0x0a09_0001) : Address(high: 0xfd09_0000_0000_0000, low: 1)
    scene.router.addAddress(scene.wan, DeviceAddress(family: family, address: address, prefixLength: 24))
    #expect(scene.send(.client, .ack) == .classic)
  }

  @Test("FT-123 an IPv6 route elsewhere has no effect, one inside the flow's prefix has")
  func ipv6Routes() {
    let scene = Scene()
    scene.family = .ipv6
    scene.handshake()
    let elsewhere = RouteEntry(Address(high: 0xfd77_0000_0000_0000, low: 0), 64, .unicast, device: scene.wan)
    scene.router.addRoute(.ipv6, elsewhere)
    #expect(scene.send(.client, .ack) == .fast)
    let inside = RouteEntry(
      Address(high: Scene.server6.high, low: 0x7777_0000_0000), 96, .unicast, device: scene.wan)
    scene.router.addRoute(.ipv6, inside)
    #expect(scene.send(.client, .ack) == .classic)
  }

  @Test("FT-125 on 7.2 a deleted neighbour makes frames to no address; on 6.12 it is asked for again")
  func neighbourDeleted() throws {
    let new = Scene(.linux72).handshake()
    new.router.removeNeighbour(NeighbourKey(device: new.wan, family: .ipv4, address: Scene.server4))
    #expect(new.send(.client, .ack) == .fast)
    #expect(EthernetHeader.read(try #require(new.sent.first).bytes)?.destination == .zero)
    let old = Scene(.linux612).handshake()
    old.router.removeNeighbour(NeighbourKey(device: old.wan, family: .ipv4, address: Scene.server4))
    old.send(.client, .ack)
    #expect(EthernetHeader.read(try #require(old.sent.first).bytes)?.type == EtherType.arp)
    let waiting = old.frame(.client, .ack, [])
    old.router.setNeighbour(
      NeighbourKey(device: old.wan, family: .ipv4, address: Scene.server4), Scene.serverMAC)
    let released = try #require(old.engine.takeSent().first).bytes
    #expect(released[22] == waiting[22] - 1)
  }

  @Test("FT-126 on 7.2 a failed neighbour's last address is used")
  func neighbourFailed() throws {
    let scene = Scene(.linux72).handshake()
    let key = NeighbourKey(device: scene.wan, family: .ipv4, address: Scene.server4)
    scene.router.setNeighbour(key, Scene.serverMAC, state: .failed)
    #expect(scene.send(.client, .ack) == .fast)
    #expect(EthernetHeader.read(try #require(scene.sent.first).bytes)?.destination == Scene.serverMAC)
  }

  @Test("R-TD-ZERO on 6.12 a stale route replaces the entry of an unreplied flow")
  func staleUnreplied() throws {
    let scene = Scene(.linux612)
    scene.proto = IPProtocol.udp
    scene.send(.client, [], [1])
    scene.send(.client, [], [2])
    let before = try #require(scene.entry).id
    scene.router.addRoute(.ipv4, RouteEntry(Address(ipv4: 0x0a06_0000), 16, .unicast, device: scene.wan))
    #expect(scene.send(.client, [], [3]) == .classic)
    #expect(!scene.isOffloaded)
    #expect(try #require(scene.entry).id != before)
    #expect(scene.send(.client, [], [4]) == .classic)
    #expect(scene.isOffloaded)
  }

  @Test("no packet and no entry is left behind by a full life", arguments: FlowCreationTests.kernels)
  func nothingLeaks(kernel: KernelGeneration) {
    let scene = Scene(kernel, rules: RecordedBatch.masquerading)
    scene.seenClient = Address(ipv4: 0xc633_6401)
    for port in 0..<200 {
      scene.clientPort = 1024 + UInt16(port)
      scene.handshake()
      scene.send(.client, [.fin, .ack])
      scene.send(.server, [.fin, .ack])
      scene.send(.client, .ack)
    }
    scene.wait(600)
    #expect(scene.router.conntrack.count == 0)
    #expect(scene.router.conntrack.entries.count == 0)
    #expect(scene.router.flows.count == 0)
    #expect(scene.router.flows.index.count == 0)
  }

  @Test("of the fragments that wait for a neighbour in vain, the first alone is answered")
  func unresolvedFragments() {
    let scene = Scene(.linux72, mtu: 1000)
    scene.router.removeNeighbour(
      NeighbourKey(device: scene.wan, family: .ipv4, address: Scene.server4))
    scene.proto = IPProtocol.udp
    let fragmentable = Oddity { bytes in
      bytes.store(be16: 0, at: 20)
      bytes.store(be16: 0, at: 24)
      bytes.store(be16: Checksum.compute(Array(bytes[14..<34]).raw), at: 24)
    }
    scene.send(.client, [], [UInt8](repeating: 1, count: 1400), fragmentable)
    #expect(scene.sent.map(\.device) == [scene.wan])
    scene.wait(4)
    let errors = scene.sent.filter { $0.device == scene.lan }
    #expect(errors.count == 1)
    #expect(errors.first.map { $0.bytes.be16(14 + 28 + 6) } == IPv4View.moreFragments)
  }
}
