// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Expressions that read and write octets of the packet.
// Source (Linux 7.2): nft_payload.c, nft_exthdr.c.

extension Ruleset {
  /// Where a payload base begins in the frame, or nil when the packet has no such header.
  @inline(__always)
  private func base<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ selector: UInt8, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> Int? {
    switch selector {
    case 0: return packet.linkOffset >= 0 ? Int(packet.linkOffset) : nil
    case 1: return Int(packet.networkOffset)
    case 2:
      return packet.transportOffset >= 0 && packet.fragmentOffset == 0 ? Int(packet.transportOffset) : nil
    default: return innerOffset(packet, environment)
    }
  }

  /// Start of what a TCP, UDP, GRE or IPIP header carries.
  private func innerOffset<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ packet: RulePacket, _ environment: borrowing Environment
  ) -> Int? {
    guard packet.transportOffset >= 0, packet.fragmentOffset == 0 else { return nil }
    let start = Int(packet.transportOffset)
    switch packet.transportProtocol {
    case 17: return start + 8
    case 6:
      guard start + 13 <= Int(packet.endOffset) - 1 else { return nil }
      return start + Int(environment.octets.uint8(at: start + 12) >> 4) * 4
    case 4, 41: return start
    default: return nil
    }
  }

  /// `payload` load.
  @inline(__always)
  func loadPayload<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> StepOutcome {
    let octets = environment.octets
    let length = Int(instruction.length)
    guard let base = base(instruction.selector, packet, environment) else { return .leaveRule }
    if instruction.selector == 0, packet.vlanTag != 0 {
      return loadTagged(instruction, &walk, packet, environment)
    }
    let start = base + Int(instruction.a)
    guard start + length <= Int(packet.endOffset), start + length <= octets.byteCount else {
      return .leaveRule
    }
    let destination = Int(instruction.destination)
    let whole = length >> 2
    for index in 0..<whole {
      walk.registers[destination + index] = octets.host32(at: start + 4 * index)
    }
    if length & 3 != 0 {
      var word: UInt32 = 0
      for index in 0..<(length & 3) {
        word |= UInt32(octets.uint8(at: start + 4 * whole + index)) << UInt32(8 * index)
      }
      walk.registers[destination + whole] = word
    }
    return .next
  }

  /// The link header as it was on the wire, with the tag that the device has taken off put back.
  @inline(never)
  private func loadTagged<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> StepOutcome {
    let octets = environment.octets
    let link = Int(packet.linkOffset)
    let destination = Int(instruction.destination)
    for word in 0..<((Int(instruction.length) + 3) / 4) { walk.registers[destination + word] = 0 }
    for index in 0..<Int(instruction.length) {
      let place = Int(instruction.a) + index
      let octet: UInt8
      switch place {
      case 12..<16: octet = UInt8(truncatingIfNeeded: packet.vlanTag >> UInt32(8 * (15 - place)))
      default:
        let offset = link + (place < 12 ? place : place - 4)
        guard offset < Int(packet.endOffset), offset < octets.byteCount else { return .leaveRule }
        octet = octets.uint8(at: offset)
      }
      walk.registers.setOctet(destination, index, octet)
    }
    return .next
  }

  /// `payload` store, with the checksums that cover the field.
  @inline(never)
  func storePayload<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: borrowing Walk, _ packet: RulePacket,
    _ environment: inout Environment
  ) -> StepOutcome {
    let length = Int(instruction.length)
    guard let base = base(instruction.selector, packet, environment) else { return .leaveRule }
    let start = base + Int(instruction.a)
    guard start + length <= Int(packet.endOffset), start + length <= environment.octets.byteCount else {
      return .leaveRule
    }
    var sum = ChecksumDelta()
    for index in 0..<length {
      let isHigh = (Int(instruction.a) + index) & 1 == 0
      sum.replace(
        environment.octets.uint8(at: start + index), by: walk.registers.octet(Int(instruction.source), index),
        isHigh: isHigh)
    }
    let checksumType = instruction.detail & 0xff
    if checksumType == 1, instruction.selector < 2 || !packet.isPartial {
      let place = base + Int(instruction.b)
      guard place + 2 <= Int(packet.endOffset), place + 2 <= environment.octets.byteCount else {
        return .leaveRule
      }
      // A UDP checksum of 0 means that there is none.
      let isAbsent =
        instruction.selector == 2 && packet.transportProtocol == 17
        && environment.octets.bigEndian16(at: place) == 0
      if !isAbsent { sum.apply(at: place, writesZeroAsOnes: true, &environment) }
    }
    if instruction.detail >> 8 & 1 != 0, packet.fragmentOffset == 0,
      let place = transportChecksum(packet, environment)
    {
      sum.apply(at: place, writesZeroAsOnes: true, isOpen: packet.isPartial, &environment)
    }
    for index in 0..<length {
      environment.store(walk.registers.octet(Int(instruction.source), index), at: start + index)
    }
    return .next
  }

  /// Where the transport checksum lies, nil when there is none that covers the addresses.
  private func transportChecksum<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ packet: RulePacket, _ environment: borrowing Environment
  ) -> Int? {
    guard packet.transportOffset >= 0 else { return nil }
    let start = Int(packet.transportOffset)
    let place: Int
    switch packet.transportProtocol {
    case 6: place = start + 16
    case 17, 136: place = start + 6
    case 58: place = start + 2
    default: return nil
    }
    guard place + 2 <= Int(packet.endOffset), place + 2 <= environment.octets.byteCount else { return nil }
    if packet.transportProtocol == 17, environment.octets.bigEndian16(at: place) == 0 { return nil }
    return place
  }

  /// `exthdr` load: a TCP option or an IPv6 extension header.
  @inline(never)
  func loadExtension<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> StepOutcome {
    let octets = environment.octets
    let destination = Int(instruction.destination)
    let header = UInt8(truncatingIfNeeded: instruction.b)
    let found =
      instruction.selector == 1
      ? tcpOption(header, packet, environment) : ipv6Header(header, packet, environment)
    if instruction.detail & 1 != 0 {
      walk.registers[destination] = found == nil ? 0 : 1
      return .next
    }
    let length = Int(instruction.length)
    guard let found else { return .leaveRule }
    let start = found.start + Int(instruction.a)
    guard start + length <= found.start + found.length, start + length <= octets.byteCount else {
      return .leaveRule
    }
    for word in 0..<((length + 3) / 4) { walk.registers[destination + word] = 0 }
    for index in 0..<length { walk.registers.setOctet(destination, index, octets.uint8(at: start + index)) }
    return .next
  }

  /// `exthdr` store into a TCP option. The MSS is only ever lowered.
  @inline(never)
  func storeExtension<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: borrowing Walk, _ packet: RulePacket,
    _ environment: inout Environment
  ) -> StepOutcome {
    let start = Int(packet.transportOffset)
    guard packet.transportOffset >= 0, packet.fragmentOffset == 0, packet.transportProtocol == 6,
      start + 20 <= Int(packet.endOffset), start + 20 <= environment.octets.byteCount
    else { return .leaveRule }
    let headerLength = Int(environment.octets.uint8(at: start + 12) >> 4) * 4
    guard headerLength >= 20, start + headerLength <= Int(packet.endOffset) else { return .leaveRule }
    let kind = UInt8(truncatingIfNeeded: instruction.b)
    guard let option = tcpOption(kind, packet, environment) else { return .next }
    let length = Int(instruction.length)
    let place = option.start + Int(instruction.a)
    guard Int(instruction.a) + length <= option.length else { return .leaveRule }
    if kind == 2, instruction.a == 2, length == 2 {
      let wanted = walk.registers.loadBig16(Int(instruction.source))
      if environment.octets.bigEndian16(at: place) <= wanted { return .next }
    }
    var sum = ChecksumDelta()
    // The checksum follows as if the value lay at an even place, as the kernel has it.
    for index in 0..<length {
      sum.replace(
        environment.octets.uint8(at: place + index), by: walk.registers.octet(Int(instruction.source), index),
        isHigh: index & 1 == 0)
    }
    for index in 0..<length {
      environment.store(walk.registers.octet(Int(instruction.source), index), at: place + index)
    }
    if !packet.isPartial { sum.apply(at: start + 16, writesZeroAsOnes: false, &environment) }
    return .next
  }

  private func tcpOption<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ kind: UInt8, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> (start: Int, length: Int)? {
    let octets = environment.octets
    let start = Int(packet.transportOffset)
    let end = min(Int(packet.endOffset), octets.byteCount)
    guard packet.transportOffset >= 0, packet.fragmentOffset == 0, packet.transportProtocol == 6,
      start + 20 <= end
    else { return nil }
    let headerEnd = start + Int(octets.uint8(at: start + 12) >> 4) * 4
    guard headerEnd >= start + 20, headerEnd <= end else { return nil }
    var place = start + 20
    while place < headerEnd {
      let option = octets.uint8(at: place)
      let length = option <= 1 || place + 1 >= headerEnd ? 1 : max(1, Int(octets.uint8(at: place + 1)))
      if option == kind, place + length <= headerEnd { return (place, length) }
      if option == 0 { return nil }
      place += length
    }
    return nil
  }

  private func ipv6Header<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ wanted: UInt8, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> (start: Int, length: Int)? {
    let octets = environment.octets
    guard packet.family == .ipv6 else { return nil }
    let end = min(Int(packet.endOffset), octets.byteCount)
    var place = Int(packet.networkOffset) + 40
    guard place <= end else { return nil }
    var next = octets.uint8(at: Int(packet.networkOffset) + 6)
    while true {
      let length: Int
      switch next {
      case 0, 43, 60, 135:
        guard place + 8 <= end else { return nil }
        length = (Int(octets.uint8(at: place + 1)) + 1) * 8
      case 44:
        guard place + 8 <= end else { return nil }
        length = 8
      case 51:
        guard place + 8 <= end else { return nil }
        length = (Int(octets.uint8(at: place + 1)) + 2) * 4
      default:
        return nil
      }
      guard place + length <= end else { return nil }
      if next == wanted { return (place, length) }
      if next == 44, octets.bigEndian16(at: place + 2) & 0xfff8 != 0 { return nil }
      next = octets.uint8(at: place)
      place += length
    }
  }
}

