// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import TestSupport
import Testing

/// Two namespaces with the engine between them, run by `ftctl --userspace run`.
final class RoutedPair {
  let lan: LiveNamespace
  let wan: LiveNamespace
  let folder = "/tmp/ftctl-run-\(UInt32.random(in: 0...UInt32.max))"
  private(set) var engine: RunningProgram

  var environment: [String: String?] { ["FTCTL_RUN_DIR": folder] }
  var arguments: [String] {
    [
      BuiltProgram.ftctl, "--userspace", "run", "--tap", "lan0@\(lan.name)=192.0.2.1/24,2001:db8:1::1/64",
      "--tap", "wan0@\(wan.name)=198.51.100.1/24,2001:db8:2::1/64",
    ]
  }

  /// - Parameter more: further arguments of `run`.
  /// - Throws: when the engine does not get ready.
  init(_ more: [String] = ["--enable"]) throws {
    lan = try #require(LiveNamespace())
    wan = try #require(LiveNamespace())
    engine = try RunningProgram(["true"])
    try start(more)
  }

  deinit {
    engine.signal(SIGKILL)
    _ = try? engine.result()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Starts the engine, and gives the hosts their addresses.
  func start(_ more: [String]) throws {
    engine = try RunningProgram(arguments + more, environment: environment)
    let engine = engine
    try #require(
      engine.wait(seconds: 60) { engine.errorSoFar.contains("forwards as Linux") }, "\(engine.errorSoFar)")
    for (host, device, net, prefix) in [(lan, "lan0", "192.0.2", "1"), (wan, "wan0", "198.51.100", "2")] {
      let setup = """
        sysctl -qw net.ipv6.conf.\(device).accept_dad=0
        ip addr add \(net).2/24 dev \(device) && ip route add default via \(net).1
        ip -6 addr add 2001:db8:\(prefix)::2/64 dev \(device) nodad && ip -6 route add default via 2001:db8:\(prefix)::1
        """
      #expect(host.run(["sh", "-c", setup]).status == 0)
    }
  }

  func ftctl(_ words: [String]) throws -> ProgramResult {
    try run([BuiltProgram.ftctl, "--userspace"] + words, environment: environment)
  }

  /// What the other end received: SHA-256 and length, from a server in `wan`, of what a client in `lan` sent.
  func transfer(_ address: String, port: Int, octets: Int) throws -> (sent: String, received: String) {
    let server = try RunningProgram(
      wan.command([
        "/usr/bin/python3", "-c", Self.program, "receive", address, "\(port)", "\(octets)",
      ]))
    try #require(server.wait(seconds: 20) { server.outputSoFar.contains("listening") })
    let client = lan.run([
      "/usr/bin/python3", "-c", Self.program, "send", address, "\(port)", "\(octets)",
    ])
    let received = try server.result(within: 60).lines.last.map(String.init) ?? ""
    return (client.lines.last.map(String.init) ?? client.error, received)
  }

  /// Datagrams of growing length go to a server in `wan`, and each comes back with the address that it was seen to come from.
  ///
  /// - Parameters:
  ///   - address: where the server listens.
  ///   - port: its port.
  ///   - times: datagrams.
  ///   - seenAs: the address that the server must have seen; any when nil.
  /// - Returns: what the client complains of; nothing when all came back intact.
  /// - Throws: when the server does not start.
  func converse(_ address: String, port: Int, times: Int, seenAs: String? = nil) throws -> String {
    let words = [address, "\(port)", "\(times)", seenAs ?? ""]
    let server = try RunningProgram(
      wan.command(["/usr/bin/python3", "-c", Self.conversation, "answer"] + words))
    try #require(server.wait(seconds: 20) { server.outputSoFar.contains("listening") })
    let client = lan.run(["/usr/bin/python3", "-c", Self.conversation, "ask"] + words)
    return client.status == 0 ? "" : client.error
  }

  private static let conversation = """
    import random, socket, sys, time
    what, address, seen_as = sys.argv[1], sys.argv[2], sys.argv[5]
    port, times = int(sys.argv[3]), int(sys.argv[4])
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(50)
    if what == 'answer':
        s.bind((address, port))
        print('listening', flush=True)
        for _ in range(times):
            data, peer = s.recvfrom(4000)
            s.sendto(peer[0].encode() + b' ' + data, peer)
    else:
        s.connect((address, port))
        for n in range(times):
            data = random.Random(n).randbytes(1 + n * 1400 // times)
            s.send(data)
            source, answer = s.recv(4000).split(b' ', 1)
            assert answer == data, n
            assert not seen_as or source.decode() == seen_as, source
            time.sleep(0.001)
    """

