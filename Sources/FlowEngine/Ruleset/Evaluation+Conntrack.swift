// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// `NFT_CT_*`: keys of `ct`.
enum ConntrackRegisterKey {
  static let state: UInt8 = 0
  static let direction: UInt8 = 1
  static let status: UInt8 = 2
  static let mark: UInt8 = 3
  static let expiration: UInt8 = 5
  static let helper: UInt8 = 6
  static let networkProtocol: UInt8 = 7
  static let source: UInt8 = 8
  static let destination: UInt8 = 9
  static let transportProtocol: UInt8 = 10
  static let sourcePort: UInt8 = 11
  static let destinationPort: UInt8 = 12
  static let labels: UInt8 = 13
  static let packets: UInt8 = 14
  static let bytes: UInt8 = 15
  static let averagePacket: UInt8 = 16
  static let zone: UInt8 = 17
  static let eventMask: UInt8 = 18
  static let sourceIPv4: UInt8 = 19
  static let destinationIPv4: UInt8 = 20
  static let sourceIPv6: UInt8 = 21
  static let destinationIPv6: UInt8 = 22
  static let id: UInt8 = 23
}

// Source (Linux 7.2): nft_ct.c, nft_nat.c, nft_masq.c, nft_redir.c, nft_reject.c.
extension Ruleset {
  /// `ct` load.
  @inline(__always)
  func loadConntrack<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ environment: borrowing Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    if instruction.selector == ConntrackRegisterKey.state {
      walk.registers[word] = environment.conntrackState
      return .next
    }
    guard environment.hasConntrack else { return .leaveRule }
    let direction = RuleDirection(rawValue: UInt8(truncatingIfNeeded: instruction.detail))
    let key: ConntrackKey
    switch instruction.selector {
    case ConntrackRegisterKey.direction: key = .direction
    case ConntrackRegisterKey.status: key = .status
    case ConntrackRegisterKey.mark: key = .mark
    case ConntrackRegisterKey.expiration: key = .expiration
    case ConntrackRegisterKey.networkProtocol: key = .networkProtocol
    case ConntrackRegisterKey.transportProtocol: key = .transportProtocol
    case ConntrackRegisterKey.zone: key = .zone
    case ConntrackRegisterKey.id: key = .id
    default:
      return loadWideConntrack(instruction, &walk, direction, environment)
    }
    guard let value = environment.conntrack(key, direction: direction) else { return .leaveRule }
    walk.registers[word] = UInt32(truncatingIfNeeded: value)
    return .next
  }

  @inline(never)
  private func loadWideConntrack<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ direction: RuleDirection?,
    _ environment: borrowing Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    switch instruction.selector {
    case ConntrackRegisterKey.sourcePort, ConntrackRegisterKey.destinationPort:
      let key: ConntrackKey =
        instruction.selector == ConntrackRegisterKey.sourcePort ? .sourcePort : .destinationPort
      guard let port = environment.conntrack(key, direction: direction) else { return .leaveRule }
      walk.registers.storeBig16(word, UInt16(truncatingIfNeeded: port))
    case ConntrackRegisterKey.packets, ConntrackRegisterKey.bytes:
      let key: ConntrackKey = instruction.selector == ConntrackRegisterKey.packets ? .packets : .bytes
      walk.registers.store64(word, environment.conntrack(key, direction: direction) ?? 0)
    case ConntrackRegisterKey.averagePacket:
      let packets = environment.conntrack(.packets, direction: direction) ?? 0
      let bytes = environment.conntrack(.bytes, direction: direction) ?? 0
      walk.registers.store64(word, packets == 0 ? 0 : bytes / packets)
    case ConntrackRegisterKey.labels:
      guard let labels = environment.conntrackLabels() else { return .leaveRule }
      walk.registers.store128(word, labels.byteSwapped)
    case ConntrackRegisterKey.helper:
      guard let name = environment.conntrackHelper() else { return .leaveRule }
      walk.registers.store128(word, name)
    default:
      return loadAddress(instruction, &walk, direction ?? .original, environment)
    }
    return .next
  }

  private func loadAddress<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ direction: RuleDirection,
    _ environment: borrowing Environment
  ) -> StepOutcome {
    let word = Int(instruction.destination)
    let isSource: Bool
    let wanted: UInt64
    let family = environment.conntrack(.networkProtocol, direction: nil) ?? 0
    switch instruction.selector {
    case ConntrackRegisterKey.source: (isSource, wanted) = (true, family)
    case ConntrackRegisterKey.destination: (isSource, wanted) = (false, family)
    case ConntrackRegisterKey.sourceIPv4: (isSource, wanted) = (true, 2)
    case ConntrackRegisterKey.destinationIPv4: (isSource, wanted) = (false, 2)
    case ConntrackRegisterKey.sourceIPv6: (isSource, wanted) = (true, 10)
    default: (isSource, wanted) = (false, 10)
    }
    guard wanted == family,
      let address = environment.conntrackAddress(isSource: isSource, direction: direction)
    else { return .leaveRule }
    if family == 2 {
      walk.registers[word] = UInt32(truncatingIfNeeded: address).byteSwapped
    } else {
      walk.registers.store128(word, address)
    }
    return .next
  }

  /// `ct` set. Without an entry it has no effect, and the rule goes on.
  func storeConntrack<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: borrowing Walk, _ environment: inout Environment
  ) -> StepOutcome {
    let word = Int(instruction.source)
    let value = walk.registers[word]
    switch instruction.selector {
    case ConntrackRegisterKey.mark: environment.setConntrackMark(value)
    case ConntrackRegisterKey.labels:
      environment.setConntrackLabels(walk.registers.load128(word).byteSwapped)
    case ConntrackRegisterKey.zone:
      let direction = RuleDirection(rawValue: UInt8(truncatingIfNeeded: instruction.detail))
      environment.setConntrackZone(UInt16(truncatingIfNeeded: value), direction: direction)
    default: environment.setConntrackEventMask(value)
    }
    return .next
  }

  /// `snat`, `dnat`, `masquerade`, `redirect`: the rule's end, whatever comes of it.
  @inline(never)
  func translate<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: borrowing Walk, _ packet: RulePacket,
    _ environment: inout Environment
  ) -> StepOutcome {
    let kind: TranslationKind =
      switch instruction.selector {
      case 0: .range
      case 1: .masquerade
      default: .redirect
      }
    let family: PacketFamily =
      instruction.detail >> 8 == 0
      ? packet.family
      : PacketFamily(rawValue: UInt8(truncatingIfNeeded: instruction.detail >> 8)) ?? packet.family
    guard family == packet.family else { return .leaveRule }
    var request = TranslationRequest(
      kind: kind, isSource: instruction.detail & 1 != 0, family: family, flags: instruction.b)
    let registers = instruction.a
    let addressMinimum = UInt8(truncatingIfNeeded: registers)
    let addressMaximum = UInt8(truncatingIfNeeded: registers >> 8)
    let portMinimum = UInt8(truncatingIfNeeded: registers >> 16)
    let portMaximum = UInt8(truncatingIfNeeded: registers >> 24)
    if addressMinimum != Instruction.none {
      request.minimumAddress = address(walk, addressMinimum, family)
      request.maximumAddress = address(walk, addressMaximum, family)
    }
    if portMinimum != Instruction.none {
      request.minimumPort = walk.registers.loadBig16(Int(portMinimum))
      request.maximumPort = walk.registers.loadBig16(Int(portMaximum))
    }
    if request.flags & TranslationRequest.Flag.netmap != 0 { netmap(&request, packet, environment) }
    switch environment.translate(request, packet: packet) {
    case .accept: return .accept
    case .drop: return .drop
    case .stolen: return .stolen
    }
  }

  private func address(_ walk: borrowing Walk, _ word: UInt8, _ family: PacketFamily) -> UInt128 {
    family == .ipv4 ? UInt128(walk.registers[Int(word)].byteSwapped) : walk.registers.load128(Int(word))
  }

  /// Maps the packet's address into the range bit by bit: the host part stays.
  private func netmap<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ request: inout TranslationRequest, _ packet: RulePacket, _ environment: borrowing Environment
  ) {
    let octets = environment.octets
    let isIPv4 = packet.family == .ipv4
    let start =
      Int(packet.networkOffset) + (isIPv4 ? (request.isSource ? 12 : 16) : (request.isSource ? 8 : 24))
    guard start + (isIPv4 ? 4 : 16) <= octets.byteCount else { return }
    var own: UInt128 = 0
    for index in 0..<(isIPv4 ? 4 : 16) { own = own << 8 | UInt128(octets.uint8(at: start + index)) }
    let full: UInt128 = isIPv4 ? 0xffff_ffff : ~0
    let netmask = full & ~(request.minimumAddress ^ request.maximumAddress)
    let mapped = own & ~netmask & full | request.minimumAddress & netmask
    request.minimumAddress = mapped
    request.maximumAddress = mapped
  }

  /// `reject`.
  @inline(never)
  func reject<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: borrowing Walk, _ packet: RulePacket,
    _ environment: inout Environment
  ) -> StepOutcome {
    let code = UInt8(truncatingIfNeeded: instruction.detail)
    switch instruction.selector {
    case 1: environment.reject(.tcpReset, packet: packet, hook: walk.hook)
    case 2:
      let codes: [4 of UInt8] = packet.family == .ipv4 ? [0, 3, 1, 13] : [0, 4, 3, 1]
      environment.reject(.unreachable(code: codes[Int(code & 3)]), packet: packet, hook: walk.hook)
    default: environment.reject(.unreachable(code: code), packet: packet, hook: walk.hook)
    }
    return .drop
  }
}
