// SPDX-License-Identifier: GPL-3.0-or-later
import TestSupport

/// Command lines of conntrack(8) put together at random: the same ones for the same seed.
///
/// Left out is what 1.4.7 is known to do wrong (``CommandLines/differences``): a mark before a status, several words
/// of a status that select, keys of GRE that select, changes of more than one entry at once, translations that select
/// by IPv6 or ICMP, attached values of options whose value is optional, `-F -f`, and two protocols in one line.
struct CommandLineGenerator {
  /// One option: its name with its dashes, and what follows it.
  private struct Part {
    var names: [String]
    var value: String?

    init(_ names: String..., value: String?) {
      self.names = names
      self.value = value
    }
  }

  private var random: SeededGenerator
  /// How often a value is a wrong or an odd one, of 100.
  private let oddity: Int

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    oddity = [0, 0, 3, 10, 30][Int(seed % 5)]
  }

  // MARK: Values

  private static let addresses = [
    [
      "10.1.0.7", "10.1.0.8", "10.1.0.9", "10.1.0.10", "10.1.0.11", "10.1.0.12", "10.1.0.13", "10.9.9.9",
      "10.9.9.8",
    ], ["2001:db8::1", "2001:db8::2", "2001:db8::3"],
  ]
  private static let oddAddresses = [
    "", "1", "1.2.3", "0x0a010007", "010.1.0.7", "300.1.1.1", "10.1.0.7x", "10.1.0.7 ", "::ffff:10.1.0.7",
    "fe80::1%lo", "foo", "1:2", "0.0.0.0", "::", "2001:DB8::1", "[::1]", "10.1.0.7:80", "!10.1.0.7",
    "10.1.0.7,10.1.0.8", "10.1.0.7/32/1", "/24",
  ]
  private static let prefixes = [
    "/0", "/8", "/24", "/29", "/31", "/32", "/33", "/64", "/127", "/128", "/129", "/-1", "/+8", "/ 8", "/08",
    "/0x8", "/x", "/255.255.255.0", "/99999999999",
  ]
  private static let oddNumbers = [
    "", "0", "1", "-1", "5", "0x5", "08", "010", "0xffffffff", "4294967296", "99999999999999999999",
    "-99999999999999999999", "abc", "5abc", " 5", "+5", "65536", "70000", "256", "0x", "5/", "/5",
  ]
  private static let protocols = ["tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "gre", "99"]
  private static let oddProtocols = [
    "6", "17", "1", "58", "0", "255", "256", "-1", "TCP", "Udp", "foo", "", "esp", "icmp6", "ipv6-icmp",
    "0x6",
    "006", "6x", " 6", "unknown", "tc", "igmp", "ICMP",
  ]
  private static let statuses = [
    "ASSURED", "SEEN_REPLY", "UNSET", "FIXED_TIMEOUT", "EXPECTED", "OFFLOAD", "HW_OFFLOAD", "UNREPLIED",
    "SRC_NAT",
  ]
  private static let outputs = [
    "xml", "extended", "timestamp", "id", "ktimestamp", "userspace", "save",
  ]

  private mutating func address(_ family: Int, hasPrefix: Bool) -> String {
    if random.chance(oddity) { return random.pick(Self.oddAddresses) }
    let address = random.pick(Self.addresses[random.chance(3) ? 1 - family : family])
    return hasPrefix && random.chance(25) ? address + random.pick(Self.prefixes) : address
  }

  private mutating func number(_ usual: [String]) -> String {
    random.pick(random.chance(oddity) ? Self.oddNumbers : usual)
  }

  /// A list of `names`: cut short, in another case, wrong.
  private mutating func list(of names: [String], count: Int) -> String {
    let words = (0..<count).map { _ in
      var word = random.pick(names)
      if random.chance(25) { word = String(word.prefix(Int.random(in: 1...word.count, using: &random))) }
      if random.chance(25) { word = word.lowercased() }
      return random.chance(5) ? random.pick(["", "FOO", "x", "ALLX", " ASSURED", "-"]) : word
    }
    return words.joined(separator: ",")
  }

  // MARK: Options

  private mutating func part(_ letter: Character, _ family: Int) -> Part {
    switch letter {
    case "s": Part("-s", "--src", "--orig-src", value: address(family, hasPrefix: true))
    case "d": Part("-d", "--dst", "--orig-dst", value: address(family, hasPrefix: true))
    case "r": Part("-r", "--reply-src", value: address(family, hasPrefix: random.chance(5)))
    case "q": Part("-q", "--reply-dst", value: address(family, hasPrefix: random.chance(5)))
    case "f":
      Part(
        "-f", "--family",
        value: random.pick(random.chance(oddity) ? ["IPv4", "ip", "", "ipv46"] : ["ipv4", "ipv6"]))
    case "t": Part("-t", "--timeout", value: number(["600", "100"]))
    case "u": Part("-u", "--status", value: list(of: Self.statuses, count: 1))
    case "m":
      Part(
        "-m", "--mark",
        value: number(["0", "5", "0x15", "7"]) + (random.chance(30) ? "/" + number(["0xff", "1", "0"]) : ""))
    case "c": Part("-c", "--secmark", value: number(["0", "5"]))
    case "i": Part("-i", "--id", value: number(["5", "0"]))
    case "w": Part("-w", "--zone", value: number(["0", "7", "3"]))
    case "O": Part("--orig-zone", value: number(["0", "4"]))
    case "R": Part("--reply-zone", value: number(["0", "5"]))
    case "o": Part("-o", "--output", value: list(of: Self.outputs, count: random.pick([1, 1, 2])))
    case "e": Part("-e", "--event-mask", value: list(of: ["ALL", "NEW", "UPDATES", "DESTROY"], count: 2))
    case "b": Part("-b", "--buffer-size", value: number(["100000"]))
    case "a": Part("-a", "--nat-range", value: address(family, hasPrefix: false))
    case "z": Part("-z", "--zero", value: nil)
    case "M":
      Part(
        "--mask-src", value: family == 0 ? random.pick(["255.255.255.0", "255.0.255.0", "foo"]) : "ffff::")
    case "N": Part("--mask-dst", value: family == 0 ? random.pick(["255.255.255.255", "0.0.0.0"]) : "ffff::")
    case "T": Part("--tuple-src", value: address(family, hasPrefix: false))
    case "D": Part("--tuple-dst", value: address(family, hasPrefix: false))
    default: Part("-l", "--label", value: "")
    }
  }

  /// Letters of the options that go with a command.
  private static let fitting: [Character: String] = [
    "L": "sdrqfuzMNmcowOR", "D": "sdrqfuMNmiowOR", "I": "rquwOR", "A": "rquwOR", "G": "io", "U": "tmifo",
    "E": "",
    "F": "", "C": "", "S": "", "V": "",
  ]
  private static let names: [Character: String] = [
    "L": "dump", "D": "delete", "I": "create", "A": "add", "G": "get", "U": "update", "E": "event",
    "F": "flush",
    "C": "counter", "S": "stats", "V": "version",
  ]

  /// What describes a flow that is to be created.
  private mutating func flow(_ layer4: String, _ family: Int) -> [Part] {
    var parts = [
      Part("-s", "--src", value: random.pick(Self.addresses[family])),
      Part("-d", "--dst", value: random.pick(Self.addresses[family])),
    ]
    if random.chance(10) { parts += [part("r", family), part("q", family)] }
    func ports(_ names: String...) -> [Part] { names.map { Part("--" + $0, value: nil) } }
    var more: [Part] = []
    switch layer4 {
    case "tcp", "udp", "udplite", "sctp", "dccp":
      more = ports("sport", "dport")
      if random.chance(10) { more += ports("reply-port-src", "reply-port-dst") }
    case "gre": more = ports("srckey", "dstkey")
    case "icmp", "icmpv6":
      more = ports("\(layer4)-type", "\(layer4)-code") + (random.chance(50) ? ports("\(layer4)-id") : [])
    default: break
    }
    for index in more.indices {
      let usual =
        more[index].names[0].hasSuffix("type") ? ["8", "13", "128", "3"] : ["0", "1", "80", "1000", "1001"]
      more[index].value = number(usual)
    }
    parts += more
    if layer4 == "tcp" {
      parts.append(Part("--state", value: random.pick(["ESTABLISHED", "LISTEN", "CLOSE", "FOO"])))
    }
    if layer4 == "dccp" {
      parts += [
        Part("--state", value: random.pick(["OPEN", "FOO"])),
        Part("--role", value: random.pick(["client", "Se", "foo"])),
      ]
    }
    if layer4 == "sctp" {
      parts += [
        Part("--state", value: "ESTABLISHED"), Part("--orig-vtag", value: number(["10"])),
        Part("--reply-vtag", value: number(["11"])),
      ]
    }
    return parts
  }

  /// The options of a line; `layer4` is among them where it is not nil.
  private mutating func options(_ command: Character, _ layer4: inout String?, _ family: Int) -> [Part] {
    var parts: [Part] = []
    let fitting = Array(Self.fitting[command] ?? "")
    switch command {
    case "I", "A":
      layer4 = random.pick(Self.protocols)
      parts = flow(layer4 ?? "", layer4 == "icmpv6" ? 1 : layer4 == "icmp" ? 0 : family) + [part("t", family)]
      if random.chance(15) { parts.append(part(random.pick(fitting), family)) }
      if random.chance(15) {
        parts.append(
          Part(
            random.pick(["-n", "-g"]), value: "7.7.7.\(random.pick([1, 2, 3])):\(random.pick([0, 80, 900]))"))
      }
      if random.chance(15) { parts.append(part("m", family)) }
      if random.chance(10) { parts.remove(at: Int.random(in: 0..<parts.count, using: &random)) }
    case "G", "U":
      // One entry, wholly described.
      layer4 = "tcp"
      let ports = [Part("--sport", value: random.chance(90) ? "1000" : "9"), Part("--dport", value: "80")]
      parts = [Part("-s", "--src", value: "10.1.0.7"), Part("-d", "--dst", value: "10.9.9.9")] + ports
      for _ in 0..<random.pick([0, 1, 1, 2]) { parts.append(part(random.pick(fitting), 0)) }
      if command == "U", random.chance(20) {
        parts.append(Part("--state", value: random.pick(["CLOSE", "ESTABLISHED", "x"])))
      }
    default:
      if !fitting.isEmpty {
        for _ in 0..<random.pick([0, 1, 1, 2, 3]) { parts.append(part(random.pick(fitting), family)) }
      }
      if command == "L" || command == "D", random.chance(30) {
        layer4 = random.pick(random.chance(oddity) ? Self.oddProtocols : Self.protocols)
        switch layer4 {
        case "tcp", "udp":
          parts.append(Part(random.pick(["--sport", "--dport"]), value: number(["1000", "80", "53"])))
        case "icmp":
          parts.append(Part(random.pick(["--icmp-type", "--icmp-id"]), value: number(["8", "77"])))
        default: break
        }
      }
    }
    // Something that has no business there, and something twice.
    if random.chance(10) { parts.append(part(random.pick(Array("sdrqftcizebaMNTDowOR")), family)) }
    if random.chance(5), let repeated = parts.first { parts.append(repeated) }
    return parts
  }

  // MARK: Lines

  /// The words of an option: by any of its names, cut short or not, its value attached or not.
  private mutating func words(_ part: Part) -> [String] {
    var name = random.pick(part.names)
    if name.hasPrefix("--"), random.chance(12) {
      name = String(name.prefix(max(3, name.count - Int.random(in: 0...4, using: &random))))
    }
    guard let value = part.value else { return [name] }
    if name.hasPrefix("--"), random.chance(25) { return ["\(name)=\(value)"] }
    if !name.hasPrefix("--"), name != "-n", name != "-g", !value.isEmpty, random.chance(15) {
      return [name + value]
    }
    return [name, value]
  }

  /// One command line, each of its words in quotes.
  mutating func line() -> String {
    let command = random.pick(Array("LLLLLLGGDDIIIIAAUUUFCSVE"))
    let family = random.chance(25) ? 1 : 0
    var layer4: String?
    var parts = options(command, &layer4, family)
    if random.chance(20), layer4 != "icmp", layer4 != "icmpv6" { parts.shuffle(using: &random) }
    // A status before any mark, an event mask that is wrong: see the type.
    parts.sort { first, second in first.names[0] == "-u" && second.names[0] != "-u" }
    var groups = parts.map { words($0) }
    if let layer4 { groups.insert(words(Part("-p", "--protonum", value: layer4)), at: 0) }
    var start = [random.chance(70) ? "-\(command)" : "--\(Self.names[command] ?? "")"]
    // Events are waited for: here they are refused.
    if command == "E" { start += [random.pick(["dying", "foo", "unconfirmed"])] }
    if random.chance(6) {
      start.append(random.pick(["conntrack", "con", "expect", "e", "dying", "u", "foo", "CONNTRACK"]))
    }
    let isCut = random.chance(2)
    groups.insert(start, at: isCut || random.chance(85) ? 0 : groups.count)
    if random.chance(3) {
      groups.append([random.pick(["foo", "--", "--bogus", "-x", "-", "--=x", "-Q", "--s", "-L"])])
    }
    var line = groups.flatMap { $0 }
    if isCut, line.count > 1 { line.removeLast() }
    return line.map { "'\($0)'" }.joined(separator: " ")
  }
}
