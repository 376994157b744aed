// SPDX-License-Identifier: GPL-3.0-or-later

extension SuiteScenario {
  private static let tcp = "-s 192.0.2.1 -d 198.51.100.1 -p tcp --sport 2000 --dport 80"

  static let create = SuiteScenario(
    name: "create",
    text: """
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ; OK
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ; BAD
      -D \(tcp) ; OK
      -D \(tcp) ; BAD
      -I \(tcp) --state LISTEN ; BAD
      -I \(tcp) -t 600 ; BAD
      -I -s 192.0.2.1 -p tcp --sport 2000 --dport 80 --state LISTEN -t 600 ; BAD
      -I -s 192.0.2.1 -d 198.51.100.1 --sport 2000 --dport 80 --state LISTEN -t 600 ; BAD
      -I -s 192.0.2.1 -d 198.51.100.1 -p tcp --sport 2000 --state LISTEN -t 600 ; BAD
      -I -s 192.0.2.300 -d 198.51.100.1 -p tcp --sport 2000 --dport 80 --state LISTEN -t 600 ; BAD
      -I -s 192.0.2.1 -d 2001:db8::1 -p tcp --sport 2000 --dport 80 --state LISTEN -t 600 ; BAD
      -I \(tcp) --state WRONG -t 600 ; BAD
      -I \(tcp) --state LISTEN -t 600 --icmp-type 8 ; BAD
      -I \(tcp) --state LISTEN -t 600 -u WRONG ; BAD
      -I -r 198.51.100.1 -q 192.0.2.1 -p tcp --reply-port-src 80 --reply-port-dst 2000 --state LISTEN -t 600 ; OK
      -D \(tcp) ; OK
      -I -s 192.0.2.1 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 -m 3 ; OK
      -I -s 192.0.2.1 -d 198.51.100.1 -p udplite --sport 6 --dport 53 -t 600 ; OK
      -I -s 192.0.2.1 -d 198.51.100.1 -p gre --srckey 0x10 --dstkey 0x20 -t 600 ; OK
      -I -s 192.0.2.1 -d 198.51.100.1 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 9 -t 600 ; OK
      -I -s 192.0.2.1 -d 198.51.100.1 -p icmp --icmp-code 0 --icmp-id 9 -t 600 ; BAD
      -I -s 192.0.2.1 -d 198.51.100.1 -p sctp --sport 5 --dport 6 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2 -t 600 ; OK
      -I -s 192.0.2.1 -d 198.51.100.1 -p sctp --sport 7 --dport 6 --state ESTABLISHED --orig-vtag 1 -t 600 ; BAD
      -I -s 192.0.2.1 -d 198.51.100.1 -p 253 -t 600 ; OK
      -I -s 2001:db8::1 -d 2001:db8::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 9 -t 600 ; OK
      -I -s 2001:db8::1 -d 2001:db8::2 -p icmp --icmp-type 8 --icmp-code 0 -t 600 ; BAD
      """)

  static let delete = SuiteScenario(
    name: "delete",
    text: """
      -I \(tcp) --state SYN_SENT -t 600 ; OK
      -D -s 192.0.2.2 ; BAD
      -D -s 192.0.2.1 -d 198.51.100.2 ; BAD
      -D -p udp ; BAD
      -D -p tcp --sport 1 ; BAD
      -D -f ipv6 ; BAD
      -D -w 4 ; BAD
      -D -m 1 ; BAD
      -D -z ; BAD
      -D -c 1 ; BAD
      -D -s 192.0.2.0/24 -p tcp --dport 80 ; OK
      -I \(tcp) --state SYN_SENT -t 600 ; OK
      -D -r 198.51.100.1 -q 192.0.2.1 ; OK
      -I \(tcp) --state SYN_SENT -t 600 -m 17 ; OK
      -D -m 16/16 ; OK
      -I \(tcp) --state SYN_SENT -t 600 ; OK
      -D ; OK
      -D ; BAD
      -F ; OK
      """)

  static let filter = SuiteScenario(
    name: "filter",
    text: """
      -I -s 192.0.2.1 -d 198.51.100.1 -p tcp --sport 1 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 600 ; OK
      -I -s 192.0.2.2 -d 198.51.100.1 -p tcp --sport 2 --dport 80 --state SYN_SENT -t 600 ; OK
      -I -s 192.0.2.130 -d 198.51.100.2 -p udp --sport 3 --dport 53 -t 600 ; OK
      -L -s 192.0.2.0/25 ; OK
      -L -s 192.0.2.0 --mask-src 255.255.255.128 ; OK
      -L -d 198.51.100.0/31 ; OK
      -L -s 192.0.2.0/33 ; BAD
      -L --mask-src 255.255.255.0 ; BAD
      -L -r 198.51.100.0/24 ; BAD
      -L -p tcp --state ESTABLISHED ; OK
      -L -u ASSURED ; OK
      -L -u UNREPLIED ; OK
      -L -u !ASSURED ; OK
      -L -p tcp --dport 80 -u SEEN_REPLY ; OK
      -L -f ipv6 ; OK
      -D -s 192.0.2.0/25 -p tcp ; OK
      -D -s 192.0.2.0/25 -p tcp ; BAD
      -D -d 198.51.100.0/24 ; OK
      """)

