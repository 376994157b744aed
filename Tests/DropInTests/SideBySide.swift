// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// Command lines to run side by side: one in each line of a text.
///
/// `ARGS ## reason` is a line where the drop-in differs from conntrack 1.4.7 on purpose; the reason is a defect of
/// that version, and the test fails once the two agree. `ARGS ##S reason` also says the drop-in's status.
struct CommandLines {
  struct Line: Sendable {
    var words: String
    var reason: String?
    var status: Int32?
  }

  var lines: [Line] = []

  init(_ text: String) {
    for line in text.split(separator: "\n") where !line.isEmpty {
      guard let mark = line.firstRange(of: " ##") else {
        lines.append(Line(words: String(line)))
        continue
      }
      var reason = line[mark.upperBound...]
      let status = reason.first?.wholeNumberValue.map { Int32($0) }
      if status != nil { reason = reason.dropFirst() }
      lines.append(Line(words: String(line[..<mark.lowerBound]), reason: String(reason), status: status))
    }
  }

  /// Runs all lines in both namespaces and compares status, standard output, standard error and the table that is
  /// left at the end.
  func compare(
    in pair: NamespacePair, seed: [String] = [], isSeededAnew: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let results = pair.run(lines.map(\.words), seed: seed, isSeededAnew: isSeededAnew)
    for (line, (original, dropIn)) in zip(lines, results) {
      if let reason = line.reason {
        #expect(
          original != dropIn, "conntrack \(line.words): no difference any more:\(reason)",
          sourceLocation: sourceLocation)
        if let status = line.status {
          #expect(dropIn.status == status, "conntrack \(line.words)", sourceLocation: sourceLocation)
        }
        continue
      }
      #expect(
        dropIn.status == original.status, "conntrack \(line.words): \(dropIn.error)",
        sourceLocation: sourceLocation)
      #expect(dropIn.output == original.output, "conntrack \(line.words)", sourceLocation: sourceLocation)
      #expect(dropIn.error == original.error, "conntrack \(line.words)", sourceLocation: sourceLocation)
      #expect(dropIn.table == original.table, "conntrack \(line.words)", sourceLocation: sourceLocation)
    }
  }
}

/// Entries of every protocol and kind that conntrack(8) can make.
enum SampleTable {
  static let lines = [
    "-I -s 10.1.0.7 -d 10.9.9.9 -p tcp --sport 1000 --dport 80 --state ESTABLISHED -t 600 -u ASSURED,SEEN_REPLY -m 5",
    "-I -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1001 --dport 80 -t 600 -g 7.7.7.7:8080",
    "-I -s 10.1.0.9 -d 10.9.9.9 -p udp --sport 1001 --dport 80 -t 600 -n 8.8.8.8:900",
    "-I -s 2001:db8::1 -d 2001:db8::2 -p tcp --sport 1000 --dport 80 --state SYN_SENT -t 600 -w 7",
    "-I -s 10.1.0.7 -d 10.9.9.9 -p gre --srckey 17 --dstkey 34 -t 600",
    "-I -s 10.1.0.7 -d 10.9.9.9 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77 -t 600",
    "-I -s 2001:db8::1 -d 2001:db8::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 78 -t 600",
    "-I -s 10.1.0.9 -d 10.9.9.9 -p tcp --sport 1001 --dport 80 --state CLOSE -t 600 --orig-zone 4",
    "-I -s 10.1.0.10 -d 10.9.9.8 -p tcp --sport 1001 --dport 81 --state TIME_WAIT -t 600 --reply-zone 5 -m 0x15",
    "-I -s 10.1.0.11 -d 10.9.9.8 -p sctp --sport 1001 --dport 81 --state ESTABLISHED --orig-vtag 10 --reply-vtag 11 -t 600",
    "-I -s 10.1.0.12 -d 10.9.9.8 -p 99 -t 600 -m 7",
    "-I -s 10.1.0.13 -d 10.9.9.8 -p udp --sport 5 --dport 53 -t 600 -u SEEN_REPLY",
    "-I -s 10.1.0.14 -d 10.9.9.8 -p udp --sport 6 --dport 53 -t 600 -u FIXED_TIMEOUT",
  ]
}
