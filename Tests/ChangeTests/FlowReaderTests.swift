// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Testing

@Suite("Lines of saved flows")
struct FlowReaderTests {
  private let reader = FlowReader(labels: ConntrackLabelMap(), timeouts: DefaultTimeouts(), isExclusive: true)

  private func flow(_ octets: [UInt8]) throws(RestoreError) -> RestoredFlow? {
    // Safe: any octet is a UInt8.
    try reader.flow(unsafe octets.span.bytes)
  }

  private static let json =
    ##"{"family":"ipv6","proto":"tcp","proto_number":6,"state":"ESTABLISHED","timeout":431999,"original":{"src":"##
    + ##""2001:db8::1","dst":"2001:db8::2","sport":40000,"dport":443,"zone":4,"packets":9,"bytes":900},"reply":{"src":"##
    + ##""2001:db8::2","dst":"2001:db8::9","sport":443,"dport":50000,"packets":0,"bytes":0},"status":["SEEN_REPLY","##
    + ##""ASSURED","CONFIRMED","SRC_NAT","SRC_NAT_DONE","DST_NAT_DONE"],"offload":{"state":"none"},"nat":{"src":"##
    + ##""2001:db8::9","sport":50000},"mark":4294967295,"labels":["#3","#127"],"use":1,"id":4,"start":1.5,"age":-0,"tcp":{"##
    + ##""wscale_original":7,"wscale_reply":8,"flags_original":51,"flags_reply":35},"helper":"f\u0074p","seqadj":{"##
    + ##""original":{"position":1,"before":-2,"after":3}},"x":[true,null,{"y":[]}]}"##

  private static let save =
    "-A -t 299 -u SEEN_REPLY,ASSURED -s 10.1.0.8 -d 10.9.9.9 -g 7.7.7.7 -q 10.1.0.8 -p tcp --sport 1001 --dport 80 "
    + "--reply-port-src 8080 --reply-port-dst 1001 --state ESTABLISHED"

  @Test("an object becomes the entry it was, NAT as a request to the kernel's NAT")
  func object() throws {
    let restored = try #require(try flow(Array(Self.json.utf8)))
    let creation = restored.creation
    let entry = creation.entry
    #expect(!restored.wasOffloaded)
    #expect(entry.original.sourcePort == 40000 && entry.original.zone == 4 && entry.original.hasZone)
    #expect(entry.timeout == 431_999 && entry.mark == .max && entry.state == 3 && entry.helper == "ftp")
    #expect(entry.labels == ConntrackLabels(low: 8, high: 1 << 63))
    #expect(entry.reply.destination == entry.original.source && entry.reply.destinationPort == 40000)
    #expect(creation.sourceNAT?.ports == 50000...50000)
    #expect(creation.sourceNAT?.addresses.lowerBound.low == 9)
    #expect(creation.destinationNAT == nil)
    #expect(creation.protocolInfo.originalTCPFlags?.value == 3)
    #expect(creation.protocolInfo.replyWindowScale == 8)
    #expect(entry.originalSequence.before == 0xffff_fffe)
  }

  @Test("a command becomes an entry that is tracked leniently")
  func command() throws {
    let creation = try #require(try flow(Array(Self.save.utf8))).creation
    #expect(creation.destinationNAT?.addresses == IPAddress(ipv4: 0x0707_0707)...IPAddress(ipv4: 0x0707_0707))
    #expect(creation.destinationNAT?.ports == 8080...8080)
    #expect(creation.sourceNAT == nil)
    #expect(creation.entry.reply.source == IPAddress(ipv4: 0x0a09_0909))
    #expect(creation.protocolInfo.originalTCPFlags?.value == ConntrackProtocolInfo.lenientTCPFlags)
    #expect(try flow(Array("  # comment".utf8)) == nil)
    #expect(try flow([]) == nil)
  }

  @Test("no octets make it trap: each is a flow, nothing, or an error", arguments: [json, save])
  func mutations(line: String) {
    var random = SystemRandomNumberGenerator()
    let original = Array(line.utf8)
    var accepted = 0
    for _ in 0..<4000 {
      var octets = original
      for _ in 0..<Int.random(in: 1...4, using: &random) where !octets.isEmpty {
        let place = Int.random(in: 0..<octets.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: octets[place] = UInt8.random(in: 0...255, using: &random)
        case 1: octets.remove(at: place)
        case 2: octets.insert(octets[Int.random(in: 0..<octets.count, using: &random)], at: place)
        default: octets.removeLast(min(octets.count - 1, place))
        }
      }
      do {
        if try flow(octets) != nil { accepted += 1 }
      } catch {
        #expect(!error.message.isEmpty && !error.message.contains("\n"))
      }
    }
    #expect(accepted < 4000)
  }
}
