// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetlinkWire
import Reporting
import TestSupport
import Testing

@Suite("JSON")
struct JSONFormatTests {
  private func text(
    _ entry: ConntrackEntry, _ context: FormatContext = FormatContext(), carrier: FlowCarrier? = nil
  ) -> String {
    var output = OutputBuffer()
    JSONFormat().append(entry, context, carrier: carrier, to: &output)
    return output.text
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("random entries follow the schema, and every member of the schema occurs")
  func schema() throws {
    var sample = SampleMessage(seed: 99)
    var seen: Set<String> = []
    let events: [FlowEvent?] = [nil, .new, .update, .destroy]
    for index in 0..<4000 {
      var entry = try #require(decodedEntry(sample.next(SampleMessage.Kind.allCases[index % 4])))
      if index % 7 == 0 {
        entry.present.insert([.eventTime, .securityMark])
        entry.eventTimeField = 1_795_335_154_448_368_001
      }
      var context = FormatContext(now: 1_795_335_154, event: events[index % 4])
      if index % 3 == 0 { context.namespace = "blue" }
      let carrier = FlowCarrier(
        flowtable: .init(family: "inet", table: "filter", name: "ft"), devices: ["eth0", "eth1"])
      let value = try object(text(entry, context, carrier: index % 2 == 0 ? carrier : nil))
      var faults: [String] = []
      var paths: Set<String> = []
      FlowSchema.check(value, &paths, &faults)
      #expect(faults.isEmpty, "message \(index)")
      #expect(FlowSchema.required.isSubset(of: paths), "message \(index)")
      seen.formUnion(paths)
    }
    #expect(seen.symmetricDifference(FlowSchema.members.keys) == [])
  }

  @Test("the manual page documents the schema's members with their types, and no others")
  func manual() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../man/ftctl-json.5").standardized
    var documented: [String: String] = [:]
    for line in try String(contentsOf: path, encoding: .utf8).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 5, words[0] == ".It", words[1] == "Va", words[3] == "Pq" else { continue }
      documented[String(words[2])] = String(words[4])
    }
    #expect(documented == FlowSchema.members.mapValues(\.rawValue))
  }

  @Test("each kind of event has its word", arguments: FlowEvent.allCases)
  func events(_ event: FlowEvent) throws {
    let value = try object(text(ConntrackEntry(), FormatContext(event: event)))
    #expect(value["event"] as? String == "\(event)")
  }

  @Test("a timestamp keeps its nanoseconds")
  func nanoseconds() {
    var entry = ConntrackEntry()
    entry.present = [.start, .stop]
    entry.startField = 1_795_335_154_000_000_007
    entry.stopField = 1_795_335_156_900_000_000
    let json = text(entry)
    #expect(json.contains("\"start\":1795335154.000000007,\"stop\":1795335156.900000000,\"age\":2"))
  }

  @Test("an offloaded entry names what the kernel leaves out")
  func absent() {
    var entry = ConntrackEntry()
    entry.present = [.status]
    entry.original.layer4 = Layer4Protocol.tcp
    entry.statusField = [.offload, .confirmed]
    #expect(text(entry).contains("\"offload\":{\"state\":\"software\"},\"absent\":[\"timeout\",\"state\"]"))
    entry.statusField = [.offload, .hardwareOffload]
    #expect(text(entry).contains("\"offload\":{\"state\":\"hardware\"},\"absent\":[\"timeout\",\"state\"]"))
    entry.original.layer4 = Layer4Protocol.udp
    #expect(text(entry).contains("\"absent\":[\"timeout\"]"))
    entry.present.insert(.timeout)
    #expect(!text(entry).contains("absent"))
    entry.present = [.status, .timeout]
    entry.original.layer4 = Layer4Protocol.tcp
    #expect(text(entry).contains("\"absent\":[\"state\"]"))
    entry.statusField = [.confirmed]
    entry.present = [.status]
    #expect(text(entry).contains("\"offload\":{\"state\":\"none\"}"))
    #expect(!text(entry).contains("absent"))
  }

  @Test("a carrier is shown as far as it is known")
  func carrier() {
    var entry = ConntrackEntry()
    entry.present = [.status, .timeout]
    entry.statusField = [.offload]
    let known = FlowCarrier(flowtable: .init(family: "ip", table: "t\"", name: "f"), devices: ["a", "b"])
    #expect(
      text(entry, carrier: known).contains(
        #""offload":{"state":"software","flowtable":{"family":"ip","table":"t\"","name":"f"},"devices":["a","b"]}"#
      ))
    #expect(
      text(entry, carrier: FlowCarrier(devices: ["a"])).contains(
        #""offload":{"state":"software","devices":["a"]}"#))
    #expect(text(entry, carrier: FlowCarrier()).contains(#""offload":{"state":"software"}"#))
  }

  @Test(
    "a translation is told by what changed",
    arguments: [
      (1, 0, 0, 0, #""nat":{"src":"10.0.0.8"}"#), (0, 1, 0, 0, #""nat":{"sport":2001}"#),
      (0, 0, 1, 0, #""nat":{"dst":"10.0.0.10"}"#), (0, 0, 0, 1, #""nat":{"dport":81}"#),
      (1, 1, 1, 1, #""nat":{"src":"10.0.0.8","sport":2001,"dst":"10.0.0.10","dport":81}"#),
    ] as [(UInt32, UInt16, UInt32, UInt16, String)])
  func translation(_ source: UInt32, _ sport: UInt16, _ target: UInt32, _ dport: UInt16, _ expected: String) {
    var entry = ConntrackEntry()
    entry.original.layer4 = Layer4Protocol.udp
    entry.original.source = IPAddress(ipv4: 0x0a00_0007)
    entry.original.destination = IPAddress(ipv4: 0x0a00_0009)
    entry.original.sourcePort = 2000
    entry.original.destinationPort = 80
    entry.reply.source = IPAddress(ipv4: 0x0a00_0009 + target)
    entry.reply.destination = IPAddress(ipv4: 0x0a00_0007 + source)
    entry.reply.sourcePort = 80 + dport
    entry.reply.destinationPort = 2000 + sport
    #expect(text(entry).contains(expected))
  }

  @Test("any octets become valid JSON, U+FFFD standing for what is not UTF-8")
  func escaping() throws {
    var generator = SeededGenerator(seed: 3)
    var samples: [[UInt8]] = (0..<256).map { [UInt8($0)] }
    for _ in 0..<3000 {
      let interesting: [UInt8] = [
        0x22, 0x5c, 0, 0x1f, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4,
      ]
      samples.append(
        (0..<Int.random(in: 0...9, using: &generator)).map { _ in
          generator.oneIn(2)
            ? interesting[Int.random(in: 0..<interesting.count, using: &generator)]
            : UInt8.random(in: 0...255, using: &generator)
        })
    }
    for octets in samples {
      var output = OutputBuffer()
      output.append(byte: 0x5b)
      output.append(json: octets)
      output.append(byte: 0x5d)
      let decoded = try JSONSerialization.jsonObject(with: Data(output.copy())) as? [String]
      let value = try #require(decoded?.first)
      #expect(
        value.unicodeScalars.filter { $0 != "\u{fffd}" }
          == String(decoding: octets, as: UTF8.self).unicodeScalars.filter { $0 != "\u{fffd}" },
        "\(octets)")
      if String(validating: octets, as: UTF8.self) != nil {
        #expect(value == String(decoding: octets, as: UTF8.self))
        var fromText = OutputBuffer()
        fromText.append(json: String(decoding: octets, as: UTF8.self))
        #expect("[\(fromText.text)]" == output.text)
      }
    }
  }

  @Test("the members that a restore needs come back from the text")
  func lossless() throws {
    var sample = SampleMessage(seed: 21)
    let map = ConntrackLabelMap(text: ReferencePrinter.labelText)
    for _ in 0..<1500 {
      let entry = try #require(decodedEntry(sample.next(.dump)))
      let value = try object(text(entry, FormatContext(labels: map)))
      #expect(try tuple(value, "original", entry.original.layer4) == entry.original)
      #expect(try tuple(value, "reply", entry.original.layer4) == entry.reply)
      #expect(value["timeout"] as? UInt32 == entry.timeout)
      #expect(value["mark"] as? UInt32 == entry.mark)
      #expect(value["zone"] as? UInt16 == entry.zone)
      #expect(value["id"] as? UInt32 == entry.id)
      #expect(value["helper"] as? String == entry.helper)
      #expect(value["state"] as? String == entry.stateName?.description)
      var status: ConntrackStatus = []
      for name in try #require(value["status"] as? [String]) {
        status.insert(try #require(ConntrackStatus.names.first { $0.name == name }).bit)
      }
      #expect(status == entry.status)
      var labels = ConntrackLabels()
      for name in value["labels"] as? [String] ?? [] {
        labels[try #require(name.hasPrefix("#") ? Int(name.dropFirst()) : map.bit(named: name))] = true
      }
      #expect(labels == entry.labels ?? ConntrackLabels())
      let tcp = value["tcp"] as? [String: UInt8]
      #expect(tcp?["wscale_reply"] == (entry.present.contains(.windowScale) ? entry.replyWindowScale : nil))
      #expect(tcp?["flags_original"] == (entry.present.contains(.tcpFlags) ? entry.originalTCPFlags : nil))
      let sctp = value["sctp"] as? [String: UInt32]
      #expect(
        sctp?["vtag_reply"] == (entry.present.contains(.verificationTags) ? entry.replyVerificationTag : nil))
    }
  }

  private func tuple(_ value: [String: Any], _ name: String, _ layer4: UInt8) throws -> ConntrackTuple {
    let members = try #require(value[name] as? [String: Any])
    var tuple = ConntrackTuple()
    tuple.layer4 = layer4
    tuple.source = try address(members["src"])
    tuple.destination = try address(members["dst"])
    tuple.sourcePort = (members["sport"] ?? members["srckey"]) as? UInt16 ?? 0
    tuple.destinationPort = (members["dport"] ?? members["dstkey"]) as? UInt16 ?? 0
    tuple.icmpType = members["type"] as? UInt8 ?? 0
    tuple.icmpCode = members["code"] as? UInt8 ?? 0
    tuple.icmpID = members["id"] as? UInt16 ?? 0
    tuple.hasZone = members["zone"] != nil
    tuple.zone = members["zone"] as? UInt16 ?? 0
    return tuple
  }

  private func address(_ value: Any?) throws -> IPAddress {
    let text = try #require(value as? String)
    var octets = [UInt8](repeating: 0, count: text.contains(":") ? 16 : 4)
    let family = text.contains(":") ? AF_INET6 : AF_INET
    #expect(unsafe inet_pton(family, text, &octets) == 1)
    return try #require(IPAddress(unsafe octets.span.bytes))
  }

  @Test("an array holds its objects between brackets, one a line")
  func framing() throws {
    var output = OutputBuffer()
    output.append(JSONFormat.arrayStart)
    for index in 0..<3 {
      if index > 0 { output.append(JSONFormat.arraySeparator) }
      JSONFormat().append(ConntrackEntry(), FormatContext(), to: &output)
    }
    output.append(JSONFormat.arrayEnd)
    let array = try JSONSerialization.jsonObject(with: Data(output.copy())) as? [Any]
    #expect(array?.count == 3)
    #expect(output.text.split(separator: "\n").count == 3)
  }
}
