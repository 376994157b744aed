// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Checks of the expressions that read or write the packet and what is known of it.
extension ExpressionLoader {
  mutating func loadBitwise(_ value: NFTables.Expression.Bitwise) throws(ControlError) -> Loaded {
    let length = Int(try needed(value.length))
    guard length <= 255 else { throw ControlError(ErrorNumber.outOfRange) }
    var result = value
    let operation = value.operation ?? 0
    result.operation = operation
    try checkLoad(value.source, length)
    switch operation {
    case 0:
      guard value.data == nil, value.secondSource == nil else { throw ControlError(ErrorNumber.invalid) }
      let mask = try octets(value.mask)
      let xor = try octets(value.xor)
      guard mask.count == length, xor.count == length else { throw ControlError(ErrorNumber.invalid) }
    case 1, 2:
      guard value.mask == nil, value.xor == nil, value.secondSource == nil else {
        throw ControlError(ErrorNumber.invalid)
      }
      let data = try octets(value.data, limit: 4)
      guard data.count == 4 else { throw ControlError(ErrorNumber.invalid) }
      guard (1..<32).contains(hostNumber(data)) else { throw ControlError(ErrorNumber.invalid) }
    case 3...5 where kernel >= .linux612:
      guard value.mask == nil, value.xor == nil, (value.data == nil) != (value.secondSource == nil) else {
        throw ControlError(ErrorNumber.invalid)
      }
      if value.secondSource != nil {
        try checkLoad(value.secondSource, length)
      } else {
        guard try octets(value.data).count == length else { throw ControlError(ErrorNumber.invalid) }
      }
    default:
      throw ControlError(ErrorNumber.invalid)
    }
    try checkStore(value.destination, length)
    return Loaded(.bitwise(result))
  }

  mutating func loadByteOrder(_ value: NFTables.Expression.ByteOrder) throws(ControlError) {
    let length = Int(try needed(value.length))
    let size = try needed(value.size)
    guard try needed(value.operation) <= 1, [2, 4, 8].contains(size) else {
      throw ControlError(ErrorNumber.invalid)
    }
    if kernel >= .linux72, length != Int(size) { throw ControlError(ErrorNumber.notSupported) }
    try checkLoad(value.source, length)
    try checkStore(value.destination, length)
  }

  mutating func loadPayload(_ value: NFTables.Expression.Payload) throws(ControlError) -> Loaded {
    let base = try needed(value.base)
    let offset = try needed(value.offset)
    let length = Int(try needed(value.length))
    guard base <= 3 else { throw ControlError(ErrorNumber.notSupported) }
    guard offset <= 65535, length <= 255 else { throw ControlError(ErrorNumber.outOfRange) }
    if value.source != nil {
      guard value.destination == nil else { throw ControlError(ErrorNumber.invalid) }
      try checkLoad(value.source, length)
      var result = value
      result.checksumType = value.checksumType ?? 0
      result.checksumOffset = value.checksumOffset ?? 0
      result.checksumFlags = value.checksumFlags ?? 0
      guard result.checksumType == 0 || result.checksumType == 1 else {
        throw ControlError(ErrorNumber.notSupported)
      }
      guard result.checksumFlags.map({ $0 & ~1 == 0 }) ?? true else {
        throw ControlError(ErrorNumber.invalid)
      }
      return Loaded(.payload(result))
    }
    try checkStore(value.destination, length)
    return Loaded(.payload(value))
  }

  mutating func loadMeta(_ value: NFTables.Expression.Meta) throws(ControlError) {
    let key = try needed(value.key)
    guard (value.destination == nil) != (value.source == nil) else { throw ControlError(ErrorNumber.invalid) }
    if value.source != nil {
      guard let length = MetaKey.storeLength(key) else { throw ControlError(ErrorNumber.notSupported) }
      try checkLoad(value.source, length)
    } else {
      guard let length = MetaKey.loadLength(key) else { throw ControlError(ErrorNumber.notSupported) }
      try checkStore(value.destination, length)
    }
  }

  mutating func loadConntrack(_ value: NFTables.Expression.ConntrackKey) throws(ControlError) -> Loaded {
    let key = UInt8(clamping: try needed(value.key))
    guard (value.destination == nil) != (value.source == nil) else { throw ControlError(ErrorNumber.invalid) }
    guard (value.direction ?? 0) <= 1 else { throw ControlError(ErrorNumber.invalid) }
    if value.source != nil {
      switch key {
      case ConntrackRegisterKey.mark, ConntrackRegisterKey.eventMask: try checkLoad(value.source, 4)
      case ConntrackRegisterKey.labels: try checkLoad(value.source, 16)
      case ConntrackRegisterKey.zone: try checkLoad(value.source, 2)
      default: throw ControlError(ErrorNumber.notSupported)
      }
      return Loaded(.conntrack(value))
    }
    typealias Key = ConntrackRegisterKey
    let length: Int
    var needsDirection = false
    switch key {
    case Key.state, Key.status, Key.mark, Key.expiration, Key.id: length = 4
    case Key.direction, Key.networkProtocol, Key.transportProtocol: length = 1
    case Key.helper, Key.labels: length = 16
    case Key.packets, Key.bytes, Key.averagePacket: length = 8
    case Key.zone: length = 2
    case Key.source, Key.destination:
      needsDirection = true
      switch family {
      case NFTables.Family.ipv4: length = 4
      case NFTables.Family.ipv6, NFTables.Family.inet: length = 16
      default: throw ControlError(95)
      }
    case Key.sourceIPv4, Key.destinationIPv4: (length, needsDirection) = (4, true)
    case Key.sourceIPv6, Key.destinationIPv6: (length, needsDirection) = (16, true)
    case Key.sourcePort, Key.destinationPort: (length, needsDirection) = (2, true)
    default: throw ControlError(ErrorNumber.notSupported)
    }
    if needsDirection, value.direction == nil { throw ControlError(ErrorNumber.invalid) }
    let takesDirection =
      needsDirection || [Key.packets, Key.bytes, Key.averagePacket, Key.zone].contains(key)
    if value.direction != nil, !takesDirection { throw ControlError(ErrorNumber.invalid) }
    try checkStore(value.destination, length)
    return Loaded(.conntrack(value))
  }

