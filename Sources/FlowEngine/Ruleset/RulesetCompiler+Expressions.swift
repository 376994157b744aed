// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// One instruction for each expression. The loader has checked everything: an absent attribute cannot occur
// here, and counts as 0 if it does.
extension Ruleset {
  mutating func compile(_ loaded: LoadedExpression, _ scope: CompilerScope) {
    switch loaded.expression {
    case .immediate(let value): compile(value, scope)
    case .compare(let value):
      var instruction = Instruction(.compare)
      instruction.source = register(value.source)
      instruction.selector = UInt8(truncatingIfNeeded: value.operation ?? 0)
      instruction.length = UInt16(value.data?.octets?.count ?? 0)
      instruction.a = constant(value.data)
      program.code.append(instruction)
    case .range(let value):
      var instruction = Instruction(.range)
      instruction.source = register(value.source)
      instruction.selector = UInt8(truncatingIfNeeded: value.operation ?? 0)
      instruction.length = UInt16(value.from?.octets?.count ?? 0)
      instruction.a = constant(value.from)
      instruction.b = constant(value.to)
      program.code.append(instruction)
    case .bitwise(let value): compile(value)
    case .byteOrder(let value):
      var instruction = Instruction(.byteOrder)
      instruction.source = register(value.source)
      instruction.destination = register(value.destination)
      instruction.length = UInt16(truncatingIfNeeded: value.length ?? 0)
      instruction.detail = UInt16(truncatingIfNeeded: value.size ?? 4)
      program.code.append(instruction)
    case .payload(let value): compile(value)
    case .meta(let value):
      var instruction = Instruction(value.source == nil ? .loadMeta : .storeMeta)
      instruction.source = register(value.source)
      instruction.destination = register(value.destination)
      instruction.selector = UInt8(truncatingIfNeeded: value.key ?? 0)
      program.code.append(instruction)
    case .conntrack(let value):
      var instruction = Instruction(value.source == nil ? .loadConntrack : .storeConntrack)
      instruction.source = register(value.source)
      instruction.destination = register(value.destination)
      instruction.selector = UInt8(truncatingIfNeeded: value.key ?? 0)
      instruction.detail = UInt16(value.direction ?? 0xff)
      program.code.append(instruction)
    case .lookup(let value):
      gateLookup(value, scope)
      var instruction = Instruction(.lookup)
      instruction.source = register(value.source)
      instruction.destination = register(value.destination)
      instruction.selector = UInt8(truncatingIfNeeded: (value.flags ?? 0) & 1)
      instruction.a = scope.sets[value.set ?? ""] ?? 0
      program.code.append(instruction)
    case .extensionHeader(let value): compile(value)
    case .fib(let value):
      var instruction = Instruction(.fib)
      instruction.destination = register(value.destination)
      instruction.selector = UInt8(truncatingIfNeeded: value.result ?? 0)
      instruction.a = value.flags ?? 0
      program.code.append(instruction)
    case .route(let value):
      var instruction = Instruction(.route)
      instruction.destination = register(value.destination)
      instruction.selector = UInt8(truncatingIfNeeded: value.key ?? 0)
      program.code.append(instruction)
    default: compileStatement(loaded, scope)
    }
  }

  private mutating func compileStatement(_ loaded: LoadedExpression, _ scope: CompilerScope) {
    switch loaded.expression {
    case .numberGenerator(let value):
      var instruction = Instruction(.number)
      instruction.destination = register(value.destination)
      instruction.selector = UInt8(truncatingIfNeeded: value.type ?? 0)
      instruction.a = value.modulus ?? 1
      instruction.b = value.offset ?? 0
      instruction.c = UInt64(loaded.cell ?? 0)
      program.code.append(instruction)
    case .hash(let value):
      var instruction = Instruction(.hash)
      instruction.source = register(value.source)
      instruction.destination = register(value.destination)
      instruction.length = UInt16(truncatingIfNeeded: value.length ?? 0)
      instruction.a = value.modulus ?? 1
      instruction.b = value.offset ?? 0
      instruction.c = UInt64(value.seed ?? 0x9e37_79b9)
      program.code.append(instruction)
    case .dynamicSet(let value): compile(value, scope)
    case .counter, .limit, .quota, .last, .connectionLimit:
      guard let cell = loaded.cell else { return }
      var instruction = Instruction(.state)
      instruction.a = cell
      program.code.append(instruction)
    case .log: program.code.append(Instruction(.log))
    case .reject(let value):
      var instruction = Instruction(.reject)
      instruction.selector = UInt8(truncatingIfNeeded: value.type ?? 0)
      instruction.detail = UInt16(value.code ?? 0)
      program.code.append(instruction)
    case .nat(let value):
      compileTranslation(
        kind: 0, isSource: value.type == 0, family: value.family == 1 ? 0 : value.family ?? 0,
        addresses: (value.addressMinimum, value.addressMaximum),
        ports: (value.portMinimum, value.portMaximum),
        flags: value.flags ?? 0)
    case .masquerade(let value):
      compileTranslation(
        kind: 1, isSource: true, family: 0, addresses: (nil, nil),
        ports: (value.portMinimum, value.portMaximum), flags: value.flags ?? 0)
    case .redirect(let value):
      compileTranslation(
        kind: 2, isSource: false, family: 0, addresses: (nil, nil),
        ports: (value.portMinimum, value.portMaximum), flags: value.flags ?? 0)
    case .flowOffload(let value):
      var instruction = Instruction(.offload)
      guard let index = scope.table.flowtable(value.flowtable ?? "") else { return }
      instruction.a = scope.table.flowtables[index].id.number
      program.code.append(instruction)
    case .notrack: program.code.append(Instruction(.notrack))
    case .objectReference(let value): compile(value, scope)
    case .duplicate(let value):
      var instruction = Instruction(.transmit)
      instruction.source = register(value.device)
      instruction.selector = 1
      program.code.append(instruction)
    case .forward(let value):
      var instruction = Instruction(.transmit)
      instruction.source = register(value.device)
      program.code.append(instruction)
    default: break
    }
  }

