// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetfilterClient
import NetlinkWire
import Reporting
import TestSupport
import Testing

@Suite("Save format")
struct SaveFormatTests {
  /// Entries of every kind that conntrack(8) can make, by its own commands.
  static let commands = """
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1000 --dport 80 --state ESTABLISHED -t 29900 -u SEEN_REPLY,ASSURED
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1001 --dport 80 --state LISTEN -t 29900 -u ASSURED,FIXED_TIMEOUT
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1002 --dport 80 --state NONE -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1003 --dport 80 --state SYN_RECV -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1004 --dport 80 --state FIN_WAIT -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1005 --dport 80 --state CLOSE_WAIT -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1006 --dport 80 --state LAST_ACK -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1007 --dport 80 --state TIME_WAIT -t 29900 -m 99
    -I -s 10.1.0.8 -d 10.9.9.9 -p tcp --sport 1000 --dport 80 --state CLOSE -t 29900 -g 7.7.7.7:8080
    -I -s 10.1.0.8 -d 10.9.9.9 -p tcp --sport 1001 --dport 80 --state SYN_SENT -t 29900 -u SEEN_REPLY -n 6.6.6.6
    -I -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1002 --dport 80 -t 29900 -n 10.1.0.8:555
    -I -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1003 --dport 80 -t 29900 -u SEEN_REPLY -n 6.6.6.6 -g 9.9.9.9:99
    -I -s 10.1.0.8 -d 10.9.9.9 -r 9.9.9.8 -q 1.1.1.1 -p udp --sport 3 --dport 4 --reply-port-src 7 --reply-port-dst 8 -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p udplite --sport 1000 --dport 80 -t 29900 -u UNSET
    -I -s 10.1.0.7 -d 10.9.9.9 -p sctp --sport 1 --dport 2 -t 29900 --state COOKIE_WAIT --orig-vtag 17 --reply-vtag 4000000000
    -I -s 10.1.0.7 -d 10.9.9.9 -p dccp --sport 1000 --dport 80 -t 29900 --state OPEN --role client
    -I -s 10.1.0.7 -d 10.9.9.9 -p icmp --icmp-type 13 --icmp-code 3 --icmp-id 77 -t 29900 -n 4.4.4.4
    -I -s fe80::1 -d ::ffff:1.2.3.4 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 77 -t 29900
    -I -s 10.1.0.7 -d 10.9.9.9 -p gre --srckey 17 --dstkey 0x22 -t 29900 -w 7
    -I -s 10.1.0.7 -d 10.9.9.9 -p esp -t 29900 --orig-zone 5
    -I -s 10.1.0.7 -d 10.9.9.9 -p 89 -t 29900 --reply-zone 5
    -I -s 2001:db8::1 -d 2001:db8::2 -p udp --sport 1000 --dport 80 -t 29900 -w 7 -n [2001:db8::10]:55

    """

  private func text(_ entry: ConntrackEntry, _ event: FlowEvent? = nil) -> String {
    var output = OutputBuffer()
    SaveFormat().append(entry, FormatContext(event: event), to: &output)
    return output.text
  }

  private func tcpEntry() -> ConntrackEntry {
    var entry = ConntrackEntry()
    entry.present = [.original, .reply, .status, .timeout, .state, .ports]
    entry.original.layer4 = Layer4Protocol.tcp
    entry.original.source = IPAddress(ipv4: 0x0a01_0007)
    entry.original.destination = IPAddress(ipv4: 0x0a09_0909)
    entry.original.sourcePort = 1000
    entry.original.destinationPort = 80
    entry.reply = entry.original
    swap(&entry.reply.source, &entry.reply.destination)
    swap(&entry.reply.sourcePort, &entry.reply.destinationPort)
    entry.timeoutField = 299
    entry.stateField = 3
    return entry
  }

  @Test("an event chooses the command that repeats it")
  func commandsOfEvents() {
    #expect(text(tcpEntry()).hasPrefix("-A -t 299 -u UNSET -s 10.1.0.7 "))
    #expect(text(tcpEntry(), .new).hasPrefix("-A "))
    #expect(text(tcpEntry(), .update).hasPrefix("-U "))
    #expect(text(tcpEntry(), .destroy).hasPrefix("-D "))
  }

  @Test("an offloaded entry has neither timeout nor state, and a translated address its NAT option")
  func offloaded() {
    var entry = tcpEntry()
    entry.present.subtract([.timeout, .state])
    entry.statusField = ConntrackStatus(rawValue: 0x419e)
    entry.reply.destination = IPAddress(ipv4: 0x0a00_0201)
    // As conntrack 1.4.7 printed it on Linux 7.2.
    #expect(
      text(entry)
        == "-A -u SEEN_REPLY,ASSURED -s 10.1.0.7 -d 10.9.9.9 -r 10.9.9.9 -n 10.0.2.1 -p tcp --sport 1000 --dport 80"
        + " --reply-port-src 80 --reply-port-dst 1000")
    entry.statusField = ConntrackStatus(rawValue: 0x2009)
    #expect(text(entry).hasPrefix("-A -u EXPECTED -s 10.1.0.7 -d 10.9.9.9 -r 10.9.9.9 -q 10.0.2.1 "))
  }

  @Test("the kernel's entries are saved as conntrack saves them", .enabled(if: LiveNamespace.isPossible))
  func live() throws {
    let namespace = try #require(LiveNamespace())
    let loaded = namespace.run(["conntrack", "-R", "-"], input: Self.commands)
    try #require(loaded.status == 0, "\(loaded.error)")
    let expected = namespace.run(["conntrack", "-L", "-o", "save"])
    var output = OutputBuffer()
    try namespace.entered {
      let session = NetlinkSession(try KernelSocket())
      _ = try session.dumpConntrack { entry in
        SaveFormat().append(entry, FormatContext(), to: &output)
        output.append(byte: 0x0a)
        return true
      }
    }
    // The seconds left differ by those between the two dumps.
    func lines(_ text: String) -> [String] {
      text.split(separator: "\n").map { String($0).replacing(#/-t 29[89][0-9][0-9] /#, with: "-t N ") }
        .sorted()
    }
    #expect(Set(lines(output.text)).symmetricDifference(lines(expected.output)) == [])
    #expect(lines(output.text).count == Self.commands.split(separator: "\n").count)
  }
}
