// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// Kinds of IPv4 options that the router acts on (RFC 791 §3.1).
private enum OptionKind {
  static let end: UInt8 = 0
  static let noOperation: UInt8 = 1
  static let recordRoute: UInt8 = 7
  static let timestamp: UInt8 = 68
  static let looseSourceRoute: UInt8 = 131
  static let strictSourceRoute: UInt8 = 137
}

extension Router {
  /// Goes through the options of a received IPv4 header and writes this router into route and time records.
  /// False: a broken list, which was answered, or a source route, which is not accepted.
  ///
  /// Source: net/ipv4/ip_options.c, __ip_options_compile.
  func readOptions(_ packet: inout Packet) -> Bool {
    let start = packet.network
    let end = packet.transport
    var offset = start + IPv4View.minimumLength
    while offset < end {
      let kind = packet.bytes[offset]
      if kind == OptionKind.end {
        // What stands behind the end is cleared.
        for rest in offset..<end where packet.bytes[rest] != OptionKind.end {
          packet.bytes[rest] = OptionKind.end
          packet.hasChangedOptions = true
        }
        break
      }
      if kind == OptionKind.noOperation {
        offset += 1
        continue
      }
      guard offset + 1 < end else { return optionProblem(packet, offset - start) }
      let length = Int(packet.bytes[offset + 1])
      guard length >= 2, offset + length <= end else { return optionProblem(packet, offset - start) }
      switch kind {
      case OptionKind.recordRoute: guard readRecordRoute(&packet, offset, length) else { return false }
      case OptionKind.timestamp: guard readTimestamp(&packet, offset, length) else { return false }
      case OptionKind.looseSourceRoute, OptionKind.strictSourceRoute: return false
      default: break
      }
      offset += length
    }
    return true
  }

  private func readRecordRoute(_ packet: inout Packet, _ offset: Int, _ length: Int) -> Bool {
    let start = packet.network
    guard length >= 3 else { return optionProblem(packet, offset + 1 - start) }
    let pointer = Int(packet.bytes[offset + 2])
    guard pointer >= 4 else { return optionProblem(packet, offset + 2 - start) }
    guard pointer <= length else { return true }
    guard pointer + 3 <= length else { return optionProblem(packet, offset + 2 - start) }
    packet.recordRouteSlot = offset - start + pointer - 1
    packet.hasChangedOptions = true
    packet.bytes.store(be32: receivingAddress(packet).ipv4, at: offset + pointer - 1)
    packet.bytes[offset + 2] += 4
    return true
  }

  private func readTimestamp(_ packet: inout Packet, _ offset: Int, _ length: Int) -> Bool {
    let start = packet.network
    guard length >= 4 else { return optionProblem(packet, offset + 1 - start) }
    let pointer = Int(packet.bytes[offset + 2])
    guard pointer >= 5 else { return optionProblem(packet, offset + 2 - start) }
    guard pointer <= length else {
      let overflow = packet.bytes[offset + 3] >> 4
      guard overflow < 15 else { return optionProblem(packet, offset + 3 - start) }
      packet.bytes[offset + 3] += 0x10
      packet.hasChangedOptions = true
      return true
    }
    packet.hasChangedOptions = true
    let time = UInt32(truncatingIfNeeded: wallClock / 1_000_000 % 86_400_000)
    switch packet.bytes[offset + 3] & 0x0f {
    case 0:
      guard pointer + 3 <= length else { return optionProblem(packet, offset + 2 - start) }
      packet.bytes.store(be32: time, at: offset + pointer - 1)
      packet.bytes[offset + 2] += 4
    case 1:
      guard pointer + 7 <= length else { return optionProblem(packet, offset + 2 - start) }
      packet.bytes.store(be32: receivingAddress(packet).ipv4, at: offset + pointer - 1)
      packet.bytes.store(be32: time, at: offset + pointer + 3)
      packet.bytes[offset + 2] += 8
    case 3:
      guard pointer + 7 <= length else { return optionProblem(packet, offset + 2 - start) }
      guard isLocal(Address(ipv4: packet.bytes.be32(offset + pointer - 1)), .ipv4) else { return true }
      packet.bytes.store(be32: time, at: offset + pointer + 3)
      packet.bytes[offset + 2] += 8
    default: return optionProblem(packet, offset + 3 - start)
    }
    return true
  }

  /// The address under which this router received a packet.
  ///
  /// Source: net/ipv4/fib_frontend.c, fib_compute_spec_dst.
  private func receivingAddress(_ packet: Packet) -> Address {
    let destination = packet.destination
    if isLocal(destination, .ipv4) { return destination }
    let own = device(packet.input)?.sourceAddress(towards: packet.source, .ipv4)
    return own ?? .unspecified
  }

  private func optionProblem(_ packet: Packet, _ pointer: Int) -> Bool {
    sendError(packet, type: ICMPType.parameterProblem, code: 0, word: UInt32(pointer) << 24)
    return false
  }

  /// A forwarded packet's route record gets the address by which it leaves, and the header its checksum.
  ///
  /// Source: net/ipv4/ip_options.c, ip_forward_options.
  func finishOptions(_ packet: inout Packet, _ route: Route) {
    let hop = route.gateway ?? packet.destination
    let slot = packet.network + packet.recordRouteSlot
    if packet.recordRouteSlot != 0, slot + 4 <= packet.transport,
      let own = route.preferredSource ?? device(route.device)?.sourceAddress(towards: hop, .ipv4)
    {
      packet.bytes.store(be32: own.ipv4, at: slot)
    }
    packet.hasChangedOptions = false
    packet.renewHeaderChecksum()
  }

  /// The options with which a packet is answered: its route record, carried on, padded to a multiple of four.
  ///
  /// Source: net/ipv4/ip_options.c, __ip_options_echo, ip_options_build.
  func echoedOptions(_ packet: Packet, from source: Address) -> [UInt8] {
    guard packet.family == .ipv4, packet.recordRouteSlot != 0 else { return [] }
    var offset = packet.network + IPv4View.minimumLength
    while offset + 2 < packet.transport, packet.bytes[offset] != OptionKind.recordRoute {
      let kind = packet.bytes[offset]
      if kind == OptionKind.end { return [] }
      offset += kind == OptionKind.noOperation ? 1 : max(2, Int(packet.bytes[offset + 1]))
    }
    guard offset + 2 < packet.transport else { return [] }
    let length = Int(packet.bytes[offset + 1])
    guard length >= 3, offset + length <= packet.transport else { return [] }
    var option = Array(packet.bytes[offset..<offset + length])
    let pointer = Int(option[2])
    if pointer + 3 <= length {
      option.store(be32: source.ipv4, at: pointer - 1)
      option[2] += 4
    }
    while option.count % 4 != 0 { option.append(0) }
    return option
  }
}
