// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// An address as its octets: 4 or 16 of them.
struct Address: Hashable {
  var octets: [UInt8]

  init?(_ text: some StringProtocol) {
    let isIPv6 = text.contains(":")
    var octets = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
    // Safe: inet_pton writes 16 or 4 octets.
    let status = unsafe octets.withUnsafeMutableBytes { buffer in
      unsafe inet_pton(isIPv6 ? AF_INET6 : AF_INET, String(text), buffer.baseAddress)
    }
    guard status == 1 else { return nil }
    self.octets = octets
  }

  /// Whether the first `length` bits are those of `other`, which is of the same family.
  func agrees(with other: Address, length: Int) -> Bool {
    guard octets.count == other.octets.count else { return false }
    for bit in 0..<length {
      let difference = octets[bit / 8] ^ other.octets[bit / 8]
      let mask: UInt8 = 0x80 >> UInt8(bit % 8)
      if difference & mask != 0 { return false }
    }
    return true
  }
}

/// A line of `conntrack -L -o extended,id,labels`, taken apart.
struct ListedFlow {
  struct Direction {
    var src: Address
    var dst: Address
    var sourceText = ""
    var destinationText = ""
    /// `sport`, `dport`, `type`, `code`, `id`, `packets`, `bytes`, as far as they are there.
    var numbers: [String: UInt64] = [:]
  }

  var isIPv6 = false
  var layer4: UInt64 = 0
  var timeout: UInt64?
  var state: String?
  var directions: [Direction] = []
  var tags: Set<String> = []
  /// `mark`, `zone`, `zone-orig`, `zone-reply`, `delta-time`, `use`, `id`.
  var numbers: [String: UInt64] = [:]
  var labels: Set<Int> = []
  var helper: String?

  var original: Direction { directions[0] }
  var reply: Direction { directions[1] }
  var hasPorts: Bool { [6, 17, 33, 132, 136].contains(layer4) }
  var isICMP: Bool { layer4 == 1 || layer4 == 58 }
  var isSourceNAT: Bool {
    original.src != reply.dst || (hasPorts && original.numbers["sport"] != reply.numbers["dport"])
  }
  var isDestinationNAT: Bool {
    original.dst != reply.src || (hasPorts && original.numbers["dport"] != reply.numbers["sport"])
  }
  /// Sum of both directions; nil for a flow that is not counted.
  func sum(_ name: String) -> UInt64? {
    original.numbers[name].map { $0 + (reply.numbers[name] ?? 0) }
  }

  /// nil for a line of another form.
  init?(_ line: some StringProtocol) {
    let words = String(line).split(separator: " ").map { String($0) }
    guard words.count > 6, let layer4 = UInt64(words[3]) else { return nil }
    isIPv6 = words[0] == "ipv6"
    self.layer4 = layer4
    var index = 4
    if let timeout = UInt64(words[index]) {
      self.timeout = timeout
      index += 1
    }
    if !words[index].contains("=") {
      state = words[index]
      index += 1
    }
    for word in words[index...] {
      if word.hasPrefix("[") {
        tags.insert(String(word.dropFirst().dropLast()))
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1).map { String($0) }
      guard parts.count == 2 else { return nil }
      switch parts[0] {
      case "src":
        guard let address = Address(parts[1]) else { return nil }
        directions.append(Direction(src: address, dst: address, sourceText: parts[1]))
      case "dst":
        guard let address = Address(parts[1]), !directions.isEmpty else { return nil }
        directions[directions.count - 1].dst = address
        directions[directions.count - 1].destinationText = parts[1]
      case "labels":
        for name in parts[1].split(separator: ",") {
          guard let bit = Int(name.dropFirst(3)) else { return nil }
          labels.insert(bit)
        }
      case "helper": helper = parts[1]
      case "srckey", "dstkey": break
      case "sport", "dport", "type", "code", "packets", "bytes":
        directions[directions.count - 1].numbers[parts[0]] = UInt64(parts[1])
      case "id" where numbers["use"] == nil:
        directions[directions.count - 1].numbers["id"] = UInt64(parts[1])
      default:
        guard let value = UInt64(parts[1]) else { return nil }
        numbers[parts[0]] = value
      }
    }
    guard directions.count == 2, numbers["id"] != nil else { return nil }
  }
}
