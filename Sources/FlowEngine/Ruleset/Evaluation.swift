// SPDX-License-Identifier: GPL-3.0-or-later

/// What one instruction made of the packet.
enum StepOutcome {
  /// On to the next expression.
  case next
  /// The rule does not match (NFT_BREAK).
  case leaveRule
  case accept
  case drop
  case stolen
}

/// One walk through a base chain: its registers and where it stands.
struct Walk {
  let hook: Hook
  let nfproto: UInt8
  let now: UInt64
  var registers = Registers()
  /// Handle of the rule that is being evaluated.
  var rule: UInt64 = 0
}

/// Where a chain that was jumped to returns to.
struct Caller: BitwiseCopyable {
  var place: UInt32 = 0
  var chain: UInt32 = 0
}

extension Ruleset {
  /// Evaluates one base chain.
  ///
  /// Source (Linux 7.2): net/netfilter/nf_tables_core.c, nft_do_chain.
  mutating func evaluate<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ base: BaseChain, hook: Hook, packet: inout RulePacket, environment: inout Environment
  ) -> RuleVerdict {
    var walk = Walk(
      hook: hook, nfproto: base.nfproto == 0 ? packet.family.rawValue : base.nfproto, now: environment.now)
    let isTraced = environment.isTraced
    var trail = RuleTrail(base.chain, nfproto: walk.nfproto)
    var depth = 0
    var place = Int(program.chains[Int(base.chain)])
    var nextRule = place
    while true {
      let instruction = program.code[place]
      place &+= 1
      switch instruction.opcode {
      case .beginRule:
        nextRule = Int(instruction.a)
        walk.rule = instruction.c
        if isTraced {
          trail.close(as: .next, packet, &environment)
          trail.begin(instruction.c, packet)
        }
        continue
      case .endChain:
        if isTraced {
          trail.close(as: .next, packet, &environment)
          environment.traceEnd(&trail, packet)
          if depth == 0 { environment.trace(&trail, accepts: base.accepts, packet) }
        }
        guard depth > 0 else { return applyPolicy(base, packet) }
        depth -= 1
        place = Int(callers[depth].place)
        trail.chain = callers[depth].chain
        continue
      case .verdict, .lookup:
        var target = instruction.a
        var code = Int32(bitPattern: instruction.b)
        if instruction.opcode == .lookup {
          switch lookUp(instruction, place &- 1, &walk, packet.byteCount) {
          case .missing:
            if isTraced { trail.close(as: .noMatch, packet, &environment) }
            place = nextRule
            continue
          case .found:
            continue
          case .verdict(let itsCode, let itsTarget):
            code = itsCode
            target = itsTarget
          }
        }
        if isTraced {
          trail.close(code, target, packet, &environment)
          if code == NFTablesVerdict.return, depth == 0 {
            environment.trace(&trail, accepts: base.accepts, packet)
          }
        }
        switch code {
        case NFTablesVerdict.continue: continue
        case NFTablesVerdict.break: place = nextRule
        case NFTablesVerdict.jump:
          guard depth < callers.count else { return .drop }
          callers[depth] = Caller(place: UInt32(truncatingIfNeeded: nextRule), chain: trail.chain)
          trail.chain = target
          depth += 1
          place = Int(program.chains[Int(target)])
        case NFTablesVerdict.goto:
          trail.chain = target
          place = Int(program.chains[Int(target)])
        case NFTablesVerdict.return:
          guard depth > 0 else { return applyPolicy(base, packet) }
          depth -= 1
          place = Int(callers[depth].place)
          trail.chain = callers[depth].chain
        case NFTablesVerdict.accept: return .accept
        default: return .drop
        }
        continue
      default:
        // What most rules consist of is done here, all else elsewhere.
        let outcome: StepOutcome
        switch instruction.opcode {
        case .compare: outcome = stepRegisters(instruction, &walk)
        case .loadMeta: outcome = loadMeta(instruction, &walk, packet, &environment)
        case .state: outcome = runState(instruction.a, packet.byteCount, walk.now, &environment)
        default: outcome = step(place &- 1, &walk, &packet, &environment)
        }
        if isTraced { trail.close(outcome, packet, &environment) }
        switch outcome {
        case .next: continue
        case .leaveRule: place = nextRule
        case .accept: return .accept
        case .drop: return .drop
        case .stolen: return .stolen
        }
      }
    }
  }

  private mutating func applyPolicy(_ base: BaseChain, _ packet: RulePacket) -> RuleVerdict {
    if base.counter != 0 { _ = cells.run(base.counter - 1, byteCount: packet.byteCount, now: 0) }
    return base.accepts ? .accept : .drop
  }

  /// What a lookup yields.
  private enum Found {
    case missing
    case found
    case verdict(Int32, UInt32)
  }

  @inline(__always)
  private mutating func lookUp(
    _ instruction: Instruction, _ place: Int, _ walk: inout Walk, _ byteCount: Int
  ) -> Found {
    let set = Int(instruction.a)
    guard program.sets.headers[set].isSimple else { return lookUpElse(place, &walk, byteCount) }
    let record = program.sets.findSimple(set, walk.registers[Int(instruction.source)])
    if instruction.selector != 0 { return record < 0 ? .found : .missing }
    guard record >= 0 else { return .missing }
    guard instruction.destination != Instruction.none else { return .found }
    return take(record, place, &walk)
  }

  /// A lookup in a set whose keys are more than one word, or whose elements do more than match.
  @inline(never)
  private mutating func lookUpElse(_ place: Int, _ walk: inout Walk, _ byteCount: Int) -> Found {
    let instruction = program.code[place]
    let set = Int(instruction.a)
    let found = program.sets.find(set, &walk.registers, Int(instruction.source), now: walk.now)
    if instruction.selector != 0 { return found == nil ? .found : .missing }
    guard let record = found else { return .missing }
    let cell = program.sets.words[record + program.sets.headers[set].cellWord]
    if cell != 0, !cells.run(cell - 1, byteCount: byteCount, now: walk.now) { return .missing }
    guard instruction.destination != Instruction.none else { return .found }
    return take(record, place, &walk)
  }

  /// What a map holds in `record`: a verdict, or data for the registers.
  @inline(never)
  private mutating func take(_ record: Int, _ place: Int, _ walk: inout Walk) -> Found {
    let instruction = program.code[place]
    let set = Int(instruction.a)
    let header = program.sets.headers[set]
    if header.isVerdictMap {
      return .verdict(
        Int32(bitPattern: program.sets.words[record + header.dataWord]),
        program.sets.words[record + header.dataWord + 1])
    }
    for index in 0..<Int(header.dataWords) {
      walk.registers[Int(instruction.destination) + index] =
        program.sets.words[
          record + header.dataWord + index]
    }
    return .found
  }

  /// Runs the instruction at `place`, which is none of those that are run where the chain is walked.
  @inline(never)
  private mutating func step<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ place: Int, _ walk: inout Walk, _ packet: inout RulePacket, _ environment: inout Environment
  ) -> StepOutcome {
    let instruction = program.code[place]
    switch instruction.opcode {
    case .beginRule, .endChain, .verdict, .lookup, .compare, .loadMeta, .state: return .next
    case .loadConstant, .range, .maskXor, .shift, .boolean, .byteOrder:
      return stepRegisters(instruction, &walk)
    case .loadPayload: return loadPayload(instruction, &walk, packet, environment)
    case .storePayload: return storePayload(instruction, walk, packet, &environment)
    case .storeMeta: return storeMeta(instruction, walk, &packet)
    case .loadConntrack: return loadConntrack(instruction, &walk, environment)
    case .storeConntrack: return storeConntrack(instruction, walk, &environment)
    case .loadExtension: return loadExtension(instruction, &walk, packet, environment)
    case .storeExtension: return storeExtension(instruction, walk, packet, &environment)
    case .fib: return fib(instruction, &walk, packet, environment)
    case .route: return route(instruction, &walk, packet, environment)
    case .number: return number(instruction, &walk, &environment)
    case .hash: return hash(instruction, &walk)
    case .elementState: return stepElementState(instruction, &walk, packet, &environment)
    case .dynamicSet: return stepDynamicSet(instruction, &walk, packet, &environment)
    case .stateFromMap:
      let set = Int(instruction.a)
      guard
        let record = program.sets.find(set, &walk.registers, Int(instruction.source), now: walk.now)
      else { return .leaveRule }
      let header = program.sets.headers[set]
      let cell = program.sets.words[record + header.dataWord]
      guard cell != 0 else { return .leaveRule }
      return runState(cell - 1, packet.byteCount, walk.now, &environment)
    case .log:
      environment.log(rule: walk.rule, packet: packet)
      return .next
    case .reject: return reject(instruction, walk, packet, &environment)
    case .translate: return translate(instruction, walk, packet, &environment)
    case .offload:
      return environment.offload(to: FlowtableID(number: instruction.a), packet: packet)
        ? .next : .leaveRule
    case .notrack:
      environment.setUntracked()
      return .next
    case .transmit:
      environment.transmit(
        on: walk.registers[Int(instruction.source)], isCopy: instruction.selector != 0, packet: packet)
      return instruction.selector != 0 ? .next : .stolen
    }
  }

  @inline(__always)
  private mutating func runState<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ number: UInt32, _ byteCount: Int, _ now: UInt64, _ environment: inout Environment
  ) -> StepOutcome {
    if cells[number].kind.rawValue >= StateCell.Kind.helper.rawValue {
      return runSurroundings(number, &environment)
    }
    return cells.run(number, byteCount: byteCount, now: now) ? .next : .leaveRule
  }

  /// Runs a cell that has to do with more than the packet's length.
  @inline(never)
  private mutating func runSurroundings<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ number: UInt32, _ environment: inout Environment
  ) -> StepOutcome {
    let cell = cells[number]
    switch cell.kind {
    case .helper:
      environment.assignHelper(
        UInt128(cell.a) << 64 | UInt128(cell.b), transportProtocol: UInt8(truncatingIfNeeded: cell.c))
      return .next
    case .connections: return cells.countConnection(number, kernel, environment)
    default: return .next
    }
  }
}

/// Codes of verdicts, as `switch` patterns.
enum NFTablesVerdict {
  static let accept: Int32 = 1
  static let `continue`: Int32 = -1
  static let `break`: Int32 = -2
  static let jump: Int32 = -3
  static let goto: Int32 = -4
  static let `return`: Int32 = -5
}