  static let nat = SuiteScenario(
    name: "nat", text: translations(["192.0.2.", "198.51.100.", "203.0.113."], ("", "")))
  static let nat6 = SuiteScenario(
    name: "nat6", text: translations(["2001:db8:1::", "2001:db8:2::", "2001:db8:3::"], ("[", "]")))

  /// The same scenario for both families; `brackets` go around an address with a port. A wrong address is left out:
  /// with IPv6, conntrack 1.4.7 passes over it.
  private static func translations(_ nets: [String], _ brackets: (String, String)) -> String {
    func withPort(_ address: String, _ port: Int) -> String { "\(brackets.0)\(address)\(brackets.1):\(port)" }
    let flow = "-s \(nets[0])1 -d \(nets[1])1 -p tcp --sport 10 --dport 20"
    return """
      -I \(flow) --state LISTEN -u SEEN_REPLY -t 600 -n \(nets[2])5 ; OK
      -L -n ; OK
      -L -n \(nets[2])5 ; OK
      -L -g ; OK
      -L -j ; OK
      -L -j \(nets[2])5 ; OK
      -D -g \(nets[2])5 ; BAD
      -D -n \(withPort("\(nets[2])5", 11)) ; BAD
      -D -n \(withPort("\(nets[2])5", 10)) ; BAD
      -D -n \(nets[2])5 ; OK
      -I \(flow) --state LISTEN -t 600 -n \(withPort("\(nets[2])5", 11)) ; OK
      -L -j \(withPort("\(nets[2])5", 11)) ; OK
      -D -n \(withPort("\(nets[2])5", 10)) ; BAD
      -D -n \(withPort("\(nets[2])5", 11)) ; OK
      -I \(flow) --state LISTEN -t 600 -g \(nets[2])5 ; OK
      -D -g ; OK
      -I \(flow) --state LISTEN -t 600 -g \(withPort("\(nets[2])5", 80)) ; OK
      -D -g \(withPort("\(nets[2])5", 81)) ; BAD
      -D -g \(withPort("\(nets[2])5", 80)) ; OK
      -I \(flow) --state LISTEN -t 600 -n \(nets[2])5 -g \(nets[2])6 ; OK
      -D -n \(nets[2])5 -g \(nets[2])6 ; OK
      -I \(flow) --state LISTEN -t 600 -n \(withPort("\(nets[2])5", 99999)) ; BAD
      -I \(flow) --state LISTEN -t 600 -n \(withPort("\(nets[2])5", 0))x ; BAD
      -I \(flow) --state LISTEN -t 600 -j \(nets[2])5 ; BAD
      -L -j -n ; BAD
      -D -j ; BAD
      -L -n wrong ; BAD
      -I \(flow) --state LISTEN -t 600 ; OK
      -D -n ; BAD
      -D \(flow) ; OK
      """
  }

  static let zone = SuiteScenario(
    name: "zone",
    text: """
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 -w 1 ; OK
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 -w 2 ; OK
      -L -w 1 ; OK
      -D -w 1 ; OK
      -D -w 1 ; BAD
      -D -w 2 ; OK
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 --orig-zone 3 ; OK
      -L --orig-zone 3 ; OK
      -D --reply-zone 3 ; BAD
      -D --orig-zone 3 ; OK
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 --reply-zone 4 ; OK
      -D --reply-zone 4 ; OK
      """)

  static let mark = SuiteScenario(
    name: "mark",
    text: """
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 -m 0x12 ; OK
      -L -m 18 ; OK
      -L -m 0x10/0xf0 ; OK
      -D -m 0x22 ; BAD
      -U \(tcp) -m 0x22 ; OK
      -U \(tcp) -m 0x0/0x0 ; BAD
      -U \(tcp) -m 0x1/0xf ; OK
      -L -m 0x21 ; OK
      -U -s 192.0.2.9 -m 1 ; BAD
      -G \(tcp) -m 1 ; BAD
      -D -m 0x21 ; OK
      """)