/// The change of an Internet checksum by octets that were replaced (RFC 1624).
private struct ChecksumDelta {
  private var sum = 0

  /// `isHigh`: whether the octet is the first of its 16-bit word.
  mutating func replace(_ old: UInt8, by new: UInt8, isHigh: Bool) {
    sum += (Int(new) - Int(old)) << (isHigh ? 8 : 0)
  }

  /// `writesZeroAsOnes`: whether a checksum that comes out as 0 is written as 0xffff
  ///   (nft_payload.c, `nft_csum_replace`). `isOpen`: whether the field holds a sum that is still to be complemented.
  func apply<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    at place: Int, writesZeroAsOnes: Bool, isOpen: Bool = false, _ environment: inout Environment
  ) {
    let field = environment.octets.bigEndian16(at: place)
    var total = (Int(isOpen ? field : ~field) + sum) % 0xffff
    // The sum over a packet is never 0, only its other form, 0xffff.
    if total <= 0 { total += 0xffff }
    var checksum = isOpen ? UInt16(total) : ~UInt16(total)
    if checksum == 0, writesZeroAsOnes { checksum = 0xffff }
    environment.store(UInt8(checksum >> 8), at: place)
    environment.store(UInt8(truncatingIfNeeded: checksum), at: place + 1)
  }
}
