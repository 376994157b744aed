// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Reporting
import TestSupport
import Testing

@Suite("Tables")
struct TableFormatTests {
  private func flow(_ number: Int, layer4: UInt8 = Layer4Protocol.tcp) -> ConntrackEntry {
    var entry = ConntrackEntry()
    entry.present = [
      .original, .reply, .status, .timeout, .state, .ports, .mark, .originalCounters, .replyCounters, .id,
    ]
    entry.original.layer4 = layer4
    entry.original.source = IPAddress(ipv4: 0x0a00_0000 + UInt32(number))
    entry.original.destination = IPAddress(ipv4: 0xc000_0201)
    entry.original.sourcePort = 40000
    entry.original.destinationPort = 80
    entry.reply = entry.original
    swap(&entry.reply.source, &entry.reply.destination)
    swap(&entry.reply.sourcePort, &entry.reply.destinationPort)
    entry.statusField = [.confirmed, .seenReply, .assured]
    entry.stateField = 3
    entry.timeoutField = 432_000 - UInt32(number % 1000)
    entry.originalCountersField.packets = UInt64(number)
    entry.originalCountersField.bytes = 1500 * UInt64(number)
    entry.replyCountersField.packets = 1
    entry.markField = UInt32(number * 7 % 100)
    entry.idField = UInt32(number)
    return entry
  }

  private func lines(_ output: borrowing OutputBuffer) -> [String] {
    output.text.split(separator: "\n").map(String.init)
  }

