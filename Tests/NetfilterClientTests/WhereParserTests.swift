// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import TestSupport
import Testing

private func host(_ number: UInt32) -> ClosedRange<IPAddress> {
  IPAddress(ipv4: number)...IPAddress(ipv4: number)
}

private func test(_ test: FlowTest) -> FlowPredicate { .test(test) }

private let ten = IPAddress(ipv4: 0x0a00_0000)...IPAddress(ipv4: 0x0aff_ffff)
private let tcp = test(.layer4(6))
private let udp = test(.layer4(17))
private let ipv4 = test(.family(.ipv4))

@Suite("The language of --where")
struct WhereParserTests {
  let parser = WhereParser(labelNames: ConntrackLabelMap(text: "3 a\n4 and\n"))

  @Test("the documented example")
  func example() throws {
    let expected = FlowPredicate.all([
      tcp, .any([test(.port(.destination, 80...80)), test(.port(.destination, 443...443))]),
      .not(test(.offload(.any))), test(.address(.source, ten)),
    ])
    #expect(
      try parser.parse("tcp and dport in {80,443} and not offload and src in 10.0.0.0/8") == expected)
    #expect(
      try parser.parse("TCP && dport = { https , 80 } || !(offload) AND src 10.0.0.0/8")
        == .any([
          .all([tcp, .any([test(.port(.destination, 443...443)), test(.port(.destination, 80...80))])]),
          .all([.not(test(.offload(.any))), test(.address(.source, ten))]),
        ]))
  }

  @Test(
    "and binds closer than or, not closer than and",
    arguments: [
      ("tcp or udp and ipv4", FlowPredicate.any([tcp, .all([udp, ipv4])])),
      ("tcp and udp or ipv4", .any([.all([tcp, udp]), ipv4])),
      ("tcp and (udp or ipv4)", .all([tcp, .any([udp, ipv4])])),
      ("not tcp and udp", .all([.not(tcp), udp])),
      ("not (tcp and udp)", .not(.all([tcp, udp]))),
      ("not not tcp", tcp),
      ("!tcp", .not(tcp)),
      ("((tcp))", tcp),
    ])
  func precedence(text: String, expected: FlowPredicate) throws {
    #expect(try parser.parse(text) == expected)
  }

  @Test(
    "words that are conditions",
    arguments: [
      ("icmpv6", test(.layer4(58))), ("udplite", test(.layer4(136))), ("esp", test(.layer4(50))),
      ("ipv6", test(.family(.ipv6))),
      ("assured", test(.status(.assured))), ("unreplied", .not(test(.status(.seenReply)))),
      ("replied", test(.status(.seenReply))), ("seen_reply", test(.status(.seenReply))),
      ("offload", test(.offload(.any))), ("hardware", test(.offload(.hardware))),
      ("hw-offload", test(.offload(.hardware))), ("software", test(.offload(.software))),
      ("nat", test(.translation(.any))), ("snat", test(.translation(.source))),
      ("dnat", test(.translation(.destination))), ("fixed-timeout", test(.status(.fixedTimeout))),
      ("FIXED_TIMEOUT", test(.status(.fixedTimeout))), ("dying", test(.status(.dying))),
    ])
  func words(text: String, expected: FlowPredicate) throws {
    #expect(try parser.parse(text) == expected)
  }

  @Test(
    "fields with operators",
    arguments: [
      ("dst = 192.0.2.1", test(.address(.destination, host(0xc000_0201)))),
      ("reply-src == 192.0.2.1", test(.address(.replySource, host(0xc000_0201)))),
      ("reply_dst != 192.0.2.1", .not(test(.address(.replyDestination, host(0xc000_0201))))),
      (
        "addr in 10.0.0.0/8",
        .any([test(.address(.source, ten)), test(.address(.destination, ten))])
      ),
      ("port 80", .any([test(.port(.source, 80...80)), test(.port(.destination, 80...80))])),
      ("sport<1024", test(.port(.source, 0...1023))),
      ("dport>=1024", test(.port(.destination, 1024...65535))),
      ("reply-sport in 1-9", test(.port(.replySource, 1...9))),
      (
        "reply-dport not in {1-9, 20}",
        .not(.any([test(.port(.replyDestination, 1...9)), test(.port(.replyDestination, 20...20))]))
      ),
      ("dport !in {1-9}", .not(test(.port(.destination, 1...9)))),
      ("proto in {tcp, 17}", .any([tcp, udp])),
      ("proto != tcp", .not(tcp)),
      ("family = ipv4", ipv4),
      ("mark = 0x10/0xf0", test(.mark(value: 0x10, mask: 0xf0))),
      ("mark 5", test(.mark(value: 5, mask: .max))),
      ("mark >= 0x80000000", test(.mark(value: 0x8000_0000, mask: 0x8000_0000))),
      ("mark in 4-7", test(.mark(value: 4, mask: .max << 2))),
      ("zone > 0", test(.zone(.both, 1...65535))),
      ("orig-zone 7", test(.zone(.original, 7))),
      ("reply-zone in 7-9", test(.zone(.reply, 7...9))),
      ("label = a", test(.labels(ConntrackLabels(low: 8, high: 0)))),
      ("label \"and\"", test(.labels(ConntrackLabels(low: 16, high: 0)))),
      ("label in {65}", test(.labels(ConntrackLabels(low: 0, high: 2)))),
      ("state = established", test(.state("ESTABLISHED"))),
      ("state in {syn_sent,LISTEN}", .any([test(.state("SYN_SENT")), test(.state("SYN_SENT2"))])),
      ("status = assured", test(.status(.assured))),
      ("status = !assured", .not(test(.status(.assured)))),
      ("status = helper", test(.status(.helper))),
      ("timeout < 1m", test(.quantity(.timeout, 0...59))),
      ("age > 1h30m", test(.quantity(.age, 5401...UInt64.max))),
      ("bytes >= 10M", test(.quantity(.bytes, 10_000_000...UInt64.max))),
      ("packets <= 1Ki", test(.quantity(.packets, 0...1024))),
      ("bytes in 1k-2k", test(.quantity(.bytes, 1000...2000))),
      ("id = 0xffffffff", test(.quantity(.id, 0xffff_ffff...0xffff_ffff))),
      ("use > 1", test(.quantity(.use, 2...0xffff_ffff))),
      ("helper = ftp", test(.helper("ftp"))),
      ("helper = 'ftp 2'", test(.helper("ftp 2"))),
      ("icmp-type 8", test(.quantity(.icmpType, 8...8))),
      ("icmp-code < 255", test(.quantity(.icmpCode, 0...254))),
      ("icmp-id = 65535", test(.quantity(.icmpID, 65535...65535))),
      ("offload = none", test(.offload(.none))),
      ("snat = 192.0.2.1:80", test(.translated(.source, host(0xc000_0201), 80...80))),
      ("dnat in 10.0.0.0/8", test(.translated(.destination, ten, nil))),
      ("nat :443", test(.translated(.any, nil, 443...443))),
      ("flowtable = f", test(.carried(.flowtable(family: nil, table: nil, name: "f")))),
      ("flowtable = inet/x/f", test(.carried(.flowtable(family: "inet", table: "x", name: "f")))),
      ("flowtable = \"inet x f\"", test(.carried(.flowtable(family: "inet", table: "x", name: "f")))),
      ("device eth0", test(.carried(.device("eth0")))),
    ])
  func fields(text: String, expected: FlowPredicate) throws {
    #expect(try parser.parse(text) == expected)
  }

  @Test(
    "an error says the column, the word and what was expected",
    arguments: [
      ("", "column 1: expected a condition such as 'tcp' or 'dport = 443', not the end"),
      ("tcp and", "column 8: expected a condition such as 'tcp' or 'dport = 443', not the end"),
      ("tcp udp", "column 5: expected 'and', 'or' or the end, not 'udp'"),
      ("(tcp", "column 1: this '(' is not closed"),
      ("(tcp udp)", "column 6: expected 'and', 'or' or ')', not 'udp'"),
      ("tcp)", "column 4: this ')' closes nothing"),
      (
        "dport",
        "column 6: 'dport' needs an operator and a value: expected a port, a service or a range "
          + "FIRST-LAST, not the end"
      ),
      ("dport =", "column 8: expected a port, a service or a range FIRST-LAST after 'dport', not the end"),
      ("dport in {80,443", "column 17: expected ',' or '}' in the set, not the end"),
      ("dport in {}", "column 11: expected a port, a service or a range FIRST-LAST after 'dport', not '}'"),
      (
        "dport in {80,}", "column 14: expected a port, a service or a range FIRST-LAST after 'dport', not '}'"
      ),
      ("dport = 90-80", "column 9: bad port range '90-80': the first port is higher than the last"),
      ("dport > 80-90", "column 9: expected one value, not the range '80-90'"),
      ("dport > 65535", "column 9: no dport is higher than 65535"),
      ("bytes < 0", "column 9: no bytes is lower than 0"),
      ("dport < {80}", "column 9: '<' compares with one value, not with a set"),
      ("src < 10.0.0.1", "column 5: 'src' has no order: '=', '!=' and 'in' apply, not '<'"),
      ("tcp = 6", "column 5: 'tcp' is a condition of its own: '=' cannot follow it"),
      ("tcp & udp", "column 5: expected '&&', not a single '&'"),
      ("label 'x", "column 7: the quotation that begins here does not end"),
      ("asured", "column 1: unknown word 'asured'; did you mean 'assured'?"),
      ("established", "column 1: 'established' is a state: write 'state = ESTABLISHED'"),
      (
        "xyzzyxyzzy",
        "column 1: unknown word 'xyzzyxyzzy': expected a protocol, a status or a field such as src, "
          + "dport, state, mark, bytes"
      ),
      ("\"tcp\"", "column 1: expected a condition such as 'tcp' or 'dport = 443', not 'tcp'"),
      ("dport ! 80", "column 7: expected an operator (=, !=, <, <=, >, >=, in) after 'dport', not 'not'"),
      ("mark < 1/3", "column 8: a mask and an order do not go together: give '=' or no mask"),
      ("icmp-type = 256", "column 13: bad icmp-type '256': 255 is the highest"),
      (
        "ünïcode and src = 10.0.0.300",
        "column 1: unknown word 'ünïcode': expected a protocol, a status or a field "
          + "such as src, dport, state, mark, bytes"
      ),
      (
        "tcp\u{1b}[31m",
        "column 1: unknown word 'tcp?[31m': expected a protocol, a status or a field such as src, "
          + "dport, state, mark, bytes"
      ),
    ])
  func errors(text: String, expected: String) {
    #expect(message { () throws(SelectionError) in try parser.parse(text) } == expected)
  }

  @Test("parentheses may nest 64 deep and no deeper")
  func depth() throws {
    func nested(_ count: Int) -> String {
      String(repeating: "(", count: count) + "tcp" + String(repeating: ")", count: count)
    }
    #expect(try parser.parse(nested(64)) == tcp)
    #expect(
      message { () throws(SelectionError) in try parser.parse(nested(65)) }
        == "column 65: parentheses nest deeper than 64")
    #expect(
      message { () throws(SelectionError) in try parser.parse(String(repeating: "(", count: 1_000_000)) }
        == "column 65: parentheses nest deeper than 64")
    #expect(try parser.parse(String(repeating: "not ", count: 100_000) + "tcp") == tcp)
  }

  @Test("any mixture of words and signs is read or refused in one line")
  func hostileInput() {
    var random = SeededGenerator(seed: 0x5eed)
    let pieces =
      [
        "(", ")", "{", "}", ",", "!", "=", "<", ">", "&&", "||", "and", "or", "not", "in", "'", "\"", "-",
        "/", ":",
      ]
      + ["[", "]", "0", "1", "65536", "10.0.0.0/8", "::", "1h", "k", "\u{0}", "\n", "é"]
      + WhereParser.vocabulary
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &random)]
      }.joined(separator: Bool.random(using: &random) ? " " : "")
      do throws(SelectionError) {
        _ = FlowMatcher(try parser.parse(text))
      } catch {
        #expect(error.message.hasPrefix("column "))
        #expect(!error.message.contains("\n"))
      }
    }
  }

  @Test("a range of marks is the union of its parts and nothing more")
  func markRanges() {
    var random = SeededGenerator(seed: 0xa11)
    for _ in 0..<500 {
      let shift = UInt32.random(in: 0..<32, using: &random)
      let first = UInt32.random(in: 0...(.max >> shift), using: &random)
      let last = UInt32.random(in: first...max(first, .max >> shift), using: &random)
      var tests: [(UInt32, UInt32)] = []
      FlowPredicate.marks(first...last).forEachTest {
        if case .mark(let value, let mask) = $0 { tests.append((value, mask)) }
      }
      #expect(!tests.isEmpty && tests.count <= 62)
      let samples = [
        first, last, first &- 1, last &+ 1, 0, .max, UInt32.random(in: first...last, using: &random),
      ]
      for mark in samples {
        #expect(
          tests.contains { mark & $0.1 == $0.0 } == (first...last).contains(mark), "\(first)-\(last) \(mark)")
      }
    }
  }
}
