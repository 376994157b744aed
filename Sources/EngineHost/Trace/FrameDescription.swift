// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// Says where two frames differ, field by field.
enum FrameDescription {
  /// What to tell a person about an expected and an actual frame that are not the same; either may be
  /// missing.
  static func difference(_ expected: Trace.Frame?, _ actual: Trace.Frame?) -> [String] {
    guard let expected else {
      guard let actual else { return [] }
      return ["got a frame too many on \(actual.device): \(summary(actual.octets))", hex(actual.octets)]
    }
    guard let actual else {
      return ["expected a frame on \(expected.device): \(summary(expected.octets))", hex(expected.octets)]
    }
    var detail: [String] = []
    if expected.device != actual.device {
      detail.append("expected on \(expected.device), got on \(actual.device)")
    }
    if expected.offload != actual.offload {
      detail.append("virtio-net header: expected \(text(expected.offload)), got \(text(actual.offload))")
    }
    let left = fields(TraceComparison.masked(expected.octets))
    let right = fields(TraceComparison.masked(actual.octets))
    for index in 0..<max(left.count, right.count) {
      let wanted = index < left.count ? left[index] : nil
      let got = index < right.count ? right[index] : nil
      if wanted?.name == got?.name, wanted?.value == got?.value { continue }
      let name = wanted?.name ?? got?.name ?? ""
      detail.append("\(name): expected \(wanted?.value ?? "nothing"), got \(got?.value ?? "nothing")")
      if wanted?.name != got?.name { break }
    }
    detail.append("expected \(hex(expected.octets))")
    detail.append("got      \(hex(actual.octets))")
    return detail
  }

  private static func text(_ header: VirtioHeader?) -> String {
    guard let header else { return "none" }
    return
      "flags \(header.flags), type \(header.type), \(header.headerLength) octets of headers, segments of "
      + "\(header.segmentSize), checksum \(header.checksumStart)+\(header.checksumOffset)"
  }

  static func hex(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// A frame in a few words.
  static func summary(_ octets: [UInt8]) -> String {
    let shown = fields(octets).filter {
      ["type", "protocol", "source", "destination", "icmp type"].contains($0.name)
    }
    return shown.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
  }

  private struct Field {
    var name: String
    var value: String
  }

  private static func fields(_ data: [UInt8]) -> [Field] {
    guard data.count >= 14 else { return [Field(name: "frame", value: hex(data))] }
    var fields = [
      Field(name: "destination MAC", value: hex(Array(data[0..<6]))),
      Field(name: "source MAC", value: hex(Array(data[6..<12]))),
    ]
    var place = 12
    while place + 6 <= data.count, [0x8100, 0x88a8].contains(number(data, place, 2)) {
      fields.append(Field(name: "VLAN tag", value: hex(Array(data[place..<(place + 4)]))))
      place += 4
    }
    let type = number(data, place, 2)
    fields.append(Field(name: "type", value: "0x" + String(type, radix: 16)))
    place += 2
    switch type {
    case 0x0800 where data.count >= place + 20: fields += ipv4(data, place)
    case 0x86dd where data.count >= place + 40: fields += ipv6(data, place)
    default: fields.append(Field(name: "payload", value: hex(Array(data[min(place, data.count)...]))))
    }
    return fields
  }

  private static func number(_ data: [UInt8], _ place: Int, _ length: Int) -> Int {
    guard place + length <= data.count else { return 0 }
    return data[place..<(place + length)].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func ipv4(_ data: [UInt8], _ place: Int) -> [Field] {
    let length = Int(data[place] & 15) * 4
    var fields = [
      Field(name: "header length", value: "\(length)"),
      Field(name: "type of service", value: "\(data[place + 1])"),
      Field(name: "total length", value: "\(number(data, place + 2, 2))"),
      Field(name: "identification", value: "\(number(data, place + 4, 2))"),
      Field(name: "fragment field", value: "0x" + String(number(data, place + 6, 2), radix: 16)),
      Field(name: "time to live", value: "\(data[place + 8])"),
      Field(name: "protocol", value: "\(data[place + 9])"),
      Field(name: "header checksum", value: "0x" + String(number(data, place + 10, 2), radix: 16)),
      Field(name: "source", value: data[(place + 12)..<(place + 16)].map { "\($0)" }.joined(separator: ".")),
      Field(
        name: "destination", value: data[(place + 16)..<(place + 20)].map { "\($0)" }.joined(separator: ".")),
    ]
    if length > 20, place + length <= data.count {
      fields.append(Field(name: "options", value: hex(Array(data[(place + 20)..<(place + length)]))))
    }
    let isFirst = number(data, place + 6, 2) & 0x1fff == 0
    return fields + transport(data, place + max(20, length), isFirst ? data[place + 9] : 255)
  }

  private static func ipv6(_ data: [UInt8], _ place: Int) -> [Field] {
    let fields = [
      Field(name: "class and flow label", value: "0x" + String(number(data, place, 4), radix: 16)),
      Field(name: "payload length", value: "\(number(data, place + 4, 2))"),
      Field(name: "protocol", value: "\(data[place + 6])"),
      Field(name: "hop limit", value: "\(data[place + 7])"),
      Field(name: "source", value: hex(Array(data[(place + 8)..<(place + 24)]))),
      Field(name: "destination", value: hex(Array(data[(place + 24)..<(place + 40)]))),
    ]
    return fields + transport(data, place + 40, data[place + 6])
  }

  private static func transport(_ data: [UInt8], _ place: Int, _ number: UInt8) -> [Field] {
    var fields: [Field] = []
    var end = place
    switch number {
    case 6 where data.count >= place + 20:
      fields = [
        Field(name: "source port", value: "\(self.number(data, place, 2))"),
        Field(name: "destination port", value: "\(self.number(data, place + 2, 2))"),
        Field(name: "sequence number", value: "\(self.number(data, place + 4, 4))"),
        Field(name: "acknowledgment number", value: "\(self.number(data, place + 8, 4))"),
        Field(name: "flags", value: "0x" + String(self.number(data, place + 12, 2), radix: 16)),
        Field(name: "window", value: "\(self.number(data, place + 14, 2))"),
        Field(name: "checksum", value: "0x" + String(self.number(data, place + 16, 2), radix: 16)),
      ]
      end = place + 20
    case 17 where data.count >= place + 8:
      fields = [
        Field(name: "source port", value: "\(self.number(data, place, 2))"),
        Field(name: "destination port", value: "\(self.number(data, place + 2, 2))"),
        Field(name: "length", value: "\(self.number(data, place + 4, 2))"),
        Field(name: "checksum", value: "0x" + String(self.number(data, place + 6, 2), radix: 16)),
      ]
      end = place + 8
    case 1 where data.count >= place + 8, 58 where data.count >= place + 8:
      fields = [
        Field(name: "icmp type", value: "\(data[place])"),
        Field(name: "icmp code", value: "\(data[place + 1])"),
        Field(name: "checksum", value: "0x" + String(self.number(data, place + 2, 2), radix: 16)),
        Field(name: "rest of header", value: "0x" + String(self.number(data, place + 4, 4), radix: 16)),
      ]
      end = place + 8
    default: break
    }
    fields.append(Field(name: "payload", value: hex(Array(data[min(end, data.count)...]))))
    return fields
  }
}