  @Test("columns are aligned, numbers on the right, and nothing trails")
  func alignment() throws {
    var table = TableFormat()
    var output = OutputBuffer()
    var translated = flow(7)
    translated.reply.destination = IPAddress(ipv4: 0xcb00_7105)
    translated.reply.destinationPort = 1024
    translated.reply.source = IPAddress(ipv4: 0x0a00_0063)
    table.append(flow(1), FormatContext(), to: &output)
    table.append(translated, FormatContext(), to: &output)
    var offloaded = flow(123_456, layer4: Layer4Protocol.udp)
    offloaded.present.subtract([.timeout, .state])
    offloaded.statusField.insert(.offload)
    let carrier = FlowCarrier(flowtable: .init(family: "inet", table: "filter", name: "ft"))
    table.append(offloaded, FormatContext(), carrier: carrier, to: &output)
    #expect(output.count == 0)
    table.finish(to: &output)
    let texts = [
      ["PROTO", "STATE", "SOURCE", "DESTINATION", "TRANSLATION", "TAG", "FLOWTABLE"],
      ["tcp", "ESTABLISHED", "10.0.0.1:40000", "192.0.2.1:80", "-", "ASSURED", "-"],
      [
        "tcp", "ESTABLISHED", "10.0.0.7:40000", "192.0.2.1:80", "snat 203.0.113.5:1024 dnat 10.0.0.99",
        "ASSURED",
        "-",
      ],
      ["udp", "-", "10.1.226.64:40000", "192.0.2.1:80", "-", "OFFLOAD", "ft"],
    ]
    let widths = [5, 11, 17, 12, 36, 7, 9]
    let numbers = [
      "PACKETS  BYTES  EXPIRES", "      2   1.5k    4d23h", "      8    10k    4d23h",
      "   123k   185M        -",
    ]
    let rows = zip(texts, numbers).map { cells, numbers in
      zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) + "  " }.joined() + numbers
    }
    #expect(lines(output) == rows)
  }

  @Test("a table that streams prints once its sample is full, and then every row at once")
  func streaming() {
    var table = TableFormat(columns: [.source, .packets])
    var output = OutputBuffer()
    for number in 1..<TextTable.sampleSize {
      table.append(flow(number), FormatContext(), to: &output)
      #expect(output.count == 0)
    }
    table.append(flow(TextTable.sampleSize), FormatContext(), to: &output)
    #expect(lines(output).count == TextTable.sampleSize + 1)
    table.append(flow(1 << 24 - 1), FormatContext(), to: &output)
    #expect(lines(output).count == TextTable.sampleSize + 2)
    table.finish(to: &output)
    #expect(lines(output).count == TextTable.sampleSize + 2)
    #expect(lines(output).first == "SOURCE            PACKETS")
  }

  @Test("no rows are a header alone, and flushing shows rows early")
  func flushing() {
    var output = OutputBuffer()
    var empty = TableFormat(columns: [.proto, .id])
    empty.finish(to: &output)
    #expect(output.text == "PROTO  ID\n")
    output.removeAll()
    var table = TableFormat(columns: [.proto, .id])
    table.append(flow(1), FormatContext(), to: &output)
    table.flush(to: &output)
    #expect(output.text == "PROTO  ID\ntcp     1\n")
    table.append(flow(123), FormatContext(), to: &output)
    #expect(lines(output).last == "tcp    123")
  }

  @Test("a limit without an order ends the table early", arguments: [0, 1, 5, 200, 300])
  func limit(_ limit: Int) {
    var table = TableFormat(columns: [.id], limit: limit)
    var output = OutputBuffer()
    for number in 0..<400 {
      let isFull = table.isFull
      #expect(isFull == (number >= limit))
      table.append(flow(number), FormatContext(), to: &output)
    }
    table.finish(to: &output)
    #expect(lines(output).dropFirst().map { Int($0.drop { $0 == " " }) } == Array(0..<limit))
    let omitted = table.omitted
    #expect(omitted == 400 - limit)
  }

  @Test("sorting agrees with sorting the values", arguments: [true, false], [nil, 1, 10, 3000])
  func sorting(_ isReversed: Bool, _ limit: Int?) throws {
    var generator = SeededGenerator(seed: 4)
    var entries: [ConntrackEntry] = []
    for number in 0..<2000 {
      var entry = flow(number)
      entry.markField = UInt32.random(in: 0...300, using: &generator)
      if generator.oneIn(4) { entry.present.remove(.mark) }
      entries.append(entry)
    }
    var table = TableFormat(columns: [.mark, .id], sort: .mark, isReversed: isReversed, limit: limit)
    var output = OutputBuffer()
    for entry in entries { table.append(entry, FormatContext(), to: &output) }
    let isFull = table.isFull
    #expect(!isFull)
    table.finish(to: &output)
    let present = entries.filter { $0.mark != nil }.enumerated().sorted {
      $0.element.markField == $1.element.markField
        ? $0.offset < $1.offset : ($0.element.markField < $1.element.markField) != isReversed
    }
    let expected = present.map(\.element) + entries.filter { $0.mark == nil }
    let shown = lines(output).dropFirst().map { $0.split(separator: " ").map(String.init) }
    #expect(
      shown == expected.prefix(limit ?? 2000).map { [$0.mark.map { "\($0)" } ?? "-", "\($0.idField)"] })
    let omitted = table.omitted
    #expect(omitted == max(0, 2000 - (limit ?? 2000)))
  }

  @Test("every column can be shown and sorted by", arguments: TableColumn.allCases)
  func everyColumn(_ column: TableColumn) throws {
    var sample = SampleMessage(seed: 12)
    let names = NameResolver(host: { _ in nil }, service: { _, _ in nil })
    for isWide in [false, true] {
      var table = TableFormat(columns: [column, .id], isWide: isWide, sort: column, names: names)
      var output = OutputBuffer()
      var shown: Set<Substring> = []
      for index in 0..<300 {
        let entry = try #require(decodedEntry(sample.next(SampleMessage.Kind.allCases[index % 4])))
        let context = FormatContext(
          now: 1_790_000_000, event: FlowEvent.allCases[index % 3], namespace: index % 2 == 0 ? "a" : "b")
        let carrier = FlowCarrier(
          flowtable: .init(family: "ip", table: "t", name: "f\(index)"), devices: ["d\(index)"])
        table.append(entry, context, carrier: index % 2 == 0 ? carrier : nil, to: &output)
      }
      table.finish(to: &output)
      #expect(lines(output).count == 301)
      for line in lines(output).dropFirst() { shown.insert(line.split(separator: " ")[0]) }
      #expect(shown.count > 1)
      #expect(
        lines(output).first?.hasPrefix(column.rawValue.uppercased()) == !column.isNumber || column.isNumber)
    }
  }

  @Test("addresses sort by family and value, not by text")
  func addresses() {
    var table = TableFormat(columns: [.source], sort: .source)
    var output = OutputBuffer()
    var six = flow(1)
    six.original.source = IPAddress(high: 0, low: 1, family: .ipv6)
    table.append(six, FormatContext(), to: &output)
    for number in [0x0900_0000, 2, 10] { table.append(flow(number), FormatContext(), to: &output) }
    table.finish(to: &output)
    #expect(
      lines(output) == ["SOURCE", "10.0.0.2:40000", "10.0.0.10:40000", "19.0.0.0:40000", "[::1]:40000"])
  }

  @Test("names stand in for numbers where the resolver has them")
  func resolving() {
    let names = NameResolver(
      host: { $0 == IPAddress(ipv4: 0xc000_0201) ? "example.net" : nil },
      service: { port, layer4 in port == 80 && layer4 == Layer4Protocol.tcp ? "http" : nil })
    var table = TableFormat(columns: [.source, .destination], names: names)
    var output = OutputBuffer()
    table.append(flow(1), FormatContext(), to: &output)
    table.finish(to: &output)
    #expect(lines(output).last == "10.0.0.1:40000  example.net:http")
  }

  @Test("colour changes no text, and control octets reach no terminal")
  func terminal() {
    var texts: [String] = []
    for palette in [Palette.none, .ansi] {
      var table = TableFormat(columns: [.tag, .helper, .id], palette: palette)
      var output = OutputBuffer()
      var entry = flow(1)
      entry.present.insert(.helper)
      entry.helperField = [0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x7f]
      table.append(entry, FormatContext(), to: &output)
      table.finish(to: &output)
      texts.append(output.text)
    }
    #expect(texts[0] == "TAG      HELPER  ID\nASSURED  ?[31m?   1\n")
    #expect(texts[1].hasPrefix("\u{1b}[1mTAG"))
    #expect(texts[1].contains("\u{1b}[36mASSURED\u{1b}[0m"))
    #expect(texts[1].replacing(#/\x1b\[[0-9;]*m/#, with: "") == texts[0])
  }

  @Test("cells at hand are aligned in the order given")
  func alignedText() {
    var output = OutputBuffer()
    AlignedText.write(
      [["NAME", "N"], ["long name", "1"], ["é", "1000"], ["", "7"]], rightAlignedFrom: 1, to: &output)
    #expect(output.text == "NAME          N\nlong name     1\né          1000\n-             7\n")
    output.removeAll()
    AlignedText.write([], to: &output)
    #expect(output.count == 0)
  }

  @Test("a list of columns is read, repeated ones once, and an unknown one named")
  func columnList() {
    #expect(TableColumn.parse("proto,id,proto").columns == [.proto, .id])
    #expect(TableColumn.parse("+zone").columns == TableColumn.usual + [.zone])
    #expect(TableColumn.parse("proto,nonsense,id").unknown == "nonsense")
    #expect(TableColumn.parse("").unknown == "")
    #expect(TableColumn.parse("proto,id").unknown == nil)
  }

  @Test(
    "counts and durations are short",
    arguments: [
      (0, "0", "0s"), (59, "59", "59s"), (60, "60", "1m0s"), (999, "999", "16m39s"), (1000, "1.0k", "16m40s"),
      (9999, "9.9k", "2h46m"), (10_000, "10k", "2h46m"), (432_000, "432k", "5d0h"),
      (431_999, "431k", "4d23h"),
      (999_999, "999k", "11d13h"), (1_234_567, "1.2M", "14d6h"), (UInt64.max, "18E", "213503982334601d7h"),
    ] as [(UInt64, String, String)])
  func human(_ value: UInt64, _ count: String, _ duration: String) {
    var output = OutputBuffer()
    output.append(human: value)
    #expect(output.text == count)
    output.removeAll()
    output.append(duration: value)
    #expect(output.text == duration)
  }
}