  /// A file of rules that offload TCP and UDP, count what does not take the fast path, and masquerade.
  static func rules(flags: String = "") throws -> String {
    let path = ScratchFolder.file("rules.nft")
    try """
    table inet r {
      flowtable f { hook ingress priority 0; devices = { lan0, wan0 };\(flags) }
      chain forward {
        type filter hook forward priority 0; policy accept;
        meta l4proto { tcp, udp } flow add @f
        counter
      }
      chain nat {
        type nat hook postrouting priority 100;
        ip saddr 192.0.2.0/24 oifname "wan0" masquerade
      }
    }
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static let program = """
    import hashlib, random, socket, sys
    what, address, port, octets = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    seen = hashlib.sha256()
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(50)
    if what == 'send':
        s.connect((address, port))
        source = random.Random(octets)
        left = octets
        while left:
            block = source.randbytes(min(left, 1 << 16))
            s.sendall(block)
            seen.update(block)
            left -= len(block)
        s.shutdown(socket.SHUT_WR)
        s.recv(1)
    else:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen()
        print('listening', flush=True)
        c, _ = s.accept()
        c.settimeout(50)
        while block := c.recv(1 << 16):
            seen.update(block)
    print(seen.hexdigest())
    """
}

@Suite(
  "run and demo",
  .enabled(if: Machine.lacksForNamespaces == nil, "\(Machine.lacksForNamespaces ?? "")"),
  .enabled(if: FileManager.default.fileExists(atPath: "/dev/net/tun"), "the kernel has no TAP devices"))
struct RunTests {
  @Test("TCP over IPv4 and IPv6 comes through intact, on the fast path")
  func transfers() throws {
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules()])
    for (number, address) in ["198.51.100.2", "2001:db8:2::2"].enumerated() {
      let result = try pair.transfer(address, port: 7000 + number, octets: 3_000_000)
      #expect(result.sent == result.received)
      #expect(result.sent.count == 64)
    }
    let flows = try pair.ftctl(["list", "--proto", "tcp"])
    #expect(flows.status == 0)
    #expect(flows.lines.count == 2)
    let rules = try pair.ftctl(["exec", "--", "nft", "list", "ruleset"])
    // Two handshakes, two closes and what is on its way meanwhile: far less than what carried the data.
    let counted = rules.output.components(separatedBy: "counter packets ").dropFirst().first
    let packets = try #require(counted?.split(separator: " ").first.flatMap { Int($0) })
    #expect((3...60).contains(packets))
  }

  @Test("UDP is forwarded and tagged; the source is translated")
  func datagrams() throws {
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules()])
    let error = try pair.converse("198.51.100.2", port: 7100, times: 20, seenAs: "198.51.100.1")
    #expect(error.isEmpty)
    let flows = try pair.ftctl(["list", "--proto", "udp"]).output
    #expect(flows.contains("[OFFLOAD]"))
    #expect(flows.contains("dst=198.51.100.1 sport=7100"))
  }

  @Test("killed, it can be started again; a second one of the same name is refused; SIGTERM ends it")
  func lives() throws {
    let pair = try RoutedPair()
    let second = try run(
      [BuiltProgram.ftctl, "--userspace", "run", "--tap", "ftctl-second=203.0.113.1/24"],
      environment: pair.environment)
    #expect(second.status == 1)
    #expect(second.errorLines.first?.contains("engine instance 'default' is already running") == true)
    pair.engine.signal(SIGKILL)
    #expect(try pair.engine.result().status == 128 + SIGKILL)
    #expect(pair.lan.run(["ip", "link", "show", "lan0"]).status != 0)
    try pair.start(["--enable"])
    #expect(pair.lan.run(["ping", "-c", "1", "-W", "20", "198.51.100.2"]).status == 0)
    pair.engine.signal(SIGTERM)
    #expect(try pair.engine.result().status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: pair.folder) == [])
  }

  @Test("a device that is deleted is reported; the others go on; SIGHUP makes it again")
  func vanishes() throws {
    let pair = try RoutedPair()
    #expect(pair.wan.run(["ip", "link", "delete", "wan0"]).status == 0)
    let engine = pair.engine
    #expect(engine.wait(seconds: 20) { engine.errorSoFar.contains("device 'wan0' has gone") })
    #expect(pair.lan.run(["ping", "-c", "1", "-W", "20", "192.0.2.1"]).status == 0)
    engine.signal(SIGHUP)
    #expect(engine.wait(seconds: 20) { engine.errorSoFar.contains("read again") })
    #expect(pair.wan.run(["ip", "link", "show", "wan0"]).status == 0)
  }

  @Test(
    "another user is refused, with the socket's mode and without",
    .enabled(if: Machine.has("setpriv"), "needs setpriv"))
  func otherUser() throws {
    let pair = try RoutedPair()
    // The folder of the build is root's alone, perhaps. Not copied by this process, whose other tests start programs: one
    // of them would hold the copy open for writing, and it could not be executed.
    let program = "/tmp/ftctl-other-\(UInt32.random(in: 0...UInt32.max))"
    #expect(try run(["cp", BuiltProgram.ftctl, program]).status == 0)
    defer { try? FileManager.default.removeItem(atPath: program) }
    for mode in ["600", "666"] {
      #expect(try run(["chmod", mode, "\(pair.folder)/default.sock"]).status == 0)
      let list = try run(
        [
          "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "--userspace", "list",
        ],
        environment: pair.environment)
      #expect(list.status == 4, "\(list.error)")
      #expect(list.errorLines.first?.contains("cannot reach the engine 'default'") == true)
      #expect(list.errorLines.last?.contains("its owner and root") == true)
    }
    #expect(try pair.ftctl(["list"]).status == 0)
  }

  @Test("with two queues many connections come through intact, and each device has both queues")
  func queues() throws {
    let pair = try RoutedPair(["--ruleset", try RoutedPair.rules(), "--queues", "2"])
    for device in ["lan0", "wan0"] {
      let host = device == "lan0" ? pair.lan : pair.wan
      let queues = host.run(["ls", "/sys/class/net/\(device)/queues"])
      #expect(queues.output.contains("rx-1") && queues.output.contains("tx-1"))
    }
    for (number, address) in ["198.51.100.2", "2001:db8:2::2", "198.51.100.2", "2001:db8:2::2"].enumerated() {
      let result = try pair.transfer(address, port: 7200 + number, octets: 3_000_000)
      #expect(result.sent == result.received)
      #expect(result.sent.count == 64)
    }
    #expect(try pair.ftctl(["count", "--proto", "tcp"]).output == "4\n")
    #expect(pair.wan.run(["ip", "link", "delete", "wan0"]).status == 0)
    let engine = pair.engine
    #expect(engine.wait(seconds: 20) { engine.errorSoFar.contains("device 'wan0' has gone") })
    engine.signal(SIGTERM)
    #expect(try engine.result().status == 0)
  }

  struct Refusal: Sendable {
    var words: [String]
    var status: Int32

    init(_ words: [String], _ status: Int32) {
      self.words = words
      self.status = status
    }
  }

  @Test(
    "what cannot be run is one line and a status",
    arguments: [
      Refusal(["--tap", "x=300.0.0.1/24"], 2),
      Refusal(["--tap", "x=192.0.2.1/24", "--route", "default=9.9.9.9"], 2),
      Refusal(["--topology", "/nonexistent"], 1), Refusal(["--topology", "/dev/null"], 1),
      Refusal(["--tap", "x@no-such-namespace=192.0.2.1/24"], 1),
      Refusal([], 2), Refusal(["--tap", "x=192.0.2.1/24", "--kernel", "5.4"], 2),
    ])
  func refusals(_ refusal: Refusal) throws {
    let folder = "/tmp/ftctl-run-\(UInt32.random(in: 0...UInt32.max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = try run(
      [BuiltProgram.ftctl, "--userspace", "run"] + refusal.words, environment: ["FTCTL_RUN_DIR": folder])
    #expect(result.status == refusal.status)
    #expect((1...2).contains(result.errorLines.count))
    #expect(result.errorLines.first?.hasPrefix("ftctl: ") == true)
  }

  @Test("the demonstration ends with a flow on the fast path")
  func demonstration() throws {
    let result = try run([BuiltProgram.ftctl, "demo", "--seconds", "1"])
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("intact"))
    #expect(result.lines.contains { $0.hasPrefix("tcp ") && $0.contains(" [OFFLOAD] ") })
    #expect(result.output.contains("flow add @f"))
  }

  @Test("simulated hardware carries flows; list, explain, flowtable list and offload clear show it")
  func hardware() throws {
    let pair = try RoutedPair([
      "--ruleset", try RoutedPair.rules(flags: " flags offload; counter;"), "--hardware", "lan0",
      "--hardware",
      "wan0",
    ])
    let result = try pair.transfer("198.51.100.2", port: 7300, octets: 3_000_000)
    #expect(result.sent == result.received)
    let error = try pair.converse("198.51.100.2", port: 7301, times: 200)
    #expect(error.isEmpty)
    let carried = try pair.ftctl(["list", "--proto", "udp", "--offload", "hardware"])
    #expect(carried.status == 0)
    #expect(carried.output.contains("[HW_OFFLOAD]"))
    let explained = try pair.ftctl(["explain", "--proto", "udp"])
    #expect(explained.output.contains("offloaded to hardware by flowtable f"), "\(explained.output)")
    let listed = try pair.ftctl(["flowtable", "list"])
    #expect(listed.output.contains("flags offload"))
    #expect(listed.lines.count { $0.contains("hardware offload on") } == 2, "\(listed.output)")
    #expect(try pair.ftctl(["offload", "clear", "--proto", "udp"]).status == 0)
    #expect(try pair.ftctl(["list", "--proto", "udp", "--offload", "hardware"]).lines.isEmpty)
  }
}
