// SPDX-License-Identifier: GPL-3.0-or-later
import TestSupport
import Testing

@Suite("add", .serialized, .enabled(if: Lab.isPossible, "needs root, conntrack(8) and network namespaces"))
struct AddTests {
  @Test(
    "the same options give the same entry as conntrack -I",
    arguments: [
      "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 100",
      "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 100 --state ESTABLISHED -u SEEN_REPLY,ASSURED -m 0x10",
      "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 100 --state TIME_WAIT -n 192.0.2.1",
      "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 100 --state SYN_SENT -g 192.0.2.1:8080",
      "-p tcp -s 2001:db8::1 -d 2001:db8::2 --sport 1 --dport 2 -t 100 --state CLOSE -w 7",
      "-p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 77 -t 100",
      "-p icmpv6 -s 2001:db8::1 -d 2001:db8::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 7 -t 100",
      "-p gre -s 10.0.0.1 -d 10.0.0.2 --srckey 17 --dstkey 34 -t 100",
      "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 100 --orig-zone 4",
      "-p udp -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.3 -q 10.0.0.1 --sport 1 --dport 2 --reply-port-src 3 "
        + "--reply-port-dst 1 -t 100",
      "-p 50 -s 10.0.0.1 -d 10.0.0.2 -t 100",
    ])
  func likeConntrack(options: String) throws {
    let lab = try Lab()
    let original = lab.conntrack("-I \(options)")
    #expect(original.status == 0, "\(original.error)")
    let expected = lab.table()
    #expect(expected.count == 1)
    lab.conntrack("-F")
    let words = options.split(separator: " ").map(String.init)
    let added = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "add"] + words)
    #expect(added.status == 0, "\(added.error)")
    #expect(added.error == "ftctl: 1 flow entries have been added.\n")
    #expect(lab.table() == expected)
    let again = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "add"] + words)
    #expect(again.status == 1)
    #expect(again.error.hasPrefix("ftctl: cannot create a conntrack entry: File exists (EEXIST)\nhint: "))
  }

  @Test(
    "wrong usage is one line and status 2",
    arguments: [
      ("-p udp", "add needs --src, --dst, --timeout"),
      ("-p tcp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 9", "add needs --state"),
      ("-p udp -s 1.1.1.1 -d 2.2.2.2 -t 9", "add: no source and destination port"),
      ("-p udp -s 1.1.1.1 -d ::1 --sport 1 --dport 2 -t 9", "add: addresses of different families"),
      ("-p udp -s 1.1.1.1/24 -d 2.2.2.2 --sport 1 --dport 2 -t 9", "--src: bad address"),
      ("-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 9 -m 1/zz", "--mark: bad mark '1/zz'"),
      (
        "-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 9 -l nonsense",
        "--label: unknown label 'nonsense'"
      ),
      ("-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1-5 --dport 2 -t 9", "--sport: one port, not a range"),
      ("-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 9 -w 1 --orig-zone 2", "add: one zone at a time"),
      (
        "-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 9 -u ASSURED,OFFLOAD",
        "--status: OFFLOAD cannot be set"
      ),
      ("-p udp -s 1.1.1.1 -d 2.2.2.2 --sport 1 --dport 2 -t 9 -u SNAT", "--status: SRC_NAT cannot be set"),
      ("-p icmp -s 1.1.1.1 -d 2.2.2.2 -t 9", "add: no ICMP type and code"),
      ("-p udp --from -", "--proto does not go with --from"),
      ("--skip-existing", "--skip-existing needs --from"),
    ])
  func wrongUsage(options: String, message: String) throws {
    let lab = try Lab()
    let words = options.split(separator: " ").map(String.init)
    let result = try Lab.run([Lab.ftctlPath, "--netns", lab.name, "add"] + words)
    #expect(result.status == 2)
    #expect(result.error.hasPrefix("ftctl: \(message)"), "\(result.error)")
    #expect(lab.conntrack("-C").output == "0\n")
  }

  @Test("an unknown helper is told with a hint")
  func unknownHelper() throws {
    let lab = try Lab()
    let result = try lab.ftctl(
      "add", "-p", "udp", "-s", "1.1.1.1", "-d", "2.2.2.2", "--sport", "1", "--dport", "2", "-t", "9",
      "--helper",
      "nonsense")
    #expect(result.status == 5)
    #expect(
      result.error.contains("(EOPNOTSUPP)\nhint: the kernel has no helper 'nonsense' for this protocol"))
    #expect(lab.conntrack("-C").output == "0\n")
  }
}
