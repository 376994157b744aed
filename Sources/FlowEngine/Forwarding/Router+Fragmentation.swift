// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Cuts an IPv4 packet into fragments. One that was put together is cut where it had been, if that fits.
  ///
  /// Source: net/ipv4/ip_output.c, ip_fragment, ip_do_fragment.
  func fragmentIPv4(_ packet: Packet, _ pathMTU: Int) {
    let largest = packet.largestFragment
    if packet.mayNotFragment, !packet.ignoresDontFragment || largest > pathMTU {
      return refuseTooBig(packet, pathMTU)
    }
    guard packet.offload.isNone else {
      for piece in segments(of: packet) { fragmentIPv4(piece, pathMTU) }
      return
    }
    let headerLength = packet.transport - packet.network
    let mtu = largest > 0 ? min(largest, pathMTU) : pathMTU
    let sizes = pieces(packet.length - headerLength, packet.fragmentSizes, limit: mtu - headerLength)
    guard !sizes.isEmpty else { return statistics.count(.tooBig) }
    let word = packet.bytes.be16(packet.network + 6)
    // Pieces that leave as they came lose "don't fragment"; newly cut ones keep it.
    let isAsReceived = sizes == packet.fragmentSizes
    let keepsDontFragment = isAsReceived ? 0 : word & IPv4View.dontFragment
    var offset = 0
    for (number, size) in sizes.enumerated() {
      let isLast = number == sizes.count - 1
      var piece = packet
      piece.fragmentSizes = []
      piece.largestFragment = 0
      piece.isVerified = false
      let first = packet.transport + offset
      piece.bytes = Array(packet.bytes[..<packet.transport])
      piece.bytes.append(contentsOf: packet.bytes[first..<first + size])
      if number > 0 { clearUncopiedOptions(&piece) }
      piece.bytes.store(be16: UInt16(truncatingIfNeeded: headerLength + size), at: piece.network + 2)
      let more = isLast ? 0 : IPv4View.moreFragments
      let flags = UInt16(truncatingIfNeeded: offset / 8) | more | keepsDontFragment
      piece.bytes.store(be16: flags, at: piece.network + 6)
      piece.fragmentOffset = offset
      piece.renewHeaderChecksum()
      statistics.count(.fragmented)
      transmit(&piece)
      offset += size
    }
  }

  /// The packets that a packet becomes when nothing may be left to be done to it: its segments, or itself with its
  /// checksum finished; none when it cannot be cut. `leavesChecksum`: checksums may be left to be finished.
  ///
  /// Source: net/ipv4/ip_output.c, ip_finish_output_gso, ip_do_fragment.
  func segments(of packet: Packet, leavesChecksum: Bool = false) -> [Packet] {
    var whole = packet
    whole.pushEthernet(to: .zero, from: .zero, type: packet.family.ethertype)
    let abilities: TAPOffloads = leavesChecksum ? .checksum : []
    guard let pieces = Segmentation.prepare(whole.frame(), whole.frameOffload, abilities) else {
      statistics.count(.offloadRefused)
      return []
    }
    if pieces.count > 1 { statistics.count(.segmented) }
    return pieces.map { bytes, header in
      var piece = packet
      piece.offload = header
      piece.offloadBase = packet.network - EthernetView.headerLength
      piece.transportInside = -1
      piece.bytes =
        [UInt8](repeating: 0, count: packet.network) + bytes.dropFirst(EthernetView.headerLength)
      return piece
    }
  }

  /// Sizes of the pieces: as they had come when that fits, else as large as fits, in steps of eight octets.
  private func pieces(_ payload: Int, _ sizes: [Int], limit: Int) -> [Int] {
    if !sizes.isEmpty, sizes.reduce(0, +) == payload, sizes.dropLast().allSatisfy({ $0 % 8 == 0 }),
      sizes.allSatisfy({ $0 <= limit })
    {
      return sizes
    }
    let step = limit / 8 * 8
    guard step >= 8 else { return [] }
    var result: [Int] = []
    var left = payload
    while left > 0 {
      let size = left <= limit ? left : step
      result.append(size)
      left -= size
    }
    return result
  }

  /// Options that are not to be in every fragment become no-operations.
  ///
  /// Source: net/ipv4/ip_options.c, ip_options_fragment.
  private func clearUncopiedOptions(_ packet: inout Packet) {
    var offset = packet.network + IPv4View.minimumLength
    while offset < packet.transport {
      let kind = packet.bytes[offset]
      if kind == 0 { return }
      if kind == 1 {
        offset += 1
        continue
      }
      guard offset + 1 < packet.transport else { return }
      let length = Int(packet.bytes[offset + 1])
      guard length >= 2, offset + length <= packet.transport else { return }
      if kind & 0x80 == 0 {
        for position in offset..<offset + length { packet.bytes[position] = 1 }
      }
      offset += length
    }
  }

  /// Cuts an IPv6 packet that came in fragments into fragments again.
  ///
  /// Source: net/ipv6/ip6_output.c, ip6_fragment.
  func fragmentIPv6(_ packet: Packet, _ pathMTU: Int) {
    let isOwn = packet.type == .outgoing
    if !isOwn, !packet.ignoresDontFragment || packet.largestFragment > pathMTU {
      return refuseTooBig(packet, pathMTU)
    }
    let mtu = max(packet.largestFragment > 0 ? min(packet.largestFragment, pathMTU) : pathMTU, 1280)
    let split = unfragmentableLength(packet)
    let payload = packet.length - split.length
    let limit = mtu - split.length - 8
    let sizes = pieces(payload, packet.fragmentSizes, limit: limit)
    guard !sizes.isEmpty else { return statistics.count(.tooBig) }
    let identification = UInt32(truncatingIfNeeded: random.next())
    let body = packet.network + split.length
    var offset = 0
    for (number, size) in sizes.enumerated() {
      var piece = packet
      piece.fragmentSizes = []
      piece.largestFragment = 0
      piece.isVerified = false
      piece.bytes = Array(packet.bytes[..<body])
      let next = piece.bytes[packet.network + split.nextHeaderField]
      piece.bytes[packet.network + split.nextHeaderField] = IPProtocol.fragment
      piece.bytes.append(next)
      piece.bytes.append(0)
      piece.bytes.append(be16: UInt16(truncatingIfNeeded: offset) | (number == sizes.count - 1 ? 0 : 1))
      piece.bytes.append(be32: identification)
      piece.bytes.append(contentsOf: packet.bytes[body + offset..<body + offset + size])
      piece.bytes.store(
        be16: UInt16(truncatingIfNeeded: piece.length - IPv6View.headerLength), at: piece.network + 4)
      statistics.count(.fragmented)
      transmit(&piece)
      offset += size
    }
  }

  /// How much of an IPv6 packet stands in every fragment, and where the type of what follows is said.
  ///
  /// Source: net/ipv6/output_core.c, ip6_find_1stfragopt.
  private func unfragmentableLength(_ packet: Packet) -> (length: Int, nextHeaderField: Int) {
    var length = IPv6View.headerLength
    var field = 6
    var sawRouting = false
    while length + 8 <= packet.length {
      let next = packet.bytes[packet.network + field]
      switch next {
      case IPProtocol.hopByHop: break
      case IPProtocol.routing: sawRouting = true
      case IPProtocol.destinationOptions: if sawRouting { return (length, field) }
      default: return (length, field)
      }
      let step = (Int(packet.bytes[packet.network + length + 1]) + 1) * 8
      guard length + step <= packet.length else { return (length, field) }
      field = length
      length += step
    }
    return (length, field)
  }
}