  private mutating func compile(_ value: NFTables.Expression.Immediate, _ scope: CompilerScope) {
    switch value.data {
    case .verdict(let verdict)?:
      var instruction = Instruction(.verdict)
      instruction.b = UInt32(bitPattern: verdict.code)
      instruction.a = verdict.chain.flatMap { scope.chains[$0] } ?? 0
      program.code.append(instruction)
    case .value(let octets)?:
      var instruction = Instruction(.loadConstant)
      instruction.destination = register(value.destination)
      instruction.length = UInt16(octets.count)
      instruction.a = constant(value.data)
      program.code.append(instruction)
    case nil: break
    }
  }

  private mutating func compile(_ value: NFTables.Expression.Bitwise) {
    let operation = value.operation ?? 0
    var instruction = Instruction(operation == 0 ? .maskXor : operation <= 2 ? .shift : .boolean)
    instruction.source = register(value.source)
    instruction.destination = register(value.destination)
    instruction.selector = UInt8(truncatingIfNeeded: operation)
    instruction.length = UInt16(truncatingIfNeeded: value.length ?? 0)
    switch operation {
    case 0:
      instruction.a = constant(value.mask)
      instruction.b = constant(value.xor)
    case 1, 2:
      for (index, octet) in (value.data?.octets ?? []).prefix(4).enumerated() {
        instruction.a |= UInt32(octet) << UInt32(8 * index)
      }
    default:
      if let second = value.secondSource {
        instruction.detail = 1
        instruction.b = UInt32(register(second))
      } else {
        instruction.a = constant(value.data)
      }
    }
    program.code.append(instruction)
  }

  private mutating func compile(_ value: NFTables.Expression.Payload) {
    var instruction = Instruction(value.source == nil ? .loadPayload : .storePayload)
    instruction.source = register(value.source)
    instruction.destination = register(value.destination)
    instruction.selector = UInt8(truncatingIfNeeded: value.base ?? 0)
    instruction.length = UInt16(truncatingIfNeeded: value.length ?? 0)
    instruction.a = value.offset ?? 0
    instruction.b = value.checksumOffset ?? 0
    instruction.detail =
      UInt16(truncatingIfNeeded: value.checksumType ?? 0) | UInt16(
        truncatingIfNeeded: value.checksumFlags ?? 0) << 8
    program.code.append(instruction)
  }

  private mutating func compile(_ value: NFTables.Expression.ExtensionHeader) {
    var instruction = Instruction(value.source == nil ? .loadExtension : .storeExtension)
    instruction.source = register(value.source)
    instruction.destination = register(value.destination)
    instruction.selector = UInt8(truncatingIfNeeded: value.operation ?? 0)
    instruction.length = UInt16(truncatingIfNeeded: value.length ?? 0)
    instruction.detail = UInt16(truncatingIfNeeded: value.flags ?? 0)
    instruction.a = value.offset ?? 0
    instruction.b = UInt32(value.type ?? 0)
    program.code.append(instruction)
  }

  private mutating func compile(_ value: NFTables.Expression.ObjectReference, _ scope: CompilerScope) {
    if let name = value.set {
      var instruction = Instruction(.stateFromMap)
      instruction.source = register(value.source)
      instruction.a = scope.sets[name] ?? 0
      program.code.append(instruction)
    } else if let index = scope.table.object(value.object ?? "", value.type ?? 0) {
      var instruction = Instruction(.state)
      instruction.a = scope.table.objects[index].cell
      program.code.append(instruction)
    }
  }

  private mutating func compileTranslation(
    kind: UInt8, isSource: Bool, family: UInt32, addresses: (UInt32?, UInt32?), ports: (UInt32?, UInt32?),
    flags: UInt32
  ) {
    var instruction = Instruction(.translate)
    instruction.selector = kind
    instruction.detail = UInt16(truncatingIfNeeded: family) << 8 | (isSource ? 1 : 0)
    instruction.a =
      UInt32(register(addresses.0)) | UInt32(register(addresses.1)) << 8 | UInt32(register(ports.0)) << 16
      | UInt32(register(ports.1)) << 24
    instruction.b = flags
    if ports.0 != nil { instruction.b |= TranslationRequest.Flag.portsSpecified }
    program.code.append(instruction)
  }

  /// Word of a register, ``Instruction/none`` for an absent one.
  func register(_ number: UInt32?) -> UInt8 {
    switch number {
    case .some(let number) where number <= 4: UInt8(number * 4)
    case .some(let number) where number >= 8 && number <= 23: UInt8(number - 4)
    default: Instruction.none
    }
  }

  /// Appends a constant, padded with zeros to whole words; where it begins.
  private mutating func constant(_ data: NFTables.Data?) -> UInt32 {
    let start = UInt32(program.constants.count)
    let octets = data?.octets ?? []
    for index in 0..<max(1, (octets.count + 3) / 4) {
      var word: UInt32 = 0
      for offset in 0..<4 where index * 4 + offset < octets.count {
        word |= UInt32(octets[index * 4 + offset]) << UInt32(8 * offset)
      }
      program.constants.append(word)
    }
    return start
  }
}