  mutating func loadExtension(_ value: NFTables.Expression.ExtensionHeader) throws(ControlError) -> Loaded {
    let operation = value.operation ?? 0
    var result = value
    result.operation = operation
    result.flags = value.flags ?? 0
    _ = try needed(value.type)
    guard operation <= 1 else { throw ControlError(ErrorNumber.notSupported) }
    let length = Int(try needed(value.length))
    guard try needed(value.offset) <= 255, length <= 255 else { throw ControlError(ErrorNumber.outOfRange) }
    guard try needed(result.flags) & ~1 == 0 else { throw ControlError(ErrorNumber.invalid) }
    if value.source != nil {
      guard value.destination == nil, result.flags == 0 else { throw ControlError(ErrorNumber.invalid) }
      guard operation == 1 else { throw ControlError(ErrorNumber.notSupported) }
      guard length == 2 || length == 4 else { throw ControlError(ErrorNumber.notSupported) }
      try checkLoad(value.source, length)
    } else {
      guard value.destination != nil else { throw ControlError(ErrorNumber.notSupported) }
      try checkStore(value.destination, length)
    }
    return Loaded(.extensionHeader(result))
  }

  mutating func loadFib(_ value: NFTables.Expression.Fib) throws(ControlError) {
    let flags = try needed(value.flags)
    guard flags & ~0x3f == 0, flags & 3 != 0, flags & 3 != 3, flags & 24 != 24 else {
      throw ControlError(ErrorNumber.invalid)
    }
    let isPresence = flags & RouteQuery.Flag.presentOnly != 0
    switch try needed(value.result) {
    case 1:
      guard flags & RouteQuery.Flag.outputDevice == 0 else { throw ControlError(ErrorNumber.invalid) }
      try checkStore(value.destination, isPresence ? 1 : 4)
    case 2:
      guard flags & RouteQuery.Flag.outputDevice == 0 else { throw ControlError(ErrorNumber.invalid) }
      try checkStore(value.destination, isPresence ? 1 : 16)
    case 3: try checkStore(value.destination, 4)
    default: throw ControlError(ErrorNumber.invalid)
    }
  }

  mutating func loadRoute(_ value: NFTables.Expression.Route) throws(ControlError) {
    switch try needed(value.key) {
    case 0, 1: try checkStore(value.destination, 4)
    case 2: try checkStore(value.destination, 16)
    case 3: try checkStore(value.destination, 2)
    case 4: try checkStore(value.destination, 1)
    default: throw ControlError(ErrorNumber.notSupported)
    }
  }

  mutating func loadNumber(_ value: NFTables.Expression.NumberGenerator) throws(ControlError) -> Loaded {
    let modulus = try needed(value.modulus)
    var result = value
    result.offset = value.offset ?? 0
    guard modulus > 0 else { throw ControlError(ErrorNumber.outOfRange) }
    guard UInt64(result.offset ?? 0) + UInt64(modulus) - 1 <= UInt64(UInt32.max) else {
      throw ControlError(ErrorNumber.overflow)
    }
    try checkStore(value.destination, 4)
    switch try needed(value.type) {
    case 0: return Loaded(.numberGenerator(result), StateCell(.number))
    case 1: return Loaded(.numberGenerator(result))
    default: throw ControlError(ErrorNumber.invalid)
    }
  }

  mutating func loadHash(_ value: NFTables.Expression.Hash) throws(ControlError) -> Loaded {
    guard value.type ?? 0 == 0 else { throw ControlError(ErrorNumber.notSupported) }
    let modulus = try needed(value.modulus)
    let length = Int(try needed(value.length))
    guard length > 0, length <= 255, modulus > 0 else { throw ControlError(ErrorNumber.outOfRange) }
    guard UInt64(value.offset ?? 0) + UInt64(modulus) - 1 <= UInt64(UInt32.max) else {
      throw ControlError(ErrorNumber.overflow)
    }
    try checkLoad(value.source, length)
    try checkStore(value.destination, 4)
    var result = value
    result.type = 0
    if result.offset == 0 { result.offset = nil }
    return Loaded(.hash(result))
  }

  /// A number in host order as the wire has it.
  func hostNumber(_ octets: [UInt8]) -> UInt32 {
    var number: UInt32 = 0
    for (index, octet) in octets.prefix(4).enumerated() { number |= UInt32(octet) << UInt32(8 * index) }
    return number
  }
}
