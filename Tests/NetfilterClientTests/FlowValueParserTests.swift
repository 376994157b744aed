// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Testing

private func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress {
  IPAddress(ipv4: a << 24 | b << 16 | c << 8 | d)
}

private func v6(_ high: UInt64, _ low: UInt64) -> IPAddress { IPAddress(high: high, low: low, family: .ipv6) }

/// The message of the error that `body` throws, or what it returned.
func message<Value>(of body: () throws(SelectionError) -> Value) -> String {
  do throws(SelectionError) {
    return "no error but \(try body())"
  } catch {
    return error.message
  }
}

@Suite("Values of selections")
struct FlowValueParserTests {
  let parser = FlowValueParser(labelNames: ConntrackLabelMap(text: "1 eth0-in\n2 eth0-out\n127 last\n"))

  @Test(
    "addresses are single ones, networks, netmasks and ranges",
    arguments: [
      ("192.0.2.1", v4(192, 0, 2, 1)...v4(192, 0, 2, 1)),
      ("10.1.2.3/8", v4(10, 0, 0, 0)...v4(10, 255, 255, 255)),
      ("10.1.2.3/255.255.0.0", v4(10, 1, 0, 0)...v4(10, 1, 255, 255)),
      ("10.1.2.3/0", v4(0, 0, 0, 0)...v4(255, 255, 255, 255)),
      ("10.1.2.3/0.0.0.0", v4(0, 0, 0, 0)...v4(255, 255, 255, 255)),
      ("10.1.2.3/32", v4(10, 1, 2, 3)...v4(10, 1, 2, 3)),
      ("10.1.2.3/255.255.255.255", v4(10, 1, 2, 3)...v4(10, 1, 2, 3)),
      ("10.0.0.1-10.0.0.9", v4(10, 0, 0, 1)...v4(10, 0, 0, 9)),
      ("::1", v6(0, 1)...v6(0, 1)),
      ("2001:db8::/32", v6(0x2001_0db8 << 32, 0)...v6(0x2001_0db8_ffff_ffff, .max)),
      ("2001:db8::5/64", v6(0x2001_0db8 << 32, 0)...v6(0x2001_0db8 << 32, .max)),
      ("2001:db8::/96", v6(0x2001_0db8 << 32, 0)...v6(0x2001_0db8 << 32, 0xffff_ffff)),
      ("::/0", v6(0, 0)...v6(.max, .max)),
      ("::5/128", v6(0, 5)...v6(0, 5)),
      ("2001:db8::1-2001:db8::ff", v6(0x2001_0db8 << 32, 1)...v6(0x2001_0db8 << 32, 0xff)),
    ])
  func addresses(text: String, range: ClosedRange<IPAddress>) throws {
    #expect(try parser.addresses(text) == range)
  }

  @Test(
    "a bad address says what is allowed",
    arguments: [
      ("300.1.1.1", "bad address '300.1.1.1': it is neither IPv4 nor IPv6 in numbers"),
      ("", "bad address '': it is neither IPv4 nor IPv6 in numbers"),
      ("10.0.0.1/33", "bad prefix length in '10.0.0.1/33': 0 to 32 are allowed"),
      ("::1/129", "bad prefix length in '::1/129': 0 to 128 are allowed"),
      ("10.0.0.1/", "bad prefix in '10.0.0.1/': behind the slash stands a length of 0 to 32 or a netmask"),
      ("::1/::", "bad prefix in '::1/::': behind the slash stands a length of 0 to 128"),
      (
        "10.0.0.1/255.0.255.0",
        "bad netmask in '10.0.0.1/255.0.255.0': its one bits must stand together in front"
      ),
      (
        "10.0.0.1/0.0.0.255", "bad netmask in '10.0.0.1/0.0.0.255': its one bits must stand together in front"
      ),
      (
        "10.0.0.9-10.0.0.1",
        "bad address range '10.0.0.9-10.0.0.1': the first address is higher than the last"
      ),
      ("10.0.0.9-::1", "bad address range '10.0.0.9-::1': its ends are of different families"),
      ("10.0.0.1\u{0}x", "bad address '10.0.0.1?x': it is neither IPv4 nor IPv6 in numbers"),
    ])
  func badAddresses(text: String, expected: String) {
    #expect(message { () throws(SelectionError) in try parser.addresses(text) } == expected)
  }

