// SPDX-License-Identifier: GPL-3.0-or-later

/// `NFT_META_*`: keys of `meta`.
enum MetaKey {
  static let length: UInt8 = 0
  static let etherType: UInt8 = 1
  static let priority: UInt8 = 2
  static let mark: UInt8 = 3
  static let inputIndex: UInt8 = 4
  static let outputIndex: UInt8 = 5
  static let inputName: UInt8 = 6
  static let outputName: UInt8 = 7
  static let inputType: UInt8 = 8
  static let outputType: UInt8 = 9
  static let socketUser: UInt8 = 10
  static let socketGroup: UInt8 = 11
  static let trace: UInt8 = 12
  static let nfproto: UInt8 = 15
  static let transportProtocol: UInt8 = 16
  static let packetType: UInt8 = 19
  static let cpu: UInt8 = 20
  static let inputGroup: UInt8 = 21
  static let outputGroup: UInt8 = 22
  static let random: UInt8 = 24
  static let time: UInt8 = 30
  static let day: UInt8 = 31
  static let hour: UInt8 = 32

  /// Keys that may be loaded, with the octets that they fill.
  static func loadLength(_ key: UInt32) -> Int? {
    switch key {
    case 0, 2, 3, 4, 5, 10, 11, 20, 21, 22, 24, 32: 4
    case 1, 8, 9: 2
    case 6, 7: 16
    case 15, 16, 19, 31: 1
    case 30: 8
    default: nil
    }
  }

  /// Keys that may be set, with the octets that they take.
  static func storeLength(_ key: UInt32) -> Int? {
    switch key {
    case 2, 3: 4
    case 12, 19: 1
    default: nil
    }
  }
}

// Source (Linux 7.2): nft_meta.c.
extension Ruleset {
  /// `meta` load.
  @inline(__always)
  func loadMeta<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: inout Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    switch instruction.selector {
    case MetaKey.length: walk.registers[word] = UInt32(truncatingIfNeeded: packet.byteCount)
    case MetaKey.etherType: walk.registers.storeBig16(word, packet.etherType)
    case MetaKey.priority: walk.registers[word] = packet.priority
    case MetaKey.mark: walk.registers[word] = packet.mark
    case MetaKey.inputIndex: walk.registers[word] = packet.inputDevice
    case MetaKey.outputIndex: walk.registers[word] = packet.outputDevice
    case MetaKey.inputName:
      walk.registers.store128(word, environment.deviceName(packet.inputDevice))
    case MetaKey.outputName:
      walk.registers.store128(word, environment.deviceName(packet.outputDevice))
    case MetaKey.nfproto: walk.registers[word] = UInt32(walk.nfproto)
    case MetaKey.transportProtocol:
      guard packet.transportOffset >= 0 else { return .leaveRule }
      walk.registers[word] = UInt32(packet.transportProtocol)
    case MetaKey.packetType: walk.registers[word] = UInt32(packet.packetType)
    default: return loadRareMeta(instruction, &walk, packet, &environment)
    }
    return .next
  }

  @inline(never)
  private func loadRareMeta<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: inout Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    switch instruction.selector {
    case MetaKey.inputType, MetaKey.outputType:
      let device = instruction.selector == MetaKey.inputType ? packet.inputDevice : packet.outputDevice
      guard let type = environment.deviceType(device) else { return .leaveRule }
      walk.registers[word] = UInt32(type)
    case MetaKey.inputGroup, MetaKey.outputGroup:
      let device = instruction.selector == MetaKey.inputGroup ? packet.inputDevice : packet.outputDevice
      guard let group = environment.deviceGroup(device) else { return .leaveRule }
      walk.registers[word] = group
    case MetaKey.cpu: walk.registers[word] = 0
    case MetaKey.random: walk.registers[word] = environment.randomNumber()
    case MetaKey.time: walk.registers.store64(word, environment.wallClock)
    case MetaKey.day:
      // 1 January 1970 was a Thursday; Sunday is 0.
      let days = environment.wallClock / 86_400_000_000_000
      walk.registers[word] = UInt32(truncatingIfNeeded: (days + 4) % 7)
    case MetaKey.hour:
      walk.registers[word] = UInt32(truncatingIfNeeded: environment.wallClock / 1_000_000_000 % 86_400)
    default:
      // Sockets' owners: a forwarded packet has no socket.
      return .leaveRule
    }
    return .next
  }

  /// `meta` set.
  func storeMeta(_ instruction: Instruction, _ walk: borrowing Walk, _ packet: inout RulePacket)
    -> StepOutcome
  {
    let value = walk.registers[Int(instruction.source)]
    switch instruction.selector {
    case MetaKey.priority: packet.priority = value
    case MetaKey.mark: packet.mark = value
    case MetaKey.trace: packet.trace = value & 0xff != 0
    default:
      // Only from and to the kinds that a receiver tells apart: host, broadcast, multicast, other host.
      let wanted = UInt8(truncatingIfNeeded: value)
      if packet.packetType <= 3, wanted <= 3 { packet.packetType = wanted }
    }
    return .next
  }

  /// `fib`.
  @inline(never)
  func fib<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    let answer = environment.route(RouteQuery(flags: instruction.a), packet: packet)
    switch instruction.selector {
    case 1:
      let isPresentOnly = instruction.a & RouteQuery.Flag.presentOnly != 0
      walk.registers[word] = isPresentOnly ? (answer.device == 0 ? 0 : 1) : answer.device
    case 2:
      if instruction.a & RouteQuery.Flag.presentOnly != 0 {
        walk.registers[word] = answer.device == 0 ? 0 : 1
      } else {
        walk.registers.store128(word, environment.deviceName(answer.device))
      }
    default:
      walk.registers[word] = answer.type
    }
    return .next
  }

  /// `rt`.
  @inline(never)
  func route<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ packet: RulePacket, _ environment: borrowing Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    switch instruction.selector {
    case 1:
      guard packet.family == .ipv4, let hop = environment.routeNextHop(packet: packet) else {
        return .leaveRule
      }
      walk.registers[word] = UInt32(truncatingIfNeeded: hop).byteSwapped
    case 2:
      guard packet.family == .ipv6, let hop = environment.routeNextHop(packet: packet) else {
        return .leaveRule
      }
      walk.registers.store128(word, hop)
    case 3:
      guard let size = environment.routeSegmentSize(packet: packet) else { return .leaveRule }
      walk.registers[word] = UInt32(size)
    default:
      // Classes and IPsec do not exist here.
      walk.registers[word] = 0
    }
    return .next
  }
}
