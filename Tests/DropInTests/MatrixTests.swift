// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// The table of combinations of conntrack(8): each command with each option, with nothing else and with what the
/// command needs, and each protocol's options likewise.
@Suite(.serialized, .disabled(if: NamespacePair.obstacle != nil, "\(NamespacePair.obstacle ?? "")"))
struct MatrixTests {
  private static let options = [
    "-r 3.3.3.3", "-q 4.4.4.4", "-s 1.1.1.1", "-d 2.2.2.2", "-s 1.0.0.0/8", "-p udp", "-t 9", "-u ASSURED",
    "-z",
    "-e ALL", "--tuple-src 5.5.5.5", "--tuple-dst 6.6.6.6", "--mask-src 255.0.0.0", "--mask-dst 255.0.0.0",
    "-m 3",
    "-n 8.8.8.8", "-g 9.9.9.9", "-j", "-c 2", "-i 77", "-f ipv4", "-o id", "-b 100000", "-w 3",
    "--orig-zone 3",
    "--reply-zone 3", "-a 1.1.1.1",
  ]
  private static let entry = "-s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 2"
  private static let expectation =
    "\(entry) -t 100 --tuple-src 5.5.5.5 --tuple-dst 6.6.6.6 --mask-src 255.0.0.0 --mask-dst 255.0.0.0 "
    + "--tuple-port-src 1 --tuple-port-dst 2 --mask-port-src 1 --mask-port-dst 2"

  /// Commands, alone and with what they need. Help is ours, and has a test of its own.
  private static let commands = [
    "", "-L", "-L dying", "-L unconfirmed", "-L expect", "-G", "-G \(entry)", "-G expect",
    "-G expect \(entry) --reply-port-src 2 --reply-port-dst 1", "-I", "-I \(entry) -t 100", "-A",
    "-A \(entry) -t 100", "-I expect", "-I expect \(expectation)", "-D", "-D expect",
    "-D expect \(entry) --reply-port-src 2 --reply-port-dst 1", "-U", "-F", "-F expect", "-C", "-C expect",
    "-S",
    "-S expect", "-V", "-E", "-E expect",
  ]

  @Test("each command takes the options that conntrack(8) takes", arguments: commands)
  func options(_ command: String) throws {
    let lines = Self.options.compactMap { option -> String? in
      // Without a command 1.4.7 passes over these two and prints its help.
      if command.isEmpty { return option.hasPrefix("-a") || option.hasPrefix("--reply-zone") ? nil : option }
      return "\(command) \(option)"
    }
    CommandLines(lines.joined(separator: "\n")).compare(in: try NamespacePair())
  }

  @Test("two options that are wrong are named in the same order")
  func order() throws {
    let wrong = [
      "-z", "-e ALL", "--tuple-src 5.5.5.5", "--tuple-dst 6.6.6.6", "-i 7", "-c 2", "-b 5", "-j", "-w 3",
      "-f ipv4",
      "--orig-zone 3", "--reply-zone 2", "-o id", "-t 3", "-u ASSURED", "-m 3", "-g 1.1.1.1", "-n",
    ]
    let lines = wrong.flatMap { first in wrong.filter { $0 != first }.map { "-C \(first) \($0)" } }
    CommandLines(lines.joined(separator: "\n")).compare(in: try NamespacePair())
  }

  /// What each protocol needs to create an entry, and what else it knows.
  private static let protocols: [(name: String, addresses: String, base: [String], more: [String])] = {
    let ports = ["--sport 1", "--dport 2"]
    let morePorts = [
      "--reply-port-src 2", "--reply-port-dst 1", "--mask-port-src 1", "--mask-port-dst 1",
      "--tuple-port-src 1",
      "--tuple-port-dst 1", "--orig-port-src 3", "--orig-port-dst 3",
    ]
    let ipv4 = "-s 1.1.1.1 -d 2.2.2.2"
    return [
      ("tcp", ipv4, ports + ["--state ESTABLISHED"], morePorts), ("udp", ipv4, ports, morePorts),
      ("udplite", ipv4, ports, morePorts),
      ("sctp", ipv4, ports + ["--state ESTABLISHED", "--orig-vtag 1", "--reply-vtag 2"], morePorts),
      ("dccp", ipv4, ports + ["--state OPEN", "--role client"], morePorts),
      (
        "gre", ipv4, ["--srckey 1", "--dstkey 2"],
        [
          "--reply-key-src 2", "--reply-key-dst 1", "--mask-key-src 1", "--mask-key-dst 1",
          "--tuple-key-src 1",
          "--tuple-key-dst 1", "--orig-key-src 3", "--orig-key-dst 3",
        ]
      ), ("icmp", ipv4, ["--icmp-type 8", "--icmp-code 0"], ["--icmp-id 5"]),
      ("icmpv6", "-s ::1 -d ::2", ["--icmpv6-type 128", "--icmpv6-code 0"], ["--icmpv6-id 5"]),
      ("99", ipv4, [], ["--sport 1"]),
    ]
  }()

  @Test("each protocol takes, needs and refuses the options that it does in conntrack(8)", arguments: 0..<9)
  func protocolOptions(_ index: Int) throws {
    let (name, addresses, base, more) = Self.protocols[index]
    let expectation =
      "\(addresses) -t 100 --tuple-src 5.5.5.5 --tuple-dst 6.6.6.6 --mask-src 255.0.0.0 --mask-dst 255.0.0.0"
    let commands = [
      "-L", "-U", "-D", "-I \(addresses) -t 100", "-A \(addresses) -t 100", "-G \(addresses)",
      "-I expect \(expectation)", "-D expect \(addresses)", "-G expect \(addresses)", "-C", "",
    ]
    var lines: [String] = []
    for command in commands {
      let start = command.isEmpty ? "-p \(name)" : "\(command) -p \(name)"
      lines.append(start)
      lines.append("\(start) \(base.joined(separator: " "))")
      for option in base + more { lines.append("\(start) \(option)") }
      for option in more {
        // 1.4.7 cannot look up what has reply ports, and says "Success".
        if command.hasPrefix("-G -s"), option.hasPrefix("--reply") { continue }
        lines.append("\(start) \(base.joined(separator: " ")) \(option)")
      }
      for left in base { lines.append("\(start) \(base.filter { $0 != left }.joined(separator: " "))") }
    }
    CommandLines(lines.joined(separator: "\n")).compare(in: try NamespacePair())
  }
}
