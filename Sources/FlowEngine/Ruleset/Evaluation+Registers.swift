// SPDX-License-Identifier: GPL-3.0-or-later

// Expressions that read and write registers only.
// Source (Linux 7.2): nft_cmp.c, nft_range.c, nft_bitwise.c, nft_byteorder.c, nft_immediate.c, nft_numgen.c.

extension Ruleset {
  /// `immediate`, `cmp`, `range`, `bitwise`, `byteorder`.
  @inline(__always)
  mutating func stepRegisters(_ instruction: Instruction, _ walk: inout Walk) -> StepOutcome {
    let words = (Int(instruction.length) + 3) / 4
    let constant = Int(instruction.a)
    let source = Int(instruction.source)
    let destination = Int(instruction.destination)
    switch instruction.opcode {
    case .loadConstant:
      for index in 0..<words { walk.registers[destination + index] = program.constants[constant + index] }
    case .compare:
      return compare(instruction, walk) ? .next : .leaveRule
    case .range:
      let octets = Int(instruction.length)
      let isInside =
        order(walk, source, constant, octets: octets) >= 0
        && order(walk, source, Int(instruction.b), octets: octets) <= 0
      return isInside == (instruction.selector == 0) ? .next : .leaveRule
    case .maskXor:
      for index in 0..<words {
        walk.registers[destination + index] =
          (walk.registers[source + index] & program.constants[constant + index])
          ^ program.constants[Int(instruction.b) + index]
      }
    case .shift:
      shift(instruction, &walk, words: words)
    case .boolean:
      for index in 0..<words {
        let second =
          instruction.detail == 0
          ? program.constants[constant + index] : walk.registers[Int(instruction.b) + index]
        let first = walk.registers[source + index]
        walk.registers[destination + index] =
          switch instruction.selector {
          case 3: first & second
          case 4: first | second
          default: first ^ second
          }
      }
    case .byteOrder:
      swapOctets(instruction, &walk)
    default:
      break
    }
    return .next
  }

  @inline(__always)
  private func compare(_ instruction: Instruction, _ walk: borrowing Walk) -> Bool {
    let octets = Int(instruction.length)
    let source = Int(instruction.source)
    let constant = Int(instruction.a)
    guard instruction.selector > 1 else {
      let last = (octets + 3) / 4 - 1
      var difference =
        (walk.registers[source + last] ^ program.constants[constant + last])
        & lastWordMask(octets: octets)
      for index in 0..<last {
        difference |= walk.registers[source + index] ^ program.constants[constant + index]
      }
      return (difference == 0) == (instruction.selector == 0)
    }
    let order = order(walk, source, constant, octets: octets)
    return switch instruction.selector {
    case 2: order < 0
    case 3: order <= 0
    case 4: order > 0
    default: order >= 0
    }
  }

  /// Compares a register with a constant as octet strings.
  private func order(_ walk: borrowing Walk, _ source: Int, _ constant: Int, octets: Int) -> Int {
    let words = (octets + 3) / 4
    for index in 0..<words {
      let mask = index == words - 1 ? lastWordMask(octets: octets) : 0xffff_ffff
      let ours = (walk.registers[source + index] & mask).byteSwapped
      let theirs = (program.constants[constant + index] & mask).byteSwapped
      if ours != theirs { return ours < theirs ? -1 : 1 }
    }
    return 0
  }

  /// Shifts the whole value, word by word in host order, the first word being the most significant.
  private func shift(_ instruction: Instruction, _ walk: inout Walk, words: Int) {
    let source = Int(instruction.source)
    let destination = Int(instruction.destination)
    let distance = instruction.a
    var carry: UInt32 = 0
    if instruction.selector == 1 {
      for index in (0..<words).reversed() {
        let word = walk.registers[source + index]
        walk.registers[destination + index] = word << distance | carry
        carry = word >> (32 - distance)
      }
    } else {
      for index in 0..<words {
        let word = walk.registers[source + index]
        walk.registers[destination + index] = carry | word >> distance
        carry = word << (32 - distance)
      }
    }
  }

  /// Both conversions swap: the engine runs on little-endian machines.
  private func swapOctets(_ instruction: Instruction, _ walk: inout Walk) {
    let source = Int(instruction.source)
    let destination = Int(instruction.destination)
    let words = (Int(instruction.length) + 3) / 4
    switch instruction.detail {
    case 8:
      for pair in 0..<(Int(instruction.length) / 8) {
        let low = walk.registers[source + 2 * pair]
        let high = walk.registers[source + 2 * pair + 1]
        walk.registers[destination + 2 * pair] = high.byteSwapped
        walk.registers[destination + 2 * pair + 1] = low.byteSwapped
      }
    case 4:
      for index in 0..<(Int(instruction.length) / 4) {
        walk.registers[destination + index] = walk.registers[source + index].byteSwapped
      }
    default:
      // A single octet is no pair: nothing is written.
      for index in 0..<words where instruction.length > 1 {
        let word = walk.registers[source + index]
        let swapped = (word & 0x00ff_00ff) << 8 | (word >> 8) & 0x00ff_00ff
        let isPartial = index == words - 1 && instruction.length & 3 != 0
        walk.registers[destination + index] = isPartial ? swapped & 0xffff : swapped
      }
    }
  }

  /// `numgen`.
  mutating func number<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ instruction: Instruction, _ walk: inout Walk, _ environment: inout Environment
  ) -> StepOutcome {
    let modulus = instruction.a
    let value: UInt32
    if instruction.selector == 0 {
      let cell = UInt32(truncatingIfNeeded: instruction.c)
      value = UInt32(truncatingIfNeeded: cells[cell].a)
      cells[cell].a = value &+ 1 < modulus ? UInt64(value &+ 1) : 0
    } else {
      value = UInt32(truncatingIfNeeded: (UInt64(environment.randomNumber()) * UInt64(modulus)) >> 32)
    }
    walk.registers[Int(instruction.destination)] = value &+ instruction.b
    return .next
  }

  /// `hash` of a register: any function that spreads well will do, the value itself shows nowhere.
  mutating func hash(_ instruction: Instruction, _ walk: inout Walk) -> StepOutcome {
    let words = (Int(instruction.length) + 3) / 4
    var state = UInt32(truncatingIfNeeded: instruction.c) ^ 0x9e37_79b9
    for index in 0..<words {
      let isLast = index == words - 1
      let mask = isLast ? lastWordMask(octets: Int(instruction.length)) : 0xffff_ffff
      state = (state ^ walk.registers[Int(instruction.source) + index] & mask) &* 0x85eb_ca6b
      state ^= state >> 13
    }
    state = state &* 0xc2b2_ae35
    state ^= state >> 16
    let scaled = UInt32(truncatingIfNeeded: (UInt64(state) * UInt64(instruction.a)) >> 32)
    walk.registers[Int(instruction.destination)] = scaled &+ instruction.b
    return .next
  }
}
