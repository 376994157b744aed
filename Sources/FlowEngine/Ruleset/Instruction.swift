// SPDX-License-Identifier: GPL-3.0-or-later

/// What one instruction of the rules' bytecode does. An expression of a rule becomes one instruction.
enum Opcode: UInt8 {
  /// First of each rule: `a` is where the next rule begins.
  case beginRule
  /// Behind the last rule of a chain.
  case endChain
  /// Sets the verdict: `b` its code, `a` the chain jumped to.
  case verdict
  /// Copies `length` octets of constants from `a` into the register.
  case loadConstant
  case compare
  case range
  case maskXor
  case shift
  case boolean
  case byteOrder
  case loadPayload
  case storePayload
  case loadMeta
  case storeMeta
  case loadConntrack
  case storeConntrack
  case lookup
  case loadExtension
  case storeExtension
  case fib
  case route
  case number
  case hash
  /// Runs the stateful cell `a` and those linked to it.
  case state
  /// Runs the cells of the element that the set `a` has for the register, of a set whose lookups leave them alone.
  case elementState
  /// Adds, refreshes or removes an element: statement `a` in ``Program/dynamicStatements``, `selector` the operation,
  /// `source` the key, `destination` the data, `detail` 1 when inverted.
  case dynamicSet
  /// Runs the stateful cell that the map `a` has for the register.
  case stateFromMap
  case log
  case reject
  case translate
  case offload
  case notrack
  case transmit
}

/// One step of the bytecode. Registers are numbers of 32-bit words (0…19); `none` marks an absent one.
struct Instruction: BitwiseCopyable {
  static let none: UInt8 = 0xff

  var opcode: Opcode
  var source: UInt8 = Instruction.none
  var destination: UInt8 = Instruction.none
  /// Operation, key or base, by opcode.
  var selector: UInt8 = 0
  /// Octets.
  var length: UInt16 = 0
  /// Flags or a second small operand, by opcode.
  var detail: UInt16 = 0
  var a: UInt32 = 0
  var b: UInt32 = 0
  var c: UInt64 = 0

  init(_ opcode: Opcode) { self.opcode = opcode }
}