  static let update = SuiteScenario(
    name: "update",
    text: """
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ; OK
      -U \(tcp) -t 500 ; OK
      -U \(tcp) -t 600 --state ESTABLISHED ; OK
      -U \(tcp) -u ASSURED ; OK
      -U \(tcp) -u ASSURED ; BAD
      -U \(tcp) -w 3 ; BAD
      -U -s 192.0.2.77 -t 9 ; BAD
      -G \(tcp) ; OK
      -G -s 192.0.2.77 -d 198.51.100.1 -p tcp --sport 2000 --dport 80 ; BAD
      """)

  static let standardInput = SuiteScenario(
    name: "stdin",
    text: """
      -I -w 9 \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ;
      -I -w 9 -s 192.0.2.2 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -R - ; OK
      -L -w 9 ; OK
      -I -w 9 -s 192.0.2.3 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -I -w 9 -s 192.0.2.2 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -I -w 9 -s 192.0.2.4 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -R - ; BAD
      -L -w 9 ; OK
      -I -w 9 -s 192.0.2.5 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -I -w 9 -s wrong ;
      -R - ; BAD
      -I -s 192.0.2.6 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ; OK
      -U -s 192.0.2.6 -m 5 ;
      -R - ; OK
      -D -w 9 -s 192.0.2.77 ;
      # a comment ;
      -D -w 9 -p udp -s 192.0.2.3 ;
      -R - ; OK
      -L -m 5 ; OK
      -L -w 9 ;
      -R - ; BAD
      -D -p udp --wrong ;
      -R - ; BAD
      -D -w 9 ;
      -D -w 9 ;
      -R - ; OK
      -R /nowhere ; BAD
      -F ;
      -R - ; OK
      """)

  static let dumpOptions = SuiteScenario(
    name: "dumpopt",
    text: """
      -I -w 10 -s 192.0.2.1 -d 198.51.100.1 -p tcp --sport 1 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 600 ;
      -I -w 10 -s 192.0.2.2 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 -n 203.0.113.5 ;
      -R - ; OK
      -I -w 10 -s 192.0.2.3 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 -g 203.0.113.5:77 ; OK
      -I -w 10 -s 192.0.2.1 -d 198.51.100.1 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 9 -t 600 ; OK
      -I -w 10 -s 192.0.2.1 -d 198.51.100.1 -p gre --srckey 0x10 --dstkey 0x20 -t 600 ; OK
      -I -w 10 -s 192.0.2.1 -d 198.51.100.1 -p 253 -t 600 ; OK
      -I -w 10 -s 2001:db8::1 -d 2001:db8::2 -p tcp --sport 1 --dport 80 --state TIME_WAIT -t 600 ; OK
      -I -w 10 -s 2001:db8::1 -d 2001:db8::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 9 -t 600 ; OK
      -I -w 10 -s 192.0.2.1 -d 198.51.100.1 -p sctp --sport 5 --dport 6 --state COOKIE_ECHOED --orig-vtag 0xfeed --reply-vtag 7 -t 600 ; OK
      -L -w 10 -o save ; OK
      -L -w 10 -o save,xml ; BAD
      -L -w 10 -p tcp -f ipv4 -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 10 -p tcp -f ipv4 -o save ; |s/-w 10/-w 11/g; s/-A/-I/
      -R - ; BAD
      -L -w 10 -p udp -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 10 -p icmp -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 10 -p gre -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 10 -p 253 -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 10 -p sctp -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 10 -f ipv6 -o save ; |s/-w 10/-w 11/g
      -R - ; OK
      -L -w 11 -o extended ; OK
      -L -w 11 -p udp -o save ; |s/-A/-D/; s/-t [0-9]* //
      -R - ; OK
      -L -w 11 -p tcp -o save ; |s/-A/-D/; s/-t [0-9]* //
      -R - ; OK
      -D -w 11 -p icmp -o save ; OK
      -D -w 11 -p icmp -o save ; BAD
      -G -s 192.0.2.1 -d 198.51.100.1 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 9 -o save ; BAD
      -L -o nonsense ; BAD
      -L -z -p tcp ; BAD
      -D -w 10 ; OK
      """)

  static let add = SuiteScenario(
    name: "add",
    text: """
      -A \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ; OK
      -A \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ; OK
      -I \(tcp) --state LISTEN -u SEEN_REPLY -t 600 ; BAD
      -A \(tcp) --state LISTEN ; BAD
      -A -s 192.0.2.1 -p tcp --sport 2000 --dport 80 --state LISTEN -t 600 ; BAD
      -A \(tcp) --state LISTEN -t 600 -o xml ; BAD
      -A -s 192.0.2.2 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -A -s 192.0.2.2 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -A -s 192.0.2.3 -d 198.51.100.1 -p udp --sport 5 --dport 53 -t 600 ;
      -R - ; OK
      -A expect ; BAD
      -D -p udp ; OK
      -D -p tcp ; OK
      """)
}
