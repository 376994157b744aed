// SPDX-License-Identifier: GPL-3.0-or-later

extension OutputBuffer {
  /// A count with at most three digits and a power of 1000: 999, 1.2k, 35M. Rounded down.
  package mutating func append(human value: UInt64) {
    guard value >= 1000 else {
      append(decimal: value)
      return
    }
    let units: [UInt8] = Array("kMGTPE".utf8)
    var unit = 0
    var scale: UInt64 = 1000
    while value / scale >= 1000 {
      scale *= 1000
      unit += 1
    }
    let whole = value / scale
    append(decimal: whole)
    if whole < 10 {
      append(byte: 0x2e)
      append(decimal: value % scale / (scale / 10))
    }
    append(byte: units[unit])
  }

  /// A duration by its two greatest units: 45s, 5m3s, 1h0m, 4d23h.
  package mutating func append(duration seconds: UInt64) {
    let (days, hours) = (seconds / 86400, seconds / 3600 % 24)
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60)
    if days > 0 {
      append(decimal: days)
      append("d")
      append(decimal: hours)
      append("h")
    } else if hours > 0 {
      append(decimal: hours)
      append("h")
      append(decimal: minutes)
      append("m")
    } else {
      if minutes > 0 {
        append(decimal: minutes)
        append("m")
      }
      append(decimal: rest)
      append("s")
    }
  }
}
