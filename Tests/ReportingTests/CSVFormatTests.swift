// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Reporting
import Testing

@Suite("CSV")
struct CSVFormatTests {
  /// Reads records by RFC 4180's grammar, strictly; nil for text that does not follow it.
  static func records(_ octets: [UInt8]) -> [[[UInt8]]]? {
    var records: [[[UInt8]]] = []
    var record: [[UInt8]] = []
    var index = 0
    while index < octets.count {
      var field: [UInt8] = []
      if octets[index] == 0x22 {
        index += 1
        while true {
          guard index < octets.count else { return nil }
          if octets[index] == 0x22 {
            guard index + 1 < octets.count, octets[index + 1] == 0x22 else { break }
            index += 1
          }
          field.append(octets[index])
          index += 1
        }
        index += 1
      } else {
        while index < octets.count, octets[index] != 0x2c, octets[index] != 0x0d {
          guard octets[index] != 0x22, octets[index] != 0x0a else { return nil }
          field.append(octets[index])
          index += 1
        }
      }
      record.append(field)
      guard index < octets.count else { return nil }
      if octets[index] == 0x2c {
        index += 1
      } else {
        guard octets[index] == 0x0d, index + 1 < octets.count, octets[index + 1] == 0x0a else { return nil }
        index += 2
        records.append(record)
        record = []
      }
    }
    return record.isEmpty ? records : nil
  }

  private func text(_ entry: ConntrackEntry, _ context: FormatContext, _ carrier: FlowCarrier?) -> [UInt8] {
    var output = OutputBuffer()
    CSVFormat().append(entry, context, carrier: carrier, to: &output)
    return output.copy()
  }

  @Test("each record has a field for each column, whatever the entry")
  func columns() throws {
    var header = OutputBuffer()
    CSVFormat().appendHeader(to: &header)
    let names = try #require(Self.records(header.copy())?.first).map { String(decoding: $0, as: UTF8.self) }
    #expect(names == CSVFormat.columns.map(\.name.description))
    #expect(Set(names).count == names.count)
    var sample = SampleMessage(seed: 8)
    for index in 0..<3000 {
      var entry = try #require(decodedEntry(sample.next(SampleMessage.Kind.allCases[index % 4])))
      if index % 5 == 0 {
        entry.helperField = [0x22, 0x2c, 0x0d, 0x0a, 0x22, 0xff]
        entry.present.insert(.helper)
      }
      let carrier = FlowCarrier(
        flowtable: .init(family: "inet", table: "a,b", name: "f\"t"), devices: ["eth0", "eth1"])
      let context = FormatContext(
        now: 1_790_000_000, labels: ConntrackLabelMap(text: ReferencePrinter.labelText),
        event: index % 3 == 0 ? .update : nil, namespace: index % 2 == 0 ? "blue" : nil)
      let records = try #require(Self.records(text(entry, context, index % 2 == 0 ? carrier : nil)))
      #expect(records.count == 1)
      let record = try #require(records.first)
      try #require(record.count == names.count, "message \(index)")
      func field(_ name: String) throws -> String {
        String(decoding: record[try #require(names.firstIndex(of: name))], as: UTF8.self)
      }
      #expect(try field("src") == entry.original.source.description)
      #expect(try field("reply_dst") == entry.reply.destination.description)
      #expect(try field("mark") == entry.mark.map { "\($0)" } ?? "")
      #expect(try field("id") == entry.id.map { "\($0)" } ?? "")
      #expect(try field("timeout") == entry.timeout.map { "\($0)" } ?? "")
      #expect(try field("reply_bytes") == entry.replyCounters.map { "\($0.bytes)" } ?? "")
      #expect(try field("reply_zone") == (entry.reply.hasZone ? "\(entry.reply.zone)" : ""))
      #expect(try field("flowtable") == (index % 2 == 0 ? "inet a,b f\"t" : ""))
      #expect(try field("devices") == (index % 2 == 0 ? "eth0,eth1" : ""))
      #expect(try field("netns") == (index % 2 == 0 ? "blue" : ""))
      if index % 5 == 0 {
        #expect(record[try #require(names.firstIndex(of: "helper"))] == entry.helperField)
      }
      let status = try field("status").split(separator: ",").map(String.init)
      #expect(status == ConntrackStatus.names.filter { entry.statusField.contains($0.bit) }.map(\.name))
    }
  }

  @Test("fields of any kind come back from a record")
  func record() throws {
    let fields = ["", "plain", "a,b", "say \"hi\"", "two\r\nlines", "\"", "ü"]
    var output = OutputBuffer()
    output.append(csv: fields)
    let records = try #require(Self.records(output.copy()))
    #expect(records.map { $0.map { String(decoding: $0, as: UTF8.self) } } == [fields])
  }
}