  @Test(
    "addresses are written as they are read",
    arguments: ["192.0.2.1", "::", "::1", "2001:db8::ff", "fe80::1:0:0:1"])
  func addressText(text: String) throws {
    #expect(SystemNames.text(of: try parser.address(text)) == text)
  }

  @Test(
    "ports are numbers, ranges and services",
    arguments: [
      ("0", 0...0), ("65535", 65535...65535), ("80-90", 80...90), ("https", 443...443),
      ("ssh-http", 22...80), ("22-https", 22...443),
    ] as [(String, ClosedRange<UInt16>)])
  func ports(text: String, range: ClosedRange<UInt16>) throws {
    #expect(try parser.ports(text) == range)
  }

  @Test(
    "a bad port says what is allowed",
    arguments: [
      ("90-80", "bad port range '90-80': the first port is higher than the last"),
      ("70000", "bad port '70000': ports are 0 to 65535"),
      ("99999999999999999999999", "bad port '99999999999999999999999': ports are 0 to 65535"),
      ("80-", "bad port range '80-': it is FIRST-LAST, each 0 to 65535"),
      ("-80", "bad port range '-80': it is FIRST-LAST, each 0 to 65535"),
      ("1-70000", "bad port range '1-70000': it is FIRST-LAST, each 0 to 65535"),
      ("+80", "unknown port '+80': neither 0 to 65535 nor a service that /etc/services names"),
      ("", "unknown port '': neither 0 to 65535 nor a service that /etc/services names"),
      ("no-such", "unknown port 'no-such': neither 0 to 65535 nor a service that /etc/services names"),
    ])
  func badPorts(text: String, expected: String) {
    #expect(message { () throws(SelectionError) in try parser.ports(text) } == expected)
  }

  @Test(
    "protocols are names of conntrack, of the system, and numbers",
    arguments: [
      ("tcp", 6), ("UDP", 17), ("udplite", 136), ("icmpv6", 58), ("ipv6-icmp", 58), ("esp", 50), ("0", 0),
      ("255", 255),
    ] as [(String, UInt8)])
  func protocols(text: String, number: UInt8) throws {
    #expect(try parser.layer4(text) == number)
  }

