// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// Checks of the expressions that keep state or decide about the packet.
extension ExpressionLoader {
  /// `counter`, `quota`, `limit`, `last`, `connlimit`: in rules, in sets and as what objects hold.
  func loadState(_ expression: NFTables.Expression) throws(ControlError) -> Loaded {
    switch expression {
    case .counter(let counters):
      var cell = StateCell(.counter)
      cell.a = counters.packets
      cell.b = counters.bytes
      return Loaded(expression, cell)
    case .quota(let value):
      var cell = StateCell(.quota)
      cell.a = value.consumed ?? 0
      cell.b = try needed(value.bytes)
      guard cell.b <= UInt64(Int64.max) else { throw ControlError(ErrorNumber.overflow) }
      guard value.flags ?? 0 <= 1 else { throw ControlError(ErrorNumber.invalid) }
      cell.isInverted = value.flags == 1
      return Loaded(expression, cell)
    case .limit(let value):
      return try loadLimit(value)
    case .last(let value):
      var cell = StateCell(.last)
      if value.isSet ?? 0 != 0 {
        let since = (value.milliseconds ?? 0).multipliedReportingOverflow(by: 1_000_000)
        guard !since.overflow else { throw ControlError(ErrorNumber.overflow) }
        cell.b = 1
        cell.a = now > since.partialValue ? now - since.partialValue : 0
      }
      return Loaded(expression, cell)
    case .connectionLimit(let value): return try loadConnectionLimit(value)
    default:
      throw ControlError(ErrorNumber.notSupported)
    }
  }

  /// Source (Linux 7.2): nft_limit_init, nft_limit_pkts_init.
  private func loadLimit(_ value: NFTables.Expression.Limit) throws(ControlError) -> Loaded {
    var result = value
    let rate = try needed(value.rate)
    let unit = try needed(value.unit)
    let type = value.type ?? 0
    let flags = value.flags ?? 0
    guard type <= 1, flags <= 1, rate > 0, unit > 0 else { throw ControlError(ErrorNumber.invalid) }
    let (nanoseconds, overflow) = unit.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { throw ControlError(ErrorNumber.overflow) }
    let countsBytes = type == 1
    var burst = UInt64(value.burst ?? 0)
    if burst == 0, !countsBytes { burst = 5 }
    let tokens: UInt64
    if countsBytes {
      let (sum, tooMuch) = rate.addingReportingOverflow(burst)
      let (product, tooMuchAgain) = sum.multipliedReportingOverflow(by: nanoseconds)
      guard !tooMuch, !tooMuchAgain else { throw ControlError(ErrorNumber.overflow) }
      tokens = product / rate
    } else {
      let (product, tooMuch) = (nanoseconds / rate).multipliedReportingOverflow(by: burst)
      guard !tooMuch else { throw ControlError(ErrorNumber.overflow) }
      tokens = product
    }
    var cell = StateCell(.limit)
    cell.a = tokens
    cell.b = now
    cell.c = tokens
    cell.d = nanoseconds / rate
    cell.e = nanoseconds
    cell.f = rate
    cell.countsBytes = countsBytes
    cell.isInverted = flags & 1 != 0
    result.burst = UInt32(truncatingIfNeeded: burst)
    result.type = type
    result.flags = flags
    return Loaded(.limit(result), cell)
  }

  func loadLog(_ value: NFTables.Expression.Log) throws(ControlError) -> Loaded {
    var result = value
    guard value.level == nil || value.group == nil else { throw ControlError(ErrorNumber.invalid) }
    if value.group == nil {
      guard value.snapLength == nil, value.queueThreshold == nil else {
        throw ControlError(ErrorNumber.invalid)
      }
      let level = value.level ?? 4
      guard level <= 8 else { throw ControlError(ErrorNumber.invalid) }
      result.level = level
      guard (value.flags ?? 0) & ~0x2f == 0 else { throw ControlError(ErrorNumber.invalid) }
      if result.flags == 0 { result.flags = nil }
    }
    return Loaded(.log(result))
  }

  func loadReject(_ value: NFTables.Expression.Reject) throws(ControlError) -> Loaded {
    var result = value
    switch try needed(value.type) {
    case 0:
      guard family != NFTables.Family.inet else {
        _ = try needed(value.code)
        return Loaded(.reject(result))
      }
      _ = try needed(value.code)
    case 1:
      result.code = nil
    case 2:
      guard
        family == NFTables.Family.inet || family == NFTables.Family.bridge
          || family == NFTables.Family.netdev
      else { throw ControlError(ErrorNumber.invalid) }
      guard try needed(value.code) <= 3 else { throw ControlError(ErrorNumber.invalid) }
    default: throw ControlError(ErrorNumber.invalid)
    }
    return Loaded(.reject(result))
  }

  func loadNAT(_ value: NFTables.Expression.NAT) throws(ControlError) -> Loaded {
    var result = value
    guard try needed(value.type) <= 1 else { throw ControlError(ErrorNumber.invalid) }
    guard value.addressMinimum != nil || value.portMinimum != nil else {
      throw ControlError(ErrorNumber.invalid)
    }
    let wanted = UInt8(truncatingIfNeeded: try needed(value.family))
    if family != NFTables.Family.inet, wanted != family { throw ControlError(ErrorNumber.notSupported) }
    let length: Int
    switch wanted {
    case NFTables.Family.ipv4: length = 4
    case NFTables.Family.ipv6: length = 16
    case NFTables.Family.inet where value.addressMinimum == nil: length = 0
    default: throw ControlError(ErrorNumber.notSupported)
    }
    if value.addressMinimum != nil {
      try checkLoad(value.addressMinimum, length)
      if value.addressMaximum != nil {
        try checkLoad(value.addressMaximum, length)
      } else {
        result.addressMaximum = value.addressMinimum
      }
    }
    if value.portMinimum != nil {
      try checkLoad(value.portMinimum, 2)
      if value.portMaximum != nil {
        try checkLoad(value.portMaximum, 2)
      } else {
        result.portMaximum = value.portMinimum
      }
    }
    guard value.flags ?? 0 <= 0x7f else { throw ControlError(ErrorNumber.notSupported) }
    var flags = value.flags ?? 0
    if value.addressMinimum != nil { flags |= TranslationRequest.Flag.mapAddresses }
    if value.portMinimum != nil { flags |= TranslationRequest.Flag.portsSpecified }
    result.flags = flags
    return Loaded(.nat(result))
  }

  func loadMasquerade(_ value: NFTables.Expression.Masquerade) throws(ControlError) -> Loaded {
    var result = value
    guard value.flags ?? 0 <= 0x7f else { throw ControlError(ErrorNumber.invalid) }
    if value.portMinimum != nil {
      try checkLoad(value.portMinimum, 2)
      if value.portMaximum != nil {
        try checkLoad(value.portMaximum, 2)
      } else {
        result.portMaximum = value.portMinimum
      }
    }
    if result.flags == 0 { result.flags = nil }
    return Loaded(.masquerade(result))
  }

  func loadRedirect(_ value: NFTables.Expression.Redirect) throws(ControlError) -> Loaded {
    var result = value
    if value.portMinimum != nil {
      try checkLoad(value.portMinimum, 2)
      if value.portMaximum != nil {
        try checkLoad(value.portMaximum, 2)
      } else {
        result.portMaximum = value.portMinimum
      }
      result.flags = value.flags ?? TranslationRequest.Flag.portsSpecified
    }
    guard result.flags ?? 0 <= 0x7f else { throw ControlError(ErrorNumber.invalid) }
    if result.flags == 0 { result.flags = nil }
    return Loaded(.redirect(result))
  }
}