  @Test("a bad protocol says what is allowed")
  func badProtocols() {
    #expect(
      message { () throws(SelectionError) in try parser.layer4("256") }
        == "bad protocol '256': numbers are 0 to 255")
    #expect(
      message { () throws(SelectionError) in try parser.layer4("tpc") }
        == "unknown protocol 'tpc': did you mean 'tcp'?"
        || message { () throws(SelectionError) in try parser.layer4("tcpp") }
          == "unknown protocol 'tcpp': did you mean 'tcp'?"
    )
    #expect(
      message { () throws(SelectionError) in try parser.layer4("quiche-over-x") }
        == "unknown protocol 'quiche-over-x': tcp, udp, icmp, icmpv6, gre, sctp, dccp, udplite, "
        + "a name of /etc/protocols or 0 to 255")
  }

  @Test(
    "marks are decimal, hexadecimal and octal, with and without mask",
    arguments: [
      ("10", 10, UInt32.max), ("0x10", 16, .max), ("010", 8, .max), ("0", 0, .max),
      ("0x10/0xff", 16, 255), ("0xffffffff", .max, .max), ("0/0", 0, 0),
    ] as [(String, UInt32, UInt32)])
  func marks(text: String, value: UInt32, mask: UInt32) throws {
    let read = try parser.mark(text)
    #expect(read.value == value)
    #expect(read.mask == mask)
  }

  @Test(
    "a bad mark says what is allowed",
    arguments: [
      ("0x100000000", "bad mark '0x100000000': it is VALUE or VALUE/MASK, each 0 to 0xffffffff"),
      ("08", "bad mark '08': it is VALUE or VALUE/MASK, each 0 to 0xffffffff"),
      ("0x-1", "bad mark '0x-1': it is VALUE or VALUE/MASK, each 0 to 0xffffffff"),
      ("1/", "bad mark '1/': it is VALUE or VALUE/MASK, each 0 to 0xffffffff"),
      ("1/2/3", "bad mark '1/2/3': it is VALUE or VALUE/MASK, each 0 to 0xffffffff"),
      ("3/2", "bad mark '3/2': the value has bits that the mask takes away"),
    ])
  func badMarks(text: String, expected: String) {
    #expect(message { () throws(SelectionError) in try parser.mark(text) } == expected)
  }

  @Test("labels go by name and by bit")
  func labels() throws {
    #expect(try parser.label("eth0-out") == 2)
    #expect(try parser.label("127") == 127)
    #expect(try parser.labels("eth0-in,66") == ConntrackLabels(low: 2, high: 4))
    #expect(
      message { () throws(SelectionError) in try parser.label("128") } == "bad label '128': bits are 0 to 127"
    )
    #expect(
      message { () throws(SelectionError) in try parser.label("eth0-inn") }
        == "unknown label 'eth0-inn': neither 0 to 127 nor a name of /etc/xtables/connlabel.conf; "
        + "did you mean 'eth0-in'?")
  }

  @Test("zones are numbers and ranges")
  func zones() throws {
    #expect(try parser.zones("7") == 7...7)
    #expect(try parser.zones("1-65535") == 1...65535)
    #expect(
      message { () throws(SelectionError) in try parser.zones("65536") }
        == "bad zone '65536': zones are 0 to 65535")
    #expect(
      message { () throws(SelectionError) in try parser.zones("9-1") }
        == "bad zone range '9-1': the first zone is higher than the last")
  }

  @Test(
    "states are conntrack's words in any case",
    arguments: [
      ("ESTABLISHED", "ESTABLISHED"), ("syn_sent", "SYN_SENT"), ("Time-Wait", "TIME_WAIT"),
      ("listen", "SYN_SENT2"), ("timewait", "TIMEWAIT"), ("cookie_echoed", "COOKIE_ECHOED"),
    ])
  func states(text: String, name: String) throws {
    #expect(try parser.state(text) == name)
  }

  @Test("an unknown state is told with its likely spelling")
  func badState() {
    #expect(
      message { () throws(SelectionError) in try parser.states("SYN_SENT,ESTABLISHT") }
        == "unknown state 'ESTABLISHT': did you mean 'ESTABLISHED'?")
    let all = message { () throws(SelectionError) in try parser.state("whatever") }
    #expect(all.hasPrefix("unknown state 'whatever': NONE, SYN_SENT, SYN_RECV, ESTABLISHED, "))
  }

  @Test(
    "status words are required, or ruled out with an exclamation mark",
    arguments: [
      ("ASSURED", StatusSelection(required: .assured)),
      ("assured,!offload", StatusSelection(required: .assured, forbidden: .offload)),
      ("UNREPLIED", StatusSelection(forbidden: .seenReply)),
      ("!UNREPLIED", StatusSelection(required: .seenReply)),
      ("fixed-timeout,HW_OFFLOAD", StatusSelection(required: [.fixedTimeout, .hardwareOffload])),
      ("assu", StatusSelection(required: .assured)),
      ("SRC_NAT", StatusSelection(required: .sourceNAT)),
    ])
  func status(text: String, selection: StatusSelection) throws {
    #expect(try parser.status(text) == selection)
  }

  @Test(
    "a bad status says what is allowed",
    arguments: [
      ("SEEN_REPLI", "unknown status 'SEEN_REPLI': did you mean 'SEEN_REPLY'?"),
      ("ASSURED,!ASSURED", "bad status 'ASSURED,!ASSURED': ASSURED is both wanted and ruled out"),
      ("UNREPLIED,REPLIED", "bad status 'UNREPLIED,REPLIED': SEEN_REPLY is both wanted and ruled out"),
    ])
  func badStatus(text: String, expected: String) {
    #expect(message { () throws(SelectionError) in try parser.status(text) } == expected)
  }

  @Test(
    "durations count seconds and units",
    arguments: [
      ("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("1w", 604_800),
      ("0", 0), ("18446744073709551615", .max),
    ] as [(String, UInt64)])
  func durations(text: String, seconds: UInt64) throws {
    #expect(try parser.duration(text) == seconds)
  }

  @Test(
    "a bad duration is refused",
    arguments: [
      "", "h", "1h30", "1y", "-1", "1.5h", "99999999999999999999", "18446744073709551615m", "1h 3m",
    ])
  func badDurations(text: String) {
    #expect(
      message { () throws(SelectionError) in try parser.duration(text) }
        == "bad duration '\(text)': it is seconds, or numbers with s, m, h, d, w such as 1h30m")
  }

  @Test(
    "sizes know powers of 1000 and of 1024",
    arguments: [
      ("0", 0), ("1500", 1500), ("10k", 10_000), ("10K", 10_000), ("3M", 3_000_000), ("2G", 2_000_000_000),
      ("1Ki", 1024), ("1Mi", 1 << 20), ("4Gi", 4 << 30), ("1T", 1_000_000_000_000), ("2Ti", 2 << 40),
    ] as [(String, UInt64)])
  func sizes(text: String, size: UInt64) throws {
    #expect(try parser.size(text) == size)
  }

  @Test("a bad size is refused", arguments: ["", "k", "1.5M", "10X", "-1", "99999999999G", "1 k", "１k"])
  func badSizes(text: String) {
    #expect(
      message { () throws(SelectionError) in try parser.size(text) }
        == "bad size '\(text)': it is a number, with k, M, G, T (1000) or Ki, Mi, Gi, Ti (1024)")
  }

  @Test("translations have an address, a port, or both")
  func translations() throws {
    let host = v4(192, 0, 2, 1)
    let plain = try parser.translation("192.0.2.1")
    #expect(plain.addresses == host...host && plain.ports == nil)
    let both = try parser.translation("192.0.2.1:80-90")
    #expect(both.addresses == host...host && both.ports == 80...90)
    let port = try parser.translation(":80")
    #expect(port.addresses == nil && port.ports == 80...80)
    let six = try parser.translation("[::1]:443")
    #expect(six.addresses == v6(0, 1)...v6(0, 1) && six.ports == 443...443)
    let bare = try parser.translation("::1")
    #expect(bare.addresses == v6(0, 1)...v6(0, 1) && bare.ports == nil)
    let bracketed = try parser.translation("[::]")
    #expect(bracketed.addresses == v6(0, 0)...v6(0, 0) && bracketed.ports == nil)
    #expect(
      message { () throws(SelectionError) in try parser.translation("[::1") }
        == "bad address '[::1': the bracket is not closed")
    #expect(
      message { () throws(SelectionError) in try parser.translation("[::1]80") }
        == "bad address '[::1]80': behind the bracket only :PORT may follow")
  }

  @Test("flowtables have one name or three words")
  func flowtables() throws {
    #expect(try parser.flowtable(["f"]) == .flowtable(family: nil, table: nil, name: "f"))
    #expect(try parser.flowtable(["inet", "x", "f"]) == .flowtable(family: "inet", table: "x", name: "f"))
    #expect(
      message { () throws(SelectionError) in try parser.flowtable(["x", "f"]) }
        == "bad flowtable 'x f': it is NAME or FAMILY TABLE NAME")
    #expect(
      message { () throws(SelectionError) in try parser.flowtable(["arp", "x", "f"]) }
        == "bad family 'arp' of a flowtable: flowtables are in inet, ip or ip6")
  }
}
